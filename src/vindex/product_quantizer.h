// ProductQuantizer: a vector as the numbers of the nearest centroids of its parts (Jegou et al.,
// TPAMI 2011); with more than one stage, each part as the sum of as many centroids, every stage
// fitted to what the stages before left (residual quantisation: Chen et al., Sensors 2010; of
// parts, "PRQ").
//
// A row is scored by m * stages table look-ups; the tables of a query cost dim * 2^nbits * stages
// multiply-adds and as many floats as they have entries: with nbits 8 a few microseconds, above 12
// as much as scanning the rows.
// Bytes a row: m * stages * nbits / 8 rounded up, and 4 more for its squared length with L2 and
// more than one stage. Training: k-means of each part and stage over ProductTrainingRows().
//
// 4-bit codes can be scored 32 at a time with 8-bit tables (Andre et al., VLDB 2015): PackNibbles,
// PrepareNibbles, NibbleCosts.
// Threads: a value, constant once made.
#pragma once

#include "base/buffer.h"
#include "base/status.h"
#include "simd/quant.h"
#include "vindex/kmeans.h"
#include "vindex/metric.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace elanus::vindex {

inline constexpr uint32_t kProductBitsMax = 24;
inline constexpr uint32_t kProductStagesMax = 16;

// Of k-means for a codebook: what training takes is about so many encodings of its rows.
inline constexpr size_t kProductIterationsMax = 25;

// Rows to train a codebook of 2^nbits centroids on.
constexpr size_t ProductTrainingRows(uint32_t nbits) {
    return std::max(TrainingRows(size_t{1} << nbits), size_t{32768});
}

struct ProductShape {
    uint32_t dim = 0;
    uint32_t m = 1;  // parts; divides dim
    uint32_t nbits = 8;
    uint32_t stages = 1;
    bool keeps_norms = false;  // L2 with more than one stage

    uint32_t part_dim() const { return dim / m; }
    size_t positions() const { return static_cast<size_t>(m) * stages; }
    size_t number_bytes() const { return (positions() * nbits + 7) / 8; }
    size_t code_bytes() const { return number_bytes() + (keeps_norms ? sizeof(float) : 0); }
    // Every field in range and m a divisor of dim.
    bool IsPlausible() const;
};

struct TrainOptions {
    uint64_t seed = 1;
    sys::Executor* executor = nullptr;
    std::function<base::Status()> interrupt;
    Progress progress;
};

class ProductQuantizer {
  public:
    // A query made ready, in room that the caller owns: cost = offset + scale * sum of entries.
    struct Query {
        const float* tables = nullptr;
        float scale = 1;
        float offset = 0;
        bool bounded = false;  // a cosine: [-1, 1]
    };
    // The same for 32 codes at a time.
    struct NibbleQuery {
        const uint8_t* tables = nullptr;
        float step = 1;
        float offset = 0;
        bool bounded = false;
    };

    ProductQuantizer() = default;
    // `rows` (of length one for COSINE) are the training rows; of a shape with fewer of them than
    // 2^nbits the rest of the centroids stay unused.
    static base::Result<ProductQuantizer> Train(const ProductShape& shape, const FloatMatrix& rows,
                                                const TrainOptions& options);
    // As saved: codebooks one after another; kDataCorruption for wrong lengths.
    static base::Result<ProductQuantizer> Open(const ProductShape& shape, uint64_t centroids,
                                               const base::Buffer& panels,
                                               const base::Buffer& biases);

    const ProductShape& shape() const { return shape_; }
    // Centroids of a codebook: 2^nbits, with nbits above 12 not more than training rows.
    uint64_t centroids() const { return centroids_; }
    // Of part 0 stage 0, part 0 stage 1 ..., as Open() takes them.
    base::Buffer panels() const;
    base::Buffer biases() const;
    uint64_t bytes() const;

    // `count` codes of code_bytes() each.
    void Encode(const FloatMatrix& rows, uint8_t* codes) const;
    void Decode(const uint8_t* code, float* row) const;

    size_t query_floats() const { return shape_.positions() * padded_centroids(); }
    // `query` has `dim` values, of length one for COSINE; `room` query_floats(), which belong to
    // the result. L2, IP and COSINE.
    Query Prepare(Metric metric, const float* query, float* room) const;
    // costs[i] of code ids[i] of those at `codes`, or of code i when `ids` is null: the squared
    // distance, or the negated product. Smaller is better. Any bytes are valid codes.
    void Costs(const Query& query, const uint8_t* codes, const uint32_t* ids, size_t count,
               float* costs) const;

    // Of nbits 4 without norms only. Positions are padded to a multiple of four.
    size_t nibble_positions() const { return (shape_.positions() + 3) / 4 * 4; }
    size_t nibble_group_bytes() const { return simd::NibbleGroupBytes(nibble_positions()); }
    // Up to 32 codes, one after another, into a group; rows that are missing have code 0.
    void PackNibbles(const uint8_t* codes, size_t count, uint8_t* group) const;
    // `room` has nibble_group_bytes(), which belong to the result.
    NibbleQuery PrepareNibbles(const Query& query, uint8_t* room) const;
    // Costs of the 32 rows of a group, each within positions / 2 * step of Costs().
    void NibbleCosts(const NibbleQuery& query, const uint8_t* group, float* costs) const;

  private:
    // The best few ways to write a part as a sum of centroids.
    struct Beam;

    const Centroids& Book(uint32_t part, uint32_t stage) const {
        return books_[static_cast<size_t>(part) * shape_.stages + stage];
    }
    size_t padded_centroids() const { return simd::PanelCount(centroids_) * simd::kPanel; }
    void FindPanels();
    base::Status TrainPart(const FloatMatrix& rows, const TrainOptions& options,
                           CountedProgress& books_done);
    void EncodePlain(const FloatMatrix& rows, uint8_t* codes) const;
    void EncodeStages(const float* row, Beam& beam, uint8_t* code) const;
    uint32_t Number(const uint8_t* code, size_t position) const;
    void SetNumber(uint8_t* code, size_t position, uint32_t number) const;
    template <typename Lookup>
    void Sum(const uint8_t* codes, const uint32_t* ids, size_t count, float* sums,
             const Lookup& lookup) const;

    ProductShape shape_;
    uint64_t centroids_ = 0;
    std::vector<Centroids> books_;      // part by part, stage by stage
    std::vector<const float*> panels_;  // theirs
};

}  // namespace elanus::vindex
