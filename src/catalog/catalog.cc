#include "catalog/catalog.h"

#include <algorithm>

namespace elanus::catalog {
namespace {

using base::Code;
using base::Result;
using base::Status;

Status ValidateKey(std::string_view key) {
    if (key.empty()) {
        return base::InvalidParameter("a catalog key must not be empty");
    }
    if (key.size() > kMaxKeyBytes) {
        return Status::Error(Code::kParameterTooLarge,
                             "catalog key of " + std::to_string(key.size()) + " bytes, at most " +
                                 std::to_string(kMaxKeyBytes) + " are allowed");
    }
    return Status();
}

Status ValidateRange(const KeyRange& range) {
    if (range.begin.size() > kMaxKeyBytes + 1 || range.end.size() > kMaxKeyBytes + 1) {
        return Status::Error(Code::kParameterTooLarge, "bound of a catalog range");
    }
    return Status();
}

Status ChangedTwice(std::string_view key) {
    return base::InvalidParameter("key " + std::string(key) +
                                  " is changed twice in one catalog transaction");
}

}  // namespace

KeyRange PrefixRange(std::string_view prefix) {
    KeyRange range{std::string(prefix), std::string(prefix)};
    while (!range.end.empty() && static_cast<uint8_t>(range.end.back()) == 0xff) {
        range.end.pop_back();
    }
    if (!range.end.empty()) {
        range.end.back() = static_cast<char>(static_cast<uint8_t>(range.end.back()) + 1);
    }
    return range;
}

Txn& Txn::IfExists(std::string key) {
    compares.push_back({std::move(key), Compare::Target::kExists, 0, {}});
    return *this;
}

Txn& Txn::IfAbsent(std::string key) {
    compares.push_back({std::move(key), Compare::Target::kAbsent, 0, {}});
    return *this;
}

Txn& Txn::IfModRevision(std::string key, Revision revision) {
    compares.push_back({std::move(key), Compare::Target::kModRevision, revision, {}});
    return *this;
}

Txn& Txn::IfValue(std::string key, std::string value) {
    compares.push_back({std::move(key), Compare::Target::kValue, 0, std::move(value)});
    return *this;
}

Txn& Txn::Set(std::string key, std::string value, LeaseId lease) {
    puts.push_back({std::move(key), std::move(value), lease});
    return *this;
}

Txn& Txn::Remove(std::string key) {
    deletes.push_back(std::move(key));
    return *this;
}

Txn& Txn::RemoveRange(KeyRange range) {
    delete_ranges.push_back(std::move(range));
    return *this;
}

size_t Txn::operations() const {
    return compares.size() + puts.size() + deletes.size() + delete_ranges.size();
}

size_t Txn::bytes() const {
    size_t bytes = 0;
    for (const Compare& compare : compares) {
        bytes += compare.key.size() + compare.value.size();
    }
    for (const Put& put : puts) {
        bytes += put.key.size() + put.value.size();
    }
    for (const std::string& key : deletes) {
        bytes += key.size();
    }
    for (const KeyRange& range : delete_ranges) {
        bytes += range.begin.size() + range.end.size();
    }
    return bytes;
}

Status ValidateChangesDisjoint(const Txn& txn) {
    std::vector<std::string_view> puts;
    for (const Put& put : txn.puts) {
        puts.push_back(put.key);
    }
    std::sort(puts.begin(), puts.end());
    const auto twice = std::adjacent_find(puts.begin(), puts.end());
    if (twice != puts.end()) {
        return ChangedTwice(*twice);
    }
    for (const std::string& key : txn.deletes) {
        if (std::binary_search(puts.begin(), puts.end(), key)) {
            return ChangedTwice(key);
        }
    }
    for (const KeyRange& range : txn.delete_ranges) {
        const auto inside = std::lower_bound(puts.begin(), puts.end(), range.begin);
        if (inside != puts.end() && range.Contains(*inside)) {
            return ChangedTwice(*inside);
        }
    }
    return Status();
}

Status ValidateTxn(const Txn& txn) {
    if (txn.operations() > kMaxTxnOperations) {
        return Status::Error(Code::kParameterTooLarge,
                             "catalog transaction of " + std::to_string(txn.operations()) +
                                 " operations, at most " + std::to_string(kMaxTxnOperations) +
                                 " are allowed");
    }
    if (txn.bytes() > kMaxTxnBytes) {
        return Status::Error(Code::kParameterTooLarge,
                             "catalog transaction of " + std::to_string(txn.bytes()) +
                                 " bytes, at most " + std::to_string(kMaxTxnBytes) +
                                 " are allowed");
    }
    for (const Compare& compare : txn.compares) {
        RETURN_IF_ERROR(ValidateKey(compare.key));
    }
    for (const Put& put : txn.puts) {
        RETURN_IF_ERROR(ValidateKey(put.key));
    }
    for (const std::string& key : txn.deletes) {
        RETURN_IF_ERROR(ValidateKey(key));
    }
    for (const KeyRange& range : txn.delete_ranges) {
        RETURN_IF_ERROR(ValidateRange(range));
    }
    return ValidateChangesDisjoint(txn);
}

Result<std::optional<KeyValue>> Catalog::Get(const std::string& key) {
    RETURN_IF_ERROR(ValidateKey(key));
    return DoGet(key);
}

Result<RangeResult> Catalog::Range(const RangeRequest& request) {
    RETURN_IF_ERROR(ValidateRange(request.range));
    return DoRange(request);
}

Result<RangeResult> Catalog::Prefix(std::string_view prefix, size_t limit) {
    return Range({.range = PrefixRange(prefix), .limit = limit});
}

Result<TxnResult> Catalog::Commit(const Txn& txn) {
    RETURN_IF_ERROR(ValidateTxn(txn));
    return DoCommit(txn);
}

Result<std::unique_ptr<WatchHandle>> Catalog::Watch(const std::string& prefix,
                                                    Revision from_revision,
                                                    WatchCallback callback) {
    if (from_revision < 0 || prefix.size() > kMaxKeyBytes) {
        return base::InvalidParameter("prefix or first revision of a catalog watch");
    }
    return DoWatch(prefix, from_revision, std::move(callback));
}

Result<LeaseId> Catalog::Grant(int64_t ttl_ms) {
    // The bound keeps deadlines in nanoseconds far from overflow.
    constexpr int64_t kMaxTtlMs = int64_t{365} * 24 * 3600 * 1000;
    if (ttl_ms <= 0 || ttl_ms > kMaxTtlMs) {
        return base::InvalidParameter("time to live of a catalog lease");
    }
    return DoGrant(ttl_ms);
}

Status Catalog::KeepAlive(LeaseId lease) {
    return DoKeepAlive(lease);
}

Status Catalog::Revoke(LeaseId lease) {
    return DoRevoke(lease);
}

}  // namespace elanus::catalog
