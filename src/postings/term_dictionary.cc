#include "postings/term_dictionary.h"

#include "codec/varint.h"
#include "postings/layout.h"

#include <algorithm>

namespace elanus::postings {

using codec::AppendVarint;
using codec::ReadVarint;

namespace {

constexpr uint64_t kShort = 15;

base::Status DamagedTerms() {
    return Damaged("a block of terms is damaged");
}

void AppendInfo(const Term& term, bool positions, std::string* out) {
    AppendVarint((uint64_t{term.documents} - 1) << 1 | (term.repeated() ? 1 : 0), out);
    if (term.repeated()) {
        AppendVarint(term.occurrences - term.documents - 1, out);
    }
    if (term.documents > 1) {
        AppendVarint(term.list_bytes, out);
    } else {
        AppendVarint(term.only_document, out);
    }
    if (positions && term.documents == 1 && term.occurrences <= kInlineOccurrences) {
        uint32_t before = 0;
        for (size_t i = 0; i < term.occurrences; ++i) {
            AppendVarint(term.inline_positions[i] - before, out);
            before = term.inline_positions[i];
        }
    } else if (positions) {
        AppendVarint(term.positions_bytes, out);
    }
}

}  // namespace

void TermDictionaryWriter::Add(std::string_view key, const Term& term) {
    uint64_t shared = 0;
    if (terms_++ % kTermsPerBlock == 0) {
        places_.push_back(bytes_.size());
        AppendVarint(term.list_offset, &bytes_);
        AppendVarint(term.positions_offset, &bytes_);
    } else {
        shared = static_cast<uint64_t>(
            std::mismatch(key.begin(), key.end(), last_.begin(), last_.end()).first - key.begin());
    }
    const uint64_t further = key.size() - shared;
    bytes_.push_back(static_cast<char>(std::min(shared, kShort) << 4 | std::min(further, kShort)));
    if (shared >= kShort) {
        AppendVarint(shared - kShort, &bytes_);
    }
    if (further >= kShort) {
        AppendVarint(further - kShort, &bytes_);
    }
    bytes_.append(key.substr(shared));
    last_.assign(key);
    AppendInfo(term, positions_, &bytes_);
}

// Reads the entries of one block after the other.
class TermDictionary::Cursor {
  public:
    Cursor(const TermDictionary& terms, size_t block) : positions_(terms.positions_) {
        const auto places = terms.places_.As<uint64_t>();
        const uint64_t begin = places[block];
        const uint64_t end = block + 1 < places.size() ? places[block + 1] : terms.bytes_.size();
        left_ = static_cast<uint32_t>(
            std::min<uint64_t>(kTermsPerBlock, terms.terms_ - block * uint64_t{kTermsPerBlock}));
        good_ = begin <= end && end <= terms.bytes_.size();
        at_ = terms.bytes_.data() + (good_ ? begin : 0);
        end_ = terms.bytes_.data() + (good_ ? end : 0);
        good_ = good_ && Varint(&term_.list_offset) && Varint(&term_.positions_offset);
    }

    // False behind the last entry, and when the block is damaged.
    bool NextKey() {
        if (!good_ || left_ == 0) {
            return false;
        }
        --left_;
        uint64_t shared = 0, further = 0;
        good_ = at_ != end_;
        if (good_) {
            shared = *at_ >> 4;
            further = *at_++ & 15;
        }
        good_ = good_ && Extend(&shared) && Extend(&further) && shared <= key_.size() &&
                further <= static_cast<uint64_t>(end_ - at_);
        if (good_) {
            key_.resize(shared);
            key_.append(reinterpret_cast<const char*>(at_), further);
            at_ += further;
        }
        return good_;
    }

