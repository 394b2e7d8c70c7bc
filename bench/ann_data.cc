#include "ann_data.h"

#include "simd/distance.h"

#include <algorithm>
#include <numeric>
#include <random>

namespace elanus::bench {
namespace {

constexpr uint32_t kSeed = 1;

void NormalizeRows(Matrix<float>* matrix) {
    for (size_t row = 0; row < matrix->rows; ++row) {
        float* values = matrix->values.data() + row * matrix->columns;
        simd::Normalize(values, matrix->columns, values);
    }
}

// Smaller is nearer.
std::vector<float> CostsOf(const AnnData& data, const float* query) {
    std::vector<float> costs(data.base.rows);
    const bool l2 = data.metric == vindex::Metric::kL2;
    const simd::RowKernel& kernel = l2 ? simd::Distances().l2 : simd::Distances().ip;
    kernel.rows(query, data.base.values.data(), data.base.rows, data.base.columns, costs.data());
    if (!l2) {
        std::transform(costs.begin(), costs.end(), costs.begin(), std::negate<>());
    }
    return costs;
}

// The first `count` of all rows that `pass`, by (cost, row).
template <typename Pass>
std::vector<uint32_t> Nearest(const std::vector<float>& costs, size_t count, const Pass& pass) {
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < costs.size(); ++row) {
        if (pass(row)) {
            rows.push_back(row);
        }
    }
    count = std::min(count, rows.size());
    std::partial_sort(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(count), rows.end(),
                      [&](uint32_t a, uint32_t b) {
                          return costs[a] < costs[b] || (costs[a] == costs[b] && a < b);
                      });
    rows.resize(count);
    return rows;
}

base::Bitmap RandomFilter(size_t rows, double ratio) {
    std::mt19937 random(kSeed);
    std::uniform_real_distribution<double> uniform;
    base::Bitmap filter(rows);
    for (size_t row = 0; row < rows; ++row) {
        filter.Assign(row, uniform(random) < ratio);
    }
    return filter;
}

base::Bitmap FilterAround(const AnnData& data, size_t query, size_t count, FilterKind kind) {
    std::vector<float> costs;
    if (kind == FilterKind::kAnti) {
        costs = CostsOf(data, data.queries.Row(query));
        std::transform(costs.begin(), costs.end(), costs.begin(), std::negate<>());
    } else {
        std::mt19937 random(kSeed + static_cast<uint32_t>(query));
        const std::vector<uint32_t>& near = data.truth[query];
        costs = CostsOf(data, data.base.Row(near[random() % near.size()]));
    }
    std::vector<uint32_t> rows(costs.size());
    std::iota(rows.begin(), rows.end(), 0u);
    const auto end = rows.begin() + static_cast<ptrdiff_t>(count);
    std::nth_element(rows.begin(), end - 1, rows.end(),
                     [&](uint32_t a, uint32_t b) { return costs[a] < costs[b]; });
    base::Bitmap filter(costs.size());
    std::for_each(rows.begin(), end, [&](uint32_t row) { filter.Set(row); });
    return filter;
}

}  // namespace

base::Result<AnnData> ReadAnnData(const std::string& base, const std::string& queries,
                                  const std::string& truth, vindex::Metric metric, size_t k) {
    AnnData data;
    data.metric = metric;
    data.k = k;
    ASSIGN_OR_RETURN(data.base, ReadFloats(base));
    ASSIGN_OR_RETURN(data.queries, ReadFloats(queries));
    ASSIGN_OR_RETURN(const Matrix<int32_t> nearest, ReadInts(truth));
    if (data.base.columns != data.queries.columns || nearest.rows != data.queries.rows ||
        nearest.columns < k || data.base.rows < k) {
        return base::InvalidParameter("base, queries and ground truth do not fit together");
    }
    if (metric == vindex::Metric::kCosine) {
        NormalizeRows(&data.base);
        NormalizeRows(&data.queries);
    }
    for (size_t query = 0; query < nearest.rows; ++query) {
        data.truth.emplace_back(nearest.Row(query), nearest.Row(query) + k);
    }
    return data;
}

void AddFilters(double ratio, FilterKind kind, AnnData* data) {
    const size_t rows = data->base.rows;
    if (kind == FilterKind::kRandom) {
        data->filters.push_back(RandomFilter(rows, ratio));
    } else {
        const auto count =
            std::clamp<size_t>(static_cast<size_t>(ratio * static_cast<double>(rows)), 1, rows);
        for (size_t query = 0; query < data->queries.rows; ++query) {
            data->filters.push_back(FilterAround(*data, query, count, kind));
        }
    }
    for (size_t query = 0; query < data->queries.rows; ++query) {
        const base::BitmapView filter = data->Filter(query);
        data->truth[query] = Nearest(CostsOf(*data, data->queries.Row(query)), data->k,
                                     [&](uint32_t row) { return filter.Test(row); });
    }
}

double RecallOf(const std::vector<uint32_t>& truth, const std::vector<uint32_t>& found) {
    if (truth.empty()) {
        return 1;
    }
    const auto hits = std::count_if(truth.begin(), truth.end(), [&](uint32_t row) {
        return std::find(found.begin(), found.end(), row) != found.end();
    });
    return static_cast<double>(hits) / static_cast<double>(truth.size());
}

}  // namespace elanus::bench
