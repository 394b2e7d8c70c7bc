// Posting kernels for AVX-512 with VBMI.
#include "simd/posting_blocks_levels.h"
#include "simd/posting_blocks_loops.h"

#include <array>

#include <immintrin.h>

namespace elanus::simd {
namespace {

constexpr size_t kLanes = 16;
// A number that starts at any bit of a byte fits the four bytes of a lane.
constexpr uint32_t kLaneWidthMax = 25;

// Where the 16 numbers of a group lie: a group of w-bit numbers has 2 w bytes, so all groups of a
// block are alike.
struct LanePlaces {
    alignas(64) std::array<uint8_t, 64> bytes;
    alignas(64) std::array<uint32_t, kLanes> shifts;
};
constexpr LanePlaces PlacesOf(uint32_t width) {
    LanePlaces places{};
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
        const uint32_t bit = lane * width;
        for (uint32_t i = 0; i < 4; ++i) {
            places.bytes[lane * 4 + i] = static_cast<uint8_t>(bit / 8 + i);
        }
        places.shifts[lane] = bit % 8;
    }
    return places;
}
constexpr auto kPlaces = [] {
    std::array<LanePlaces, kLaneWidthMax + 1> all{};
    for (uint32_t width = 0; width <= kLaneWidthMax; ++width) {
        all[width] = PlacesOf(width);
    }
    return all;
}();

void Unpack(const uint8_t* bytes, uint32_t width, size_t n, uint32_t* values) {
    if (width > kLaneWidthMax) {
        return UnpackLoop(bytes, width, n, values);
    }
    const __m512i order = _mm512_load_si512(kPlaces[width].bytes.data());
    const __m512i shifts = _mm512_load_si512(kPlaces[width].shifts.data());
    const __m512i mask = _mm512_set1_epi32((1 << width) - 1);
    for (size_t i = 0; i < n; i += kLanes, bytes += size_t{2} * width) {
        const __m512i group = _mm512_permutexvar_epi8(order, _mm512_loadu_si512(bytes));
        _mm512_storeu_si512(values + i, _mm512_and_si512(_mm512_srlv_epi32(group, shifts), mask));
    }
}

// Sums of the lanes up to each.
inline __m512i RunningSums(__m512i v) {
    const __m512i zero = _mm512_setzero_si512();
    v = _mm512_add_epi32(v, _mm512_alignr_epi32(v, zero, 15));
    v = _mm512_add_epi32(v, _mm512_alignr_epi32(v, zero, 14));
    v = _mm512_add_epi32(v, _mm512_alignr_epi32(v, zero, 12));
    return _mm512_add_epi32(v, _mm512_alignr_epi32(v, zero, 8));
}

inline __m512i LaneNumbers() {
    return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

inline __mmask16 LanesBelow(size_t n) {
    return n >= kLanes ? __mmask16{0xffff} : static_cast<__mmask16>((1u << n) - 1);
}

uint32_t AddUp(uint32_t first, size_t n, uint32_t* values) {
    const __m512i last_lane = _mm512_set1_epi32(15);
    const __m512i lanes = LaneNumbers();
    __m512i base = _mm512_set1_epi32(static_cast<int>(first));
    __m512i most = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += kLanes) {
        const __m512i sums = RunningSums(_mm512_loadu_si512(values + i));
        const __m512i docs = _mm512_add_epi32(_mm512_add_epi32(sums, lanes), base);
        _mm512_storeu_si512(values + i, docs);
        most = _mm512_mask_max_epu32(most, LanesBelow(n - i), most, docs);
        base = _mm512_add_epi32(_mm512_permutexvar_epi32(last_lane, docs), _mm512_set1_epi32(1));
    }
    return _mm512_reduce_max_epu32(most);
}

size_t Expand(const uint8_t* words, size_t count, uint32_t first, uint32_t* values) {
    const __m512i lanes = LaneNumbers();
    size_t n = 0;
    for (size_t w = 0; w < count; ++w) {
        uint64_t word;
        std::memcpy(&word, words + w * sizeof word, sizeof word);
        if (n + static_cast<size_t>(std::popcount(word)) > kPostingBlock) {
            return kPostingBlock + 1;
        }
        for (uint32_t part = 0; part < 4; ++part) {
            const auto bits = static_cast<__mmask16>(word >> (16 * part));
            const auto base = static_cast<int>(first + w * 64 + part * 16);
            const __m512i docs = _mm512_add_epi32(lanes, _mm512_set1_epi32(base));
            _mm512_storeu_si512(values + n, _mm512_maskz_compress_epi32(bits, docs));
            n += static_cast<size_t>(std::popcount(static_cast<uint32_t>(bits)));
        }
    }
    return n;
}

size_t Rank(const uint32_t* values, uint32_t value) {
    const __m512i limit = _mm512_set1_epi32(static_cast<int>(value));
    size_t below = 0;
    for (size_t i = 0; i < kPostingBlock; i += kLanes) {
        const auto bits =
            static_cast<uint32_t>(_mm512_cmplt_epu32_mask(_mm512_loadu_si512(values + i), limit));
        below += static_cast<size_t>(std::popcount(bits));
    }
    return below;
}

inline __m512i PartOf(__m512 count, __m512 norm, __m512 weight) {
    const __m512 share = _mm512_div_ps(count, _mm512_add_ps(count, norm));
    return _mm512_max_epi32(_mm512_cvtps_epi32(_mm512_mul_ps(weight, share)), _mm512_set1_epi32(1));
}

void Parts(const uint32_t* docs, const uint32_t* counts, size_t n, const PartTable& table,
           int32_t* out) {
    const __m512 weight = _mm512_set1_ps(table.weight);
    const __m512i mask = _mm512_set1_epi32(table.code_bytes == 1 ? 0xff : 0xffff);
    const __m512 one = _mm512_set1_ps(1);
    const __m512i zero = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += kLanes) {
        const __mmask16 lanes = LanesBelow(n - i);
        const __m512i doc = _mm512_loadu_si512(docs + i);
        const __m512i codes = table.code_bytes == 1
                                  ? _mm512_mask_i32gather_epi32(zero, lanes, doc, table.codes, 1)
                                  : _mm512_mask_i32gather_epi32(zero, lanes, doc, table.codes, 2);
        const __m512 norm = _mm512_i32gather_ps(_mm512_and_si512(codes, mask), table.norms, 4);
        const __m512 count =
            counts == nullptr ? one : _mm512_cvtepu32_ps(_mm512_loadu_si512(counts + i));
        _mm512_storeu_si512(out + i, PartOf(count, norm, weight));
    }
}

