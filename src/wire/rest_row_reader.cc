#include "wire/rest_row_reader.h"

#include "proxy/json_members.h"
#include "wire/rest_body.h"
#include "wire/rest_error.h"
#include "wire/rest_vectors.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>

namespace elanus::wire {
namespace {

using base::InvalidParameter;
using base::Result;
using base::Status;
using json::Scalar;
using schema::DataType;
using schema::FieldSchema;
using Kind = Scalar::Kind;

// milvus.proto.common.PlaceholderType
constexpr int32_t kVarCharPlaceholder = 21;
constexpr int32_t kEmbListOffset = 200;  // EmbListFloatVector = FloatVector + 200 ...

Status WrongValue(DataType type, std::string_view problem) {
    return InvalidParameter("a value of type " + std::string(schema::DataTypeName(type)) + " " +
                            std::string(problem));
}

Status WrongKind(DataType type, Kind kind) {
    return WrongValue(type, "cannot be made of " + std::string(KindName(kind)));
}

std::pair<int64_t, int64_t> IntRange(DataType type) {
    switch (type) {
        case DataType::kInt8:
            return {INT8_MIN, INT8_MAX};
        case DataType::kInt16:
            return {INT16_MIN, INT16_MAX};
        case DataType::kInt32:
            return {INT32_MIN, INT32_MAX};
        default:
            return {INT64_MIN, INT64_MAX};
    }
}

// Numbers may come as strings, since JavaScript cannot hold every int64.
Result<int64_t> ToInt(DataType type, const Scalar& value) {
    int64_t number = 0;
    const bool is_text = value.kind == Kind::kString;
    if (value.kind == Kind::kInt64) {
        number = value.int64;
    } else if (value.kind == Kind::kUint64) {
        return WrongValue(type, "is out of range: " + std::to_string(value.uint64));
    } else if (value.kind == Kind::kDouble) {
        return WrongValue(type, "should be an integer");
    } else if (!is_text) {
        return WrongKind(type, value.kind);
    } else if (!ReadIntText(value.text, &number)) {
        return WrongValue(type, "should be an integer, but it is a string of something else");
    }
    const auto [low, high] = IntRange(type);
    if (number < low || number > high) {
        return WrongValue(type, "is out of range [" + std::to_string(low) + ", " +
                                    std::to_string(high) + "]: " + std::to_string(number));
    }
    return number;
}

Result<double> ToFloating(DataType type, const Scalar& value) {
    Scalar number = value;
    std::string scratch;
    if (value.kind == Kind::kString && json::Validate(value.text, false).ok()) {
        number = ScalarOf(value.text, &scratch);
    }
    if (!number.is_number()) {
        return WrongKind(type, value.kind);
    }
    const double real = number.AsDouble();
    if (type != DataType::kDouble && std::abs(real) > std::numeric_limits<float>::max()) {
        return WrongValue(type, "is out of range");
    }
    return real;
}

Result<bool> ToBool(const Scalar& value) {
    bool flag = false;
    if (value.kind == Kind::kBool) {
        return value.boolean;
    }
    if (value.kind == Kind::kString && ReadBoolText(value.text, &flag)) {
        return flag;
    }
    return WrongKind(DataType::kBool, value.kind);
}

// Appends a Bool, number or VarChar. `raw` is the value as written.
Status AppendScalar(DataType type, const Scalar& value, std::string_view raw,
                    schema::ColumnBuilder* out) {
    if (type == DataType::kBool) {
        ASSIGN_OR_RETURN(const bool flag, ToBool(value));
        out->AppendBool(flag);
    } else if (schema::IsInteger(type)) {
        ASSIGN_OR_RETURN(const int64_t number, ToInt(type, value));
        out->AppendInt(number);
    } else if (schema::IsFloating(type)) {
        ASSIGN_OR_RETURN(const double number, ToFloating(type, value));
        out->AppendFloating(number);
    } else if (schema::IsStringLike(type)) {
        if (value.kind == Kind::kString) {
            out->AppendBytes(value.text);
        } else if (!raw.empty() && (value.is_number() || value.kind == Kind::kBool)) {
            out->AppendBytes(raw);
        } else {
            return WrongKind(type, value.kind);
        }
    } else {
        return InvalidParameter("the type (" + std::string(schema::DataTypeName(type)) +
                                ") is not supported here");
    }
    return Status();
}

// A string that holds JSON text means that text, as in what a query returns for a JSON field.
Status AppendJson(const Scalar& value, std::string_view raw, schema::ColumnBuilder* out) {
    const bool is_document = value.kind == Kind::kString && json::Validate(value.text, false).ok();
    out->AppendBytes(is_document ? value.text : raw);
    return Status();
}

Status AppendArray(DataType element_type, const Scalar& value, schema::ColumnBuilder* out) {
    if (value.kind != Kind::kArray) {
        return WrongKind(DataType::kArray, value.kind);
    }
    json::ArrayCursor cursor(value.text);
    Scalar element;
    while (cursor.Next(&element)) {
        RETURN_IF_ERROR(AppendScalar(element_type, element, {}, &out->child()));
    }
    out->CloseArrayRow();
    return Status();
}

Status AppendVector(DataType type, int64_t dim, const Scalar& value, std::string* scratch,
                    schema::ColumnBuilder* out) {
    scratch->clear();
    RETURN_IF_ERROR(ReadVector(type, value, scratch));
    if (type != DataType::kSparseFloatVector) {
        RETURN_IF_ERROR(CheckVectorSize(type, dim, scratch->size()));
    }
    out->AppendBytes(*scratch);
    return Status();
}

// The elements of one struct array field over all rows: a column of arrays for each sub-field.
class StructReader {
  public:
    explicit StructReader(const FieldSchema& field) : field_(field) {
        for (const FieldSchema& sub_field : field.sub_fields) {
            arrays_.emplace_back(sub_field.id, sub_field.type, sub_field.element_type,
                                 static_cast<uint32_t>(sub_field.dim()));
        }
        row_.resize(arrays_.size());
    }

