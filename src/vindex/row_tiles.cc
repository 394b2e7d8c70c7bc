#include "vindex/row_tiles.h"

namespace elanus::vindex {
namespace {

// Together with the results about the megabyte that a core of today's servers has to itself. Mostly
// rows: the more of them, the less often all queries come from farther away.
constexpr size_t kRowBytes = 640 * 1024;
constexpr size_t kQueryBytes = 150 * 1024;
constexpr size_t kRowsMin = 16;
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

}  // namespace

RowTiles::RowTiles(VectorType type, Metric metric, uint32_t dim)
    : dim_(dim),
      row_bytes_(RowBytes(type, dim)),
      block_rows_(std::clamp(kRowBytes / row_bytes_ / 8 * 8, kRowsMin, kRowsMax)),
      block_queries_(std::clamp(kQueryBytes / row_bytes_ / 6 * 6, kQueriesMin, kQueriesMax)),
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
