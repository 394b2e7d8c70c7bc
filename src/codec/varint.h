// Varint: unsigned numbers in seven-bit groups, the lowest first; used by files of lists and terms.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace elanus::codec {

inline void AppendVarint(uint64_t value, std::string* out) {
    for (; value >= 0x80; value >>= 7) {
        out->push_back(static_cast<char>(value | 0x80));
    }
    out->push_back(static_cast<char>(value));
}

inline size_t VarintBytes(uint64_t value) {
    size_t bytes = 1;
    for (; value >= 0x80; value >>= 7) {
        ++bytes;
    }
    return bytes;
}

// Moves `*at` behind the number; false when it does not end before `end` or has over 64 bits.
inline bool ReadVarint(const uint8_t** at, const uint8_t* end, uint64_t* value) {
    uint64_t result = 0;
    for (unsigned shift = 0; shift < 64 && *at != end; shift += 7) {
        const uint8_t byte = *(*at)++;
        result |= static_cast<uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = result;
            return true;
        }
    }
    return false;
}

}  // namespace elanus::codec
