#include "vindex/max_sim.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace elanus::vindex {
namespace {

// Vectors of neighbouring lists compared at once.
constexpr size_t kBlockVectors = 512;

}  // namespace

MaxSimScorer::MaxSimScorer(VectorType type, Metric metric, uint32_t dim, std::string_view query)
    : type_(type),
      metric_(ElementMetric(metric)),
      dim_(dim),
      row_bytes_(RowBytes(type, dim)),
      kernel_(KernelOf(type, metric_)),
      query_((query.size() + sizeof(float) - 1) / sizeof(float)),
      query_inverse_norms_(query.size() / row_bytes_, 1.0f) {
    std::memcpy(query_.data(), query.data(), query.size());
    for (size_t i = 0; i < query_vectors() && metric_ == Metric::kCosine; ++i) {
        const float length = LengthOf(type_, QueryVector(i).data(), dim_);
        query_inverse_norms_[i] = length > 0 ? 1.0f / length : 0.0f;
    }
}

void MaxSimScorer::Costs(const VectorLists& lists, const uint32_t* ids, size_t count,
                         float* costs) {
    for (size_t i = 0; i < count;) {
        if (lists.SizeOf(ids[i]) == 0) {
            costs[i++] = std::numeric_limits<float>::infinity();
            continue;
        }
        size_t run = 1;
        size_t vectors = lists.SizeOf(ids[i]);
        while (i + run < count && ids[i + run] == ids[i] + run && lists.SizeOf(ids[i + run]) > 0 &&
               vectors + lists.SizeOf(ids[i + run]) <= kBlockVectors) {
            vectors += lists.SizeOf(ids[i + run]);
            ++run;
        }
        RunCosts(lists, ids[i], run, costs + i);
        i += run;
    }
}

void MaxSimScorer::RunCosts(const VectorLists& lists, uint32_t first, size_t count, float* costs) {
    const uint32_t* offsets = lists.offsets + first;
    const uint8_t* vectors = lists.vectors + offsets[0] * row_bytes_;
    const size_t size = offsets[count] - offsets[0];
    costs_.resize(std::max(costs_.size(), size));
    if (metric_ == Metric::kCosine) {
        FindInverseNorms(vectors, size);
    }
    const bool similarity = LargerIsBetter(metric_);
    std::fill_n(costs, count, 0.0f);
    for (size_t q = 0; q < query_vectors(); ++q) {
        kernel_.rows(QueryVector(q).data(), vectors, size, dim_, costs_.data());
        if (metric_ == Metric::kCosine) {
            for (size_t i = 0; i < size; ++i) {
                const float cosine = costs_[i] * query_inverse_norms_[q] * inverse_norms_[i];
                costs_[i] = std::clamp(cosine, -1.0f, 1.0f);
            }
        }
        for (size_t list = 0; list < count; ++list) {
            const float* begin = costs_.data() + (offsets[list] - offsets[0]);
            const float* end = costs_.data() + (offsets[list + 1] - offsets[0]);
            costs[list] +=
                similarity ? 0.0f - *std::max_element(begin, end) : *std::min_element(begin, end);
        }
    }
}

void MaxSimScorer::FindInverseNorms(const uint8_t* vectors, size_t count) {
    inverse_norms_.resize(std::max(inverse_norms_.size(), count));
    for (size_t i = 0; i < count; ++i) {
        const float length = LengthOf(type_, vectors + i * row_bytes_, dim_);
        inverse_norms_[i] = length > 0 ? 1.0f / length : 0.0f;
    }
}

base::Bitmap VectorsOfLists(base::BitmapView filter, const uint32_t* offsets, size_t lists) {
    if (!filter.present()) {
        return base::Bitmap();
    }
    base::Bitmap vectors(offsets[lists] - offsets[0]);
    for (size_t list = 0; list < lists; ++list) {
        if (list % 64 == 0 && filter.words()[list / 64] == 0) {
            list += 63;
            continue;
        }
        if (filter.Test(list)) {
            for (size_t i = offsets[list]; i < offsets[list + 1]; ++i) {
                vectors.Set(i - offsets[0]);
            }
        }
    }
    return vectors;
}

uint32_t ListOfVector(const uint32_t* offsets, size_t lists, uint32_t vector) {
    const uint32_t* behind = std::upper_bound(offsets, offsets + lists, vector);
    return static_cast<uint32_t>(behind - offsets) - 1;
}

}  // namespace elanus::vindex
