// Code kernels for AVX-512 with VNNI.
#if defined(__x86_64__)
#include "simd/codes_levels.h"
#include "simd/codes_loops.h"

#include <cstring>

#include <immintrin.h>

namespace elanus::simd {
namespace {

// VNNI multiplies unsigned by signed bytes: one side is shifted by 128, and 128 times the sum of
// the other taken off again.
int32_t Dot(const int8_t* a, const int8_t* b, size_t n) {
    const __m512i flip = _mm512_set1_epi8(static_cast<char>(0x80));
    __m512i sum = _mm512_setzero_si512(), shift = sum;
    for (size_t i = 0; i < n; i += 64) {
        const __m512i y = _mm512_loadu_si512(b + i);
        sum = _mm512_dpbusd_epi32(sum, _mm512_xor_si512(_mm512_loadu_si512(a + i), flip), y);
        shift = _mm512_dpbusd_epi32(shift, flip, y);
    }
    return _mm512_reduce_add_epi32(_mm512_sub_epi32(sum, shift));
}

__m128i Halve(__m512i sum) {
    const __m256i half =
        _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64(sum, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

// Four rows at a time: one load of `a` for all of them, sums that do not wait for each other, and
// what the shift by 128 adds (128 times the sum of `a`) taken off once.
void Dots(const int8_t* a, const int8_t* const* rows, size_t count, size_t n, int32_t* out) {
    const __m512i flip = _mm512_set1_epi8(static_cast<char>(0x80));
    __m512i shifts = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += 64) {
        shifts = _mm512_dpbusd_epi32(shifts, flip, _mm512_loadu_si512(a + i));
    }
    const int32_t shift = _mm512_reduce_add_epi32(shifts);
    for (size_t at = 0; at < count; at += 4) {
        const size_t last = count - 1;
        const int8_t* b0 = rows[at];
        const int8_t* b1 = rows[std::min(at + 1, last)];
        const int8_t* b2 = rows[std::min(at + 2, last)];
        const int8_t* b3 = rows[std::min(at + 3, last)];
        __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
        for (size_t i = 0; i < n; i += 64) {
            const __m512i x = _mm512_loadu_si512(a + i);
            s0 = _mm512_dpbusd_epi32(s0, _mm512_xor_si512(_mm512_loadu_si512(b0 + i), flip), x);
            s1 = _mm512_dpbusd_epi32(s1, _mm512_xor_si512(_mm512_loadu_si512(b1 + i), flip), x);
            s2 = _mm512_dpbusd_epi32(s2, _mm512_xor_si512(_mm512_loadu_si512(b2 + i), flip), x);
            s3 = _mm512_dpbusd_epi32(s3, _mm512_xor_si512(_mm512_loadu_si512(b3 + i), flip), x);
        }
        const __m128i sums = _mm_hadd_epi32(_mm_hadd_epi32(Halve(s0), Halve(s1)),
                                            _mm_hadd_epi32(Halve(s2), Halve(s3)));
        const auto taken = static_cast<__mmask8>(count - at >= 4 ? 15 : (1u << (count - at)) - 1);
        _mm_mask_storeu_epi32(out + at, taken, _mm_sub_epi32(sums, _mm_set1_epi32(shift)));
    }
}

float Encode(const float* v, size_t n, int8_t* out) {
    __m512 tops = _mm512_setzero_ps();
    for (size_t i = 0; i < n; i += 16) {
        tops = _mm512_max_ps(_mm512_abs_ps(_mm512_loadu_ps(v + i)), tops);  // NaN: the second
    }
    const float top = _mm512_reduce_max_ps(tops);
    const float scale = top > 0 && std::isfinite(top) ? top / 127.0f : 1.0f;
    const __m512 inverse = _mm512_set1_ps(1.0f / scale);
    const __m512i most = _mm512_set1_epi32(127), least = _mm512_set1_epi32(-127);
    for (size_t i = 0; i < n; i += 16) {
        const __m512i x = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(v + i), inverse));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                         _mm512_cvtepi32_epi8(_mm512_max_epi32(_mm512_min_epi32(x, most), least)));
    }
    return scale;
}

