// SelectJson: the keys that answer a leaf over one JSON path, by the evaluator's rules: values of
// another type make a leaf false, and != true; integers compare as integers, all else as doubles.
//
// Numbers are indexed as doubles. An integer constant from 2^53 on may equal one there that it does
// not equal in the document, so it selects a superset. Where the numbers in texts are keys too, a
// text that is equal to a constant has the constant's number: those rows are a superset as well. Of
// the order of texts, and of texts that are no numbers, the keys say nothing.
// Threads: pure functions.
#pragma once

#include "expr/plan.h"
#include "scalar_index/select_column.h"

#include <optional>

namespace elanus::scalar_index {

// The keys of one JSON path by type; null = values of that type are not indexed.
struct JsonKeys {
    const KeySlice<double>* numbers = nullptr;
    const KeySlice<std::string_view>* strings = nullptr;
    const KeySlice<int64_t>* booleans = nullptr;
    bool text_numbers = false;  // `numbers` are also those in texts (expr/text_number.h)
};

// `keys` are the values at the path, for Compare, Range, In, Like and Regex. Absent when they
// cannot answer the leaf.
base::Result<std::optional<Selection>> SelectJsonValue(const expr::Plan& leaf, const JsonKeys& keys,
                                                       const WalkRule& walk);
// `keys` are the elements of the array at the path.
base::Result<std::optional<Selection>> SelectJsonElements(const expr::Contains& leaf,
                                                          const JsonKeys& keys);

}  // namespace elanus::scalar_index
