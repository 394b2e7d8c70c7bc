#include "streaming/streaming_node.h"

#include "streaming/channel_reader.h"

#include <algorithm>

namespace elanus::streaming {
namespace {

base::Status ChannelUnknown(const std::string& name) {
    return base::Status::WithFields(base::Code::kChannelNotFound, {{"channel", name}});
}

}  // namespace

StreamingNodeImpl::StreamingNodeImpl(StreamingOptions options, StreamingPartners partners)
    : options_(std::move(options)), partners_(std::move(partners)) {
    for (const std::string& name : options_.pchannels) {
        pchannels_[name] = std::make_unique<PChannel>(name, options_, partners_);
    }
}

StreamingNodeImpl::~StreamingNodeImpl() {
    Stop();
}

base::Status StreamingNodeImpl::Recover(const std::vector<roles::CollectionInfo>& collections) {
    for (const auto& [name, pchannel] : pchannels_) {
        const base::Status recovered = pchannel->Recover(collections);
        if (!recovered.ok()) {
            return recovered.Annotate("failed to recover channel " + name);
        }
    }
    return base::Status();
}

void StreamingNodeImpl::Stop() {
    for (const auto& [name, pchannel] : pchannels_) {
        pchannel->Stop();
    }
}

// ---- Finding

base::Result<PChannel*> StreamingNodeImpl::FindPChannel(const std::string& name) const {
    const auto found = pchannels_.find(name);
    if (found == pchannels_.end()) {
        return ChannelUnknown(name);
    }
    return found->second.get();
}

base::Result<StreamingNodeImpl::Located> StreamingNodeImpl::Locate(
    const std::string& vchannel) const {
    for (const auto& [name, pchannel] : pchannels_) {
        if (PChannel::VChannelPtr found = pchannel->Find(vchannel); found != nullptr) {
            return Located{pchannel.get(), std::move(found)};
        }
    }
    return ChannelUnknown(vchannel);
}

std::vector<StreamingNodeImpl::Located> StreamingNodeImpl::Locate(
    base::CollectionId collection_id, const std::vector<std::string>& vchannels) const {
    std::vector<Located> located;
    for (const auto& [name, pchannel] : pchannels_) {
        for (PChannel::VChannelPtr& vchannel : pchannel->OfCollection(collection_id, vchannels)) {
            located.push_back({pchannel.get(), std::move(vchannel)});
        }
    }
    return located;
}

// ---- Writes and events

void StreamingNodeImpl::Append(const base::CallContext& context, roles::AppendRequest request,
                               roles::AppendCallback done) {
    const base::Result<PChannel*> pchannel = FindPChannel(request.pchannel);
    if (!pchannel.ok()) {
        return done(pchannel.status());
    }
    (*pchannel)->Append(context, std::move(request), std::move(done));
}

base::Result<roles::Empty> StreamingNodeImpl::LogEvent(const base::CallContext& context,
                                                       RecordKind kind,
                                                       const roles::ChannelEvent& event) {
    ASSIGN_OR_RETURN(PChannel * pchannel, FindPChannel(event.collection.pchannel));
    RETURN_IF_ERROR(pchannel->AppendEvent(context, kind, event));
    return roles::Empty();
}

base::Result<roles::Empty> StreamingNodeImpl::CreateChannels(const base::CallContext& context,
                                                             const roles::ChannelEvent& event) {
    ASSIGN_OR_RETURN(const PChannel* pchannel, FindPChannel(event.collection.pchannel));
    const auto& names = event.collection.vchannels;
    const bool all_there = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
        return pchannel->Find(name) != nullptr;
    });
    return all_there ? base::Result<roles::Empty>(roles::Empty())
                     : LogEvent(context, RecordKind::kCreateChannels, event);
}

