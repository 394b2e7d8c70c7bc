// Searching a BlockGraphIndex; block_graph_file.cc has the rest.
#include "vindex/block_graph.h"

#include "vindex/block_graph_walk.h"
#include "vindex/exact_scan.h"
#include "vindex/graph_iterator.h"
#include "vindex/scratch.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace elanus::vindex {
namespace {

constexpr size_t kOwnRowsAhead = 6;  // fetched before their turn
constexpr size_t kExactAtOnce = 32;
constexpr size_t kEfMore = 8;
constexpr size_t kWideEnough = 384;  // dimensions with which estimates are good
// Costs are in bytes of float rows that a scan reads in their order; fitted with the run of
// docs/benchmarks/vector-filters.md, in which the same holds at 384 and at 768 dimensions.
constexpr double kVectorStart = 64;       // of every row, besides its bytes
constexpr double kOwnRowPrice = 7;        // of a byte of a row that is waited for
constexpr double kCachedHopPrice = 2.5;   // the same in an index that lies in the cache
constexpr double kCompactHopPrice = 1.3;  // of a byte of a small block, to one of a large one
constexpr size_t kSignsWorth = 8;         // rows for each of those that signs have compared first
constexpr size_t kPassingOfEf = 4;        // of ef rows as many at least
// What signs and hops cost beside float rows depends on the kernels and on the memory behind them:
// fitted on a Xeon with AVX-512, and on an EPYC with AVX2.
struct Prices {
    double sign_byte;   // of a byte of a row of signs
    double sign_start;  // of every such row besides
    double hop;         // of a byte of a block
};
Prices PricesHere() {
    static const bool wide = simd::Supported(simd::Level::kAvx512Dot);
    return wide ? Prices{1, 150, 6} : Prices{3.2, 20, 2.5};
}
// A scan by signs becomes one of float rows where signs tell too little: at most so many times as
// dear as a walk.
constexpr double kRegret = 8;
constexpr size_t kPassing = 2;  // rows in a filtered walk for each that is ordered exactly
// Of more results than these the last ones are not worth a hop each: a walk keeps as many
// candidates again as it expands, and scores them by their own rows.
constexpr size_t kManyResults = 32;
// Larger walks are of fixed length: they find nearly all, and how far they go is not fitted.
constexpr size_t kReachMax = 4 * WalkReach::kPoolMax;

// Rows that a walk finds at least, some of which are ordered exactly.
constexpr size_t FoundAtLeast(size_t k) {
    return k + 10 + k / 4;
}
// A filtered walk that found so many has found enough.
constexpr size_t EnoughFound(size_t k) {
    return k + 2 + k / 4;
}
constexpr size_t kWiderPool = 4;
// Deviations by which an exact cost is assumed to differ at most from that of an 8-bit row.
constexpr float kSigmas = 3;
constexpr size_t kSampled = 16;  // rows in which that is seen

}  // namespace

// Estimates order candidates less well than distances do, the less the fewer dimensions they are
// made of, and some candidates are twice in the pool: with a quarter more of them a walk makes as
// many hops as HNSW's own does at that ef, and finds as much.
size_t BlockGraphIndex::Widen(size_t ef, size_t k, const SearchParams& /*params*/) const {
    const size_t coded = layout_.coded();
    const size_t narrow = coded < kWideEnough ? kWideEnough - coded : 0;
    return ef + std::max(kEfMore + ef / 4 + ef * narrow / (kWideEnough * 2 / 3),
                         k > kManyResults ? ef * 7 / 8 + kEfMore : 0);
}

double BlockGraphIndex::VectorScanCost(size_t matches) const {
    return static_cast<double>(matches) * (static_cast<double>(view_.row_bytes) + kVectorStart);
}

double BlockGraphIndex::SignScanCost(size_t matches, size_t k) const {
    const Prices prices = PricesHere();
    const double row = static_cast<double>(RowSigns::RowBytes(layout_.width)) * prices.sign_byte +
                       prices.sign_start;
    const double own = static_cast<double>(layout_.own_bytes()) * kOwnRowPrice;
    return static_cast<double>(matches) * row + static_cast<double>(RowSigns::FirstRows(k)) * own +
           VectorScanCost(FoundAtLeast(k));
}

