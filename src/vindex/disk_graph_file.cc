// Building, saving and opening of DiskGraphIndex: everything but the search.
#include "sys/huge_memory.h"
#include "vindex/disk_graph.h"
#include "vindex/float_rows.h"
#include "vindex/param.h"
#include "vindex/row_chunks.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>

namespace elanus::vindex {
namespace {

constexpr uint32_t kVersionMax = 2;
constexpr codec::SectionId kMetaSection{1, 0};
constexpr codec::SectionId kPlacesSection{5, 0};
constexpr codec::SectionId kBlocksSection{6, 0};

constexpr float kAlpha = 1.2f;  // the paper's
constexpr uint32_t kRowsAtOnce = 256;
// What the steps of a build take for a row, in encodings of one.
constexpr double kRotateEffort = 0.1, kGraphEffort = 2.5, kFillEffort = 0.05;
constexpr uint64_t kSampleShare = 8;  // of the cache is the most for the sample

struct Meta {
    uint32_t vector_type;
    uint32_t metric;
    uint32_t dim;
    uint32_t rows;
    uint32_t degree;
    uint32_t search_list;
    uint32_t parts;
    uint32_t coded_dim;
    uint64_t cache_bytes_max;
    uint32_t bits;
    uint32_t zero[5];
};
static_assert(sizeof(Meta) == 64);

DiskCodeShape CodesOf(const Meta& meta) {
    return {.bits = meta.bits, .parts = meta.parts, .coded_dim = meta.coded_dim};
}

bool Plausible(const Meta& meta) {
    const auto type = static_cast<VectorType>(meta.vector_type);
    const auto metric = static_cast<Metric>(meta.metric);
    return type != VectorType::kBinary && type != VectorType::kInt8 &&
           IsDenseMetric(type, metric) && IsDimension(type, meta.dim) && meta.rows <= kRowsMax &&
           meta.degree >= 1 && meta.degree <= 2048 && CodesOf(meta).IsPlausible(meta.dim);
}

// In the order in which a breadth-first walk meets them; those that it does not come last.
std::vector<uint32_t> BreadthFirst(const NeighborLists& lists, uint32_t rows, uint32_t first) {
    std::vector<uint32_t> order;
    std::vector<bool> met(rows);
    order.reserve(rows);
    const auto meet = [&](uint32_t row) {
        if (!met[row]) {
            met[row] = true;
            order.push_back(row);
        }
    };
    if (rows > 0) {
        meet(first);
    }
    for (size_t at = 0; at < order.size(); ++at) {
        for (uint32_t i = 0; i < lists.counts[order[at]]; ++i) {
            meet(lists.Links(order[at])[i]);
        }
    }
    for (uint32_t row = 0; row < rows; ++row) {
        meet(row);
    }
    return order;
}

// The row nearest to the mean of all.
uint32_t NearestToMean(const VectorView& rows, const std::vector<float>& mean) {
    uint32_t best = 0;
    float least = std::numeric_limits<float>::infinity();
    for (uint32_t row = 0; row < rows.rows; ++row) {
        const float cost =
            simd::L2Squared(mean.data(), static_cast<const float*>(rows.Row(row)), rows.dim);
        if (cost < least) {
            least = cost;
            best = row;
        }
    }
    return best;
}

}  // namespace

DiskGraphIndex::DiskGraphIndex(VectorType type, Metric metric, uint32_t dim, uint32_t rows,
                               uint32_t degree)
    : DiskIndex(type, metric, dim, rows) {
    layout_.row_bytes = row_bytes();
    layout_.degree = degree;
    packing_ = layout_.packing();
}

base::Result<std::unique_ptr<Index>> DiskGraphIndex::Build(const BuildParams& params,
                                                           const BuildInput& input) {
    const auto rows = static_cast<uint32_t>(input.rows);
    const auto degree =
        static_cast<uint32_t>(IntParam(params.params, "max_degree").value_or(kDiskDegreeDefault));
    std::unique_ptr<DiskGraphIndex> index(
        new DiskGraphIndex(params.vector_type, params.metric, params.dim, rows, degree));
    const double lists = 2.5 * degree * sizeof(uint32_t);
    RETURN_IF_ERROR(
        index->CheckMemory(params.params,
                           rows * (static_cast<double>(RotatedWidth(params.dim)) + lists) +
                               static_cast<double>(index->packing_.bytes(rows)),
                           0));
    index->search_list_ = static_cast<uint32_t>(
        IntParam(params.params, "search_list_size").value_or(kDiskSearchListDefault));
    index->cache_bytes_max_ = static_cast<uint64_t>(index->CacheBudgetBytes(params.params));
    const double code_bytes = index->CodeBudgetBytes(params.params);
    RETURN_IF_ERROR(index->BuildGraph(
        params, DiskCodeShape::Of(params.dim, code_bytes / std::max(rows, 1u)), input));
    RETURN_IF_ERROR(index->LoadNear(0));
    return std::unique_ptr<Index>(std::move(index));
}

base::Status DiskGraphIndex::BuildGraph(const BuildParams& params, const DiskCodeShape& shape,
                                        const BuildInput& input) {
    NeighborLists lists(0, 0);
    const auto rows_coded = static_cast<double>(input.rows + 1);
    PartsProgress parts(input.progress,
                        {kRotateEffort * rows_coded, kGraphEffort * rows_coded,
                         DiskCodes::Effort(shape, input.rows), kFillEffort * rows_coded});
    {
        const base::Buffer floats = AsFloats(input);
        const VectorView view(VectorType::kFloat, metric(), dim(), size(), floats.data(), nullptr);
        ASSIGN_OR_RETURN(const CodedRows coded, CodedRows::Make(view, input.seed, input.executor,
                                                                input.interrupt, parts.Next()));
        GraphOptions options;
        options.degree = layout_.degree;
        // A builder's searches keep about two thirds of this (graph_builder.cc).
        options.ef_construction =
            static_cast<uint32_t>(std::min<uint64_t>(uint64_t{search_list_} * 3 / 2, kIntMax));
        options.alpha = kAlpha;
        options.seed = input.seed;
        options.executor = input.executor;
        options.memory_max_bytes = input.memory_max_bytes;
        options.interrupt = input.interrupt;
        options.progress = parts.Next();
        ASSIGN_OR_RETURN(lists, GraphBuilder(coded, options).Build());
        Arrange(lists, NearestToMean(view, coded.centre()));
    }
    ASSIGN_OR_RETURN(codes_,
                     DiskCodes::Make(shape, params, input, places_.As<uint32_t>(), parts.Next()));
    return FillNodes(lists, input, parts.Next());
}

void DiskGraphIndex::Arrange(const NeighborLists& lists, uint32_t first) {
    const std::vector<uint32_t> order = BreadthFirst(lists, size(), first);
    std::vector<uint32_t> places(order.size());
    for (uint32_t place = 0; place < order.size(); ++place) {
        places[order[place]] = place;
    }
    places_ = base::Buffer::FromVector(std::move(places));
}

base::Status DiskGraphIndex::FillNodes(const NeighborLists& lists, const BuildInput& input,
                                       const Progress& progress) {
    const uint64_t bytes = packing_.bytes(size());
    const std::shared_ptr<uint8_t> memory = sys::AllocateHuge(std::max<uint64_t>(bytes, 1));
    const auto places = places_.As<uint32_t>();
    const auto fill = [&](uint32_t begin, uint32_t end) {
        for (uint32_t row = begin; row < end; ++row) {
            uint8_t* node = memory.get() + packing_.OffsetOf(places[row]);
            DiskLayout::Tail tail{1.0f, row, lists.counts[row]};
            if (view_.inverse_norms != nullptr) {
                const float length = LengthOf(
                    vector_type(),
                    static_cast<const uint8_t*>(input.vectors) + row * layout_.row_bytes, dim());
                tail.inverse_norm = length > 0 ? 1.0f / length : 0.0f;
            }
            PutVector(input, row, node);
            std::memcpy(node + layout_.tail_offset(), &tail, sizeof tail);
            for (uint32_t i = 0; i < tail.count; ++i) {
                std::memcpy(node + layout_.links_offset() + i * sizeof(uint32_t),
                            &places[lists.Links(row)[i]], sizeof(uint32_t));
            }
        }
    };
    RETURN_IF_ERROR(
        ForChunks(size(), input.executor, input.interrupt, progress, fill, kRowsAtOnce));
    nodes_.bytes = base::Buffer(memory.get(), bytes, memory);
    return base::Status();
}

base::Status DiskGraphIndex::Save(codec::Sink& sink) const {
    Meta meta{};
    meta.vector_type = static_cast<uint32_t>(vector_type());
    meta.metric = static_cast<uint32_t>(metric());
    meta.dim = dim();
    meta.rows = size();
    meta.degree = layout_.degree;
    meta.search_list = search_list_;
    meta.bits = codes_->shape().bits;
    meta.parts = codes_->shape().parts;
    meta.coded_dim = codes_->shape().coded_dim;
    meta.cache_bytes_max = cache_bytes_max_;
    codec::EnvelopeWriter writer(sink, kDiskGraphFormat, codes_->shape().file_version());
    writer.AddArray<Meta>(kMetaSection, {&meta, 1});
    codes_->AddTo(writer);
    writer.AddSection(kPlacesSection, places_.view());
    nodes_.AddTo(writer, kBlocksSection);
    return writer.Finish();
}

base::Result<std::unique_ptr<Index>> DiskGraphIndex::Open(base::Buffer file,
                                                          std::shared_ptr<sys::File> direct) {
    ASSIGN_OR_RETURN(auto reader,
                     codec::EnvelopeReader::Open(std::move(file), kDiskGraphFormat, kVersionMax));
    ASSIGN_OR_RETURN(const base::Buffer bytes, reader.Array<Meta>(kMetaSection, 1));
    Meta meta;
    std::memcpy(&meta, bytes.data(), sizeof meta);
    if (!Plausible(meta) || reader.format_version() < CodesOf(meta).file_version()) {
        return base::Corruption("disk graph: bad description");
    }
    std::unique_ptr<DiskGraphIndex> index(
        new DiskGraphIndex(static_cast<VectorType>(meta.vector_type),
                           static_cast<Metric>(meta.metric), meta.dim, meta.rows, meta.degree));
    index->search_list_ = meta.search_list;
    index->cache_bytes_max_ = meta.cache_bytes_max;
    ASSIGN_OR_RETURN(index->codes_,
                     DiskCodes::Open(CodesOf(meta), index->metric(), meta.dim, meta.rows, reader));
    ASSIGN_OR_RETURN(index->places_, reader.Array<uint32_t>(kPlacesSection, meta.rows));
    ASSIGN_OR_RETURN(index->nodes_,
                     DiskBlocks::Open(reader, kBlocksSection, index->packing_.bytes(meta.rows)));
    index->direct_ = std::move(direct);
    index->file_ = std::move(reader);
    RETURN_IF_ERROR(index->LoadCache());
    return std::unique_ptr<Index>(std::move(index));
}

// What a walk needs of every row it meets is taken into memory, and the nodes that most walks pass.
base::Status DiskGraphIndex::LoadCache() {
    uint64_t taken = 0;
    if (direct_ != nullptr) {
        codes_->Load();
        taken = codes_->KeepSample(cache_bytes_max_ / kSampleShare);
    }
    return LoadNear(cache_bytes_max_ - taken);
}

uint64_t DiskGraphIndex::memory_bytes() const {
    return codes_->bytes() + near_.size();
}

base::Status DiskGraphIndex::Verify() const {
    if (file_.has_value()) {
        RETURN_IF_ERROR(file_->VerifyAll());
    }
    for (uint32_t row = 0; row < size(); ++row) {
        const uint32_t place = places_.As<uint32_t>()[row];
        const uint8_t* node = place < size() ? MappedNode(place) : nullptr;
        DiskLayout::Tail tail;
        if (node == nullptr || !ReadTail(node, &tail) || tail.row != row) {
            return base::Corruption("disk graph: bad node of row " + std::to_string(row));
        }
        for (uint32_t i = 0; i < tail.count; ++i) {
            uint32_t link;
            std::memcpy(&link, node + layout_.links_offset() + i * sizeof link, sizeof link);
            if (link >= size() || link == place) {
                return base::Corruption("disk graph: bad neighbour of row " + std::to_string(row));
            }
        }
    }
    return base::Status();
}

}  // namespace elanus::vindex
