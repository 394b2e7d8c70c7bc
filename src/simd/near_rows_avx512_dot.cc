// Near-row kernels for AVX-512 with VNNI.
//
// A panel holds 64 rows as four strips of 16: of each four dimensions 64 bytes, four of every row,
// shifted by 128 (VNNI multiplies unsigned by signed bytes). A tile of six rows by a panel stays in
// registers over all dimensions: 24 sums, four loads and six broadcasts for 24 multiplications.
#if defined(__x86_64__)
#include "simd/near_rows_levels.h"
#include "simd/near_rows_loops.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

constexpr size_t kStrip = 16;
constexpr size_t kStrips = kNearPanel / kStrip;
constexpr size_t kTileRows = 6;

// 16 rows of 16 words of four bytes -> 16 words of 16 rows.
void Transpose(__m512i* r) {
    __m512i t[16];
    for (int i = 0; i < 16; i += 4) {
        const __m512i a = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        const __m512i b = _mm512_unpackhi_epi32(r[i], r[i + 1]);
        const __m512i c = _mm512_unpacklo_epi32(r[i + 2], r[i + 3]);
        const __m512i d = _mm512_unpackhi_epi32(r[i + 2], r[i + 3]);
        t[i] = _mm512_unpacklo_epi64(a, c);
        t[i + 1] = _mm512_unpackhi_epi64(a, c);
        t[i + 2] = _mm512_unpacklo_epi64(b, d);
        t[i + 3] = _mm512_unpackhi_epi64(b, d);
    }
    for (int i = 0; i < 4; ++i) {  // lane l of t[4 g + i]: word 4 l + i of rows 4 g ..
        const __m512i a = _mm512_shuffle_i32x4(t[i], t[4 + i], 0x88);
        const __m512i b = _mm512_shuffle_i32x4(t[8 + i], t[12 + i], 0x88);
        const __m512i c = _mm512_shuffle_i32x4(t[i], t[4 + i], 0xdd);
        const __m512i d = _mm512_shuffle_i32x4(t[8 + i], t[12 + i], 0xdd);
        r[i] = _mm512_shuffle_i32x4(a, b, 0x88);
        r[8 + i] = _mm512_shuffle_i32x4(a, b, 0xdd);
        r[4 + i] = _mm512_shuffle_i32x4(c, d, 0x88);
        r[12 + i] = _mm512_shuffle_i32x4(c, d, 0xdd);
    }
}

void Lay(const NearRows& rows, size_t n, const NearColumns& columns) {
    LayFactors(rows, columns);
    const __m512i flip = _mm512_set1_epi8(static_cast<char>(0x80));
    for (size_t at = 0; at < NearPadded(rows.count); at += kStrip) {
        uint8_t* strip = columns.panels + at * n;
        for (size_t d = 0; d < n; d += 64) {
            __m512i r[kStrip];
            for (size_t i = 0; i < kStrip; ++i) {
                r[i] = at + i < rows.count ? _mm512_loadu_si512(rows.values[at + i] + d)
                                           : _mm512_setzero_si512();
                r[i] = _mm512_xor_si512(r[i], flip);
            }
            Transpose(r);
            for (size_t i = 0; i < kStrip; ++i) {
                _mm512_store_si512(strip + (d / 4 + i) * 64, r[i]);
            }
        }
    }
}

int32_t SumOf(const int8_t* a, size_t n) {
    const __m512i ones = _mm512_set1_epi8(1);
    __m512i sum = _mm512_setzero_si512();
    for (size_t d = 0; d < n; d += 64) {
        sum = _mm512_dpbusd_epi32(sum, ones, _mm512_loadu_si512(a + d));
    }
    return _mm512_reduce_add_epi32(sum);
}

