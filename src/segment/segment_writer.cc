// Writes the data file of a sealed segment (segment_file.h): sections are streamed piece by piece,
// so that sealing needs memory for the key order only.
#include "analyzer/text_analyzer.h"
#include "base/bitmap.h"
#include "scalar_index/text_index.h"
#include "segment/segment_file.h"
#include "segment/shredded_writer.h"

#include <algorithm>
#include <tuple>

namespace elanus::segment {

namespace {

using schema::ColumnView;
using schema::DataType;

constexpr size_t kKeysAtOnce = 8192;
constexpr size_t kRangeStringBytesMax = 256;  // longer ends are not worth their place in the meta

std::string_view Bytes(const void* data, size_t size) {
    return {static_cast<const char*>(data), size};
}

// A column, or a child of one, to be visited piece by piece.
class Pieces {
  public:
    using Visitor = std::function<void(const ColumnView&)>;
    Pieces(ColumnView shape, bool may_have_nulls, std::function<void(const Visitor&)> visit)
        : shape_(std::move(shape)), may_have_nulls_(may_have_nulls), visit_(std::move(visit)) {}

    static Pieces Of(const ColumnPieces& column) {
        return {column.shape, column.may_have_nulls, [&column](const Visitor& visitor) {
                    column.visit([&](const ColumnView& piece, const float*) { visitor(piece); });
                }};
    }
    Pieces Child(size_t i) const {
        return {shape_.children[i], true, [this, i](const Visitor& visitor) {
                    visit_([&](const ColumnView& piece) {
                        if (piece.rows > 0) {
                            visitor(piece.children[i]);
                        }
                    });
                }};
    }

    const ColumnView& shape() const { return shape_; }
    void Visit(const Visitor& visitor) const { visit_(visitor); }
    template <typename OfValue>  // of the rows that are not null
    void VisitValid(OfValue of_value) const {
        visit_([&](const ColumnView& piece) {
            for (size_t row = 0; row < piece.rows; ++row) {
                if (piece.IsValid(row)) {
                    of_value(piece, row);
                }
            }
        });
    }
    uint64_t CountNulls() const {
        uint64_t nulls = 0;
        if (may_have_nulls_) {
            visit_([&](const ColumnView& piece) {
                for (size_t row = 0; piece.validity != nullptr && row < piece.rows; ++row) {
                    nulls += piece.IsValid(row) ? 0 : 1;
                }
            });
        }
        return nulls;
    }

