// LeanGraph and LeanIndex beside a plain comparison of all rows.
#include "vindex/lean_graph.h"

#include "codec/sink.h"
#include "sys/executor.h"
#include "vindex/exact_scan.h"
#include "vindex/family.h"
#include "vindex/lean_index.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

constexpr uint32_t kDim = 64;

std::vector<float> MadeRows(size_t rows, uint64_t seed) {
    std::mt19937_64 centre(17), random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> centres(100 * kDim);
    for (float& x : centres) {
        x = 0.3f + normal(centre);
    }
    std::vector<float> values(rows * kDim);
    for (size_t i = 0; i < rows; ++i) {
        const size_t c = random() % 100;
        for (uint32_t d = 0; d < kDim; ++d) {
            values[i * kDim + d] = centres[c * kDim + d] + 0.6f * normal(random);
        }
    }
    return values;
}

float CostOf(Metric metric, const float* a, const float* b) {
    float product = 0, distance = 0, aa = 0, bb = 0;
    for (uint32_t d = 0; d < kDim; ++d) {
        product += a[d] * b[d];
        distance += (a[d] - b[d]) * (a[d] - b[d]);
        aa += a[d] * a[d];
        bb += b[d] * b[d];
    }
    return metric == Metric::kL2   ? distance
           : metric == Metric::kIp ? -product
                                   : -product / std::sqrt(aa * bb);
}

std::vector<uint32_t> BestRows(Metric metric, const std::vector<float>& rows, const float* query,
                               size_t k, uint32_t count, base::BitmapView filter) {
    std::vector<std::pair<float, uint32_t>> costs;
    for (uint32_t row = 0; row < count; ++row) {
        if (filter.Test(row)) {
            costs.emplace_back(CostOf(metric, query, rows.data() + size_t{row} * kDim), row);
        }
    }
    std::sort(costs.begin(), costs.end());
    std::vector<uint32_t> best;
    for (size_t i = 0; i < std::min(k, costs.size()); ++i) {
        best.push_back(costs[i].second);
    }
    return best;
}

size_t Shared(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
    return static_cast<size_t>(std::count_if(a.begin(), a.end(), [&](uint32_t row) {
        return std::find(b.begin(), b.end(), row) != b.end();
    }));
}

LeanOptions OptionsOf(Metric metric) {
    LeanOptions options;
    options.metric = metric;
    options.dim = kDim;
    options.m = 16;
    options.ef_construction = 80;
    return options;
}

std::vector<uint32_t> Search(const LeanGraph& graph, const float* query, size_t k, size_t ef,
                             base::BitmapView filter = {}, size_t matches = 0) {
    std::vector<float> vector(query, query + kDim);
    if (graph.options().metric == Metric::kCosine) {
        simd::Normalize(vector.data(), kDim, vector.data());
    }
    LeanQuery lean;
    graph.store().PrepareQuery(vector.data(), &lean);
    LeanGraph::Search search;
    search.query = &lean;
    search.ef = ef;
    search.filter = filter;
    search.rows = graph.rows();
    search.matches = filter.present() ? matches : search.rows;
    search.refined = 2 * k + 20;
    SearchCounters counters;
    base::Status interrupted;
    EXPECT_EQ(graph.Walk(search, ThreadScratch(), &counters, &interrupted), WalkOutcome::kDone);
    std::vector<uint32_t> rows;
    for (const uint64_t key : ThreadScratch().pool) {
        if (rows.size() < k) {
            rows.push_back(KeyRow(key));
        }
    }
    return rows;
}

std::string Saved(const LeanGraph& graph, uint32_t since) {
    codec::StringSink sink;
    EXPECT_TRUE(SaveLeanGraph(graph, since, sink).ok());
    return sink.Take();
}

class LeanGraphTest : public testing::TestWithParam<Metric> {
  protected:
    std::unique_ptr<LeanGraph> Make(uint32_t capacity, const std::vector<float>& rows) {
        return LeanGraph::Make(OptionsOf(GetParam()), capacity, rows.data(),
                               std::min<size_t>(1000, rows.size() / kDim));
    }
    double Recall(const LeanGraph& graph, const std::vector<float>& rows, size_t ef) {
        const std::vector<float> queries = MadeRows(60, 5);
        size_t right = 0;
        for (size_t q = 0; q < 60; ++q) {
            const float* query = queries.data() + q * kDim;
            right += Shared(Search(graph, query, 10, ef),
                            BestRows(GetParam(), rows, query, 10, graph.rows(), {}));
        }
        return static_cast<double>(right) / 600;
    }
};