double BlockGraphIndex::HopCost() const {
    return static_cast<double>(block_bytes_) * PricesHere().hop *
           (is_compact() ? kCompactHopPrice : 1);
}

// Rows that are ordered exactly if they may be among the k best.
size_t BlockGraphIndex::RerankCount(size_t k) const {
    return is_compact() ? k + 20 + k / 2 : FoundAtLeast(k);
}

// A range asks for costs, not for the nearest; few rows are compared exactly, and so are all of a
// small index, where ef asked for it.
bool BlockGraphIndex::ScansSigns(const SearchParams& params, size_t matches) const {
    const size_t k = std::min(params.k, matches);
    return signs_.present() && matches < size() && !params.radius.has_value() &&
           matches >= kSignsWorth * RowSigns::FirstRows(k) &&
           SignScanCost(matches, k) < VectorScanCost(matches);
}

double BlockGraphIndex::ScanCost(const SearchParams& params, size_t matches) const {
    return ScansSigns(params, matches) ? SignScanCost(matches, params.k) : VectorScanCost(matches);
}

// The rows that a filtered walk goes to: those of a walk that meets the k nearest of all rows, and
// as many as hold some more than k that pass. What a walk meets beyond its first rows it misses as
// seldom, so it need not keep ef rows that pass.
// For a range it does, since how far those reach says where it ends. A large ef asks for more.
size_t BlockGraphIndex::FilteredPool(size_t ef, const SearchParams& params, size_t matches) const {
    const size_t wanted = kPassing * FoundAtLeast(std::min(params.k, matches));
    const auto passing =
        static_cast<double>(std::max(wanted, params.radius.has_value() ? ef : ef / kPassingOfEf));
    const double hops = static_cast<double>(ef) + passing * size() / static_cast<double>(matches);
    return static_cast<size_t>(std::min<double>(hops, size()));
}

bool BlockGraphIndex::ScanIsCheaper(size_t matches, size_t ef) const {
    const double hops = static_cast<double>(ef + kEfMin) * size() / static_cast<double>(matches);
    return VectorScanCost(matches) <= hops * HopCost();
}

// Without a filter the question is asked of an index that is small enough to lie in the cache.
bool BlockGraphIndex::PrefersScan(const SearchParams& params, size_t matches, size_t ef) const {
    if (matches == size()) {
        const size_t walk = (ef + kEfMin) * block_bytes_;
        return VectorScanCost(matches) <= static_cast<double>(walk) * kCachedHopPrice;
    }
    const double walk = static_cast<double>(FilteredPool(ef, params, matches)) * HopCost();
    return ScanCost(params, matches) <= walk && VectorScanCost(matches) <= kRegret * walk;
}

base::Status BlockGraphIndex::ScanMatches(const Query& query, const SearchParams& params,
                                          SearchScratch& scratch, Neighbors* out) const {
    const size_t matches = out->counters.matches;
    if (!ScansSigns(params, matches)) {
        return GraphIndex::ScanMatches(query, params, scratch, out);
    }
    base::Status interrupted;
    Walk walk(query, params, scratch, &interrupted);
    RotateQuery(walk);
    const RowSigns::Request request{.coded = walk.codes.coded,
                                    .scale = walk.codes.scale,
                                    .norm = walk.codes.norm,
                                    .length = walk.codes.length,
                                    .k = std::min(params.k, matches),
                                    .selected = params.filter,
                                    .rows = size(),
                                    .matches = matches,
                                    .interrupt = params.interrupt};
    bool worth = false;
    RETURN_IF_ERROR(signs_.Nearest(
        request, [&](std::span<const uint32_t> ids, float* costs) { OwnCosts(walk, ids, costs); },
        scratch, &scratch.pool, &worth));
    if (!worth) {
        return GraphIndex::ScanMatches(query, params, scratch, out);
    }
    walk.distances += walk.found.size();
    OrderScanned(walk, request.k);
    walk.found.resize(std::min(walk.found.size(), request.k));
    out->counters.distances += walk.distances;
    AppendKeys(metric(), walk.found, out);
    if (out->counters.strategy == Strategy::kExactScan) {
        out->counters.strategy = Strategy::kCodeScan;
    }
    return base::Status();
}

