// BlockList: reads the postings of one term, a block of up to 128 documents at a time, and keeps
// what it unpacked last.
//
// Lists of one block, and terms of one document, look like any other list.
// Damage: a block that cannot be read has no documents, and `damaged` tells. Documents of a block
// rise, are behind the block before and not behind the block's last, so callers may use them as
// places (INV-LIST-1).
// Threads: one search.
#pragma once

#include "base/buffer.h"
#include "postings/layout.h"
#include "postings/packed_block.h"
#include "postings/term_dictionary.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace elanus::postings {

// Where the lists of an index lie.
struct ListSections {
    base::Buffer lists;
    base::Buffer positions;  // empty: not kept
    uint32_t documents = 0;
    bool has_positions = false;
};

// Little-endian values of T at any alignment.
template <typename T>
class Values {
  public:
    Values() = default;
    explicit Values(const uint8_t* bytes) : bytes_(bytes) {}
    T operator[](size_t i) const {
        T value;
        std::memcpy(&value, bytes_ + i * sizeof(T), sizeof value);
        return value;
    }

  private:
    const uint8_t* bytes_ = nullptr;
};

class BlockList {
  public:
    BlockList() = default;
    BlockList(const BlockList&) = delete;
    BlockList& operator=(const BlockList&) = delete;

    // False, and damaged(), when the term's places are not within the sections.
    bool Open(const ListSections& sections, const simd::PostingKernels& kernels, const Term& term);

    uint32_t documents() const { return term_.documents; }
    uint32_t blocks() const { return blocks_; }
    // The documents of block b are at most this, and above that of the block before.
    uint32_t Last(uint32_t block) const { return lasts_[block]; }
    uint32_t First(uint32_t block) const { return block == 0 ? 0 : Last(block - 1) + 1; }
    bool repeated() const { return term_.repeated(); }
    const Term& term() const { return term_; }
    // The pairs that bound the blocks (simd::PostingKernels::bounds); only of lists of blocks.
    const uint8_t* bound_pairs() const { return bound_pairs_; }

    // The first block at or behind `block` whose documents may be `document` or greater; blocks()
    // when there is none.
    uint32_t Seek(uint32_t block, uint32_t document) const {
        return block >= blocks_ || Last(block) >= document ? block : SeekFurther(block, document);
    }

    // Makes `block` the current one: its documents, or how often each has the term.
    void ReadDocuments(uint32_t block);
    void ReadCounts(uint32_t block);
    // Of the current block. 128 + 16 values, of which size() count.
    size_t size() const { return size_; }
    const uint32_t* docs() const { return docs_; }
    // Null: each document has the term once.
    const uint32_t* counts() const { return repeated() ? counts_ : nullptr; }

    // Makes `block` current as far as the answer needs and gives the place of the document in it,
    // or -1.
    int PlaceOf(uint32_t block, uint32_t document);
    // How often the document at that place of the block last asked about has the term.
    uint32_t CountAt(uint32_t block, uint32_t place);
    // The positions in the document at that place of the block.
    void ReadPositions(uint32_t block, uint32_t place, std::vector<uint32_t>* out);

    // Sets the bit of each document of the block in [begin, end); bit 0 is `begin`, a multiple of
    // 64. Two words behind the end's may be written to.
    void SetBits(uint32_t block, uint32_t begin, uint32_t end, uint64_t* words);

    bool damaged() const { return damaged_; }

  private:
    static constexpr uint32_t kNoBlock = ~uint32_t{0};

    uint32_t SeekFurther(uint32_t block, uint32_t document) const;
    bool OpenDirectory();
    bool OpenPositions();
    bool FindParts(uint32_t block);
    void ReadBits();
    void ReadEnds(uint32_t block);
    void UnpackPositions(uint32_t position_block);
    void Fail();

    const simd::PostingKernels* kernels_ = nullptr;
    Term term_;
    uint32_t index_documents_ = 0;
    bool has_positions_ = false;
    uint32_t blocks_ = 0;
    uint32_t only_last_ = 0;
    const uint8_t* bound_pairs_ = nullptr;
    Values<uint32_t> lasts_;
    Values<uint32_t> ends_;
    Values<uint32_t> occurrences_before_;
    const uint8_t* data_ = nullptr;
    size_t data_bytes_ = 0;

    uint32_t position_blocks_ = 0;
    Values<uint32_t> position_ends_;
    const uint8_t* position_data_ = nullptr;
    size_t position_bytes_ = 0;

    // The parts of a block, and what of it is unpacked.
    uint32_t parts_of_ = kNoBlock;
    uint32_t docs_of_ = kNoBlock;
    uint32_t counts_of_ = kNoBlock;
    uint32_t ends_of_ = kNoBlock;
    uint32_t positions_of_ = kNoBlock;
    size_t size_ = 0;
    bool is_bits_ = false;
    bool damaged_ = false;
    const uint8_t* bits_ = nullptr;
    uint32_t bit_words_ = 0;
    PackedBlock packed_docs_;
    PackedBlock packed_counts_;
    alignas(64) uint32_t docs_[kBlock + 16];
    alignas(64) uint32_t counts_[kBlock + 16];
    uint32_t occurrence_ends_[1 + kBlock + 16] = {};
    uint32_t positions_[kBlock + 16];
};

}  // namespace elanus::postings
