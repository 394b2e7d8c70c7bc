// LeanRows: the nodes of a lean graph (lean_graph.h) in memory: neighbour list, row in 4 bits a
// dimension, the same row in 8 bits. Everything a node has lies in one block, and nothing in it
// depends on another row, so that an edge is added by writing its row number.
//
// Rows are rotated and centred (rotation.h). In 4 bits a value is one of 16 steps around zero, of
// the width that is best for normal values (Max, IRE Trans. 1960); with v the code, r the row and
// f = |r|^2 / <v, r>, f <q, v> estimates <q, r> without bias (RaBitQ, arXiv 2409.09913). Walks go
// by the 4-bit rows, pruning and final order by the 8-bit ones.
//
// One form covers all metrics: cost = own + mass_part * mass - product_part * (<q, r> + lift *
// lift'), where mass = |r|^2 + lift^2. The lift, 0 but for IP, is one coordinate more that gives
// rows one length, so that between rows the nearest is the one with the largest product
// (Bachrach et al., RecSys 2014).
// Threads: a block is written by one thread before its row number is published (release), and then
// only its links change, one number at a time; reads from anywhere.
#pragma once

#include "base/status.h"
#include "simd/codes.h"
#include "simd/planes.h"
#include "vindex/rotation.h"
#include "vindex/vectors.h"

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace elanus::vindex {

inline constexpr uint32_t kNoLink = 0xffffffff;

// Where the parts of a block lie; sizes in bytes.
struct LeanLayout {
    size_t width = 0;  // rotated dimensions
    uint32_t degree = 0;

    struct Factors {
        float mass;    // |r|^2 + lift^2
        float weight;  // f
        float scale;   // of the 8-bit values
        float lift;
    };
    size_t factors_offset() const { return degree * sizeof(uint32_t); }
    size_t coarse_offset() const { return factors_offset() + sizeof(Factors); }
    size_t fine_offset() const { return coarse_offset() + width / 2; }
    size_t block_bytes() const { return (fine_offset() + width + 63) / 64 * 64; }
};

// A query, or a row in its part, as rows are compared with.
struct LeanQuery {
    std::vector<float> rotated;
    std::vector<int8_t> values;   // 8 bits a dimension
    std::vector<int8_t> weights;  // the same, laid out for 4-bit rows
    float scale = 0;
    float middle = 0;  // what the middle of the 16 steps adds
    float own = 0;
    float mass_part = 1;
    float product_part = 2;
    float lift = 0;
    // Rounding takes costs past what clients are promised.
    float least = -std::numeric_limits<float>::infinity();
    float most = std::numeric_limits<float>::infinity();
};

class LeanRows {
  public:
    LeanRows() = default;
    // `blocks` are those of a file, or room for rows that will be Set(). `centre` has width values,
    // rotated. `longest` is the squared length that lifts fill up to; IP only.
    LeanRows(Metric metric, uint32_t dim, uint32_t degree, uint8_t* blocks,
             std::vector<float> centre, float longest);

    static Rotation RotationOf(uint32_t dim);
    static LeanLayout LayoutOf(uint32_t dim, uint32_t degree);

    const LeanLayout& layout() const { return layout_; }
    const std::vector<float>& centre() const { return centre_; }
    float longest() const { return longest_; }
    const uint8_t* blocks() const { return blocks_; }
    uint32_t dim() const { return dim_; }
    Metric metric() const { return metric_; }

    // `vector`: dim numbers, of length one for COSINE.
    void Set(uint32_t row, const float* vector, std::vector<float>& room);
    void PrepareQuery(const float* vector, LeanQuery* query) const;
    // The row in the part of the query; costs are squared distances between rows.
    void PrepareRow(uint32_t row, LeanQuery* query) const;

    // costs[i] of row ids[i], by the 4-bit rows or by the 8-bit rows.
    void CoarseCosts(const LeanQuery& query, std::span<const uint32_t> ids, float* costs) const;
    void FineCosts(const LeanQuery& query, std::span<const uint32_t> ids, float* costs) const;
    // costs[i] = squared distance of rows `a` and ids[i], by the 8-bit rows.
    void PairCosts(uint32_t a, std::span<const uint32_t> ids, float* costs) const;

    void PrefetchLinks(uint32_t row) const { __builtin_prefetch(Block(row)); }
    void PrefetchCoarse(uint32_t row) const {
        Prefetch(row, layout_.factors_offset(), layout_.fine_offset());
    }
    void PrefetchFine(uint32_t row) const { Prefetch(row, layout_.fine_offset(), block_bytes_); }

    // Link `i` of the row; what it names may be read.
    uint32_t Link(uint32_t row, uint32_t i) const {
        return std::atomic_ref<uint32_t>(Links(row)[i]).load(std::memory_order_acquire);
    }
    void SetLink(uint32_t row, uint32_t i, uint32_t to) {
        std::atomic_ref<uint32_t>(Links(row)[i]).store(to, std::memory_order_release);
    }

  private:
    uint8_t* Block(uint32_t row) const { return blocks_ + row * block_bytes_; }
    uint32_t* Links(uint32_t row) const { return reinterpret_cast<uint32_t*>(Block(row)); }
    LeanLayout::Factors& FactorsOf(uint32_t row) const {
        return *reinterpret_cast<LeanLayout::Factors*>(Block(row) + layout_.factors_offset());
    }
    const int8_t* Fine(uint32_t row) const {
        return reinterpret_cast<const int8_t*>(Block(row) + layout_.fine_offset());
    }
    void Prefetch(uint32_t row, size_t begin, size_t end) const;
    void Lay(LeanQuery* query) const;

    Metric metric_ = Metric::kL2;
    uint32_t dim_ = 0;
    LeanLayout layout_;
    size_t block_bytes_ = 0;
    Rotation rotation_;
    std::vector<float> centre_;
    float longest_ = 0;
    uint8_t* blocks_ = nullptr;
};

}  // namespace elanus::vindex