// 16 dimensions: the parts of set and of other bits -> four tables of 16.
__m512i Expand(__m128i with, __m128i without) {
    constexpr uint64_t kMasks[4] = {0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0,
                                    0xff00ff00ff00ff00};
    const __m512i up = _mm512_broadcast_i32x4(with), down = _mm512_broadcast_i32x4(without);
    const __m512i lane =
        _mm512_set_epi64(0x0c0c0c0c0c0c0c0c, 0x0c0c0c0c0c0c0c0c, 0x0808080808080808,
                         0x0808080808080808, 0x0404040404040404, 0x0404040404040404, 0, 0);
    __m512i total = _mm512_setzero_si512();
    for (int d = 0; d < 4; ++d) {
        const __m512i pick = _mm512_add_epi8(lane, _mm512_set1_epi8(static_cast<char>(d)));
        total = _mm512_add_epi8(
            total, _mm512_mask_shuffle_epi8(_mm512_shuffle_epi8(down, pick), kMasks[d], up, pick));
    }
    return total;
}

void Tables(const float* q, size_t n, uint8_t* tables, SignQuery* query) {
    query->tables = tables;
    query->n = n;
    query->step = SignStep(q, n, &query->offset);
    const __m512 inverse = _mm512_set1_ps(2.0f / query->step), zero = _mm512_setzero_ps();
    const __m512 most = _mm512_set1_ps(251.0f);
    for (size_t i = 0; i < n; i += 16) {
        const __m512 v = _mm512_mul_ps(_mm512_loadu_ps(q + i), inverse);
        const __m512 up = _mm512_min_ps(_mm512_max_ps(v, zero), most);
        const __m512 down = _mm512_min_ps(_mm512_max_ps(_mm512_sub_ps(zero, v), zero), most);
        _mm512_storeu_si512(tables + 4 * i, Expand(_mm512_cvtepi32_epi8(_mm512_cvtps_epi32(up)),
                                                   _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(down))));
    }
}

SignSums Signs(float scale, const int8_t* values, const float* y, size_t n, uint8_t* bits) {
    const __m512 zero = _mm512_setzero_ps(), times = _mm512_set1_ps(scale);
    __m512 length = zero, square = zero, along = zero, product = zero;
    for (size_t i = 0; i < n; i += 16) {
        const __m128i eight = _mm_loadu_si128(reinterpret_cast<const __m128i*>(values + i));
        const __m512 other = _mm512_loadu_ps(y + i);
        const __m512 x = _mm512_sub_ps(
            _mm512_mul_ps(times, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(eight))), other);
        const __mmask16 set = _mm512_cmp_ps_mask(x, zero, _CMP_GT_OQ);
        std::memcpy(bits + i / 8, &set, sizeof set);
        length = _mm512_add_ps(length, _mm512_abs_ps(x));
        square = _mm512_fmadd_ps(x, x, square);
        along = _mm512_add_ps(along, _mm512_mask_sub_ps(other, _knot_mask16(set), zero, other));
        product = _mm512_fmadd_ps(x, other, product);
    }
    return {_mm512_reduce_add_ps(length), _mm512_reduce_add_ps(square), _mm512_reduce_add_ps(along),
            _mm512_reduce_add_ps(product)};
}

// Four lanes of eight words -> eight integers.
__m256i AddLanes(__m512i words) {
    const __m512i x = _mm512_add_epi32(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(words)),
                                       _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(words, 1)));
    return _mm256_add_epi32(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
}

// Sums of the even and the odd bytes -> 16 sums in order.
__m512 Sums(__m512i all, __m512i odd) {
    const __m512i even = _mm512_sub_epi16(all, _mm512_slli_epi16(odd, 8));
    const __m512i both =
        _mm512_inserti64x4(_mm512_castsi256_si512(AddLanes(even)), AddLanes(odd), 1);
    const __m512i order = _mm512_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    return _mm512_cvtepi32_ps(_mm512_permutexvar_epi32(order, both));
}

// The factors of sixteen vectors.
struct SixteenFactors {
    __m512 first, second;
};

struct LongSixteen {
    static SixteenFactors Of(const uint8_t* factors, size_t i) {
        const auto* first = reinterpret_cast<const float*>(factors);
        return {_mm512_loadu_ps(first + i), _mm512_loadu_ps(first + kGroupVectors + i)};
    }
};

struct ShortSixteen {
    static SixteenFactors Of(const uint8_t* factors, size_t i) {
        const __m512i both = _mm512_loadu_si512(factors + i * sizeof(uint32_t));
        const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xffff0000u));
        return {_mm512_castsi512_ps(_mm512_slli_epi32(both, 16)),
                _mm512_castsi512_ps(_mm512_and_si512(both, upper))};
    }
};

