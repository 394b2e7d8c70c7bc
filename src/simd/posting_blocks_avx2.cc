// Posting kernels for AVX2: eight documents at once. There is no instruction that packs the lanes
// of a mask, so a table tells which lane goes where.
#if defined(__x86_64__)
#include "simd/posting_blocks_levels.h"
#include "simd/posting_blocks_loops.h"
#include "simd/set_lanes.h"

#include <array>

#include <immintrin.h>

namespace elanus::simd {
namespace {

constexpr size_t kLanes = 8;

__m256i Load(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
__m128i LoadHalf(const void* p) {
    return _mm_loadu_si128(static_cast<const __m128i*>(p));
}
void Store(void* p, __m256i v) {
    _mm256_storeu_si256(static_cast<__m256i*>(p), v);
}
__m256i Broadcast(uint32_t value) {
    return _mm256_set1_epi32(static_cast<int>(value));
}
__m256i LaneNumbers() {
    return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
}

// Which lanes of group after group are among the first n values.
class Left {
  public:
    explicit Left(size_t n)
        : left_(_mm256_sub_epi32(Broadcast(static_cast<uint32_t>(n)), LaneNumbers())) {}
    __m256i Next() {
        const __m256i lanes = _mm256_cmpgt_epi32(left_, _mm256_setzero_si256());
        left_ = _mm256_sub_epi32(left_, Broadcast(kLanes));
        return lanes;
    }

  private:
    __m256i left_;
};

// One bit a lane.
uint32_t Bits(__m256i lanes) {
    return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(lanes)));
}
size_t Count(uint32_t mask) {
    return static_cast<size_t>(std::popcount(mask));
}

// Where the eight numbers of a group lie: a group has `width` bytes, so all groups of a block are
// alike. Each half of a register has four numbers in 16 bytes that start with the first of them.
struct LanePlaces {
    alignas(32) std::array<uint8_t, 4 * kLanes> bytes;
    alignas(32) std::array<uint32_t, kLanes> shifts;
};
constexpr LanePlaces PlacesOf(uint32_t width) {
    LanePlaces places{};
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
        const uint32_t half_starts = lane < 4 ? 0 : 4 * width / 8 * 8;
        const uint32_t bit = lane * width - half_starts;
        for (uint32_t i = 0; i < 4; ++i) {
            places.bytes[lane * 4 + i] = static_cast<uint8_t>(bit / 8 + i);
        }
        places.shifts[lane] = bit % 8;
    }
    return places;
}
constexpr auto kPlaces = [] {
    std::array<LanePlaces, kUnpackWidthMax + 1> all{};
    for (uint32_t width = 0; width <= kUnpackWidthMax; ++width) {
        all[width] = PlacesOf(width);
    }
    return all;
}();
// A number that starts at any bit of a byte fits the four bytes of a lane.
constexpr uint32_t kLaneWidthMax = 25;

__m256i SetLanes(uint32_t mask) {
    return _mm256_cvtepu8_epi32(
        _mm_loadl_epi64(reinterpret_cast<const __m128i*>(&kSetLanes[mask])));
}

// The four bytes at each number's place, eight numbers from `bytes` on.
__m256i FourBytes(const uint8_t* bytes, uint32_t width, __m256i order) {
    const __m256i halves = _mm256_inserti128_si256(_mm256_castsi128_si256(LoadHalf(bytes)),
                                                   LoadHalf(bytes + 4 * width / 8), 1);
    return _mm256_shuffle_epi8(halves, order);
}

template <bool Wide>
void UnpackAs(const uint8_t* bytes, uint32_t width, size_t n, uint32_t* values) {
    const __m256i order = Load(kPlaces[width].bytes.data());
    const __m256i shifts = Load(kPlaces[width].shifts.data());
    const __m256i rest = _mm256_sub_epi32(Broadcast(8), shifts);
    const __m256i mask = Broadcast((uint32_t{1} << width) - 1);
    for (size_t i = 0; i < n; i += kLanes, bytes += width) {
        __m256i group = _mm256_srlv_epi32(FourBytes(bytes, width, order), shifts);
        if constexpr (Wide) {  // the same from the next byte on has what was shifted in as zero
            const __m256i next = _mm256_sllv_epi32(FourBytes(bytes + 1, width, order), rest);
            group = _mm256_or_si256(group, next);
        }
        Store(values + i, _mm256_and_si256(group, mask));
    }
}

void Unpack(const uint8_t* bytes, uint32_t width, size_t n, uint32_t* values) {
    width <= kLaneWidthMax ? UnpackAs<false>(bytes, width, n, values)
                           : UnpackAs<true>(bytes, width, n, values);
}

