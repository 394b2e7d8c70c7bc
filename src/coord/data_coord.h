// DataCoordImpl: segments, delete files, checkpoints and indexes (roles/data_coord.h), the queue of
// index builds (index_builds.cc), and the commits of compactions; which there are is the
// compactor's (compactor.h).
//
// Everything is read from the catalog once, at Open; a change goes to the catalog first. Which
// index builds are due follows from what is there (a flushed segment with enough rows and no
// finished index), so no queue has to survive a restart. Threads: any; builds run on the background
// executor, at most one per worker.
#pragma once

#include "base/mutex.h"
#include "coord/compactor.h"
#include "coord/coord_store.h"
#include "object/object_store.h"
#include "roles/data_coord.h"
#include "roles/data_node.h"
#include "roles/root_coord.h"
#include "roles/streaming_node.h"
#include "sys/clock.h"
#include "sys/executor.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace elanus::coord {

struct DataCoordOptions {
    // Smaller segments are searched without an index, as in Milvus.
    uint64_t min_rows_to_index = 1024;
    int build_attempts_max = 3;
    CompactorOptions compaction;
};

struct DataCoordPartners {
    roles::RootCoord* root_coord = nullptr;
    roles::StreamingNode* streaming_node = nullptr;
    roles::DataNode* data_node = nullptr;
    sys::Executor* compaction = nullptr;  // null: compactions run where index builds do
    // Runs the task once, later. Absent: no compaction comes by itself.
    std::function<void(int64_t delay_ms, sys::Task)> schedule;
};

class DataCoordImpl : public roles::DataCoord, private CompactionHost {
  public:
    DataCoordImpl(CoordStore& store, object::ObjectStore& objects, sys::Executor& background,
                  DataCoordOptions options);
    ~DataCoordImpl() override;

    base::Status Open();
    void Connect(DataCoordPartners partners);
    // Removes files of older runs that no record names; before anything new is written.
    base::Status RemoveLeftovers();
    // Starts the index builds and compactions that are due; the streaming node has recovered.
    void Recover();
    // No new builds and compactions; waits for those that run.
    void Stop();

    base::Result<roles::Empty> CommitFlush(const base::CallContext&,
                                           const roles::FlushSwap&) override;
    base::Result<roles::Empty> CommitCompaction(const base::CallContext&,
                                                const roles::CompactionSwap&) override;
    base::Result<roles::ChannelRecovery> RecoverChannel(const base::CallContext&,
                                                        const roles::ChannelName&) override;
    base::Result<roles::SegmentList> ListSegments(const base::CallContext&,
                                                  const roles::OfCollection&) override;
    base::Result<roles::Empty> DropCollectionData(const base::CallContext&,
                                                  const roles::OfCollection&) override;
    base::Result<roles::Empty> DropPartitionData(const base::CallContext&,
                                                 const roles::OfPartition&) override;
    base::Result<roles::Empty> CreateIndex(const base::CallContext&,
                                           const roles::CreateIndexRequest&) override;
    base::Result<roles::Empty> DropIndex(const base::CallContext&,
                                         const roles::DropIndexRequest&) override;
    base::Result<roles::Empty> AlterIndex(const base::CallContext&,
                                          const roles::AlterIndexRequest&) override;
    base::Result<roles::IndexList> ListIndexes(const base::CallContext&,
                                               const roles::OfCollection&) override;
    base::Result<roles::CompactResponse> Compact(const base::CallContext&,
                                                 const roles::CompactRequest&) override;
    base::Result<roles::CompactionStatus> GetCompaction(const base::CallContext&,
                                                        const roles::CompactionQuery&) override;

  private:
    using BuildKey = std::pair<base::SegmentId, base::IndexId>;

    // A build that waits for a worker or runs.
    struct RunningBuild {
        int attempt = 0;
        double share = 0;  // of this attempt, the highest known
    };

