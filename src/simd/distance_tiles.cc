#include "simd/distance_tiles.h"

#include "simd/distance_levels.h"

#include <array>

namespace elanus::simd {

const DistanceTiles* TilesAt(Level level, Element element) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
        case Level::kScalar:
            return &ScalarTiles(element);
#if defined(__aarch64__)
        case Level::kNeon:
            return &NeonTiles(element);
#endif
#if defined(__x86_64__)
        case Level::kAvx2:
            return &Avx2Tiles(element);
        case Level::kAvx512:
            return &Avx512Tiles(element);
        case Level::kAvx512Dot:
            return &Avx512DotTiles(element);
#endif
        default:
            return nullptr;
    }
}

const DistanceTiles& Tiles(Element element) {
    static const std::array<const DistanceTiles*, 4> best = {
        TilesAt(BestLevel(), Element::kFloat), TilesAt(BestLevel(), Element::kFloat16),
        TilesAt(BestLevel(), Element::kBFloat16), TilesAt(BestLevel(), Element::kInt8)};
    return *best[static_cast<size_t>(element)];
}

}  // namespace elanus::simd