  private:
    ColumnView shape_;
    bool may_have_nulls_;
    std::function<void(const Visitor&)> visit_;
};

// Smallest and largest value of the valid rows; none when there are none or a NaN is among them.
template <typename T, typename End>
void NumericRange(const Pieces& pieces, ColumnMeta* meta) {
    bool any = false;
    bool ordered = true;
    T low{};
    T high{};
    pieces.VisitValid([&](const ColumnView& piece, size_t row) {
        const T value = piece.As<T>()[row];
        ordered = ordered && value == value;
        low = any ? std::min(low, value) : value;
        high = any ? std::max(high, value) : value;
        any = true;
    });
    if (any && ordered) {
        meta->min = static_cast<End>(low);
        meta->max = static_cast<End>(high);
    }
}

void StringRange(const Pieces& pieces, ColumnMeta* meta) {
    bool any = false;
    std::string low;
    std::string high;
    pieces.VisitValid([&](const ColumnView& piece, size_t row) {
        const std::string_view value = piece.StringAt(row);
        if (!any || value < low) {
            low = value;
        }
        if (!any || value > high) {
            high = value;
        }
        any = true;
    });
    if (any && low.size() <= kRangeStringBytesMax && high.size() <= kRangeStringBytesMax) {
        meta->min = std::move(low);
        meta->max = std::move(high);
    }
}

void FillRange(const Pieces& pieces, ColumnMeta* meta) {
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

ColumnMeta MetaOf(base::FieldId field_id, const Pieces& pieces, bool with_range) {
    const ColumnView& shape = pieces.shape();
    ColumnMeta meta;
    meta.field_id = field_id;
    meta.type = shape.type;
    meta.element_type = shape.element_type;
    meta.dim = shape.dim;
    meta.null_count = pieces.CountNulls();
    if (with_range) {
        FillRange(pieces, &meta);
    }
    for (size_t i = 0; i < shape.children.size(); ++i) {
        meta.children.push_back(MetaOf(field_id, pieces.Child(i), false));
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
            RETURN_IF_ERROR(WriteColumn(column.field_id, 0, Pieces::Of(column)));
            WriteNorms(column);
            RETURN_IF_ERROR(WriteTokens(column));
            if (column.shape.type == DataType::kJson) {
                WriteShredded(column, rows_, &envelope_);
            }
        }
        return envelope_.Finish();
    }

  private:
    base::Status WriteMeta() {
        SegmentMeta meta;
        meta.segment_id = content_.segment_id;
        meta.partition_id = content_.partition_id;
        meta.key_field_id = content_.key_field_id;
        content_.visit_timestamps([&](std::span<const base::Timestamp> piece) {
            for (const base::Timestamp timestamp : piece) {
                const bool first = meta.rows == 0;
                meta.timestamps_ascend &= first || timestamp >= last_timestamp_;
                meta.min_timestamp = first ? timestamp : std::min(meta.min_timestamp, timestamp);
                meta.max_timestamp = std::max(meta.max_timestamp, timestamp);
                last_timestamp_ = timestamp;
                ++meta.rows;
            }
        });
        if (meta.rows >= UINT32_MAX) {
            return base::Internal("a segment with too many rows");
        }
        rows_ = meta.rows;
        for (const ColumnPieces& column : content_.columns) {
            meta.columns.push_back(MetaOf(column.field_id, Pieces::Of(column), true));
        }
        envelope_.AddSection(kMetaSection, base::Encode(meta));
        return base::Status();
    }

    void WriteTimestamps() {
        envelope_.BeginSection(kTimestampSection);
        content_.visit_timestamps([&](std::span<const base::Timestamp> piece) {
            envelope_.Append(Bytes(piece.data(), piece.size_bytes()));
        });
        envelope_.EndSection();
    }

    base::Status WriteKeys() {
        for (const ColumnPieces& column : content_.columns) {
            if (column.field_id != content_.key_field_id) {
                continue;
            }
            const bool is_string = schema::IsStringLike(column.shape.type);
            if (content_.visit_keys != nullptr) {
                return is_string ? WriteStringKeys(content_.visit_keys)
                                 : WriteIntKeys(content_.visit_keys);
            }
            const std::vector<KeyEntry> sorted = SortedKeys(Pieces::Of(column), is_string);
            const auto visit = [&](const KeyVisitor& visitor) {
                std::for_each(sorted.begin(), sorted.end(), visitor);
            };
            return is_string ? WriteStringKeys(visit) : WriteIntKeys(visit);
        }
        return base::Status();
    }

    std::vector<KeyEntry> SortedKeys(const Pieces& pieces, bool is_string) const {
        std::vector<KeyEntry> keys;
        keys.reserve(rows_);
        pieces.Visit([&](const ColumnView& piece) {
            for (size_t row = 0; row < piece.rows; ++row) {
                KeyEntry& entry = keys.emplace_back();
                entry.row = static_cast<uint32_t>(keys.size() - 1);
                if (is_string) {
                    entry.text = piece.StringAt(row);
                } else {
                    entry.number = piece.As<int64_t>()[row];
                }
            }
        });
        std::sort(keys.begin(), keys.end(), [](const KeyEntry& a, const KeyEntry& b) {
            return std::tie(a.number, a.text, a.row) < std::tie(b.number, b.text, b.row);
        });
        return keys;
    }

    template <typename Visit>
    base::Status WriteIntKeys(const Visit& visit) {
        std::vector<uint32_t> rows;
        rows.reserve(rows_);
        std::vector<int64_t> keys;
        const auto write = [&] {
            envelope_.Append(Bytes(keys.data(), keys.size() * sizeof(int64_t)));
            keys.clear();
        };
        envelope_.BeginSection(kKeySection);
        visit([&](const KeyEntry& entry) {
            keys.push_back(entry.number);
            rows.push_back(entry.row);
            if (keys.size() == kKeysAtOnce) {
                write();
            }
        });
        write();
        envelope_.EndSection();
        envelope_.AddArray(kKeyRowSection, std::span<const uint32_t>(rows));
        return base::Status();
    }

    template <typename Visit>
    base::Status WriteStringKeys(const Visit& visit) {
        std::vector<uint32_t> offsets(1, 0);
        std::vector<uint32_t> rows;
        uint64_t end = 0;
        envelope_.BeginSection(kKeySection);
        visit([&](const KeyEntry& entry) {
            envelope_.Append(entry.text);
            end += entry.text.size();
            offsets.push_back(static_cast<uint32_t>(end));
            rows.push_back(entry.row);
        });
        envelope_.EndSection();
        if (end > UINT32_MAX) {
            return TooLarge(content_.key_field_id);
        }
        envelope_.AddArray(kKeyOffsetSection, std::span<const uint32_t>(offsets));
        envelope_.AddArray(kKeyRowSection, std::span<const uint32_t>(rows));
        return base::Status();
    }

    base::Status WriteColumn(base::FieldId field_id, uint32_t path, const Pieces& pieces) {
        const ColumnView& shape = pieces.shape();
        const size_t width = schema::FixedWidth(shape.type, shape.dim);
        if (width == 0) {
            RETURN_IF_ERROR(WriteOffsets(field_id, path, pieces));
        }
        if (shape.children.empty()) {
            envelope_.BeginSection(PartSection(field_id, path, ColumnPart::kValues));
            pieces.Visit([&](const ColumnView& piece) {
                const size_t bytes = width > 0 ? piece.rows * width
                                               : (piece.rows > 0 ? piece.offsets[piece.rows] : 0);
                envelope_.Append(Bytes(piece.values, bytes));
            });
            envelope_.EndSection();
        }
        WriteValidity(field_id, path, pieces);
        for (size_t i = 0; i < shape.children.size(); ++i) {
            RETURN_IF_ERROR(WriteColumn(field_id, ChildPath(path, i), pieces.Child(i)));
        }
        return base::Status();
    }

    base::Status WriteOffsets(base::FieldId field_id, uint32_t path, const Pieces& pieces) {
        std::vector<uint32_t> offsets(1, 0);
        uint64_t base = 0;
        envelope_.BeginSection(PartSection(field_id, path, ColumnPart::kOffsets));
        pieces.Visit([&](const ColumnView& piece) {
            for (size_t row = 0; row < piece.rows; ++row) {
                offsets.push_back(static_cast<uint32_t>(base + piece.offsets[row + 1]));
            }
            base += piece.rows > 0 ? piece.offsets[piece.rows] : 0;
            envelope_.Append(Bytes(offsets.data(), offsets.size() * sizeof(uint32_t)));
            offsets.clear();
        });
        envelope_.Append(Bytes(offsets.data(), offsets.size() * sizeof(uint32_t)));
        envelope_.EndSection();
        return base > UINT32_MAX ? TooLarge(field_id) : base::Status();
    }

    void WriteValidity(base::FieldId field_id, uint32_t path, const Pieces& pieces) {
        if (pieces.CountNulls() == 0) {
            return;
        }
        base::Bitmap valid;
        pieces.Visit([&](const ColumnView& piece) {
            const size_t first = valid.size();
            valid.Resize(first + piece.rows, true);
            for (size_t row = 0; piece.validity != nullptr && row < piece.rows; ++row) {
                if (!piece.IsValid(row)) {
                    valid.Reset(first + row);
                }
            }
        });
        envelope_.AddArray(PartSection(field_id, path, ColumnPart::kValidity),
                           std::span<const uint64_t>(valid.words()));
    }

    void WriteNorms(const ColumnPieces& column) {
        if (!column.has_norms) {
            return;
        }
        envelope_.BeginSection(PartSection(column.field_id, 0, ColumnPart::kNorms));
        column.visit([&](const ColumnView& piece, const float* norms) {
            envelope_.Append(Bytes(norms, piece.rows * sizeof(float)));
        });
        envelope_.EndSection();
    }

    // An analyzer that cannot be made leaves its column to scans, which report it.
    base::Status WriteTokens(const ColumnPieces& column) {
        if (!column.token_analyzer.has_value() ||
            !analyzer::TextAnalyzer::Create(*column.token_analyzer).ok()) {
            return base::Status();
        }
        codec::StringSink file;
        const auto visit = [&column](const scalar_index::TextVisitor& visitor) {
            column.visit([&](const ColumnView& piece, const float*) { visitor(piece); });
        };
        RETURN_IF_ERROR(scalar_index::BuildTextIndex(visit, *column.token_analyzer, {}, file));
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
    uint64_t rows_ = 0;
};

}  // namespace

base::Status WriteSegmentFile(const SegmentContent& content, codec::Sink& sink) {
    return Writer(content, sink).Run();
}

}  // namespace elanus::segment
