// WindowIndex: SPARSE_INVERTED_INDEX, SPARSE_WAND and AUTOINDEX of sparse vectors with metric IP.
//
// The design is that of SINDI (arXiv 2509.08395, 2025): lists cut into windows of neighbouring rows
// whose sums fit the second cache, sums of all rows of a window at once, scores from the rows
// themselves. What is added to it: within a window a list is ordered by impact, so that
//   - an exact search stops in each list where all that it leaves out, together, cannot lift a row
//     from below the k-th best score (MaxScore's bound, for parts of lists instead of lists), and
//   - an approximate one leaves out what gives little.
// A search goes through the windows: it adds the impacts of the lists' segments (16-bit sums that
// are never below the true score in their scale), picks rows whose sum can still be a hit, and
// scores those as vindex::SparseProduct does. So a score does not depend on the way to it, and
// growing segments give the same.
//
// A hit shares a dimension with the query: its score is above 0. Few rows that pass a filter are
// scored one by one.
// Parameters that act: `drop_ratio_build` leaves the smallest values out of the lists (not out of
// scores: rows that share only such values with a query are not found); `quant_type` fp16 rounds
// values; `sindi_window_size` is the rows of a window; `inverted_index_algo` or `search_algo`
// TAAT_NAIVE adds whole lists, all other names are this engine's own way; `dim_max_score_ratio`
// below 1 shrinks the bounds; `drop_ratio_search` and `refine_factor` are the approximate search
// (window_search.cc). The other parameters choose among codings that this engine does not have.
// A mapped file is not read when it is opened: everything is checked where it is used.
// Format: docs/formats/sparse-windows.md
// Threads: as Index.
#pragma once

#include "codec/envelope.h"
#include "vindex/index.h"
#include "vindex/window_lists.h"

#include <memory>
#include <optional>

namespace elanus::vindex {

inline constexpr std::string_view kWindowFormat = "sparse-windows";

class WindowIndex : public Index {
  public:
    // kInvalidParameter when a row is no sparse vector.
    static base::Result<std::unique_ptr<Index>> Build(const BuildParams& params,
                                                      const BuildInput& input);
    static base::Result<std::unique_ptr<Index>> Open(base::Buffer file);

    std::string_view index_type() const override;
    uint64_t memory_bytes() const override;
    base::Status Save(codec::Sink& sink) const override;
    // Builds the lists anew out of the rows and compares.
    base::Status Verify() const override;

  protected:
    base::Status SearchRows(const Query& query, const SearchParams& params, size_t matches,
                            SearchScratch& scratch, Neighbors* out) const override;

  private:
    explicit WindowIndex(uint32_t rows) : Index(VectorType::kSparseFloat, Metric::kIp, 0, rows) {}

    WindowParts Parts() const;
    base::Status VerifyRows(const WindowParts& parts) const;

    uint32_t name_ = 0;   // which of the three names it was built under
    bool prunes_ = true;  // not built as TAAT_NAIVE
    uint32_t slot_bytes_ = 2;
    WindowShape shape_;
    base::Buffer dims_;      // u32, rising
    base::Buffer heads_;     // ListHead, by slot
    base::Buffer segments_;  // ListSegment
    base::Buffer entries_;   // blocks of entries
    base::Buffer starts_;    // u64, rows + 1
    base::Buffer rows_;      // bytes of ForwardRows
    std::optional<codec::EnvelopeReader> file_;
};

}  // namespace elanus::vindex
