// Every family against brute force: recall, filters, ranges, corner sizes, files and their damage.
#include "vindex/index.h"

#include "codec/envelope.h"
#include "sys/file_system.h"
#include "vindex/exact_scan.h"
#include "vindex/family.h"
#include "vindex/index_testing.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

constexpr Metric kMetrics[] = {Metric::kL2, Metric::kIp, Metric::kCosine};

TEST(Index, RecallAgainstBruteForceForEveryFamilyAndMetric) {
    const Data data = Clustered(kRows, 1);
    for (Metric metric : kMetrics) {
        SearchParams params;
        EXPECT_GE(Recall(*Build("FLAT", metric, data), data, params), 0.999);
        EXPECT_GE(Recall(*Build("AUTOINDEX", metric, data), data, params), 0.97);
        params.params = {{"ef", "64"}};
        EXPECT_GE(Recall(*Build("HNSW", metric, data), data, params), 0.95);
    }
}

TEST(Index, ScoresAreWhatMilvusShows) {
    const Data data = Clustered(kRows, 2);
    for (const char* type : {"FLAT", "HNSW"}) {
        for (Metric metric : kMetrics) {
            const auto index = Build(type, metric, data);
            const Neighbors found = Find(*index, data.query(0), SearchParams());
            for (size_t i = 0; i < found.rows.size(); ++i) {
                const float want =
                    TrueScore(metric, data.query(0), data.rows.data() + found.rows[i] * kDim, kDim);
                EXPECT_NEAR(found.scores[i], want, 1e-4f * (1 + std::fabs(want)));
            }
        }
    }
}

TEST(Index, CosineStaysWithinOneAndZeroVectorsScoreZero) {
    Data data = Clustered(300, 3);
    std::fill(data.rows.begin(), data.rows.begin() + kDim, 0.0f);
    const auto index = Build("FLAT", Metric::kCosine, data);
    SearchParams params;
    params.k = 300;
    const Neighbors found = Find(*index, data.rows.data() + 5 * kDim, params);
    EXPECT_EQ(found.rows[0], 5u);
    for (size_t i = 0; i < found.rows.size(); ++i) {
        EXPECT_LE(std::fabs(found.scores[i]), 1.0f);
        if (found.rows[i] == 0) {
            EXPECT_EQ(found.scores[i], 0.0f);
        }
    }
}

TEST(Index, FiltersOfEverySelectivityKeepRecallAndCount) {
    const Data data = Clustered(kRows, 4);
    for (Metric metric : {Metric::kL2, Metric::kCosine}) {
        const auto index = Build("AUTOINDEX", metric, data);
        const auto small = Build("HNSW", metric, data, nullptr, {{"M", "8"}});
        for (double share : {1.0, 0.5, 0.2, 0.1, 0.05, 0.01, 0.001, 0.0}) {
            const base::Bitmap filter = RandomFilter(kRows, share, 5);
            SearchParams params;
            params.filter = filter;
            if (filter.None()) {
                EXPECT_TRUE(Find(*index, data.query(0), params).rows.empty());
                continue;
            }
            EXPECT_GE(Recall(*index, data, params), 0.96) << share;
            params.params = {{"ef", "16"}};  // small effort: the filtered walk is chosen more often
            EXPECT_GE(Recall(*small, data, params), 0.6) << share;
        }
    }
}

// A filter that keeps only rows far from the query: a walk that only follows passing rows, or stops
// early, finds too few of them.
TEST(Index, AFilterThatExcludesTheNeighbourhoodStillFillsTopK) {
    const Data data = Clustered(kRows, 6);
    const auto index = Build("AUTOINDEX", Metric::kL2, data);
    const auto order = Truth(data, Metric::kL2, data.query(0), kRows);
    base::Bitmap filter(kRows);
    for (size_t i = kRows / 2; i < kRows; ++i) {
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
            std::count(found.rows.begin(), found.rows.end(), order[kRows / 2 + i]));
    }
    EXPECT_GE(hits, 18u);
}

TEST(Index, TheStrategyFollowsTheFilter) {
    const Data data = Clustered(kRows, 7);
    const auto index = Build("HNSW", Metric::kL2, data);
    SearchParams params;
    params.k = 5;
    EXPECT_EQ(Find(*index, data.query(0), params).counters.strategy, Strategy::kWalk);
    const base::Bitmap most = RandomFilter(kRows, 0.8, 8);
    params.filter = most;
    EXPECT_EQ(Find(*index, data.query(0), params).counters.strategy, Strategy::kFilteredWalk);
    const base::Bitmap few = RandomFilter(kRows, 0.01, 9);
    params.filter = few;
    const Neighbors found = Find(*index, data.query(0), params);
    EXPECT_EQ(found.counters.strategy, Strategy::kExactScan);
    EXPECT_EQ(found.counters.distances, few.Count());
    EXPECT_EQ(StrategyName(found.counters.strategy), "exact_scan");
}

