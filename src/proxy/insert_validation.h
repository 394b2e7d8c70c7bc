// Turns the columns of an insert or upsert into a batch that fits the schema: checks every value
// (API map 2.1, 2.2, 2.6, 5.15), expands compact columns, fills nulls and defaults, narrows small
// integers.
//
// Columns that arrive as they are stored (Int64, floats, vectors, strings, JSON without nulls) keep
// their buffers: nothing is copied.
#pragma once

#include "base/status.h"
#include "proxy/api.h"
#include "proxy/limits.h"
#include "roles/records.h"
#include "schema/column.h"

namespace elanus::proxy {

// kPartial: an upsert that may leave fields out; they stay out of the batch.
enum class WriteKind { kInsert, kUpsert, kPartial };

// Columns of all fields in schema order, except the outputs of functions (function/outputs.h), and
// the primary key where it is to be generated (autoID inserts), see NeedsAutoIds. Takes the
// request's columns.
base::Result<schema::ColumnBatch> PrepareRows(const roles::CollectionInfo& collection,
                                              const Limits& limits, WriteKind kind,
                                              InsertRequest* request);

// True when the proxy gives the rows of this batch their keys.
bool NeedsAutoIds(const roles::CollectionInfo& collection, const schema::ColumnBatch& batch);

// Keys first, first + 1, ... for `rows` rows of a primary key field.
schema::Column MakeAutoIds(const schema::FieldSchema& field, int64_t first, size_t rows);

// All values of a key column.
schema::PrimaryKeys KeysOf(const schema::Column& column);

}  // namespace elanus::proxy
