#include "vindex/rabitq_codes.h"

#include "simd/distance.h"
#include "vindex/coded_rows.h"
#include "vindex/float_rows.h"
#include "vindex/param.h"
#include "vindex/row_chunks.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace elanus::vindex {
namespace {

constexpr uint32_t kGroup = simd::kGroupVectors;
// Steps of the best uniform quantisers of 1 to 8 bits, in deviations (Max, IRE Trans. 1960).
constexpr float kBestSteps[] = {1.596f,  0.9957f, 0.5860f,  0.3352f,
                                0.1881f, 0.1041f, 0.05687f, 0.03076f};
constexpr float kWideMax = 32000;  // of 16-bit weights: both bytes stay within a signed one

// The mean of what rows of the lists are coded against.
std::vector<float> MeanOf(const CoarseQuantizer& quantizer, uint32_t dim) {
    std::vector<double> sum(dim);
    std::vector<float> base(dim);
    for (uint32_t list = 0; list < quantizer.lists(); ++list) {
        quantizer.ReadBase(list, base.data());
        for (uint32_t d = 0; d < dim; ++d) {
            sum[d] += base[d];
        }
    }
    std::vector<float> mean(dim);
    for (uint32_t d = 0; d < dim && quantizer.lists() > 0; ++d) {
        mean[d] = static_cast<float>(sum[d] / quantizer.lists());
    }
    return mean;
}

// The codes of a vector whose direction is nearest to its own: each value times a scale, cut to
// `levels` halves on either side of zero. The best scale is looked for among a few (the direction
// changes little between them).
class CodeSearch {
  public:
    CodeSearch(uint32_t bits, size_t width) : half_(1u << (bits - 1)), codes_(width) {}

    // codes[d] in 0 .. 2^bits - 1, standing for codes[d] - (2^bits - 1) / 2.
    const std::vector<uint16_t>& Encode(const std::vector<float>& r) {
        float top = 0;
        for (const float x : r) {
            top = std::max(top, std::fabs(x));
        }
        const auto levels = static_cast<float>(half_);
        const float least = top > 0 && std::isfinite(top) ? levels / top : 0.0f;
        float best = least, best_cosine = -1;
        for (int i = 0; half_ > 1 && i < kScales; ++i) {
            const float scale = least * (1 + static_cast<float>(i) * kScaleStep);
            const float cosine = CosineAt(r, scale);
            if (cosine > best_cosine) {
                best_cosine = cosine;
                best = scale;
            }
        }
        for (size_t d = 0; d < r.size(); ++d) {
            const uint32_t magnitude = MagnitudeOf(r[d], best);
            codes_[d] = static_cast<uint16_t>(r[d] > 0 ? half_ + magnitude : half_ - 1 - magnitude);
        }
        return codes_;
    }

  private:
    static constexpr int kScales = 24;
    static constexpr float kScaleStep = 0.12f;

    uint32_t MagnitudeOf(float x, float scale) const {
        const float scaled = std::fabs(x) * scale;
        return scaled < static_cast<float>(half_) ? static_cast<uint32_t>(scaled) : half_ - 1;
    }
    float CosineAt(const std::vector<float>& r, float scale) const {
        float product = 0, square = 0;
        for (const float x : r) {
            const float v = static_cast<float>(MagnitudeOf(x, scale)) + 0.5f;
            product += v * std::fabs(x);
            square += v * v;
        }
        return product / std::sqrt(square);
    }

    const uint32_t half_;
    std::vector<uint16_t> codes_;
};

}  // namespace

// Codes and factors of one row after the other, in the order of lists.
class RabitqCodes::Encoder {
  public:
    Encoder(const RabitqCodes& codes, const FloatRows& rows, const CoarseQuantizer& quantizer)
        : codes_(codes),
          rows_(rows),
          quantizer_(quantizer),
          search_(codes.options_.bits, codes.width()),
          floats_(codes.dim_),
          base_(codes.dim_),
          offset_(codes.width()),
          residual_(codes.width()) {}

