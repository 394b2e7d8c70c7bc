// DataCoordImpl: which index builds are due, how far they are, and what becomes of them.

#include "base/log.h"
#include "coord/data_coord.h"
#include "coord/segment_keys.h"

#include <algorithm>

namespace elanus::coord {

using base::CallContext;
using base::Code;
using base::Result;
using base::Status;
using roles::IndexInfo;
using roles::IndexState;
using roles::SegmentIndexInfo;
using roles::SegmentInfo;

// ---- how far they are

Result<roles::IndexList> DataCoordImpl::ListIndexes(const CallContext& context,
                                                    const roles::OfCollection& request) {
    AskForBuildShares(context, request.id);
    roles::IndexList list;
    base::MutexLock lock(mutex_);
    const auto found = collections_.find(request.id);
    if (found != collections_.end()) {
        for (const auto& [id, index] : found->second.indexes) {
            list.indexes.push_back(ProgressOf(found->second, index));
        }
    }
    return list;
}

roles::IndexProgress DataCoordImpl::ProgressOf(const CollectionData& data,
                                               const IndexInfo& index) const {
    roles::IndexProgress progress;
    progress.index = index;
    for (const auto& [id, segment] : data.segments) {
        progress.total_rows += segment.rows;
        if (!NeedsBuild(index, segment)) {
            progress.indexed_rows += segment.rows;
            continue;
        }
        const auto built = data.segment_indexes.find({id, index.id});
        // Finished means that searches use it: until its build ends, it may not be attached yet.
        if (built != data.segment_indexes.end() && built->second.state == IndexState::kFinished &&
            !running_.contains({id, index.id})) {
            progress.indexed_rows += segment.rows;
        } else {
            const uint64_t done = RowsDone({id, index.id}, segment.rows);
            progress.indexed_rows += done;
            progress.pending_rows += segment.rows - done;
            progress.state = IndexState::kInProgress;
            if (built != data.segment_indexes.end() && built->second.state == IndexState::kFailed) {
                progress.fail_reason = built->second.fail_reason;
            }
        }
    }
    if (!progress.fail_reason.empty()) {
        progress.state = IndexState::kFailed;
    }
    return progress;
}

// All rows are done only when searches find them in the index; how much there is to do after the
// build itself, no share tells.
uint64_t DataCoordImpl::RowsDone(BuildKey key, uint64_t rows) const {
    const auto running = running_.find(key);
    if (running == running_.end() || rows == 0) {
        return 0;
    }
    const auto done = static_cast<uint64_t>(running->second.share * static_cast<double>(rows));
    return std::min(done, rows - 1);
}

// Only when somebody asks while something is built: the nodes do not report by themselves. Without
// their answer stands what was known before.
void DataCoordImpl::AskForBuildShares(const CallContext& context, base::CollectionId id) {
    struct Asked {
        BuildKey key;
        int attempt;
    };
    std::vector<Asked> asked;
    roles::BuildSharesRequest request;
    {
        base::MutexLock lock(mutex_);
        const auto found = collections_.find(id);
        if (found == collections_.end()) {
            return;
        }
        for (const auto& [key, build] : running_) {
            const auto segment = found->second.segments.find(key.first);
            if (segment != found->second.segments.end()) {
                asked.push_back({key, build.attempt});
                request.data_keys.push_back(IndexObjectKey(segment->second, key.second));
            }
        }
    }
    if (asked.empty()) {
        return;
    }
    const auto answer = partners_.data_node->GetBuildShares(context, request);
    if (!answer.ok() || answer->shares.size() != asked.size()) {
        return;
    }
    for (size_t i = 0; i < asked.size(); ++i) {
        NoteShare(asked[i].key, asked[i].attempt, answer->shares[i]);
    }
}

void DataCoordImpl::NoteAttempt(BuildKey key, int attempt) {
    base::MutexLock lock(mutex_);
    const auto running = running_.find(key);
    if (running != running_.end()) {
        running->second = {attempt, 0};
    }
}

void DataCoordImpl::NoteShare(BuildKey key, int attempt, double share) {
    base::MutexLock lock(mutex_);
    const auto running = running_.find(key);
    if (running != running_.end() && running->second.attempt == attempt &&
        share > running->second.share) {
        running->second.share = std::min(share, 1.0);
    }
}

bool DataCoordImpl::NeedsBuild(const IndexInfo& index, const SegmentInfo& segment) const {
    return index.index_type != "FLAT" && segment.rows >= options_.min_rows_to_index;
}

// ---- builds

void DataCoordImpl::ScheduleBuilds(base::CollectionId collection_id) {
    std::vector<BuildKey> due;
    {
        base::MutexLock lock(mutex_);
        const auto found = collections_.find(collection_id);
        if (stopping_ || found == collections_.end()) {
            return;
        }
        const CollectionData& data = found->second;
        for (const auto& [index_id, index] : data.indexes) {
            for (const auto& [segment_id, segment] : data.segments) {
                const BuildKey key{segment_id, index_id};
                if (NeedsBuild(index, segment) && !data.segment_indexes.contains(key) &&
                    running_.try_emplace(key).second) {
                    due.push_back(key);
                }
            }
        }
    }
    for (const BuildKey& key : due) {
        background_.Submit([this, collection_id, key] { Build(collection_id, key); });
    }
}

void DataCoordImpl::Build(base::CollectionId collection_id, BuildKey key) {
    roles::BuildIndexRequest request;
    bool wanted = false;
    {
        base::MutexLock lock(mutex_);
        const auto found = collections_.find(collection_id);
        if (!stopping_ && found != collections_.end() &&
            found->second.segments.contains(key.first) &&
            found->second.indexes.contains(key.second)) {
            wanted = true;
            request.segment = found->second.segments.at(key.first);
            request.index = found->second.indexes.at(key.second);
        }
    }
    if (wanted) {
        request.data_key = IndexObjectKey(request.segment, request.index.id);
        SegmentIndexInfo result;
        const Status status = RunBuild(builds_context_, request, &result);
        if (status.ok()) {
            FinishBuild(request, result);
        } else if (!builds_context_.cancelled()) {
            NoteFailure(result);
            base::LogWarn(
                "index_build_failed",
                {{"segment", key.first}, {"index", request.index.name}, {"reason", status}});
        }
    }
    base::MutexLock lock(mutex_);
    running_.erase(key);
    idle_.NotifyAll();
}

Status DataCoordImpl::RunBuild(const CallContext& context, const roles::BuildIndexRequest& given,
                               SegmentIndexInfo* result) {
    roles::BuildIndexRequest request = given;
    ASSIGN_OR_RETURN(
        const roles::CollectionInfo collection,
        partners_.root_coord->DescribeCollection(context, {"", "", request.segment.collection_id}));
    request.schema = collection.schema;
    *result = SegmentIndexInfo{request.index.id,
                               request.segment.id,
                               request.segment.collection_id,
                               request.index.field_id,
                               IndexState::kFinished,
                               "",
                               request.segment.rows,
                               0,
                               request.data_key};
    Status last;
    const BuildKey key{request.segment.id, request.index.id};
    for (int attempt = 0; attempt < options_.build_attempts_max; ++attempt) {
        NoteAttempt(key, attempt);
        const auto built = partners_.data_node->BuildIndex(context, request);
        if (built.ok()) {
            NoteShare(key, attempt, 1);
            result->bytes = built->bytes;
            return Status();
        }
        if (built.status().code() == Code::kFieldNotFound) {
            // The segment is older than the field: all its rows are null in it, nothing to index.
            result->rows = 0;
            result->data_key.clear();
            return Status();
        }
        last = built.status();
        if (context.cancelled()) {
            return last;  // no failure of the index: it is built after the next start
        }
    }
    result->state = IndexState::kFailed;
    result->fail_reason = last.reason();
    return last;
}

void DataCoordImpl::NoteFailure(const SegmentIndexInfo& failed) {
    base::MutexLock lock(mutex_);
    const auto found = collections_.find(failed.collection_id);
    if (failed.state == IndexState::kFailed && found != collections_.end() &&
        found->second.segments.contains(failed.segment_id)) {
        found->second.segment_indexes[{failed.segment_id, failed.index_id}] = failed;
    }
}

void DataCoordImpl::FinishBuild(const roles::BuildIndexRequest& request,
                                const SegmentIndexInfo& result) {
    {
        base::MutexLock change(change_mutex_);
        {
            // The segment or the index may have been dropped while the build ran.
            base::MutexLock lock(mutex_);
            const auto found = collections_.find(result.collection_id);
            if (found == collections_.end() ||
                !found->second.segments.contains(result.segment_id) ||
                !found->second.indexes.contains(result.index_id)) {
                (void)objects_.Delete(request.data_key);
                return;
            }
        }
        catalog::Txn txn;
        txn.Set(SegmentIndexKey(result), base::Encode(result));
        const Status saved = store_.Commit(std::move(txn));
        if (!saved.ok()) {
            base::LogError("index_commit_failed",
                           {{"segment", result.segment_id}, {"reason", saved}});
            return;
        }
        base::MutexLock lock(mutex_);
        collections_[result.collection_id].segment_indexes[{result.segment_id, result.index_id}] =
            result;
    }
    const CallContext context;
    const auto told = partners_.streaming_node->OnSegmentIndex(
        context, {request.segment.vchannel, request.index, result});
    if (!told.ok()) {
        base::LogWarn("index_not_attached",
                      {{"segment", result.segment_id}, {"reason", told.status()}});
    }
    base::LogInfo("index_built", {{"segment", result.segment_id},
                                  {"index", request.index.name},
                                  {"rows", result.rows},
                                  {"bytes", result.bytes}});
}

}  // namespace elanus::coord