    // What is known of one collection.
    struct CollectionData {
        std::map<base::SegmentId, roles::SegmentInfo> segments;
        std::map<base::SegmentId, roles::DeleteFileInfo> delete_files;
        std::map<std::string, roles::ChannelCheckpoint> checkpoints;
        std::map<base::IndexId, roles::IndexInfo> indexes;
        std::map<BuildKey, roles::SegmentIndexInfo> segment_indexes;
    };

    bool NeedsBuild(const roles::IndexInfo& index, const roles::SegmentInfo& segment) const;
    // Starts every build of the collection that is due and not running.
    // What a truncation leaves to be removed with the flush.
    struct TruncatedFiles {
        std::vector<roles::SegmentInfo> segments;
        std::vector<roles::DeleteFileInfo> delete_files;
    };
    TruncatedFiles FilesUpTo(const roles::FlushSwap& swap) const;

    // Compactions (compaction_commit.cc).
    Files FilesOf(base::CollectionId id) const override;
    std::vector<base::CollectionId> CollectionsWithFiles() const override;
    std::vector<roles::IndexToLoad> BuildIndexes(const base::CallContext& context,
                                                 const roles::CollectionInfo& collection,
                                                 const roles::SegmentInfo& segment) override;
    void OnCompacted(base::CollectionId id) override;
    // What a compaction takes out of the catalog; kSegmentNotFound when an input is not there.
    struct ReplacedFiles {
        bool is_repeat = false;
        std::vector<roles::SegmentInfo> segments;
        std::vector<roles::DeleteFileInfo> delete_files;
        std::vector<roles::SegmentIndexInfo> kept_indexes;  // of the outputs, of existing indexes
        roles::ChannelCheckpoint checkpoint;
    };
    base::Result<ReplacedFiles> FilesReplacedBy(const roles::CompactionSwap& swap) const;
    void TakeOver(const roles::CompactionSwap& swap, const ReplacedFiles& replaced)
        REQUIRES(mutex_);
    base::Status DeleteFilesOf(const std::vector<roles::SegmentInfo>& segments,
                               const std::vector<roles::DeleteFileInfo>& delete_files);
    void ScheduleBuilds(base::CollectionId collection_id) EXCLUDES(mutex_);
    void Build(base::CollectionId collection_id, BuildKey key);
    base::Status RunBuild(const base::CallContext& context, const roles::BuildIndexRequest& request,
                          roles::SegmentIndexInfo* result);
    void NoteAttempt(BuildKey key, int attempt);
    // Raises the share of a running build; nothing when it has ended or is at another attempt.
    void NoteShare(BuildKey key, int attempt, double share);
    void AskForBuildShares(const base::CallContext& context, base::CollectionId id);
    void NoteFailure(const roles::SegmentIndexInfo& failed);
    void FinishBuild(const roles::BuildIndexRequest& request,
                     const roles::SegmentIndexInfo& result);
    roles::IndexProgress ProgressOf(const CollectionData& data, const roles::IndexInfo& index) const
        REQUIRES(mutex_);
    // How many rows of the segment the running build has done.
    uint64_t RowsDone(BuildKey key, uint64_t rows) const REQUIRES(mutex_);

    CoordStore& store_;
    object::ObjectStore& objects_;
    sys::Executor& background_;
    const DataCoordOptions options_;
    DataCoordPartners partners_;
    Compactor compactor_;

    base::Mutex change_mutex_;  // one catalog change at a time
    mutable base::Mutex mutex_;
    base::CondVar idle_;
    std::map<base::CollectionId, CollectionData> collections_ GUARDED_BY(mutex_);
    std::map<BuildKey, RunningBuild> running_ GUARDED_BY(mutex_);
    std::map<BuildKey, int> failures_ GUARDED_BY(mutex_);
    bool stopping_ GUARDED_BY(mutex_) = false;
    const base::CallContext builds_context_;  // of all builds; Stop() cancels it
};

}  // namespace elanus::coord
