// How a search goes: see window_index.h. Scale: a sum of 16 bits counts 1 / scale_ of a score, so
// that the largest possible sum of the query fits. Every part is rounded up, so that
//   sum / scale_ + (what was left out, at most left_out_)  >=  the row's true score.
#include "vindex/window_search.h"

#include "vindex/exact_scan.h"
#include "vindex/param.h"
#include "vindex/sparse.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

namespace elanus::vindex {
namespace {

constexpr double kSumMax = simd::kWindowRowsMax - 1;
constexpr double kLeastSum = 1e-290;  // less than any product of floats
// Every list adds at least 1 to a sum: queries of more lists than this are scored row by row.
constexpr size_t kTermsMax = 8192;
// An exact search leaves out what is worth at most this share of the k-th best score. More makes it
// score more rows, less makes it add more entries.
constexpr double kExactShare = 0.15;
// An approximate one counts what it leaves out against its candidates' sums, and need not score the
// rows in between. Measured on a million rows: docs/benchmarks/sparse.md.
constexpr double kApproximateShare = 0.4;
// Cuts are made anew when the k-th best score has grown by this factor.
constexpr double kFloorGrowth = 1.02;

// Sums of bounds are compared with sums that were rounded in another order, and to float.
constexpr double kSlack = 1 - 1e-6;
// Scoring a row costs about as much as adding this many entries.
constexpr size_t kEntriesPerRow = 256;
// A window with fewer entries than rows / this is read through its entries instead of its sums.
constexpr size_t kSparseShare = 64;
constexpr size_t kInterruptRows = 2048;
constexpr size_t kRowsAhead = 4;
constexpr size_t kFetchBytes = 512;  // of a row
constexpr size_t kLine = 64;

base::Status Damaged() {
    return base::Corruption("sparse index: bad list");
}

class WindowSearch {
  public:
    WindowSearch(const WindowParts& parts, bool prunes, const SearchParams& params,
                 SearchScratch& scratch, Neighbors* out)
        : parts_(parts),
          prunes_(prunes),
          params_(params),
          scratch_(scratch),
          windows_(scratch.windows),
          kernels_(simd::SparseWindows()),
          band_(CostBand::Of(Metric::kIp, params)),
          out_(out) {
        windows_.Reserve(parts.dims.size());
        bound_share_ =
            std::min(1.0, NumberParam(params.params, "dim_max_score_ratio").value_or(1.0));
        floor_ = std::max(0.0, static_cast<double>(params.radius.value_or(0)));
    }
    ~WindowSearch() {
        for (const WindowTerm& term : windows_.terms) {
            windows_.bits[term.slot / 32] = 0;
        }
        if (sums_used_) {  // left in the middle of a window
            std::fill(windows_.sums.begin(), windows_.sums.end(), uint16_t{0});
        }
    }
    WindowSearch(const WindowSearch&) = delete;
    WindowSearch& operator=(const WindowSearch&) = delete;

    base::Status Run(std::string_view query, size_t matches);

  private:
    base::Status FindTerms(std::string_view query);
    base::Status FillTerm(WindowTerm& term);
    void SetScale();
    void SetSteps();
    void SetCuts(double floor);
    double Floor() const;

    base::Status Approximate(std::string_view query, double drop_ratio, size_t k, bool* done);
    base::Status GoThroughWindows();
    base::Status AddLists(uint32_t window, size_t* entries, size_t* added);
    base::Status TakeWindow(uint32_t window, size_t added);
    size_t PickHits(uint32_t window, size_t added, uint32_t low, uint32_t high);
    size_t ReadBack(uint32_t low, uint32_t high);
    base::Status TakeHits(uint32_t window, size_t count);
    base::Status ScoreMatches();

    uint32_t LowestSum() const;
    void FetchRow(uint64_t row) const;
    base::Status Score(uint32_t row, double* score);
    base::Status Offer(uint32_t row);
    void Raise();

