// RowSource: what one read sees of a segment's rows, the same for growing and sealed segments: runs
// of rows whose columns lie in memory one value after the other.
// Threads: one read uses one source; the rows it shows do not change.
#pragma once

#include "base/ids.h"
#include "base/timestamp.h"
#include "scalar_index/index.h"
#include "schema/collection_schema.h"
#include "schema/column.h"
#include "schema/primary_key.h"

#include <memory>
#include <vector>

namespace elanus::segment {

struct ColumnMeta;   // segment_file.h
class ShreddedJson;  // shredded_json.h
class ColumnCodes;   // range_code_cache.h

struct RowRun {
    base::RowOffset first_row = 0;
    size_t rows = 0;
    const base::Timestamp* timestamps = nullptr;
};

using ScalarIndexes = std::vector<std::shared_ptr<const scalar_index::Index>>;

class RowSource {
  public:
    virtual ~RowSource() = default;

    virtual size_t rows() const = 0;
    // Ascending, without gaps, none empty.
    virtual const std::vector<RowRun>& runs() const = 0;
    // The rows of a run in one column; null when the segment has never seen the field.
    virtual const schema::ColumnView* Column(size_t run, base::FieldId field_id) const = 0;
    // The field in the segment's schema; null when it has none.
    virtual const schema::FieldSchema* Field(base::FieldId field_id) const = 0;
    // Euclidean lengths of the run's vectors; null when they are not kept.
    virtual const float* Norms(size_t run, base::FieldId field_id) const = 0;
    // Statistics over all rows; null when unknown.
    virtual const ColumnMeta* Statistics(base::FieldId field_id) const = 0;
    // Paths of a JSON column that are kept as columns; null when there are none.
    virtual const ShreddedJson* Shredded(base::FieldId field_id) const {
        (void)field_id;
        return nullptr;
    }
    // Range codes of a column, over all rows; null when there are none. `reads_most`: so does the
    // read that asks, which may let them be made.
    virtual std::shared_ptr<const ColumnCodes> CodesOf(base::FieldId field_id,
                                                       bool reads_most) const {
        (void)field_id, (void)reads_most;
        return nullptr;
    }
    // Indexes over all rows of columns; null when there are none.
    virtual std::shared_ptr<const ScalarIndexes> scalar_indexes() const { return nullptr; }
    // Row timestamps never fall from one row to the next.
    virtual bool timestamps_ascend() const = 0;
    virtual base::Timestamp max_timestamp() const = 0;
    // Rows (any visibility) that hold one of the keys, in no order; each once if the keys are.
    virtual std::vector<base::RowOffset> FindKeys(const schema::PrimaryKeys& keys) const = 0;
};

// The number of the run that holds `row`.
size_t RunOf(const std::vector<RowRun>& runs, base::RowOffset row);
base::Timestamp TimestampOf(const RowSource& source, base::RowOffset row);
// Rows inserted at or before `timestamp`.
size_t CountInsertedBy(const RowSource& source, base::Timestamp timestamp);

}  // namespace elanus::segment
