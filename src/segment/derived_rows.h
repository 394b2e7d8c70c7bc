// DerivedRows: a segment's rows with one column more: the output of a function that is younger than
// the segment. It is made from the input columns when a read first needs it, and kept.
//
// Why not write it to the file: files are immutable; an index that is built over the column is
// written as any other, and from then on only rows that are scanned need it.
// Threads: DerivedColumns from anywhere; a DerivedRows belongs to one read.
#pragma once

#include "base/mutex.h"
#include "segment/row_source.h"
#include "segment/segment.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace elanus::segment {

// The columns of one field, run by run.
using RunColumns = std::vector<schema::Column>;

class DerivedRows : public RowSource {
  public:
    DerivedRows(const RowSource& rows, const schema::FieldSchema& field,
                std::shared_ptr<const RunColumns> columns);

    size_t rows() const override { return rows_.rows(); }
    const std::vector<RowRun>& runs() const override { return rows_.runs(); }
    const schema::ColumnView* Column(size_t run, base::FieldId field_id) const override {
        return field_id == field_.id ? &views_[run] : rows_.Column(run, field_id);
    }
    const schema::FieldSchema* Field(base::FieldId field_id) const override {
        return field_id == field_.id ? &field_ : rows_.Field(field_id);
    }
    const float* Norms(size_t run, base::FieldId field_id) const override {
        return rows_.Norms(run, field_id);
    }
    const ColumnMeta* Statistics(base::FieldId field_id) const override {
        return rows_.Statistics(field_id);
    }
    std::shared_ptr<const ScalarIndexes> scalar_indexes() const override {
        return rows_.scalar_indexes();
    }
    bool timestamps_ascend() const override { return rows_.timestamps_ascend(); }
    base::Timestamp max_timestamp() const override { return rows_.max_timestamp(); }
    std::vector<base::RowOffset> FindKeys(const schema::PrimaryKeys& keys) const override {
        return rows_.FindKeys(keys);
    }

  private:
    const RowSource& rows_;
    const schema::FieldSchema field_;
    const std::shared_ptr<const RunColumns> columns_;
    std::vector<schema::ColumnView> views_;
};

// What has been derived for one segment.
class DerivedColumns {
  public:
    // `rows` itself when it has the field, or no function among the given makes it; else the rows
    // with the column, in `holder`. Errors are the function's.
    base::Result<const RowSource*> Extend(const RowSource& rows, base::FieldId field_id,
                                          const std::vector<schema::FieldSchema>& fields,
                                          const std::vector<schema::FunctionSchema>& functions,
                                          const base::CallContext& context,
                                          std::optional<DerivedRows>* holder);
    // The same with what a read says of fields and functions.
    base::Result<const RowSource*> Extend(const RowSource& rows, base::FieldId field_id,
                                          const ReadOptions& options,
                                          std::optional<DerivedRows>* holder);

  private:
    base::Mutex mutex_;
    // Made under the lock, so that many reads at once make it once.
    std::map<base::FieldId, std::shared_ptr<const RunColumns>> columns_ GUARDED_BY(mutex_);
};

}  // namespace elanus::segment
