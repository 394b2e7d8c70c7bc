#include "segment/segment_file.h"

#include "base/ascii.h"

namespace elanus::segment {

namespace {

constexpr int kColumnDepthMax = 3;
constexpr size_t kChildrenMax = 250;

base::Status Damaged(const ColumnMeta& meta, std::string_view problem) {
    return base::Corruption("segment file, field " + std::to_string(meta.field_id) + ": " +
                            std::string(problem));
}

bool HasChildren(schema::DataType type) {
    return type == schema::DataType::kArray || type == schema::DataType::kArrayOfVector ||
           type == schema::DataType::kArrayOfStruct;
}

base::Result<MappedColumn> MapPart(const codec::EnvelopeReader& reader, const ColumnMeta& meta,
                                   uint64_t rows, base::FieldId field_id, uint32_t path, int depth);

base::Status MapChildren(const codec::EnvelopeReader& reader, const ColumnMeta& meta,
                         base::FieldId field_id, uint32_t path, int depth,
                         schema::ColumnView* view) {
    if (depth == kColumnDepthMax || meta.children.empty() || meta.children.size() > kChildrenMax) {
        return Damaged(meta, "impossible nesting");
    }
    const bool is_struct = meta.type == schema::DataType::kArrayOfStruct;
    if (!is_struct && (meta.children.size() != 1 || meta.children[0].type != meta.element_type)) {
        return Damaged(meta, "elements of another type than the column's");
    }
    const uint64_t elements = view->offsets[view->rows];
    for (size_t i = 0; i < meta.children.size(); ++i) {
        ASSIGN_OR_RETURN(MappedColumn child, MapPart(reader, meta.children[i], elements, field_id,
                                                     ChildPath(path, i), depth + 1));
        view->children.push_back(std::move(child.view));
    }
    return base::Status();
}

base::Status MapValues(const codec::EnvelopeReader& reader, const ColumnMeta& meta,
                       base::FieldId field_id, uint32_t path, int depth, schema::ColumnView* view) {
    const codec::SectionId values_id = PartSection(field_id, path, ColumnPart::kValues);
    const codec::SectionId offsets_id = PartSection(field_id, path, ColumnPart::kOffsets);
    const size_t width = schema::FixedWidth(meta.type, meta.dim);
    if (width > 0) {
        ASSIGN_OR_RETURN(base::Buffer bytes, reader.Section(values_id));
        if (bytes.size() % width != 0 || bytes.size() / width != view->rows) {
            return Damaged(meta, "values of another length than the rows need");
        }
        view->values = bytes.data();
        return base::Status();
    }
    if (schema::IsVariableBytes(meta.type)) {
        ASSIGN_OR_RETURN(base::Buffer bytes, reader.Section(values_id));
        const uint64_t end = bytes.size();
        ASSIGN_OR_RETURN(view->offsets, MapOffsets(reader, offsets_id, view->rows, &end));
        view->values = bytes.data();
        return base::Status();
    }
    if (!HasChildren(meta.type)) {
        return Damaged(meta, "unknown data type");
    }
    ASSIGN_OR_RETURN(view->offsets, MapOffsets(reader, offsets_id, view->rows, nullptr));
    return MapChildren(reader, meta, field_id, path, depth, view);
}

base::Result<MappedColumn> MapPart(const codec::EnvelopeReader& reader, const ColumnMeta& meta,
                                   uint64_t rows, base::FieldId field_id, uint32_t path,
                                   int depth) {
    MappedColumn column;
    column.meta = meta;
    schema::ColumnView& view = column.view;
    view.type = meta.type;
    view.element_type = meta.element_type;
    view.dim = meta.dim;
    view.rows = rows;
    RETURN_IF_ERROR(MapValues(reader, meta, field_id, path, depth, &view));
    const codec::SectionId validity_id = PartSection(field_id, path, ColumnPart::kValidity);
    if (reader.Has(validity_id)) {
        ASSIGN_OR_RETURN(base::Buffer words, reader.Array<uint64_t>(validity_id, (rows + 63) / 64));
        view.validity = words.As<uint64_t>().data();
    }
    const codec::SectionId norms_id = PartSection(field_id, path, ColumnPart::kNorms);
    if (reader.Has(norms_id)) {
        ASSIGN_OR_RETURN(base::Buffer norms, reader.Array<float>(norms_id, rows));
        column.norms = norms.As<float>().data();
    }
    return column;
}

}  // namespace

std::optional<std::string> TokenAnalyzer(const schema::FieldSchema& field) {
    const auto match = field.type_params.find("enable_match");
    if (!schema::IsStringLike(field.type) || match == field.type_params.end() ||
        base::AsciiLower(match->second) != "true") {
        return std::nullopt;
    }
    const auto params = field.type_params.find("analyzer_params");
    return params == field.type_params.end() ? "" : params->second;
}

codec::SectionId PartSection(base::FieldId field_id, uint32_t path, ColumnPart part) {
    return {static_cast<uint32_t>(part) + 256 * path, static_cast<uint32_t>(field_id)};
}

base::Result<SegmentMeta> ReadSegmentMeta(const codec::EnvelopeReader& reader) {
    RETURN_IF_ERROR(reader.VerifySection(kMetaSection));
    ASSIGN_OR_RETURN(base::Buffer bytes, reader.Section(kMetaSection));
    base::Result<SegmentMeta> meta = base::Decode<SegmentMeta>(bytes.view());
    if (!meta.ok()) {
        return base::Corruption("segment file: the meta section does not decode");
    }
    if (meta->rows >= UINT32_MAX) {
        return base::Corruption("segment file: impossible row count");
    }
    for (const ColumnMeta& column : meta->columns) {
        if (column.field_id <= 0 || column.field_id > UINT32_MAX) {
            return Damaged(column, "impossible field id");
        }
    }
    return meta;
}

base::Result<MappedColumn> MapColumn(const codec::EnvelopeReader& reader, const ColumnMeta& meta,
                                     uint64_t rows) {
    return MapPart(reader, meta, rows, meta.field_id, 0, 0);
}

base::Result<const uint32_t*> MapOffsets(const codec::EnvelopeReader& reader,
                                         codec::SectionId section, uint64_t count,
                                         const uint64_t* end) {
    RETURN_IF_ERROR(reader.VerifySection(section));
    ASSIGN_OR_RETURN(base::Buffer bytes, reader.Array<uint32_t>(section, count + 1));
    const auto offsets = bytes.As<uint32_t>();
    uint32_t before = 0;
    bool falls = offsets.front() != 0;
    for (const uint32_t offset : offsets) {
        falls |= offset < before;
        before = offset;
    }
    if (falls || (end != nullptr && offsets.back() != *end)) {
        return base::Corruption("segment file, field " + std::to_string(section.field) +
                                ": offsets fall or miss the end of the data");
    }
    return offsets.data();
}

}  // namespace elanus::segment
