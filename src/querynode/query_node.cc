#include "querynode/query_node.h"

#include "base/log.h"
#include "scalar_index/index.h"
#include "sys/file_system.h"
#include "sys/huge_memory.h"
#include "sys/process.h"
#include "vindex/family.h"

#include <algorithm>

namespace elanus::querynode {
namespace {

// A vector index is read at random. While what is loaded fits into memory many times its pages are
// large; later they would push each other out, 2 MiB for a row.
constexpr uint64_t kHugeShare = 4;
constexpr std::string_view kOnDisk = "DISKANN";  // reads past the page cache what it needs

base::Status NotLoaded(base::SegmentId id) {
    return base::Status::WithFields(base::Code::kSegmentNotLoaded,
                                    {{"segment", std::to_string(id)}});
}

std::string NodeLabel(base::NodeId id) {
    return "node_id=\"" + std::to_string(id) + "\"";
}

}  // namespace

QueryNodeImpl::QueryNodeImpl(base::NodeId node_id, QueryNodePartners partners)
    : partners_(partners),
      bytes_gauge_(base::MetricRegistry::Global().GetGauge("elanus_querynode_loaded_bytes",
                                                           NodeLabel(node_id))),
      segments_gauge_(base::MetricRegistry::Global().GetGauge("milvus_querynode_segment_num",
                                                              NodeLabel(node_id))),
      walks_(partners.clock),
      map_(std::make_shared<const LoadedMap>()) {}

std::shared_ptr<const QueryNodeImpl::LoadedMap> QueryNodeImpl::Map() const {
    base::MutexLock lock(mutex_);
    return map_;
}

QueryNodeImpl::LoadedPtr QueryNodeImpl::Find(base::SegmentId id) const {
    const std::shared_ptr<const LoadedMap> map = Map();
    const auto found = map->find(id);
    return found == map->end() ? nullptr : found->second;
}

void QueryNodeImpl::Account(int64_t bytes) {
    loaded_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    bytes_gauge_.Set(loaded_bytes());
}

// ---- Loading

base::Result<roles::Empty> QueryNodeImpl::LoadSegment(const base::CallContext&,
                                                      const roles::LoadSegmentRequest& request) {
    LoadedPtr loaded = Find(request.segment.id);
    if (loaded == nullptr) {
        ASSIGN_OR_RETURN(const LoadedPtr fresh, Open(request));
        RETURN_IF_ERROR(Update(*fresh, request));
        loaded = Publish(request.segment.id, fresh);
        if (loaded == fresh) {
            return roles::Empty();
        }
    }
    RETURN_IF_ERROR(Update(*loaded, request));
    return roles::Empty();
}

base::Result<QueryNodeImpl::LoadedPtr> QueryNodeImpl::Open(
    const roles::LoadSegmentRequest& request) {
    ASSIGN_OR_RETURN(const base::Buffer file, partners_.objects->Map(request.segment.data_key));
    auto opened = segment::SealedSegment::Open(
        request.segment.id, request.segment.partition_id,
        std::make_shared<const schema::CollectionSchema>(request.schema), file);
    if (!opened.ok()) {
        return opened.status().Annotate(request.segment.data_key);
    }
    auto loaded = std::make_shared<Loaded>();
    loaded->vchannel = request.segment.vchannel;
    loaded->bytes = static_cast<int64_t>(file.size());
    loaded->segment = std::move(*opened);
    return loaded;
}

QueryNodeImpl::LoadedPtr QueryNodeImpl::Publish(base::SegmentId id, const LoadedPtr& loaded) {
    base::MutexLock lock(mutex_);
    auto map = std::make_shared<LoadedMap>(*map_);
    const auto [entry, fresh] = map->emplace(id, loaded);
    if (!fresh) {
        return entry->second;
    }
    segments_gauge_.Set(static_cast<int64_t>(map->size()));
    map_ = std::move(map);
    Account(loaded->bytes);
    return loaded;
}

base::Status QueryNodeImpl::Update(Loaded& loaded, const roles::LoadSegmentRequest& request) {
    base::MutexLock lock(loaded.write_mutex);
    RETURN_IF_ERROR(ApplyRun(loaded, request.deletes));
    if (request.delete_batch > loaded.delete_batch.load(std::memory_order_relaxed)) {
        loaded.delete_batch.store(request.delete_batch, std::memory_order_release);
    }
    for (const roles::IndexToLoad& index : request.indexes) {
        const base::Status opened = OpenIndex(loaded, index);
        if (!opened.ok()) {
            // Slower, not wrong: the segment is scanned.
            base::LogWarn(
                "index_not_loaded",
                {{"segment", request.segment.id}, {"index", index.index.id}, {"reason", opened}});
        }
    }
    return base::Status();
}

base::Result<roles::Empty> QueryNodeImpl::ReleaseSegments(
    const base::CallContext&, const roles::ReleaseSegmentsRequest& request) {
    base::MutexLock lock(mutex_);
    auto map = std::make_shared<LoadedMap>(*map_);
    for (const base::SegmentId id : request.segment_ids) {
        const auto found = map->find(id);
        if (found != map->end()) {
            Account(-found->second->bytes);
            map->erase(found);
            walks_.DropSegment(id);
        }
    }
    segments_gauge_.Set(static_cast<int64_t>(map->size()));
    map_ = std::move(map);
    return roles::Empty();
}

// ---- Deletes

base::Status QueryNodeImpl::ApplyRun(Loaded& loaded, const segment::DeleteRun& run) {
    const size_t rows = loaded.segment->rows();
    const bool sound = run.rows.size() == run.timestamps.size() &&
                       std::all_of(run.rows.begin(), run.rows.end(),
                                   [&](base::RowOffset row) { return row < rows; });
    if (!sound) {
        return base::InvalidParameter("deletes of rows that segment " +
                                      std::to_string(loaded.segment->id()) + " does not have");
    }
    if (!run.rows.empty()) {
        loaded.segment->ApplyDeletes(run);
    }
    return base::Status();
}

base::Result<roles::Empty> QueryNodeImpl::ApplyDeletes(const base::CallContext&,
                                                       const roles::ApplyDeletesRequest& request) {
    std::map<base::SegmentId, const segment::DeleteRun*> runs;
    for (const roles::SegmentDeletes& deletes : request.deletes) {
        runs[deletes.segment_id] = &deletes.run;
    }
    const std::shared_ptr<const LoadedMap> map = Map();
    for (const auto& [id, loaded] : *map) {
        if (loaded->vchannel != request.vchannel) {
            continue;
        }
        base::MutexLock lock(loaded->write_mutex);
        const uint64_t before = loaded->delete_batch.load(std::memory_order_relaxed);
        if (request.batch <= before) {
            continue;
        }
        const auto run = runs.find(id);
        if (run != runs.end()) {
            RETURN_IF_ERROR(ApplyRun(*loaded, *run->second));
        }
        // After a gap the deletes are right and the number stays: reads are refused until the owner
        // has sent what is missing.
        if (request.batch == before + 1) {
            loaded->delete_batch.store(request.batch, std::memory_order_release);
        }
    }
    return roles::Empty();
}

// ---- Indexes

namespace {

base::Status OtherRows() {
    return base::Corruption("the index has another number of rows than its segment");
}

// What a vector index of the field is over: rows, or the elements of a struct array.
size_t IndexedRows(const segment::SealedSegment& segment, base::FieldId field_id,
                   vindex::Metric metric) {
    const auto offsets = segment.ElementOffsets(field_id);
    return offsets.ok() && !vindex::IsListMetric(metric) ? offsets->back() : segment.rows();
}

}  // namespace

base::Status QueryNodeImpl::AttachVectors(Loaded& loaded, const roles::IndexToLoad& index,
                                          const base::Buffer& file) {
    ASSIGN_OR_RETURN(auto opened, vindex::OpenIndex(file, [&] {
                         return partners_.objects->OpenDirect(index.segment_index.data_key);
                     }));
    const base::FieldId field = index.index.field_id;
    if (opened->size() != IndexedRows(*loaded.segment, field, opened->metric())) {
        return OtherRows();
    }
    const auto loaded_bytes = static_cast<uint64_t>(std::max<int64_t>(this->loaded_bytes(), 0));
    if (opened->index_type() != kOnDisk &&
        file.size() + loaded_bytes <= sys::MemoryLimitBytes() / kHugeShare) {
        sys::PreferHugePages(file.data(), file.size());
    }
    loaded.segment->AttachIndex(index.index.field_id, index.index.id, std::move(opened));
    return base::Status();
}

base::Status QueryNodeImpl::AttachScalars(Loaded& loaded, const roles::IndexToLoad& index,
                                          const base::Buffer& file) {
    ASSIGN_OR_RETURN(auto opened, scalar_index::Index::Open(file));
    ASSIGN_OR_RETURN(const schema::ColumnView column,
                     loaded.segment->WholeColumn(index.index.field_id));
    if (opened->rows() != column.rows) {
        return OtherRows();
    }
    loaded.segment->AttachScalarIndex(index.index.id, std::move(opened));
    return base::Status();
}

base::Status QueryNodeImpl::OpenIndex(Loaded& loaded, const roles::IndexToLoad& index) {
    if (index.segment_index.data_key.empty() || loaded.segment->HasIndex(index.index.id)) {
        return base::Status();
    }
    ASSIGN_OR_RETURN(const base::Buffer file, partners_.objects->Map(index.segment_index.data_key));
    const base::Status attached = index.index.IsVectorIndex() ? AttachVectors(loaded, index, file)
                                                              : AttachScalars(loaded, index, file);
    return attached.Annotate(index.segment_index.data_key);
}

base::Result<roles::Empty> QueryNodeImpl::AttachIndex(const base::CallContext&,
                                                      const roles::AttachIndexRequest& request) {
    const LoadedPtr loaded = Find(request.segment_id);
    if (loaded == nullptr) {
        return NotLoaded(request.segment_id);
    }
    base::MutexLock lock(loaded->write_mutex);
    RETURN_IF_ERROR(OpenIndex(*loaded, request.index));
    return roles::Empty();
}

base::Result<roles::Empty> QueryNodeImpl::DetachIndex(const base::CallContext&,
                                                      const roles::DetachIndexRequest& request) {
    for (const base::SegmentId id : request.segment_ids) {
        const LoadedPtr loaded = Find(id);
        if (loaded != nullptr) {
            base::MutexLock lock(loaded->write_mutex);
            loaded->segment->DetachIndex(request.index_id);
        }
    }
    return roles::Empty();
}

// ---- Reads

base::Result<std::vector<reduce::SegmentRef>> QueryNodeImpl::Select(
    const std::vector<base::SegmentId>& ids, uint64_t delete_batch) const {
    const std::shared_ptr<const LoadedMap> map = Map();
    std::vector<reduce::SegmentRef> segments;
    segments.reserve(ids.size());
    for (const base::SegmentId id : ids) {
        const auto found = map->find(id);
        if (found == map->end() ||
            found->second->delete_batch.load(std::memory_order_acquire) < delete_batch) {
            return NotLoaded(id);
        }
        segments.push_back(found->second->segment);
    }
    return segments;
}

base::Result<roles::SearchResponse> QueryNodeImpl::Search(
    const base::CallContext& context, const roles::SegmentSearchRequest& request) {
    ASSIGN_OR_RETURN(const std::vector<reduce::SegmentRef> segments,
                     Select(request.segment_ids, request.delete_batch));
    walks_.DropIdle();
    return reduce::SearchSegments(
        segments, request.search,
        {&context, partners_.clock, partners_.executor, request.search.snapshot_ts, &walks_});
}

base::Result<roles::RetrieveResponse> QueryNodeImpl::Retrieve(
    const base::CallContext& context, const roles::SegmentRetrieveRequest& request) {
    ASSIGN_OR_RETURN(const std::vector<reduce::SegmentRef> segments,
                     Select(request.segment_ids, request.delete_batch));
    return reduce::RetrieveSegments(
        segments, request.retrieve,
        {&context, partners_.clock, partners_.executor, request.retrieve.snapshot_ts});
}

base::Result<roles::FetchResponse> QueryNodeImpl::Fetch(const base::CallContext& context,
                                                        const roles::FetchRequest& request) {
    const std::shared_ptr<const LoadedMap> map = Map();
    std::map<base::SegmentId, reduce::SegmentRef> segments;
    for (const roles::RowAddress& address : request.addresses) {
        const auto found = map->find(address.segment_id);
        if (found == map->end()) {
            return NotLoaded(address.segment_id);
        }
        segments.emplace(address.segment_id, found->second->segment);
    }
    return reduce::FetchRows(segments, request, {&context, partners_.clock, partners_.executor, 0});
}

}  // namespace elanus::querynode
