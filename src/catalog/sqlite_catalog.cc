#include "catalog/sqlite_catalog.h"

#include "base/mutex.h"
#include "catalog/sqlite_connection.h"
#include "catalog/sqlite_tables.h"
#include "catalog/sqlite_vfs.h"
#include "catalog/watch_hub.h"
#include "sys/kill_point.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace elanus::catalog {
namespace {

using base::Code;
using base::MutexLock;
using base::Result;
using base::Status;
using Counter = SqliteTables::Counter;

constexpr int64_t kNsPerMs = 1'000'000;

// Exclusive locking comes first: without shared memory the log can only be used that way. EXTRA
// syncs the log at each commit, and the folder when the rollback journal of a new file goes. The
// limits keep an idle catalog small.
constexpr char kConfigure[] =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA synchronous = EXTRA;"
    "PRAGMA journal_size_limit = 8388608;"
    "PRAGMA cache_size = -4096;";

class SqliteCatalog : public Catalog {
  public:
    SqliteCatalog(sys::FileSystem& file_system, sys::Clock& clock)
        : clock_(clock), vfs_(file_system, clock) {}
    ~SqliteCatalog() override {
        if (hub_ != nullptr) {
            hub_->Close();
        }
    }

    Status Open(const std::string& path);
    Status CheckStructure();
    Result<std::optional<int64_t>> Tick() override;

  protected:
    Result<std::optional<KeyValue>> DoGet(const std::string& key) override;
    Result<RangeResult> DoRange(const RangeRequest& request) override;
    Result<TxnResult> DoCommit(const Txn& txn) override;
    Result<std::unique_ptr<WatchHandle>> DoWatch(const std::string& prefix, Revision from_revision,
                                                 WatchCallback callback) override;
    Result<LeaseId> DoGrant(int64_t ttl_ms) override;
    Status DoKeepAlive(LeaseId lease) override;
    Status DoRevoke(LeaseId lease) override;

  private:
    struct Lease {
        int64_t ttl_ms = 0;
        int64_t deadline_ns = 0;
    };
    // What one transaction changes, at the revision after the newest.
    struct Change {
        Revision revision = 0;
        std::vector<WatchEvent> events;
    };

    Status EnterWalMode() REQUIRES(mutex_);
    Status LoadState() REQUIRES(mutex_);
    // Every call begins here: refuses after a failed sync, ends the leases that are due.
    Status Ready() REQUIRES(mutex_);
    Status Apply(const std::function<Status(Change&)>& body) REQUIRES(mutex_);
    Status RunTxn(const Txn& txn, Change& change) REQUIRES(mutex_);
    Status CheckCompare(const Compare& compare) REQUIRES(mutex_);
    Status StorePut(const Put& put, Change& change) REQUIRES(mutex_);
    Status EraseKeys(const std::vector<std::string>& keys, Change& change) REQUIRES(mutex_);
    Status EraseLeases(const std::vector<LeaseId>& leases, Change& change) REQUIRES(mutex_);
    Status EndLeases(const std::vector<LeaseId>& leases) REQUIRES(mutex_);
    Result<LeaseId> NewLease(int64_t ttl_ms) REQUIRES(mutex_);
    Result<RangeResult> RangeLocked(const RangeRequest& request) REQUIRES(mutex_);
    Result<LeaseId> GrantLocked(int64_t ttl_ms) REQUIRES(mutex_);
    int64_t DeadlineNs(int64_t ttl_ms) { return clock_.MonotonicNs() + ttl_ms * kNsPerMs; }

    sys::Clock& clock_;
    base::Mutex mutex_;
    // In this order, so that statements end before their connection and that before its files.
    SqliteVfs vfs_;
    std::unique_ptr<SqliteConnection> connection_ GUARDED_BY(mutex_);
    std::unique_ptr<SqliteTables> tables_ GUARDED_BY(mutex_);
    Revision revision_ GUARDED_BY(mutex_) = 0;
    std::map<LeaseId, Lease> leases_ GUARDED_BY(mutex_);
    std::shared_ptr<WatchHub> hub_;
};

Status SqliteCatalog::Open(const std::string& path) {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(connection_, SqliteConnection::Open(vfs_, path));
    RETURN_IF_ERROR(connection_->Execute(kConfigure));
    RETURN_IF_ERROR(EnterWalMode());
    ASSIGN_OR_RETURN(tables_, SqliteTables::Open(*connection_));
    return LoadState();
}

Status SqliteCatalog::EnterWalMode() {
    ASSIGN_OR_RETURN(SqliteStatement statement,
                     SqliteStatement::Prepare(*connection_, "PRAGMA journal_mode = WAL"));
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row || statement.Bytes(0) != "wal") {
        return connection_->Failure(SQLITE_IOERR);
    }
    // The change of mode of a new file is only committed by the step after the answer.
    return statement.Step().status();
}

