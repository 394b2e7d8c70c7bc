#include "postings/packed_block.h"

#include "postings/layout.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace elanus::postings {
namespace {

constexpr uint32_t kUpperBits = 8;

size_t NumberBytes(size_t n, uint32_t width) {
    return (n * width + 7) / 8;
}

struct Shape {
    uint32_t width = 0;
    uint32_t exceptions = 0;
    size_t bytes = 0;  // of the whole block
};

// The width that takes the fewest bytes.
Shape ShapeOf(std::span<const uint32_t> numbers) {
    std::array<uint32_t, 33> of_width{};
    for (const uint32_t number : numbers) {
        ++of_width[static_cast<size_t>(std::bit_width(number))];
    }
    uint32_t widest = 32;
    while (widest > 0 && of_width[widest] == 0) {
        --widest;
    }
    Shape best{widest, 0, 1 + NumberBytes(numbers.size(), widest)};
    uint32_t exceptions = 0;
    for (uint32_t width = widest; width-- > 0 && widest - width <= kUpperBits;) {
        exceptions += of_width[width + 1];
        if (width + kUpperBits > simd::kUnpackWidthMax) {
            continue;
        }
        const size_t bytes = 2 + NumberBytes(numbers.size(), width) + 2 * size_t{exceptions};
        if (bytes < best.bytes) {
            best = {width, exceptions, bytes};
        }
    }
    return best;
}

}  // namespace

size_t PackedBytes(std::span<const uint32_t> numbers) {
    return ShapeOf(numbers).bytes;
}

void AppendPacked(std::span<const uint32_t> numbers, std::string* out) {
    const Shape shape = ShapeOf(numbers);
    const uint8_t flag = shape.exceptions > 0 ? kHasExceptions : 0;
    out->push_back(static_cast<char>(shape.width | flag));
    if (flag != 0) {
        out->push_back(static_cast<char>(shape.exceptions));
    }
    const size_t begin = out->size();
    out->resize(begin + NumberBytes(numbers.size(), shape.width));
    const uint64_t mask = (uint64_t{1} << shape.width) - 1;
    uint64_t word = 0;
    uint32_t bits = 0;
    size_t at = begin;
    for (const uint32_t number : numbers) {
        word |= (number & mask) << bits;
        for (bits += shape.width; bits >= 8; bits -= 8, word >>= 8) {
            (*out)[at++] = static_cast<char>(word);
        }
    }
    if (bits > 0) {
        (*out)[at] = static_cast<char>(word);
    }
    for (size_t i = 0; flag != 0 && i < numbers.size(); ++i) {
        if (numbers[i] > mask) {
            out->push_back(static_cast<char>(i));
        }
    }
    for (size_t i = 0; flag != 0 && i < numbers.size(); ++i) {
        if (numbers[i] > mask) {
            out->push_back(static_cast<char>(numbers[i] >> shape.width));
        }
    }
}

bool FindPacked(const uint8_t* at, const uint8_t* end, size_t n, PackedBlock* block) {
    if (at >= end) {
        return false;
    }
    const uint8_t head = *at++;
    block->width = head & kWidthMask;
    block->exceptions = 0;
    if ((head & kHasExceptions) != 0) {
        if (at == end || block->width + kUpperBits > simd::kUnpackWidthMax) {
            return false;
        }
        block->exceptions = *at++;
    }
    const size_t bytes = NumberBytes(n, block->width);
    if ((head & ~(kWidthMask | kHasExceptions)) != 0 ||
        bytes + 2 * size_t{block->exceptions} > static_cast<size_t>(end - at)) {
        return false;
    }
    block->numbers = at;
    block->places = at + bytes;
    block->uppers = block->places + block->exceptions;
    return true;
}

void Unpack(const simd::PostingKernels& kernels, const PackedBlock& block, size_t n,
            uint32_t* numbers) {
    kernels.unpack(block.numbers, block.width, n, numbers);
    for (uint32_t i = 0; i < block.exceptions; ++i) {
        numbers[block.places[i] % kBlock] |= static_cast<uint32_t>(block.uppers[i]) << block.width;
    }
}

uint32_t NumberAt(const PackedBlock& block, size_t i) {
    const size_t bit = i * block.width;
    uint64_t word;
    std::memcpy(&word, block.numbers + bit / 8, sizeof word);
    auto number = static_cast<uint32_t>((word >> (bit % 8)) & ((uint64_t{1} << block.width) - 1));
    for (uint32_t e = 0; e < block.exceptions; ++e) {
        if (block.places[e] == i) {
            number |= static_cast<uint32_t>(block.uppers[e]) << block.width;
        }
    }
    return number;
}

}  // namespace elanus::postings
