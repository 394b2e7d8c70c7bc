// The loops of the scans over offsets, written once over a lane type V, which lives in the
// anonymous namespace of its offset_scan_<level>.cc (see compare_loops.h). V offers
//     kLanes                                       rows one mask covers, a divisor of 64
//     template <bool Exact>
//     uint64_t Lengths(const uint32_t* offsets, uint32_t length)
//                                                  bit i: row i is `length` long (or longer)
//     uint64_t Heads(const uint8_t* bytes, const uint32_t* offsets, uint64_t head, uint64_t mask)
//                                                  bit i: the 8 bytes from offsets[i] on are `head`
//                                                  where `mask` is set
#pragma once

#include "simd/offset_scan.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace elanus::simd {

template <typename V>
struct OffsetLoops {
    // So few rows of 64 are quicker compared one by one.
    static constexpr size_t kFew = 16;
    // Reading eight bytes of all 64 rows takes as long as comparing so many rows one by one.
    static constexpr size_t kRowsOfHeads = 6;
    // The most words of elements that 64 rows may have to be told by counts.
    static constexpr size_t kCountedWords = 16;

    // A search text, its first eight bytes as a number.
    struct Wanted {
        explicit Wanted(std::string_view whole) : text(whole) {
            const size_t size = whole.size() < 8 ? whole.size() : 8;
            if (size > 0) {  // an empty text may have no address
                std::memcpy(&head, whole.data(), size);
            }
            mask = size == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * size)) - 1;
        }
        std::string_view text;
        uint64_t head = 0;
        uint64_t mask = 0;
    };

    template <bool Exact>
    static inline __attribute__((always_inline)) uint64_t LengthWord(const uint32_t* offsets,
                                                                     uint32_t length) {
        uint64_t bits = 0;
        for (size_t lane = 0; lane < 64; lane += V::kLanes) {
            bits |= V::template Lengths<Exact>(offsets + lane, length) << lane;
        }
        return bits;
    }

    static inline __attribute__((always_inline)) uint64_t HeadWord(uint64_t head, uint64_t mask,
                                                                   const uint8_t* bytes,
                                                                   const uint32_t* offsets) {
        uint64_t bits = 0;
        for (size_t lane = 0; lane < 64; lane += V::kLanes) {
            bits |= V::Heads(bytes, offsets + lane, head, mask) << lane;
        }
        return bits;
    }

    // The rows of `open`, all long enough, whose bytes from `skip` on go on as the text does.
    static uint64_t CompareEach(std::string_view text, size_t skip, const uint8_t* bytes,
                                const uint32_t* offsets, uint64_t open) {
        const size_t size = text.size() - skip;
        if (size == 0) {
            return open;
        }
        const char* rest = text.data() + skip;
        uint64_t bits = 0;
        for (; open != 0; open &= open - 1) {
            const int row = std::countr_zero(open);
            const bool equal = std::memcmp(bytes + offsets[row] + skip, rest, size) == 0;
            bits |= static_cast<uint64_t>(equal) << row;
        }
        return bits;
    }

    // The same after the first eight bytes: while enough rows are open, eight more are read of all
    // 64 at once.
    static inline __attribute__((always_inline)) uint64_t CompareRest(std::string_view text,
                                                                      const uint8_t* bytes,
                                                                      const uint32_t* offsets,
                                                                      uint64_t open) {
        const size_t size = text.size();
        size_t skip = 8;
        while (skip < size) {
            const size_t heads = (size - skip + 7) / 8;
            if (static_cast<size_t>(std::popcount(open)) < std::max(kFew, kRowsOfHeads * heads)) {
                return CompareEach(text, skip, bytes, offsets, open);
            }
            const size_t at = std::min(skip, size - 8);
            uint64_t head;
            std::memcpy(&head, text.data() + at, sizeof head);
            open &= HeadWord(head, ~uint64_t{0}, bytes + at, offsets);
            skip = at + 8;
        }
        return open;
    }

    template <bool Exact>
    static uint64_t WholeWord(const Wanted& wanted, const uint8_t* bytes, const uint32_t* offsets,
                              uint32_t end) {
        const size_t size = wanted.text.size();
        uint64_t open = LengthWord<Exact>(offsets, static_cast<uint32_t>(size));
        if (open == 0 || size == 0) {
            return open;
        }
        // Eight bytes from the start of any of the rows, and from the last place that a tail may
        // have, lie inside of the column.
        const size_t reach = size > 8 ? size : 8;
        const bool inside = end - offsets[63] >= reach;
        if (!inside || static_cast<size_t>(std::popcount(open)) < kFew) {
            return CompareEach(wanted.text, 0, bytes, offsets, open);
        }
        open &= HeadWord(wanted.head, wanted.mask, bytes, offsets);
        return size <= 8 || open == 0 ? open : CompareRest(wanted.text, bytes, offsets, open);
    }

    template <bool Exact>
    static void Match(std::string_view text, const uint8_t* bytes, const uint32_t* offsets,
                      size_t rows, uint64_t* words) {
        const Wanted wanted(text);
        const uint32_t end = offsets[rows];
        size_t row = 0;
        for (; row + 64 <= rows; row += 64) {
            *words++ = WholeWord<Exact>(wanted, bytes, offsets + row, end);
        }
        if (row == rows) {
            return;
        }
        uint64_t open = 0;
        for (size_t i = row; i < rows; ++i) {
            const size_t length = offsets[i + 1] - offsets[i];
            const bool fits = Exact ? length == text.size() : length >= text.size();
            open |= static_cast<uint64_t>(fits) << (i - row);
        }
        *words = CompareEach(text, 0, bytes, offsets + row, open);
    }

    // One run of up to 64 bits, whichever words they lie in.
    static uint64_t RunBits(const uint64_t* elements, size_t bit, size_t length) {
        const size_t shift = bit % 64;
        const uint64_t window = elements[bit / 64] >> shift | elements[bit / 64 + 1]
                                                                  << 1 << (63 - shift);
        return length >= 64 ? window : window & ((uint64_t{1} << length) - 1);
    }

    static bool AnyBit(const uint64_t* elements, size_t bit, size_t length) {
        uint64_t any = 0;
        for (; length > 64; length -= 64, bit += 64) {
            any |= RunBits(elements, bit, 64);
        }
        return (any | RunBits(elements, bit, length)) != 0;
    }

    static bool NoneSet(const uint64_t* elements, size_t begin, size_t end) {
        uint64_t any = 0;
        for (size_t word = begin / 64; word <= end / 64; ++word) {
            any |= elements[word];
        }
        return any == 0;
    }

    // 64 rows with few elements: a row has one that is set when more are set before its end than
    // before its start. One count serves the row before and the row after.
    static uint64_t AnyByCounts(const uint64_t* elements, size_t first, const uint32_t* offsets,
                                size_t count) {
        const size_t begin = offsets[0] - first;
        const size_t end = offsets[count] - first;
        uint32_t before[kCountedWords];  // each word
        uint32_t sum = 0;
        for (size_t word = begin / 64; word <= end / 64; ++word) {
            before[word - begin / 64] = sum;
            sum += static_cast<uint32_t>(std::popcount(elements[word]));
        }
        uint32_t counts[65];
        for (size_t i = 0; i <= count; ++i) {
            const size_t bit = offsets[i] - first;
            const uint64_t lower = elements[bit / 64] & ((uint64_t{1} << (bit % 64)) - 1);
            counts[i] = before[bit / 64 - begin / 64] + static_cast<uint32_t>(std::popcount(lower));
        }
        std::fill(counts + count + 1, counts + 65, counts[count]);
        return ~LengthWord<true>(counts, 0);
    }

    static uint64_t AnyByRows(const uint64_t* elements, size_t first, const uint32_t* offsets,
                              size_t count) {
        uint64_t bits = 0;
        for (size_t i = 0; i < count; ++i) {
            const bool any = AnyBit(elements, offsets[i] - first, offsets[i + 1] - offsets[i]);
            bits |= static_cast<uint64_t>(any) << i;
        }
        return bits;
    }

    static void AnyInRun(const uint64_t* elements, const uint32_t* offsets, size_t rows,
                         uint64_t* words) {
        const uint32_t first = offsets[0];
        for (size_t row = 0; row < rows; row += 64) {
            const size_t count = rows - row < 64 ? rows - row : 64;
            const uint32_t* at = offsets + row;
            const size_t begin = at[0] - first;
            const size_t end = at[count] - first;
            const bool few = end / 64 - begin / 64 < kCountedWords;
            *words++ = NoneSet(elements, begin, end) ? 0
                       : few                         ? AnyByCounts(elements, first, at, count)
                                                     : AnyByRows(elements, first, at, count);
        }
    }

    static void Equal(std::string_view text, const uint8_t* bytes, const uint32_t* offsets,
                      size_t rows, uint64_t* words) {
        Match<true>(text, bytes, offsets, rows, words);
    }
    static void StartsWith(std::string_view text, const uint8_t* bytes, const uint32_t* offsets,
                           size_t rows, uint64_t* words) {
        Match<false>(text, bytes, offsets, rows, words);
    }

    static constexpr OffsetKernels kTable = {Equal, StartsWith, AnyInRun};
};

}  // namespace elanus::simd