Status SqliteCatalog::LoadState() {
    ASSIGN_OR_RETURN(revision_, tables_->ReadCounter(Counter::kRevision));
    ASSIGN_OR_RETURN(const auto leases, tables_->Leases());
    for (const auto& [id, ttl_ms] : leases) {
        leases_[id] = {ttl_ms, DeadlineNs(ttl_ms)};
    }
    hub_ = std::make_shared<WatchHub>(revision_, WatchHub::Limits());
    return Status();
}

Status SqliteCatalog::Ready() {
    if (!vfs_.sync_failure().ok()) {
        return vfs_.sync_failure().Annotate("the catalog stopped after a failed sync");
    }
    if (leases_.empty()) {
        return Status();
    }
    std::vector<LeaseId> due;
    const int64_t now_ns = clock_.MonotonicNs();
    for (const auto& [id, lease] : leases_) {
        if (lease.deadline_ns <= now_ns) {
            due.push_back(id);
        }
    }
    return due.empty() ? Status() : EndLeases(due);
}

// Runs `body` in a transaction; its events become the next revision once they are durable.
Status SqliteCatalog::Apply(const std::function<Status(Change&)>& body) {
    if (connection_->in_transaction()) {  // left open by a rollback that failed
        RETURN_IF_ERROR(connection_->Execute("ROLLBACK"));
    }
    RETURN_IF_ERROR(connection_->Execute("BEGIN IMMEDIATE"));
    Change change{revision_ + 1, {}};
    Status status = body(change);
    if (status.ok() && !change.events.empty()) {
        status = tables_->WriteCounter(Counter::kRevision, change.revision);
    }
    if (status.ok()) {
        sys::KillPoint("catalog.before_commit");
        status = connection_->Execute("COMMIT");
    }
    if (!status.ok()) {
        if (connection_->in_transaction()) {
            (void)connection_->Execute("ROLLBACK");  // the first failure is the one to report
        }
        return status;
    }
    sys::KillPoint("catalog.after_commit");
    if (!change.events.empty()) {
        revision_ = change.revision;
        hub_->Append(change.revision, std::move(change.events));
    }
    return Status();
}

Status SqliteCatalog::CheckCompare(const Compare& compare) {
    ASSIGN_OR_RETURN(const std::optional<KeyValue> item, tables_->Find(compare.key));
    bool holds = false;
    switch (compare.target) {
        case Compare::Target::kExists:
            holds = item.has_value();
            break;
        case Compare::Target::kAbsent:
            holds = !item.has_value();
            break;
        case Compare::Target::kModRevision:
            holds = (item.has_value() ? item->mod_revision : 0) == compare.mod_revision;
            break;
        case Compare::Target::kValue:
            holds = item.has_value() && item->value == compare.value;
            break;
    }
    return holds ? Status() : Status::Error(Code::kConflict, "catalog key " + compare.key);
}

Status SqliteCatalog::StorePut(const Put& put, Change& change) {
    if (put.lease != 0 && leases_.count(put.lease) == 0) {
        return Status::Error(Code::kKeyNotFound,
                             "catalog lease " + std::to_string(put.lease) + " has ended");
    }
    ASSIGN_OR_RETURN(const std::optional<KeyValue> before, tables_->Find(put.key));
    KeyValue item{put.key, put.value,
                  before.has_value() ? before->create_revision : change.revision, change.revision,
                  put.lease};
    RETURN_IF_ERROR(tables_->Store(item));
    change.events.push_back({WatchEvent::Kind::kPut, std::move(item)});
    return Status();
}

Status SqliteCatalog::EraseKeys(const std::vector<std::string>& keys, Change& change) {
    for (const std::string& key : keys) {
        RETURN_IF_ERROR(tables_->Erase(key));
        change.events.push_back({WatchEvent::Kind::kDelete, {key, {}, 0, change.revision, 0}});
    }
    return Status();
}

