#include "coord/compactor.h"

#include "base/log.h"
#include "roles/errors.h"

#include <algorithm>
#include <cstdlib>

namespace elanus::coord {
namespace {

using base::CallContext;
using base::Result;
using roles::CompactionKind;
using roles::PlanState;

constexpr size_t kJobsKept = 512;
constexpr size_t kAnswersKept = 4096;
constexpr int64_t kMsPerSecond = 1000;
constexpr int64_t kUsPerMs = 1000;
// Rows that expire by their own field give no hint in the catalog: they are looked for this often.
constexpr int64_t kExpiryLookSeconds = 3600;

std::string WishKey(int64_t id) {
    return "compact/" + std::to_string(id);
}

std::string PropertyOf(const roles::CollectionInfo& collection, std::string_view name) {
    const auto found = collection.properties.find(std::string(name));
    return found == collection.properties.end() ? "" : found->second;
}

bool IsOff(const std::string& value) {
    for (const char* off : {"false", "False", "FALSE", "0", "f", "F"}) {
        if (value == off) {
            return true;
        }
    }
    return false;
}

int64_t TtlSeconds(const roles::CollectionInfo& collection) {
    return std::strtoll(PropertyOf(collection, roles::kTtlProperty).c_str(), nullptr, 10);
}

const schema::FieldSchema* ExpiryField(const roles::CollectionInfo& collection) {
    const std::string name = PropertyOf(collection, roles::kTtlFieldProperty);
    return name.empty() ? nullptr : collection.schema.FindField(name);
}

const schema::FieldSchema* ClusteringKey(const roles::CollectionInfo& collection) {
    for (const schema::FieldSchema& field : collection.schema.fields) {
        if (field.is_clustering_key) {
            return &field;
        }
    }
    return nullptr;
}

// Rows inserted up to here have expired for every read at `moment` or later.
base::Timestamp ExpiredBefore(const roles::CollectionInfo& collection, base::Timestamp moment) {
    const int64_t seconds = TtlSeconds(collection);
    const int64_t oldest_ms = base::PhysicalMs(moment) - seconds * kMsPerSecond;
    return seconds <= 0 || oldest_ms <= 0 ? 0 : base::ComposeTimestamp(oldest_ms);
}

base::Timestamp Earlier(base::Timestamp moment, int64_t seconds) {
    const int64_t ms = base::PhysicalMs(moment) - seconds * kMsPerSecond;
    return ms <= 0 ? 0 : std::min(moment, base::ComposeTimestamp(ms));
}

// Failures of a switch that say that nothing was committed, and will not be.
bool IsRefusal(const base::Status& status) {
    switch (status.code()) {
        case base::Code::kSegmentNotFound:
        case base::Code::kChannelNotFound:
        case base::Code::kChannelFenced:
        case base::Code::kInvalidParameter:
        case base::Code::kDataCorruption:
            return true;
        default:
            return false;
    }
}

// The share of rows that has expired, as if inserts had come evenly.
double ExpiredShare(const roles::SegmentInfo& segment, base::Timestamp expired_ts) {
    if (expired_ts < segment.min_ts) {
        return 0;
    }
    if (expired_ts >= segment.max_ts) {
        return 1;
    }
    return static_cast<double>(expired_ts - segment.min_ts) /
           static_cast<double>(segment.max_ts - segment.min_ts);
}

}  // namespace

Compactor::Compactor(CompactionHost& host, CoordStore& store, object::ObjectStore& objects,
                     CompactorOptions options)
    : host_(host), store_(store), objects_(objects), options_(options) {}

Result<base::Timestamp> Compactor::Now() {
    ASSIGN_OR_RETURN(const roles::AllocResponse allocated,
                     partners_.root_coord->AllocTimestamps(CallContext(), {1}));
    return allocated.first;
}

// ---- Jobs

Result<roles::CompactResponse> Compactor::Compact(const CallContext& context,
                                                  const roles::CompactRequest& request) {
    base::MutexLock asking(ask_mutex_);
    {
        base::MutexLock lock(mutex_);
        const auto answered = answered_.find(request.request_id);
        if (!request.request_id.empty() && answered != answered_.end()) {
            return answered->second;
        }
    }
    const roles::CollectionInfo& collection = request.collection;
    if (request.kind == CompactionKind::kClustering && ClusteringKey(collection) == nullptr) {
        return roles::ClusteringNotSupported(collection.schema.name);
    }
    roles::CompactResponse response;
    if (options_.enabled) {
        Wish wish{0,
                  collection.id,
                  request.kind,
                  request.partition_id,
                  request.vchannel,
                  request.segment_ids,
                  request.target_mib,
                  0};
        ASSIGN_OR_RETURN(wish.asked_ts, Now());
        ASSIGN_OR_RETURN(Found found, FindWork(context, collection, wish, Cause::kAsked));
        ASSIGN_OR_RETURN(const JobPtr job, StartJob(context, wish, std::move(found.works), false));
        if (job != nullptr) {
            response = {job->wish.id, static_cast<int32_t>(job->plans.size())};
        }
    }
    base::MutexLock lock(mutex_);
    if (!request.request_id.empty()) {
        answered_[request.request_id] = response;
        answered_order_.push_back(request.request_id);
        if (answered_order_.size() > kAnswersKept) {
            answered_.erase(answered_order_.front());
            answered_order_.pop_front();
        }
    }
    return response;
}

Result<Compactor::JobPtr> Compactor::StartJob(const CallContext& context, const Wish& wish,
                                              std::vector<CompactionWork> works, bool automatic) {
    if (works.empty()) {
        return JobPtr();
    }
    auto job = std::make_shared<Job>();
    job->wish = wish;
    job->automatic = automatic;
    const uint32_t ids = static_cast<uint32_t>(works.size()) + 1;
    ASSIGN_OR_RETURN(const auto first, partners_.root_coord->AllocIds(context, {ids}));
    auto next_id = static_cast<int64_t>(first.first);
    if (wish.id == 0) {
        job->wish.id = next_id++;
    }
    if (!automatic) {
        catalog::Txn txn;
        txn.Set(WishKey(job->wish.id), base::Encode(job->wish));
        RETURN_IF_ERROR(store_.Commit(std::move(txn)));
    }
    {
        base::MutexLock lock(mutex_);
        if (stopping_) {
            return JobPtr();
        }
        for (CompactionWork& work : works) {
            const bool taken = std::any_of(work.inputs.begin(), work.inputs.end(),
                                           [&](const auto& in) { return busy_.contains(in.id); }) ||
                               (work.inputs.empty() && busy_channels_.contains(work.vchannel));
            if (taken) {
                continue;
            }
            auto plan = std::make_shared<Plan>();
            plan->info = {next_id++,
                          job->wish.id,
                          job->wish.collection_id,
                          work.partition_id,
                          work.vchannel,
                          work.kind,
                          PlanState::kWaiting,
                          {},
                          {},
                          ""};
            for (const roles::SegmentInfo& input : work.inputs) {
                busy_.insert(input.id);
                plan->info.sources.push_back(input.id);
            }
            if (work.inputs.empty()) {
                busy_channels_.insert(work.vchannel);
            }
            plan->work = std::move(work);
            job->plans.push_back(std::move(plan));
        }
        job->open = job->plans.size();
        if (!job->plans.empty()) {
            jobs_[job->wish.id] = job;
            running_ += job->plans.size();
            ForgetOldJobs();
        }
    }
    if (job->plans.empty()) {
        if (!automatic) {
            catalog::Txn txn;
            txn.Remove(WishKey(job->wish.id));
            RETURN_IF_ERROR(store_.Commit(std::move(txn)));
        }
        return JobPtr();
    }
    Submit(job);
    return job;
}

void Compactor::Submit(const JobPtr& job) {
    for (const PlanPtr& plan : job->plans) {
        if (plan->work.waits_for_reads && partners_.schedule != nullptr) {
            Schedule(options_.read_grace_ms, [this, job, plan] { SubmitPlan(job, plan); });
        } else {
            SubmitPlan(job, plan);
        }
    }
}

void Compactor::SubmitPlan(const JobPtr& job, const PlanPtr& plan) {
    {
        base::MutexLock lock(mutex_);
        if (stopping_) {
            return;
        }
        plan->submitted = true;
    }
    partners_.executor->Submit([this, job, plan] { RunPlan(job, plan); });
}

void Compactor::Schedule(int64_t delay_ms, sys::Task task) {
    partners_.schedule(delay_ms, [gate = gate_, task = std::move(task)] {
        base::MutexLock lock(gate->mutex);
        if (!gate->closed) {
            task();
        }
    });
}

void Compactor::ForgetOldJobs() {
    for (auto it = jobs_.begin(); jobs_.size() > kJobsKept && it != jobs_.end();) {
        it = it->second->open == 0 ? jobs_.erase(it) : std::next(it);
    }
}

base::Status Compactor::Recover() {
    ASSIGN_OR_RETURN(const auto wishes, store_.LoadAll<Wish>("compact/"));
    for (const Wish& wish : wishes) {
        const CallContext context;
        const auto collection =
            partners_.root_coord->DescribeCollection(context, {"", "", wish.collection_id});
        Found found;
        if (collection.ok()) {
            ASSIGN_OR_RETURN(found, FindWork(context, *collection, wish, Cause::kAsked));
        }
        ASSIGN_OR_RETURN(const JobPtr job, StartJob(context, wish, std::move(found.works), false));
        if (job == nullptr) {
            catalog::Txn txn;
            txn.Remove(WishKey(wish.id));
            RETURN_IF_ERROR(store_.Commit(std::move(txn)));
        }
    }
    for (const base::CollectionId id : host_.CollectionsWithFiles()) {
        OnChange(id);
    }
    return base::Status();
}

void Compactor::Stop() {
    {
        base::MutexLock lock(gate_->mutex);
        gate_->closed = true;
    }
    base::MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& [id, job] : jobs_) {
        for (const PlanPtr& plan : job->plans) {
            plan->context.Cancel();
            if (plan->info.state == PlanState::kWaiting && !plan->submitted) {
                plan->info.state = PlanState::kFailed;  // its timer finds the gate closed
                --running_;
            }
        }
    }
    while (running_ > 0) {
        idle_.Wait(mutex_);
    }
}

