#include "postings/block_list.h"

#include <algorithm>
#include <bit>

namespace elanus::postings {
namespace {

bool Within(uint64_t offset, uint64_t bytes, const base::Buffer& section) {
    const uint64_t usable = section.size() < kSlack ? 0 : section.size() - kSlack;
    return offset <= usable && bytes <= usable - offset;
}

}  // namespace

void BlockList::Fail() {
    damaged_ = true;
    size_ = 0;
    // Searches in the block find nothing.
    std::fill(docs_, docs_ + kBlock + 16, ~uint32_t{0});
}

bool BlockList::Open(const ListSections& sections, const simd::PostingKernels& kernels,
                     const Term& term) {
    kernels_ = &kernels;
    term_ = term;
    index_documents_ = sections.documents;
    has_positions_ = sections.has_positions;
    parts_of_ = docs_of_ = counts_of_ = ends_of_ = positions_of_ = kNoBlock;
    damaged_ = false;
    size_ = 0;
    blocks_ = (term.documents + kBlock - 1) / kBlock;
    if (term.documents == 0) {
        return true;
    }
    if (!Within(term.list_offset, term.list_bytes, sections.lists) ||
        (has_positions_ &&
         !Within(term.positions_offset, term.positions_bytes, sections.positions))) {
        blocks_ = 0;
        Fail();
        return false;
    }
    data_ = sections.lists.data() + term.list_offset;
    data_bytes_ = term.list_bytes;
    position_data_ = has_positions_ ? sections.positions.data() + term.positions_offset : nullptr;
    position_bytes_ = term.positions_bytes;
    if (!OpenDirectory() || !OpenPositions()) {
        blocks_ = 0;
        Fail();
        return false;
    }
    return true;
}

bool BlockList::OpenDirectory() {
    if (term_.documents > index_documents_) {
        return false;
    }
    lasts_ = Values<uint32_t>(reinterpret_cast<const uint8_t*>(&only_last_));
    if (term_.documents == 1) {
        only_last_ = term_.only_document;
        return only_last_ < index_documents_;
    }
    if (blocks_ > 1) {
        const bool with_occurrences = has_positions_ && repeated();
        const size_t directory = size_t{blocks_} * (8 + 4 + 4 + (with_occurrences ? 4 : 0));
        if (directory > data_bytes_) {
            return false;
        }
        bound_pairs_ = data_;
        lasts_ = Values<uint32_t>(data_ + size_t{blocks_} * 8);
        ends_ = Values<uint32_t>(data_ + size_t{blocks_} * 12);
        occurrences_before_ = Values<uint32_t>(data_ + size_t{blocks_} * 16);
        data_ += directory;
        data_bytes_ -= directory;
        return lasts_[blocks_ - 1] < index_documents_;
    }
    only_last_ = index_documents_ - 1;
    ReadDocuments(0);
    if (size_ == 0) {
        return false;
    }
    only_last_ = docs_[size_ - 1];
    return true;
}

bool BlockList::OpenPositions() {
    const bool is_inline = term_.documents == 1 && term_.occurrences <= kInlineOccurrences;
    if (!has_positions_ || is_inline) {
        position_blocks_ = 0;
        return true;
    }
    const uint64_t blocks = (term_.occurrences + kBlock - 1) / kBlock;
    if (blocks > 1) {
        const uint64_t directory = blocks * sizeof(uint32_t);
        if (directory > position_bytes_) {
            return false;
        }
        position_ends_ = Values<uint32_t>(position_data_);
        position_data_ += directory;
        position_bytes_ -= directory;
    }
    position_blocks_ = static_cast<uint32_t>(blocks);
    return true;
}

uint32_t BlockList::SeekFurther(uint32_t block, uint32_t document) const {
    uint32_t low = block;  // its last is below the document
    uint32_t step = 1;
    while (blocks_ - low > step && lasts_[low + step] < document) {
        low += step;
        step *= 2;
    }
    uint32_t high = std::min(low + step, blocks_);  // the answer or behind it
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        (lasts_[middle] < document ? low : high) = middle;
    }
    return high;
}

