// Searching a DiskGraphIndex; disk_graph_file.cc has the rest.
#include "vindex/disk_graph.h"

#include "vindex/candidate_pool.h"
#include "vindex/disk_scan.h"
#include "vindex/scratch.h"

#include <algorithm>
#include <cstring>

namespace elanus::vindex {
namespace {

constexpr size_t kStartsKept = 16;  // the best of the sample, from which a walk goes on

}  // namespace

bool DiskGraphIndex::ReadTail(const uint8_t* node, DiskLayout::Tail* tail) const {
    std::memcpy(tail, node + layout_.tail_offset(), sizeof *tail);
    return tail->row < size() && tail->count <= layout_.degree;
}

// One walk. It asks for the nodes it wants to go to; what is in memory it goes to at once.
class DiskGraphIndex::Walk final : public sys::BlockReader {
  public:
    Walk(const DiskGraphIndex& index, const Query& query, const SearchParams& params,
         size_t matches, size_t ef, SearchScratch& scratch)
        : index_(index),
          query_(query),
          params_(params),
          scratch_(scratch),
          filtered_(params.filter.present() && matches < index.size()),
          ef_(ef),
          reads_max_(filtered_ ? matches + kBeamWidthMax : index.size()),
          packing_(index.packing_),
          depth_(BeamWidth(params.params)),
          rooms_(scratch, depth_, packing_.read_bytes()),
          pool_(scratch, Wanted(index.size(), matches), Wanted(index.size(), matches)) {}

    WalkOutcome Run(Neighbors* out, base::Status* failed) {
        scratch_.visited_bits.Reset(index_.size());
        scratch_.pool.clear();
        const uint32_t degree = index_.layout_.degree;
        scratch_.ids.resize(std::max<size_t>(scratch_.ids.size(), degree));
        scratch_.costs.resize(std::max<size_t>(scratch_.costs.size(),
                                               std::max(degree, index_.codes_->sample_size())));
        PrepareCodes();
        Start();
        *failed = ReadBlocks(index_.direct_.get(), depth_, *this);
        if (!interrupted_.ok()) {
            *failed = interrupted_;
        }
        out->counters.strategy = filtered_ ? Strategy::kFilteredWalk : Strategy::kWalk;
        out->counters.hops += hops_;
        out->counters.distances += distances_;
        std::sort(scratch_.pool.begin(), scratch_.pool.end());
        scratch_.pool.resize(std::min(scratch_.pool.size(), ef_));
        return outcome_;
    }

    bool Next(sys::BlockRead* read) override {
        for (uint32_t place = 0; Take(&place);) {
            if (const uint8_t* node = index_.NodeInMemory(place); node != nullptr) {
                Visit(node);
                continue;
            }
            *read = rooms_.Ask(index_.nodes_.offset + packing_.BlockOf(place),
                               packing_.read_bytes(), place);
            ++reads_;
            return true;
        }
        return false;
    }

    void Done(const sys::BlockRead& read) override {
        Visit(static_cast<const uint8_t*>(read.to) +
              packing_.OffsetInBlock(BlockRooms::TagOf(read)));
        rooms_.Free(read);
    }

  private:
    // As many candidates as hold ef passing rows when these are spread evenly.
    size_t Wanted(size_t rows, size_t matches) const {
        return filtered_ ? std::min(ef_ * rows / matches, rows) : ef_;
    }

    void PrepareCodes() {
        const float* floats = index_.QueryFloats(query_, scratch_);
        codes_ = index_.codes_->Prepare(floats, scratch_);
    }

    void Start() {
        const DiskCodes& codes = *index_.codes_;
        const uint32_t count = codes.sample_size();
        codes.SampleCosts(codes_, scratch_, scratch_.costs.data());
        distances_ += count;
        std::vector<uint64_t>& best = scratch_.candidates;
        best.clear();
        for (uint32_t i = 0; i < count; ++i) {
            best.push_back(PoolKey(scratch_.costs[i], codes.SamplePlace(i)));
        }
        const size_t kept = std::min<size_t>(count, kStartsKept);
        std::nth_element(best.begin(), best.begin() + static_cast<ptrdiff_t>(kept), best.end());
        for (size_t i = 0; i < kept; ++i) {
            scratch_.visited_bits.Insert(PoolRow(best[i]));
            pool_.Insert(KeyCost(best[i]), PoolRow(best[i]));
        }
    }

    // The costs of the places in scratch.ids by their codes.
    void Score(size_t count) {
        index_.codes_->Costs(codes_, scratch_, scratch_.ids.data(), count, scratch_.costs.data());
        distances_ += count;
    }

