#include "streaming/pchannel.h"

#include "base/log.h"
#include "sys/kill_point.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace elanus::streaming {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kIdsInReserve = 64;
constexpr size_t kIdsPerRequestMax = 4096;
constexpr int kIdAttempts = 50;
constexpr int64_t kIdRetryMs = 20;
// A waiter looks this often whether its caller has gone away.
constexpr int64_t kWaitSliceNs = 20 * kNsPerMs;
// The log's length is looked at each time it has grown by this part of the limit.
constexpr uint64_t kLogChecksPerLimit = 16;

base::Status ChannelUnknown(const std::string& vchannel) {
    return base::Status::WithFields(base::Code::kChannelNotFound, {{"channel", vchannel}});
}

base::Status Stopping() {
    return base::Status::Error(base::Code::kServiceNotReady, "the streaming node is stopping");
}

}  // namespace

PChannel::PChannel(std::string name, const StreamingOptions& options,
                   const StreamingPartners& partners)
    : name_(std::move(name)),
      options_(options),
      partners_(partners),
      tasks_(std::make_shared<TaskGroup>()),
      clock_(*partners.root_coord, *partners.clock),
      closed_(base::Status::Error(base::Code::kServiceNotReady, "the log is not replayed yet")),
      recent_(options.dedupe_window_ms * kNsPerMs, options.dedupe_entries_limit) {}

PChannel::~PChannel() {
    Stop();
}

void PChannel::Stop() {
    {
        base::MutexLock lock(order_mutex_);
        closed_ = Stopping();
    }
    {
        base::MutexLock lock(queue_mutex_);
        const base::Status drained = AwaitLocked(base::CallContext(), [this] {
            return in_flight_.empty() && durable_.empty() && !applying_;
        });
        CHECK(drained.ok(), "a wait without deadline does not fail");
    }
    tasks_->Close();
}

// ---- Directory

PChannel::VChannelPtr PChannel::Find(const std::string& vchannel) const {
    base::MutexLock lock(directory_mutex_);
    const auto found = vchannels_.find(vchannel);
    return found == vchannels_.end() ? nullptr : found->second;
}

std::vector<PChannel::VChannelPtr> PChannel::AllVChannels() const {
    base::MutexLock lock(directory_mutex_);
    std::vector<VChannelPtr> all;
    for (const auto& [name, vchannel] : vchannels_) {
        all.push_back(vchannel);
    }
    return all;
}

std::vector<PChannel::VChannelPtr> PChannel::OfCollection(
    base::CollectionId collection_id, const std::vector<std::string>& vchannels) const {
    std::vector<VChannelPtr> found;
    for (const VChannelPtr& vchannel : AllVChannels()) {
        const bool named = vchannels.empty() || std::find(vchannels.begin(), vchannels.end(),
                                                          vchannel->name()) != vchannels.end();
        if (vchannel->collection_id() == collection_id && named) {
            found.push_back(vchannel);
        }
    }
    return found;
}

VChannel::Environment PChannel::EnvironmentOf() {
    VChannel::Environment environment;
    environment.options = &options_;
    environment.partners = &partners_;
    environment.epoch = epoch_;
    environment.next_segment_id = [this] { return NextId(); };
    environment.memory_bytes = &memory_bytes_;
    environment.stopping = [tasks = tasks_] { return tasks->closed(); };
    return environment;
}

PChannel::VChannelPtr PChannel::NewVChannel(const std::string& vchannel,
                                            const roles::CollectionInfo& collection) {
    auto fresh = std::make_shared<VChannel>(vchannel, collection, EnvironmentOf());
    base::MutexLock lock(directory_mutex_);
    return vchannels_.emplace(vchannel, std::move(fresh)).first->second;
}

// ---- Ids of segments and delete files

