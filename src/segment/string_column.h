// StringColumn: the strings of one field of a sealed segment, used in place in the mapped data
// file. The channel's owner maps one where deletes are limited to rows with a value.
// Threads: immutable after Open.
#pragma once

#include "base/buffer.h"
#include "base/ids.h"
#include "base/status.h"
#include "schema/column.h"

#include <string_view>

namespace elanus::segment {

class StringColumn {
  public:
    // kDataCorruption when the file is damaged or has no string column of the field. Checks the
    // checksums of what is read later.
    static base::Result<StringColumn> Open(const base::Buffer& data_file, base::FieldId field_id);

    std::string_view At(base::RowOffset row) const { return view_.StringAt(row); }

  private:
    base::Buffer file_;  // holds the bytes of view_
    schema::ColumnView view_;
};

}  // namespace elanus::segment