    Status Add(const Scalar& value) {
        if (value.kind != Kind::kArray) {
            return WrongKind(field_.type, value.kind);
        }
        json::ArrayCursor cursor(value.text);
        Scalar element;
        while (cursor.Next(&element)) {
            if (element.kind != Kind::kObject) {
                return InvalidParameter(
                    "an element of a struct array should be an object, but it "
                    "is " +
                    std::string(KindName(element.kind)));
            }
            RETURN_IF_ERROR(AddElement(element.text));
        }
        for (schema::ColumnBuilder& array : arrays_) {
            array.CloseArrayRow();
        }
        return Status();
    }

    std::vector<proxy::InputColumn> Finish(const base::Bitmap& valid) {
        std::vector<proxy::InputColumn> columns;
        for (size_t i = 0; i < arrays_.size(); ++i) {
            proxy::InputColumn column;
            column.name = field_.sub_fields[i].name;
            column.type = field_.sub_fields[i].type;
            column.values = arrays_[i].Finish();
            column.valid = valid;
            columns.push_back(std::move(column));
        }
        return columns;
    }

  private:
    Status AddElement(std::string_view object) {
        std::fill(row_.begin(), row_.end(), std::string_view());
        proxy::JsonMembers members(object);
        proxy::JsonMembers::Member member;
        while (members.Next(&member)) {
            const std::string key = UnescapeKey(member.key);
            size_t i = 0;
            while (i < row_.size() && field_.sub_fields[i].name != key) {
                ++i;
            }
            if (i == row_.size()) {
                return InvalidParameter("an element has the unknown field " + key);
            }
            row_[i] = row_[i].empty() ? member.value : row_[i];
        }
        for (size_t i = 0; i < row_.size(); ++i) {
            RETURN_IF_ERROR(AddValue(i));
        }
        return Status();
    }

    Status AddValue(size_t i) {
        const FieldSchema& sub_field = field_.sub_fields[i];
        if (row_[i].empty() || row_[i] == "null") {
            return InvalidParameter("an element lacks the field " + sub_field.name);
        }
        const Scalar value = ScalarOf(row_[i], &text_);
        const Status status =
            sub_field.type == DataType::kArrayOfVector
                ? AppendVector(sub_field.element_type, sub_field.dim(), value, &bytes_,
                               &arrays_[i].child())
                : AppendScalar(sub_field.element_type, value, row_[i], &arrays_[i].child());
        return status.ok() ? status : status.Annotate("field " + sub_field.name);
    }

