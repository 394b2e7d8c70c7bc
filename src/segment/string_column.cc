#include "segment/string_column.h"

#include "segment/segment_file.h"

#include <algorithm>

namespace elanus::segment {

base::Result<StringColumn> StringColumn::Open(const base::Buffer& data_file,
                                              base::FieldId field_id) {
    ASSIGN_OR_RETURN(const codec::EnvelopeReader reader,
                     codec::EnvelopeReader::Open(data_file, kSegmentFormat, kSegmentFormatVersion));
    ASSIGN_OR_RETURN(const SegmentMeta meta, ReadSegmentMeta(reader));
    const auto found =
        std::find_if(meta.columns.begin(), meta.columns.end(),
                     [&](const ColumnMeta& column) { return column.field_id == field_id; });
    if (found == meta.columns.end() || !schema::IsStringLike(found->type)) {
        return base::Corruption("no string column of field " + std::to_string(field_id));
    }
    ASSIGN_OR_RETURN(const MappedColumn mapped, MapColumn(reader, *found, meta.rows));
    RETURN_IF_ERROR(reader.VerifySection(PartSection(field_id, 0, ColumnPart::kValues)));
    StringColumn column;
    column.file_ = reader.file();
    column.view_ = mapped.view;
    return column;
}

}  // namespace elanus::segment
