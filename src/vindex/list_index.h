// ListIndex: an index over lists of vectors (embedding lists), searched by MaxSim (metric.h).
//
// An index of any family finds candidates, which are then compared exactly (or, with
// `emb_list_rerank` = false, scored as list_estimate.h says):
//   tokenann  it is over all vectors of all lists; each vector of the query finds its nearest, and
//             their lists are the candidates;
//   muvera    it is over one encoding a list (fixed_encoding.h).
// FLAT, and AUTOINDEX over bits, have none: every list is compared.
// The vectors themselves are not kept here: the segment that the index belongs to has them, and
// hands them to each search (SearchParams::lists).
// A search for few lists, for a range, or that found fewer candidates than lists wanted compares
// all matching lists exactly, so that INV-VINDEX-1 holds; a list without vectors is never a hit.
// Threads: as every Index. Format: docs/formats/embedding-lists.md
#pragma once

#include "codec/envelope.h"
#include "vindex/fixed_encoding.h"
#include "vindex/index.h"

#include <memory>
#include <optional>

namespace elanus::vindex {

inline constexpr std::string_view kListFormat = "embedding-lists";

// 1100 for what CreateIndex must refuse of an index with a list metric; `type` is that of the
// vectors. The other half of ValidateBuildParams().
base::Status ValidateListParams(std::string_view index_type, VectorType type, Metric metric,
                                int64_t dim, const ParamMap& params);
// The parameters of a search that all families of lists have.
base::Status CheckListSearch(const ParamMap& params);

class ListIndex : public Index {
  public:
    static base::Result<std::unique_ptr<Index>> Build(const BuildParams& params,
                                                      const BuildInput& input);
    static base::Result<std::unique_ptr<Index>> Open(base::Buffer file);

    std::string_view index_type() const override;
    uint64_t memory_bytes() const override;
    base::Status Save(codec::Sink& sink) const override;
    base::Status Verify() const override;
    // Vectors of all lists.
    uint32_t vectors() const { return vectors_; }

  protected:
    base::Status SearchRows(const Query& query, const SearchParams& params, size_t matches,
                            SearchScratch& scratch, Neighbors* out) const override;

  private:
    class Walk;

    ListIndex(VectorType type, Metric metric, uint32_t dim, uint32_t lists, uint32_t vectors)
        : Index(type, metric, dim, lists), vectors_(vectors) {}

    uint32_t vectors_ = 0;
    FixedEncodingParams encoding_;
    std::optional<FixedEncoder> encoder_;  // muvera
    std::unique_ptr<Index> candidates_;    // null: every list is compared
    std::optional<codec::EnvelopeReader> file_;
};

}  // namespace elanus::vindex
