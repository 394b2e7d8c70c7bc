// Quantisation kernels for any processor: the reference that the others are compared with.
#include "simd/half.h"
#include "simd/quant_levels.h"

#include <algorithm>

namespace elanus::simd {
namespace {

template <CodeKind kKind>
float Number(const uint8_t* row, size_t d) {
    const uint32_t value = CodeValue(kKind, row, d);
    if constexpr (kKind == CodeKind::kHalf) {
        return FloatFromHalf(static_cast<uint16_t>(value));
    } else if constexpr (kKind == CodeKind::kBHalf) {
        return FloatFromBFloat16(static_cast<uint16_t>(value));
    } else {
        return static_cast<float>(value);
    }
}

template <CodeKind kKind>
void Ip(const float* values, const float* /*steps*/, const uint8_t* rows, const uint32_t* ids,
        size_t count, size_t dim, float* out) {
    for (size_t i = 0; i < count; ++i) {
        const uint8_t* row = rows + (ids != nullptr ? ids[i] : i) * CodeBytes(kKind, dim);
        float sum = 0;
        for (size_t d = 0; d < dim; ++d) {
            sum += values[d] * Number<kKind>(row, d);
        }
        out[i] = sum;
    }
}

template <CodeKind kKind>
void L2(const float* values, const float* steps, const uint8_t* rows, const uint32_t* ids,
        size_t count, size_t dim, float* out) {
    for (size_t i = 0; i < count; ++i) {
        const uint8_t* row = rows + (ids != nullptr ? ids[i] : i) * CodeBytes(kKind, dim);
        float sum = 0;
        for (size_t d = 0; d < dim; ++d) {
            const float step = steps != nullptr ? steps[d] : 1.0f;
            const float difference = values[d] - step * Number<kKind>(row, d);
            sum += difference * difference;
        }
        out[i] = sum;
    }
}

template <CodeKind kKind>
constexpr CodeRowKernels Both() {
    return {Ip<kKind>, L2<kKind>};
}

void NibbleSums(const uint8_t* tables, const uint8_t* group, size_t positions, uint32_t* sums) {
    for (size_t i = 0; i < kNibbleRows; ++i) {
        sums[i] = 0;
    }
    for (size_t at = 0; at < NibbleGroupBytes(positions); at += 16) {
        for (size_t i = 0; i < 16; ++i) {
            sums[i] += tables[at + (group[at + i] & 15)];
            sums[i + 16] += tables[at + (group[at + i] >> 4)];
        }
    }
}

void Panel(const float* row, size_t dim, const float* panel, const float* bias, float* out) {
    for (size_t j = 0; j < kPanel; ++j) {
        out[j] = bias[j];
    }
    for (size_t d = 0; d < dim; ++d) {
        for (size_t j = 0; j < kPanel; ++j) {
            out[j] -= row[d] * panel[d * kPanel + j];
        }
    }
}

void Products(const float* rows, size_t row_stride, size_t count, size_t dim, const float* panels,
              size_t panel_count, const float* bias, float* out, size_t out_stride) {
    for (size_t r = 0; r < count; ++r) {
        for (size_t p = 0; p < panel_count; ++p) {
            Panel(rows + r * row_stride, dim, panels + p * dim * kPanel, bias + p * kPanel,
                  out + r * out_stride + p * kPanel);
        }
    }
}

void PartProducts(const float* query, size_t dim, size_t stages, const float* const* books,
                  size_t book_count, size_t panel_count, float* out) {
    constexpr float kNone[kPanel] = {};
    for (size_t b = 0; b < book_count; ++b) {
        for (size_t p = 0; p < panel_count; ++p, out += kPanel) {
            Panel(query + b / stages * dim, dim, books[b] + p * dim * kPanel, kNone, out);
        }
    }
}

float TableSpans(const float* tables, size_t stride, size_t count, size_t entries, float* lows) {
    float widest = 0;
    for (size_t t = 0; t < count; ++t) {
        const float* table = tables + t * stride;
        const auto [low, high] = std::minmax_element(table, table + entries);
        lows[t] = *low;
        widest = std::max(widest, *high - *low);
    }
    return widest;
}

void TableBytes(const float* tables, size_t stride, size_t count, size_t entries, const float* lows,
                float inverse, uint8_t* out) {
    for (size_t t = 0; t < count; ++t) {
        for (size_t i = 0; i < entries; ++i) {
            const float steps = (tables[t * stride + i] - lows[t]) * inverse + 0.5f;
            *out++ = steps > 0 ? static_cast<uint8_t>(std::min(steps, 255.0f)) : 0;
        }
    }
}

void Nearest(const float* rows, size_t row_stride, size_t count, size_t dim, const float* panels,
             size_t panel_count, const float* bias, uint32_t* ids, float* costs) {
    for (size_t r = 0; r < count; ++r) {
        for (size_t p = 0; p < panel_count; ++p) {
            float out[kPanel];
            Panel(rows + r * row_stride, dim, panels + p * dim * kPanel, bias + p * kPanel, out);
            for (size_t j = 0; j < kPanel; ++j) {
                if ((p == 0 && j == 0) || out[j] < costs[r]) {
                    costs[r] = out[j];
                    ids[r] = static_cast<uint32_t>(p * kPanel + j);
                }
            }
        }
    }
}

}  // namespace

const QuantKernels& ScalarQuant() {
    static constexpr QuantKernels kTable{
        {Both<CodeKind::kBits4>(), Both<CodeKind::kBits6>(), Both<CodeKind::kBits8>(),
         Both<CodeKind::kHalf>(), Both<CodeKind::kBHalf>()},
        NibbleSums,
        Products,
        PartProducts,
        TableSpans,
        TableBytes,
        Nearest};
    return kTable;
}

}  // namespace elanus::simd
