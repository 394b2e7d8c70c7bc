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

constexpr float kAlpha = 1.2f;              // the paper's
constexpr double kCodeBudgetRatio = 0.125;  // of the rows' bytes
constexpr double kCacheBudgetRatio = 0.1;
constexpr double kGigabyte = 1024.0 * 1024.0 * 1024.0;
constexpr uint32_t kRowsAtOnce = 256;
// What the steps of a build take for a row, in encodings of one.
constexpr double kRotateEffort = 0.1, kGraphEffort = 2.5, kFillEffort = 0.05;
constexpr uint64_t kSampleShare = 8;  // of the cache is the most for the sample
constexpr size_t kLoadDepth = 8;
constexpr size_t kLoadBytes = 256 * 1024;

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

// A budget given in gigabytes, or as a part of the rows' bytes.
double BudgetBytes(const ParamMap& params, const std::string& name, double ratio,
                   double raw_bytes) {
    const double gigabytes = NumberParam(params, name).value_or(0);
    return gigabytes > 0 ? gigabytes * kGigabyte
                         : NumberParam(params, name + "_ratio").value_or(ratio) * raw_bytes;
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

// All rows as floats, of length one for COSINE; the input's own memory where it is that already.
base::Buffer AsFloats(const FloatRows& rows, VectorType type, Metric metric,
                      const BuildInput& input) {
    if (type == VectorType::kFloat && metric != Metric::kCosine) {
        return base::Buffer(input.vectors, input.rows * rows.dim() * sizeof(float), nullptr);
    }
    const size_t bytes = input.rows * rows.dim() * sizeof(float);
    const std::shared_ptr<uint8_t> memory = sys::AllocateHuge(std::max<size_t>(bytes, 1));
    for (uint64_t row = 0; row < input.rows; ++row) {
        rows.Read(row, reinterpret_cast<float*>(memory.get()) + row * rows.dim());
    }
    return base::Buffer(memory.get(), bytes, memory);
}

}  // namespace

DiskGraphIndex::DiskGraphIndex(VectorType type, Metric metric, uint32_t dim, uint32_t rows,
                               uint32_t degree)
    : GraphIndex(type, metric, dim, rows) {
    static constexpr float kNorm = 1;  // stands for those in the nodes
    layout_.row_bytes = RowBytes(type, dim);
    layout_.degree = degree;
    const bool keeps_lengths = metric == Metric::kCosine && type != VectorType::kFloat;
    view_ = VectorView(type, metric, dim, 1, nullptr, keeps_lengths ? &kNorm : nullptr);
}

// Refuses a budget that the build does not fit in: it does not build in parts.
base::Status DiskGraphIndex::CheckMemory(const BuildParams& params) const {
    const double budget = NumberParam(params.params, "build_dram_budget_gb").value_or(0);
    const double floats = vector_type() == VectorType::kFloat && metric() != Metric::kCosine
                              ? 0
                              : static_cast<double>(dim()) * sizeof(float);
    const double lists = 2.5 * layout_.degree * sizeof(uint32_t);
    const double row = floats + static_cast<double>(RotatedWidth(dim())) + lists;
    const double needed =
        (static_cast<double>(size()) * row + static_cast<double>(layout_.bytes(size()))) /
        kGigabyte;
    return budget <= 0 || needed <= budget
               ? base::Status()
               : base::InvalidParameter(
                     "build_dram_budget_gb is too small: " + std::to_string(size()) +
                     " rows need " + std::to_string(needed));
}

