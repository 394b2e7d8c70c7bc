// Compactor: compaction jobs: which are due, what they are made of, how far they are.
//
// A job is a client's wish or an automatic one; it consists of plans, each over segments that no
// other plan has. A plan goes: facts from the channel's owner, files from a data node, indexes,
// then the switch by the owner. Whatever fails before the commit leaves no trace but files, which
// are deleted here or by the next start. A client's job is a record in the catalog (`compact/ID`)
// until it is done, and starts anew after a restart; automatic ones follow from what is there.
// Automatic triggers are timers that exist only while some collection has changed since it was
// looked at, or has rows that expire.
// Invariants:
//   INV-COMPACTOR-1  A segment is an input of one running plan at most.
// Threads: any; plans run on the compaction executor.
#pragma once

#include "base/mutex.h"
#include "coord/compaction_plan.h"
#include "coord/coord_store.h"
#include "object/object_store.h"
#include "roles/data_node.h"
#include "roles/root_coord.h"
#include "roles/streaming_node.h"
#include "sys/executor.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace elanus::coord {

struct CompactorOptions {
    bool enabled = true;    // clients may ask
    bool automatic = true;  // and some comes by itself
    CompactionLimits limits;
    int64_t retention_s = 0;      // rows deleted later than so long ago stay
    int64_t mix_interval_s = 60;  // how long after a change merges are looked for
    int64_t level_zero_interval_s = 10;
    int64_t read_grace_ms = 1'050;  // a little more than the streaming node's
    int attempts_max = 3;
};

struct CompactorPartners {
    roles::RootCoord* root_coord = nullptr;
    roles::StreamingNode* streaming_node = nullptr;
    roles::DataNode* data_node = nullptr;
    sys::Executor* executor = nullptr;
    // Runs the task once, later. Absent: nothing comes by itself.
    std::function<void(int64_t delay_ms, sys::Task)> schedule;
};

// What the compactor needs of DataCoord.
class CompactionHost {
  public:
    virtual ~CompactionHost() = default;
    struct Files {
        std::vector<roles::SegmentInfo> segments;  // flushed ones
        std::vector<roles::DeleteFileInfo> delete_files;
    };
    virtual Files FilesOf(base::CollectionId id) const = 0;
    virtual std::vector<base::CollectionId> CollectionsWithFiles() const = 0;
    // Builds the indexes that such a segment is due before it is committed. One that fails is left
    // out, and built after.
    virtual std::vector<roles::IndexToLoad> BuildIndexes(const base::CallContext& context,
                                                         const roles::CollectionInfo& collection,
                                                         const roles::SegmentInfo& segment) = 0;
    virtual void OnCompacted(base::CollectionId id) = 0;
};

class Compactor {
  public:
    Compactor(CompactionHost& host, CoordStore& store, object::ObjectStore& objects,
              CompactorOptions options);

    void Connect(CompactorPartners partners) { partners_ = std::move(partners); }
    // Starts jobs of before the restart anew; the streaming node has recovered.
    base::Status Recover();
    // No new plans; waits for those that run.
    void Stop();

    base::Result<roles::CompactResponse> Compact(const base::CallContext& context,
                                                 const roles::CompactRequest& request);
    roles::CompactionStatus Status(const roles::CompactionQuery& query) const;
    // Segments or deletes of the collection have come.
    void OnChange(base::CollectionId id);
    // The collection goes: what runs for it ends soon.
    void Cancel(base::CollectionId id);

  private:
    // A client's wish as the catalog keeps it.
    struct Wish {
        int64_t id = 0;
        base::CollectionId collection_id = 0;
        roles::CompactionKind kind = roles::CompactionKind::kMix;
        base::PartitionId partition_id = 0;
        std::string vchannel;
        std::vector<base::SegmentId> segment_ids;
        uint64_t target_mib = 0;
        base::Timestamp asked_ts = 0;
        template <typename A>
        void Visit(A& a) {
            a(id, collection_id, kind, partition_id, vchannel, segment_ids, target_mib, asked_ts);
        }
    };
    struct Plan {
        roles::CompactionPlanInfo info;
        CompactionWork work;
        base::CallContext context;  // cancelled when the collection goes
        bool submitted = false;     // to the executor: it will be run
        // A switch may still come about: its files are left for the next start to judge.
        bool keeps_files = false;
    };
    using PlanPtr = std::shared_ptr<Plan>;
    struct Job {
        Wish wish;
        bool automatic = false;
        std::vector<PlanPtr> plans;
        size_t open = 0;  // plans that are not finished
    };
    using JobPtr = std::shared_ptr<Job>;

