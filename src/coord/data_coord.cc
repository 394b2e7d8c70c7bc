#include "coord/data_coord.h"

#include "base/log.h"
#include "coord/segment_keys.h"
#include "sys/kill_point.h"

namespace elanus::coord {

using base::CallContext;
using base::Code;
using base::InvalidParameter;
using base::Result;
using base::Status;
using roles::ChannelCheckpoint;
using roles::DeleteFileInfo;
using roles::Empty;
using roles::IndexInfo;
using roles::IndexState;
using roles::SegmentIndexInfo;
using roles::SegmentInfo;

namespace {

// The collection id of a vchannel `<pchannel>_<id>v<shard>`; 0 when the name has another form.
base::CollectionId CollectionOf(const std::string& vchannel) {
    const size_t v = vchannel.rfind('v');
    const size_t underscore = vchannel.rfind('_', v);
    if (v == vchannel.npos || underscore == vchannel.npos) {
        return 0;
    }
    base::CollectionId id = 0;
    for (size_t i = underscore + 1; i < v; ++i) {
        if (vchannel[i] < '0' || vchannel[i] > '9') {
            return 0;
        }
        id = id * 10 + (vchannel[i] - '0');
    }
    return id;
}

bool SameDefinition(const IndexInfo& a, const IndexInfo& b) {
    return a.field_id == b.field_id && a.index_type == b.index_type &&
           a.metric_type == b.metric_type && a.params == b.params;
}

}  // namespace

DataCoordImpl::DataCoordImpl(CoordStore& store, object::ObjectStore& objects,
                             sys::Executor& background, DataCoordOptions options)
    : store_(store),
      objects_(objects),
      background_(background),
      options_(options),
      compactor_(*this, store, objects, options.compaction) {}

DataCoordImpl::~DataCoordImpl() {
    Stop();
}

void DataCoordImpl::Connect(DataCoordPartners partners) {
    partners_ = std::move(partners);
    compactor_.Connect({partners_.root_coord, partners_.streaming_node, partners_.data_node,
                        partners_.compaction == nullptr ? &background_ : partners_.compaction,
                        partners_.schedule});
}

Status DataCoordImpl::Open() {
    ASSIGN_OR_RETURN(const auto segments, store_.LoadAll<SegmentInfo>("seg/"));
    ASSIGN_OR_RETURN(const auto files, store_.LoadAll<DeleteFileInfo>("delfile/"));
    ASSIGN_OR_RETURN(const auto checkpoints, store_.LoadAll<ChannelCheckpoint>("ckpt/"));
    ASSIGN_OR_RETURN(const auto indexes, store_.LoadAll<IndexInfo>("index/"));
    ASSIGN_OR_RETURN(const auto segment_indexes, store_.LoadAll<SegmentIndexInfo>("segidx/"));
    base::MutexLock lock(mutex_);
    for (const SegmentInfo& segment : segments) {
        collections_[segment.collection_id].segments[segment.id] = segment;
    }
    for (const DeleteFileInfo& file : files) {
        collections_[file.collection_id].delete_files[file.id] = file;
    }
    for (const ChannelCheckpoint& checkpoint : checkpoints) {
        collections_[CollectionOf(checkpoint.vchannel)].checkpoints[checkpoint.vchannel] =
            checkpoint;
    }
    for (const IndexInfo& index : indexes) {
        collections_[index.collection_id].indexes[index.id] = index;
    }
    for (const SegmentIndexInfo& info : segment_indexes) {
        collections_[info.collection_id].segment_indexes[{info.segment_id, info.index_id}] = info;
    }
    return Status();
}

void DataCoordImpl::Recover() {
    std::vector<base::CollectionId> ids;
    {
        base::MutexLock lock(mutex_);
        for (const auto& [id, data] : collections_) {
            ids.push_back(id);
        }
    }
    for (base::CollectionId id : ids) {
        ScheduleBuilds(id);
    }
    const Status compacting = compactor_.Recover();
    if (!compacting.ok()) {
        base::LogWarn("compactions_not_resumed", {{"reason", compacting}});
    }
}

void DataCoordImpl::Stop() {
    builds_context_.Cancel();
    compactor_.Stop();
    base::MutexLock lock(mutex_);
    stopping_ = true;
    while (!running_.empty()) {
        idle_.Wait(mutex_);
    }
}

// A crash between publishing a file and naming it in the catalog leaves the file behind. Before the
// first write of this run every file without a record is such a leftover.
Status DataCoordImpl::RemoveLeftovers() {
    std::set<std::string> known;
    {
        base::MutexLock lock(mutex_);
        for (const auto& [id, data] : collections_) {
            for (const auto& [segment_id, segment] : data.segments) {
                known.insert(segment.data_key);
            }
            for (const auto& [file_id, file] : data.delete_files) {
                known.insert(file.data_key);
            }
            for (const auto& [key, info] : data.segment_indexes) {
                known.insert(info.data_key);
            }
        }
    }
    for (const char* prefix : {"segments/", "deletes/", "index/"}) {
        ASSIGN_OR_RETURN(const auto objects, objects_.List(prefix));
        for (const auto& object : objects) {
            if (!known.contains(object.key)) {
                base::LogInfo("orphan_deleted", {{"object", object.key}});
                RETURN_IF_ERROR(objects_.Delete(object.key));
            }
        }
    }
    return Status();
}

// ---- flush

DataCoordImpl::TruncatedFiles DataCoordImpl::FilesUpTo(const roles::FlushSwap& swap) const {
    TruncatedFiles files;
    base::MutexLock lock(mutex_);
    const auto found = collections_.find(swap.collection_id);
    if (found == collections_.end() || swap.truncated_ts == 0) {
        return files;
    }
    for (const auto& [id, segment] : found->second.segments) {
        if (segment.vchannel == swap.vchannel && segment.max_ts <= swap.truncated_ts) {
            files.segments.push_back(segment);
        }
    }
    for (const auto& [id, file] : found->second.delete_files) {
        if (file.vchannel == swap.vchannel && file.max_ts <= swap.truncated_ts) {
            files.delete_files.push_back(file);
        }
    }
    return files;
}

Result<Empty> DataCoordImpl::CommitFlush(const CallContext&, const roles::FlushSwap& swap) {
    TruncatedFiles truncated;
    {
        base::MutexLock change(change_mutex_);
        ChannelCheckpoint before;
        {
            base::MutexLock lock(mutex_);
            before = collections_[swap.collection_id].checkpoints[swap.vchannel];
        }
        if (swap.checkpoint.epoch < before.epoch) {
            return Status::WithFields(Code::kChannelFenced, {{"channel", swap.vchannel}});
        }
        if (swap.checkpoint.epoch == before.epoch && swap.checkpoint.position <= before.position &&
            before.position != 0) {
            return Empty{};  // a repeat
        }
        catalog::Txn txn;
        for (const SegmentInfo& segment : swap.sealed) {
            txn.Set(SegmentKey(segment), base::Encode(segment));
        }
        for (const DeleteFileInfo& file : swap.delete_files) {
            txn.Set(DeleteFileKey(file), base::Encode(file));
        }
        txn.Set(CheckpointKey(swap.collection_id, swap.vchannel), base::Encode(swap.checkpoint));
        truncated = FilesUpTo(swap);
        for (const SegmentInfo& segment : truncated.segments) {
            txn.Remove(SegmentKey(segment));
            txn.RemoveRange(catalog::PrefixRange(Under("segidx", segment.collection_id) +
                                                 std::to_string(segment.id) + "/"));
        }
        for (const DeleteFileInfo& file : truncated.delete_files) {
            txn.Remove(DeleteFileKey(file));
        }
        sys::KillPoint("coord.before_flush_commit");
        RETURN_IF_ERROR(store_.Commit(std::move(txn)));
        sys::KillPoint("coord.after_flush_commit");
        base::MutexLock lock(mutex_);
        CollectionData& data = collections_[swap.collection_id];
        for (const SegmentInfo& segment : swap.sealed) {
            data.segments[segment.id] = segment;
        }
        for (const DeleteFileInfo& file : swap.delete_files) {
            data.delete_files[file.id] = file;
        }
        data.checkpoints[swap.vchannel] = swap.checkpoint;
        for (const SegmentInfo& segment : truncated.segments) {
            data.segments.erase(segment.id);
            std::erase_if(data.segment_indexes,
                          [&](const auto& entry) { return entry.first.first == segment.id; });
        }
        for (const DeleteFileInfo& file : truncated.delete_files) {
            data.delete_files.erase(file.id);
        }
    }
    RETURN_IF_ERROR(DeleteFilesOf(truncated.segments, truncated.delete_files));
    ScheduleBuilds(swap.collection_id);
    compactor_.OnChange(swap.collection_id);
    return Empty{};
}

Result<roles::ChannelRecovery> DataCoordImpl::RecoverChannel(const CallContext&,
                                                             const roles::ChannelName& request) {
    roles::ChannelRecovery recovery;
    recovery.checkpoint.vchannel = request.vchannel;
    base::MutexLock lock(mutex_);
    const auto found = collections_.find(CollectionOf(request.vchannel));
    if (found == collections_.end()) {
        return recovery;
    }
    const CollectionData& data = found->second;
    const auto checkpoint = data.checkpoints.find(request.vchannel);
    if (checkpoint != data.checkpoints.end()) {
        recovery.checkpoint = checkpoint->second;
    }
    for (const auto& [id, segment] : data.segments) {
        if (segment.vchannel == request.vchannel) {
            recovery.segments.push_back(segment);
        }
    }
    for (const auto& [id, file] : data.delete_files) {
        if (file.vchannel == request.vchannel) {
            recovery.delete_files.push_back(file);
        }
    }
    for (const auto& [key, info] : data.segment_indexes) {
        const auto segment = data.segments.find(key.first);
        if (info.state == IndexState::kFinished && segment != data.segments.end() &&
            segment->second.vchannel == request.vchannel) {
            recovery.segment_indexes.push_back(info);
        }
    }
    for (const auto& [id, index] : data.indexes) {
        recovery.indexes.push_back(index);
    }
    return recovery;
}

Result<roles::SegmentList> DataCoordImpl::ListSegments(const CallContext&,
                                                       const roles::OfCollection& request) {
    roles::SegmentList list;
    base::MutexLock lock(mutex_);
    const auto found = collections_.find(request.id);
    if (found != collections_.end()) {
        for (const auto& [id, segment] : found->second.segments) {
            list.segments.push_back(segment);
        }
    }
    return list;
}

// ---- dropping data

Result<Empty> DataCoordImpl::DropCollectionData(const CallContext&,
                                                const roles::OfCollection& request) {
    compactor_.Cancel(request.id);
    std::vector<std::string> vchannels;
    {
        base::MutexLock change(change_mutex_);
        std::vector<std::string> prefixes;
        for (const char* kind : {"seg", "delfile", "ckpt", "index", "segidx"}) {
            prefixes.push_back(Under(kind, request.id));
        }
        RETURN_IF_ERROR(store_.RemovePrefixes(prefixes));
        base::MutexLock lock(mutex_);
        for (const auto& [vchannel, checkpoint] : collections_[request.id].checkpoints) {
            vchannels.push_back(vchannel);
        }
        collections_.erase(request.id);
    }
    // Open mappings keep deleted files readable until their last reader lets go.
    const std::string id = std::to_string(request.id);
    RETURN_IF_ERROR(objects_.DeletePrefix("segments/" + id + "/"));
    RETURN_IF_ERROR(objects_.DeletePrefix("index/" + id + "/"));
    for (const std::string& vchannel : vchannels) {
        RETURN_IF_ERROR(objects_.DeletePrefix("deletes/" + vchannel + "/"));
    }
    return Empty{};
}

Result<Empty> DataCoordImpl::DropPartitionData(const CallContext&,
                                               const roles::OfPartition& request) {
    std::vector<SegmentInfo> dropped;
    std::vector<std::string> prefixes;
    {
        base::MutexLock change(change_mutex_);
        {
            base::MutexLock lock(mutex_);
            for (const auto& [id, segment] : collections_[request.collection_id].segments) {
                if (segment.partition_id == request.partition_id) {
                    dropped.push_back(segment);
                }
            }
        }
        catalog::Txn txn;
        for (const SegmentInfo& segment : dropped) {
            txn.Remove(SegmentKey(segment));
            txn.RemoveRange(catalog::PrefixRange(Under("segidx", segment.collection_id) +
                                                 std::to_string(segment.id) + "/"));
        }
        RETURN_IF_ERROR(store_.Commit(std::move(txn)));
        base::MutexLock lock(mutex_);
        CollectionData& data = collections_[request.collection_id];
        for (const SegmentInfo& segment : dropped) {
            data.segments.erase(segment.id);
            std::erase_if(data.segment_indexes,
                          [&](const auto& entry) { return entry.first.first == segment.id; });
        }
    }
    for (const SegmentInfo& segment : dropped) {
        RETURN_IF_ERROR(objects_.Delete(segment.data_key));
        RETURN_IF_ERROR(objects_.DeletePrefix("index/" + std::to_string(segment.collection_id) +
                                              "/" + std::to_string(segment.id) + "/"));
    }
    return Empty{};
}

// ---- indexes

Result<Empty> DataCoordImpl::CreateIndex(const CallContext& context,
                                         const roles::CreateIndexRequest& request) {
    {
        base::MutexLock change(change_mutex_);
        IndexInfo index = request.index;
        index.collection_id = request.collection.id;
        if (index.name.empty()) {
            index.name = index.field_name;
        }
        {
            base::MutexLock lock(mutex_);
            for (const auto& [id, existing] : collections_[request.collection.id].indexes) {
                if (existing.name == index.name && existing.field_id != index.field_id) {
                    return InvalidParameter("CreateIndex failed: " + index.name +
                                            " at most one distinct index is allowed per field");
                }
                const bool json_paths_differ =
                    existing.params.contains("json_path") && index.params.contains("json_path") &&
                    existing.params.at("json_path") != index.params.at("json_path");
                if (existing.field_id != index.field_id || json_paths_differ) {
                    continue;
                }
                if (existing.name == index.name && SameDefinition(existing, index)) {
                    return Empty{};
                }
                return InvalidParameter(
                    "CreateIndex failed: at most one distinct index is allowed per field");
            }
        }
        ASSIGN_OR_RETURN(const auto id, partners_.root_coord->AllocIds(context, {1}));
        ASSIGN_OR_RETURN(const auto ts, partners_.root_coord->AllocTimestamps(context, {1}));
        index.id = static_cast<base::IndexId>(id.first);
        index.created_ts = ts.first;
        catalog::Txn txn;
        txn.Set(IndexKey(index), base::Encode(index));
        RETURN_IF_ERROR(store_.Commit(std::move(txn)));
        base::MutexLock lock(mutex_);
        CollectionData& data = collections_[request.collection.id];
        data.indexes[index.id] = index;
    }
    ScheduleBuilds(request.collection.id);
    return Empty{};
}

Result<Empty> DataCoordImpl::DropIndex(const CallContext& context,
                                       const roles::DropIndexRequest& request) {
    std::vector<IndexInfo> dropped;
    std::vector<std::string> vchannels;
    std::vector<SegmentInfo> segments;
    {
        base::MutexLock change(change_mutex_);
        {
            base::MutexLock lock(mutex_);
            CollectionData& data = collections_[request.collection_id];
            for (const auto& [id, index] : data.indexes) {
                const bool named =
                    request.index_name.empty()
                        ? (request.field_name.empty() || index.field_name == request.field_name)
                        : index.name == request.index_name;
                if (named) {
                    dropped.push_back(index);
                }
            }
            for (const auto& [vchannel, checkpoint] : data.checkpoints) {
                vchannels.push_back(vchannel);
            }
            for (const auto& [id, segment] : data.segments) {
                segments.push_back(segment);
            }
        }
        if (request.index_name.empty() && dropped.size() > 1) {
            return Status::Error(Code::kIndexDuplicate,
                                 "there are multiple indexes, please specify the index_name");
        }
        for (const IndexInfo& index : dropped) {
            catalog::Txn txn;
            txn.Remove(IndexKey(index));
            RETURN_IF_ERROR(store_.Commit(std::move(txn)));
            base::MutexLock lock(mutex_);
            CollectionData& data = collections_[request.collection_id];
            data.indexes.erase(index.id);
            std::erase_if(data.segment_indexes,
                          [&](const auto& entry) { return entry.first.second == index.id; });
        }
    }
    for (const IndexInfo& index : dropped) {
        for (const std::string& vchannel : vchannels) {
            RETURN_IF_ERROR(
                partners_.streaming_node->OnIndexDropped(context, {vchannel, index.id}).status());
        }
        for (const SegmentInfo& segment : segments) {
            catalog::Txn txn;
            txn.Remove(SegmentIndexKey(
                {index.id, segment.id, request.collection_id, 0, IndexState::kNone, "", 0, 0, ""}));
            RETURN_IF_ERROR(store_.Commit(std::move(txn)));
            RETURN_IF_ERROR(objects_.Delete(IndexObjectKey(segment, index.id)));
        }
    }
    return Empty{};
}

Result<Empty> DataCoordImpl::AlterIndex(const CallContext&,
                                        const roles::AlterIndexRequest& request) {
    base::MutexLock change(change_mutex_);
    IndexInfo altered;
    {
        base::MutexLock lock(mutex_);
        for (const auto& [id, index] : collections_[request.collection_id].indexes) {
            if (index.name == request.index_name) {
                altered = index;
            }
        }
    }
    if (altered.id == 0) {
        return Status::WithFields(Code::kIndexNotFound, {{"indexName", request.index_name}});
    }
    for (const auto& [key, value] : request.params) {
        altered.user_params[key] = value;
    }
    for (const std::string& key : request.delete_keys) {
        altered.user_params.erase(key);
    }
    catalog::Txn txn;
    txn.Set(IndexKey(altered), base::Encode(altered));
    RETURN_IF_ERROR(store_.Commit(std::move(txn)));
    base::MutexLock lock(mutex_);
    collections_[request.collection_id].indexes[altered.id] = altered;
    return Empty{};
}

}  // namespace elanus::coord