// Leaves in scratch.pool passing rows with their exact costs, best first.
WalkOutcome BlockGraphIndex::WalkFor(const Query& query, const SearchParams& params, size_t matches,
                                     size_t ef, SearchScratch& scratch, Neighbors* out,
                                     base::Status* interrupted) const {
    const bool filtered = params.filter.present() && matches < size();
    Walk walk(query, params, scratch, interrupted);
    walk.ef = ef;
    walk.matches = matches;
    if (filtered) {
        walk.hops_max = static_cast<size_t>(ScanCost(params, matches) / HopCost()) + 1;
    }
    PrepareWalk(walk);
    const WalkOutcome outcome = filtered ? WalkFiltered(walk) : WalkPlain(walk);
    if (outcome == WalkOutcome::kDone) {
        Rerank(walk, params.radius.has_value() ? walk.found.size() : RerankCount(params.k));
    }
    out->counters.strategy = filtered ? Strategy::kFilteredWalk : Strategy::kWalk;
    out->counters.distances += walk.distances;
    out->counters.hops += walk.hops;
    return outcome;
}

void BlockGraphIndex::RotateQuery(Walk& walk) const {
    walk.codes =
        BlockQuery(layout_, metric(), rotation_, static_cast<const float*>(walk.query.data),
                   centre_.As<float>().data(), dim(), walk.scratch);
}

void BlockGraphIndex::PrepareWalk(Walk& walk) const {
    RotateQuery(walk);
    walk.codes.PrepareScan(walk.scratch);
    walk.scratch.visited_bits.Reset(size());
    walk.found.clear();
}

// Leaves in scratch.candidates pool keys of the nodes to start from. False: damaged.
bool BlockGraphIndex::Enter(Walk& walk) const {
    walk.distances += router_.compared();
    return router_.Enter(walk.codes.signs, walk.codes.norm, size(), &walk.scratch.candidates);
}

float BlockGraphIndex::Variance(const Walk& walk, uint64_t key) const {
    const uint8_t* block = Block(NodeOf(KeyRow(key)));
    BlockLayout::Own own = OwnOf(block);
    if (nodes_.empty()) {  // before version 4 the length was not kept
        const auto* values = reinterpret_cast<const int8_t*>(block + sizeof own);
        own.square = own.scale * own.scale *
                     static_cast<float>(simd::Codes().dot(values, values, layout_.width));
    }
    return walk.codes.OwnVariance(own, KeyCost(key));
}

// The goal of a plain walk: rows around the best ones found, as far as reach_ says.
class BlockGraphIndex::NearEnough {
  public:
    NearEnough(const BlockGraphIndex& index, Walk& walk)
        : found_(walk.found),
          nearest_(WalkReach::kRank, walk.scratch.nearest),
          hops_min_(std::max(WalkReach::Least(walk.ef), FoundAtLeast(walk.params.k))),
          beyond_(index.reach_.Beyond(walk.ef)),
          offset_(index.CostOffset(walk)) {}

    bool IsDone(float cost) const { return cost > end_ && found_.size() >= hops_min_; }
    float limit() const {
        return found_.size() < hops_min_ ? std::numeric_limits<float>::infinity() : end_;
    }
    void Keep(float cost, uint32_t row) {
        found_.push_back(MakeKey(cost, row));
        nearest_.Add(cost);
        if (nearest_.complete()) {
            end_ = nearest_.worst() + beyond_ * std::max(nearest_.worst() + offset_, 0.0f);
        }
    }

  private:
    std::vector<uint64_t>& found_;
    LeastCosts nearest_;
    const size_t hops_min_;
    const float beyond_;
    const float offset_;
    float end_ = std::numeric_limits<float>::infinity();
};

// What makes costs squared distances that are above zero.
float BlockGraphIndex::CostOffset(const Walk& walk) const {
    return metric() == Metric::kIp ? 2 * longest_ * walk.codes.length : 0;
}

WalkOutcome BlockGraphIndex::WalkPlain(Walk& walk) const {
    const bool many = walk.params.k > kManyResults;
    if (reach_.present() && !many && walk.ef <= kReachMax && !walk.params.radius.has_value()) {
        const size_t most = WalkReach::Most(walk.ef);
        CandidatePool pool(walk.scratch, most, most);
        return Expand(walk, pool, NearEnough(*this, walk));
    }
    const size_t kept = many ? walk.ef : 0;
    CandidatePool pool(walk.scratch, walk.ef, walk.ef + kept);
    const WalkOutcome outcome = Expand(walk, pool, WholePool{walk.found});
    if (outcome == WalkOutcome::kDone && many && !ScoreKept(walk, pool.Left(kept))) {
        return WalkOutcome::kDamaged;
    }
    DropOnTheWay(walk, pool);
    return outcome;
}