TEST(Index, MoreRowsAskedThanExist) {
    for (uint32_t rows : {1u, 2u, 100u, 1200u}) {
        const Data data = Clustered(rows, 10);
        for (const char* type : {"FLAT", "HNSW", "AUTOINDEX"}) {
            const auto index = Build(type, Metric::kL2, data);
            SearchParams params;
            params.k = 5000;
            const Neighbors found = Find(*index, data.query(0), params);
            EXPECT_EQ(found.rows, Truth(data, Metric::kL2, data.query(0), rows));
        }
    }
}

TEST(Index, AnEmptyIndexAnswersNothingAndSurvivesItsFile) {
    Data data;
    for (const char* type : {"FLAT", "HNSW", "AUTOINDEX"}) {
        const auto index = Build(type, Metric::kCosine, data);
        const std::vector<float> query(kDim, 1.0f);
        EXPECT_TRUE(Find(*index, query.data(), SearchParams()).rows.empty());
        auto opened = OpenIndex(base::Buffer::FromString(Saved(*index)));
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        EXPECT_EQ((*opened)->size(), 0u);
        EXPECT_TRUE((*opened)->Verify().ok());
        EXPECT_TRUE(Find(**opened, query.data(), SearchParams()).rows.empty());
    }
}

TEST(Index, BadSearchesAreRefused) {
    const Data data = Clustered(100, 11);
    const auto index = Build("HNSW", Metric::kL2, data);
    Neighbors out;
    SearchParams params;
    params.k = 0;
    EXPECT_EQ(index->Search(data.query(0), params, &out).code(), base::Code::kInvalidParameter);
    const base::Bitmap wrong(99, true);
    params.k = 1;
    params.filter = wrong;
    EXPECT_EQ(index->Search(data.query(0), params, &out).code(), base::Code::kServiceInternal);
}

// Half of the rows are copies of one vector, some of others: copies must neither shut themselves
// off from the other rows nor hide from a query.
TEST(Index, CopiesOfOneVectorStayReachableAndLeadOut) {
    Data data = Clustered(kRows, 12);
    for (uint32_t row = 0; row < kRows; row += 2) {
        std::copy_n(data.rows.data(), kDim, data.rows.data() + row * kDim);
    }
    for (Metric metric : kMetrics) {
        const auto index = Build("AUTOINDEX", metric, data);
        base::Bitmap others(kRows);
        for (uint32_t row = 1; row < kRows; row += 2) {
            others.Set(row);
        }
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
        // Without the filter too: the nearest rows of a query are not its distance to the copies.
        size_t hits = 0;
        for (size_t q = 0; q < kQueries; ++q) {
            const float* query = data.rows.data() + (2 * q + 1) * kDim;
            const Neighbors near = Find(*index, query, SearchParams());
            const auto truth = Truth(data, metric, query, 1);
            const float want = TrueScore(metric, query, data.rows.data() + truth[0] * kDim, kDim);
            hits += std::fabs(near.scores[0] - want) < 1e-3f * (1 + std::fabs(want)) ? 1 : 0;
        }
        EXPECT_GE(hits, kQueries * 95 / 100);
    }
}

TEST(Index, AllRowsEqual) {
    Data data = Clustered(kRows, 13);
    for (uint32_t row = 1; row < kRows; ++row) {
        std::copy_n(data.rows.data(), kDim, data.rows.data() + row * kDim);
    }
    const auto index = Build("HNSW", Metric::kL2, data, nullptr, {{"M", "4"}});
    SearchParams params;
    params.k = 50;
    const Neighbors found = Find(*index, data.query(0), params);
    EXPECT_EQ(found.rows.size(), 50u);
    ExpectOrdered(Metric::kL2, found);
}

TEST(Index, RangeSearchReturnsTheBestWithinTheBorders) {
    const Data data = Clustered(kRows, 14);
    for (const char* type : {"FLAT", "HNSW", "AUTOINDEX"}) {
        for (Metric metric : kMetrics) {
            const auto index = Build(type, metric, data);
            const float* query = data.query(1);
            const auto order = Truth(data, metric, query, kRows);
            auto score = [&](size_t rank) {
                return TrueScore(metric, query, data.rows.data() + order[rank] * kDim, kDim);
            };
            for (size_t outer : {0, 5, 60, 600}) {
                for (size_t inner : {0, 3}) {
                    SearchParams params;
                    params.k = 100;
                    params.radius = (score(outer) + score(outer + 1)) / 2;
                    if (inner > 0) {
                        params.range_filter = (score(inner - 1) + score(inner)) / 2;
                    }
                    const size_t first = inner;
                    const size_t want =
                        outer + 1 > first ? std::min<size_t>(outer + 1 - first, 100) : 0;
                    const Neighbors found = Find(*index, query, params);
                    EXPECT_LE(found.rows.size(), want);
                    EXPECT_GE(found.rows.size() + want / 20, want) << type << " " << outer;
                    ExpectOrdered(metric, found);
                    for (float s : found.scores) {
                        EXPECT_TRUE(BetterThan(metric, s, *params.radius));
                        EXPECT_TRUE(inner == 0 || !BetterThan(metric, s, *params.range_filter));
                    }
                }
            }
        }
    }
}

