// SelectColumn: the keys that answer a leaf over a scalar column or the elements of an array.
// Threads: pure functions.
#pragma once

#include "expr/plan.h"
#include "scalar_index/key_slice.h"
#include "scalar_index/selection.h"

#include <optional>

namespace elanus::scalar_index {

// When and how leaves that only a look at each key can answer are selected.
struct WalkRule {
    // Keys to look at at most.
    uint64_t keys_max = 0;
    // Do not look: all keys stand for those that would be found.
    bool only_estimate = false;
};

// Absent when the keys cannot answer the leaf. Leaves on one element of an array get the rows that
// have any such element, not exact.
template <typename W>
base::Result<std::optional<Selection>> SelectColumn(const expr::Plan& leaf, const KeySlice<W>& keys,
                                                    const WalkRule& walk);

// The keys equal to the value, behind those of `spans`; a NaN has none.
template <typename W>
base::Status AddEqual(const KeySlice<W>& keys, const W& value, std::vector<KeySpan>* spans) {
    if (!(value == value)) {
        return base::Status();
    }
    ASSIGN_OR_RETURN(const uint64_t begin, keys.LowerBound(value));
    ASSIGN_OR_RETURN(const uint64_t end, keys.UpperBound(value));
    if (begin < end) {
        spans->push_back({begin, end});
    }
    return base::Status();
}

// The keys of the slice that stand so to the value, which is no NaN; kNe selects the others' rows.
template <typename W>
base::Result<Selection> SelectCompare(expr::CompareOp op, const KeySlice<W>& keys, const W& value) {
    using expr::CompareOp;
    ASSIGN_OR_RETURN(const uint64_t lower, keys.LowerBound(value));
    ASSIGN_OR_RETURN(const uint64_t upper, keys.UpperBound(value));
    const KeySpan all = keys.span();
    Selection selection = Selection::None();
    switch (op) {
        case CompareOp::kEq:
            return Selection::Of({lower, upper});
        case CompareOp::kNe:
            selection = Selection::Of({lower, upper});
            selection.flip = true;
            return selection;
        case CompareOp::kLt:
            return Selection::Of({all.begin, lower});
        case CompareOp::kLe:
            return Selection::Of({all.begin, upper});
        case CompareOp::kGt:
            return Selection::Of({upper, all.end});
        case CompareOp::kGe:
            return Selection::Of({lower, all.end});
    }
    return selection;
}

// The keys between the bounds, which are no NaN.
template <typename W>
base::Result<Selection> SelectRange(const KeySlice<W>& keys, const W& low, bool low_inclusive,
                                    const W& high, bool high_inclusive) {
    KeySpan span;
    ASSIGN_OR_RETURN(span.begin, low_inclusive ? keys.LowerBound(low) : keys.UpperBound(low));
    ASSIGN_OR_RETURN(span.end, high_inclusive ? keys.UpperBound(high) : keys.LowerBound(high));
    return Selection::Of(span);
}

}  // namespace elanus::scalar_index
