// One segment file of a local channel: how it is made, scanned, written and recovered.
//
// A file is made under a temporary name, synced and then renamed, so a file with its final name
// always has a whole header; and it is made only after all records of the file before it are
// durable. Threads: a scanner or writer belongs to one thread; several scanners may read a file
// that is written.
#pragma once

#include "base/status.h"
#include "sys/file_system.h"
#include "wal/local_format.h"

#include <memory>
#include <string>

namespace elanus::wal {

struct LocalLogOptions;

// Walks records from `begin` while they are whole and follow each other.
class RecordScanner {
  public:
    RecordScanner(sys::File& file, uint64_t begin, uint64_t limit, const SegmentHeader& header)
        : file_(file), limit_(limit), salt_(header.salt), end_(begin), chain_(header.chain()) {}

    // True: record() is the next one. False: no valid record stands at end().
    base::Result<bool> Next();

    const RecordHeader& header() const { return header_; }
    // The payload lives until the next call of Next().
    const PhysicalRecord& record() const { return record_; }
    uint64_t end() const { return end_; }  // of record(), or where the walk begins
    uint32_t chain() const { return chain_; }

  private:
    // The bytes [offset, offset + size), or fewer at the limit.
    base::Result<std::string_view> Fetch(uint64_t offset, uint64_t size);

    sys::File& file_;
    const uint64_t limit_;
    const uint32_t salt_;
    uint64_t end_;
    uint32_t chain_;
    RecordHeader header_;
    PhysicalRecord record_;
    std::string window_;
    uint64_t window_begin_ = 0;
};

// What the last file of a channel holds.
struct SegmentTail {
    uint64_t end = kSegmentHeaderBytes;  // of the last complete logical record
    uint32_t chain = 0;
    uint64_t group_begin =
        kSegmentHeaderBytes;  // of the last group: [group_begin, end) may not be synced
    base::Epoch epoch = 0;
    base::LogPosition next_position = 1;
};

// Finds the end of the last file. Bytes that a power cut tore are passed over; kDataCorruption when
// the damaged ones were durable before something else in the file was written.
base::Result<SegmentTail> FindTail(sys::File& file, const SegmentHeader& header,
                                   const std::string& path);

// Makes the file `path`, durable but for its directory entry.
base::Result<std::unique_ptr<sys::File>> CreateSegmentFile(sys::FileSystem& file_system,
                                                           const std::string& path,
                                                           const SegmentHeader& header,
                                                           uint64_t preallocate_bytes);

// Opens `path` and reads its header, which has to belong to this channel.
struct OpenedSegment {
    std::unique_ptr<sys::File> file;
    SegmentHeader header;
};
base::Result<OpenedSegment> OpenSegmentFile(sys::FileSystem& file_system, const std::string& path,
                                            const std::string& channel, uint64_t sequence);

// "<file>, offset <n>: " in front of a corruption.
base::Status CorruptionAt(const std::string& path, uint64_t offset, std::string_view what);

// Appends groups of records to the last file: gathers, writes once, syncs once.
class SegmentWriter {
  public:
    explicit SegmentWriter(const LocalLogOptions& options) : options_(options) {}

    // Goes on at `end` of `file`, all of whose bytes below are durable.
    void Start(sys::File* file, uint32_t salt, uint64_t end, uint32_t chain);

    // Gathers a record. Failures show in Commit().
    void Add(const PhysicalRecord& record);
    // Makes what was added durable. After a failure only Abandon() and Start() may follow.
    base::Status Commit();
    // Forgets what was added since the last commit.
    void Abandon();

    // Whether a byte of the current group may have reached the file.
    bool group_touched_file() const { return touched_; }
    uint64_t end() const { return written_end_ + buffer_.size(); }
    uint64_t synced_end() const { return synced_end_; }
    uint32_t chain() const { return chain_; }

  private:
    base::Status WriteOut(bool last);
    base::Status Reserve(uint64_t end);

    const LocalLogOptions& options_;
    sys::File* file_ = nullptr;
    uint32_t salt_ = 0;
    std::string buffer_;  // records not yet written, to stand at written_end_
    uint64_t written_end_ = 0;
    uint64_t synced_end_ = 0;
    uint64_t reserved_end_ = 0;  // the file's size
    uint64_t zeroed_end_ = 0;    // bytes below have been written once
    uint32_t chain_ = 0;         // of the last record added
    uint32_t synced_chain_ = 0;
    bool touched_ = false;
    base::Status error_;
};

}  // namespace elanus::wal
