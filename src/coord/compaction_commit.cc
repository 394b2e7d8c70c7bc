// DataCoordImpl's side of compactions: the commit, and what the compactor asks for.

#include "base/log.h"
#include "coord/data_coord.h"
#include "coord/segment_keys.h"
#include "sys/kill_point.h"

#include <algorithm>

namespace elanus::coord {

using base::CallContext;
using base::Code;
using base::Result;
using base::Status;
using roles::DeleteFileInfo;
using roles::Empty;
using roles::SegmentIndexInfo;
using roles::SegmentInfo;

Result<roles::CompactResponse> DataCoordImpl::Compact(const CallContext& context,
                                                      const roles::CompactRequest& request) {
    return compactor_.Compact(context, request);
}

Result<roles::CompactionStatus> DataCoordImpl::GetCompaction(const CallContext&,
                                                             const roles::CompactionQuery& query) {
    return compactor_.Status(query);
}

// ---- The commit

Result<DataCoordImpl::ReplacedFiles> DataCoordImpl::FilesReplacedBy(
    const roles::CompactionSwap& swap) const {
    ReplacedFiles replaced;
    base::MutexLock lock(mutex_);
    const auto found = collections_.find(swap.collection_id);
    if (found == collections_.end()) {
        return Status::WithFields(Code::kChannelNotFound, {{"channel", swap.vchannel}});
    }
    const CollectionData& data = found->second;
    const auto checkpoint = data.checkpoints.find(swap.vchannel);
    if (checkpoint != data.checkpoints.end()) {
        replaced.checkpoint = checkpoint->second;
    }
    replaced.checkpoint.vchannel = swap.vchannel;
    if (swap.epoch < replaced.checkpoint.epoch) {
        return Status::WithFields(Code::kChannelFenced, {{"channel", swap.vchannel}});
    }
    replaced.is_repeat = !swap.outputs.empty() && data.segments.contains(swap.outputs[0].id);
    std::set<base::SegmentId> left;
    for (const auto& [id, segment] : data.segments) {
        left.insert(id);
    }
    for (const base::SegmentId id : swap.inputs) {
        const auto segment = data.segments.find(id);
        if (segment != data.segments.end() && segment->second.vchannel == swap.vchannel) {
            replaced.segments.push_back(segment->second);
            left.erase(id);
        } else if (!replaced.is_repeat && !swap.outputs.empty()) {
            return Status::WithFields(Code::kSegmentNotFound, {{"segment", std::to_string(id)}});
        }
    }
    for (const auto& [id, file] : data.delete_files) {
        const bool is_needed =
            file.segments.empty() || std::any_of(file.segments.begin(), file.segments.end(),
                                                 [&](auto of) { return left.contains(of); });
        const bool is_new =
            std::any_of(swap.delete_files.begin(), swap.delete_files.end(),
                        [&](const DeleteFileInfo& fresh) { return fresh.id == file.id; });
        if (file.vchannel == swap.vchannel && !is_new && (swap.gathers_deletes || !is_needed)) {
            replaced.delete_files.push_back(file);
        }
    }
    for (const SegmentIndexInfo& index : swap.segment_indexes) {
        if (data.indexes.contains(index.index_id)) {
            replaced.kept_indexes.push_back(index);
        }
    }
    replaced.checkpoint.compacted_ts =
        std::max(replaced.checkpoint.compacted_ts, swap.compacted_ts);
    return replaced;
}

void DataCoordImpl::TakeOver(const roles::CompactionSwap& swap, const ReplacedFiles& replaced) {
    CollectionData& data = collections_[swap.collection_id];
    for (const SegmentInfo& segment : replaced.segments) {
        data.segments.erase(segment.id);
        std::erase_if(data.segment_indexes,
                      [&](const auto& entry) { return entry.first.first == segment.id; });
    }
    for (const DeleteFileInfo& file : replaced.delete_files) {
        data.delete_files.erase(file.id);
    }
    for (const SegmentInfo& segment : swap.outputs) {
        data.segments[segment.id] = segment;
    }
    for (const SegmentIndexInfo& index : replaced.kept_indexes) {
        data.segment_indexes[{index.segment_id, index.index_id}] = index;
    }
    for (const DeleteFileInfo& file : swap.delete_files) {
        data.delete_files[file.id] = file;
    }
    data.checkpoints[swap.vchannel] = replaced.checkpoint;
}

Result<Empty> DataCoordImpl::CommitCompaction(const CallContext&,
                                              const roles::CompactionSwap& swap) {
    ReplacedFiles replaced;
    {
        base::MutexLock change(change_mutex_);
        ASSIGN_OR_RETURN(replaced, FilesReplacedBy(swap));
        if (replaced.is_repeat) {
            return Empty{};
        }
        catalog::Txn txn;
        for (const SegmentInfo& segment : replaced.segments) {
            txn.Remove(SegmentKey(segment));
            txn.RemoveRange(catalog::PrefixRange(Under("segidx", segment.collection_id) +
                                                 std::to_string(segment.id) + "/"));
        }
        for (const DeleteFileInfo& file : replaced.delete_files) {
            txn.Remove(DeleteFileKey(file));
        }
        for (const SegmentInfo& segment : swap.outputs) {
            txn.Set(SegmentKey(segment), base::Encode(segment));
        }
        for (const SegmentIndexInfo& index : replaced.kept_indexes) {
            txn.Set(SegmentIndexKey(index), base::Encode(index));
        }
        for (const DeleteFileInfo& file : swap.delete_files) {
            txn.Set(DeleteFileKey(file), base::Encode(file));
        }
        txn.Set(CheckpointKey(swap.collection_id, swap.vchannel),
                base::Encode(replaced.checkpoint));
        sys::KillPoint("coord.before_compaction_commit");
        RETURN_IF_ERROR(store_.Commit(std::move(txn)));
        sys::KillPoint("coord.after_compaction_commit");
        base::MutexLock lock(mutex_);
        TakeOver(swap, replaced);
    }
    const Status deleted = DeleteFilesOf(replaced.segments, replaced.delete_files);
    if (!deleted.ok()) {
        base::LogWarn("compacted_files_not_deleted", {{"reason", deleted}});
    }
    return Empty{};
}

// Open mappings keep them readable. Whatever stays behind is a leftover that the next start
// removes.
Status DataCoordImpl::DeleteFilesOf(const std::vector<SegmentInfo>& segments,
                                    const std::vector<DeleteFileInfo>& delete_files) {
    for (const DeleteFileInfo& file : delete_files) {
        RETURN_IF_ERROR(objects_.Delete(file.data_key));
    }
    for (const SegmentInfo& segment : segments) {
        RETURN_IF_ERROR(objects_.Delete(segment.data_key));
        RETURN_IF_ERROR(objects_.DeletePrefix("index/" + std::to_string(segment.collection_id) +
                                              "/" + std::to_string(segment.id) + "/"));
    }
    return Status();
}

// ---- What the compactor asks for

CompactionHost::Files DataCoordImpl::FilesOf(base::CollectionId id) const {
    Files files;
    base::MutexLock lock(mutex_);
    const auto found = collections_.find(id);
    if (found == collections_.end()) {
        return files;
    }
    for (const auto& [segment_id, segment] : found->second.segments) {
        if (segment.state == roles::SegmentState::kFlushed) {
            files.segments.push_back(segment);
        }
    }
    for (const auto& [file_id, file] : found->second.delete_files) {
        files.delete_files.push_back(file);
    }
    return files;
}

std::vector<base::CollectionId> DataCoordImpl::CollectionsWithFiles() const {
    std::vector<base::CollectionId> ids;
    base::MutexLock lock(mutex_);
    for (const auto& [id, data] : collections_) {
        if (!data.segments.empty()) {
            ids.push_back(id);
        }
    }
    return ids;
}

std::vector<roles::IndexToLoad> DataCoordImpl::BuildIndexes(const CallContext& context,
                                                            const roles::CollectionInfo& collection,
                                                            const SegmentInfo& segment) {
    std::vector<roles::IndexInfo> due;
    {
        base::MutexLock lock(mutex_);
        const auto found = collections_.find(collection.id);
        if (found == collections_.end()) {
            return {};
        }
        for (const auto& [id, index] : found->second.indexes) {
            if (NeedsBuild(index, segment)) {
                due.push_back(index);
            }
        }
    }
    std::vector<roles::IndexToLoad> built;
    for (const roles::IndexInfo& index : due) {
        roles::BuildIndexRequest request;
        request.segment = segment;
        request.index = index;
        request.data_key = IndexObjectKey(segment, index.id);
        SegmentIndexInfo result;
        const Status status = RunBuild(context, request, &result);
        if (status.ok()) {
            built.push_back({index, result});
        } else {
            base::LogWarn("index_build_failed",
                          {{"segment", segment.id}, {"index", index.name}, {"reason", status}});
        }
    }
    return built;
}

void DataCoordImpl::OnCompacted(base::CollectionId id) {
    ScheduleBuilds(id);
    compactor_.OnChange(id);
}

}  // namespace elanus::coord
