// Rotation: a fixed random-looking orthogonal map. It makes the coordinates of a vector alike, so
// that one scale serves all of them in 8 bits and their signs carry its direction (RaBitQ,
// arXiv 2405.12497).
//
// Random signs, a Walsh-Hadamard transform of each part of 2^a coordinates, and a reflection that
// mixes the parts; twice. n log n operations, and nothing to store but a seed.
// Threads: immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace elanus::vindex {

class Rotation {
  public:
    Rotation() = default;
    // The same (dim, seed) gives the same map for good: files depend on it.
    Rotation(size_t dim, uint64_t seed);

    // What a vector of `dim` values becomes; a multiple of 64.
    size_t width() const { return width_; }
    // `v` has width() values, of which those from `dim` on are zero; rotated in place.
    void Apply(float* v) const;

  private:
    size_t width_ = 0;
    size_t part_ = 0;           // 2^a; width is it times an odd number up to 15
    std::vector<float> signs_;  // two rounds, times the scale that keeps lengths
};

// The width of the rotation of `dim` values.
size_t RotatedWidth(size_t dim);

}  // namespace elanus::vindex
