#include "roles/loopback.h"

namespace elanus::roles {

LoopbackNetwork::Fate LoopbackNetwork::NextFate() {
    const auto happens = [this](uint32_t percent) { return random_.Below(100) < percent; };
    Fate fate;
    if (happens(faults_.delay_percent)) {
        fate.delay_ms =
            static_cast<int64_t>(random_.Next() % static_cast<uint64_t>(faults_.delay_ms_max + 1));
    }
    fate.repeat = happens(faults_.repeat_percent);
    fate.lose_request = happens(faults_.lose_request_percent);
    fate.lose_reply = happens(faults_.lose_reply_percent);
    return fate;
}

namespace {
class LoopbackRootCoord : public RootCoord {
  public:
    LoopbackRootCoord(RootCoord& real, LoopbackNetwork& network) : real_(real), network_(network) {}

    base::Result<Empty> CreateDatabase(const base::CallContext& context,
                                       const CreateDatabaseRequest& request) override {
        return Send<Empty>(&RootCoord::CreateDatabase, context, request);
    }
    base::Result<Empty> DropDatabase(const base::CallContext& context,
                                     const DatabaseName& request) override {
        return Send<Empty>(&RootCoord::DropDatabase, context, request);
    }
    base::Result<Empty> AlterDatabase(const base::CallContext& context,
                                      const AlterDatabaseRequest& request) override {
        return Send<Empty>(&RootCoord::AlterDatabase, context, request);
    }
    base::Result<DatabaseInfo> DescribeDatabase(const base::CallContext& context,
                                                const DatabaseName& request) override {
        return Send<DatabaseInfo>(&RootCoord::DescribeDatabase, context, request);
    }
    base::Result<DatabaseList> ListDatabases(const base::CallContext& context,
                                             const Empty& request) override {
        return Send<DatabaseList>(&RootCoord::ListDatabases, context, request);
    }
    base::Result<CollectionInfo> CreateCollection(const base::CallContext& context,
                                                  const CreateCollectionRequest& request) override {
        return Send<CollectionInfo>(&RootCoord::CreateCollection, context, request);
    }
    base::Result<Empty> DropCollection(const base::CallContext& context,
                                       const CollectionRef& request) override {
        return Send<Empty>(&RootCoord::DropCollection, context, request);
    }
    base::Result<Empty> RenameCollection(const base::CallContext& context,
                                         const RenameCollectionRequest& request) override {
        return Send<Empty>(&RootCoord::RenameCollection, context, request);
    }
    base::Result<Empty> AlterCollection(const base::CallContext& context,
                                        const AlterCollectionRequest& request) override {
        return Send<Empty>(&RootCoord::AlterCollection, context, request);
    }
    base::Result<Empty> AlterSchema(const base::CallContext& context,
                                    const AlterSchemaRequest& request) override {
        return Send<Empty>(&RootCoord::AlterSchema, context, request);
    }
    base::Result<Empty> TruncateCollection(const base::CallContext& context,
                                           const TruncateRequest& request) override {
        return Send<Empty>(&RootCoord::TruncateCollection, context, request);
    }
    base::Result<CollectionInfo> DescribeCollection(const base::CallContext& context,
                                                    const CollectionRef& request) override {
        return Send<CollectionInfo>(&RootCoord::DescribeCollection, context, request);
    }
    base::Result<CollectionList> ListCollections(const base::CallContext& context,
                                                 const DatabaseName& request) override {
        return Send<CollectionList>(&RootCoord::ListCollections, context, request);
    }
    base::Result<Empty> CreatePartition(const base::CallContext& context,
                                        const PartitionRequest& request) override {
        return Send<Empty>(&RootCoord::CreatePartition, context, request);
    }
    base::Result<Empty> DropPartition(const base::CallContext& context,
                                      const PartitionRequest& request) override {
        return Send<Empty>(&RootCoord::DropPartition, context, request);
    }
    base::Result<Empty> CreateAlias(const base::CallContext& context,
                                    const AliasRequest& request) override {
        return Send<Empty>(&RootCoord::CreateAlias, context, request);
    }
    base::Result<Empty> AlterAlias(const base::CallContext& context,
                                   const AliasRequest& request) override {
        return Send<Empty>(&RootCoord::AlterAlias, context, request);
    }
    base::Result<Empty> DropAlias(const base::CallContext& context,
                                  const AliasRequest& request) override {
        return Send<Empty>(&RootCoord::DropAlias, context, request);
    }
    base::Result<AliasInfo> DescribeAlias(const base::CallContext& context,
                                          const AliasRequest& request) override {
        return Send<AliasInfo>(&RootCoord::DescribeAlias, context, request);
    }
    base::Result<Empty> AddFileResource(const base::CallContext& context,
                                        const FileResourceInfo& request) override {
        return Send<Empty>(&RootCoord::AddFileResource, context, request);
    }
    base::Result<Empty> RemoveFileResource(const base::CallContext& context,
                                           const FileResourceInfo& request) override {
        return Send<Empty>(&RootCoord::RemoveFileResource, context, request);
    }
    base::Result<FileResourceList> ListFileResources(const base::CallContext& context,
                                                     const Empty& request) override {
        return Send<FileResourceList>(&RootCoord::ListFileResources, context, request);
    }
    base::Result<AliasList> ListAliases(const base::CallContext& context,
                                        const AliasRequest& request) override {
        return Send<AliasList>(&RootCoord::ListAliases, context, request);
    }
    base::Result<AllocResponse> AllocTimestamps(const base::CallContext& context,
                                                const AllocRequest& request) override {
        return Send<AllocResponse>(&RootCoord::AllocTimestamps, context, request);
    }
    base::Result<AllocResponse> AllocIds(const base::CallContext& context,
                                         const AllocRequest& request) override {
        return Send<AllocResponse>(&RootCoord::AllocIds, context, request);
    }