    bool Take(uint32_t* place) {
        float cost = 0;
        if (outcome_ != WalkOutcome::kDone || !pool_.Take(place, &cost)) {
            return false;
        }
        const std::vector<uint64_t>& found = scratch_.pool;
        if (filtered_ && found.size() >= ef_ && cost > KeyCost(found.front())) {
            return false;
        }
        if (reads_ > reads_max_) {
            outcome_ = WalkOutcome::kGaveUp;
            return false;
        }
        if (++hops_ % kInterruptReads == 0 && params_.interrupt) {
            interrupted_ = params_.interrupt();
            outcome_ = interrupted_.ok() ? outcome_ : WalkOutcome::kInterrupted;
        }
        return outcome_ == WalkOutcome::kDone;
    }

    void Visit(const uint8_t* node) {
        DiskLayout::Tail tail;
        if (!index_.ReadTail(node, &tail)) {
            outcome_ = WalkOutcome::kDamaged;
            return;
        }
        const uint8_t* links = node + index_.layout_.links_offset();
        size_t fresh = 0;
        for (uint32_t i = 0; i < tail.count; ++i) {
            uint32_t place;
            std::memcpy(&place, links + i * sizeof place, sizeof place);
            if (place >= index_.size()) {
                outcome_ = WalkOutcome::kDamaged;
                return;
            }
            if (scratch_.visited_bits.Insert(place)) {
                index_.codes_->Prefetch(place);
                scratch_.ids[fresh++] = place;
            }
        }
        ++distances_;
        Keep(MakeKey(index_.CostOf(query_, node, tail), tail.row));
        Score(fresh);
        for (size_t i = 0; i < fresh; ++i) {
            pool_.Insert(scratch_.costs[i], scratch_.ids[i]);
        }
    }

    // Of a filtered walk the ef best passing rows, the worst in front; otherwise all rows met.
    void Keep(uint64_t key) {
        std::vector<uint64_t>& found = scratch_.pool;
        if (!filtered_) {
            found.push_back(key);
            return;
        }
        if (!params_.filter.Test(KeyRow(key))) {
            return;
        }
        found.push_back(key);
        std::push_heap(found.begin(), found.end());
        if (found.size() > ef_) {
            std::pop_heap(found.begin(), found.end());
            found.pop_back();
        }
    }

    const DiskGraphIndex& index_;
    const Query& query_;
    const SearchParams& params_;
    SearchScratch& scratch_;
    const bool filtered_;
    const size_t ef_;
    const size_t reads_max_;
    const DiskPacking packing_;
    const size_t depth_;
    BlockRooms rooms_;
    CandidatePool pool_;
    DiskCodeQuery codes_;
    size_t reads_ = 0;
    uint64_t hops_ = 0;
    uint64_t distances_ = 0;
    WalkOutcome outcome_ = WalkOutcome::kDone;
    base::Status interrupted_;
};

// The nodes, as what has the vectors.
class DiskGraphIndex::Nodes final : public DiskItems {
  public:
    explicit Nodes(const DiskGraphIndex& index) : index_(index) {}
    const uint8_t* InMemory(uint32_t place) const override { return index_.NodeInMemory(place); }
    uint32_t PlaceOf(uint32_t row) const override { return index_.places_.As<uint32_t>()[row]; }
    bool Score(const Query& query, const uint8_t* item, uint32_t /*place*/, uint32_t* row,
               float* cost) const override {
        DiskLayout::Tail tail;
        if (!index_.ReadTail(item, &tail)) {
            return false;
        }
        *row = tail.row;
        *cost = index_.CostOf(query, item, tail);
        return true;
    }

  private:
    const DiskGraphIndex& index_;
};

WalkOutcome DiskGraphIndex::WalkFor(const Query& query, const SearchParams& params, size_t matches,
                                    size_t ef, SearchScratch& scratch, Neighbors* out,
                                    base::Status* interrupted) const {
    return Walk(*this, query, params, matches, ef, scratch).Run(out, interrupted);
}

base::Status DiskGraphIndex::ScanMatches(const Query& query, const SearchParams& params,
                                         SearchScratch& scratch, Neighbors* out) const {
    const Nodes nodes(*this);
    const DiskScanInput input{.items = nodes,
                              .packing = packing_,
                              .offset = nodes_.offset,
                              .rows = size(),
                              .file = direct_.get(),
                              .metric = metric(),
                              .damage = damage()};
    return ScanDisk(input, query, params, scratch, out);
}

}  // namespace elanus::vindex
