// Layout: what the parts of a postings file are. docs/formats/postings.md has the fields.
// Threads: constants and plain structs.
#pragma once

#include "base/status.h"
#include "codec/envelope.h"
#include "simd/posting_blocks.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace elanus::postings {

inline constexpr std::string_view kFormat = "postings";
inline constexpr uint32_t kVersion = 1;

inline constexpr codec::SectionId kMetaSection{1, 0};
inline constexpr codec::SectionId kOrderSection{2, 0};       // absent: documents are in row order
inline constexpr codec::SectionId kLengthsSection{3, 0};     // u32 by code, rising
inline constexpr codec::SectionId kCodesSection{4, 0};       // by document
inline constexpr codec::SectionId kClassesSection{5, 0};     // u32[256]: the first code of each
inline constexpr codec::SectionId kTermsSection{6, 0};       // blocks of terms
inline constexpr codec::SectionId kTermPlacesSection{7, 0};  // u64: where each block begins
inline constexpr codec::SectionId kListsSection{8, 0};
inline constexpr codec::SectionId kPositionsSection{9, 0};  // when positions are kept

inline constexpr uint32_t kBlock = simd::kPostingBlock;
inline constexpr uint32_t kTermsPerBlock = 32;
inline constexpr size_t kClasses = 256;
inline constexpr uint32_t kDocumentsMax = (uint32_t{1} << 31) - 1;
// Zeros behind the lists, the positions, the codes and the order: reads are wide.
inline constexpr size_t kSlack = 576;  // a block of the widest numbers, and a wide read more

struct Meta {
    uint32_t flags;
    uint32_t documents;
    uint32_t lengths;     // different ones
    uint32_t order_bits;  // of a row number in the order; 0 = no order
    uint64_t length_sum;
    uint64_t terms;
    uint64_t occurrences;  // of all terms
    uint32_t tag;          // the owner's
    uint32_t empty;        // documents of length 0
};
static_assert(sizeof(Meta) == 48);

inline constexpr uint32_t kFlagPositions = 1;

// What a block of a list begins with: the width of its numbers, or that it is a bit set.
inline constexpr uint8_t kWidthMask = 0x1f;
inline constexpr uint8_t kHasExceptions = 0x20;
inline constexpr uint8_t kIsBitSet = 0x40;

inline base::Status Damaged(std::string_view what) {
    return base::Corruption("postings: " + std::string(what));
}

}  // namespace elanus::postings
