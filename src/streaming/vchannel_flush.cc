// The flush of a generation: files first, then one commit by DataCoord, then memory. Whatever
// fails, the generation stays in memory and in the log, and the next attempt goes on with the same
// ids.

#include "base/log.h"
#include "object/object_sink.h"
#include "streaming/vchannel.h"
#include "sys/kill_point.h"

#include <algorithm>

namespace elanus::streaming {
namespace {

// Writes one object; a repeat replaces what an earlier attempt left. Returns its size.
base::Result<uint64_t> WriteObject(object::ObjectStore& objects, const std::string& key,
                                   const std::function<base::Status(codec::Sink&)>& write) {
    ASSIGN_OR_RETURN(const auto writer, objects.Create(key));
    object::ObjectSink sink(*writer);
    RETURN_IF_ERROR(write(sink));
    const uint64_t bytes = writer->offset();
    RETURN_IF_ERROR(writer->Commit(object::CommitMode::kReplace));
    return bytes;
}

std::string SegmentKey(const roles::SegmentInfo& info) {
    return "segments/" + std::to_string(info.collection_id) + "/" +
           std::to_string(info.partition_id) + "/" + std::to_string(info.id) + "/data.1";
}

std::string DeletesKey(const roles::DeleteFileInfo& info) {
    return "deletes/" + info.vchannel + "/" + std::to_string(info.id);
}

}  // namespace

std::shared_ptr<VChannel::Generation> VChannel::FrontGeneration() const {
    base::MutexLock lock(mutex_);
    const bool stopped = dropped_ || !broken_.ok() || generations_.empty();
    return stopped ? nullptr : generations_.front();
}

base::Status VChannel::Flush(Generation* generation) {
    sys::KillPoint("flush.begin");
    std::vector<Growing> segments;
    {
        base::MutexLock lock(mutex_);
        segments = generation->segments;
    }
    for (const Growing& growing : segments) {
        RETURN_IF_ERROR(WriteSegment(generation, growing));
        sys::KillPoint("flush.after_data_file");
    }
    return Commit(generation);
}

base::Status VChannel::WriteSegment(Generation* generation, const Growing& growing) {
    if (generation->written.contains(growing.rows->id())) {
        return base::Status();
    }
    roles::SegmentInfo info;
    info.id = growing.rows->id();
    info.collection_id = collection_id_;
    info.partition_id = growing.rows->partition_id();
    info.vchannel = name_;
    info.state = roles::SegmentState::kFlushed;
    info.rows = growing.rows->rows();
    info.min_ts = growing.rows->min_timestamp();
    info.max_ts = growing.rows->max_timestamp();
    info.schema_version = generation->schema_version;
    info.data_key = SegmentKey(info);
    ASSIGN_OR_RETURN(info.bytes,
                     WriteObject(*environment_.partners->objects, info.data_key,
                                 [&](codec::Sink& sink) { return growing.rows->WriteTo(sink); }));
    generation->written[info.id] = std::move(info);
    return base::Status();
}

DeletesBySegment VChannel::CollectDeletes(const Generation& generation) const {
    base::MutexLock lock(mutex_);
    const base::Timestamp after = checkpoint_.timestamp;
    const base::Timestamp until = generation.last.timestamp;
    DeletesBySegment deletes;
    const auto collect = [&](base::SegmentId id, const segment::DeleteList& list) {
        if (list.max_timestamp() <= after) {
            return;
        }
        segment::DeleteRun run = list.Between(after, until);
        if (!run.rows.empty()) {
            deletes[id] = std::move(run);
        }
    };
    for (const auto& [id, sealed] : sealed_) {
        collect(id, sealed->deletes);
    }
    for (const Growing& growing : generation.segments) {
        collect(growing.rows->id(), growing.rows->deletes());
    }
    return deletes;
}

// A repeat writes the file anew under its id: a compaction may have come between.
base::Status VChannel::WriteDeletes(Generation* generation) {
    const DeletesBySegment deletes = CollectDeletes(*generation);
    if (deletes.empty()) {
        generation->delete_file.reset();
        return base::Status();
    }
    base::SegmentId id = 0;
    if (generation->delete_file.has_value()) {
        id = generation->delete_file->id;
    } else {
        ASSIGN_OR_RETURN(id, environment_.next_segment_id());
    }
    ASSIGN_OR_RETURN(generation->delete_file, WriteDeletesAs(id, deletes));
    generation->delete_file->max_ts = generation->last.timestamp;
    return base::Status();
}

base::Result<roles::DeleteFileInfo> VChannel::WriteDeletesAs(
    base::SegmentId id, const DeletesBySegment& deletes) const {
    roles::DeleteFileInfo info;
    info.id = id;
    info.collection_id = collection_id_;
    info.vchannel = name_;
    info.data_key = DeletesKey(info);
    for (const auto& [segment_id, run] : deletes) {
        info.rows += run.rows.size();
        info.segments.push_back(segment_id);
        info.max_ts =
            std::max(info.max_ts, *std::max_element(run.timestamps.begin(), run.timestamps.end()));
    }
    const auto write = [&](codec::Sink& sink) { return WriteDeleteFile(deletes, sink); };
    RETURN_IF_ERROR(WriteObject(*environment_.partners->objects, info.data_key, write).status());
    return info;
}

base::Status VChannel::Commit(Generation* generation) {
    base::MutexLock committing(commit_mutex_);
    RETURN_IF_ERROR(WriteDeletes(generation));
    sys::KillPoint("flush.after_delete_file");
    roles::FlushSwap swap;
    {
        base::MutexLock lock(mutex_);
        if (dropped_) {
            return base::Status();
        }
        for (const Growing& growing : generation->segments) {
            swap.sealed.push_back(generation->written.at(growing.rows->id()));
        }
        swap.vchannel = name_;
        swap.collection_id = collection_id_;
        swap.checkpoint = {name_, generation->last.position, generation->last.timestamp,
                           environment_.epoch, checkpoint_.compacted_ts};
        swap.truncated_ts = generation->truncated_ts;
        if (generation->delete_file.has_value()) {
            swap.delete_files.push_back(*generation->delete_file);
        }
    }
    sys::KillPoint("flush.before_swap");
    RETURN_IF_ERROR(
        environment_.partners->data_coord->CommitFlush(base::CallContext(), swap).status());
    sys::KillPoint("flush.after_swap");
    std::map<base::SegmentId, std::unique_ptr<segment::KeyIndex>> keys;
    for (const roles::SegmentInfo& info : swap.sealed) {
        // Not opened now, it is opened by the first delete that needs it.
        const auto file = environment_.partners->objects->Map(info.data_key);
        if (file.ok()) {
            base::Result<segment::KeyIndex> opened = segment::KeyIndex::Open(*file);
            if (opened.ok()) {
                keys[info.id] = std::make_unique<segment::KeyIndex>(std::move(*opened));
            }
        }
    }
    Install(generation, std::move(keys));
    sys::KillPoint("flush.after_memory_swap");
    base::LogInfo("flushed", {{"vchannel", name_},
                              {"segments", swap.sealed.size()},
                              {"position", swap.checkpoint.position}});
    return base::Status();
}

void VChannel::Install(Generation* generation,
                       std::map<base::SegmentId, std::unique_ptr<segment::KeyIndex>> keys) {
    base::MutexLock lock(mutex_);
    if (dropped_) {
        return;
    }
    for (Growing& growing : generation->segments) {
        const base::SegmentId id = growing.rows->id();
        auto sealed = std::make_shared<Sealed>();
        sealed->info = generation->written.at(id);
        sealed->deletes.Apply(growing.rows->deletes().Between(0, base::kMaxTimestamp));
        sealed->keys = std::move(keys[id]);
        sealed->twin = std::move(growing);
        if (!Wanted(sealed->info.partition_id)) {
            Forget(&sealed->twin);
        }
        sealed_[id] = std::move(sealed);
    }
    checkpoint_.position = generation->last.position;
    checkpoint_.timestamp = generation->last.timestamp;
    checkpoint_.epoch = environment_.epoch;
    CHECK(!generations_.empty() && generations_.front().get() == generation,
          "generations are flushed in order");
    generations_.pop_front();
    Publish();
}

base::Status VChannel::Work(bool* flushed) {
    while (!environment_.stopping()) {
        const std::shared_ptr<Generation> generation = FrontGeneration();
        if (generation != nullptr) {
            const base::Status done = Flush(generation.get());
            if (!done.ok()) {
                base::LogWarn("flush_failed", {{"vchannel", name_}, {"reason", done}});
                return done;
            }
            *flushed = true;
            continue;
        }
        const SealedPtr sealed = NextToPlace();
        if (sealed == nullptr) {
            return base::Status();
        }
        RETURN_IF_ERROR(Place(sealed));
    }
    return base::Status();
}

bool VChannel::BeginWork() {
    base::MutexLock lock(mutex_);
    if (working_) {
        work_again_ = true;
        return false;
    }
    working_ = true;
    work_again_ = false;
    return true;
}

bool VChannel::EndWork(bool succeeded) {
    base::MutexLock lock(mutex_);
    if (succeeded && work_again_) {
        work_again_ = false;
        return true;
    }
    working_ = false;
    return false;
}

}  // namespace elanus::streaming
