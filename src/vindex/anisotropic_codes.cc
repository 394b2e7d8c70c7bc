#include "vindex/anisotropic_codes.h"

#include "simd/distance.h"

namespace elanus::vindex {
namespace {

constexpr float kThreshold = 0.2f;
constexpr uint32_t kNumbers = 16;
constexpr int kRoundsMax = 8;

}  // namespace

float AnisotropicEncoder::Eta(uint32_t dim) {
    constexpr float kSquare = kThreshold * kThreshold;
    return std::max(1.0f, static_cast<float>(dim - 1) * kSquare / (1 - kSquare));
}

AnisotropicEncoder::AnisotropicEncoder(const ProductQuantizer& quantizer)
    : shape_(quantizer.shape()), weight_(Eta(quantizer.shape().dim) - 1) {
    const auto panels = quantizer.panels();
    const auto values = panels.As<float>();
    centroids_.assign(values.begin(), values.end());
}

AnisotropicEncoder::Left AnisotropicEncoder::LeftBy(uint32_t part, uint32_t number,
                                                    const float* residual,
                                                    const float* unit) const {
    const size_t part_dim = shape_.part_dim();
    const float* centroid = centroids_.data() + part * part_dim * simd::kPanel + number;
    Left left;
    for (size_t d = 0; d < part_dim; ++d) {
        const float x = residual[part * part_dim + d] - centroid[d * simd::kPanel];
        left.square += x * x;
        left.along += x * unit[part * part_dim + d];
    }
    return left;
}

void AnisotropicEncoder::Improve(const float* row, const float* residual, uint8_t* numbers) const {
    std::vector<float> unit(shape_.dim);
    if (!(simd::Normalize(row, shape_.dim, unit.data()) > 0)) {
        return;
    }
    float along = 0;
    for (uint32_t part = 0; part < shape_.m; ++part) {
        along += LeftBy(part, numbers[part], residual, unit.data()).along;
    }
    bool changed = true;
    for (int round = 0; changed && round < kRoundsMax; ++round) {
        changed = false;
        for (uint32_t part = 0; part < shape_.m; ++part) {
            const float others = along - LeftBy(part, numbers[part], residual, unit.data()).along;
            float least = std::numeric_limits<float>::infinity();
            uint32_t best = numbers[part];
            for (uint32_t number = 0; number < kNumbers; ++number) {
                const Left left = LeftBy(part, number, residual, unit.data());
                const float sum = others + left.along;
                const float loss = left.square + weight_ * sum * sum;
                if (loss < least) {
                    least = loss;
                    best = number;
                    along = sum;
                }
            }
            changed = changed || best != numbers[part];
            numbers[part] = static_cast<uint8_t>(best);
        }
    }
}

}  // namespace elanus::vindex
