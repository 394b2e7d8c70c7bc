// Proxy: flush, row counts and segment lists.

#include "proxy/phrase.h"
#include "proxy/proxy_core.h"
#include "proxy/row_routing.h"

#include <algorithm>
#include <set>

namespace elanus::proxy {

namespace {

base::Result<roles::ChannelSegments> SegmentsOf(ProxyCore& core, const base::CallContext& context,
                                                const roles::CollectionInfo& collection) {
    return core.partners.streaming_node->GetSegments(
        context, roles::ChannelsRequest{collection.id, collection.vchannels});
}

base::Result<bool> IsFlushed(ProxyCore& core, const base::CallContext& context,
                             const roles::CollectionInfo& collection, base::Timestamp flush_ts,
                             const std::vector<base::SegmentId>& segments) {
    if (flush_ts != 0) {
        roles::FlushStateRequest request;
        request.collection_id = collection.id;
        request.vchannels = collection.vchannels;
        request.flush_ts = flush_ts;
        ASSIGN_OR_RETURN(const roles::FlushState state,
                         core.partners.streaming_node->GetFlushState(context, request));
        return state.flushed;
    }
    // By segments alone: none of them may still be growing or on its way to the disk.
    const std::set<base::SegmentId> asked(segments.begin(), segments.end());
    ASSIGN_OR_RETURN(const roles::ChannelSegments current, SegmentsOf(core, context, collection));
    return std::none_of(current.segments.begin(), current.segments.end(),
                        [&asked](const roles::SegmentInfo& segment) {
                            return asked.contains(segment.id) &&
                                   segment.state != roles::SegmentState::kFlushed &&
                                   segment.state != roles::SegmentState::kDropped;
                        });
}

}  // namespace

base::Result<uint64_t> Proxy::CountRows(const base::CallContext& context,
                                        const std::string& database, const std::string& collection,
                                        const std::string& partition) {
    return core_->WithCollection(
        context, database, collection, [&](const CollectionPtr& info) -> base::Result<uint64_t> {
            const roles::PartitionInfo* only =
                partition.empty() ? nullptr : info->FindPartition(partition);
            if (!partition.empty() && only == nullptr) {
                return base::Status::WithFields(base::Code::kPartitionNotFound,
                                                {{"partition", partition}});
            }
            ASSIGN_OR_RETURN(const roles::ChannelSegments segments,
                             SegmentsOf(*core_, context, *info));
            uint64_t rows = 0;
            for (const auto& [id, live] : segments.live_rows) {
                rows += only == nullptr || only->id == id ? live : 0;
            }
            return rows;
        });
}

base::Result<std::vector<FlushResult>> Proxy::Flush(const base::CallContext& context,
                                                    const std::string& database,
                                                    const std::vector<std::string>& collections) {
    std::vector<FlushResult> results;
    for (const std::string& name : collections) {
        auto result = core_->WithCollection(
            context, database, name, [&](const CollectionPtr& info) -> base::Result<FlushResult> {
                RETURN_IF_ERROR(core_->CheckAllowed(*info, "flush"));
                ASSIGN_OR_RETURN(roles::FlushResponse response,
                                 core_->partners.streaming_node->Flush(
                                     context, roles::FlushRequest{info->id, info->vchannels}));
                FlushResult flushed;
                flushed.collection_name = name;
                flushed.sealed_segments = std::move(response.sealed_segments);
                flushed.flushed_segments = std::move(response.flushed_segments);
                flushed.flush_ts = response.flush_ts;
                flushed.seal_time_s = core_->partners.clock->WallMs() / 1000;
                return flushed;
            });
        if (!result.ok()) {
            return result.status();
        }
        results.push_back(std::move(result).value());
    }
    return results;
}

base::Result<bool> Proxy::GetFlushState(const base::CallContext& context,
                                        const std::string& database, const std::string& collection,
                                        base::Timestamp flush_ts,
                                        const std::vector<base::SegmentId>& segments) {
    if (!collection.empty()) {
        return core_->WithCollection(context, database, collection, [&](const CollectionPtr& info) {
            return IsFlushed(*core_, context, *info, flush_ts, segments);
        });
    }
    // Old clients name no collection: the answer is true when it is true for all.
    ASSIGN_OR_RETURN(const std::vector<roles::CollectionInfo> all,
                     ListCollections(context, database));
    for (const roles::CollectionInfo& info : all) {
        ASSIGN_OR_RETURN(const bool flushed, IsFlushed(*core_, context, info, flush_ts, segments));
        if (!flushed) {
            return false;
        }
    }
    return true;
}

base::Result<std::vector<SegmentView>> Proxy::ListSegments(const base::CallContext& context,
                                                           const std::string& database,
                                                           const std::string& collection) {
    ASSIGN_OR_RETURN(const CollectionPtr info, core_->Collection(context, database, collection));
    ASSIGN_OR_RETURN(const roles::ChannelSegments current, SegmentsOf(*core_, context, *info));
    ASSIGN_OR_RETURN(const IndexesPtr indexes, core_->cache.GetIndexes(context, info->id));
    const auto vector_index =
        std::find_if(indexes->begin(), indexes->end(),
                     [](const roles::IndexInfo& index) { return !index.metric_type.empty(); });
    std::vector<SegmentView> views;
    for (size_t i = 0; i < current.segments.size(); ++i) {
        SegmentView view;
        view.info = current.segments[i];
        view.node_id = i < current.nodes.size() ? current.nodes[i] : 0;
        if (vector_index != indexes->end()) {
            view.index_name = vector_index->name;
            view.index_id = vector_index->id;
        }
        views.push_back(std::move(view));
    }
    return views;
}

}  // namespace elanus::proxy
