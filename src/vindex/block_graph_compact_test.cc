// The compact form of the block graph against brute force and against the fast form: recall, exact
// scores, filters, ranges, pages, size, files and their damage.
#include "sys/executor.h"
#include "vindex/block_graph.h"
#include "vindex/block_graph_testing.h"
#include "vindex/graph_router_testing.h"
#include "vindex/index_testing.h"
#include "vindex/row_iterator.h"

namespace elanus::vindex {
namespace {

constexpr uint32_t kWide = 384;
constexpr uint32_t kWider = 768;      // with so many dimensions pages are walked to
constexpr uint32_t kManyRows = 2600;  // walks are chosen, their reach is fitted, there are means

std::unique_ptr<Index> BuildCompact(Metric metric, const Data& data, ParamMap params = {},
                                    sys::Executor* executor = nullptr) {
    params["form"] = "compact";
    auto index = Build("HNSW", metric, data, executor, std::move(params));
    EXPECT_NE(dynamic_cast<BlockGraphIndex*>(index.get()), nullptr);
    return index;
}

std::string_view BytesOf(const Data& data, size_t query) {
    return {reinterpret_cast<const char*>(data.query(query)), data.dim * sizeof(float)};
}

TEST(CompactGraph, ABlockIsMuchSmallerThanTheVector) {
    for (uint32_t dim : {320u, 384u, 512u, 768u, 1000u, 1536u, 3072u}) {
        EXPECT_TRUE(BlockLayout::FitsCompact(dim)) << dim;
        BlockLayout layout{RotatedWidth(dim), 32, BlockForm::kCompact};
        EXPECT_EQ(layout.coded() % 64, 0u);
        EXPECT_LE(layout.block_bytes(), dim * sizeof(float) * 85 / 100) << dim;
        EXPECT_EQ(layout.block_bytes() % 64, 0u);
        layout.form = BlockForm::kFast;
        EXPECT_EQ(layout.coded(), RotatedWidth(dim));
        EXPECT_GT(layout.block_bytes(), dim * sizeof(float) * 125 / 100) << dim;
    }
}

TEST(CompactGraph, WhereItWouldNotBeTheFastFormIsBuilt) {
    for (uint32_t dim : {256u, 400u}) {
        EXPECT_FALSE(BlockLayout::FitsCompact(dim));
        const auto index = BuildCompact(Metric::kL2, Clustered(100, 47, dim));
        EXPECT_LE(ReadGraph(Saved(*index)).format_version(), kBlockGraphVersion);
    }
}

TEST(CompactGraph, RecallForEveryMetricAndExactScores) {
    const Data data = Clustered(kManyRows, 41, kWide);
    for (Metric metric : kDenseMetricsTested) {
        const auto index = BuildCompact(metric, data);
        EXPECT_EQ(index->index_type(), "HNSW");
        SearchParams params;
        params.params = {{"ef", "64"}};
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
    }
}

TEST(CompactGraph, TakesLessMemoryThanTheFastFormAndFindsNearlyAsMuch) {
    const Data data = Clustered(kManyRows, 42, kWider);
    SearchParams params;
    params.params = {{"ef", "48"}};
    const auto compact = BuildCompact(Metric::kL2, data);
    const auto fast = Build("HNSW", Metric::kL2, data, nullptr, {{"M", "16"}});
    EXPECT_LT(compact->memory_bytes(), fast->memory_bytes() * 4 / 5);
    EXPECT_GE(Recall(*compact, data, params), Recall(*fast, data, params) - 0.05);
}

// Rows that are the same for 4 bits, near each other and far from the rest: all are in doubt.
TEST(CompactGraph, RowsThatItsCodesCannotTellApartAreComparedExactly) {
    constexpr uint32_t kAlike = 400;
    Data data = Clustered(kManyRows, 52, kWide);
    const std::vector<float> last(data.rows.end() - kWide, data.rows.end());
    std::mt19937 random(53);
    std::normal_distribution<float> normal;
    for (size_t i = 0; i < kAlike * kWide; ++i) {
        data.rows[i] = 3 * last[i % kWide] + 0.01f * normal(random);
    }
    data.queries.assign(data.rows.begin(), data.rows.begin() + kQueries * kWide);
    const auto index = BuildCompact(Metric::kL2, data);
    SearchParams params;
    params.params = {{"ef", "400"}};
    EXPECT_GE(Recall(*index, data, params), 0.9);
    EXPECT_EQ(Find(*index, data.query(0), params).counters.strategy, Strategy::kWalk);
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
    // Of fewer rows, as sanitizers have them, pages cost as much as a scan.
    constexpr uint32_t kRowsOfPages = 2 * kRows;
    const Data data = Clustered(kRowsOfPages, 44, kWider);
    for (Metric metric : kDenseMetricsTested) {
        const auto index = BuildCompact(metric, data);
        const auto order = Truth(data, metric, data.query(1), 100);
        SearchParams params;
        params.k = 100;
        params.radius =
            TrueScore(metric, data.query(1), data.rows.data() + size_t{order[60]} * kWider, kWider);
        EXPECT_GE(Find(*index, data.query(1), params).rows.size(), 55u);
        EXPECT_LE(Find(*index, data.query(1), params).rows.size(), 61u);
        auto iterator = index->NewIterator(BytesOf(data, 1), SearchParams());
        ASSERT_TRUE(iterator.ok()) << iterator.status().reason();
        std::set<uint32_t> seen;
        for (size_t page = 0; page < 10; ++page) {
            Neighbors found;
            ASSERT_TRUE((*iterator)->Next(10, {}, &found).ok());
            EXPECT_TRUE(page > 0 || kRows < 4000 || found.counters.strategy == Strategy::kWalk);
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
}

TEST(CompactGraph, OfFewRowsAndOfNone) {
    for (uint32_t rows : {0u, 1u, 50u}) {
        const Data data = Clustered(rows, 46, kWide);
        const std::string file = Saved(*BuildCompact(Metric::kL2, data));
        EXPECT_EQ(ReadGraph(file).format_version(), kCompactGraphVersion);
        const auto opened = OpenIndex(base::Buffer::FromString(file));
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        EXPECT_EQ(Saved(**opened), file);
        EXPECT_EQ(Find(**opened, data.query(0), SearchParams()).rows,
                  Truth(data, Metric::kL2, data.query(0), 10));
    }
}

// The file as one of `version`, with a number of its description changed.
std::string WithMeta(const std::string& file, uint32_t version, size_t at, uint32_t number) {
    std::string meta(ReadGraph(file).Section(kGraphMeta)->view());
    std::memcpy(meta.data() + at, &number, sizeof number);
    return Rewritten(file, version, {{kGraphMeta, meta}});
}

TEST(CompactGraph, TheVersionSaysWhichFormItIs) {
    constexpr uint32_t kCompactFlag = 4, kUnknownFlag = 8;
    const std::string compact = Saved(*BuildCompact(Metric::kL2, Clustered(kManyRows, 48, kWide)));
    const std::string fast = Saved(*Build("HNSW", Metric::kL2, Clustered(300, 48, kWide)));
    for (const std::string& bad :
         {Rewritten(compact, 5, {}), Rewritten(fast, 6, {}), WithMeta(compact, 6, kFlagsAt, 0),
          WithMeta(compact, 6, kFlagsAt, kCompactFlag | kUnknownFlag),
          WithMeta(fast, 4, kFlagsAt, kCompactFlag), WithMeta(compact, 6, kDimAt, 0),
          WithMeta(compact, 6, kDimAt, 400)}) {
        EXPECT_EQ(OpenIndex(base::Buffer::FromString(bad)).status().code(),
                  base::Code::kDataCorruption);
    }
    const std::string same = WithMeta(compact, 6, kFlagsAt, kCompactFlag);
    EXPECT_EQ(Saved(**OpenIndex(base::Buffer::FromString(same))), compact);
}

// In the heads of blocks and the factors of neighbours, as damage may leave them.
TEST(CompactGraph, NumbersThatAreNoneDoNoHarm) {
    const Data data = Clustered(kManyRows, 50, kWide);
    const BlockLayout layout{kWide, 32, BlockForm::kCompact};
    constexpr float kBad[] = {NAN, INFINITY, -INFINITY, -1e38f, 0, 1e38f};
    constexpr size_t kNumbers[] = {0, 1, 3};  // of the head, but the row
    std::mt19937 random(51);
    for (Metric metric : kDenseMetricsTested) {
        const std::string good = Saved(*BuildCompact(metric, data));
        std::string blocks(ReadGraph(good).Section(kGraphBlocks)->view());
        for (size_t node = 0; node < kManyRows; ++node) {
            char* block = blocks.data() + node * layout.block_bytes();
            std::memcpy(block + 4 * kNumbers[random() % 3], &kBad[random() % std::size(kBad)], 4);
            char* factors = block + layout.own_bytes() + layout.factors_offset();
            for (size_t i = 0; i < 8; ++i) {
                factors[random() % 128] = static_cast<char>(random());
            }
        }
        const auto opened =
            OpenIndex(base::Buffer::FromString(WithSection(good, kGraphBlocks, blocks)));
        ASSERT_TRUE(opened.ok());
        for (const size_t k : {1u, 10u, 100u}) {
            SearchParams params;
            params.k = k;
            const Neighbors found = Find(**opened, data.query(0), params);
            EXPECT_EQ(found.rows.size(), k);
            ExpectOrdered(metric, found);
        }
    }
}

}  // namespace
}  // namespace elanus::vindex
