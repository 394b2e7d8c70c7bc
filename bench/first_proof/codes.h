// What the first proof stores of a vector: a rotated row in 8 or 4 bits, and signs of edges; with
// the kernels that score them. Built for the machine at hand (-march=native, AVX-512 with VNNI).
//
// All costs are squared Euclidean distances of rotated, centred vectors. The rotation makes
// coordinates alike, so that one scale a row serves all of them (RaBitQ, arXiv 2405.12497, and its
// extension, arXiv 2409.09913).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <vector>

#include <immintrin.h>
#include <sys/mman.h>

namespace elanus::bench {

// Zeroed memory on huge pages.
class HugeArray {
  public:
    explicit HugeArray(size_t bytes = 0) : bytes_((bytes + kPage) / kPage * kPage) {
        void* p = std::aligned_alloc(kPage, bytes_);
        madvise(p, bytes_, MADV_HUGEPAGE);
        std::memset(p, 0, bytes_);
        data_.reset(static_cast<uint8_t*>(p));
    }
    uint8_t* data() const { return data_.get(); }

  private:
    static constexpr size_t kPage = size_t{2} << 20;
    struct Free {
        void operator()(void* p) const { std::free(p); }
    };
    size_t bytes_;
    std::unique_ptr<uint8_t[], Free> data_;
};

// Random signs, Hadamard transforms of the parts of 2^a coordinates, and a reflection across the
// parts; twice. Orthogonal; dim is padded to 2^a times a small odd number.
class Rotation {
  public:
    Rotation(size_t dim, uint64_t seed) : dim_(dim), padded_((dim + 63) / 64 * 64), part_(64) {
        while (padded_ / part_ > 15 || (padded_ / part_) % 2 == 0) {
            part_ *= 2;
            padded_ = (padded_ + part_ - 1) / part_ * part_;
        }
        std::mt19937_64 random(seed);
        signs_.resize(2 * padded_);
        const float scale = 1.0f / std::sqrt(static_cast<float>(part_));
        for (float& sign : signs_) {
            sign = (random() & 1) != 0 ? scale : -scale;
        }
    }
    size_t padded() const { return padded_; }

    // out has padded() floats; those of `v` beyond dim count as zero.
    void Apply(const float* v, float* out) const {
        std::memcpy(out, v, dim_ * sizeof(float));
        std::fill(out + dim_, out + padded_, 0.0f);
        for (size_t round = 0; round < 2; ++round) {
            for (size_t at = 0; at < padded_; at += part_) {
                Hadamard(out + at, signs_.data() + round * padded_ + at);
            }
            Reflect(out);
        }
    }

  private:
    static constexpr size_t kInRegisters = 256;

