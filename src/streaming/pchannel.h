// PChannel: one physical channel on its owner: the order of all records, their way into the log,
// and their application after they are durable.
//
//   Append: order_mutex_ { timestamp, hand to the log } -> log thread: durable -> queue ->
//   any one thread at a time: apply in log order -> acknowledge
//
// Why apply outside the log's thread: the next group's sync overlaps. Why any thread may apply:
// whoever waits for a record (a read, a DDL event, Stop) helps, so waiting can never starve
// applying, however few threads the executor has. Invariants:
//   INV-PCHANNEL-1  Timestamps rise strictly in log order, and stay above every moment a read has
//   seen. INV-PCHANNEL-2  applied_ts() is T only when every record at or below T is applied.
//   INV-PCHANNEL-3  Live and replayed records take the same path (ApplyRecord), so a restart gives
//   the
//                   same rows.
//   INV-PCHANNEL-4  The log is cut only below every record that is in no file, and requests
//   answered
//                   lately are written to it again before their record goes.
// Lock order: order_mutex_ before queue_mutex_; neither is held while records are applied.
// Lifetime: Stop() before the destructor; partners outlive it.
#pragma once

#include "base/mutex.h"
#include "roles/streaming_node.h"
#include "streaming/channel_clock.h"
#include "streaming/log_record.h"
#include "streaming/options.h"
#include "streaming/recent_requests.h"
#include "streaming/task_group.h"
#include "streaming/vchannel.h"

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace elanus::streaming {

class PChannel {
  public:
    using VChannelPtr = std::shared_ptr<VChannel>;

    PChannel(std::string name, const StreamingOptions& options, const StreamingPartners& partners);
    ~PChannel();

    // Opens the log, becomes its owner, takes over what DataCoord knows of the collections on this
    // channel and replays the rest. Once, before anything else.
    base::Status Recover(const std::vector<roles::CollectionInfo>& collections);
    // Refuses new records, applies what is in flight, waits for background work. Idempotent.
    void Stop();

    const std::string& name() const { return name_; }
    VChannelPtr Find(const std::string& vchannel) const;  // null when it is not here
    std::vector<VChannelPtr> OfCollection(base::CollectionId collection_id,
                                          const std::vector<std::string>& vchannels) const;

    void Append(const base::CallContext& context, roles::AppendRequest request,
                roles::AppendCallback done);
    // Logs and applies a DDL event.
    base::Status AppendEvent(const base::CallContext& context, RecordKind kind,
                             const roles::ChannelEvent& event);

    // Waits until everything a read at these moments must see is applied. The answer is the moment
    // to read at; nothing at or below it is applied later.
    base::Result<base::Timestamp> AwaitReadable(const base::CallContext& context,
                                                base::Timestamp guarantee,
                                                base::Timestamp snapshot);
    // Waits for everything in flight now.
    base::Status AwaitInFlight(const base::CallContext& context);
    base::Timestamp applied_ts() const { return applied_ts_.load(std::memory_order_acquire); }
    // Waits until no write that began before the guard tracked is in flight.
    base::Status AwaitTracked(const base::CallContext& context, VChannel& vchannel);
    bool stopping() const { return tasks_->closed(); }

    base::Status SwitchSegments(const VChannelPtr& vchannel,
                                const roles::SwitchSegmentsRequest& request);

    // Starts the background worker of the vchannel unless it runs.
    void Kick(const VChannelPtr& vchannel);

  private:
    struct Pending {
        LogRecord record;
        size_t bytes = 0;
        roles::AppendCallback done;        // after it is applied
        std::function<void()> on_durable;  // on the log's thread, with queue_mutex_ held
        base::Status outcome;              // what the log said
        base::LogPosition position = 0;
        std::vector<VChannelPtr> untracked;  // entered the guard of these without keys
        std::vector<std::pair<VChannelPtr, WrittenKeys>> tracked;
    };
    using PendingPtr = std::shared_ptr<Pending>;

    base::Status RecoverCollection(const roles::CollectionInfo& collection);
    base::Status Replay();
    base::Status ReplayOne(base::LogPosition position, std::string_view payload,
                           base::LogPosition flushed_everywhere);
    void StartAfterReplay();
    VChannel::Environment EnvironmentOf();
    VChannelPtr NewVChannel(const std::string& vchannel, const roles::CollectionInfo& collection);

    base::Status CheckWrite(const roles::AppendRequest& request) const;
    base::Status CheckAdmission(size_t bytes);
    // Looks at the conditions of the write and submits it, as one step where keys are tracked.
    bool SubmitWrite(const PendingPtr& pending, std::string payload);
    void LeaveGuards(Pending* pending);
    // False when it is refused: pending->outcome says why, and the caller completes it.
    bool Submit(const PendingPtr& pending, std::string payload);
    void OnDurable(const PendingPtr& pending);
    void Drain();
    void Complete(const PendingPtr& pending);
    void LeaveFlight(const Pending& pending);
    // Applies what is durable itself while it waits.
    template <typename Ready>
    base::Status AwaitLocked(const base::CallContext& context, Ready ready) REQUIRES(queue_mutex_);

    base::Status ApplyRecord(const LogRecord& record, const RecordPlace& place);
    base::Status ApplyWrite(const roles::AppendRequest& write, const RecordPlace& place);
    void ApplyEvent(const LogRecord& record, const RecordPlace& place);
    void AfterApply(const LogRecord& record);
    void RelieveLog();

    base::Result<base::SegmentId> NextId();
    // At least `wanted` ids are at hand, so that applying asks nobody.
    base::Status FillIds(size_t wanted);
    void Work(const VChannelPtr& vchannel);
    void TruncateLog();
    base::Status KeepRequestIds(base::LogPosition cut);
    void ArmAgeTimer();
    void OnAgeTimer();
    std::vector<VChannelPtr> AllVChannels() const;

    const std::string name_;
    const StreamingOptions& options_;
    const StreamingPartners& partners_;
    const std::shared_ptr<TaskGroup> tasks_;
    std::unique_ptr<wal::LogChannel> log_;
    base::Epoch epoch_ = 0;
    std::atomic<bool> replaying_{false};

    // Everything about the order of records.
    base::Mutex order_mutex_;
    ChannelClock clock_ GUARDED_BY(order_mutex_);
    base::Status closed_ GUARDED_BY(order_mutex_);  // why nothing more is taken

    base::Mutex queue_mutex_;
    base::CondVar queue_changed_;
    std::set<base::Timestamp> in_flight_ GUARDED_BY(queue_mutex_);
    uint64_t in_flight_bytes_ GUARDED_BY(queue_mutex_) = 0;
    std::deque<PendingPtr> durable_ GUARDED_BY(queue_mutex_);
    bool applying_ GUARDED_BY(queue_mutex_) = false;
    bool drain_submitted_ GUARDED_BY(queue_mutex_) = false;
    int waiters_ GUARDED_BY(queue_mutex_) = 0;

    std::atomic<base::Timestamp> applied_ts_{0};
    std::atomic<base::LogPosition> applied_position_{0};
    std::atomic<int64_t> memory_bytes_{0};
    // Touched by the applying thread only.
    uint64_t log_bytes_ = 0;
    uint64_t log_bytes_checked_ = 0;

    RecentRequests recent_;

    mutable base::Mutex directory_mutex_;
    std::map<std::string, VChannelPtr> vchannels_ GUARDED_BY(directory_mutex_);

    base::Mutex ids_mutex_;
    int64_t next_id_ GUARDED_BY(ids_mutex_) = 0;
    int64_t ids_end_ GUARDED_BY(ids_mutex_) = 0;

    base::Mutex truncate_mutex_;
    std::atomic<bool> age_timer_armed_{false};
};

}  // namespace elanus::streaming
