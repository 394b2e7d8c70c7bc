// Plain loops of simd/near_rows.h, compiled once per instruction set: in an unnamed namespace, so
// that no two files share one. Panels hold the rows as they are.
#pragma once

#include "simd/near_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace elanus::simd {
namespace {

[[maybe_unused]] void LayFactors(const NearRows& rows, const NearColumns& columns) {
    for (size_t i = 0; i < NearPadded(rows.count); ++i) {
        const bool real = i < rows.count;
        columns.scales[i] = real ? rows.factors[i].scale : 0.0f;
        columns.norms[i] = real ? rows.factors[i].norm : std::numeric_limits<float>::infinity();
        columns.lifts[i] = real ? rows.factors[i].lift : 0.0f;
    }
}

[[maybe_unused]] void LayLoop(const NearRows& rows, size_t n, const NearColumns& columns) {
    LayFactors(rows, columns);
    for (size_t i = 0; i < NearPadded(rows.count); ++i) {
        if (i < rows.count) {
            std::memcpy(columns.panels + i * n, rows.values[i], n);
        } else {
            std::memset(columns.panels + i * n, 0, n);
        }
    }
}

inline float NearCost(const NearFactors& own, const NearColumns& columns, size_t j, int32_t dot) {
    const float rise = own.lift - columns.lifts[j];
    const float product = own.scale * columns.scales[j] * static_cast<float>(dot);
    return own.norm + columns.norms[j] - 2 * product + rise * rise;
}

// Hands store(i, j, cost) every pair.
template <typename Store>
void EachCost(const NearRows& rows, size_t n, const NearColumns& columns, size_t column_count,
              const Store& store) {
    for (size_t i = 0; i < rows.count; ++i) {
        const int8_t* a = rows.values[i];
        for (size_t j = 0; j < NearPadded(column_count); ++j) {
            const auto* b = reinterpret_cast<const int8_t*>(columns.panels + j * n);
            int32_t dot = 0;
            for (size_t d = 0; d < n; ++d) {
                dot += static_cast<int16_t>(a[d]) * static_cast<int16_t>(b[d]);
            }
            store(i, j, NearCost(rows.factors[i], columns, j, dot));
        }
    }
}

[[maybe_unused]] void CostsLoop(const NearRows& rows, size_t n, const NearColumns& columns,
                                size_t column_count, float* out, size_t stride) {
    EachCost(rows, n, columns, column_count,
             [&](size_t i, size_t j, float cost) { out[i * stride + j] = cost; });
}

[[maybe_unused]] void SquareLoop(const NearRows& rows, size_t n, const NearColumns& columns,
                                 uint32_t base, uint16_t* out, size_t stride) {
    EachCost(rows, n, columns, rows.count, [&](size_t i, size_t j, float cost) {
        // Rounding makes distances of near copies negative.
        const int32_t above =
            std::bit_cast<int32_t>(std::max(cost, 0.0f)) - static_cast<int32_t>(base);
        out[i * stride + j] =
            static_cast<uint16_t>(std::min(std::max(above, 0) >> 12, int32_t{kNoDistance - 1}));
    });
}

[[maybe_unused]] size_t ChooseLoop(const uint16_t* square, size_t stride, size_t count,
                                   uint32_t row, uint16_t slack, size_t most, size_t copies,
                                   uint16_t* room, uint16_t* out) {
    const uint16_t* own = square + row * stride;
    std::copy_n(own, count, room);
    room[row] = kNoDistance;
    size_t chosen = 0;
    while (chosen < most) {
        const uint16_t* at = std::min_element(room, room + count);
        if (*at == kNoDistance) {
            break;
        }
        const auto next = static_cast<size_t>(at - room);
        if (*at == 0 && copies == 0) {
            room[next] = kNoDistance;
            continue;
        }
        copies -= *at == 0 ? 1 : 0;
        out[chosen++] = static_cast<uint16_t>(next);
        room[next] = kNoDistance;
        const uint16_t* from = square + next * stride;
        for (size_t j = 0; j < count; ++j) {
            const bool covered =
                std::min<uint32_t>(from[j] + uint32_t{slack}, kNoDistance) < own[j];
            room[j] = covered ? kNoDistance : room[j];
        }
    }
    return chosen;
}

}  // namespace
}  // namespace elanus::simd