TEST_P(LeanGraphTest, FindsRowsWhileMoreAreAdded) {
    const std::vector<float> rows = MadeRows(3'000, 2);
    const auto graph = Make(3'000, rows);
    EXPECT_TRUE(Search(*graph, rows.data(), 10, 64).empty());
    for (uint32_t at = 0; at < 3'000; at += 500) {
        uint32_t first = 1;
        ASSERT_TRUE(graph->Add(rows.data() + size_t{at} * kDim, 500, &first).ok());
        EXPECT_EQ(first, at);
        EXPECT_EQ(graph->rows(), at + 500);
        if (at == 1'000) {
            EXPECT_GE(Recall(*graph, rows, 80), 0.95) << at;
        }
    }
    EXPECT_GE(Recall(*graph, rows, 80), 0.96);
    EXPECT_GE(Recall(*graph, rows, 300), 0.98);
    EXPECT_EQ(graph->Add(rows.data(), 1, nullptr).code(), base::Code::kResourceInsufficient);
    EXPECT_LT(graph->memory_bytes(), 3'000 * (32 * 4 + kDim * 3 / 2 + 64) + 100'000);
}

TEST_P(LeanGraphTest, OnlyRowsOfTheFilterAreFound) {
    constexpr uint32_t kRows = 2'500;
    const std::vector<float> rows = MadeRows(kRows, 3);
    const auto graph = Make(kRows, rows);
    ASSERT_TRUE(graph->Add(rows.data(), kRows, nullptr).ok());
    std::mt19937_64 random(8);
    for (const uint32_t every : {2u, 10u}) {
        base::Bitmap filter(kRows);
        for (uint32_t row = 0; row < kRows; ++row) {
            filter.Assign(row, random() % every == 0);
        }
        size_t right = 0;
        const std::vector<float> queries = MadeRows(50, 6);
        for (size_t q = 0; q < 50; ++q) {
            const float* query = queries.data() + q * kDim;
            const auto found = Search(*graph, query, 10, 100, filter, filter.Count());
            EXPECT_EQ(found.size(), 10u);
            for (const uint32_t row : found) {
                EXPECT_TRUE(filter.Test(row));
            }
            right += Shared(found, BestRows(GetParam(), rows, query, 10, kRows, filter));
        }
        EXPECT_GE(right, 475u) << every;
    }
}

TEST_P(LeanGraphTest, OneThreadMakesTheSameGraphTwice) {
    const std::vector<float> rows = MadeRows(1'000, 4);
    std::string files[2];
    for (std::string& file : files) {
        const auto graph = Make(1'500, rows);
        ASSERT_TRUE(graph->Add(rows.data(), 300, nullptr).ok());
        ASSERT_TRUE(graph->Add(rows.data() + 300 * kDim, 700, nullptr).ok());
        file = Saved(*graph, 0);
    }
    EXPECT_TRUE(files[0] == files[1]);  // not printed: they are large and no text
}

TEST_P(LeanGraphTest, ThreadsAddWhileOthersSearch) {
    constexpr uint32_t kRows = 3'000;
    const std::vector<float> rows = MadeRows(kRows, 7);
    const auto graph = Make(kRows, rows);
    ASSERT_TRUE(graph->Add(rows.data(), 500, nullptr).ok());
    std::atomic<uint32_t> next{500};
    std::atomic<int> adding{2};
    std::vector<std::vector<std::pair<uint32_t, uint32_t>>> places(2);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < 2; ++t) {
        threads.emplace_back([&, t] {
            for (uint32_t at = next.fetch_add(50); at < kRows; at = next.fetch_add(50)) {
                uint32_t first = 0;
                EXPECT_TRUE(graph->Add(rows.data() + size_t{at} * kDim, 50, &first).ok());
                places[t].emplace_back(first, at);
            }
            --adding;
        });
    }
    for (size_t t = 0; t < 2; ++t) {
        threads.emplace_back([&, t] {
            for (size_t q = t; adding > 0; q = (q + 2) % 500) {
                const uint32_t before = graph->rows();
                const auto found = Search(*graph, rows.data() + q * kDim, 10, 40);
                EXPECT_EQ(found.size(), 10u);
                EXPECT_GE(graph->rows(), before);
                for (const uint32_t row : found) {
                    EXPECT_LT(row, graph->rows());
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(graph->rows(), kRows);
    std::vector<float> placed(rows.begin(), rows.begin() + 500 * kDim);
    placed.resize(rows.size());
    for (const auto& of_thread : places) {
        for (const auto& [first, at] : of_thread) {
            std::copy_n(rows.begin() + at * kDim, 50 * kDim, placed.begin() + first * kDim);
        }
    }
    EXPECT_GE(Recall(*graph, placed, 80), 0.95);
}

TEST_P(LeanGraphTest, IsLoadedFromAFileAndTheChangesAfterIt) {
    const std::vector<float> rows = MadeRows(3'000, 9);
    const auto graph = Make(3'000, rows);
    std::vector<std::string> files(3);
    uint32_t since = 0;
    for (size_t i = 0; i < 3; ++i) {
        ASSERT_TRUE(graph->Add(rows.data() + i * 900 * kDim, 900, nullptr).ok());
        files[i] = Saved(*graph, since);
        since = graph->rows();
    }
    EXPECT_LT(files[2].size(), files[0].size() * 2);
    const auto buffers = [&](std::vector<size_t> order) {
        std::vector<base::Buffer> made;
        for (const size_t i : order) {
            made.push_back(base::Buffer::FromString(files[i]));
        }
        return made;
    };
    auto loaded = LoadLeanGraph(buffers({0, 1, 2}), 3'000);
    ASSERT_TRUE(loaded.ok()) << loaded.status().reason();
    EXPECT_EQ(Saved(*graph, 0), Saved(**loaded, 0));
    // It takes more rows, as the one that was never saved does.
    ASSERT_TRUE((*loaded)->Add(rows.data() + 2'700 * kDim, 300, nullptr).ok());
    EXPECT_GE(Recall(**loaded, rows, 80), 0.95);
    EXPECT_FALSE(LoadLeanGraph(buffers({0, 2}), 3'000).ok());
    EXPECT_FALSE(LoadLeanGraph(buffers({1, 2}), 3'000).ok());
    EXPECT_FALSE(LoadLeanGraph(buffers({0, 1, 2}), 2'000).ok());
    EXPECT_FALSE(LeanIndex::Open(base::Buffer::FromString(files[1])).ok());
}

INSTANTIATE_TEST_SUITE_P(All, LeanGraphTest,
                         testing::Values(Metric::kL2, Metric::kIp, Metric::kCosine),
                         [](const auto& metric) { return std::string(MetricName(metric.param)); });

class LeanIndexTest : public testing::Test {
  protected:
    std::unique_ptr<Index> Build(const std::string& type, const std::string& metric,
                                 VectorType vector_type, const void* vectors, uint32_t rows,
                                 sys::Executor* executor) {
        BuildParams params;
        params.index_type = type;
        params.vector_type = vector_type;
        params.metric = *MetricFromName(metric);
        params.dim = kDim;
        params.params = {{"M", "16"}, {"efConstruction", "80"}, {"form", "lean"}};
        EXPECT_TRUE(ValidateBuildParams(type, vector_type, metric, kDim, params.params).ok());
        BuildInput input;
        input.vectors = vectors;
        input.rows = rows;
        input.executor = executor;
        auto built = BuildIndex(params, input);
        EXPECT_TRUE(built.ok()) << built.status().reason();
        return std::move(built).value();
    }
};

TEST_F(LeanIndexTest, IsBuiltByThreadsSavedAndOpened) {
    constexpr uint32_t kRows = 2'000;
    const std::vector<float> rows = MadeRows(kRows, 11);
    sys::ThreadPool pool("build", 2);
    for (const std::string metric : {"L2", "COSINE"}) {
        const auto built = Build("HNSW", metric, VectorType::kFloat, rows.data(), kRows, &pool);
        EXPECT_LT(built->memory_bytes(), kRows * 320u);
        codec::StringSink sink;
        ASSERT_TRUE(built->Save(sink).ok());
        auto opened = OpenIndex(base::Buffer::FromString(sink.Take()));
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        EXPECT_TRUE((*opened)->Verify().ok());
        EXPECT_EQ((*opened)->index_type(), "HNSW");
        const std::vector<float> queries = MadeRows(50, 12);
        size_t right = 0;
        for (size_t q = 0; q < 50; ++q) {
            const float* query = queries.data() + q * kDim;
            SearchParams params;
            params.params = {{"ef", "80"}};
            Neighbors found, again;
            ASSERT_TRUE(built->Search(query, params, &found).ok());
            ASSERT_TRUE((*opened)->Search(query, params, &again).ok());
            EXPECT_EQ(found.rows, again.rows);
            EXPECT_EQ(found.scores, again.scores);
            const auto best = BestRows(built->metric(), rows, query, 10, kRows, {});
            right += Shared(found.rows, best);
            const float cost =
                CostOf(built->metric(), query, rows.data() + size_t{found.rows[0]} * kDim);
            EXPECT_NEAR(found.scores[0], ScoreOfCost(built->metric(), cost),
                        0.02f * std::max(1.0f, std::fabs(cost)));
        }
        EXPECT_GE(right, 475u) << metric;
    }
}

TEST_F(LeanIndexTest, NeverFindsFewerThanThereAre) {
    constexpr uint32_t kRows = 3'000;
    const std::vector<float> rows = MadeRows(kRows, 13);
    const auto index = Build("HNSW", "L2", VectorType::kFloat, rows.data(), kRows, nullptr);
    for (const size_t wanted : {1u, 7u, 100u, 1'500u, 3'000u}) {
        base::Bitmap filter(kRows);
        for (uint32_t i = 0; i < wanted; ++i) {
            filter.Set(uint64_t{i} * 7919 % kRows);
        }
        SearchParams params;
        params.k = 200;
        params.filter = filter;
        Neighbors found;
        ASSERT_TRUE(index->Search(rows.data(), params, &found).ok());
        EXPECT_EQ(found.rows.size(), std::min<size_t>(200, filter.Count()));
        std::vector<uint32_t> sorted = found.rows;
        std::sort(sorted.begin(), sorted.end());
        EXPECT_EQ(std::adjacent_find(sorted.begin(), sorted.end()), sorted.end());
    }
}

TEST_F(LeanIndexTest, EqualRowsAndOtherTypes) {
    std::vector<int8_t> rows(2'000 * kDim);
    std::mt19937_64 random(14);
    for (int8_t& x : rows) {
        x = static_cast<int8_t>(random() % 200 - 100);
    }
    for (size_t row = 0; row < 1'000; ++row) {  // half of them the same
        std::copy_n(rows.begin(), kDim, rows.begin() + static_cast<ptrdiff_t>(row * kDim));
    }
    const auto index = Build("HNSW", "L2", VectorType::kInt8, rows.data(), 2'000, nullptr);
    SearchParams params;
    params.k = 5;
    for (const size_t row : {0u, 1'500u, 1'999u}) {
        Neighbors found;
        ASSERT_TRUE(index->Search(rows.data() + row * kDim, params, &found).ok());
        EXPECT_EQ(found.rows.size(), 5u);
        EXPECT_TRUE(row == 0 ? found.rows[0] < 1'000 : found.rows[0] == row) << row;
    }
}

// A file may name any number as its type: one that has no row size would be read beyond its rows.
TEST_F(LeanIndexTest, OnlyTypesOfNumbersFit) {
    for (VectorType type :
         {VectorType::kFloat, VectorType::kFloat16, VectorType::kBFloat16, VectorType::kInt8}) {
        EXPECT_TRUE(LeanGraph::Fits(type, 64, 16));
    }
    for (VectorType type : {VectorType::kBinary, VectorType::kSparseFloat,
                            static_cast<VectorType>(0), static_cast<VectorType>(7)}) {
        EXPECT_FALSE(LeanGraph::Fits(type, 64, 16));
    }
}

}  // namespace
}  // namespace elanus::vindex
