// Code kernels for AVX2 with FMA.
#if defined(__x86_64__)
#include "simd/codes_levels.h"
#include "simd/codes_loops.h"
#include "simd/nibble_sums_avx2.h"

#include <immintrin.h>

namespace elanus::simd {
namespace {

__m256i Wide(const int8_t* p) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

__m256i AddProducts(__m256i sum, __m256i a, __m256i b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

__m128i Halve(__m256i sum) {
    return _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
}

int32_t Dot(const int8_t* a, const int8_t* b, size_t n) {
    __m256i s0 = _mm256_setzero_si256(), s1 = s0;
    for (size_t i = 0; i < n; i += 32) {
        s0 = AddProducts(s0, Wide(a + i), Wide(b + i));
        s1 = AddProducts(s1, Wide(a + i + 16), Wide(b + i + 16));
    }
    __m128i sum = Halve(_mm256_add_epi32(s0, s1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
    return _mm_cvtsi128_si32(sum);
}

// Four rows at a time: `a` is widened once for all of them.
void Dots(const int8_t* a, const int8_t* const* rows, size_t count, size_t n, int32_t* out) {
    size_t at = 0;
    for (; at + 4 <= count; at += 4) {
        const int8_t *b0 = rows[at], *b1 = rows[at + 1], *b2 = rows[at + 2], *b3 = rows[at + 3];
        __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
        for (size_t i = 0; i < n; i += 16) {
            const __m256i x = Wide(a + i);
            s0 = AddProducts(s0, x, Wide(b0 + i));
            s1 = AddProducts(s1, x, Wide(b1 + i));
            s2 = AddProducts(s2, x, Wide(b2 + i));
            s3 = AddProducts(s3, x, Wide(b3 + i));
        }
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + at),
                         _mm_hadd_epi32(_mm_hadd_epi32(Halve(s0), Halve(s1)),
                                        _mm_hadd_epi32(Halve(s2), Halve(s3))));
    }
    for (; at < count; ++at) {
        out[at] = Dot(a, rows[at], n);
    }
}

__m256 Absolute(__m256 x) {
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
}

float TotalOf(__m256 x) {
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

float Encode(const float* v, size_t n, int8_t* out) {
    __m256 tops = _mm256_setzero_ps();
    for (size_t i = 0; i < n; i += 8) {
        tops = _mm256_max_ps(Absolute(_mm256_loadu_ps(v + i)), tops);  // NaN: the second
    }
    alignas(32) float parts[8];
    _mm256_store_ps(parts, tops);
    const float top = LargestOf(parts, 8);
    const float scale = top > 0 && std::isfinite(top) ? top / 127.0f : 1.0f;
    const __m256 inverse = _mm256_set1_ps(1.0f / scale);
    const __m256 most = _mm256_set1_ps(127.0f), least = _mm256_set1_ps(-127.0f);
    const auto eight = [&](size_t i) {
        const __m256 x = _mm256_mul_ps(_mm256_loadu_ps(v + i), inverse);
        return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(x, least), most));
    };
    // Packing works within lanes, so the words of four bytes come out as 0 2 4 6 1 3 5 7.
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    for (size_t i = 0; i < n; i += 32) {
        const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(eight(i), eight(i + 8)),
                                                 _mm256_packs_epi32(eight(i + 16), eight(i + 24)));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i),
                            _mm256_permutevar8x32_epi32(bytes, order));
    }
    return scale;
}

// 16 values of 0 to 251 as bytes.
__m128i ToBytes(__m256 a, __m256 b) {
    const __m256i x = _mm256_cvtps_epi32(a), y = _mm256_cvtps_epi32(b);
    return _mm_packus_epi16(
        _mm_packus_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1)),
        _mm_packus_epi32(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1)));
}

