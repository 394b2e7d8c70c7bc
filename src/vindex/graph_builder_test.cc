// The graph that a build leaves: its invariants, its recall where it is hard to get about, and that
// memory, threads and stops do to it only what they should.
#include "vindex/graph_builder.h"

#include "sys/executor.h"
#include "vindex/index_testing.h"
#include "vindex/near_blocks.h"

#include <atomic>

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

CodedRows Coded(const Data& data) {
    const VectorView view(VectorType::kFloat, Metric::kL2, data.dim, data.count(), data.rows.data(),
                          nullptr);
    auto coded = CodedRows::Make(view, 1, nullptr, nullptr);
    EXPECT_TRUE(coded.ok());
    return std::move(*coded);
}

NeighborLists Graph(const CodedRows& rows, const GraphOptions& options) {
    auto lists = GraphBuilder(rows, options).Build();
    EXPECT_TRUE(lists.ok()) << lists.status().reason();
    return std::move(*lists);
}

// `clusters` groups far from each other, each of as many rows.
Data Islands(uint32_t clusters, uint32_t rows, uint32_t dim) {
    std::mt19937 random(11);
    std::normal_distribution<float> normal;
    std::vector<float> centres(size_t{clusters} * dim);
    for (float& value : centres) {
        value = 4 * normal(random);
    }
    Data data;
    data.dim = dim;
    const auto fill = [&](size_t count, std::vector<float>* out) {
        for (size_t i = 0; i < count; ++i) {
            const size_t centre = random() % clusters;
            for (uint32_t d = 0; d < dim; ++d) {
                out->push_back(centres[centre * dim + d] + normal(random));
            }
        }
    };
    fill(size_t{clusters} * rows, &data.rows);
    fill(kQueries, &data.queries);
    return data;
}

TEST(GraphBuilder, ListsHoldOtherRowsOnce) {
    const Data data = Clustered(3000, 3, 64);
    const CodedRows rows = Coded(data);
    const NeighborLists lists = Graph(rows, {});
    for (uint32_t row = 0; row < data.count(); ++row) {
        const std::set<uint32_t> links(lists.Links(row), lists.Links(row) + lists.counts[row]);
        EXPECT_EQ(links.size(), lists.counts[row]) << row;
        EXPECT_GE(links.size(), 4u) << row;
        EXPECT_EQ(links.count(row), 0u) << row;
        EXPECT_LT(*links.rbegin(), data.count());
    }
}

TEST(GraphBuilder, ThreadsDoNotChangeTheGraph) {
    const Data data = Clustered(3000, 4, 64);
    const CodedRows rows = Coded(data);
    const NeighborLists alone = Graph(rows, {});
    sys::ThreadPool pool("build", 3);
    GraphOptions options;
    options.executor = &pool;
    const NeighborLists together = Graph(rows, options);
    EXPECT_EQ(alone.counts, together.counts);
    EXPECT_EQ(alone.links, together.links);
    EXPECT_EQ(alone.order, together.order);
}

// 250 islands and rows to start from behind 23 means, of which 6 are looked at: many an island has
// none of these.
TEST(GraphBuilder, IslandsAreReached) {
    const Data data = Islands(250, 24, 64);
    const auto index = Build("HNSW", Metric::kL2, data);
    SearchParams params;
    params.params["ef"] = "128";
    EXPECT_GE(Recall(*index, data, params), 0.99);
}

TEST(GraphBuilder, LittleMemoryCostsLittleRecall) {
    const Data data = Clustered(kRows, 5, 64);
    BuildParams build{"HNSW", VectorType::kFloat, Metric::kL2, data.dim, {}};
    BuildInput input;
    input.vectors = data.rows.data();
    input.rows = data.count();
    input.memory_max_bytes = uint64_t{data.count()} * 300;
    const auto index = BuildIndex(build, input);
    ASSERT_TRUE(index.ok());
    SearchParams params;
    params.params["ef"] = "64";
    EXPECT_GE(Recall(**index, data, params), 0.95);
}

// Rows without any structure, which every walk finds hard.
TEST(GraphBuilder, MoreEffortFindsMore) {
    const Data data = Islands(1, 8000, 64);
    SearchParams params;
    params.params["ef"] = "16";
    const auto recall = [&](const char* m, const char* effort) {
        const auto index =
            Build("HNSW", Metric::kL2, data, nullptr, {{"M", m}, {"efConstruction", effort}});
        return Recall(*index, data, params);
    };
    const double usual = recall("16", "200");
    EXPECT_GT(usual, recall("16", "16"));
    EXPECT_GT(recall("32", "200"), usual);
}

TEST(GraphBuilder, AStopIsTheResult) {
    const Data data = Clustered(3000, 8, 64);
    const CodedRows rows = Coded(data);
    for (int after : {0, 3, 20, 60}) {
        std::atomic<int> asked{0};
        GraphOptions options;
        options.interrupt = [&] {
            return ++asked > after ? base::Status(base::Internal("stopped")) : base::Status();
        };
        EXPECT_FALSE(GraphBuilder(rows, options).Build().ok()) << after;
    }
}

TEST(NearBlocks, CandidatesAreOtherRowsAndCloseToTheBest) {
    const Data data = Clustered(3000, 9, 64);
    const CodedRows rows = Coded(data);
    NearBlockOptions options;
    options.rows_max = 256;
    options.rows_typical = 128;
    const auto found = FindCandidates(rows, options);
    ASSERT_TRUE(found.ok());
    size_t nearest_found = 0;
    for (uint32_t row = 0; row < data.count(); ++row) {
        const auto picked = found->Of(row);
        EXPECT_EQ(std::count(picked.begin(), picked.end(), row), 0) << row;
        EXPECT_TRUE(std::all_of(picked.begin(), picked.end(), [&](uint32_t other) {
            return other < data.count() || other == Candidates::kNone;
        }));
        const auto truth = Truth(data, Metric::kL2, data.rows.data() + size_t{row} * data.dim, 2);
        nearest_found += std::count(picked.begin(), picked.end(), truth[1]) > 0 ? 1 : 0;
    }
    EXPECT_GE(nearest_found, data.count() * 95 / 100);
}

}  // namespace
}  // namespace elanus::vindex
