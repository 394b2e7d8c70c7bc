// Searching an IvfIndex; building and files are in ivf_file.cc.
#include "vindex/ivf_index.h"

#include "vindex/exact_scan.h"
#include "vindex/float_rows.h"
#include "vindex/scratch.h"

#include <bit>
#include <cmath>
#include <limits>

namespace elanus::vindex {
namespace {

constexpr size_t kInterruptRows = 8192;
// A range search seldom looks at more.
constexpr size_t kRangeLists = 32;

// Codes may take a distance below 0 and a cosine past 1.
float Bounded(Metric metric, float cost) {
    switch (metric) {
        case Metric::kL2:
            return std::max(cost, 0.0f);
        case Metric::kCosine:
            return std::clamp(cost, -1.0f, 1.0f);
        default:
            return cost;
    }
}

base::Status BadRow() {
    return base::Corruption("inverted lists: bad row number");
}

}  // namespace

struct IvfIndex::Probe {
    const SearchParams& params;
    SearchScratch& scratch;
    CostBand band;
    size_t keep = 0;         // rows to collect
    size_t enough = 0;       // rows that end the visits after lists_min
    size_t lists_min = 0;    // lists to visit in any case
    size_t lists_max = 0;    // never more
    size_t empty_max = 0;    // lists in a row without a result that end a range search; 0: none
    bool positions = false;  // keys hold positions, to be refined
    uint64_t passed = 0;     // rows of the last list that the filter let through
    uint64_t within = 0;     // rows met within the radius, those below range_filter too
    uint64_t found = 0;      // rows scored that are near enough
    uint64_t distances = 0;
    uint64_t lists = 0;
    size_t unasked = 0;  // rows since the caller was asked whether to go on