base::Status PChannel::FillIds(size_t wanted) {
    base::MutexLock lock(ids_mutex_);
    const auto reserve =
        static_cast<int64_t>(std::min<size_t>(wanted, kIdsPerRequestMax)) + kIdsInReserve;
    if (ids_end_ - next_id_ >= reserve) {
        return base::Status();
    }
    const auto count = static_cast<uint32_t>(2 * reserve);
    ASSIGN_OR_RETURN(const roles::AllocResponse batch,
                     partners_.root_coord->AllocIds(base::CallContext(), {count}));
    next_id_ = static_cast<int64_t>(batch.first);
    ids_end_ = next_id_ + count;
    return base::Status();
}

base::Result<base::SegmentId> PChannel::NextId() {
    base::Status failure;
    for (int attempt = 0; attempt < kIdAttempts; ++attempt) {
        {
            base::MutexLock lock(ids_mutex_);
            if (next_id_ < ids_end_) {
                return next_id_++;
            }
        }
        failure = FillIds(1);
        if (!failure.ok()) {
            partners_.clock->SleepMs(kIdRetryMs);
        }
    }
    return failure.ok() ? base::Internal("segment ids are used up faster than they are given")
                        : failure;
}

// ---- Appending

base::Status PChannel::CheckWrite(const roles::AppendRequest& request) const {
    if (request.parts.empty()) {
        return base::InvalidParameter("a write without parts");
    }
    for (const roles::WritePart& part : request.parts) {
        const VChannelPtr vchannel = Find(part.vchannel);
        if (vchannel == nullptr || vchannel->collection_id() != part.collection_id) {
            return ChannelUnknown(part.vchannel);
        }
        RETURN_IF_ERROR(vchannel->view()->refusal);
        const auto schema = vchannel->schema();
        if (request.schema_version > schema->version) {
            return base::Status::Error(base::Code::kSchemaMismatch,
                                       "the write was made for a later schema of the collection");
        }
        const schema::FieldSchema* key = schema->primary_key();
        const bool is_string = key != nullptr && schema::IsStringLike(key->type);
        if (!part.deletes.empty() && part.deletes.is_string != is_string) {
            return base::InvalidParameter("deletes by keys of another type");
        }
        if (part.delete_scope.is_limited()) {
            const schema::FieldSchema* scope = schema->FindField(part.delete_scope.field_id);
            if (scope == nullptr || !schema::IsStringLike(scope->type)) {
                return base::InvalidParameter("the scope of a delete names no string field");
            }
        }
        if (part.rows.rows == 0) {
            continue;
        }
        RETURN_IF_ERROR(part.rows.Verify());
        if (part.rows.rows > std::numeric_limits<uint32_t>::max() / 2 || key == nullptr ||
            part.rows.Find(key->id) == nullptr || part.partition_id == roles::kAllPartitions) {
            return base::InvalidParameter("rows without primary key or partition");
        }
        for (const schema::Column& column : part.rows.columns) {
            const schema::FieldSchema* field = schema->FindField(column.field_id);
            if (field != nullptr &&
                (field->type != column.type || field->element_type != column.element_type ||
                 (schema::IsDenseVector(field->type) && field->dim() != column.dim))) {
                return base::InvalidParameter("column " + field->name +
                                              " has another type than its field");
            }
        }
    }
    return base::Status();
}

base::Status PChannel::CheckAdmission(size_t bytes) {
    base::MutexLock lock(queue_mutex_);
    const bool busy =
        in_flight_bytes_ > 0 && in_flight_bytes_ + bytes > options_.in_flight_bytes_limit;
    const bool full = memory_bytes_.load() > static_cast<int64_t>(options_.unflushed_bytes_limit);
    if (busy || full) {
        return base::Status::FromParts(
            base::Code::kRateLimit,
            base::Status::Error(base::Code::kRateLimit,
                                busy ? "writes come faster than the log takes them"
                                     : "writes come faster than they are flushed")
                .reason(),
            /*retriable=*/true, /*is_input_error=*/false);
    }
    return base::Status();
}

