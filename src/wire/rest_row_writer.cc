#include "wire/rest_row_writer.h"

#include "json/json.h"
#include "proxy/json_members.h"
#include "wire/rest_vectors.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

namespace elanus::wire {
namespace {

using schema::ColumnView;
using schema::DataType;

constexpr std::string_view kDistance = "distance";
constexpr std::string_view kOffset = "offset";  // of a hit that is an element of a struct array
constexpr std::ptrdiff_t kScoreDigitsMax = 8;

template <typename Number>
void AppendNumber(Number value, std::string* out) {
    if constexpr (std::is_floating_point_v<Number>) {
        if (!std::isfinite(value)) {
            out->append("null");
            return;
        }
    }
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    out->append(buffer, end);
}

void AppendInt64(int64_t value, Int64Form form, std::string* out) {
    if (form == Int64Form::kText) {
        out->push_back('"');
    }
    AppendNumber(value, out);
    if (form == Int64Form::kText) {
        out->push_back('"');
    }
}

void AppendValue(const ColumnView& column, size_t row, Int64Form form, std::string* out);

void AppendArray(const ColumnView& column, size_t row, Int64Form form, std::string* out) {
    out->push_back('[');
    for (size_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i) {
        if (i > column.offsets[row]) {
            out->push_back(',');
        }
        AppendValue(column.children[0], i, form, out);
    }
    out->push_back(']');
}

void AppendValue(const ColumnView& column, size_t row, Int64Form form, std::string* out) {
    if (!column.IsValid(row)) {
        out->append("null");
        return;
    }
    switch (column.type) {
        case DataType::kBool:
            out->append(column.values[row] != 0 ? "true" : "false");
            return;
        case DataType::kInt8:
            AppendNumber(int{column.As<int8_t>()[row]}, out);
            return;
        case DataType::kInt16:
            AppendNumber(column.As<int16_t>()[row], out);
            return;
        case DataType::kInt32:
            AppendNumber(column.As<int32_t>()[row], out);
            return;
        case DataType::kInt64:
            AppendInt64(column.As<int64_t>()[row], form, out);
            return;
        case DataType::kFloat:
            AppendNumber(column.As<float>()[row], out);
            return;
        case DataType::kDouble:
            AppendNumber(column.As<double>()[row], out);
            return;
        case DataType::kString:
        case DataType::kVarChar:
        case DataType::kText:
        case DataType::kJson:
            json::WriteString(column.StringAt(row), out);
            return;
        case DataType::kArray:
        case DataType::kArrayOfVector:
            AppendArray(column, row, form, out);
            return;
        default:
            if (schema::IsVector(column.type)) {
                WriteVector(column, row, out);
            } else {
                // The proxy shows timestamps and geometries as text, structs as sub-columns.
                out->append("null");
            }
    }
}

std::string QuotedKey(std::string_view name) {
    std::string text;
    json::WriteString(name, &text);
    return text + ":";
}

// The sub-fields of a struct array, to be written as a list of objects.
struct SubColumn {
    std::string key;  // "name":
    ColumnView arrays;
};

void AppendStructs(const std::vector<SubColumn>& sub_columns, size_t row, Int64Form form,
                   std::string* out) {
    const ColumnView& first = sub_columns[0].arrays;
    if (!first.IsValid(row)) {
        out->append("null");
        return;
    }
    out->push_back('[');
    for (size_t i = first.offsets[row]; i < first.offsets[row + 1]; ++i) {
        out->append(i == first.offsets[row] ? "{" : ",{");
        for (const SubColumn& sub_column : sub_columns) {
            if (&sub_column != sub_columns.data()) {
                out->push_back(',');
            }
            out->append(sub_column.key);
            AppendValue(sub_column.arrays.children[0], i, form, out);
        }
        out->push_back('}');
    }
    out->push_back(']');
}

// Writes objects of the same columns.
class RowWriter {
  public:
    // `reserved` are keys that the caller writes itself.
    RowWriter(const std::vector<proxy::OutputColumn>& columns,
              std::vector<std::string_view> reserved, Int64Form form)
        : reserved_(std::move(reserved)), form_(form) {
        for (const proxy::OutputColumn& column : columns) {
            if (!IsReserved(column.name)) {
                columns_.push_back({QuotedKey(column.name), column.is_dynamic, column.rows(),
                                    column.values.View(), SubColumnsOf(column)});
            }
        }
    }

    // The members of the row, each with a comma in front unless the object has just been opened.
    void Write(size_t row, std::string* out) const {
        for (const Column& column : columns_) {
            if (row >= column.rows) {
                continue;
            }
            if (column.is_dynamic) {
                WriteDynamic(column.values, row, out);
                continue;
            }
            Separate(out);
            out->append(column.key);
            if (column.sub_columns.empty()) {
                AppendValue(column.values, row, form_, out);
            } else {
                AppendStructs(column.sub_columns, row, form_, out);
            }
        }
    }

    static void Separate(std::string* out) {
        if (out->back() != '{') {
            out->push_back(',');
        }
    }

