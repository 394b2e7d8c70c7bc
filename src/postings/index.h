// Index: an immutable index over documents of terms, used in place from its mapped file: the best
// documents by BM25, and which documents match.
//
// Documents have two numbers: a row, their place in the order in which they were given to the
// builder and what callers see, and an inner one by which lists are sorted.
//
// Guarantees:
//   INV-POSTINGS-2  Searches are exact: hits and scores are those of scoring every document, to the
//                   rounding of single contributions, and a document's score depends on nothing but
//                   the document and the query (not on the filter, k or how it was found).
//   INV-POSTINGS-3  Hits are sorted best first; equal scores by row. A hit scores above 0.
//   INV-POSTINGS-4  A damaged file answers kDataCorruption or other rows; it is never read out of
//                   bounds and never loops.
// Threads: immutable after Open(); any number of readers. A search allocates nothing once its
// thread has run one like it.
// Format: docs/formats/postings.md
#pragma once

#include "base/bitmap.h"
#include "base/buffer.h"
#include "base/status.h"
#include "codec/envelope.h"
#include "postings/block_list.h"
#include "postings/term_dictionary.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::postings {

// score = sum over the query's terms of weight * count / (count + k1 * (1 - b + b * length /
// average_length)). The weight holds what does not depend on the document: inverse document
// frequency, k1 + 1 where wanted, the term's count in the query.
struct Bm25 {
    float k1 = 1.2f;
    float b = 0.75f;
    float average_length = 1;  // above 0; of all segments
};

struct WeightedTerm {
    std::string_view key;
    float weight = 0;  // others than finite ones above 0 count for nothing
};

// Tokens and their places. `slop`: the distances between where a token is and where the phrase
// wants it differ by at most so much; each place takes a token of its own.
struct Phrase {
    struct Place {
        std::string key;
        uint32_t position = 0;  // not falling
    };
    std::vector<Place> places;
    uint32_t slop = 0;
};

struct SearchOptions {
    size_t k = 10;
    Bm25 scoring;
    // By row, of documents() bits; absent means all.
    base::BitmapView filter;
    // Only hits with above < score <= most.
    std::optional<float> above;
    std::optional<float> most;
    // Asked now and then; a failure ends the search with it.
    std::function<base::Status()> interrupt;
};

// kInvalidParameter when k or the scoring is out of range.
base::Status CheckOptions(const SearchOptions& options);

struct Hits {
    std::vector<uint32_t> rows;
    std::vector<float> scores;
    uint64_t scored = 0;  // postings that were scored
};

class Index {
  public:
    // kDataCorruption when the file is damaged where that is seen without reading it all.
    static base::Result<std::shared_ptr<const Index>> Open(base::Buffer file);

    uint32_t documents() const { return meta_.documents; }
    // Those of length 0.
    uint32_t empty_documents() const { return std::min(meta_.empty, meta_.documents); }
    uint32_t tag() const { return meta_.tag; }
    uint64_t terms() const { return meta_.terms; }
    uint64_t length_sum() const { return meta_.length_sum; }
    uint64_t occurrences() const { return meta_.occurrences; }
    bool has_positions() const { return sections_.has_positions; }
    uint64_t file_bytes() const { return reader_.file().size(); }

    // Documents and occurrences of a term; 0 when there is none.
    base::Result<Term> Find(std::string_view key) const { return dictionary_.Find(key); }
    base::Status ForEachTerm(
        const std::function<base::Status(std::string_view, const Term&)>& visit) const {
        return dictionary_.ForEach(visit);
    }

    // The best documents of those that have any, or all, of the terms.
    base::Status SearchAny(std::span<const WeightedTerm> terms, const SearchOptions& options,
                           Hits* hits) const;
    base::Status SearchAll(std::span<const WeightedTerm> terms, const SearchOptions& options,
                           Hits* hits) const;
    // As of one term that occurs wherever the phrase begins.
    base::Status SearchPhrase(const Phrase& phrase, float weight, const SearchOptions& options,
                              Hits* hits) const;

    // Rows that have at least `least` different ones of the keys (at least 1).
    base::Result<base::Bitmap> MatchAny(std::span<const std::string> keys, uint32_t least) const;
    base::Result<base::Bitmap> MatchPhrase(const Phrase& phrase) const;
    // How many there are, of those that pass the filter.
    base::Result<uint64_t> CountAny(std::span<const std::string> keys, uint32_t least,
                                    base::BitmapView filter) const;
    base::Result<uint64_t> CountAll(std::span<const std::string> keys,
                                    base::BitmapView filter) const;
    base::Result<uint64_t> CountPhrase(const Phrase& phrase, base::BitmapView filter) const;

    // Reads everything: checksums, and that lists, counts and positions are what the terms say.
    base::Status Verify() const;

    // For the searches of this module.
    const ListSections& sections() const { return sections_; }
    const simd::PostingKernels& kernels() const { return *kernels_; }
    uint32_t RowOf(uint32_t document) const {
        if (meta_.order_bits == 0) {
            return document;
        }
        const uint64_t bit = uint64_t{document} * meta_.order_bits;
        const Values<uint64_t> word(order_.data() + bit / 8);
        const auto row = static_cast<uint32_t>((word[0] >> (bit % 8)) & row_mask_);
        return std::min(row, meta_.documents - 1);  // a damaged one
    }
    // Calls for tables of norms by code and by class (256), which live until the thread's next
    // call.
    simd::PartTable PartsFor(const Bm25& scoring) const;

  private:
    Index() = default;
    base::Status OpenSections();
    base::Status VerifyTerm(const Term& term, std::vector<uint32_t>* positions) const;

    codec::EnvelopeReader reader_;
    Meta meta_{};
    uint64_t id_ = 0;  // of this object, among all of the process
    const simd::PostingKernels* kernels_ = nullptr;
    TermDictionary dictionary_;
    ListSections sections_;
    base::Buffer order_;
    uint64_t row_mask_ = 0;
    base::Buffer lengths_;
    base::Buffer codes_;
    base::Buffer classes_;
};

}  // namespace elanus::postings
