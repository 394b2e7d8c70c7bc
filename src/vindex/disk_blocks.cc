// Searching a DiskBlocksIndex; disk_blocks_file.cc has the rest.
#include "vindex/disk_blocks.h"

#include "simd/distance.h"
#include "vindex/block_query.h"
#include "vindex/candidate_pool.h"
#include "vindex/disk_scan.h"
#include "vindex/exact_scan.h"
#include "vindex/least_costs.h"
#include "vindex/scratch.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace elanus::vindex {
namespace {

constexpr size_t kEfMore = 8;
// Nodes on their way at the beginning of a walk; one more with every so many that have come.
constexpr size_t kFirstAsked = 8, kComePerAsked = 2;
// Of a tag: a vector, not a node.
constexpr uint32_t kVectorTag = uint32_t{1} << 31;
static_assert(kRowsMax <= kVectorTag);

}  // namespace

// Estimates order candidates less well than distances do.
size_t DiskBlocksIndex::Widen(size_t ef, size_t /*k*/, const SearchParams& /*params*/) const {
    return ef + kEfMore + ef / 4;
}

float DiskBlocksIndex::VectorCost(const Query& query, const uint8_t* vector) const {
    float inverse_norm = 1;
    if (keeps_lengths()) {
        const float length = LengthOf(vector_type(), vector, dim());
        inverse_norm = length > 0 ? 1.0f / length : 0.0f;
    }
    return CostOf(query, vector, inverse_norm);
}

// One walk. It asks for the nodes it wants to go to, then for vectors; what is in memory it looks
// at at once.
class DiskBlocksIndex::Walk final : public sys::BlockReader {
  public:
    Walk(const DiskBlocksIndex& index, const Query& query, const SearchParams& params,
         size_t matches, size_t ef, SearchScratch& scratch)
        : index_(index),
          query_(query),
          params_(params),
          scratch_(scratch),
          filtered_(params.filter.present() && matches < index.size()),
          ef_(ef),
          reads_max_(filtered_ ? matches + kBeamWidthMax : 2 * uint64_t{index.size()}),
          depth_(BeamWidth(params.params)),
          rooms_(scratch, depth_,
                 std::max(index.packing_.read_bytes(), index.vector_packing_.read_bytes())),
          // Some candidates are there twice, with estimates from several neighbours.
          pool_(scratch, Wanted(matches), 2 * Wanted(matches)),
          band_(CostBand::Of(index.metric(), params)),
          wanted_(band_.bounded ? 0 : std::min(params.k, matches)),
          passing_(ef, scratch.nearest),
          exact_(std::max<size_t>(wanted_, 1), scratch.exact) {}

    WalkOutcome Run(Neighbors* out, base::Status* failed) {
        scratch_.visited_bits.Reset(index_.size());
        scratch_.pool.clear();
        scratch_.doubtful.clear();
        PrepareCodes();
        if (!index_.router_.Enter(codes_.signs, codes_.norm, index_.size(), &scratch_.candidates)) {
            return WalkOutcome::kDamaged;
        }
        distances_ += index_.router_.compared();
        for (const uint64_t key : scratch_.candidates) {
            pool_.Insert(KeyCost(key), PoolRow(key));
        }
        *failed = ReadBlocks(index_.direct_.get(), depth_, *this);
        if (!interrupted_.ok()) {
            *failed = interrupted_;
        }
        out->counters.strategy = filtered_ ? Strategy::kFilteredWalk : Strategy::kWalk;
        out->counters.hops += hops_;
        out->counters.distances += distances_;
        std::sort(scratch_.pool.begin(), scratch_.pool.end());
        return outcome_;
    }

    bool Next(sys::BlockRead* read) override {
        for (uint32_t node = 0; nodes_asked_ < NodesAtOnce() && TakeNode(&node);) {
            if (const uint8_t* block = index_.NodeInMemory(node); block != nullptr) {
                VisitNode(block);
                continue;
            }
            *read = Ask(index_.nodes_, index_.packing_, node, node);
            ++nodes_asked_;
            return true;
        }
        for (uint32_t row = 0; TakeRow(&row);) {
            ++rows_asked_;
            if (const uint8_t* vector = index_.VectorInMemory(row); vector != nullptr) {
                VisitVector(vector, row);
                continue;
            }
            *read = Ask(index_.vectors_, index_.vector_packing_, row, row | kVectorTag);
            return true;
        }
        return false;
    }

