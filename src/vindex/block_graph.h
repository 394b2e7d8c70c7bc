// BlockGraphIndex: HNSW and AUTOINDEX over float vectors of 64 dimensions or more. (Smaller and
// other vectors: hnsw.h.)
//
// One graph layer (graph_builder.h). A node is one block: the row itself in 8 bits, and for each
// neighbour a 1-bit code of the edge to it, two factors and the number of its node. Nodes of near
// rows lie near each other, so that the blocks of a walk share pages. A hop reads one block:
// the cost of the node from its own row, estimates of all neighbours from their codes, 32 by a few
// byte shuffles (after SymphonyQG, arXiv 2411.12229, and RaBitQ, arXiv 2405.12497). While a block
// is scanned the next one is fetched: the walk takes the best candidate one hop ahead. What the
// walk found is ordered at the end by the exact float rows, so scores are exact.
// Walks start at the best few of a sample of rows (graph_router.h), which are coded the same way.
//
// A search chooses between these ways from the number of rows that pass the filter:
//   a scan of those rows, when that costs less than a walk would: of many, by their signs first
//   (row_signs.h), then the doubtful ones by their 8-bit rows, then the best by the float rows; of
//   few, by the float rows at once;
//   a plain walk, when there is no filter: for up to 32 results it ends where candidates cost too
//   much more than the rows found (walk_reach.h), otherwise after as many hops as ef says;
//   a filtered walk: all nodes are traversed and passing ones kept. It goes as far as a walk
//   without a filter, and as far beyond as holds a few more passing rows than are asked for. Where
//   it meets fewer than that it goes on, and it gives up for the scan as soon as, by the share of
//   passing rows that it met, it would cost more.
// A walk that ends with fewer rows than exist is followed by a wider one, then by the scan
// (INV-VINDEX-1).
//
// In the compact form (block_layout.h) blocks take about .8 of what the vectors take instead of
// 1.4 (M 16), for somewhat fewer queries; what is said of 8-bit rows here holds for rows of 4 bits
// there. It has no signs of rows, so that filters that let few rows pass scan their vectors.
//
// `M` gives 2 M places for neighbours, rounded to a multiple of 32; `efConstruction` the effort of
// the build; `ef` the candidates of a walk, as in HNSW, on the average of queries.
// Why this design, with measurements: docs/adr/0014-graph-engine.md
// Format: docs/formats/block-graph.md
#pragma once

#include "codec/envelope.h"
#include "simd/codes.h"
#include "vindex/block_layout.h"
#include "vindex/coded_rows.h"
#include "vindex/graph_builder.h"
#include "vindex/graph_index.h"
#include "vindex/graph_router.h"
#include "vindex/row_signs.h"
#include "vindex/vectors.h"
#include "vindex/walk_reach.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

namespace elanus::vindex {

inline constexpr std::string_view kBlockGraphFormat = "block_graph";

class BlockAhead;
class CandidatePool;

class BlockGraphIndex : public GraphIndex {
  public:
    static constexpr uint32_t kDimMin = 64;
    static constexpr uint32_t kDimLimit = simd::kCodeDimMax;
    static constexpr uint32_t kMMax = 64;

    static constexpr int64_t kCompactMDefault = 16;  // one group of places

    // Whether an HNSW over such vectors is built as a block graph.
    static bool Fits(VectorType type, uint32_t dim, int64_t m) {
        return type == VectorType::kFloat && dim >= kDimMin && dim <= kDimLimit && m <= kMMax &&
               RotatedWidth(dim) <= simd::kCodeDimMax;
    }
    // params.index_type is "HNSW" or "AUTOINDEX"; `params.params` holds M and efConstruction, and
    // of HNSW form=COMPACT for blocks of that form, where they are smaller than the vectors.
    static base::Result<std::unique_ptr<Index>> Build(const BuildParams& params,
                                                      const BuildInput& input);
    static base::Result<std::unique_ptr<Index>> Open(base::Buffer file);

    bool iterates_by_walk() const override { return true; }
    uint64_t memory_bytes() const override;
    base::Status Save(codec::Sink& sink) const override;
    base::Status Verify() const override;

  private:
    struct Walk;     // one walk's query, limits and counters
    class KeptWalk;  // one that goes on (graph_iterator.h)
    // Goals of walks.
    struct WholePool;
    class NearEnough;
    class Watched;
    class Passing;

