// CRC-32C (Castagnoli), the checksum of every byte we keep. Uses the SSE4.2 instruction where the
// baseline has it (x86-64-v2 does), a table elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace elanus::base {

// Extends `crc` (0 to start) over `size` bytes at `data`.
uint32_t Crc32c(uint32_t crc, const void* data, size_t size);
inline uint32_t Crc32c(std::string_view bytes) {
    return Crc32c(0, bytes.data(), bytes.size());
}

}  // namespace elanus::base
