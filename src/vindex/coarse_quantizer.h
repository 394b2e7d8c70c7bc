// CoarseQuantizer: the centroids of an inverted file and which of them is nearest to a vector.
//
// Centroids of numbers are floats found by k-means (kmeans.h): by squared distance for L2; for IP
// and COSINE by angle, k-means of the directions of the rows, so that they have length one and a
// vector belongs to the one with the largest inner product (spherical k-means, Dhillon & Modha,
// Machine Learning 2001). Those of bits are bits, found by k-majority (k_majority.h).
// Codes of residuals are relative to the base of a list: its centroid or, for IP and COSINE, as
// much of that direction as the rows of the list have on average (their radius).
// Training sees a sample of at most 256 rows a centroid.
// Threads: immutable once made.
#pragma once

#include "base/buffer.h"
#include "codec/envelope.h"
#include "vindex/index.h"
#include "vindex/kmeans.h"
#include "vindex/vectors.h"

#include <cstdint>
#include <vector>

namespace elanus::vindex {

// Of training rows a list: as many as faiss takes.
inline constexpr size_t kTrainingRowsPerList = 256;

class CoarseQuantizer {
  public:
    CoarseQuantizer() = default;
    // min(lists, rows) centroids.
    static base::Result<CoarseQuantizer> Train(const BuildParams& params, const BuildInput& input,
                                               uint32_t lists);
    // `kind` is that of the first section; the others have the next ones. `params` gives
    // vector type, metric and dim.
    static base::Result<CoarseQuantizer> Open(const codec::EnvelopeReader& reader, uint32_t kind,
                                              const BuildParams& params, uint32_t lists,
                                              bool with_bases);
    // Measures the radii of lists; without them every base is the centroid.
    base::Status FindBases(const BuildParams& params, const BuildInput& input,
                           const std::vector<uint32_t>& lists_of);
    void AddTo(codec::EnvelopeWriter& writer, uint32_t kind) const;

    uint32_t lists() const { return lists_; }
    uint64_t bytes() const { return bits_.size() + centroids_.bytes() + radii_.size(); }
    const Centroids& centroids() const { return centroids_; }  // not of bits
    // out = the base of the list, `dim` floats; its cost, when that of the centroid is `cost`.
    void ReadBase(uint32_t list, float* out) const;
    float BaseCost(uint32_t list, float cost) const {
        return radii_.empty() ? cost : cost * radii_.As<float>()[list];
    }

    // Floats that Costs() writes: lists(), rounded up.
    size_t padded_lists() const;
    // Costs of all centroids to a vector that is floats (of length one for COSINE) or bits.
    void Costs(const void* vector, float* costs) const;
    // The nearest centroid of every row.
    base::Result<std::vector<uint32_t>> Assign(const BuildParams& params,
                                               const BuildInput& input) const;

  private:
    base::Status TrainBits(const BuildParams& params, const BuildInput& input);
    base::Status TrainFloats(const BuildParams& params, const BuildInput& input);
    base::Status AssignBits(const BuildParams& params, const BuildInput& input,
                            uint32_t* lists_of) const;
    base::Status AssignFloats(const BuildParams& params, const BuildInput& input,
                              uint32_t* lists_of) const;
    VectorView BitView() const {
        return VectorView(VectorType::kBinary, metric_, dim_, lists_, bits_.data(), nullptr);
    }

    Metric metric_ = Metric::kL2;
    uint32_t dim_ = 0;
    uint32_t lists_ = 0;
    Centroids centroids_;
    base::Buffer radii_;  // f32 a list; empty: all are 1
    base::Buffer bits_;   // row after row
};

}  // namespace elanus::vindex
