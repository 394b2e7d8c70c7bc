// The sparse index against brute force, and the checks of sparse vectors.
#include "vindex/sparse.h"

#include "vindex/bm25.h"
#include "vindex/sparse_testing.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

TEST(SparseIndex, IsExactForEveryNameKAndFilter) {
    const SparseRows data = RandomRows(4000, 1);
    std::mt19937 random(2);
    for (const char* name : {"SPARSE_INVERTED_INDEX", "SPARSE_WAND", "AUTOINDEX"}) {
        const auto index = Build(data, name);
        EXPECT_EQ(index->index_type(), name);
        EXPECT_TRUE(index->Verify().ok());
        for (int round = 0; round < 60; ++round) {
            const Entries query = RandomVector(random, 20, 400);
            base::Bitmap filter(data.rows.size());
            const uint32_t one_in = std::vector<uint32_t>{2, 30, 1000}[random() % 3];
            for (size_t row = 0; row < filter.size(); ++row) {
                filter.Assign(row, random() % one_in == 0);
            }
            for (size_t k : {1, 10, 200, 5000}) {
                SearchParams params;
                params.k = k;
                ExpectTruth(Find(*index, query, params), Truth(data, query), k);
                params.filter = filter;
                ExpectTruth(Find(*index, query, params), Truth(data, query, filter), k);
            }
        }
    }
}

TEST(SparseIndex, RangesAndHandCheckedScores) {
    SparseRows data;
    data.Add({{1, 1.0f}, {5, 2.0f}});
    data.Add({{5, 1.0f}});
    data.Add({});
    data.Add({{2, 9.0f}});
    data.Add({{1, 3.0f}, {2, 0.5f}, {4294967294u, 1.0f}});
    const auto index = Build(data);
    const Entries query = {{1, 2.0f}, {5, 1.0f}, {4294967294u, 0.25f}};
    SearchParams params;
    const Neighbors all = Find(*index, query, params);  // 4: 6.25, 0: 4, 1: 1
    EXPECT_EQ(all.rows, (std::vector<uint32_t>{4, 0, 1}));
    EXPECT_EQ(all.scores, (std::vector<float>{6.25f, 4.0f, 1.0f}));
    params.radius = 1.0f;  // 1 < score <= 6
    params.range_filter = 6.0f;
    EXPECT_EQ(Find(*index, query, params).rows, std::vector<uint32_t>{0});
    params.range_filter.reset();
    params.radius = -5.0f;  // rows that share nothing stay out
    EXPECT_EQ(Find(*index, query, params).rows, (std::vector<uint32_t>{4, 0, 1}));
    EXPECT_TRUE(Find(*index, {}, SearchParams()).rows.empty());
    EXPECT_TRUE(Find(*index, {{77, 1.0f}}, SearchParams()).rows.empty());
    EXPECT_TRUE(Find(*index, {{1, 0.0f}}, SearchParams()).rows.empty());
}

TEST(SparseIndex, ADropRatioLeavesOutTheSmallestValuesOfTheQuery) {
    SparseRows data;
    data.Add({{1, 1.0f}, {2, 9.0f}});
    data.Add({{1, 2.0f}});
    data.Add({{2, 9.0f}});
    const auto index = Build(data);
    const Entries query = {{1, 1.0f}, {2, 0.9f}};
    SearchParams params;
    params.k = 1;
    EXPECT_EQ(Find(*index, query, params).rows, std::vector<uint32_t>{0});  // 9.1
    params.params = {{"drop_ratio_search", "0.5"}};
    // Only dimension 1 names candidates: row 1 leads there. Its score is of the whole query.
    const Neighbors one = Find(*index, query, params);
    EXPECT_EQ(one.rows, std::vector<uint32_t>{1});
    EXPECT_EQ(one.scores, std::vector<float>{2.0f});
    params.params["refine_factor"] = "2";
    EXPECT_EQ(Find(*index, query, params).rows, std::vector<uint32_t>{0});
    params.k = 3;  // two candidates are too few: the whole query is searched
    EXPECT_EQ(Find(*index, query, params).rows, (std::vector<uint32_t>{0, 2, 1}));
}