  private:
    template <typename Response, typename Request>
    base::Result<Response> Send(
        base::Result<Response> (RootCoord::*method)(const base::CallContext&, const Request&),
        const base::CallContext& context, const Request& request) {
        return network_.Send<Response>(
            request, [&](const Request& received) { return (real_.*method)(context, received); });
    }

    RootCoord& real_;
    LoopbackNetwork& network_;
};

class LoopbackMetaCacheListener : public MetaCacheListener {
  public:
    LoopbackMetaCacheListener(MetaCacheListener& real, LoopbackNetwork& network)
        : real_(real), network_(network) {}

    base::Result<Empty> InvalidateCollection(const base::CallContext& context,
                                             const CollectionRef& request) override {
        return Send<Empty>(&MetaCacheListener::InvalidateCollection, context, request);
    }

  private:
    template <typename Response, typename Request>
    base::Result<Response> Send(base::Result<Response> (MetaCacheListener::*method)(
                                    const base::CallContext&, const Request&),
                                const base::CallContext& context, const Request& request) {
        return network_.Send<Response>(
            request, [&](const Request& received) { return (real_.*method)(context, received); });
    }

    MetaCacheListener& real_;
    LoopbackNetwork& network_;
};

class LoopbackDataCoord : public DataCoord {
  public:
    LoopbackDataCoord(DataCoord& real, LoopbackNetwork& network) : real_(real), network_(network) {}

    base::Result<Empty> CommitFlush(const base::CallContext& context,
                                    const FlushSwap& request) override {
        return Send<Empty>(&DataCoord::CommitFlush, context, request);
    }
    base::Result<Empty> CommitCompaction(const base::CallContext& context,
                                         const CompactionSwap& request) override {
        return Send<Empty>(&DataCoord::CommitCompaction, context, request);
    }
    base::Result<ChannelRecovery> RecoverChannel(const base::CallContext& context,
                                                 const ChannelName& request) override {
        return Send<ChannelRecovery>(&DataCoord::RecoverChannel, context, request);
    }
    base::Result<SegmentList> ListSegments(const base::CallContext& context,
                                           const OfCollection& request) override {
        return Send<SegmentList>(&DataCoord::ListSegments, context, request);
    }
    base::Result<Empty> DropCollectionData(const base::CallContext& context,
                                           const OfCollection& request) override {
        return Send<Empty>(&DataCoord::DropCollectionData, context, request);
    }
    base::Result<Empty> DropPartitionData(const base::CallContext& context,
                                          const OfPartition& request) override {
        return Send<Empty>(&DataCoord::DropPartitionData, context, request);
    }
    base::Result<Empty> CreateIndex(const base::CallContext& context,
                                    const CreateIndexRequest& request) override {
        return Send<Empty>(&DataCoord::CreateIndex, context, request);
    }
    base::Result<Empty> DropIndex(const base::CallContext& context,
                                  const DropIndexRequest& request) override {
        return Send<Empty>(&DataCoord::DropIndex, context, request);
    }
    base::Result<Empty> AlterIndex(const base::CallContext& context,
                                   const AlterIndexRequest& request) override {
        return Send<Empty>(&DataCoord::AlterIndex, context, request);
    }
    base::Result<IndexList> ListIndexes(const base::CallContext& context,
                                        const OfCollection& request) override {
        return Send<IndexList>(&DataCoord::ListIndexes, context, request);
    }
    base::Result<CompactResponse> Compact(const base::CallContext& context,
                                          const CompactRequest& request) override {
        return Send<CompactResponse>(&DataCoord::Compact, context, request);
    }
    base::Result<CompactionStatus> GetCompaction(const base::CallContext& context,
                                                 const CompactionQuery& request) override {
        return Send<CompactionStatus>(&DataCoord::GetCompaction, context, request);
    }