// What one group adds to the base of the next needs no sums of earlier groups: only one addition a
// group waits for the group before.
uint32_t AddUp(uint32_t first, size_t n, uint32_t* values) {
    __m256i base = _mm256_add_epi32(Broadcast(first), LaneNumbers());
    const auto add_up = [&](uint32_t* eight) {
        __m256i sums = Load(eight);
        sums = _mm256_add_epi32(sums, _mm256_slli_si256(sums, 4));
        sums = _mm256_add_epi32(sums, _mm256_slli_si256(sums, 8));
        const __m256i totals = _mm256_shuffle_epi32(sums, 0xff);  // of each half
        const __m256i others = _mm256_permute2x128_si256(totals, totals, 0x01);
        sums = _mm256_add_epi32(sums, _mm256_blend_epi32(_mm256_setzero_si256(), others, 0xf0));
        const __m256i docs = _mm256_add_epi32(sums, base);
        Store(eight, docs);
        const __m256i step = _mm256_add_epi32(_mm256_add_epi32(totals, others), Broadcast(kLanes));
        base = _mm256_add_epi32(base, step);
        return docs;
    };
    __m256i most = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
        most = _mm256_max_epu32(most, add_up(values + i));
    }
    if (i < n) {
        most = _mm256_max_epu32(most, _mm256_and_si256(add_up(values + i), Left(n - i).Next()));
    }
    const __m128i four =
        _mm_max_epu32(_mm256_castsi256_si128(most), _mm256_extracti128_si256(most, 1));
    const __m128i two = _mm_max_epu32(four, _mm_shuffle_epi32(four, 0x4e));
    const __m128i one = _mm_max_epu32(two, _mm_shuffle_epi32(two, 0xb1));
    return static_cast<uint32_t>(_mm_cvtsi128_si32(one));
}

size_t Expand(const uint8_t* words, size_t count, uint32_t first, uint32_t* values) {
    __m256i docs = _mm256_add_epi32(Broadcast(first), LaneNumbers());
    size_t n = 0;
    for (size_t w = 0; w < count; ++w) {
        uint64_t word = WordAt(words + w * sizeof word);
        if (n + static_cast<size_t>(std::popcount(word)) > kPostingBlock) {
            return kPostingBlock + 1;
        }
        for (size_t part = 0; part < 64; part += kLanes, word >>= kLanes) {
            const auto mask = static_cast<uint32_t>(word & (kMasks - 1));
            Store(values + n, _mm256_permutevar8x32_epi32(docs, SetLanes(mask)));
            docs = _mm256_add_epi32(docs, Broadcast(kLanes));
            n += Count(mask);
        }
    }
    return n;
}

size_t Rank(const uint32_t* values, uint32_t value) {
    const __m256i limit = Broadcast(value);
    const auto not_below = [&](size_t i) {  // -1 in each such lane
        const __m256i v = Load(values + i);
        return _mm256_cmpeq_epi32(_mm256_max_epu32(v, limit), v);
    };
    __m256i even = _mm256_setzero_si256();
    __m256i odd = _mm256_setzero_si256();
    for (size_t i = 0; i < kPostingBlock; i += 2 * kLanes) {
        even = _mm256_add_epi32(even, not_below(i));
        odd = _mm256_add_epi32(odd, not_below(i + kLanes));
    }
    const __m256i eight = _mm256_add_epi32(even, odd);
    const __m128i four =
        _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    const __m128i one = _mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1));
    return static_cast<size_t>(static_cast<int>(kPostingBlock) + _mm_cvtsi128_si32(one));
}

__m256i PartOf(__m256 count, __m256 norm, __m256 weight) {
    const __m256 share = _mm256_div_ps(count, _mm256_add_ps(count, norm));
    return _mm256_max_epi32(_mm256_cvtps_epi32(_mm256_mul_ps(weight, share)), Broadcast(1));
}

// Any unsigned number, rounded once: the halves and the product are exact.
__m256 FloatOf(__m256i v) {
    const __m256 high = _mm256_cvtepi32_ps(_mm256_srli_epi32(v, 16));
    const __m256 low = _mm256_cvtepi32_ps(_mm256_and_si256(v, Broadcast(0xffff)));
    return _mm256_add_ps(_mm256_mul_ps(high, _mm256_set1_ps(65536)), low);
}

// Loaded one by one: two gathers take twice as long.
template <typename Code>
__m256 NormsOf(const uint32_t* docs, const PartTable& table) {
    const auto norm = [&](size_t i) {
        Code code;
        std::memcpy(&code, table.codes + size_t{docs[i]} * sizeof code, sizeof code);
        return table.norms[code];
    };
    return _mm256_setr_ps(norm(0), norm(1), norm(2), norm(3), norm(4), norm(5), norm(6), norm(7));
}

template <typename Code>
void PartsOf(const uint32_t* docs, const uint32_t* counts, size_t n, const PartTable& table,
             int32_t* out) {
    const __m256 weight = _mm256_set1_ps(table.weight);
    const __m256 one = _mm256_set1_ps(1);
    size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
        const __m256 count = counts == nullptr ? one : FloatOf(Load(counts + i));
        Store(out + i, PartOf(count, NormsOf<Code>(docs + i, table), weight));
    }
    PartsLoop(docs + i, counts == nullptr ? nullptr : counts + i, n - i, table, out + i);
}

