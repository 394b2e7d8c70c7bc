// GraphIndex: what the graph indexes (hnsw.h, block_graph.h) share: the effort of a search, the
// choice between walk and scan, and what follows a walk that found too little.
//
// INV-VINDEX-1 is kept here: a walk that ends with fewer rows than exist is followed by a wider
// one, and by the scan where that would cost no more; one that ends within the range asked for by a
// wider one.
// Threads: as Index.
#pragma once

#include "vindex/index.h"
#include "vindex/top_k.h"
#include "vindex/vectors.h"

#include <memory>
#include <optional>
#include <string_view>

namespace elanus::vindex {

// Keys of candidates carry a mark "expanded" below the row, so that marking keeps the order.
inline uint64_t PoolKey(float cost, uint32_t row) {
    return MakeKey(cost, row << 1);
}
inline uint32_t PoolRow(uint64_t key) {
    return KeyRow(key) >> 1;
}

enum class WalkOutcome : uint8_t { kDone, kGaveUp, kDamaged, kInterrupted };
// Nodes after which a walk asks its caller whether to go on.
inline constexpr size_t kInterruptHops = 512;

class GraphWalker;  // graph_iterator.h

class GraphIndex : public Index {
  public:
    std::string_view index_type() const override { return automatic_ ? "AUTOINDEX" : "HNSW"; }

  protected:
    static constexpr size_t kEfMin = 16;

    GraphIndex(VectorType type, Metric metric, uint32_t dim, uint32_t rows)
        : Index(type, metric, dim, rows) {}

    base::Status SearchRows(const Query& query, const SearchParams& params, size_t matches,
                            SearchScratch& scratch, Neighbors* out) const final;
    std::unique_ptr<RowIterator> IterateRows(std::string_view query, const SearchParams& params,
                                             size_t matches) const final;
    // A walk for a copy of the query (unprepared), of a family that iterates_by_walk().
    virtual std::unique_ptr<GraphWalker> NewWalker(std::string_view query) const;

    // The effort that the parameters of a search name: the rows a walk keeps.
    virtual std::optional<int64_t> GivenEffort(const ParamMap& params) const;
    // The candidates of a walk that are as good as `ef` (at least `k`) exactly ordered ones.
    virtual size_t Widen(size_t ef, size_t k, const SearchParams& params) const {
        (void)k;
        (void)params;
        return ef;
    }
    // Than a walk, for all that match by the vectors themselves.
    virtual bool ScanIsCheaper(size_t matches, size_t ef) const = 0;
    // Whether a search goes by ScanMatches() at once.
    virtual bool PrefersScan(const SearchParams& params, size_t matches, size_t ef) const {
        (void)params;
        return ScanIsCheaper(matches, ef);
    }
    // Leaves in scratch.pool passing rows as plain keys, best first.
    virtual WalkOutcome WalkFor(const Query& query, const SearchParams& params, size_t matches,
                                size_t ef, SearchScratch& scratch, Neighbors* out,
                                base::Status* interrupted) const = 0;
    // Appends the k best of the rows that pass the filter, out->counters.matches; here by the
    // vectors themselves.
    virtual base::Status ScanMatches(const Query& query, const SearchParams& params,
                                     SearchScratch& scratch, Neighbors* out) const;
    // What to say when a walk met a damaged list.
    virtual std::string_view damage() const = 0;

    bool automatic_ = false;
    uint32_t ef_construction_ = 0;
    VectorView view_;

  private:
    size_t Effort(const SearchParams& params) const;
    bool MayWiden(size_t matches, size_t ef) const;
    base::Status Scan(const Query& query, const SearchParams& params, size_t matches,
                      SearchScratch& scratch, Neighbors* out) const;
};

}  // namespace elanus::vindex
