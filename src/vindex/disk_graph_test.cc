// What is particular to DISKANN with codes in memory: budgets, versions of the file.
#include "vindex/disk_graph.h"

#include "vindex/disk_testing.h"

namespace elanus::vindex {
namespace {

TEST(DiskGraph, MemoryIsWithinItsBudgets) {
    const Data data = Clustered(kFew, 3, 96);
    const double raw = static_cast<double>(data.rows.size()) * sizeof(float);
    for (double cache : {0.0, 0.1, 0.5, 1.0}) {
        for (double codes : {0.0, 0.01, 0.05, 0.125}) {
            ParamMap params = NoCache(kDim);
            params["search_cache_budget_gb_ratio"] = std::to_string(cache);
            params["pq_code_budget_gb_ratio"] = std::to_string(codes);
            const auto built = Build("DISKANN", Metric::kL2, data, nullptr, params);
            OnDisk disk(sys::PosixFileSystem(), Saved(*built));
            const auto opened = disk.Open();
            ASSERT_TRUE(opened.ok()) << opened.status().reason();
            const double row_codes = std::max(codes * 96 * 4, 1.0) * data.count();
            const double books = 256 * 97 * 4 + 256 * 97 * 4;
            EXPECT_LE(static_cast<double>((*opened)->memory_bytes()),
                      row_codes + books + cache * raw + 1);
            disk.reads = 0;
            EXPECT_GE(Recall(**opened, data, With(10, {{"search_list", "100"}})),
                      codes < 0.02 ? 0.2 : 0.95);
        }
    }
}

TEST(DiskGraph, PlanesAreWithinTheirBudgetToo) {
    const Data data = Clustered(kFew, 3, kWide);
    const double raw = static_cast<double>(data.rows.size()) * sizeof(float);
    for (double codes : {0.125, 0.26}) {
        ParamMap params = NoCache(kDim);
        params["search_cache_budget_gb_ratio"] = "0.03";
        params["pq_code_budget_gb_ratio"] = std::to_string(codes);
        OnDisk disk(sys::PosixFileSystem(),
                    Saved(*Build("DISKANN", Metric::kCosine, data, nullptr, params)));
        const auto opened = disk.Open();
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        EXPECT_LE(static_cast<double>((*opened)->memory_bytes()),
                  (codes + 0.03) * raw + kWide * sizeof(float));
        EXPECT_GE(Recall(**opened, data, With(10, {{"search_list", "100"}})), 0.95);
    }
}

// What an older server can read it shall.
TEST(DiskGraph, OnlyFilesWithPlanesAreOfTheSecondVersion) {
    for (const uint32_t dim : {kDim, kWide}) {
        const std::string bytes =
            Saved(*Build("DISKANN", Metric::kL2, Clustered(300, 3, dim), nullptr, NoCache(dim)));
        const auto reader =
            codec::EnvelopeReader::Open(base::Buffer::FromString(bytes), kDiskGraphFormat, 2);
        ASSERT_TRUE(reader.ok());
        EXPECT_EQ(reader->format_version(), dim == kWide ? 2u : 1u);
    }
}

TEST(DiskGraph, ABudgetInGigabytesIsOne) {
    const Data data = Clustered(1000, 4, 64);
    ParamMap params = NoCache(kDim);
    params["pq_code_budget_gb"] = std::to_string(1000.0 * 8 / (1 << 30));  // 8 bytes a row
    params["search_cache_budget_gb"] = "1";
    const auto built = Build("DISKANN", Metric::kL2, data, nullptr, params);
    OnDisk disk(sys::PosixFileSystem(), Saved(*built));
    const auto opened = disk.Open();
    ASSERT_TRUE(opened.ok());
    disk.reads = 0;
    EXPECT_GE(Recall(**opened, data, With(10, {{"search_list", "100"}})), 0.9);
    EXPECT_EQ(disk.reads, 0u);  // all of it is in the cache
    params["build_dram_budget_gb"] = "0.0001";
    BuildParams build{"DISKANN", VectorType::kFloat, Metric::kL2, 64, params};
    BuildInput input;
    input.vectors = data.rows.data();
    input.rows = data.count();
    EXPECT_EQ(BuildIndex(build, input).status().code(), base::Code::kInvalidParameter);
}

}  // namespace
}  // namespace elanus::vindex
