// k-majority: k-means of bit vectors (Grana, Borghesani, Manfredi, Cucchiara, "A fast approach for
// integrating ORB descriptors in the bag of words model", SPIE 2013). A row goes to the nearest
// centroid under the metric, and the new centroid has the bits that most of its rows have.
// Threads: TrainMajority() is called from one thread; it uses those of the executor.
#pragma once

#include "base/status.h"
#include "sys/executor.h"
#include "vindex/build_progress.h"
#include "vindex/vectors.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace elanus::vindex {

// `count` centroids, row after row; 0 < count <= rows.rows. The same (rows, count, seed) gives the
// same centroids.
base::Result<std::vector<uint8_t>> TrainMajority(const VectorView& rows, uint32_t count,
                                                 uint64_t seed, sys::Executor* executor,
                                                 const std::function<base::Status()>& interrupt,
                                                 const Progress& progress);

}  // namespace elanus::vindex
