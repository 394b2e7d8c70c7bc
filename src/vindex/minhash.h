// MinHash signatures: bit vectors of elements, each the least hash of a set under one hash function
// (Broder 1997). The share of equal elements estimates the Jaccard similarity of two sets.
// For locality sensitive hashing the elements are cut into bands (Indyk & Motwani 1998; Leskovec,
// Rajaraman, Ullman, "Mining of massive datasets", 3.4): two signatures are candidates when all
// elements of a band agree.
// Threads: values over constant bytes.
#pragma once

#include "base/status.h"
#include "vindex/index.h"

#include <cstdint>

namespace elanus::vindex {

inline constexpr int64_t kElementBitsMin = 8;
inline constexpr int64_t kElementBitsMax = 256;

struct MinHashShape {
    uint32_t dim = 0;  // bits
    uint32_t element_bits = 8;
    uint32_t bands = 1;

    // Of parameters mh_element_bit_width and mh_lsh_band.
    static MinHashShape Of(uint32_t dim, const ParamMap& params);
    // Refuses what Of() cannot make whole elements and bands of.
    static base::Status Check(int64_t dim, const ParamMap& params);
    bool IsPlausible() const;

    uint32_t elements() const { return dim / element_bits; }
    uint32_t element_bytes() const { return element_bits / 8; }
    // The first element of a band; of band `bands`, elements().
    uint32_t First(uint32_t band) const {
        return static_cast<uint32_t>(uint64_t{band} * elements() / bands);
    }
};

// Stable: stored in files.
uint64_t BandHash(const MinHashShape& shape, const uint8_t* signature, uint32_t band);
// The share of elements that are equal, and of bands.
float EqualElements(const MinHashShape& shape, const uint8_t* a, const uint8_t* b);
float EqualBands(const MinHashShape& shape, const uint8_t* a, const uint8_t* b);

// What a search of MHJACCARD gives a row, by scanning: 0 when no band agrees; else the share of
// equal elements with mh_search_with_jaccard, of equal bands without.
class MinHashScorer {
  public:
    MinHashScorer() = default;
    // `params` are those of the search together with the shape's.
    MinHashScorer(uint32_t dim, const ParamMap& params);

    float Score(const void* query, const void* row) const;

  private:
    MinHashShape shape_;
    bool jaccard_ = false;
};

}  // namespace elanus::vindex
