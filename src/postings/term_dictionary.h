// TermDictionary: the terms of an index, sorted by their bytes, in blocks of 32 that share
// prefixes, and for each what is known of its list.
//
//   block: varint where its lists begin, varint where its positions begin, entries
//   entry: u8 shared prefix << 4 | further bytes (15: a varint with the rest follows, in this
//          order), the further bytes; varint (documents - 1) << 1 | repeated;
//          repeated: varint occurrences - documents - 1;
//          one document: varint document, and with positions: up to 4 occurrences: a varint each,
//          the difference to the one before; more: varint bytes of positions;
//          else: varint bytes of the list, and with positions: varint bytes of positions.
// Only the first term of a block shares nothing. Lists and positions follow each other in the order
// of the terms, so their lengths tell where they are.
// Threads: a writer belongs to one thread, a dictionary is immutable.
#pragma once

#include "base/buffer.h"
#include "base/status.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::postings {

inline constexpr uint32_t kInlineOccurrences = 4;

// What is known of a term before its list is read.
struct Term {
    uint32_t documents = 0;  // that have it; 0: no document does
    uint64_t occurrences = 0;
    uint32_t only_document = 0;  // of a term of one document, which has no list
    uint64_t list_offset = 0;
    uint64_t list_bytes = 0;
    uint64_t positions_offset = 0;
    uint64_t positions_bytes = 0;
    uint32_t inline_positions[kInlineOccurrences] = {};

    bool repeated() const { return occurrences > documents; }
};

class TermDictionaryWriter {
  public:
    explicit TermDictionaryWriter(bool positions) : positions_(positions) {}

    // In rising order. Offsets in `term` count.
    void Add(std::string_view key, const Term& term);
    const std::string& bytes() const { return bytes_; }
    std::span<const uint64_t> places() const { return places_; }

  private:
    const bool positions_;
    std::string bytes_;
    std::vector<uint64_t> places_;
    std::string last_;
    uint64_t terms_ = 0;
};

class TermDictionary {
  public:
    // `bytes` and `places` (u64 a block) as the writer made them.
    static base::Result<TermDictionary> Open(base::Buffer bytes, base::Buffer places,
                                             uint64_t terms, bool positions);

    uint64_t terms() const { return terms_; }
    // A term without documents when there is none of that name.
    base::Result<Term> Find(std::string_view key) const;
    // All of them, in order.
    base::Status ForEach(
        const std::function<base::Status(std::string_view, const Term&)>& visit) const;

  private:
    class Cursor;
    base::Result<std::string_view> FirstKey(size_t block) const;

    base::Buffer bytes_;
    base::Buffer places_;
    uint64_t terms_ = 0;
    bool positions_ = false;
};

}  // namespace elanus::postings