void Compactor::Cancel(base::CollectionId id) {
    base::MutexLock lock(mutex_);
    changed_.erase(id);
    expiring_.erase(id);
    for (const auto& [job_id, job] : jobs_) {
        if (job->wish.collection_id == id) {
            for (const PlanPtr& plan : job->plans) {
                plan->context.Cancel();
            }
        }
    }
}

roles::CompactionStatus Compactor::Status(const roles::CompactionQuery& query) const {
    roles::CompactionStatus status;
    base::MutexLock lock(mutex_);
    for (const auto& [id, job] : jobs_) {
        const bool asked = query.compaction_id != 0
                               ? id == query.compaction_id
                               : job->wish.collection_id == query.collection_id;
        if (!asked) {
            continue;
        }
        status.executing = status.executing || job->open > 0;
        for (const PlanPtr& plan : job->plans) {
            status.plans.push_back(plan->info);
        }
    }
    return status;
}

// ---- What there is to do

Result<std::vector<CompactionCandidate>> Compactor::Candidates(
    const CallContext& context, const roles::CollectionInfo& collection,
    const std::string& vchannel, const std::vector<roles::SegmentInfo>& segments,
    base::Timestamp wanted_ts) {
    roles::CompactionFactsRequest request;
    request.vchannel = vchannel;
    request.collection_id = collection.id;
    request.wanted_ts = Earlier(wanted_ts, options_.retention_s);
    for (const roles::SegmentInfo& segment : segments) {
        request.segment_ids.push_back(segment.id);
    }
    ASSIGN_OR_RETURN(const roles::CompactionFacts facts,
                     partners_.streaming_node->GetCompactionFacts(context, request));
    std::map<base::SegmentId, const roles::SegmentFacts*> by_id;
    for (const roles::SegmentFacts& segment : facts.segments) {
        by_id[segment.segment_id] = &segment;
    }
    // Expiry goes by the clock; whoever reads at an older moment is asked for again when it runs.
    const base::Timestamp expired_ts = ExpiredBefore(collection, request.wanted_ts);
    std::vector<CompactionCandidate> candidates;
    for (const roles::SegmentInfo& segment : segments) {
        const auto found = by_id.find(segment.id);
        if (found == by_id.end()) {
            continue;
        }
        CompactionCandidate& candidate = candidates.emplace_back();
        candidate.info = segment;
        candidate.deleted_rows = found->second->deleted_rows;
        candidate.droppable_rows = found->second->droppable_rows;
        candidate.expired_share = expired_ts == 0 ? 0 : ExpiredShare(segment, expired_ts);
        candidate.may_have_expired =
            candidate.expired_share > 0 || ExpiryField(collection) != nullptr;
    }
    return candidates;
}

