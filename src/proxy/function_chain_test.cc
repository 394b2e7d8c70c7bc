#include "proxy/chain_rows.h"
#include "proxy/chain_steps.h"
#include "proxy/fake_roles_test.h"

#include <limits>

#include <gtest/gtest.h>

namespace elanus::proxy {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Two queries, with 3 and 2 hits.
roles::SearchResponse Hits() {
    roles::SearchResponse hits;
    hits.counts = {3, 2};
    hits.scores = {5, 4, 4, 9, 1};
    for (const int64_t key : {30, 20, 10, 7, 8}) {
        hits.keys.Append(key);
    }
    return hits;
}

ChainColumn Numbers(const std::vector<double>& values) {
    ChainColumn column;
    for (const double value : values) {
        column.Append(value, true);
    }
    return column;
}

using Order = std::vector<std::vector<size_t>>;

TEST(ChainRowsTest, SortsEachQueryWithNullsLast) {
    const roles::SearchResponse hits = Hits();
    ChainRows rows(hits);
    EXPECT_EQ(rows.queries(), (Order{{0, 1, 2}, {3, 4}}));
    rows.SetColumn("x", Numbers({kInfinity, 1, 2, 4, 3}));
    EXPECT_EQ(rows.Column("x").valid[0], 0);
    rows.Sort("x", false, "");
    EXPECT_EQ(rows.queries(), (Order{{1, 2, 0}, {4, 3}}));
    rows.Sort("x", true, "");
    EXPECT_EQ(rows.queries(), (Order{{2, 1, 0}, {3, 4}}));
    rows.Sort("$score", true, "$id");
    EXPECT_EQ(rows.queries(), (Order{{0, 2, 1}, {3, 4}}));
    rows.Sort("$id", false, "");
    EXPECT_EQ(rows.queries(), (Order{{2, 1, 0}, {3, 4}}));
}

TEST(ChainRowsTest, EqualOnesStayAsTheyWere) {
    const roles::SearchResponse hits = Hits();
    ChainRows rows(hits);
    rows.SetColumn("x", Numbers({1, 1, 1, 1, 1}));
    rows.Sort("$id", false, "");
    rows.Sort("x", true, "");
    EXPECT_EQ(rows.queries(), (Order{{2, 1, 0}, {3, 4}}));
}

TEST(ChainRowsTest, LimitsEachQuery) {
    const roles::SearchResponse hits = Hits();
    ChainRows rows(hits);
    rows.Limit(1, std::numeric_limits<size_t>::max());
    EXPECT_EQ(rows.queries(), (Order{{1, 2}, {4}}));
    rows.Limit(1, 1);
    EXPECT_EQ(rows.queries(), (Order{{2}, {}}));
    EXPECT_EQ(rows.Left(), std::vector<size_t>{2});
    rows.Limit(5, 5);
    EXPECT_EQ(rows.queries(), (Order{{}, {}}));
}

TEST(ChainRowsTest, NumbersOfFieldsMustFit) {
    const roles::SearchResponse hits = Hits();
    ChainRows rows(hits);
    schema::ColumnBuilder values(100, schema::DataType::kInt16);
    values.AppendInt(3);
    values.AppendNull();
    EXPECT_FALSE(rows.LoadColumn("x", values.Finish().View()).ok());
    schema::ColumnBuilder whole(100, schema::DataType::kInt16);
    for (int i = 0; i < 4; ++i) {
        whole.AppendInt(i);
    }
    whole.AppendNull();
    ASSERT_TRUE(rows.LoadColumn("x", whole.Finish().View()).ok());
    EXPECT_EQ(rows.Column("x").values[3], 3);
    EXPECT_EQ(rows.Column("x").valid, (std::vector<uint8_t>{1, 1, 1, 1, 0}));
}

}  // namespace
}  // namespace elanus::proxy
