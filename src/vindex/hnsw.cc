#include "vindex/hnsw.h"

#include "vindex/exact_scan.h"
#include "vindex/graph_iterator.h"
#include "vindex/hnsw_walk.h"
#include "vindex/scratch.h"

namespace elanus::vindex {

bool HnswIndex::ScanIsCheaper(size_t matches, size_t ef) const {
    return HnswWalk::ScanIsCheaper(matches, size(), ef);
}

WalkOutcome HnswIndex::WalkFor(const Query& query, const SearchParams& params, size_t matches,
                               size_t ef, SearchScratch& scratch, Neighbors* out,
                               base::Status* interrupted) const {
    const VectorScorer scorer(view_, query);
    return HnswWalk(graph_, scorer, params, matches, scratch).Run(ef, &out->counters, interrupted);
}

namespace {

class KeptHnswWalk : public GraphWalker {
  public:
    KeptHnswWalk(const HnswGraph& graph, const VectorView& view, const Query& query,
                 std::unique_ptr<SearchScratch> scratch)
        : scratch_(std::move(scratch)),
          query_(query),
          scorer_(view, query_),
          walk_(graph, scorer_, params_, graph.rows, *scratch_),
          bytes_(sizeof *this + graph.rows * sizeof(uint16_t) + query.bytes) {}

    bool Enter(std::vector<uint64_t>* open) override {
        uint64_t entry = 0;
        const bool sound = walk_.Start(&entry);
        open->push_back(entry);
        return sound;
    }
    // Rows are their own nodes, and met once.
    bool Mark(uint32_t /*node*/) override { return false; }
    bool Expand(uint64_t key, uint32_t /*next*/, std::vector<uint64_t>* open,
                uint64_t* found) override {
        *found = MakeKey(KeyCost(key), PoolRow(key));
        if (!walk_.Step(PoolRow(key))) {
            return false;
        }
        for (size_t i = 0; i < walk_.ids().size(); ++i) {
            open->push_back(PoolKey(walk_.costs()[i], walk_.ids()[i]));
        }
        return true;
    }
    void Costs(const uint32_t* ids, size_t count, float* costs) const override {
        scorer_.Costs(ids, count, costs);
    }
    uint64_t memory_bytes() const override { return bytes_; }

  private:
    const std::unique_ptr<SearchScratch> scratch_;
    const SearchParams params_;
    const Query query_;
    const VectorScorer scorer_;
    HnswWalk walk_;
    const uint64_t bytes_;
};

}  // namespace

std::unique_ptr<GraphWalker> HnswIndex::NewWalker(std::string_view query) const {
    auto scratch = std::make_unique<SearchScratch>();
    const Query prepared = PrepareQuery(vector_type(), metric(), dim(), query, *scratch);
    return std::make_unique<KeptHnswWalk>(graph_, view_, prepared, std::move(scratch));
}

}  // namespace elanus::vindex
