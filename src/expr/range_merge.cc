#include "expr/range_merge.h"

#include "base/archive.h"
#include "expr/rewrite.h"
#include "expr/value_ranges.h"

#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace elanus::expr {

namespace {

using schema::DataType;

bool IsMergeable(const ColumnRef& column) {
    return !column.is_element() &&
           (schema::IsNumeric(column.type) || schema::IsStringLike(column.type) ||
            column.type == DataType::kTimestamptz || column.type == DataType::kBool);
}

// The column that a term restricts to a set of values; null when the term is nothing of that kind.
const ColumnRef* RestrictedColumn(const Plan& term) {
    const ColumnRef* column = nullptr;
    if (const Compare* compare = std::get_if<Compare>(&term.node)) {
        column = &compare->column;
    } else if (const Range* range = std::get_if<Range>(&term.node)) {
        column = &range->column;
    } else if (const In* in = std::get_if<In>(&term.node)) {
        column = &in->column;
    } else if (const Not* negation = std::get_if<Not>(&term.node)) {
        return std::holds_alternative<Not>(negation->terms[0].node)
                   ? nullptr
                   : RestrictedColumn(negation->terms[0]);
    }
    return column != nullptr && IsMergeable(*column) ? column : nullptr;
}

// Constants as T and back.
template <typename T>
T ValueAs(const Value& value) {
    if constexpr (std::is_same_v<T, std::string>) {
        return *value.string_if();
    } else if constexpr (std::is_same_v<T, int64_t>) {
        return value.bool_if() != nullptr ? *value.bool_if() : *value.int_if();
    } else {
        return *value.double_if();
    }
}
template <typename T>
std::vector<T> ValuesAs(const ValueSet& set) {
    if constexpr (std::is_same_v<T, std::string>) {
        return set.strings;
    } else if constexpr (std::is_same_v<T, double>) {
        return set.doubles;
    } else {
        std::vector<int64_t> values = set.ints;
        if (set.has_false) {
            values.push_back(0);
        }
        if (set.has_true) {
            values.push_back(1);
        }
        return values;
    }
}
template <typename T>
Value ToValue(const ColumnRef& column, const T& value) {
    if constexpr (std::is_same_v<T, int64_t>) {
        return column.type == DataType::kBool ? Value(value != 0) : Value(value);
    } else {
        return Value(value);
    }
}

// The values that a column of the type can hold; its ends count as the ends of the order.
template <typename T>
ValueRanges<T> Domain(const ColumnRef& column) {
    if constexpr (std::is_same_v<T, int64_t>) {
        const auto between = [](int64_t least, int64_t most) {
            return ValueRanges<int64_t>::Between(Cut<int64_t>::Below(least),
                                                 Cut<int64_t>::Above(most));
        };
        switch (column.type) {
            case DataType::kBool:
                return between(0, 1);
            case DataType::kInt8:
                return between(INT8_MIN, INT8_MAX);
            case DataType::kInt16:
                return between(INT16_MIN, INT16_MAX);
            case DataType::kInt32:
                return between(INT32_MIN, INT32_MAX);
            default:
                return between(INT64_MIN, INT64_MAX);
        }
    } else if constexpr (std::is_same_v<T, std::string>) {
        return ValueRanges<T>::Between(Cut<T>::Below(""), Cut<T>::Highest());
    } else {
        return ValueRanges<T>::All();
    }
}

// Works on the terms of one column.
template <typename T>
class Merger {
  public:
    explicit Merger(const ColumnRef& column) : column_(column), domain_(Domain<T>(column)) {}

    ValueRanges<T> Read(const Plan& term) const {
        if (const Compare* compare = std::get_if<Compare>(&term.node)) {
            return Read(*compare).Intersect(domain_);
        }
        if (const Range* range = std::get_if<Range>(&term.node)) {
            const T low = ValueAs<T>(range->low);
            const T high = ValueAs<T>(range->high);
            return ValueRanges<T>::Between(
                       range->low_inclusive ? Cut<T>::Below(low) : Cut<T>::Above(low),
                       range->high_inclusive ? Cut<T>::Above(high) : Cut<T>::Below(high))
                .Intersect(domain_);
        }
        if (const In* in = std::get_if<In>(&term.node)) {
            return ValueRanges<T>::Of(ValuesAs<T>(in->values)).Intersect(domain_);
        }
        return Complement(Read(std::get<Not>(term.node).terms[0]));
    }
    ValueRanges<T> Complement(const ValueRanges<T>& set) const {
        return set.Complement().Intersect(domain_);
    }

