// Failures that several roles report in the same words, since clients match on them.
#pragma once

#include "base/status.h"

#include <string>

namespace elanus::roles {

// Both phrases in use: older clients look for the first, newer ones for the second.
inline base::Status CollectionNotFound(const std::string& database, const std::string& collection) {
    const base::Status named = base::Status::WithFields(
        base::Code::kCollectionNotFound, {{"database", database}, {"collection", collection}});
    return named.Annotate("can't find collection[database=" + database +
                          "][collection=" + collection + "]");
}

inline base::Status DatabaseNotFound(const std::string& database) {
    return base::Status::WithFields(base::Code::kDatabaseNotFound, {{"database", database}});
}

inline base::Status PartitionNotFound(const std::string& partition) {
    return base::Status::WithFields(base::Code::kPartitionNotFound, {{"partition", partition}});
}

inline base::Status ClusteringNotSupported(const std::string& collection) {
    constexpr base::Code kCode{2304};
    return base::Status::FromParts(kCode,
                                   "collection not support clustering compaction[collection=" +
                                       collection + "]: it has no clustering key",
                                   /*retriable=*/false, /*is_input_error=*/true);
}

}  // namespace elanus::roles
