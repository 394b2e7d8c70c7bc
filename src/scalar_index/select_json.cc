#include "scalar_index/select_json.h"

#include "expr/text_number.h"
#include "scalar_index/select_column.h"

#include <cmath>
#include <string_view>

namespace elanus::scalar_index {

namespace {

using base::Result;
using expr::CompareOp;
using expr::Value;
using MaybeSelection = std::optional<Selection>;

// A number of a filter as the keys hold it. Not exact: rounded, or so large that integers of
// documents round to it.
struct Number {
    double value = 0;
    bool exact = true;
};

Number NumberOf(int64_t integer) {
    constexpr int64_t kExactMax = int64_t{1} << 53;
    return {static_cast<double>(integer), integer > -kExactMax && integer < kExactMax};
}

// Absent for NaN as well, which the evaluator takes for equal to every number.
std::optional<Number> NumberOf(const Value& value) {
    if (const int64_t* integer = value.int_if()) {
        return NumberOf(*integer);
    }
    const double* number = value.double_if();
    return number == nullptr || std::isnan(*number) ? std::nullopt
                                                    : std::optional<Number>({*number, true});
}

Result<MaybeSelection> CompareNumber(CompareOp op, const KeySlice<double>& keys, Number number) {
    if (!number.exact) {
        if (op == CompareOp::kNe) {
            return MaybeSelection();
        }
        // Rounding keeps the order of two numbers or makes them equal.
        op = op == CompareOp::kLt ? CompareOp::kLe : (op == CompareOp::kGt ? CompareOp::kGe : op);
    }
    ASSIGN_OR_RETURN(Selection selection, SelectCompare(op, keys, number.value));
    selection.exact = number.exact;
    return MaybeSelection(std::move(selection));
}

class ValueSelector {
  public:
    ValueSelector(const expr::Plan& plan, const JsonKeys& keys, const WalkRule& walk)
        : plan_(plan), keys_(keys), walk_(walk) {}

    Result<MaybeSelection> operator()(const expr::Compare& leaf) const {
        if (leaf.op > CompareOp::kGe) {
            return MaybeSelection();
        }
        if (const auto number = NumberOf(leaf.value); number.has_value()) {
            return keys_.numbers == nullptr ? MaybeSelection()
                                            : CompareNumber(leaf.op, *keys_.numbers, *number);
        }
        if (leaf.value.string_if() != nullptr && keys_.strings != nullptr) {
            return SelectColumn(plan_, *keys_.strings, walk_);
        }
        if (leaf.value.bool_if() != nullptr && keys_.booleans != nullptr) {
            return SelectColumn(plan_, *keys_.booleans, walk_);
        }
        const std::string* text = leaf.value.string_if();
        if (text == nullptr || leaf.op != CompareOp::kEq) {
            return MaybeSelection();
        }
        Selection selection = Selection::None();
        ASSIGN_OR_RETURN(const bool indexed, AddText(*text, &selection));
        return indexed ? MaybeSelection(std::move(selection)) : MaybeSelection();
    }

    Result<MaybeSelection> operator()(const expr::Range& leaf) const {
        const auto low = NumberOf(leaf.low);
        const auto high = NumberOf(leaf.high);
        if (low.has_value() && high.has_value() && keys_.numbers != nullptr) {
            ASSIGN_OR_RETURN(
                Selection selection,
                SelectRange(*keys_.numbers, low->value, leaf.low_inclusive || !low->exact,
                            high->value, leaf.high_inclusive || !high->exact));
            selection.exact = low->exact && high->exact;
            return MaybeSelection(std::move(selection));
        }
        const bool strings = leaf.low.string_if() != nullptr && leaf.high.string_if() != nullptr;
        if (strings && keys_.strings != nullptr) {
            return SelectColumn(plan_, *keys_.strings, walk_);
        }
        const bool booleans = leaf.low.bool_if() != nullptr && leaf.high.bool_if() != nullptr;
        if (booleans && keys_.booleans != nullptr) {
            return SelectColumn(plan_, *keys_.booleans, walk_);
        }
        return MaybeSelection();
    }