std::vector<CompactionWork> Compactor::LevelZeroWork(const CompactionHost::Files& files,
                                                     const Wish& wish, size_t files_min) const {
    std::map<std::string, size_t> counts;
    for (const roles::DeleteFileInfo& file : files.delete_files) {
        if (wish.vchannel.empty() || wish.vchannel == file.vchannel) {
            ++counts[file.vchannel];
        }
    }
    std::vector<CompactionWork> works;
    for (const auto& [vchannel, count] : counts) {
        if (count >= files_min) {
            CompactionWork& work = works.emplace_back();
            work.kind = CompactionKind::kLevelZero;
            work.vchannel = vchannel;
        }
    }
    return works;
}

Result<Compactor::Found> Compactor::FindWork(const CallContext& context,
                                             const roles::CollectionInfo& collection,
                                             const Wish& wish, Cause cause) {
    const bool asked = cause == Cause::kAsked;
    const CompactionHost::Files files = host_.FilesOf(collection.id);
    if (wish.kind == CompactionKind::kLevelZero) {
        return Found{LevelZeroWork(files, wish, asked ? 2 : options_.limits.delete_files), false};
    }
    std::map<std::string, std::map<base::PartitionId, std::vector<roles::SegmentInfo>>> groups;
    {
        base::MutexLock lock(mutex_);
        const std::set<base::SegmentId> only(wish.segment_ids.begin(), wish.segment_ids.end());
        for (const roles::SegmentInfo& segment : files.segments) {
            const bool meant =
                (wish.partition_id == 0 || wish.partition_id == segment.partition_id) &&
                (wish.vchannel.empty() || wish.vchannel == segment.vchannel) &&
                (only.empty() || only.contains(segment.id));
            if (meant && !busy_.contains(segment.id)) {
                groups[segment.vchannel][segment.partition_id].push_back(segment);
            }
        }
    }
    Found all;
    for (const auto& [vchannel, partitions] : groups) {
        for (const auto& [partition_id, segments] : partitions) {
            ASSIGN_OR_RETURN(std::vector<CompactionCandidate> candidates,
                             Candidates(context, collection, vchannel, segments, wish.asked_ts));
            for (CompactionCandidate& candidate : candidates) {
                const uint64_t held = candidate.deleted_rows - candidate.droppable_rows;
                all.later = all.later || static_cast<double>(held) >=
                                             options_.limits.dropped_share *
                                                 static_cast<double>(candidate.info.rows);
                candidate.may_have_expired = candidate.may_have_expired && cause != Cause::kChanged;
            }
            std::vector<CompactionWork> found;
            if (wish.kind == CompactionKind::kClustering) {
                found = PlanClustering(std::move(candidates), options_.limits);
            } else if (wish.kind == CompactionKind::kForceMerge) {
                found =
                    PlanForceMerge(std::move(candidates), options_.limits, wish.target_mib << 20);
            } else {
                found = PlanMix(std::move(candidates), options_.limits, asked);
            }
            std::move(found.begin(), found.end(), std::back_inserter(all.works));
        }
    }
    return all;
}

