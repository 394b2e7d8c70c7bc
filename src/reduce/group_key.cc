#include "reduce/group_key.h"

#include "reduce/aggregation.h"
#include "reduce/sort_key.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace elanus::reduce {
namespace {

using json::Scalar;
using schema::DataType;

std::optional<int64_t> WholeNumber(double number) {
    constexpr double kInt64End = 9223372036854775808.0;
    if (number != std::floor(number) || number < -kInt64End || number >= kInt64End) {
        return std::nullopt;
    }
    return static_cast<int64_t>(number);
}

std::optional<int64_t> NumberIn(std::string_view text) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
    return whole ? std::optional(number) : std::nullopt;
}

bool Fits(int64_t value, DataType type) {
    switch (type) {
        case DataType::kInt8:
            return value >= INT8_MIN && value <= INT8_MAX;
        case DataType::kInt16:
            return value >= INT16_MIN && value <= INT16_MAX;
        case DataType::kInt32:
            return value >= INT32_MIN && value <= INT32_MAX;
        default:
            return true;
    }
}

std::optional<int64_t> AsInteger(const Scalar& value, DataType type, bool strict) {
    std::optional<int64_t> number;
    if (value.kind == Scalar::Kind::kInt64) {
        number = value.int64;
    } else if (!strict && value.kind == Scalar::Kind::kDouble) {
        number = WholeNumber(value.number);
    } else if (!strict && value.kind == Scalar::Kind::kString) {
        number = NumberIn(value.text);
    }
    return number.has_value() && Fits(*number, type) ? number : std::nullopt;
}

std::optional<bool> AsBool(const Scalar& value, bool strict) {
    if (value.kind == Scalar::Kind::kBool) {
        return value.boolean;
    }
    if (!strict && value.kind == Scalar::Kind::kString &&
        (value.text == "true" || value.text == "false")) {
        return value.text == "true";
    }
    return std::nullopt;
}

std::optional<std::string> AsText(const Scalar& value, bool strict) {
    if (value.kind == Scalar::Kind::kString) {
        return std::string(value.text);
    }
    if (strict) {
        return std::nullopt;
    }
    switch (value.kind) {
        case Scalar::Kind::kBool:
            return value.boolean ? "true" : "false";
        case Scalar::Kind::kInt64:
            return std::to_string(value.int64);
        case Scalar::Kind::kUint64:
            return std::to_string(value.uint64);
        case Scalar::Kind::kDouble:
            return json::Write(json::Value(value.number));
        case Scalar::Kind::kArray:
        case Scalar::Kind::kObject:
            return std::string(value.text);
        default:
            return std::nullopt;
    }
}

void AppendCast(const Scalar& value, DataType type, bool strict, schema::ColumnBuilder* values) {
    if (type == DataType::kVarChar) {
        const std::optional<std::string> text = AsText(value, strict);
        text.has_value() ? values->AppendBytes(*text) : values->AppendNull();
    } else if (type == DataType::kBool) {
        const std::optional<bool> flag = AsBool(value, strict);
        flag.has_value() ? values->AppendBool(*flag) : values->AppendNull();
    } else {
        const std::optional<int64_t> number = AsInteger(value, type, strict);
        number.has_value() ? values->AppendInt(*number) : values->AppendNull();
    }
}

bool IsCastType(DataType type) {
    return type == DataType::kNone || type == DataType::kBool || type == DataType::kVarChar ||
           schema::IsInteger(type);
}

}  // namespace

DataType GroupType(const roles::GroupField& field) {
    if (field.field.type != DataType::kJson) {
        return field.field.type;
    }
    return field.as == DataType::kNone ? DataType::kVarChar : field.as;
}

base::Status CheckGroupFields(const std::vector<roles::GroupField>& fields) {
    for (const roles::GroupField& field : fields) {
        const bool is_json = field.field.type == DataType::kJson;
        if (is_json ? !IsCastType(field.as) : !CanGroupBy(field.field.type)) {
            return base::InvalidParameter("hits cannot be grouped by such a field");
        }
    }
    return base::Status();
}

GroupKeys::GroupKeys(const std::vector<roles::GroupField>& fields) {
    for (const roles::GroupField& field : fields) {
        const auto same = [&](const schema::FieldSchema& f) { return f.id == field.field.id; };
        if (std::none_of(fields_.begin(), fields_.end(), same)) {
            fields_.push_back(field.field);
        }
        parts_.push_back({field.field.id,
                          field.field.type == DataType::kJson,
                          json::Path(field.json_path),
                          GroupType(field),
                          field.strict_cast,
                          {},
                          {}});
    }
}

base::Status GroupKeys::Use(const schema::ColumnBatch& batch) {
    for (Part& part : parts_) {
        const schema::Column* column = batch.Find(part.field_id);
        if (column == nullptr || (column->type == DataType::kJson) != part.is_json ||
            (!part.is_json && !CanGroupBy(column->type))) {
            return base::Internal("a field to group by has no column that can be grouped");
        }
        part.column = column->View();
        if (!part.is_json) {
            continue;
        }
        schema::ColumnBuilder values(part.field_id, part.type);
        std::string scratch;
        for (size_t row = 0; row < part.column.rows; ++row) {
            const Scalar value = part.column.IsValid(row)
                                     ? json::Find(part.column.StringAt(row), part.path, &scratch)
                                     : Scalar();
            AppendCast(value, part.type, part.strict, &values);
        }
        part.cast = values.Finish();
        part.column = part.cast.View();
    }
    return base::Status();
}

void GroupKeys::AppendKey(size_t row, std::string* key) const {
    for (const Part& part : parts_) {
        AppendSortKey(part.column, row, key);
    }
}

base::Result<std::vector<schema::Column>> GroupKeyColumns(
    const std::vector<std::string>& keys, const std::vector<roles::GroupField>& fields) {
    std::vector<schema::ColumnBuilder> builders;
    for (const roles::GroupField& field : fields) {
        builders.emplace_back(field.field.id, GroupType(field));
    }
    for (const std::string& bytes : keys) {
        std::string_view key = bytes;
        for (size_t i = 0; i < fields.size(); ++i) {
            if (!TakeSortKey(&key, GroupType(fields[i]), &builders[i])) {
                return base::Internal("the key of a group cannot be read");
            }
        }
    }
    std::vector<schema::Column> columns;
    for (schema::ColumnBuilder& builder : builders) {
        columns.push_back(builder.Finish());
    }
    return columns;
}

}  // namespace elanus::reduce
