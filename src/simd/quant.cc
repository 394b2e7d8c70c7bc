#include "simd/quant.h"

#include "simd/quant_levels.h"

#include <cstring>

namespace elanus::simd {

const QuantKernels* QuantAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
#if defined(__x86_64__)
        case Level::kAvx512Dot:
        case Level::kAvx512:
            return &Avx512Quant();
        case Level::kAvx2:
            return &Avx2Quant();
#endif
        default:
            return &ScalarQuant();
    }
}

const QuantKernels& Quant() {
    static const QuantKernels* const best = QuantAt(BestLevel());
    return *best;
}

uint32_t CodeValue(CodeKind kind, const uint8_t* row, size_t d) {
    const size_t block = d / kCodeBlock;
    const size_t i = d % kCodeBlock;
    switch (kind) {
        case CodeKind::kBits8:
            return row[d];
        case CodeKind::kBits4:
            return row[block * 16 + i % 16] >> (i / 16 * 4) & 15;
        case CodeKind::kBits6: {
            const uint8_t* at = row + block * 24;
            return (at[i % 16] >> (i / 16 * 4) & 15u) | (at[16 + i % 8] >> (i / 8 * 2) & 3u) << 4;
        }
        default: {
            uint16_t half;
            std::memcpy(&half, row + 2 * d, sizeof half);
            return half;
        }
    }
}

void SetCodeValue(CodeKind kind, uint8_t* row, size_t d, uint32_t value) {
    const size_t block = d / kCodeBlock;
    const size_t i = d % kCodeBlock;
    switch (kind) {
        case CodeKind::kBits8:
            row[d] = static_cast<uint8_t>(value);
            return;
        case CodeKind::kBits4:
            row[block * 16 + i % 16] |= static_cast<uint8_t>((value & 15) << (i / 16 * 4));
            return;
        case CodeKind::kBits6: {
            uint8_t* at = row + block * 24;
            at[i % 16] |= static_cast<uint8_t>((value & 15) << (i / 16 * 4));
            at[16 + i % 8] |= static_cast<uint8_t>((value >> 4 & 3) << (i / 8 * 2));
            return;
        }
        default: {
            const auto half = static_cast<uint16_t>(value);
            std::memcpy(row + 2 * d, &half, sizeof half);
        }
    }
}

}  // namespace elanus::simd
