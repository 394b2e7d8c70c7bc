// Sort keys: values as bytes whose order as bytes is the order asked for, so that partial answers
// of several processes are merged without knowing types.
//
// A value is a marker (null first, value, null last) and a body: integers as big-endian with the
// sign bit turned, floating numbers by the same trick on their bits (-0 as 0), strings with 0 as
// 00 FF and closed by 00 01, JSON scalars with their kind in front. A descending body has its bits
// turned. No body is the beginning of another one, so bodies may follow each other. Threads: pure
// functions; a RowOrder belongs to one thread.
#pragma once

#include "base/status.h"
#include "json/json.h"
#include "roles/read.h"
#include "schema/column.h"
#include "schema/primary_key.h"

#include <string>
#include <string_view>
#include <vector>

namespace elanus::reduce {

// Types that have an order: Bool, integers, floating numbers, strings, Timestamptz.
bool IsSortable(schema::DataType type);

// Appends row `row` of the column, ascending and nulls last.
void AppendSortKey(const schema::ColumnView& column, size_t row, std::string* key);
void AppendSortKey(const schema::PrimaryKeys& keys, size_t i, std::string* key);

// Takes one ascending value of the type off the front and appends it to the builder. False when the
// bytes are no such key.
bool TakeSortKey(std::string_view* key, schema::DataType type, schema::ColumnBuilder* values);

// The sort keys of rows by several fields.
class RowOrder {
  public:
    explicit RowOrder(const std::vector<roles::SortField>& fields);

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
        bool descending;
        bool nulls_first;
        schema::ColumnView column;
    };
    static void AppendPart(const Part& part, size_t row, std::string* key);

    std::vector<schema::FieldSchema> fields_;
    std::vector<Part> parts_;
};

}  // namespace elanus::reduce
