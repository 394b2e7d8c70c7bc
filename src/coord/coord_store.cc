#include "coord/coord_store.h"

#include "catalog/large_change.h"

namespace elanus::coord {
namespace {

constexpr char kEpochKey[] = "coord/epoch";

}  // namespace

base::Result<std::unique_ptr<CoordStore>> CoordStore::Open(catalog::Catalog& catalog) {
    constexpr int kAttempts = 10;  // each lost race means that another candidate has won
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        ASSIGN_OR_RETURN(const auto current, catalog.Get(kEpochKey));
        const base::Epoch epoch = current.has_value() ? std::stoull(current->value) + 1 : 1;
        catalog::Txn txn;
        txn.IfModRevision(kEpochKey, current.has_value() ? current->mod_revision : 0)
            .Set(kEpochKey, std::to_string(epoch));
        const base::Result<catalog::TxnResult> result = catalog.Commit(txn);
        if (result.ok()) {
            RETURN_IF_ERROR(catalog::RecoverLargeChanges(catalog));
            return std::unique_ptr<CoordStore>(new CoordStore(catalog, epoch));
        }
        if (result.status().code() != base::Code::kConflict) {
            return result.status();
        }
    }
    return base::Status::Error(base::Code::kServiceUnavailable, "cannot become coordinator");
}

base::Status CoordStore::Commit(catalog::Txn txn) {
    txn.IfValue(kEpochKey, std::to_string(epoch_));
    const std::string change_id =
        "coord-" + std::to_string(epoch_) + "-" + std::to_string(next_change_.fetch_add(1));
    const base::Status status = catalog::CommitLarge(catalog_, change_id, txn);
    if (status.code() == base::Code::kConflict) {
        return base::Status::Error(base::Code::kServiceUnavailable,
                                   "another coordinator has taken over");
    }
    return status;
}

base::Status CoordStore::RemovePrefixes(const std::vector<std::string>& prefixes) {
    catalog::Txn txn;
    for (const std::string& prefix : prefixes) {
        txn.RemoveRange(catalog::PrefixRange(prefix));
    }
    return Commit(std::move(txn));
}

base::Result<std::optional<std::string>> CoordStore::Get(const std::string& key) {
    ASSIGN_OR_RETURN(const auto item, catalog_.Get(key));
    return item.has_value() ? std::optional<std::string>(item->value) : std::nullopt;
}

}  // namespace elanus::coord
