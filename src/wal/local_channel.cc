#include "wal/local_channel.h"

#include "base/log.h"
#include "sys/kill_point.h"
#include "wal/limits.h"

#include <algorithm>
#include <cstdio>
#include <optional>

namespace elanus::wal {

using base::Code;
using base::LogPosition;
using base::MutexLock;
using base::Result;
using base::Status;

namespace {

constexpr std::string_view kSuffix = ".wal";
constexpr std::string_view kUnfinishedSuffix = ".wal.tmp";
constexpr size_t kSequenceDigits = 16;
constexpr uint64_t kCopyBytes = 1u << 20;

// The number in "<16 hex digits>.wal"; empty for any other name.
std::optional<uint64_t> SequenceOf(const std::string& file_name) {
    if (file_name.size() != kSequenceDigits + kSuffix.size() || !file_name.ends_with(kSuffix) ||
        file_name.find_first_not_of("0123456789abcdef") != kSequenceDigits) {
        return std::nullopt;
    }
    return std::stoull(file_name.substr(0, kSequenceDigits), nullptr, 16);
}

Status Fenced(base::Epoch epoch, base::Epoch recorded) {
    return Status::Error(Code::kChannelFenced, "epoch " + std::to_string(epoch) +
                                                   " does not own the channel, epoch " +
                                                   std::to_string(recorded) + " is recorded");
}

}  // namespace

Result<std::unique_ptr<LocalChannel>> LocalChannel::Open(sys::FileSystem& file_system,
                                                         const std::string& directory,
                                                         const std::string& name,
                                                         const LocalLogOptions& options) {
    std::unique_ptr<LocalChannel> channel(new LocalChannel(file_system, directory, name, options));
    const Status recovered = channel->Recover();
    if (!recovered.ok()) {
        return recovered.Annotate("failed to open log channel " + name);
    }
    channel->committer_ = std::make_unique<sys::Thread>(
        "wal-" + name, [raw = channel.get()] { raw->RunCommitter(); });
    return channel;
}

LocalChannel::~LocalChannel() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
    }
    wake_.NotifyAll();
}

// ---- Opening ----

std::string LocalChannel::SegmentPath(uint64_t sequence) const {
    char name[kSequenceDigits + 1];
    std::snprintf(name, sizeof name, "%016llx", static_cast<unsigned long long>(sequence));
    return sys::JoinPath(directory_, std::string(name) + std::string(kSuffix));
}

SegmentHeader LocalChannel::NewHeader(uint64_t sequence) {
    SegmentHeader header;
    header.channel = name_;
    header.sequence = sequence;
    header.salt = static_cast<uint32_t>(options_.random->Next());
    header.first_position = ahead_.next_position;
    header.epoch = ahead_.epoch;
    return header;
}

Result<LocalChannel::SegmentPtr> LocalChannel::CreateSegment(const SegmentHeader& header) {
    auto segment = std::make_shared<Segment>();
    segment->header = header;
    segment->path = SegmentPath(header.sequence);
    segment->chain = header.chain();
    const uint64_t reserve = std::min(options_.preallocate_bytes, options_.segment_bytes);
    ASSIGN_OR_RETURN(segment->file,
                     CreateSegmentFile(file_system_, segment->path, header, reserve));
    return segment;
}

Status LocalChannel::Recover() {
    RETURN_IF_ERROR(file_system_.CreateDirectories(directory_));
    ASSIGN_OR_RETURN(const std::vector<uint64_t> sequences, ListSequences());
    RETURN_IF_ERROR(OpenSegments(sequences));
    {
        MutexLock lock(mutex_);
        if (segments_.empty()) {
            ASSIGN_OR_RETURN(SegmentPtr first, CreateSegment(NewHeader(1)));
            segments_.push_back(std::move(first));
        }
    }
    // The entry of the last file may be as unsure as its last group.
    RETURN_IF_ERROR(file_system_.SyncDirectory(directory_));
    return RecoverTail();
}

// Removes unfinished files on the way.
Result<std::vector<uint64_t>> LocalChannel::ListSequences() {
    ASSIGN_OR_RETURN(const auto entries, file_system_.List(directory_));
    std::vector<uint64_t> sequences;
    for (const sys::DirectoryEntry& entry : entries) {
        if (entry.name.ends_with(kUnfinishedSuffix)) {
            RETURN_IF_ERROR(file_system_.Remove(sys::JoinPath(directory_, entry.name)));
        } else if (const auto sequence = SequenceOf(entry.name)) {
            sequences.push_back(*sequence);
        }
    }
    std::sort(sequences.begin(), sequences.end());
    return sequences;
}

