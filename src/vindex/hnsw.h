// HNSW: graph index with exact vectors of any dense type, and AUTOINDEX, which is the same with its
// own parameters and a default effort that aims at recall 0.95.
//
// A search chooses between three ways from the number of rows that pass the filter:
//   exact scan of those rows, when that costs no more distances than a walk would;
//   a plain walk, when there is no filter;
//   a filtered walk: all nodes are traversed, passing ones are kept, so it goes on until ef of them
//   are found; it gives up for the scan when it has cost as much as the scan.
// A walk that ends with fewer rows than exist is followed by a wider one, then by the scan
// (INV-VINDEX-1).
// Format: docs/formats/hnsw.md
#pragma once

#include "codec/envelope.h"
#include "vindex/graph_index.h"
#include "vindex/hnsw_graph.h"
#include "vindex/vectors.h"

#include <memory>
#include <optional>

namespace elanus::vindex {

inline constexpr std::string_view kHnswFormat = "hnsw";

class HnswIndex : public GraphIndex {
  public:
    // params.index_type is "HNSW" or "AUTOINDEX"; `params.params` holds M and efConstruction.
    static base::Result<std::unique_ptr<Index>> Build(const BuildParams& params,
                                                      const BuildInput& input);
    static base::Result<std::unique_ptr<Index>> Open(base::Buffer file);

    bool iterates_by_walk() const override { return true; }
    uint64_t memory_bytes() const override;
    base::Status Save(codec::Sink& sink) const override;
    base::Status Verify() const override;

  private:
    HnswIndex(VectorType type, Metric metric, uint32_t dim, uint32_t rows)
        : GraphIndex(type, metric, dim, rows) {}
    void PointAtBuffers(uint32_t m, uint32_t entry, uint32_t level_max);

    bool ScanIsCheaper(size_t matches, size_t ef) const override;
    WalkOutcome WalkFor(const Query& query, const SearchParams& params, size_t matches, size_t ef,
                        SearchScratch& scratch, Neighbors* out,
                        base::Status* interrupted) const override;
    std::unique_ptr<GraphWalker> NewWalker(std::string_view query) const override;
    std::string_view damage() const override { return "hnsw graph: bad neighbour list"; }

    HnswGraph graph_;
    StoredHnswGraph stored_;
    StoredVectors vectors_;
    std::optional<codec::EnvelopeReader> file_;
};

}  // namespace elanus::vindex
