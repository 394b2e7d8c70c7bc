// A streaming node with small partners around it: coordinators in memory (DataCoord keeps its state
// on the same disk), a query node that checks what it is sent, and a disk that can lose its power.
#pragma once

#include "object/local_object_store.h"
#include "reduce/segment_reads.h"
#include "segment/sealed_segment.h"
#include "streaming/streaming_node.h"
#include "sys/sim_file_system.h"
#include "wal/local_log.h"

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace elanus::streaming {

inline constexpr base::FieldId kKeyField = 100;
inline constexpr base::FieldId kVectorField = 101;
inline constexpr base::FieldId kNumberField = 102;
inline constexpr uint32_t kDim = 4;
inline constexpr base::PartitionId kPartition = 11;
inline constexpr base::PartitionId kOtherPartition = 12;
inline constexpr base::NodeId kQueryNode = 7;

roles::CollectionInfo MakeCollection(base::CollectionId id, int shards = 1);
schema::ColumnBatch MakeRows(const std::map<int64_t, int64_t>& numbers_by_key);
schema::PrimaryKeys MakeKeys(const std::vector<int64_t>& keys);

// Timestamps and ids; the rest is not called by a streaming node.
class FakeRootCoord : public roles::RootCoord {
  public:
    using Context = base::CallContext;
    template <typename T>
    using Answer = base::Result<T>;
    static base::Status No() { return base::Internal("not called in this test"); }

    Answer<roles::Empty> CreateDatabase(const Context&,
                                        const roles::CreateDatabaseRequest&) override {
        return No();
    }
    Answer<roles::Empty> DropDatabase(const Context&, const roles::DatabaseName&) override {
        return No();
    }
    Answer<roles::Empty> AlterDatabase(const Context&,
                                       const roles::AlterDatabaseRequest&) override {
        return No();
    }
    Answer<roles::DatabaseInfo> DescribeDatabase(const Context&,
                                                 const roles::DatabaseName&) override {
        return No();
    }
    Answer<roles::DatabaseList> ListDatabases(const Context&, const roles::Empty&) override {
        return No();
    }
    Answer<roles::CollectionInfo> CreateCollection(const Context&,
                                                   const roles::CreateCollectionRequest&) override {
        return No();
    }
    Answer<roles::Empty> DropCollection(const Context&, const roles::CollectionRef&) override {
        return No();
    }
    Answer<roles::Empty> RenameCollection(const Context&,
                                          const roles::RenameCollectionRequest&) override {
        return No();
    }
    Answer<roles::Empty> AlterCollection(const Context&,
                                         const roles::AlterCollectionRequest&) override {
        return No();
    }
    Answer<roles::Empty> AlterSchema(const Context&, const roles::AlterSchemaRequest&) override {
        return No();
    }
    Answer<roles::Empty> TruncateCollection(const Context&,
                                            const roles::TruncateRequest&) override {
        return No();
    }
    Answer<roles::CollectionInfo> DescribeCollection(const Context&,
                                                     const roles::CollectionRef&) override {
        return No();
    }
    Answer<roles::CollectionList> ListCollections(const Context&,
                                                  const roles::DatabaseName&) override {
        return No();
    }
    Answer<roles::Empty> CreatePartition(const Context&, const roles::PartitionRequest&) override {
        return No();
    }
    Answer<roles::Empty> DropPartition(const Context&, const roles::PartitionRequest&) override {
        return No();
    }
    Answer<roles::Empty> CreateAlias(const Context&, const roles::AliasRequest&) override {
        return No();
    }
    Answer<roles::Empty> AlterAlias(const Context&, const roles::AliasRequest&) override {
        return No();
    }
    Answer<roles::Empty> DropAlias(const Context&, const roles::AliasRequest&) override {
        return No();
    }
    Answer<roles::AliasInfo> DescribeAlias(const Context&, const roles::AliasRequest&) override {
        return No();
    }
    Answer<roles::AliasList> ListAliases(const Context&, const roles::AliasRequest&) override {
        return No();
    }
    Answer<roles::Empty> AddFileResource(const Context&, const roles::FileResourceInfo&) override {
        return No();
    }
    Answer<roles::Empty> RemoveFileResource(const Context&,
                                            const roles::FileResourceInfo&) override {
        return No();
    }
    Answer<roles::FileResourceList> ListFileResources(const Context&,
                                                      const roles::Empty&) override {
        return No();
    }
    Answer<roles::AllocResponse> AllocTimestamps(const Context&,
                                                 const roles::AllocRequest& request) override {
        return roles::AllocResponse{timestamps_.fetch_add(request.count)};
    }
    Answer<roles::AllocResponse> AllocIds(const Context&,
                                          const roles::AllocRequest& request) override {
        return roles::AllocResponse{ids_.fetch_add(request.count)};
    }
    base::Timestamp Now() { return timestamps_.fetch_add(1); }

  private:
    std::atomic<uint64_t> timestamps_{1000};
    std::atomic<uint64_t> ids_{500};
};

// Commits flushes by one file of the disk, and reads the newest one when it is made.
class FakeDataCoord : public roles::DataCoord {
  public:
    explicit FakeDataCoord(sys::FileSystem& disk);

    base::Result<roles::Empty> CommitFlush(const base::CallContext&,
                                           const roles::FlushSwap& swap) override;
    base::Result<roles::ChannelRecovery> RecoverChannel(const base::CallContext&,
                                                        const roles::ChannelName& name) override;
    base::Result<roles::SegmentList> ListSegments(const base::CallContext&,
                                                  const roles::OfCollection&) override;
    base::Result<roles::Empty> DropCollectionData(const base::CallContext&,
                                                  const roles::OfCollection&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> DropPartitionData(const base::CallContext&,
                                                 const roles::OfPartition& of) override;
    base::Result<roles::Empty> CreateIndex(const base::CallContext&,
                                           const roles::CreateIndexRequest&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> DropIndex(const base::CallContext&,
                                         const roles::DropIndexRequest&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> AlterIndex(const base::CallContext&,
                                          const roles::AlterIndexRequest&) override {
        return roles::Empty();
    }
    base::Result<roles::IndexList> ListIndexes(const base::CallContext&,
                                               const roles::OfCollection&) override {
        return roles::IndexList();
    }
    base::Result<roles::Empty> CommitCompaction(const base::CallContext&,
                                                const roles::CompactionSwap& swap) override;
    base::Result<roles::CompactResponse> Compact(const base::CallContext&,
                                                 const roles::CompactRequest&) override {
        return roles::CompactResponse();
    }
    base::Result<roles::CompactionStatus> GetCompaction(const base::CallContext&,
                                                        const roles::CompactionQuery&) override {
        return roles::CompactionStatus();
    }

    // The next n commits fail; `lost_reply`: after they have taken effect.
    void FailCommits(int n, bool lost_reply) {
        fail_commits_ = n;
        lost_reply_ = lost_reply;
    }
    int commits() const { return commits_; }

  private:
    struct State {
        std::map<std::string, roles::ChannelRecovery> channels;
        template <typename A>
        void Visit(A& a) {
            a(channels);
        }
    };
    base::Status Save() REQUIRES(mutex_);

    sys::FileSystem& disk_;
    base::Mutex mutex_;
    State state_ GUARDED_BY(mutex_);
    uint64_t version_ GUARDED_BY(mutex_) = 0;
    std::atomic<int> fail_commits_{0};
    std::atomic<bool> lost_reply_{false};
    std::atomic<int> commits_{0};
};

// Holds loaded segments; refuses reads for which it lacks a batch.
class FakeQueryNode : public roles::QueryNode {
  public:
    explicit FakeQueryNode(object::ObjectStore& objects, sys::Executor& executor)
        : objects_(objects), executor_(executor) {}

    base::Result<roles::Empty> LoadSegment(const base::CallContext&,
                                           const roles::LoadSegmentRequest& request) override;
    base::Result<roles::Empty> ReleaseSegments(
        const base::CallContext&, const roles::ReleaseSegmentsRequest& request) override;
    base::Result<roles::Empty> ApplyDeletes(const base::CallContext&,
                                            const roles::ApplyDeletesRequest& request) override;
    base::Result<roles::Empty> AttachIndex(const base::CallContext&,
                                           const roles::AttachIndexRequest&) override {
        ++attached_;
        return roles::Empty();
    }
    base::Result<roles::Empty> DetachIndex(const base::CallContext&,
                                           const roles::DetachIndexRequest&) override {
        return roles::Empty();
    }
    base::Result<roles::SearchResponse> Search(const base::CallContext& context,
                                               const roles::SegmentSearchRequest& request) override;
    base::Result<roles::RetrieveResponse> Retrieve(
        const base::CallContext& context, const roles::SegmentRetrieveRequest& request) override;
    base::Result<roles::FetchResponse> Fetch(const base::CallContext& context,
                                             const roles::FetchRequest& request) override;

    void LoseBatches(int n) { lose_batches_ = n; }
    void FailLoads(int n) { fail_loads_ = n; }
    void Forget();  // as after a restart of the node
    size_t segments() const;
    int attached() const { return attached_; }

  private:
    struct Loaded {
        std::string vchannel;
        std::shared_ptr<segment::SealedSegment> segment;
        uint64_t batch = 0;
    };
    base::Result<std::vector<reduce::SegmentRef>> Select(const std::vector<base::SegmentId>& ids,
                                                         uint64_t batch) const;

    object::ObjectStore& objects_;
    sys::Executor& executor_;
    mutable base::Mutex mutex_;
    std::map<base::SegmentId, Loaded> loaded_ GUARDED_BY(mutex_);
    std::atomic<int> lose_batches_{0};
    std::atomic<int> fail_loads_{0};
    std::atomic<int> attached_{0};
};

// Everything of one machine. Restart() keeps what is on the disk, and the coordinators' counters.
class Machine {
  public:
    explicit Machine(StreamingOptions options = {},
                     std::unique_ptr<sys::SimFileSystem> disk = nullptr);
    ~Machine();

    // False when recovery fails.
    base::Status Start();
    void Stop();
    // Power off; the disk wakes up in the state of `seed` (1 keeps all that was written).
    base::Status Restart(uint64_t seed = 1);

    StreamingNodeImpl& node() { return *node_; }
    FakeDataCoord& data_coord() { return *data_coord_; }
    FakeQueryNode& query_node() { return *query_node_; }
    FakeRootCoord& root_coord() { return *root_coord_; }
    sys::SimFileSystem& disk() { return *disk_; }
    std::vector<roles::CollectionInfo>& collections() { return collections_; }
    // Moves a disk and the counters to a new machine.
    std::shared_ptr<FakeRootCoord> root_coord_pointer() { return root_coord_; }
    void AdoptRootCoord(std::shared_ptr<FakeRootCoord> root) { root_coord_ = std::move(root); }
    // Runs what was scheduled.
    void FireTimers();
    size_t timers() const;

    // ---- Short forms; collection by default is the first.
    void Create(const roles::CollectionInfo& collection);
    void Serve(const roles::CollectionInfo& collection,
               const std::vector<base::PartitionId>& partitions = {});
    bool AwaitServed(base::CollectionId id);
    // Every flushed segment has left memory.
    bool AwaitPlaced(base::CollectionId id);
    base::Result<roles::AppendResponse> Write(const roles::CollectionInfo& collection,
                                              const std::map<int64_t, int64_t>& rows,
                                              const std::vector<int64_t>& deletes = {},
                                              base::PartitionId partition = kPartition,
                                              const std::string& request_id = "");
    base::Result<roles::AppendResponse> Delete(const roles::CollectionInfo& collection,
                                               const std::vector<int64_t>& keys) {
        return Write(collection, {}, keys, roles::kAllPartitions);
    }
    base::Result<roles::AppendResponse> Send(roles::AppendRequest request);
    // Flush, and wait until it is done. False when it does not finish.
    bool Flush(const roles::CollectionInfo& collection);
    // Merges all sealed segments of each vchannel and partition into `outputs` ones, and drops what
    // nobody sees at or after `horizon`. `before_switch` runs when the files are written.
    base::Status Compact(const roles::CollectionInfo& collection, base::Timestamp horizon,
                         size_t outputs = 1, const std::function<void()>& before_switch = nullptr);
    // number by key, of all rows; kept in `failure` when it fails.
    base::Result<std::map<int64_t, int64_t>> ReadAll(const roles::CollectionInfo& collection,
                                                     base::Timestamp snapshot = 0);
    base::Result<uint64_t> Count(const roles::CollectionInfo& collection);
    base::Result<roles::SearchResponse> Search(const roles::CollectionInfo& collection,
                                               int64_t near_number, uint32_t k);

  private:
    base::Status CompactSegments(const roles::CollectionInfo& collection,
                                 const std::vector<roles::SegmentInfo>& inputs,
                                 base::Timestamp horizon, size_t outputs,
                                 const std::function<void()>& before_switch);

    StreamingOptions options_;
    std::unique_ptr<sys::SimFileSystem> disk_;
    std::shared_ptr<FakeRootCoord> root_coord_ = std::make_shared<FakeRootCoord>();
    std::vector<roles::CollectionInfo> collections_;
    sys::ThreadPool foreground_{"fg", 2};
    sys::ThreadPool background_{"bg", 1};
    mutable base::Mutex timers_mutex_;
    std::vector<sys::Task> timers_ GUARDED_BY(timers_mutex_);
    std::unique_ptr<wal::LogStore> log_;
    std::unique_ptr<object::LocalObjectStore> objects_;
    std::unique_ptr<FakeDataCoord> data_coord_;
    std::unique_ptr<FakeQueryNode> query_node_;
    std::unique_ptr<StreamingNodeImpl> node_;
};

}  // namespace elanus::streaming
