// IvfIndex: inverted files. Rows are parted among the centroids of a coarse quantizer, and a search
// scores the rows of the `nprobe` lists whose centroids are nearest to the query (Jegou, Douze,
// Schmid, "Product quantization for nearest neighbor search", TPAMI 2011; lists as in Sivic &
// Zisserman, "Video Google", ICCV 2003). The families differ in how a row is kept in its list:
//   IVF_FLAT, BIN_IVF_FLAT   as it is (flat_codes.h)
//   IVF_SQ8                  8, 6 or 4 bits a dimension (scalar_codes.h)
//   IVF_PQ                   product quantized residuals (pq_codes.h)
//   SCANN                    4-bit product quantized residuals, by a loss that favours the score,
//                            reordered by the rows themselves (pq_codes.h)
//   IVF_RABITQ, .._FASTSCAN  rotated residuals in 1 to 9 bits a dimension (rabitq_codes.h)
// All but the flat ones may keep a finer form beside the codes: then a search scores `refine_k`
// times k rows again by it.
//
// INV-VINDEX-1 is kept by visiting more lists than nprobe while rows are lacking, unless the search
// says ensure_topk_full=false. A filter makes rows scarce and the neighbours among them lie
// farther away, so it widens nprobe by 1/sqrt(share that passes): fewer distances still than
// without a filter. When no more rows pass than an unfiltered search would score, all are scored.
// A range search goes on until max_empty_result_buckets lists in a row held rows that pass the
// filter, but none within the radius; 0 visits all.
// Threads: as Index. Format: docs/formats/ivf.md
#pragma once

#include "codec/envelope.h"
#include "vindex/coarse_quantizer.h"
#include "vindex/index.h"
#include "vindex/inverted_lists.h"
#include "vindex/ivf_params.h"
#include "vindex/list_codes.h"
#include "vindex/probe_scratch.h"

#include <memory>
#include <optional>

namespace elanus::vindex {

inline constexpr std::string_view kIvfFormat = "ivf";

class IvfIndex : public Index {
  public:
    static base::Result<std::unique_ptr<Index>> Build(const BuildParams& params,
                                                      const BuildInput& input);
    static base::Result<std::unique_ptr<Index>> Open(base::Buffer file);

    std::string_view index_type() const override { return IvfName(spec_, vector_type()); }
    uint64_t memory_bytes() const override;
    base::Status Save(codec::Sink& sink) const override;
    base::Status Verify() const override;

    uint32_t lists() const { return quantizer_.lists(); }
    // Of the codes and what belongs to each; lists, centroids and the finer form not included.
    uint64_t code_bytes() const { return codes_->bytes(); }

  protected:
    base::Status SearchRows(const Query& query, const SearchParams& params, size_t matches,
                            SearchScratch& scratch, Neighbors* out) const override;

  private:
    struct Probe;  // one search's limits and counters

    IvfIndex(const IvfSpec& spec, VectorType type, Metric metric, uint32_t dim, uint32_t rows)
        : Index(type, metric, dim, rows), spec_(spec) {}

    void Plan(const SearchParams& params, size_t matches, Probe& probe) const;
    void RankLists(const ProbeQuery& query, size_t first, ProbeScratch& scratch) const;
    base::Status Visit(Probe& probe) const;
    base::Status ScanList(Probe& probe, uint32_t list) const;
    base::Status ScanSlice(Probe& probe, const Slice& slice) const;
    base::Status Pick(Probe& probe, uint32_t begin, uint32_t end, Slice* slice) const;
    base::Status Refine(Probe& probe, const ProbeQuery& query) const;

    IvfSpec spec_;
    CoarseQuantizer quantizer_;
    InvertedLists lists_;
    std::unique_ptr<ListCodes> codes_;
    std::unique_ptr<ListCodes> finer_;  // null: none
    std::optional<codec::EnvelopeReader> file_;
};

}  // namespace elanus::vindex
