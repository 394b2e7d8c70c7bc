#include "function/shingle_hash.h"

#include <array>
#include <bit>
#include <cstring>
#include <string>

namespace elanus::function {
namespace {

constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87u;
constexpr uint64_t kPrime2 = 0xC2B2AE3D27D4EB4Fu;
constexpr uint64_t kPrime3 = 0x165667B19E3779F9u;
constexpr uint64_t kPrime4 = 0x85EBCA77C2B2AE63u;
constexpr uint64_t kPrime5 = 0x27D4EB2F165667C5u;

template <typename T>
T Read(const char* bytes) {
    T value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
}

uint64_t Round(uint64_t lane, uint64_t input) {
    return std::rotl(lane + input * kPrime2, 31) * kPrime1;
}

uint64_t Merge(uint64_t hash, uint64_t lane) {
    return (hash ^ Round(0, lane)) * kPrime1 + kPrime4;
}

void Sha1Block(const uint8_t* block, std::array<uint32_t, 5>* state) {
    std::array<uint32_t, 80> words;
    for (size_t i = 0; i < 16; ++i) {
        words[i] = uint32_t{block[4 * i]} << 24 | uint32_t{block[4 * i + 1]} << 16 |
                   uint32_t{block[4 * i + 2]} << 8 | block[4 * i + 3];
    }
    for (size_t i = 16; i < 80; ++i) {
        words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
    auto [a, b, c, d, e] = *state;
    for (size_t i = 0; i < 80; ++i) {
        uint32_t mixed = 0;
        if (i < 20) {
            mixed = ((b & c) | (~b & d)) + 0x5A827999u;
        } else if (i < 40) {
            mixed = (b ^ c ^ d) + 0x6ED9EBA1u;
        } else if (i < 60) {
            mixed = ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDCu;
        } else {
            mixed = (b ^ c ^ d) + 0xCA62C1D6u;
        }
        const uint32_t next = std::rotl(a, 5) + mixed + e + words[i];
        e = d;
        d = c;
        c = std::rotl(b, 30);
        b = a;
        a = next;
    }
    *state = {(*state)[0] + a, (*state)[1] + b, (*state)[2] + c, (*state)[3] + d, (*state)[4] + e};
}

}  // namespace

uint64_t XxHash64(std::string_view bytes, uint64_t seed) {
    const char* at = bytes.data();
    size_t left = bytes.size();
    uint64_t hash = seed + kPrime5;
    if (left >= 32) {
        std::array<uint64_t, 4> lanes = {seed + kPrime1 + kPrime2, seed + kPrime2, seed,
                                         seed - kPrime1};
        for (; left >= 32; left -= 32, at += 32) {
            for (size_t lane = 0; lane < 4; ++lane) {
                lanes[lane] = Round(lanes[lane], Read<uint64_t>(at + 8 * lane));
            }
        }
        hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) +
               std::rotl(lanes[3], 18);
        for (const uint64_t lane : lanes) {
            hash = Merge(hash, lane);
        }
    }
    hash += bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        hash = std::rotl(hash ^ Round(0, Read<uint64_t>(at)), 27) * kPrime1 + kPrime4;
    }
    if (left >= 4) {
        hash = std::rotl(hash ^ (Read<uint32_t>(at) * kPrime1), 23) * kPrime2 + kPrime3;
        left -= 4;
        at += 4;
    }
    for (; left > 0; --left, ++at) {
        hash = std::rotl(hash ^ (static_cast<uint8_t>(*at) * kPrime5), 11) * kPrime1;
    }
    hash = (hash ^ (hash >> 33)) * kPrime2;
    hash = (hash ^ (hash >> 29)) * kPrime3;
    return hash ^ (hash >> 32);
}

uint32_t Sha1First32(std::string_view bytes) {
    std::array<uint32_t, 5> state = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u,
                                     0xC3D2E1F0u};
    std::string padded(bytes);
    padded.push_back(static_cast<char>(0x80));
    padded.resize((padded.size() + 8 + 63) / 64 * 64, '\0');
    const uint64_t bits = uint64_t{bytes.size()} * 8;
    for (size_t i = 0; i < 8; ++i) {
        padded[padded.size() - 1 - i] = static_cast<char>(bits >> (8 * i));
    }
    for (size_t at = 0; at < padded.size(); at += 64) {
        Sha1Block(reinterpret_cast<const uint8_t*>(padded.data()) + at, &state);
    }
    return __builtin_bswap32(state[0]);
}

}  // namespace elanus::function