// Of a range: nodes that were passed on the way are farther than others that were left out, and
// must not show where a walk ended.
void BlockGraphIndex::DropOnTheWay(Walk& walk, CandidatePool& pool) const {
    if (walk.params.radius.has_value()) {
        const float border = pool.Border();
        std::erase_if(walk.found, [border](uint64_t key) { return KeyCost(key) > border; });
    }
}

// Adds candidates that were not expanded to what was found. False: damaged.
bool BlockGraphIndex::ScoreKept(Walk& walk, std::span<const uint64_t> kept) const {
    for (uint64_t key : kept) {
        for (size_t at = 0; at < layout_.own_bytes(); at += 64) {
            __builtin_prefetch(Block(PoolRow(key)) + at, 0, 2);
        }
    }
    for (uint64_t key : kept) {
        const uint32_t node = PoolRow(key);
        if (walk.scratch.visited_bits.Insert(node)) {
            walk.found.push_back(MakeKey(walk.codes.OwnCost(Block(node)), RowOf(node)));
        }
    }
    return std::all_of(walk.found.begin(), walk.found.end(),
                       [this](uint64_t key) { return KeyRow(key) < size(); });
}

// Where rows that pass are rarer than elsewhere, a walk finds too few of them and a wider one is
// begun.
WalkOutcome BlockGraphIndex::WalkFiltered(Walk& walk) const {
    const size_t enough = std::min(EnoughFound(walk.params.k), walk.matches);
    size_t pool_size = FilteredPool(walk.ef, walk.params, walk.matches);
    for (;; pool_size *= kWiderPool) {
        const WalkOutcome outcome = WalkFiltered(walk, std::min<size_t>(pool_size, size()));
        if (outcome != WalkOutcome::kDone || walk.found.size() >= enough || pool_size >= size()) {
            return outcome;
        }
        if (walk.hops + pool_size * kWiderPool > walk.hops_max) {
            return WalkOutcome::kGaveUp;
        }
        walk.scratch.visited_bits.Reset(size());
        walk.found.clear();
    }
}

// The goal of a filtered walk: all rows are traversed, passing ones are kept. It ends when the pool
// is done, or sooner where many pass: when no candidate is better than the worst of ef passing
// rows.
class BlockGraphIndex::Passing {
  public:
    explicit Passing(Walk& walk)
        : walk_(walk),
          found_(walk.found),
          hops_before_(walk.hops),
          wanted_(static_cast<double>(FoundAtLeast(walk.params.k))) {}

    bool IsDone(float cost) const {
        return found_.size() >= walk_.ef && cost > KeyCost(found_.front());
    }
    float limit() const { return std::numeric_limits<float>::infinity(); }
    void Keep(float cost, uint32_t row) {
        if (!walk_.params.filter.Test(row)) {
            GiveUpIfRare();
            return;
        }
        ++passed_;
        found_.push_back(MakeKey(cost, row));
        std::push_heap(found_.begin(), found_.end());
        if (found_.size() > walk_.ef) {
            std::pop_heap(found_.begin(), found_.end());
            found_.pop_back();
        }
    }

  private:
    // As many may pass as would be met by one walk in some hundred, where so few were.
    void GiveUpIfRare() {
        const auto met = static_cast<double>(passed_);
        const double hopeful = met + 2 * std::sqrt(met) + 3;
        const auto hops = static_cast<double>(walk_.hops - hops_before_);
        if (met < wanted_ && wanted_ * hops > hopeful * static_cast<double>(walk_.hops_max)) {
            walk_.hops_max = 0;
        }
    }

    Walk& walk_;
    std::vector<uint64_t>& found_;  // largest in front
    const size_t hops_before_;
    const double wanted_;
    size_t passed_ = 0;
};

WalkOutcome BlockGraphIndex::WalkFiltered(Walk& walk, size_t pool_size) const {
    CandidatePool pool(walk.scratch, pool_size, pool_size);
    const WalkOutcome outcome = Expand(walk, pool, Passing(walk));
    DropOnTheWay(walk, pool);
    return outcome;
}

