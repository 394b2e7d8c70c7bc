#include "reduce/sort_key.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace elanus::reduce {
namespace {

using schema::DataType;

constexpr char kNullFirst = '\x00';
constexpr char kValue = '\x7f';
constexpr char kNullLast = '\xff';
constexpr uint64_t kSign = uint64_t{1} << 63;

void AppendWord(uint64_t word, std::string* key) {
    for (int shift = 56; shift >= 0; shift -= 8) {
        key->push_back(static_cast<char>(word >> shift));
    }
}

bool TakeWord(std::string_view* key, uint64_t* word) {
    if (key->size() < 8) {
        return false;
    }
    *word = 0;
    for (size_t i = 0; i < 8; ++i) {
        *word = (*word << 8) | static_cast<uint8_t>((*key)[i]);
    }
    key->remove_prefix(8);
    return true;
}

void AppendInt(int64_t value, std::string* key) {
    AppendWord(static_cast<uint64_t>(value) ^ kSign, key);
}

void AppendDouble(double value, std::string* key) {
    const auto bits = std::bit_cast<uint64_t>(value + 0.0);  // makes -0 a 0
    AppendWord((bits & kSign) != 0 ? ~bits : bits | kSign, key);
}

void AppendString(std::string_view value, std::string* key) {
    for (const char c : value) {
        key->push_back(c);
        if (c == '\0') {
            key->push_back('\xff');
        }
    }
    key->append("\0\x01", 2);
}

bool TakeString(std::string_view* key, std::string* value) {
    value->clear();
    for (size_t i = 0; i + 1 < key->size(); ++i) {
        const char c = (*key)[i];
        if (c != '\0') {
            value->push_back(c);
            continue;
        }
        if ((*key)[i + 1] == '\x01') {
            key->remove_prefix(i + 2);
            return true;
        }
        value->push_back('\0');
        ++i;
    }
    return false;
}

int64_t IntAt(const schema::ColumnView& column, size_t row) {
    switch (column.type) {
        case DataType::kBool:
        case DataType::kInt8:
            return column.As<int8_t>()[row];
        case DataType::kInt16:
            return column.As<int16_t>()[row];
        case DataType::kInt32:
            return column.As<int32_t>()[row];
        default:
            return column.As<int64_t>()[row];
    }
}

void AppendBody(const schema::ColumnView& column, size_t row, std::string* key) {
    switch (column.type) {
        case DataType::kFloat:
            return AppendDouble(column.As<float>()[row], key);
        case DataType::kDouble:
            return AppendDouble(column.As<double>()[row], key);
        case DataType::kString:
        case DataType::kVarChar:
        case DataType::kText:
            return AppendString(column.StringAt(row), key);
        default:
            return AppendInt(IntAt(column, row), key);
    }
}

// Equal as doubles, integers that a double cannot hold are still told apart; a whole double is
// equal to its integer.
void AppendJsonNumber(const json::Scalar& number, std::string* key) {
    constexpr double kInt64End = 9223372036854775808.0;
    AppendDouble(number.AsDouble(), key);
    switch (number.kind) {
        case json::Scalar::Kind::kDouble: {
            const bool is_whole = number.number == std::floor(number.number) &&
                                  number.number >= -kInt64End && number.number < kInt64End;
            return AppendInt(is_whole ? static_cast<int64_t>(number.number) : 0, key);
        }
        case json::Scalar::Kind::kInt64:
            return AppendInt(number.int64, key);
        case json::Scalar::Kind::kUint64:
            return AppendWord(number.uint64 | kSign, key);
        default:
            return AppendInt(0, key);
    }
}

// False when the document has nothing there that can be ordered.
bool AppendJsonBody(const json::Path& path, std::string_view document, std::string* key) {
    constexpr char kBool = '\x01';
    constexpr char kNumber = '\x02';
    constexpr char kString = '\x03';
    std::string scratch;
    const json::Scalar value = json::Find(document, path, &scratch);
    switch (value.kind) {
        case json::Scalar::Kind::kBool:
            key->push_back(kBool);
            key->push_back(value.boolean ? '\x01' : '\x00');
            return true;
        case json::Scalar::Kind::kInt64:
        case json::Scalar::Kind::kUint64:
        case json::Scalar::Kind::kDouble:
            key->push_back(kNumber);
            AppendJsonNumber(value, key);
            return true;
        case json::Scalar::Kind::kString:
            key->push_back(kString);
            AppendString(value.text, key);
            return true;
        default:
            return false;
    }
}

}  // namespace