  private:
    struct Column {
        std::string key;  // "name":
        bool is_dynamic = false;
        uint64_t rows = 0;
        ColumnView values;
        std::vector<SubColumn> sub_columns;  // struct arrays, instead of values
    };

    static std::vector<SubColumn> SubColumnsOf(const proxy::OutputColumn& column) {
        std::vector<SubColumn> sub_columns;
        for (const proxy::OutputColumn& sub_column : column.sub_columns) {
            sub_columns.push_back({QuotedKey(sub_column.name), sub_column.values.View()});
        }
        return sub_columns;
    }

    bool IsReserved(std::string_view name) const {
        return std::find(reserved_.begin(), reserved_.end(), name) != reserved_.end();
    }

    void WriteDynamic(const ColumnView& values, size_t row, std::string* out) const {
        if (!values.IsValid(row)) {
            return;
        }
        proxy::JsonMembers members(values.StringAt(row));
        proxy::JsonMembers::Member member;
        while (members.Next(&member)) {
            if (!IsReserved(member.key)) {
                Separate(out);
                out->append("\"").append(member.key).append("\":").append(member.value);
            }
        }
    }

    std::vector<Column> columns_;
    std::vector<std::string_view> reserved_;
    Int64Form form_;
};

void AppendKey(const schema::PrimaryKeys& keys, size_t i, Int64Form form, std::string* out) {
    if (keys.is_string) {
        json::WriteString(keys.strings[i], out);
    } else {
        AppendInt64(keys.ints[i], form, out);
    }
}

}  // namespace

void AppendFloat(float value, std::string* out) {
    AppendNumber(value, out);
}

void AppendScore(float value, std::string* out) {
    char buffer[32];
    char* end =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
    const auto digits = std::count_if(buffer, std::find(buffer, end, 'e'),
                                      [](char c) { return c >= '0' && c <= '9'; });
    if (digits <= kScoreDigitsMax || !std::isfinite(value)) {
        AppendNumber(value, out);
        return;
    }
    end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general,
                        kScoreDigitsMax)
              .ptr;
    out->append(buffer, static_cast<size_t>(end - buffer));
}

std::string WriteQueryRows(const proxy::QueryResults& results, Int64Form form) {
    size_t rows = results.columns.empty() ? 0 : SIZE_MAX;
    for (const proxy::OutputColumn& column : results.columns) {
        rows = std::min<size_t>(rows, column.rows());
    }
    const RowWriter writer(results.columns, {}, form);
    std::string out = "[";
    for (size_t row = 0; row < rows; ++row) {
        out.append(row == 0 ? "{" : ",{");
        writer.Write(row, &out);
        out.push_back('}');
    }
    return out + "]";
}

namespace {

// ,"highlight":{"field":["fragment", ..], ..}
void WriteHighlights(const std::vector<proxy::HighlightedField>& highlights, size_t row,
                     std::string* out) {
    if (highlights.empty()) {
        return;
    }
    out->append(",\"highlight\":{");
    for (size_t i = 0; i < highlights.size(); ++i) {
        out->append(i == 0 ? "" : ",");
        json::WriteString(highlights[i].name, out);
        out->append(":[");
        const std::vector<std::string>& fragments = highlights[i].fragments.at(row);
        for (size_t j = 0; j < fragments.size(); ++j) {
            out->append(j == 0 ? "" : ",");
            json::WriteString(fragments[j], out);
        }
        out->append("]");
    }
    out->append("}");
}

}  // namespace

std::string WriteSearchRows(const proxy::SearchResults& results, Int64Form form) {
    const bool by_element = results.element_indices.size() == results.ids.size();
    const RowWriter writer(
        results.columns, {results.primary_field_name, kDistance, by_element ? kOffset : kDistance},
        form);
    const std::string key = QuotedKey(results.primary_field_name);
    const size_t rows = std::min(results.ids.size(), results.scores.size());
    std::string out = "[";
    for (size_t row = 0; row < rows; ++row) {
        out.append(row == 0 ? "{" : ",{").append(key);
        AppendKey(results.ids, row, form, &out);
        out.append(",\"distance\":");
        AppendScore(results.scores[row], &out);
        if (by_element) {
            out.append(",\"offset\":" + std::to_string(results.element_indices[row]));
        }
        writer.Write(row, &out);
        WriteHighlights(results.highlights, row, &out);
        out.push_back('}');
    }
    return out + "]";
}

std::string WriteKeys(const schema::PrimaryKeys& keys, Int64Form form) {
    std::string out = "[";
    for (size_t i = 0; i < keys.size(); ++i) {
        if (i > 0) {
            out.push_back(',');
        }
        AppendKey(keys, i, form, &out);
    }
    return out + "]";
}

std::string WriteCounts(const std::vector<int64_t>& counts) {
    std::string out = "[";
    for (size_t i = 0; i < counts.size(); ++i) {
        if (i > 0) {
            out.push_back(',');
        }
        AppendNumber(counts[i], &out);
    }
    return out + "]";
}

}  // namespace elanus::wire