// Nodes on the way to the query are farther than all of a range, and say nothing of where it ends.
TEST(Index, ARangeBehindManyRowsIsReached) {
    const Data data = Clustered(9000, 16, 96);
    const std::pair<const char*, ParamMap> all[] = {{"HNSW", {{"form", "fast"}}},
                                                    {"HNSW", {{"form", "lean"}}},
                                                    {"HNSW_SQ", {{"refine", "true"}}},
                                                    {"HNSW_SQ", {}},
                                                    {"DISKANN", {}},
                                                    {"IVF_FLAT", {{"nlist", "64"}}},
                                                    {"AUTOINDEX", {}}};
    for (const auto& [type, build] : all) {
        SCOPED_TRACE(type);
        const auto index = Build(type, Metric::kL2, data, nullptr, build);
        SearchParams params;
        params.k = 100;
        params.params = {{type == std::string("DISKANN") ? "search_list" : "ef", "100"}};
        for (size_t q = 0; q < 5; ++q) {
            EXPECT_EQ(FoundBehind(*index, data, data.query(q), 600, 300, params).rows.size(), 100u);
        }
    }
}

TEST(Index, BordersOfARangeAreOpenOutsideAndClosedInside) {
    Data data;
    data.dim = 1;
    data.rows = {0, 1, 2, 3};
    const float query = 0;
    SearchParams params;
    params.radius = 9.0f;
    params.range_filter = 1.0f;
    const auto l2 = Build("FLAT", Metric::kL2, data);
    EXPECT_EQ(Find(*l2, &query, params).rows, (std::vector<uint32_t>{1, 2}));
    const float one = 1;
    params.radius = 0.0f;
    params.range_filter = 2.0f;
    const auto ip = Build("FLAT", Metric::kIp, data);
    EXPECT_EQ(Find(*ip, &one, params).rows, (std::vector<uint32_t>{2, 1}));
}