class BlockGraphIndex::KeptWalk : public GraphWalker {
  public:
    KeptWalk(const BlockGraphIndex& index, std::string_view query)
        : index_(index),
          query_(PrepareQuery(index.vector_type(), index.metric(), index.dim(), query, scratch_)),
          walk_(query_, params_, scratch_, &interrupted_) {
        index_.PrepareWalk(walk_);
    }

    bool Enter(std::vector<uint64_t>* open) override {
        const bool sound = index_.Enter(walk_);
        open->insert(open->end(), scratch_.candidates.begin(), scratch_.candidates.end());
        return sound;
    }
    bool Mark(uint32_t node) override { return !scratch_.visited_bits.Insert(node); }
    bool Expand(uint64_t key, uint32_t next, std::vector<uint64_t>* open,
                uint64_t* found) override {
        const uint32_t node = PoolRow(key);
        const uint8_t* block = index_.Block(node);
        const float own = walk_.codes.OwnCost(block);
        *found = MakeKey(own, index_.RowOf(node));
        BlockAhead ahead(index_.Block(next), index_.block_bytes_);
        return KeyRow(*found) < index_.size() &&
               index_.Visit(
                   walk_, block, own, ahead, std::numeric_limits<float>::infinity(),
                   [&](const float* costs, const uint32_t* ids, uint32_t below) {
                       for (; below != 0; below &= below - 1) {
                           const int i = std::countr_zero(below);
                           if (ids[i] >= index_.size()) {
                               return false;
                           }
                           if (!scratch_.visited_bits.Has(ids[i])) {
                               open->push_back(PoolKey(costs[i], ids[i]));
                           }
                       }
                       return true;
                   });
    }
    void Costs(const uint32_t* ids, size_t count, float* costs) const override {
        index_.view_.Costs(query_, ids, count, costs);
    }
    size_t Compared(size_t count) const override { return index_.RerankCount(count); }
    uint64_t memory_bytes() const override {
        return sizeof *this + index_.size() / 8 + index_.dim() * sizeof(float) +
               index_.layout_.width * (sizeof(float) + 1) + scratch_.tables.capacity() +
               scratch_.weights.capacity();
    }

  private:
    const BlockGraphIndex& index_;
    SearchScratch scratch_;
    const SearchParams params_;
    base::Status interrupted_;
    const Query query_;
    Walk walk_;
};

std::unique_ptr<GraphWalker> BlockGraphIndex::NewWalker(std::string_view query) const {
    return std::make_unique<KeptWalk>(*this, query);
}

// The costs of some rows by their 8-bit rows, which are fetched ahead of their turn.
void BlockGraphIndex::OwnCosts(const Walk& walk, std::span<const uint32_t> ids,
                               float* costs) const {
    const auto fetch = [&](size_t i) {
        for (size_t at = 0; i < ids.size() && at < layout_.own_bytes(); at += 64) {
            __builtin_prefetch(Block(NodeOf(ids[i])) + at);
        }
    };
    for (size_t i = 0; i < kOwnRowsAhead; ++i) {
        fetch(i);
    }
    for (size_t i = 0; i < ids.size(); ++i) {
        fetch(i + kOwnRowsAhead);
        costs[i] = walk.codes.OwnCost(Block(NodeOf(ids[i])));
    }
}

