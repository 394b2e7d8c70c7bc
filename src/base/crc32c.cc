#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#endif

namespace elanus::base {
namespace {

#if defined(__SSE4_2__)

uint32_t Extend(uint32_t crc, const uint8_t* data, size_t size) {
    uint64_t wide = crc;
    for (; size >= 8; size -= 8, data += 8) {
        uint64_t word;
        std::memcpy(&word, data, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    auto narrow = static_cast<uint32_t>(wide);
    for (; size > 0; --size, ++data) {
        narrow = _mm_crc32_u8(narrow, *data);
    }
    return narrow;
}

#else

constexpr std::array<uint32_t, 256> MakeTable() {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1) ? 0x82f63b78u : 0);
        }
        table[i] = crc;
    }
    return table;
}

uint32_t Extend(uint32_t crc, const uint8_t* data, size_t size) {
    static constexpr std::array<uint32_t, 256> kTable = MakeTable();
    for (; size > 0; --size, ++data) {
        crc = (crc >> 8) ^ kTable[(crc ^ *data) & 0xff];
    }
    return crc;
}

#endif

}  // namespace

uint32_t Crc32c(uint32_t crc, const void* data, size_t size) {
    return ~Extend(~crc, static_cast<const uint8_t*>(data), size);
}

}  // namespace elanus::base
