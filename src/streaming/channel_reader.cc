#include "streaming/channel_reader.h"

#include "sys/stopwatch.h"

#include <algorithm>

namespace elanus::streaming {
namespace {

// A read starts again when segments moved under it; more often than this something is wrong.
constexpr int kAttempts = 8;

// 1100 to a client: only iterators read at a moment of long ago.
base::Status SnapshotGone() {
    return base::InvalidParameter(
        "the moment of this iterator can no longer be read: rows deleted since were removed by a "
        "compaction, because no read came for elanus.snapshot.maxIdleTime; start a new iterator");
}

base::Status NotLoaded(base::CollectionId id) {
    return base::Status::WithFields(base::Code::kCollectionNotLoaded,
                                    {{"collection", std::to_string(id)}});
}

bool Asked(const std::vector<base::PartitionId>& partitions, base::PartitionId id) {
    return partitions.empty() ||
           std::find(partitions.begin(), partitions.end(), id) != partitions.end();
}

}  // namespace

base::Status ChannelReader::CheckServed(const ChannelView& view,
                                        const std::vector<base::PartitionId>& partitions) {
    RETURN_IF_ERROR(view.refusal);
    if (!view.served) {
        return NotLoaded(view.collection_id);
    }
    for (const base::PartitionId id : partitions) {
        if (!view.Serves(id)) {
            return base::Status::WithFields(base::Code::kPartitionNotLoaded,
                                            {{"partition", std::to_string(id)}});
        }
    }
    return base::Status();
}

base::Result<ChannelReader::Scope> ChannelReader::TakeScope(
    base::Timestamp timestamp, const std::vector<base::PartitionId>& partitions,
    bool ignore_growing) const {
    Scope scope;
    scope.timestamp = timestamp;
    scope.delete_batch = vchannel_.delete_batch();
    const std::shared_ptr<const ChannelView> view = vchannel_.view();
    RETURN_IF_ERROR(CheckServed(*view, partitions));
    if (timestamp != 0 && timestamp < view->compacted_ts) {
        return base::Status::Error(base::Code::kCompacted);
    }
    const auto wanted = [&](base::PartitionId id) {
        return view->Serves(id) && Asked(partitions, id);
    };
    for (const auto& segment : view->flushed) {
        if (wanted(segment->partition_id())) {
            scope.local.push_back(segment);
        }
    }
    for (const auto& segment : view->growing) {
        if (!ignore_growing && wanted(segment->partition_id())) {
            scope.local.push_back(segment);
        }
    }
    for (const SealedPlace& place : view->sealed) {
        if (!wanted(place.partition_id)) {
            continue;
        }
        if (place.node == 0) {
            const base::Status loading =
                base::Status::WithFields(base::Code::kCollectionNotFullyLoaded,
                                         {{"collection", std::to_string(view->collection_id)}});
            const std::string cause = vchannel_.Progress().error;
            return cause.empty() ? loading
                                 : loading.Annotate("a segment cannot be loaded: " + cause);
        }
        scope.remote[place.node].push_back(place.id);
    }
    return scope;
}

reduce::ReadScope ChannelReader::ReadScopeOf(const base::CallContext& context,
                                             const Scope& scope) const {
    return {&context, partners_.clock, partners_.foreground, scope.timestamp};
}

bool ChannelReader::Repaired(base::NodeId node, const base::Status& failure) {
    if (failure.code() != base::Code::kSegmentNotLoaded &&
        failure.code() != base::Code::kSegmentNotFound) {
        return false;
    }
    return vchannel_.Resync(node).ok();
}

template <typename Response, typename Local, typename Remote>
base::Result<std::vector<Response>> ChannelReader::Ask(
    const base::CallContext& context, base::Timestamp timestamp,
    const std::vector<base::PartitionId>& partitions, bool ignore_growing,
    roles::ReadProfile* profile, Local local, Remote remote) {
    base::Status failure;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        ASSIGN_OR_RETURN(const Scope scope, TakeScope(timestamp, partitions, ignore_growing));
        const std::vector<std::pair<base::NodeId, std::vector<base::SegmentId>>> nodes(
            scope.remote.begin(), scope.remote.end());
        std::vector<Response> parts(nodes.size() + 1);
        std::vector<base::Status> failures(nodes.size() + 1);
        const auto ask = [&](size_t i) {
            base::Result<Response> answer = base::Internal("not asked");
            if (i == 0) {
                answer = local(scope, ReadScopeOf(context, scope));
            } else if (roles::QueryNode* node = partners_.query_node(nodes[i - 1].first);
                       node != nullptr) {
                answer = remote(*node, scope, nodes[i - 1].second);
            } else {
                answer = base::Status::Error(base::Code::kNodeNotFound,
                                             std::to_string(nodes[i - 1].first));
            }
            failures[i] = answer.status();
            if (answer.ok()) {
                parts[i] = std::move(*answer);
                for (segment::SegmentProfile& segment : parts[i].profile.segments) {
                    segment.node_id = i == 0 ? 0 : nodes[i - 1].first;
                }
            }
        };
        if (nodes.empty()) {
            ask(0);
        } else if (nodes.size() == 1 && scope.local.empty()) {
            ask(0);
            ask(1);
        } else {
            partners_.foreground->ParallelFor(parts.size(), ask);
        }
        failure = base::Status();
        bool repaired = true;
        for (size_t i = 0; i < failures.size(); ++i) {
            if (!failures[i].ok()) {
                repaired = repaired && i > 0 && Repaired(nodes[i - 1].first, failures[i]);
                failure = failures[i];
            }
        }
        if (failure.ok()) {
            return parts;
        }
        if (!repaired) {
            return failure;
        }
        ++profile->restarts;
    }
    return failure;
}

