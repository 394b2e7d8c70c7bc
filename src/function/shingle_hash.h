// The hash functions that MinHash offers for shingles: XXH64 (the algorithm's specification,
// github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md) and SHA-1 (RFC 3174), of which the first
// four bytes are taken.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace elanus::function {

uint64_t XxHash64(std::string_view bytes, uint64_t seed = 0);
// The first four bytes of the digest as a little-endian number.
uint32_t Sha1First32(std::string_view bytes);

}  // namespace elanus::function
