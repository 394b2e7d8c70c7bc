#include "proxy/insert_validation.h"

#include "json/json.h"
#include "proxy/json_members.h"
#include "proxy/phrase.h"
#include "proxy/schema_validation.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
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
            return DataType::kVarChar;
        default:
            return type;
    }
}

base::Status TypeMismatch(const FieldSchema& field, DataType actual) {
    return InvalidExpected(
        Phrase("need ", schema::DataTypeName(field.type), " array"),
        Phrase("got ", schema::DataTypeName(actual)),
        Phrase("the data type of field ", field.name, " does not match the schema"));
}

std::string FloatText(double value) {
    if (std::isnan(value)) {
        return "NaN";
    }
    return value > 0 ? "+Inf" : "-Inf";
}

template <typename Float, typename Bits>
base::Status CheckFinite(const uint8_t* values, size_t count, const FieldSchema& field) {
    // The exponent bits of infinities and NaN are all ones; no branch in the loop.
    constexpr Bits kExponent =
        std::is_same_v<Float, float> ? Bits{0x7f800000} : static_cast<Bits>(0x7ff0000000000000);
    bool bad = false;
    const auto* bits = reinterpret_cast<const Bits*>(values);
    for (size_t i = 0; i < count; ++i) {
        bad |= (bits[i] & kExponent) == kExponent;
    }
    if (!bad) {
        return base::Status();
    }
    const auto* numbers = reinterpret_cast<const Float*>(values);
    const Float* found =
        std::find_if(numbers, numbers + count, [](Float f) { return !std::isfinite(f); });
    return Invalid("value '", FloatText(*found), "' is not a number or infinity, field ",
                   field.name);
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
    } else if (type == DataType::kFloat) {
        RETURN_IF_ERROR((CheckFinite<float, uint32_t>(column->values.data(), column->rows, field)));
    } else if (type == DataType::kDouble) {
        RETURN_IF_ERROR(
            (CheckFinite<double, uint64_t>(column->values.data(), column->rows, field)));
    }
    column->type = type;
    return base::Status();
}

base::Status CheckLengths(const FieldSchema& field, const Column& column) {
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
    return field.element_type == DataType::kVarChar ? CheckLengths(field, elements)
                                                    : base::Status();
}

base::Status AdoptFloatVectors(const FieldSchema& field, Column* column) {
    const auto dim = static_cast<uint64_t>(field.dim());
    if (column->dim != dim) {
        return Invalid("the dim (", column->dim, ") of field data(", field.name,
                       ") is not equal to schema dim (", dim, ")");
    }
    const size_t floats = column->values.size() / sizeof(float);
    if (column->values.size() % sizeof(float) != 0 || floats % dim != 0) {
        return Invalid("the length(", floats, ") of float data should divide the dim(", dim,
                       "), field ", field.name);
    }
    column->rows = floats / dim;
    RETURN_IF_ERROR(column->Verify());
    return CheckFinite<float, uint32_t>(column->values.data(), floats, field);
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

// The column as sent becomes a column of the field's type, still compact.
base::Status AdoptValues(const schema::CollectionSchema& schema, const FieldSchema& field,
                         const Limits& limits, Column* column) {
    column->field_id = field.id;
    column->validity = base::Bitmap();
    if (column->rows == 0 && column->values.empty()) {
        // Nothing was sent, so the sender could not show a type either.
        *column = schema::ColumnBuilder(field.id, field.type, field.element_type,
                                        static_cast<uint32_t>(field.dim()))
                      .Finish();
        return base::Status();
    }
    if (column->type == DataType::kString) {
        column->type = DataType::kVarChar;
    }
    if (column->type != field.type && column->type != WireType(field.type)) {
        return TypeMismatch(field, column->type);
    }
    if (field.type == DataType::kFloatVector) {
        return AdoptFloatVectors(field, column);
    }
    if (field.type == DataType::kArray && column->children.size() == 1) {
        ReconcileElements(field, column);
    }
    RETURN_IF_ERROR(column->Verify());
    switch (field.type) {
        case DataType::kArray:
            return AdoptArray(field, column);
        case DataType::kVarChar:
            return CheckLengths(field, *column);
        case DataType::kJson:
            return CheckJson(schema, field, *column, limits);
        default:
            return AdoptScalars(field, field.type, column);
    }
}

// Puts a null or default in the place of each row that was left out.
Column Expand(const FieldSchema& field, const Column& compact, const base::Bitmap& valid) {
    schema::ColumnBuilder builder(field.id, field.type, field.element_type, compact.dim);
    const Column filler = schema::MakeDefaultColumn(field, 1);
    const ColumnView source = compact.View();
    const ColumnView filler_view = filler.View();
    size_t taken = 0;
    size_t row = 0;
    while (row < valid.size()) {
        size_t run = row;
        while (run < valid.size() && valid.Test(run)) {
            ++run;
        }
        builder.AppendFrom(source, taken, taken + (run - row));
        taken += run - row;
        for (row = run; row < valid.size() && !valid.Test(row); ++row) {
            builder.AppendFrom(filler_view, 0);
        }
    }
    return builder.Finish();
}

base::Status CheckValidData(const FieldSchema& field, const InputColumn& input, uint64_t num_rows) {
    if (input.valid.empty()) {
        return base::Status();
    }
    if (!field.nullable && !field.has_default()) {
        return Invalid("valid_data is given for field ", field.name,
                       ", which is neither nullable nor has a default value");
    }
    if (input.valid.size() != num_rows) {
        return Invalid("the length of valid_data of field(", field.name, ") is wrong, expected ",
                       num_rows, ", got ", input.valid.size());
    }
    return base::Status();
}

base::Result<Column> PrepareColumn(const schema::CollectionSchema& schema, const FieldSchema& field,
                                   const Limits& limits, uint64_t num_rows, InputColumn* input) {
    RETURN_IF_ERROR(CheckValidData(field, *input, num_rows));
    Column column = std::move(input->values);
    RETURN_IF_ERROR(AdoptValues(schema, field, limits, &column));
    const uint64_t expected = input->valid.empty() ? num_rows : input->valid.Count();
    if (column.rows != expected) {
        if (!input->valid.empty()) {
            return Invalid("the length of field is wrong, field ", field.name, ": ", column.rows,
                           " values for ", expected, " valid rows");
        }
        return Invalid("the num_rows (", column.rows, ") of field (", field.name,
                       ") is not equal to passed num_rows (", num_rows, ")");
    }
    return expected == num_rows ? std::move(column) : Expand(field, column, input->valid);
}

Column EmptyObjects(const FieldSchema& field, uint64_t rows) {
    schema::ColumnBuilder builder(field.id, field.type);
    for (uint64_t row = 0; row < rows; ++row) {
        builder.AppendBytes("{}");
    }
    return builder.Finish();
}

// What a field gets that the client did not send.
base::Result<Column> FillColumn(const FieldSchema& field, const InsertRequest& request,
                                size_t expected_columns) {
    if (field.is_dynamic) {
        return EmptyObjects(field, request.num_rows);
    }
    if (field.nullable || field.has_default()) {
        return schema::MakeDefaultColumn(field, request.num_rows);
    }
    if (field.is_primary_key && field.auto_id) {
        return Invalid("must assign pk when upsert, primary field: ", field.name);
    }
    return Invalid("fieldSchema(", field.name,
                   ") has no corresponding fieldData pass in: len(columns) mismatch the "
                   "expectColumnNum, expectColumnNum: ",
                   expected_columns, ", len(columns): ", request.columns.size());
}

InputColumn* FindInput(const FieldSchema& field, InsertRequest* request) {
    for (InputColumn& column : request->columns) {
        if (field.is_dynamic ? column.is_dynamic
                             : (!column.is_dynamic && column.name == field.name)) {
            return &column;
        }
    }
    return nullptr;
}

base::Status CheckNames(const schema::CollectionSchema& schema, const InsertRequest& request) {
    std::set<std::string_view> seen;
    for (const InputColumn& column : request.columns) {
        const std::string_view name =
            column.is_dynamic ? schema::kDynamicFieldName : std::string_view(column.name);
        const FieldSchema* field = schema.FindField(name);
        if (field == nullptr || field->is_dynamic != column.is_dynamic) {
            return Invalid("fieldName ", name, " not exist in collection schema");
        }
        if (!seen.insert(name).second) {
            return Invalid("duplicated column: ", name);
        }
    }
    return base::Status();
}

bool MaySendAutoId(const roles::CollectionInfo& collection) {
    const auto it = collection.properties.find("allow_insert_auto_id");
    bool allowed = false;
    return it != collection.properties.end() && ParseBool(it->second, &allowed) && allowed;
}

}  // namespace

