// The reference: row by row, as the definitions say.
#include "simd/offset_scan_levels.h"
#include "simd/scalar_words.h"

namespace elanus::simd {
namespace {

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
