// NameResolver: what a name or path of a filter points at in the schema: a field, an element of an
// array, a place in JSON, a sub-field of a struct array; unknown names are keys of the dynamic
// field.
// Threads: one analysis owns it.
#pragma once

#include "base/status.h"
#include "expr/ast.h"
#include "expr/filter.h"
#include "expr/plan.h"
#include "schema/collection_schema.h"

#include <string>
#include <vector>

namespace elanus::expr {

class NameResolver {
  public:
    // Both must outlive the resolver.
    NameResolver(const schema::CollectionSchema& schema, const std::vector<JsonPlace>& text_numbers)
        : schema_(schema), text_numbers_(text_numbers) {}

    base::Result<ColumnRef> Resolve(const Node& node) const;
    bool IsNullable(const ColumnRef& column) const;

    // Between these two, names are about one element of the struct array: only $[sub] is one.
    void EnterElement(const schema::FieldSchema* struct_array) { element_struct_ = struct_array; }
    void LeaveElement() { element_struct_ = nullptr; }
    bool in_element() const { return element_struct_ != nullptr; }

  private:
    base::Result<ColumnRef> ResolveName(const Node& node) const;
    base::Result<ColumnRef> ResolveElement(const Node& node) const;
    base::Result<ColumnRef> ResolveDynamic(const Node& node) const;

    const schema::CollectionSchema& schema_;
    const std::vector<JsonPlace>& text_numbers_;
    const schema::FieldSchema* element_struct_ = nullptr;
};

}  // namespace elanus::expr