  private:
    template <typename Response, typename Request>
    base::Result<Response> Send(
        base::Result<Response> (DataCoord::*method)(const base::CallContext&, const Request&),
        const base::CallContext& context, const Request& request) {
        return network_.Send<Response>(
            request, [&](const Request& received) { return (real_.*method)(context, received); });
    }

    DataCoord& real_;
    LoopbackNetwork& network_;
};

class LoopbackQueryCoord : public QueryCoord {
  public:
    LoopbackQueryCoord(QueryCoord& real, LoopbackNetwork& network)
        : real_(real), network_(network) {}

    base::Result<Empty> Load(const base::CallContext& context,
                             const LoadRequest& request) override {
        return Send<Empty>(&QueryCoord::Load, context, request);
    }
    base::Result<Empty> Release(const base::CallContext& context,
                                const ReleaseRequest& request) override {
        return Send<Empty>(&QueryCoord::Release, context, request);
    }
    base::Result<LoadStatus> GetLoadStatus(const base::CallContext& context,
                                           const OfCollection& request) override {
        return Send<LoadStatus>(&QueryCoord::GetLoadStatus, context, request);
    }
    base::Result<LoadedCollections> ListLoaded(const base::CallContext& context,
                                               const Empty& request) override {
        return Send<LoadedCollections>(&QueryCoord::ListLoaded, context, request);
    }

  private:
    template <typename Response, typename Request>
    base::Result<Response> Send(
        base::Result<Response> (QueryCoord::*method)(const base::CallContext&, const Request&),
        const base::CallContext& context, const Request& request) {
        return network_.Send<Response>(
            request, [&](const Request& received) { return (real_.*method)(context, received); });
    }

    QueryCoord& real_;
    LoopbackNetwork& network_;
};

class LoopbackQueryNode : public QueryNode {
  public:
    LoopbackQueryNode(QueryNode& real, LoopbackNetwork& network) : real_(real), network_(network) {}

    base::Result<Empty> LoadSegment(const base::CallContext& context,
                                    const LoadSegmentRequest& request) override {
        return Send<Empty>(&QueryNode::LoadSegment, context, request);
    }
    base::Result<Empty> ReleaseSegments(const base::CallContext& context,
                                        const ReleaseSegmentsRequest& request) override {
        return Send<Empty>(&QueryNode::ReleaseSegments, context, request);
    }
    base::Result<Empty> ApplyDeletes(const base::CallContext& context,
                                     const ApplyDeletesRequest& request) override {
        return Send<Empty>(&QueryNode::ApplyDeletes, context, request);
    }
    base::Result<Empty> AttachIndex(const base::CallContext& context,
                                    const AttachIndexRequest& request) override {
        return Send<Empty>(&QueryNode::AttachIndex, context, request);
    }
    base::Result<Empty> DetachIndex(const base::CallContext& context,
                                    const DetachIndexRequest& request) override {
        return Send<Empty>(&QueryNode::DetachIndex, context, request);
    }
    base::Result<SearchResponse> Search(const base::CallContext& context,
                                        const SegmentSearchRequest& request) override {
        return Send<SearchResponse>(&QueryNode::Search, context, request);
    }
    base::Result<RetrieveResponse> Retrieve(const base::CallContext& context,
                                            const SegmentRetrieveRequest& request) override {
        return Send<RetrieveResponse>(&QueryNode::Retrieve, context, request);
    }
    base::Result<FetchResponse> Fetch(const base::CallContext& context,
                                      const FetchRequest& request) override {
        return Send<FetchResponse>(&QueryNode::Fetch, context, request);
    }

