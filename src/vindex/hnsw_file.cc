// Building, saving and opening of HnswIndex: everything but the search.
#include "vindex/hnsw.h"
#include "vindex/hnsw_builder.h"
#include "vindex/hnsw_head.h"
#include "vindex/param.h"

namespace elanus::vindex {
namespace {

constexpr uint32_t kHnswVersion = 1;
constexpr codec::SectionId kVectorsSection{5, 0};
constexpr codec::SectionId kInverseNormsSection{6, 0};

constexpr uint32_t kFlagVectorsInside = 1;
constexpr uint32_t kFlagAutomatic = 2;

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
    options.progress = input.progress;
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
    codec::EnvelopeWriter writer(sink, kHnswFormat, kHnswVersion);
    const uint32_t flags = kFlagVectorsInside | (automatic_ ? kFlagAutomatic : 0);
    HnswHead::Of(*this, graph_, ef_construction_, flags).AddTo(writer);
    stored_.AddTo(writer, kHnswGraphSections);
    vectors_.AddTo(writer, kVectorsSection, kInverseNormsSection);
    return writer.Finish();
}

base::Result<std::unique_ptr<Index>> HnswIndex::Open(base::Buffer file) {
    ASSIGN_OR_RETURN(auto reader,
                     codec::EnvelopeReader::Open(std::move(file), kHnswFormat, kHnswVersion));
    ASSIGN_OR_RETURN(const HnswHead head,
                     HnswHead::Read(reader, kFlagVectorsInside | kFlagAutomatic, "hnsw"));
    if (IsStructureTest(head.metric_kind()) || (head.flags & kFlagVectorsInside) == 0) {
        return base::Corruption("hnsw index: bad description of its graph");
    }
    std::unique_ptr<HnswIndex> index(
        new HnswIndex(head.type(), head.metric_kind(), head.dim, head.rows));
    index->automatic_ = (head.flags & kFlagAutomatic) != 0;
    index->ef_construction_ = head.ef_construction;
    ASSIGN_OR_RETURN(index->stored_,
                     StoredHnswGraph::Open(reader, kHnswGraphSections, head.rows, head.m));
    ASSIGN_OR_RETURN(
        index->vectors_,
        StoredVectors::Open(reader, kVectorsSection, kInverseNormsSection, index->vector_type(),
                            index->metric(), head.dim, head.rows));
    index->PointAtBuffers(head.m, head.entry, head.level_max);
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