Status SqliteCatalog::RunTxn(const Txn& txn, Change& change) {
    for (const Compare& compare : txn.compares) {
        RETURN_IF_ERROR(CheckCompare(compare));
    }
    for (const Put& put : txn.puts) {
        RETURN_IF_ERROR(StorePut(put, change));
    }
    // A key that two deletes name is gone after the first, so it yields one event.
    for (const std::string& key : txn.deletes) {
        ASSIGN_OR_RETURN(const std::optional<KeyValue> item, tables_->Find(key));
        if (item.has_value()) {
            RETURN_IF_ERROR(EraseKeys({key}, change));
        }
    }
    for (const KeyRange& range : txn.delete_ranges) {
        ASSIGN_OR_RETURN(const std::vector<std::string> keys, tables_->Keys(range));
        RETURN_IF_ERROR(EraseKeys(keys, change));
    }
    return Status();
}

Status SqliteCatalog::EraseLeases(const std::vector<LeaseId>& leases, Change& change) {
    for (const LeaseId lease : leases) {
        ASSIGN_OR_RETURN(const std::vector<std::string> keys, tables_->KeysOfLease(lease));
        RETURN_IF_ERROR(EraseKeys(keys, change));
        RETURN_IF_ERROR(tables_->EraseLease(lease));
    }
    return Status();
}

Status SqliteCatalog::EndLeases(const std::vector<LeaseId>& leases) {
    const Status ended =
        Apply([&](Change& change) REQUIRES(mutex_) { return EraseLeases(leases, change); });
    RETURN_IF_ERROR(ended);
    for (const LeaseId lease : leases) {
        leases_.erase(lease);
    }
    return Status();
}

Result<std::optional<KeyValue>> SqliteCatalog::DoGet(const std::string& key) {
    Result<std::optional<KeyValue>> result{std::optional<KeyValue>()};
    {
        MutexLock lock(mutex_);
        RETURN_IF_ERROR(Ready());
        result = tables_->Find(key);
    }
    hub_->Deliver();
    return result;
}

Result<RangeResult> SqliteCatalog::DoRange(const RangeRequest& request) {
    Result<RangeResult> result{RangeResult()};
    {
        MutexLock lock(mutex_);
        RETURN_IF_ERROR(Ready());
        result = RangeLocked(request);
    }
    hub_->Deliver();
    return result;
}

Result<RangeResult> SqliteCatalog::RangeLocked(const RangeRequest& request) {
    const Revision at = request.at_revision == 0 ? revision_ : request.at_revision;
    if (at < 0 || at > revision_) {
        return base::InvalidParameter("catalog revision " + std::to_string(at) +
                                      " lies in the future");
    }
    // Old states are not kept; an old page is shown only when it equals today's.
    if (at != revision_ && !hub_->UnchangedSince(at, request.range)) {
        return Status::Error(Code::kCompacted, "catalog page at revision " + std::to_string(at));
    }
    const size_t ask = request.limit == 0 ? 0 : request.limit + 1;
    ASSIGN_OR_RETURN(std::vector<KeyValue> items, tables_->Scan(request.range, ask));
    RangeResult result{std::move(items), at, {}};
    if (request.limit != 0 && result.items.size() > request.limit) {
        result.next_begin = std::move(result.items.back().key);
        result.items.pop_back();
    }
    return result;
}

Result<TxnResult> SqliteCatalog::DoCommit(const Txn& txn) {
    TxnResult result;
    {
        MutexLock lock(mutex_);
        RETURN_IF_ERROR(Ready());
        const Status status =
            Apply([&](Change& change) REQUIRES(mutex_) { return RunTxn(txn, change); });
        RETURN_IF_ERROR(status);
        result.revision = revision_;
    }
    hub_->Deliver();
    return result;
}

Result<std::unique_ptr<WatchHandle>> SqliteCatalog::DoWatch(const std::string& prefix,
                                                            Revision from_revision,
                                                            WatchCallback callback) {
    {
        MutexLock lock(mutex_);
        RETURN_IF_ERROR(Ready());
    }
    Result<std::unique_ptr<WatchHandle>> handle =
        hub_->Add(prefix, from_revision, std::move(callback));
    hub_->Deliver();
    return handle;
}

