#include "streaming/vchannel.h"

#include "base/log.h"
#include "function/outputs.h"
#include "roles/errors.h"

#include <algorithm>

namespace elanus::streaming {
namespace {

// Batches of deletes are numbered upwards from here, so that those of a later owner are above those
// of an earlier one.
constexpr int kEpochShift = 32;

// Whether the batch has what the functions of the schema make.
bool HasOutputs(const schema::ColumnBatch& batch, const schema::CollectionSchema& schema) {
    return std::all_of(schema.functions.begin(), schema.functions.end(),
                       [&](const schema::FunctionSchema& function) {
                           const schema::FieldSchema* output =
                               schema.FindField(function.output_field_names.at(0));
                           return output == nullptr || batch.Find(output->id) != nullptr;
                       });
}

// A write that was on its way while a function was added: replay makes the same of it.
base::Status CompleteOutputs(const schema::CollectionSchema& schema, schema::ColumnBatch* batch) {
    if (HasOutputs(*batch, schema)) {
        return base::Status();
    }
    ASSIGN_OR_RETURN(const auto functions, function::MakeFunctions(schema));
    return function::AddOutputs(schema, *functions, base::CallContext(), batch);
}

// Columns that the schema no longer knows are left behind.
schema::ColumnBatch KnownColumns(const schema::ColumnBatch& batch,
                                 const schema::CollectionSchema& schema) {
    schema::ColumnBatch known;
    known.rows = batch.rows;
    for (const schema::Column& column : batch.columns) {
        if (schema.FindField(column.field_id) != nullptr) {
            known.columns.push_back(column);
        }
    }
    return known;
}

bool WantsUniqueKeys(const roles::CollectionInfo& collection) {
    const auto property = collection.properties.find(std::string(roles::kUniqueKeysProperty));
    return property != collection.properties.end() && property->second == "true";
}

bool Hits(const roles::WritePart& part, base::PartitionId partition_id) {
    return part.partition_id == roles::kAllPartitions || part.partition_id == partition_id;
}

}  // namespace

VChannel::VChannel(std::string name, const roles::CollectionInfo& collection,
                   Environment environment)
    : name_(std::move(name)),
      collection_id_(collection.id),
      environment_(std::move(environment)),
      schema_(std::make_shared<const schema::CollectionSchema>(collection.schema)),
      delete_batch_(environment_.epoch << kEpochShift) {
    base::MutexLock lock(mutex_);
    checkpoint_.vchannel = name_;
    unique_keys_ = WantsUniqueKeys(collection);
    if (unique_keys_) {
        guard_.Track();
    }
    Publish();
}

std::shared_ptr<const schema::CollectionSchema> VChannel::schema() const {
    base::MutexLock lock(mutex_);
    return schema_;
}

std::shared_ptr<const ChannelView> VChannel::view() const {
    base::MutexLock lock(view_mutex_);
    return view_;
}

base::Status VChannel::Refusal() const {
    if (dropped_) {
        return base::Status::WithFields(base::Code::kChannelNotFound, {{"channel", name_}});
    }
    return broken_;
}

bool VChannel::IsGone(base::PartitionId partition_id) const {
    return dropped_partitions_.contains(partition_id) ||
           (known_partitions_.has_value() && !known_partitions_->contains(partition_id));
}

bool VChannel::Wanted(base::PartitionId partition_id) const {
    return served_ && (served_partitions_.empty() || served_partitions_.contains(partition_id));
}

void VChannel::Forget(Growing* growing) {
    environment_.memory_bytes->fetch_sub(static_cast<int64_t>(growing->bytes));
    *growing = Growing();
}

void VChannel::Publish() {
    auto view = std::make_shared<ChannelView>();
    view->collection_id = collection_id_;
    view->refusal = Refusal();
    view->served = served_;
    view->partitions = served_partitions_;
    ForEachGrowing([&](const Growing& growing) { view->growing.push_back(growing.rows); });
    for (const auto& [id, sealed] : sealed_) {
        if (sealed->twin.rows != nullptr) {
            view->flushed.push_back(sealed->twin.rows);
        } else {
            view->sealed.push_back({id, sealed->info.partition_id, sealed->node});
        }
    }
    for (const auto& [id, sealed] : retired_) {
        if (sealed->twin.rows != nullptr) {
            view->retired_flushed.push_back(sealed->twin.rows);
        } else {
            view->retired.push_back({id, sealed->info.partition_id, sealed->node});
        }
    }
    view->compacted_ts = checkpoint_.compacted_ts;
    base::MutexLock lock(view_mutex_);
    view_ = std::move(view);
}

void VChannel::BreakLocked(const base::Status& reason) {
    if (broken_.ok()) {
        base::LogError("vchannel_broken", {{"vchannel", name_}, {"reason", reason}});
        broken_ = reason.Annotate("channel " + name_ + " is out of service until the next start");
    }
    Publish();
}

void VChannel::Break(const base::Status& reason) {
    base::MutexLock lock(mutex_);
    BreakLocked(reason);
}

// ---- Recovery

base::Status VChannel::Recover(const roles::ChannelRecovery& recovery,
                               const roles::CollectionInfo& collection) {
    base::MutexLock lock(mutex_);
    checkpoint_ = recovery.checkpoint;
    checkpoint_.vchannel = name_;
    last_ = {checkpoint_.position, checkpoint_.timestamp, 0, 0};
    ForgetPins();
    known_partitions_.emplace();
    for (const roles::PartitionInfo& partition : collection.partitions) {
        known_partitions_->insert(partition.id);
    }
    for (const roles::SegmentInfo& info : recovery.segments) {
        if (info.state == roles::SegmentState::kDropped || IsGone(info.partition_id)) {
            continue;
        }
        auto sealed = std::make_shared<Sealed>();
        sealed->info = info;
        sealed_[info.id] = std::move(sealed);
    }
    std::map<base::IndexId, roles::IndexInfo> infos;
    for (const roles::IndexInfo& info : recovery.indexes) {
        infos[info.id] = info;
    }
    for (const roles::SegmentIndexInfo& index : recovery.segment_indexes) {
        const auto info = infos.find(index.index_id);
        if (info != infos.end() && index.state == roles::IndexState::kFinished) {
            indexes_[index.segment_id][index.index_id] = {info->second, index};
        }
    }
    for (const roles::DeleteFileInfo& file : recovery.delete_files) {
        ASSIGN_OR_RETURN(const base::Buffer bytes,
                         environment_.partners->objects->Map(file.data_key));
        const auto deletes = ReadDeleteFile(bytes);
        if (!deletes.ok()) {
            return deletes.status().Annotate(file.data_key);
        }
        for (const auto& [segment_id, run] : *deletes) {
            const auto sealed = sealed_.find(segment_id);
            if (sealed == sealed_.end()) {
                continue;
            }
            for (const base::RowOffset row : run.rows) {
                if (row >= sealed->second->info.rows) {
                    return base::Corruption(file.data_key + ": deletes a row that does not exist");
                }
            }
            sealed->second->deletes.Apply(run);
        }
    }
    Publish();
    return base::Status();
}

void VChannel::EndReplay() {
    base::MutexLock lock(mutex_);
    known_partitions_.reset();
}

// ---- Applying

base::Status VChannel::Admits(const Parts& parts) const {
    base::MutexLock lock(mutex_);
    RETURN_IF_ERROR(Refusal());
    for (const roles::WritePart* part : parts) {
        if (part->rows.rows > 0 && dropped_partitions_.contains(part->partition_id)) {
            return roles::PartitionNotFound(std::to_string(part->partition_id));
        }
    }
    return base::Status();
}

base::Status VChannel::Apply(const Parts& parts, const RecordPlace& place) {
    base::MutexLock lock(mutex_);
    RETURN_IF_ERROR(Refusal());
    if (place.position <= checkpoint_.position) {
        return base::Status();
    }
    bool changed = false;
    DeletesBySegment sealed_deletes;
    const base::Status applied = ApplyParts(parts, place.timestamp, &changed, &sealed_deletes);
    if (!applied.ok()) {
        // The record is durable but cannot be applied here. Going on would lose it; the log keeps
        // it.
        BreakLocked(applied);
        return broken_;
    }
    last_ = place;
    if (changed && !unflushed_.has_value()) {
        unflushed_ = place;
    }
    if (!sealed_deletes.empty()) {
        SendDeletes(sealed_deletes);
    }
    return base::Status();
}

base::Status VChannel::ApplyParts(const Parts& parts, base::Timestamp timestamp, bool* changed,
                                  DeletesBySegment* sealed_deletes) {
    for (const roles::WritePart* part : parts) {
        if (!part->deletes.empty()) {
            RETURN_IF_ERROR(DeleteKeys(*part, timestamp, changed, sealed_deletes));
        }
    }
    for (const roles::WritePart* part : parts) {
        if (part->rows.rows > 0 && !IsGone(part->partition_id)) {
            RETURN_IF_ERROR(AppendRows(*part, timestamp));
            *changed = true;
        }
    }
    return base::Status();
}

base::Status VChannel::DeleteKeys(const roles::WritePart& part, base::Timestamp timestamp,
                                  bool* changed, DeletesBySegment* sealed_deletes) {
    base::Status failure;
    ForEachGrowing([&](const Growing& growing) {
        if (!failure.ok() || !Hits(part, growing.rows->partition_id())) {
            return;
        }
        const base::Result<bool> hit = DeleteGrowing(part, timestamp, growing.rows.get());
        failure = hit.ok() ? base::Status() : hit.status();
        *changed = *changed || (hit.ok() && *hit);
    });
    RETURN_IF_ERROR(failure);
    std::vector<base::RowOffset> rows;
    for (const auto& [id, sealed] : sealed_) {
        if (!Hits(part, sealed->info.partition_id)) {
            continue;
        }
        ASSIGN_OR_RETURN(const segment::KeyIndex* keys, KeysOf(sealed.get()));
        rows.clear();
        keys->FindInsertedBefore(part.deletes, timestamp, &rows);
        RETURN_IF_ERROR(KeepScope(part.delete_scope, sealed.get(), &rows));
        segment::DeleteRun run;
        for (const base::RowOffset row : rows) {
            if (!sealed->deletes.IsDeleted(row, base::kMaxTimestamp)) {
                run.rows.push_back(row);
            }
        }
        if (run.rows.empty()) {
            continue;
        }
        run.timestamps.assign(run.rows.size(), timestamp);
        sealed->deletes.Apply(run);
        if (sealed->twin.rows != nullptr) {
            sealed->twin.rows->ApplyDeletes(run);
        }
        *changed = true;
        segment::DeleteRun& all = (*sealed_deletes)[id];
        all.rows.insert(all.rows.end(), run.rows.begin(), run.rows.end());
        all.timestamps.insert(all.timestamps.end(), run.timestamps.begin(), run.timestamps.end());
    }
    return base::Status();
}

base::Result<bool> VChannel::DeleteGrowing(const roles::WritePart& part, base::Timestamp timestamp,
                                           segment::GrowingSegment* rows) {
    const roles::DeleteScope& scope = part.delete_scope;
    if (!scope.is_limited()) {
        return rows->Delete(part.deletes, timestamp) > 0;
    }
    const schema::FieldSchema* field = schema_->FindField(scope.field_id);
    std::vector<base::RowOffset> found;
    for (const auto& [row, inserted] : rows->FindRows(part.deletes)) {
        found.push_back(row);
    }
    if (found.empty()) {
        return false;
    }
    if (field == nullptr || !schema::IsStringLike(field->type)) {
        return base::Internal("the scope of a delete names no string field");
    }
    ASSIGN_OR_RETURN(const schema::ColumnBatch values, rows->Fetch(found, {*field}));
    const schema::ColumnView view = values.columns.at(0).View();
    segment::DeleteRun run;
    for (size_t i = 0; i < found.size(); ++i) {
        if (view.StringAt(i) == scope.value) {
            run.rows.push_back(found[i]);
        }
    }
    run.timestamps.assign(run.rows.size(), timestamp);
    rows->ApplyDeletes(run);
    return !run.rows.empty();
}

base::Status VChannel::KeepScope(const roles::DeleteScope& scope, Sealed* sealed,
                                 std::vector<base::RowOffset>* rows) {
    if (!scope.is_limited() || rows->empty()) {
        return base::Status();
    }
    if (sealed->scope_column == nullptr || sealed->scope_field != scope.field_id) {
        ASSIGN_OR_RETURN(const base::Buffer file,
                         environment_.partners->objects->Map(sealed->info.data_key));
        base::Result<segment::StringColumn> column =
            segment::StringColumn::Open(file, scope.field_id);
        if (!column.ok()) {
            return column.status().Annotate(sealed->info.data_key);
        }
        sealed->scope_column = std::make_unique<segment::StringColumn>(std::move(*column));
        sealed->scope_field = scope.field_id;
    }
    std::erase_if(
        *rows, [&](base::RowOffset row) { return sealed->scope_column->At(row) != scope.value; });
    return base::Status();
}

base::Result<std::unique_ptr<segment::KeyIndex>> VChannel::OpenKeys(
    const roles::SegmentInfo& info) const {
    ASSIGN_OR_RETURN(const base::Buffer file, environment_.partners->objects->Map(info.data_key));
    base::Result<segment::KeyIndex> keys = segment::KeyIndex::Open(file);
    if (!keys.ok()) {
        return keys.status().Annotate(info.data_key);
    }
    return std::make_unique<segment::KeyIndex>(std::move(*keys));
}

base::Result<const segment::KeyIndex*> VChannel::KeysOf(Sealed* sealed) {
    if (sealed->keys == nullptr) {
        ASSIGN_OR_RETURN(sealed->keys, OpenKeys(sealed->info));
    }
    return static_cast<const segment::KeyIndex*>(sealed->keys.get());
}

base::Status VChannel::AppendRows(const roles::WritePart& part, base::Timestamp timestamp) {
    auto found = active_.find(part.partition_id);
    if (found == active_.end()) {
        ASSIGN_OR_RETURN(const base::SegmentId id, environment_.next_segment_id());
        Growing growing;
        growing.rows = std::make_shared<segment::GrowingSegment>(id, part.partition_id, schema_);
        found = active_.emplace(part.partition_id, std::move(growing)).first;
        Publish();
    }
    const bool known = std::all_of(part.rows.columns.begin(), part.rows.columns.end(),
                                   [&](const schema::Column& column) {
                                       return schema_->FindField(column.field_id) != nullptr;
                                   });
    const uint64_t bytes = part.rows.ByteSize();
    if (known && HasOutputs(part.rows, *schema_)) {
        found->second.rows->Append(part.rows, timestamp);
    } else {
        schema::ColumnBatch rows = KnownColumns(part.rows, *schema_);
        RETURN_IF_ERROR(CompleteOutputs(*schema_, &rows));
        found->second.rows->Append(rows, timestamp);
    }
    found->second.bytes += bytes;
    environment_.memory_bytes->fetch_add(static_cast<int64_t>(bytes));
    return base::Status();
}

void VChannel::SendDeletes(const DeletesBySegment& deletes) {
    const uint64_t batch = delete_batch_.load(std::memory_order_relaxed) + 1;
    roles::ApplyDeletesRequest request;
    request.vchannel = name_;
    request.batch = batch;
    for (const auto& [id, run] : deletes) {
        request.deletes.push_back({id, run});
    }
    std::set<base::NodeId> nodes;
    for (const auto& [id, sealed] : sealed_) {
        nodes.insert(sealed->node);
    }
    nodes.erase(0);
    for (const base::NodeId id : nodes) {
        roles::QueryNode* node = environment_.partners->query_node(id);
        if (lagging_nodes_.contains(id)) {
            continue;  // it refuses reads until Resync brings it everything
        }
        const base::Status sent =
            node == nullptr ? base::Status::Error(base::Code::kNodeNotFound, std::to_string(id))
                            : node->ApplyDeletes(base::CallContext(), request).status();
        if (!sent.ok()) {
            base::LogWarn("delete_batch_not_sent",
                          {{"vchannel", name_}, {"node", id}, {"reason", sent}});
            lagging_nodes_.insert(id);
        }
    }
    delete_batch_.store(batch, std::memory_order_release);
}

void VChannel::DropPartition(base::PartitionId partition_id, const RecordPlace& place) {
    base::MutexLock lock(mutex_);
    if (place.position <= checkpoint_.position || !Refusal().ok()) {
        return;
    }
    dropped_partitions_.insert(partition_id);
    last_ = place;
    RemoveSegments([&](base::PartitionId of) { return of == partition_id; });
}

template <typename Gone>
void VChannel::RemoveSegments(Gone gone_partition) {
    for (auto active = active_.begin(); active != active_.end();) {
        if (gone_partition(active->first)) {
            Forget(&active->second);
            active = active_.erase(active);
        } else {
            ++active;
        }
    }
    // Segments of closed generations leave the view; the flush skips them when it commits.
    for (const auto& generation : generations_) {
        const auto gone = std::stable_partition(
            generation->segments.begin(), generation->segments.end(),
            [&](const Growing& growing) { return !gone_partition(growing.rows->partition_id()); });
        std::for_each(gone, generation->segments.end(),
                      [&](Growing& growing) { Forget(&growing); });
        generation->segments.erase(gone, generation->segments.end());
    }
    std::map<base::NodeId, std::vector<base::SegmentId>> released;
    for (auto it = sealed_.begin(); it != sealed_.end();) {
        if (!gone_partition(it->second->info.partition_id)) {
            ++it;
            continue;
        }
        released[it->second->node].push_back(it->first);
        Forget(&it->second->twin);
        indexes_.erase(it->first);
        it = sealed_.erase(it);
    }
    Publish();
    for (auto& [node, ids] : released) {
        ReleaseFrom(node, std::move(ids));
    }
}

void VChannel::Truncate(const RecordPlace& place) {
    base::MutexLock lock(mutex_);
    if (place.position <= checkpoint_.position || !Refusal().ok()) {
        return;
    }
    RemoveSegments([](base::PartitionId) { return true; });
    last_ = place;
    truncated_ts_ = place.timestamp;
    if (!unflushed_.has_value()) {
        unflushed_ = place;
    }
    SealLocked();
}

void VChannel::AlterSchema(const roles::CollectionInfo& collection, const RecordPlace& place) {
    const schema::CollectionSchema& schema = collection.schema;
    base::MutexLock lock(mutex_);
    if (!Refusal().ok() || schema.version <= schema_->version) {
        return;
    }
    // Growing segments keep the schema they were made with.
    SealLocked();
    schema_ = std::make_shared<const schema::CollectionSchema>(schema);
    unique_keys_ = WantsUniqueKeys(collection);
    if (place.position > last_.position) {
        last_ = place;
    }
}

void VChannel::Drop() {
    base::MutexLock lock(mutex_);
    if (dropped_) {
        return;
    }
    dropped_ = true;
    std::map<base::NodeId, std::vector<base::SegmentId>> released;
    for (const auto& [id, sealed] : sealed_) {
        released[sealed->node].push_back(id);
        Forget(&sealed->twin);
    }
    for (const auto& generation : generations_) {
        for (Growing& growing : generation->segments) {
            Forget(&growing);
        }
        generation->segments.clear();  // a flush that is writing it finds nothing more to do
    }
    for (auto& [partition_id, growing] : active_) {
        Forget(&growing);
    }
    for (const auto& [id, sealed] : retired_) {
        released[sealed->node].push_back(id);
        Forget(&sealed->twin);
    }
    sealed_.clear();
    retired_.clear();
    generations_.clear();
    active_.clear();
    unflushed_.reset();
    served_ = false;
    Publish();
    for (auto& [node, ids] : released) {
        ReleaseFrom(node, std::move(ids));
    }
}

void VChannel::AwaitCommit() {
    base::MutexLock lock(commit_mutex_);
}

// ---- Sealing

bool VChannel::SealLocked() {
    if (!unflushed_.has_value() || !Refusal().ok()) {
        return false;
    }
    auto generation = std::make_shared<Generation>();
    generation->first = *unflushed_;
    generation->last = last_;
    generation->schema_version = schema_->version;
    generation->truncated_ts = truncated_ts_;
    for (auto& [partition_id, growing] : active_) {
        growing.rows->Seal();
        generation->segments.push_back(std::move(growing));
    }
    active_.clear();
    unflushed_.reset();
    generations_.push_back(std::move(generation));
    return true;
}

bool VChannel::Seal() {
    base::MutexLock lock(mutex_);
    return SealLocked();
}

bool VChannel::SealUpTo(base::Timestamp timestamp) {
    base::MutexLock lock(mutex_);
    return unflushed_.has_value() && unflushed_->timestamp <= timestamp && SealLocked();
}

bool VChannel::SealIfFull() {
    base::MutexLock lock(mutex_);
    uint64_t bytes = 0;
    uint64_t rows = 0;
    for (const auto& [partition_id, growing] : active_) {
        bytes += growing.bytes;
        rows += growing.rows->rows();
    }
    const StreamingOptions& options = *environment_.options;
    return (bytes >= options.seal_bytes || rows >= options.seal_rows) && SealLocked();
}

bool VChannel::SealIfOlder(int64_t before_ns) {
    base::MutexLock lock(mutex_);
    return unflushed_.has_value() && unflushed_->seen_ns <= before_ns && SealLocked();
}

std::optional<RecordPlace> VChannel::OldestUnflushed() const {
    base::MutexLock lock(mutex_);
    if (!generations_.empty()) {
        return generations_.front()->first;
    }
    return unflushed_;
}

base::LogPosition VChannel::NeededPosition() const {
    base::MutexLock lock(mutex_);
    if (!broken_.ok() && !dropped_) {
        return checkpoint_.position + 1;
    }
    if (!generations_.empty()) {
        return generations_.front()->first.position;
    }
    return unflushed_.has_value() ? unflushed_->position : UINT64_MAX;
}

bool VChannel::IsFlushed(base::Timestamp timestamp) const {
    const std::optional<RecordPlace> oldest = OldestUnflushed();
    return !oldest.has_value() || oldest->timestamp > timestamp;
}

// ---- Reports

void VChannel::AddSegments(roles::ChannelSegments* out) const {
    base::MutexLock lock(mutex_);
    const auto add_growing = [&](const Growing& growing, roles::SegmentState state) {
        roles::SegmentInfo info;
        info.id = growing.rows->id();
        info.collection_id = collection_id_;
        info.partition_id = growing.rows->partition_id();
        info.vchannel = name_;
        info.state = state;
        info.rows = growing.rows->rows();
        info.bytes = growing.bytes;
        info.min_ts = growing.rows->min_timestamp();
        info.max_ts = growing.rows->max_timestamp();
        info.schema_version = schema_->version;
        out->segments.push_back(std::move(info));
        out->nodes.push_back(served_ ? environment_.options->node_id : 0);
        out->live_rows[growing.rows->partition_id()] += growing.rows->LiveRows(base::kMaxTimestamp);
    };
    for (const auto& [id, sealed] : sealed_) {
        out->segments.push_back(sealed->info);
        out->nodes.push_back(sealed->twin.rows != nullptr && served_ ? environment_.options->node_id
                                                                     : sealed->node);
        out->live_rows[sealed->info.partition_id] += sealed->info.rows - sealed->deletes.size();
    }
    for (const auto& generation : generations_) {
        for (const Growing& growing : generation->segments) {
            add_growing(growing, roles::SegmentState::kFlushing);
        }
    }
    for (const auto& [partition_id, growing] : active_) {
        add_growing(growing, roles::SegmentState::kGrowing);
    }
}

void VChannel::AddFlushIds(roles::FlushResponse* out) const {
    base::MutexLock lock(mutex_);
    for (const auto& generation : generations_) {
        for (const Growing& growing : generation->segments) {
            out->sealed_segments.push_back(growing.rows->id());
        }
    }
    for (const auto& [id, sealed] : sealed_) {
        out->flushed_segments.push_back(id);
    }
}

base::Timestamp VChannel::last_timestamp() const {
    base::MutexLock lock(mutex_);
    return last_.timestamp;
}

base::LogPosition VChannel::checkpoint_position() const {
    base::MutexLock lock(mutex_);
    return checkpoint_.position;
}

}  // namespace elanus::streaming
