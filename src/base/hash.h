// Hash64: a fast, stable 64-bit hash of bytes and of integers (wyhash-style multiply-and-fold).
// Stable: its values are stored in files and decide the partition of a row, so it never changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace elanus::base {

inline uint64_t FoldMultiply(uint64_t a, uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t Hash64(uint64_t value) {
    return FoldMultiply(value ^ 0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u ^ (value >> 32));
}

inline uint64_t Hash64(std::string_view bytes) {
    uint64_t hash = 0x9e3779b97f4a7c15u ^ bytes.size();
    const char* p = bytes.data();
    size_t left = bytes.size();
    while (left > 8) {
        uint64_t word;
        std::memcpy(&word, p, 8);
        hash = FoldMultiply(hash ^ word, 0xa0761d6478bd642fu);
        p += 8;
        left -= 8;
    }
    uint64_t tail = 0;
    if (left > 0) {
        std::memcpy(&tail, p, left);
    }
    return FoldMultiply(hash ^ tail, 0xe7037ed1a0b428dbu ^ hash);
}

}  // namespace elanus::base
