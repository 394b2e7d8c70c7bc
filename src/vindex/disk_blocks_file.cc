// Building, saving and opening of DiskBlocksIndex: everything but the search.
#include "base/hash.h"
#include "sys/huge_memory.h"
#include "vindex/disk_blocks.h"
#include "vindex/disk_graph.h"
#include "vindex/param.h"
#include "vindex/row_chunks.h"

#include <algorithm>
#include <cstring>

namespace elanus::vindex {
namespace {

constexpr uint32_t kVersion = 1;
constexpr codec::SectionId kMetaSection{1, 0};
constexpr codec::SectionId kCentreSection{2, 0};
constexpr codec::SectionId kRouterSection{3, 0};
constexpr codec::SectionId kNodesSection{4, 0};
constexpr codec::SectionId kVectorsSection{5, 0};

constexpr uint32_t kDimMin = 384;  // with fewer a 1-bit code tells too little
constexpr uint32_t kRowsAtOnce = 256;
// What the steps of a build take.
constexpr double kCodeWeight = 3, kGraphWeight = 85, kNodesWeight = 9, kVectorsWeight = 3;
constexpr uint32_t kGroup = BlockLayout::kGroup;

struct Meta {
    uint32_t vector_type;
    uint32_t metric;
    uint32_t dim;
    uint32_t rows;
    uint32_t degree;
    uint32_t search_list;
    uint32_t router_rows;
    uint32_t router_means;
    uint64_t cache_bytes_max;
    uint64_t seed;
    uint32_t zero[4];
};
static_assert(sizeof(Meta) == 64);

BlockLayout LayoutOf(uint32_t dim, uint32_t degree) {
    return {.width = RotatedWidth(dim), .degree = degree, .form = BlockForm::kDisk};
}

size_t NodeReads(uint32_t dim, uint32_t degree) {
    return DiskPacking{LayoutOf(dim, degree).block_bytes()}.read_bytes();
}

// Of places for neighbours as many as were asked for, in whole groups, that take no more reads than
// one group.
uint32_t DegreeFor(uint32_t dim, int64_t max_degree) {
    const auto asked = static_cast<uint32_t>((max_degree + kGroup / 2) / kGroup * kGroup);
    uint32_t degree = kGroup;
    while (degree + kGroup <= asked && NodeReads(dim, degree + kGroup) == NodeReads(dim, kGroup)) {
        degree += kGroup;
    }
    return degree;
}

bool FitsDimension(uint32_t dim) {
    return dim >= kDimMin && RotatedWidth(dim) <= simd::kCodeDimMax;
}

bool Plausible(const Meta& meta) {
    const auto type = static_cast<VectorType>(meta.vector_type);
    const auto metric = static_cast<Metric>(meta.metric);
    return type != VectorType::kBinary && type != VectorType::kInt8 &&
           IsDenseMetric(type, metric) && IsDimension(type, meta.dim) && FitsDimension(meta.dim) &&
           meta.rows <= kRowsMax && meta.degree >= kGroup && meta.degree <= 2048 &&
           meta.degree % kGroup == 0 &&
           GraphRouter::Shape{meta.router_rows, meta.router_means}.Plausible(meta.rows,
                                                                             BlockForm::kDisk);
}

}  // namespace

bool DiskBlocksIndex::Fits(const BuildParams& params) {
    const int64_t degree = IntParam(params.params, "max_degree").value_or(kDiskDegreeDefault);
    const DiskLayout with_vector{RowBytes(params.vector_type, params.dim),
                                 static_cast<uint32_t>(degree)};
    return FitsDimension(params.dim) &&
           NodeReads(params.dim, kGroup) <= with_vector.packing().read_bytes();
}

DiskBlocksIndex::DiskBlocksIndex(VectorType type, Metric metric, uint32_t dim, uint32_t rows,
                                 uint32_t degree, uint64_t seed)
    : DiskIndex(type, metric, dim, rows),
      layout_(LayoutOf(dim, degree)),
      seed_(seed),
      rotation_(dim, seed),
      vector_packing_{row_bytes()} {
    packing_ = {layout_.block_bytes()};
}

base::Result<std::unique_ptr<Index>> DiskBlocksIndex::Build(const BuildParams& params,
                                                            const BuildInput& input) {
    const auto rows = static_cast<uint32_t>(input.rows);
    const uint32_t degree =
        DegreeFor(params.dim, IntParam(params.params, "max_degree").value_or(kDiskDegreeDefault));
    std::unique_ptr<DiskBlocksIndex> index(new DiskBlocksIndex(
        params.vector_type, params.metric, params.dim, rows, degree, input.seed));
    const double lists = 2.5 * degree * sizeof(uint32_t);
    const auto nodes = static_cast<double>(index->packing_.bytes(rows));
    RETURN_IF_ERROR(index->CheckMemory(
        params.params, nodes + rows * (static_cast<double>(index->layout_.width) + lists),
        nodes + static_cast<double>(index->vector_packing_.bytes(rows))));
    index->search_list_ = static_cast<uint32_t>(
        IntParam(params.params, "search_list_size").value_or(kDiskSearchListDefault));
    const auto router_bytes = static_cast<double>(
        GraphRouter::Shape::For(rows, BlockForm::kDisk).groups() * index->layout_.group_bytes());
    const double cache_bytes = index->CodeBudgetBytes(params.params) +
                               index->CacheBudgetBytes(params.params) - router_bytes -
                               params.dim * sizeof(float);
    index->cache_bytes_max_ = static_cast<uint64_t>(std::max(cache_bytes, 0.0));
    RETURN_IF_ERROR(index->BuildGraph(params, input));
    RETURN_IF_ERROR(index->LoadNear(0));
    return std::unique_ptr<Index>(std::move(index));
}

base::Status DiskBlocksIndex::BuildGraph(const BuildParams& params, const BuildInput& input) {
    PartsProgress parts(input.progress, {kCodeWeight, kGraphWeight, kNodesWeight, kVectorsWeight});
    {
        const base::Buffer floats = AsFloats(input);
        const VectorView view(VectorType::kFloat, metric(), dim(), size(), floats.data(), nullptr);
        ASSIGN_OR_RETURN(const CodedRows coded, CodedRows::Make(view, seed_, input.executor,
                                                                input.interrupt, parts.Next()));
        GraphOptions options;
        options.degree = layout_.degree;
        // A builder's searches keep about two thirds of this (graph_builder.cc).
        options.ef_construction =
            static_cast<uint32_t>(std::min<uint64_t>(uint64_t{search_list_} * 3 / 2, kIntMax));
        options.seed = input.seed;
        options.executor = input.executor;
        options.memory_max_bytes = input.memory_max_bytes;
        options.interrupt = input.interrupt;
        options.progress = parts.Next();
        ASSIGN_OR_RETURN(const NeighborLists lists, GraphBuilder(coded, options).Build());
        const std::vector<uint32_t> order = OrderOf(lists);
        RETURN_IF_ERROR(FillNodes(coded, lists, order, input, parts.Next()));
        centre_ = base::Buffer::FromVector(coded.centre());
        router_ = GraphRouter::Make(coded, order, layout_, params.metric == Metric::kIp,
                                    base::Hash64(input.seed + 1));
    }
    return FillVectors(input, parts.Next());
}

// Those that most others lead to first, as many as fit into the cache; within both parts near rows
// follow each other.
std::vector<uint32_t> DiskBlocksIndex::OrderOf(const NeighborLists& lists) const {
    const uint32_t cached = packing_.ItemsIn(cache_bytes_max_, size());
    std::vector<uint32_t> leading(size()), by_leading(lists.order);
    for (uint32_t row = 0; row < size(); ++row) {
        for (uint32_t i = 0; i < lists.counts[row]; ++i) {
            ++leading[lists.Links(row)[i]];
        }
    }
    std::nth_element(by_leading.begin(), by_leading.begin() + cached, by_leading.end(),
                     [&](uint32_t a, uint32_t b) {
                         return leading[a] != leading[b] ? leading[a] > leading[b] : a < b;
                     });
    std::vector<bool> first(size());
    for (uint32_t i = 0; i < cached; ++i) {
        first[by_leading[i]] = true;
    }
    std::vector<uint32_t> order(lists.order);
    std::stable_partition(order.begin(), order.end(), [&](uint32_t row) { return first[row]; });
    return order;
}

base::Status DiskBlocksIndex::FillNodes(const CodedRows& coded, const NeighborLists& lists,
                                        const std::vector<uint32_t>& order, const BuildInput& input,
                                        const Progress& progress) {
    std::vector<uint32_t> nodes(size());
    for (uint32_t node = 0; node < size(); ++node) {
        nodes[order[node]] = node;
    }
    const uint64_t bytes = packing_.bytes(size());
    const std::shared_ptr<uint8_t> memory = sys::AllocateHuge(std::max<uint64_t>(bytes, 1));
    const auto fill = [&](uint32_t begin, uint32_t end) {
        for (uint32_t node = begin; node < end; ++node) {
            const uint32_t row = order[node];
            PutNode(layout_, coded, row, {lists.Links(row), lists.counts[row]}, nodes,
                    metric() == Metric::kIp, memory.get() + packing_.OffsetOf(node));
        }
    };
    RETURN_IF_ERROR(
        ForChunks(size(), input.executor, input.interrupt, progress, fill, kRowsAtOnce));
    nodes_.bytes = base::Buffer(memory.get(), bytes, memory);
    return base::Status();
}

base::Status DiskBlocksIndex::FillVectors(const BuildInput& input, const Progress& progress) {
    const uint64_t bytes = vector_packing_.bytes(size());
    const std::shared_ptr<uint8_t> memory = sys::AllocateHuge(std::max<uint64_t>(bytes, 1));
    const auto fill = [&](uint32_t begin, uint32_t end) {
        for (uint32_t row = begin; row < end; ++row) {
            PutVector(input, row, memory.get() + vector_packing_.OffsetOf(row));
        }
    };
    RETURN_IF_ERROR(
        ForChunks(size(), input.executor, input.interrupt, progress, fill, kRowsAtOnce));
    vectors_.bytes = base::Buffer(memory.get(), bytes, memory);
    return base::Status();
}

base::Status DiskBlocksIndex::Save(codec::Sink& sink) const {
    Meta meta{};
    meta.vector_type = static_cast<uint32_t>(vector_type());
    meta.metric = static_cast<uint32_t>(metric());
    meta.dim = dim();
    meta.rows = size();
    meta.degree = layout_.degree;
    meta.search_list = search_list_;
    meta.router_rows = router_.shape().sampled;
    meta.router_means = router_.shape().means;
    meta.cache_bytes_max = cache_bytes_max_;
    meta.seed = seed_;
    codec::EnvelopeWriter writer(sink, kDiskBlocksFormat, kVersion);
    writer.AddArray<Meta>(kMetaSection, {&meta, 1});
    writer.AddSection(kCentreSection, centre_.view());
    writer.AddSection(kRouterSection, router_.bytes().view());
    nodes_.AddTo(writer, kNodesSection);
    vectors_.AddTo(writer, kVectorsSection);
    return writer.Finish();
}

base::Result<std::unique_ptr<Index>> DiskBlocksIndex::Open(base::Buffer file,
                                                           std::shared_ptr<sys::File> direct) {
    ASSIGN_OR_RETURN(auto reader,
                     codec::EnvelopeReader::Open(std::move(file), kDiskBlocksFormat, kVersion));
    // Says how much memory to take.
    RETURN_IF_ERROR(reader.VerifySection(kMetaSection));
    ASSIGN_OR_RETURN(const base::Buffer bytes, reader.Array<Meta>(kMetaSection, 1));
    Meta meta;
    std::memcpy(&meta, bytes.data(), sizeof meta);
    if (!Plausible(meta)) {
        return base::Corruption("disk graph: bad description");
    }
    std::unique_ptr<DiskBlocksIndex> index(new DiskBlocksIndex(
        static_cast<VectorType>(meta.vector_type), static_cast<Metric>(meta.metric), meta.dim,
        meta.rows, meta.degree, meta.seed));
    index->search_list_ = meta.search_list;
    index->cache_bytes_max_ = meta.cache_bytes_max;
    ASSIGN_OR_RETURN(index->centre_, reader.Array<float>(kCentreSection, meta.dim));
    const GraphRouter::Shape shape{meta.router_rows, meta.router_means};
    ASSIGN_OR_RETURN(
        const base::Buffer groups,
        reader.Array<uint8_t>(kRouterSection, shape.groups() * index->layout_.group_bytes()));
    index->router_ = GraphRouter(index->layout_, shape, groups);
    ASSIGN_OR_RETURN(index->nodes_,
                     DiskBlocks::Open(reader, kNodesSection, index->packing_.bytes(meta.rows)));
    ASSIGN_OR_RETURN(index->vectors_, DiskBlocks::Open(reader, kVectorsSection,
                                                       index->vector_packing_.bytes(meta.rows)));
    index->direct_ = std::move(direct);
    index->file_ = std::move(reader);
    RETURN_IF_ERROR(index->LoadNear(index->cache_bytes_max_));
    return std::unique_ptr<Index>(std::move(index));
}

uint64_t DiskBlocksIndex::memory_bytes() const {
    return near_.size() + centre_.size() + router_.bytes().size() +
           (direct_ == nullptr ? vectors_.bytes.size() : 0);
}

base::Status DiskBlocksIndex::Verify() const {
    if (file_.has_value()) {
        RETURN_IF_ERROR(file_->VerifyAll());
    }
    std::vector<bool> met(size());
    for (uint32_t node = 0; node < size(); ++node) {
        const uint8_t* block = MappedNode(node);
        const uint32_t row = OwnOf(block).row;
        if (row >= size() || met[row]) {
            return base::Corruption("disk graph: bad row of node " + std::to_string(node));
        }
        met[row] = true;
        for (uint32_t g = 0; g < layout_.groups(); ++g) {
            const uint8_t* group = block + layout_.own_bytes() + g * layout_.group_bytes();
            if (!GroupIdsBelow(layout_, group, size())) {
                return base::Corruption("disk graph: bad neighbours of node " +
                                        std::to_string(node));
            }
        }
    }
    return router_.Verify(size());
}

}  // namespace elanus::vindex
