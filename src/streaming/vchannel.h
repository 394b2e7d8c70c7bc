// VChannel: one shard of one collection on its owner: the rows in memory, the delete lists of its
// sealed segments, what is flushed and what is not, where sealed segments are served.
//
// A row lives in exactly one segment from its insert on: a growing one, later the sealed one with
// the same id and row numbers. Sealing closes all growing segments of the vchannel at one record;
// they form a generation. Generations are flushed in order, each by one transaction of DataCoord.
// Invariants:
//   INV-VCHANNEL-1  Files of flushed generations plus the log after their checkpoint are all there
//   is
//                   to know: every record up to the checkpoint is in them, none after it.
//   INV-VCHANNEL-2  A delete list here holds every delete of its segment that was applied; a query
//                   node holds those up to the batch that a read names, or answers that it does
//                   not.
//   INV-VCHANNEL-3  A view never lacks a row: memory leaves it in the same step in which the sealed
//                   segment, loaded with all deletes, enters it.
//   INV-VCHANNEL-5  Which segments a delete file names, and its commit, are decided under
//                   commit_mutex_, so that no compaction replaces one of them in between.
//   INV-VCHANNEL-4  The checkpoint is the last record applied to this vchannel when the generation
//                   was closed, so no record is split over two generations.
// Threads: one thread at a time applies; one background worker at a time flushes and places; all
// else from anywhere. mutex_ guards the state and is held while the batch of an applied delete is
// sent to query nodes, so that batches leave in order. Readers take a view and hold no lock.
#pragma once

