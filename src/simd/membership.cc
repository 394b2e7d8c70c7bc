#include "simd/membership.h"

#include "simd/membership_levels.h"

#include <algorithm>

namespace elanus::simd {

namespace {

constexpr uint64_t kDenseBitsMax = uint64_t{1} << 21;  // 256 KiB: half of a small second cache
constexpr uint64_t kDenseBitsPerValue = 4096;          // below, the table of slots is as small
constexpr size_t kSlotsPerValue = 3;                   // cuckoo needs more than 2
constexpr int kAttempts = 32;

// The splitmix64 sequence.
uint64_t NextRandom(uint64_t* state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

}  // namespace

std::optional<MembershipSet> MembershipSet::Make(std::span<const int64_t> values) {
    MembershipSet set;
    if (values.empty() || !(set.MakeDense(values) || set.MakeCuckoo(values))) {
        return std::nullopt;
    }
    return set;
}

bool MembershipSet::MakeDense(std::span<const int64_t> values) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const uint64_t span = static_cast<uint64_t>(*high) - static_cast<uint64_t>(*low);
    if (span >= kDenseBitsMax || span / kDenseBitsPerValue > values.size()) {
        return false;
    }
    bits_.assign(span / 64 + 2, 0);
    for (const int64_t value : values) {
        const uint64_t bit = static_cast<uint64_t>(value) - static_cast<uint64_t>(*low);
        bits_[bit / 64] |= uint64_t{1} << (bit % 64);
    }
    dense_ = {static_cast<uint64_t>(*low), span, bits_.data()};
    return true;
}

bool MembershipSet::MakeCuckoo(std::span<const int64_t> values) {
    const size_t slots = std::bit_ceil(std::max<size_t>(values.size() * kSlotsPerValue, 8));
    cuckoo_.shift = 64 - std::countr_zero(slots);
    slots_.resize(slots);
    cuckoo_.slots = slots_.data();
    uint64_t state = values.size();
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        for (uint64_t& multiplier : cuckoo_.multipliers) {
            multiplier = NextRandom(&state) | 1;
        }
        if (TryPlace(values)) {
            return true;
        }
    }
    return false;
}

bool MembershipSet::TryPlace(std::span<const int64_t> values) {
    constexpr int kMovesMax = 500;
    const auto slot_of = [&](int64_t value, int which) {
        return static_cast<uint64_t>(value) * cuckoo_.multipliers[which] >> cuckoo_.shift;
    };
    std::fill(slots_.begin(), slots_.end(), values[0]);
    std::vector<bool> used(slots_.size());
    for (int64_t value : values) {
        uint64_t slot = slot_of(value, 0);
        const uint64_t other = slot_of(value, 1);
        if ((used[slot] && slots_[slot] == value) || (used[other] && slots_[other] == value)) {
            continue;  // a repetition
        }
        int moves = 0;
        for (; used[slot] && moves < kMovesMax; ++moves) {
            std::swap(value, slots_[slot]);
            const uint64_t first = slot_of(value, 0);
            slot = slot == first ? slot_of(value, 1) : first;
        }
        if (moves == kMovesMax) {
            return false;
        }
        used[slot] = true;
        slots_[slot] = value;
    }
    return true;
}

const MembershipKernels* MembershipsAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
        case Level::kScalar:
            return &ScalarMemberships();
#if defined(__x86_64__)
        case Level::kAvx2:
            return &Avx2Memberships();
        case Level::kAvx512:
        case Level::kAvx512Dot:
            return &Avx512Memberships();
#endif
        default:
            return nullptr;
    }
}

const MembershipKernels& Memberships() {
    static const MembershipKernels* const best = [] {
        const MembershipKernels* wide = MembershipsAt(BestLevel());
        return wide != nullptr ? wide : MembershipsAt(Level::kScalar);
    }();
    return *best;
}

}  // namespace elanus::simd