    const FieldSchema& field_;
    std::vector<schema::ColumnBuilder> arrays_;
    std::vector<std::string_view> row_;  // of the element at hand, by sub-field; empty = absent
    std::string text_;
    std::string bytes_;
};

// Timestamps and geometries travel as text, the rest as it is stored.
DataType SentType(const FieldSchema& field) {
    const bool is_text = field.type == DataType::kTimestamptz || field.type == DataType::kGeometry;
    return is_text ? DataType::kVarChar : field.type;
}

Status AppendText(DataType type, const Scalar& value, schema::ColumnBuilder* out) {
    if (value.kind != Kind::kString) {
        return WrongKind(type, value.kind);
    }
    out->AppendBytes(value.text);
    return Status();
}

// Collects one field's values over all rows.
class FieldReader {
  public:
    explicit FieldReader(const FieldSchema& field)
        : field_(field),
          values_(field.id, SentType(field), field.element_type,
                  static_cast<uint32_t>(field.dim())) {
        if (field.type == DataType::kArrayOfStruct) {
            structs_.emplace(field);
        }
    }

    const FieldSchema& field() const { return field_; }
    bool absent_everywhere() const { return present_ == 0; }
    bool present_everywhere() const { return present_ == valid_.size(); }

    void AddAbsent() { valid_.Resize(valid_.size() + 1, false); }

    Status Add(std::string_view raw) {
        ++present_;
        if (raw == "null") {
            if (!field_.nullable && !field_.has_default()) {
                return InvalidParameter("null is given, but the field is not nullable");
            }
            valid_.Resize(valid_.size() + 1, false);
            return Status();
        }
        valid_.Resize(valid_.size() + 1, true);
        const Scalar value = ScalarOf(raw, &text_);
        switch (field_.type) {
            case DataType::kJson:
                return AppendJson(value, raw, &values_);
            case DataType::kArray:
                return AppendArray(field_.element_type, value, &values_);
            case DataType::kArrayOfStruct:
                return structs_->Add(value);
            case DataType::kTimestamptz:
            case DataType::kGeometry:
                return AppendText(field_.type, value, &values_);
            default:
                if (schema::IsVector(field_.type)) {
                    return AppendVector(field_.type, field_.dim(), value, &bytes_, &values_);
                }
                return AppendScalar(field_.type, value, raw, &values_);
        }
    }

    proxy::InputColumn Finish() {
        proxy::InputColumn column;
        column.name = field_.name;
        column.type = field_.type;
        const base::Bitmap valid = valid_.All() ? base::Bitmap() : std::move(valid_);
        if (structs_.has_value()) {
            column.sub_columns = structs_->Finish(valid);
        } else {
            column.values = values_.Finish();
        }
        column.valid = valid;
        return column;
    }

  private:
    const FieldSchema& field_;
    schema::ColumnBuilder values_;         // compact: valid rows only
    std::optional<StructReader> structs_;  // instead of values_
    base::Bitmap valid_;                   // a bit a row
    size_t present_ = 0;                   // rows that name the field, null included
    std::string text_;
    std::string bytes_;
};

class RowsReader {
  public:
    RowsReader(const roles::CollectionInfo& collection, RestRowForm form)
        : collection_(collection), form_(form), dynamic_(0, DataType::kJson) {
        for (const FieldSchema& field : collection.schema.fields) {
            if (field.is_hidden()) {
                continue;
            }
            positions_.emplace(field.name, fields_.size());
            fields_.emplace_back(field);
        }
        row_.resize(fields_.size());
    }

    Status AddRow(std::string_view object) {
        RETURN_IF_ERROR(Split(object));
        for (size_t i = 0; i < fields_.size(); ++i) {
            const Status status = AddValue(fields_[i], row_[i]);
            if (!status.ok()) {
                return status.Annotate("row " + std::to_string(count_) + ", field " +
                                       fields_[i].field().name);
            }
        }
        if (has_dynamic()) {
            dynamic_.AppendBytes(rest_ + "}");
        }
        ++count_;
        return Status();
    }

    Result<RestRows> Finish() {
        if (count_ == 0) {
            return InvalidParameter("no row need to be convert to columns");
        }
        RestRows rows;
        rows.count = count_;
        for (FieldReader& field : fields_) {
            if (field.absent_everywhere()) {
                continue;  // the proxy fills it, or knows that it must not be
            }
            if (!field.present_everywhere() && (form_.partial || IsOptionalKey(field.field()))) {
                return InvalidParameter("field " + field.field().name +
                                        " is given in some rows and absent in others");
            }
            rows.columns.push_back(field.Finish());
        }
        if (has_dynamic()) {
            rows.columns.push_back(FinishDynamic());
        }
        return rows;
    }