Result<LeaseId> SqliteCatalog::DoGrant(int64_t ttl_ms) {
    Result<LeaseId> lease{LeaseId{0}};
    {
        MutexLock lock(mutex_);
        RETURN_IF_ERROR(Ready());
        lease = GrantLocked(ttl_ms);
    }
    hub_->Deliver();
    return lease;
}

// Numbers are never used twice, so a late KeepAlive cannot keep a stranger alive.
Result<LeaseId> SqliteCatalog::NewLease(int64_t ttl_ms) {
    ASSIGN_OR_RETURN(const int64_t last, tables_->ReadCounter(Counter::kLease));
    RETURN_IF_ERROR(tables_->WriteCounter(Counter::kLease, last + 1));
    RETURN_IF_ERROR(tables_->StoreLease(last + 1, ttl_ms));
    return last + 1;
}

Result<LeaseId> SqliteCatalog::GrantLocked(int64_t ttl_ms) {
    Result<LeaseId> lease{LeaseId{0}};
    const Status granted = Apply([&](Change&) REQUIRES(mutex_) {
        lease = NewLease(ttl_ms);
        return lease.status();
    });
    RETURN_IF_ERROR(granted);
    leases_[*lease] = {ttl_ms, DeadlineNs(ttl_ms)};
    return lease;
}

Status SqliteCatalog::DoKeepAlive(LeaseId lease) {
    Status status;
    {
        MutexLock lock(mutex_);
        RETURN_IF_ERROR(Ready());
        const auto found = leases_.find(lease);
        if (found == leases_.end()) {
            status = Status::Error(Code::kKeyNotFound,
                                   "catalog lease " + std::to_string(lease) + " has ended");
        } else {
            found->second.deadline_ns = DeadlineNs(found->second.ttl_ms);
        }
    }
    hub_->Deliver();
    return status;
}

Status SqliteCatalog::DoRevoke(LeaseId lease) {
    Status status;
    {
        MutexLock lock(mutex_);
        RETURN_IF_ERROR(Ready());
        if (leases_.count(lease) != 0) {
            status = EndLeases({lease});
        }
    }
    hub_->Deliver();
    return status;
}

Result<std::optional<int64_t>> SqliteCatalog::Tick() {
    std::optional<int64_t> next_ms;
    {
        MutexLock lock(mutex_);
        RETURN_IF_ERROR(Ready());
        const int64_t now_ns = clock_.MonotonicNs();
        for (const auto& [id, lease] : leases_) {
            const int64_t left_ms = (lease.deadline_ns - now_ns + kNsPerMs - 1) / kNsPerMs;
            next_ms = std::min(next_ms.value_or(left_ms), left_ms);
        }
    }
    hub_->Deliver();
    return next_ms;
}

Status SqliteCatalog::CheckStructure() {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(SqliteStatement statement,
                     SqliteStatement::Prepare(*connection_, "PRAGMA integrity_check(1)"));
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row || statement.Bytes(0) != "ok") {
        return base::Corruption("catalog: " + (row ? statement.Bytes(0) : std::string()));
    }
    ASSIGN_OR_RETURN(const std::vector<KeyValue> items, tables_->Scan({}, 0));
    for (const KeyValue& item : items) {
        if (item.mod_revision > revision_ || item.create_revision > item.mod_revision ||
            item.create_revision < 1 || (item.lease != 0 && leases_.count(item.lease) == 0)) {
            return base::Corruption("catalog key " + item.key + " has a wrong revision or lease");
        }
    }
    return Status();
}

}  // namespace

Result<std::unique_ptr<Catalog>> OpenSqliteCatalog(sys::FileSystem& file_system,
                                                   const std::string& path, sys::Clock& clock) {
    auto catalog = std::make_unique<SqliteCatalog>(file_system, clock);
    RETURN_IF_ERROR(catalog->Open(path).Annotate("open " + path));
    return std::unique_ptr<Catalog>(std::move(catalog));
}

Status CheckSqliteCatalog(sys::FileSystem& file_system, const std::string& path) {
    ASSIGN_OR_RETURN(const bool exists, file_system.Exists(path));
    if (!exists) {
        return Status::Error(Code::kKeyNotFound, path);
    }
    SqliteCatalog catalog(file_system, sys::RealClock());
    RETURN_IF_ERROR(catalog.Open(path).Annotate("open " + path));
    return catalog.CheckStructure();
}

}  // namespace elanus::catalog
