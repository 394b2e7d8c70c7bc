// Code kernels for any processor: the reference that the others are compared with.
#include "simd/codes_levels.h"
#include "simd/codes_loops.h"

namespace elanus::simd {
namespace {

int32_t Dot(const int8_t* a, const int8_t* b, size_t n) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; ++i) {
        sum += static_cast<int32_t>(a[i]) * b[i];
    }
    return sum;
}

void Dots(const int8_t* a, const int8_t* const* rows, size_t count, size_t n, int32_t* out) {
    for (size_t i = 0; i < count; ++i) {
        out[i] = Dot(a, rows[i], n);
    }
}

template <typename Form>
uint32_t Scan(const SignQuery& query, const uint8_t* group, float own, float limit,
              const uint8_t* next, size_t next_bytes, float* costs) {
    BringNear(next, next_bytes);
    uint32_t sums[kGroupVectors] = {};
    for (size_t at = 0; at < GroupCodeBytes(query.n); at += 16) {
        for (size_t i = 0; i < 16; ++i) {
            sums[i] += query.tables[at + (group[at + i] & 15)];
            sums[i + 16] += query.tables[at + (group[at + i] >> 4)];
        }
    }
    return CostsLoop<Form>(query, group, sums, own, limit, costs);
}

}  // namespace

const CodeKernels& ScalarCodes() {
    static constexpr CodeKernels kTable{Dot,
                                        Dots,
                                        EncodeLoop,
                                        TablesLoop,
                                        SignsLoop,
                                        Scan<LongFactors>,
                                        Scan<ShortFactors>,
                                        HadamardLoop,
                                        ReflectLoop};
    return kTable;
}

}  // namespace elanus::simd
