// Recovery of a physical channel: catalog, then the files it names, then the log behind them.
// Nothing else is state, and the log behind the checkpoints is all that costs time.

#include "base/log.h"
#include "streaming/pchannel.h"
#include "sys/kill_point.h"

#include <algorithm>

namespace elanus::streaming {

base::Status PChannel::Recover(const std::vector<roles::CollectionInfo>& collections) {
    sys::KillPoint("recovery.begin");
    ASSIGN_OR_RETURN(log_, partners_.log->OpenChannel(name_));
    // Later than every owner before: from here on none of them writes any more.
    epoch_ = log_->LastEpoch() + 1;
    RETURN_IF_ERROR(log_->Acquire(epoch_));
    RETURN_IF_ERROR(FillIds(1));
    replaying_ = true;
    for (const roles::CollectionInfo& collection : collections) {
        if (collection.pchannel == name_) {
            RETURN_IF_ERROR(RecoverCollection(collection));
        }
    }
    sys::KillPoint("recovery.after_catalog");
    RETURN_IF_ERROR(Replay());
    StartAfterReplay();
    sys::KillPoint("recovery.done");
    return base::Status();
}

base::Status PChannel::RecoverCollection(const roles::CollectionInfo& collection) {
    for (const std::string& name : collection.vchannels) {
        ASSIGN_OR_RETURN(const roles::ChannelRecovery recovery,
                         partners_.data_coord->RecoverChannel(base::CallContext(), {name}));
        const VChannelPtr vchannel = NewVChannel(name, collection);
        const base::Status recovered = vchannel->Recover(recovery, collection);
        if (!recovered.ok()) {
            vchannel->Break(recovered);
        }
        applied_ts_ = std::max(applied_ts_.load(), recovery.checkpoint.timestamp);
        base::MutexLock lock(order_mutex_);
        clock_.Raise(recovery.checkpoint.timestamp);
    }
    return base::Status();
}

base::Status PChannel::Replay() {
    base::LogPosition flushed_everywhere = UINT64_MAX;
    for (const VChannelPtr& vchannel : AllVChannels()) {
        flushed_everywhere = std::min(flushed_everywhere, vchannel->checkpoint_position());
    }
    RETURN_IF_ERROR(log_->Read(log_->FirstPosition(),
                               [&](base::LogPosition position, std::string_view payload) {
                                   sys::KillPoint("recovery.during_replay");
                                   return ReplayOne(position, payload, flushed_everywhere);
                               }));
    applied_position_ = log_->LastPosition();
    return base::Status();
}

base::Status PChannel::ReplayOne(base::LogPosition position, std::string_view payload,
                                 base::LogPosition flushed_everywhere) {
    const bool needed = position > flushed_everywhere;
    base::Result<LogRecord> decoded = DecodeRecord(payload, needed);
    if (!decoded.ok()) {
        return decoded.status().Annotate("log channel " + name_ + ", position " +
                                         std::to_string(position));
    }
    const LogRecord& record = *decoded;
    const int64_t now_ns = partners_.clock->MonotonicNs();
    base::Status applied;
    if (needed) {
        // A failure is the one that the writer was told, or the channel is out of service by now.
        applied = ApplyRecord(record, {position, record.timestamp, log_bytes_, now_ns});
    }
    log_bytes_ += payload.size();
    if (applied.ok()) {
        recent_.Remember(record.write.request_id, record.timestamp, position, now_ns);
    }
    for (const AnsweredRequest& request : record.answered) {
        recent_.Remember(request.request_id, request.timestamp, position, now_ns);
    }
    if (needed) {
        AfterApply(record);
    }
    applied_ts_ = std::max(applied_ts_.load(), record.timestamp);
    base::MutexLock lock(order_mutex_);
    clock_.Raise(record.timestamp);
    return base::Status();
}

void PChannel::StartAfterReplay() {
    replaying_ = false;
    {
        base::MutexLock lock(order_mutex_);
        closed_ = base::Status();
    }
    for (const VChannelPtr& vchannel : AllVChannels()) {
        vchannel->EndReplay();
        Kick(vchannel);
    }
    base::LogInfo("channel_recovered", {{"pchannel", name_},
                                        {"epoch", epoch_},
                                        {"vchannels", AllVChannels().size()},
                                        {"replayed_bytes", log_bytes_}});
}

}  // namespace elanus::streaming
