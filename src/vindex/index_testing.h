// What the tests of dense indexes share: data, brute force, and the checks every answer must pass.
#pragma once

#include "codec/sink.h"
#include "vindex/family.h"
#include "vindex/index.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::vindex {

#if defined(__SANITIZE_THREAD__)
constexpr uint32_t kRows = 1200;
#elif defined(__SANITIZE_ADDRESS__)
constexpr uint32_t kRows = 2500;
#else
constexpr uint32_t kRows = 4000;
#endif
constexpr uint32_t kDim = 24;
constexpr size_t kQueries = 60;

struct Data {
    uint32_t dim = kDim;
    std::vector<float> rows;
    std::vector<float> queries;
    uint32_t count() const { return static_cast<uint32_t>(rows.size() / dim); }
    const float* query(size_t i) const { return queries.data() + i * dim; }
};

// Points around 40 centres; lengths differ, so that IP and COSINE order rows differently.
inline Data Clustered(uint32_t rows, uint32_t seed, uint32_t dim = kDim) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> centres(40 * dim);
    for (float& value : centres) {
        value = normal(random);
    }
    auto fill = [&](size_t count, std::vector<float>* out) {
        for (size_t i = 0; i < count; ++i) {
            const size_t centre = random() % 40;
            const float scale = 0.8f + 0.4f * static_cast<float>(random() % 100) / 100;
            for (uint32_t d = 0; d < dim; ++d) {
                out->push_back(scale * (centres[centre * dim + d] + 0.4f * normal(random)));
            }
        }
    };
    Data data;
    data.dim = dim;
    fill(rows, &data.rows);
    fill(kQueries, &data.queries);
    return data;
}

inline float TrueScore(Metric metric, const float* a, const float* b, uint32_t dim) {
    double l2 = 0, ip = 0, aa = 0, bb = 0;
    for (uint32_t d = 0; d < dim; ++d) {
        l2 += (static_cast<double>(a[d]) - b[d]) * (static_cast<double>(a[d]) - b[d]);
        ip += static_cast<double>(a[d]) * b[d];
        aa += static_cast<double>(a[d]) * a[d];
        bb += static_cast<double>(b[d]) * b[d];
    }
    if (metric == Metric::kL2) {
        return static_cast<float>(l2);
    }
    if (metric == Metric::kIp) {
        return static_cast<float>(ip);
    }
    return aa > 0 && bb > 0 ? static_cast<float>(ip / std::sqrt(aa * bb)) : 0.0f;
}

inline std::vector<uint32_t> Truth(const Data& data, Metric metric, const float* query, size_t k,
                                   base::BitmapView filter = {}) {
    std::vector<std::pair<float, uint32_t>> all;
    for (uint32_t row = 0; row < data.count(); ++row) {
        if (filter.Test(row)) {
            const float score =
                TrueScore(metric, query, data.rows.data() + row * data.dim, data.dim);
            all.emplace_back(LargerIsBetter(metric) ? -score : score, row);
        }
    }
    std::sort(all.begin(), all.end());
    std::vector<uint32_t> rows;
    for (size_t i = 0; i < std::min(k, all.size()); ++i) {
        rows.push_back(all[i].second);
    }
    return rows;
}

inline std::unique_ptr<Index> Build(const std::string& type, Metric metric, const Data& data,
                                    sys::Executor* executor = nullptr, ParamMap params = {}) {
    BuildParams build{type, VectorType::kFloat, metric, data.dim, std::move(params)};
    BuildInput input;
    input.vectors = data.rows.data();
    input.rows = data.count();
    input.executor = executor;
    auto index = BuildIndex(build, input);
    EXPECT_TRUE(index.ok()) << index.status().reason();
    return std::move(*index);
}

inline std::string Saved(const Index& index) {
    codec::StringSink sink;
    EXPECT_TRUE(index.Save(sink).ok());
    return sink.Take();
}

inline Neighbors Find(const Index& index, const float* query, const SearchParams& params) {
    Neighbors out;
    const base::Status status = index.Search(query, params, &out);
    EXPECT_TRUE(status.ok()) << status.reason();
    return out;
}

inline void ExpectOrdered(Metric metric, const Neighbors& found) {
    ASSERT_EQ(found.rows.size(), found.scores.size());
    for (size_t i = 1; i < found.rows.size(); ++i) {
        EXPECT_FALSE(BetterThan(metric, found.scores[i], found.scores[i - 1]));
        if (found.scores[i] == found.scores[i - 1]) {
            EXPECT_LT(found.rows[i - 1], found.rows[i]);
        }
    }
}

// What a search finds in a range of `count` rows that begins behind the nearest `first`.
inline Neighbors FoundBehind(const Index& index, const Data& data, const float* query, size_t first,
                             size_t count, SearchParams params) {
    const auto order = Truth(data, index.metric(), query, first + count + 1);
    const auto between = [&](size_t rank) {  // it and the one before
        float sum = 0;
        for (const size_t r : {rank - 1, rank}) {
            sum += TrueScore(index.metric(), query, data.rows.data() + size_t{order[r]} * data.dim,
                             data.dim);
        }
        return sum / 2;
    };
    params.range_filter = between(first);
    params.radius = between(first + count);
    const Neighbors found = Find(index, query, params);
    for (const float score : found.scores) {
        EXPECT_FALSE(BetterThan(index.metric(), score, *params.range_filter));
        EXPECT_TRUE(BetterThan(index.metric(), score, *params.radius));
    }
    return found;
}

inline double Recall(const Index& index, const Data& data, SearchParams params) {
    size_t hits = 0, wanted = 0;
    for (size_t q = 0; q < kQueries; ++q) {
        const auto truth = Truth(data, index.metric(), data.query(q), params.k, params.filter);
        const Neighbors found = Find(index, data.query(q), params);
        EXPECT_EQ(found.rows.size(), truth.size()) << "not as many rows as exist";
        ExpectOrdered(index.metric(), found);
        const std::set<uint32_t> rows(found.rows.begin(), found.rows.end());
        EXPECT_EQ(rows.size(), found.rows.size()) << "a row twice";
        for (uint32_t row : truth) {
            hits += rows.count(row);
        }
        for (uint32_t row : rows) {
            EXPECT_TRUE(params.filter.Test(row));
        }
        wanted += truth.size();
    }
    return static_cast<double>(hits) / static_cast<double>(wanted);
}

inline base::Bitmap RandomFilter(uint32_t rows, double share, uint32_t seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform;
    base::Bitmap filter(rows);
    for (uint32_t row = 0; row < rows; ++row) {
        filter.Assign(row, uniform(random) < share);
    }
    return filter;
}

inline constexpr Metric kDenseMetricsTested[] = {Metric::kL2, Metric::kIp, Metric::kCosine};

}  // namespace elanus::vindex
