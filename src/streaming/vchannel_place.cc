// Serving: which sealed segments are on which query node, and how they get there and leave.

#include "base/log.h"
#include "streaming/vchannel.h"

#include <algorithm>

namespace elanus::streaming {

void VChannel::Serve(const roles::ServeRequest& request) {
    base::MutexLock lock(mutex_);
    if (dropped_) {
        return;
    }
    served_ = true;
    served_partitions_ = {request.partitions.begin(), request.partitions.end()};
    query_nodes_ = request.query_nodes;
    place_error_.clear();
    ReleaseUnwanted();
    Publish();
}

void VChannel::Unserve() {
    base::MutexLock lock(mutex_);
    if (!served_) {
        return;
    }
    served_ = false;
    served_partitions_.clear();
    place_error_.clear();
    ReleaseUnwanted();
    Publish();
}

void VChannel::ReleaseUnwanted() {
    std::map<base::NodeId, std::vector<base::SegmentId>> released;
    for (const auto& [id, sealed] : sealed_) {
        if (Wanted(sealed->info.partition_id)) {
            continue;
        }
        if (sealed->twin.rows != nullptr) {
            Forget(&sealed->twin);
        }
        if (sealed->node != 0) {
            released[sealed->node].push_back(id);
            sealed->node = 0;
        }
    }
    Publish();  // before the nodes forget: a read that began earlier asks once more
    for (auto& [node, ids] : released) {
        ReleaseFrom(node, std::move(ids));
    }
}

void VChannel::ReleaseFrom(base::NodeId node_id, std::vector<base::SegmentId> ids) {
    roles::QueryNode* node = node_id == 0 ? nullptr : environment_.partners->query_node(node_id);
    if (node == nullptr) {
        return;
    }
    const base::Status released =
        node->ReleaseSegments(base::CallContext(), {std::move(ids)}).status();
    if (!released.ok()) {
        base::LogWarn("segments_not_released",
                      {{"vchannel", name_}, {"node", node_id}, {"reason", released}});
    }
}

bool VChannel::NeedsPlace(const Sealed& sealed) const {
    if (!Wanted(sealed.info.partition_id)) {
        return false;
    }
    const bool allowed =
        std::find(query_nodes_.begin(), query_nodes_.end(), sealed.node) != query_nodes_.end();
    return sealed.node == 0 || !allowed || sealed.twin.rows != nullptr;
}

VChannel::SealedPtr VChannel::NextToPlace() const {
    base::MutexLock lock(mutex_);
    if (dropped_ || !served_) {
        return nullptr;
    }
    for (const auto& [id, sealed] : sealed_) {
        if (NeedsPlace(*sealed)) {
            return sealed;
        }
    }
    return nullptr;
}

base::Result<base::NodeId> VChannel::ChooseNode() const {
    std::map<base::NodeId, uint64_t> load;
    for (const base::NodeId id : query_nodes_) {
        if (environment_.partners->query_node(id) != nullptr) {
            load[id] = 0;
        }
    }
    for (const auto& [id, sealed] : sealed_) {
        const auto node = load.find(sealed->node);
        if (node != load.end()) {
            node->second += sealed->info.rows;
        }
    }
    if (load.empty()) {
        return base::Status::Error(base::Code::kResourceInsufficient, "no query node is there");
    }
    return std::min_element(load.begin(), load.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->first;
}

roles::LoadSegmentRequest VChannel::LoadRequest(const Sealed& sealed) const {
    roles::LoadSegmentRequest request;
    request.segment = sealed.info;
    request.schema = *schema_;
    const auto indexes = indexes_.find(sealed.info.id);
    if (indexes != indexes_.end()) {
        for (const auto& [id, index] : indexes->second) {
            request.indexes.push_back(index);
        }
    }
    request.deletes = sealed.deletes.Between(0, base::kMaxTimestamp);
    request.delete_batch = delete_batch_.load(std::memory_order_relaxed);
    return request;
}

base::Status VChannel::Place(const SealedPtr& sealed) {
    roles::LoadSegmentRequest request;
    uint64_t index_changes = 0;
    base::NodeId node_id = 0;
    roles::QueryNode* node = nullptr;
    {
        base::MutexLock lock(mutex_);
        base::Result<base::NodeId> chosen = ChooseNode();
        if (!chosen.ok()) {
            place_error_ = chosen.status().reason();
            return chosen.status();
        }
        node_id = *chosen;
        node = environment_.partners->query_node(node_id);
        request = LoadRequest(*sealed);
        index_changes = index_changes_;
    }
    base::Status loaded = node->LoadSegment(base::CallContext(), request).status();
    base::MutexLock lock(mutex_);
    const auto still_there = sealed_.find(sealed->info.id);
    const bool wanted = !dropped_ && still_there != sealed_.end() &&
                        still_there->second == sealed && Wanted(sealed->info.partition_id);
    if (!wanted) {
        ReleaseFrom(node_id, {sealed->info.id});
        return base::Status();
    }
    // Deletes and indexes that came while the node was loading: nothing moves while the lock is
    // held.
    const bool missed = request.delete_batch != delete_batch_.load(std::memory_order_relaxed) ||
                        index_changes != index_changes_;
    if (loaded.ok() && missed) {
        loaded = node->LoadSegment(base::CallContext(), LoadRequest(*sealed)).status();
    }
    if (!loaded.ok()) {
        if (place_error_ != loaded.reason()) {  // once for each cause, however often it is tried
            base::LogWarn("segment_not_loaded",
                          {{"segment", sealed->info.id}, {"node", node_id}, {"reason", loaded}});
        }
        place_error_ = loaded.reason();
        return loaded;
    }
    place_error_.clear();
    const base::NodeId before = sealed->node;
    sealed->node = node_id;
    if (sealed->twin.rows != nullptr) {
        Forget(&sealed->twin);
    }
    Publish();
    if (before != 0 && before != node_id) {
        ReleaseFrom(before, {sealed->info.id});
    }
    return base::Status();
}

base::Status VChannel::Resync(base::NodeId node_id) {
    base::MutexLock lock(mutex_);
    roles::QueryNode* node = environment_.partners->query_node(node_id);
    if (node == nullptr) {
        return base::Status::Error(base::Code::kNodeNotFound, std::to_string(node_id));
    }
    for (const auto& [id, sealed] : sealed_) {
        if (sealed->node == node_id) {
            RETURN_IF_ERROR(node->LoadSegment(base::CallContext(), LoadRequest(*sealed)).status());
        }
    }
    lagging_nodes_.erase(node_id);
    return base::Status();
}

roles::ServeProgress VChannel::Progress() const {
    base::MutexLock lock(mutex_);
    roles::ServeProgress progress;
    for (const auto& [id, sealed] : sealed_) {
        if (Wanted(sealed->info.partition_id)) {
            ++progress.segments_total;
            const bool answers = sealed->twin.rows != nullptr || !NeedsPlace(*sealed);
            progress.segments_loaded += answers ? 1 : 0;
        }
    }
    progress.error = broken_.ok() ? place_error_ : broken_.reason();
    return progress;
}

base::Status VChannel::ForEachNode(const std::function<base::Status(roles::QueryNode&)>& call) {
    std::set<base::NodeId> nodes;
    for (const auto& [id, sealed] : sealed_) {
        nodes.insert(sealed->node);
    }
    nodes.erase(0);
    for (const base::NodeId id : nodes) {
        roles::QueryNode* node = environment_.partners->query_node(id);
        if (node != nullptr) {
            RETURN_IF_ERROR(call(*node));
        }
    }
    return base::Status();
}

base::Status VChannel::OnSegmentIndex(const roles::SegmentIndexReady& ready) {
    base::MutexLock lock(mutex_);
    const base::SegmentId segment_id = ready.segment_index.segment_id;
    if (dropped_ || dropped_indexes_.contains(ready.index.id)) {
        return base::Status();
    }
    // Remembered even when the segment is not known yet: a small one may be indexed before its
    // flush has reached memory.
    const roles::IndexToLoad index{ready.index, ready.segment_index};
    indexes_[segment_id][ready.index.id] = index;
    ++index_changes_;
    const auto sealed = sealed_.find(segment_id);
    if (sealed == sealed_.end() || sealed->second->node == 0) {
        return base::Status();
    }
    roles::QueryNode* node = environment_.partners->query_node(sealed->second->node);
    if (node == nullptr) {
        return base::Status();
    }
    return node->AttachIndex(base::CallContext(), {segment_id, index}).status();
}

base::Status VChannel::OnIndexDropped(base::IndexId index_id) {
    base::MutexLock lock(mutex_);
    dropped_indexes_.insert(index_id);
    ++index_changes_;
    for (auto& [segment_id, indexes] : indexes_) {
        indexes.erase(index_id);
    }
    roles::DetachIndexRequest request;
    request.index_id = index_id;
    for (const auto& [id, sealed] : sealed_) {
        if (sealed->node != 0) {
            request.segment_ids.push_back(id);
        }
    }
    return ForEachNode([&](roles::QueryNode& node) {
        return node.DetachIndex(base::CallContext(), request).status();
    });
}

}  // namespace elanus::streaming
