// Writes the data file of a sealed segment (segment_file.h): sections are streamed piece by piece,
// so that sealing needs memory for the key order only.
#include "analyzer/text_analyzer.h"
#include "base/bitmap.h"
#include "scalar_index/text_index.h"
#include "segment/segment_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace elanus::segment {

namespace {

using schema::ColumnView;
using schema::DataType;

constexpr size_t kRangeStringBytesMax = 256;  // longer ends are not worth their place in the meta

std::string_view Bytes(const void* data, size_t size) {
    return {static_cast<const char*>(data), size};
}

size_t RowsOf(const std::vector<ColumnView>& pieces) {
    size_t rows = 0;
    for (const ColumnView& piece : pieces) {
        rows += piece.rows;
    }
    return rows;
}

// Smallest and largest value of the valid rows; none when there are none or a NaN is among them.
template <typename T, typename End>
void NumericRange(const std::vector<ColumnView>& pieces, ColumnMeta* meta) {
    bool any = false;
    T low{};
    T high{};
    for (const ColumnView& piece : pieces) {
        for (size_t row = 0; row < piece.rows; ++row) {
            if (!piece.IsValid(row)) {
                continue;
            }
            const T value = piece.As<T>()[row];
            if (value != value) {
                return;
            }
            low = any ? std::min(low, value) : value;
            high = any ? std::max(high, value) : value;
            any = true;
        }
    }
    if (any) {
        meta->min = static_cast<End>(low);
        meta->max = static_cast<End>(high);
    }
}

void StringRange(const std::vector<ColumnView>& pieces, ColumnMeta* meta) {
    bool any = false;
    std::string_view low;
    std::string_view high;
    for (const ColumnView& piece : pieces) {
        for (size_t row = 0; row < piece.rows; ++row) {
            if (piece.IsValid(row)) {
                const std::string_view value = piece.StringAt(row);
                low = any ? std::min(low, value) : value;
                high = any ? std::max(high, value) : value;
                any = true;
            }
        }
    }
    if (any && low.size() <= kRangeStringBytesMax && high.size() <= kRangeStringBytesMax) {
        meta->min = std::string(low);
        meta->max = std::string(high);
    }
}

void FillRange(const std::vector<ColumnView>& pieces, ColumnMeta* meta) {
    switch (meta->type) {
        case DataType::kBool:
        case DataType::kInt8:
            return NumericRange<int8_t, int64_t>(pieces, meta);
        case DataType::kInt16:
            return NumericRange<int16_t, int64_t>(pieces, meta);
        case DataType::kInt32:
            return NumericRange<int32_t, int64_t>(pieces, meta);
        case DataType::kInt64:
        case DataType::kTimestamptz:
            return NumericRange<int64_t, int64_t>(pieces, meta);
        case DataType::kFloat:
            return NumericRange<float, double>(pieces, meta);
        case DataType::kDouble:
            return NumericRange<double, double>(pieces, meta);
        case DataType::kString:
        case DataType::kVarChar:
            return StringRange(pieces, meta);
        default:
            return;
    }
}

uint64_t CountNulls(const std::vector<ColumnView>& pieces) {
    uint64_t nulls = 0;
    for (const ColumnView& piece : pieces) {
        for (size_t row = 0; piece.validity != nullptr && row < piece.rows; ++row) {
            nulls += piece.IsValid(row) ? 0 : 1;
        }
    }
    return nulls;
}

std::vector<ColumnView> ChildPieces(const std::vector<ColumnView>& pieces, size_t child) {
    std::vector<ColumnView> children;
    for (const ColumnView& piece : pieces) {
        if (piece.rows > 0) {
            children.push_back(piece.children[child]);
        }
    }
    return children;
}

ColumnMeta MetaOf(base::FieldId field_id, const std::vector<ColumnView>& pieces,
                  const ColumnView& shape, bool with_range) {
    ColumnMeta meta;
    meta.field_id = field_id;
    meta.type = shape.type;
    meta.element_type = shape.element_type;
    meta.dim = shape.dim;
    meta.null_count = CountNulls(pieces);
    if (with_range) {
        FillRange(pieces, &meta);
    }
    for (size_t i = 0; i < shape.children.size(); ++i) {
        meta.children.push_back(MetaOf(field_id, ChildPieces(pieces, i), shape.children[i], false));
    }
    return meta;
}

class Writer {
  public:
    Writer(const SegmentContent& content, codec::Sink& sink)
        : content_(content), envelope_(sink, kSegmentFormat, kSegmentFormatVersion) {}

