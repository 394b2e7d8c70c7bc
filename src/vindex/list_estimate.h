// What the search for candidates alone says about lists of vectors, for searches that leave out the
// exact comparison (`emb_list_rerank` = false).
//
//   tokenann  each vector of the query has found its nearest vectors. A list's cost is the sum,
//             over the vectors of the query, of its best vector among those found; where it has
//             none there, of the worst that was found at all, which is a bound (XTR: Lee et al.,
//             NeurIPS 2023).
//   muvera    the product of two encodings is near the MaxSim, times the rounds.
// Threads: belongs to one search.
#pragma once

#include "vindex/fixed_encoding.h"
#include "vindex/index.h"

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace elanus::vindex {

// Costs of lists from what each vector of a query has found.
class TokenEstimate {
  public:
    // `metric` compares elements. `lists[i]` is the list of the vector `found.rows[i]`.
    void Add(Metric metric, const Neighbors& found, const std::vector<uint32_t>& lists);
    void Clear();
    float CostOf(uint32_t list) const;

  private:
    struct Gain {
        uint32_t last_query = 0;  // vectors of the query are numbered from 1
        float sum = 0;            // of how much better than the worst the best vectors were
    };

    uint32_t queries_ = 0;
    float worst_ = 0;  // summed over the vectors of the query
    std::unordered_map<uint32_t, Gain> gains_;
};

// Costs of lists from the distances of their encodings to a query's. One list is encoded anew: all
// encodings have the length of the longest, which no file tells.
class EncodingEstimate {
  public:
    // `query` holds `query_vectors` vectors, `row` those of the list `distance` (squared) away.
    // Both outlive the call only.
    EncodingEstimate(const FixedEncoder& encoder, std::string_view query, size_t query_vectors,
                     const std::vector<float>& encoding, std::string_view row, size_t row_vectors,
                     float distance);
    float CostOf(float distance) const;

  private:
    const FixedEncoder& encoder_;
    const size_t query_vectors_;
    double at_zero_ = 0;       // the product of encodings that are no distance apart
    double query_square_ = 0;  // of the lengths of the query's vectors, added up; L2 only
};

}  // namespace elanus::vindex
