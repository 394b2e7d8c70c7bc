// Packed blocks: up to 128 numbers of the same width, and apart from them the upper bits of the few
// that need more ("patched frame of reference", Zukowski 2006; here the exceptions have a byte).
//
//   u8 width | 0x20 if there are exceptions; [u8 how many]; the numbers, packed;
//   [u8 place of each exception]; [u8 its bits above the width]
//
// Threads: pure functions.
#pragma once

#include "simd/posting_blocks.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace elanus::postings {

// Where the parts of a packed block lie; found from its first bytes.
struct PackedBlock {
    const uint8_t* numbers = nullptr;
    const uint8_t* places = nullptr;
    const uint8_t* uppers = nullptr;
    uint32_t width = 0;
    uint32_t exceptions = 0;

    const uint8_t* end() const { return uppers + exceptions; }
};

// Of n <= 128 numbers below 2^31.
void AppendPacked(std::span<const uint32_t> numbers, std::string* out);
size_t PackedBytes(std::span<const uint32_t> numbers);

// False when the block does not lie within [at, end).
bool FindPacked(const uint8_t* at, const uint8_t* end, size_t n, PackedBlock* block);
// `numbers` has room for 128 + 16; simd::kUnpackSlack bytes behind the block are readable.
void Unpack(const simd::PostingKernels& kernels, const PackedBlock& block, size_t n,
            uint32_t* numbers);
// One number, i < n.
uint32_t NumberAt(const PackedBlock& block, size_t i);

}  // namespace elanus::postings
