// Proxy: compactions on request, and how far they are.

#include "proxy/phrase.h"
#include "proxy/proxy_core.h"

#include <algorithm>

namespace elanus::proxy {
namespace {

// Clients ask for "as large as may be" by the largest int64.
constexpr int64_t kTargetMibMax = int64_t{1} << 40;

}  // namespace

base::Result<roles::CompactResponse> Proxy::Compact(const base::CallContext& context,
                                                    const CompactRequest& request) {
    ASSIGN_OR_RETURN(
        const roles::CollectionInfo info,
        DescribeCollection(context, request.database, request.collection, request.collection_id));
    RETURN_IF_ERROR(core_->CheckAllowed(info, "compaction"));
    if (request.target_mib < 0) {
        return Invalid("target_size ", request.target_mib, " is not a size in MB");
    }
    roles::CompactRequest compact;
    compact.collection = info;
    compact.kind = request.kind;
    compact.partition_id = request.partition_id;
    compact.vchannel = request.vchannel;
    compact.segment_ids = request.segment_ids;
    compact.target_mib = static_cast<uint64_t>(std::min(request.target_mib, kTargetMibMax));
    compact.request_id = core_->NextRequestId();
    return core_->partners.data_coord->Compact(context, compact);
}

base::Result<roles::CompactionStatus> Proxy::GetCompaction(const base::CallContext& context,
                                                           int64_t compaction_id) {
    if (compaction_id <= 0) {
        return roles::CompactionStatus();  // there was nothing to do
    }
    return core_->partners.data_coord->GetCompaction(context, {compaction_id, 0});
}

base::Result<roles::CompactionStatus> Proxy::GetCompactionsOf(const base::CallContext& context,
                                                              const std::string& database,
                                                              const std::string& collection) {
    ASSIGN_OR_RETURN(const roles::CollectionInfo info,
                     DescribeCollection(context, database, collection));
    return core_->partners.data_coord->GetCompaction(context, {0, info.id});
}

}  // namespace elanus::proxy