// Finds where documents and counts of a block are; nothing is unpacked.
bool BlockList::FindParts(uint32_t block) {
    if (parts_of_ == block) {
        return true;
    }
    parts_of_ = docs_of_ = counts_of_ = kNoBlock;
    const uint64_t begin = block == 0 || blocks_ == 1 ? 0 : ends_[block - 1];
    const uint64_t end = blocks_ == 1 ? data_bytes_ : ends_[block];
    const uint32_t last = Last(block);
    const uint32_t first = First(block);
    if (begin >= end || end > data_bytes_ || last >= index_documents_ || first > last) {
        Fail();
        return false;
    }
    const uint8_t* at = data_ + begin;
    const uint8_t* const stop = data_ + end;
    size_ = std::min<size_t>(kBlock, term_.documents - size_t{block} * kBlock);
    is_bits_ = *at == kIsBitSet;
    if (is_bits_) {
        bits_ = at + 1;
        bit_words_ = (last - first) / 64 + 1;
        if (size_t{bit_words_} * 8 > static_cast<size_t>(stop - bits_)) {
            Fail();
            return false;
        }
        at = bits_ + size_t{bit_words_} * 8;
    } else if (FindPacked(at, stop, size_, &packed_docs_)) {
        at = packed_docs_.end();
    } else {
        Fail();
        return false;
    }
    if (repeated() && !FindPacked(at, stop, size_, &packed_counts_)) {
        Fail();
        return false;
    }
    parts_of_ = block;
    return true;
}

void BlockList::ReadBits() {
    const uint32_t first = First(parts_of_);
    const size_t n = kernels_->expand(bits_, bit_words_, first, docs_);
    if (n != size_ || docs_[n - 1] > Last(parts_of_)) {
        Fail();
    }
}

void BlockList::ReadDocuments(uint32_t block) {
    if (docs_of_ == block) {
        return;
    }
    if (term_.documents == 1) {
        std::fill(docs_, docs_ + kBlock + 16, ~uint32_t{0});
        docs_[0] = term_.only_document;
        counts_[0] = static_cast<uint32_t>(std::min<uint64_t>(term_.occurrences, ~uint32_t{0}));
        size_ = 1;
        docs_of_ = counts_of_ = parts_of_ = block;
        return;
    }
    if (!FindParts(block)) {
        return;
    }
    if (is_bits_) {
        ReadBits();
    } else {
        Unpack(*kernels_, packed_docs_, size_, docs_);
        if (kernels_->add_up(First(block), size_, docs_) > Last(block)) {
            Fail();
        }
    }
    std::fill(docs_ + size_, docs_ + kBlock + 16, ~uint32_t{0});
    docs_of_ = block;
}

void BlockList::ReadCounts(uint32_t block) {
    if (!repeated() || counts_of_ == block || term_.documents == 1) {
        ReadDocuments(block);
        return;
    }
    if (!FindParts(block)) {
        return;
    }
    Unpack(*kernels_, packed_counts_, size_, counts_);
    for (uint32_t& count : counts_) {
        ++count;
    }
    counts_of_ = block;
}

int BlockList::PlaceOf(uint32_t block, uint32_t document) {
    if (docs_of_ != block && term_.documents > 1) {
        if (!FindParts(block)) {
            return -1;
        }
        if (is_bits_) {
            const uint32_t bit = document - First(block);
            if (bit / 64 >= bit_words_) {
                return -1;
            }
            const Values<uint64_t> words(bits_);
            const uint64_t word = words[bit / 64];
            if (((word >> (bit % 64)) & 1) == 0) {
                return -1;
            }
            int place = std::popcount(word & ((uint64_t{1} << (bit % 64)) - 1));
            for (uint32_t w = 0; w < bit / 64; ++w) {
                place += std::popcount(words[w]);
            }
            return place < static_cast<int>(size_) ? place : -1;
        }
    }
    ReadDocuments(block);
    const size_t place = kernels_->rank(docs_, document);
    return place < size_ && docs_[place] == document ? static_cast<int>(place) : -1;
}

