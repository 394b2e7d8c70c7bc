// DISKANN against brute force, in its forms: read from a real file past the page cache, from a
// simulated disk and from memory; filters, ranges, types, damaged files and failing disks.
#include "simd/half.h"
#include "vindex/disk_blocks.h"
#include "vindex/disk_testing.h"

#include <cmath>

namespace elanus::vindex {
namespace {

// By the dimensions of the vectors.
class DiskForms : public testing::TestWithParam<uint32_t> {};
class DiskCodeForms : public testing::TestWithParam<uint32_t> {};

std::string DimName(const testing::TestParamInfo<uint32_t>& dim) {
    return "Dim" + std::to_string(dim.param);
}
INSTANTIATE_TEST_SUITE_P(All, DiskForms, testing::Values(kDim, kWide, kBlocksDim), DimName);
INSTANTIATE_TEST_SUITE_P(All, DiskCodeForms, testing::Values(kDim, 200u, kWide, kBlocksDim),
                         DimName);

TEST_P(DiskCodeForms, FindsTheNearestByReads) {
    const uint32_t dim = GetParam();
    const Data data = Clustered(kFew, 1, dim);
    for (Metric metric : kDenseMetricsTested) {
        SCOPED_TRACE(MetricName(metric));
        const auto built = Build("DISKANN", metric, data, nullptr, NoCache(data.dim));
        EXPECT_EQ(built->index_type(), "DISKANN");
        EXPECT_TRUE(built->Verify().ok());
        OnDisk disk(sys::PosixFileSystem(), Saved(*built));
        const auto opened = disk.Open();
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        EXPECT_EQ(disk.reads, 0u);
        const auto params = With(10, {{"search_list", "60"}, {"beamwidth", "6"}});
        EXPECT_GE(Recall(**opened, data, params), 0.95);
        const double reads = static_cast<double>(disk.reads) / kQueries;
        EXPECT_GE(reads, 55);
        EXPECT_LE(reads, dim == kBlocksDim ? 120 : 100);  // vectors are read besides
        EXPECT_LE(disk.most, 6u);
        EXPECT_GE(disk.most, 2u);
        EXPECT_EQ(disk.wide, sys::kBlockBytes);
        const Neighbors found = Find(**opened, data.query(0), params);
        for (size_t i = 0; i < found.rows.size(); ++i) {
            EXPECT_NEAR(
                found.scores[i],
                TrueScore(metric, data.query(0), data.rows.data() + found.rows[i] * dim, dim),
                1e-3);
        }
    }
}

TEST(DiskIndex, RowsLongerThanABlockAreReadWhole) {
    const Data data = Clustered(600, 2, 1500);
    const auto built = Build("DISKANN", Metric::kL2, data, nullptr, NoCache(data.dim));
    OnDisk disk(sys::PosixFileSystem(), Saved(*built));
    const auto opened = disk.Open();
    ASSERT_TRUE(opened.ok()) << opened.status().reason();
    EXPECT_GE(Recall(**opened, data, With(10, {{"search_list", "40"}})), 0.95);
    EXPECT_EQ(disk.wide, 2 * sys::kBlockBytes);
}

TEST_P(DiskForms, EveryWayToReadGivesTheSameRows) {
    const Data data = Clustered(kFew, 5, GetParam());
    for (Metric metric : kDenseMetricsTested) {
        const auto built = Build("DISKANN", metric, data, nullptr, NoCache(data.dim));
        const std::string bytes = Saved(*built);
        const auto mapped = OpenIndex(base::Buffer::FromString(bytes));
        ASSERT_TRUE(mapped.ok());
        EXPECT_TRUE((*mapped)->Verify().ok());
        EXPECT_EQ(Saved(**mapped), bytes);
        sys::SimFileSystem sim;
        OnDisk simulated(sim, bytes);
        const auto from_sim = simulated.Open();
        ASSERT_TRUE(from_sim.ok()) << from_sim.status().reason();
        for (size_t q = 0; q < kQueries; ++q) {
            // One at a time and in order: the same walk everywhere.
            const auto params = With(10, {{"search_list", "40"}, {"beamwidth", "1"}});
            const Neighbors a = Find(*built, data.query(q), params);
            EXPECT_EQ(a.rows, Find(**mapped, data.query(q), params).rows);
            EXPECT_EQ(a.rows, Find(**from_sim, data.query(q), params).rows);
        }
    }
}

TEST_P(DiskForms, EveryPassRatioGivesKRows) {
    const Data data = Clustered(kFew, 6, GetParam());
    const auto built = Build("DISKANN", Metric::kCosine, data, nullptr, NoCache(data.dim));
    OnDisk disk(sys::PosixFileSystem(), Saved(*built));
    const auto opened = disk.Open();
    ASSERT_TRUE(opened.ok());
    for (double share : {0.9, 0.5, 0.2, 0.05, 0.01, 0.001}) {
        const base::Bitmap filter = RandomFilter(data.count(), share, 7);
        for (const char* list : {"16", "60"}) {
            SearchParams params = With(10, {{"search_list", list}});
            params.filter = filter;
            EXPECT_GE(Recall(**opened, data, params), list[0] == '1' ? 0.7 : 0.93) << share;
        }
    }
    // A scan of everything, in long reads.
    disk.wide = 0;
    EXPECT_EQ(Recall(**opened, data, With(kFew, {})), 1.0);
    EXPECT_GT(disk.wide, sys::kBlockBytes);
}

TEST_P(DiskForms, RangesHold) {
    const Data data = Clustered(kFew, 8, GetParam());
    for (Metric metric : kDenseMetricsTested) {
        OnDisk disk(sys::PosixFileSystem(),
                    Saved(*Build("DISKANN", metric, data, nullptr, NoCache(data.dim))));
        const auto opened = disk.Open();
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        for (size_t q = 0; q < 10; ++q) {
            const Neighbors near = FoundBehind(**opened, data, data.query(q), 9, 51, With(100, {}));
            EXPECT_EQ(near.counters.strategy, Strategy::kWalk);
            EXPECT_GE(near.rows.size(), 49u);
            // Wider walks than the first one: many rows are nearer than the range.
            const Neighbors far = FoundBehind(**opened, data, data.query(q), 150, 200,
                                              With(20, {{"search_list", "20"}}));
            EXPECT_EQ(far.rows.size(), 20u);
        }
        SearchParams filtered = With(20, {{"search_list", "20"}});
        const base::Bitmap half = RandomFilter(data.count(), 0.5, 18);
        filtered.filter = half;
        EXPECT_EQ(FoundBehind(**opened, data, data.query(0), 40, 200, filtered).rows.size(), 20u);
    }
}

// As many rows as were asked for, by a walk; no more of the vectors are read than it meets.
TEST_P(DiskForms, ManyRowsAreFoundByWalks) {
    const Data data = Clustered(kFew, 17, GetParam());
    OnDisk disk(sys::PosixFileSystem(),
                Saved(*Build("DISKANN", Metric::kCosine, data, nullptr, NoCache(data.dim))));
    const auto opened = disk.Open();
    ASSERT_TRUE(opened.ok()) << opened.status().reason();
    for (const size_t k : {60, 100, 300}) {
        const Neighbors found = Find(**opened, data.query(1), With(k, {{"beamwidth", "16"}}));
        EXPECT_EQ(found.counters.strategy, Strategy::kWalk) << k;
        EXPECT_EQ(found.rows.size(), k);
        EXPECT_LE(found.counters.hops, 2 * k + 30);
    }
}

TEST_P(DiskForms, ManyReadsAtOnceLoseNoPassingRows) {
    const Data data = Clustered(kFew, 19, GetParam());
    OnDisk disk(sys::PosixFileSystem(),
                Saved(*Build("DISKANN", Metric::kL2, data, nullptr, NoCache(data.dim))));
    const auto opened = disk.Open();
    ASSERT_TRUE(opened.ok()) << opened.status().reason();
    SearchParams params = With(20, {{"search_list", "24"}, {"beamwidth", "128"}});
    const base::Bitmap half = RandomFilter(data.count(), 0.5, 20);
    params.filter = half;
    EXPECT_GE(Recall(**opened, data, params), 0.93);
}

TEST_P(DiskForms, HalfPrecisionRowsKeepTheirValues) {
    Data data = Clustered(kFew, 9, GetParam());
    for (VectorType type : {VectorType::kFloat16, VectorType::kBFloat16}) {
        const auto convert = [&](std::vector<float>* values) {
            std::vector<uint16_t> halves;
            for (float& x : *values) {
                const bool half = type == VectorType::kFloat16;
                halves.push_back(half ? simd::HalfFromFloat(x) : simd::BFloat16FromFloat(x));
                x = half ? simd::FloatFromHalf(halves.back())
                         : simd::FloatFromBFloat16(halves.back());
            }
            return halves;
        };
        const std::vector<uint16_t> rows = convert(&data.rows), queries = convert(&data.queries);
        for (Metric metric : kDenseMetricsTested) {
            BuildParams build{"DISKANN", type, metric, data.dim, NoCache(data.dim)};
            BuildInput input;
            input.vectors = rows.data();
            input.rows = data.count();
            const auto built = BuildIndex(build, input);
            ASSERT_TRUE(built.ok()) << built.status().reason();
            OnDisk disk(sys::PosixFileSystem(), Saved(**built));
            const auto opened = disk.Open();
            ASSERT_TRUE(opened.ok());
            size_t hits = 0;
            for (size_t q = 0; q < kQueries; ++q) {
                const auto truth = Truth(data, metric, data.query(q), 10);
                Neighbors found;
                ASSERT_TRUE((*opened)
                                ->Search(queries.data() + q * data.dim,
                                         With(10, {{"search_list", "60"}}), &found)
                                .ok());
                for (size_t i = 0; i < found.rows.size(); ++i) {
                    hits += std::count(truth.begin(), truth.end(), found.rows[i]) > 0 ? 1 : 0;
                    const float want =
                        TrueScore(metric, data.query(q),
                                  data.rows.data() + found.rows[i] * data.dim, data.dim);
                    EXPECT_NEAR(found.scores[i], want, 2e-3 * (1 + std::fabs(want)));
                }
            }
            EXPECT_GE(hits, 10 * kQueries * 95 / 100);
        }
    }
}

void ExpectDamageDoesNoHarm(const Data& data, int rounds) {
    const std::string good =
        Saved(*Build("DISKANN", Metric::kL2, data, nullptr, {{"max_degree", "12"}}));
    std::mt19937 random(11);
    for (int round = 0; round < rounds; ++round) {
        std::string bad = good;
        for (int i = 0; i < 1 + round % 40; ++i) {
            bad[random() % bad.size()] = static_cast<char>(random());
        }
        if (round % 10 == 0) {
            bad.resize(random() % bad.size());
        }
        sys::SimFileSystem sim;
        OnDisk disk(sim, bad);
        const auto opened = round % 2 == 0 ? disk.Open() : OpenIndex(base::Buffer::FromString(bad));
        if (!opened.ok()) {
            continue;
        }
        EXPECT_TRUE(bad == good || !(*opened)->Verify().ok());
        const base::Bitmap filter = RandomFilter(data.count(), 0.1, 12);
        for (size_t q = 0; q < 6; ++q) {
            SearchParams params = With(q % 3 == 0 ? 500 : 10, {});
            params.filter = q % 2 == 0 ? base::BitmapView(filter) : base::BitmapView();
            Neighbors out;
            const auto status = (*opened)->Search(data.query(q), params, &out);
            EXPECT_TRUE(status.ok() || status.code() == base::Code::kDataCorruption ||
                        status.code() == base::Code::kIoUnexpectedEof)
                << status.reason();
        }
    }
}

TEST_P(DiskForms, DamagedFilesDoNoHarm) {
    ExpectDamageDoesNoHarm(Clustered(GetParam() == kDim ? 500 : 300, 10, GetParam()),
                           GetParam() == kDim ? 300 : 100);
}

TEST_P(DiskForms, AFileThatEndsTooSoonIsAnErrorOfTheSearch) {
    const Data data = Clustered(2000, 13, GetParam());
    const std::string bytes =
        Saved(*Build("DISKANN", Metric::kL2, data, nullptr, NoCache(data.dim)));
    for (sys::FileSystem* files : {static_cast<sys::FileSystem*>(&sys::PosixFileSystem())}) {
        const std::string path = sys::JoinPath(
            testing::TempDir(), "disk-graph-short-" + std::to_string(sys::RealRandom().Next()));
        const auto file = files->Open(path, sys::OpenMode::kCreateNew);
        ASSERT_TRUE(file.ok());
        const auto opened = OpenIndex(base::Buffer::FromString(bytes), [&] {
            return files->Open(path, sys::OpenMode::kReadDirect);
        });
        ASSERT_TRUE(opened.ok());
        Neighbors out;
        EXPECT_EQ((*opened)->Search(data.query(0), With(10, {}), &out).code(),
                  base::Code::kIoUnexpectedEof);
        ASSERT_TRUE((*file)->WriteAt(0, bytes).ok());
        EXPECT_TRUE((*opened)->Search(data.query(0), With(10, {}), &out).ok());
        EXPECT_EQ(out.rows.size(), 10u);
        EXPECT_TRUE(files->Remove(path).ok());
    }
}

TEST_P(DiskForms, FewRowsAndNoneAreFine) {
    for (uint32_t rows : {0u, 1u, 2u, 9u}) {
        const Data data = Clustered(rows, 14, GetParam());
        const auto built = Build("DISKANN", Metric::kIp, data);
        OnDisk disk(sys::PosixFileSystem(), Saved(*built));
        const auto opened = disk.Open();
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        EXPECT_TRUE((*opened)->Verify().ok());
        EXPECT_EQ(Find(**opened, data.query(0), With(10, {})).rows.size(),
                  std::min<size_t>(10, rows));
    }
}

TEST_P(DiskForms, InterruptsEndBuildsAndSearches) {
    const Data data = Clustered(kFew, 15, GetParam());
    BuildParams build{"DISKANN", VectorType::kFloat, Metric::kL2, GetParam(), NoCache(GetParam())};
    BuildInput input;
    input.vectors = data.rows.data();
    input.rows = data.count();
    input.interrupt = [] { return base::Internal("enough"); };
    EXPECT_FALSE(BuildIndex(build, input).ok());
    const auto built = Build("DISKANN", Metric::kL2, data, nullptr, NoCache(data.dim));
    SearchParams params = With(10, {{"search_list", "200"}});
    params.interrupt = [] { return base::Internal("enough"); };
    Neighbors out;
    const base::Status stopped = built->Search(data.query(0), params, &out);
    EXPECT_NE(stopped.reason().find("enough"), std::string::npos) << stopped.reason();
}

TEST(DiskGraphParams, BadOnesAreRefused) {
    const std::pair<ParamMap, const char*> all[] = {
        {{{"max_degree", "0"}}, "param 'max_degree' (0) should be in range [1, 2048]"},
        {{{"max_degree", "2049"}}, "param 'max_degree' (2049)"},
        {{{"search_list_size", "0"}}, "param 'search_list_size' (0)"},
        {{{"pq_code_budget_gb_ratio", "2"}}, "param 'pq_code_budget_gb_ratio' (2)"},
        {{{"search_cache_budget_gb", "-1"}}, "param 'search_cache_budget_gb' (-1)"},
        {{{"disk_pq_dims", "8"}}, "param 'disk_pq_dims' (8)"},
        {{{"warm_up", "perhaps"}}, "param 'warm_up' (perhaps) should be boolean"},
    };
    for (const auto& [params, phrase] : all) {
        const base::Status status =
            ValidateBuildParams("DISKANN", VectorType::kFloat, "L2", kDim, params);
        EXPECT_EQ(status.code(), base::Code::kInvalidParameter);
        EXPECT_NE(status.reason().find(phrase), std::string::npos) << status.reason();
    }
    EXPECT_FALSE(ValidateBuildParams("DISKANN", VectorType::kInt8, "L2", kDim, {}).ok());
    EXPECT_FALSE(ValidateBuildParams("DISKANN", VectorType::kBinary, "HAMMING", 64, {}).ok());
    for (const char* name : {"search_list", "search_list_size"}) {
        EXPECT_NE(ValidateSearchParams("DISKANN", Metric::kL2, 10, {{name, "9"}})
                      .reason()
                      .find("(9) should be larger than k(10)"),
                  std::string::npos);
    }
    EXPECT_FALSE(ValidateSearchParams("DISKANN", Metric::kL2, 10, {{"beamwidth", "129"}}).ok());
    EXPECT_FALSE(ValidateSearchParams("DISKANN", Metric::kL2, 10, {{"beamwidth", "0"}}).ok());
    EXPECT_TRUE(ValidateSearchParams("DISKANN", Metric::kL2, 10, {{"ef", "1"}}).ok());
}

}  // namespace
}  // namespace elanus::vindex
