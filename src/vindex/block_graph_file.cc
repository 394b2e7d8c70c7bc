// Building, saving and opening of BlockGraphIndex: everything but the search.
#include "base/hash.h"
#include "sys/huge_memory.h"
#include "vindex/block_graph.h"
#include "vindex/param.h"
#include "vindex/row_chunks.h"

#include <algorithm>
#include <cstring>

namespace elanus::vindex {
namespace {

constexpr uint32_t kVersion = 6;  // of the compact form alone
constexpr uint32_t kVersionFast = 5;
constexpr uint32_t kVersionWithFlatRouter = 4;
constexpr uint32_t kVersionInRowOrder = 3;
constexpr uint32_t kVersionWithSigns = 2;
constexpr uint32_t kVersionWithoutSigns = 1;
constexpr codec::SectionId kMetaSection{1, 0};
constexpr codec::SectionId kBlocksSection{2, 0};
constexpr codec::SectionId kCentreSection{3, 0};
constexpr codec::SectionId kRouterSection{4, 0};
constexpr codec::SectionId kVectorsSection{5, 0};
constexpr codec::SectionId kInverseNormsSection{6, 0};
constexpr codec::SectionId kSignsSection{7, 0};
constexpr codec::SectionId kReachSection{8, 0};
constexpr codec::SectionId kNodesSection{9, 0};

constexpr uint32_t kFlagAutomatic = 2;
constexpr uint32_t kFlagCompact = 4;
constexpr uint32_t kFillRows = 64;  // of one task
// What the steps of a build take.
constexpr double kCodeWeight = 3, kGraphWeight = 87, kFillWeight = 6, kRestWeight = 4;

struct Meta {
    uint32_t vector_type;
    uint32_t metric;
    uint32_t dim;
    uint32_t rows;
    uint32_t m;
    uint32_t ef_construction;
    uint32_t router_rows;
    uint32_t flags;
    uint64_t seed;
    uint32_t router_means;  // from version 5
    uint32_t zero[5];
};
static_assert(sizeof(Meta) == 64);

struct Reach {
    WalkReach::Table beyond;
    float longest;
    uint32_t zero;
};
static_assert(sizeof(Reach) == 32);

// Whether a file of this version has such a form of blocks; of dimensions that fit.
bool IsForm(const Meta& meta, uint32_t version) {
    if ((meta.flags & kFlagCompact) != 0) {
        return version == kVersion && BlockLayout::FitsCompact(meta.dim);
    }
    return version < kVersion && (version == kVersionFast) == (meta.router_means > 0);
}

bool HasSigns(uint32_t version) {
    return version >= kVersionWithSigns && version != kVersion;
}

bool Plausible(const Meta& meta, uint32_t version) {
    const auto type = static_cast<VectorType>(meta.vector_type);
    return meta.metric <= static_cast<uint32_t>(Metric::kCosine) && meta.m >= kHnswMMin &&
           BlockGraphIndex::Fits(type, meta.dim, meta.m) && meta.rows <= kRowsMax &&
           GraphRouter::Shape{meta.router_rows, meta.router_means}.Plausible(meta.rows,
                                                                             BlockForm::kFast) &&
           IsForm(meta, version) && (meta.flags & ~(kFlagAutomatic | kFlagCompact)) == 0;
}

uint32_t DegreeOf(uint32_t m) {
    const auto group = static_cast<uint32_t>(BlockLayout::kGroup);
    return std::max((2 * m + group / 2) / group * group, group);
}

}  // namespace

void BlockGraphIndex::Shape(uint32_t m, BlockForm form) {
    m_ = m;
    layout_.width = RotatedWidth(dim());
    layout_.form = form;
    layout_.degree = DegreeOf(m);
    block_bytes_ = layout_.block_bytes();
    rotation_ = Rotation(dim(), seed_);
}

base::Result<std::unique_ptr<Index>> BlockGraphIndex::Build(const BuildParams& params,
                                                            const BuildInput& input) {
    const auto rows = static_cast<uint32_t>(input.rows);
    std::unique_ptr<BlockGraphIndex> index(new BlockGraphIndex(params.metric, params.dim, rows));
    index->automatic_ = params.index_type == "AUTOINDEX";
    index->seed_ = input.seed;
    const bool compact =
        BlockLayout::FitsCompact(params.dim) && WordParam(params.params, "form") == "COMPACT";
    const int64_t m = compact ? kCompactMDefault : kHnswMDefault;
    index->Shape(static_cast<uint32_t>(IntParam(params.params, "M").value_or(m)),
                 compact ? BlockForm::kCompact : BlockForm::kFast);
    index->vectors_ =
        StoredVectors::CopyOf(params.vector_type, params.metric, params.dim, rows, input.vectors);
    index->view_ = index->vectors_.View(params.vector_type, params.metric, params.dim, rows);
    GraphOptions options;
    options.degree = index->layout_.degree;
    options.ef_construction = static_cast<uint32_t>(
        IntParam(params.params, "efConstruction").value_or(kHnswEfConstructionDefault));
    options.seed = input.seed;
    options.memory_max_bytes = input.memory_max_bytes;
    options.executor = input.executor;
    options.interrupt = input.interrupt;
    index->ef_construction_ = options.ef_construction;
    PartsProgress parts(input.progress, {kCodeWeight, kGraphWeight, kFillWeight, kRestWeight});
    ASSIGN_OR_RETURN(
        const CodedRows coded,
        CodedRows::Make(index->view_, input.seed, input.executor, input.interrupt, parts.Next()));
    options.progress = parts.Next();
    ASSIGN_OR_RETURN(const NeighborLists lists, GraphBuilder(coded, options).Build());
    index->Arrange(lists.order);
    const size_t bytes = rows * index->block_bytes_;
    const std::shared_ptr<uint8_t> blocks = sys::AllocateHuge(bytes);
    RETURN_IF_ERROR(index->FillBlocks(coded, lists, input, parts.Next(), blocks.get()));
    index->blocks_ = base::Buffer(blocks.get(), bytes, blocks);
    index->centre_ = base::Buffer::FromVector(coded.centre());
    index->router_ = GraphRouter::Make(coded, lists.order, index->layout_,
                                       params.metric == Metric::kIp, base::Hash64(input.seed + 1));
    if (!compact) {
        index->signs_ = RowSigns::Make(coded, params.metric == Metric::kIp, input.executor);
    }
    RETURN_IF_ERROR(index->FitReach(coded, input));
    return std::unique_ptr<Index>(std::move(index));
}

// Gives the rows nodes in this order.
void BlockGraphIndex::Arrange(std::span<const uint32_t> order) {
    std::vector<uint32_t> nodes(order.size());
    for (uint32_t node = 0; node < order.size(); ++node) {
        nodes[order[node]] = node;
    }
    nodes_ = base::Buffer::FromVector(nodes);
}

base::Status BlockGraphIndex::FillBlocks(const CodedRows& rows, const NeighborLists& lists,
                                         const BuildInput& input, const Progress& progress,
                                         uint8_t* blocks) const {
    const auto fill = [&](uint32_t begin, uint32_t end) {
        for (uint32_t node = begin; node < end; ++node) {
            const uint32_t row = lists.order[node];
            PutNode(layout_, rows, row, {lists.Links(row), lists.counts[row]},
                    nodes_.As<uint32_t>(), metric() == Metric::kIp, blocks + node * block_bytes_);
        }
    };
    return ForChunks(size(), input.executor, input.interrupt, progress, fill, kFillRows);
}

base::Status BlockGraphIndex::Save(codec::Sink& sink) const {
    Meta meta{};
    meta.vector_type = static_cast<uint32_t>(vector_type());
    meta.metric = static_cast<uint32_t>(metric());
    meta.dim = dim();
    meta.rows = size();
    meta.m = m_;
    meta.ef_construction = ef_construction_;
    meta.router_rows = router_.shape().sampled;
    meta.router_means = router_.shape().means;
    meta.flags = (automatic_ ? kFlagAutomatic : 0) |
                 (layout_.form == BlockForm::kCompact ? kFlagCompact : 0);
    meta.seed = seed_;
    const uint32_t version = layout_.form == BlockForm::kCompact ? kVersion
                             : router_.shape().means > 0         ? kVersionFast
                             : !nodes_.empty()                   ? kVersionWithFlatRouter
                             : reach_.present()                  ? kVersionInRowOrder
                             : signs_.present() || size() == 0   ? kVersionWithSigns
                                                                 : kVersionWithoutSigns;
    codec::EnvelopeWriter writer(sink, kBlockGraphFormat, version);
    writer.AddArray<Meta>(kMetaSection, {&meta, 1});
    writer.AddSection(kBlocksSection, blocks_.view());
    writer.AddSection(kCentreSection, centre_.view());
    writer.AddSection(kRouterSection, router_.bytes().view());
    if (HasSigns(version)) {
        writer.AddSection(kSignsSection, signs_.bytes().view());
    }
    const Reach reach{reach_.table(), longest_, 0};
    if (reach_.present()) {
        writer.AddArray<Reach>(kReachSection, {&reach, 1});
    }
    if (version > kVersionInRowOrder) {
        writer.AddSection(kNodesSection, nodes_.view());
    }
    vectors_.AddTo(writer, kVectorsSection, kInverseNormsSection);
    return writer.Finish();
}

base::Result<std::unique_ptr<Index>> BlockGraphIndex::Open(base::Buffer file) {
    ASSIGN_OR_RETURN(auto reader,
                     codec::EnvelopeReader::Open(std::move(file), kBlockGraphFormat, kVersion));
    ASSIGN_OR_RETURN(const base::Buffer bytes, reader.Array<Meta>(kMetaSection, 1));
    Meta meta;
    std::memcpy(&meta, bytes.data(), sizeof meta);
    if (!Plausible(meta, reader.format_version())) {
        return base::Corruption("block graph: bad description");
    }
    std::unique_ptr<BlockGraphIndex> index(
        new BlockGraphIndex(static_cast<Metric>(meta.metric), meta.dim, meta.rows));
    index->automatic_ = (meta.flags & kFlagAutomatic) != 0;
    index->ef_construction_ = meta.ef_construction;
    index->seed_ = meta.seed;
    index->Shape(meta.m, (meta.flags & kFlagCompact) != 0 ? BlockForm::kCompact : BlockForm::kFast);
    const uint64_t rows = meta.rows;
    const GraphRouter::Shape router{meta.router_rows, meta.router_means};
    ASSIGN_OR_RETURN(index->blocks_,
                     reader.Array<uint8_t>(kBlocksSection, rows * index->block_bytes_));
    ASSIGN_OR_RETURN(index->centre_, reader.Array<float>(kCentreSection, meta.dim));
    ASSIGN_OR_RETURN(
        const base::Buffer groups,
        reader.Array<uint8_t>(kRouterSection, router.groups() * index->layout_.group_bytes()));
    index->router_ = GraphRouter(index->layout_, router, groups);
    if (HasSigns(reader.format_version())) {
        const size_t width = index->layout_.width;
        ASSIGN_OR_RETURN(const base::Buffer signs,
                         reader.Array<uint8_t>(kSignsSection, rows * RowSigns::RowBytes(width)));
        index->signs_ = RowSigns(signs, width);
    }
    if (reader.Has(kReachSection)) {
        ASSIGN_OR_RETURN(const base::Buffer bytes_of, reader.Array<Reach>(kReachSection, 1));
        Reach reach;
        std::memcpy(&reach, bytes_of.data(), sizeof reach);
        index->reach_ = WalkReach(reach.beyond);
        index->longest_ = reach.longest;
    }
    if (reader.format_version() > kVersionInRowOrder) {
        ASSIGN_OR_RETURN(index->nodes_, reader.Array<uint32_t>(kNodesSection, rows));
    }
    ASSIGN_OR_RETURN(index->vectors_,
                     StoredVectors::Open(reader, kVectorsSection, kInverseNormsSection,
                                         index->vector_type(), index->metric(), meta.dim, rows));
    index->view_ = index->vectors_.View(index->vector_type(), index->metric(), meta.dim, meta.rows);
    index->file_ = std::move(reader);
    return std::unique_ptr<Index>(std::move(index));
}

base::Status BlockGraphIndex::Verify() const {
    if (file_.has_value()) {
        RETURN_IF_ERROR(file_->VerifyAll());
    }
    for (uint32_t node = 0; node < size(); ++node) {
        const uint32_t row = RowOf(node);
        if (row >= size() || (!nodes_.empty() && nodes_.As<uint32_t>()[row] != node)) {
            return base::Corruption("block graph: bad row of node " + std::to_string(node));
        }
        for (uint32_t g = 0; g < layout_.groups(); ++g) {
            const uint8_t* group = Block(node) + layout_.own_bytes() + g * layout_.group_bytes();
            if (!GroupIdsBelow(layout_, group, size())) {
                return base::Corruption("block graph: bad neighbours of node " +
                                        std::to_string(node));
            }
        }
    }
    return router_.Verify(size());
}

uint64_t BlockGraphIndex::memory_bytes() const {
    return blocks_.size() + nodes_.size() + centre_.size() + router_.bytes().size() +
           signs_.bytes().size() + vectors_.bytes();
}

}  // namespace elanus::vindex
