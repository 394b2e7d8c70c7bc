// Terms: a sorted dictionary of byte strings in blocks, front-coded: a term of a block is what it
// shares with the one before, and the rest. A prefix is a range of terms, found by a binary search
// over the blocks' first terms and one block's decoding.
//
// Invariant: INV-TERMS-1  Every read checks its bounds; a damaged block is kDataCorruption.
// Threads: Terms is immutable; a writer belongs to one thread.
#pragma once

#include "base/buffer.h"
#include "base/status.h"
#include "codec/envelope.h"
#include "scalar_index/layout.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::scalar_index {

class Terms {
  public:
    static base::Result<Terms> Open(const codec::EnvelopeReader& reader, uint64_t count);

    uint64_t size() const { return count_; }
    // Number of terms below `text`, in the order of bytes.
    base::Result<uint64_t> LowerBound(std::string_view text) const;
    // Calls visit(i, term) for i in [begin, end).
    base::Status ForEach(uint64_t begin, uint64_t end,
                         const std::function<void(uint64_t, std::string_view)>& visit) const;
    base::Status Verify() const;

  private:
    class Cursor;

    base::Result<std::string_view> Head(uint64_t block) const;

    uint64_t count_ = 0;
    base::Buffer bytes_;
    base::Buffer places_;  // uint64, blocks + 1
};

// Writes the sections of a dictionary; terms come ascending, each once.
class TermsWriter {
  public:
    explicit TermsWriter(codec::EnvelopeWriter& writer) : writer_(writer) {
        writer_.BeginSection(kKeysSection);
    }
    void Add(std::string_view term);
    void Finish();

  private:
    void Flush();

    codec::EnvelopeWriter& writer_;
    std::string before_;
    std::string buffer_;
    uint64_t written_ = 0;
    uint64_t count_ = 0;
    std::vector<uint64_t> places_;
};

// The least string above all that start with `prefix`; false when there is none.
bool BehindPrefix(std::string_view prefix, std::string* behind);

}  // namespace elanus::scalar_index