    void Done(const sys::BlockRead& read) override {
        const auto* block = static_cast<const uint8_t*>(read.to);
        const uint32_t item = BlockRooms::TagOf(read) & ~kVectorTag;
        if (BlockRooms::TagOf(read) != item) {
            VisitVector(block + index_.vector_packing_.OffsetInBlock(item), item);
        } else {
            --nodes_asked_;
            VisitNode(block + index_.packing_.OffsetInBlock(item));
        }
        rooms_.Free(read);
    }

  private:
    // As many candidates as hold ef passing rows when these are spread evenly.
    size_t Wanted(size_t matches) const {
        return filtered_ ? std::min<size_t>(ef_ * index_.size() / matches, index_.size()) : ef_;
    }

    void PrepareCodes() {
        const float* floats = index_.QueryFloats(query_, scratch_);
        const float* centre = index_.centre_.As<float>().data();
        codes_ = BlockQuery(index_.layout_, index_.metric(), index_.rotation_, floats, centre,
                            index_.dim(), scratch_);
        codes_.PrepareScan(scratch_);
        if (index_.metric() == Metric::kIp) {
            offset_ = 2 * simd::InnerProduct(floats, centre, index_.dim());
        } else if (index_.metric() == Metric::kCosine) {
            offset_ = 2;
        }
    }

    sys::BlockRead Ask(const DiskBlocks& blocks, const DiskPacking& packing, uint32_t item,
                       uint32_t tag) {
        ++reads_;
        return rooms_.Ask(blocks.offset + packing.BlockOf(item), packing.read_bytes(), tag);
    }

    // Far from the query, what is read ahead is soon outdone by what is on its way: at first only
    // the best few are asked for. (PipeANN does so as well.)
    size_t NodesAtOnce() const { return kFirstAsked + nodes_met_ / kComePerAsked; }

    bool TakeNode(uint32_t* node) {
        for (float cost = 0;
             !ended_ && outcome_ == WalkOutcome::kDone && pool_.Take(node, &cost);) {
            if (filtered_ && passing_.complete() && cost > passing_.worst()) {
                ended_ = true;
            } else if (reads_ > reads_max_) {
                outcome_ = WalkOutcome::kGaveUp;
            } else if (!scratch_.visited_bits.Insert(*node)) {
                pool_.Forget();
            } else {
                ++hops_;
                return !Interrupted();
            }
        }
        return false;
    }

    bool Interrupted() {
        if (++steps_ % kInterruptReads == 0 && params_.interrupt) {
            interrupted_ = params_.interrupt();
            outcome_ = interrupted_.ok() ? outcome_ : WalkOutcome::kInterrupted;
        }
        return outcome_ != WalkOutcome::kDone;
    }

    // The next row whose vector is wanted, the nearest first.
    bool TakeRow(uint32_t* row) {
        std::vector<DoubtfulRow>& met = scratch_.doubtful;
        const bool ending = nodes_asked_ == 0 || (!band_.bounded && (ended_ || pool_.spent()));
        if (!ending || met.empty() || outcome_ != WalkOutcome::kDone ||
            !(band_.bounded ? IsInRange(met.front()) : IsWanted(met.front()))) {
            return false;
        }
        *row = KeyRow(met.front().key);
        std::pop_heap(met.begin(), met.end(), Later);
        met.pop_back();
        return !Interrupted();
    }

    // Nothing is known of the doubt before the first k are there.
    bool IsWanted(const DoubtfulRow& row) const {
        return rows_asked_ < wanted_ || (exact_.complete() && MayCost(row, exact_.worst()));
    }

    // Of a range: what may be in it. The others among the nearest of the graph, k of them, show
    // that the walk went past it.
    bool IsInRange(const DoubtfulRow& row) {
        if (past_range_ || !IsExplored(row)) {
            return false;
        }
        if (MayCost(row, band_.high)) {
            return true;
        }
        past_range_ = true;
        std::vector<DoubtfulRow>& met = scratch_.doubtful;
        for (size_t i = 0; i < params_.k && !met.empty() && IsExplored(met.front()); ++i) {
            const uint64_t key = met.front().key;
            scratch_.pool.push_back(
                MakeKey(std::max(Exact(KeyCost(key)), band_.high), KeyRow(key)));
            std::pop_heap(met.begin(), met.end(), Later);
            met.pop_back();
        }
        return false;
    }
    // Whether the walk, which is over, went to all that costs less. Nodes on the way cost more.
    bool IsExplored(const DoubtfulRow& row) {
        const float cost = KeyCost(row.key);
        if (!border_.has_value()) {
            border_ = pool_.Border();
        }
        return cost <= *border_ && !(passing_.complete() && cost > passing_.worst());
    }

    static bool Later(const DoubtfulRow& a, const DoubtfulRow& b) { return a.key > b.key; }

