// Stored values as clients see them: the way out of what column_adoption.h reads.
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "calendar/timestamp_text.h"
#include "json/json.h"
#include "proxy/api.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

#include <vector>

namespace elanus::proxy {

// Microseconds to RFC 3339 text in `zone`; nulls are empty.
schema::Column TimestampsAsText(const schema::Column& column, const calendar::TimeZone& zone);
// Microseconds to arrays of their parts (Int64).
schema::Column TimestampsAsParts(const schema::Column& column, const calendar::TimeZone& zone,
                                 const std::vector<calendar::Unit>& parts);
// Well-known binary to well-known text.
base::Result<schema::Column> GeometriesAsText(const schema::Column& column);
// The value at `path` of every document; null where there is none.
schema::Column JsonAtPath(const schema::Column& column, const json::Path& path);
// The arrays of one sub-field of a struct array.
schema::Column SubFieldArrays(const schema::Column& column, size_t child,
                              const schema::FieldSchema& sub_field);

}  // namespace elanus::proxy
