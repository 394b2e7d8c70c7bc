#include "vindex/float_rows.h"

#include "base/hash.h"
#include "simd/half.h"

#include <cstring>

namespace elanus::vindex {

void ReadFloats(VectorType type, const void* vector, uint32_t dim, float* out) {
    const auto* bytes = static_cast<const uint8_t*>(vector);
    switch (type) {
        case VectorType::kFloat:
            std::memcpy(out, bytes, dim * sizeof(float));
            return;
        case VectorType::kInt8:
            for (uint32_t d = 0; d < dim; ++d) {
                out[d] = static_cast<float>(static_cast<int8_t>(bytes[d]));
            }
            return;
        default:
            break;
    }
    for (uint32_t d = 0; d < dim; ++d) {
        uint16_t half;
        std::memcpy(&half, bytes + 2 * static_cast<size_t>(d), sizeof half);
        out[d] = type == VectorType::kFloat16 ? simd::FloatFromHalf(half)
                                              : simd::FloatFromBFloat16(half);
    }
}

void FloatRows::Read(uint64_t row, float* out) const {
    ReadFloats(type_, data_ + row * RowBytes(type_, dim_), dim_, out);
    if (unit_) {
        simd::Normalize(out, dim_, out);
    }
}

std::vector<float> FloatRows::Sample(size_t count_max, uint64_t seed) const {
    const size_t count = std::min<uint64_t>(rows_, count_max);
    std::vector<float> sample(count * dim_);
    for (size_t i = 0; i < count; ++i) {
        // One row of each of `count` stretches of the same length.
        const uint64_t begin = rows_ * i / count;
        const uint64_t end = rows_ * (i + 1) / count;
        Read(begin + base::Hash64(base::Hash64(seed) + i) % (end - begin),
             sample.data() + i * dim_);
    }
    return sample;
}

}  // namespace elanus::vindex