    base::Status Run() {
        RETURN_IF_ERROR(WriteMeta());
        WriteTimestamps();
        RETURN_IF_ERROR(WriteKeys());
        for (const ColumnPieces& column : content_.columns) {
            RETURN_IF_ERROR(WriteColumn(column.field_id, 0, column.pieces));
            WriteNorms(column);
            RETURN_IF_ERROR(WriteTokens(column));
        }
        return envelope_.Finish();
    }

  private:
    base::Status WriteMeta() {
        SegmentMeta meta;
        meta.segment_id = content_.segment_id;
        meta.partition_id = content_.partition_id;
        meta.key_field_id = content_.key_field_id;
        for (const auto& piece : content_.timestamps) {
            for (const base::Timestamp timestamp : piece) {
                const bool first = meta.rows == 0;
                meta.timestamps_ascend &= first || timestamp >= last_timestamp_;
                meta.min_timestamp = first ? timestamp : std::min(meta.min_timestamp, timestamp);
                meta.max_timestamp = std::max(meta.max_timestamp, timestamp);
                last_timestamp_ = timestamp;
                ++meta.rows;
            }
        }
        if (meta.rows >= UINT32_MAX) {
            return base::Internal("a segment with too many rows");
        }
        for (const ColumnPieces& column : content_.columns) {
            if (!column.pieces.empty()) {
                meta.columns.push_back(
                    MetaOf(column.field_id, column.pieces, column.pieces[0], true));
            }
        }
        envelope_.AddSection(kMetaSection, base::Encode(meta));
        return base::Status();
    }

    void WriteTimestamps() {
        envelope_.BeginSection(kTimestampSection);
        for (const auto& piece : content_.timestamps) {
            envelope_.Append(Bytes(piece.data(), piece.size_bytes()));
        }
        envelope_.EndSection();
    }

    base::Status WriteKeys() {
        for (const ColumnPieces& column : content_.columns) {
            if (column.field_id == content_.key_field_id && !column.pieces.empty()) {
                return schema::IsStringLike(column.pieces[0].type) ? WriteStringKeys(column.pieces)
                                                                   : WriteIntKeys(column.pieces);
            }
        }
        return base::Status();
    }

    base::Status WriteIntKeys(const std::vector<ColumnView>& pieces) {
        std::vector<std::pair<int64_t, uint32_t>> order;
        order.reserve(RowsOf(pieces));
        for (const ColumnView& piece : pieces) {
            for (size_t row = 0; row < piece.rows; ++row) {
                order.emplace_back(piece.As<int64_t>()[row], static_cast<uint32_t>(order.size()));
            }
        }
        std::sort(order.begin(), order.end());
        std::vector<int64_t> keys;
        std::vector<uint32_t> rows;
        keys.reserve(order.size());
        rows.reserve(order.size());
        for (const auto& [key, row] : order) {
            keys.push_back(key);
            rows.push_back(row);
        }
        envelope_.AddArray(kKeySection, std::span<const int64_t>(keys));
        envelope_.AddArray(kKeyRowSection, std::span<const uint32_t>(rows));
        return base::Status();
    }

    base::Status WriteStringKeys(const std::vector<ColumnView>& pieces) {
        std::vector<std::pair<std::string_view, uint32_t>> order;
        order.reserve(RowsOf(pieces));
        for (const ColumnView& piece : pieces) {
            for (size_t row = 0; row < piece.rows; ++row) {
                order.emplace_back(piece.StringAt(row), static_cast<uint32_t>(order.size()));
            }
        }
        std::sort(order.begin(), order.end());
        std::vector<uint32_t> offsets(1, 0);
        std::vector<uint32_t> rows;
        uint64_t end = 0;
        envelope_.BeginSection(kKeySection);
        for (const auto& [key, row] : order) {
            envelope_.Append(key);
            end += key.size();
            offsets.push_back(static_cast<uint32_t>(end));
            rows.push_back(row);
        }
        envelope_.EndSection();
        if (end > UINT32_MAX) {
            return TooLarge(content_.key_field_id);
        }
        envelope_.AddArray(kKeyOffsetSection, std::span<const uint32_t>(offsets));
        envelope_.AddArray(kKeyRowSection, std::span<const uint32_t>(rows));
        return base::Status();
    }

