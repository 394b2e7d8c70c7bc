#include "scalar_index/select_column.h"

#include <cmath>
#include <string>
#include <type_traits>
#include <variant>

namespace elanus::scalar_index {

namespace {

using base::Result;
using expr::CompareOp;
using expr::internal::ConstantAs;
using expr::internal::SetAs;
using expr::internal::WithPredicate;
using MaybeSelection = std::optional<Selection>;

// Appends key `i` to spans of ascending keys.
void AppendKey(uint64_t i, std::vector<KeySpan>* spans) {
    if (!spans->empty() && spans->back().end == i) {
        ++spans->back().end;
    } else {
        spans->push_back({i, i + 1});
    }
}

// Asks the evaluator's own predicate of each key.
template <typename W, typename Leaf>
Result<MaybeSelection> Walk(const Leaf& leaf, const KeySlice<W>& keys, const WalkRule& walk) {
    const KeySpan all = keys.span();
    const uint64_t count = all.end - all.begin;
    if (all.end < all.begin || count > walk.keys_max) {
        return MaybeSelection();
    }
    Selection selection = walk.only_estimate ? Selection::Of(all) : Selection::None();
    selection.keys_walked = count;
    RETURN_IF_ERROR(WithPredicate<W>(leaf, [&](auto holds) {
        if (walk.only_estimate) {
            return base::Status();
        }
        return keys.ForEach([&](uint64_t i, const W& value) {
            if (holds(value)) {
                AppendKey(i, &selection.groups[0]);
            }
        });
    }));
    return MaybeSelection(std::move(selection));
}

template <typename W>
class ColumnSelector {
  public:
    ColumnSelector(const KeySlice<W>& keys, const WalkRule& walk) : keys_(keys), walk_(walk) {}

    Result<MaybeSelection> operator()(const expr::Compare& leaf) const {
        const std::optional<W> value = ConstantAs<W>(leaf.value);
        if (!value.has_value() || leaf.op > CompareOp::kGe) {
            return MaybeSelection();
        }
        if (!(*value == *value)) {  // NaN differs from all values and stands in no order to them
            Selection none = Selection::None();
            none.flip = leaf.op == CompareOp::kNe;
            return MaybeSelection(std::move(none));
        }
        ASSIGN_OR_RETURN(Selection selection, SelectCompare(leaf.op, keys_, *value));
        return MaybeSelection(std::move(selection));
    }

    Result<MaybeSelection> operator()(const expr::Range& leaf) const {
        const std::optional<W> low = ConstantAs<W>(leaf.low);
        const std::optional<W> high = ConstantAs<W>(leaf.high);
        if (!low.has_value() || !high.has_value() || !(*low == *low) || !(*high == *high)) {
            return MaybeSelection();
        }
        ASSIGN_OR_RETURN(Selection selection,
                         SelectRange(keys_, *low, leaf.low_inclusive, *high, leaf.high_inclusive));
        return MaybeSelection(std::move(selection));
    }

    Result<MaybeSelection> operator()(const expr::In& leaf) const {
        Selection selection = Selection::None();
        for (const W& value : SetAs<W>(leaf.values)) {
            RETURN_IF_ERROR(AddEqual(keys_, value, &selection.groups[0]));
        }
        return MaybeSelection(std::move(selection));
    }

    Result<MaybeSelection> operator()(const expr::Contains& leaf) const {
        Selection selection;
        if (!leaf.all) {
            selection.groups.emplace_back();
        }
        for (const expr::Value& constant : leaf.values) {
            const std::optional<W> value = ConstantAs<W>(constant);
            if (!value.has_value()) {
                return MaybeSelection();
            }
            if (leaf.all) {
                selection.groups.emplace_back();
            }
            RETURN_IF_ERROR(AddEqual(keys_, *value, &selection.groups.back()));
        }
        return MaybeSelection(std::move(selection));
    }

    Result<MaybeSelection> operator()(const expr::ArithmeticCompare& leaf) const {
        if constexpr (std::is_same_v<W, std::string_view>) {
            return MaybeSelection();
        } else {
            const std::optional<W> operand = ConstantAs<W>(leaf.operand);
            const bool sound = operand.has_value() && ConstantAs<W>(leaf.value).has_value() &&
                               leaf.arithmetic <= expr::ArithmeticOp::kModulo &&
                               leaf.op <= CompareOp::kGe &&
                               expr::internal::IsSoundOperand(leaf.arithmetic, *operand) &&
                               schema::IsNumeric(leaf.column.value_type());
            // A NaN is no key, and it differs from every result.
            const bool loses_nan = std::is_floating_point_v<W> && leaf.op == CompareOp::kNe;
            return sound && !loses_nan ? Walk<W>(leaf, keys_, walk_) : MaybeSelection();
        }
    }

    Result<MaybeSelection> operator()(const expr::Like& leaf) const {
        if constexpr (!std::is_same_v<W, std::string_view>) {
            return MaybeSelection();
        } else {
            const std::string_view text = leaf.text;
            if (leaf.kind == expr::LikeKind::kEqual) {
                ASSIGN_OR_RETURN(Selection selection, SelectCompare(CompareOp::kEq, keys_, text));
                return MaybeSelection(std::move(selection));
            }
            return leaf.kind == expr::LikeKind::kPrefix ? Prefix(text)
                                                        : Walk<W>(leaf, keys_, walk_);
        }
    }

    Result<MaybeSelection> operator()(const expr::Regex& leaf) const {
        if constexpr (!std::is_same_v<W, std::string_view>) {
            return MaybeSelection();
        } else {
            return Walk<W>(leaf, keys_, walk_);
        }
    }

    template <typename Leaf>
    Result<MaybeSelection> operator()(const Leaf&) const {
        return MaybeSelection();
    }

  private:
    Result<MaybeSelection> Prefix(std::string_view prefix) const
        requires(std::is_same_v<W, std::string_view>)
    {
        KeySpan span = keys_.span();
        ASSIGN_OR_RETURN(span.begin, keys_.LowerBound(prefix));
        std::string behind;
        if (BehindPrefix(prefix, &behind)) {
            ASSIGN_OR_RETURN(span.end, keys_.LowerBound(behind));
        }
        return MaybeSelection(Selection::Of(span));
    }

    const KeySlice<W>& keys_;
    const WalkRule& walk_;
};

}  // namespace

template <typename W>
Result<MaybeSelection> SelectColumn(const expr::Plan& leaf, const KeySlice<W>& keys,
                                    const WalkRule& walk) {
    return std::visit(ColumnSelector<W>(keys, walk), leaf.node);
}

template Result<MaybeSelection> SelectColumn(const expr::Plan&, const KeySlice<int64_t>&,
                                             const WalkRule&);
template Result<MaybeSelection> SelectColumn(const expr::Plan&, const KeySlice<float>&,
                                             const WalkRule&);
template Result<MaybeSelection> SelectColumn(const expr::Plan&, const KeySlice<double>&,
                                             const WalkRule&);
template Result<MaybeSelection> SelectColumn(const expr::Plan&, const KeySlice<std::string_view>&,
                                             const WalkRule&);

}  // namespace elanus::scalar_index
