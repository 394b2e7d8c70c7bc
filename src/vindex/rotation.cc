#include "vindex/rotation.h"

#include "base/hash.h"
#include "simd/codes.h"

#include <cmath>

namespace elanus::vindex {
namespace {

constexpr size_t kRounds = 2;
constexpr size_t kPartMin = 64;
constexpr size_t kPartsMax = 15;

struct Shape {
    size_t width = 0;
    size_t part = kPartMin;
};

Shape ShapeOf(size_t dim) {
    Shape shape;
    shape.width = (dim + kPartMin - 1) / kPartMin * kPartMin;
    while (shape.width / shape.part > kPartsMax || shape.width / shape.part % 2 == 0) {
        shape.part *= 2;
        shape.width = (shape.width + shape.part - 1) / shape.part * shape.part;
    }
    return shape;
}

}  // namespace

size_t RotatedWidth(size_t dim) {
    return ShapeOf(dim).width;
}

Rotation::Rotation(size_t dim, uint64_t seed) {
    const Shape shape = ShapeOf(dim);
    width_ = shape.width;
    part_ = shape.part;
    signs_.resize(kRounds * width_);
    const float scale = 1.0f / std::sqrt(static_cast<float>(part_));
    const uint64_t stream = base::Hash64(seed);
    for (size_t i = 0; i < signs_.size(); ++i) {
        signs_[i] = (base::Hash64(stream + i) >> 32 & 1) != 0 ? scale : -scale;
    }
}

void Rotation::Apply(float* v) const {
    const simd::CodeKernels& kernels = simd::Codes();
    for (size_t round = 0; round < kRounds; ++round) {
        const float* signs = signs_.data() + round * width_;
        for (size_t at = 0; at < width_; at += part_) {
            kernels.hadamard(v + at, signs + at, part_);
        }
        if (part_ < width_) {
            kernels.reflect(v, width_, part_);
        }
    }
}

}  // namespace elanus::vindex