bool IsSortable(DataType type) {
    return type == DataType::kBool || schema::IsInteger(type) || schema::IsFloating(type) ||
           schema::IsStringLike(type) || type == DataType::kTimestamptz;
}

void AppendSortKey(const schema::ColumnView& column, size_t row, std::string* key) {
    if (!column.IsValid(row)) {
        key->push_back(kNullLast);
        return;
    }
    key->push_back(kValue);
    AppendBody(column, row, key);
}

void AppendSortKey(const schema::PrimaryKeys& keys, size_t i, std::string* key) {
    if (keys.is_string) {
        AppendString(keys.strings[i], key);
    } else {
        AppendInt(keys.ints[i], key);
    }
}

bool TakeSortKey(std::string_view* key, DataType type, schema::ColumnBuilder* values) {
    if (key->empty()) {
        return false;
    }
    const char marker = key->front();
    key->remove_prefix(1);
    if (marker != kValue) {
        values->AppendNull();
        return marker == kNullLast;
    }
    if (schema::IsStringLike(type)) {
        std::string text;
        if (!TakeString(key, &text)) {
            return false;
        }
        values->AppendBytes(text);
        return true;
    }
    uint64_t word = 0;
    if (!TakeWord(key, &word)) {
        return false;
    }
    if (schema::IsFloating(type)) {
        values->AppendFloating(std::bit_cast<double>((word & kSign) != 0 ? word & ~kSign : ~word));
    } else if (type == DataType::kBool) {
        values->AppendBool(word != kSign);
    } else {
        values->AppendInt(static_cast<int64_t>(word ^ kSign));
    }
    return true;
}

RowOrder::RowOrder(const std::vector<roles::SortField>& fields) {
    for (const roles::SortField& field : fields) {
        const auto same = [&](const schema::FieldSchema& f) { return f.id == field.field.id; };
        if (std::none_of(fields_.begin(), fields_.end(), same)) {
            fields_.push_back(field.field);
        }
        parts_.push_back({field.field.id,
                          field.field.type == DataType::kJson,
                          json::Path(field.json_path),
                          field.descending,
                          field.nulls_first,
                          {}});
    }
}

base::Status RowOrder::Use(const schema::ColumnBatch& batch) {
    for (Part& part : parts_) {
        const schema::Column* column = batch.Find(part.field_id);
        if (column == nullptr || (column->type == DataType::kJson) != part.is_json ||
            (!part.is_json && !IsSortable(column->type))) {
            return base::Internal("a field to order by has no column that can be ordered");
        }
        part.column = column->View();
    }
    return base::Status();
}

void RowOrder::AppendPart(const Part& part, size_t row, std::string* key) {
    const size_t marker = key->size();
    key->push_back(kValue);
    bool has_value = part.column.IsValid(row);
    if (has_value && part.is_json) {
        has_value = AppendJsonBody(part.path, part.column.StringAt(row), key);
    } else if (has_value) {
        AppendBody(part.column, row, key);
    }
    if (!has_value) {
        (*key)[marker] = part.nulls_first ? kNullFirst : kNullLast;
        return;
    }
    if (part.descending) {
        for (size_t i = marker + 1; i < key->size(); ++i) {
            (*key)[i] = static_cast<char>(~(*key)[i]);
        }
    }
}

void RowOrder::AppendKey(size_t row, std::string* key) const {
    for (const Part& part : parts_) {
        AppendPart(part, row, key);
    }
}

}  // namespace elanus::reduce
