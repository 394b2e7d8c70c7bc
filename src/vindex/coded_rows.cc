#include "vindex/coded_rows.h"

#include "simd/codes.h"
#include "sys/huge_memory.h"
#include "vindex/row_chunks.h"

#include <algorithm>
#include <cmath>

namespace elanus::vindex {
namespace {

constexpr size_t kDotsAtOnce = 64;
constexpr uint32_t kCentreRowsMax = 1 << 16;  // more do not move the mean

}  // namespace

void RotateInto(const Rotation& rotation, const float* v, const float* centre, uint32_t dim,
                float* out) {
    for (uint32_t d = 0; d < dim; ++d) {
        out[d] = centre != nullptr ? v[d] - centre[d] : v[d];
    }
    std::fill(out + dim, out + rotation.width(), 0.0f);
    rotation.Apply(out);
}

base::Result<CodedRows> CodedRows::Make(const VectorView& rows, uint64_t seed,
                                        sys::Executor* executor,
                                        const std::function<base::Status()>& interrupt,
                                        const Progress& progress) {
    CodedRows coded;
    coded.rows_ = rows.rows;
    coded.rotation_ = Rotation(rows.dim, seed);
    const std::shared_ptr<uint8_t> memory = sys::AllocateHuge(rows.rows * coded.width());
    coded.values_ = {memory, reinterpret_cast<int8_t*>(memory.get())};
    coded.factors_.resize(rows.rows);
    coded.FindCentre(rows);
    RETURN_IF_ERROR(
        ForChunks(rows.rows, executor, interrupt, progress, [&](uint32_t begin, uint32_t end) {
            std::vector<float> room(coded.width());
            for (uint32_t row = begin; row < end; ++row) {
                coded.Encode(rows, row, room.data());
            }
        }));
    if (rows.metric == Metric::kIp) {
        coded.FindLifts();
    }
    return coded;
}

void CodedRows::FindCentre(const VectorView& rows) {
    std::vector<double> sum(rows.dim);
    const uint32_t step = rows.rows / kCentreRowsMax + 1;
    double count = 0;
    for (uint32_t row = 0; row < rows.rows; row += step) {
        const auto* v = static_cast<const float*>(rows.Row(row));
        for (uint32_t d = 0; d < rows.dim; ++d) {
            sum[d] += v[d];
        }
        count += 1;
    }
    centre_.resize(rows.dim);
    for (uint32_t d = 0; d < rows.dim && count > 0; ++d) {
        centre_[d] = static_cast<float>(sum[d] / count);
    }
}

void CodedRows::Encode(const VectorView& rows, uint32_t row, float* room) {
    const simd::CodeKernels& kernels = simd::Codes();
    RotateInto(rotation_, static_cast<const float*>(rows.Row(row)), centre_.data(), rows.dim, room);
    int8_t* values = values_.get() + row * width();
    const float scale = kernels.encode(room, width(), values);
    const auto square = static_cast<float>(kernels.dot(values, values, width()));
    factors_[row] = {.scale = scale, .norm = scale * scale * square, .lift = 0, .zero = 0};
}

void CodedRows::FindLifts() {
    float longest = 0;
    for (const Factors& factors : factors_) {
        longest = std::max(longest, factors.norm);
    }
    for (Factors& factors : factors_) {
        factors.lift = std::sqrt(std::max(0.0f, longest - factors.norm));
    }
}

void CodedRows::Costs(uint32_t a, std::span<const uint32_t> rows, float* costs) const {
    const simd::CodeKernels& kernels = simd::Codes();
    const Factors own = factors_[a];
    const int8_t* values[kDotsAtOnce];
    int32_t dots[kDotsAtOnce];
    for (size_t at = 0; at < rows.size(); at += kDotsAtOnce) {
        const size_t count = std::min(kDotsAtOnce, rows.size() - at);
        for (size_t i = 0; i < count; ++i) {
            values[i] = Values(rows[at + i]);
        }
        kernels.dots(Values(a), values, count, width(), dots);
        for (size_t i = 0; i < count; ++i) {
            const Factors& other = factors_[rows[at + i]];
            const float product = own.scale * other.scale * static_cast<float>(dots[i]);
            const float rise = own.lift - other.lift;
            costs[at + i] = own.norm + other.norm - 2 * product + rise * rise;
        }
    }
}

void CodedRows::Prefetch(uint32_t row) const {
    __builtin_prefetch(&factors_[row]);
    for (size_t at = 0; at < width(); at += 64) {
        __builtin_prefetch(Values(row) + at);
    }
}

}  // namespace elanus::vindex