base::Result<std::unique_ptr<Index>> DiskGraphIndex::Build(const BuildParams& params,
                                                           const BuildInput& input) {
    const auto rows = static_cast<uint32_t>(input.rows);
    const auto degree =
        static_cast<uint32_t>(IntParam(params.params, "max_degree").value_or(kDiskDegreeDefault));
    std::unique_ptr<DiskGraphIndex> index(
        new DiskGraphIndex(params.vector_type, params.metric, params.dim, rows, degree));
    RETURN_IF_ERROR(index->CheckMemory(params));
    const double raw_bytes =
        static_cast<double>(rows) * static_cast<double>(index->layout_.row_bytes);
    index->search_list_ = static_cast<uint32_t>(
        IntParam(params.params, "search_list_size").value_or(kDiskSearchListDefault));
    index->cache_bytes_max_ = static_cast<uint64_t>(
        BudgetBytes(params.params, "search_cache_budget_gb", kCacheBudgetRatio, raw_bytes));
    const double code_bytes =
        BudgetBytes(params.params, "pq_code_budget_gb", kCodeBudgetRatio, raw_bytes);
    RETURN_IF_ERROR(index->BuildGraph(
        params, DiskCodeShape::Of(params.dim, code_bytes / std::max(rows, 1u)), input));
    index->near_ = index->blocks_;
    index->near_nodes_ = rows;
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
        const FloatRows rows(vector_type(), metric(), dim(), input.rows, input.vectors);
        const base::Buffer floats = AsFloats(rows, vector_type(), metric(), input);
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
    const uint64_t bytes = layout_.bytes(size());
    const std::shared_ptr<uint8_t> memory = sys::AllocateHuge(std::max<uint64_t>(bytes, 1));
    const auto places = places_.As<uint32_t>();
    const auto fill = [&](uint32_t begin, uint32_t end) {
        const auto* vectors = static_cast<const uint8_t*>(input.vectors);
        for (uint32_t row = begin; row < end; ++row) {
            uint8_t* node =
                memory.get() + layout_.BlockOf(places[row]) + layout_.OffsetInBlock(places[row]);
            const uint8_t* vector = vectors + row * layout_.row_bytes;
            DiskLayout::Tail tail{1.0f, row, lists.counts[row]};
            if (view_.inverse_norms != nullptr) {
                const float length = LengthOf(vector_type(), vector, dim());
                tail.inverse_norm = length > 0 ? 1.0f / length : 0.0f;
            }
            if (metric() == Metric::kCosine && vector_type() == VectorType::kFloat) {
                simd::Normalize(reinterpret_cast<const float*>(vector), dim(),
                                reinterpret_cast<float*>(node));
            } else {
                std::memcpy(node, vector, layout_.row_bytes);
            }
            std::memcpy(node + layout_.tail_offset(), &tail, sizeof tail);
            for (uint32_t i = 0; i < tail.count; ++i) {
                std::memcpy(node + layout_.links_offset() + i * sizeof(uint32_t),
                            &places[lists.Links(row)[i]], sizeof(uint32_t));
            }
        }
    };
    RETURN_IF_ERROR(
        ForChunks(size(), input.executor, input.interrupt, progress, fill, kRowsAtOnce));
    blocks_ = base::Buffer(memory.get(), bytes, memory);
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
    // Blocks begin on a block of the file.
    writer.BeginSection(kBlocksSection);
    const size_t past = writer.bytes_written() % sys::kBlockBytes;
    writer.Append(std::string(past > 0 ? sys::kBlockBytes - past : 0, '\0'));
    writer.Append(blocks_.view());
    writer.EndSection();
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
    ASSIGN_OR_RETURN(const base::Buffer blocks, reader.Section(kBlocksSection));
    const auto offset = static_cast<uint64_t>(blocks.data() - reader.file().data());
    const uint64_t skipped = (sys::kBlockBytes - offset % sys::kBlockBytes) % sys::kBlockBytes;
    const uint64_t wanted = index->layout_.bytes(meta.rows);
    if (blocks.size() != skipped + wanted) {
        return base::Corruption("disk graph: its blocks have a wrong length");
    }
    index->blocks_ = blocks.Slice(skipped, wanted);
    index->blocks_offset_ = offset + skipped;
    index->direct_ = std::move(direct);
    index->file_ = std::move(reader);
    RETURN_IF_ERROR(index->LoadCache());
    return std::unique_ptr<Index>(std::move(index));
}

// Reads the beginning of the blocks.
class DiskGraphIndex::Loader final : public sys::BlockReader {
  public:
    Loader(uint8_t* to, uint64_t offset, uint64_t bytes)
        : to_(to), offset_(offset), bytes_(bytes) {}
    bool Next(sys::BlockRead* read) override {
        if (at_ >= bytes_) {
            return false;
        }
        *read = {offset_ + at_, std::min<size_t>(kLoadBytes, bytes_ - at_), to_ + at_, 0};
        at_ += read->size;
        return true;
    }
    void Done(const sys::BlockRead& /*read*/) override {}

  private:
    uint8_t* const to_;
    const uint64_t offset_;
    const uint64_t bytes_;
    uint64_t at_ = 0;
};

// What a walk needs of every row it meets is taken into memory, and the nodes that most walks pass.
base::Status DiskGraphIndex::LoadCache() {
    if (direct_ == nullptr) {
        near_ = blocks_;
        near_nodes_ = size();
        return base::Status();
    }
    codes_->Load();
    const uint64_t taken = codes_->KeepSample(cache_bytes_max_ / kSampleShare);
    const uint64_t unit = layout_.read_bytes();
    const uint64_t bytes =
        std::min<uint64_t>((cache_bytes_max_ - taken) / unit * unit, blocks_.size());
    if (bytes == 0) {
        return base::Status();
    }
    // A direct read wants aligned memory, and large pages are that.
    const std::shared_ptr<uint8_t> room = sys::AllocateHuge(bytes + sys::kBlockBytes);
    const auto address = reinterpret_cast<uintptr_t>(room.get());
    uint8_t* to = room.get() + (sys::kBlockBytes - address % sys::kBlockBytes) % sys::kBlockBytes;
    Loader loader(to, blocks_offset_, bytes);
    RETURN_IF_ERROR(direct_->ReadBlocks(kLoadDepth, loader));
    near_ = base::Buffer(to, bytes, room);
    near_nodes_ =
        static_cast<uint32_t>(std::min<uint64_t>(bytes / unit * layout_.nodes_per_block(), size()));
    return base::Status();
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
        const uint8_t* node =
            place < size() ? blocks_.data() + layout_.BlockOf(place) + layout_.OffsetInBlock(place)
                           : nullptr;
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