    // v * signs, then the transform: long strides through memory, the last 256 in registers.
    void Hadamard(float* v, const float* signs) const {
        for (size_t i = 0; i < part_; i += 16) {
            _mm512_storeu_ps(v + i,
                             _mm512_mul_ps(_mm512_loadu_ps(v + i), _mm512_loadu_ps(signs + i)));
        }
        for (size_t h = part_ / 2; h >= kInRegisters; h /= 2) {
            for (size_t at = 0; at < part_; at += 2 * h) {
                for (size_t i = at; i < at + h; i += 16) {
                    const __m512 a = _mm512_loadu_ps(v + i), b = _mm512_loadu_ps(v + i + h);
                    _mm512_storeu_ps(v + i, _mm512_add_ps(a, b));
                    _mm512_storeu_ps(v + i + h, _mm512_sub_ps(a, b));
                }
            }
        }
        for (size_t at = 0; at < part_; at += kInRegisters) {
            if (part_ >= 256) {
                InRegisters<16>(v + at);
            } else if (part_ == 128) {
                InRegisters<8>(v + at);
            } else {
                InRegisters<4>(v + at);
            }
        }
    }
    template <int kVectors>
    [[gnu::always_inline]] static void InRegisters(float* v) {
        __m512 x[kVectors];
#pragma GCC unroll 16
        for (int i = 0; i < kVectors; ++i) {
            x[i] = WithinVector(_mm512_loadu_ps(v + 16 * i));
        }
        Stage<kVectors, 1>(x);
        Stage<kVectors, 2>(x);
        Stage<kVectors, 4>(x);
        Stage<kVectors, 8>(x);
#pragma GCC unroll 16
        for (int i = 0; i < kVectors; ++i) {
            _mm512_storeu_ps(v + 16 * i, x[i]);
        }
    }
    template <int kVectors, int kStride>
    [[gnu::always_inline]] static void Stage(__m512* x) {
        if constexpr (kStride < kVectors) {
#pragma GCC unroll 8
            for (int p = 0; p < kVectors / 2; ++p) {
                const int i = p / kStride * 2 * kStride + p % kStride;
                const __m512 a = x[i], b = x[i + kStride];
                x[i] = _mm512_add_ps(a, b);
                x[i + kStride] = _mm512_sub_ps(a, b);
            }
        }
    }
    static __m512 WithinVector(__m512 x) {
        const __m512 one = _mm512_set1_ps(1.0f), minus = _mm512_set1_ps(-1.0f);
        x = _mm512_fmadd_ps(x, _mm512_mask_mov_ps(one, 0xaaaa, minus), _mm512_permute_ps(x, 0xb1));
        x = _mm512_fmadd_ps(x, _mm512_mask_mov_ps(one, 0xcccc, minus), _mm512_permute_ps(x, 0x4e));
        x = _mm512_fmadd_ps(x, _mm512_mask_mov_ps(one, 0xf0f0, minus),
                            _mm512_shuffle_f32x4(x, x, 0xb1));
        return _mm512_fmadd_ps(x, _mm512_mask_mov_ps(one, 0xff00, minus),
                               _mm512_shuffle_f32x4(x, x, 0x4e));
    }
    void Reflect(float* v) const {
        const size_t parts = padded_ / part_;
        if (parts == 1) {
            return;
        }
        const __m512 weight = _mm512_set1_ps(-2.0f / static_cast<float>(parts));
        for (size_t i = 0; i < part_; i += 16) {
            __m512 sum = _mm512_setzero_ps();
            for (size_t p = i; p < padded_; p += part_) {
                sum = _mm512_add_ps(sum, _mm512_loadu_ps(v + p));
            }
            for (size_t p = i; p < padded_; p += part_) {
                _mm512_storeu_ps(v + p, _mm512_fmadd_ps(sum, weight, _mm512_loadu_ps(v + p)));
            }
        }
    }

    size_t dim_, padded_, part_;
    std::vector<float> signs_;  // times the scale that keeps lengths
};

// A row in 8 bits: x = scale * values. `sum128` is 128 * (sum of values), which takes the offset of
// the unsigned side out of a product; `norm` is |x|^2.
struct Row8 {
    float scale;
    int32_t sum128;
    float norm;
    float pad;
};

// The scale with which the largest value is 127; n is a multiple of 16.
inline float Encode8(const float* v, size_t n, int8_t* out) {
    __m512 tops = _mm512_setzero_ps();
    for (size_t i = 0; i < n; i += 16) {
        tops = _mm512_max_ps(tops, _mm512_abs_ps(_mm512_loadu_ps(v + i)));
    }
    const float top = _mm512_reduce_max_ps(tops);
    const float scale = top > 0 ? top / 127.0f : 1.0f;
    const __m512 inverse = _mm512_set1_ps(1.0f / scale);
    for (size_t i = 0; i < n; i += 16) {
        const __m512i x = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(v + i), inverse));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm512_cvtsepi32_epi8(x));
    }
    return scale;
}

inline float Norm2(const float* v, size_t n) {
    __m512 sum = _mm512_setzero_ps();
    for (size_t i = 0; i < n; i += 16) {
        const auto mask = static_cast<__mmask16>(n - i >= 16 ? 0xffff : (1 << (n - i)) - 1);
        const __m512 x = _mm512_maskz_loadu_ps(mask, v + i);
        sum = _mm512_fmadd_ps(x, x, sum);
    }
    return _mm512_reduce_add_ps(sum);
}

