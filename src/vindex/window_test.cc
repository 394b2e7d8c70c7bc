// The window index against brute force: windows, ways to store, bounds, and what is approximate.
#include "codec/sink.h"
#include "simd/half.h"
#include "vindex/sparse_testing.h"
#include "vindex/window_index.h"

#include <cmath>

namespace elanus::vindex {
namespace {

// Rows about subjects, so that the best of a query are far better than most.
SparseRows SubjectRows(size_t rows, uint32_t seed) {
    std::mt19937 random(seed);
    SparseRows data;
    for (size_t row = 0; row < rows; ++row) {
        const uint32_t subject = random() % 40;
        std::map<uint32_t, float> entries;
        for (int i = 0; i < 25; ++i) {
            const bool own = random() % 2 == 0;
            const double u = (random() % 1000 + 1) / 1001.0;
            const auto dim =
                static_cast<uint32_t>(own ? subject * 30 + random() % 30 : 2000 + 400 * u * u * u);
            entries[dim] = (own ? 1.0f : 0.2f) * (0.1f + static_cast<float>(random() % 97) / 97);
        }
        data.Add(Entries(entries.begin(), entries.end()));
    }
    return data;
}

Entries QueryLike(const Entries& row, std::mt19937& random) {
    std::map<uint32_t, float> entries;
    for (const auto& [dim, value] : row) {
        if (random() % 3 != 0) {
            entries[dim] = value * (0.5f + static_cast<float>(random() % 100) / 100);
        }
    }
    for (int i = 0; i < 8; ++i) {
        entries[2000 + random() % 100] = 0.05f;
    }
    return Entries(entries.begin(), entries.end());
}

SearchParams Best(size_t k, ParamMap params = {}) {
    SearchParams search;
    search.k = k;
    search.params = std::move(params);
    return search;
}

std::unique_ptr<Index> Reopened(const Index& index) {
    codec::StringSink sink;
    EXPECT_TRUE(index.Save(sink).ok());
    auto opened = OpenIndex(base::Buffer::FromString(sink.Take()));
    EXPECT_TRUE(opened.ok()) << opened.status().reason();
    return std::move(*opened);
}

TEST(WindowIndex, IsExactForEveryWindowSizeAlgorithmAndFilter) {
    const SparseRows data = SubjectRows(9000, 1);
    for (const char* window : {"", "1024", "5000", "65535"}) {
        for (const char* algorithm : {"DAAT_MAXSCORE", "TAAT_NAIVE"}) {
            ParamMap params = {{"inverted_index_algo", algorithm}};
            if (*window != '\0') {
                params["sindi_window_size"] = window;
            }
            const auto index = Reopened(*Build(data, "SPARSE_INVERTED_INDEX", params));
            ASSERT_TRUE(index->Verify().ok());
            std::mt19937 random(2);
            for (int round = 0; round < 12; ++round) {
                const Entries query = QueryLike(data.rows[random() % data.rows.size()], random);
                base::Bitmap filter(data.rows.size());
                const uint32_t one_in = round % 2 == 0 ? 3 : 700;
                for (size_t row = 0; row < filter.size(); ++row) {
                    filter.Assign(row, random() % one_in == 0);
                }
                const auto truth = Truth(data, query);
                const auto filtered = Truth(data, query, filter);
                for (size_t k : {1, 10, 600}) {
                    SearchParams search = Best(k);
                    ExpectTruth(Find(*index, query, search), truth, k);
                    search.filter = filter;
                    ExpectTruth(Find(*index, query, search), filtered, k);
                }
            }
        }
    }
}

TEST(WindowIndex, RangesAreExactAndPagesFollowOneAnother) {
    const SparseRows data = SubjectRows(6000, 3);
    const auto index = Build(data);
    std::mt19937 random(4);
    for (int round = 0; round < 10; ++round) {
        const Entries query = QueryLike(data.rows[random() % data.rows.size()], random);
        const auto truth = Truth(data, query);
        ASSERT_GT(truth.size(), 400u);
        SearchParams search = Best(50);
        search.radius = -truth[300].first;
        search.range_filter = -truth[20].first;
        auto want = truth;
        std::erase_if(want, [&](const auto& hit) {
            return -hit.first <= *search.radius || -hit.first > *search.range_filter;
        });
        ExpectTruth(Find(*index, query, search), want, 50);
        search.k = 1000;
        ExpectTruth(Find(*index, query, search), want, 1000);
    }
}

TEST(WindowIndex, BoundsSaveWorkAndSearchesChooseTheirAlgorithm) {
    const SparseRows data = SubjectRows(30000, 5);
    const auto index = Build(data);
    std::mt19937 random(6);
    uint64_t all = 0, pruned = 0, loose = 0;
    size_t same = 0;
    for (int round = 0; round < 20; ++round) {
        const Entries query = QueryLike(data.rows[random() % data.rows.size()], random);
        const Neighbors naive = Find(*index, query, Best(10, {{"search_algo", "TAAT_NAIVE"}}));
        const Neighbors best = Find(*index, query, Best(10, {{"search_algo", "SINDI"}}));
        const Neighbors near = Find(*index, query, Best(10, {{"dim_max_score_ratio", "0.5"}}));
        EXPECT_EQ(naive.rows, best.rows);
        EXPECT_EQ(naive.scores, best.scores);
        EXPECT_EQ(Find(*index, query, Best(10, {{"dim_max_score_ratio", "1.3"}})).rows, best.rows);
        all += naive.counters.distances;
        pruned += best.counters.distances;
        loose += near.counters.distances;
        ASSERT_EQ(near.rows.size(), 10u);
        for (const uint32_t row : near.rows) {
            same += static_cast<size_t>(std::count(best.rows.begin(), best.rows.end(), row));
        }
    }
    EXPECT_LT(pruned, all * 3 / 4);
    EXPECT_LT(loose, pruned);
    EXPECT_GE(same, 190u);  // of 200
}

TEST(WindowIndex, AnApproximateSearchDoesLessAndScoresWholeQueries) {
    const SparseRows data = SubjectRows(30000, 7);
    const auto index = Build(data);
    std::mt19937 random(8);
    uint64_t exact_work = 0, work = 0;
    size_t same = 0;
    for (int round = 0; round < 30; ++round) {
        const Entries query = QueryLike(data.rows[random() % data.rows.size()], random);
        const Neighbors exact = Find(*index, query, Best(10));
        const Neighbors near =
            Find(*index, query, Best(10, {{"drop_ratio_search", "0.4"}, {"refine_factor", "4"}}));
        exact_work += exact.counters.distances;
        work += near.counters.distances;
        ASSERT_EQ(near.rows.size(), 10u);
        for (size_t i = 0; i < near.rows.size(); ++i) {
            EXPECT_EQ(near.scores[i],
                      static_cast<float>(TrueScore(query, data.rows[near.rows[i]])));
            same +=
                static_cast<size_t>(std::count(exact.rows.begin(), exact.rows.end(), near.rows[i]));
        }
    }
    EXPECT_LT(work, exact_work / 2);
    EXPECT_GE(same, 270u);  // of 300
}

TEST(WindowIndex, EqualScoresComeInTheOrderOfRows) {
    SparseRows data;
    for (uint32_t row = 0; row < 5000; ++row) {
        data.Add({{1, 1.0f}, {2 + row % 7, row % 7 == 3 ? 2.0f : 1.0f}});
    }
    const auto index = Build(data, "SPARSE_WAND", {{"sindi_window_size", "1024"}});
    for (size_t k : {1, 10, 700, 1500}) {
        const Entries query = {{1, 1.0f}, {5, 0.5f}};
        ExpectTruth(Find(*index, query, Best(k)), Truth(data, query), k);
        const Neighbors found = Find(*index, query, Best(k));
        for (size_t i = 0; i < std::min<size_t>(k, 714); ++i) {
            ASSERT_EQ(found.rows[i], 3 + 7 * i);
        }
    }
}

TEST(WindowIndex, BuildsWithoutTheSmallestValuesWhenTold) {
    SparseRows data;
    data.Add({{1, 1.0f}, {2, 0.1f}});
    data.Add({{2, 0.2f}, {3, 5.0f}});
    data.Add({{1, 2.0f}, {4, 4.0f}});
    data.Add({{2, 3.0f}});
    // Values in order: 0.1 0.2 1 2 3 4 5; a third of seven is two.
    const auto index =
        Reopened(*Build(data, "SPARSE_INVERTED_INDEX", {{"drop_ratio_build", "0.33"}}));
    EXPECT_TRUE(index->Verify().ok());
    EXPECT_EQ(Find(*index, {{2, 1.0f}}, Best(10)).rows, std::vector<uint32_t>{3});
    const Neighbors found = Find(*index, {{1, 1.0f}, {2, 1.0f}}, Best(10));
    EXPECT_EQ(found.rows, (std::vector<uint32_t>{3, 2, 0}));
    EXPECT_EQ(found.scores, (std::vector<float>{3.0f, 2.0f, 1.1f}));  // the whole row 0
    EXPECT_EQ(Find(*Build(data), {{2, 1.0f}}, Best(10)).rows, (std::vector<uint32_t>{3, 1, 0}));
}

TEST(WindowIndex, HalvesRoundTheValues) {
    SparseRows data, rounded;
    std::mt19937 random(9);
    for (int row = 0; row < 3000; ++row) {
        const Entries entries = RandomVector(random, 20, 300);
        data.Add(entries);
        Entries halves;
        for (const auto& [dim, value] : entries) {
            halves.emplace_back(dim, simd::FloatFromHalf(simd::HalfFromFloat(value)));
        }
        rounded.Add(halves);
    }
    data.Add({{9, 1e-9f}, {10, 1e6f}});  // too small and too large
    rounded.Add({{10, 65504.0f}});
    const auto index = Reopened(*Build(data, "SPARSE_WAND", {{"quant_type", "fp16"}}));
    EXPECT_TRUE(index->Verify().ok());
    EXPECT_LT(index->memory_bytes(), Build(data)->memory_bytes());
    for (int round = 0; round < 20; ++round) {
        const Entries query = RandomVector(random, 20, 300);
        ExpectTruth(Find(*index, query, Best(20)), Truth(rounded, query), 20);
    }
    EXPECT_TRUE(Find(*index, {{9, 1.0f}}, Best(1)).rows.empty());
    EXPECT_EQ(Find(*index, {{10, 1.0f}}, Best(1)).scores, std::vector<float>{65504.0f});
}

TEST(WindowIndex, AnyDimensionsAndVeryLongQueries) {
    SparseRows data;
    std::mt19937 random(10);
    for (int row = 0; row < 2500; ++row) {
        std::map<uint32_t, float> entries;
        for (int i = 0; i < 40; ++i) {  // more than 65,536 dimensions, some above 2^24
            entries[random() % 100000 * (i % 3 == 0 ? 40001 : 1)] =
                static_cast<float>(random() % 100 + 1) / 50;
        }
        data.Add(Entries(entries.begin(), entries.end()));
    }
    const auto index = Reopened(*Build(data));
    EXPECT_TRUE(index->Verify().ok());
    for (size_t entries : {5u, 200u, 30000u}) {
        std::map<uint32_t, float> query;
        for (size_t i = 0; i < entries; ++i) {
            const Entries& row = data.rows[random() % data.rows.size()];
            query[row[random() % row.size()].first] = static_cast<float>(random() % 10 + 1);
        }
        const Entries vector(query.begin(), query.end());
        ExpectTruth(Find(*index, vector, Best(30)), Truth(data, vector), 30);
    }
}

TEST(WindowIndex, ASearchLeavesNothingBehindWhenItIsInterrupted) {
    const SparseRows data = SubjectRows(20000, 11);
    const auto index = Build(data);
    std::mt19937 random(12);
    const Entries query = QueryLike(data.rows[5], random);
    int asked = 0;
    SearchParams search = Best(10);
    search.interrupt = [&asked] {
        return ++asked < 4 ? base::Status() : base::Status::Error(base::Code::kCanceled);
    };
    Neighbors out;
    EXPECT_EQ(index->Search(std::string_view(Bytes(query)), search, &out).code(),
              base::Code::kCanceled);
    ExpectTruth(Find(*index, query, Best(10)), Truth(data, query), 10);
}

}  // namespace
}  // namespace elanus::vindex