// Of the `count` best of what was found, and of as many again as long as the last one of them is in
// doubt, orders those that may be among the k best by exact costs and drops the others, which are
// certain to be behind them.
void BlockGraphIndex::Rerank(Walk& walk, size_t count) const {
    std::vector<uint64_t>& found = walk.found;
    count = std::min(count, found.size());
    const size_t k = walk.params.radius.has_value() ? count : std::min(walk.params.k, count);
    if (k == 0 || k == count) {
        std::partial_sort(found.begin(), found.begin() + static_cast<ptrdiff_t>(count),
                          found.end());
        found.resize(count);
        MakeExact(walk, found);
        std::sort(found.begin(), found.end());
        return;
    }
    const auto begin = found.begin();
    std::partial_sort(begin, begin + static_cast<ptrdiff_t>(count), found.end());
    const float kth = KeyCost(found[k - 1]);
    const float variance = Variance(walk, found[k - 1]);
    // How far the others may be off is asked below; their blocks come while rows are compared.
    for (size_t i = k; i < count; ++i) {
        __builtin_prefetch(Block(NodeOf(KeyRow(found[i]))));
    }
    MakeExact(walk, std::span(found).first(k));
    const float limit = std::max(WorstAsCoded(std::span(found).first(k)), kth);
    const auto is_certain = [&](uint64_t key) {
        const float doubt = kDoubtDeviations * std::sqrt(variance + Variance(walk, key));
        return KeyCost(key) > limit + doubt;
    };
    auto kept = begin + static_cast<ptrdiff_t>(k), from = kept;
    for (auto to = begin + static_cast<ptrdiff_t>(count);;) {
        const bool more = to != found.end() && !is_certain(to[-1]);
        const auto doubtful = std::remove_if(from, to, is_certain);
        MakeExact(walk, std::span(from, doubtful));
        kept = kept == from ? doubtful : std::move(from, doubtful, kept);
        if (!more) {
            break;
        }
        from = to;
        to += std::min(found.end() - to, static_cast<ptrdiff_t>(count));
        std::partial_sort(from, to, found.end());
    }
    found.erase(kept, found.end());
    std::sort(found.begin(), found.end());
}

// The largest of exact costs, as a cost by 8-bit rows. With COSINE the two differ by more than
// their errors for a row of zeros: it has no direction, but a place.
float BlockGraphIndex::WorstAsCoded(std::span<const uint64_t> exact) const {
    return metric() == Metric::kCosine
               ? 2 + 2 * KeyCost(*std::max_element(exact.begin(), exact.end()))
               : -std::numeric_limits<float>::infinity();
}

// Puts exact costs in the place of those by 8-bit rows.
void BlockGraphIndex::MakeExact(Walk& walk, std::span<uint64_t> keys) const {
    walk.distances += keys.size();
    uint32_t rows[kExactAtOnce];
    float costs[kExactAtOnce];
    while (!keys.empty()) {
        const std::span some = keys.first(std::min(kExactAtOnce, keys.size()));
        std::transform(some.begin(), some.end(), rows, KeyRow);
        view_.Costs(walk.query, rows, some.size(), costs);
        for (size_t i = 0; i < some.size(); ++i) {
            some[i] = MakeKey(costs[i], rows[i]);
        }
        keys = keys.subspan(some.size());
    }
}

// As Rerank(), where many rows may be about as far as the k-th best: what passes a filter is not
// always near. How much exact costs differ from those of 8-bit rows is seen in some rows that are
// not among the best by the latter (those are chosen for their differences); every row that could
// be among the k best then is ordered exactly as well.
void BlockGraphIndex::OrderScanned(Walk& walk, size_t k) const {
    std::vector<uint64_t>& found = walk.found;
    const size_t first = FoundAtLeast(k);
    if (found.size() <= first + kSampled) {
        Rerank(walk, found.size());
        return;
    }
    const auto begin = found.begin() + static_cast<ptrdiff_t>(first);
    const auto sample = found.end() - static_cast<ptrdiff_t>(kSampled);
    std::nth_element(found.begin(), begin, found.end());
    float differences[kSampled];
    std::transform(sample, found.end(), differences, KeyCost);
    MakeExact(walk, std::span(found).first(first));
    MakeExact(walk, std::span(found).last(kSampled));
    const float whole = metric() == Metric::kL2 ? 1.0f : 2.0f;  // 8-bit costs are twice the others
    float mean = 0, square = 0;
    for (size_t i = 0; i < kSampled; ++i) {
        differences[i] = whole * KeyCost(sample[static_cast<ptrdiff_t>(i)]) - differences[i];
        mean += differences[i] / kSampled;
    }
    for (float difference : differences) {
        square += (difference - mean) * (difference - mean) / kSampled;
    }
    std::sort(found.begin(), begin);
    // Equal rows in the sample differ alike, and say nothing of others.
    const float deviation = std::sqrt(std::max(square, Variance(walk, found[k - 1])));
    const float limit = whole * KeyCost(found[k - 1]) - mean + kSigmas * deviation;
    const auto end =
        std::partition(begin, sample, [&](uint64_t key) { return !(KeyCost(key) > limit); });
    MakeExact(walk, std::span(begin, end));
    found.erase(std::copy(sample, found.end(), end), found.end());
    std::sort(found.begin(), found.end());
}

}  // namespace elanus::vindex