template <typename Form>
uint32_t Scan(const SignQuery& query, const uint8_t* group, float own, float limit,
              const uint8_t* next, size_t next_bytes, float* costs) {
    const __m512i low = _mm512_set1_epi8(15);
    __m512i a0 = _mm512_setzero_si512(), a1 = a0, b0 = a0, b1 = a0;
    const size_t bytes = GroupCodeBytes(query.n);
    size_t fetched = 0;
    for (size_t at = 0; at < bytes; at += 64) {
        // Spread over the loop: all at once they would fill the queue and stall it.
        if (fetched < next_bytes) {
            _mm_prefetch(reinterpret_cast<const char*>(next + fetched), _MM_HINT_T1);
            fetched += 64;
        }
        const __m512i codes = _mm512_loadu_si512(group + at);
        const __m512i table = _mm512_loadu_si512(query.tables + at);
        const __m512i a = _mm512_shuffle_epi8(table, _mm512_and_si512(codes, low));
        const __m512i b =
            _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(codes, 4), low));
        a0 = _mm512_add_epi16(a0, a);
        a1 = _mm512_add_epi16(a1, _mm512_srli_epi16(a, 8));
        b0 = _mm512_add_epi16(b0, b);
        b1 = _mm512_add_epi16(b1, _mm512_srli_epi16(b, 8));
    }
    for (; fetched < next_bytes; fetched += 64) {
        _mm_prefetch(reinterpret_cast<const char*>(next + fetched), _MM_HINT_T1);
    }
    const __m512 step = _mm512_set1_ps(query.step), offset = _mm512_set1_ps(-query.offset);
    const auto finish = [&](__m512 sums, size_t at) {
        const SixteenFactors sixteen = Form::Of(group + bytes, at);
        const __m512 cost = _mm512_fmadd_ps(sixteen.second, _mm512_fmadd_ps(sums, step, offset),
                                            _mm512_add_ps(_mm512_set1_ps(own), sixteen.first));
        _mm512_storeu_ps(costs + at, cost);
        return static_cast<uint32_t>(_mm512_cmp_ps_mask(cost, _mm512_set1_ps(limit), _CMP_LT_OQ));
    };
    return finish(Sums(a0, a1), 0) | finish(Sums(b0, b1), 16) << 16;
}

// The transform of the 16 values of a register.
__m512 Within(__m512 x) {
    const __m512 one = _mm512_set1_ps(1.0f), minus = _mm512_set1_ps(-1.0f);
    x = _mm512_fmadd_ps(x, _mm512_mask_mov_ps(one, 0xaaaa, minus), _mm512_permute_ps(x, 0xb1));
    x = _mm512_fmadd_ps(x, _mm512_mask_mov_ps(one, 0xcccc, minus), _mm512_permute_ps(x, 0x4e));
    x = _mm512_fmadd_ps(x, _mm512_mask_mov_ps(one, 0xf0f0, minus),
                        _mm512_shuffle_f32x4(x, x, 0xb1));
    return _mm512_fmadd_ps(x, _mm512_mask_mov_ps(one, 0xff00, minus),
                           _mm512_shuffle_f32x4(x, x, 0x4e));
}

void Hadamard(float* v, const float* signs, size_t n) {
    if (n < 16) {
        HadamardLoop(v, signs, n);
        return;
    }
    for (size_t i = 0; i < n; i += 16) {
        _mm512_storeu_ps(v + i,
                         Within(_mm512_mul_ps(_mm512_loadu_ps(v + i), _mm512_loadu_ps(signs + i))));
    }
    for (size_t h = 16; h < n; h *= 2) {
        for (size_t at = 0; at < n; at += 2 * h) {
            for (size_t i = at; i < at + h; i += 16) {
                const __m512 a = _mm512_loadu_ps(v + i), b = _mm512_loadu_ps(v + i + h);
                _mm512_storeu_ps(v + i, _mm512_add_ps(a, b));
                _mm512_storeu_ps(v + i + h, _mm512_sub_ps(a, b));
            }
        }
    }
}

void Reflect(float* v, size_t n, size_t part) {
    const __m512 weight = _mm512_set1_ps(2 * static_cast<float>(part) / static_cast<float>(n));
    for (size_t i = 0; i < part; i += 16) {
        __m512 sum = _mm512_setzero_ps();
        for (size_t at = i; at < n; at += part) {
            sum = _mm512_add_ps(sum, _mm512_loadu_ps(v + at));
        }
        sum = _mm512_mul_ps(sum, weight);
        for (size_t at = i; at < n; at += part) {
            _mm512_storeu_ps(v + at, _mm512_sub_ps(_mm512_loadu_ps(v + at), sum));
        }
    }
}

}  // namespace

const CodeKernels& Avx512DotCodes() {
    static constexpr CodeKernels kTable{
        Dot, Dots, Encode, Tables, Signs, Scan<LongSixteen>, Scan<ShortSixteen>, Hadamard, Reflect};
    return kTable;
}

}  // namespace elanus::simd
#endif
