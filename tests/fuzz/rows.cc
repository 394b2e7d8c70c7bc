#include "rows.h"

#include "base/archive.h"
#include "calendar/timestamp_text.h"
#include "geometry/geometry.h"
#include "sys/clock.h"
#include "target.h"

#include <cstring>
#include <limits>
#include <utility>

namespace elanus::fuzz {

using schema::ColumnBuilder;
using schema::DataType;
using schema::FieldSchema;

namespace {

constexpr int64_t kIntEnds[kRows] = {std::numeric_limits<int64_t>::min(),
                                     std::numeric_limits<int64_t>::max(),
                                     0,
                                     1,
                                     -1,
                                     2,
                                     100,
                                     127,
                                     (int64_t{1} << 53) + 1,
                                     -7,
                                     5,
                                     42};
constexpr double kDoubles[kRows] = {0.0, -0.0, 0.1,   1e300, -1e300, 5e-324,
                                    1.5, -2.5, 100.0, 3.0,   1e15,   0.3};
const char* const kTexts[kRows] = {"",    "a",       "ab",   "the red fox",
                                   "a%b", "q\"uote", "Abc",  "\xE4\xB8\xAD\xE6\x96\x87",
                                   "0",   "true",    "x\ny", "zz"};
const char* const kDocuments[kRows] = {"{}",
                                       "null",
                                       "5",
                                       "\"text\"",
                                       "[1, \"a\", null, [2]]",
                                       "{\"a\": 1, \"b\": {\"c\": [1, 2.5, \"x\"]}}",
                                       "{\"a\": \"1\", \"list\": [1, 2, 3]}",
                                       "{\"a\": 9223372036854775807, \"u\": 18446744073709551615}",
                                       "{\"a\": null, \"two words\": true}",
                                       "{\"a\": [], \"a/b\": {}, \"\": 0}",
                                       "{\"a\": 1e308, \"n\": -0.0}",
                                       "{\"a\": {\"a\": {\"a\": \"\\u00e9\"}}}"};
const char* const kMoments[kRows] = {
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z",
    "2024-02-29T12:00:00Z", "2025-01-01T00:00:00Z",        "1969-12-31T23:59:59Z",
    "2025-03-30T01:30:00Z", "2000-01-31T00:00:00Z",        "2025-06-15T12:30:00.5Z",
    "2038-01-19T03:14:07Z", "1900-01-01T00:00:00Z",        "2024-12-31T00:00:00Z"};
const char* const kShapes[kRows] = {"POINT (1 1)",
                                    "POINT EMPTY",
                                    "LINESTRING (0 0, 3 1)",
                                    "POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))",
                                    "POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))",
                                    "MULTIPOINT ((0 0), (1 1))",
                                    "GEOMETRYCOLLECTION (POINT (1 1), LINESTRING (0 0, 1 1))",
                                    "POINT (179 89)",
                                    "POINT (-120.5 45)",
                                    "LINESTRING (1 0, 1 4)",
                                    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
                                    "POINT (0 0)"};

struct Maker {
    roles::CollectionInfo info;
    schema::ColumnBatch batch;

