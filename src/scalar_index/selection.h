// Selection: which row lists answer a leaf, as sets of keys; found by searching the keys, before
// any list is read. Threads: a value.
#pragma once

#include "scalar_index/row_lists.h"

#include <vector>

namespace elanus::scalar_index {

struct Selection {
    // A row must be in a list of each group: an AND of ORs. No group: every row.
    std::vector<std::vector<KeySpan>> groups;
    // The rows that have a value at the JSON path, instead of the groups.
    bool exists = false;
    // The other rows instead: for !=, which is the negation of == also where a value is missing.
    bool flip = false;
    // Every key of the groups was looked at one by one.
    uint64_t keys_walked = 0;
    // As LeafBits::exact.
    bool exact = true;

    static Selection Of(KeySpan span) {
        Selection selection;
        selection.groups.emplace_back();
        if (span.begin < span.end) {
            selection.groups.back().push_back(span);
        }
        return selection;
    }
    static Selection None() { return Of({}); }
};

}  // namespace elanus::scalar_index