// Sum of products of unsigned and signed bytes; n is a multiple of 64.
inline int32_t Dot8(const uint8_t* a, const int8_t* b, size_t n) {
    __m512i s0 = _mm512_setzero_si512(), s1 = s0;
    size_t i = 0;
    for (; i + 128 <= n; i += 128) {
        s0 = _mm512_dpbusd_epi32(s0, _mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i));
        s1 =
            _mm512_dpbusd_epi32(s1, _mm512_loadu_si512(a + i + 64), _mm512_loadu_si512(b + i + 64));
    }
    if (i < n) {
        s0 = _mm512_dpbusd_epi32(s0, _mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i));
    }
    return _mm512_reduce_add_epi32(_mm512_add_epi32(s0, s1));
}
// The same of two signed rows, the first of which is shifted to unsigned.
inline int32_t DotRows(const int8_t* a, const int8_t* b, size_t n) {
    const __m512i flip = _mm512_set1_epi8(static_cast<char>(0x80));
    __m512i s0 = _mm512_setzero_si512(), s1 = s0;
    size_t i = 0;
    for (; i + 128 <= n; i += 128) {
        s0 = _mm512_dpbusd_epi32(s0, _mm512_xor_si512(_mm512_loadu_si512(a + i), flip),
                                 _mm512_loadu_si512(b + i));
        s1 = _mm512_dpbusd_epi32(s1, _mm512_xor_si512(_mm512_loadu_si512(a + i + 64), flip),
                                 _mm512_loadu_si512(b + i + 64));
    }
    if (i < n) {
        s0 = _mm512_dpbusd_epi32(s0, _mm512_xor_si512(_mm512_loadu_si512(a + i), flip),
                                 _mm512_loadu_si512(b + i));
    }
    return _mm512_reduce_add_epi32(_mm512_add_epi32(s0, s1));
}

// A query in 8 bits, unsigned side.
struct Query8 {
    std::vector<uint8_t> values;
    float scale = 0;
    float norm = 0;

    void Set(const float* v, size_t n) {
        values.resize(n);
        scale = Encode8(v, n, reinterpret_cast<int8_t*>(values.data()));
        for (uint8_t& value : values) {
            value ^= 0x80;
        }
        norm = Norm2(v, n);
    }
};
inline float Cost8(const Query8& q, const Row8& row, const int8_t* values, size_t n) {
    const int32_t dot = Dot8(q.values.data(), values, n) - row.sum128;
    return q.norm + row.norm - 2 * q.scale * row.scale * static_cast<float>(dot);
}

inline void Prefetch(const void* p, size_t bytes) {
    for (size_t at = 0; at < bytes; at += 64) {
        _mm_prefetch(static_cast<const char*>(p) + at, _MM_HINT_T1);
    }
}

// ---- 1-bit codes of 32 vectors, scored together (fast-scan, arXiv 1704.07355) ----

inline constexpr size_t kGroup = 32;

// Codes of four dimensions make a nibble; byte i of the 16 of a nibble position holds those of code
// i (low) and of code i + 16 (high).
inline void PutBit(uint8_t* block, size_t code, size_t dim) {
    block[dim / 4 * 16 + code % 16] |= static_cast<uint8_t>(1u << (dim % 4 + code / 16 * 4));
}

// For every nibble position the 16 sums that it can add, as bytes: sum of +-q = step * bytes -
// offset.
struct SignTables {
    std::vector<uint8_t> tables;  // n / 4 * 16
    float step = 0;
    float offset = 0;

    void Set(const float* q, size_t n) {
        tables.resize(4 * n + 64);
        plus_.resize(n + 64);
        minus_.resize(n + 64);
        float top = 0, sum = 0;
        for (size_t i = 0; i < n; i += 4) {
            const float four =
                std::fabs(q[i]) + std::fabs(q[i + 1]) + std::fabs(q[i + 2]) + std::fabs(q[i + 3]);
            top = std::max(top, four);
            sum += four;
        }
        step = top > 0 ? 2 * top / 251.0f : 1.0f;  // four roundings up still fit a byte
        const __m512 inverse = _mm512_set1_ps(2.0f / step), zero = _mm512_setzero_ps();
        for (size_t i = 0; i < n; i += 16) {
            const __m512 v = _mm512_mul_ps(_mm512_loadu_ps(q + i), inverse);
            const __m512i up = _mm512_cvtps_epi32(_mm512_max_ps(v, zero));
            const __m512i down = _mm512_cvtps_epi32(_mm512_max_ps(_mm512_sub_ps(zero, v), zero));
            _mm_storeu_si128(reinterpret_cast<__m128i*>(&plus_[i]), _mm512_cvtepi32_epi8(up));
            _mm_storeu_si128(reinterpret_cast<__m128i*>(&minus_[i]), _mm512_cvtepi32_epi8(down));
        }
        offset = sum;
        Expand(n);
    }

