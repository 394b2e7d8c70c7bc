// Building, saving and opening of HnswIndex: everything but the search.
#include "vindex/hnsw.h"
#include "vindex/hnsw_builder.h"
#include "vindex/param.h"

#include <cstring>

namespace elanus::vindex {
namespace {

constexpr uint32_t kHnswVersion = 1;
constexpr codec::SectionId kMetaSection{1, 0};
constexpr codec::SectionId kLinks0Section{2, 0};
constexpr codec::SectionId kUpperStartSection{3, 0};
constexpr codec::SectionId kUpperLinksSection{4, 0};
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
    graph_ = {size(),
              m,
              entry,
              level_max,
              links0_.As<uint32_t>(),
              upper_start_.As<uint32_t>(),
              upper_links_.As<uint32_t>()};
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
    index->links0_ = base::Buffer::FromVector(std::move(arrays.links0));
    index->upper_start_ = base::Buffer::FromVector(std::move(arrays.upper_start));
    index->upper_links_ = base::Buffer::FromVector(std::move(arrays.upper_links));
    index->PointAtBuffers(options.m, arrays.entry, arrays.level_max);
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
    writer.AddSection(kLinks0Section, links0_.view());
    writer.AddSection(kUpperStartSection, upper_start_.view());
    writer.AddSection(kUpperLinksSection, upper_links_.view());
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
    const uint64_t rows = meta.rows;
    ASSIGN_OR_RETURN(index->links0_,
                     reader.Array<uint32_t>(kLinks0Section, rows * (1 + 2 * uint64_t{meta.m})));
    ASSIGN_OR_RETURN(index->upper_start_, reader.Array<uint32_t>(kUpperStartSection, rows + 1));
    ASSIGN_OR_RETURN(index->upper_links_, reader.Section(kUpperLinksSection));
    ASSIGN_OR_RETURN(index->vectors_,
                     StoredVectors::Open(reader, kVectorsSection, kInverseNormsSection,
                                         index->vector_type(), index->metric(), meta.dim, rows));
    if (index->upper_links_.size() !=
        uint64_t{index->upper_start_.As<uint32_t>()[rows]} * (1 + meta.m) * sizeof(uint32_t)) {
        return base::Corruption("hnsw index: upper levels have a wrong length");
    }
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
    return links0_.size() + upper_start_.size() + upper_links_.size() + vectors_.bytes();
}

}  // namespace elanus::vindex
