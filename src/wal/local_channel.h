// LocalChannel: the files, the queue and the committer thread that all LogChannel objects of one
// name share. Private to wal.
#pragma once

#include "base/mutex.h"
#include "sys/thread.h"
#include "wal/local_log.h"
#include "wal/local_segment.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace elanus::wal {

class LocalChannel {
  public:
    using Owner = uint64_t;  // one LogChannel object; 0 = one of an earlier run

    static base::Result<std::unique_ptr<LocalChannel>> Open(sys::FileSystem& file_system,
                                                            const std::string& directory,
                                                            const std::string& name,
                                                            const LocalLogOptions& options);
    ~LocalChannel();

    base::Status Acquire(Owner owner, base::Epoch epoch);
    void Append(Owner owner, base::Epoch epoch, std::string payload, AppendCallback done);
    base::Status Read(base::LogPosition from, const RecordVisitor& visitor) const;
    base::Status TruncateBefore(base::LogPosition position);
    base::LogPosition LastPosition() const;
    base::LogPosition FirstPosition() const;
    base::Epoch LastEpoch() const;
    bool dead() const;

  private:
    struct Segment {
        SegmentHeader header;
        std::string path;
        std::unique_ptr<sys::File> file;
        // Of the last durable record. Fixed once the next file exists.
        uint64_t end = kSegmentHeaderBytes;
        uint32_t chain = 0;
    };
    using SegmentPtr = std::shared_ptr<Segment>;

    // What a reader sees of one file.
    struct SegmentView {
        SegmentPtr segment;
        uint64_t end;
        uint32_t chain;
    };

    // Who may write and where; the committer runs ahead of the durable one while it gathers a
    // group.
    struct State {
        base::Epoch epoch = 0;
        Owner owner = 0;
        base::LogPosition next_position = 1;
    };

    struct Operation {
        bool is_acquire = false;
        Owner owner = 0;
        base::Epoch epoch = 0;
        std::string payload;
        AppendCallback done;
        base::LogPosition position = 0;
        base::Status outcome;
    };

    LocalChannel(sys::FileSystem& file_system, std::string directory, std::string name,
                 const LocalLogOptions& options)
        : file_system_(file_system),
          directory_(std::move(directory)),
          name_(std::move(name)),
          options_(options),
          writer_(options_) {}

    // Opening.
    base::Status Recover();
    base::Result<std::vector<uint64_t>> ListSequences();
    base::Status OpenSegments(const std::vector<uint64_t>& sequences);
    base::Status RecoverTail();
    base::Status RewriteLastGroup(Segment& segment, uint64_t begin, uint64_t end);
    base::Result<SegmentPtr> CreateSegment(const SegmentHeader& header);
    SegmentHeader NewHeader(uint64_t sequence);
    std::string SegmentPath(uint64_t sequence) const;

    // The committer.
    void Submit(Operation operation);
    void RunCommitter();
    std::vector<Operation> TakeGroup() REQUIRES(mutex_);
    void CommitGroup(std::vector<Operation>& group);
    base::Status Judge(const Operation& operation) const;
    bool NeedsNewSegment(const Operation& operation) const;
    base::Status Roll();
    void Gather(Operation& operation);
    void Settle(std::vector<Operation>& group, size_t begin, size_t end);
    void Publish();
    // Ends all writing; returns what callers are told.
    base::Status Die(const base::Status& cause);

    base::Status ReadSegment(const SegmentView& view, RecordAssembler& assembler,
                             const RecordVisitor& visitor) const;

    sys::FileSystem& file_system_;
    const std::string directory_;
    const std::string name_;
    const LocalLogOptions options_;

    // Used by Open() and then by the committer alone.
    SegmentWriter writer_;
    State ahead_;

    mutable base::Mutex mutex_;
    base::CondVar wake_;
    std::deque<Operation> pending_ GUARDED_BY(mutex_);
    size_t pending_bytes_ GUARDED_BY(mutex_) = 0;
    bool stopping_ GUARDED_BY(mutex_) = false;
    base::Status dead_ GUARDED_BY(mutex_);
    State durable_ GUARDED_BY(mutex_);
    std::vector<SegmentPtr> segments_ GUARDED_BY(mutex_);  // never empty once open

    base::Mutex truncate_mutex_;  // one truncation at a time; taken before mutex_
    std::unique_ptr<sys::Thread> committer_;
};

}  // namespace elanus::wal