// ---- One plan

void Compactor::RunPlan(const JobPtr& job, const PlanPtr& plan) {
    {
        base::MutexLock lock(mutex_);
        plan->info.state = PlanState::kExecuting;
    }
    base::Status status;
    for (int attempt = 0; attempt < options_.attempts_max; ++attempt) {
        status = Attempt(plan.get());
        if (status.ok() || plan->context.cancelled() ||
            status.code() == base::Code::kSegmentNotFound) {
            break;
        }
    }
    if (!status.ok()) {
        base::LogWarn(
            "compaction_failed",
            {{"compaction", job->wish.id}, {"vchannel", plan->work.vchannel}, {"reason", status}});
    }
    FinishPlan(job, plan, status);
}

base::Status Compactor::Attempt(Plan* plan) {
    RETURN_IF_ERROR(plan->context.Check(0));
    plan->keeps_files = false;
    return plan->work.inputs.empty() ? AttemptLevelZero(plan) : AttemptSegments(plan);
}

base::Status Compactor::AttemptLevelZero(Plan* plan) {
    roles::SwitchSegmentsRequest request;
    request.vchannel = plan->work.vchannel;
    request.collection_id = plan->info.collection_id;
    request.gathers_deletes = true;
    return partners_.streaming_node->SwitchSegments(plan->context, request).status();
}