void PChannel::Append(const base::CallContext&, roles::AppendRequest request,
                      roles::AppendCallback done) {
    // A repeat is answered even where a new request would be refused.
    roles::AppendResponse answer;
    switch (recent_.Begin(request.request_id, &done, &answer)) {
        case RecentRequests::Seen::kInFlight:
            return;
        case RecentRequests::Seen::kAnswered:
            return done(answer);
        case RecentRequests::Seen::kNew:
            break;
    }
    auto pending = std::make_shared<Pending>();
    pending->record.kind = RecordKind::kWrite;
    pending->record.write = std::move(request);
    pending->done = std::move(done);
    std::string payload;
    pending->outcome = CheckWrite(pending->record.write);
    if (pending->outcome.ok()) {
        pending->outcome = FillIds(pending->record.write.parts.size());
    }
    if (pending->outcome.ok()) {
        payload = EncodeWrite(pending->record.write);
        pending->outcome = CheckAdmission(payload.size());
    }
    if (!pending->outcome.ok()) {
        return Complete(pending);
    }
    if (!SubmitWrite(pending, std::move(payload))) {
        Complete(pending);
    }
}

bool PChannel::SubmitWrite(const PendingPtr& pending, std::string payload) {
    const roles::AppendRequest& write = pending->record.write;
    std::map<std::string, std::vector<const roles::WritePart*>> by_vchannel;
    for (const roles::WritePart& part : write.parts) {
        by_vchannel[part.vchannel].push_back(&part);
    }
    std::vector<std::pair<VChannelPtr, WrittenKeys>> tracked;
    for (const auto& [name, parts] : by_vchannel) {
        const VChannelPtr vchannel = Find(name);
        if (vchannel == nullptr) {
            pending->outcome = ChannelUnknown(name);
            return false;
        }
        if (write.read_ts != 0) {
            vchannel->guard().Track();
        }
        if (vchannel->guard().EnterUntracked()) {
            pending->untracked.push_back(vchannel);
        } else {
            tracked.emplace_back(vchannel, KeysOf(parts, vchannel->schema()->primary_key()->id));
        }
    }
    std::vector<VChannelPtr> kept;  // the locked mutexes are theirs
    for (const auto& [vchannel, keys] : tracked) {
        kept.push_back(vchannel);
    }
    std::deque<base::MutexLock> locks;  // ascending by name, as the map is
    for (const auto& [vchannel, keys] : tracked) {
        locks.emplace_back(vchannel->guard().mutex());
    }
    for (const auto& [vchannel, keys] : tracked) {
        pending->outcome = vchannel->CheckKeys(keys, write.read_ts, write.expired_ts);
        if (!pending->outcome.ok()) {
            return false;
        }
    }
    for (const auto& [vchannel, keys] : tracked) {
        vchannel->guard().Add(keys.rows, KeyGuard::Use::kRows);
        vchannel->guard().Add(keys.deletes, KeyGuard::Use::kDeletes);
    }
    // From here on the keys leave when the write is complete, which may be on another thread.
    pending->tracked = std::move(tracked);
    return Submit(pending, std::move(payload));
}

void PChannel::LeaveGuards(Pending* pending) {
    for (const VChannelPtr& vchannel : pending->untracked) {
        vchannel->guard().LeaveUntracked();
    }
    for (const auto& [vchannel, keys] : pending->tracked) {
        vchannel->guard().Remove(keys.rows, KeyGuard::Use::kRows);
        vchannel->guard().Remove(keys.deletes, KeyGuard::Use::kDeletes);
    }
    pending->untracked.clear();
    pending->tracked.clear();
}

base::Status PChannel::AwaitTracked(const base::CallContext& context, VChannel& vchannel) {
    base::MutexLock lock(queue_mutex_);
    return AwaitLocked(context, [&] { return vchannel.guard().untracked() == 0; });
}