Status LocalChannel::OpenSegments(const std::vector<uint64_t>& sequences) {
    MutexLock lock(mutex_);
    for (const uint64_t sequence : sequences) {
        auto segment = std::make_shared<Segment>();
        segment->path = SegmentPath(sequence);
        ASSIGN_OR_RETURN(OpenedSegment opened,
                         OpenSegmentFile(file_system_, segment->path, name_, sequence));
        segment->file = std::move(opened.file);
        segment->header = std::move(opened.header);
        if (!segments_.empty()) {
            Segment& previous = *segments_.back();
            if (previous.header.sequence + 1 != sequence) {
                return CorruptionAt(segment->path, 0, "the segment before it is missing");
            }
            ASSIGN_OR_RETURN(const uint64_t size, previous.file->Size());
            if (segment->header.previous_end > size) {
                return CorruptionAt(previous.path, size, "the file is cut short");
            }
            previous.end = segment->header.previous_end;
            previous.chain = segment->header.previous_chain;
        }
        segments_.push_back(std::move(segment));
    }
    return Status();
}

Status LocalChannel::RecoverTail() {
    MutexLock lock(mutex_);
    Segment& last = *segments_.back();
    ASSIGN_OR_RETURN(const SegmentTail tail, FindTail(*last.file, last.header, last.path));
    RETURN_IF_ERROR(RewriteLastGroup(last, tail.group_begin, tail.end));
    last.end = tail.end;
    last.chain = tail.chain;
    durable_ = {tail.epoch, /*owner=*/0, tail.next_position};
    ahead_ = durable_;
    writer_.Start(last.file.get(), last.header.salt, tail.end, tail.chain);
    return Status();
}

Status LocalChannel::RewriteLastGroup(Segment& segment, uint64_t begin, uint64_t end) {
    sys::KillPoint("wal.recover");
    for (uint64_t at = begin; at < end; at += kCopyBytes) {
        ASSIGN_OR_RETURN(const std::string bytes,
                         segment.file->ReadAt(at, std::min(kCopyBytes, end - at)));
        RETURN_IF_ERROR(segment.file->WriteAt(at, bytes));
    }
    return segment.file->DataSync();
}

// ---- Callers ----

Status LocalChannel::Acquire(Owner owner, base::Epoch epoch) {
    if (epoch == 0) {
        return base::InvalidParameter("epochs start at 1");
    }
    base::Mutex mutex;
    base::CondVar answered;
    std::optional<Status> outcome;
    Operation operation;
    operation.is_acquire = true;
    operation.owner = owner;
    operation.epoch = epoch;
    operation.done = [&](Result<LogPosition> result) {
        MutexLock lock(mutex);
        outcome = result.status();
        answered.NotifyAll();
    };
    Submit(std::move(operation));
    MutexLock lock(mutex);
    while (!outcome.has_value()) {
        answered.Wait(mutex);
    }
    return *outcome;
}

void LocalChannel::Append(Owner owner, base::Epoch epoch, std::string payload,
                          AppendCallback done) {
    Operation operation;
    operation.owner = owner;
    operation.epoch = epoch;
    operation.payload = std::move(payload);
    operation.done = std::move(done);
    if (operation.payload.size() > kPayloadBytesLimit) {
        operation.outcome =
            Status::Error(Code::kParameterTooLarge,
                          "a log record of " + std::to_string(operation.payload.size()) +
                              " bytes, the limit is " + std::to_string(kPayloadBytesLimit));
        operation.payload = std::string();
    }
    Submit(std::move(operation));
}

void LocalChannel::Submit(Operation operation) {
    {
        MutexLock lock(mutex_);
        if (pending_bytes_ + operation.payload.size() > kPendingBytesLimit) {
            operation.outcome = Status::Error(Code::kTooManyRequests, "log channel " + name_);
            operation.payload = std::string();
        }
        pending_bytes_ += operation.payload.size();
        pending_.push_back(std::move(operation));
    }
    wake_.NotifyOne();
}

LogPosition LocalChannel::LastPosition() const {
    MutexLock lock(mutex_);
    return durable_.next_position - 1;
}

LogPosition LocalChannel::FirstPosition() const {
    MutexLock lock(mutex_);
    return segments_.front()->header.first_position;
}

base::Epoch LocalChannel::LastEpoch() const {
    MutexLock lock(mutex_);
    return durable_.epoch;
}