    // One or two terms whose conjunction is the set; nothing when it takes more.
    std::optional<std::vector<Plan>> AsConjuncts(const ValueRanges<T>& set) const {
        std::vector<Plan> terms;
        std::vector<T> points;
        if (AllPoints(set, &points)) {
            terms.push_back(PointsTerm(points));
            return terms;
        }
        // One range with some values taken out of it.
        std::vector<T> holes;
        for (size_t i = 1; i < set.ranges().size(); ++i) {
            if (!AddHoles(set.ranges()[i - 1].high, set.ranges()[i].low, &holes)) {
                return std::nullopt;
            }
        }
        const auto& low = set.ranges().front().low;
        const auto& high = set.ranges().back().high;
        if (IsLowest(low) && IsHighest(high)) {
            terms.push_back(MakeNot(PointsTerm(holes)));
            return terms;
        }
        terms.push_back(RangeTerm(low, high));
        if (!holes.empty()) {
            terms.push_back(MakeNot(PointsTerm(holes)));
        }
        return terms;
    }

    // Terms whose disjunction is the set.
    std::vector<Plan> AsDisjuncts(const ValueRanges<T>& set) const {
        std::vector<Plan> terms;
        std::vector<T> points;
        if (AllPoints(Complement(set), &points)) {
            terms.push_back(MakeNot(PointsTerm(points)));
            return terms;
        }
        points.clear();
        for (const auto& range : set.ranges()) {
            if (const std::optional<T> point = range.Point()) {
                points.push_back(*point);
            } else {
                terms.push_back(RangeTerm(range.low, range.high));
            }
        }
        if (!points.empty() || terms.empty()) {
            terms.insert(terms.begin(), PointsTerm(points));
        }
        return terms;
    }

  private:
    ValueRanges<T> Read(const Compare& compare) const {
        const T value = ValueAs<T>(compare.value);
        const auto lowest = Cut<T>::Lowest();
        const auto highest = Cut<T>::Highest();
        switch (compare.op) {
            case CompareOp::kEq:
                return ValueRanges<T>::Between(Cut<T>::Below(value), Cut<T>::Above(value));
            case CompareOp::kNe:
                return ValueRanges<T>::Between(Cut<T>::Below(value), Cut<T>::Above(value))
                    .Complement();
            case CompareOp::kLt:
                return ValueRanges<T>::Between(lowest, Cut<T>::Below(value));
            case CompareOp::kLe:
                return ValueRanges<T>::Between(lowest, Cut<T>::Above(value));
            case CompareOp::kGt:
                return ValueRanges<T>::Between(Cut<T>::Above(value), highest);
            case CompareOp::kGe:
                return ValueRanges<T>::Between(Cut<T>::Below(value), highest);
        }
        return ValueRanges<T>();
    }

    // The values between two cuts; false when they cannot be counted or are too many.
    static bool AddHoles(const Cut<T>& low, const Cut<T>& high, std::vector<T>* holes) {
        if constexpr (std::is_same_v<T, int64_t>) {
            constexpr __int128 kHolesMax = 1024;
            const __int128 first = static_cast<__int128>(low.value) + low.above;
            const __int128 end = static_cast<__int128>(high.value) + high.above;
            for (__int128 value = first; value < end && end - first <= kHolesMax; ++value) {
                holes->push_back(static_cast<int64_t>(value));
            }
            return end - first <= kHolesMax;
        } else {
            const std::optional<T> hole = typename ValueRanges<T>::Range{low, high}.Point();
            if (hole.has_value()) {
                holes->push_back(*hole);
            }
            return hole.has_value();
        }
    }

    bool IsLowest(const Cut<T>& cut) const { return !(domain_.ranges()[0].low < cut); }
    bool IsHighest(const Cut<T>& cut) const { return !(cut < domain_.ranges()[0].high); }

    static bool AllPoints(const ValueRanges<T>& set, std::vector<T>* points) {
        points->reserve(set.ranges().size());
        for (const auto& range : set.ranges()) {
            const std::optional<T> point = range.Point();
            if (!point.has_value()) {
                return false;
            }
            points->push_back(*point);
        }
        return true;
    }

    Plan PointsTerm(const std::vector<T>& points) const {
        if (points.size() == 1) {
            return MakePlan(Compare{column_, CompareOp::kEq, ToValue(column_, points[0])});
        }
        In in;
        in.column = column_;
        for (const T& point : points) {
            in.values.Add(ToValue(column_, point));
        }
        return MakePlan(std::move(in));
    }

    Plan RangeTerm(const Cut<T>& low, const Cut<T>& high) const {
        if (IsLowest(low)) {
            return MakePlan(Compare{column_, high.above ? CompareOp::kLe : CompareOp::kLt,
                                    ToValue(column_, high.value)});
        }
        if (IsHighest(high)) {
            return MakePlan(Compare{column_, low.above ? CompareOp::kGt : CompareOp::kGe,
                                    ToValue(column_, low.value)});
        }
        return MakePlan(Range{column_, ToValue(column_, low.value), ToValue(column_, high.value),
                              !low.above, high.above});
    }

