#include "vindex/sparse_index.h"

#include "vindex/bm25.h"
#include "vindex/exact_scan.h"
#include "vindex/param.h"
#include "vindex/scratch.h"
#include "vindex/sparse.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_map>

namespace elanus::vindex {
namespace {

constexpr uint32_t kSparseVersion = 1;
constexpr codec::SectionId kMetaSection{1, 0};
constexpr codec::SectionId kDimsSection{2, 0};
constexpr codec::SectionId kStartsSection{3, 0};
constexpr codec::SectionId kMaximaSection{4, 0};
constexpr codec::SectionId kRowsSection{5, 0};
constexpr codec::SectionId kValuesSection{6, 0};
constexpr codec::SectionId kLengthsSection{7, 0};
constexpr codec::SectionId kShortestSection{8, 0};

struct SparseMeta {
    uint32_t vector_type;
    uint32_t metric;
    uint32_t rows;
    uint32_t name;
    uint64_t dims;
    uint64_t entries;
};
static_assert(sizeof(SparseMeta) == 32);

constexpr std::string_view kNames[] = {"SPARSE_INVERTED_INDEX", "SPARSE_WAND", "AUTOINDEX"};

constexpr uint32_t kNoRow = std::numeric_limits<uint32_t>::max();
constexpr size_t kInterruptRows = 8192;
// Sums of bounds are compared with sums that were rounded in another order, and to float.
constexpr double kSlack = 1 + 1e-6;

base::Status Damaged() {
    return base::Corruption("sparse index: bad list");
}

// The cost a row of this score would have at best, as a key that sorts before all of such rows.
uint64_t BestKey(double score) {
    return MakeKey(0.0f - static_cast<float>(score * kSlack), 0);
}

}  // namespace

std::string_view SparseIndex::index_type() const {
    return kNames[name_];
}

uint64_t SparseIndex::memory_bytes() const {
    return dims_.size() + starts_.size() + maxima_.size() + rows_.size() + values_.size() +
           lengths_.size() + shortest_.size();
}

base::Result<std::unique_ptr<Index>> SparseIndex::Build(const BuildParams& params,
                                                        const BuildInput& input) {
    const auto* bytes = static_cast<const char*>(input.vectors);
    const auto row_at = [&](uint64_t row) {
        return std::string_view(bytes + input.offsets[row],
                                input.offsets[row + 1] - input.offsets[row]);
    };
    std::unordered_map<uint32_t, uint64_t> counts;  // entries of each dimension
    for (uint64_t row = 0; row < input.rows; ++row) {
        const std::string_view vector = row_at(row);
        RETURN_IF_ERROR(CheckSparseVector(vector));
        if (row % kInterruptRows == 0 && input.interrupt) {
            RETURN_IF_ERROR(input.interrupt());
        }
        for (size_t i = 0; i < SparseEntries(vector); ++i) {
            const SparseEntry entry = SparseAt(vector, i);
            if (entry.value > 0) {
                ++counts[entry.index];
            }
        }
    }
    std::vector<uint32_t> dims;
    dims.reserve(counts.size());
    for (const auto& [dim, count] : counts) {
        dims.push_back(dim);
    }
    std::sort(dims.begin(), dims.end());
    std::vector<uint64_t> starts(1, 0);
    std::unordered_map<uint32_t, uint32_t> slots;
    for (const uint32_t dim : dims) {
        slots[dim] = static_cast<uint32_t>(starts.size() - 1);
        starts.push_back(starts.back() + counts[dim]);
    }
    std::vector<uint64_t> next(starts.begin(), starts.end() - 1);
    std::vector<float> maxima(dims.size(), 0);
    std::vector<uint32_t> rows(starts.back());
    std::vector<float> values(starts.back());
    std::vector<float> lengths(input.rows);
    std::vector<float> shortest(dims.size(), std::numeric_limits<float>::max());
    for (uint64_t row = 0; row < input.rows; ++row) {
        const std::string_view vector = row_at(row);
        if (row % kInterruptRows == 0 && input.interrupt) {
            RETURN_IF_ERROR(input.interrupt());
        }
        lengths[row] = static_cast<float>(DocumentLength(vector));
        for (size_t i = 0; i < SparseEntries(vector); ++i) {
            const SparseEntry entry = SparseAt(vector, i);
            if (entry.value > 0) {
                const uint32_t slot = slots[entry.index];
                rows[next[slot]] = static_cast<uint32_t>(row);
                values[next[slot]++] = entry.value;
                maxima[slot] = std::max(maxima[slot], entry.value);
                shortest[slot] = std::min(shortest[slot], lengths[row]);
            }
        }
    }
    std::unique_ptr<SparseIndex> index(
        new SparseIndex(params.metric, static_cast<uint32_t>(input.rows)));
    const auto* name = std::find(std::begin(kNames), std::end(kNames), params.index_type);
    index->name_ = static_cast<uint32_t>(name - std::begin(kNames));
    index->dims_ = base::Buffer::FromVector(std::move(dims));
    index->starts_ = base::Buffer::FromVector(std::move(starts));
    index->maxima_ = base::Buffer::FromVector(std::move(maxima));
    index->rows_ = base::Buffer::FromVector(std::move(rows));
    index->values_ = base::Buffer::FromVector(std::move(values));
    index->lengths_ = base::Buffer::FromVector(std::move(lengths));
    index->shortest_ = base::Buffer::FromVector(std::move(shortest));
    return std::unique_ptr<Index>(std::move(index));
}

base::Status SparseIndex::Save(codec::Sink& sink) const {
    const SparseMeta meta{static_cast<uint32_t>(vector_type()),
                          static_cast<uint32_t>(metric()),
                          size(),
                          name_,
                          dims(),
                          rows_.size() / sizeof(uint32_t)};
    codec::EnvelopeWriter writer(sink, kSparseFormat, kSparseVersion);
    writer.AddArray<SparseMeta>(kMetaSection, {&meta, 1});
    writer.AddSection(kDimsSection, dims_.view());
    writer.AddSection(kStartsSection, starts_.view());
    writer.AddSection(kMaximaSection, maxima_.view());
    writer.AddSection(kRowsSection, rows_.view());
    writer.AddSection(kValuesSection, values_.view());
    if (metric() == Metric::kBm25) {
        writer.AddSection(kLengthsSection, lengths_.view());
        writer.AddSection(kShortestSection, shortest_.view());
    }
    return writer.Finish();
}

base::Result<std::unique_ptr<Index>> SparseIndex::Open(base::Buffer file) {
    ASSIGN_OR_RETURN(auto reader,
                     codec::EnvelopeReader::Open(std::move(file), kSparseFormat, kSparseVersion));
    ASSIGN_OR_RETURN(const base::Buffer bytes, reader.Array<SparseMeta>(kMetaSection, 1));
    SparseMeta meta;
    std::memcpy(&meta, bytes.data(), sizeof meta);
    if (meta.vector_type != static_cast<uint32_t>(VectorType::kSparseFloat) ||
        (meta.metric != static_cast<uint32_t>(Metric::kIp) &&
         meta.metric != static_cast<uint32_t>(Metric::kBm25)) ||
        meta.rows > kRowsMax || meta.name >= std::size(kNames) || meta.dims > kNoRow) {
        return base::Corruption("sparse index: bad description of its lists");
    }
    const auto metric = static_cast<Metric>(meta.metric);
    std::unique_ptr<SparseIndex> index(new SparseIndex(metric, meta.rows));
    index->name_ = meta.name;
    ASSIGN_OR_RETURN(index->dims_, reader.Array<uint32_t>(kDimsSection, meta.dims));
    ASSIGN_OR_RETURN(index->starts_, reader.Array<uint64_t>(kStartsSection, meta.dims + 1));
    ASSIGN_OR_RETURN(index->maxima_, reader.Array<float>(kMaximaSection, meta.dims));
    ASSIGN_OR_RETURN(index->rows_, reader.Array<uint32_t>(kRowsSection, meta.entries));
    ASSIGN_OR_RETURN(index->values_, reader.Array<float>(kValuesSection, meta.entries));
    if (metric == Metric::kBm25) {
        ASSIGN_OR_RETURN(index->lengths_, reader.Array<float>(kLengthsSection, meta.rows));
        ASSIGN_OR_RETURN(index->shortest_, reader.Array<float>(kShortestSection, meta.dims));
    }
    index->file_ = std::move(reader);
    return std::unique_ptr<Index>(std::move(index));
}

base::Status SparseIndex::VerifyList(size_t slot) const {
    const auto starts = starts_.As<uint64_t>();
    const auto rows = rows_.As<uint32_t>();
    const auto values = values_.As<float>();
    if (starts[slot] >= starts[slot + 1] || starts[slot + 1] > rows.size()) {
        return Damaged();
    }
    float most = 0;
    for (uint64_t i = starts[slot]; i < starts[slot + 1]; ++i) {
        const bool rises = i == starts[slot] || rows[i] > rows[i - 1];
        if (!rises || rows[i] >= size() || !(values[i] > 0) || !std::isfinite(values[i])) {
            return Damaged();
        }
        most = std::max(most, values[i]);
    }
    return most == maxima_.As<float>()[slot] ? base::Status() : Damaged();
}

// Of BM25: each row's length is the sum of its values, and each list knows its shortest row.
base::Status SparseIndex::VerifyLengths() const {
    const auto starts = starts_.As<uint64_t>();
    const auto rows = rows_.As<uint32_t>();
    const auto values = values_.As<float>();
    const auto lengths = lengths_.As<float>();
    std::vector<double> sums(size(), 0);
    for (size_t slot = 0; slot < dims(); ++slot) {
        float shortest = std::numeric_limits<float>::max();
        for (uint64_t i = starts[slot]; i < starts[slot + 1]; ++i) {
            sums[rows[i]] += static_cast<double>(values[i]);
            shortest = std::min(shortest, lengths[rows[i]]);
        }
        if (shortest != shortest_.As<float>()[slot]) {
            return Damaged();
        }
    }
    for (size_t row = 0; row < size(); ++row) {
        if (static_cast<float>(sums[row]) != lengths[row]) {
            return Damaged();
        }
    }
    return base::Status();
}

base::Status SparseIndex::Verify() const {
    if (file_.has_value()) {
        RETURN_IF_ERROR(file_->VerifyAll());
    }
    const auto all = dims_.As<uint32_t>();
    const auto starts = starts_.As<uint64_t>();
    if (starts.front() != 0 || starts.back() != rows_.size() / sizeof(uint32_t)) {
        return Damaged();
    }
    for (size_t slot = 0; slot < all.size(); ++slot) {
        if (slot > 0 && all[slot] <= all[slot - 1]) {
            return Damaged();
        }
        RETURN_IF_ERROR(VerifyList(slot));
    }
    return metric() == Metric::kBm25 ? VerifyLengths() : base::Status();
}

base::Status SparseIndex::FindList(uint32_t dim, size_t* slot, uint64_t* begin,
                                   uint64_t* end) const {
    const auto all = dims_.As<uint32_t>();
    const auto starts = starts_.As<uint64_t>();
    const auto found = std::lower_bound(all.begin(), all.end(), dim);
    *begin = 0;
    *end = 0;
    if (found == all.end() || *found != dim) {
        return base::Status();
    }
    *slot = static_cast<size_t>(found - all.begin());
    *begin = starts[*slot];
    *end = starts[*slot + 1];
    return *begin > *end || *end > rows_.size() / sizeof(uint32_t) ? Damaged() : base::Status();
}

base::Status SparseIndex::AddTermStatistics(std::span<const uint32_t> terms,
                                            TermStatistics* out) const {
    if (metric() != Metric::kBm25) {
        return Index::AddTermStatistics(terms, out);
    }
    TermStatistics own;
    for (const float length : lengths_.As<float>()) {
        own.documents += length > 0 ? 1 : 0;
        own.total_length += static_cast<double>(length);
    }
    for (const uint32_t term : terms) {
        size_t slot = 0;
        uint64_t begin = 0;
        uint64_t end = 0;
        RETURN_IF_ERROR(FindList(term, &slot, &begin, &end));
        own.holders.push_back(end - begin);
    }
    out->Add(own);
    return base::Status();
}

// What an entry gives to a row's score: a product, or BM25's gain at the row's length.
class SparseScorer {
  public:
    SparseScorer(const ParamMap& params, std::span<const float> lengths)
        : bm25_(Bm25::Of(params)), lengths_(lengths) {}