    // What a cost must not be above to matter.
    float Limit() const {
        const uint64_t limit = scratch.top.limit();
        const float cost = limit == std::numeric_limits<uint64_t>::max()
                               ? std::numeric_limits<float>::infinity()
                               : KeyCost(limit);
        return band.bounded ? std::min(cost, band.high) : cost;
    }
    base::Status Advance(size_t rows) {
        distances += rows;
        unasked += rows;
        if (unasked < kInterruptRows || !params.interrupt) {
            return base::Status();
        }
        unasked = 0;
        return params.interrupt();
    }
};

void IvfIndex::Plan(const SearchParams& params, size_t matches, Probe& probe) const {
    const IvfSearch search = ReadIvfSearch(spec_, params);
    const size_t k = std::min<size_t>(params.k, size());
    probe.positions = finer_ != nullptr;
    probe.keep = probe.positions ? std::min<size_t>(std::max(search.kept, k), size()) : k;
    probe.lists_max = lists();
    if (params.radius.has_value()) {
        probe.lists_min = lists();
        probe.empty_max = search.empty_max;
        return;
    }
    const size_t nprobe = std::min<size_t>(search.nprobe, lists());
    const double share = static_cast<double>(matches) / size();
    const bool few = matches * lists() <= static_cast<size_t>(size()) * nprobe;
    probe.lists_min =
        few ? lists()
            : std::min<size_t>(lists(), static_cast<size_t>(
                                            static_cast<double>(nprobe) / std::sqrt(share) + 0.5));
    probe.enough = std::min(std::max(k, search.rows_min), matches);
    if (!search.ensure_full) {
        probe.lists_max = probe.lists_min;
    }
}

void IvfIndex::RankLists(const ProbeQuery& query, size_t first, ProbeScratch& scratch) const {
    scratch.centroid_costs.resize(quantizer_.padded_lists());
    quantizer_.Costs(query.floats != nullptr ? query.floats : query.raw.data,
                     scratch.centroid_costs.data());
    scratch.lists.Reset(scratch.centroid_costs, lists(), first);
}

// Leaves in `slice` the rows of positions [begin, end) that pass the filter.
base::Status IvfIndex::Pick(Probe& probe, uint32_t begin, uint32_t end, Slice* slice) const {
    uint32_t* picked = probe.scratch.probe.picked.data();
    const std::span<const uint32_t> rows = lists_.rows();
    uint32_t count = 0;
    for (uint32_t at = begin; at < end; ++at) {
        if (rows[at] >= size()) {
            return BadRow();
        }
        picked[count] = at;
        count += probe.params.filter.Test(rows[at]) ? 1 : 0;
    }
    *slice = {begin, count, picked};
    return base::Status();
}

base::Status IvfIndex::ScanSlice(Probe& probe, const Slice& slice) const {
    SliceCosts& scored = probe.scratch.probe.costs;
    TopK& top = probe.scratch.top;
    codes_->Costs(slice, probe.Limit(), probe.scratch.probe.codes, scored);
    for (size_t word = 0; word < SliceCosts::kWords; ++word) {
        for (uint64_t near = scored.near[word]; near != 0; near &= near - 1) {
            const auto i =
                static_cast<uint32_t>(64 * word) + static_cast<uint32_t>(std::countr_zero(near));
            const float cost = Bounded(metric(), scored.costs[i]);
            if (probe.band.bounded) {
                probe.within += cost < probe.band.high ? 1 : 0;
                if (!probe.band.Contains(cost)) {
                    continue;
                }
                ++probe.found;
            }
            uint32_t row = slice.At(i);
            if (!probe.positions) {
                row = lists_.rows()[row];
                if (row >= size()) {
                    return BadRow();
                }
            }
            top.Push(MakeKey(cost, row));
        }
    }
    probe.passed += slice.count;
    probe.found += probe.band.bounded ? 0 : slice.count;
    return probe.Advance(slice.count);
}

// In steps that end at multiples of the groups in which some codes lie.
base::Status IvfIndex::ScanList(Probe& probe, uint32_t list) const {
    constexpr uint32_t kStep = Slice::kMax;
    const uint32_t end = lists_.End(list);
    probe.passed = 0;
    for (uint32_t begin = lists_.Begin(list); begin < end;) {
        const uint32_t next = std::min(end, (begin / kStep + 1) * kStep);
        Slice slice{begin, next - begin, nullptr};
        if (probe.params.filter.present()) {
            RETURN_IF_ERROR(Pick(probe, begin, next, &slice));
        }
        if (slice.count > 0) {
            RETURN_IF_ERROR(ScanSlice(probe, slice));
        }
        begin = next;
    }
    return base::Status();
}

base::Status IvfIndex::Visit(Probe& probe) const {
    ProbeScratch& scratch = probe.scratch.probe;
    size_t empty = 0;
    for (size_t i = 0; i < probe.lists_max; ++i) {
        if (i >= probe.lists_min && probe.found >= probe.enough) {
            break;
        }
        const uint64_t key = scratch.lists.At(i);
        const uint64_t within = probe.within;
        codes_->StartList(KeyRow(key), quantizer_.BaseCost(KeyRow(key), KeyCost(key)),
                          scratch.codes);
        RETURN_IF_ERROR(ScanList(probe, KeyRow(key)));
        ++probe.lists;
        if (probe.within > within) {
            empty = 0;
        } else if (probe.passed > 0 && ++empty == probe.empty_max) {
            break;
        }
    }
    return base::Status();
}

// Scores the collected rows by their finer form.
base::Status IvfIndex::Refine(Probe& probe, const ProbeQuery& query) const {
    ProbeScratch& scratch = probe.scratch.probe;
    TopK& top = probe.scratch.top;
    const std::span<const uint64_t> kept = top.Kept();
    std::vector<uint32_t>& positions = probe.scratch.ids;
    positions.resize(kept.size());
    const uint32_t* rows = lists_.rows().data();
    std::transform(kept.begin(), kept.end(), positions.begin(), [rows](uint64_t key) {
        __builtin_prefetch(rows + KeyRow(key));  // asked below, when their costs are known
        return KeyRow(key);
    });
    std::sort(positions.begin(), positions.end());
    finer_->Start(query, scratch.finer);
    top.Reset(std::min<size_t>(probe.params.k, size()));
    const float inf = std::numeric_limits<float>::infinity();
    for (size_t at = 0; at < positions.size(); at += Slice::kMax) {
        const size_t count = std::min(Slice::kMax, positions.size() - at);
        finer_->Costs({positions[at], static_cast<uint32_t>(count), positions.data() + at}, inf,
                      scratch.finer, scratch.costs);
        for (size_t i = 0; i < count; ++i) {
            const float cost = Bounded(metric(), scratch.costs.costs[i]);
            const uint32_t row = rows[positions[at + i]];
            if (row >= size()) {
                return BadRow();
            }
            if (probe.band.Contains(cost)) {
                top.Push(MakeKey(cost, row));
            }
        }
        RETURN_IF_ERROR(probe.Advance(count));
    }
    return base::Status();
}

base::Status IvfIndex::SearchRows(const Query& query, const SearchParams& params, size_t matches,
                                  SearchScratch& scratch, Neighbors* out) const {
    ProbeScratch& own = scratch.probe;
    own.picked.resize(Slice::kMax);
    ProbeQuery probe_query{query, nullptr, params};
    if (vector_type() != VectorType::kBinary) {
        own.floats.resize(dim());
        ReadFloats(vector_type(), query.data, dim(), own.floats.data());
        if (metric() == Metric::kCosine && vector_type() != VectorType::kFloat) {
            simd::Normalize(own.floats.data(), dim(), own.floats.data());
        }
        probe_query.floats = own.floats.data();
    }
    Probe probe{.params = params, .scratch = scratch, .band = CostBand::Of(metric(), params)};
    Plan(params, matches, probe);
    scratch.top.Reset(probe.keep);
    RankLists(probe_query, params.radius.has_value() ? kRangeLists : probe.lists_min, own);
    codes_->Start(probe_query, own.codes);
    base::Status status = Visit(probe);
    if (status.ok() && probe.positions) {
        status = Refine(probe, probe_query);
    }
    out->counters.strategy = Strategy::kListProbe;
    out->counters.distances = probe.distances;
    out->counters.hops = probe.lists;
    RETURN_IF_ERROR(status);
    AppendKeys(metric(), scratch.top.Sorted(), out);
    return base::Status();
}

}  // namespace elanus::vindex
