// Range codes keep the order of the values, and scans of them select what scans of the values do.
#include "expr/range_codes.h"

#include "base/call_context.h"
#include "expr/evaluator.h"
#include "sys/clock.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::expr {
namespace {

using schema::DataType;

constexpr base::FieldId kField = 100;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int64_t kIntMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kIntMax = std::numeric_limits<int64_t>::max();

template <typename T, typename Scale>
void ExpectOrderKept(const std::vector<T>& rising, const Scale& scale) {
    for (size_t i = 1; i < rising.size(); ++i) {
        EXPECT_LE(scale.Code(rising[i - 1]), scale.Code(rising[i]))
            << rising[i - 1] << " " << rising[i];
    }
}

TEST(RangeCodesTest, CodesOfIntegersKeepTheirOrderAndSpan) {
    const std::vector<int64_t> rising = {kIntMin, -70000, -1, 0, 1, 2, 65535, 65536, kIntMax};
    for (const int64_t low : rising) {
        for (const int64_t high : rising) {
            const auto scale = IntCodeScale::Of(low, high);
            ASSERT_EQ(scale.has_value(), low <= high);
            if (scale.has_value()) {
                ExpectOrderKept(rising, *scale);
                EXPECT_EQ(scale->Code(low), kRangeCodeMin);
            }
        }
    }
    EXPECT_EQ(IntCodeScale::Of(kIntMin, kIntMax)->Code(kIntMax), kRangeCodeMax);
    EXPECT_EQ(IntCodeScale::Of(10, 10 + 65535)->Code(10 + 65535), kRangeCodeMax);
    EXPECT_TRUE(IntCodeScale::Of(10, 10 + 65535)->IsExact(10));
    EXPECT_FALSE(IntCodeScale::Of(10, 10 + 65535)->IsExact(9));
    EXPECT_FALSE(IntCodeScale::Of(10, 10 + 65536)->IsExact(10));
}

TEST(RangeCodesTest, CodesOfNumbersKeepTheirOrder) {
    const std::vector<double> rising = {-kInfinity, -1e300, -1,   -0.0, 0.0,   5e-324,
                                        1e-10,      0.1,    0.25, 1,    1e300, kInfinity};
    size_t scales = 0;
    for (const double low : rising) {
        for (const double high : rising) {
            const auto scale = DoubleCodeScale::Of(low, high);
            if (scale.has_value()) {
                ++scales;
                ExpectOrderKept(rising, *scale);
            }
        }
    }
    EXPECT_GT(scales, 20u);
    EXPECT_FALSE(DoubleCodeScale::Of(-1.7e308, 1.7e308).has_value());  // too wide
    EXPECT_FALSE(DoubleCodeScale::Of(0, 5e-324).has_value());          // too narrow
    EXPECT_FALSE(DoubleCodeScale::Of(1, 1).has_value());
    EXPECT_FALSE(DoubleCodeScale::Of(kNan, 1).has_value());
    EXPECT_FALSE(DoubleCodeScale::Of(0, kInfinity).has_value());
}

TEST(RangeCodesTest, ValuesThatCrowdShareCodes) {
    std::vector<int16_t> spread;
    std::vector<int16_t> crowded;
    for (int i = 0; i < 4096; ++i) {
        spread.push_back(static_cast<int16_t>(i * 16 - 32768));
        crowded.push_back(static_cast<int16_t>(i % 400));
    }
    EXPECT_FALSE(SharesCodes(spread));
    EXPECT_TRUE(SharesCodes(crowded));
    EXPECT_FALSE(SharesCodes({}));
}

// One column, with codes or without.
class Rows : public ColumnSource {
  public:
    explicit Rows(schema::ColumnView view) : view_(std::move(view)) {}
    const schema::ColumnView* Column(base::FieldId) const override { return &view_; }
    const schema::FieldSchema* Field(base::FieldId) const override { return nullptr; }
    std::optional<RangeCodes> Codes(base::FieldId) const override {
        asked = true;
        return codes;
    }

    std::optional<RangeCodes> codes;
    mutable bool asked = false;

