#include "analyzer/unicode.h"

#include <algorithm>
#include <iterator>

namespace elanus::analyzer {

namespace {

struct WordRange {
    uint32_t first;
    uint32_t last;
};
struct LowerRange {
    uint32_t first;
    uint32_t last;
    int32_t delta;
    uint32_t step;
};
#include "analyzer/unicode_tables.inc"

// The range that holds `code`; null when there is none.
template <typename Range, size_t N>
const Range* Find(const Range (&ranges)[N], uint32_t code) {
    const Range* found =
        std::lower_bound(std::begin(ranges), std::end(ranges), code,
                         [](const Range& range, uint32_t wanted) { return range.last < wanted; });
    return found != std::end(ranges) && found->first <= code ? found : nullptr;
}

constexpr CodePoint kInvalid{0, 1, false};

}  // namespace

CodePoint FirstCodePoint(std::string_view text) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
    const uint8_t lead = byte(0);
    if (lead < 0x80) {
        return {lead, 1, true};
    }
    const uint8_t length = lead >= 0xf0 ? 4 : (lead >= 0xe0 ? 3 : 2);
    constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) {
        return kInvalid;
    }
    uint32_t code = lead & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) {
            return kInvalid;
        }
        code = (code << 6) | (byte(i) & 0x3f);
    }
    const bool is_surrogate = code >= 0xd800 && code < 0xe000;
    return code < kLeast[length] || code > 0x10ffff || is_surrogate ? kInvalid
                                                                    : CodePoint{code, length, true};
}

bool IsWordCodePoint(uint32_t code) {
    if (code < 0x80) {
        return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') ||
               (code >= '0' && code <= '9');
    }
    return Find(kWordRanges, code) != nullptr;
}

uint32_t LowerCase(uint32_t code) {
    if (code < 0x80) {
        return code >= 'A' && code <= 'Z' ? code - 'A' + 'a' : code;
    }
    const LowerRange* range = Find(kLowerRanges, code);
    if (range == nullptr || (code - range->first) % range->step != 0) {
        return code;
    }
    return static_cast<uint32_t>(static_cast<int32_t>(code) + range->delta);
}

void AppendUtf8(uint32_t code, std::string* out) {
    const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
        return;
    }
    if (code < 0x800) {
        put(0xc0 | (code >> 6));
    } else {
        if (code < 0x10000) {
            put(0xe0 | (code >> 12));
        } else {
            put(0xf0 | (code >> 18));
            put(0x80 | ((code >> 12) & 0x3f));
        }
        put(0x80 | ((code >> 6) & 0x3f));
    }
    put(0x80 | (code & 0x3f));
}

}  // namespace elanus::analyzer
