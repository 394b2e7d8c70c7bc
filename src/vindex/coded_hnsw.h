// HNSW_SQ, HNSW_PQ, HNSW_PRQ: the graph of HNSW walked over quantised rows.
//
// The graph is built over the vectors themselves (hnsw_builder.h) and searched over codes alone:
// scalar ones (scalar_quantizer.h), products (product_quantizer.h) or products of residuals. With
// `refine` the index also holds the rows in a second, finer form (or as they are); the best
// k * refine_k of a walk are then ordered by it. Without, scores are those of the codes.
// A search of few passing rows is a scan of the finest form there is (GraphIndex).
//
// Bytes a row: (1 + 2 M) * 4 of links, the code, and the finer form.
// Format: docs/formats/coded-hnsw.md
#pragma once

#include "codec/envelope.h"
#include "vindex/graph_index.h"
#include "vindex/hnsw_graph.h"
#include "vindex/row_codes.h"

#include <memory>
#include <optional>

namespace elanus::vindex {

inline constexpr std::string_view kCodedHnswFormat = "coded_hnsw";

inline constexpr int64_t kHnswPqMDefault = 32;
inline constexpr int64_t kHnswPrqMDefault = 2;
inline constexpr int64_t kHnswPrqStagesDefault = 2;

class CodedHnswIndex : public GraphIndex {
  public:
    // params.index_type is "HNSW_SQ", "HNSW_PQ" or "HNSW_PRQ".
    static base::Result<std::unique_ptr<Index>> Build(const BuildParams& params,
                                                      const BuildInput& input);
    static base::Result<std::unique_ptr<Index>> Open(base::Buffer file);

    std::string_view index_type() const override;
    uint64_t memory_bytes() const override;
    base::Status Save(codec::Sink& sink) const override;
    base::Status Verify() const override;

  private:
    CodedHnswIndex(VectorType type, Metric metric, uint32_t dim, uint32_t rows)
        : GraphIndex(type, metric, dim, rows) {}

    size_t Widen(size_t ef, size_t k, const SearchParams& params) const override;
    bool ScanIsCheaper(size_t matches, size_t ef) const override;
    WalkOutcome WalkFor(const Query& query, const SearchParams& params, size_t matches, size_t ef,
                        SearchScratch& scratch, Neighbors* out,
                        base::Status* interrupted) const override;
    base::Status ScanMatches(const Query& query, const SearchParams& params, SearchScratch& scratch,
                             Neighbors* out) const override;
    std::string_view damage() const override { return "coded hnsw graph: bad neighbour list"; }
    void Refine(const Query& query, const SearchParams& params, SearchScratch& scratch,
                Neighbors* out) const;

    HnswGraph graph_;
    StoredHnswGraph stored_;
    RowCodes codes_;
    std::optional<RowCodes> fine_;
    bool residual_ = false;
    std::optional<codec::EnvelopeReader> file_;
};

}  // namespace elanus::vindex
