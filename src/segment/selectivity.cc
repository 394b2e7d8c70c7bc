#include "segment/selectivity.h"

#include "segment/segment_file.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace elanus::segment {

namespace {

constexpr double kEqual = 0.005;
constexpr double kInequality = 1.0 / 3;
constexpr double kRange = 0.05;
constexpr double kMatch = 0.02;  // texts, patterns, regions
constexpr double kElements = 0.25;

double Clamp(double share) {
    return std::clamp(share, 0.0, 1.0);
}

struct Numbers {
    double min = 0;
    double max = 0;
    bool whole = false;  // integers: a value has the width 1
};

std::optional<double> NumberOf(const RangeEnd& end) {
    if (const int64_t* integer = std::get_if<int64_t>(&end)) {
        return static_cast<double>(*integer);
    }
    const double* number = std::get_if<double>(&end);
    return number == nullptr ? std::nullopt : std::optional(*number);
}

std::optional<double> NumberOf(const expr::Value& value) {
    if (const bool* truth = value.bool_if()) {
        return *truth ? 1.0 : 0.0;
    }
    return value.is_number() ? std::optional(value.AsDouble()) : std::nullopt;
}

class Estimator {
  public:
    explicit Estimator(const RowSource& source) : source_(source) {}

    double Of(const expr::Plan& plan) const {
        return Clamp(std::visit([this](const auto& node) { return OfNode(node); }, plan.node));
    }

  private:
    const ColumnMeta* MetaOf(const expr::ColumnRef& column) const {
        const bool is_value = !column.is_json() && !column.is_element() && column.sub_field < 0;
        return is_value ? source_.Statistics(column.field_id) : nullptr;
    }
    double ValidShare(const expr::ColumnRef& column) const {
        const ColumnMeta* meta = MetaOf(column);
        const size_t rows = source_.rows();
        return meta == nullptr || rows == 0
                   ? 1
                   : 1 - static_cast<double>(meta->null_count) / static_cast<double>(rows);
    }
    std::optional<Numbers> NumbersOf(const expr::ColumnRef& column) const {
        const ColumnMeta* meta = MetaOf(column);
        if (meta == nullptr) {
            return std::nullopt;
        }
        const std::optional<double> min = NumberOf(meta->min);
        const std::optional<double> max = NumberOf(meta->max);
        if (!min.has_value() || !max.has_value()) {
            return std::nullopt;
        }
        return Numbers{*min, *max, std::holds_alternative<int64_t>(meta->min)};
    }

    double EqualTo(const expr::ColumnRef& column) const {
        const std::optional<Numbers> numbers = NumbersOf(column);
        if (!numbers.has_value() || !numbers->whole) {
            return kEqual;
        }
        // A few values of a wide range are likely skewed.
        return std::max(1 / (numbers->max - numbers->min + 1), 1e-4);
    }
    // The share of values from `low` to `high`.
    double Between(const expr::ColumnRef& column, double low, double high, double guess) const {
        const std::optional<Numbers> numbers = NumbersOf(column);
        if (!numbers.has_value()) {
            return guess;
        }
        const double begin = std::max(low, numbers->min);
        const double end = std::min(high, numbers->max);
        const double width = numbers->whole ? 1 : 0;
        const double all = numbers->max - numbers->min + width;
        return all > 0 ? Clamp((end - begin + width) / all) : (begin <= end ? 1.0 : 0.0);
    }
    double Compared(const expr::ColumnRef& column, expr::CompareOp op,
                    const std::optional<double>& value) const {
        switch (op) {
            case expr::CompareOp::kEq:
                return EqualTo(column);
            case expr::CompareOp::kNe:
                return 1 - EqualTo(column);
            case expr::CompareOp::kLt:
            case expr::CompareOp::kLe:
                return value.has_value() ? Between(column, -HUGE_VAL, *value, kInequality)
                                         : kInequality;
            case expr::CompareOp::kGt:
            case expr::CompareOp::kGe:
                return value.has_value() ? Between(column, *value, HUGE_VAL, kInequality)
                                         : kInequality;
        }
        return kInequality;
    }

    double OfNode(const expr::AlwaysTrue&) const { return 1; }
    double OfNode(const expr::AlwaysFalse&) const { return 0; }
    double OfNode(const expr::Compare& node) const {
        return ValidShare(node.column) * Compared(node.column, node.op, NumberOf(node.value));
    }
    double OfNode(const expr::CompareColumns& node) const { return OfOperator(node.op); }
    double OfNode(const expr::ArithmeticCompare& node) const { return OfOperator(node.op); }
    double OfNode(const expr::ArrayLength& node) const { return OfOperator(node.op); }
    double OfNode(const expr::TimestampCompare& node) const { return OfOperator(node.op); }
    double OfNode(const expr::Range& node) const {
        const std::optional<double> low = NumberOf(node.low);
        const std::optional<double> high = NumberOf(node.high);
        const double share = low.has_value() && high.has_value()
                                 ? Between(node.column, *low, *high, kRange)
                                 : kRange;
        return ValidShare(node.column) * share;
    }
    double OfNode(const expr::In& node) const {
        const size_t values = node.values.ints.size() + node.values.doubles.size() +
                              node.values.strings.size() + node.values.has_true +
                              node.values.has_false;
        return ValidShare(node.column) * Clamp(static_cast<double>(values) * EqualTo(node.column));
    }
    double OfNode(const expr::IsNull& node) const { return 1 - ValidShare(node.column); }
    double OfNode(const expr::Exists&) const { return 0.5; }
    double OfNode(const expr::RandomSample& node) const { return node.factor; }
    double OfNode(const expr::ElementMatch&) const { return kElements; }
    double OfNode(const expr::And& node) const {
        double share = 1;
        for (const expr::Plan& term : node.terms) {
            share *= Of(term);
        }
        return share;
    }
    double OfNode(const expr::Or& node) const {
        double none = 1;
        for (const expr::Plan& term : node.terms) {
            none *= 1 - Of(term);
        }
        return 1 - none;
    }
    double OfNode(const expr::Not& node) const {
        return node.terms.empty() ? 0 : 1 - Of(node.terms[0]);
    }
    // Like, Regex, Contains, TextMatch, PhraseMatch, Spatial, StartsWith.
    template <typename Node>
    double OfNode(const Node&) const {
        return kMatch;
    }
    static double OfOperator(expr::CompareOp op) {
        return op == expr::CompareOp::kEq   ? kEqual
               : op == expr::CompareOp::kNe ? 1 - kEqual
                                            : kInequality;
    }

    const RowSource& source_;
};

}  // namespace

double EstimateSelectivity(const expr::Plan& plan, const RowSource& source) {
    return Estimator(source).Of(plan);
}

}  // namespace elanus::segment
