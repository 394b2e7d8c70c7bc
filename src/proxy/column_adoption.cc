#include "proxy/column_adoption.h"

#include "geometry/geometry.h"
#include "geometry/wkb.h"
#include "json/json.h"
#include "proxy/json_members.h"
#include "proxy/phrase.h"
#include "proxy/vector_adoption.h"

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace elanus::proxy {

namespace {

using schema::Column;
using schema::ColumnView;
using schema::DataType;
using schema::FieldSchema;

constexpr int kJsonDepthMax = 128;

// How values of a field travel: small integers as Int32, strings as VarChar.
DataType WireType(DataType type) {
    switch (type) {
        case DataType::kInt8:
        case DataType::kInt16:
            return DataType::kInt32;
        case DataType::kString:
        case DataType::kText:
            return DataType::kVarChar;
        default:
            return type;
    }
}

template <typename Narrow>
base::Result<base::Buffer> NarrowIntegers(std::span<const int32_t> values) {
    std::vector<Narrow> narrow(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
        if (values[i] < std::numeric_limits<Narrow>::min() ||
            values[i] > std::numeric_limits<Narrow>::max()) {
            return Invalid("the ", i, "th element (", values[i], ") out of range: [",
                           int64_t{std::numeric_limits<Narrow>::min()}, ", ",
                           int64_t{std::numeric_limits<Narrow>::max()}, "]");
        }
        narrow[i] = static_cast<Narrow>(values[i]);
    }
    return base::Buffer::FromVector(std::move(narrow));
}

// Brings a column of WireType(type) to `type` and checks what its type alone demands.
base::Status AdoptScalars(const FieldSchema& field, DataType type, Column* column) {
    if (type == DataType::kInt8 || type == DataType::kInt16) {
        if (column->type != type) {
            const auto values = column->values.As<int32_t>();
            auto narrow = type == DataType::kInt8 ? NarrowIntegers<int8_t>(values)
                                                  : NarrowIntegers<int16_t>(values);
            if (!narrow.ok()) {
                return narrow.status().Annotate(Phrase("field ", field.name));
            }
            column->values = std::move(narrow).value();
        }
    } else {
        RETURN_IF_ERROR(CheckFinite(type, column->values.data(), column->rows, field.name));
    }
    column->type = type;
    return base::Status();
}

base::Status CheckVarCharLengths(const FieldSchema& field, const Column& column) {
    const auto max_length = static_cast<uint64_t>(field.max_length());
    const auto offsets = column.offsets.As<uint32_t>();
    for (size_t row = 0; row < column.rows; ++row) {
        const uint32_t length = offsets[row + 1] - offsets[row];
        if (length > max_length) {
            return Invalid("length of varchar field ", field.name,
                           " exceeds max length, row number: ", row, ", length: ", length,
                           ", max length: ", max_length);
        }
    }
    return base::Status();
}

base::Status CheckDynamicKeys(const schema::CollectionSchema& schema, std::string_view text) {
    JsonMembers members(text);
    JsonMembers::Member member;
    while (members.Next(&member)) {
        std::string_view key = member.key;
        std::string unescaped;
        if (key.find('\\') != std::string_view::npos) {
            auto parsed = json::Parse(Phrase("\"", key, "\""));
            if (parsed.ok() && parsed->string_if() != nullptr) {
                unescaped = *parsed->string_if();
                key = unescaped;
            }
        }
        if (key == schema::kDynamicFieldName) {
            return Invalid("cannot use $meta as a key of the dynamic field");
        }
        if (schema.FindField(key) != nullptr) {
            return Invalid("dynamic field name cannot include the static field name: ", key);
        }
    }
    return base::Status();
}

base::Status CheckJson(const schema::CollectionSchema& schema, const FieldSchema& field,
                       const Column& column, const Limits& limits) {
    json::Limits json_limits;
    json_limits.depth_max = kJsonDepthMax;
    const ColumnView view = column.View();
    for (size_t row = 0; row < column.rows; ++row) {
        const std::string_view text = view.StringAt(row);
        if (text.size() > static_cast<size_t>(limits.max_json_bytes)) {
            return Invalid("the length (", text.size(), ") of json field (", field.name,
                           ") exceeds max length (", limits.max_json_bytes, "), row number: ", row);
        }
        const base::Status status = json::Validate(text, field.is_dynamic, json_limits);
        if (!status.ok()) {
            return status.Annotate(
                Phrase("invalid JSON in field ", field.name, ", row number: ", row));
        }
        if (field.is_dynamic) {
            RETURN_IF_ERROR(CheckDynamicKeys(schema, text));
        }
    }
    return base::Status();
}

base::Status AdoptArray(const FieldSchema& field, Column* column) {
    if (column->children.size() != 1) {
        return TypeMismatch(field, column->type);
    }
    const auto capacity = static_cast<uint64_t>(field.max_capacity());
    const auto offsets = column->offsets.As<uint32_t>();
    for (size_t row = 0; row < column->rows; ++row) {
        const uint32_t length = offsets[row + 1] - offsets[row];
        if (length > capacity) {
            return Invalid("the length (", length, ") of ", row, "th array exceeds max capacity (",
                           capacity, "), field ", field.name);
        }
    }
    Column& elements = column->children[0];
    const DataType wire_type = WireType(field.element_type);
    if (elements.type != wire_type && elements.type != field.element_type) {
        return InvalidExpected(
            Phrase("need ", schema::DataTypeName(field.element_type), " array"),
            Phrase("got ", schema::DataTypeName(elements.type)),
            Phrase("the element type of array field ", field.name, " does not match the schema"));
    }
    elements.field_id = field.id;
    column->element_type = field.element_type;
    RETURN_IF_ERROR(AdoptScalars(field, field.element_type, &elements));
    return field.element_type == DataType::kVarChar ? CheckVarCharLengths(field, elements)
                                                    : base::Status();
}

// The element type that was sent may be the field's while the values are of its wire type, or unset
// when there are no elements.
void ReconcileElements(const FieldSchema& field, Column* column) {
    Column& elements = column->children[0];
    if (elements.rows == 0 && elements.values.empty()) {
        elements = schema::ColumnBuilder(field.id, field.element_type).Finish();
    } else if (elements.type == DataType::kString) {
        elements.type = DataType::kVarChar;
    }
    column->element_type = elements.type;
}

// Strings in any zone, or microseconds.
base::Status AdoptTimestamps(const RowRules& rules, const FieldSchema& field, Column* column) {
    if (column->type == DataType::kTimestamptz) {
        for (const int64_t us : column->values.As<int64_t>()) {
            if (us < calendar::kTimestampMin || us > calendar::kTimestampMax) {
                return Invalid("timestamptz value ", us, " is out of range, field ", field.name);
            }
        }
        return base::Status();
    }
    schema::ColumnBuilder builder(field.id, field.type);
    const ColumnView view = column->View();
    for (size_t row = 0; row < column->rows; ++row) {
        const std::string_view text = view.StringAt(row);
        const auto us = calendar::ParseTimestamp(text, rules.zone);
        if (!us.ok()) {
            return Invalid("got invalid timestamptz string '", text, "', field ", field.name,
                           ", row number: ", row);
        }
        builder.AppendInt(*us);
    }
    *column = builder.Finish();
    return base::Status();
}

// Well-known text or well-known binary.
base::Status AdoptGeometries(const FieldSchema& field, Column* column) {
    const ColumnView view = column->View();
    const auto refuse = [&field](size_t row, std::string_view form) {
        return Invalid("invalid geometry in field ", field.name, ": the value is no ", form,
                       ", row number: ", row);
    };
    if (column->type == DataType::kGeometry) {
        for (size_t row = 0; row < column->rows; ++row) {
            if (!geometry::ScanWkb(view.StringAt(row)).has_value()) {
                return refuse(row, "well-known binary");
            }
        }
        return base::Status();
    }
    schema::ColumnBuilder builder(field.id, field.type);
    uint64_t bytes = 0;
    for (size_t row = 0; row < column->rows; ++row) {
        const auto wkb = geometry::WkbFromWkt(view.StringAt(row));
        if (!wkb.ok()) {
            return refuse(row, "well-known text");
        }
        // Binary can be longer than text: "POINT(1 1)" takes ten bytes, its binary twenty-one.
        bytes += wkb->size();
        if (bytes > UINT32_MAX) {
            return Invalid("the geometries of field ", field.name, " are too large");
        }
        builder.AppendBytes(*wkb);
    }
    *column = builder.Finish();
    return base::Status();
}

bool Takes(DataType field, DataType sent) {
    const bool is_written_as_text = field == DataType::kTimestamptz || field == DataType::kGeometry;
    return sent == field || sent == WireType(field) ||
           (is_written_as_text && sent == DataType::kVarChar);
}

}  // namespace

base::Status TypeMismatch(const FieldSchema& field, DataType actual) {
    return InvalidExpected(
        Phrase("need ", schema::DataTypeName(field.type), " array"),
        Phrase("got ", schema::DataTypeName(actual)),
        Phrase("the data type of field ", field.name, " does not match the schema"));
}

schema::ColumnBuilder BuilderFor(const FieldSchema& field) {
    schema::ColumnBuilder builder(field.id, field.type, field.element_type,
                                  static_cast<uint32_t>(field.dim()));
    for (const FieldSchema& sub_field : field.sub_fields) {
        builder.AddChild(schema::ColumnBuilder(sub_field.id, sub_field.element_type,
                                               DataType::kNone,
                                               static_cast<uint32_t>(sub_field.dim())));
    }
    return builder;
}

base::Status AdoptColumn(const RowRules& rules, const FieldSchema& field, Column* column) {
    column->validity = base::Bitmap();
    if (column->rows == 0 && column->values.empty()) {
        // Nothing was sent, so the sender could not show a type either.
        *column = BuilderFor(field).Finish();
        return base::Status();
    }
    column->field_id = field.id;
    if (column->type == DataType::kString) {
        column->type = DataType::kVarChar;
    }
    if (schema::IsVector(field.type)) {
        return AdoptVectors(field, column);
    }
    if (!Takes(field.type, column->type)) {
        return TypeMismatch(field, column->type);
    }
    if (field.type == DataType::kArray && column->children.size() == 1) {
        ReconcileElements(field, column);
    }
    RETURN_IF_ERROR(column->Verify());
    switch (field.type) {
        case DataType::kArray:
            return AdoptArray(field, column);
        case DataType::kVarChar:
            return CheckVarCharLengths(field, *column);
        case DataType::kText:
            column->type = DataType::kText;  // of any length, as in Milvus
            return base::Status();
        case DataType::kJson:
            return CheckJson(rules.schema, field, *column, rules.limits);
        case DataType::kTimestamptz:
            return AdoptTimestamps(rules, field, column);
        case DataType::kGeometry:
            return AdoptGeometries(field, column);
        default:
            return AdoptScalars(field, field.type, column);
    }
}

}  // namespace elanus::proxy
