// Group keys: the values that a hit is grouped by, as bytes: one ascending sort key (sort_key.h) a
// field, null last. Hits with equal keys are one group; two nulls are equal.
//
// A value inside JSON is read as the type that the request names. Strictly: a value of another JSON
// type, or an integer out of range, is null. Otherwise what can be converted without loss is:
// whole numbers and numbers in strings to integers, "true" and "false" to Bool, every scalar to
// VarChar by its text. Without a type values are read as VarChar.
// Threads: free functions; a GroupKeys belongs to one thread.
#pragma once

#include "base/status.h"
#include "json/json.h"
#include "roles/read.h"
#include "schema/column.h"

#include <string>
#include <vector>

namespace elanus::reduce {

// The type of the values that the field groups by.
schema::DataType GroupType(const roles::GroupField& field);
// kInvalidParameter when hits cannot be grouped by such fields.
base::Status CheckGroupFields(const std::vector<roles::GroupField>& fields);

// The keys of rows.
class GroupKeys {
  public:
    explicit GroupKeys(const std::vector<roles::GroupField>& fields);

    // The fields to fetch, each once.
    const std::vector<schema::FieldSchema>& fields() const { return fields_; }
    // The columns of the rows that are asked for next; they outlive the asking.
    base::Status Use(const schema::ColumnBatch& batch);
    void AppendKey(size_t row, std::string* key) const;

  private:
    struct Part {
        base::FieldId field_id;
        bool is_json;
        json::Path path;
        schema::DataType type;
        bool strict;
        schema::Column cast;  // JSON: the values as `type`
        schema::ColumnView column;
    };

    std::vector<schema::FieldSchema> fields_;
    std::vector<Part> parts_;
};

// One column a field: the values behind the keys.
base::Result<std::vector<schema::Column>> GroupKeyColumns(
    const std::vector<std::string>& keys, const std::vector<roles::GroupField>& fields);

}  // namespace elanus::reduce
