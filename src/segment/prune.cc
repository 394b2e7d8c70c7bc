#include "segment/prune.h"

#include "segment/segment_file.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <limits>

namespace elanus::segment {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Interval {
    RangeEnd min;
    RangeEnd max;
};

// How an end compares with a constant; unordered when the two are of different kinds.
std::partial_ordering Order(const RangeEnd& end, const expr::Value& value) {
    if (const auto* integer = std::get_if<int64_t>(&end)) {
        if (const bool* boolean = value.bool_if()) {
            return *integer <=> int64_t{*boolean};
        }
        if (const int64_t* other = value.int_if()) {
            return *integer <=> *other;
        }
    } else if (const auto* floating = std::get_if<double>(&end)) {
        if (value.is_number()) {
            return *floating <=> value.AsDouble();
        }
    } else if (const auto* text = std::get_if<std::string>(&end)) {
        if (const std::string* other = value.string_if()) {
            return *text <=> *other;
        }
    }
    return std::partial_ordering::unordered;
}

// The range of the valid rows; none when it is unknown or the reference is not a whole scalar.
// A Float column's range is widened by one step, because a constant may be rounded to float first.
Interval IntervalOf(const expr::ColumnRef& column, const RowSource& source) {
    const ColumnMeta* meta = source.Statistics(column.field_id);
    if (meta == nullptr || column.is_json() || column.is_element() || column.type != meta->type) {
        return {};
    }
    Interval interval{meta->min, meta->max};
    auto* min = std::get_if<double>(&interval.min);
    auto* max = std::get_if<double>(&interval.max);
    if (meta->type == schema::DataType::kFloat && min != nullptr && max != nullptr) {
        *min = std::nextafter(static_cast<float>(*min), -kInfinity);
        *max = std::nextafter(static_cast<float>(*max), kInfinity);
    }
    return interval;
}

bool Outside(const Interval& interval, expr::CompareOp op, const expr::Value& value) {
    const std::partial_ordering low = Order(interval.min, value);
    const std::partial_ordering high = Order(interval.max, value);
    switch (op) {
        case expr::CompareOp::kEq:
            return low > 0 || high < 0;
        case expr::CompareOp::kNe:
            return low == 0 && high == 0;
        case expr::CompareOp::kLt:
            return low >= 0;
        case expr::CompareOp::kLe:
            return low > 0;
        case expr::CompareOp::kGt:
            return high <= 0;
        case expr::CompareOp::kGe:
            return high < 0;
    }
    return false;
}

bool AllOutside(const Interval& interval, const expr::ValueSet& values) {
    const auto outside = [&](const auto& value) {
        return Outside(interval, expr::CompareOp::kEq, expr::Value(value));
    };
    return (!values.has_true || outside(true)) && (!values.has_false || outside(false)) &&
           std::all_of(values.ints.begin(), values.ints.end(), outside) &&
           std::all_of(values.doubles.begin(), values.doubles.end(), outside) &&
           std::all_of(values.strings.begin(), values.strings.end(), outside);
}

bool HasNoNull(const expr::ColumnRef& column, const RowSource& source) {
    const ColumnMeta* meta = source.Statistics(column.field_id);
    return meta != nullptr && !column.is_json() && !column.is_element() && meta->null_count == 0;
}

bool IsAllNull(const expr::ColumnRef& column, const RowSource& source) {
    const ColumnMeta* meta = source.Statistics(column.field_id);
    return meta != nullptr && !column.is_element() && column.json_path.empty() &&
           meta->null_count == source.rows();
}

struct Pruner {
    const RowSource& source;

    bool operator()(const expr::AlwaysFalse&) const { return true; }
    bool operator()(const expr::Compare& node) const {
        return Outside(IntervalOf(node.column, source), node.op, node.value);
    }
    bool operator()(const expr::Range& node) const {
        const Interval interval = IntervalOf(node.column, source);
        return Outside(interval, node.low_inclusive ? expr::CompareOp::kGe : expr::CompareOp::kGt,
                       node.low) ||
               Outside(interval, node.high_inclusive ? expr::CompareOp::kLe : expr::CompareOp::kLt,
                       node.high);
    }
    bool operator()(const expr::In& node) const {
        return AllOutside(IntervalOf(node.column, source), node.values);
    }
    // Outside when even the greatest text comes before the wanted start, or the least after it.
    bool operator()(const expr::Like& node) const {
        if (node.kind != expr::LikeKind::kEqual && node.kind != expr::LikeKind::kPrefix) {
            return false;
        }
        const Interval interval = IntervalOf(node.column, source);
        const auto* min = std::get_if<std::string>(&interval.min);
        const auto* max = std::get_if<std::string>(&interval.max);
        if (min == nullptr || max == nullptr) {
            return false;
        }
        const bool is_whole = node.kind == expr::LikeKind::kEqual;
        return *max < node.text || (is_whole ? *min : min->substr(0, node.text.size())) > node.text;
    }
    bool operator()(const expr::IsNull& node) const { return HasNoNull(node.column, source); }
    bool operator()(const expr::Not& node) const {
        const auto* null_test =
            node.terms.size() == 1 ? std::get_if<expr::IsNull>(&node.terms[0].node) : nullptr;
        return null_test != nullptr && IsAllNull(null_test->column, source);
    }
    bool operator()(const expr::And& node) const {
        return std::any_of(node.terms.begin(), node.terms.end(),
                           [&](const expr::Plan& term) { return std::visit(*this, term.node); });
    }
    bool operator()(const expr::Or& node) const {
        return !node.terms.empty() &&
               std::all_of(node.terms.begin(), node.terms.end(),
                           [&](const expr::Plan& term) { return std::visit(*this, term.node); });
    }
    template <typename Other>
    bool operator()(const Other&) const {
        return false;
    }
};

}  // namespace

bool CannotMatch(const expr::Plan& plan, const RowSource& source) {
    return std::visit(Pruner{source}, plan.node);
}

}  // namespace elanus::segment
