// The reference: plain loops that every wide kernel is tested against. Four sums, because one alone
// would lose more precision than the wide kernels do on long vectors; int8 sums are whole numbers.
#include "simd/distance_levels.h"
#include "simd/half.h"

#include <bit>

namespace elanus::simd {
namespace {

struct Floats {
    using Value = float;
    using Term = float;
    static float Read(float value) { return value; }
};
struct Float16s {
    using Value = uint16_t;
    using Term = float;
    static float Read(uint16_t value) { return FloatFromHalf(value); }
};
struct BFloat16s {
    using Value = uint16_t;
    using Term = float;
    static float Read(uint16_t value) { return FloatFromBFloat16(value); }
};
struct Int8s {
    using Value = int8_t;
    using Term = int32_t;
    static int32_t Read(int8_t value) { return value; }
};

struct L2 {
    template <typename T>
    static T Term(T a, T b) {
        return (a - b) * (a - b);
    }
};
struct Ip {
    template <typename T>
    static T Term(T a, T b) {
        return a * b;
    }
};

template <typename E, typename Op>
struct DenseOp {
    static size_t RowBytes(size_t dim) { return dim * sizeof(typename E::Value); }
    static float Of(const void* a_bytes, const void* b_bytes, size_t dim) {
        const auto* a = static_cast<const typename E::Value*>(a_bytes);
        const auto* b = static_cast<const typename E::Value*>(b_bytes);
        typename E::Term sums[4] = {0, 0, 0, 0};
        for (size_t i = 0; i < dim; ++i) {
            sums[i % 4] += Op::Term(E::Read(a[i]), E::Read(b[i]));
        }
        return static_cast<float>((sums[0] + sums[1]) + (sums[2] + sums[3]));
    }
};

uint64_t CountBits(unsigned byte) {
    return static_cast<uint64_t>(std::popcount(byte));
}

struct BinaryOp {
    static size_t RowBytes(size_t dim) { return dim / 8; }
};
struct Hamming : BinaryOp {
    static float Of(const void* a, const void* b, size_t dim) {
        uint64_t different = 0;
        for (size_t i = 0; i < dim / 8; ++i) {
            different += CountBits(static_cast<const uint8_t*>(a)[i] ^
                                   unsigned{static_cast<const uint8_t*>(b)[i]});
        }
        return static_cast<float>(different);
    }
};
struct Jaccard : BinaryOp {
    static float Of(const void* a, const void* b, size_t dim) {
        uint64_t different = 0;
        uint64_t any = 0;
        for (size_t i = 0; i < dim / 8; ++i) {
            const unsigned x = static_cast<const uint8_t*>(a)[i];
            const unsigned y = static_cast<const uint8_t*>(b)[i];
            different += CountBits(x ^ y);
            any += CountBits(x | y);
        }
        return any == 0 ? 1.0f : static_cast<float>(different) / static_cast<float>(any);
    }
};
struct Substructure : BinaryOp {
    static float Of(const void* a, const void* b, size_t dim) {
        for (size_t i = 0; i < dim / 8; ++i) {
            const unsigned x = static_cast<const uint8_t*>(a)[i];
            const unsigned y = static_cast<const uint8_t*>(b)[i];
            if ((x & ~y) != 0) {
                return 1.0f;
            }
        }
        return 0.0f;
    }
};
struct Superstructure : BinaryOp {
    static float Of(const void* a, const void* b, size_t dim) {
        return Substructure::Of(b, a, dim);
    }
};

template <typename Op>
void Rows(const void* query, const void* rows, size_t count, size_t dim, float* out) {
    const auto* row = static_cast<const uint8_t*>(rows);
    for (size_t i = 0; i < count; ++i, row += Op::RowBytes(dim)) {
        out[i] = Op::Of(query, row, dim);
    }
}

template <typename Op>
void Ids(const void* query, const void* base, const uint32_t* ids, size_t count, size_t dim,
         float* out) {
    const auto* rows = static_cast<const uint8_t*>(base);
    for (size_t i = 0; i < count; ++i) {
        out[i] = Op::Of(query, rows + static_cast<size_t>(ids[i]) * Op::RowBytes(dim), dim);
    }
}

template <typename Op>
void Tile(const void* queries, size_t query_count, const void* rows, size_t row_count, size_t dim,
          size_t stride, float* out) {
    const auto* query = static_cast<const uint8_t*>(queries);
    for (size_t q = 0; q < query_count; ++q) {
        Rows<Op>(query + q * Op::RowBytes(dim), rows, row_count, dim, out + q * stride);
    }
}

template <typename Op>
constexpr RowKernel kKernel = {Op::Of, Rows<Op>, Ids<Op>};
template <typename E>
constexpr DistanceKernels kTable = {kKernel<DenseOp<E, L2>>, kKernel<DenseOp<E, Ip>>};
template <typename E>
constexpr DistanceTiles kTiles = {Tile<DenseOp<E, L2>>, Tile<DenseOp<E, Ip>>};

}  // namespace

const DistanceKernels& ScalarDistances(Element element) {
    switch (element) {
        case Element::kFloat16:
            return kTable<Float16s>;
        case Element::kBFloat16:
            return kTable<BFloat16s>;
        case Element::kInt8:
            return kTable<Int8s>;
        case Element::kFloat:
            break;
    }
    return kTable<Floats>;
}

const DistanceTiles& ScalarTiles(Element element) {
    switch (element) {
        case Element::kFloat16:
            return kTiles<Float16s>;
        case Element::kBFloat16:
            return kTiles<BFloat16s>;
        case Element::kInt8:
            return kTiles<Int8s>;
        case Element::kFloat:
            break;
    }
    return kTiles<Floats>;
}

const BinaryKernels& ScalarBinary() {
    static constexpr BinaryKernels kBinary = {kKernel<Hamming>, kKernel<Jaccard>,
                                              kKernel<Substructure>, kKernel<Superstructure>};
    return kBinary;
}

}  // namespace elanus::simd
