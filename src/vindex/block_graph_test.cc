// The block graph against brute force: recall, filters, copies, ranges, files and their damage.
#include "vindex/block_graph.h"

#include "sys/file_system.h"
#include "vindex/block_graph_testing.h"
#include "vindex/exact_scan.h"
#include "vindex/graph_router_testing.h"
#include "vindex/index_testing.h"
#include "vindex/row_iterator.h"

#include <atomic>

namespace elanus::vindex {
namespace {

constexpr uint32_t kWide = 96;        // rotated to 192
constexpr uint32_t kManyRows = 2100;  // enough that walks are chosen, and their reach is fitted

std::unique_ptr<Index> BuildGraph(Metric metric, const Data& data, ParamMap params = {},
                                  sys::Executor* executor = nullptr) {
    auto index = Build("HNSW", metric, data, executor, std::move(params));
    EXPECT_NE(dynamic_cast<BlockGraphIndex*>(index.get()), nullptr);
    return index;
}

TEST(BlockGraph, WhatFitsIsBuiltAsOne) {
    EXPECT_TRUE(BlockGraphIndex::Fits(VectorType::kFloat, 64, 16));
    EXPECT_TRUE(BlockGraphIndex::Fits(VectorType::kFloat, 4096, 64));
    EXPECT_FALSE(BlockGraphIndex::Fits(VectorType::kFloat, 4097, 16));
    EXPECT_FALSE(BlockGraphIndex::Fits(VectorType::kFloat, 63, 16));
    EXPECT_FALSE(BlockGraphIndex::Fits(VectorType::kFloat, 64, 65));
    EXPECT_FALSE(BlockGraphIndex::Fits(VectorType::kFloat16, 768, 16));
    const Data data = Clustered(200, 1, kWide);
    EXPECT_NE(dynamic_cast<BlockGraphIndex*>(Build("AUTOINDEX", Metric::kL2, data).get()), nullptr);
}

TEST(BlockGraph, EveryWidthIsACodeWidthAndRotationKeepsLengths) {
    for (size_t dim :
         {1u, 64u, 65u, 96u, 100u, 128u, 384u, 700u, 768u, 960u, 1536u, 3000u, 4096u}) {
        const Rotation rotation(dim, 5);
        ASSERT_EQ(rotation.width(), RotatedWidth(dim));
        EXPECT_GE(rotation.width(), dim);
        EXPECT_EQ(rotation.width() % 64, 0u);
        std::vector<float> v(rotation.width());
        std::mt19937 random(6);
        double before = 0, after = 0;
        for (size_t d = 0; d < dim; ++d) {
            v[d] = static_cast<float>(random() % 1000) - 500;
            before += static_cast<double>(v[d]) * v[d];
        }
        rotation.Apply(v.data());
        for (float x : v) {
            after += static_cast<double>(x) * x;
        }
        EXPECT_NEAR(after / before, 1, 1e-4) << dim;
    }
}

TEST(BlockGraph, RecallAgainstBruteForceForEveryMetric) {
    const Data data = Clustered(kManyRows, 2, kWide);
    for (Metric metric : kDenseMetricsTested) {
        SearchParams params;
        EXPECT_GE(Recall(*Build("AUTOINDEX", metric, data), data, params), 0.97);
        params.params = {{"ef", "64"}};
        EXPECT_GE(Recall(*BuildGraph(metric, data), data, params), 0.95);
    }
}

TEST(BlockGraph, RecallAtOtherWidthsAndDegrees) {
    SearchParams params;
    params.params = {{"ef", "64"}};
    for (uint32_t dim : {64u, 200u, 768u}) {
        const Data data = Clustered(kManyRows, 2, dim);
        for (const char* m : {"4", "16", "40"}) {
            const auto index =
                BuildGraph(Metric::kCosine, data, {{"M", m}, {"efConstruction", "100"}});
            EXPECT_GE(Recall(*index, data, params), 0.95) << dim << " " << m;
        }
    }
}

TEST(BlockGraph, ScoresAreExact) {
    const Data data = Clustered(kManyRows, 3, kWide);
    for (Metric metric : kDenseMetricsTested) {
        const auto index = BuildGraph(metric, data);
        const Neighbors found = Find(*index, data.query(0), SearchParams());
        EXPECT_EQ(found.counters.strategy, Strategy::kWalk);
        EXPECT_GT(found.counters.hops, 0u);
        EXPECT_GT(found.counters.distances, 0u);
        for (size_t i = 0; i < found.rows.size(); ++i) {
            const float want =
                TrueScore(metric, data.query(0),
                          data.rows.data() + static_cast<size_t>(found.rows[i]) * kWide, kWide);
            EXPECT_NEAR(found.scores[i], want, 1e-4f * (1 + std::fabs(want)));
        }
    }
}

TEST(BlockGraph, LargeKIsFoundToo) {
    const Data data = Clustered(kManyRows, 4, kWide);
    const auto index = BuildGraph(Metric::kCosine, data);
    SearchParams params;
    params.k = 100;
    params.params = {{"ef", "150"}};
    EXPECT_GE(Recall(*index, data, params), 0.95);
}

TEST(BlockGraph, FiltersOfEverySelectivityKeepRecallAndCount) {
    const Data data = Clustered(kManyRows, 5, kWide);
    for (Metric metric : kDenseMetricsTested) {
        const auto index = Build("AUTOINDEX", metric, data);
        const auto small = BuildGraph(metric, data, {{"M", "8"}});
        for (double share : {1.0, 0.8, 0.5, 0.2, 0.1, 0.05, 0.01, 0.001, 0.0}) {
            const base::Bitmap filter = RandomFilter(kManyRows, share, 6);
            SearchParams params;
            params.filter = filter;
            if (filter.None()) {
                EXPECT_TRUE(Find(*index, data.query(0), params).rows.empty());
                continue;
            }
            EXPECT_GE(Recall(*index, data, params), 0.96) << share;
            params.params = {{"ef", "16"}};
            EXPECT_GE(Recall(*small, data, params), 0.6) << share;
        }
    }
}

TEST(BlockGraph, TheStrategyFollowsTheFilter) {
    constexpr uint32_t kEnoughToWalk = 9000;
    const Data data = Clustered(kEnoughToWalk, 7, 64);
    const auto index = BuildGraph(Metric::kL2, data);
    SearchParams params;
    params.k = 5;
    const base::Bitmap most = RandomFilter(kEnoughToWalk, 0.8, 8);
    params.filter = most;
    EXPECT_EQ(Find(*index, data.query(0), params).counters.strategy, Strategy::kFilteredWalk);
    const base::Bitmap some = RandomFilter(kEnoughToWalk, 0.1, 9);
    params.filter = some;
    EXPECT_EQ(Find(*index, data.query(0), params).counters.strategy, Strategy::kCodeScan);
    const base::Bitmap few = RandomFilter(kEnoughToWalk, 0.01, 9);
    params.filter = few;
    EXPECT_EQ(Find(*index, data.query(0), params).counters.strategy, Strategy::kExactScan);
}

TEST(BlockGraph, AFilterThatExcludesTheNeighbourhoodStillFillsTopK) {
    const Data data = Clustered(kManyRows, 10, kWide);
    const auto index = BuildGraph(Metric::kL2, data);
    const auto order = Truth(data, Metric::kL2, data.query(0), kManyRows);
    base::Bitmap filter(kManyRows);
    for (size_t i = kManyRows / 2; i < kManyRows; ++i) {
        filter.Set(order[i]);
    }
    SearchParams params;
    params.filter = filter;
    params.k = 20;
    const Neighbors found = Find(*index, data.query(0), params);
    ASSERT_EQ(found.rows.size(), 20u);
    size_t hits = 0;
    for (size_t i = 0; i < 20; ++i) {
        hits += static_cast<size_t>(
            std::count(found.rows.begin(), found.rows.end(), order[kManyRows / 2 + i]));
    }
    EXPECT_GE(hits, 18u);
}

TEST(BlockGraph, FewRowsAndMoreAskedThanExist) {
    for (uint32_t rows : {0u, 1u, 2u, 33u, 300u}) {
        const Data data = Clustered(rows, 11, kWide);
        for (const char* type : {"HNSW", "AUTOINDEX"}) {
            const auto index = Build(type, Metric::kL2, data);
            SearchParams params;
            for (size_t k : {1u, 5000u}) {
                params.k = k;
                const Neighbors found = Find(*index, data.query(0), params);
                EXPECT_EQ(found.rows, Truth(data, Metric::kL2, data.query(0), k));
            }
            auto opened = OpenIndex(base::Buffer::FromString(Saved(*index)));
            ASSERT_TRUE(opened.ok()) << opened.status().reason();
            EXPECT_TRUE((*opened)->Verify().ok());
        }
    }
}

TEST(BlockGraph, CopiesOfOneVectorStayReachableAndLeadOut) {
    Data data = Clustered(kManyRows, 12, kWide);
    for (uint32_t row = 0; row < kManyRows; row += 2) {
        std::copy_n(data.rows.data(), kWide, data.rows.data() + static_cast<size_t>(row) * kWide);
    }
    base::Bitmap others(kManyRows);
    for (uint32_t row = 1; row < kManyRows; row += 2) {
        others.Set(row);
    }
    for (Metric metric : kDenseMetricsTested) {
        const auto index = Build("AUTOINDEX", metric, data);
        SearchParams params;
        params.filter = others;
        EXPECT_GE(Recall(*index, data, params), 0.95);
        const Neighbors found = Find(*index, data.rows.data(), SearchParams());
        ASSERT_EQ(found.rows.size(), 10u);
        if (metric != Metric::kIp) {
            for (uint32_t row : found.rows) {
                EXPECT_EQ(row % 2, 0u);
            }
        }
    }
}

// Copies offer each other again and again, so that a pool may hold nothing else.
TEST(BlockGraph, ManyCopiesOfEachVectorAreLeftWithoutAScan) {
    constexpr uint32_t kCopies = 40;
    Data data = Clustered(20'000, 21, kWide);  // so many that a scan costs more by any prices
    for (uint32_t row = 0; row < data.count(); ++row) {
        const uint32_t original = row % (data.count() / kCopies);
        std::copy_n(data.rows.data() + static_cast<size_t>(original) * kWide, kWide,
                    data.rows.data() + static_cast<size_t>(row) * kWide);
    }
    const auto index = BuildGraph(Metric::kL2, data, {{"M", "16"}});
    SearchParams params;
    params.k = kCopies + 4;
    size_t hops_most = 0;
    for (size_t q = 0; q < kQueries; ++q) {
        const Neighbors found = Find(*index, data.query(q), params);
        EXPECT_EQ(found.rows.size(), params.k);
        EXPECT_EQ(found.counters.strategy, Strategy::kWalk);
        ExpectOrdered(Metric::kL2, found);
        hops_most = std::max<size_t>(hops_most, found.counters.hops);
    }
    EXPECT_GT(hops_most, 2 * params.k);  // some walks were made again
}

TEST(BlockGraph, AllRowsEqual) {
    Data data = Clustered(1500, 13, kWide);
    for (uint32_t row = 1; row < 1500; ++row) {
        std::copy_n(data.rows.data(), kWide, data.rows.data() + static_cast<size_t>(row) * kWide);
    }
    const auto index = BuildGraph(Metric::kL2, data, {{"M", "4"}});
    SearchParams params;
    params.k = 50;
    const Neighbors found = Find(*index, data.query(0), params);
    EXPECT_EQ(found.rows.size(), 50u);
    ExpectOrdered(Metric::kL2, found);
}

TEST(BlockGraph, RangesHold) {
    const Data data = Clustered(kManyRows, 14, kWide);
    for (Metric metric : kDenseMetricsTested) {
        const auto index = Build("AUTOINDEX", metric, data);
        const float* query = data.query(1);
        const auto order = Truth(data, metric, query, kManyRows);
        const auto score = [&](size_t rank) {
            return TrueScore(metric, query,
                             data.rows.data() + static_cast<size_t>(order[rank]) * kWide, kWide);
        };
        for (size_t outer : {0, 5, 60, 600}) {
            SearchParams params;
            params.k = 100;
            params.radius = (score(outer) + score(outer + 1)) / 2;
            const size_t want = std::min<size_t>(outer + 1, 100);
            const Neighbors found = Find(*index, query, params);
            EXPECT_LE(found.rows.size(), want);
            EXPECT_GE(found.rows.size() + want / 20, want) << outer;
            ExpectOrdered(metric, found);
        }
    }
}

// Nodes on the way to the query are farther than all of a range, and say nothing of where it ends.
TEST(BlockGraph, ARangeBehindManyRowsIsReached) {
    const Data data = Clustered(9000, 16, kWide);
    for (const char* form : {"fast", "compact"}) {
        const auto index = BuildGraph(Metric::kL2, data, {{"M", "16"}, {"form", form}});
        SearchParams params;
        params.k = 100;
        params.params = {{"ef", "100"}};
        for (size_t q = 0; q < 5; ++q) {
            EXPECT_EQ(FoundBehind(*index, data, data.query(q), 600, 300, params).rows.size(), 100u);
        }
    }
}

// Nearness by 8-bit rows puts a row of zeros before others that COSINE has before it.
TEST(BlockGraph, RowsOfZerosPushNoneOut) {
    constexpr uint32_t kZeros = 7;
    constexpr uint32_t kEnoughToWalk = 9000;
    Data data = Clustered(kEnoughToWalk, 24, kWide);
    std::mt19937 random(25);
    std::normal_distribution<float> normal;
    for (float& value : data.rows) {
        value = normal(random);
    }
    std::fill_n(data.rows.data(), kZeros * kWide, 0.0f);
    const auto index = Build("AUTOINDEX", Metric::kCosine, data);
    size_t hits = 0;  // of 50; rows without any pattern are hard to find
    for (size_t q = 0; q < 5; ++q) {
        std::vector<std::pair<float, uint32_t>> order;
        for (uint32_t row = kZeros; row < kEnoughToWalk; ++row) {
            order.emplace_back(-TrueScore(Metric::kCosine, data.query(q),
                                          data.rows.data() + size_t{row} * kWide, kWide),
                               row);
        }
        std::sort(order.begin(), order.end());
        SearchParams params;
        params.params = {{"ef", "64"}};
        const Neighbors found = Find(*index, data.query(q), params);
        ASSERT_EQ(found.rows.size(), 10u);
        for (size_t i = 0; i < 10; ++i) {
            hits += static_cast<size_t>(
                std::count(found.rows.begin(), found.rows.end(), order[i].second));
        }
        EXPECT_EQ(found.counters.strategy, Strategy::kWalk);
    }
    EXPECT_GE(hits, 25u);
}

// Pages of a range: few rows are asked for, far from the query.
TEST(BlockGraph, FilteredRangesHold) {
    const Data data = Clustered(kManyRows, 26, kWide);
    const base::Bitmap filter = RandomFilter(kManyRows, 0.5, 27);
    const auto index = Build("AUTOINDEX", Metric::kL2, data);
    const float* query = data.query(1);
    std::vector<float> scores;
    for (const uint32_t row : Truth(data, Metric::kL2, query, kManyRows)) {
        if (base::BitmapView(filter).Test(row)) {
            scores.push_back(
                TrueScore(Metric::kL2, query, data.rows.data() + size_t{row} * kWide, kWide));
        }
    }
    for (size_t first : {20, 100, 300}) {
        SearchParams params;
        params.filter = filter;
        params.radius = (scores[first + 99] + scores[first + 100]) / 2;
        params.range_filter = (scores[first - 1] + scores[first]) / 2;
        const Neighbors found = Find(*index, query, params);
        EXPECT_EQ(found.rows.size(), 10u) << first;
        EXPECT_LE(std::fabs(found.scores.front() - scores[first]), 1e-3f * scores[first]) << first;
    }
}

TEST(BlockGraph, ASavedIndexAnswersTheSameFromItsFile) {
    const Data data = Clustered(kManyRows, 15, kWide);
    for (Metric metric : kDenseMetricsTested) {
        const auto index = Build("AUTOINDEX", metric, data);
        const std::string bytes = Saved(*index);
        auto opened = OpenIndex(base::Buffer::FromString(bytes));
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        EXPECT_EQ((*opened)->index_type(), "AUTOINDEX");
        EXPECT_EQ((*opened)->metric(), metric);
        EXPECT_EQ((*opened)->dim(), kWide);
        EXPECT_EQ((*opened)->memory_bytes(), index->memory_bytes());
        EXPECT_TRUE((*opened)->Verify().ok());
        EXPECT_TRUE(index->Verify().ok());
        for (size_t q = 0; q < kQueries; ++q) {
            const Neighbors a = Find(*index, data.query(q), SearchParams());
            const Neighbors b = Find(**opened, data.query(q), SearchParams());
            ASSERT_EQ(a.rows, b.rows);
            ASSERT_EQ(a.scores, b.scores);
        }
        EXPECT_EQ(Saved(**opened), bytes);
    }
}

TEST(BlockGraph, AMappedFileIsUsedInPlace) {
    const Data data = Clustered(1200, 16, kWide);
    const auto index = BuildGraph(Metric::kCosine, data);
    sys::FileSystem& disk = sys::PosixFileSystem();
    const std::string path = sys::JoinPath(testing::TempDir(), "elanus_block_graph_mapped");
    std::unique_ptr<Index> opened;
    {
        auto file = disk.Open(path, sys::OpenMode::kCreateOrOpen);
        ASSERT_TRUE(file.ok()) << file.status().reason();
        ASSERT_TRUE((*file)->Truncate(0).ok());
        ASSERT_TRUE((*file)->WriteAt(0, Saved(*index)).ok());
        auto mapped = (*file)->Map();
        ASSERT_TRUE(mapped.ok());
        auto result = OpenIndex(*mapped);
        ASSERT_TRUE(result.ok()) << result.status().reason();
        opened = std::move(*result);
    }
    ASSERT_TRUE(disk.Remove(path).ok());
    EXPECT_EQ(Find(*opened, data.query(0), SearchParams()).rows,
              Find(*index, data.query(0), SearchParams()).rows);
}

TEST(BlockGraph, OneSeedBuildsTheSameFileOnAnyNumberOfThreads) {
    const Data data = Clustered(kManyRows, 17, kWide);
    const std::string first = Saved(*BuildGraph(Metric::kIp, data, {{"M", "16"}}));
    EXPECT_EQ(first, Saved(*BuildGraph(Metric::kIp, data, {{"M", "16"}})));
    sys::ThreadPool pool("build", 3);
    EXPECT_EQ(first, Saved(*BuildGraph(Metric::kIp, data, {{"M", "16"}}, &pool)));
}

TEST(BlockGraph, ParallelSearchesDoNotDisturbEachOther) {
    const Data data = Clustered(kManyRows, 18, kWide);
    sys::ThreadPool pool("search", 4);
    const auto index = BuildGraph(Metric::kCosine, data, {}, &pool);
    std::vector<std::vector<uint32_t>> want;
    for (size_t q = 0; q < kQueries; ++q) {
        want.push_back(Find(*index, data.query(q), SearchParams()).rows);
    }
    std::atomic<int> wrong{0};
    pool.ParallelFor(300, [&](size_t i) {
        Neighbors out;
        const base::Status status = index->Search(data.query(i % kQueries), SearchParams(), &out);
        wrong += status.ok() && out.rows == want[i % kQueries] ? 0 : 1;
    });
    EXPECT_EQ(wrong.load(), 0);
}

TEST(BlockGraph, AnInterruptEndsABuild) {
    const Data data = Clustered(1000, 19, kWide);
    BuildParams build{"HNSW", VectorType::kFloat, Metric::kL2, kWide, {}};
    for (int after : {0, 1, 10, 40}) {
        std::atomic<int> asked{0};
        BuildInput input;
        input.vectors = data.rows.data();
        input.rows = data.count();
        input.interrupt = [&] {
            return ++asked > after ? base::Status::Error(base::Code::kCanceled) : base::Status();
        };
        EXPECT_EQ(BuildIndex(build, input).status().code(), base::Code::kCanceled) << after;
    }
}

TEST(BlockGraph, NumbersThatAreNoneDoNoHarm) {
    for (const uint32_t rows : {600u, 2600u}) {
        Data data = Clustered(rows, 20, kWide);
        data.rows[5] = std::numeric_limits<float>::quiet_NaN();
        data.rows[kWide + 7] = std::numeric_limits<float>::infinity();
        data.rows[2 * kWide] = 3e38f;
        std::vector<float> query(kWide, std::numeric_limits<float>::quiet_NaN());
        for (Metric metric : kDenseMetricsTested) {
            const auto index = BuildGraph(metric, data, {{"M", "8"}});
            EXPECT_EQ(Find(*index, query.data(), SearchParams()).rows.size(), 10u);
            EXPECT_EQ(Find(*index, data.query(0), SearchParams()).rows.size(), 10u);
        }
    }
}

// Checksums are not read when a file is opened, so whatever the bytes say must be survived.
void Survive(const std::string& bytes, const base::Bitmap& filter) {
    auto opened = OpenIndex(base::Buffer::FromString(bytes));
    if (!opened.ok()) {
        EXPECT_EQ(opened.status().code(), base::Code::kDataCorruption);
        return;
    }
    EXPECT_EQ((*opened)->Verify().code(), base::Code::kDataCorruption);
    const std::vector<float> query(kDimMax, 0.5f);
    SearchParams params;
    params.k = 3;
    params.params = {{"ef", "3"}};
    for (bool filtered : {false, true}) {
        if (filtered && (*opened)->size() != filter.size()) {
            continue;
        }
        params.filter = filtered ? base::BitmapView(filter) : base::BitmapView();
        Neighbors out;
        const base::Status status = (*opened)->Search(query.data(), params, &out);
        EXPECT_TRUE(status.ok() || status.code() == base::Code::kDataCorruption);
        for (uint32_t row : out.rows) {
            EXPECT_LT(row, (*opened)->size());
        }
    }
}

constexpr uint32_t kFewRows = 600;  // enough that a walk is cheaper than a scan

void SurviveDamageOf(const std::string& good) {
    ASSERT_TRUE((*OpenIndex(base::Buffer::FromString(good)))->Verify().ok());
    base::Bitmap filter(kFewRows, true);
    filter.Reset(3);
    std::mt19937 random(22);
    for (size_t at = 0; at < good.size(); at += at < 1024 ? 1 : 1 + random() % 512) {
        for (int flip : {0x01, 0x80, 0xff}) {
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ flip);
            Survive(bad, filter);
        }
    }
    for (size_t size = 0; size < good.size(); size += 997) {
        EXPECT_FALSE(OpenIndex(base::Buffer::FromString(good.substr(0, size))).ok());
    }
    for (int round = 0; round < 300; ++round) {
        std::string bad = good;
        for (int i = 0; i < 16000; ++i) {
            bad[192 + random() % (bad.size() - 600)] = static_cast<char>(random());
        }
        Survive(bad, filter);
    }
}

TEST(BlockGraph, DamageIsSurvivedAndFound) {
    const Data data = Clustered(kFewRows, 21, 64);
    const std::string good =
        Saved(*BuildGraph(Metric::kL2, data, {{"M", "2"}, {"efConstruction", "8"}}));
    SurviveDamageOf(good);
    SurviveDamageOf(WithMeans(good));
}

// The numbers of all neighbours, or the row, of the node of the row that is nearest to query 0: its
// block is visited for sure. So many dimensions that pages are walked to.
TEST(BlockGraph, ABadNumberIsFoundByTheSearchOrPageThatMeetsIt) {
    constexpr uint32_t kDim = 768, kRowsOfPages = 2600;
    const Data data = Clustered(kRowsOfPages, 23, kDim);
    const std::string_view query(reinterpret_cast<const char*>(data.query(0)), 4 * kDim);
    for (const bool compact : {false, true}) {
        const auto index =
            BuildGraph(Metric::kL2, data, {{"M", "16"}, {"form", compact ? "compact" : "fast"}});
        const std::string good = Saved(*index);
        const std::string blocks(ReadGraph(good).Section(kGraphBlocks)->view());
        const BlockLayout layout{kDim, 32, compact ? BlockForm::kCompact : BlockForm::kFast};
        const uint32_t best = Find(*index, data.query(0), SearchParams()).rows[0];
        const size_t block = NodesIn(good)[best] * layout.block_bytes();
        std::string bad_neighbours = blocks, bad_row = blocks;
        for (size_t i = 0; i < 32; ++i) {
            bad_neighbours[block + layout.own_bytes() + layout.ids_offset() + 4 * i + 3] = '\x7f';
        }
        bad_row[block + offsetof(BlockLayout::Own, row) + 3] = '\x7f';
        for (const std::string& bad : {bad_neighbours, bad_row}) {
            auto opened = OpenIndex(base::Buffer::FromString(WithSection(good, kGraphBlocks, bad)));
            ASSERT_TRUE(opened.ok());
            Neighbors out;
            for (size_t k : {10u, 40u}) {
                SearchParams params;
                params.k = k;
                EXPECT_EQ((*opened)->Search(data.query(0), params, &out).code(),
                          base::Code::kDataCorruption);
            }
            auto iterator = (*opened)->NewIterator(query, SearchParams());
            ASSERT_TRUE(iterator.ok()) << iterator.status().reason();
            EXPECT_EQ((*iterator)->Next(10, {}, &out).code(), base::Code::kDataCorruption);
            EXPECT_EQ((*opened)->Verify().code(), base::Code::kDataCorruption);
        }
    }
}

// Checksums are right in these.
TEST(BlockGraph, VerifyComparesRowsAndNodes) {
    const Data data = Clustered(700, 32, 64);
    const std::string good = Saved(*BuildGraph(Metric::kL2, data));
    const auto verify = [&](const std::vector<uint32_t>& nodes) {
        const std::string_view bytes(reinterpret_cast<const char*>(nodes.data()),
                                     nodes.size() * sizeof(uint32_t));
        return (*OpenIndex(base::Buffer::FromString(WithSection(good, kGraphNodes, bytes))))
            ->Verify()
            .code();
    };
    const std::vector<uint32_t> nodes = NodesIn(good);
    EXPECT_EQ(verify(nodes), base::Code::kOk);
    std::vector<uint32_t> exchanged = nodes, beyond = nodes, twice = nodes;
    std::swap(exchanged[3], exchanged[600]);
    *std::find(beyond.begin(), beyond.end(), 699u) = 700;
    twice[5] = twice[6];
    for (const auto& bad : {exchanged, beyond, twice}) {
        EXPECT_EQ(verify(bad), base::Code::kDataCorruption);
    }
}

// Blocks of near rows share pages.
TEST(BlockGraph, NodesOfNearRowsLieNearEachOther) {
    constexpr uint32_t kRows = 6000;
    const Data data = Clustered(kRows, 28, 64);
    const auto index = BuildGraph(Metric::kL2, data);
    const std::vector<uint32_t> nodes = NodesIn(Saved(*index));
    double between_near = 0, between_any = 0;
    for (size_t q = 0; q < kQueries; ++q) {
        const Neighbors found = Find(*index, data.query(q), SearchParams());
        for (size_t i = 1; i < found.rows.size(); ++i) {
            const auto node = [&](uint32_t row) { return static_cast<double>(nodes[row]); };
            between_near += std::fabs(node(found.rows[i]) - node(found.rows[i - 1]));
            between_any += std::fabs(node(found.rows[i]) - node(static_cast<uint32_t>(q)));
        }
    }
    EXPECT_LT(between_near, between_any / 3);
}

// Of so many rows the router has means.
TEST(BlockGraph, AGraphOfManyRowsIsSavedAndFinds) {
    const Data data = Clustered(2600, 33, 64);
    for (const Metric metric : kDenseMetricsTested) {
        const auto index = BuildGraph(metric, data);
        const std::string file = Saved(*index);
        EXPECT_EQ(ReadGraph(file).format_version(), kBlockGraphVersion);
        const auto opened = OpenIndex(base::Buffer::FromString(file));
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        EXPECT_TRUE((*opened)->Verify().ok());
        EXPECT_EQ(Saved(**opened), file);
        EXPECT_GE(Recall(**opened, data, SearchParams()), 0.95);
        for (size_t q = 0; q < kQueries; ++q) {
            EXPECT_EQ(Find(**opened, data.query(q), SearchParams()).rows,
                      Find(*index, data.query(q), SearchParams()).rows);
        }
        const std::string before = WithoutMeans(file);
        const auto old = OpenIndex(base::Buffer::FromString(before));
        ASSERT_TRUE(old.ok()) << old.status().reason();
        EXPECT_EQ(Saved(**old), before);
        EXPECT_GE(Recall(**old, data, SearchParams()), 0.95);
    }
}

// The first groups of a router or all others name what there is not.
void ExpectBadRouterIsFound(const Data& data, const std::string& good, size_t first_groups) {
    const std::string router(ReadGraph(good).Section(kGraphRouter)->view());
    const BlockLayout layout{64, 32};
    std::string bad_first = router, bad_others = router;
    for (size_t at = layout.ids_offset(); at < router.size(); at += layout.group_bytes()) {
        std::string& bad = at < first_groups * layout.group_bytes() ? bad_first : bad_others;
        for (size_t i = 0; i < BlockLayout::kGroup; ++i) {
            bad[at + 4 * i + 3] = '\x7f';
        }
    }
    for (const std::string& bad : {bad_first, bad_others}) {
        if (bad == router) {
            continue;
        }
        auto opened = OpenIndex(base::Buffer::FromString(WithSection(good, kGraphRouter, bad)));
        ASSERT_TRUE(opened.ok());
        Neighbors out;
        EXPECT_EQ((*opened)->Search(data.query(0), SearchParams(), &out).code(),
                  base::Code::kDataCorruption);
        EXPECT_EQ((*opened)->Verify().code(), base::Code::kDataCorruption);
    }
}

TEST(BlockGraph, ABadMeanOrRowToStartFromIsFound) {
    const Data many = Clustered(2600, 34, 64);
    ExpectBadRouterIsFound(many, Saved(*BuildGraph(Metric::kL2, many)), 1);
    const Data few = Clustered(kManyRows, 35, 64);
    ExpectBadRouterIsFound(few, Saved(*BuildGraph(Metric::kL2, few)), 0);
}

// What a version does not have is not taken from its files.
TEST(BlockGraph, TheVersionSaysWhetherThereAreMeans) {
    const std::string flat = Saved(*BuildGraph(Metric::kL2, Clustered(kFewRows, 36, 64)));
    const std::string means = WithMeans(flat);
    EXPECT_EQ(ReadGraph(flat).format_version(), 4u);
    EXPECT_EQ(ReadGraph(Saved(*BuildGraph(Metric::kL2, Clustered(0, 36, 64)))).format_version(),
              2u);
    for (const auto& [file, version] : {std::pair(&flat, 5u), std::pair(&means, 4u)}) {
        const std::string other = Rewritten(*file, version, {});
        EXPECT_EQ(OpenIndex(base::Buffer::FromString(other)).status().code(),
                  base::Code::kDataCorruption);
    }
}

TEST(BlockGraph, FilesOfBeforeAnswerTheSame) {
    const Data data = Clustered(kManyRows, 29, kWide);
    const base::Bitmap some = RandomFilter(kManyRows, 0.3, 30);
    for (Metric metric : kDenseMetricsTested) {
        const auto index = Build("AUTOINDEX", metric, data);
        const OldBlockGraph old(Saved(*index), kWide);
        for (uint32_t version : {1u, 2u, 3u}) {
            const std::string file = old.Write(version);
            const auto opened = OpenIndex(base::Buffer::FromString(file));
            ASSERT_TRUE(opened.ok()) << opened.status().reason();
            EXPECT_TRUE((*opened)->Verify().ok());
            EXPECT_EQ(Saved(**opened), file);
            for (const size_t k : {10u, 40u}) {
                SearchParams params;
                params.k = k;
                for (const base::BitmapView filter : {base::BitmapView(), base::BitmapView(some)}) {
                    params.filter = filter;
                    EXPECT_GE(Recall(**opened, data, params), 0.95);
                    for (size_t q = 0; version == 3 && q < kQueries; ++q) {
                        EXPECT_EQ(Find(**opened, data.query(q), params).rows,
                                  Find(*index, data.query(q), params).rows);
                    }
                }
            }
        }
    }
}

}  // namespace
}  // namespace elanus::vindex