    void StartList(uint32_t list) {
        quantizer_.ReadBase(list, base_.data());
        RotateInto(codes_.rotation_, base_.data(), codes_.mean_.As<float>().data(), codes_.dim_,
                   offset_.data());
    }
    void Encode(uint32_t row, float* term, float* factor) {
        rows_.Read(row, floats_.data());
        RotateInto(codes_.rotation_, floats_.data(), base_.data(), codes_.dim_, residual_.data());
        numbers_ = &search_.Encode(residual_);
        const float middle = static_cast<float>((1u << codes_.options_.bits) - 1) / 2;
        float along = 0, at_offset = 0;
        for (size_t d = 0; d < residual_.size(); ++d) {
            const float v = static_cast<float>((*numbers_)[d]) - middle;
            along += v * residual_[d];
            at_offset += v * offset_[d];
        }
        const float square = simd::SquaredNorm(residual_.data(), residual_.size());
        const float f = along > 0 ? square / along : 0.0f;
        if (codes_.metric_ == Metric::kL2) {
            *factor = -2 * f;
            *term = square + 2 * f * at_offset;
            return;
        }
        const float product = simd::InnerProduct(base_.data(), floats_.data(), codes_.dim_) -
                              simd::SquaredNorm(base_.data(), codes_.dim_);
        *factor = -f;
        *term = f * at_offset - product;
    }
    // Codes of the last row; `to` is zero.
    void StorePlanes(uint8_t* to) const {
        for (size_t p = 0; p < codes_.planes_.count; ++p) {
            const unsigned width = codes_.planes_.widths[p], shift = codes_.planes_.shifts[p];
            const unsigned mask = (1u << width) - 1;
            for (size_t d = 0; d < numbers_->size(); ++d) {
                to[d * width / 8] |= static_cast<uint8_t>(((*numbers_)[d] >> shift & mask)
                                                          << d % (8 / width) * width);
            }
            to += simd::PlaneBytes(width, numbers_->size());
        }
    }
    void StoreSigns(uint8_t* group, uint32_t lane) const {
        for (size_t d = 0; d < numbers_->size(); ++d) {
            if ((*numbers_)[d] != 0) {
                simd::SetCodeBit(group, lane, d);
            }
        }
    }

  private:
    const RabitqCodes& codes_;
    const FloatRows& rows_;
    const CoarseQuantizer& quantizer_;
    CodeSearch search_;
    std::vector<float> floats_;
    std::vector<float> base_;
    std::vector<float> offset_;  // of the base from the mean, rotated
    std::vector<float> residual_;
    const std::vector<uint16_t>* numbers_ = nullptr;
};

RabitqCodes::RabitqCodes(const Options& options, Metric metric, uint32_t dim, uint32_t rows)
    : options_(options),
      metric_(metric),
      dim_(dim),
      rows_(rows),
      rotation_(dim, options.seed),
      planes_(simd::PlaneLayout::Of(options.bits)) {}

size_t RabitqCodes::codes_bytes() const {
    return options_.grouped ? (static_cast<size_t>(rows_) + kGroup - 1) / kGroup * group_bytes()
                            : rows_ * row_bytes();
}

