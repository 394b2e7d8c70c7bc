#include "segment/selectivity.h"

#include "segment/segment_file.h"

#include <gtest/gtest.h>

namespace elanus::segment {
namespace {

constexpr base::FieldId kAge = 101;    // 0 to 99
constexpr base::FieldId kScore = 102;  // -1.0 to 1.0, a quarter null
constexpr base::FieldId kName = 103;

// Statistics alone: estimates look at nothing else.
class StatisticsOnly : public RowSource {
  public:
    StatisticsOnly() {
        age_.min = int64_t{0};
        age_.max = int64_t{99};
        score_.min = -1.0;
        score_.max = 1.0;
        score_.null_count = 250;
    }

    size_t rows() const override { return 1000; }
    const std::vector<RowRun>& runs() const override { return runs_; }
    const schema::ColumnView* Column(size_t, base::FieldId) const override { return nullptr; }
    const schema::FieldSchema* Field(base::FieldId) const override { return nullptr; }
    const float* Norms(size_t, base::FieldId) const override { return nullptr; }
    const ColumnMeta* Statistics(base::FieldId field_id) const override {
        return field_id == kAge ? &age_ : field_id == kScore ? &score_ : nullptr;
    }
    bool timestamps_ascend() const override { return true; }
    base::Timestamp max_timestamp() const override { return 0; }
    std::vector<base::RowOffset> FindKeys(const schema::PrimaryKeys&) const override { return {}; }

  private:
    std::vector<RowRun> runs_;
    ColumnMeta age_;
    ColumnMeta score_;
};

const expr::ColumnRef kAgeColumn{kAge, schema::DataType::kInt64, {}, {}, -1};
const expr::ColumnRef kScoreColumn{kScore, schema::DataType::kDouble, {}, {}, -1};
const expr::ColumnRef kNameColumn{kName, schema::DataType::kVarChar, {}, {}, -1};

double Of(const expr::Plan& plan) {
    return EstimateSelectivity(plan, StatisticsOnly());
}

TEST(SelectivityTest, RangesTakeTheirShareOfTheColumn) {
    EXPECT_DOUBLE_EQ(Of({expr::Range{kAgeColumn, 10, 19, true, true}}), 0.1);
    EXPECT_DOUBLE_EQ(Of({expr::Range{kAgeColumn, 90, 1000, true, true}}), 0.1);
    EXPECT_DOUBLE_EQ(Of({expr::Range{kAgeColumn, 200, 300, true, true}}), 0);
    EXPECT_DOUBLE_EQ(Of({expr::Compare{kAgeColumn, expr::CompareOp::kGe, 50}}), 0.5);
    EXPECT_DOUBLE_EQ(Of({expr::Compare{kAgeColumn, expr::CompareOp::kEq, 7}}), 0.01);
    EXPECT_DOUBLE_EQ(Of({expr::Compare{kAgeColumn, expr::CompareOp::kNe, 7}}), 0.99);
}

TEST(SelectivityTest, NullRowsPassNothingButTheNullTest) {
    EXPECT_DOUBLE_EQ(Of({expr::Compare{kScoreColumn, expr::CompareOp::kGt, 0.0}}), 0.375);
    EXPECT_DOUBLE_EQ(Of({expr::IsNull{kScoreColumn}}), 0.25);
    EXPECT_DOUBLE_EQ(Of({expr::IsNull{kAgeColumn}}), 0);
}

TEST(SelectivityTest, ListsGrowWithTheirValuesUpToAllRows) {
    expr::In in{kAgeColumn, {}};
    for (int64_t i = 0; i < 200; ++i) {
        in.values.Add(i);
        EXPECT_DOUBLE_EQ(Of({in}), std::min(1.0, 0.01 * static_cast<double>(i + 1)));
    }
}

TEST(SelectivityTest, JunctionsTakeTheirTermsForIndependent) {
    const expr::Plan tenth{expr::Range{kAgeColumn, 10, 19, true, true}};
    const expr::Plan half{expr::Compare{kAgeColumn, expr::CompareOp::kGe, 50}};
    EXPECT_DOUBLE_EQ(Of({expr::And{{tenth, half}}}), 0.05);
    EXPECT_DOUBLE_EQ(Of({expr::Or{{tenth, half}}}), 0.55);
    EXPECT_DOUBLE_EQ(Of({expr::Not{{tenth}}}), 0.9);
    EXPECT_DOUBLE_EQ(Of({expr::AlwaysTrue()}), 1);
    EXPECT_DOUBLE_EQ(Of({expr::AlwaysFalse()}), 0);
}

TEST(SelectivityTest, WhatIsNotKnownIsGuessedBetweenNoneAndAll) {
    for (const expr::Plan& plan :
         {expr::Plan{expr::Compare{kNameColumn, expr::CompareOp::kEq, "x"}},
          expr::Plan{expr::Compare{kNameColumn, expr::CompareOp::kLt, "x"}},
          expr::Plan{expr::Like{kNameColumn, expr::LikeKind::kInfix, "x"}},
          expr::Plan{expr::Range{kNameColumn, "a", "b", true, true}}}) {
        EXPECT_GT(Of(plan), 0);
        EXPECT_LT(Of(plan), 0.5);
    }
}

}  // namespace
}  // namespace elanus::segment
