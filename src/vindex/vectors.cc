#include "vindex/vectors.h"

#include "base/check.h"
#include "sys/huge_memory.h"

#include <cstring>

namespace elanus::vindex {
namespace {

simd::Element ElementOf(VectorType type) {
    switch (type) {
        case VectorType::kFloat16:
            return simd::Element::kFloat16;
        case VectorType::kBFloat16:
            return simd::Element::kBFloat16;
        case VectorType::kInt8:
            return simd::Element::kInt8;
        default:
            return simd::Element::kFloat;
    }
}

bool KeepsLengths(VectorType type, Metric metric) {
    return metric == Metric::kCosine && type != VectorType::kFloat;
}

}  // namespace

size_t RowBytes(VectorType type, uint64_t dim) {
    switch (type) {
        case VectorType::kBinary:
            return dim / 8;
        case VectorType::kFloat:
            return dim * 4;
        case VectorType::kFloat16:
        case VectorType::kBFloat16:
            return dim * 2;
        case VectorType::kInt8:
            return dim;
        default:
            return 0;
    }
}

bool IsDenseMetric(VectorType type, Metric metric) {
    if (type == VectorType::kBinary) {
        return metric >= Metric::kHamming && metric <= Metric::kSuperstructure;
    }
    return RowBytes(type, 1) > 0 && metric <= Metric::kCosine;
}

const simd::RowKernel& KernelOf(VectorType type, Metric metric) {
    CHECK(IsDenseMetric(type, metric), "a metric that the vector type does not have");
    const simd::BinaryKernels& bits = simd::BinaryDistances();
    switch (metric) {
        case Metric::kHamming:
            return bits.hamming;
        case Metric::kJaccard:
            return bits.jaccard;
        case Metric::kSubstructure:
            return bits.substructure;
        case Metric::kSuperstructure:
            return bits.superstructure;
        case Metric::kL2:
            return simd::Distances(ElementOf(type)).l2;
        default:
            return simd::Distances(ElementOf(type)).ip;
    }
}

float LengthOf(VectorType type, const void* vector, uint32_t dim) {
    return simd::Norm(ElementOf(type), vector, dim);
}

StoredVectors StoredVectors::CopyOf(VectorType type, Metric metric, uint32_t dim, uint64_t rows,
                                    const void* vectors, const uint32_t* order) {
    StoredVectors stored;
    const size_t row_bytes = RowBytes(type, dim);
    const size_t bytes = rows * row_bytes;
    if (bytes == 0) {
        return stored;
    }
    const std::shared_ptr<uint8_t> owner = sys::AllocateHuge(bytes);
    if (order == nullptr) {
        std::memcpy(owner.get(), vectors, bytes);
    }
    for (uint64_t row = 0; order != nullptr && row < rows; ++row) {
        std::memcpy(owner.get() + row * row_bytes,
                    static_cast<const uint8_t*>(vectors) + order[row] * row_bytes, row_bytes);
    }
    if (metric == Metric::kCosine && type == VectorType::kFloat) {
        auto* values = reinterpret_cast<float*>(owner.get());
        for (uint64_t row = 0; row < rows; ++row) {
            simd::Normalize(values + row * dim, dim, values + row * dim);
        }
    }
    if (KeepsLengths(type, metric)) {
        std::vector<float> inverse(rows);
        for (uint64_t row = 0; row < rows; ++row) {
            const float length = LengthOf(type, owner.get() + row * row_bytes, dim);
            inverse[row] = length > 0 ? 1.0f / length : 0.0f;
        }
        stored.inverse_norms = base::Buffer::FromVector(std::move(inverse));
    }
    stored.values = base::Buffer(owner.get(), bytes, owner);
    return stored;
}

base::Result<StoredVectors> StoredVectors::Open(const codec::EnvelopeReader& reader,
                                                codec::SectionId values_section,
                                                codec::SectionId norms_section, VectorType type,
                                                Metric metric, uint32_t dim, uint64_t rows) {
    StoredVectors stored;
    ASSIGN_OR_RETURN(stored.values,
                     reader.Array<uint8_t>(values_section, rows * RowBytes(type, dim)));
    if (KeepsLengths(type, metric)) {
        ASSIGN_OR_RETURN(stored.inverse_norms, reader.Array<float>(norms_section, rows));
    }
    return stored;
}

void StoredVectors::AddTo(codec::EnvelopeWriter& writer, codec::SectionId values_section,
                          codec::SectionId norms_section) const {
    writer.AddSection(values_section, values.view());
    if (!inverse_norms.empty()) {
        writer.AddSection(norms_section, inverse_norms.view());
    }
}

VectorView StoredVectors::View(VectorType type, Metric metric, uint32_t dim, uint32_t rows) const {
    return VectorView(type, metric, dim, rows, values.data(),
                      inverse_norms.empty() ? nullptr : inverse_norms.As<float>().data());
}

}  // namespace elanus::vindex
