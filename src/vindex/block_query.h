// BlockQuery: a query as the blocks of a graph are compared with it (block_layout.h).
//
// Costs are squared Euclidean distances for L2 and, of vectors of length one, for COSINE (so twice
// the exact cost, and two); for IP they are twice the negated inner product.
// Threads: belongs to one search, whose scratch has its arrays.
#pragma once

#include "simd/codes.h"
#include "vindex/block_layout.h"
#include "vindex/metric.h"
#include "vindex/rotation.h"
#include "vindex/scratch.h"

#include <cstdint>

namespace elanus::vindex {

// Deviations within which costs of own rows are taken for possibly in the other order.
inline constexpr float kDoubtDeviations = 2.5f;

class BlockQuery {
  public:
    BlockQuery() = default;
    // `query` has `dim` values, of length one for COSINE; so has `centre`, that of the rows.
    BlockQuery(const BlockLayout& layout, Metric metric, const Rotation& rotation,
               const float* query, const float* centre, uint32_t dim, SearchScratch& scratch);
    // Makes ready for Scan().
    void PrepareScan(SearchScratch& scratch);

    // The cost of a block's own row.
    float OwnCost(const uint8_t* block) const;
    // The variance of that cost, which is `cost`.
    float OwnVariance(const BlockLayout::Own& own, float cost) const;
    // Estimates of the costs of the rows that the edges of a group lead to, from a row that costs
    // `own`; those below `limit` as bits. Fetches `fetched` bytes at `fetch` meanwhile.
    uint32_t Scan(const uint8_t* group, float own, float limit, const uint8_t* fetch,
                  size_t fetched, float* costs) const {
        return scan_(signs, group, own, limit, fetch, fetched, costs);
    }

    simd::SignQuery signs;          // of Scan()
    const int8_t* coded = nullptr;  // 8-bit values ...
    float scale = 0;                // ... of this step
    float norm = 0;                 // squared length; 0 for IP
    float length = 0;

  private:
    float NibbleVariance(const BlockLayout::Own& own, float cost) const;

    const simd::CodeKernels* kernels_ = nullptr;
    BlockLayout layout_;
    BlockLayout::ScanFunction scan_ = nullptr;
    bool ip_ = false;
    const float* rotated_ = nullptr;
    const int8_t* weights_ = nullptr;  // as rows of 4 bits are compared with them
    float middle_ = 0;                 // to be taken from their products
};

}  // namespace elanus::vindex
