#include "vindex/exact_scan.h"

#include "simd/compare.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace elanus::vindex {
namespace {

// Rows whose costs are computed before they are looked at; costs and ids stay in the first cache.
constexpr size_t kBlockRows = 256;
constexpr size_t kInterruptRows = 8192;

// Ids ascend, from block to block as well.
void PushBlock(const CostBand& band, const uint32_t* ids, uint32_t first, size_t count,
               const float* costs, TopK& top) {
    uint64_t words[kBlockRows / 64 + 1];
    FindNear(top, false, costs, count, words);
    VisitNear(words, count, [&](size_t i) {
        const uint32_t row = ids != nullptr ? ids[i] : first + static_cast<uint32_t>(i);
        if (band.Contains(costs[i])) {
            top.Push(MakeKey(costs[i], row));
        }
    });
}

// Counts rows and asks the caller from time to time whether to go on.
class Pacer {
  public:
    explicit Pacer(const SearchParams& params) : params_(params) {}
    base::Status Advance(size_t rows) {
        rows_ += rows;
        if (rows_ < kInterruptRows || !params_.interrupt) {
            return base::Status();
        }
        rows_ = 0;
        return params_.interrupt();
    }

  private:
    const SearchParams& params_;
    size_t rows_ = 0;
};

base::Status ScanAll(const RowScorer& scorer, uint32_t rows, const CostBand& band,
                     const SearchParams& params, SearchScratch& scratch) {
    Pacer pacer(params);
    for (uint32_t first = 0; first < rows;) {
        const size_t count = std::min<size_t>(kBlockRows, rows - first);
        scorer.BlockCosts(first, count, scratch.costs.data());
        PushBlock(band, nullptr, first, count, scratch.costs.data(), scratch.top);
        first += static_cast<uint32_t>(count);
        RETURN_IF_ERROR(pacer.Advance(count));
    }
    return base::Status();
}

base::Status ScanMatches(const RowScorer& scorer, uint32_t rows, const CostBand& band,
                         const SearchParams& params, SearchScratch& scratch) {
    Pacer pacer(params);
    uint32_t* ids = scratch.ids.data();
    size_t count = 0;
    auto flush = [&] {
        scorer.Costs(ids, count, scratch.costs.data());
        PushBlock(band, ids, 0, count, scratch.costs.data(), scratch.top);
        const size_t done = count;
        count = 0;
        return pacer.Advance(done);
    };
    const uint64_t* words = params.filter.words();
    for (size_t w = 0; w < (static_cast<size_t>(rows) + 63) / 64; ++w) {
        for (uint64_t word = words[w]; word != 0; word &= word - 1) {
            ids[count++] =
                static_cast<uint32_t>(w * 64) + static_cast<uint32_t>(std::countr_zero(word));
        }
        if (count > kBlockRows - 64) {
            RETURN_IF_ERROR(flush());
        }
    }
    return flush();
}

}  // namespace

std::string_view StrategyName(Strategy strategy) {
    switch (strategy) {
        case Strategy::kNone:
            return "none";
        case Strategy::kExactScan:
            return "exact_scan";
        case Strategy::kWalk:
            return "walk";
        case Strategy::kFilteredWalk:
            return "filtered_walk";
        case Strategy::kWalkThenScan:
            return "walk_then_scan";
        case Strategy::kPostings:
            return "postings";
        case Strategy::kCodeScan:
            return "code_scan";
        case Strategy::kListProbe:
            return "list_probe";
    }
    return "unknown";
}

CostBand CostBand::Of(Metric metric, const SearchParams& params) {
    CostBand band;
    if (IsStructureTest(metric)) {
        band.bounded = true;
        band.low = -std::numeric_limits<float>::infinity();
        band.high = 0.5f;  // between yes and no
    }
    if (!params.radius.has_value()) {
        return band;
    }
    const float radius = CostOfScore(metric, *params.radius);
    band.high = band.bounded ? std::min(band.high, radius) : radius;
    band.bounded = true;
    band.low = params.range_filter.has_value() ? CostOfScore(metric, *params.range_filter)
                                               : -std::numeric_limits<float>::infinity();
    return band;
}

