#include "analyzer/term_hash.h"

#include <array>

namespace elanus::analyzer {
namespace {

constexpr size_t kHashedBytes = 100;

constexpr std::array<uint32_t, 256> MakeTable() {
    std::array<uint32_t, 256> table{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t remainder = byte;
        for (int bit = 0; bit < 8; ++bit) {
            remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0xedb88320u : 0);
        }
        table[byte] = remainder;
    }
    return table;
}

constexpr std::array<uint32_t, 256> kTable = MakeTable();

}  // namespace

uint32_t TermHash(std::string_view token) {
    uint32_t crc = 0xffffffffu;
    for (const char c : token.substr(0, kHashedBytes)) {
        crc = (crc >> 8) ^ kTable[(crc ^ static_cast<uint8_t>(c)) & 0xff];
    }
    return ~crc % 0xffffffffu;
}

}  // namespace elanus::analyzer
