// A column as a client sent it becomes a column of its field, still compact: its type is checked,
// every value is checked (API map 2.1, 2.2, 2.5, 5.15), small integers are narrowed, timestamps and
// geometries are read from text.
//
// Columns that arrive as they are stored (Int64, floats, vectors, strings, JSON) keep their
// buffers.
// Nothing about the column is trusted: sizes and offsets are verified before they are used.
#pragma once

#include "base/status.h"
#include "calendar/timestamp_text.h"
#include "proxy/limits.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

namespace elanus::proxy {

struct RowRules {
    const schema::CollectionSchema& schema;
    const Limits& limits;
    calendar::TimeZone zone;  // of timestamps without an offset
};

// Any field but a struct array. Sets the column's rows and field id, drops its validity.
base::Status AdoptColumn(const RowRules& rules, const schema::FieldSchema& field,
                         schema::Column* column);

// "the data type of field f does not match the schema: invalid parameter[expected=..][actual=..]"
base::Status TypeMismatch(const schema::FieldSchema& field, schema::DataType actual);

// A builder of columns of this field, struct arrays included.
schema::ColumnBuilder BuilderFor(const schema::FieldSchema& field);

}  // namespace elanus::proxy
