// ListCodes: the rows of an inverted file in the form in which they are scored, by position
// (inverted_lists.h). Each family of inverted files is one kind of codes; a second, finer kind can
// refine what the first one found.
// Threads: immutable; a search brings its own CodeQuery.
#pragma once

#include "codec/envelope.h"
#include "simd/compare.h"
#include "simd/group_costs.h"
#include "vindex/index.h"
#include "vindex/product_quantizer.h"
#include "vindex/scalar_quantizer.h"
#include "vindex/vectors.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace elanus::vindex {

// Sections of codes; their field is the part: 0 the codes, 1 the finer form.
inline constexpr uint32_t kCodesKind = 7;
inline constexpr uint32_t kFactorsKind = 8;
inline constexpr uint32_t kCodebooksKind = 9;  // 10 and 11

// The query of one search as codes are given it.
struct ProbeQuery {
    const Query& raw;     // of the index's vector type
    const float* floats;  // its numbers, of length one for COSINE; null for bits
    const SearchParams& params;
};

// A query made ready for one kind of codes; which members are used is up to the kind. Kept per
// thread and reused (scratch.h).
struct CodeQuery {
    Query raw;
    ScalarQuantizer::Query scalar;
    ProductQuantizer::Query product;
    simd::GroupScan groups;
    std::vector<float> floats;
    std::vector<uint8_t> bytes;
    std::vector<int32_t> numbers;
    std::vector<int8_t> weights;
    float list_cost = 0;  // of what the rows of the list are coded against
    std::vector<float> lows;
    float step = 1;
    float slack = 0;
    float middle = 0;
    size_t high_offset = 0;
};

// Rows of one list: positions first .. first + count - 1, or `count` ascending ones at `picked`.
struct Slice {
    static constexpr size_t kMax = 256;

    uint32_t first = 0;
    uint32_t count = 0;  // at most kMax
    const uint32_t* picked = nullptr;

    uint32_t At(uint32_t i) const { return picked != nullptr ? picked[i] : first + i; }
};

// Costs of the rows of a slice, and which of them matter.
struct SliceCosts {
    static constexpr size_t kWords = Slice::kMax / 64 + 1;

    float costs[Slice::kMax + 64];  // groups of rows are written whole
    // Bit i: !(costs[i] > limit). Others need not be looked at; their costs may be any above it.
    uint64_t near[kWords];

    void Clear() { std::fill_n(near, kWords, uint64_t{0}); }
    // Marks by the costs that are there.
    void Mark(uint32_t count, float limit) {
        Clear();
        simd::Compare<float>(simd::CompareOp::kGt, costs, count, limit, near);
        for (uint32_t word = 0; word < count / 64; ++word) {
            near[word] = ~near[word];
        }
        near[count / 64] ^= (uint64_t{1} << (count % 64)) - 1;
    }
    // Adds marks that start at row `first`.
    void Mark(uint32_t first, uint64_t marks) {
        near[first / 64] |= marks << (first % 64);
        if (first % 64 != 0 && first / 64 + 1 < kWords) {
            near[first / 64 + 1] |= marks >> (64 - first % 64);
        }
    }
};

class ListCodes {
  public:
    virtual ~ListCodes() = default;

    virtual void Start(const ProbeQuery& query, CodeQuery& state) const = 0;
    // Before the rows of a list are scored. `cost` is that of its base (coarse_quantizer.h).
    virtual void StartList(uint32_t list, float cost, CodeQuery& state) const {
        (void)list;
        (void)cost;
        (void)state;
    }
    virtual void Costs(const Slice& slice, float limit, CodeQuery& state,
                       SliceCosts& out) const = 0;

    // Of all rows, with what is kept for each; codebooks not included.
    virtual uint64_t bytes() const = 0;
    virtual void AddTo(codec::EnvelopeWriter& writer, uint32_t part) const = 0;
};

}  // namespace elanus::vindex
