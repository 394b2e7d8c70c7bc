// Catalog: the small, ordered, transactional key-value store that names everything else.
//
// Why: databases, schemas, segments, tasks and ownership must change atomically and survive any
// crash. One machine keeps them in SQLite (sqlite_catalog.h), a cluster in etcd; code above asks
// neither which one it has. So the interface is what both can do, and the limits of the weaker one
// hold for both.
//
// Model (etcd's): keys and values are bytes, keys are ordered bytewise. Every transaction that
// changes something gets the next revision; a key remembers the revisions that created and last
// changed it. The conformance suite (catalog_conformance.h) is the definition in code.
//
// Invariants:
//   INV-CATALOG-1  A transaction is whole or absent, after a crash too; Commit returns after it is
//                  durable.
//   INV-CATALOG-2  Revisions only grow, and are never used twice for different contents.
//   INV-CATALOG-3  A watch sees every matching event from its first revision on, once, in revision
//                  order, all events of one revision together; or it ends with kCompacted.
//   INV-CATALOG-4  A key attached to a lease is never seen after the lease ended.
// Errors: kIoFailed, kDiskLimitExceeded or kTimeout from a changing call means that its outcome is
// unknown; the caller reads before it tries again. kServiceUnavailable is retriable.
// Threads: any thread may call anything at any time.
// Format: docs/formats/catalog.md
#pragma once

#include "base/status.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::catalog {

using Revision = int64_t;  // 0 = before the first change
using LeaseId = int64_t;   // 0 = no lease

constexpr size_t kMaxTxnOperations = 100;         // compares + puts + deletes + delete ranges
constexpr size_t kMaxTxnBytes = size_t{1} << 20;  // keys + values of all of them
constexpr size_t kMaxKeyBytes = 1024;

struct KeyValue {
    std::string key;
    std::string value;
    Revision create_revision = 0;
    Revision mod_revision = 0;
    LeaseId lease = 0;
    bool operator==(const KeyValue&) const = default;
};

// Keys in [begin, end). An empty `end` means: up to the last key.
struct KeyRange {
    std::string begin;
    std::string end;

    template <typename A>
    void Visit(A& a) {
        a(begin, end);
    }
    bool Contains(std::string_view key) const { return key >= begin && (end.empty() || key < end); }
};

// The range of all keys that start with `prefix`.
KeyRange PrefixRange(std::string_view prefix);

struct RangeRequest {
    KeyRange range;
    size_t limit = 0;  // most keys to return; 0 = all of them
    // 0 = read the newest state. Otherwise the page must show the state of that revision (the one
    // the first page came with); kCompacted when that cannot be shown any more: start at page one
    // again.
    Revision at_revision = 0;
};

// Everything in one result is the state of one revision.
struct RangeResult {
    std::vector<KeyValue> items;
    Revision revision = 0;
    std::string next_begin;  // where the next page begins; empty when this was the last one
};

struct Compare {
    enum class Target : uint8_t { kExists, kAbsent, kModRevision, kValue };
    std::string key;
    Target target = Target::kExists;
    Revision mod_revision = 0;  // for kModRevision; 0 = the key is absent
    std::string value;          // for kValue; an absent key equals no value
};

struct Put {
    std::string key;
    std::string value;
    LeaseId lease = 0;  // replaces the lease the key had

    template <typename A>
    void Visit(A& a) {
        a(key, value, lease);
    }
};

// All compares must hold, then all changes happen. A key may be changed only once in a transaction:
// no key is put twice, or put and deleted. Deleting a key that is absent does nothing.
struct Txn {
    std::vector<Compare> compares;
    std::vector<Put> puts;
    std::vector<std::string> deletes;
    std::vector<KeyRange> delete_ranges;

    Txn& IfExists(std::string key);
    Txn& IfAbsent(std::string key);
    Txn& IfModRevision(std::string key, Revision revision);
    Txn& IfValue(std::string key, std::string value);
    Txn& Set(std::string key, std::string value, LeaseId lease = 0);
    Txn& Remove(std::string key);
    Txn& RemoveRange(KeyRange range);