  private:
    template <typename Response, typename Request>
    base::Result<Response> Send(
        base::Result<Response> (QueryNode::*method)(const base::CallContext&, const Request&),
        const base::CallContext& context, const Request& request) {
        return network_.Send<Response>(
            request, [&](const Request& received) { return (real_.*method)(context, received); });
    }

    QueryNode& real_;
    LoopbackNetwork& network_;
};

class LoopbackDataNode : public DataNode {
  public:
    LoopbackDataNode(DataNode& real, LoopbackNetwork& network) : real_(real), network_(network) {}

    base::Result<BuildIndexResponse> BuildIndex(const base::CallContext& context,
                                                const BuildIndexRequest& request) override {
        return Send<BuildIndexResponse>(&DataNode::BuildIndex, context, request);
    }
    base::Result<BuildShares> GetBuildShares(const base::CallContext& context,
                                             const BuildSharesRequest& request) override {
        return Send<BuildShares>(&DataNode::GetBuildShares, context, request);
    }
    base::Result<CompactSegmentsResponse> CompactSegments(
        const base::CallContext& context, const CompactSegmentsRequest& request) override {
        return Send<CompactSegmentsResponse>(&DataNode::CompactSegments, context, request);
    }

  private:
    template <typename Response, typename Request>
    base::Result<Response> Send(base::Result<Response> (DataNode::*method)(const base::CallContext&,
                                                                           const Request&),
                                const base::CallContext& context, const Request& request) {
        return network_.Send<Response>(
            request, [&](const Request& received) { return (real_.*method)(context, received); });
    }

    DataNode& real_;
    LoopbackNetwork& network_;
};

class LoopbackStreamingNode : public StreamingNode {
  public:
    LoopbackStreamingNode(StreamingNode& real, LoopbackNetwork& network)
        : real_(real), network_(network) {}