bool LocalChannel::dead() const {
    MutexLock lock(mutex_);
    return !dead_.ok();
}

Status LocalChannel::Read(LogPosition from, const RecordVisitor& visitor) const {
    from = std::max<LogPosition>(from, 1);
    std::vector<SegmentView> views;
    {
        MutexLock lock(mutex_);
        if (from < segments_.front()->header.first_position) {
            return Status::Error(Code::kCompacted, "position " + std::to_string(from));
        }
        if (from >= durable_.next_position) {
            return Status();
        }
        for (const SegmentPtr& segment : segments_) {
            if (segment->header.first_position <= from) {
                views.clear();  // what is wanted begins here or later
            }
            views.push_back({segment, segment->end, segment->chain});
        }
    }
    const SegmentHeader& first = views.front().segment->header;
    RecordAssembler assembler(first.epoch, first.first_position);
    const RecordVisitor wanted = [&](LogPosition position, std::string_view payload) {
        return position >= from ? visitor(position, payload) : Status();
    };
    for (const SegmentView& view : views) {
        RETURN_IF_ERROR(ReadSegment(view, assembler, wanted));
    }
    return Status();
}

Status LocalChannel::ReadSegment(const SegmentView& view, RecordAssembler& assembler,
                                 const RecordVisitor& visitor) const {
    const Segment& segment = *view.segment;
    if (segment.header.first_position != assembler.next_position()) {
        return CorruptionAt(segment.path, 0,
                            "begins at position " + std::to_string(segment.header.first_position) +
                                " where " + std::to_string(assembler.next_position()) + " belongs");
    }
    // A failure of the visitor is its own and passes through; one of the assembler gets its place.
    Status visited;
    const RecordVisitor remember = [&](LogPosition position, std::string_view payload) {
        visited = visitor(position, payload);
        return visited;
    };
    RecordScanner scanner(*segment.file, kSegmentHeaderBytes, view.end, segment.header);
    while (scanner.end() < view.end) {
        const uint64_t offset = scanner.end();
        ASSIGN_OR_RETURN(const bool found, scanner.Next());
        if (!found) {
            return CorruptionAt(segment.path, offset, "damaged record");
        }
        const Status accepted = assembler.Accept(scanner.record(), remember);
        RETURN_IF_ERROR(visited);
        if (!accepted.ok()) {
            return CorruptionAt(segment.path, offset, accepted.reason());
        }
    }
    if (scanner.chain() != view.chain) {
        return CorruptionAt(segment.path, view.end, "the last record is not the one acknowledged");
    }
    return Status();
}

Status LocalChannel::TruncateBefore(LogPosition position) {
    MutexLock truncating(truncate_mutex_);
    while (true) {
        SegmentPtr oldest;
        {
            MutexLock lock(mutex_);
            RETURN_IF_ERROR(dead_);
            if (segments_.size() < 2 || segments_[1]->header.first_position > position) {
                return Status();
            }
            oldest = segments_.front();
        }
        // It stays listed until its removal is durable: a failure here is made good by the next
        // call.
        RETURN_IF_ERROR(file_system_.Remove(oldest->path));
        RETURN_IF_ERROR(file_system_.SyncDirectory(directory_));
        MutexLock lock(mutex_);
        segments_.erase(segments_.begin());
    }
}

// ---- The committer ----

void LocalChannel::RunCommitter() {
    while (true) {
        std::vector<Operation> group;
        {
            MutexLock lock(mutex_);
            while (pending_.empty() && !stopping_) {
                wake_.Wait(mutex_);
            }
            if (pending_.empty()) {
                return;
            }
            group = TakeGroup();
        }
        CommitGroup(group);
        size_t bytes = 0;
        for (Operation& operation : group) {
            bytes += operation.payload.size();
            if (operation.outcome.ok()) {
                operation.done(operation.position);
            } else {
                operation.done(operation.outcome);
            }
        }
        MutexLock lock(mutex_);
        pending_bytes_ -= bytes;
    }
}

std::vector<LocalChannel::Operation> LocalChannel::TakeGroup() {
    std::vector<Operation> group;
    size_t bytes = 0;
    while (!pending_.empty() && bytes < kGroupBytesTarget) {
        bytes += pending_.front().payload.size();
        group.push_back(std::move(pending_.front()));
        pending_.pop_front();
    }
    return group;
}