base::Result<std::unique_ptr<ListCodes>> RabitqCodes::Make(const Options& options,
                                                           const BuildParams& params,
                                                           const BuildInput& input,
                                                           const CoarseQuantizer& quantizer,
                                                           const InvertedLists& lists) {
    std::unique_ptr<RabitqCodes> made(
        new RabitqCodes(options, params.metric, params.dim, lists.size()));
    made->mean_ = base::Buffer::FromVector(MeanOf(quantizer, params.dim));
    const FloatRows rows(params.vector_type, params.metric, params.dim, input.rows, input.vectors);
    std::vector<uint8_t> codes(made->codes_bytes());
    std::vector<float> factors(2 * made->term_count());
    // Chunks are whole groups, so no two threads write to one.
    RETURN_IF_ERROR(ForChunks(
        made->rows_, input.executor, input.interrupt, input.progress,
        [&](uint32_t begin, uint32_t end) {
            Encoder encoder(*made, rows, quantizer);
            uint32_t list = lists.ListAt(begin);
            encoder.StartList(list);
            for (uint32_t at = begin; at < end; ++at) {
                if (at >= lists.End(list)) {
                    list = lists.ListAt(at);
                    encoder.StartList(list);
                }
                encoder.Encode(lists.rows()[at], &factors[at], &factors[made->term_count() + at]);
                if (made->options_.grouped) {
                    encoder.StoreSigns(codes.data() + at / kGroup * made->group_bytes(),
                                       at % kGroup);
                } else {
                    encoder.StorePlanes(codes.data() + at * made->row_bytes());
                }
            }
        }));
    made->codes_ = base::Buffer::FromVector(std::move(codes));
    made->factors_ = base::Buffer::FromVector(std::move(factors));
    return std::unique_ptr<ListCodes>(std::move(made));
}

base::Result<std::unique_ptr<ListCodes>> RabitqCodes::Open(const codec::EnvelopeReader& reader,
                                                           uint32_t part, const Options& options,
                                                           const BuildParams& params,
                                                           uint32_t rows) {
    std::unique_ptr<RabitqCodes> opened(new RabitqCodes(options, params.metric, params.dim, rows));
    ASSIGN_OR_RETURN(opened->mean_, reader.Array<float>({kCodebooksKind, part}, params.dim));
    ASSIGN_OR_RETURN(opened->codes_,
                     reader.Array<uint8_t>({kCodesKind, part}, opened->codes_bytes()));
    ASSIGN_OR_RETURN(opened->factors_,
                     reader.Array<float>({kFactorsKind, part}, 2 * opened->term_count()));
    return std::unique_ptr<ListCodes>(std::move(opened));
}

void RabitqCodes::AddTo(codec::EnvelopeWriter& writer, uint32_t part) const {
    writer.AddSection({kCodesKind, part}, codes_.view());
    writer.AddSection({kFactorsKind, part}, factors_.view());
    writer.AddSection({kCodebooksKind, part}, mean_.view());
}

void RabitqCodes::Start(const ProbeQuery& query, CodeQuery& state) const {
    state.floats.resize(width());
    RotateInto(rotation_, query.floats, mean_.As<float>().data(), dim_, state.floats.data());
    if (options_.grouped) {
        state.bytes.resize(group_bytes());
        simd::SignQuery signs;
        simd::Codes().tables(state.floats.data(), width(), state.bytes.data(), &signs);
        // A code is half of a sign.
        state.groups = {state.bytes.data(), width() / 4, 0, -signs.offset / 2, signs.step / 2, 0};
        return;
    }
    StartPlanes(state,
                static_cast<uint32_t>(IntParam(query.params.params, "rbq_bits_query").value_or(0)));
}

// Whole numbers for the values of the query, and the step between them.
void RabitqCodes::StartPlanes(CodeQuery& state, uint32_t query_bits) const {
    const std::vector<float>& q = state.floats;
    float top = 0;
    for (const float x : q) {
        top = std::max(top, std::fabs(x));
    }
    state.numbers.resize(width());
    if (query_bits == 0) {
        state.step = top > 0 && std::isfinite(top) ? top / kWideMax : 1.0f;
        for (size_t d = 0; d < q.size(); ++d) {
            const float x = std::clamp(q[d] / state.step, -kWideMax, kWideMax);
            state.numbers[d] = x == x ? static_cast<int32_t>(std::nearbyint(x)) : 0;
        }
        Lay(state.numbers, true, state);
        return;
    }
    // Odd numbers are the middles of an even number of steps; of 8 bits they leave the byte, and
    // one level less does not matter.
    const float deviation =
        std::sqrt(simd::SquaredNorm(q.data(), q.size()) / static_cast<float>(q.size()));
    const float step =
        deviation > 0 && std::isfinite(deviation) ? kBestSteps[query_bits - 1] * deviation : 1.0f;
    const auto most = static_cast<float>((1 << (query_bits - 1)) - 1);
    state.step = query_bits == 8 ? step : step / 2;
    for (size_t d = 0; d < q.size(); ++d) {
        const float x = q[d] / step;
        const float cut = x == x ? std::clamp(std::floor(x), -most - 1, most) : 0.0f;
        state.numbers[d] = query_bits == 8
                               ? static_cast<int32_t>(std::clamp(std::nearbyint(x), -127.f, 127.f))
                               : 2 * static_cast<int32_t>(cut) + 1;
    }
    Lay(state.numbers, false, state);
}