base::Status Compactor::AttemptSegments(Plan* plan) {
    ASSIGN_OR_RETURN(const roles::CollectionInfo collection,
                     partners_.root_coord->DescribeCollection(plan->context,
                                                              {"", "", plan->info.collection_id}));
    base::Timestamp horizon = 0;
    ASSIGN_OR_RETURN(const roles::CompactSegmentsRequest request,
                     RequestFor(*plan, collection, &horizon));
    const auto written = partners_.data_node->CompactSegments(plan->context, request);
    if (written.ok() && written->unchanged) {
        return base::Status();
    }
    const base::Status done = written.ok()
                                  ? Finish(plan, collection, *written, request.origin_key, horizon)
                                  : written.status();
    std::vector<roles::SegmentInfo> leftovers;
    for (const base::SegmentId id : request.output_ids) {
        roles::SegmentInfo& output = leftovers.emplace_back(request.inputs[0]);
        output.id = id;
    }
    if (done.ok()) {
        leftovers.clear();
    }
    if (!plan->keeps_files) {
        Discard(leftovers, request.origin_key);
    }
    return done;
}

Result<roles::CompactSegmentsRequest> Compactor::RequestFor(const Plan& plan,
                                                            const roles::CollectionInfo& collection,
                                                            base::Timestamp* horizon) {
    roles::CompactionFactsRequest facts_request;
    facts_request.vchannel = plan.work.vchannel;
    facts_request.collection_id = collection.id;
    ASSIGN_OR_RETURN(const base::Timestamp now, Now());
    facts_request.wanted_ts = Earlier(now, options_.retention_s);
    facts_request.segment_ids = plan.info.sources;
    facts_request.with_deletes = true;
    ASSIGN_OR_RETURN(roles::CompactionFacts facts,
                     partners_.streaming_node->GetCompactionFacts(plan.context, facts_request));
    *horizon = facts.horizon_ts;
    roles::CompactSegmentsRequest request;
    request.schema = collection.schema;
    request.inputs = plan.work.inputs;
    std::map<base::SegmentId, segment::DeleteRun> deletes;
    for (roles::SegmentFacts& segment : facts.segments) {
        deletes[segment.segment_id] = std::move(segment.deletes);
    }
    for (const roles::SegmentInfo& input : request.inputs) {
        if (!deletes.contains(input.id)) {
            return base::Status::WithFields(base::Code::kSegmentNotFound,
                                            {{"segment", std::to_string(input.id)}});
        }
        request.deletes.push_back(std::move(deletes[input.id]));
    }
    request.expired_ts = ExpiredBefore(collection, *horizon);
    if (const schema::FieldSchema* field = ExpiryField(collection); field != nullptr) {
        request.expiry_field = field->id;
        request.expiry_us = base::PhysicalMs(*horizon) * kUsPerMs;
    }
    if (plan.work.kind == CompactionKind::kClustering) {
        const schema::FieldSchema* key = ClusteringKey(collection);
        if (key == nullptr) {
            return roles::ClusteringNotSupported(collection.schema.name);
        }
        request.order_field = key->id;
    }
    request.keeps_unchanged =
        plan.work.kind == CompactionKind::kMix || (plan.work.kind == CompactionKind::kForceMerge &&
                                                   plan.work.outputs == request.inputs.size());
    request.dropped_share_min = plan.work.dropped_share_min;
    const auto count = static_cast<uint32_t>(plan.work.outputs);
    ASSIGN_OR_RETURN(const auto ids, partners_.root_coord->AllocIds(plan.context, {count}));
    for (uint32_t i = 0; i < count; ++i) {
        request.output_ids.push_back(static_cast<base::SegmentId>(ids.first + i));
    }
    const roles::SegmentInfo& first = request.inputs[0];
    request.origin_key = "segments/" + std::to_string(first.collection_id) + "/" +
                         std::to_string(first.partition_id) + "/" +
                         std::to_string(request.output_ids[0]) + "/origins";
    return request;
}

