// The read path that growing and sealed segments share: which rows a read sees and its filter
// accepts, and the values of chosen rows.
// Threads: pure over a RowSource.
#pragma once

#include "base/bitmap.h"
#include "segment/delete_list.h"
#include "segment/row_set.h"
#include "segment/row_source.h"
#include "segment/segment.h"

#include <vector>

namespace elanus::segment {

// Rows visible at the read's moment. No per-row work when all are.
RowSet VisibleRows(const RowSource& source, const DeleteList& deletes, const ReadOptions& options);
// Visible rows that the filter accepts. Adds to rows_scanned.
base::Result<RowSet> SelectRows(const RowSource& source, const DeleteList& deletes,
                                base::FieldId key_field, const ReadOptions& options,
                                ReadCounters* counters);
// Takes the rows out of the set whose value in the field is null.
void DropNulls(const RowSource& source, base::FieldId field_id, RowSet* set);
// Leaves only `rows` in the set.
void KeepRows(const base::Bitmap& rows, RowSet* set);
// What SelectRows gives, as a bitmap over all rows; counts the segment too.
base::Result<base::Bitmap> MatchRows(const RowSource& source, const DeleteList& deletes,
                                     base::FieldId key_field, const ReadOptions& options,
                                     ReadCounters* counters);
// How many those are; makes no bitmap of what is only counted.
base::Result<size_t> CountRows(const RowSource& source, const DeleteList& deletes,
                               base::FieldId key_field, const ReadOptions& options,
                               ReadCounters* counters);
// The deletes of the run that hit: the row exists and was inserted before the delete.
DeleteRun EffectiveDeletes(const RowSource& source, DeleteRun run);
// The rows of the set with the smallest keys, ascending by key (equal keys by row), at most
// `limit`.
std::vector<base::RowOffset> SmallestKeys(const RowSource& source, base::FieldId key_field,
                                          const RowSet& set, size_t limit);
// Columns of the rows, in the order given; the default or null for a field never seen.
base::Result<schema::ColumnBatch> FetchColumns(const RowSource& source,
                                               const std::vector<base::RowOffset>& rows,
                                               const std::vector<schema::FieldSchema>& fields);
schema::PrimaryKeys ReadKeys(const RowSource& source, const schema::FieldSchema& key_field,
                             const std::vector<base::RowOffset>& rows);

}  // namespace elanus::segment