    const WindowParts& parts_;
    const bool prunes_;
    const SearchParams& params_;
    SearchScratch& scratch_;
    WindowScratch& windows_;
    const simd::WindowKernels& kernels_;
    const CostBand band_;
    Neighbors* const out_;

    double share_ = kExactShare;  // of the floor that may be left out
    bool collecting_ = false;     // candidates by their sums, to be scored later
    double scale_ = 0;
    double bound_share_ = 1;
    double left_out_ = 0;
    double floor_ = 0;  // a hit's score is at least this
    double planned_floor_ = 0;
    uint32_t floor_sum_ = 0;  // of candidates
    bool full_ = false;       // k rows are known
    size_t k_ = 0;
    size_t pushes_ = 0;  // since the k-th best was last found
    bool sums_used_ = false;
};

// The place of a dimension among the rising ones. When all of 0, 1, 2 ... occur it is the number
// itself.
size_t SlotOf(std::span<const uint32_t> dims, uint32_t dim) {
    if (dim < dims.size() && dims[dim] == dim) {
        return dim;
    }
    const auto found = std::lower_bound(dims.begin(), dims.end(), dim);
    return found != dims.end() && *found == dim ? static_cast<size_t>(found - dims.begin())
                                                : dims.size();
}

// The lists of the query's dimensions that have any, slots rising.
base::Status WindowSearch::FindTerms(std::string_view query) {
    windows_.terms.clear();
    for (size_t i = 0; i < SparseEntries(query); ++i) {
        const SparseEntry entry = SparseAt(query, i);
        const size_t slot = SlotOf(parts_.dims, entry.index);
        if (slot == parts_.dims.size() || !(entry.value > 0)) {
            continue;
        }
        __builtin_prefetch(&parts_.heads[slot]);
        WindowTerm& term = windows_.terms.emplace_back();
        term.slot = static_cast<uint32_t>(slot);
        term.weight = static_cast<double>(entry.value);
        windows_.bits[slot / 32] |= uint32_t{1} << (slot % 32);
    }
    for (WindowTerm& term : windows_.terms) {
        RETURN_IF_ERROR(FillTerm(term));
    }
    return base::Status();
}

base::Status WindowSearch::FillTerm(WindowTerm& term) {
    const ListHead& head = parts_.heads[term.slot];
    term.head = &head;
    const size_t bytes = size_t{head.entries} * simd::kWindowEntryBytes;
    if (head.first_segment > parts_.segments.size() ||
        head.segments > parts_.segments.size() - head.first_segment ||
        head.first_byte > parts_.entries.size() ||
        bytes > parts_.entries.size() - head.first_byte || !std::isfinite(head.unit) ||
        (head.unit <= 0 && head.entries > 0)) {
        return Damaged();
    }
    term.segment = parts_.segments.data() + head.first_segment;
    term.segments_end = term.segment + head.segments;
    term.at = parts_.entries.data() + head.first_byte;
    term.end = term.at + bytes;
    term.part = term.weight * static_cast<double>(head.unit);
    __builtin_prefetch(term.segment);
    for (size_t i = 0; i < 3; ++i) {
        __builtin_prefetch(term.at + i * kLine);
    }
    return base::Status();
}

void WindowSearch::SetScale() {
    double most = 0;
    for (const WindowTerm& term : windows_.terms) {
        most += term.part * 256;
    }
    const double rounded_up = 2.0 * static_cast<double>(windows_.terms.size());
    scale_ = (kSumMax - rounded_up) / std::max(most, kLeastSum);
    for (WindowTerm& term : windows_.terms) {
        term.factor = static_cast<uint32_t>(std::ceil(term.part * scale_ * 256));
    }
}

// What may be left out, best first. Along a list's steps rates fall, so a prefix of the order is a
// cut of each list.
void WindowSearch::SetSteps() {
    windows_.steps.clear();
    for (size_t i = 0; i < windows_.terms.size(); ++i) {
        const WindowTerm& term = windows_.terms[i];
        uint32_t level = 0;
        uint32_t share = 0;
        for (size_t j = 0; j < kListSteps && term.head->levels[j] > level; ++j) {
            CutStep& step = windows_.steps.emplace_back();
            const uint32_t saved = std::max<uint32_t>(term.head->shares[j], share) - share;
            step.term = static_cast<uint32_t>(i);
            step.level = term.head->levels[j];
            step.price = static_cast<float>(term.part * (step.level - level));
            step.rate = static_cast<float>(saved) * static_cast<float>(term.head->entries) /
                        std::max(step.price, std::numeric_limits<float>::min());
            level = step.level;
            share += saved;
        }
    }
    std::sort(windows_.steps.begin(), windows_.steps.end(), [](const CutStep& a, const CutStep& b) {
        return a.rate != b.rate ? a.rate > b.rate : a.level < b.level;
    });
}

// The score of the k-th best row so far; of candidates, by their sums.
double WindowSearch::Floor() const {
    return collecting_ ? (full_ ? floor_sum_ / scale_ : 0) : floor_;
}

// Takes steps while the floor allows it. A list whose step is too dear is cut no further.
void WindowSearch::SetCuts(double floor) {
    const double budget = share_ * floor / bound_share_;
    planned_floor_ = floor;
    left_out_ = 0;
    for (WindowTerm& term : windows_.terms) {
        term.cut = term.least_cut;
        term.is_open = term.kept;
    }
    for (const CutStep& step : windows_.steps) {
        WindowTerm& term = windows_.terms[step.term];
        const double price = term.part * (step.level - term.cut);
        if (!term.is_open || step.level <= term.cut || left_out_ + price > budget) {
            term.is_open = term.is_open && step.level <= term.cut;
            continue;
        }
        left_out_ += price;
        term.cut = step.level;
    }
}

// Adds the window's segments of the lists and moves on to the next ones.
base::Status WindowSearch::AddLists(uint32_t window, size_t* entries, size_t* added) {
    *entries = 0;
    *added = 0;
    for (WindowTerm& term : windows_.terms) {
        term.window_size = 0;
        term.window_added = 0;
        if (!term.kept || term.segment == term.segments_end || term.segment->window != window) {
            continue;
        }
        const size_t n = term.segment->entries;
        const size_t bytes = n * simd::kWindowEntryBytes;
        if (bytes > static_cast<size_t>(term.end - term.at) ||
            (term.segment + 1 != term.segments_end && term.segment[1].window <= window)) {
            return Damaged();
        }
        term.window_entries = term.at;
        term.window_size = static_cast<uint32_t>(n);
        term.window_added = static_cast<uint32_t>(
            kernels_.add(term.at, n, term.cut, term.factor, windows_.sums.data()));
        *entries += n;
        *added += term.window_added;
        term.at += bytes;
        ++term.segment;
        for (size_t i = 0; i < 3; ++i) {
            __builtin_prefetch(term.at + i * kLine, 0, 2);
        }
    }
    return base::Status();
}

uint32_t WindowSearch::LowestSum() const {
    if (collecting_) {
        return full_ ? floor_sum_ + 1 : 1;
    }
    const double least = (floor_ - left_out_ * bound_share_) * kSlack * scale_;
    return least <= 1 ? 1 : static_cast<uint32_t>(std::min(least, kSumMax + 1));
}

// The rows of a window with few entries, found through these; their sums are 0 afterwards.
size_t WindowSearch::ReadBack(uint32_t low, uint32_t high) {
    size_t count = 0;
    for (const WindowTerm& term : windows_.terms) {
        for (size_t first = 0; first < term.window_added; first += simd::kWindowBlock) {
            const size_t n = std::min<size_t>(simd::kWindowBlock, term.window_size - first);
            const uint8_t* rows = term.window_entries + first * simd::kWindowEntryBytes;
            for (size_t i = 0; i < n; ++i) {
                uint16_t row;
                std::memcpy(&row, rows + i * sizeof row, sizeof row);
                const uint32_t sum = windows_.sums[row];
                windows_.sums[row] = 0;
                if (sum >= low && sum < high) {
                    windows_.hits[count++] = sum << 16 | row;
                }
            }
        }
    }
    return count;
}

size_t WindowSearch::PickHits(uint32_t window, size_t added, uint32_t low, uint32_t high) {
    const uint32_t rows = parts_.shape.RowsOf(window);
    if (added < rows / kSparseShare) {
        return ReadBack(low, high);
    }
    const size_t group = simd::kWindowGroup;
    const size_t n = std::min((rows + group - 1) / group * group, simd::kWindowRowsMax);
    return kernels_.sweep(windows_.sums.data(), n, low, high, windows_.hits.data());
}

// Takes the window's hits. As long as k rows are not known, the best sums are taken first, step by
// step: the rows that they name raise the floor for the others.
base::Status WindowSearch::TakeWindow(uint32_t window, size_t added) {
    uint32_t high = simd::kWindowRowsMax;
    const uint32_t rows = parts_.shape.RowsOf(window);
    if (!full_ && added >= rows / kSparseShare) {
        const size_t group = simd::kWindowGroup;
        const size_t n = std::min((rows + group - 1) / group * group, simd::kWindowRowsMax);
        for (uint32_t low = kernels_.largest(windows_.sums.data(), n); low > 1 && !full_;) {
            low = std::max(low / 2, LowestSum());
            if (low >= high) {
                break;
            }
            const size_t count =
                kernels_.collect(windows_.sums.data(), n, low, high, windows_.hits.data());
            RETURN_IF_ERROR(TakeHits(window, count));
            high = low;
        }
    }
    return TakeHits(window, PickHits(window, added, LowestSum(), high));
}

base::Status WindowSearch::TakeHits(uint32_t window, size_t count) {
    const auto hits = std::span(windows_.hits).first(count);
    std::sort(hits.begin(), hits.end(), std::greater<>());
    const uint64_t first = uint64_t{window} * parts_.shape.window_rows;
    const uint32_t rows = parts_.shape.RowsOf(window);
    for (size_t i = 0; i < count; ++i) {
        const uint32_t sum = hits[i] >> 16;
        const uint32_t local = hits[i] & 0xffff;
        if (sum < LowestSum()) {
            break;
        }
        if (local >= rows) {
            return Damaged();
        }
        const auto row = static_cast<uint32_t>(first + local);
        if (!params_.filter.Test(row)) {
            continue;
        }
        if (collecting_) {
            scratch_.top.Push(MakeKey(0.0f - static_cast<float>(sum), row));
            Raise();
            continue;
        }
        for (size_t ahead = i == 0 ? 1 : kRowsAhead; ahead <= kRowsAhead; ++ahead) {
            if (i + ahead < count && (hits[i + ahead] & 0xffff) < rows) {
                FetchRow(first + (hits[i + ahead] & 0xffff));
            }
        }
        RETURN_IF_ERROR(Offer(row));
    }
    return base::Status();
}

base::Status WindowSearch::GoThroughWindows() {
    const uint32_t windows = parts_.shape.windows();
    for (uint32_t window = 0; window < windows; ++window) {
        if (params_.interrupt) {
            RETURN_IF_ERROR(params_.interrupt());
        }
        if (prunes_ && Floor() > planned_floor_ * kFloorGrowth) {
            SetCuts(Floor());
        }
        sums_used_ = true;
        size_t entries = 0;
        size_t added = 0;
        RETURN_IF_ERROR(AddLists(window, &entries, &added));
        out_->counters.distances += added;
        out_->counters.hops += entries > 0 ? 1 : 0;
        RETURN_IF_ERROR(TakeWindow(window, added));
        sums_used_ = false;
    }
    // Only entries whose row is not in their window are left.
    sums_used_ = kernels_.largest(windows_.sums.data(), simd::kWindowRowsMax) > 0;
    return sums_used_ ? Damaged() : base::Status();
}

void WindowSearch::FetchRow(uint64_t row) const {
    const uint64_t at = parts_.rows.starts[row];
    for (size_t line = 0; line < kFetchBytes && at + line < parts_.rows.bytes.size();
         line += kLine) {
        __builtin_prefetch(parts_.rows.bytes.data() + at + line);
    }
}

// The products of the row's entries and the query's, in the order of dimensions: what
// vindex::SparseProduct gives.
base::Status WindowSearch::Score(uint32_t row, double* score) {
    ForwardRows::Row found;
    if (!parts_.rows.Find(row, &found) || found.entries > parts_.dims.size()) {
        return Damaged();
    }
    if (windows_.places.size() < found.entries + 16) {
        windows_.places.resize(found.entries + 16);
    }
    const auto find = parts_.rows.slot_bytes == 2 ? kernels_.find16 : kernels_.find32;
    const size_t count = find(found.slots, found.entries, static_cast<uint32_t>(parts_.dims.size()),
                              windows_.bits.data(), windows_.places.data());
    *score = 0;
    auto term = windows_.terms.begin();
    for (size_t i = 0; i < count; ++i) {
        const uint32_t slot = parts_.rows.SlotAt(found, windows_.places[i]);
        while (term != windows_.terms.end() && term->slot < slot) {
            ++term;
        }
        if (term != windows_.terms.end() && term->slot == slot) {
            *score +=
                term->weight * static_cast<double>(parts_.rows.ValueAt(found, windows_.places[i]));
        }
    }
    ++out_->counters.distances;
    return base::Status();
}

base::Status WindowSearch::Offer(uint32_t row) {
    double score = 0;
    RETURN_IF_ERROR(Score(row, &score));
    const float cost = 0.0f - static_cast<float>(score);
    if (cost < 0 && band_.Contains(cost)) {
        scratch_.top.Push(MakeKey(cost, row));
        Raise();
    }
    return base::Status();
}

// Finds the k-th best anew, now and then.
void WindowSearch::Raise() {
    if (++pushes_ < std::max<size_t>(1, k_ / 8)) {
        return;
    }
    pushes_ = 0;
    const uint64_t limit = scratch_.top.Tighten();
    full_ = limit != std::numeric_limits<uint64_t>::max();
    if (full_ && collecting_) {
        floor_sum_ = static_cast<uint32_t>(0.0f - KeyCost(limit));
    } else if (full_) {
        floor_ = std::max(floor_, static_cast<double>(0.0f - KeyCost(limit)));
    }
}

base::Status WindowSearch::ScoreMatches() {
    for (uint32_t row = 0, scored = 0; row < parts_.shape.rows; ++row) {
        if (params_.filter.present()) {  // on to the next set bit
            const uint64_t word = params_.filter.words()[row / 64] >> (row % 64);
            if (word == 0) {
                row |= 63;
                continue;
            }
            row += static_cast<uint32_t>(std::countr_zero(word));
        }
        RETURN_IF_ERROR(Offer(row));
        if (++scored % kInterruptRows == 1 && params_.interrupt) {
            RETURN_IF_ERROR(params_.interrupt());
        }
    }
    return base::Status();
}

// Leaves out the query's smallest values, a share `drop_ratio` of them but none that equals a kept
// one; of the lists of the others, beyond the first block of each segment, what gives no more to a
// score than the first step of any list that was left out; and, once there are k * refine_factor
// candidates, what is worth kApproximateShare of the last of them. These candidates, the rows with
// the largest sums, are then scored with the whole query. *done is false when they are too few.
base::Status WindowSearch::Approximate(std::string_view query, double drop_ratio, size_t k,
                                       bool* done) {
    *done = false;
    std::vector<float>& values = windows_.values;
    values.clear();
    for (size_t i = 0; i < SparseEntries(query); ++i) {
        values.push_back(SparseAt(query, i).value);
    }
    const auto dropped = static_cast<size_t>(drop_ratio * static_cast<double>(values.size()));
    if (dropped == 0) {
        return base::Status();
    }
    const auto threshold = values.begin() + static_cast<ptrdiff_t>(dropped);
    std::nth_element(values.begin(), threshold, values.end());
    double most = 0;  // that a list that is left out can give
    for (WindowTerm& term : windows_.terms) {
        term.kept = term.weight >= static_cast<double>(*threshold);
        most = std::max(most, term.kept ? 0 : term.part * term.head->levels[0]);
    }
    for (WindowTerm& term : windows_.terms) {
        term.least_cut =
            static_cast<uint8_t>(std::min(most / std::max(term.part, kLeastSum), 254.0));
        term.cut = term.least_cut;
    }
    share_ = kApproximateShare;
    const auto factor = static_cast<size_t>(IntParam(params_.params, "refine_factor").value_or(1));
    collecting_ = true;
    k_ = std::min<size_t>(k * factor, parts_.shape.rows);
    scratch_.top.Reset(k_);
    RETURN_IF_ERROR(GoThroughWindows());
    collecting_ = false;
    const std::span<const uint64_t> candidates = scratch_.top.Sorted();
    scratch_.pool.assign(candidates.begin(), candidates.end());
    if (scratch_.pool.size() < k) {
        return base::Status();
    }
    *done = true;
    k_ = k;
    scratch_.top.Reset(k);
    for (size_t i = 0; i < scratch_.pool.size(); ++i) {
        if (i + kRowsAhead < scratch_.pool.size()) {
            FetchRow(KeyRow(scratch_.pool[i + kRowsAhead]));
        }
        RETURN_IF_ERROR(Offer(KeyRow(scratch_.pool[i])));
    }
    return base::Status();
}

base::Status WindowSearch::Run(std::string_view query, size_t matches) {
    RETURN_IF_ERROR(FindTerms(query));
    if (windows_.terms.empty()) {
        return base::Status();
    }
    const size_t k = std::min<size_t>(params_.k, parts_.shape.rows);
    size_t entries = 0;
    for (const WindowTerm& term : windows_.terms) {
        entries += term.head->entries;
    }
    const bool few = (params_.filter.present() && matches * kEntriesPerRow < entries) ||
                     windows_.terms.size() > kTermsMax;
    out_->counters.strategy = few ? Strategy::kExactScan : Strategy::kPostings;
    k_ = k;
    scratch_.top.Reset(k);
    if (few) {
        RETURN_IF_ERROR(ScoreMatches());
        AppendKeys(Metric::kIp, scratch_.top.Sorted(), out_);
        return base::Status();
    }
    SetScale();
    if (prunes_) {
        SetSteps();
    }
    const double drop_ratio = NumberParam(params_.params, "drop_ratio_search").value_or(0);
    bool done = false;
    if (drop_ratio > 0 && !params_.radius.has_value()) {
        RETURN_IF_ERROR(Approximate(query, drop_ratio, k, &done));
    }
    if (!done) {
        k_ = k;
        full_ = false;
        pushes_ = 0;
        scratch_.top.Reset(k);
        for (WindowTerm& term : windows_.terms) {
            term.kept = true;
            term.least_cut = 0;
            term.cut = 0;
            RETURN_IF_ERROR(FillTerm(term));
        }
        planned_floor_ = 0;
        left_out_ = 0;
        share_ = kExactShare;
        RETURN_IF_ERROR(GoThroughWindows());
    }
    AppendKeys(Metric::kIp, scratch_.top.Sorted(), out_);
    return base::Status();
}

}  // namespace

base::Status SearchWindows(const WindowParts& parts, bool prunes, const Query& query,
                           const SearchParams& params, size_t matches, SearchScratch& scratch,
                           Neighbors* out) {
    const std::string_view vector(static_cast<const char*>(query.data), query.bytes);
    return WindowSearch(parts, prunes, params, scratch, out).Run(vector, matches);
}

}  // namespace elanus::vindex