TEST(SparseIndex, DroppingALittleKeepsMostOfTheAnswer) {
    const SparseRows data = RandomRows(4000, 3);
    const auto index = Build(data);
    std::mt19937 random(4);
    size_t hits = 0, wanted = 0;
    for (int round = 0; round < 50; ++round) {
        const Entries query = RandomVector(random, 30, 400);
        SearchParams params;
        params.params = {{"drop_ratio_search", "0.2"}, {"refine_factor", "4"}};
        const Neighbors found = Find(*index, query, params);
        auto truth = Truth(data, query);
        truth.resize(std::min<size_t>(truth.size(), 10));
        EXPECT_EQ(found.rows.size(), truth.size());
        for (const auto& [score, row] : truth) {
            hits += static_cast<size_t>(std::count(found.rows.begin(), found.rows.end(), row));
        }
        wanted += truth.size();
    }
    EXPECT_GE(hits, wanted * 95 / 100);
}

TEST(SparseIndex, WalksSkipListsThatCannotMatter) {
    SparseRows data;  // dimension 0 in every row with little weight, dimension 1 in a few with much
    for (uint32_t row = 0; row < 20000; ++row) {
        row % 100 == 0 ? data.Add({{0, 0.01f}, {1, 1.0f + static_cast<float>(row) / 1000}})
                       : data.Add({{0, 0.01f}});
    }
    const auto index = Build(data);
    const Neighbors found = Find(*index, {{0, 1.0f}, {1, 1.0f}}, SearchParams());
    ASSERT_EQ(found.rows.size(), 10u);
    EXPECT_EQ(found.rows[0], 19900u);
    EXPECT_EQ(found.counters.strategy, Strategy::kPostings);
    EXPECT_LT(found.counters.distances, 20000u);
}

TEST(SparseIndex, ASavedIndexAnswersTheSameFromItsFile) {
    for (size_t rows : {0, 1, 700}) {
        const SparseRows data = RandomRows(rows, 5);
        const auto index = Build(data, "SPARSE_WAND");
        codec::StringSink sink;
        ASSERT_TRUE(index->Save(sink).ok());
        const std::string bytes = sink.Take();
        auto opened = OpenIndex(base::Buffer::FromString(bytes));
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        EXPECT_EQ((*opened)->index_type(), "SPARSE_WAND");
        EXPECT_EQ((*opened)->vector_type(), VectorType::kSparseFloat);
        EXPECT_EQ((*opened)->size(), rows);
        EXPECT_EQ((*opened)->memory_bytes(), index->memory_bytes());
        EXPECT_TRUE((*opened)->Verify().ok());
        std::mt19937 random(6);
        for (int round = 0; round < 20; ++round) {
            const Entries query = RandomVector(random, 20, 400);
            ExpectTruth(Find(**opened, query, SearchParams()), Truth(data, query), 10);
        }
    }
}

TEST(SparseIndex, EveryDamagedByteIsSurvivedAndFound) {
    const SparseRows data = RandomRows(60, 7, 6, 10);
    codec::StringSink sink;
    ASSERT_TRUE(Build(data)->Save(sink).ok());
    const std::string good = sink.Take();
    std::mt19937 random(8);
    base::Bitmap filter(60, true);
    filter.Reset(3);
    const auto survive = [&](const std::string& bad) {
        auto opened = OpenIndex(base::Buffer::FromString(bad));
        if (!opened.ok()) {
            EXPECT_EQ(opened.status().code(), base::Code::kDataCorruption);
            return;
        }
        EXPECT_EQ((*opened)->Verify().code(), base::Code::kDataCorruption);
        for (bool filtered : {false, true}) {
            SearchParams params;
            params.params = {{"drop_ratio_search", filtered ? "0.3" : "0"}};
            params.filter =
                filtered && (*opened)->size() == 60 ? base::BitmapView(filter) : base::BitmapView();
            Neighbors out;
            const base::Status status = (*opened)->Search(
                std::string_view(Bytes(RandomVector(random, 9, 10))), params, &out);
            EXPECT_TRUE(status.ok() || status.code() == base::Code::kDataCorruption);
            for (uint32_t row : out.rows) {
                EXPECT_LT(row, (*opened)->size());
            }
        }
    };
    for (size_t at = 0; at < good.size(); ++at) {
        for (int flip : {0x01, 0x80, 0xff}) {
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ flip);
            survive(bad);
        }
    }
    for (int round = 0; round < 2000; ++round) {
        std::string bad = good;
        for (int i = 0; i < 30; ++i) {
            bad[64 + random() % (bad.size() - 300)] ^= static_cast<char>(random() | 1);
        }
        survive(bad);
    }
}