  private:
    bool has_dynamic() const { return collection_.schema.dynamic_field() != nullptr; }

    bool MayGiveAutoId() const {
        const auto it = collection_.properties.find("allow_insert_auto_id");
        bool allowed = false;
        return it != collection_.properties.end() && ReadBoolText(it->second, &allowed) && allowed;
    }

    bool IsOptionalKey(const FieldSchema& field) const {
        return field.is_primary_key && field.auto_id && form_.insert;
    }

    // Values of known fields go to row_, the rest, as it is written, to rest_.
    Status Split(std::string_view object) {
        std::fill(row_.begin(), row_.end(), std::string_view());
        rest_ = "{";
        proxy::JsonMembers members(object);
        proxy::JsonMembers::Member member;
        while (members.Next(&member)) {
            const std::string key = UnescapeKey(member.key);
            const auto known = positions_.find(key);
            if (known != positions_.end()) {
                std::string_view& value = row_[known->second];
                value = value.empty() ? member.value : value;
                continue;
            }
            RETURN_IF_ERROR(CheckDynamicKey(key));
            rest_.append(rest_.size() > 1 ? ",\"" : "\"").append(member.key).append("\":");
            rest_.append(member.value);
        }
        return Status();
    }

    Status CheckDynamicKey(const std::string& key) const {
        const std::string row = "row " + std::to_string(count_) + ": ";
        if (!has_dynamic()) {
            return InvalidParameter(row +
                                    "has pass more field without dynamic schema, please "
                                    "check it: " +
                                    key);
        }
        if (key == schema::kDynamicFieldName) {
            return InvalidParameter(row + "use the invalid field name(" + key +
                                    ") when enable dynamicField");
        }
        return Status();
    }

    Status AddValue(FieldReader& field, std::string_view raw) const {
        const FieldSchema& schema = field.field();
        if (!raw.empty()) {
            if (IsOptionalKey(schema) && !MayGiveAutoId()) {
                return InvalidParameter("no need to pass pk field(" + schema.name +
                                        ") when autoid==true in insert");
            }
            return field.Add(raw);
        }
        if (!IsOptionalKey(schema) && !schema.nullable && !schema.has_default() &&
            !schema.is_function_output && !form_.partial) {
            return InvalidParameter("row " + std::to_string(count_) + " does not has field " +
                                    schema.name);
        }
        field.AddAbsent();
        return Status();
    }

    proxy::InputColumn FinishDynamic() {
        proxy::InputColumn column;
        column.name = schema::kDynamicFieldName;
        column.type = DataType::kJson;
        column.is_dynamic = true;
        column.values = dynamic_.Finish();
        return column;
    }

    const roles::CollectionInfo& collection_;
    const RestRowForm form_;
    std::vector<FieldReader> fields_;
    std::unordered_map<std::string, size_t> positions_;
    schema::ColumnBuilder dynamic_;
    uint64_t count_ = 0;
    std::vector<std::string_view> row_;  // of the row at hand, by field; empty = absent
    std::string rest_;
};

Result<RestRows> ReadAll(const roles::CollectionInfo& collection, std::string_view data,
                         RestRowForm form) {
    RowsReader reader(collection, form);
    std::string scratch;
    const Scalar value = ScalarOf(data, &scratch);
    if (value.kind == Kind::kObject) {
        RETURN_IF_ERROR(reader.AddRow(value.text));
        return reader.Finish();
    }
    if (value.kind != Kind::kArray) {
        return InvalidParameter("data should be a list of objects, but it is " +
                                std::string(KindName(value.kind)));
    }
    json::ArrayCursor cursor(value.text);
    Scalar row;
    while (cursor.Next(&row)) {
        if (row.kind != Kind::kObject) {
            return InvalidParameter("a row should be an object, but it is " +
                                    std::string(KindName(row.kind)));
        }
        RETURN_IF_ERROR(reader.AddRow(row.text));
    }
    return reader.Finish();
}

Status AppendKey(const FieldSchema& key_field, const Scalar& value, schema::PrimaryKeys* keys) {
    if (key_field.type == DataType::kInt64) {
        const Result<int64_t> number = ToInt(DataType::kInt64, value);
        if (!number.ok()) {
            return BadPrimaryKey(number.status().reason());
        }
        keys->Append(*number);
        return Status();
    }
    if (value.kind == Kind::kString) {
        keys->Append(std::string(value.text));
    } else if (value.kind == Kind::kInt64) {
        keys->Append(std::to_string(value.int64));
    } else {
        return BadPrimaryKey("a key cannot be " + std::string(KindName(value.kind)));
    }
    return Status();
}

// Query vectors of one request.
class VectorsReader {
  public:
    explicit VectorsReader(const FieldSchema* field)
        : is_list_field_(field != nullptr && field->type == DataType::kArrayOfVector),
          is_function_output_(field != nullptr && field->is_function_output),
          type_(field == nullptr ? DataType::kFloatVector
                : is_list_field_ ? field->element_type
                                 : field->type) {
        out_.type = static_cast<int32_t>(type_);
    }