    // Whether its exact cost may be that or less.
    bool MayCost(const DoubtfulRow& row, float exact) const {
        const float low = KeyCost(row.key) - kDoubtDeviations * std::sqrt(row.variance);
        return Exact(low) <= exact;
    }
    // A cost by codes as one by vectors.
    float Exact(float cost) const {
        return index_.metric() == Metric::kL2 ? cost : (cost - offset_) / 2;
    }

    void VisitNode(const uint8_t* block) {
        const BlockLayout& layout = index_.layout_;
        const BlockLayout::Own own = OwnOf(block);
        if (own.row >= index_.size()) {
            outcome_ = WalkOutcome::kDamaged;
            return;
        }
        ++nodes_met_;
        ended_ = false;  // what it leads to may be better
        const float cost = codes_.OwnCost(block);
        Keep(own, cost);
        const float limit = pool_.limit();
        const uint8_t* group = block + layout.own_bytes();
        float costs[BlockLayout::kGroup];
        for (uint32_t g = 0; g < layout.groups(); ++g, group += layout.group_bytes()) {
            const uint32_t below = codes_.Scan(group, cost, limit, nullptr, 0, costs);
            if (!pool_.Offer(costs, GroupIds(layout, group), below, scratch_.visited_bits,
                             index_.size())) {
                outcome_ = WalkOutcome::kDamaged;
                return;
            }
        }
        distances_ += 1 + layout.degree;
    }

    void Keep(const BlockLayout::Own& own, float cost) {
        if (filtered_) {
            if (!params_.filter.Test(own.row)) {
                return;
            }
            passing_.Add(cost);
        }
        std::vector<DoubtfulRow>& met = scratch_.doubtful;
        met.push_back({MakeKey(cost, own.row), codes_.OwnVariance(own, cost)});
        std::push_heap(met.begin(), met.end(), Later);
    }

    void VisitVector(const uint8_t* vector, uint32_t row) {
        const float cost = index_.VectorCost(query_, vector);
        ++distances_;
        exact_.Add(cost);
        scratch_.pool.push_back(MakeKey(cost, row));
    }

    const DiskBlocksIndex& index_;
    const Query& query_;
    const SearchParams& params_;
    SearchScratch& scratch_;
    const bool filtered_;
    const size_t ef_;
    const uint64_t reads_max_;
    const size_t depth_;
    BlockRooms rooms_;
    CandidatePool pool_;
    const CostBand band_;
    const size_t wanted_;  // rows whose vectors are read in any case
    BlockQuery codes_;
    float offset_ = 0;        // what an exact cost, twice, lacks to be one by codes; not L2
    LeastCosts passing_;      // of a filtered walk, by codes
    LeastCosts exact_;        // of the vectors read
    size_t nodes_asked_ = 0;  // on their way
    size_t nodes_met_ = 0;
    size_t rows_asked_ = 0;
    uint64_t reads_ = 0;
    uint64_t hops_ = 0;
    uint64_t steps_ = 0;
    uint64_t distances_ = 0;
    std::optional<float> border_;  // of a walk for a range that is over
    bool past_range_ = false;
    bool ended_ = false;  // nothing better is left among candidates
    WalkOutcome outcome_ = WalkOutcome::kDone;
    base::Status interrupted_;
};

// The vectors, as what a scan reads.
class DiskBlocksIndex::Vectors final : public DiskItems {
  public:
    explicit Vectors(const DiskBlocksIndex& index) : index_(index) {}
    const uint8_t* InMemory(uint32_t place) const override { return index_.VectorInMemory(place); }
    uint32_t PlaceOf(uint32_t row) const override { return row; }
    bool Score(const Query& query, const uint8_t* item, uint32_t place, uint32_t* row,
               float* cost) const override {
        *row = place;
        *cost = index_.VectorCost(query, item);
        return true;
    }

  private:
    const DiskBlocksIndex& index_;
};

WalkOutcome DiskBlocksIndex::WalkFor(const Query& query, const SearchParams& params, size_t matches,
                                     size_t ef, SearchScratch& scratch, Neighbors* out,
                                     base::Status* interrupted) const {
    return Walk(*this, query, params, matches, ef, scratch).Run(out, interrupted);
}

base::Status DiskBlocksIndex::ScanMatches(const Query& query, const SearchParams& params,
                                          SearchScratch& scratch, Neighbors* out) const {
    const Vectors vectors(*this);
    const DiskScanInput input{.items = vectors,
                              .packing = vector_packing_,
                              .offset = vectors_.offset,
                              .rows = size(),
                              .file = direct_.get(),
                              .metric = metric(),
                              .damage = damage()};
    return ScanDisk(input, query, params, scratch, out);
}

}  // namespace elanus::vindex