// Lays the weights out for every plane, low bytes first, then high ones when they are wide.
void RabitqCodes::Lay(const std::vector<int32_t>& weights, bool wide, CodeQuery& state) const {
    size_t bytes = 0;
    for (size_t p = 0; p < planes_.count; ++p) {
        bytes += simd::WeightBytes(planes_.widths[p], width());
    }
    state.weights.assign(wide ? 2 * bytes : bytes, 0);
    state.high_offset = wide ? bytes : 0;
    int8_t* to = state.weights.data();
    for (size_t p = 0; p < planes_.count; ++p) {
        const unsigned bits = planes_.widths[p];
        for (size_t d = 0; d < width(); ++d) {
            const size_t at = simd::WeightPlace(bits, width(), d);
            const auto low = static_cast<int8_t>(weights[d] & 0xff);
            to[at] = low;
            if (wide) {
                to[bytes + at] = static_cast<int8_t>((weights[d] - low) >> 8);
            }
        }
        to += simd::WeightBytes(bits, width());
    }
    const int64_t sum = std::accumulate(weights.begin(), weights.end(), int64_t{0});
    state.middle = static_cast<float>((1u << options_.bits) - 1) / 2 * static_cast<float>(sum);
}

void RabitqCodes::PlaneSums(const Slice& slice, CodeQuery& state, float* sums) const {
    const uint8_t* codes = codes_.data();
    if (slice.picked == nullptr) {
        codes += slice.first * row_bytes();
    }
    const int8_t* low = state.weights.data();
    std::fill_n(sums, slice.count, -state.middle);
    float part[Slice::kMax];
    for (size_t p = 0; p < planes_.count; ++p) {
        const unsigned bits = planes_.widths[p];
        simd::Planes().sums(codes, row_bytes(), slice.picked, slice.count, bits, width(),
                            state.high_offset > 0 ? low + state.high_offset : nullptr, low, part);
        const auto weight = static_cast<float>(1u << planes_.shifts[p]);
        for (uint32_t i = 0; i < slice.count; ++i) {
            sums[i] += weight * part[i];
        }
        codes += simd::PlaneBytes(bits, width());
        low += simd::WeightBytes(bits, width());
    }
    for (uint32_t i = 0; i < slice.count; ++i) {
        sums[i] *= state.step;
    }
}

GroupCodes RabitqCodes::groups() const {
    GroupCodes groups;
    groups.kernel = simd::Groups().nibbles;
    groups.rows_per_group = simd::kNibbleGroup;
    groups.group_bytes = group_bytes();
    groups.codes = codes_.data();
    groups.terms = factors_.As<float>().data();
    groups.factors = groups.terms + term_count();
    return groups;
}

void RabitqCodes::Costs(const Slice& slice, float limit, CodeQuery& state, SliceCosts& out) const {
    if (options_.grouped) {
        state.groups.limit = limit;
        groups().Costs(state.groups, slice, out);
        return;
    }
    PlaneSums(slice, state, out.costs);
    const float* terms = factors_.As<float>().data();
    const float* factors = terms + term_count();
    for (uint32_t i = 0; i < slice.count; ++i) {
        const uint32_t at = slice.At(i);
        out.costs[i] = state.list_cost + terms[at] + factors[at] * out.costs[i];
    }
    out.Mark(slice.count, limit);
}

}  // namespace elanus::vindex
