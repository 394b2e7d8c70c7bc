// TermHash: the number a token has as a dimension of a sparse vector. Milvus' own: the CRC-32
// (IEEE 802.3) of the token's first 100 bytes, modulo 2^32 - 1, so that vectors made there and here
// are the same. Two tokens may share a number; nobody tells them apart then.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace elanus::analyzer {

uint32_t TermHash(std::string_view token);

}  // namespace elanus::analyzer