base::Result<roles::Empty> StreamingNodeImpl::DropChannels(const base::CallContext& context,
                                                           const roles::ChannelEvent& event) {
    ASSIGN_OR_RETURN(const PChannel* pchannel, FindPChannel(event.collection.pchannel));
    std::vector<PChannel::VChannelPtr> vchannels;
    for (const std::string& name : event.collection.vchannels) {
        if (PChannel::VChannelPtr vchannel = pchannel->Find(name); vchannel != nullptr) {
            vchannels.push_back(std::move(vchannel));
        }
    }
    if (vchannels.empty()) {
        return roles::Empty();
    }
    RETURN_IF_ERROR(LogEvent(context, RecordKind::kDropChannels, event).status());
    for (const PChannel::VChannelPtr& vchannel : vchannels) {
        vchannel->AwaitCommit();
    }
    return roles::Empty();
}

base::Result<roles::Empty> StreamingNodeImpl::DropPartition(const base::CallContext& context,
                                                            const roles::ChannelEvent& event) {
    RETURN_IF_ERROR(LogEvent(context, RecordKind::kDropPartition, event).status());
    for (const Located& located : Locate(event.collection.id, event.collection.vchannels)) {
        located.vchannel->AwaitCommit();
    }
    return roles::Empty();
}

base::Result<roles::Empty> StreamingNodeImpl::AlterSchema(const base::CallContext& context,
                                                          const roles::ChannelEvent& event) {
    const auto unique = event.collection.properties.find(std::string(roles::kUniqueKeysProperty));
    if (unique != event.collection.properties.end() && unique->second == "true") {
        // Before the event: no write that was not looked at may come after it.
        for (const Located& located : Locate(event.collection.id, event.collection.vchannels)) {
            located.vchannel->guard().Track();
            RETURN_IF_ERROR(located.pchannel->AwaitTracked(context, *located.vchannel));
        }
    }
    return LogEvent(context, RecordKind::kAlterSchema, event);
}

base::Result<roles::Empty> StreamingNodeImpl::Truncate(const base::CallContext& context,
                                                       const roles::ChannelEvent& event) {
    const std::vector<Located> located = Locate(event.collection.id, event.collection.vchannels);
    for (const Located& each : located) {
        each.vchannel->guard().Block();
    }
    const base::Result<roles::Empty> logged = LogEvent(context, RecordKind::kTruncate, event);
    for (const Located& each : located) {
        each.vchannel->guard().Unblock();
    }
    return logged;
}

// ---- Flush

base::Result<roles::FlushResponse> StreamingNodeImpl::Flush(const base::CallContext& context,
                                                            const roles::FlushRequest& request) {
    roles::FlushResponse response;
    const std::vector<Located> located = Locate(request.collection_id, request.vchannels);
    for (const Located& each : located) {
        RETURN_IF_ERROR(each.pchannel->AwaitInFlight(context));
        response.flush_ts = std::max(response.flush_ts, each.pchannel->applied_ts());
    }
    for (const Located& each : located) {
        each.vchannel->Seal();
        each.vchannel->AddFlushIds(&response);
        each.pchannel->Kick(each.vchannel);
    }
    return response;
}

base::Result<roles::FlushState> StreamingNodeImpl::GetFlushState(
    const base::CallContext&, const roles::FlushStateRequest& request) {
    roles::FlushState state{true};
    for (const Located& located : Locate(request.collection_id, request.vchannels)) {
        RETURN_IF_ERROR(located.vchannel->view()->refusal);
        if (located.vchannel->IsFlushed(request.flush_ts)) {
            continue;
        }
        // After a restart, or after a failed attempt: the wish of the Flush call still stands. It
        // says nothing of rows that came after it: a poll must not make small segments of them.
        located.vchannel->SealUpTo(request.flush_ts);
        located.pchannel->Kick(located.vchannel);
        state.flushed = false;
    }
    return state;
}

// ---- Serving

