#include "proxy/value_display.h"

#include "geometry/geometry.h"
#include "proxy/phrase.h"
#include "schema/collection_schema.h"

#include <string>

namespace elanus::proxy {

using schema::Column;
using schema::ColumnBuilder;
using schema::ColumnView;
using schema::DataType;

Column TimestampsAsText(const Column& column, const calendar::TimeZone& zone) {
    ColumnBuilder builder(column.field_id, DataType::kVarChar);
    const ColumnView view = column.View();
    for (size_t row = 0; row < column.rows; ++row) {
        if (view.IsValid(row)) {
            builder.AppendBytes(calendar::FormatTimestamp(view.As<int64_t>()[row], zone));
        } else {
            builder.AppendNull();
        }
    }
    return builder.Finish();
}

Column TimestampsAsParts(const Column& column, const calendar::TimeZone& zone,
                         const std::vector<calendar::Unit>& parts) {
    ColumnBuilder builder(column.field_id, DataType::kArray, DataType::kInt64);
    const ColumnView view = column.View();
    for (size_t row = 0; row < column.rows; ++row) {
        if (!view.IsValid(row)) {
            builder.AppendNull();
            continue;
        }
        const auto fields = calendar::Fields::Of(view.As<int64_t>()[row], zone);
        for (const calendar::Unit part : parts) {
            builder.child().AppendInt(fields.Get(part));
        }
        builder.CloseArrayRow();
    }
    return builder.Finish();
}

base::Result<Column> GeometriesAsText(const Column& column) {
    ColumnBuilder builder(column.field_id, DataType::kVarChar);
    const ColumnView view = column.View();
    uint64_t bytes = 0;
    for (size_t row = 0; row < column.rows; ++row) {
        if (!view.IsValid(row)) {
            builder.AppendNull();
            continue;
        }
        ASSIGN_OR_RETURN(const std::string text, geometry::WktFromWkb(view.StringAt(row)));
        bytes += text.size();
        if (bytes > UINT32_MAX) {
            return Invalid("the geometries of the answer are too large");
        }
        builder.AppendBytes(text);
    }
    return builder.Finish();
}

namespace {

// A scalar that Find() gave, as JSON text. False when there is no value.
bool AppendScalar(const json::Scalar& scalar, std::string* out) {
    using Kind = json::Scalar::Kind;
    switch (scalar.kind) {
        case Kind::kBool:
            *out = json::Write(json::Value(scalar.boolean));
            return true;
        case Kind::kInt64:
            *out = json::Write(json::Value(scalar.int64));
            return true;
        case Kind::kUint64:
            *out = json::Write(json::Value(scalar.uint64));
            return true;
        case Kind::kDouble:
            *out = json::Write(json::Value(scalar.number));
            return true;
        case Kind::kString:
            out->clear();
            json::WriteString(scalar.text, out);
            return true;
        case Kind::kArray:
        case Kind::kObject:
            *out = scalar.text;
            return true;
        default:
            return false;
    }
}

}  // namespace

Column JsonAtPath(const Column& column, const json::Path& path) {
    ColumnBuilder builder(column.field_id, DataType::kJson);
    const ColumnView view = column.View();
    std::string scratch;
    std::string text;
    for (size_t row = 0; row < column.rows; ++row) {
        if (view.IsValid(row) &&
            AppendScalar(json::Find(view.StringAt(row), path, &scratch), &text)) {
            builder.AppendBytes(text);
        } else {
            builder.AppendNull();
        }
    }
    return builder.Finish();
}

Column SubFieldArrays(const Column& column, size_t child, const schema::FieldSchema& sub_field) {
    Column arrays;
    arrays.field_id = sub_field.id;
    arrays.type = sub_field.type;
    arrays.element_type = sub_field.element_type;
    arrays.dim =
        sub_field.type == DataType::kArrayOfVector ? static_cast<uint32_t>(sub_field.dim()) : 0;
    arrays.rows = column.rows;
    arrays.offsets = column.offsets;
    arrays.validity = column.validity;
    arrays.children.push_back(column.children[child]);
    return arrays;
}

}  // namespace elanus::proxy