#include "base/mutex.h"
#include "roles/streaming_node.h"
#include "segment/growing_segment.h"
#include "segment/key_index.h"
#include "segment/string_column.h"
#include "streaming/delete_file.h"
#include "streaming/key_guard.h"
#include "streaming/options.h"
#include "streaming/snapshot_pins.h"

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace elanus::streaming {

// Where a record stands in its log.
struct RecordPlace {
    base::LogPosition position = 0;
    base::Timestamp timestamp = 0;
    uint64_t log_bytes = 0;  // bytes of the records before it, since the node's start
    int64_t seen_ns = 0;     // when it was applied
};

// Rows in memory, and what they count for in the memory bound.
struct Growing {
    std::shared_ptr<segment::GrowingSegment> rows;
    uint64_t bytes = 0;
};

struct SealedPlace {
    base::SegmentId id = 0;
    base::PartitionId partition_id = 0;
    base::NodeId node = 0;  // 0 = not yet on any
};

// What a read works with; immutable.
struct ChannelView {
    base::CollectionId collection_id = 0;
    base::Status refusal;  // why nothing can be read or written; OK when all is well
    bool served = false;
    std::set<base::PartitionId> partitions;  // served ones; empty = all
    std::vector<std::shared_ptr<segment::GrowingSegment>> growing;
    std::vector<std::shared_ptr<segment::GrowingSegment>> flushed;  // still answered from memory
    std::vector<SealedPlace> sealed;                                // answered by query nodes
    // Replaced by a compaction, and kept for reads that have found rows in them before.
    std::vector<std::shared_ptr<segment::GrowingSegment>> retired_flushed;
    std::vector<SealedPlace> retired;
    base::Timestamp compacted_ts = 0;  // rows that nobody saw any more at this moment may be gone

    bool Serves(base::PartitionId partition) const {
        return served && (partitions.empty() || partitions.contains(partition));
    }
};

// The keys that a write touches in one vchannel.
struct WrittenKeys {
    schema::PrimaryKeys rows;
    schema::PrimaryKeys deletes;
};
WrittenKeys KeysOf(const std::vector<const roles::WritePart*>& parts, base::FieldId key_field);

class VChannel {
  public:
    struct Environment {
        const StreamingOptions* options = nullptr;
        const StreamingPartners* partners = nullptr;
        base::Epoch epoch = 0;
        std::function<base::Result<base::SegmentId>()> next_segment_id;
        std::atomic<int64_t>* memory_bytes = nullptr;  // of the whole physical channel
        std::function<bool()> stopping;                // the worker ends after its present step
    };

    VChannel(std::string name, const roles::CollectionInfo& collection, Environment environment);

    const std::string& name() const { return name_; }
    base::CollectionId collection_id() const { return collection_id_; }
    std::shared_ptr<const schema::CollectionSchema> schema() const;
    std::shared_ptr<const ChannelView> view() const;
    // The number of the last batch of deletes that query nodes were sent.
    uint64_t delete_batch() const { return delete_batch_.load(std::memory_order_acquire); }

    // Recovery: takes over what DataCoord knows, before any record. Rows of partitions that the
    // collection no longer has are left out until EndReplay().
    base::Status Recover(const roles::ChannelRecovery& recovery,
                         const roles::CollectionInfo& collection);
    void EndReplay();
    // Nothing can be read or written until the next start; the log is kept.
    void Break(const base::Status& reason);

    // ---- Applying (vchannel.cc). A record at or below the checkpoint changes nothing.
    // The failure that Apply would meet before it changes anything.
    base::Status Admits(const std::vector<const roles::WritePart*>& parts) const;
    base::Status Apply(const std::vector<const roles::WritePart*>& parts, const RecordPlace& place);
    void DropPartition(base::PartitionId partition_id, const RecordPlace& place);
    void AlterSchema(const roles::CollectionInfo& collection, const RecordPlace& place);
    // Every row goes that is here. The next flush takes them out of the catalog too.
    void Truncate(const RecordPlace& place);
    void Drop();
    // Returns when no commit that began before is running.
    void AwaitCommit();

    // ---- Conditions on keys (vchannel_keys.cc)
    KeyGuard& guard() { return guard_; }
    bool unique_keys() const;
    // With the guard's mutex held: kConflict when a key has changed since `read_ts` (0 = not
    // asked),
    // 1100 when a row's key exists in a collection of unique keys.
    base::Status CheckKeys(const WrittenKeys& keys, base::Timestamp read_ts,
                           base::Timestamp expired_ts);

    // ---- Sealing (vchannel.cc). True when a generation was closed.
    bool Seal();
    // Unless all rows and deletes that are in no generation came after the moment.
    bool SealUpTo(base::Timestamp timestamp);
    bool SealIfFull();
    bool SealIfOlder(int64_t before_ns);
    // The first record that is in no file.
    std::optional<RecordPlace> OldestUnflushed() const;
    base::LogPosition NeededPosition() const;  // records below it are not needed for replay
    bool IsFlushed(base::Timestamp timestamp) const;

    // ---- The background worker (vchannel_flush.cc, vchannel_place.cc)
    // False when a worker is active; it will look once more.
    bool BeginWork();
    // True when it must look once more.
    bool EndWork(bool succeeded);
    // Flushes and places until there is nothing left to do. `flushed` becomes true when a
    // checkpoint moved.
    base::Status Work(bool* flushed);

    // ---- Compaction (vchannel_compact.cc)
    roles::CompactionFacts CompactionFacts(const roles::CompactionFactsRequest& request);
    // Reads at this moment may follow for so long.
    void HoldSnapshot(base::Timestamp snapshot, uint32_t seconds);
    // `retired`: inputs that the caller releases after a while.
    base::Status SwitchSegments(const roles::SwitchSegmentsRequest& request,
                                std::vector<base::SegmentId>* retired);
    void ReleaseRetired(const std::vector<base::SegmentId>& ids);
    // A start: iterators of before it may go on.
    void ForgetPins();

    // ---- Serving (vchannel_place.cc)
    void Serve(const roles::ServeRequest& request);
    void Unserve();
    roles::ServeProgress Progress() const;
    base::Status OnSegmentIndex(const roles::SegmentIndexReady& ready);
    base::Status OnIndexDropped(base::IndexId index_id);
    // Brings a query node that lost segments or batches up to date.
    base::Status Resync(base::NodeId node);

    // ---- Reports
    void AddSegments(roles::ChannelSegments* out) const;
    void AddFlushIds(roles::FlushResponse* out) const;
    base::Timestamp last_timestamp() const;
    base::LogPosition checkpoint_position() const;

  private:
    struct Generation {
        RecordPlace first;
        RecordPlace last;
        base::SchemaVersion schema_version = 0;
        base::Timestamp truncated_ts = 0;
        std::vector<Growing> segments;
        // Progress of the flush; a repeat goes on from here with the same ids and keys.
        std::map<base::SegmentId, roles::SegmentInfo> written;
        std::optional<roles::DeleteFileInfo> delete_file;
    };
    struct Sealed {
        roles::SegmentInfo info;
        segment::DeleteList deletes;
        std::unique_ptr<segment::KeyIndex> keys;  // opened when a delete first needs it
        // The column that the deletes' scopes are about, opened when one first needs it.
        std::unique_ptr<segment::StringColumn> scope_column;
        base::FieldId scope_field = 0;
        Growing twin;  // answers until a query node does
        base::NodeId node = 0;
    };
    using SealedPtr = std::shared_ptr<Sealed>;
    class RowMoves;
    struct Switch;
    using Parts = std::vector<const roles::WritePart*>;

    base::Status Refusal() const REQUIRES(mutex_);
    void BreakLocked(const base::Status& reason) REQUIRES(mutex_);
    void Publish() REQUIRES(mutex_);
    bool IsGone(base::PartitionId partition_id) const REQUIRES(mutex_);
    bool Wanted(base::PartitionId partition_id) const REQUIRES(mutex_);
    bool NeedsPlace(const Sealed& sealed) const REQUIRES(mutex_);
    void Forget(Growing* growing) REQUIRES(mutex_);

    base::Status ApplyParts(const Parts& parts, base::Timestamp timestamp, bool* changed,
                            DeletesBySegment* sealed_deletes) REQUIRES(mutex_);
    base::Status DeleteKeys(const roles::WritePart& part, base::Timestamp timestamp, bool* changed,
                            DeletesBySegment* sealed_deletes) REQUIRES(mutex_);
    base::Status AppendRows(const roles::WritePart& part, base::Timestamp timestamp)
        REQUIRES(mutex_);
    base::Result<bool> DeleteGrowing(const roles::WritePart& part, base::Timestamp timestamp,
                                     segment::GrowingSegment* rows) REQUIRES(mutex_);
    // Leaves only the rows that the scope allows.
    base::Status KeepScope(const roles::DeleteScope& scope, Sealed* sealed,
                           std::vector<base::RowOffset>* rows) REQUIRES(mutex_);
    base::Result<std::unique_ptr<segment::KeyIndex>> OpenKeys(const roles::SegmentInfo& info) const;
    base::Result<const segment::KeyIndex*> KeysOf(Sealed* sealed) REQUIRES(mutex_);
    base::Result<bool> AnyChangedSince(const schema::PrimaryKeys& keys, base::Timestamp read_ts)
        REQUIRES(mutex_);
    base::Result<std::optional<schema::PrimaryKey>> FirstVisible(const schema::PrimaryKeys& keys,
                                                                 base::Timestamp expired_ts)
        REQUIRES(mutex_);
    template <typename Gone>
    void RemoveSegments(Gone gone) REQUIRES(mutex_);
    void SendDeletes(const DeletesBySegment& deletes) REQUIRES(mutex_);
    bool SealLocked() REQUIRES(mutex_);
    template <typename Visitor>
    void ForEachGrowing(Visitor visit) const REQUIRES(mutex_);

    std::shared_ptr<Generation> FrontGeneration() const;
    base::Status Flush(Generation* generation);
    base::Status WriteSegment(Generation* generation, const Growing& growing);
    base::Status WriteDeletes(Generation* generation) REQUIRES(commit_mutex_);
    base::Status Commit(Generation* generation);
    void Install(Generation* generation,
                 std::map<base::SegmentId, std::unique_ptr<segment::KeyIndex>> keys);
    DeletesBySegment CollectDeletes(const Generation& generation) const;
    base::Result<roles::DeleteFileInfo> WriteDeletesAs(base::SegmentId id,
                                                       const DeletesBySegment& deletes) const;

    base::Result<bool> BeginSwitch(Switch* change);
    base::Status PrepareOutputs(Switch* change);
    // The outputs get the deletes of the inputs with after < timestamp <= until.
    void Carry(Switch* change, base::Timestamp after, base::Timestamp until) const;
    base::Status LoadOutputs(Switch* change);
    void ReleaseOutputs(const Switch& change) REQUIRES(mutex_);
    base::Status WriteSwitchedDeletes(Switch* change) REQUIRES(commit_mutex_);
    base::Status CommitSwitch(Switch* change) REQUIRES(commit_mutex_);
    void InstallSwitch(Switch* change, std::vector<base::SegmentId>* retired)
        REQUIRES(commit_mutex_);
    void PlaceOutputs(Switch* change) REQUIRES(mutex_);

    SealedPtr NextToPlace() const;
    base::Status Place(const SealedPtr& sealed);
    base::Result<base::NodeId> ChooseNode() const REQUIRES(mutex_);
    roles::LoadSegmentRequest LoadRequest(const Sealed& sealed) const REQUIRES(mutex_);
    void ReleaseFrom(base::NodeId node, std::vector<base::SegmentId> ids) REQUIRES(mutex_);
    void ReleaseUnwanted() REQUIRES(mutex_);
    base::Status ForEachNode(const std::function<base::Status(roles::QueryNode&)>& call)
        REQUIRES(mutex_);

    const std::string name_;
    const base::CollectionId collection_id_;
    const Environment environment_;

    KeyGuard guard_;
    SnapshotPins pins_;
    base::Mutex switch_mutex_;  // one compaction at a time; taken before commit_mutex_
    // Held over the commit of a flush or compaction and its entry into memory; taken before mutex_.
    base::Mutex commit_mutex_;
    mutable base::Mutex mutex_;
    std::shared_ptr<const schema::CollectionSchema> schema_ GUARDED_BY(mutex_);
    bool unique_keys_ GUARDED_BY(mutex_) = false;
    base::Timestamp truncated_ts_ GUARDED_BY(mutex_) = 0;  // of the last truncation
    base::Status broken_ GUARDED_BY(mutex_);
    bool dropped_ GUARDED_BY(mutex_) = false;
    std::set<base::PartitionId> dropped_partitions_ GUARDED_BY(mutex_);
    // During replay: the partitions that the collection has.
    std::optional<std::set<base::PartitionId>> known_partitions_ GUARDED_BY(mutex_);

    std::map<base::PartitionId, Growing> active_ GUARDED_BY(mutex_);
    std::optional<RecordPlace> unflushed_ GUARDED_BY(mutex_);  // first one of active_ or a delete
    std::deque<std::shared_ptr<Generation>> generations_ GUARDED_BY(mutex_);  // oldest first
    std::map<base::SegmentId, SealedPtr> sealed_ GUARDED_BY(mutex_);
    std::map<base::SegmentId, SealedPtr> retired_ GUARDED_BY(mutex_);  // replaced, see ChannelView
    RecordPlace last_ GUARDED_BY(mutex_);                              // the last record applied
    roles::ChannelCheckpoint checkpoint_ GUARDED_BY(mutex_);

    bool served_ GUARDED_BY(mutex_) = false;
    std::set<base::PartitionId> served_partitions_ GUARDED_BY(mutex_);  // empty = all
    std::vector<base::NodeId> query_nodes_ GUARDED_BY(mutex_);
    std::string place_error_ GUARDED_BY(mutex_);
    std::set<base::NodeId> lagging_nodes_ GUARDED_BY(mutex_);  // missed a batch
    std::map<base::SegmentId, std::map<base::IndexId, roles::IndexToLoad>> indexes_
        GUARDED_BY(mutex_);
    std::set<base::IndexId> dropped_indexes_ GUARDED_BY(mutex_);
    uint64_t index_changes_ GUARDED_BY(mutex_) = 0;

    bool working_ GUARDED_BY(mutex_) = false;
    bool work_again_ GUARDED_BY(mutex_) = false;

    std::atomic<uint64_t> delete_batch_;
    mutable base::Mutex view_mutex_;
    std::shared_ptr<const ChannelView> view_ GUARDED_BY(view_mutex_);
};

template <typename Visitor>
void VChannel::ForEachGrowing(Visitor visit) const {
    for (const auto& generation : generations_) {
        for (const Growing& growing : generation->segments) {
            visit(growing);
        }
    }
    for (const auto& [partition_id, growing] : active_) {
        visit(growing);
    }
}

}  // namespace elanus::streaming