void LocalChannel::CommitGroup(std::vector<Operation>& group) {
    size_t gathered_from = 0;  // operations before it are settled
    for (size_t i = 0; i < group.size(); ++i) {
        Operation& operation = group[i];
        if (operation.outcome.ok()) {
            operation.outcome = Judge(operation);
        }
        if (operation.outcome.ok() && NeedsNewSegment(operation)) {
            Settle(group, gathered_from, i);
            gathered_from = i;
            operation.outcome = Judge(operation);  // the settled ones may have failed
            if (operation.outcome.ok()) {
                operation.outcome = Roll();
            }
        }
        if (operation.outcome.ok()) {
            Gather(operation);
        }
    }
    Settle(group, gathered_from, group.size());
}

Status LocalChannel::Judge(const Operation& operation) const {
    {
        MutexLock lock(mutex_);
        RETURN_IF_ERROR(dead_);
    }
    const bool is_owner = operation.epoch == ahead_.epoch && operation.owner == ahead_.owner;
    const bool allowed = is_owner || (operation.is_acquire && operation.epoch > ahead_.epoch);
    return allowed ? Status() : Fenced(operation.epoch, ahead_.epoch);
}

bool LocalChannel::NeedsNewSegment(const Operation& operation) const {
    const uint64_t bytes =
        operation.payload.size() +
        PhysicalRecordCount(operation.payload.size()) * (kRecordHeaderBytes + kRecordAlignment);
    return writer_.end() > kSegmentHeaderBytes && writer_.end() + bytes > options_.segment_bytes;
}

// Everything gathered so far is durable. A full disk is found out before the new file has its name,
// and then nothing has changed.
Status LocalChannel::Roll() {
    SegmentPtr previous;
    {
        MutexLock lock(mutex_);
        previous = segments_.back();
    }
    SegmentHeader header = NewHeader(previous->header.sequence + 1);
    header.previous_end = previous->end;
    header.previous_chain = previous->chain;
    auto segment = CreateSegment(header);
    if (!segment.ok()) {
        return segment.status().code() == Code::kDiskLimitExceeded ? segment.status()
                                                                   : Die(segment.status());
    }
    const Status synced = file_system_.SyncDirectory(directory_);
    if (!synced.ok()) {
        return Die(synced);
    }
    writer_.Start((*segment)->file.get(), header.salt, kSegmentHeaderBytes, header.chain());
    MutexLock lock(mutex_);
    segments_.push_back(*std::move(segment));
    return Status();
}

void LocalChannel::Gather(Operation& operation) {
    if (operation.is_acquire) {
        if (operation.epoch != ahead_.epoch) {
            writer_.Add({RecordType::kEpoch, operation.epoch, ahead_.next_position, {}});
        }
        ahead_.epoch = operation.epoch;
        ahead_.owner = operation.owner;
        operation.position = ahead_.next_position - 1;
        return;
    }
    operation.position = ahead_.next_position++;
    const Status split = SplitPayload(operation.epoch, operation.position, operation.payload,
                                      [this](const PhysicalRecord& record) {
                                          writer_.Add(record);
                                          return Status();
                                      });
    CHECK(split.ok(), "the writer keeps its failures until Commit");
}

// Makes the gathered operations of [begin, end) durable, or fails them all.
void LocalChannel::Settle(std::vector<Operation>& group, size_t begin, size_t end) {
    const Status committed = writer_.Commit();
    if (committed.ok()) {
        Publish();
        return;
    }
    const bool goes_on =
        committed.code() == Code::kDiskLimitExceeded && !writer_.group_touched_file();
    const Status failure = goes_on ? committed : Die(committed);
    writer_.Abandon();
    {
        MutexLock lock(mutex_);
        ahead_ = durable_;
    }
    for (size_t i = begin; i < end; ++i) {
        if (group[i].outcome.ok()) {
            group[i].outcome = failure;
        }
    }
}

void LocalChannel::Publish() {
    MutexLock lock(mutex_);
    durable_ = ahead_;
    segments_.back()->end = writer_.synced_end();
    segments_.back()->chain = writer_.chain();
}

Status LocalChannel::Die(const Status& cause) {
    base::LogError("wal_channel_dead", {{"channel", name_}, {"reason", cause}});
    MutexLock lock(mutex_);
    // One code for every cause: a full disk here is not the kind that goes away by itself.
    dead_ = Status::Error(Code::kIoFailed, "log channel " + name_ +
                                               " stopped after a failed write: " + cause.reason());
    return dead_;
}

}  // namespace elanus::wal
