#include "catalog/large_change.h"

#include "base/archive.h"
#include "sys/kill_point.h"

#include <cstdio>
#include <utility>
#include <vector>

namespace elanus::catalog {
namespace {

using base::Code;
using base::Result;
using base::Status;

constexpr size_t kMaxIdBytes = 128;
constexpr size_t kMaxCompares = 90;
// Applying a part adds a compare and a delete of the part's own key; staging it adds a compare.
constexpr size_t kMaxPartOperations = kMaxTxnOperations - 2;
// Leaves room for the keys of the part and for the length fields around each string.
constexpr size_t kMaxPartBytes = kMaxTxnBytes - 16 * 1024;

// The stored form of some operations of a change.
struct Part {
    std::vector<Put> puts;
    std::vector<std::string> deletes;
    std::vector<KeyRange> delete_ranges;

    template <typename A>
    void Visit(A& a) {
        a(puts, deletes, delete_ranges);
    }
};

std::string Folder(std::string_view id) {
    return std::string(kStagingPrefix) + std::string(id) + "/";
}
std::string OpenKey(std::string_view id) {
    return Folder(id) + "open";
}
std::string SwitchKey(std::string_view id) {
    return Folder(id) + "switch";
}
std::string PartPrefix(std::string_view id) {
    return Folder(id) + "part/";
}

std::string PartKey(std::string_view id, size_t number) {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%010zu", number);
    return PartPrefix(id) + digits;
}

// Cuts a change into parts that fit.
class PartCutter {
  public:
    explicit PartCutter(const Txn& change) {
        for (const Put& put : change.puts) {
            Take(put.key.size() + put.value.size()).puts.push_back(put);
        }
        for (const std::string& key : change.deletes) {
            Take(key.size()).deletes.push_back(key);
        }
        for (const KeyRange& range : change.delete_ranges) {
            Take(range.begin.size() + range.end.size()).delete_ranges.push_back(range);
        }
    }
    const std::vector<Part>& parts() const { return parts_; }

  private:
    Part& Take(size_t bytes) {
        if (parts_.empty() || operations_ == kMaxPartOperations || bytes_ + bytes > kMaxPartBytes) {
            parts_.emplace_back();
            operations_ = 0;
            bytes_ = 0;
        }
        ++operations_;
        bytes_ += bytes;
        return parts_.back();
    }

