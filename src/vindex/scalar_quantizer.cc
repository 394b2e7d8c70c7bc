#include "vindex/scalar_quantizer.h"

#include "simd/half.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace elanus::vindex {
namespace {

constexpr size_t kSampleRows = 4096;
constexpr size_t kSampleValues = 65536;  // of all dimensions together
// Parts of the values that a narrower range may leave out at either end.
constexpr double kCuts[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.04};

constexpr std::pair<ScalarKind, std::string_view> kNames[] = {
    {ScalarKind::kSq4, "SQ4"}, {ScalarKind::kSq4Uniform, "SQ4U"}, {ScalarKind::kSq6, "SQ6"},
    {ScalarKind::kSq8, "SQ8"}, {ScalarKind::kFp16, "FP16"},       {ScalarKind::kBf16, "BF16"},
};

simd::CodeKind CodeKindOf(ScalarKind kind) {
    switch (kind) {
        case ScalarKind::kSq4:
        case ScalarKind::kSq4Uniform:
            return simd::CodeKind::kBits4;
        case ScalarKind::kSq6:
            return simd::CodeKind::kBits6;
        case ScalarKind::kSq8:
            return simd::CodeKind::kBits8;
        case ScalarKind::kFp16:
            return simd::CodeKind::kHalf;
        case ScalarKind::kBf16:
            break;
    }
    return simd::CodeKind::kBHalf;
}

struct Range {
    float low = 0;
    float high = 0;
};

// Sum of the squared errors of the values in a range of `levels` steps.
double ErrorOf(std::span<const float> values, const Range& range, uint32_t levels) {
    const float step = (range.high - range.low) / static_cast<float>(levels);
    if (!(step > 0)) {
        return std::numeric_limits<double>::infinity();
    }
    const float inverse = 1.0f / step;
    double error = 0;
    for (float value : values) {
        const float code = std::clamp(std::nearbyint((value - range.low) * inverse), 0.0f,
                                      static_cast<float>(levels));
        const float difference = value - (range.low + code * step);
        error += static_cast<double>(difference) * difference;
    }
    return error;
}

// The range, `full` or a part of it, with the least error over the values (which get sorted).
Range BestRange(std::span<float> values, const Range& full, uint32_t levels) {
    std::sort(values.begin(), values.end());
    Range best = full;
    double least = ErrorOf(values, full, levels);
    for (double cut : kCuts) {
        const auto out = static_cast<size_t>(cut * static_cast<double>(values.size()));
        if (out == 0 || 2 * out >= values.size()) {
            continue;
        }
        const Range range{values[out], values[values.size() - 1 - out]};
        const double error = ErrorOf(values, range, levels);
        if (error < least) {
            least = error;
            best = range;
        }
    }
    return best;
}

char Upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

std::optional<ScalarKind> ScalarKindFromName(std::string_view wanted) {
    for (const auto& [kind, name] : kNames) {
        if (std::equal(name.begin(), name.end(), wanted.begin(), wanted.end(),
                       [](char a, char b) { return a == Upper(b); })) {
            return kind;
        }
    }
    return std::nullopt;
}

ScalarQuantizer::ScalarQuantizer(ScalarKind kind, uint32_t dim)
    : kind_(kind), code_kind_(CodeKindOf(kind)), dim_(dim) {
    if (IsTrained()) {
        lows_.resize(simd::PaddedDim(dim));
        steps_.assign(simd::PaddedDim(dim), 1.0f);
    }
}

uint32_t ScalarQuantizer::Levels() const {
    switch (code_kind_) {
        case simd::CodeKind::kBits4:
            return 15;
        case simd::CodeKind::kBits6:
            return 63;
        default:
            return 255;
    }
}

void ScalarQuantizer::SetRange(size_t d, float low, float high) {
    const float step = (high - low) / static_cast<float>(Levels());
    lows_[d] = low;
    steps_[d] = step > 0 && std::isfinite(step) ? step : 1.0f;
}

ScalarQuantizer ScalarQuantizer::Train(ScalarKind kind, const FloatMatrix& rows) {
    ScalarQuantizer quantizer(kind, static_cast<uint32_t>(rows.dim));
    if (rows.rows > 0 && kind == ScalarKind::kSq4Uniform) {
        quantizer.TrainUniform(rows);
    } else if (rows.rows > 0 && quantizer.IsTrained()) {
        quantizer.TrainEach(rows);
    }
    return quantizer;
}

void ScalarQuantizer::TrainEach(const FloatMatrix& rows) {
    std::vector<Range> ranges(
        dim_, {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()});
    for (size_t row = 0; row < rows.rows; ++row) {
        const float* x = rows.Row(row);
        for (size_t d = 0; d < dim_; ++d) {
            ranges[d].low = std::min(ranges[d].low, x[d]);
            ranges[d].high = std::max(ranges[d].high, x[d]);
        }
    }
    const size_t count = std::min(rows.rows, kSampleRows);
    std::vector<float> values(count);
    for (size_t d = 0; d < dim_; ++d) {
        Range range = ranges[d];
        if (kind_ != ScalarKind::kSq8) {
            for (size_t i = 0; i < count; ++i) {
                values[i] = rows.Row(rows.rows * i / count)[d];
            }
            range = BestRange(values, range, Levels());
        }
        SetRange(d, range.low, range.high);
    }
}

void ScalarQuantizer::TrainUniform(const FloatMatrix& rows) {
    Range full{std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()};
    for (size_t row = 0; row < rows.rows; ++row) {
        const auto [low, high] = std::minmax_element(rows.Row(row), rows.Row(row) + dim_);
        full.low = std::min(full.low, *low);
        full.high = std::max(full.high, *high);
    }
    const size_t count = std::min(rows.rows, kSampleValues / dim_ + 1);
    std::vector<float> values;
    for (size_t i = 0; i < count; ++i) {
        const float* x = rows.Row(rows.rows * i / count);
        values.insert(values.end(), x, x + dim_);
    }
    const Range range = BestRange(values, full, Levels());
    for (size_t d = 0; d < dim_; ++d) {
        SetRange(d, range.low, range.high);
    }
}

base::Result<ScalarQuantizer> ScalarQuantizer::Open(ScalarKind kind, uint32_t dim,
                                                    const base::Buffer& ranges) {
    ScalarQuantizer quantizer(kind, dim);
    const size_t floats = quantizer.IsTrained() ? 2 * static_cast<size_t>(dim) : 0;
    if (ranges.size() != floats * sizeof(float)) {
        return base::Corruption("the ranges of a scalar quantizer have a wrong length");
    }
    if (floats > 0) {
        const auto values = ranges.As<float>();
        std::copy_n(values.begin(), dim, quantizer.lows_.begin());
        std::copy_n(values.begin() + dim, dim, quantizer.steps_.begin());
    }
    return quantizer;
}

base::Buffer ScalarQuantizer::ranges() const {
    std::vector<float> values;
    if (IsTrained()) {
        values.assign(lows_.begin(), lows_.begin() + dim_);
        values.insert(values.end(), steps_.begin(), steps_.begin() + dim_);
    }
    return base::Buffer::FromVector(std::move(values));
}

void ScalarQuantizer::Encode(const float* row, uint8_t* code) const {
    std::memset(code, 0, code_bytes());
    const auto levels = static_cast<float>(Levels());
    for (uint32_t d = 0; d < dim_; ++d) {
        uint32_t value = 0;
        if (kind_ == ScalarKind::kFp16) {
            value = simd::HalfFromFloat(row[d]);
        } else if (kind_ == ScalarKind::kBf16) {
            value = simd::BFloat16FromFloat(row[d]);
        } else {
            const float x = (row[d] - lows_[d]) / steps_[d];
            value = x > 0 ? static_cast<uint32_t>(std::min(x, levels) + 0.5f) : 0;
        }
        simd::SetCodeValue(code_kind_, code, d, value);
    }
}

void ScalarQuantizer::Decode(const uint8_t* code, float* row) const {
    for (uint32_t d = 0; d < dim_; ++d) {
        const uint32_t value = simd::CodeValue(code_kind_, code, d);
        if (kind_ == ScalarKind::kFp16) {
            row[d] = simd::FloatFromHalf(static_cast<uint16_t>(value));
        } else if (kind_ == ScalarKind::kBf16) {
            row[d] = simd::FloatFromBFloat16(static_cast<uint16_t>(value));
        } else {
            row[d] = lows_[d] + steps_[d] * static_cast<float>(value);
        }
    }
}

ScalarQuantizer::Query ScalarQuantizer::Prepare(Metric metric, const float* query,
                                                float* room) const {
    const simd::CodeRowKernels& kernels = simd::Quant().Rows(code_kind_);
    std::copy_n(query, dim_, room);
    std::fill(room + dim_, room + query_floats(), 0.0f);
    Query prepared;
    prepared.values = room;
    prepared.bounded = metric == Metric::kCosine;
    if (metric == Metric::kL2) {
        prepared.kernel = kernels.l2;
        const float step = kind_ == ScalarKind::kSq4Uniform ? steps_[0] : 1.0f;
        for (uint32_t d = 0; d < dim_ && IsTrained(); ++d) {
            room[d] = (room[d] - lows_[d]) / step;
        }
        prepared.scale = step * step;
        prepared.steps = IsTrained() && kind_ != ScalarKind::kSq4Uniform ? steps_.data() : nullptr;
        return prepared;
    }
    prepared.kernel = kernels.ip;
    prepared.scale = -1;
    for (uint32_t d = 0; d < dim_ && IsTrained(); ++d) {
        prepared.offset -= room[d] * lows_[d];
        room[d] *= steps_[d];
    }
    return prepared;
}

void ScalarQuantizer::Costs(const Query& query, uint32_t dim, const uint8_t* codes,
                            const uint32_t* ids, size_t count, float* costs) {
    query.kernel(query.values, query.steps, codes, ids, count, dim, costs);
    for (size_t i = 0; i < count; ++i) {
        costs[i] = query.scale * costs[i] + query.offset;
        if (query.bounded) {
            costs[i] = std::clamp(costs[i], -1.0f, 1.0f);
        }
    }
}

}  // namespace elanus::vindex
