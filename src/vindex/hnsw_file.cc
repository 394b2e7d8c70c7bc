// Building, saving and opening of HnswIndex: everything but the search.
#include "vindex/hnsw.h"
#include "vindex/hnsw_builder.h"
#include "vindex/param.h"

#include <cstring>

namespace elanus::vindex {
namespace {

constexpr uint32_t kHnswVersion = 1;
constexpr codec::SectionId kMetaSection{1, 0};
constexpr StoredHnswGraph::Sections kGraphSections{{2, 0}, {3, 0}, {4, 0}};
constexpr codec::SectionId kVectorsSection{5, 0};
constexpr codec::SectionId kInverseNormsSection{6, 0};

constexpr uint32_t kFlagVectorsInside = 1;
constexpr uint32_t kFlagAutomatic = 2;

struct HnswMeta {
    uint32_t vector_type;
    uint32_t metric;
    uint32_t dim;
    uint32_t rows;
    uint32_t m;
    uint32_t ef_construction;
    uint32_t entry;
    uint32_t level_max;
    uint32_t flags;
    uint32_t zero[7];
};
static_assert(sizeof(HnswMeta) == 64);

bool Plausible(const HnswMeta& meta) {
    const auto type = static_cast<VectorType>(meta.vector_type);
    const auto metric = static_cast<Metric>(meta.metric);
    return IsDenseMetric(type, metric) && !IsStructureTest(metric) && IsDimension(type, meta.dim) &&
           meta.rows <= kRowsMax && meta.m >= kHnswMMin && meta.m <= kHnswMMax &&
           meta.level_max < kLevelsMax && (meta.rows == 0 || meta.entry < meta.rows) &&
           (meta.flags & kFlagVectorsInside) != 0 &&
           (meta.flags & ~(kFlagVectorsInside | kFlagAutomatic)) == 0;
}

}  // namespace

void HnswIndex::PointAtBuffers(uint32_t m, uint32_t entry, uint32_t level_max) {
    graph_ = stored_.View(size(), m, entry, level_max);
    view_ = vectors_.View(vector_type(), metric(), dim(), size());
}

base::Result<std::unique_ptr<Index>> HnswIndex::Build(const BuildParams& params,
                                                      const BuildInput& input) {
    const auto rows = static_cast<uint32_t>(input.rows);
    std::unique_ptr<HnswIndex> index(
        new HnswIndex(params.vector_type, params.metric, params.dim, rows));
    index->automatic_ = params.index_type == "AUTOINDEX";
    index->vectors_ =
        StoredVectors::CopyOf(params.vector_type, params.metric, params.dim, rows, input.vectors);
    HnswBuildOptions options;
    options.m = static_cast<uint32_t>(IntParam(params.params, "M").value_or(kHnswMDefault));
    options.ef_construction = static_cast<uint32_t>(
        IntParam(params.params, "efConstruction").value_or(kHnswEfConstructionDefault));
    options.seed = input.seed;
    options.executor = input.executor;
    options.interrupt = input.interrupt;
    index->ef_construction_ = options.ef_construction;
    index->PointAtBuffers(options.m, 0, 0);
    ASSIGN_OR_RETURN(HnswArrays arrays, HnswBuilder(index->view_, options).Build());
    const uint32_t entry = arrays.entry;
    const uint32_t level_max = arrays.level_max;
    index->stored_ = StoredHnswGraph::Of(std::move(arrays));
    index->PointAtBuffers(options.m, entry, level_max);
    return std::unique_ptr<Index>(std::move(index));
}

base::Status HnswIndex::Save(codec::Sink& sink) const {
    HnswMeta meta{};
    meta.vector_type = static_cast<uint32_t>(vector_type());
    meta.metric = static_cast<uint32_t>(metric());
    meta.dim = dim();
    meta.rows = size();
    meta.m = graph_.m;
    meta.ef_construction = ef_construction_;
    meta.entry = graph_.entry;
    meta.level_max = graph_.level_max;
    meta.flags = kFlagVectorsInside | (automatic_ ? kFlagAutomatic : 0);
    codec::EnvelopeWriter writer(sink, kHnswFormat, kHnswVersion);
    writer.AddArray<HnswMeta>(kMetaSection, {&meta, 1});
    stored_.AddTo(writer, kGraphSections);
    vectors_.AddTo(writer, kVectorsSection, kInverseNormsSection);
    return writer.Finish();
}

base::Result<std::unique_ptr<Index>> HnswIndex::Open(base::Buffer file) {
    ASSIGN_OR_RETURN(auto reader,
                     codec::EnvelopeReader::Open(std::move(file), kHnswFormat, kHnswVersion));
    ASSIGN_OR_RETURN(const base::Buffer bytes, reader.Array<HnswMeta>(kMetaSection, 1));
    HnswMeta meta;
    std::memcpy(&meta, bytes.data(), sizeof meta);
    if (!Plausible(meta)) {
        return base::Corruption("hnsw index: bad description of its graph");
    }
    std::unique_ptr<HnswIndex> index(new HnswIndex(static_cast<VectorType>(meta.vector_type),
                                                   static_cast<Metric>(meta.metric), meta.dim,
                                                   meta.rows));
    index->automatic_ = (meta.flags & kFlagAutomatic) != 0;
    index->ef_construction_ = meta.ef_construction;
    ASSIGN_OR_RETURN(index->stored_,
                     StoredHnswGraph::Open(reader, kGraphSections, meta.rows, meta.m));
    ASSIGN_OR_RETURN(
        index->vectors_,
        StoredVectors::Open(reader, kVectorsSection, kInverseNormsSection, index->vector_type(),
                            index->metric(), meta.dim, meta.rows));
    index->PointAtBuffers(meta.m, meta.entry, meta.level_max);
    index->file_ = std::move(reader);
    return std::unique_ptr<Index>(std::move(index));
}

base::Status HnswIndex::Verify() const {
    if (file_.has_value()) {
        RETURN_IF_ERROR(file_->VerifyAll());
    }
    return graph_.Verify();
}

uint64_t HnswIndex::memory_bytes() const {
    return stored_.bytes() + vectors_.bytes();
}

}  // namespace elanus::vindex