template <typename Response, typename Request, typename Local, typename Remote, typename Merge>
base::Result<Response> ChannelReader::Read(const base::CallContext& context, const Request& request,
                                           Local local, Remote remote, Merge merge) {
    RETURN_IF_ERROR(CheckServed(*vchannel_.view(), request.partitions));
    if (request.hold_snapshot_s > 0 && request.snapshot_ts != 0) {
        vchannel_.HoldSnapshot(request.snapshot_ts, request.hold_snapshot_s);
    }
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        roles::ReadProfile profile;
        sys::LapTimer laps(*partners_.clock);
        ASSIGN_OR_RETURN(
            const base::Timestamp timestamp,
            pchannel_.AwaitReadable(context, request.guarantee_ts, request.snapshot_ts));
        laps.Lap(&profile.wait_ns);
        const auto remote_then = [&](roles::QueryNode& node, const Scope& scope,
                                     const std::vector<base::SegmentId>& ids) {
            return remote(node, scope, ids, timestamp);
        };
        base::Result<std::vector<Response>> parts =
            Ask<Response>(context, timestamp, request.partitions, request.ignore_growing, &profile,
                          local, remote_then);
        if (parts.ok()) {
            laps.Lap(&profile.read_ns);
            ASSIGN_OR_RETURN(Response answer, merge(*std::move(parts)));
            laps.Lap(&profile.merge_ns);
            profile.merge_ns += answer.profile.merge_ns;  // of the nodes, before
            reduce::AddProfile(std::move(profile), &answer.profile);
            answer.snapshot_ts = timestamp;
            return answer;
        }
        if (parts.status().code() != base::Code::kCompacted) {
            return parts.status();
        }
        // A compaction that came between gave the moment up: a read of now takes a later one.
        if (request.snapshot_ts != 0) {
            break;
        }
    }
    return SnapshotGone();
}

base::Result<roles::SearchResponse> ChannelReader::Search(const base::CallContext& context,
                                                          const roles::SearchRequest& request) {
    return Read<roles::SearchResponse>(
        context, request,
        [&](const Scope& scope, const reduce::ReadScope& read) {
            return reduce::SearchSegments(scope.local, request, read);
        },
        [&](roles::QueryNode& node, const Scope& scope, const std::vector<base::SegmentId>& ids,
            base::Timestamp timestamp) {
            roles::SegmentSearchRequest part{request, ids, scope.delete_batch};
            part.search.snapshot_ts = timestamp;
            return node.Search(context, part);
        },
        [&](std::vector<roles::SearchResponse> parts) -> base::Result<roles::SearchResponse> {
            return reduce::MergeSearches(std::move(parts), request);
        });
}