    const ColumnRef& column_;
    ValueRanges<T> domain_;
};

// By halves: joining many sets one by one would cost the square of their number.
template <typename T>
ValueRanges<T> Fold(const Merger<T>& merger, std::span<const Plan* const> terms, bool is_and) {
    if (terms.size() == 1) {
        return merger.Read(*terms[0]);
    }
    const size_t half = terms.size() / 2;
    const ValueRanges<T> left = Fold(merger, terms.first(half), is_and);
    const ValueRanges<T> right = Fold(merger, terms.subspan(half), is_and);
    return is_and ? left.Intersect(right) : left.Unite(right);
}

template <typename T>
std::optional<std::vector<Plan>> MergeTyped(const ColumnRef& column,
                                            const std::vector<const Plan*>& terms, bool is_and) {
    const Merger<T> merger(column);
    const ValueRanges<T> set = Fold<T>(merger, terms, is_and);
    return is_and ? merger.AsConjuncts(set) : merger.AsDisjuncts(set);
}

std::optional<std::vector<Plan>> MergeColumn(const std::vector<const Plan*>& terms, bool is_and) {
    const ColumnRef& column = *RestrictedColumn(*terms[0]);
    if (schema::IsStringLike(column.type)) {
        return MergeTyped<std::string>(column, terms, is_and);
    }
    return schema::IsFloating(column.type) ? MergeTyped<double>(column, terms, is_and)
                                           : MergeTyped<int64_t>(column, terms, is_and);
}

template <typename T>
bool IsExtreme(const Plan& plan) {
    const Merger<T> merger(*RestrictedColumn(plan));
    const ValueRanges<T> set = merger.Read(plan);
    return set.ranges().empty() || merger.Complement(set).ranges().empty();
}

// The merged terms stand where the first of them stood.
std::vector<Plan> Merge(std::vector<Plan> terms, bool is_and) {
    std::map<std::string, std::vector<size_t>> groups;
    for (size_t i = 0; i < terms.size(); ++i) {
        if (const ColumnRef* column = RestrictedColumn(terms[i])) {
            groups[base::Encode(*column)].push_back(i);
        }
    }
    std::map<size_t, std::vector<Plan>> replaced;
    for (const auto& [column, members] : groups) {
        if (members.size() < 2) {
            continue;
        }
        std::vector<const Plan*> views;
        views.reserve(members.size());
        for (const size_t member : members) {
            views.push_back(&terms[member]);
        }
        auto merged = MergeColumn(views, is_and);
        if (!merged.has_value() || merged->size() > members.size()) {
            continue;
        }
        for (const size_t member : members) {
            replaced[member];
        }
        replaced[members[0]] = std::move(*merged);
    }
    std::vector<Plan> result;
    result.reserve(terms.size());
    for (size_t i = 0; i < terms.size(); ++i) {
        const auto found = replaced.find(i);
        if (found == replaced.end()) {
            result.push_back(std::move(terms[i]));
        } else {
            std::move(found->second.begin(), found->second.end(), std::back_inserter(result));
        }
    }
    return result;
}

CompareOp Opposite(CompareOp op) {
    switch (op) {
        case CompareOp::kEq:
            return CompareOp::kNe;
        case CompareOp::kNe:
            return CompareOp::kEq;
        case CompareOp::kLt:
            return CompareOp::kGe;
        case CompareOp::kLe:
            return CompareOp::kGt;
        case CompareOp::kGt:
            return CompareOp::kLe;
        case CompareOp::kGe:
            return CompareOp::kLt;
    }
    return op;
}

}  // namespace

std::vector<Plan> MergeConjuncts(std::vector<Plan> terms) {
    return Merge(std::move(terms), true);
}

std::vector<Plan> MergeDisjuncts(std::vector<Plan> terms) {
    return Merge(std::move(terms), false);
}

Plan FoldExtreme(Plan plan) {
    const bool is_comparison =
        std::holds_alternative<Compare>(plan.node) || std::holds_alternative<Range>(plan.node);
    const ColumnRef* column = is_comparison ? RestrictedColumn(plan) : nullptr;
    if (column == nullptr) {
        return plan;
    }
    const bool extreme = schema::IsStringLike(column->type) ? IsExtreme<std::string>(plan)
                         : schema::IsFloating(column->type) ? IsExtreme<double>(plan)
                                                            : IsExtreme<int64_t>(plan);
    if (!extreme) {
        return plan;
    }
    std::vector<Plan> folded = *MergeColumn({&plan}, true);
    return std::move(folded[0]);
}

bool NegateInPlace(Plan* plan) {
    Compare* compare = std::get_if<Compare>(&plan->node);
    if (compare == nullptr || !IsMergeable(compare->column)) {
        return false;
    }
    compare->op = Opposite(compare->op);
    return true;
}

}  // namespace elanus::expr