    // Keeps timers from reaching a compactor that has stopped.
    struct Gate {
        base::Mutex mutex;
        bool closed GUARDED_BY(mutex) = false;
    };
    enum class Cause { kAsked, kChanged, kExpiryLook };
    struct Found {
        std::vector<CompactionWork> works;
        bool later = false;  // rows are deleted that somebody may still see
    };

    base::Result<Found> FindWork(const base::CallContext& context,
                                 const roles::CollectionInfo& collection, const Wish& wish,
                                 Cause cause);
    base::Result<std::vector<CompactionCandidate>> Candidates(
        const base::CallContext& context, const roles::CollectionInfo& collection,
        const std::string& vchannel, const std::vector<roles::SegmentInfo>& segments,
        base::Timestamp wanted_ts);
    std::vector<CompactionWork> LevelZeroWork(const CompactionHost::Files& files, const Wish& wish,
                                              size_t files_min) const;
    // Null when there is nothing left to do.
    base::Result<JobPtr> StartJob(const base::CallContext& context, const Wish& wish,
                                  std::vector<CompactionWork> works, bool automatic);
    void Submit(const JobPtr& job);
    void SubmitPlan(const JobPtr& job, const PlanPtr& plan);
    void Schedule(int64_t delay_ms, sys::Task task);

    void RunPlan(const JobPtr& job, const PlanPtr& plan);
    base::Status Attempt(Plan* plan);
    base::Status AttemptSegments(Plan* plan);
    base::Status AttemptLevelZero(Plan* plan);
    base::Result<roles::CompactSegmentsRequest> RequestFor(const Plan& plan,
                                                           const roles::CollectionInfo& collection,
                                                           base::Timestamp* horizon);
    base::Status Finish(Plan* plan, const roles::CollectionInfo& collection,
                        const roles::CompactSegmentsResponse& written,
                        const std::string& origin_key, base::Timestamp horizon);
    bool IsSwitched(const Plan& plan, const std::vector<roles::SegmentInfo>& outputs) const;
    void Discard(const std::vector<roles::SegmentInfo>& outputs, const std::string& origin_key);
    void FinishPlan(const JobPtr& job, const PlanPtr& plan, const base::Status& status);
    void ForgetOldJobs() REQUIRES(mutex_);

    void ArmTimer() EXCLUDES(mutex_);
    void OnTimer();
    void LookAt(base::CollectionId id, bool merges);
    base::Status StartWhatIsDue(const roles::CollectionInfo& collection, roles::CompactionKind kind,
                                base::Timestamp now);
    Cause CauseOf(const roles::CollectionInfo& collection, base::Timestamp now);
    base::Result<base::Timestamp> Now();

    CompactionHost& host_;
    CoordStore& store_;
    object::ObjectStore& objects_;
    const CompactorOptions options_;
    CompactorPartners partners_;
    const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();

    base::Mutex ask_mutex_;  // one Compact() at a time
    mutable base::Mutex mutex_;
    base::CondVar idle_;
    std::map<int64_t, JobPtr> jobs_ GUARDED_BY(mutex_);                          // by id, so by age
    std::map<std::string, roles::CompactResponse> answered_ GUARDED_BY(mutex_);  // by request id
    std::deque<std::string> answered_order_ GUARDED_BY(mutex_);
    std::set<base::SegmentId> busy_ GUARDED_BY(mutex_);
    std::set<std::string> busy_channels_ GUARDED_BY(mutex_);  // their delete files are gathered
    std::set<base::CollectionId> changed_ GUARDED_BY(mutex_);
    std::set<base::CollectionId> looked_soon_ GUARDED_BY(mutex_);        // for delete files already
    std::map<base::CollectionId, int64_t> expiring_ GUARDED_BY(mutex_);  // last look at its rows, s
    int64_t ticks_ GUARDED_BY(mutex_) = 0;
    bool timer_armed_ GUARDED_BY(mutex_) = false;
    bool stopping_ GUARDED_BY(mutex_) = false;
    size_t running_ GUARDED_BY(mutex_) = 0;
};

}  // namespace elanus::coord