base::Status Compactor::Finish(Plan* plan, const roles::CollectionInfo& collection,
                               const roles::CompactSegmentsResponse& written,
                               const std::string& origin_key, base::Timestamp horizon) {
    roles::SwitchSegmentsRequest request;
    request.vchannel = plan->work.vchannel;
    request.collection_id = collection.id;
    request.inputs = plan->info.sources;
    request.outputs = written.outputs;
    request.origin_key = origin_key;
    request.compacted_ts = horizon;
    for (const roles::SegmentInfo& output : written.outputs) {
        RETURN_IF_ERROR(plan->context.Check(0));
        std::vector<roles::IndexToLoad> built =
            host_.BuildIndexes(plan->context, collection, output);
        std::move(built.begin(), built.end(), std::back_inserter(request.indexes));
    }
    RETURN_IF_ERROR(plan->context.Check(0));
    const base::Status switched =
        partners_.streaming_node->SwitchSegments(plan->context, request).status();
    if (!switched.ok() && !IsSwitched(*plan, written.outputs)) {
        plan->keeps_files = !IsRefusal(switched);
        return switched;
    }
    base::MutexLock lock(mutex_);
    for (const roles::SegmentInfo& output : written.outputs) {
        plan->info.targets.push_back(output.id);
    }
    return base::Status();
}

// What the catalog says, when the answer of the switch was lost.
bool Compactor::IsSwitched(const Plan& plan, const std::vector<roles::SegmentInfo>& outputs) const {
    std::set<base::SegmentId> there;
    for (const roles::SegmentInfo& segment : host_.FilesOf(plan.info.collection_id).segments) {
        there.insert(segment.id);
    }
    if (!outputs.empty()) {
        return there.contains(outputs[0].id);
    }
    return std::none_of(plan.info.sources.begin(), plan.info.sources.end(),
                        [&](base::SegmentId id) { return there.contains(id); });
}

// Files that nobody names; one that stays behind goes with the next start.
void Compactor::Discard(const std::vector<roles::SegmentInfo>& outputs,
                        const std::string& origin_key) {
    base::Status status = objects_.Delete(origin_key);
    for (const roles::SegmentInfo& output : outputs) {
        const std::string collection = std::to_string(output.collection_id);
        const std::string id = std::to_string(output.id);
        const base::Status data = objects_.DeletePrefix(
            "segments/" + collection + "/" + std::to_string(output.partition_id) + "/" + id + "/");
        const base::Status index = objects_.DeletePrefix("index/" + collection + "/" + id + "/");
        status = !data.ok() ? data : !index.ok() ? index : status;
    }
    if (!status.ok()) {
        base::LogWarn("compaction_files_not_deleted", {{"reason", status}});
    }
}

void Compactor::FinishPlan(const JobPtr& job, const PlanPtr& plan, const base::Status& status) {
    bool last = false;
    {
        base::MutexLock lock(mutex_);
        plan->info.state = status.ok() ? PlanState::kCompleted : PlanState::kFailed;
        plan->info.fail_reason = status.ok() ? "" : status.reason();
        for (const base::SegmentId id : plan->info.sources) {
            busy_.erase(id);
        }
        if (plan->work.inputs.empty()) {
            busy_channels_.erase(plan->work.vchannel);
        }
        last = --job->open == 0;
    }
    if (status.ok()) {
        host_.OnCompacted(job->wish.collection_id);
    }
    if (last && !job->automatic) {
        bool stopping = false;
        {
            base::MutexLock lock(mutex_);
            stopping = stopping_;
        }
        catalog::Txn txn;
        txn.Remove(WishKey(job->wish.id));
        // A stop is no end: the next start goes on with it.
        const base::Status removed = stopping ? base::Status() : store_.Commit(std::move(txn));
        if (!removed.ok()) {
            base::LogWarn("compaction_record_left", {{"reason", removed}});
        }
    }
    base::MutexLock lock(mutex_);
    --running_;
    idle_.NotifyAll();
}

// ---- By itself