    base::Status WriteColumn(base::FieldId field_id, uint32_t path,
                             const std::vector<ColumnView>& pieces) {
        if (pieces.empty()) {
            return base::Status();
        }
        const ColumnView& shape = pieces[0];
        const size_t width = schema::FixedWidth(shape.type, shape.dim);
        if (width == 0) {
            RETURN_IF_ERROR(WriteOffsets(field_id, path, pieces));
        }
        if (shape.children.empty()) {
            envelope_.BeginSection(PartSection(field_id, path, ColumnPart::kValues));
            for (const ColumnView& piece : pieces) {
                const size_t bytes = width > 0 ? piece.rows * width
                                               : (piece.rows > 0 ? piece.offsets[piece.rows] : 0);
                envelope_.Append(Bytes(piece.values, bytes));
            }
            envelope_.EndSection();
        }
        WriteValidity(field_id, path, pieces);
        for (size_t i = 0; i < shape.children.size(); ++i) {
            std::vector<ColumnView> children = ChildPieces(pieces, i);
            if (children.empty()) {
                children.push_back(shape.children[i]);
            }
            RETURN_IF_ERROR(WriteColumn(field_id, ChildPath(path, i), children));
        }
        return base::Status();
    }

    base::Status WriteOffsets(base::FieldId field_id, uint32_t path,
                              const std::vector<ColumnView>& pieces) {
        std::vector<uint32_t> offsets;
        uint64_t base = 0;
        envelope_.BeginSection(PartSection(field_id, path, ColumnPart::kOffsets));
        offsets.push_back(0);
        for (const ColumnView& piece : pieces) {
            for (size_t row = 0; row < piece.rows; ++row) {
                offsets.push_back(static_cast<uint32_t>(base + piece.offsets[row + 1]));
            }
            base += piece.rows > 0 ? piece.offsets[piece.rows] : 0;
            if (base > UINT32_MAX) {
                return TooLarge(field_id);
            }
            envelope_.Append(Bytes(offsets.data(), offsets.size() * sizeof(uint32_t)));
            offsets.clear();
        }
        envelope_.EndSection();
        return base::Status();
    }

    void WriteValidity(base::FieldId field_id, uint32_t path,
                       const std::vector<ColumnView>& pieces) {
        if (CountNulls(pieces) == 0) {
            return;
        }
        base::Bitmap valid(RowsOf(pieces), true);
        size_t first = 0;
        for (const ColumnView& piece : pieces) {
            for (size_t row = 0; piece.validity != nullptr && row < piece.rows; ++row) {
                if (!piece.IsValid(row)) {
                    valid.Reset(first + row);
                }
            }
            first += piece.rows;
        }
        envelope_.AddArray(PartSection(field_id, path, ColumnPart::kValidity),
                           std::span<const uint64_t>(valid.words()));
    }

    void WriteNorms(const ColumnPieces& column) {
        if (column.norms.empty() || column.norms[0] == nullptr) {
            return;
        }
        envelope_.BeginSection(PartSection(column.field_id, 0, ColumnPart::kNorms));
        for (size_t i = 0; i < column.pieces.size(); ++i) {
            envelope_.Append(Bytes(column.norms[i], column.pieces[i].rows * sizeof(float)));
        }
        envelope_.EndSection();
    }

    // An analyzer that cannot be made leaves its column to scans, which report it.
    base::Status WriteTokens(const ColumnPieces& column) {
        if (!column.token_analyzer.has_value() ||
            !analyzer::TextAnalyzer::Create(*column.token_analyzer).ok()) {
            return base::Status();
        }
        codec::StringSink file;
        RETURN_IF_ERROR(
            scalar_index::BuildTextIndex(column.pieces, *column.token_analyzer, {}, file));
        envelope_.AddSection(PartSection(column.field_id, 0, ColumnPart::kTokens), file.bytes());
        return base::Status();
    }

    static base::Status TooLarge(base::FieldId field_id) {
        return base::Internal("field " + std::to_string(field_id) +
                              " of a segment holds more than 4 GiB");
    }

    const SegmentContent& content_;
    codec::EnvelopeWriter envelope_;
    base::Timestamp last_timestamp_ = 0;
};

}  // namespace

base::Status WriteSegmentFile(const SegmentContent& content, codec::Sink& sink) {
    return Writer(content, sink).Run();
}

}  // namespace elanus::segment
