// The tables of the single instruction sets, one file per level: distance_<level>.cc. Call them
// only through DistancesAt() and BinaryDistancesAt(), which ask the processor first.
#pragma once

#include "simd/distance.h"
#include "simd/distance_tiles.h"

namespace elanus::simd {

const DistanceKernels& ScalarDistances(Element element);
const DistanceKernels& Avx2Distances(Element element);
const DistanceKernels& Avx512Distances(Element element);
const DistanceKernels& Avx512DotDistances(Element element);
const DistanceKernels& NeonDistances(Element element);

const DistanceTiles& ScalarTiles(Element element);
const DistanceTiles& Avx2Tiles(Element element);
const DistanceTiles& Avx512Tiles(Element element);
const DistanceTiles& Avx512DotTiles(Element element);
const DistanceTiles& NeonTiles(Element element);

const BinaryKernels& ScalarBinary();
const BinaryKernels& Avx2Binary();
const BinaryKernels& Avx512Binary();
const BinaryKernels& Avx512DotBinary();
const BinaryKernels& NeonBinary();

}  // namespace elanus::simd
