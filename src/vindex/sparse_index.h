// SPARSE_INVERTED_INDEX, SPARSE_WAND and AUTOINDEX of sparse vectors with metric BM25 (bm25.h) and
// rows that are not all counts: for each dimension that occurs, the list of its rows and values.
// Rows of counts have a TermIndex (term_index.h), products a WindowIndex (window_index.h); files
// with metric IP that were written before there was one are opened and searched here. The answer
// is exact.
//
// A hit shares a dimension with the query, so its score is above 0; other rows are never returned.
// Scores are sums in double, rounded to float once. BM25 keeps each row's length; k1, b and the
// average length come with the search.
// A search takes the lists of the query's dimensions and goes through them row by row (document at
// a time) with MaxScore: lists whose largest contributions together cannot lift a row into the k
// best do not name rows, they are only asked about rows that others name. Few rows that pass a
// filter are scored one by one instead.
// `drop_ratio_search` leaves out the query's smallest values while candidates (k * refine_factor)
// are collected; those are then scored with the whole query. When that finds fewer than k rows the
// whole query is searched (INV-VINDEX-1). A range search drops nothing.
// `drop_ratio_build`, the algorithm names, `quant_type` and the block sizes are checked and have no
// effect: they choose among Milvus' own approximations.
// A mapped file is not read when it is opened: bounds of lists and row numbers are checked where
// they are used. Format: docs/formats/sparse.md
#pragma once

#include "codec/envelope.h"
#include "vindex/index.h"

#include <memory>
#include <optional>

namespace elanus::vindex {

inline constexpr std::string_view kSparseFormat = "sparse";

struct SparseTerm;
class SparseScorer;

class SparseIndex : public Index {
  public:
    // Metric BM25. kInvalidParameter when a row is no sparse vector.
    static base::Result<std::unique_ptr<Index>> Build(const BuildParams& params,
                                                      const BuildInput& input);
    static base::Result<std::unique_ptr<Index>> Open(base::Buffer file);

    std::string_view index_type() const override;
    uint64_t memory_bytes() const override;
    base::Status Save(codec::Sink& sink) const override;
    base::Status Verify() const override;
    base::Status AddTermStatistics(std::span<const uint32_t> terms,
                                   TermStatistics* out) const override;

  protected:
    base::Status SearchRows(const Query& query, const SearchParams& params, size_t matches,
                            SearchScratch& scratch, Neighbors* out) const override;

  private:
    SparseIndex(Metric metric, uint32_t rows) : Index(VectorType::kSparseFloat, metric, 0, rows) {}

    size_t dims() const { return dims_.size() / sizeof(uint32_t); }
    base::Status VerifyList(size_t slot) const;
    base::Status VerifyLengths() const;
    // The entries of a dimension: [begin, end), empty when it has none.
    base::Status FindList(uint32_t dim, size_t* slot, uint64_t* begin, uint64_t* end) const;
    base::Status FindTerms(const Query& query, const SparseScorer& scorer,
                           std::vector<SparseTerm>* terms) const;
    base::Status Collect(std::span<SparseTerm> terms, const SparseScorer& scorer,
                         const SearchParams& params, size_t matches, SearchScratch& scratch,
                         Neighbors* out) const;
    base::Status WalkLists(std::span<SparseTerm> terms, const SparseScorer& scorer,
                           const SearchParams& params, SearchScratch& scratch,
                           Neighbors* out) const;
    base::Status ScoreMatches(std::span<SparseTerm> terms, const SparseScorer& scorer,
                              const SearchParams& params, SearchScratch& scratch,
                              Neighbors* out) const;

    uint32_t name_ = 0;    // which of the three names it was built under
    base::Buffer dims_;    // u32, rising
    base::Buffer starts_;  // u64, one more than dims: where each list begins
    base::Buffer maxima_;  // f32, the largest value of each list
    base::Buffer rows_;    // u32, rising in each list
    base::Buffer values_;  // f32, above 0
    // BM25 only.
    base::Buffer lengths_;   // f32 a row: the sum of its values
    base::Buffer shortest_;  // f32 a list: the least length among its rows
    std::optional<codec::EnvelopeReader> file_;
};

}  // namespace elanus::vindex