    std::vector<Part> parts_;
    size_t operations_ = 0;
    size_t bytes_ = 0;
};

Txn TxnOf(Part part) {
    Txn txn;
    txn.puts = std::move(part.puts);
    txn.deletes = std::move(part.deletes);
    txn.delete_ranges = std::move(part.delete_ranges);
    return txn;
}

Status ValidateLarge(std::string_view id, const Txn& change) {
    if (id.empty() || id.size() > kMaxIdBytes || id.find('/') != std::string_view::npos) {
        return base::InvalidParameter("name of a large catalog change");
    }
    if (change.compares.size() > kMaxCompares) {
        return Status::Error(Code::kParameterTooLarge, "compares of a large catalog change");
    }
    const KeyRange staging = PrefixRange(kStagingPrefix);
    for (const KeyRange& range : change.delete_ranges) {
        if (range.begin < staging.end && (range.end.empty() || range.end > staging.begin)) {
            return base::InvalidParameter("a large catalog change that deletes staged keys");
        }
    }
    return ValidateChangesDisjoint(change);
}

// Every part must be valid before the first is stored: after the switch there is no way back.
Status ValidateParts(const std::vector<Part>& parts) {
    for (const Part& part : parts) {
        const Txn txn = TxnOf(part);
        RETURN_IF_ERROR(ValidateTxn(txn));
        if (txn.bytes() > kMaxPartBytes) {
            return Status::Error(Code::kParameterTooLarge, "one value of a large catalog change");
        }
        for (const Put& put : part.puts) {
            if (put.lease != 0) {
                return base::InvalidParameter("a large catalog change with a lease");
            }
        }
    }
    return Status();
}

Status ApplyPart(Catalog& catalog, const KeyValue& stored) {
    Result<Part> part = base::Decode<Part>(stored.value);
    if (!part.ok()) {
        return base::Corruption("catalog key " + stored.key);
    }
    Txn txn = TxnOf(std::move(part).value());
    txn.IfModRevision(stored.key, stored.mod_revision).Remove(stored.key);
    const Result<TxnResult> result = catalog.Commit(txn);
    // Gone already: a call before, or beside this one, applied it.
    return result.status().code() == Code::kConflict ? Status() : result.status();
}

// Applies the parts that are left of a decided change, then forgets it.
Status Finish(Catalog& catalog, std::string_view id) {
    while (true) {
        ASSIGN_OR_RETURN(const RangeResult page, catalog.Prefix(PartPrefix(id), 1));
        if (page.items.empty()) {
            break;
        }
        RETURN_IF_ERROR(ApplyPart(catalog, page.items.front()));
        sys::KillPoint("catalog.large_part");
    }
    return catalog.Commit(Txn().RemoveRange(PrefixRange(Folder(id)))).status();
}

// Returns the revision of the open key, which the switch compares.
Result<Revision> Stage(Catalog& catalog, std::string_view id, const std::vector<Part>& parts) {
    RETURN_IF_ERROR(
        catalog.Commit(Txn().IfAbsent(SwitchKey(id)).RemoveRange(PrefixRange(PartPrefix(id))))
            .status());
    ASSIGN_OR_RETURN(const TxnResult opened, catalog.Commit(Txn().Set(OpenKey(id), {})));
    for (size_t i = 0; i < parts.size(); ++i) {
        RETURN_IF_ERROR(catalog
                            .Commit(Txn()
                                        .IfModRevision(OpenKey(id), opened.revision)
                                        .Set(PartKey(id, i), base::Encode(parts[i])))
                            .status());
    }
    return opened.revision;
}

Status Recover(Catalog& catalog, std::string_view id) {
    const Result<TxnResult> removed =
        catalog.Commit(Txn().IfAbsent(SwitchKey(id)).RemoveRange(PrefixRange(Folder(id))));
    if (removed.status().code() != Code::kConflict) {
        return removed.status();
    }
    return Finish(catalog, id);
}

}  // namespace

Status CommitLarge(Catalog& catalog, std::string_view id, const Txn& change) {
    RETURN_IF_ERROR(ValidateLarge(id, change));
    if (change.operations() <= kMaxTxnOperations && change.bytes() <= kMaxTxnBytes) {
        return catalog.Commit(change).status();
    }
    const PartCutter cutter(change);
    RETURN_IF_ERROR(ValidateParts(cutter.parts()));
    ASSIGN_OR_RETURN(const Revision opened, Stage(catalog, id, cutter.parts()));
    sys::KillPoint("catalog.large_staged");
    Txn decide;
    decide.compares = change.compares;
    decide.IfModRevision(OpenKey(id), opened).IfAbsent(SwitchKey(id)).Set(SwitchKey(id), {});
    const Status decided = catalog.Commit(decide).status();
    if (decided.code() == Code::kConflict) {
        RETURN_IF_ERROR(Recover(catalog, id));
    }
    RETURN_IF_ERROR(decided);
    sys::KillPoint("catalog.large_switched");
    return Finish(catalog, id);
}

Status RecoverLargeChanges(Catalog& catalog) {
    RangeRequest request{.range = PrefixRange(kStagingPrefix), .limit = 1};
    while (true) {
        ASSIGN_OR_RETURN(const RangeResult page, catalog.Range(request));
        if (page.items.empty()) {
            return Status();
        }
        const std::string& key = page.items.front().key;
        const std::string id = key.substr(
            kStagingPrefix.size(), key.find('/', kStagingPrefix.size()) - kStagingPrefix.size());
        RETURN_IF_ERROR(Recover(catalog, id));
        request.range.begin = PrefixRange(Folder(id)).end;
    }
}

}  // namespace elanus::catalog