bool PChannel::Submit(const PendingPtr& pending, std::string payload) {
    base::Status refused;
    {
        base::MutexLock lock(order_mutex_);
        refused = closed_;
        if (refused.ok()) {
            const base::Result<base::Timestamp> timestamp = clock_.Next();
            refused = timestamp.status();
            pending->record.timestamp = timestamp.ok() ? *timestamp : 0;
        }
        if (refused.ok()) {
            pending->bytes = payload.size();
            SetRecordTimestamp(pending->record.timestamp, &payload);
            {
                base::MutexLock queue_lock(queue_mutex_);
                in_flight_.insert(pending->record.timestamp);
                in_flight_bytes_ += pending->bytes;
            }
            log_->Append(epoch_, std::move(payload),
                         [this, pending](base::Result<base::LogPosition> position) {
                             pending->outcome = position.status();
                             pending->position = position.ok() ? *position : 0;
                             OnDurable(pending);
                         });
            return true;
        }
    }
    pending->outcome = refused;
    return false;
}

// On the log's thread: in log order, and short.
void PChannel::OnDurable(const PendingPtr& pending) {
    bool submit = false;
    {
        base::MutexLock lock(queue_mutex_);
        durable_.push_back(pending);
        if (pending->on_durable != nullptr) {
            pending->on_durable();
        }
        submit = !drain_submitted_ && !applying_;
        drain_submitted_ = drain_submitted_ || submit;
        if (waiters_ > 0) {
            queue_changed_.NotifyAll();
        }
    }
    if (submit) {
        tasks_->Submit(*partners_.foreground, [this] {
            {
                base::MutexLock lock(queue_mutex_);
                drain_submitted_ = false;
            }
            Drain();
        });
    }
}

// Applies what is durable unless another thread does; that one looks again before it stops.
void PChannel::Drain() {
    std::deque<PendingPtr> batch;
    while (true) {
        {
            base::MutexLock lock(queue_mutex_);
            if (!batch.empty()) {
                batch.clear();
                applying_ = false;
            }
            if (applying_ || durable_.empty()) {
                queue_changed_.NotifyAll();
                return;
            }
            applying_ = true;
            batch.swap(durable_);
        }
        for (const PendingPtr& pending : batch) {
            Complete(pending);
            pending->record = LogRecord();  // the request's memory goes now, not with the batch
        }
    }
}

void PChannel::LeaveFlight(const Pending& pending) {
    base::MutexLock lock(queue_mutex_);
    if (in_flight_.erase(pending.record.timestamp) > 0) {
        in_flight_bytes_ -= pending.bytes;
    }
    if (waiters_ > 0) {
        queue_changed_.NotifyAll();
    }
}

// Applies a durable record, remembers and gives the answer; a failed one is only answered.
void PChannel::Complete(const PendingPtr& pending) {
    const LogRecord& record = pending->record;
    const bool durable = pending->outcome.ok();
    base::Status outcome = pending->outcome;
    const int64_t now_ns = partners_.clock->MonotonicNs();
    if (durable) {
        const RecordPlace place{pending->position, record.timestamp, log_bytes_, now_ns};
        outcome = ApplyRecord(record, place);
        log_bytes_ += pending->bytes;
        applied_position_.store(pending->position, std::memory_order_release);
        applied_ts_.store(record.timestamp, std::memory_order_release);
    } else if (outcome.code() != base::Code::kTooManyRequests &&
               outcome.code() != base::Code::kDiskLimitExceeded &&
               outcome.code() != base::Code::kParameterTooLarge && pending->bytes > 0) {
        base::MutexLock lock(order_mutex_);
        if (closed_.ok()) {
            base::LogError("log_channel_lost", {{"pchannel", name_}, {"reason", outcome}});
            closed_ = outcome;
        }
    }
    LeaveGuards(pending.get());
    LeaveFlight(*pending);
    base::Result<roles::AppendResponse> answer =
        outcome.ok() ? base::Result<roles::AppendResponse>(roles::AppendResponse{record.timestamp})
                     : base::Result<roles::AppendResponse>(outcome);
    std::vector<roles::AppendCallback> others =
        recent_.Finish(record.write.request_id, answer, pending->position, now_ns);
    if (durable) {
        AfterApply(record);
    }
    if (pending->done != nullptr) {
        pending->done(answer);
    }
    for (const roles::AppendCallback& other : others) {
        other(answer);
    }
}