    Result<MaybeSelection> operator()(const expr::In& leaf) const {
        const expr::ValueSet& set = leaf.values;
        const bool has_numbers = !set.ints.empty() || !set.doubles.empty();
        const bool has_booleans = set.has_true || set.has_false;
        if ((has_numbers && keys_.numbers == nullptr) ||
            (has_booleans && keys_.booleans == nullptr)) {
            return MaybeSelection();
        }
        Selection selection = Selection::None();
        std::vector<KeySpan>* spans = &selection.groups[0];
        for (const int64_t integer : set.ints) {
            const Number number = NumberOf(integer);
            selection.exact &= number.exact;
            RETURN_IF_ERROR(AddEqual(*keys_.numbers, number.value, spans));
        }
        for (const double number : set.doubles) {
            RETURN_IF_ERROR(AddEqual(*keys_.numbers, number, spans));
        }
        for (const std::string& text : set.strings) {
            ASSIGN_OR_RETURN(const bool indexed, AddText(text, &selection));
            if (!indexed) {
                return MaybeSelection();
            }
        }
        for (const int64_t boolean : {0, 1}) {
            if (boolean == 1 ? set.has_true : set.has_false) {
                RETURN_IF_ERROR(AddEqual(*keys_.booleans, boolean, spans));
            }
        }
        return MaybeSelection(std::move(selection));
    }

    Result<MaybeSelection> operator()(const expr::Like&) const { return Strings(); }
    Result<MaybeSelection> operator()(const expr::Regex&) const { return Strings(); }
    template <typename Leaf>
    Result<MaybeSelection> operator()(const Leaf&) const {
        return MaybeSelection();
    }

  private:
    // The keys of the texts that are equal to the constant. False when nothing is known of them.
    Result<bool> AddText(const std::string& text, Selection* selection) const {
        std::vector<KeySpan>* spans = &selection->groups[0];
        if (keys_.strings != nullptr) {
            RETURN_IF_ERROR(AddEqual(*keys_.strings, std::string_view(text), spans));
            return true;
        }
        const auto number = keys_.text_numbers ? expr::TextNumber(text) : std::nullopt;
        if (!number.has_value() || keys_.numbers == nullptr) {
            return false;
        }
        selection->exact = false;
        RETURN_IF_ERROR(AddEqual(*keys_.numbers, *number, spans));
        return true;
    }

    Result<MaybeSelection> Strings() const {
        return keys_.strings == nullptr ? MaybeSelection()
                                        : SelectColumn(plan_, *keys_.strings, walk_);
    }

    const expr::Plan& plan_;
    const JsonKeys& keys_;
    const WalkRule& walk_;
};

// The keys equal to the constant, behind those of `spans`. False when they are not indexed.
Result<bool> AddConstant(const Value& value, const JsonKeys& keys, std::vector<KeySpan>* spans,
                         bool* exact) {
    if (const auto number = NumberOf(value); number.has_value() && keys.numbers != nullptr) {
        *exact &= number->exact;
        RETURN_IF_ERROR(AddEqual(*keys.numbers, number->value, spans));
        return true;
    }
    if (const std::string* text = value.string_if(); text != nullptr && keys.strings != nullptr) {
        RETURN_IF_ERROR(AddEqual(*keys.strings, std::string_view(*text), spans));
        return true;
    }
    if (const bool* boolean = value.bool_if(); boolean != nullptr && keys.booleans != nullptr) {
        RETURN_IF_ERROR(AddEqual(*keys.booleans, int64_t{*boolean}, spans));
        return true;
    }
    return false;
}

}  // namespace

Result<MaybeSelection> SelectJsonValue(const expr::Plan& leaf, const JsonKeys& keys,
                                       const WalkRule& walk) {
    return std::visit(ValueSelector(leaf, keys, walk), leaf.node);
}

Result<MaybeSelection> SelectJsonElements(const expr::Contains& leaf, const JsonKeys& keys) {
    if (leaf.values.empty()) {  // true of every array, whatever its elements
        return MaybeSelection();
    }
    Selection selection;
    if (!leaf.all) {
        selection.groups.emplace_back();
    }
    for (const Value& value : leaf.values) {
        if (leaf.all) {
            selection.groups.emplace_back();
        }
        ASSIGN_OR_RETURN(const bool indexed,
                         AddConstant(value, keys, &selection.groups.back(), &selection.exact));
        if (!indexed) {
            return MaybeSelection();
        }
    }
    return MaybeSelection(std::move(selection));
}

}  // namespace elanus::scalar_index
