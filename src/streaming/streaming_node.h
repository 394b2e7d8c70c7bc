// StreamingNodeImpl: the streaming node, made of its physical channels. It finds the channel that a
// call is about; what happens then is the channel's (pchannel.h, vchannel.h, channel_reader.h).
//
// Life: construct, Recover() once, serve, Stop(). Calls before Recover() and after Stop() are
// refused. Threads: any.
#pragma once

#include "roles/streaming_node.h"
#include "streaming/options.h"
#include "streaming/pchannel.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace elanus::streaming {

class StreamingNodeImpl : public roles::StreamingNode {
  public:
    StreamingNodeImpl(StreamingOptions options, StreamingPartners partners);
    ~StreamingNodeImpl() override;

    // Opens and replays every physical channel. `collections`: all that RootCoord has, in any
    // state.
    base::Status Recover(const std::vector<roles::CollectionInfo>& collections);
    // Refuses what comes, finishes what is in flight. Nothing has to be flushed. Idempotent.
    void Stop();

    void Append(const base::CallContext& context, roles::AppendRequest request,
                roles::AppendCallback done) override;
    base::Result<roles::Empty> CreateChannels(const base::CallContext& context,
                                              const roles::ChannelEvent& event) override;
    base::Result<roles::Empty> DropChannels(const base::CallContext& context,
                                            const roles::ChannelEvent& event) override;
    base::Result<roles::Empty> DropPartition(const base::CallContext& context,
                                             const roles::ChannelEvent& event) override;
    base::Result<roles::Empty> Truncate(const base::CallContext& context,
                                        const roles::ChannelEvent& event) override;
    base::Result<roles::Empty> AlterSchema(const base::CallContext& context,
                                           const roles::ChannelEvent& event) override;
    base::Result<roles::FlushResponse> Flush(const base::CallContext& context,
                                             const roles::FlushRequest& request) override;
    base::Result<roles::FlushState> GetFlushState(const base::CallContext& context,
                                                  const roles::FlushStateRequest& request) override;
    base::Result<roles::Empty> Serve(const base::CallContext& context,
                                     const roles::ServeRequest& request) override;
    base::Result<roles::Empty> Unserve(const base::CallContext& context,
                                       const roles::ChannelsRequest& request) override;
    base::Result<roles::ServeProgress> GetServeProgress(
        const base::CallContext& context, const roles::ChannelsRequest& request) override;
    base::Result<roles::ChannelSegments> GetSegments(
        const base::CallContext& context, const roles::ChannelsRequest& request) override;
    base::Result<roles::Empty> OnSegmentIndex(const base::CallContext& context,
                                              const roles::SegmentIndexReady& ready) override;
    base::Result<roles::Empty> OnIndexDropped(const base::CallContext& context,
                                              const roles::IndexDropped& dropped) override;
    base::Result<roles::CompactionFacts> GetCompactionFacts(
        const base::CallContext& context, const roles::CompactionFactsRequest& request) override;
    base::Result<roles::Empty> SwitchSegments(const base::CallContext& context,
                                              const roles::SwitchSegmentsRequest& request) override;
    base::Result<roles::SearchResponse> Search(const base::CallContext& context,
                                               const roles::SearchRequest& request) override;
    base::Result<roles::RetrieveResponse> Retrieve(const base::CallContext& context,
                                                   const roles::RetrieveRequest& request) override;
    base::Result<roles::FetchResponse> Fetch(const base::CallContext& context,
                                             const roles::FetchRequest& request) override;

  private:
    struct Located {
        PChannel* pchannel = nullptr;
        PChannel::VChannelPtr vchannel;
    };
    base::Result<PChannel*> FindPChannel(const std::string& name) const;
    base::Result<Located> Locate(const std::string& vchannel) const;
    // Every vchannel of the collection here, or those named.
    std::vector<Located> Locate(base::CollectionId collection_id,
                                const std::vector<std::string>& vchannels) const;
    base::Result<roles::Empty> LogEvent(const base::CallContext& context, RecordKind kind,
                                        const roles::ChannelEvent& event);

    const StreamingOptions options_;
    const StreamingPartners partners_;
    std::map<std::string, std::unique_ptr<PChannel>> pchannels_;  // made by the constructor
};

}  // namespace elanus::streaming