  private:
    void Expand(size_t n) {
        const __m512i lane = _mm512_inserti64x4(
            _mm512_castsi256_si512(_mm256_set_m128i(_mm_set1_epi8(4), _mm_setzero_si128())),
            _mm256_set_m128i(_mm_set1_epi8(12), _mm_set1_epi8(8)), 1);
        constexpr uint64_t kMasks[4] = {0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0,
                                        0xff00ff00ff00ff00};
        for (size_t i = 0; i < n; i += 16) {
            const __m512i up = _mm512_broadcast_i32x4(
                _mm_loadu_si128(reinterpret_cast<const __m128i*>(&plus_[i])));
            const __m512i down = _mm512_broadcast_i32x4(
                _mm_loadu_si128(reinterpret_cast<const __m128i*>(&minus_[i])));
            __m512i total = _mm512_setzero_si512();
            for (int j = 0; j < 4; ++j) {
                const __m512i pick = _mm512_add_epi8(lane, _mm512_set1_epi8(static_cast<char>(j)));
                total = _mm512_add_epi8(
                    total,
                    _mm512_mask_shuffle_epi8(_mm512_shuffle_epi8(down, pick), kMasks[j], up, pick));
            }
            _mm512_storeu_si512(tables.data() + 4 * i, total);
        }
    }
    std::vector<uint8_t> plus_, minus_;
};

// sums[i] of the 32 codes of a block of n / 4 * 16 bytes; meanwhile `next_bytes` at `next` are
// brought to the second cache.
inline void ScanSigns(const uint8_t* block, const uint8_t* tables, size_t n, const uint8_t* next,
                      size_t next_bytes, uint32_t* sums) {
    const __m512i low = _mm512_set1_epi8(15);
    __m512i a0 = _mm512_setzero_si512(), a1 = a0, b0 = a0, b1 = a0;
    const size_t bytes = 4 * n;
    const uint8_t* fetch = next;
    const uint8_t* fetch_end = next + next_bytes;
    for (size_t at = 0; at < bytes; at += 64) {
        if (fetch < fetch_end) {
            _mm_prefetch(reinterpret_cast<const char*>(fetch), _MM_HINT_T1);
            fetch += 64;
        }
        const __m512i codes = _mm512_loadu_si512(block + at);
        const __m512i table = _mm512_loadu_si512(tables + at);
        const __m512i a = _mm512_shuffle_epi8(table, _mm512_and_si512(codes, low));
        const __m512i b =
            _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(codes, 4), low));
        a0 = _mm512_add_epi16(a0, a);
        a1 = _mm512_add_epi16(a1, _mm512_srli_epi16(a, 8));
        b0 = _mm512_add_epi16(b0, b);
        b1 = _mm512_add_epi16(b1, _mm512_srli_epi16(b, 8));
    }
    for (; fetch < fetch_end; fetch += 64) {
        _mm_prefetch(reinterpret_cast<const char*>(fetch), _MM_HINT_T1);
    }
    a0 = _mm512_sub_epi16(a0, _mm512_slli_epi16(a1, 8));
    b0 = _mm512_sub_epi16(b0, _mm512_slli_epi16(b1, 8));
    const auto fold = [](__m512i even, __m512i odd, uint32_t* out) {
        const auto lanes = [](__m512i v) {  // four lanes of eight words into eight integers
            const __m512i x =
                _mm512_add_epi32(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(v)),
                                 _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(v, 1)));
            return _mm256_add_epi32(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
        };
        const __m256i e = lanes(even), o = lanes(odd);
        const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(e), o, 1);
        const __m512i order =
            _mm512_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
        _mm512_storeu_si512(out, _mm512_permutexvar_epi32(order, both));
    };
    fold(a0, a1, sums);
    fold(b0, b1, sums + 16);
}

}  // namespace elanus::bench
