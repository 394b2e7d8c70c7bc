// FileWriter: the second half of a build: sorts the terms, orders the documents, inverts them and
// writes the file. Threads: one build; parts of the work run on the options' executor.
#pragma once

#include "base/status.h"
#include "codec/sink.h"
#include "postings/builder.h"
#include "postings/list_writer.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace elanus::postings {

class FileWriter {
  public:
    explicit FileWriter(Builder* builder) : in_(*builder) {}
    // Takes the builder's documents apart as it goes.
    base::Status Write(codec::Sink& sink);

  private:
    // Terms [begin, end) in order, whose postings are written together.
    struct Range {
        uint32_t begin = 0;
        uint32_t end = 0;
        uint64_t occurrences = 0;
        std::string lists;
        std::string positions;
        std::vector<Term> terms;
    };

    base::Status SortTerms();
    base::Status CountTerms();
    void CodeLengths();
    base::Status OrderDocuments();
    TermsOfDocuments TermsForOrder() const;
    void PlaceDocuments();
    std::vector<Range> Ranges() const;
    base::Status InvertAll(std::vector<Range>* ranges) const;
    base::Status Invert(Range* range) const;
    void WriteList(uint32_t documents, std::span<uint32_t> docs, std::span<const uint32_t> extra,
                   Range* out) const;
    base::Status Save(const std::vector<Range>& ranges, codec::Sink& sink);
    base::Status Interrupted() const {
        return in_.options_.interrupt ? in_.options_.interrupt() : base::Status();
    }

    Builder& in_;
    std::vector<uint32_t> order_;      // the row of each document
    std::vector<uint32_t> sorted_;     // numbers of the keys, in the order of their bytes
    std::vector<uint32_t> documents_;  // of each term, in order
    std::vector<uint64_t> entries_;    // of each term: occurrences, or documents when counted
    std::vector<uint64_t> occurrences_;
    std::vector<uint32_t> lengths_;       // different ones, rising
    std::vector<uint16_t> codes_;         // of each document, in order
    std::vector<uint32_t> class_starts_;  // codes
    std::vector<uint8_t> classes_;        // of each document, in order
    std::vector<float> class_norms_;
    uint64_t length_sum_ = 0;
    bool reordered_ = false;
};

}  // namespace elanus::postings
