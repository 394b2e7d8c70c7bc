// Searching a DiskGraphIndex; disk_graph_file.cc has the rest.
#include "vindex/disk_graph.h"

#include "vindex/candidate_pool.h"
#include "vindex/exact_scan.h"
#include "vindex/float_rows.h"
#include "vindex/param.h"
#include "vindex/scratch.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace elanus::vindex {
namespace {

constexpr size_t kStartsKept = 16;  // the best of the sample, from which a walk goes on
constexpr size_t kScanDepth = 16;
constexpr size_t kScanReadBytes = 128 * 1024;
constexpr size_t kInterruptReads = 64;

// `count` rooms of `bytes` for blocks, aligned for direct reads.
uint8_t* BlockRoom(SearchScratch& scratch, size_t count, size_t bytes) {
    scratch.blocks.resize(std::max(scratch.blocks.size(), count * bytes + sys::kBlockBytes));
    const auto address = reinterpret_cast<uintptr_t>(scratch.blocks.data());
    const uintptr_t up = (sys::kBlockBytes - address % sys::kBlockBytes) % sys::kBlockBytes;
    scratch.block_slots.resize(count);
    for (size_t i = 0; i < count; ++i) {
        scratch.block_slots[i] = static_cast<uint32_t>(i);
    }
    return scratch.blocks.data() + up;
}

}  // namespace

bool DiskGraphIndex::ReadTail(const uint8_t* node, DiskLayout::Tail* tail) const {
    std::memcpy(tail, node + layout_.tail_offset(), sizeof *tail);
    return tail->row < size() && tail->count <= layout_.degree;
}

float DiskGraphIndex::CostOf(const Query& query, const uint8_t* node,
                             const DiskLayout::Tail& tail) const {
    VectorView one = view_;
    one.data = node;
    one.inverse_norms = view_.inverse_norms != nullptr ? &tail.inverse_norm : nullptr;
    float cost = 0;
    one.BlockCosts(query, 0, 1, &cost);
    return cost;
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
          pool_(scratch, Wanted(index.size(), matches), Wanted(index.size(), matches)) {}

    WalkOutcome Run(Neighbors* out, base::Status* failed) {
        const size_t depth = BeamWidth();
        room_ = BlockRoom(scratch_, depth, index_.layout_.read_bytes());
        scratch_.visited_bits.Reset(index_.size());
        scratch_.pool.clear();
        const uint32_t degree = index_.layout_.degree;
        scratch_.ids.resize(std::max<size_t>(scratch_.ids.size(), degree));
        scratch_.costs.resize(std::max<size_t>(scratch_.costs.size(),
                                               std::max(degree, index_.codes_->sample_size())));
        PrepareCodes();
        Start();
        *failed =
            index_.direct_ != nullptr ? index_.direct_->ReadBlocks(depth, *this) : AllInMemory();
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
            const uint32_t slot = scratch_.block_slots.back();
            scratch_.block_slots.pop_back();
            const size_t bytes = index_.layout_.read_bytes();
            read->offset = index_.blocks_offset_ + index_.layout_.BlockOf(place);
            read->size = bytes;
            read->to = room_ + slot * bytes;
            read->tag = uint64_t{slot} << 32 | place;
            ++reads_;
            return true;
        }
        return false;
    }

    void Done(const sys::BlockRead& read) override {
        const auto place = static_cast<uint32_t>(read.tag);
        Visit(static_cast<const uint8_t*>(read.to) + index_.layout_.OffsetInBlock(place));
        scratch_.block_slots.push_back(static_cast<uint32_t>(read.tag >> 32));
    }

  private:
    // As many candidates as hold ef passing rows when these are spread evenly.
    size_t Wanted(size_t rows, size_t matches) const {
        return filtered_ ? std::min(ef_ * rows / matches, rows) : ef_;
    }

    size_t BeamWidth() const {
        const int64_t width = IntParam(params_.params, "beamwidth").value_or(kBeamWidthDefault);
        return static_cast<size_t>(std::clamp<int64_t>(width, 1, kBeamWidthMax));
    }

    base::Status AllInMemory() {
        sys::BlockRead read;
        return Next(&read) ? base::Internal("a disk graph without its file") : base::Status();
    }

    void PrepareCodes() {
        std::vector<float>& floats = scratch_.refine_query;
        floats.resize(std::max<size_t>(floats.size(), index_.dim()));
        ReadFloats(index_.vector_type(), query_.data, index_.dim(), floats.data());
        for (uint32_t d = 0; d < index_.dim(); ++d) {
            floats[d] *= query_.inverse_norm;
        }
        codes_ = index_.codes_->Prepare(floats.data(), scratch_);
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
    CandidatePool pool_;
    DiskCodeQuery codes_;
    uint8_t* room_ = nullptr;
    size_t reads_ = 0;
    uint64_t hops_ = 0;
    uint64_t distances_ = 0;
    WalkOutcome outcome_ = WalkOutcome::kDone;
    base::Status interrupted_;
};

// Reads nodes one after another, or those of the rows that pass a filter, and scores them.
class DiskGraphIndex::Scan final : public sys::BlockReader {
  public:
    Scan(const DiskGraphIndex& index, const Query& query, const SearchParams& params,
         SearchScratch& scratch)
        : index_(index),
          query_(query),
          params_(params),
          scratch_(scratch),
          band_(CostBand::Of(index.metric(), params)),
          bytes_(params.filter.present()
                     ? index.layout_.read_bytes()
                     : std::max(kScanReadBytes / index.layout_.read_bytes(), size_t{1}) *
                           index.layout_.read_bytes()) {}