// The parts of set bits of eight dimensions, then those of other bits -> two tables of 16.
__m256i Expand(__m128i parts) {
    const __m256i both = _mm256_broadcastsi128_si256(parts);
    const __m256i lane = _mm256_setr_epi64x(0, 0, 0x0404040404040404, 0x0404040404040404);
    // Places of the parts for the first eight entries of a table, and for the others.
    const auto part = [&](int64_t first, int64_t second) {
        const __m256i pick = _mm256_setr_epi64x(first, second, first, second);
        return _mm256_shuffle_epi8(both, _mm256_add_epi8(pick, lane));
    };
    return _mm256_add_epi8(_mm256_add_epi8(part(0x0008000800080008, 0x0008000800080008),
                                           part(0x0101090901010909, 0x0101090901010909)),
                           _mm256_add_epi8(part(0x020202020a0a0a0a, 0x020202020a0a0a0a),
                                           part(0x0b0b0b0b0b0b0b0b, 0x0303030303030303)));
}

void Tables(const float* q, size_t n, uint8_t* tables, SignQuery* query) {
    query->tables = tables;
    query->n = n;
    query->step = SignStep(q, n, &query->offset);
    const __m256 inverse = _mm256_set1_ps(2.0f / query->step), most = _mm256_set1_ps(251.0f);
    const __m256 zero = _mm256_setzero_ps();
    const auto up = [&](size_t i) {
        const __m256 x = _mm256_mul_ps(_mm256_loadu_ps(q + i), inverse);
        return _mm256_min_ps(_mm256_max_ps(x, zero), most);
    };
    const auto down = [&](size_t i) {
        const __m256 x = _mm256_mul_ps(_mm256_loadu_ps(q + i), inverse);
        return _mm256_min_ps(_mm256_max_ps(_mm256_sub_ps(zero, x), zero), most);
    };
    for (size_t i = 0; i < n; i += 16) {
        const __m128i with = ToBytes(up(i), up(i + 8)), without = ToBytes(down(i), down(i + 8));
        auto* out = reinterpret_cast<__m256i*>(tables + 4 * i);
        _mm256_storeu_si256(out, Expand(_mm_unpacklo_epi64(with, without)));
        _mm256_storeu_si256(out + 1, Expand(_mm_unpackhi_epi64(with, without)));
    }
}

SignSums Signs(float scale, const int8_t* values, const float* y, size_t n, uint8_t* bits) {
    const __m256 zero = _mm256_setzero_ps(), times = _mm256_set1_ps(scale);
    const __m256 minus = _mm256_set1_ps(-0.0f);
    __m256 length = zero, square = zero, along = zero, product = zero;
    for (size_t i = 0; i < n; i += 8) {
        const __m128i eight = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(values + i));
        const __m256 other = _mm256_loadu_ps(y + i);
        const __m256 x = _mm256_sub_ps(
            _mm256_mul_ps(times, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(eight))), other);
        const __m256 set = _mm256_cmp_ps(x, zero, _CMP_GT_OQ);
        bits[i / 8] = static_cast<uint8_t>(_mm256_movemask_ps(set));
        length = _mm256_add_ps(length, Absolute(x));
        square = _mm256_fmadd_ps(x, x, square);
        along = _mm256_add_ps(along, _mm256_xor_ps(other, _mm256_andnot_ps(set, minus)));
        product = _mm256_fmadd_ps(x, other, product);
    }
    return {TotalOf(length), TotalOf(square), TotalOf(along), TotalOf(product)};
}

// What is brought near, a cache line a step: all at once would fill the queue and stall it.
class Ahead {
  public:
    Ahead(const uint8_t* next, size_t bytes) : at_(next), end_(next + bytes) {}
    void Step() {
        if (at_ < end_) {
            _mm_prefetch(reinterpret_cast<const char*>(at_), _MM_HINT_T1);
            at_ += 64;
        }
    }
    void Rest() {
        while (at_ < end_) {
            Step();
        }
    }

  private:
    const uint8_t* at_;
    const uint8_t* end_;
};

// The factors of eight vectors.
struct EightFactors {
    __m256 first, second;
};

struct LongEight {
    static EightFactors Of(const uint8_t* factors, size_t i) {
        const auto* first = reinterpret_cast<const float*>(factors);
        return {_mm256_loadu_ps(first + i), _mm256_loadu_ps(first + kGroupVectors + i)};
    }
};

struct ShortEight {
    static EightFactors Of(const uint8_t* factors, size_t i) {
        const __m256i both =
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(factors + i * sizeof(uint32_t)));
        const __m256i upper = _mm256_set1_epi32(static_cast<int>(0xffff0000u));
        return {_mm256_castsi256_ps(_mm256_slli_epi32(both, 16)),
                _mm256_castsi256_ps(_mm256_and_si256(both, upper))};
    }
};

