#include "vindex/row_tiles.h"

#include "sys/process.h"

#include <algorithm>

namespace elanus::vindex {
namespace {

// Rows and queries, together with the results, stay in the cache of a core: of 512 KB on some, of
// twice and four times that on others. Mostly rows: the more of them, the less often all queries
// come from farther away. More than a megabyte gains nothing.
constexpr size_t kCacheMin = 256 * 1024;
constexpr size_t kCacheMax = 1024 * 1024;
constexpr size_t kRowsPart = 20, kQueriesPart = 5, kParts = 32;
// Tiles of any kernel are whole.
constexpr size_t kRowsStep = 24;
constexpr size_t kQueriesMin = 6;
constexpr size_t kQueriesMax = 96;

simd::TileFunction TileOf(VectorType type, Metric metric) {
    const auto of = [metric](simd::Element element) {
        const simd::DistanceTiles& tiles = simd::Tiles(element);
        return metric == Metric::kL2 ? tiles.l2 : tiles.ip;
    };
    switch (type) {
        case VectorType::kFloat:
            return of(simd::Element::kFloat);
        case VectorType::kFloat16:
            return of(simd::Element::kFloat16);
        case VectorType::kBFloat16:
            return of(simd::Element::kBFloat16);
        case VectorType::kInt8:
            return of(simd::Element::kInt8);
        default:
            return nullptr;
    }
}

size_t PartOfCache(size_t part) {
    return std::clamp(sys::CoreCacheBytes(), kCacheMin, kCacheMax) / kParts * part;
}

}  // namespace

RowTiles::RowTiles(VectorType type, Metric metric, uint32_t dim)
    : dim_(dim),
      row_bytes_(RowBytes(type, dim)),
      block_rows_(
          std::max(std::min(PartOfCache(kRowsPart) / row_bytes_, kRowsMax) / kRowsStep * kRowsStep,
                   kRowsStep)),
      block_queries_(
          std::clamp(PartOfCache(kQueriesPart) / row_bytes_ / 6 * 6, kQueriesMin, kQueriesMax)),
      kernel_(KernelOf(type, metric)),
      tile_(TileOf(type, metric)) {}

void RowTiles::Of(const uint8_t* queries, size_t query_count, const uint8_t* rows, size_t row_count,
                  size_t stride, float* results) const {
    if (tile_ != nullptr) {
        tile_(queries, query_count, rows, row_count, dim_, stride, results);
        return;
    }
    for (size_t q = 0; q < query_count; ++q) {
        kernel_.rows(queries + q * row_bytes_, rows, row_count, dim_, results + q * stride);
    }
}

}  // namespace elanus::vindex
