#include "wal/local_segment.h"

#include "sys/kill_point.h"
#include "wal/local_log.h"

#include <algorithm>

namespace elanus::wal {

using base::Corruption;
using base::Result;
using base::Status;

namespace {

constexpr uint64_t kReadBytes = 1u << 20;
// The gathering buffer is written out when it holds this much, in the middle of a group if need be.
constexpr size_t kWriteBytes = 8u << 20;
// Groups up to this size write zeros ahead of them (SegmentWriter::WriteOut).
constexpr size_t kSmallGroupBytes = 16u << 10;

uint64_t RoundUp(uint64_t value, uint64_t step) {
    return (value + step - 1) / step * step;
}

// Whether a record header stands in [from, limit) that was written when `from` was durable already.
// One such header proves that the bytes at `from` once were whole; its payload does not matter.
Result<bool> LaterGroupExists(sys::File& file, uint64_t from, uint64_t limit, uint32_t salt) {
    for (uint64_t at = from; at + kRecordHeaderBytes <= limit;) {
        ASSIGN_OR_RETURN(const std::string bytes,
                         file.ReadAt(at, std::min(kReadBytes, limit - at)));
        if (bytes.size() < kRecordHeaderBytes) {
            return false;
        }
        const std::string_view view = bytes;
        uint64_t i = 0;
        for (; i + kRecordHeaderBytes <= bytes.size(); i += kRecordAlignment) {
            const auto header =
                DecodeRecordHeader(view.substr(i, kRecordHeaderBytes), at + i, salt);
            if (header.has_value() && header->synced_end > from) {
                return true;
            }
        }
        at += i;
    }
    return false;
}

}  // namespace

Status CorruptionAt(const std::string& path, uint64_t offset, std::string_view what) {
    return Corruption(path + ", offset " + std::to_string(offset) + ": " + std::string(what));
}

Result<std::string_view> RecordScanner::Fetch(uint64_t offset, uint64_t size) {
    size = std::min(size, limit_ - std::min(offset, limit_));
    if (offset < window_begin_ || offset + size > window_begin_ + window_.size()) {
        const uint64_t wanted = std::min(std::max(size, kReadBytes), limit_ - offset);
        ASSIGN_OR_RETURN(window_, file_.ReadAt(offset, wanted));
        window_begin_ = offset;
        size = std::min<uint64_t>(size, window_.size());
    }
    return std::string_view(window_).substr(offset - window_begin_, size);
}

Result<bool> RecordScanner::Next() {
    ASSIGN_OR_RETURN(const std::string_view head, Fetch(end_, kRecordHeaderBytes));
    const auto header = DecodeRecordHeader(head, end_, salt_);
    if (!header.has_value() || header->chain != chain_) {
        return false;
    }
    ASSIGN_OR_RETURN(const std::string_view bytes, Fetch(end_, header->total_bytes()));
    if (bytes.size() < header->total_bytes()) {
        return false;
    }
    const std::string_view payload = bytes.substr(kRecordHeaderBytes, header->payload_bytes);
    if (!PayloadMatches(*header, payload, salt_)) {
        return false;
    }
    header_ = *header;
    record_ = {header->type, header->epoch, header->position, payload};
    end_ += header->total_bytes();
    chain_ = header->crc;
    return true;
}

Result<SegmentTail> FindTail(sys::File& file, const SegmentHeader& header,
                             const std::string& path) {
    SegmentTail tail;
    tail.chain = header.chain();
    tail.epoch = header.epoch;
    tail.next_position = header.first_position;
    ASSIGN_OR_RETURN(const uint64_t size, file.Size());
    RecordScanner scanner(file, kSegmentHeaderBytes, size, header);
    RecordAssembler assembler(header.epoch, header.first_position);
    while (true) {
        const uint64_t offset = scanner.end();
        ASSIGN_OR_RETURN(const bool found, scanner.Next());
        if (!found) {
            break;
        }
        const Status accepted = assembler.Accept(
            scanner.record(), [](base::LogPosition, std::string_view) { return Status(); });
        if (!accepted.ok()) {
            return CorruptionAt(path, offset, accepted.reason());
        }
        if (!assembler.in_batch()) {
            tail.end = scanner.end();
            tail.chain = scanner.chain();
            tail.group_begin = scanner.header().synced_end;
            tail.epoch = assembler.epoch();
            tail.next_position = assembler.next_position();
        }
    }
    ASSIGN_OR_RETURN(const bool acknowledged,
                     LaterGroupExists(file, scanner.end(), size, header.salt));
    if (acknowledged) {
        return CorruptionAt(path, scanner.end(), "damaged record with acknowledged ones after it");
    }
    return tail;
}

Result<std::unique_ptr<sys::File>> CreateSegmentFile(sys::FileSystem& file_system,
                                                     const std::string& path,
                                                     const SegmentHeader& header,
                                                     uint64_t preallocate_bytes) {
    const std::string unfinished = path + ".tmp";
    RETURN_IF_ERROR(file_system.Remove(unfinished));
    ASSIGN_OR_RETURN(auto file, file_system.Open(unfinished, sys::OpenMode::kCreateNew));
    RETURN_IF_ERROR(file->Preallocate(std::max(preallocate_bytes, kSegmentHeaderBytes)));
    RETURN_IF_ERROR(file->WriteAt(0, EncodeSegmentHeader(header)));
    RETURN_IF_ERROR(file->DataSync());
    sys::KillPoint("wal.new_segment");
    RETURN_IF_ERROR(file_system.Rename(unfinished, path));
    return file;
}

Result<OpenedSegment> OpenSegmentFile(sys::FileSystem& file_system, const std::string& path,
                                      const std::string& channel, uint64_t sequence) {
    OpenedSegment segment;
    ASSIGN_OR_RETURN(segment.file, file_system.Open(path, sys::OpenMode::kReadWrite));
    ASSIGN_OR_RETURN(const std::string block, segment.file->ReadAt(0, kSegmentHeaderBytes));
    auto header = DecodeSegmentHeader(block);
    if (!header.ok()) {
        return CorruptionAt(path, 0, header.status().reason());
    }
    if (header->channel != channel || header->sequence != sequence) {
        return CorruptionAt(
            path, 0,
            "segment " + std::to_string(header->sequence) + " of channel " + header->channel);
    }
    segment.header = *std::move(header);
    return segment;
}

void SegmentWriter::Start(sys::File* file, uint32_t salt, uint64_t end, uint32_t chain) {
    file_ = file;
    salt_ = salt;
    written_end_ = synced_end_ = zeroed_end_ = end;
    reserved_end_ = 0;
    chain_ = synced_chain_ = chain;
    Abandon();
}

void SegmentWriter::Abandon() {
    buffer_.clear();
    written_end_ = synced_end_;
    chain_ = synced_chain_;
    touched_ = false;
    error_ = Status();
}

void SegmentWriter::Add(const PhysicalRecord& record) {
    if (!error_.ok()) {
        return;
    }
    chain_ = EncodeRecord(record, synced_end_, chain_, salt_, &buffer_);
    if (buffer_.size() >= kWriteBytes) {
        error_ = WriteOut(/*last=*/false);
    }
}

Status SegmentWriter::Reserve(uint64_t end) {
    if (reserved_end_ == 0) {
        ASSIGN_OR_RETURN(reserved_end_, file_->Size());
    }
    if (end <= reserved_end_) {
        return Status();
    }
    const uint64_t wanted = RoundUp(end, options_.preallocate_bytes);
    RETURN_IF_ERROR(file_->Preallocate(wanted));
    reserved_end_ = wanted;
    return Status();
}

// Small groups take zeros along for the ones to come: writing into blocks that were written before
// needs no change of the file's metadata, which makes the sync of a small append about a fifth
// cheaper.
Status SegmentWriter::WriteOut(bool last) {
    const uint64_t end = written_end_ + buffer_.size();
    RETURN_IF_ERROR(Reserve(end));
    if (last && buffer_.size() <= kSmallGroupBytes && end > zeroed_end_) {
        zeroed_end_ = std::min(reserved_end_, RoundUp(end, options_.zero_ahead_bytes));
        buffer_.resize(zeroed_end_ - written_end_, '\0');
    }
    sys::KillPoint("wal.before_write");
    touched_ = true;
    RETURN_IF_ERROR(file_->WriteAt(written_end_, buffer_));
    sys::KillPoint("wal.after_write");
    buffer_.clear();
    written_end_ = end;
    return Status();
}

Status SegmentWriter::Commit() {
    if (error_.ok() && !buffer_.empty()) {
        error_ = WriteOut(/*last=*/true);
    }
    RETURN_IF_ERROR(error_);
    if (!touched_) {
        return Status();
    }
    error_ = file_->DataSync();
    RETURN_IF_ERROR(error_);
    sys::KillPoint("wal.after_sync");
    synced_end_ = written_end_;
    synced_chain_ = chain_;
    touched_ = false;
    return Status();
}

}  // namespace elanus::wal