// Four blocks at a time: of each 8 bytes the low half are counts, the high half classes.
void Bounds(const uint8_t* pairs, size_t blocks, const PartTable& table, int32_t* out) {
    const __m512 weight = _mm512_set1_ps(table.weight);
    const __m512i any = _mm512_set1_epi32(kAnyCount);
    const __m256i halves = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    size_t block = 0;
    for (; block + 4 <= blocks; block += 4) {
        const __m256i bytes = _mm256_permutevar8x32_epi32(
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(pairs + block * 8)), halves);
        const __m512i count = _mm512_cvtepu8_epi32(_mm256_castsi256_si128(bytes));
        const __m512i classes = _mm512_cvtepu8_epi32(_mm256_extracti128_si256(bytes, 1));
        const __m512 norm =
            _mm512_mask_i32gather_ps(_mm512_setzero_ps(), _mm512_cmpneq_epi32_mask(count, any),
                                     classes, table.class_norms, 4);
        __m512i part = PartOf(_mm512_cvtepi32_ps(count), norm, weight);
        part = _mm512_max_epi32(part, _mm512_shuffle_epi32(part, _MM_PERM_BADC));
        part = _mm512_max_epi32(part, _mm512_shuffle_epi32(part, _MM_PERM_CDAB));
        const __m512i firsts = _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + block),
                         _mm512_castsi512_si128(_mm512_permutexvar_epi32(firsts, part)));
    }
    BoundsLoop(pairs + block * 8, blocks - block, table, out + block);
}

size_t Pick(const uint32_t* docs, const int32_t* parts, size_t n, int32_t limit, uint32_t* out_docs,
            int32_t* out_sums) {
    const __m512i least = _mm512_set1_epi32(limit);
    size_t kept = 0;
    for (size_t i = 0; i < n; i += kLanes) {
        const __m512i part = _mm512_loadu_si512(parts + i);
        const __mmask16 good = _mm512_mask_cmpge_epi32_mask(LanesBelow(n - i), part, least);
        if (good == 0) {
            continue;
        }
        _mm512_storeu_si512(out_docs + kept,
                            _mm512_maskz_compress_epi32(good, _mm512_loadu_si512(docs + i)));
        _mm512_storeu_si512(out_sums + kept, _mm512_maskz_compress_epi32(good, part));
        kept += static_cast<size_t>(std::popcount(static_cast<uint32_t>(good)));
    }
    return kept;
}

size_t Sweep(int32_t* sums, size_t n, uint32_t first, int32_t limit, uint32_t* out_docs,
             int32_t* out_sums) {
    const __m512i least = _mm512_set1_epi32(limit);
    const __m512i lanes = LaneNumbers();
    const __m512i zero = _mm512_setzero_si512();
    size_t kept = 0;
    for (size_t i = 0; i < n; i += kLanes) {
        const __m512i part = _mm512_loadu_si512(sums + i);
        _mm512_storeu_si512(sums + i, zero);
        const __mmask16 good = _mm512_cmpge_epi32_mask(part, least);
        if (good == 0) {
            continue;
        }
        const __m512i docs =
            _mm512_add_epi32(lanes, _mm512_set1_epi32(static_cast<int>(first + i)));
        _mm512_storeu_si512(out_docs + kept, _mm512_maskz_compress_epi32(good, docs));
        _mm512_storeu_si512(out_sums + kept, _mm512_maskz_compress_epi32(good, part));
        kept += static_cast<size_t>(std::popcount(static_cast<uint32_t>(good)));
    }
    return kept;
}

}  // namespace

const PostingKernels& Avx512DotPostings() {
    static constexpr PostingKernels kKernels = {Unpack, AddUp, Expand, Rank,    Parts,
                                                Bounds, Pick,  Sweep,  MarkLoop};
    return kKernels;
}

}  // namespace elanus::simd