TEST(Index, ASavedIndexAnswersTheSameFromItsFile) {
    const Data data = Clustered(kRows, 15);
    for (const char* type : {"FLAT", "HNSW", "AUTOINDEX"}) {
        for (Metric metric : kMetrics) {
            const auto index = Build(type, metric, data);
            const std::string bytes = Saved(*index);
            auto opened = OpenIndex(base::Buffer::FromString(bytes));
            ASSERT_TRUE(opened.ok()) << opened.status().reason();
            EXPECT_EQ((*opened)->index_type(), type);
            EXPECT_EQ((*opened)->metric(), metric);
            EXPECT_EQ((*opened)->dim(), kDim);
            EXPECT_EQ((*opened)->size(), kRows);
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
}

TEST(Index, AMappedFileIsUsedInPlace) {
    const Data data = Clustered(kRows, 24);
    const auto index = Build("AUTOINDEX", Metric::kCosine, data);
    sys::FileSystem& disk = sys::PosixFileSystem();
    const std::string path = sys::JoinPath(testing::TempDir(), "elanus_vindex_mapped");
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
    EXPECT_TRUE(opened->Verify().ok());
    EXPECT_EQ(Find(*opened, data.query(0), SearchParams()).rows,
              Find(*index, data.query(0), SearchParams()).rows);
}

TEST(Index, OneThreadAndOneSeedBuildTheSameFile) {
    const Data data = Clustered(800, 16);
    const std::string first = Saved(*Build("HNSW", Metric::kL2, data));
    EXPECT_EQ(first, Saved(*Build("HNSW", Metric::kL2, data)));
    sys::InlineExecutor executor;
    EXPECT_EQ(first, Saved(*Build("HNSW", Metric::kL2, data, &executor)));
}

TEST(Index, ParallelBuildAndParallelSearchKeepRecall) {
    const Data data = Clustered(kRows, 17);
    sys::ThreadPool pool("build", 4);
    const auto index = Build("HNSW", Metric::kCosine, data, &pool);
    EXPECT_TRUE(index->Verify().ok());
    std::atomic<int> wrong{0};
    pool.ParallelFor(200, [&](size_t i) {
        Neighbors out;
        const base::Status status = index->Search(data.query(i % kQueries), SearchParams(), &out);
        wrong += status.ok() && out.rows.size() == 10 ? 0 : 1;
    });
    EXPECT_EQ(wrong.load(), 0);
    SearchParams params;
    params.params = {{"ef", "64"}};
    EXPECT_GE(Recall(*index, data, params), 0.95);
}

TEST(Index, AnInterruptEndsBuildAndSearch) {
    const Data data = Clustered(kRows, 18);
    BuildParams build{"HNSW", VectorType::kFloat, Metric::kL2, kDim, {}};
    BuildInput input;
    input.vectors = data.rows.data();
    input.rows = kRows;
    input.interrupt = [] { return base::Status::Error(base::Code::kCanceled); };
    EXPECT_EQ(BuildIndex(build, input).status().code(), base::Code::kCanceled);
    const Data many = Clustered(20000, 19, 2);
    const auto index = Build("FLAT", Metric::kL2, many);
    SearchParams params;
    params.interrupt = input.interrupt;
    Neighbors out;
    EXPECT_EQ(index->Search(many.query(0), params, &out).code(), base::Code::kCanceled);
}

TEST(Index, AMisalignedQueryIsFine) {
    const Data data = Clustered(200, 21);
    const auto index = Build("HNSW", Metric::kL2, data);
    std::string bytes(1, 'x');
    bytes.append(reinterpret_cast<const char*>(data.query(0)), kDim * sizeof(float));
    Neighbors out;
    ASSERT_TRUE(index->Search(bytes.data() + 1, SearchParams(), &out).ok());
    EXPECT_EQ(out.rows, Find(*index, data.query(0), SearchParams()).rows);
}

// Checksums are not read when a file is opened, so whatever the bytes say must be survived: an
// error or any answer, in time, under the address sanitizer.
void Survive(const std::string& bytes, const std::vector<float>& query, const base::Bitmap& filter,
             bool expect_verify_fails) {
    auto opened = OpenIndex(base::Buffer::FromString(bytes));
    if (!opened.ok()) {
        EXPECT_EQ(opened.status().code(), base::Code::kDataCorruption);
        return;
    }
    if (expect_verify_fails) {
        EXPECT_EQ((*opened)->Verify().code(), base::Code::kDataCorruption);
    }
    Neighbors out;
    SearchParams params;
    params.k = 3;
    params.params = {{"ef", "3"}};
    for (bool filtered : {false, true}) {
        params.filter = filtered ? base::BitmapView(filter) : base::BitmapView();
        if (filtered && (*opened)->size() != filter.size()) {
            continue;
        }
        if ((*opened)->dim() * sizeof(float) > query.size() * sizeof(float)) {
            continue;
        }
        const base::Status status = (*opened)->Search(query.data(), params, &out);
        EXPECT_TRUE(status.ok() || status.code() == base::Code::kDataCorruption);
        for (uint32_t row : out.rows) {
            EXPECT_LT(row, (*opened)->size());
        }
    }
}

TEST(Index, EveryDamagedByteOfASmallFileIsSurvivedAndFound) {
    const Data data = Clustered(90, 22, 2);
    base::Bitmap filter(90, true);
    filter.Reset(3);
    const std::vector<float> query(kDimMax, 0.5f);
    for (const char* type : {"FLAT", "HNSW"}) {
        ParamMap params;
        if (std::string(type) == "HNSW") {
            params = {{"M", "2"}, {"efConstruction", "8"}};
        }
        const std::string good = Saved(*Build(type, Metric::kL2, data, nullptr, params));
        for (size_t at = 0; at < good.size(); ++at) {
            for (int flip : {0x01, 0x80, 0xff}) {
                std::string bad = good;
                bad[at] = static_cast<char>(bad[at] ^ flip);
                Survive(bad, query, filter, true);
            }
        }
        for (size_t size = 0; size < good.size(); ++size) {
            EXPECT_FALSE(OpenIndex(base::Buffer::FromString(good.substr(0, size))).ok());
        }
        // Several damages at once, where one alone would be refused.
        std::mt19937 random(23);
        for (int round = 0; round < 3000; ++round) {
            std::string bad = good;
            for (int i = 0; i < 40; ++i) {
                bad[64 + random() % (bad.size() - 200)] = static_cast<char>(random());
            }
            Survive(bad, query, filter, true);
        }
    }
}

TEST(Index, AnotherFormatIsRefused) {
    codec::StringSink sink;
    codec::EnvelopeWriter writer(sink, "segment", 1);
    ASSERT_TRUE(writer.Finish().ok());
    EXPECT_EQ(OpenIndex(base::Buffer::FromString(sink.Take())).status().code(),
              base::Code::kDataCorruption);
    EXPECT_FALSE(OpenIndex(base::Buffer()).ok());
}

}  // namespace
}  // namespace elanus::vindex
