// The nodes that walks start from: near the query, of any number of rows.
#include "vindex/graph_router.h"

#include "simd/codes.h"
#include "vindex/coded_rows.h"
#include "vindex/graph_builder.h"
#include "vindex/graph_index.h"
#include "vindex/index_testing.h"
#include "vindex/rotation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

TEST(GraphRouter, ManyRowsAreSampledBehindMeans) {
    const auto shape = [](uint32_t rows, BlockForm form = BlockForm::kFast) {
        const GraphRouter::Shape made = GraphRouter::Shape::For(rows, form);
        EXPECT_TRUE(made.Plausible(rows, form)) << rows;
        return std::pair(made.sampled, made.means);
    };
    using Pair = std::pair<uint32_t, uint32_t>;
    EXPECT_EQ(shape(0), Pair(0, 0));
    EXPECT_EQ(shape(31), Pair(31, 0));
    EXPECT_EQ(shape(2303), Pair(256, 0));
    EXPECT_EQ(shape(2304), Pair(288, 9));
    EXPECT_EQ(shape(40'000), Pair(4992, 156));
    EXPECT_EQ(shape(1'000'000), Pair(8192, 256));
    EXPECT_EQ(shape(0x7fffffff), Pair(8192, 256));
    EXPECT_EQ(shape(1'000'000, BlockForm::kCompact), Pair(8192, 256));
    EXPECT_EQ(shape(2303, BlockForm::kDisk), Pair(256, 0));
    EXPECT_EQ(shape(1'000'000, BlockForm::kDisk), Pair(65536, 2048));
}

TEST(GraphRouter, OtherShapesAreNot) {
    for (const GraphRouter::Shape& bad :
         {GraphRouter::Shape{255, 0}, GraphRouter::Shape{512, 0}, GraphRouter::Shape{63, 2},
          GraphRouter::Shape{8224, 257}, GraphRouter::Shape{0, 0x08000000}}) {
        EXPECT_FALSE(bad.Plausible(1'000'000, BlockForm::kFast)) << bad.sampled << " " << bad.means;
    }
    EXPECT_TRUE((GraphRouter::Shape{8224, 257}).Plausible(1'000'000, BlockForm::kDisk));
    EXPECT_FALSE((GraphRouter::Shape{1024, 32}).Plausible(1000, BlockForm::kFast));
}

class Query {
  public:
    Query(const CodedRows& rows, const float* vector, bool ip) : tables_(4 * rows.width()) {
        std::vector<float> rotated(rows.width());
        RotateInto(rows.rotation(), vector, ip ? nullptr : rows.centre().data(),
                   rows.centre().size(), rotated.data());
        simd::Codes().tables(rotated.data(), rows.width(), tables_.data(), &signs_);
        for (const float value : rotated) {
            own_ += ip ? 0 : value * value;
        }
    }
    std::vector<uint64_t> Entries(const GraphRouter& router, uint32_t rows) const {
        std::vector<uint64_t> entries;
        EXPECT_TRUE(router.Enter(signs_, own_, rows, &entries));
        return entries;
    }

  private:
    std::vector<uint8_t> tables_;
    simd::SignQuery signs_;
    float own_ = 0;
};

// Rows that are better than the best entry, on average of the queries.
double BetterThanEntries(const Data& data, Metric metric) {
    const uint32_t count = data.count();
    const VectorView view(VectorType::kFloat, metric, data.dim, count, data.rows.data(), nullptr);
    const CodedRows rows = *CodedRows::Make(view, 1, nullptr, nullptr);
    GraphOptions options;
    options.ef_construction = 40;
    const NeighborLists lists = *GraphBuilder(rows, options).Build();
    const bool ip = metric == Metric::kIp;
    const GraphRouter router =
        GraphRouter::Make(rows, lists.order, {.width = rows.width(), .degree = 32}, ip, 7);
    EXPECT_TRUE(router.Verify(count).ok());
    size_t better = 0;
    for (size_t q = 0; q < kQueries; ++q) {
        const auto entries = Query(rows, data.query(q), ip).Entries(router, count);
        EXPECT_EQ(entries.size(),
                  router.shape().means > 0 ? GraphRouter::kFollowed : GraphRouter::kEntries);
        const std::vector<uint32_t> order = Truth(data, metric, data.query(q), count);
        size_t first = count;
        for (const uint64_t key : entries) {
            const auto at = std::find(order.begin(), order.end(), lists.order[PoolRow(key)]);
            first = std::min(first, static_cast<size_t>(at - order.begin()));
        }
        better += first;
    }
    return static_cast<double>(better) / kQueries;
}

// Of a sample of 256 rows that is scanned whole the best has on average as many rows before it as
// the sample leaves out for each of its own, and somewhat more by rough estimates.
TEST(GraphRouter, AWalkStartsNearTheQuery) {
    constexpr uint32_t kFlat = 2000, kBehindMeans = 8000;
    for (const Metric metric : {Metric::kL2, Metric::kIp}) {
        EXPECT_LT(BetterThanEntries(Clustered(kFlat, 41, 128), metric), kFlat / 256 * 2);
        EXPECT_LT(BetterThanEntries(Clustered(kBehindMeans, 41, 128), metric), kBehindMeans / 256);
    }
}

}  // namespace
}  // namespace elanus::vindex
