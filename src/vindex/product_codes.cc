#include "vindex/product_codes.h"

#include "simd/distance.h"
#include "vindex/anisotropic_codes.h"
#include "vindex/float_rows.h"
#include "vindex/row_chunks.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <optional>

namespace elanus::vindex {
namespace {

// Rows that are coded together: whole groups.
constexpr uint32_t kBatch = simd::kByteGroup;

ProductShape ShapeOf(const ProductCodes::Options& options, uint32_t dim) {
    ProductShape shape;
    shape.dim = dim;
    shape.m = options.parts;
    shape.nbits = options.bits;
    return shape;
}

void Subtract(const float* a, uint32_t dim, float* from) {
    for (uint32_t d = 0; d < dim; ++d) {
        from[d] -= a[d];
    }
}

// What sampled rows leave after their centroids.
std::vector<float> SampleResiduals(const FloatRows& rows, const BuildInput& input, size_t count,
                                   const CoarseQuantizer& quantizer) {
    std::vector<float> sample = rows.Sample(count, input.seed);
    const uint32_t dim = rows.dim();
    const FloatMatrix matrix(sample.data(), sample.size() / dim, dim);
    std::vector<uint32_t> nearest(matrix.rows);
    std::vector<float> values(matrix.rows);
    quantizer.centroids().Nearest(matrix, input.executor, nearest.data(), values.data());
    std::vector<float> base(dim);
    for (size_t row = 0; row < matrix.rows; ++row) {
        quantizer.ReadBase(nearest[row], base.data());
        Subtract(base.data(), dim, sample.data() + row * dim);
    }
    return sample;
}

// Codes of a few positions at a time.
class ResidualEncoder {
  public:
    ResidualEncoder(const ProductQuantizer& quantizer, const FloatRows& rows,
                    const CoarseQuantizer& lists, const AnisotropicEncoder* anisotropic)
        : quantizer_(quantizer),
          rows_(rows),
          lists_(lists),
          anisotropic_(anisotropic),
          dim_(rows.dim()),
          floats_(kBatch * dim_),
          residuals_(kBatch * dim_),
          bases_(kBatch * dim_),
          decoded_(dim_),
          codes_(kBatch * quantizer.shape().code_bytes()) {}

    // Codes of `count` rows with their lists, one after another.
    const uint8_t* Encode(const uint32_t* rows, const uint32_t* lists, uint32_t count) {
        for (uint32_t i = 0; i < count; ++i) {
            rows_.Read(rows[i], floats_.data() + i * dim_);
            lists_.ReadBase(lists[i], bases_.data() + i * dim_);
            std::copy_n(floats_.data() + i * dim_, dim_, residuals_.data() + i * dim_);
            Subtract(bases_.data() + i * dim_, dim_, residuals_.data() + i * dim_);
        }
        quantizer_.Encode(FloatMatrix(residuals_.data(), count, dim_), codes_.data());
        for (uint32_t i = 0; anisotropic_ != nullptr && i < count; ++i) {
            Improve(i);
        }
        return codes_.data();
    }
    // |r|^2 + 2 <c, r> of row i of the last call.
    float Term(uint32_t i) {
        quantizer_.Decode(Code(i), decoded_.data());
        return simd::SquaredNorm(decoded_.data(), dim_) +
               2 * simd::InnerProduct(bases_.data() + i * dim_, decoded_.data(), dim_);
    }

  private:
    uint8_t* Code(uint32_t i) { return codes_.data() + i * quantizer_.shape().code_bytes(); }
    void Improve(uint32_t i) {
        const uint32_t parts = quantizer_.shape().m;
        numbers_.resize(parts);
        for (uint32_t p = 0; p < parts; ++p) {
            numbers_[p] = Code(i)[p / 2] >> (p % 2 * 4) & 15;
        }
        anisotropic_->Improve(floats_.data() + i * dim_, residuals_.data() + i * dim_,
                              numbers_.data());
        std::fill_n(Code(i), quantizer_.shape().code_bytes(), uint8_t{0});
        for (uint32_t p = 0; p < parts; ++p) {
            Code(i)[p / 2] |= static_cast<uint8_t>(numbers_[p] << (p % 2 * 4));
        }
    }