base::Result<schema::ColumnBatch> PrepareRows(const roles::CollectionInfo& collection,
                                              const Limits& limits, WriteKind kind,
                                              InsertRequest* request) {
    const schema::CollectionSchema& schema = collection.schema;
    if (request->num_rows == 0) {
        return InvalidExpected("invalid num_rows", "0", "num_rows should be greater than 0");
    }
    if (request->num_rows > UINT32_MAX) {
        return Invalid("num_rows ", request->num_rows, " is too large");
    }
    RETURN_IF_ERROR(CheckNames(schema, *request));
    schema::ColumnBatch batch;
    batch.rows = request->num_rows;
    for (const FieldSchema& field : schema.fields) {
        InputColumn* input = FindInput(field, request);
        if (field.is_primary_key && field.auto_id && kind == WriteKind::kInsert) {
            if (input == nullptr) {
                continue;
            }
            if (!MaySendAutoId(collection)) {
                return Invalid("can not assign primary field data when auto id enabled ",
                               field.name);
            }
        }
        if (input == nullptr) {
            ASSIGN_OR_RETURN(Column filled, FillColumn(field, *request, schema.fields.size()));
            batch.columns.push_back(std::move(filled));
            continue;
        }
        ASSIGN_OR_RETURN(Column column,
                         PrepareColumn(schema, field, limits, request->num_rows, input));
        batch.columns.push_back(std::move(column));
    }
    return batch;
}

bool NeedsAutoIds(const roles::CollectionInfo& collection, const schema::ColumnBatch& batch) {
    return batch.Find(collection.schema.primary_key()->id) == nullptr;
}

Column MakeAutoIds(const FieldSchema& field, int64_t first, size_t rows) {
    schema::ColumnBuilder builder(field.id, field.type);
    for (size_t row = 0; row < rows; ++row) {
        const int64_t id = first + static_cast<int64_t>(row);
        if (field.type == DataType::kInt64) {
            builder.AppendInt(id);
        } else {
            builder.AppendBytes(std::to_string(id));
        }
    }
    return builder.Finish();
}

schema::PrimaryKeys KeysOf(const Column& column) {
    schema::PrimaryKeys keys;
    keys.is_string = schema::IsStringLike(column.type);
    if (!keys.is_string) {
        const auto values = column.values.As<int64_t>();
        keys.ints.assign(values.begin(), values.end());
        return keys;
    }
    const ColumnView view = column.View();
    keys.strings.reserve(column.rows);
    for (size_t row = 0; row < column.rows; ++row) {
        keys.strings.emplace_back(view.StringAt(row));
    }
    return keys;
}

}  // namespace elanus::proxy
