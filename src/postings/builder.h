// Builder: takes documents as runs of terms and writes them as one postings file.
//
// A term is bytes, or a number (a dimension of a sparse vector), which stands as its four bytes,
// the highest first. A document gets its terms either with their positions or with counts.
// The file depends on the documents, their order and the options alone, not on threads.
// Peak memory: 4 bytes an occurrence, 8 when positions have gaps, twice that while the arrays grow;
// then 4 bytes for each document a term is in for the order, 8 bytes for up to 2^24 occurrences a
// thread, and the file once.
// Threads: one.
#pragma once

#include "base/status.h"
#include "codec/sink.h"
#include "postings/document_order.h"
#include "sys/executor.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::postings {

struct BuildOptions {
    bool positions = true;
    uint32_t tag = 0;                   // kept for the caller
    bool reorder = true;                // documents with the same terms get neighbouring places
    sys::Executor* executor = nullptr;  // null: all on the calling thread
    // Asked now and then, from any of the threads; a failure ends the build with it.
    std::function<base::Status()> interrupt;
};

// The bytes that stand for a dimension.
std::string DimensionKey(uint32_t dimension);

// Different keys, numbered in the order in which they came first.
class KeyNumbers {
  public:
    KeyNumbers();
    uint32_t NumberOf(std::string_view key);
    size_t size() const { return ends_.size() - 1; }
    std::string_view Key(uint32_t number) const {
        return std::string_view(bytes_).substr(ends_[number], ends_[number + 1] - ends_[number]);
    }

  private:
    void Grow();

    struct Slot {
        uint32_t hash = 0;
        uint32_t number = 0;  // plus 1; 0 = free
    };
    std::vector<Slot> slots_;  // a power of two, at most half full
    std::string bytes_;
    std::vector<uint64_t> ends_;
};

class Builder {
  public:
    explicit Builder(BuildOptions options);

    // The next document; they are numbered from 0.
    void StartDocument();
    // An occurrence of a term in it, at a position below 2^31.
    void AddTerm(std::string_view term, uint32_t position);
    // The same for all occurrences of a term; each term once, count >= 1, without positions.
    void AddCount(std::string_view term, uint32_t count);
    void AddCount(uint32_t dimension, uint32_t count) { AddCount(DimensionKey(dimension), count); }
    // Instead of the number of occurrences as its length in scores.
    void SetLength(uint32_t length);

    uint32_t documents() const { return static_cast<uint32_t>(lengths_.size()); }
    // Writes the file; the builder is empty afterwards. kInvalidParameter when there are more than
    // 2^31 - 1 documents, or 2^32 occurrences of a term.
    base::Status Finish(codec::Sink& sink);

  private:
    friend class FileWriter;

    const BuildOptions options_;
    KeyNumbers keys_;
    std::vector<uint32_t> terms_;  // of all documents
    std::vector<uint32_t>
        extras_;  // position or count of each; empty while positions are 0, 1, 2 ...
    std::vector<uint64_t> starts_;   // of each document's terms
    std::vector<uint32_t> lengths_;  // of each document
    bool counted_ = false;
};

}  // namespace elanus::postings