base::Result<roles::RetrieveResponse> ChannelReader::Retrieve(
    const base::CallContext& context, const roles::RetrieveRequest& request) {
    return Read<roles::RetrieveResponse>(
        context, request,
        [&](const Scope& scope, const reduce::ReadScope& read) {
            return reduce::RetrieveSegments(scope.local, request, read);
        },
        [&](roles::QueryNode& node, const Scope& scope, const std::vector<base::SegmentId>& ids,
            base::Timestamp timestamp) {
            roles::SegmentRetrieveRequest part{request, ids, scope.delete_batch};
            part.retrieve.snapshot_ts = timestamp;
            return node.Retrieve(context, part);
        },
        [&](std::vector<roles::RetrieveResponse> parts) {
            return reduce::MergeRetrievals(std::move(parts), request);
        });
}

base::Result<roles::FetchResponse> ChannelReader::Fetch(const base::CallContext& context,
                                                        const roles::FetchRequest& request) {
    base::Status failure;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        ASSIGN_OR_RETURN(const Scope scope, TakeScope(0, {}, false));
        // In this order: what a compaction replaces in between is in the later view as retired.
        const std::shared_ptr<const ChannelView> view = vchannel_.view();
        std::map<base::SegmentId, reduce::SegmentRef> local;
        for (const reduce::SegmentRef& segment : scope.local) {
            local[segment->id()] = segment;
        }
        for (const auto& segment : view->retired_flushed) {
            local.emplace(segment->id(), segment);
        }
        std::map<base::SegmentId, base::NodeId> places;
        for (const SealedPlace& place : view->retired) {
            places[place.id] = place.node;
        }
        for (const auto& [node, ids] : scope.remote) {
            for (const base::SegmentId id : ids) {
                places[id] = node;
            }
        }
        // Addresses by who holds them: 0 is memory.
        std::map<base::NodeId, roles::FetchRequest> requests;
        std::map<base::NodeId, std::vector<uint32_t>> positions;
        for (uint32_t i = 0; i < request.addresses.size(); ++i) {
            const roles::RowAddress& address = request.addresses[i];
            const auto place = places.find(address.segment_id);
            const base::NodeId node = place == places.end() ? 0 : place->second;
            requests[node].addresses.push_back(address);
            positions[node].push_back(i);
        }
        std::vector<schema::ColumnBatch> batches;
        std::vector<uint32_t> order(request.addresses.size());
        uint32_t next = 0;
        bool repaired = true;
        failure = base::Status();
        for (auto& [node_id, part] : requests) {
            part.vchannel = request.vchannel;
            part.collection_id = request.collection_id;
            part.fields = request.fields;
            roles::QueryNode* node = node_id == 0 ? nullptr : partners_.query_node(node_id);
            base::Result<roles::FetchResponse> rows =
                node_id == 0      ? reduce::FetchRows(local, part, ReadScopeOf(context, scope))
                : node == nullptr ? base::Result<roles::FetchResponse>(base::Status::Error(
                                        base::Code::kNodeNotFound, std::to_string(node_id)))
                                  : node->Fetch(context, part);
            if (!rows.ok()) {
                failure = rows.status();
                repaired = repaired && node_id != 0 && Repaired(node_id, failure);
                continue;
            }
            for (const uint32_t position : positions[node_id]) {
                order[position] = next++;
            }
            batches.push_back(std::move(rows->rows));
        }
        if (failure.ok()) {
            roles::FetchResponse answer;
            if (batches.size() == 1) {
                answer.rows = std::move(batches[0]);
            } else if (batches.size() > 1) {
                ASSIGN_OR_RETURN(const schema::ColumnBatch all, schema::Concatenate(batches));
                answer.rows = schema::Gather(all, order);
            }
            answer.rows.rows = request.addresses.size();
            return answer;
        }
        if (!repaired) {
            return failure;
        }
    }
    return failure;
}

}  // namespace elanus::streaming