    double Contribution(const SparseTerm& term, const uint32_t* entry) const {
        const auto value = static_cast<double>(term.values[entry - term.first]);
        if (lengths_.empty()) {
            return term.weight * value;
        }
        // A row number out of a damaged file; the caller finds that out.
        const double length = *entry < lengths_.size() ? lengths_[*entry] : 0;
        return term.weight * bm25_.Gain(value, length);
    }
    // The most that a list can give whose values are at most `value` and rows at least `length`.
    double Bound(double weight, double value, double length) const {
        return weight * (lengths_.empty() ? value : bm25_.Gain(value, length));
    }

  private:
    const Bm25 bm25_;
    const std::span<const float> lengths_;  // empty: products
};

// The lists of the query's dimensions that have any.
base::Status SparseIndex::FindTerms(const Query& query, const SparseScorer& scorer,
                                    std::vector<SparseTerm>* terms) const {
    const std::string_view vector(static_cast<const char*>(query.data), query.bytes);
    const auto shortest = shortest_.As<float>();
    terms->clear();
    for (size_t i = 0; i < SparseEntries(vector); ++i) {
        const SparseEntry entry = SparseAt(vector, i);
        size_t slot = 0;
        uint64_t begin = 0;
        uint64_t end = 0;
        RETURN_IF_ERROR(FindList(entry.index, &slot, &begin, &end));
        if (begin == end || !(entry.value > 0)) {
            continue;
        }
        SparseTerm& term = terms->emplace_back();
        term.weight = entry.value;
        term.bound = scorer.Bound(term.weight, maxima_.As<float>()[slot],
                                  shortest.empty() ? 0 : shortest[slot]);
        term.first = rows_.As<uint32_t>().data() + begin;
        term.at = term.first;
        term.end = rows_.As<uint32_t>().data() + end;
        term.values = values_.As<float>().data() + begin;
    }
    return base::Status();
}

namespace {

uint32_t RowAt(const SparseTerm& term) {
    return term.at == term.end ? kNoRow : *term.at;
}

// Moves to the first entry at or behind `row`, in steps that double.
void Advance(SparseTerm& term, uint32_t row) {
    ptrdiff_t step = 1;
    while (term.end - term.at > step && term.at[step] < row) {
        term.at += step;
        step *= 2;
    }
    term.at = std::lower_bound(term.at, term.at + std::min(step + 1, term.end - term.at), row);
}

// The score of one row, whatever the places in the lists.
double ScoreOf(std::span<const SparseTerm> terms, const SparseScorer& scorer, uint32_t row) {
    double score = 0;
    for (const SparseTerm& term : terms) {
        const uint32_t* found = std::lower_bound(term.first, term.end, row);
        if (found != term.end && *found == row) {
            score += scorer.Contribution(term, found);
        }
    }
    return score;
}

void Offer(double score, uint32_t row, const CostBand& band, TopK& top) {
    const float cost = 0.0f - static_cast<float>(score);
    if (cost < 0 && band.Contains(cost)) {
        top.Push(MakeKey(cost, row));
    }
}

}  // namespace

base::Status SparseIndex::WalkLists(std::span<SparseTerm> terms, const SparseScorer& scorer,
                                    const SearchParams& params, SearchScratch& scratch,
                                    Neighbors* out) const {
    const CostBand band = CostBand::Of(metric(), params);
    TopK& top = scratch.top;
    std::sort(terms.begin(), terms.end(),
              [](const SparseTerm& a, const SparseTerm& b) { return a.bound < b.bound; });
    double sum = 0;  // of the bounds up to here
    for (SparseTerm& term : terms) {
        sum += term.bound;
        term.bound_so_far = sum;
        term.at = term.first;
    }
    size_t first = 0;  // the lists before it name no rows
    for (size_t steps = 0;; ++steps) {
        if (steps % kInterruptRows == 0 && params.interrupt) {
            RETURN_IF_ERROR(params.interrupt());
        }
        while (first < terms.size() && BestKey(terms[first].bound_so_far) >= top.limit()) {
            ++first;
        }
        uint32_t row = kNoRow;
        for (size_t i = first; i < terms.size(); ++i) {
            row = std::min(row, RowAt(terms[i]));
        }
        if (row == kNoRow) {
            return base::Status();
        }
        if (row >= size()) {
            return Damaged();
        }
        double score = 0;
        for (size_t i = first; i < terms.size(); ++i) {
            if (RowAt(terms[i]) == row) {
                score += scorer.Contribution(terms[i], terms[i].at);
                ++terms[i].at;
                ++out->counters.distances;
            }
        }
        bool hopeless = !params.filter.Test(row);
        for (size_t i = first; i-- > 0 && !hopeless;) {
            hopeless = BestKey(score + terms[i].bound_so_far) >= top.limit();
            if (!hopeless) {
                Advance(terms[i], row);
                if (RowAt(terms[i]) == row) {
                    score += scorer.Contribution(terms[i], terms[i].at);
                }
            }
        }
        if (!hopeless) {
            Offer(score, row, band, top);
        }
    }
}

base::Status SparseIndex::ScoreMatches(std::span<SparseTerm> terms, const SparseScorer& scorer,
                                       const SearchParams& params, SearchScratch& scratch,
                                       Neighbors* out) const {
    const CostBand band = CostBand::Of(metric(), params);
    size_t rows = 0;
    for (size_t w = 0; w < (size_t{size()} + 63) / 64; ++w) {
        for (uint64_t word = params.filter.words()[w]; word != 0; word &= word - 1) {
            const auto row =
                static_cast<uint32_t>(w * 64) + static_cast<uint32_t>(std::countr_zero(word));
            Offer(ScoreOf(terms, scorer, row), row, band, scratch.top);
            if (++rows % kInterruptRows == 0 && params.interrupt) {
                RETURN_IF_ERROR(params.interrupt());
            }
        }
    }
    out->counters.distances += rows;
    return base::Status();
}

// Leaves the best of all rows that pass in scratch.top, which the caller has reset.
base::Status SparseIndex::Collect(std::span<SparseTerm> terms, const SparseScorer& scorer,
                                  const SearchParams& params, size_t matches,
                                  SearchScratch& scratch, Neighbors* out) const {
    size_t entries = 0;
    for (const SparseTerm& term : terms) {
        entries += static_cast<size_t>(term.end - term.first);
    }
    // A look-up by binary search costs about as much as sixteen steps through the lists.
    const bool few = params.filter.present() && matches * terms.size() * 16 < entries;
    out->counters.strategy = few ? Strategy::kExactScan : Strategy::kPostings;
    return few ? ScoreMatches(terms, scorer, params, scratch, out)
               : WalkLists(terms, scorer, params, scratch, out);
}

namespace {

// Moves the terms of the query's smallest values to the end; returns how many remain. As many
// values are dropped as the ratio says, but none that equals a kept one.
size_t KeptTerms(const Query& query, double drop_ratio, std::vector<SparseTerm>* terms) {
    const std::string_view vector(static_cast<const char*>(query.data), query.bytes);
    std::vector<float> values;
    for (size_t i = 0; i < SparseEntries(vector); ++i) {
        values.push_back(SparseAt(vector, i).value);
    }
    const auto dropped = static_cast<size_t>(drop_ratio * static_cast<double>(values.size()));
    if (dropped == 0 || dropped >= values.size()) {
        return terms->size();
    }
    const auto threshold = values.begin() + static_cast<ptrdiff_t>(dropped);
    std::nth_element(values.begin(), threshold, values.end());
    const auto kept = std::stable_partition(
        terms->begin(), terms->end(),
        [&](const SparseTerm& term) { return term.weight >= static_cast<double>(*threshold); });
    return static_cast<size_t>(kept - terms->begin());
}

}  // namespace

base::Status SparseIndex::SearchRows(const Query& query, const SearchParams& params, size_t matches,
                                     SearchScratch& scratch, Neighbors* out) const {
    std::vector<SparseTerm>& terms = scratch.terms;
    const SparseScorer scorer(params.params, lengths_.As<float>());
    RETURN_IF_ERROR(FindTerms(query, scorer, &terms));
    const size_t k = std::min<size_t>(params.k, size());
    const double drop_ratio = NumberParam(params.params, "drop_ratio_search").value_or(0);
    const size_t kept =
        params.radius.has_value() ? terms.size() : KeptTerms(query, drop_ratio, &terms);
    if (kept < terms.size()) {
        const auto factor =
            static_cast<size_t>(IntParam(params.params, "refine_factor").value_or(1));
        scratch.top.Reset(std::min<size_t>(k * factor, size()));
        RETURN_IF_ERROR(
            Collect(std::span(terms).first(kept), scorer, params, matches, scratch, out));
        const std::span<const uint64_t> candidates = scratch.top.Sorted();
        scratch.pool.assign(candidates.begin(), candidates.end());
        if (scratch.pool.size() >= k) {
            scratch.top.Reset(k);
            for (const uint64_t key : scratch.pool) {
                Offer(ScoreOf(terms, scorer, KeyRow(key)), KeyRow(key), CostBand(), scratch.top);
            }
            AppendKeys(metric(), scratch.top.Sorted(), out);
            return base::Status();
        }
    }
    scratch.top.Reset(k);
    RETURN_IF_ERROR(Collect(terms, scorer, params, matches, scratch, out));
    AppendKeys(metric(), scratch.top.Sorted(), out);
    return base::Status();
}

}  // namespace elanus::vindex