    BlockGraphIndex(Metric metric, uint32_t dim, uint32_t rows)
        : GraphIndex(VectorType::kFloat, metric, dim, rows) {}
    void Shape(uint32_t m, BlockForm form);
    bool is_compact() const { return layout_.form == BlockForm::kCompact; }

    void Arrange(std::span<const uint32_t> order);
    base::Status FillBlocks(const CodedRows& rows, const NeighborLists& lists,
                            const BuildInput& input, const Progress& progress,
                            uint8_t* blocks) const;
    base::Status FitReach(const CodedRows& rows, const BuildInput& input);
    WalkReach::Course CourseOf(uint32_t row) const;
    float CostOffset(const Walk& walk) const;

    size_t Widen(size_t ef, size_t k, const SearchParams& params) const override;
    bool ScanIsCheaper(size_t matches, size_t ef) const override;
    bool PrefersScan(const SearchParams& params, size_t matches, size_t ef) const override;
    base::Status ScanMatches(const Query& query, const SearchParams& params, SearchScratch& scratch,
                             Neighbors* out) const override;
    // Costs in bytes of float rows that are read in their order.
    double VectorScanCost(size_t matches) const;
    double SignScanCost(size_t matches, size_t k) const;
    bool ScansSigns(const SearchParams& params, size_t matches) const;
    double ScanCost(const SearchParams& params, size_t matches) const;
    double HopCost() const;
    size_t FilteredPool(size_t ef, const SearchParams& params, size_t matches) const;
    WalkOutcome WalkFor(const Query& query, const SearchParams& params, size_t matches, size_t ef,
                        SearchScratch& scratch, Neighbors* out,
                        base::Status* interrupted) const override;
    std::unique_ptr<GraphWalker> NewWalker(std::string_view query) const override;
    std::string_view damage() const override { return "block graph: bad row number"; }
    void RotateQuery(Walk& walk) const;
    void PrepareWalk(Walk& walk) const;
    bool Enter(Walk& walk) const;
    WalkOutcome WalkPlain(Walk& walk) const;
    WalkOutcome WalkFiltered(Walk& walk) const;
    WalkOutcome WalkFiltered(Walk& walk, size_t pool_size) const;
    void DropOnTheWay(Walk& walk, CandidatePool& pool) const;
    template <typename Goal>
    WalkOutcome Expand(Walk& walk, CandidatePool& pool, Goal&& goal) const;
    template <typename Offer>
    bool Visit(Walk& walk, const uint8_t* block, float own, BlockAhead& ahead, float limit,
               const Offer& offer) const;
    bool ScoreKept(Walk& walk, std::span<const uint64_t> kept) const;
    float Variance(const Walk& walk, uint64_t key) const;
    size_t RerankCount(size_t k) const;
    float WorstAsCoded(std::span<const uint64_t> exact) const;
    void OwnCosts(const Walk& walk, std::span<const uint32_t> ids, float* costs) const;
    void Rerank(Walk& walk, size_t count) const;
    void MakeExact(Walk& walk, std::span<uint64_t> keys) const;
    void OrderScanned(Walk& walk, size_t k) const;

    const uint8_t* Block(uint32_t node) const { return blocks_.data() + node * block_bytes_; }
    // As the file says: may be any number.
    uint32_t RowOf(uint32_t node) const { return nodes_.empty() ? node : OwnOf(Block(node)).row; }
    uint32_t NodeOf(uint32_t row) const {
        return nodes_.empty() ? row : std::min(nodes_.As<uint32_t>()[row], size() - 1);
    }

    uint32_t m_ = 0;
    uint64_t seed_ = 0;
    BlockLayout layout_;
    size_t block_bytes_ = 0;
    Rotation rotation_;
    base::Buffer blocks_;
    base::Buffer nodes_;   // u32 of each row: its node; absent: nodes lie in the order of rows
    base::Buffer centre_;  // f32, dim
    GraphRouter router_;
    WalkReach reach_;    // absent: few rows, or opened from a file of version 1 or 2
    float longest_ = 0;  // IP: the length of the longest row
    RowSigns signs_;     // absent: compact, or opened from a file of version 1
    StoredVectors vectors_;
    std::optional<codec::EnvelopeReader> file_;
};

}  // namespace elanus::vindex