base::Result<roles::Empty> StreamingNodeImpl::Serve(const base::CallContext&,
                                                    const roles::ServeRequest& request) {
    const std::vector<Located> located =
        Locate(request.collection.id, request.collection.vchannels);
    if (located.empty()) {
        return ChannelUnknown(request.collection.pchannel);
    }
    for (const Located& each : located) {
        each.vchannel->Serve(request);
        each.pchannel->Kick(each.vchannel);
    }
    return roles::Empty();
}

base::Result<roles::Empty> StreamingNodeImpl::Unserve(const base::CallContext&,
                                                      const roles::ChannelsRequest& request) {
    for (const Located& located : Locate(request.collection_id, request.vchannels)) {
        located.vchannel->Unserve();
    }
    return roles::Empty();
}

base::Result<roles::ServeProgress> StreamingNodeImpl::GetServeProgress(
    const base::CallContext&, const roles::ChannelsRequest& request) {
    roles::ServeProgress total;
    for (const Located& located : Locate(request.collection_id, request.vchannels)) {
        const roles::ServeProgress one = located.vchannel->Progress();
        total.segments_loaded += one.segments_loaded;
        total.segments_total += one.segments_total;
        if (total.error.empty()) {
            total.error = one.error;
        }
    }
    return total;
}

base::Result<roles::ChannelSegments> StreamingNodeImpl::GetSegments(
    const base::CallContext&, const roles::ChannelsRequest& request) {
    roles::ChannelSegments segments;
    for (const Located& located : Locate(request.collection_id, request.vchannels)) {
        located.vchannel->AddSegments(&segments);
    }
    return segments;
}

base::Result<roles::Empty> StreamingNodeImpl::OnSegmentIndex(
    const base::CallContext&, const roles::SegmentIndexReady& ready) {
    ASSIGN_OR_RETURN(const Located located, Locate(ready.vchannel));
    RETURN_IF_ERROR(located.vchannel->OnSegmentIndex(ready));
    return roles::Empty();
}

base::Result<roles::Empty> StreamingNodeImpl::OnIndexDropped(const base::CallContext&,
                                                             const roles::IndexDropped& dropped) {
    ASSIGN_OR_RETURN(const Located located, Locate(dropped.vchannel));
    RETURN_IF_ERROR(located.vchannel->OnIndexDropped(dropped.index_id));
    return roles::Empty();
}

// ---- Compaction

base::Result<roles::CompactionFacts> StreamingNodeImpl::GetCompactionFacts(
    const base::CallContext&, const roles::CompactionFactsRequest& request) {
    ASSIGN_OR_RETURN(const Located located, Locate(request.vchannel));
    return located.vchannel->CompactionFacts(request);
}

base::Result<roles::Empty> StreamingNodeImpl::SwitchSegments(
    const base::CallContext&, const roles::SwitchSegmentsRequest& request) {
    ASSIGN_OR_RETURN(const Located located, Locate(request.vchannel));
    RETURN_IF_ERROR(located.pchannel->SwitchSegments(located.vchannel, request));
    return roles::Empty();
}

// ---- Reads

base::Result<roles::SearchResponse> StreamingNodeImpl::Search(const base::CallContext& context,
                                                              const roles::SearchRequest& request) {
    ASSIGN_OR_RETURN(const Located located, Locate(request.vchannel));
    return ChannelReader(partners_, *located.pchannel, *located.vchannel).Search(context, request);
}

base::Result<roles::RetrieveResponse> StreamingNodeImpl::Retrieve(
    const base::CallContext& context, const roles::RetrieveRequest& request) {
    ASSIGN_OR_RETURN(const Located located, Locate(request.vchannel));
    return ChannelReader(partners_, *located.pchannel, *located.vchannel)
        .Retrieve(context, request);
}

base::Result<roles::FetchResponse> StreamingNodeImpl::Fetch(const base::CallContext& context,
                                                            const roles::FetchRequest& request) {
    ASSIGN_OR_RETURN(const Located located, Locate(request.vchannel));
    return ChannelReader(partners_, *located.pchannel, *located.vchannel).Fetch(context, request);
}

}  // namespace elanus::streaming