    const ProductQuantizer& quantizer_;
    const FloatRows& rows_;
    const CoarseQuantizer& lists_;
    const AnisotropicEncoder* anisotropic_;
    const size_t dim_;
    std::vector<float> floats_;
    std::vector<float> residuals_;
    std::vector<float> bases_;
    std::vector<float> decoded_;
    std::vector<uint8_t> codes_;
    std::vector<uint8_t> numbers_;
};

}  // namespace

size_t ProductCodes::codes_bytes() const {
    return grouped() ? GroupCodes::Groups(rows_, group_rows()) * group_bytes()
                     : rows_ * quantizer_.shape().code_bytes();
}

GroupCodes ProductCodes::groups() const {
    GroupCodes groups;
    groups.kernel = options_.bits == 4 ? simd::Groups().nibbles : simd::Groups().bytes;
    groups.rows_per_group = group_rows();
    groups.group_bytes = group_bytes();
    groups.codes = codes_.data();
    groups.terms = terms_.empty() ? nullptr : terms_.As<float>().data();
    return groups;
}

void ProductCodes::Pack(const uint8_t* codes, uint32_t count, uint8_t* group) const {
    if (options_.bits == 4) {
        quantizer_.PackNibbles(codes, count, group);
        return;
    }
    for (uint32_t i = 0; i < count; ++i) {
        for (uint32_t p = 0; p < options_.parts; ++p) {
            group[size_t{p} * simd::kByteGroup + i] = codes[size_t{i} * options_.parts + p];
        }
    }
}

uint32_t ProductCodes::NumberAt(uint32_t position, uint32_t part) const {
    const uint8_t* group = codes_.data() + position / group_rows() * group_bytes();
    const uint32_t lane = position % group_rows();
    return options_.bits == 4 ? group[16 * part + lane % 16] >> (lane / 16 * 4) & 15u
                              : group[size_t{part} * simd::kByteGroup + lane];
}

base::Result<std::unique_ptr<ListCodes>> ProductCodes::Make(const Options& options,
                                                            const BuildParams& params,
                                                            const BuildInput& input,
                                                            const CoarseQuantizer& quantizer,
                                                            const InvertedLists& lists) {
    const FloatRows rows(params.vector_type, params.metric, params.dim, input.rows, input.vectors);
    const size_t count = std::min<size_t>(TrainingRows(size_t{1} << options.bits), input.rows);
    std::vector<float> residuals;
    if (count > 0) {
        residuals = SampleResiduals(rows, input, count, quantizer);
    }
    TrainOptions train;
    train.seed = input.seed;
    train.executor = input.executor;
    train.interrupt = input.interrupt;
    PartsProgress parts(input.progress, {static_cast<double>(kProductIterationsMax * count),
                                         static_cast<double>(input.rows + 1)});
    train.progress = parts.Next();
    ASSIGN_OR_RETURN(
        ProductQuantizer product,
        ProductQuantizer::Train(
            ShapeOf(options, params.dim),
            FloatMatrix(residuals.data(), residuals.size() / params.dim, params.dim), train));
    std::unique_ptr<ProductCodes> codes(
        new ProductCodes(options, params.metric, lists.size(), std::move(product)));
    RETURN_IF_ERROR(codes->Encode(params, input, quantizer, lists, parts.Next()));
    return std::unique_ptr<ListCodes>(std::move(codes));
}

base::Status ProductCodes::Encode(const BuildParams& params, const BuildInput& input,
                                  const CoarseQuantizer& quantizer, const InvertedLists& lists,
                                  const Progress& progress) {
    const FloatRows rows(params.vector_type, params.metric, params.dim, input.rows, input.vectors);
    std::vector<uint32_t> list_at(rows_);
    for (uint32_t list = 0; list < lists.lists(); ++list) {
        std::fill(list_at.begin() + lists.Begin(list), list_at.begin() + lists.End(list), list);
    }
    std::optional<AnisotropicEncoder> anisotropic;
    if (options_.anisotropic && metric_ != Metric::kL2) {
        anisotropic.emplace(quantizer_);
    }
    const size_t row_bytes = quantizer_.shape().code_bytes();
    std::vector<uint8_t> codes(codes_bytes());
    std::vector<float> terms(metric_ == Metric::kL2 ? term_count() : 0);
    RETURN_IF_ERROR(ForChunks(
        rows_, input.executor, input.interrupt, progress, [&](uint32_t begin, uint32_t end) {
            ResidualEncoder encoder(quantizer_, rows, quantizer,
                                    anisotropic.has_value() ? &*anisotropic : nullptr);
            for (uint32_t at = begin; at < end; at += kBatch) {
                const uint32_t count = std::min(kBatch, end - at);
                const uint8_t* made =
                    encoder.Encode(lists.rows().data() + at, list_at.data() + at, count);
                if (!grouped()) {
                    std::copy_n(made, count * row_bytes, codes.data() + at * row_bytes);
                }
                for (uint32_t i = 0; grouped() && i < count; i += group_rows()) {
                    Pack(made + i * row_bytes, std::min(group_rows(), count - i),
                         codes.data() + (at + i) / group_rows() * group_bytes());
                }
                for (uint32_t i = 0; !terms.empty() && i < count; ++i) {
                    terms[at + i] = encoder.Term(i);
                }
            }
        }));
    codes_ = base::Buffer::FromVector(std::move(codes));
    terms_ = base::Buffer::FromVector(std::move(terms));
    return base::Status();
}

base::Result<std::unique_ptr<ListCodes>> ProductCodes::Open(const codec::EnvelopeReader& reader,
                                                            uint32_t part, const Options& options,
                                                            const BuildParams& params,
                                                            uint32_t rows) {
    const ProductShape shape = ShapeOf(options, params.dim);
    ASSIGN_OR_RETURN(const base::Buffer panels, reader.Section({kCodebooksKind, part}));
    ASSIGN_OR_RETURN(const base::Buffer biases, reader.Section({kCodebooksKind + 1, part}));
    ASSIGN_OR_RETURN(const base::Buffer counted,
                     reader.Array<uint64_t>({kCodebooksKind + 2, part}, 1));
    ASSIGN_OR_RETURN(ProductQuantizer quantizer,
                     ProductQuantizer::Open(shape, counted.As<uint64_t>()[0], panels, biases));
    std::unique_ptr<ProductCodes> codes(
        new ProductCodes(options, params.metric, rows, std::move(quantizer)));
    ASSIGN_OR_RETURN(codes->codes_,
                     reader.Array<uint8_t>({kCodesKind, part}, codes->codes_bytes()));
    if (params.metric == Metric::kL2) {
        ASSIGN_OR_RETURN(codes->terms_,
                         reader.Array<float>({kFactorsKind, part}, codes->term_count()));
    }
    return std::unique_ptr<ListCodes>(std::move(codes));
}

void ProductCodes::AddTo(codec::EnvelopeWriter& writer, uint32_t part) const {
    const uint64_t centroids = quantizer_.centroids();
    writer.AddSection({kCodesKind, part}, codes_.view());
    if (metric_ == Metric::kL2) {
        writer.AddSection({kFactorsKind, part}, terms_.view());
    }
    writer.AddSection({kCodebooksKind, part}, quantizer_.panels().view());
    writer.AddSection({kCodebooksKind + 1, part}, quantizer_.biases().view());
    writer.AddArray<uint64_t>({kCodebooksKind + 2, part}, {&centroids, 1});
}

void ProductCodes::Start(const ProbeQuery& query, CodeQuery& state) const {
    state.floats.resize(quantizer_.query_floats());
    state.product = quantizer_.Prepare(Metric::kIp, query.floats, state.floats.data());
    if (grouped()) {
        StartGroups(state);
    }
}

// Tables of 8-bit numbers: all entries by one step, so that their sums are those of the products.
void ProductCodes::StartGroups(CodeQuery& state) const {
    const size_t entries = size_t{1} << options_.bits;
    const size_t stride = quantizer_.query_floats() / options_.parts;
    state.bytes.assign(positions() * entries, 0);
    state.lows.resize(options_.parts);
    const float* tables = state.product.tables;
    const simd::QuantKernels& kernels = simd::Quant();
    const float widest =
        kernels.table_spans(tables, stride, options_.parts, entries, state.lows.data());
    const float shift = std::accumulate(state.lows.begin(), state.lows.end(), 0.0f);
    const float step = widest > 0 && std::isfinite(widest) ? widest / 255.0f : 1.0f;
    // What is no number, from a damaged table, is 0.
    kernels.table_bytes(tables, stride, options_.parts, entries, state.lows.data(), 1.0f / step,
                        state.bytes.data());
    state.groups = {state.bytes.data(), positions(), 0, scale() * shift, scale() * step, 0};
    // Three deviations of the sum of the roundings, and nothing where they do not matter.
    state.slack =
        options_.refined ? 0.0f : scale() * step * std::sqrt(static_cast<float>(options_.parts));
}

void ProductCodes::StartList(uint32_t list, float cost, CodeQuery& state) const {
    (void)list;
    state.list_cost = cost;
    state.groups.base = cost;
}

// By the float tables.
void ProductCodes::RowCosts(const Slice& slice, const CodeQuery& state, float* costs) const {
    const uint8_t* codes = codes_.data();
    if (slice.picked == nullptr) {
        codes += slice.first * quantizer_.shape().code_bytes();
    }
    quantizer_.Costs(state.product, codes, slice.picked, slice.count, costs);
    for (uint32_t i = 0; i < slice.count; ++i) {
        costs[i] = state.list_cost + scale() * costs[i] + Term(slice.At(i));
    }
}

// By the float tables: rows that the 8-bit ones cannot tell to be above the limit.
void ProductCodes::ScoreAgain(const Slice& slice, const CodeQuery& state, float limit,
                              SliceCosts& out) const {
    const size_t stride = quantizer_.query_floats() / options_.parts;
    for (size_t word = 0; word < SliceCosts::kWords; ++word) {
        for (uint64_t near = out.near[word]; near != 0; near &= near - 1) {
            const auto i =
                static_cast<uint32_t>(64 * word) + static_cast<uint32_t>(std::countr_zero(near));
            const uint32_t at = slice.At(i);
            float sum = 0;
            for (uint32_t p = 0; p < options_.parts; ++p) {
                sum += state.product.tables[p * stride + NumberAt(at, p)];
            }
            out.costs[i] = state.list_cost + scale() * sum + Term(at);
            if (out.costs[i] > limit) {
                out.near[word] &= ~(uint64_t{1} << (i % 64));
            }
        }
    }
}

void ProductCodes::Costs(const Slice& slice, float limit, CodeQuery& state, SliceCosts& out) const {
    if (!grouped()) {
        RowCosts(slice, state, out.costs);
        out.Mark(slice.count, limit);
        return;
    }
    state.groups.limit = limit + state.slack;
    groups().Costs(state.groups, slice, out);
    if (!options_.refined) {
        ScoreAgain(slice, state, limit, out);
    }
}

}  // namespace elanus::vindex