base::Status PChannel::AppendEvent(const base::CallContext& context, RecordKind kind,
                                   const roles::ChannelEvent& event) {
    auto pending = std::make_shared<Pending>();
    pending->record.kind = kind;
    pending->record.event = event;
    struct Waiting {
        bool answered = false;
        base::Status outcome;
    };
    auto waiting = std::make_shared<Waiting>();
    pending->done = [this, waiting](const base::Result<roles::AppendResponse>& result) {
        base::MutexLock lock(queue_mutex_);
        waiting->outcome = result.status();
        waiting->answered = true;
        queue_changed_.NotifyAll();
    };
    if (!event.request_id.empty()) {
        pending->record.write.request_id = event.request_id;
        roles::AppendResponse answer;
        switch (recent_.Begin(event.request_id, &pending->done, &answer)) {
            case RecentRequests::Seen::kAnswered:
                return base::Status();
            case RecentRequests::Seen::kInFlight:
                pending = nullptr;
                break;
            case RecentRequests::Seen::kNew:
                break;
        }
    }
    if (pending != nullptr && !Submit(pending, EncodeEvent(kind, event))) {
        Complete(pending);
    }
    base::MutexLock lock(queue_mutex_);
    RETURN_IF_ERROR(AwaitLocked(context, [&] { return waiting->answered; }));
    return waiting->outcome;
}

// ---- Waiting

template <typename Ready>
base::Status PChannel::AwaitLocked(const base::CallContext& context, Ready ready) {
    while (!ready()) {
        const int64_t now_ns = partners_.clock->MonotonicNs();
        RETURN_IF_ERROR(context.Check(now_ns));
        if (!durable_.empty() && !applying_) {
            queue_mutex_.Unlock();
            Drain();
            queue_mutex_.Lock();
            continue;
        }
        const int64_t left_ns = context.deadline_ns == base::CallContext::kNoDeadline
                                    ? kWaitSliceNs
                                    : std::max<int64_t>(context.deadline_ns - now_ns, 0) + 1;
        ++waiters_;
        queue_changed_.WaitFor(queue_mutex_,
                               std::chrono::nanoseconds(std::min(left_ns, kWaitSliceNs)));
        --waiters_;
    }
    return base::Status();
}

base::Result<base::Timestamp> PChannel::AwaitReadable(const base::CallContext& context,
                                                      base::Timestamp guarantee,
                                                      base::Timestamp snapshot) {
    base::Timestamp wanted = std::max(guarantee, snapshot);
    if (wanted > applied_ts()) {
        {
            base::MutexLock lock(order_mutex_);
            ASSIGN_OR_RETURN(wanted, clock_.Observe(wanted));
        }
        base::MutexLock lock(queue_mutex_);
        RETURN_IF_ERROR(AwaitLocked(
            context, [&] { return in_flight_.empty() || *in_flight_.begin() > wanted; }));
    }
    return snapshot != 0 ? std::min(snapshot, wanted) : std::max(applied_ts(), wanted);
}

base::Status PChannel::AwaitInFlight(const base::CallContext& context) {
    base::MutexLock lock(queue_mutex_);
    if (in_flight_.empty()) {
        return base::Status();
    }
    const base::Timestamp last = *in_flight_.rbegin();
    return AwaitLocked(context, [&] { return in_flight_.empty() || *in_flight_.begin() > last; });
}

// ---- Applying

base::Status PChannel::ApplyRecord(const LogRecord& record, const RecordPlace& place) {
    switch (record.kind) {
        case RecordKind::kWrite:
            return ApplyWrite(record.write, place);
        case RecordKind::kRequestIds:
            return base::Status();
        case RecordKind::kCreateChannels:
        case RecordKind::kDropChannels:
        case RecordKind::kDropPartition:
        case RecordKind::kAlterSchema:
        case RecordKind::kTruncate:
            ApplyEvent(record, place);
            return base::Status();
    }
    return base::Internal("a record of an unknown kind");
}

