// The reference: row by row, as the definitions say.
#include "simd/offset_scan_levels.h"

namespace elanus::simd {
namespace {

template <typename Predicate>
void WriteWords(size_t rows, uint64_t* words, Predicate holds) {
    for (size_t begin = 0; begin < rows; begin += 64) {
        const size_t count = rows - begin < 64 ? rows - begin : 64;
        uint64_t bits = 0;
        for (size_t i = 0; i < count; ++i) {
            bits |= static_cast<uint64_t>(holds(begin + i)) << i;
        }
        *words++ = bits;
    }
}

std::string_view RowAt(const uint8_t* bytes, const uint32_t* offsets, size_t row) {
    return {reinterpret_cast<const char*>(bytes) + offsets[row], offsets[row + 1] - offsets[row]};
}

void Equal(std::string_view text, const uint8_t* bytes, const uint32_t* offsets, size_t rows,
           uint64_t* words) {
    WriteWords(rows, words, [&](size_t row) { return RowAt(bytes, offsets, row) == text; });
}

void StartsWith(std::string_view text, const uint8_t* bytes, const uint32_t* offsets, size_t rows,
                uint64_t* words) {
    WriteWords(rows, words,
               [&](size_t row) { return RowAt(bytes, offsets, row).starts_with(text); });
}

void AnyInRun(const uint64_t* elements, const uint32_t* offsets, size_t rows, uint64_t* words) {
    WriteWords(rows, words, [&](size_t row) {
        bool any = false;
        for (size_t e = offsets[row]; e < offsets[row + 1]; ++e) {
            const size_t bit = e - offsets[0];
            any |= (elements[bit / 64] >> (bit % 64) & 1) != 0;
        }
        return any;
    });
}

}  // namespace

const OffsetKernels& ScalarOffsetScans() {
    static constexpr OffsetKernels kTable = {Equal, StartsWith, AnyInRun};
    return kTable;
}

}  // namespace elanus::simd