    // The answer comes by callback, so a lost reply cannot be noticed here; the request is
    // delivered through bytes, sometimes twice (the second delivery must return the first answer).
    void Append(const base::CallContext& context, AppendRequest request,
                AppendCallback done) override {
        base::Result<AppendRequest> received = base::Decode<AppendRequest>(base::Encode(request));
        if (!received.ok()) {
            done(received.status());
            return;
        }
        const LoopbackNetwork::Fate fate = network_.NextFate();
        AppendRequest second;
        if (fate.repeat) {
            second = *received;
        }
        real_.Append(context, std::move(*received), [done](base::Result<AppendResponse> answer) {
            done(LoopbackNetwork::ThroughBytes(std::move(answer)));
        });
        if (fate.repeat) {
            real_.Append(context, std::move(second), [](base::Result<AppendResponse>) {});
        }
    }
    base::Result<Empty> CreateChannels(const base::CallContext& context,
                                       const ChannelEvent& request) override {
        return Send<Empty>(&StreamingNode::CreateChannels, context, request);
    }
    base::Result<Empty> DropChannels(const base::CallContext& context,
                                     const ChannelEvent& request) override {
        return Send<Empty>(&StreamingNode::DropChannels, context, request);
    }
    base::Result<Empty> DropPartition(const base::CallContext& context,
                                      const ChannelEvent& request) override {
        return Send<Empty>(&StreamingNode::DropPartition, context, request);
    }
    base::Result<Empty> AlterSchema(const base::CallContext& context,
                                    const ChannelEvent& request) override {
        return Send<Empty>(&StreamingNode::AlterSchema, context, request);
    }
    base::Result<Empty> Truncate(const base::CallContext& context,
                                 const ChannelEvent& request) override {
        return Send<Empty>(&StreamingNode::Truncate, context, request);
    }
    base::Result<FlushResponse> Flush(const base::CallContext& context,
                                      const FlushRequest& request) override {
        return Send<FlushResponse>(&StreamingNode::Flush, context, request);
    }
    base::Result<FlushState> GetFlushState(const base::CallContext& context,
                                           const FlushStateRequest& request) override {
        return Send<FlushState>(&StreamingNode::GetFlushState, context, request);
    }
    base::Result<Empty> Serve(const base::CallContext& context,
                              const ServeRequest& request) override {
        return Send<Empty>(&StreamingNode::Serve, context, request);
    }
    base::Result<Empty> Unserve(const base::CallContext& context,
                                const ChannelsRequest& request) override {
        return Send<Empty>(&StreamingNode::Unserve, context, request);
    }
    base::Result<ServeProgress> GetServeProgress(const base::CallContext& context,
                                                 const ChannelsRequest& request) override {
        return Send<ServeProgress>(&StreamingNode::GetServeProgress, context, request);
    }
    base::Result<ChannelSegments> GetSegments(const base::CallContext& context,
                                              const ChannelsRequest& request) override {
        return Send<ChannelSegments>(&StreamingNode::GetSegments, context, request);
    }
    base::Result<Empty> OnSegmentIndex(const base::CallContext& context,
                                       const SegmentIndexReady& request) override {
        return Send<Empty>(&StreamingNode::OnSegmentIndex, context, request);
    }
    base::Result<Empty> OnIndexDropped(const base::CallContext& context,
                                       const IndexDropped& request) override {
        return Send<Empty>(&StreamingNode::OnIndexDropped, context, request);
    }
    base::Result<CompactionFacts> GetCompactionFacts(
        const base::CallContext& context, const CompactionFactsRequest& request) override {
        return Send<CompactionFacts>(&StreamingNode::GetCompactionFacts, context, request);
    }
    base::Result<Empty> SwitchSegments(const base::CallContext& context,
                                       const SwitchSegmentsRequest& request) override {
        return Send<Empty>(&StreamingNode::SwitchSegments, context, request);
    }
    base::Result<SearchResponse> Search(const base::CallContext& context,
                                        const SearchRequest& request) override {
        return Send<SearchResponse>(&StreamingNode::Search, context, request);
    }
    base::Result<RetrieveResponse> Retrieve(const base::CallContext& context,
                                            const RetrieveRequest& request) override {
        return Send<RetrieveResponse>(&StreamingNode::Retrieve, context, request);
    }
    base::Result<FetchResponse> Fetch(const base::CallContext& context,
                                      const FetchRequest& request) override {
        return Send<FetchResponse>(&StreamingNode::Fetch, context, request);
    }

  private:
    template <typename Response, typename Request>
    base::Result<Response> Send(
        base::Result<Response> (StreamingNode::*method)(const base::CallContext&, const Request&),
        const base::CallContext& context, const Request& request) {
        return network_.Send<Response>(
            request, [&](const Request& received) { return (real_.*method)(context, received); });
    }

    StreamingNode& real_;
    LoopbackNetwork& network_;
};

}  // namespace

std::unique_ptr<RootCoord> MakeLoopback(RootCoord& real, LoopbackNetwork& network) {
    return std::make_unique<LoopbackRootCoord>(real, network);
}

std::unique_ptr<DataCoord> MakeLoopback(DataCoord& real, LoopbackNetwork& network) {
    return std::make_unique<LoopbackDataCoord>(real, network);
}

std::unique_ptr<QueryCoord> MakeLoopback(QueryCoord& real, LoopbackNetwork& network) {
    return std::make_unique<LoopbackQueryCoord>(real, network);
}

std::unique_ptr<StreamingNode> MakeLoopback(StreamingNode& real, LoopbackNetwork& network) {
    return std::make_unique<LoopbackStreamingNode>(real, network);
}

std::unique_ptr<QueryNode> MakeLoopback(QueryNode& real, LoopbackNetwork& network) {
    return std::make_unique<LoopbackQueryNode>(real, network);
}

std::unique_ptr<DataNode> MakeLoopback(DataNode& real, LoopbackNetwork& network) {
    return std::make_unique<LoopbackDataNode>(real, network);
}

std::unique_ptr<MetaCacheListener> MakeLoopback(MetaCacheListener& real, LoopbackNetwork& network) {
    return std::make_unique<LoopbackMetaCacheListener>(real, network);
}

}  // namespace elanus::roles