base::Status PChannel::ApplyWrite(const roles::AppendRequest& write, const RecordPlace& place) {
    std::map<std::string, std::vector<const roles::WritePart*>> by_vchannel;
    for (const roles::WritePart& part : write.parts) {
        by_vchannel[part.vchannel].push_back(&part);
    }
    // All or nothing: what refuses a part (a drop that came first) refuses the request. Only
    // applying changes these answers, so they hold until the end of this function.
    std::vector<std::pair<VChannelPtr, const std::vector<const roles::WritePart*>*>> targets;
    for (const auto& [name, parts] : by_vchannel) {
        VChannelPtr vchannel = Find(name);
        const base::Status admitted =
            vchannel == nullptr ? ChannelUnknown(name) : vchannel->Admits(parts);
        // A channel that is gone or broken since must not keep a replayed record from the others.
        if (!admitted.ok() && (!replaying_ || admitted.code() == base::Code::kPartitionNotFound)) {
            return admitted;
        }
        if (admitted.ok()) {
            targets.emplace_back(std::move(vchannel), &parts);
        }
    }
    base::Status outcome;
    for (const auto& [vchannel, parts] : targets) {
        const base::Status applied = vchannel->Apply(*parts, place);
        outcome = outcome.ok() ? applied : outcome;
    }
    return outcome;
}

void PChannel::ApplyEvent(const LogRecord& record, const RecordPlace& place) {
    const roles::CollectionInfo& collection = record.event.collection;
    for (const std::string& name : collection.vchannels) {
        const VChannelPtr vchannel = Find(name);
        if (record.kind == RecordKind::kCreateChannels && vchannel == nullptr && !replaying_) {
            NewVChannel(name, collection);
        }
        if (vchannel == nullptr) {
            continue;
        }
        if (record.kind == RecordKind::kDropChannels) {
            {
                base::MutexLock lock(directory_mutex_);
                vchannels_.erase(name);
            }
            vchannel->Drop();
        } else if (record.kind == RecordKind::kDropPartition) {
            vchannel->DropPartition(record.event.partition_id, place);
        } else if (record.kind == RecordKind::kAlterSchema) {
            vchannel->AlterSchema(collection, place);
        } else if (record.kind == RecordKind::kTruncate) {
            vchannel->Truncate(place);
        }
    }
}

// Starts what the record made due.
void PChannel::AfterApply(const LogRecord& record) {
    if (record.kind == RecordKind::kAlterSchema || record.kind == RecordKind::kTruncate) {
        for (const std::string& name : record.event.collection.vchannels) {
            if (const VChannelPtr vchannel = Find(name); vchannel != nullptr) {
                Kick(vchannel);
            }
        }
    }
    const std::string* last_name = nullptr;
    for (const roles::WritePart& part : record.write.parts) {
        if (last_name != nullptr && *last_name == part.vchannel) {
            continue;
        }
        last_name = &part.vchannel;
        const VChannelPtr vchannel = Find(part.vchannel);
        if (vchannel != nullptr && vchannel->SealIfFull()) {
            Kick(vchannel);
        }
    }
    RelieveLog();
    if (!record.write.parts.empty()) {
        ArmAgeTimer();
    }
}

// Flushes whoever holds back the log once it has grown too long.
void PChannel::RelieveLog() {
    if (log_bytes_ - log_bytes_checked_ < options_.log_bytes_limit / kLogChecksPerLimit) {
        return;
    }
    log_bytes_checked_ = log_bytes_;
    for (const VChannelPtr& vchannel : AllVChannels()) {
        const std::optional<RecordPlace> oldest = vchannel->OldestUnflushed();
        if (oldest.has_value() && log_bytes_ - oldest->log_bytes > options_.log_bytes_limit) {
            vchannel->Seal();
            Kick(vchannel);
        }
    }
}

// ---- Background work

base::Status PChannel::SwitchSegments(const VChannelPtr& vchannel,
                                      const roles::SwitchSegmentsRequest& request) {
    std::vector<base::SegmentId> retired;
    RETURN_IF_ERROR(vchannel->SwitchSegments(request, &retired));
    Kick(vchannel);
    const auto release = [vchannel, retired] { vchannel->ReleaseRetired(retired); };
    if (partners_.schedule == nullptr) {
        release();
    } else if (!retired.empty()) {
        partners_.schedule(options_.retired_ms, tasks_->Wrap(release));
    }
    return base::Status();
}

