// FixedEncoder: a list of vectors as one vector of fixed width, so that the inner product of two
// encodings is near the MaxSim of the lists, and an ordinary index finds candidates (MUVERA:
// Dhulipala et al., arXiv 2405.19504).
//
// Random hyperplanes (SimHash) cut space into 2^projections parts, anew for each of `repeats`
// rounds. A part of a query's encoding is the sum of its vectors there, a part of a row's the
// average of its vectors there: their product adds up, for each query vector, the score of the
// average of near row vectors. A part in which a row has no vector takes the one whose side of the
// hyperplanes differs least. Vectors are projected to fewer dimensions (random signs) before they
// enter, and the whole is hashed (count sketch) when it is still wider than kEncodedWidthMax.
//
// Graphs are at their best with distances, so the largest product is made the smallest distance:
// Level() gives all rows one length by their last number, which of a query is zero (Bachrach et
// al., RecSys 2014).
//
// Metrics: COSINE encodes vectors of length one; L2 one number more a vector, so that the product
// is x.y - |y|^2 / 2, which falls as the distance grows; HAMMING +1 and -1 for bits; JACCARD bits
// of length one, which is near enough to find candidates.
// Invariants:
//   INV-ENCODE-1  The same (type, metric, dim, params) give the same encodings for good: files of
//                 indexes depend on it.
// Threads: immutable; encoding allocates.
#pragma once

#include "vindex/vectors.h"

#include <cstdint>
#include <vector>

namespace elanus::vindex {

inline constexpr uint32_t kMuveraProjectionsMax = 7;
inline constexpr uint32_t kMuveraRepeatsMax = 32;
// Wider encodings are cut to this by smaller projections: an index of wider ones costs more than it
// finds.
inline constexpr uint32_t kEncodedWidthMax = 4096;

struct FixedEncodingParams {
    uint32_t projections = 4;  // hyperplanes of a round: 1 to kMuveraProjectionsMax
    uint32_t repeats = 7;      // rounds: 1 to kMuveraRepeatsMax
    uint64_t seed = 42;
};

class FixedEncoder {
  public:
    // `metric` compares elements; requires IsDenseMetric(type, metric) and no structure test.
    FixedEncoder(VectorType type, Metric metric, uint32_t dim, const FixedEncodingParams& params);

    // Floats of an encoding; the last one is zero until Level().
    uint32_t width() const { return width_; }
    static uint32_t WidthOf(Metric metric, uint32_t dim, const FixedEncodingParams& params);
    // `count` vectors lie at `vectors` one after another; `out` has width() values. Of no vectors
    // all are zero.
    void EncodeRow(const void* vectors, size_t count, float* out) const;
    void EncodeQuery(const void* vectors, size_t count, float* out) const;
    // Brings the `count` encodings of all rows to one length.
    void Level(size_t count, float* rows) const;

    // The MaxSim, as a cost, that the product of the encodings of a query of `query_vectors` and of
    // a row is near. `query_square` is SquareOf(query).
    double CostOfProduct(double product, size_t query_vectors, double query_square) const;
    // The squared lengths of `count` vectors, added up; zero but for L2, where costs need them.
    double SquareOf(const void* vectors, size_t count) const;

  private:
    enum class Side : uint8_t { kRow, kQuery };

    // The numbers of each vector, `features_` each.
    std::vector<float> ReadFeatures(const void* vectors, size_t count, Side side) const;
    // Which part of each round each vector is in: repeats values a vector.
    std::vector<uint8_t> FindParts(const std::vector<float>& numbers, size_t count) const;
    void Encode(const void* vectors, size_t count, Side side, float* out) const;
    // Writes or adds one part of one round to the encoding.
    void AddPart(uint32_t round, uint32_t part, const float* numbers, float* out) const;

    const VectorType type_;
    const Metric metric_;
    const uint32_t dim_;
    const FixedEncodingParams params_;
    const uint32_t features_;    // numbers of a vector
    const uint32_t projected_;   // what they become
    const uint32_t raw_width_;   // of all parts of all rounds
    const uint32_t width_;       // one number more at least
    std::vector<float> planes_;  // repeats * projections hyperplanes of features_ numbers
    std::vector<float> signs_;   // repeats * projected_ rows of features_; empty: not projected
};

}  // namespace elanus::vindex
