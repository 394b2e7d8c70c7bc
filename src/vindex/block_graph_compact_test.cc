// The compact form of the block graph against brute force and against the fast form: recall, exact
// scores, filters, ranges, pages, size, files.
#include "sys/executor.h"
#include "vindex/block_graph.h"
#include "vindex/block_graph_testing.h"
#include "vindex/graph_router_testing.h"
#include "vindex/index_testing.h"
#include "vindex/row_iterator.h"

namespace elanus::vindex {
namespace {

constexpr uint32_t kWide = BlockGraphIndex::kCompactDimMin;
constexpr uint32_t kManyRows = 2600;  // walks are chosen, their reach is fitted, there are means

std::unique_ptr<Index> BuildCompact(Metric metric, const Data& data, ParamMap params = {},
                                    sys::Executor* executor = nullptr) {
    params["form"] = "compact";
    auto index = Build("HNSW", metric, data, executor, std::move(params));
    EXPECT_NE(dynamic_cast<BlockGraphIndex*>(index.get()), nullptr);
    return index;
}

TEST(CompactGraph, ABlockIsMuchSmallerThanTheVector) {
    for (size_t width : {384u, 512u, 768u, 1024u, 1536u, 3072u}) {
        BlockLayout layout{width, 32, true};
        EXPECT_EQ(layout.coded() % 64, 0u);
        EXPECT_LE(layout.block_bytes(), width * sizeof(float) * 84 / 100) << width;
        EXPECT_EQ(layout.block_bytes() % 64, 0u);
        layout.compact = false;
        EXPECT_EQ(layout.coded(), width);
        EXPECT_GT(layout.block_bytes(), width * sizeof(float) * 125 / 100) << width;
    }
}

TEST(CompactGraph, RecallForEveryMetricAndExactScores) {
    const Data data = Clustered(kManyRows, 41, kWide);
    SearchParams params;
    params.params = {{"ef", "64"}};
    for (Metric metric : kDenseMetricsTested) {
        const auto index = BuildCompact(metric, data);
        EXPECT_EQ(index->index_type(), "HNSW");
        EXPECT_GE(Recall(*index, data, params), 0.95);
        const Neighbors found = Find(*index, data.query(0), params);
        EXPECT_EQ(found.counters.strategy, Strategy::kWalk);
        for (size_t i = 0; i < found.rows.size(); ++i) {
            const float want = TrueScore(metric, data.query(0),
                                         data.rows.data() + size_t{found.rows[i]} * kWide, kWide);
            EXPECT_NEAR(found.scores[i], want, 1e-4f * (1 + std::fabs(want)));
        }
        params.k = 100;
        params.params["ef"] = "400";
        EXPECT_GE(Recall(*index, data, params), 0.95);
        params.k = 10;
        params.params["ef"] = "64";
    }
}

// Walks by fewer bits go to more nodes; with as many they find less.
TEST(CompactGraph, WalksGoByItsOwnCodes) {
    const Data data = Clustered(kManyRows, 42, 768);
    SearchParams params;
    params.params = {{"ef", "16"}};
    const auto compact = BuildCompact(Metric::kL2, data);
    const auto fast = Build("HNSW", Metric::kL2, data);
    EXPECT_LT(compact->memory_bytes(), fast->memory_bytes() * 3 / 4);
    EXPECT_GE(Recall(*compact, data, params), 0.85);
    size_t other = 0;
    for (size_t q = 0; q < kQueries; ++q) {
        other += Find(*compact, data.query(q), params).counters.hops !=
                         Find(*fast, data.query(q), params).counters.hops
                     ? 1
                     : 0;
    }
    EXPECT_GT(other, 0u);
}

TEST(CompactGraph, FiltersOfEverySelectivityKeepRecallAndCount) {
    const Data data = Clustered(kManyRows, 43, kWide);
    for (Metric metric : kDenseMetricsTested) {
        const auto index = BuildCompact(metric, data);
        for (double share : {1.0, 0.8, 0.5, 0.2, 0.05, 0.01, 0.001, 0.0}) {
            const base::Bitmap filter = RandomFilter(kManyRows, share, 6);
            SearchParams params;
            params.filter = filter;
            if (filter.None()) {
                EXPECT_TRUE(Find(*index, data.query(0), params).rows.empty());
                continue;
            }
            EXPECT_GE(Recall(*index, data, params), 0.95) << share;
        }
    }
}

TEST(CompactGraph, RangesAndPagesHold) {
    const Data data = Clustered(kManyRows, 44, kWide);
    for (Metric metric : kDenseMetricsTested) {
        const auto index = BuildCompact(metric, data);
        const auto order = Truth(data, metric, data.query(1), 100);
        SearchParams params;
        params.k = 100;
        params.radius =
            TrueScore(metric, data.query(1), data.rows.data() + size_t{order[60]} * kWide, kWide);
        EXPECT_GE(Find(*index, data.query(1), params).rows.size(), 55u);
        EXPECT_LE(Find(*index, data.query(1), params).rows.size(), 61u);
        const std::string_view query(reinterpret_cast<const char*>(data.query(1)), 4 * kWide);
        auto iterator = index->NewIterator(query, SearchParams());
        ASSERT_TRUE(iterator.ok()) << iterator.status().reason();
        std::set<uint32_t> seen;
        for (size_t page = 0; page < 10; ++page) {
            Neighbors found;
            ASSERT_TRUE((*iterator)->Next(10, {}, &found).ok());
            ExpectOrdered(metric, found);
            seen.insert(found.rows.begin(), found.rows.end());
        }
        EXPECT_EQ(seen.size(), 100u) << "a row twice";
        EXPECT_GE(std::count_if(order.begin(), order.end(),
                                [&](uint32_t row) { return seen.contains(row); }),
                  90);
    }
}

TEST(CompactGraph, ASavedIndexAnswersTheSameFromItsFile) {
    const Data data = Clustered(kManyRows, 45, kWide);
    sys::ThreadPool pool("test", 3);
    for (Metric metric : kDenseMetricsTested) {
        const auto index = BuildCompact(metric, data);
        const std::string file = Saved(*index);
        EXPECT_EQ(ReadGraph(file).format_version(), kCompactGraphVersion);
        EXPECT_EQ(file, Saved(*BuildCompact(metric, data, {}, &pool)));
        const auto opened = OpenIndex(base::Buffer::FromString(file));
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        EXPECT_TRUE((*opened)->Verify().ok());
        EXPECT_EQ((*opened)->memory_bytes(), index->memory_bytes());
        EXPECT_EQ(Saved(**opened), file);
        for (size_t q = 0; q < kQueries; ++q) {
            const Neighbors a = Find(*index, data.query(q), SearchParams());
            const Neighbors b = Find(**opened, data.query(q), SearchParams());
            ASSERT_EQ(a.rows, b.rows);
            ASSERT_EQ(a.scores, b.scores);
        }
    }
    const Data few = Clustered(50, 46, kWide);
    const std::string file = Saved(*BuildCompact(Metric::kL2, few));
    EXPECT_EQ(ReadGraph(file).format_version(), kCompactGraphVersion);
    EXPECT_EQ(Saved(**OpenIndex(base::Buffer::FromString(file))), file);
    EXPECT_EQ(Find(**OpenIndex(base::Buffer::FromString(file)), few.query(0), SearchParams()).rows,
              Truth(few, Metric::kL2, few.query(0), 10));
}

TEST(CompactGraph, OfFewDimensionsTheFastFormIsBuilt) {
    const Data data = Clustered(100, 47, kWide - 1);
    EXPECT_LE(ReadGraph(Saved(*BuildCompact(Metric::kL2, data))).format_version(),
              kBlockGraphVersion);
}

// A version names one form.
TEST(CompactGraph, TheVersionSaysWhichFormItIs) {
    const Data data = Clustered(300, 48, kWide);
    const std::string compact = Saved(*BuildCompact(Metric::kL2, data));
    const std::string fast = Saved(*Build("HNSW", Metric::kL2, data));
    for (const std::string& bad :
         {Rewritten(compact, 5, {}), Rewritten(compact, 4, {}), Rewritten(fast, 6, {})}) {
        EXPECT_EQ(OpenIndex(base::Buffer::FromString(bad)).status().code(),
                  base::Code::kDataCorruption);
    }
    std::string meta(ReadGraph(compact).Section(kGraphMeta)->view());
    const uint32_t dim = kWide - 64;
    std::memcpy(meta.data() + kDimAt, &dim, sizeof dim);
    EXPECT_EQ(OpenIndex(base::Buffer::FromString(
                            Rewritten(compact, kCompactGraphVersion, {{kGraphMeta, meta}})))
                  .status()
                  .code(),
              base::Code::kDataCorruption);
}

TEST(CompactGraph, ABadNumberIsFoundByTheSearchThatMeetsIt) {
    const Data data = Clustered(2000, 49, kWide);
    const auto index = BuildCompact(Metric::kL2, data);
    const std::string good = Saved(*index);
    std::string blocks(ReadGraph(good).Section(kGraphBlocks)->view());
    const BlockLayout layout{kWide, 32, true};
    ASSERT_EQ(blocks.size(), 2000 * layout.block_bytes());
    const uint32_t best = Find(*index, data.query(0), SearchParams()).rows[0];
    const size_t block = NodesIn(good)[best] * layout.block_bytes();
    for (size_t i = 0; i < 32; ++i) {
        blocks[block + layout.own_bytes() + layout.ids_offset() + 4 * i + 3] = '\x7f';
    }
    auto opened = OpenIndex(base::Buffer::FromString(WithSection(good, kGraphBlocks, blocks)));
    ASSERT_TRUE(opened.ok());
    Neighbors out;
    EXPECT_EQ((*opened)->Search(data.query(0), SearchParams(), &out).code(),
              base::Code::kDataCorruption);
    EXPECT_EQ((*opened)->Verify().code(), base::Code::kDataCorruption);
}

TEST(CompactGraph, NumbersThatAreNoneDoNoHarm) {
    Data data = Clustered(2000, 50, kWide);
    for (size_t i = 0; i < 20; ++i) {
        data.rows[i * 97 * kWide + i] = i % 2 == 0 ? NAN : INFINITY;
    }
    std::fill_n(data.rows.data() + 50 * kWide, kWide, 0.0f);
    for (Metric metric : kDenseMetricsTested) {
        const auto index = BuildCompact(metric, data);
        EXPECT_EQ(Find(*index, data.query(0), SearchParams()).rows.size(), 10u);
        const std::vector<float> query(kWide, NAN);
        EXPECT_EQ(Find(*index, query.data(), SearchParams()).rows.size(), 10u);
    }
}

}  // namespace
}  // namespace elanus::vindex
