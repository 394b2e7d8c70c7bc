#include "vindex/vectors.h"

#include <cstring>
#include <new>

namespace elanus::vindex {
namespace {

constexpr std::align_val_t kLine{64};

}  // namespace

base::Buffer StoredVectors(Metric metric, uint32_t dim, uint64_t rows, const float* vectors) {
    const size_t bytes = rows * dim * sizeof(float);
    if (bytes == 0) {
        return base::Buffer();
    }
    std::shared_ptr<float> owner(static_cast<float*>(::operator new(bytes, kLine)),
                                 [](float* p) { ::operator delete(p, kLine); });
    if (metric == Metric::kCosine) {
        for (uint64_t row = 0; row < rows; ++row) {
            simd::Normalize(vectors + row * dim, dim, owner.get() + row * dim);
        }
    } else {
        std::memcpy(owner.get(), vectors, bytes);
    }
    return base::Buffer(owner.get(), bytes, owner);
}

}  // namespace elanus::vindex