uint32_t BlockList::CountAt(uint32_t block, uint32_t place) {
    if (!repeated()) {
        return 1;
    }
    if (term_.documents == 1) {
        return static_cast<uint32_t>(std::min<uint64_t>(term_.occurrences, ~uint32_t{0}));
    }
    if (counts_of_ == block) {
        return counts_[place];
    }
    return FindParts(block) ? NumberAt(packed_counts_, place) + 1 : 1;
}

void BlockList::UnpackPositions(uint32_t block) {
    if (positions_of_ == block) {
        return;
    }
    const uint64_t begin = block == 0 || position_blocks_ == 1 ? 0 : position_ends_[block - 1];
    const uint64_t end = position_blocks_ == 1 ? position_bytes_ : position_ends_[block];
    const size_t n = std::min<uint64_t>(kBlock, term_.occurrences - uint64_t{block} * kBlock);
    PackedBlock packed;
    positions_of_ = block;
    if (begin > end || end > position_bytes_ ||
        !FindPacked(position_data_ + begin, position_data_ + end, n, &packed)) {
        std::fill(positions_, positions_ + kBlock, 0u);
        damaged_ = true;
        return;
    }
    Unpack(*kernels_, packed, n, positions_);
}

// The places of a block's occurrences among all of the list's: those of the document at place p end
// at ends[p], exclusively.
void BlockList::ReadEnds(uint32_t block) {
    if (ends_of_ == block || !FindParts(block)) {
        return;
    }
    const uint32_t before = blocks_ == 1 ? 0 : occurrences_before_[block];
    Unpack(*kernels_, packed_counts_, size_, occurrence_ends_ + 1);
    // The numbers are counts less one, to which the kernel adds their places.
    kernels_->add_up(before + 1, size_, occurrence_ends_ + 1);
    occurrence_ends_[0] = before;
    ends_of_ = block;
}

void BlockList::ReadPositions(uint32_t block, uint32_t place, std::vector<uint32_t>* out) {
    uint64_t start = uint64_t{block} * kBlock + place;
    uint64_t count = 1;
    if (term_.documents == 1) {
        start = 0;
        count = term_.occurrences;
        if (position_blocks_ == 0) {
            out->assign(term_.inline_positions, term_.inline_positions + count);
            return;
        }
    } else if (repeated()) {
        ReadEnds(block);
        start = occurrence_ends_[place];
        count = uint64_t{occurrence_ends_[place + 1]} - start;
    }
    if (start + count > term_.occurrences || count > term_.occurrences) {
        damaged_ = true;
        out->clear();
        return;
    }
    out->resize(count);
    uint32_t position = 0;
    for (uint64_t i = 0; i < count; ++i) {
        UnpackPositions(static_cast<uint32_t>((start + i) / kBlock));
        position += positions_[(start + i) % kBlock];
        (*out)[i] = position;
    }
}

void BlockList::SetBits(uint32_t block, uint32_t begin, uint32_t end, uint64_t* words) {
    if (docs_of_ != block && term_.documents > 1 && FindParts(block) && is_bits_ &&
        First(block) >= begin && Last(block) < end) {
        const uint32_t shift = (First(block) - begin) % 64;
        uint64_t* out = words + (First(block) - begin) / 64;
        const Values<uint64_t> bits(bits_);
        // The last word's upper bits are behind Last(block), and 0 unless the file is damaged.
        for (uint32_t w = 0; w < bit_words_; ++w) {
            out[w] |= bits[w] << shift;
            if (shift != 0) {
                out[w + 1] |= bits[w] >> (64 - shift);
            }
        }
        return;
    }
    ReadDocuments(block);
    const size_t from = First(block) < begin ? kernels_->rank(docs_, begin) : 0;
    const size_t to = Last(block) >= end ? std::min(kernels_->rank(docs_, end), size_) : size_;
    if (from < to) {
        kernels_->mark(docs_ + from, to - from, begin, words);
    }
}

}  // namespace elanus::postings