    size_t operations() const;
    size_t bytes() const;
};

struct TxnResult {
    Revision revision = 0;  // of this change; the newest one when nothing changed
};

struct WatchEvent {
    enum class Kind : uint8_t { kPut, kDelete };
    Kind kind = Kind::kPut;
    KeyValue item;  // of a delete: only the key and, as mod_revision, the revision of the delete
};

// The matching events of one revision; or, when `status` failed, the last call of this watch.
struct WatchUpdate {
    base::Status status;
    Revision revision = 0;
    std::vector<WatchEvent> events;
};

// Called for one update at a time; may call the catalog, may destroy its own handle, must not
// throw. May run on any thread, also inside Watch, Commit or Tick of the caller.
using WatchCallback = std::function<void(const WatchUpdate&)>;

// Ends its watch when destroyed: no call begins afterwards, and one that runs on another thread is
// waited for. May outlive the catalog.
class WatchHandle {
  public:
    virtual ~WatchHandle() = default;
};

class Catalog {
  public:
    virtual ~Catalog() = default;

    base::Result<std::optional<KeyValue>> Get(const std::string& key);
    base::Result<RangeResult> Range(const RangeRequest& request);
    base::Result<RangeResult> Prefix(std::string_view prefix, size_t limit = 0);

    // All or nothing. kConflict: a compare did not hold, nothing changed. kParameterTooLarge: over
    // the limits above (see large_change.h). kKeyNotFound: a lease named by a put is not alive. A
    // repeated call runs again: guard it with compares.
    base::Result<TxnResult> Commit(const Txn& txn);

    // Events of keys that start with `prefix`, from `from_revision` on; 0 = from the next change
    // on. The usual use: Range, then Watch from result.revision + 1. kCompacted when the events
    // since then are no longer kept (always possible after a restart): Range again.
    base::Result<std::unique_ptr<WatchHandle>> Watch(const std::string& prefix,
                                                     Revision from_revision,
                                                     WatchCallback callback);

    // A lease lives `ttl_ms` (rounded up to whole seconds by etcd) after its grant or last
    // KeepAlive, then the keys attached to it vanish in one change. Leases survive a restart of the
    // catalog, with their full time to live again. A repeated Grant makes another lease.
    base::Result<LeaseId> Grant(int64_t ttl_ms);
    // kKeyNotFound when the lease has ended.
    base::Status KeepAlive(LeaseId lease);
    // Ends the lease and its keys now. A lease that has ended already is no error.
    base::Status Revoke(LeaseId lease);

    // Ends what is due. Returns how many ms from now the next call is useful; nothing when no lease
    // lives. Reads never show a key whose lease is due, so Tick only matters to watchers.
    virtual base::Result<std::optional<int64_t>> Tick() = 0;

  protected:
    // The same calls with their arguments checked.
    virtual base::Result<std::optional<KeyValue>> DoGet(const std::string& key) = 0;
    virtual base::Result<RangeResult> DoRange(const RangeRequest& request) = 0;
    virtual base::Result<TxnResult> DoCommit(const Txn& txn) = 0;
    virtual base::Result<std::unique_ptr<WatchHandle>> DoWatch(const std::string& prefix,
                                                               Revision from_revision,
                                                               WatchCallback callback) = 0;
    virtual base::Result<LeaseId> DoGrant(int64_t ttl_ms) = 0;
    virtual base::Status DoKeepAlive(LeaseId lease) = 0;
    virtual base::Status DoRevoke(LeaseId lease) = 0;
};

// What Commit checks before anything is done: keys, limits, and that no key is changed twice.
base::Status ValidateTxn(const Txn& txn);
// Only that no key is changed twice (a change of any size).
base::Status ValidateChangesDisjoint(const Txn& txn);

}  // namespace elanus::catalog