template <typename Form>
uint32_t Costs(const SignQuery& query, const __m256i* sums, const uint8_t* factors, float own,
               float limit, float* costs) {
    const __m256 step = _mm256_set1_ps(query.step), offset = _mm256_set1_ps(-query.offset);
    uint32_t below = 0;
    for (size_t i = 0; i < kGroupVectors; i += 8) {
        const __m256 sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[i / 8]), step, offset);
        const EightFactors eight = Form::Of(factors, i);
        const __m256 cost =
            _mm256_fmadd_ps(eight.second, sum, _mm256_add_ps(_mm256_set1_ps(own), eight.first));
        _mm256_storeu_ps(costs + i, cost);
        const __m256 near = _mm256_cmp_ps(cost, _mm256_set1_ps(limit), _CMP_LT_OQ);
        below |= static_cast<uint32_t>(_mm256_movemask_ps(near)) << i;
    }
    return below;
}

template <typename Form>
uint32_t Scan(const SignQuery& query, const uint8_t* group, float own, float limit,
              const uint8_t* next, size_t next_bytes, float* costs) {
    const size_t bytes = GroupCodeBytes(query.n);
    Ahead ahead(next, next_bytes);
    __m256i sums[kGroupVectors / 8];
    SumNibbles(group, query.tables, bytes, [&] { ahead.Step(); }, sums);
    ahead.Rest();
    return Costs<Form>(query, sums, group + bytes, own, limit, costs);
}

// The transform of the eight values of a register.
__m256 Within(__m256 x) {
    const __m256 ones = _mm256_setr_ps(1, -1, 1, -1, 1, -1, 1, -1);
    const __m256 twos = _mm256_setr_ps(1, 1, -1, -1, 1, 1, -1, -1);
    const __m256 fours = _mm256_setr_ps(1, 1, 1, 1, -1, -1, -1, -1);
    x = _mm256_fmadd_ps(x, ones, _mm256_permute_ps(x, 0xb1));
    x = _mm256_fmadd_ps(x, twos, _mm256_permute_ps(x, 0x4e));
    return _mm256_fmadd_ps(x, fours, _mm256_permute2f128_ps(x, x, 1));
}

void Hadamard(float* v, const float* signs, size_t n) {
    if (n < 8) {
        HadamardLoop(v, signs, n);
        return;
    }
    for (size_t i = 0; i < n; i += 8) {
        _mm256_storeu_ps(v + i,
                         Within(_mm256_mul_ps(_mm256_loadu_ps(v + i), _mm256_loadu_ps(signs + i))));
    }
    for (size_t h = 8; h < n; h *= 2) {
        for (size_t at = 0; at < n; at += 2 * h) {
            for (size_t i = at; i < at + h; i += 8) {
                const __m256 a = _mm256_loadu_ps(v + i), b = _mm256_loadu_ps(v + i + h);
                _mm256_storeu_ps(v + i, _mm256_add_ps(a, b));
                _mm256_storeu_ps(v + i + h, _mm256_sub_ps(a, b));
            }
        }
    }
}

void Reflect(float* v, size_t n, size_t part) {
    const __m256 weight = _mm256_set1_ps(2 * static_cast<float>(part) / static_cast<float>(n));
    for (size_t i = 0; i < part; i += 8) {
        __m256 sum = _mm256_setzero_ps();
        for (size_t at = i; at < n; at += part) {
            sum = _mm256_add_ps(sum, _mm256_loadu_ps(v + at));
        }
        sum = _mm256_mul_ps(sum, weight);
        for (size_t at = i; at < n; at += part) {
            _mm256_storeu_ps(v + at, _mm256_sub_ps(_mm256_loadu_ps(v + at), sum));
        }
    }
}

}  // namespace

const CodeKernels& Avx2Codes() {
    static constexpr CodeKernels kTable{
        Dot, Dots, Encode, Tables, Signs, Scan<LongEight>, Scan<ShortEight>, Hadamard, Reflect};
    return kTable;
}

}  // namespace elanus::simd
#endif