    base::Status Run(Neighbors* out) {
        scratch_.top.Reset(std::min<size_t>(params_.k, index_.size()));
        room_ = BlockRoom(scratch_, kScanDepth, bytes_);
        const base::Status read = index_.direct_ != nullptr
                                      ? index_.direct_->ReadBlocks(kScanDepth, *this)
                                      : AllInMemory();
        RETURN_IF_ERROR(status_);
        RETURN_IF_ERROR(read);
        AppendKeys(index_.metric(), scratch_.top.Sorted(), out);
        return base::Status();
    }

    bool Next(sys::BlockRead* read) override {
        for (uint32_t place = 0; status_.ok() && NextPlace(&place);) {
            if (const uint8_t* node = index_.NodeInMemory(place); node != nullptr) {
                Visit(node);
                continue;
            }
            const uint32_t slot = scratch_.block_slots.back();
            scratch_.block_slots.pop_back();
            read->offset = index_.blocks_offset_ + index_.layout_.BlockOf(place);
            read->size = bytes_;
            read->to = room_ + slot * bytes_;
            read->tag = uint64_t{slot} << 32 | place;
            if (!params_.filter.present()) {
                // From a whole number of blocks on: all nodes in them, once.
                const uint64_t block = index_.layout_.BlockOf(place);
                const uint64_t all = index_.layout_.bytes(index_.size());
                read->size = std::min<uint64_t>(bytes_, all - block);
                next_ = NodesBefore(block + read->size);
            }
            return true;
        }
        return false;
    }

    void Done(const sys::BlockRead& read) override {
        const auto first = static_cast<uint32_t>(read.tag);
        const uint32_t end = params_.filter.present()
                                 ? first + 1
                                 : NodesBefore(read.offset - index_.blocks_offset_ + read.size);
        const uint64_t base = read.offset - index_.blocks_offset_;
        for (uint32_t place = first; place < end && status_.ok(); ++place) {
            Visit(static_cast<const uint8_t*>(read.to) + (index_.layout_.BlockOf(place) - base) +
                  index_.layout_.OffsetInBlock(place));
        }
        scratch_.block_slots.push_back(static_cast<uint32_t>(read.tag >> 32));
    }

  private:
    base::Status AllInMemory() {
        sys::BlockRead read;
        return Next(&read) ? base::Internal("a disk graph without its file") : base::Status();
    }

    uint32_t NodesBefore(uint64_t bytes) const {
        const uint64_t nodes =
            bytes / index_.layout_.read_bytes() * index_.layout_.nodes_per_block();
        return static_cast<uint32_t>(std::min<uint64_t>(nodes, index_.size()));
    }

    // The next place to score, in order, or of the next row that passes.
    bool NextPlace(uint32_t* place) {
        if (!params_.filter.present()) {
            *place = next_++;
            return *place < index_.size();
        }
        const uint64_t* words = params_.filter.words();
        while (next_ < index_.size()) {
            const uint64_t word = words[next_ / 64] >> (next_ % 64);
            if (word == 0) {
                next_ = (next_ / 64 + 1) * 64;
                continue;
            }
            next_ += static_cast<uint32_t>(std::countr_zero(word));
            if (next_ >= index_.size()) {
                break;
            }
            *place = index_.places_.As<uint32_t>()[next_++];
            if (*place >= index_.size()) {
                status_ = base::Corruption("disk graph: bad place of a row");
                return false;
            }
            return true;
        }
        return false;
    }

    void Visit(const uint8_t* node) {
        DiskLayout::Tail tail;
        if (!index_.ReadTail(node, &tail)) {
            status_ = base::Corruption(std::string(index_.damage()));
            return;
        }
        const float cost = index_.CostOf(query_, node, tail);
        if (band_.Contains(cost) && params_.filter.Test(tail.row)) {
            scratch_.top.Push(MakeKey(cost, tail.row));
        }
        if (++scored_ % kInterruptHops == 0 && params_.interrupt) {
            status_ = params_.interrupt();
        }
    }

    const DiskGraphIndex& index_;
    const Query& query_;
    const SearchParams& params_;
    SearchScratch& scratch_;
    const CostBand band_;
    const size_t bytes_;  // of a read
    uint8_t* room_ = nullptr;
    uint32_t next_ = 0;
    uint64_t scored_ = 0;
    base::Status status_;
};

std::optional<int64_t> DiskGraphIndex::GivenEffort(const ParamMap& params) const {
    const std::optional<int64_t> list = IntParam(params, "search_list");
    return list.has_value() ? list : IntParam(params, "search_list_size");
}

// Both wait for reads: a scan for one a row, a walk for one a candidate.
bool DiskGraphIndex::ScanIsCheaper(size_t matches, size_t ef) const {
    const double selectivity = static_cast<double>(matches) / size();
    return static_cast<double>(matches) <= static_cast<double>(ef) / selectivity;
}

WalkOutcome DiskGraphIndex::WalkFor(const Query& query, const SearchParams& params, size_t matches,
                                    size_t ef, SearchScratch& scratch, Neighbors* out,
                                    base::Status* interrupted) const {
    return Walk(*this, query, params, matches, ef, scratch).Run(out, interrupted);
}

base::Status DiskGraphIndex::ScanMatches(const Query& query, const SearchParams& params,
                                         SearchScratch& scratch, Neighbors* out) const {
    return Scan(*this, query, params, scratch).Run(out);
}

}  // namespace elanus::vindex