    FieldSchema& Add(const char* name, DataType type, schema::KeyValues params = {},
                     bool nullable = false, DataType element = DataType::kNone) {
        FieldSchema field;
        field.id = 100 + static_cast<base::FieldId>(info.schema.fields.size());
        field.name = name;
        field.type = type;
        field.element_type = element;
        field.nullable = nullable;
        field.type_params = std::move(params);
        info.schema.fields.push_back(std::move(field));
        return info.schema.fields.back();
    }
    FieldSchema Part(base::FieldId id, const char* name, DataType type, DataType element,
                     schema::KeyValues params) {
        FieldSchema field;
        field.id = id;
        field.name = name;
        field.type = type;
        field.element_type = element;
        field.type_params = std::move(params);
        field.type_params["max_capacity"] = "8";
        return field;
    }
    void AddFields();
    void AddRows();
};

void Maker::AddFields() {
    Add("id", DataType::kInt64).is_primary_key = true;
    Add("b", DataType::kBool, {}, true);
    Add("i8", DataType::kInt8);
    Add("i16", DataType::kInt16, {}, true);
    Add("i32", DataType::kInt32);
    Add("i64", DataType::kInt64, {}, true);
    Add("f", DataType::kFloat);
    Add("d", DataType::kDouble, {}, true);
    Add("s", DataType::kVarChar, {{"max_length", "64"}}, true);
    Add("t", DataType::kVarChar,
        {{"max_length", "200"}, {"enable_match", "true"}, {"enable_analyzer", "true"}});
    Add("x", DataType::kText, {}, true);
    Add("j", DataType::kJson, {}, true);
    Add("ts", DataType::kTimestamptz, {}, true);
    Add("g", DataType::kGeometry, {}, true);
    Add("ai", DataType::kArray, {{"max_capacity", "8"}}, true, DataType::kInt64);
    Add("ab", DataType::kArray, {{"max_capacity", "8"}}, false, DataType::kBool);
    Add("af", DataType::kArray, {{"max_capacity", "8"}}, false, DataType::kFloat);
    Add("as", DataType::kArray, {{"max_capacity", "8"}, {"max_length", "20"}}, true,
        DataType::kVarChar);
    Add("v", DataType::kFloatVector, {{"dim", "2"}});
    Add("bv", DataType::kBinaryVector, {{"dim", "8"}}, true);
    Add("hv", DataType::kFloat16Vector, {{"dim", "2"}}, true);
    Add("bfv", DataType::kBFloat16Vector, {{"dim", "2"}}, true);
    Add("iv", DataType::kInt8Vector, {{"dim", "2"}}, true);
    Add("sv", DataType::kSparseFloatVector, {}, true);
    FieldSchema& structs = Add("ss", DataType::kArrayOfStruct, {{"max_capacity", "8"}}, true);
    structs.sub_fields = {
        Part(200, "u", DataType::kArray, DataType::kInt64, {}),
        Part(201, "w", DataType::kArray, DataType::kVarChar, {{"max_length", "20"}}),
        Part(202, "sub", DataType::kArrayOfVector, DataType::kFloatVector, {{"dim", "2"}})};
    Add("$meta", DataType::kJson).is_dynamic = true;
    info.schema.enable_dynamic_field = true;
    info.schema.name = "c";
}

std::string Repeated(size_t row, size_t bytes) {
    return std::string(bytes, static_cast<char>(row));
}

void AppendElements(const FieldSchema& field, size_t row, ColumnBuilder* builder) {
    for (size_t i = 0; i < row % 4; ++i) {
        const size_t at = (row + i) % kRows;
        if (field.type == DataType::kArrayOfStruct) {
            builder->child(0).AppendInt(kIntEnds[at]);
            builder->child(1).AppendBytes(kTexts[at]);
            builder->child(2).AppendBytes(Repeated(0, 8));
        } else if (field.element_type == DataType::kVarChar) {
            builder->child().AppendBytes(kTexts[at]);
        } else if (field.element_type == DataType::kFloat) {
            builder->child().AppendFloating(kDoubles[at] > 1e30 ? 1e30 : kDoubles[at]);
        } else if (field.element_type == DataType::kBool) {
            builder->child().AppendBool(at % 2 == 0);
        } else {
            builder->child().AppendInt(kIntEnds[at]);
        }
    }
    builder->CloseArrayRow();
}

int64_t Moment(size_t row) {
    const auto moment = calendar::ParseTimestamp(kMoments[row], calendar::TimeZone());
    FUZZ_EXPECT(moment.ok());
    return *moment;
}

std::string Shape(size_t row) {
    const auto wkb = geometry::WkbFromWkt(kShapes[row]);
    FUZZ_EXPECT(wkb.ok());
    return *wkb;
}

std::string SparseRow(size_t row) {
    std::string bytes;
    for (size_t i = 0; i < row % 3; ++i) {
        const auto index = static_cast<uint32_t>(7 * i + row);
        const float value = 0.5F;
        bytes.append(reinterpret_cast<const char*>(&index), sizeof index);
        bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    return bytes;
}

void AppendValue(const FieldSchema& field, size_t row, ColumnBuilder* builder) {
    if (field.nullable && (row + static_cast<size_t>(field.id)) % 5 == 0) {
        return builder->AppendNull();
    }
    switch (field.type) {
        case DataType::kBool:
            return builder->AppendBool(row % 2 == 0);
        case DataType::kInt8:
            return builder->AppendInt(static_cast<int8_t>(kIntEnds[row]));
        case DataType::kInt16:
            return builder->AppendInt(static_cast<int16_t>(kIntEnds[row]));
        case DataType::kInt32:
            return builder->AppendInt(static_cast<int32_t>(kIntEnds[row]));
        case DataType::kInt64:
            return builder->AppendInt(field.is_primary_key ? static_cast<int64_t>(row)
                                                           : kIntEnds[row]);
        case DataType::kFloat:
            return builder->AppendFloating(kDoubles[row] > 1e30    ? 3e38
                                           : kDoubles[row] < -1e30 ? -3e38
                                                                   : kDoubles[row]);
        case DataType::kDouble:
            return builder->AppendFloating(kDoubles[row]);
        case DataType::kVarChar:
        case DataType::kText:
            return builder->AppendBytes(kTexts[row]);
        case DataType::kJson:
            return builder->AppendBytes(
                field.is_dynamic && kDocuments[row][0] != '{' ? "{\"dyn\": 1}" : kDocuments[row]);
        case DataType::kTimestamptz:
            return builder->AppendInt(Moment(row));
        case DataType::kGeometry:
            return builder->AppendBytes(Shape(row));
        case DataType::kSparseFloatVector:
            return builder->AppendBytes(SparseRow(row));
        case DataType::kFloatVector:
        case DataType::kBinaryVector:
        case DataType::kFloat16Vector:
        case DataType::kBFloat16Vector:
        case DataType::kInt8Vector:
            return builder->AppendBytes(Repeated(row, schema::FixedWidth(field.type, field.dim())));
        default:
            return AppendElements(field, row, builder);
    }
}

void Maker::AddRows() {
    batch.rows = kRows;
    for (const FieldSchema& field : info.schema.fields) {
        ColumnBuilder builder(field.id, field.type, field.element_type,
                              static_cast<uint32_t>(field.dim()));
        for (const FieldSchema& sub : field.sub_fields) {
            builder.AddChild(ColumnBuilder(sub.id, sub.element_type, DataType::kNone,
                                           static_cast<uint32_t>(sub.dim())));
        }
        for (size_t row = 0; row < kRows; ++row) {
            AppendValue(field, row, &builder);
        }
        batch.columns.push_back(builder.Finish());
    }
    FUZZ_EXPECT(batch.Verify().ok());
}

const Maker& Made() {
    static const Maker* const maker = [] {
        auto* made = new Maker;
        made->AddFields();
        made->AddRows();
        return made;
    }();
    return *maker;
}

// The answer row by row: '1', '0' or '?'; empty when there is an error.
std::string Answer(const expr::Plan& plan, const schema::ColumnBatch& batch,
                   const base::Bitmap* needed) {
    static sys::SimClock clock;
    const BatchSource source(EveryType().schema, batch);
    const auto truth = expr::Evaluate(plan, source, batch.rows, base::CallContext(), clock, needed);
    std::string text;
    for (size_t row = 0; truth.ok() && row < batch.rows; ++row) {
        if (needed == nullptr || needed->Test(row)) {
            text += !truth->IsKnown(row) ? '?' : truth->is_true.Test(row) ? '1' : '0';
        }
    }
    return text;
}

}  // namespace

const roles::CollectionInfo& EveryType() {
    return Made().info;
}

const schema::ColumnBatch& EveryTypeRows() {
    return Made().batch;
}

BatchSource::BatchSource(const schema::CollectionSchema& schema, const schema::ColumnBatch& batch)
    : schema_(schema) {
    for (const schema::Column& column : batch.columns) {
        views_[column.field_id] = column.View();
    }
}

const schema::ColumnView* BatchSource::Column(base::FieldId field_id) const {
    const auto found = views_.find(field_id);
    return found == views_.end() ? nullptr : &found->second;
}

void EvaluatePlan(const expr::Plan& plan, bool from_filter) {
    static const auto* const halves = [] {
        auto* made = new std::pair<schema::ColumnBatch, schema::ColumnBatch>;
        made->first = schema::Gather(EveryTypeRows(), {0, 1, 2, 3, 4, 5, 6});
        made->second = schema::Gather(EveryTypeRows(), {7, 8, 9, 10, 11});
        return made;
    }();
    const std::string whole = Answer(plan, EveryTypeRows(), nullptr);
    if (!from_filter && whole.empty()) {
        return;
    }
    FUZZ_EXPECT(whole.size() == kRows);
    FUZZ_EXPECT(Answer(plan, halves->first, nullptr) + Answer(plan, halves->second, nullptr) ==
                whole);
    base::Bitmap odd(kRows);
    std::string odd_answers;
    for (size_t row = 1; row < kRows; row += 2) {
        odd.Set(row);
        odd_answers += whole[row];
    }
    FUZZ_EXPECT(Answer(plan, EveryTypeRows(), &odd) == odd_answers);
}

}  // namespace elanus::fuzz
