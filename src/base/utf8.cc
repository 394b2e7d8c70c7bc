#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace elanus::base {
namespace {

// Bytes of the well-formed sequence at `p`; 0 when there is none (Unicode 15, table 3-7).
size_t SequenceLength(const uint8_t* p, size_t left) {
    const uint8_t first = p[0];
    const auto continues = [&](size_t i, uint8_t low = 0x80, uint8_t high = 0xbf) {
        return i < left && p[i] >= low && p[i] <= high;
    };
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        return continues(1) ? 2 : 0;
    }
    if (first >= 0xe0 && first <= 0xef) {
        const uint8_t low = first == 0xe0 ? 0xa0 : 0x80;
        const uint8_t high = first == 0xed ? 0x9f : 0xbf;
        return continues(1, low, high) && continues(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const uint8_t low = first == 0xf0 ? 0x90 : 0x80;
        const uint8_t high = first == 0xf4 ? 0x8f : 0xbf;
        return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
    const auto* p = reinterpret_cast<const uint8_t*>(text.data());
    size_t left = text.size();
    while (left > 0) {
        uint64_t word = 0;
        if (left >= sizeof word) {
            std::memcpy(&word, p, sizeof word);
            if ((word & 0x8080808080808080u) == 0) {  // eight ASCII bytes at once
                p += sizeof word;
                left -= sizeof word;
                continue;
            }
        }
        const size_t length = SequenceLength(p, left);
        if (length == 0) {
            return false;
        }
        p += length;
        left -= length;
    }
    return true;
}

}  // namespace elanus::base
