// MembershipSet: which values of a column are among many constants, one bit a row, 64 rows a word.
//
// Two layouts, chosen from the constants. When they lie close together: one bit for each number
// between the smallest and the largest. Otherwise a cuckoo table: a constant lies in one of two
// slots, so that a lookup is two loads and no branch, whether it is found or not, and wide loads
// look up many rows at once. A free slot holds one of the constants: finding it there is no lie.
// Values are int64; doubles are asked for by their bits (KeyOf).
// Words: as in compare.h.
// Threads: immutable once made.
#pragma once

#include "simd/cpu.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace elanus::simd {

struct DenseBits {
    uint64_t low = 0;                // of the constants, as unsigned
    uint64_t span = 0;               // largest - smallest; bit `span` + 1 is zero
    const uint64_t* bits = nullptr;  // bit i: low + i is a constant
};
struct CuckooSlots {
    const int64_t* slots = nullptr;
    uint64_t multipliers[2] = {1, 1};
    int shift = 63;  // slot = value * multiplier >> shift
};

struct MembershipKernels {
    void (*dense)(const DenseBits& set, const int64_t* values, size_t count, uint64_t* words);
    void (*cuckoo)(const CuckooSlots& set, const int64_t* values, size_t count, uint64_t* words);
};
const MembershipKernels& Memberships();
// The kernels of one level; null when there are none. The scalar ones are the reference.
const MembershipKernels* MembershipsAt(Level level);

class MembershipSet {
  public:
    // Absent when there are no values, or no table was found for them (they would have to be chosen
    // against the multipliers).
    static std::optional<MembershipSet> Make(std::span<const int64_t> values);
    MembershipSet(MembershipSet&&) = default;
    MembershipSet& operator=(MembershipSet&&) = default;

    bool is_dense() const { return dense_.bits != nullptr; }
    void Contains(const int64_t* values, size_t count, uint64_t* words,
                  const MembershipKernels& kernels = Memberships()) const {
        is_dense() ? kernels.dense(dense_, values, count, words)
                   : kernels.cuckoo(cuckoo_, values, count, words);
    }

    // Equal doubles have equal keys; NaN, which equals nothing, must not be made a constant.
    static int64_t KeyOf(double value) { return std::bit_cast<int64_t>(value + 0.0); }

  private:
    MembershipSet() = default;
    bool MakeDense(std::span<const int64_t> values);
    bool MakeCuckoo(std::span<const int64_t> values);
    bool TryPlace(std::span<const int64_t> values);

    std::vector<uint64_t> bits_;
    std::vector<int64_t> slots_;
    DenseBits dense_;
    CuckooSlots cuckoo_;
};

}  // namespace elanus::simd