void Compactor::OnChange(base::CollectionId id) {
    {
        base::MutexLock lock(mutex_);
        changed_.insert(id);
        looked_soon_.erase(id);
    }
    ArmTimer();
}

void Compactor::ArmTimer() {
    if (!options_.enabled || !options_.automatic || partners_.schedule == nullptr) {
        return;
    }
    {
        base::MutexLock lock(mutex_);
        if (stopping_ || timer_armed_ || (changed_.empty() && expiring_.empty())) {
            return;
        }
        timer_armed_ = true;
    }
    const int64_t seconds = std::min(options_.level_zero_interval_s, options_.mix_interval_s);
    Schedule(seconds * kMsPerSecond, [this] {
        {
            base::MutexLock lock(mutex_);
            ++running_;
        }
        partners_.executor->Submit([this] { OnTimer(); });
    });
}

void Compactor::OnTimer() {
    std::set<base::CollectionId> due;
    bool merges = false;
    bool stopping = false;
    {
        base::MutexLock lock(mutex_);
        timer_armed_ = false;
        stopping = stopping_;
        const int64_t per_mix = std::max<int64_t>(
            1, options_.mix_interval_s / std::max<int64_t>(1, options_.level_zero_interval_s));
        merges = ++ticks_ % per_mix == 0;
        if (merges) {
            due = std::move(changed_);
            changed_.clear();
            looked_soon_.clear();
            for (const auto& [id, looked_s] : expiring_) {
                due.insert(id);
            }
        } else {
            std::set_difference(changed_.begin(), changed_.end(), looked_soon_.begin(),
                                looked_soon_.end(), std::inserter(due, due.end()));
            looked_soon_ = changed_;
        }
    }
    for (const base::CollectionId id : due) {
        if (!stopping) {
            LookAt(id, merges);
        }
    }
    ArmTimer();
    base::MutexLock lock(mutex_);
    --running_;
    idle_.NotifyAll();
}

void Compactor::LookAt(base::CollectionId id, bool merges) {
    const CallContext context;
    const auto collection = partners_.root_coord->DescribeCollection(context, {"", "", id});
    const auto now = Now();
    if (!collection.ok() || !now.ok()) {
        base::MutexLock lock(mutex_);
        expiring_.erase(id);
        return;
    }
    if (IsOff(PropertyOf(*collection, roles::kAutoCompactionProperty))) {
        return;
    }
    base::Status planned = StartWhatIsDue(*collection, CompactionKind::kLevelZero, *now);
    if (planned.ok() && merges) {
        planned = StartWhatIsDue(*collection, CompactionKind::kMix, *now);
    }
    if (!planned.ok()) {
        base::LogWarn("compaction_not_planned", {{"collection", id}, {"reason", planned}});
        base::MutexLock lock(mutex_);
        changed_.insert(id);
    }
}

base::Status Compactor::StartWhatIsDue(const roles::CollectionInfo& collection, CompactionKind kind,
                                       base::Timestamp now) {
    const CallContext context;
    const Wish wish{0, collection.id, kind, 0, "", {}, 0, now};
    const Cause cause = kind == CompactionKind::kMix ? CauseOf(collection, now) : Cause::kChanged;
    ASSIGN_OR_RETURN(Found found, FindWork(context, collection, wish, cause));
    RETURN_IF_ERROR(StartJob(context, wish, std::move(found.works), true).status());
    base::MutexLock lock(mutex_);
    if (found.later) {
        changed_.insert(collection.id);
    }
    return base::Status();
}

// Notes that rows of the collection expire, and says whether to look for such rows now.
Compactor::Cause Compactor::CauseOf(const roles::CollectionInfo& collection, base::Timestamp now) {
    base::MutexLock lock(mutex_);
    const bool by_field = ExpiryField(collection) != nullptr;
    if (!by_field && TtlSeconds(collection) <= 0) {
        expiring_.erase(collection.id);
        return Cause::kChanged;
    }
    int64_t& looked_s = expiring_[collection.id];
    const int64_t now_s = base::PhysicalMs(now) / kMsPerSecond;
    if (!by_field || now_s < looked_s + kExpiryLookSeconds) {
        return Cause::kChanged;
    }
    looked_s = now_s;
    return Cause::kExpiryLook;
}

}  // namespace elanus::coord