  private:
    schema::ColumnView view_;
};

base::Bitmap Select(const Plan& plan, const Rows& rows, size_t count, const base::Bitmap* needed) {
    const base::CallContext context;
    auto truth = Evaluate(plan, rows, count, context, sys::RealClock(), needed);
    EXPECT_TRUE(truth.ok()) << truth.status().reason();
    base::Bitmap selected = truth.ok() ? std::move(truth->is_true) : base::Bitmap(count);
    if (needed != nullptr) {
        selected.And(*needed);
    }
    return selected;
}

template <typename T, typename Scale>
void ExpectSameAnswers(DataType type, const std::vector<T>& values, const Scale& scale,
                       const std::vector<T>& constants) {
    std::vector<int16_t> codes;
    for (const T value : values) {
        codes.push_back(scale.Code(value));
    }
    schema::ColumnView view;
    view.type = type;
    view.rows = values.size();
    view.values = reinterpret_cast<const uint8_t*>(values.data());
    const Rows plain(view);
    Rows coded(view);
    coded.codes = RangeCodes{scale, codes};
    base::Bitmap needed(values.size());
    for (size_t row = 0; row < values.size(); row += row % 1000 < 500 ? 3 : 700) {
        needed.Set(row);
    }
    ColumnRef column;
    column.field_id = kField;
    column.type = type;
    const auto check = [&](const Plan& plan) {
        for (const base::Bitmap* some : {static_cast<const base::Bitmap*>(nullptr),
                                         static_cast<const base::Bitmap*>(&needed)}) {
            EXPECT_EQ(Select(plan, coded, values.size(), some),
                      Select(plan, plain, values.size(), some));
        }
    };
    for (const T constant : constants) {
        for (const CompareOp op : {CompareOp::kEq, CompareOp::kNe, CompareOp::kLt, CompareOp::kLe,
                                   CompareOp::kGt, CompareOp::kGe}) {
            check(Plan{Compare{column, op, Value(constant)}});
        }
        for (const T other : constants) {
            for (int open = 0; open < 4; ++open) {
                Range range;
                range.column = column;
                range.low = Value(constant);
                range.high = Value(other);
                range.low_inclusive = (open & 1) == 0;
                range.high_inclusive = (open & 2) == 0;
                check(Plan{range});
            }
        }
    }
    EXPECT_TRUE(coded.asked);
}

TEST(RangeCodesTest, ScansOfCodesSelectWhatScansOfIntegersDo) {
    std::mt19937_64 random(1);
    constexpr size_t kRows = 8192 + 1000 + 13;
    const auto make = [&](auto next) {
        std::vector<int64_t> values(kRows);
        std::generate(values.begin(), values.end(), next);
        return values;
    };
    const std::vector<int64_t> constants = {kIntMin, -5, 0, 1, 199, 200, 201, 1000000, kIntMax};
    ExpectSameAnswers(DataType::kInt64, make([&] { return static_cast<int64_t>(random() % 201); }),
                      *IntCodeScale::Of(0, 200), constants);
    ExpectSameAnswers(DataType::kInt64, make([&] { return static_cast<int64_t>(random() % 2); }),
                      *IntCodeScale::Of(0, 1), constants);
    ExpectSameAnswers(DataType::kTimestamptz,
                      make([&] { return static_cast<int64_t>(random() % 2000000) - 900000; }),
                      *IntCodeScale::Of(-900000, 1100000), constants);
    ExpectSameAnswers(DataType::kInt64, make([&] { return static_cast<int64_t>(random()); }),
                      *IntCodeScale::Of(kIntMin, kIntMax), constants);
}

TEST(RangeCodesTest, ScansOfCodesSelectWhatScansOfNumbersDo) {
    std::mt19937_64 random(2);
    std::vector<double> values(8192 + 77);
    std::uniform_real_distribution<double> spread(-1, 3);
    for (double& value : values) {
        value = random() % 50 == 0 ? static_cast<double>(random() % 5) - 1 : spread(random);
    }
    values[6] = -0.0;
    ExpectSameAnswers(DataType::kDouble, values, *DoubleCodeScale::Of(-1, 3),
                      {-kInfinity, -1.5, -1, -0.0, 0.5, values[100], values[200], 3, 1e9, kNan});
}

}  // namespace
}  // namespace elanus::expr