void Parts(const uint32_t* docs, const uint32_t* counts, size_t n, const PartTable& table,
           int32_t* out) {
    table.code_bytes == 1 ? PartsOf<uint8_t>(docs, counts, n, table, out)
                          : PartsOf<uint16_t>(docs, counts, n, table, out);
}

// The parts of two blocks, one in each half.
__m256i PairParts(const uint8_t* pairs, const float* class_norms, __m256 weight) {
    constexpr size_t kBytes = 2 * kBoundPairs;
    const __m128i counts_first = _mm_shuffle_epi32(LoadHalf(pairs), 0xd8);
    const __m256i count = _mm256_cvtepu8_epi32(counts_first);
    const auto norm = [&](size_t i) {
        return class_norms[pairs[i / kBoundPairs * kBytes + kBoundPairs + i % kBoundPairs]];
    };
    const __m256 norms =
        _mm256_setr_ps(norm(0), norm(1), norm(2), norm(3), norm(4), norm(5), norm(6), norm(7));
    const __m256 any = _mm256_castsi256_ps(_mm256_cmpeq_epi32(count, Broadcast(kAnyCount)));
    return PartOf(_mm256_cvtepi32_ps(count), _mm256_andnot_ps(any, norms), weight);
}

void Bounds(const uint8_t* pairs, size_t blocks, const PartTable& table, int32_t* out) {
    const __m256 weight = _mm256_set1_ps(table.weight);
    size_t block = 0;
    for (; block + 4 <= blocks; block += 4, pairs += size_t{8} * kBoundPairs) {
        const __m256i first = PairParts(pairs, table.class_norms, weight);
        const __m256i second = PairParts(pairs + 4 * kBoundPairs, table.class_norms, weight);
        const __m256i two = _mm256_max_epi32(_mm256_unpacklo_epi32(first, second),
                                             _mm256_unpackhi_epi32(first, second));
        const __m256i one = _mm256_max_epi32(two, _mm256_shuffle_epi32(two, 0x4e));
        const __m128i most =
            _mm_unpacklo_epi32(_mm256_castsi256_si128(one), _mm256_extracti128_si256(one, 1));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + block), most);
    }
    BoundsLoop(pairs, blocks - block, table, out + block);
}

// Appends the lanes of `mask`; returns how many.
size_t Append(uint32_t mask, __m256i docs, __m256i parts, uint32_t* out_docs, int32_t* out_sums) {
    const __m256i lanes = SetLanes(mask);
    Store(out_docs, _mm256_permutevar8x32_epi32(docs, lanes));
    Store(out_sums, _mm256_permutevar8x32_epi32(parts, lanes));
    return Count(mask);
}

size_t Pick(const uint32_t* docs, const int32_t* parts, size_t n, int32_t limit, uint32_t* out_docs,
            int32_t* out_sums) {
    const __m256i least = _mm256_set1_epi32(limit);
    size_t kept = 0;
    Left left(n);
    for (size_t i = 0; i < n; i += kLanes) {
        const __m256i part = Load(parts + i);
        const __m256i less = _mm256_cmpgt_epi32(least, part);
        const uint32_t good = Bits(_mm256_andnot_si256(less, left.Next()));
        if (good != 0) {
            kept += Append(good, Load(docs + i), part, out_docs + kept, out_sums + kept);
        }
    }
    return kept;
}

size_t Sweep(int32_t* sums, size_t n, uint32_t first, int32_t limit, uint32_t* out_docs,
             int32_t* out_sums) {
    const __m256i below = _mm256_set1_epi32(limit - 1);
    const __m256i zero = _mm256_setzero_si256();
    size_t kept = 0;
    for (size_t i = 0; i < n; i += 2 * kLanes) {
        const __m256i left = Load(sums + i);
        const __m256i right = Load(sums + i + kLanes);
        Store(sums + i, zero);
        Store(sums + i + kLanes, zero);
        const __m256i good_left = _mm256_cmpgt_epi32(left, below);
        const __m256i good_right = _mm256_cmpgt_epi32(right, below);
        if (Bits(_mm256_or_si256(good_left, good_right)) == 0) {
            continue;
        }
        const __m256i docs =
            _mm256_add_epi32(Broadcast(first + static_cast<uint32_t>(i)), LaneNumbers());
        kept += Append(Bits(good_left), docs, left, out_docs + kept, out_sums + kept);
        kept += Append(Bits(good_right), _mm256_add_epi32(docs, Broadcast(kLanes)), right,
                       out_docs + kept, out_sums + kept);
    }
    return kept;
}

}  // namespace

const PostingKernels& Avx2Postings() {
    static constexpr PostingKernels kKernels = {Unpack, AddUp, Expand, Rank,    Parts,
                                                Bounds, Pick,  Sweep,  MarkLoop};
    return kKernels;
}

}  // namespace elanus::simd
#endif
