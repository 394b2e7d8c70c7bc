// TermIndex: SPARSE_INVERTED_INDEX, SPARSE_WAND and AUTOINDEX of sparse vectors with metric BM25,
// whose rows are counts of terms: an index of postings (src/postings) whose terms are dimensions.
//
// The answer is exact: hits share a term with the query, and scores are BM25's (bm25.h) to the
// rounding of floats. `drop_ratio_search` and `refine_factor` have nothing to gain and no effect,
// as the algorithm names of builds.
// Threads: as Index.
#pragma once

#include "postings/index.h"
#include "vindex/index.h"

#include <memory>

namespace elanus::vindex {

class TermIndex : public Index {
  public:
    // Whether all values are counts: whole numbers, and sums that fit. Values of 0 are left out.
    static bool Fits(const BuildInput& input);
    // kInvalidParameter when a row is no sparse vector.
    static base::Result<std::unique_ptr<Index>> Build(const BuildParams& params,
                                                      const BuildInput& input);
    static base::Result<std::unique_ptr<Index>> Open(base::Buffer file);

    std::string_view index_type() const override;
    uint64_t memory_bytes() const override { return file_.size(); }
    base::Status Save(codec::Sink& sink) const override { return sink.Append(file_.view()); }
    base::Status Verify() const override { return postings_->Verify(); }
    base::Status AddTermStatistics(std::span<const uint32_t> terms,
                                   TermStatistics* out) const override;

  protected:
    base::Status SearchRows(const Query& query, const SearchParams& params, size_t matches,
                            SearchScratch& scratch, Neighbors* out) const override;

  private:
    TermIndex(base::Buffer file, std::shared_ptr<const postings::Index> postings)
        : Index(VectorType::kSparseFloat, Metric::kBm25, 0, postings->documents()),
          file_(std::move(file)),
          postings_(std::move(postings)) {}

    base::Buffer file_;
    std::shared_ptr<const postings::Index> postings_;
};

}  // namespace elanus::vindex