void PChannel::Kick(const VChannelPtr& vchannel) {
    if (!replaying_ && vchannel->BeginWork()) {
        tasks_->Submit(*partners_.background, [this, vchannel] { Work(vchannel); });
    }
}

void PChannel::Work(const VChannelPtr& vchannel) {
    base::Status done;
    do {
        bool flushed = false;
        done = vchannel->Work(&flushed);
        if (flushed) {
            TruncateLog();
        }
    } while (vchannel->EndWork(done.ok()));
    if (!done.ok() && partners_.schedule != nullptr) {
        partners_.schedule(options_.retry_ms, tasks_->Wrap([this, vchannel] { Kick(vchannel); }));
    }
}

void PChannel::TruncateLog() {
    base::MutexLock lock(truncate_mutex_);
    // In this order: what is applied after the first line is above it.
    base::LogPosition cut = applied_position_.load(std::memory_order_acquire) + 1;
    for (const VChannelPtr& vchannel : AllVChannels()) {
        cut = std::min(cut, vchannel->NeededPosition());
    }
    base::Status truncated = KeepRequestIds(cut);
    if (truncated.ok()) {
        truncated = log_->TruncateBefore(cut);
    }
    if (!truncated.ok()) {
        base::LogWarn("log_not_truncated", {{"pchannel", name_}, {"reason", truncated}});
    }
}

base::Status PChannel::KeepRequestIds(base::LogPosition cut) {
    const std::vector<AnsweredRequest> requests =
        recent_.AnsweredBefore(cut, partners_.clock->MonotonicNs());
    if (requests.empty()) {
        return base::Status();
    }
    auto pending = std::make_shared<Pending>();
    pending->record.kind = RecordKind::kRequestIds;
    pending->record.answered = requests;
    struct Waiting {
        bool answered = false;
        base::Status outcome;
        base::LogPosition position = 0;
    };
    auto waiting = std::make_shared<Waiting>();
    // Durable is enough: applying it changes nothing.
    pending->on_durable = [waiting, raw = pending.get()] {
        waiting->outcome = raw->outcome;
        waiting->position = raw->position;
        waiting->answered = true;
    };
    pending->done = [this, waiting](const base::Result<roles::AppendResponse>& result) {
        base::MutexLock lock(queue_mutex_);
        if (!waiting->answered) {  // it never reached the log
            waiting->outcome = result.status();
            waiting->answered = true;
        }
    };
    if (!Submit(pending, EncodeRequestIds(requests))) {
        Complete(pending);
    }
    base::LogPosition position = 0;
    {
        base::MutexLock lock(queue_mutex_);
        RETURN_IF_ERROR(AwaitLocked(base::CallContext(), [&] { return waiting->answered; }));
        RETURN_IF_ERROR(waiting->outcome);
        position = waiting->position;
    }
    recent_.MoveTo(position, requests);
    return base::Status();
}

void PChannel::ArmAgeTimer() {
    if (partners_.schedule == nullptr || tasks_->closed() || age_timer_armed_.exchange(true)) {
        return;
    }
    partners_.schedule(options_.seal_age_ms, tasks_->Wrap([this] { OnAgeTimer(); }));
}

void PChannel::OnAgeTimer() {
    age_timer_armed_.store(false);
    const int64_t before_ns = partners_.clock->MonotonicNs() - options_.seal_age_ms * kNsPerMs;
    bool waiting = false;
    for (const VChannelPtr& vchannel : AllVChannels()) {
        if (vchannel->SealIfOlder(before_ns)) {
            Kick(vchannel);
        }
        waiting = waiting || vchannel->OldestUnflushed().has_value();
    }
    if (waiting) {
        ArmAgeTimer();
    }
}

}  // namespace elanus::streaming
