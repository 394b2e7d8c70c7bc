#include "segment/shredded_json.h"

#include "base/archive.h"
#include "schema/column_slice.h"

#include <algorithm>

namespace elanus::segment {

namespace {

constexpr uint64_t kPieceAlignment = 64;

uint64_t RoundUp(uint64_t bytes) {
    return (bytes + 7) / 8 * 8;
}

size_t BlocksOf(uint64_t rows) {
    return static_cast<size_t>((rows + kShreddedBlockRows - 1) / kShreddedBlockRows);
}

size_t RowsOfBlock(uint64_t rows, size_t block) {
    return static_cast<size_t>(
        std::min<uint64_t>(kShreddedBlockRows, rows - block * kShreddedBlockRows));
}

bool WidthFits(ShreddedKind kind, uint8_t width) {
    switch (kind) {
        case ShreddedKind::kBool:
            return width == 1;
        case ShreddedKind::kInt:
            return width == 1 || width == 2 || width == 4 || width == 8;
        case ShreddedKind::kDouble:
            return width == 8;
        case ShreddedKind::kString:
            return width == 0;
    }
    return false;
}

schema::DataType TypeOf(ShreddedKind kind, uint8_t width) {
    switch (kind) {
        case ShreddedKind::kBool:
            return schema::DataType::kBool;
        case ShreddedKind::kDouble:
            return schema::DataType::kDouble;
        case ShreddedKind::kString:
            return schema::DataType::kVarChar;
        case ShreddedKind::kInt:
            break;
    }
    return width == 1   ? schema::DataType::kInt8
           : width == 2 ? schema::DataType::kInt16
           : width == 4 ? schema::DataType::kInt32
                        : schema::DataType::kInt64;
}

}  // namespace

ShreddedLayout LayoutOf(const ShreddedPiece& piece, size_t rows) {
    const uint64_t words = (rows + 63) / 64 * sizeof(uint64_t);
    const bool is_string = piece.width == 0;
    ShreddedLayout layout;
    layout.other = layout.typed + (piece.all_typed ? 0 : words);
    layout.offsets = layout.other + (piece.has_other ? words : 0);
    layout.values = layout.offsets + (is_string ? RoundUp((rows + 1) * sizeof(uint32_t)) : 0);
    layout.end = layout.values + (is_string ? piece.text_bytes : piece.width * uint64_t{rows});
    return layout;
}

base::Result<std::optional<ShreddedJson>> ShreddedJson::Open(const codec::EnvelopeReader& reader,
                                                             base::FieldId field_id,
                                                             uint64_t rows) {
    const codec::SectionId meta_id = PartSection(field_id, 0, ColumnPart::kShreddedMeta);
    if (!reader.Has(meta_id)) {
        return std::optional<ShreddedJson>();
    }
    RETURN_IF_ERROR(reader.VerifySection(meta_id));
    ASSIGN_OR_RETURN(const base::Buffer bytes, reader.Section(meta_id));
    base::Result<ShreddedMeta> meta = base::Decode<ShreddedMeta>(bytes.view());
    ShreddedJson shredded;
    shredded.field_id_ = field_id;
    shredded.rows_ = rows;
    ASSIGN_OR_RETURN(shredded.data_,
                     reader.Section(PartSection(field_id, 0, ColumnPart::kShreddedData)));
    if (!meta.ok() || meta->columns.size() > kShreddedPathsMax) {
        return base::Corruption("segment file: the list of shredded paths does not decode");
    }
    shredded.meta_ = *std::move(meta);
    for (const ShreddedColumn& column : shredded.meta_.columns) {
        RETURN_IF_ERROR(shredded.Check(column, rows));
    }
    return std::optional(std::move(shredded));
}

base::Status ShreddedJson::Check(const ShreddedColumn& column, uint64_t rows) const {
    const bool known = column.kind <= ShreddedKind::kString && !column.path.empty();
    if (!known || column.pieces.size() != BlocksOf(rows)) {
        return base::Corruption("segment file: a shredded path of field " +
                                std::to_string(field_id_) + " does not fit the rows");
    }
    for (size_t block = 0; block < column.pieces.size(); ++block) {
        RETURN_IF_ERROR(CheckPiece(column, column.pieces[block], RowsOfBlock(rows, block)));
    }
    return base::Status();
}

base::Status ShreddedJson::CheckPiece(const ShreddedColumn& column, const ShreddedPiece& piece,
                                      size_t rows) const {
    const auto damaged = [&] {
        return base::Corruption("segment file: a shredded path of field " +
                                std::to_string(field_id_) + " leads outside");
    };
    const uint64_t end = LayoutOf(piece, rows).end;  // small: rows and text_bytes are
    if (!WidthFits(column.kind, piece.width) || piece.offset % kPieceAlignment != 0 ||
        piece.offset > data_.size() || end > data_.size() - piece.offset) {
        return damaged();
    }
    if (piece.width == 0) {
        const auto* offsets = reinterpret_cast<const uint32_t*>(data_.data() + piece.offset +
                                                                LayoutOf(piece, rows).offsets);
        const bool rises = std::is_sorted(offsets, offsets + rows + 1);
        if (!rises || offsets[0] != 0 || offsets[rows] != piece.text_bytes) {
            return damaged();
        }
    }
    return base::Status();
}

const ShreddedColumn* ShreddedJson::Find(const std::vector<std::string>& path) const {
    for (const ShreddedColumn& column : meta_.columns) {
        if (column.path == path) {
            return &column;
        }
    }
    return nullptr;
}

std::optional<expr::ShreddedPath> ShreddedJson::Slice(const std::vector<std::string>& path,
                                                      size_t begin, size_t end) const {
    const ShreddedColumn* column = Find(path);
    const size_t block = begin / kShreddedBlockRows;
    if (column == nullptr || begin >= end || end > rows_ ||
        (end - 1) / kShreddedBlockRows != block) {
        return std::nullopt;
    }
    const ShreddedPiece& piece = column->pieces[block];
    const size_t rows = RowsOfBlock(rows_, block);
    const size_t first = begin - block * kShreddedBlockRows;
    const ShreddedLayout layout = LayoutOf(piece, rows);
    const uint8_t* base = data_.data() + piece.offset;
    const auto words_at = [&](uint64_t at) {
        return reinterpret_cast<const uint64_t*>(base + at) + first / 64;
    };
    schema::ColumnView whole;
    whole.type = TypeOf(column->kind, piece.width);
    whole.rows = rows;
    whole.values = base + layout.values;
    if (piece.width == 0) {
        whole.offsets = reinterpret_cast<const uint32_t*>(base + layout.offsets);
    }
    expr::ShreddedPath slice;
    slice.values = schema::SliceView(whole, first, first + (end - begin));
    slice.typed = piece.all_typed ? nullptr : words_at(layout.typed);
    slice.other = piece.has_other ? words_at(layout.other) : nullptr;
    slice.exact_doubles = piece.exact_doubles;
    slice.has_integers = piece.has_integers;
    return slice;
}

}  // namespace elanus::segment