TEST(SparseIndex, AnInterruptEndsBuildAndSearch) {
    const SparseRows data = RandomRows(100, 9);
    BuildInput input;
    input.vectors = data.bytes.data();
    input.offsets = data.offsets.data();
    input.rows = data.rows.size();
    input.interrupt = [] { return base::Status::Error(base::Code::kCanceled); };
    const BuildParams build{"SPARSE_WAND", VectorType::kSparseFloat, Metric::kIp, 0, {}};
    EXPECT_EQ(BuildIndex(build, input).status().code(), base::Code::kCanceled);
    SearchParams params;
    params.interrupt = input.interrupt;
    Neighbors out;
    EXPECT_EQ(Build(data)->Search(std::string_view(Bytes({{0, 1.0f}})), params, &out).code(),
              base::Code::kCanceled);
}

TEST(SparseVector, WhatIsNoneIsRefusedWithMilvusWords) {
    constexpr float kInf = std::numeric_limits<float>::infinity();
    EXPECT_TRUE(CheckSparseVector("").ok());
    EXPECT_TRUE(CheckSparseVector(Bytes({{0, 0.0f}, {7, 1.5f}, {4294967294u, 1.0f}})).ok());
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"1234567", "invalid data length in sparse float vector: 7"},
        {Bytes({{4294967295u, 1.0f}}), "must be less than 2^32-1"},
        {Bytes({{2, 1.0f}, {2, 1.0f}}), "unsorted or same indices in sparse float vector"},
        {Bytes({{3, 1.0f}, {2, 1.0f}}), "unsorted or same indices in sparse float vector"},
        {Bytes({{1, -0.5f}}), "negative value in sparse float vector"},
        {Bytes({{1, kInf}}), "value '+Inf' is not a number or infinity"},
        {Bytes({{1, -kInf}}), "value '-Inf' is not a number or infinity"},
        {Bytes({{1, std::nanf("")}}), "value 'NaN' is not a number or infinity"},
    };
    const auto index = Build(RandomRows(10, 10));
    for (const auto& [bytes, phrase] : cases) {
        const base::Status status = CheckSparseVector(bytes);
        EXPECT_EQ(status.code(), base::Code::kInvalidParameter);
        EXPECT_NE(status.reason().find(phrase), std::string::npos) << status.reason();
        Neighbors out;
        EXPECT_FALSE(index->Search(std::string_view(bytes), SearchParams(), &out).ok());
        SparseRows data;
        data.bytes = bytes;
        data.offsets.push_back(static_cast<uint32_t>(bytes.size()));
        data.rows.emplace_back();
        EXPECT_FALSE(TryBuild(data, "SPARSE_WAND").ok());
    }
}

TEST(SparseVector, ProductsOfAnyBytesEnd) {
    EXPECT_EQ(SparseProduct(Bytes({{1, 2.0f}, {3, 4.0f}}), Bytes({{0, 9.0f}, {3, 0.5f}})), 2.0);
    EXPECT_EQ(SparseProduct("", Bytes({{1, 1.0f}})), 0.0);
    (void)SparseProduct(Bytes({{5, 1.0f}, {1, 1.0f}, {5, 1.0f}}), Bytes({{1, 1.0f}, {5, 2.0f}}));
}

}  // namespace
}  // namespace elanus::vindex
