// The data file of a sealed segment: which sections it has, how they are written, and how they are
// found and checked when the file is opened.
//
// Why: everything is used in place from the mapping. So opening proves what later reads rely on for
// memory safety (lengths, offsets that rise and end where the data ends, row numbers in range) and
// the checksums of the small sections; values are proved by VerifyAll only.
// Format: docs/formats/segment.md
// Threads: values.
#pragma once

#include "base/archive.h"
#include "base/ids.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "codec/envelope.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace elanus::segment {

inline constexpr std::string_view kSegmentFormat = "segment";
inline constexpr uint32_t kSegmentFormatVersion = 1;

// Sections of no field.
inline constexpr codec::SectionId kMetaSection{1, 0};
inline constexpr codec::SectionId kTimestampSection{2, 0};
inline constexpr codec::SectionId kKeySection{3, 0};
inline constexpr codec::SectionId kKeyOffsetSection{4, 0};
inline constexpr codec::SectionId kKeyRowSection{5, 0};

// Parts of a column. The section kind of a part is part + 256 * path, where path is 0 for the
// column itself and 256 * path(parent) + i + 1 for its i-th child.
enum class ColumnPart : uint32_t {
    kValues = 16,
    kOffsets = 17,
    kValidity = 18,
    kNorms = 19,
    kTokens = 20,        // a whole file: the text index of a column (scalar_index/text_index.h)
    kShreddedMeta = 21,  // of a JSON column (shredded_json.h)
    kShreddedData = 22,
};
codec::SectionId PartSection(base::FieldId field_id, uint32_t path, ColumnPart part);
constexpr uint32_t ChildPath(uint32_t parent, size_t child) {
    return parent * 256 + static_cast<uint32_t>(child) + 1;
}

// An end of a column's range: none, an integer (Bool as 0/1), a floating value, or a string.
using RangeEnd = std::variant<std::monostate, int64_t, double, std::string>;

struct ColumnMeta {
    base::FieldId field_id = 0;
    schema::DataType type = schema::DataType::kNone;
    schema::DataType element_type = schema::DataType::kNone;
    uint32_t dim = 0;
    uint64_t null_count = 0;
    // Of the valid rows; both none when there is no valid row, a NaN or a long string among them,
    // or the type has no order. Then nothing is known about the range.
    RangeEnd min;
    RangeEnd max;
    std::vector<ColumnMeta> children;

    template <typename A>
    void Visit(A& a) {
        a(field_id, type, element_type, dim, null_count, min, max, children);
    }
};

struct SegmentMeta {
    base::SegmentId segment_id = 0;
    base::PartitionId partition_id = 0;
    uint64_t rows = 0;
    base::FieldId key_field_id = 0;
    base::Timestamp min_timestamp = 0;
    base::Timestamp max_timestamp = 0;
    bool timestamps_ascend = true;  // by row
    std::vector<ColumnMeta> columns;

    template <typename A>
    void Visit(A& a) {
        a(segment_id, partition_id, rows, key_field_id, min_timestamp, max_timestamp,
          timestamps_ascend, columns);
    }
};

// What a writer brings: the rows in pieces, one after the other, made anew each time the writer
// asks, so that a merge holds one piece at a time. Offsets of a piece start at 0.
using PieceVisitor = std::function<void(const schema::ColumnView& piece, const float* norms)>;
struct ColumnPieces {
    base::FieldId field_id = 0;
    schema::ColumnView shape;  // type, dimension and children; its rows are not looked at
    bool may_have_nulls = true;
    bool has_norms = false;  // every piece comes with its norms
    std::function<void(const PieceVisitor&)> visit;
    // Of text columns that filters match by token: the field's analyzer_params.
    std::optional<std::string> token_analyzer = {};
};

// As the field's parameters say; absent when it does not enable match.
std::optional<std::string> TokenAnalyzer(const schema::FieldSchema& field);

// One primary key and the row that holds it.
struct KeyEntry {
    int64_t number = 0;
    std::string_view text;
    uint32_t row = 0;
};
using KeyVisitor = std::function<void(const KeyEntry&)>;
using TimestampVisitor = std::function<void(std::span<const base::Timestamp>)>;

struct SegmentContent {
    base::SegmentId segment_id = 0;
    base::PartitionId partition_id = 0;
    base::FieldId key_field_id = 0;
    std::vector<ColumnPieces> columns;
    std::function<void(const TimestampVisitor&)> visit_timestamps;
    // All keys ascending, equal ones by row. Absent: they are sorted here, and the pieces of the
    // key column must stay where they are.
    std::function<void(const KeyVisitor&)> visit_keys;
};

base::Status WriteSegmentFile(const SegmentContent& content, codec::Sink& sink);

// A column of an open file.
struct MappedColumn {
    ColumnMeta meta;
    schema::ColumnView view;
    const float* norms = nullptr;
};

// Reads and checks the meta section.
base::Result<SegmentMeta> ReadSegmentMeta(const codec::EnvelopeReader& reader);
// Finds the sections of a column and proves that no read through the view leaves them.
base::Result<MappedColumn> MapColumn(const codec::EnvelopeReader& reader, const ColumnMeta& meta,
                                     uint64_t rows);
// The uint32 offsets at `section`: `count` + 1 of them, from 0, rising, to `end`. Checks the
// checksum.
base::Result<const uint32_t*> MapOffsets(const codec::EnvelopeReader& reader,
                                         codec::SectionId section, uint64_t count,
                                         const uint64_t* end);

}  // namespace elanus::segment