    Status Add(const Scalar& element) {
        std::string bytes;
        int32_t type = static_cast<int32_t>(type_);
        const bool may_be_text = type_ == DataType::kFloatVector ||
                                 type_ == DataType::kSparseFloatVector || is_function_output_;
        if (element.kind == Kind::kString && may_be_text) {
            type = kVarCharPlaceholder;
            bytes = element.text;
        } else if (is_list_field_ && IsListOfVectors(element)) {
            type += kEmbListOffset;
            RETURN_IF_ERROR(ReadList(element, &bytes));
        } else {
            out_.element_level = is_list_field_;
            RETURN_IF_ERROR(ReadVector(type_, element, &bytes));
        }
        if (!out_.values.empty() && type != out_.type) {
            return InvalidParameter("data mixes vectors and texts");
        }
        out_.type = type;
        out_.values.push_back(base::Buffer::FromString(std::move(bytes)));
        return Status();
    }

    proxy::Placeholders Finish() { return std::move(out_); }

  private:
    static bool IsListOfVectors(const Scalar& element) {
        json::ArrayCursor cursor(element.kind == Kind::kArray ? element.text : "[]");
        Scalar first;
        return cursor.Next(&first) && (first.kind == Kind::kArray || first.kind == Kind::kString);
    }

    Status ReadList(const Scalar& element, std::string* bytes) const {
        json::ArrayCursor cursor(element.text);
        Scalar vector;
        while (cursor.Next(&vector)) {
            RETURN_IF_ERROR(ReadVector(type_, vector, bytes));
        }
        return Status();
    }

    const bool is_list_field_;
    const bool is_function_output_;
    const DataType type_;
    proxy::Placeholders out_;
};

}  // namespace

Result<RestRows> ReadRestRows(const roles::CollectionInfo& collection, std::string_view data,
                              RestRowForm form) {
    Result<RestRows> rows = ReadAll(collection, data, form);
    return rows.ok() ? std::move(rows) : BadInsertData(rows.status().reason());
}

Result<schema::PrimaryKeys> ReadRestKeys(const FieldSchema& key_field, std::string_view ids) {
    schema::PrimaryKeys keys;
    keys.is_string = schema::IsStringLike(key_field.type);
    std::string scratch;
    const Scalar value = ScalarOf(ids, &scratch);
    if (value.kind != Kind::kArray) {
        RETURN_IF_ERROR(AppendKey(key_field, value, &keys));
        return keys;
    }
    json::ArrayCursor cursor(value.text);
    Scalar element;
    while (cursor.Next(&element)) {
        RETURN_IF_ERROR(AppendKey(key_field, element, &keys));
    }
    if (keys.empty()) {
        return BadPrimaryKey("no key is given");
    }
    return keys;
}

Result<proxy::Placeholders> ReadRestVectors(std::string_view data, const FieldSchema* field) {
    std::string scratch;
    const Scalar list = ScalarOf(data, &scratch);
    if (list.kind != Kind::kArray) {
        return InvalidParameter("data should be a list of vectors, but it is " +
                                std::string(KindName(list.kind)));
    }
    VectorsReader reader(field);
    json::ArrayCursor cursor(list.text);
    Scalar element;
    while (cursor.Next(&element)) {
        RETURN_IF_ERROR(reader.Add(element));
    }
    return reader.Finish();
}

}  // namespace elanus::wire