void AppendKeys(Metric metric, std::span<const uint64_t> keys, Neighbors* out) {
    out->rows.reserve(out->rows.size() + keys.size());
    out->scores.reserve(out->scores.size() + keys.size());
    for (uint64_t key : keys) {
        out->rows.push_back(KeyRow(key));
        out->scores.push_back(ScoreOfCost(metric, KeyCost(key)));
    }
}

void FindNear(const TopK& best, bool larger_is_better, const float* results, size_t count,
              uint64_t* words) {
    const float limit = KeyCost(best.limit());
    if (std::isnan(limit)) {
        std::fill_n(words, count / 64, ~uint64_t{0});
        words[count / 64] = (uint64_t{1} << (count % 64)) - 1;
    } else if (larger_is_better) {
        simd::Compare<float>(simd::CompareOp::kGt, results, count, 0.0f - limit, words);
    } else {
        simd::Compare<float>(simd::CompareOp::kLt, results, count, limit, words);
    }
}

base::Status ScanRows(const VectorView& vectors, const Query& query, const SearchParams& params,
                      SearchScratch& scratch, Neighbors* out) {
    return ScanRows(VectorScorer(vectors, query), vectors.rows, vectors.metric, params, scratch,
                    out);
}

base::Status ScanRows(const RowScorer& scorer, uint32_t rows, Metric metric,
                      const SearchParams& params, SearchScratch& scratch, Neighbors* out) {
    const CostBand band = CostBand::Of(metric, params);
    scratch.top.Reset(std::min<size_t>(params.k, rows));
    scratch.ids.resize(std::max(scratch.ids.size(), kBlockRows));
    scratch.costs.resize(std::max(scratch.costs.size(), kBlockRows));
    if (params.filter.present()) {
        RETURN_IF_ERROR(ScanMatches(scorer, rows, band, params, scratch));
    } else {
        RETURN_IF_ERROR(ScanAll(scorer, rows, band, params, scratch));
    }
    AppendKeys(metric, scratch.top.Sorted(), out);
    return base::Status();
}

Query PrepareQuery(VectorType type, Metric metric, uint32_t dim, std::string_view query,
                   SearchScratch& scratch) {
    const size_t floats = (query.size() + sizeof(float) - 1) / sizeof(float);
    scratch.query.resize(std::max<size_t>(scratch.query.size(), floats));
    if (!query.empty()) {
        std::memcpy(scratch.query.data(), query.data(), query.size());
    }
    Query prepared{scratch.query.data(), query.size(), 1.0f};
    if (metric == Metric::kCosine && type == VectorType::kFloat) {
        simd::Normalize(scratch.query.data(), dim, scratch.query.data());
    } else if (metric == Metric::kCosine) {
        const float length = LengthOf(type, prepared.data, dim);
        prepared.inverse_norm = length > 0 ? 1.0f / length : 0.0f;
    }
    return prepared;
}

size_t CountMatches(base::BitmapView filter, size_t rows) {
    if (!filter.present()) {
        return rows;
    }
    size_t count = 0;
    for (size_t w = 0; w < (rows + 63) / 64; ++w) {
        count += static_cast<size_t>(std::popcount(filter.words()[w]));
    }
    return count;
}

base::Status CheckSearchParams(const SearchParams& params, size_t rows) {
    if (params.k == 0) {
        return base::InvalidParameter("k should be larger than 0");
    }
    if (params.filter.present() && params.filter.size() != rows) {
        return base::Internal("the filter has " + std::to_string(params.filter.size()) +
                              " bits for " + std::to_string(rows) + " rows");
    }
    return base::Status();
}

}  // namespace elanus::vindex
