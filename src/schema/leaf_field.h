// LeafField: the field that an index is over: a field of the collection, or one sub-field of a
// struct array, whose rows are then the elements of that array, one after another.
// Threads: pure functions.
#pragma once

#include "schema/collection_schema.h"

#include <optional>
#include <string_view>

namespace elanus::schema {

struct LeafField {
    const FieldSchema* field = nullptr;
    const FieldSchema* parent = nullptr;  // the struct array; null for a field of the collection
    size_t child = 0;                     // which of the parent's sub-fields

    bool is_element() const { return parent != nullptr; }
    // As users write it: `price`, or `clips[label]`.
    std::string Name() const;
    // The schema of one value: of one element, for a sub-field.
    FieldSchema ValueSchema() const;
};

// By id; absent when there is no such field.
std::optional<LeafField> FindLeafField(const CollectionSchema& schema, base::FieldId id);
// By the name that a user writes.
std::optional<LeafField> FindLeafField(const CollectionSchema& schema, std::string_view name);

}  // namespace elanus::schema