// The products of `kRows` rows and a panel, handed to store(row, strip, sums) as integers.
template <size_t kRows, typename Store>
void Tile(const int8_t* const* values, const int32_t* shifts, size_t n, const uint8_t* panel,
          const Store& store) {
    __m512i sums[kRows][kStrips];
#pragma GCC unroll 6
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (size_t s = 0; s < kStrips; ++s) {
            sums[r][s] = _mm512_set1_epi32(shifts[r]);
        }
    }
    for (size_t d = 0; d < n; d += 4) {
        __m512i strips[kStrips];
#pragma GCC unroll 4
        for (size_t s = 0; s < kStrips; ++s) {
            strips[s] = _mm512_load_si512(panel + s * kStrip * n + d * kStrip);
        }
#pragma GCC unroll 6
        for (size_t r = 0; r < kRows; ++r) {
            int32_t four;
            std::memcpy(&four, values[r] + d, sizeof four);
            const __m512i x = _mm512_set1_epi32(four);
#pragma GCC unroll 4
            for (size_t s = 0; s < kStrips; ++s) {
                sums[r][s] = _mm512_dpbusd_epi32(sums[r][s], strips[s], x);
            }
        }
    }
#pragma GCC unroll 6
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (size_t s = 0; s < kStrips; ++s) {
            store(r, s, sums[r][s]);
        }
    }
}

// Hands store(row, column, costs of 16 columns) the pairs of every row and the columns from
// first(row) on, which is the start of a panel.
template <typename First, typename Store>
void EachTile(const NearRows& rows, size_t n, const NearColumns& columns, size_t column_count,
              const First& first, const Store& store) {
    int32_t shifts[kTileRows];
    for (size_t i = 0; i < rows.count; i += kTileRows) {
        const size_t count = std::min(kTileRows, rows.count - i);
        for (size_t r = 0; r < count; ++r) {
            shifts[r] = -128 * SumOf(rows.values[i + r], n);
        }
        for (size_t j = first(i); j < NearPadded(column_count); j += kNearPanel) {
            const uint8_t* panel = columns.panels + j * n;
            const auto finish = [&](size_t r, size_t s, __m512i dots) {
                const NearFactors& own = rows.factors[i + r];
                const size_t column = j + s * kStrip;
                const __m512 rise = _mm512_sub_ps(_mm512_set1_ps(own.lift),
                                                  _mm512_loadu_ps(columns.lifts + column));
                const __m512 scales = _mm512_mul_ps(_mm512_set1_ps(own.scale),
                                                    _mm512_loadu_ps(columns.scales + column));
                const __m512 product = _mm512_mul_ps(scales, _mm512_cvtepi32_ps(dots));
                const __m512 norms = _mm512_add_ps(_mm512_set1_ps(own.norm),
                                                   _mm512_loadu_ps(columns.norms + column));
                const __m512 apart = _mm512_fnmadd_ps(_mm512_set1_ps(2.0f), product, norms);
                store(i + r, column, _mm512_fmadd_ps(rise, rise, apart));
            };
            if (count == kTileRows) {
                Tile<kTileRows>(rows.values + i, shifts, n, panel, finish);
                continue;
            }
            for (size_t r = 0; r < count; ++r) {
                Tile<1>(rows.values + i + r, shifts + r, n, panel,
                        [&](size_t, size_t s, __m512i dots) { finish(r, s, dots); });
            }
        }
    }
}

void Costs(const NearRows& rows, size_t n, const NearColumns& columns, size_t column_count,
           float* out, size_t stride) {
    EachTile(
        rows, n, columns, column_count, [](size_t) { return size_t{0}; },
        [&](size_t i, size_t j, __m512 costs) { _mm512_storeu_ps(out + i * stride + j, costs); });
}

// to[c * stride + r] = from[r * stride + c] for eight rows and columns.
void Mirror(const uint16_t* from, uint16_t* to, size_t stride) {
    const auto load = [&](size_t i) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i * stride));
    };
    const auto store = [&](size_t i, __m128i x) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i * stride), x);
    };
    __m128i pairs[8], fours[8];
    for (size_t i = 0; i < 4; ++i) {
        pairs[i] = _mm_unpacklo_epi16(load(2 * i), load(2 * i + 1));
        pairs[4 + i] = _mm_unpackhi_epi16(load(2 * i), load(2 * i + 1));
    }
    for (size_t i = 0; i < 8; i += 2) {
        fours[i] = _mm_unpacklo_epi32(pairs[i], pairs[i + 1]);
        fours[i + 1] = _mm_unpackhi_epi32(pairs[i], pairs[i + 1]);
    }
    for (size_t half = 0; half < 8; half += 4) {
        for (size_t i = 0; i < 2; ++i) {
            const __m128i a = fours[half + i], b = fours[half + 2 + i];
            store(half + 2 * i, _mm_unpacklo_epi64(a, b));
            store(half + 2 * i + 1, _mm_unpackhi_epi64(a, b));
        }
    }
}

