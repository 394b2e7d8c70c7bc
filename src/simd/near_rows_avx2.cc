// Near-row kernels for AVX2.
//
// A panel holds 64 rows as four strips of 16: of each two dimensions 32 bytes, two of every row.
// AVX2 multiplies and adds pairs of 16-bit values, so both sides are widened: the rows of a tile
// once, for all columns, and a strip as it is loaded. A tile of six rows by a strip stays in
// registers over all dimensions: 12 sums, two widening loads and six broadcasts for 12
// multiplications. (Bytes multiplied as they are, by unsigned ones with signs put right, take as
// many instructions for as much, but more of those that only half of the units can do.)
#if defined(__x86_64__)
#include "simd/codes.h"
#include "simd/near_rows_levels.h"
#include "simd/near_rows_loops.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

constexpr size_t kStrip = 16;
constexpr size_t kTileRows = 6;
constexpr size_t kLanes = 16;  // 16-bit ones of a register
// Widened rows start in different sets of the cache.
constexpr size_t kApart = 32;
constexpr size_t kWideMax = kTileRows * (kCodeDimMax + kApart);

__m256i Load(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

void Store(void* p, __m256i x) {
    _mm256_storeu_si256(static_cast<__m256i*>(p), x);
}

__m128i LoadHalf(const void* p) {
    return _mm_loadu_si128(static_cast<const __m128i*>(p));
}

void StoreHalf(void* p, __m128i x) {
    _mm_storeu_si128(static_cast<__m128i*>(p), x);
}

__m256i Wide(const void* p) {
    return _mm256_cvtepi8_epi16(LoadHalf(p));
}

// Eight rows of eight words of two bytes -> eight words of eight rows.
void Transpose(__m128i* r) {
    __m128i pairs[8], fours[8];
    for (size_t i = 0; i < 4; ++i) {
        pairs[i] = _mm_unpacklo_epi16(r[2 * i], r[2 * i + 1]);
        pairs[4 + i] = _mm_unpackhi_epi16(r[2 * i], r[2 * i + 1]);
    }
    for (size_t i = 0; i < 8; i += 2) {
        fours[i] = _mm_unpacklo_epi32(pairs[i], pairs[i + 1]);
        fours[i + 1] = _mm_unpackhi_epi32(pairs[i], pairs[i + 1]);
    }
    for (size_t half = 0; half < 8; half += 4) {
        for (size_t i = 0; i < 2; ++i) {
            const __m128i a = fours[half + i], b = fours[half + 2 + i];
            r[half + 2 * i] = _mm_unpacklo_epi64(a, b);
            r[half + 2 * i + 1] = _mm_unpackhi_epi64(a, b);
        }
    }
}

void Lay(const NearRows& rows, size_t n, const NearColumns& columns) {
    LayFactors(rows, columns);
    for (size_t at = 0; at < NearPadded(rows.count); at += 8) {
        uint8_t* strip = columns.panels + at / kStrip * kStrip * n + at % kStrip * 2;
        for (size_t d = 0; d < n; d += 16) {
            __m128i r[8];
            for (size_t i = 0; i < 8; ++i) {
                r[i] =
                    at + i < rows.count ? LoadHalf(rows.values[at + i] + d) : _mm_setzero_si128();
            }
            Transpose(r);
            for (size_t i = 0; i < 8; ++i) {
                StoreHalf(strip + (d / 2 + i) * 2 * kStrip, r[i]);
            }
        }
    }
}

// The products of the rows of a tile, widened and `apart` values from each other, and a strip.
void Tile(const int16_t* wide, size_t apart, size_t n, const uint8_t* strip,
          int32_t dots[kTileRows][kStrip]) {
    __m256i low[kTileRows], high[kTileRows];
#pragma GCC unroll 6
    for (size_t r = 0; r < kTileRows; ++r) {
        low[r] = high[r] = _mm256_setzero_si256();
    }
    for (size_t d = 0; d < n; d += 2) {
        const __m256i a = Wide(strip + d * kStrip), b = Wide(strip + d * kStrip + kStrip);
#pragma GCC unroll 6
        for (size_t r = 0; r < kTileRows; ++r) {
            int32_t two;
            std::memcpy(&two, wide + r * apart + d, sizeof two);
            const __m256i x = _mm256_set1_epi32(two);
            low[r] = _mm256_add_epi32(low[r], _mm256_madd_epi16(a, x));
            high[r] = _mm256_add_epi32(high[r], _mm256_madd_epi16(b, x));
        }
    }
#pragma GCC unroll 6
    for (size_t r = 0; r < kTileRows; ++r) {
        Store(dots[r], low[r]);
        Store(dots[r] + 8, high[r]);
    }
}

// The costs of eight columns.
__m256 EightCosts(const NearFactors& own, const NearColumns& columns, size_t column,
                  const int32_t* dots) {
    const __m256 rise =
        _mm256_sub_ps(_mm256_set1_ps(own.lift), _mm256_loadu_ps(columns.lifts + column));
    const __m256 scales =
        _mm256_mul_ps(_mm256_set1_ps(own.scale), _mm256_loadu_ps(columns.scales + column));
    const __m256 product = _mm256_mul_ps(scales, _mm256_cvtepi32_ps(Load(dots)));
    const __m256 norms =
        _mm256_add_ps(_mm256_set1_ps(own.norm), _mm256_loadu_ps(columns.norms + column));
    const __m256 apart = _mm256_fnmadd_ps(_mm256_set1_ps(2.0f), product, norms);
    return _mm256_fmadd_ps(rise, rise, apart);
}

// Hands sink(row, column, costs of 8 columns, of 8 more) the pairs of every row and the columns
// from first(row) on, which is the start of a panel.
template <typename First, typename Sink>
void EachTile(const NearRows& rows, size_t n, const NearColumns& columns, size_t column_count,
              const First& first, const Sink& sink) {
    alignas(64) int16_t wide[kWideMax];
    alignas(64) int32_t dots[kTileRows][kStrip];
    const size_t apart = n + kApart;
    for (size_t i = 0; i < rows.count; i += kTileRows) {
        const size_t count = std::min(kTileRows, rows.count - i);
        for (size_t r = 0; r < kTileRows; ++r) {
            // A tile that is not full has its last row several times.
            const int8_t* values = rows.values[i + std::min(r, count - 1)];
            for (size_t d = 0; d < n; d += kLanes) {
                Store(wide + r * apart + d, Wide(values + d));
            }
        }
        for (size_t j = first(i); j < NearPadded(column_count); j += kStrip) {
            Tile(wide, apart, n, columns.panels + j * n, dots);
            for (size_t r = 0; r < count; ++r) {
                const NearFactors& own = rows.factors[i + r];
                sink(i + r, j, EightCosts(own, columns, j, dots[r]),
                     EightCosts(own, columns, j + 8, dots[r] + 8));
            }
        }
    }
}

void Costs(const NearRows& rows, size_t n, const NearColumns& columns, size_t column_count,
           float* out, size_t stride) {
    EachTile(
        rows, n, columns, column_count, [](size_t) { return size_t{0}; },
        [&](size_t i, size_t j, __m256 low, __m256 high) {
            _mm256_storeu_ps(out + i * stride + j, low);
            _mm256_storeu_ps(out + i * stride + j + 8, high);
        });
}

// to[c * stride + r] = from[r * stride + c] for eight rows and columns.
void Mirror(const uint16_t* from, uint16_t* to, size_t stride) {
    __m128i r[8];
    for (size_t i = 0; i < 8; ++i) {
        r[i] = LoadHalf(from + i * stride);
    }
    Transpose(r);
    for (size_t i = 0; i < 8; ++i) {
        StoreHalf(to + i * stride, r[i]);
    }
}

// One half is computed, the other mirrored.
void Square(const NearRows& rows, size_t n, const NearColumns& columns, uint32_t base,
            uint16_t* out, size_t stride) {
    const __m256i from = _mm256_set1_epi32(static_cast<int32_t>(base));
    const __m256i most = _mm256_set1_epi32(kNoDistance - 1), zero = _mm256_setzero_si256();
    const auto kept = [&](__m256 costs) {
        // Rounding makes distances of near copies negative.
        const __m256i bits = _mm256_castps_si256(_mm256_max_ps(_mm256_setzero_ps(), costs));
        const __m256i above = _mm256_max_epi32(_mm256_sub_epi32(bits, from), zero);
        return _mm256_min_epi32(_mm256_srli_epi32(above, 12), most);
    };
    EachTile(
        rows, n, columns, rows.count, [](size_t i) { return i / kNearPanel * kNearPanel; },
        [&](size_t i, size_t j, __m256 low, __m256 high) {
            const __m256i halves = _mm256_packus_epi32(kept(low), kept(high));
            Store(out + i * stride + j, _mm256_permute4x64_epi64(halves, 0xd8));
        });
    for (size_t i = kNearPanel; i < rows.count; i += kNearPanel) {
        for (size_t r = i; r < i + kNearPanel; r += 8) {
            for (size_t c = 0; c < i; c += 8) {
                Mirror(out + c * stride + r, out + r * stride + c, stride);
            }
        }
    }
}

uint16_t Greatest(__m256i x) {
    const __m128i half = _mm_max_epu16(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    const __m128i least = _mm_minpos_epu16(_mm_xor_si128(half, _mm_set1_epi16(-1)));
    return static_cast<uint16_t>(~_mm_cvtsi128_si32(least));
}

size_t FirstOf(const uint16_t* values, uint16_t value) {
    const __m256i sought = _mm256_set1_epi16(static_cast<int16_t>(value));
    for (size_t at = 0;; at += kLanes) {
        const __m256i equal = _mm256_cmpeq_epi16(Load(values + at), sought);
        const auto bytes = static_cast<uint32_t>(_mm256_movemask_epi8(equal));
        if (bytes != 0) {
            return at + static_cast<size_t>(std::countr_zero(bytes)) / 2;
        }
    }
}

// Keeps of `room` what keep(at, values), a mask, says, and returns the greatest in every lane.
template <typename Keep>
__m256i Kept(uint16_t* room, size_t end, const Keep& keep) {
    __m256i greatest = _mm256_setzero_si256();
    for (size_t j = 0; j < end; j += kLanes) {
        const __m256i values = Load(room + j);
        const __m256i x = _mm256_and_si256(values, keep(j, values));
        Store(room + j, x);
        greatest = _mm256_max_epu16(greatest, x);
    }
    return greatest;
}

// The room holds distances as what they are short of kNoDistance: the nearest is the greatest, and
// what is gone, 0, is what a mask makes of it.
size_t Choose(const uint16_t* square, size_t stride, size_t count, uint32_t row, uint16_t slack,
              size_t most, size_t copies, uint16_t* room, uint16_t* out) {
    const uint16_t* own = square + row * stride;
    const size_t end = (count + kLanes - 1) / kLanes * kLanes;
    const __m256i ones = _mm256_set1_epi16(-1);
    for (size_t j = 0; j < end; j += kLanes) {
        Store(room + j, _mm256_xor_si256(Load(own + j), ones));
    }
    std::fill(room + count, room + end, uint16_t{0});
    room[row] = 0;
    const __m256i extra = _mm256_set1_epi16(static_cast<int16_t>(slack));
    __m256i greatest = Kept(room, end, [&](size_t, __m256i) { return ones; });
    size_t chosen = 0;
    for (uint16_t nearest; chosen < most && (nearest = Greatest(greatest)) != 0;) {
        const bool copy = nearest == kNoDistance;
        if (copy && copies == 0) {  // nor may any other
            greatest = Kept(room, end, [&](size_t, __m256i values) {
                return _mm256_xor_si256(_mm256_cmpeq_epi16(values, ones), ones);
            });
            continue;
        }
        copies -= copy ? 1 : 0;
        const size_t next = FirstOf(room, nearest);
        room[next] = 0;
        out[chosen++] = static_cast<uint16_t>(next);
        const uint16_t* from = square + next * stride;
        greatest = Kept(room, end, [&](size_t j, __m256i) {
            const __m256i cover = _mm256_adds_epu16(Load(from + j), extra), to = Load(own + j);
            return _mm256_cmpeq_epi16(_mm256_min_epu16(to, cover), to);
        });
    }
    return chosen;
}

}  // namespace

const NearKernels& Avx2Near() {
    static constexpr NearKernels kTable{Lay, Costs, Square, Choose};
    return kTable;
}

}  // namespace elanus::simd
#endif
