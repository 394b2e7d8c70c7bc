// What is particular to DISKANN with codes of neighbours in its nodes: which vectors have it, what
// it reads and keeps in memory, files of the form before.
#include "vindex/disk_blocks.h"

#include "vindex/disk_graph.h"
#include "vindex/disk_testing.h"

#include <cstring>
#include <map>

namespace elanus::vindex {
namespace {

std::string FormatOf(const std::string& file) {
    return *codec::EnvelopeReader::FormatOf(base::Buffer::FromString(file));
}

// That of the nodes of a file the first `cached`, about, are those that most others lead to.
void ExpectMostLeadToTheFirst(const std::string& file, uint32_t rows, uint32_t cached) {
    const auto reader =
        *codec::EnvelopeReader::Open(base::Buffer::FromString(file), kDiskBlocksFormat, 1);
    const base::Buffer nodes = *reader.Section({4, 0});
    const BlockLayout layout{RotatedWidth(kBlocksDim), 32, BlockForm::kDisk};
    std::vector<uint32_t> leading(rows);
    for (uint32_t node = 0; node < rows; ++node) {
        const uint8_t* block = nodes.data() + nodes.size() - (rows - node) * sys::kBlockBytes;
        const uint32_t* ids = GroupIds(layout, block + layout.own_bytes());
        for (size_t i = 0; i < BlockLayout::kGroup; ++i) {
            leading[ids[i]] += ids[i] != 0 ? 1 : 0;  // free places say 0
        }
    }
    const uint32_t first = std::min(cached * 9 / 10, rows), behind = std::min(cached + 10, rows);
    if (first > 1 && behind < rows) {
        EXPECT_GE(*std::min_element(leading.begin() + 1, leading.begin() + first),
                  *std::max_element(leading.begin() + behind, leading.end()));
    }
}

TEST(DiskBlocks, VectorsOfManyDimensionsHaveIt) {
    const std::map<std::pair<uint32_t, VectorType>, bool> all = {
        {{128, VectorType::kFloat}, false},  {{383, VectorType::kFloat}, false},
        {{384, VectorType::kFloat}, true},   {{768, VectorType::kFloat}, true},
        {{768, VectorType::kFloat16}, true}, {{1024, VectorType::kFloat}, true},
        {{1536, VectorType::kFloat}, true},  {{1536, VectorType::kBFloat16}, false},
        {{3072, VectorType::kFloat}, true},  {{8192, VectorType::kFloat}, false},
    };
    for (const auto& [vectors, fits] : all) {
        const BuildParams params{"DISKANN", vectors.second, Metric::kL2, vectors.first, {}};
        EXPECT_EQ(DiskBlocksIndex::Fits(params), fits) << vectors.first;
    }
    EXPECT_EQ(FormatOf(Saved(*Build("DISKANN", Metric::kL2, Clustered(50, 1, kBlocksDim)))),
              kDiskBlocksFormat);
    EXPECT_EQ(FormatOf(Saved(*Build("DISKANN", Metric::kL2, Clustered(50, 1, kWide)))),
              kDiskGraphFormat);
}

// So many rows have a router with means.
TEST(DiskBlocks, VectorsAreReadOfThoseThatMayBeTheBest) {
    const Data data = Clustered(2400, 2, kBlocksDim);
    for (Metric metric : kDenseMetricsTested) {
        OnDisk disk(sys::PosixFileSystem(),
                    Saved(*Build("DISKANN", metric, data, nullptr, NoCache(data.dim))));
        const auto opened = disk.Open();
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        for (const char* width : {"1", "16"}) {
            disk.reads = 0;
            size_t hops = 0;
            for (size_t q = 0; q < kQueries; ++q) {
                hops += Find(**opened, data.query(q),
                             With(10, {{"search_list", "60"}, {"beamwidth", width}}))
                            .counters.hops;
            }
            const double vectors = static_cast<double>(disk.reads - hops) / kQueries;
            EXPECT_GE(vectors, 10) << MetricName(metric);
            EXPECT_LE(vectors, 35) << MetricName(metric);
        }
    }
}

TEST(DiskBlocks, TheCacheHasTheNodesThatMostLeadTo) {
    const Data data = Clustered(kFew, 3, kBlocksDim);
    const double raw = static_cast<double>(data.rows.size()) * sizeof(float);
    const auto params = With(10, {{"search_list", "60"}});
    double reads_before = 0;
    for (double cache : {0.0, 0.1, 0.3, 3.0}) {
        ParamMap build = NoCache(kBlocksDim);
        build[cache <= 0.1 ? "pq_code_budget_gb_ratio" : "search_cache_budget_gb"] =
            std::to_string(cache <= 0.1 ? cache : cache * raw / (1 << 30));
        const std::string file = Saved(*Build("DISKANN", Metric::kCosine, data, nullptr, build));
        OnDisk disk(sys::PosixFileSystem(), file);
        const auto opened = disk.Open();
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        const double least = kFew / 8 * 80 + kBlocksDim * sizeof(float) + 20'000;
        EXPECT_LE(static_cast<double>((*opened)->memory_bytes()), std::max(cache * raw, least));
        disk.reads = 0;
        EXPECT_GE(Recall(**opened, data, params), 0.97);
        const double reads = static_cast<double>(disk.reads) / kQueries;
        if (cache == 0.3) {
            EXPECT_LT(reads, reads_before);
        } else if (cache == 3.0) {
            EXPECT_LE(reads, 25);  // vectors alone
        }
        reads_before = reads;
        ExpectMostLeadToTheFirst(file, kFew, static_cast<uint32_t>(cache * raw / 4096));
    }
}

TEST(DiskBlocks, MoreNeighboursAreKeptWhereThereIsRoom) {
    const auto bytes = [](uint32_t dim, const char* degree) {
        return Saved(*Build("DISKANN", Metric::kL2, Clustered(200, 4, dim), nullptr,
                            {{"max_degree", degree}}))
            .size();
    };
    EXPECT_EQ(bytes(384, "8"), bytes(384, "40"));  // two nodes a block
    EXPECT_EQ(bytes(384, "56"), bytes(384, "2048"));
    EXPECT_GT(bytes(384, "56"), bytes(384, "40") + 200 * sys::kBlockBytes / 2 - 20'000);
    EXPECT_EQ(bytes(768, "8"), bytes(768, "2048"));
}

TEST(DiskBlocks, ABudgetOfTheBuildIsThatOfItsLargestPart) {
    const Data data = Clustered(1000, 4, 768);
    const auto status = [&](double bytes_a_row) {
        ParamMap params = NoCache(768);
        params["build_dram_budget_gb"] = std::to_string(1000 * bytes_a_row / (1 << 30));
        BuildInput input;
        input.vectors = data.rows.data();
        input.rows = data.count();
        return BuildIndex({"DISKANN", VectorType::kFloat, Metric::kCosine, 768, params}, input)
            .status();
    };
    EXPECT_TRUE(status(8500).ok()) << status(8500).reason();  // floats, codes, lists and nodes
    EXPECT_EQ(status(7000).code(), base::Code::kInvalidParameter);
}

TEST(DiskBlocks, AFileOfTheFormBeforeIsRead) {
    const Data data = Clustered(kFew, 5, kBlocksDim);
    const BuildParams params{"DISKANN", VectorType::kFloat, Metric::kCosine, kBlocksDim,
                             NoCache(kBlocksDim)};
    BuildInput input;
    input.vectors = data.rows.data();
    input.rows = data.count();
    const auto built = DiskGraphIndex::Build(params, input);
    ASSERT_TRUE(built.ok()) << built.status().reason();
    OnDisk disk(sys::PosixFileSystem(), Saved(**built));
    const auto opened = disk.Open();
    ASSERT_TRUE(opened.ok()) << opened.status().reason();
    EXPECT_GE(Recall(**opened, data, With(10, {{"search_list", "60"}})), 0.95);
}

TEST(DiskBlocks, ARowOfZerosIsFound) {
    Data data = Clustered(500, 6, kBlocksDim);
    std::fill_n(data.rows.begin() + 7 * kBlocksDim, kBlocksDim, 0.0f);
    std::fill_n(data.queries.begin(), kBlocksDim, 0.0f);
    for (Metric metric : kDenseMetricsTested) {
        OnDisk disk(sys::PosixFileSystem(),
                    Saved(*Build("DISKANN", metric, data, nullptr, NoCache(data.dim))));
        const auto opened = disk.Open();
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        for (size_t q = 0; q < 5; ++q) {
            const Neighbors found =
                Find(**opened, data.query(q), With(20, {{"search_list", "80"}}));
            ASSERT_EQ(found.rows.size(), 20u);
            if (metric == Metric::kL2 && q == 0) {
                EXPECT_EQ(found.rows.front(), 7u);  // the query is one of zeros as well
            }
            ExpectOrdered(metric, found);
            for (size_t i = 0; i < found.rows.size(); ++i) {
                EXPECT_NEAR(found.scores[i],
                            TrueScore(metric, data.query(q),
                                      data.rows.data() + found.rows[i] * kBlocksDim, kBlocksDim),
                            1e-2);
            }
        }
    }
}

TEST(DiskBlocks, VerifyFindsWhatChecksumsDoNot) {
    const Data data = Clustered(300, 7, kBlocksDim);
    const std::string file =
        Saved(*Build("DISKANN", Metric::kL2, data, nullptr, NoCache(data.dim)));
    const auto reader =
        *codec::EnvelopeReader::Open(base::Buffer::FromString(file), kDiskBlocksFormat, 1);
    const BlockLayout layout{RotatedWidth(kBlocksDim), 32, BlockForm::kDisk};
    const auto with = [&](size_t node_offset, uint32_t value) {
        codec::StringSink sink;
        codec::EnvelopeWriter writer(sink, kDiskBlocksFormat, 1);
        for (const codec::SectionEntry& entry : reader.sections()) {
            std::string bytes(reader.Section(entry.id)->view());
            if (entry.id.kind == 4) {
                const size_t nodes = bytes.size() - 300 * sys::kBlockBytes;
                std::memcpy(bytes.data() + nodes + node_offset, &value, sizeof value);
            }
            writer.AddSection(entry.id, bytes);
        }
        EXPECT_TRUE(writer.Finish().ok());
        return OpenIndex(base::Buffer::FromString(sink.Take()));
    };
    const size_t row = offsetof(BlockLayout::Own, row);
    const size_t link = layout.own_bytes() + layout.ids_offset();
    uint32_t second = 0;
    std::memcpy(&second,
                reader.Section({4, 0})->data() + reader.Section({4, 0})->size() -
                    299 * sys::kBlockBytes + row,
                sizeof second);
    for (const auto& [at, value] : std::map<size_t, uint32_t>{{row, 300}, {link, 300}}) {
        const auto opened = with(at, value);
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        EXPECT_EQ((*opened)->Verify().code(), base::Code::kDataCorruption);
    }
    EXPECT_EQ((*with(row, second))->Verify().code(), base::Code::kDataCorruption);
    EXPECT_TRUE((*OpenIndex(base::Buffer::FromString(file)))->Verify().ok());
}

}  // namespace
}  // namespace elanus::vindex