    bool ReadInfo() {
        term_.list_offset += term_.list_bytes;
        term_.positions_offset += term_.positions_bytes;
        term_.list_bytes = term_.positions_bytes = 0;
        uint64_t head = 0, more = 0;
        good_ = Varint(&head) && (head >> 1) < kDocumentsMax &&
                ((head & 1) == 0 || Varint(&more)) && more < uint64_t{1} << 40;
        term_.documents = static_cast<uint32_t>(head >> 1) + 1;
        term_.occurrences = term_.documents + ((head & 1) != 0 ? more + 1 : 0);
        uint64_t document = 0;
        if (term_.documents > 1) {
            good_ = good_ && Varint(&term_.list_bytes);
        } else {
            good_ = good_ && Varint(&document) && document < kDocumentsMax;
            term_.only_document = static_cast<uint32_t>(document);
        }
        if (positions_ && term_.documents == 1 && term_.occurrences <= kInlineOccurrences) {
            uint64_t position = 0;
            for (size_t i = 0; i < term_.occurrences && good_; ++i) {
                uint64_t step = 0;
                good_ = Varint(&step);
                position += step;
                term_.inline_positions[i] = static_cast<uint32_t>(position);
            }
        } else if (positions_) {
            good_ = good_ && Varint(&term_.positions_bytes);
        }
        return good_;
    }

    bool good() const { return good_; }
    std::string_view key() const { return key_; }
    const Term& term() const { return term_; }

  private:
    bool Varint(uint64_t* value) { return ReadVarint(&at_, end_, value); }
    bool Extend(uint64_t* length) {
        uint64_t more = 0;
        if (*length == kShort && (!Varint(&more) || more > uint64_t{1} << 32)) {
            return false;
        }
        *length += more;
        return true;
    }

    const bool positions_;
    const uint8_t* at_ = nullptr;
    const uint8_t* end_ = nullptr;
    uint32_t left_ = 0;
    bool good_ = false;
    std::string key_;
    Term term_;
};

base::Result<TermDictionary> TermDictionary::Open(base::Buffer bytes, base::Buffer places,
                                                  uint64_t terms, bool positions) {
    if (places.size() / sizeof(uint64_t) != (terms + kTermsPerBlock - 1) / kTermsPerBlock) {
        return DamagedTerms();
    }
    TermDictionary dictionary;
    dictionary.bytes_ = std::move(bytes);
    dictionary.places_ = std::move(places);
    dictionary.terms_ = terms;
    dictionary.positions_ = positions;
    return dictionary;
}

base::Result<std::string_view> TermDictionary::FirstKey(size_t block) const {
    const uint64_t begin = places_.As<uint64_t>()[block];
    if (begin >= bytes_.size()) {
        return DamagedTerms();
    }
    const uint8_t* at = bytes_.data() + begin;
    const uint8_t* const end = bytes_.data() + bytes_.size();
    uint64_t ignored = 0, more = 0;
    if (!ReadVarint(&at, end, &ignored) || !ReadVarint(&at, end, &ignored) || at == end) {
        return DamagedTerms();
    }
    uint64_t length = *at++ & 15;
    if (length == kShort && !ReadVarint(&at, end, &more)) {
        return DamagedTerms();
    }
    length += more;
    if (length > static_cast<uint64_t>(end - at)) {
        return DamagedTerms();
    }
    return std::string_view(reinterpret_cast<const char*>(at), length);
}

base::Result<Term> TermDictionary::Find(std::string_view key) const {
    size_t low = 0, high = places_.size() / sizeof(uint64_t);  // the last block that begins <= key
    while (low < high) {
        const size_t middle = (low + high) / 2;
        ASSIGN_OR_RETURN(const std::string_view first, FirstKey(middle));
        if (first <= key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return Term();
    }
    Cursor cursor(*this, low - 1);
    while (cursor.NextKey() && cursor.ReadInfo()) {
        if (cursor.key() == key) {
            return cursor.term();
        }
        if (cursor.key() > key) {
            break;
        }
    }
    return cursor.good() ? base::Result<Term>(Term()) : DamagedTerms();
}

base::Status TermDictionary::ForEach(
    const std::function<base::Status(std::string_view, const Term&)>& visit) const {
    for (size_t block = 0; block < places_.size() / sizeof(uint64_t); ++block) {
        Cursor cursor(*this, block);
        while (cursor.NextKey() && cursor.ReadInfo()) {
            RETURN_IF_ERROR(visit(cursor.key(), cursor.term()));
        }
        if (!cursor.good()) {
            return DamagedTerms();
        }
    }
    return base::Status();
}

}  // namespace elanus::postings