// One half is computed, the other mirrored.
void Square(const NearRows& rows, size_t n, const NearColumns& columns, uint32_t base,
            uint16_t* out, size_t stride) {
    const __m512i from = _mm512_set1_epi32(static_cast<int32_t>(base));
    const __m512i most = _mm512_set1_epi32(kNoDistance - 1), zero = _mm512_setzero_si512();
    EachTile(
        rows, n, columns, rows.count, [](size_t i) { return i / kNearPanel * kNearPanel; },
        [&](size_t i, size_t j, __m512 costs) {
            // Rounding makes distances of near copies negative.
            const __m512i bits = _mm512_castps_si512(_mm512_max_ps(_mm512_setzero_ps(), costs));
            const __m512i above = _mm512_max_epi32(_mm512_sub_epi32(bits, from), zero);
            const __m512i kept = _mm512_min_epi32(_mm512_srli_epi32(above, 12), most);
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i * stride + j),
                                _mm512_cvtepi32_epi16(kept));
        });
    for (size_t i = kNearPanel; i < rows.count; i += kNearPanel) {
        for (size_t r = i; r < i + kNearPanel; r += 8) {
            for (size_t c = 0; c < i; c += 8) {
                Mirror(out + c * stride + r, out + r * stride + c, stride);
            }
        }
    }
}

uint16_t Least(__m512i x) {
    const __m256i half =
        _mm256_min_epu16(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
    const __m128i quarter =
        _mm_min_epu16(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    return static_cast<uint16_t>(_mm_cvtsi128_si32(_mm_minpos_epu16(quarter)));
}

size_t Choose(const uint16_t* square, size_t stride, size_t count, uint32_t row, uint16_t slack,
              size_t most, size_t copies, uint16_t* room, uint16_t* out) {
    const uint16_t* own = square + row * stride;
    const size_t end = (count + 31) / 32 * 32;
    const __m512i gone = _mm512_set1_epi16(-1);
    __m512i least = gone;
    for (size_t j = 0; j < end; j += 32) {
        const auto real = static_cast<__mmask32>(count - j >= 32 ? ~0u : (1u << (count - j)) - 1);
        __m512i x = _mm512_mask_loadu_epi16(gone, real, own + j);
        if (row - j < 32) {
            x = _mm512_mask_mov_epi16(x, 1u << (row - j), gone);
        }
        _mm512_storeu_si512(room + j, x);
        least = _mm512_min_epu16(least, x);
    }
    const __m512i extra = _mm512_set1_epi16(static_cast<int16_t>(slack));
    size_t chosen = 0;
    for (uint16_t nearest; chosen < most && (nearest = Least(least)) != kNoDistance;) {
        const __m512i sought = _mm512_set1_epi16(static_cast<int16_t>(nearest));
        size_t next = 0;
        for (;; next += 32) {
            const uint32_t equal = _mm512_cmpeq_epi16_mask(_mm512_loadu_si512(room + next), sought);
            if (equal != 0) {
                next += static_cast<size_t>(std::countr_zero(equal));
                break;
            }
        }
        room[next] = kNoDistance;
        const bool taken = nearest != 0 || copies > 0;
        copies -= taken && nearest == 0 ? 1 : 0;
        if (taken) {
            out[chosen++] = static_cast<uint16_t>(next);
        }
        const uint16_t* from = square + next * stride;
        least = gone;
        for (size_t j = 0; j < end; j += 32) {
            const __m512i cover = _mm512_adds_epu16(_mm512_loadu_si512(from + j), extra);
            const __mmask32 covered =
                taken ? _mm512_cmplt_epu16_mask(cover, _mm512_loadu_si512(own + j)) : 0;
            const __m512i x = _mm512_mask_mov_epi16(_mm512_loadu_si512(room + j), covered, gone);
            _mm512_storeu_si512(room + j, x);
            least = _mm512_min_epu16(least, x);
        }
    }
    return chosen;
}

}  // namespace

const NearKernels& Avx512DotNear() {
    static constexpr NearKernels kTable{Lay, Costs, Square, Choose};
    return kTable;
}

}  // namespace elanus::simd
#endif
