// The reference: one lookup a value.
#include "simd/membership_levels.h"
#include "simd/membership_loops.h"

#include <algorithm>

namespace elanus::simd {
namespace {

struct One {
    static constexpr size_t kLanes = 1;

    struct Dense {
        explicit Dense(const DenseBits& set) : set_(set) {}
        uint64_t Mask(const int64_t* p) const {
            const uint64_t bit = std::min(static_cast<uint64_t>(*p) - set_.low, set_.span + 1);
            return set_.bits[bit / 64] >> (bit % 64) & 1;
        }
        DenseBits set_;
    };

    struct Cuckoo {
        explicit Cuckoo(const CuckooSlots& set) : set_(set) {}
        uint64_t Mask(const int64_t* p) const {
            const auto value = static_cast<uint64_t>(*p);
            const int64_t first = set_.slots[value * set_.multipliers[0] >> set_.shift];
            const int64_t second = set_.slots[value * set_.multipliers[1] >> set_.shift];
            return static_cast<uint64_t>(first == *p) | static_cast<uint64_t>(second == *p);
        }
        CuckooSlots set_;
    };
};

}  // namespace

const MembershipKernels& ScalarMemberships() {
    return MembershipLoops<One>::kTable;
}

}  // namespace elanus::simd
