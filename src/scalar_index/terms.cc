#include "scalar_index/terms.h"

#include "codec/varint.h"

#include <algorithm>
#include <limits>

namespace elanus::scalar_index {

namespace {

using codec::AppendVarint;
using codec::ReadVarint;

constexpr uint64_t kTermsPerBlock = 16;

uint64_t BlocksOf(uint64_t count) {
    return count / kTermsPerBlock + (count % kTermsPerBlock == 0 ? 0 : 1);
}

base::Status DamagedTerms() {
    return DamagedIndex("the dictionary is damaged");
}

}  // namespace

// Walks over the terms of one block.
class Terms::Cursor {
  public:
    base::Status Enter(const Terms& terms, uint64_t block) {
        const auto places = terms.places_.As<uint64_t>();
        if (places[block] > places[block + 1] || places[block + 1] > terms.bytes_.size()) {
            return DamagedTerms();
        }
        at_ = terms.bytes_.data() + places[block];
        end_ = terms.bytes_.data() + places[block + 1];
        term_.clear();
        return base::Status();
    }
    base::Status Next() {
        uint64_t shared = 0;
        uint64_t rest = 0;
        if (!ReadVarint(&at_, end_, &shared) || !ReadVarint(&at_, end_, &rest) ||
            shared > term_.size() || rest > static_cast<uint64_t>(end_ - at_)) {
            return DamagedTerms();
        }
        term_.resize(shared);
        term_.append(reinterpret_cast<const char*>(at_), rest);
        at_ += rest;
        return base::Status();
    }
    std::string_view term() const { return term_; }
    bool at_end() const { return at_ == end_; }

  private:
    const uint8_t* at_ = nullptr;
    const uint8_t* end_ = nullptr;
    std::string term_;
};

base::Result<Terms> Terms::Open(const codec::EnvelopeReader& reader, uint64_t count) {
    Terms terms;
    terms.count_ = count;
    ASSIGN_OR_RETURN(terms.bytes_, reader.Section(kKeysSection));
    ASSIGN_OR_RETURN(terms.places_,
                     reader.Array<uint64_t>(kBlockPlacesSection, BlocksOf(count) + 1));
    return terms;
}

// The first term of a block shares nothing, so it lies in the file as it is.
base::Result<std::string_view> Terms::Head(uint64_t block) const {
    const uint64_t place = places_.As<uint64_t>()[block];
    if (place > bytes_.size()) {
        return DamagedTerms();
    }
    const uint8_t* at = bytes_.data() + place;
    const uint8_t* end = bytes_.data() + bytes_.size();
    uint64_t shared = 0;
    uint64_t length = 0;
    if (!ReadVarint(&at, end, &shared) || !ReadVarint(&at, end, &length) || shared != 0 ||
        length > static_cast<uint64_t>(end - at)) {
        return DamagedTerms();
    }
    return std::string_view(reinterpret_cast<const char*>(at), length);
}

base::Result<uint64_t> Terms::LowerBound(std::string_view text) const {
    uint64_t low = 0;  // blocks before start at or below the text
    uint64_t high = BlocksOf(count_);
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        ASSIGN_OR_RETURN(const std::string_view head, Head(middle));
        head <= text ? low = middle + 1 : high = middle;
    }
    if (low == 0) {
        return uint64_t{0};
    }
    const uint64_t first = (low - 1) * kTermsPerBlock;
    const uint64_t end = std::min(first + kTermsPerBlock, count_);
    Cursor cursor;
    RETURN_IF_ERROR(cursor.Enter(*this, low - 1));
    for (uint64_t i = first; i < end; ++i) {
        RETURN_IF_ERROR(cursor.Next());
        if (cursor.term() >= text) {
            return i;
        }
    }
    return end;
}

base::Status Terms::ForEach(uint64_t begin, uint64_t end,
                            const std::function<void(uint64_t, std::string_view)>& visit) const {
    Cursor cursor;
    for (uint64_t i = begin / kTermsPerBlock * kTermsPerBlock; i < end; ++i) {
        if (i % kTermsPerBlock == 0) {
            RETURN_IF_ERROR(cursor.Enter(*this, i / kTermsPerBlock));
        }
        RETURN_IF_ERROR(cursor.Next());
        if (i >= begin) {
            visit(i, cursor.term());
        }
    }
    return base::Status();
}

base::Status Terms::Verify() const {
    if (places_.As<uint64_t>().front() != 0 || places_.As<uint64_t>().back() != bytes_.size()) {
        return DamagedTerms();
    }
    Cursor cursor;
    std::string before;
    for (uint64_t i = 0; i < count_; ++i) {
        if (i % kTermsPerBlock == 0) {
            RETURN_IF_ERROR(cursor.Enter(*this, i / kTermsPerBlock));
        }
        RETURN_IF_ERROR(cursor.Next());
        const bool last_of_block = i % kTermsPerBlock == kTermsPerBlock - 1 || i + 1 == count_;
        if ((i > 0 && cursor.term() <= before) || (last_of_block && !cursor.at_end())) {
            return DamagedTerms();
        }
        before = cursor.term();
    }
    return base::Status();
}

void TermsWriter::Add(std::string_view term) {
    constexpr size_t kBufferedMax = 64 << 10;
    size_t shared = 0;
    if (count_ % kTermsPerBlock == 0) {
        places_.push_back(written_ + buffer_.size());
    } else {
        const auto differ = std::mismatch(term.begin(), term.end(), before_.begin(), before_.end());
        shared = static_cast<size_t>(differ.first - term.begin());
    }
    AppendVarint(shared, &buffer_);
    AppendVarint(term.size() - shared, &buffer_);
    buffer_.append(term.substr(shared));
    before_.assign(term);
    ++count_;
    if (buffer_.size() >= kBufferedMax) {
        Flush();
    }
}

void TermsWriter::Flush() {
    writer_.Append(buffer_);
    written_ += buffer_.size();
    buffer_.clear();
}

void TermsWriter::Finish() {
    Flush();
    places_.push_back(written_);
    writer_.EndSection();
    writer_.AddArray<uint64_t>(kBlockPlacesSection, places_);
}

bool BehindPrefix(std::string_view prefix, std::string* behind) {
    behind->assign(prefix);
    while (!behind->empty() && static_cast<uint8_t>(behind->back()) == 0xff) {
        behind->pop_back();
    }
    if (behind->empty()) {
        return false;
    }
    behind->back() = static_cast<char>(static_cast<uint8_t>(behind->back()) + 1);
    return true;
}

}  // namespace elanus::scalar_index
