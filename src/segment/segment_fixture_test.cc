#include "segment/segment_fixture_test.h"

#include "simd/half.h"
#include "vindex/vectors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

namespace elanus::segment {

using schema::ColumnBuilder;
using schema::DataType;
using schema::FieldSchema;

namespace {

FieldSchema Field(base::FieldId id, DataType type, bool nullable = false, int64_t dim = 0,
                  DataType element = DataType::kNone) {
    FieldSchema field;
    field.id = id;
    field.name = "f" + std::to_string(id);
    field.type = type;
    field.element_type = element;
    field.nullable = nullable;
    if (dim > 0) {
        field.type_params["dim"] = std::to_string(dim);
    }
    return field;
}

constexpr base::FieldId kStructField = 119;

std::string_view VectorBytes(const std::vector<float>& vector) {
    return {reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float)};
}

void AppendElements(const FieldSchema& field, int64_t number, ColumnBuilder* builder) {
    for (int64_t i = 0; i < number % 5; ++i) {
        if (field.type == DataType::kArrayOfStruct) {
            builder->child(0).AppendInt(number + i);
            builder->child(1).AppendBytes("s" + std::to_string(number + i));
            builder->child(2).AppendBytes(VectorBytes(NumberToVector(number + i, 2)));
        } else if (field.type == DataType::kArrayOfVector) {
            builder->child().AppendBytes(VectorBytes(NumberToVector(number + i, 3)));
        } else if (field.element_type == DataType::kVarChar) {
            builder->child().AppendBytes(std::string(static_cast<size_t>(i), 'e'));
        } else if (field.element_type == DataType::kFloat) {
            builder->child().AppendFloating(static_cast<double>(number) / 3);
        } else {
            builder->child().AppendInt((number + i) % 100);
        }
    }
    builder->CloseArrayRow();
}

void AppendValue(const FieldSchema& field, int64_t number, ColumnBuilder* builder) {
    if (IsNullRow(field, number)) {
        builder->AppendNull();
        return;
    }
    switch (field.type) {
        case DataType::kBool:
            return builder->AppendBool(number % 2 == 0);
        case DataType::kInt8:
            return builder->AppendInt(number % 100);
        case DataType::kInt16:
        case DataType::kInt32:
        case DataType::kInt64:
        case DataType::kTimestamptz:
            return builder->AppendInt(number);
        case DataType::kFloat:
        case DataType::kDouble:
            return builder->AppendFloating(NumberToFloat(number));
        case DataType::kText:
        case DataType::kGeometry:
            return builder->AppendBytes(std::string(static_cast<size_t>(number % 40), 'g'));
        case DataType::kVarChar:
            return builder->AppendBytes("name" + std::to_string(number));
        case DataType::kJson:
            return builder->AppendBytes("{\"n\":" + std::to_string(number) + "}");
        case DataType::kSparseFloatVector:
        case DataType::kFloatVector:
        case DataType::kBinaryVector:
        case DataType::kFloat16Vector:
        case DataType::kBFloat16Vector:
        case DataType::kInt8Vector:
            return builder->AppendBytes(VectorOf(field, number));
        default:
            return AppendElements(field, number, builder);
    }
}

}  // namespace

std::shared_ptr<const schema::CollectionSchema> TestSchema(bool string_keys) {
    auto schema = std::make_shared<schema::CollectionSchema>();
    schema->name = "c";
    FieldSchema pk = Field(kPkField, string_keys ? DataType::kVarChar : DataType::kInt64);
    pk.is_primary_key = true;
    FieldSchema structs = Field(kStructField, DataType::kArrayOfStruct);
    structs.nullable = true;
    structs.sub_fields = {Field(130, DataType::kArray, false, 0, DataType::kInt64),
                          Field(131, DataType::kArray, false, 0, DataType::kVarChar),
                          Field(132, DataType::kArrayOfVector, false, 2, DataType::kFloatVector)};
    schema->fields = {pk,
                      Field(kNumberField, DataType::kInt64),
                      Field(kFloatField, DataType::kFloat, true),
                      Field(kNameField, DataType::kVarChar, true),
                      Field(kVectorField, DataType::kFloatVector, false, kDim),
                      Field(kNullableVectorField, DataType::kFloatVector, true, kNullableDim),
                      Field(106, DataType::kBool),
                      Field(107, DataType::kInt8, true),
                      Field(108, DataType::kInt16),
                      Field(109, DataType::kInt32),
                      Field(110, DataType::kDouble),
                      Field(111, DataType::kTimestamptz),
                      Field(112, DataType::kJson, true),
                      Field(113, DataType::kArray, false, 0, DataType::kInt32),
                      Field(114, DataType::kArray, true, 0, DataType::kVarChar),
                      Field(115, DataType::kArrayOfVector, true, 3, DataType::kFloatVector),
                      Field(kBinaryField, DataType::kBinaryVector, false, 16),
                      Field(kFloat16Field, DataType::kFloat16Vector, false, 4),
                      Field(kSparseField, DataType::kSparseFloatVector),
                      structs,
                      Field(120, DataType::kBinaryVector, true, 8),
                      Field(121, DataType::kFloat16Vector, true, 5),
                      Field(122, DataType::kSparseFloatVector, true),
                      Field(123, DataType::kBFloat16Vector, true, 6),
                      Field(124, DataType::kInt8Vector, true, 7),
                      Field(125, DataType::kText, true),
                      Field(126, DataType::kGeometry, true),
                      Field(127, DataType::kTimestamptz, true)};
    return schema;
}

schema::PrimaryKey KeyOfNumber(bool string_keys, int64_t key) {
    return string_keys ? schema::PrimaryKey("key-" + std::to_string(key)) : schema::PrimaryKey(key);
}

schema::ColumnBatch TestBatch(const schema::CollectionSchema& schema,
                              const std::vector<std::pair<int64_t, int64_t>>& rows) {
    schema::ColumnBatch batch;
    batch.rows = rows.size();
    for (const FieldSchema& field : schema.fields) {
        ColumnBuilder builder(field.id, field.type, field.element_type,
                              static_cast<uint32_t>(field.dim()));
        if (field.type == DataType::kArrayOfStruct) {
            for (const FieldSchema& sub : field.sub_fields) {
                builder.AddChild(ColumnBuilder(sub.id, sub.element_type, DataType::kNone,
                                               static_cast<uint32_t>(sub.dim())));
            }
        }
        for (const auto& [key, number] : rows) {
            if (!field.is_primary_key) {
                AppendValue(field, number, &builder);
            } else if (field.type == DataType::kInt64) {
                builder.AppendInt(key);
            } else {
                builder.AppendBytes(std::get<1>(KeyOfNumber(true, key)));
            }
        }
        batch.columns.push_back(builder.Finish());
    }
    return batch;
}

float NumberToFloat(int64_t number) {
    return static_cast<float>(number) / 4;
}

bool HasFloat(int64_t number) {
    return (number + kFloatField) % 4 != 0;
}

bool HasName(int64_t number) {
    return (number + kNameField) % 4 != 0;
}

bool HasNullableVector(int64_t number) {
    return (number + kNullableVectorField) % 4 != 0;
}

std::vector<float> NumberToVector(int64_t number, uint32_t dim) {
    std::vector<float> vector(dim);
    std::mt19937_64 random(static_cast<uint64_t>(number) % 500);  // some rows are equal
    for (float& value : vector) {
        value = number % 97 == 0 ? 0.0f : static_cast<float>(random() % 2001) / 1000 - 1;
    }
    return vector;
}

bool IsNullRow(const FieldSchema& field, int64_t number) {
    return field.nullable && (number + field.id) % 4 == 0;
}

namespace {

std::string SparseOf(int64_t number) {
    std::string bytes;
    std::mt19937_64 random(static_cast<uint64_t>(number) % 500);
    uint32_t index = 0;
    for (size_t i = random() % 6; i > 0; --i) {
        index += static_cast<uint32_t>(random() % 9) + 1;
        const float value = static_cast<float>(random() % 64) / 16;
        bytes.append(reinterpret_cast<const char*>(&index), 4);
        bytes.append(reinterpret_cast<const char*>(&value), 4);
    }
    return bytes;
}

void AppendNumber(DataType type, float value, std::string* bytes) {
    if (type == DataType::kInt8Vector) {
        bytes->push_back(static_cast<char>(std::lround(value * 100)));
        return;
    }
    const uint16_t half = type == DataType::kFloat16Vector ? simd::HalfFromFloat(value)
                                                           : simd::BFloat16FromFloat(value);
    bytes->append(reinterpret_cast<const char*>(&half), 2);
}

}  // namespace

std::string VectorOf(const FieldSchema& field, int64_t number) {
    if (field.type == DataType::kSparseFloatVector) {
        return SparseOf(number);
    }
    std::mt19937_64 random(static_cast<uint64_t>(number) % 500);
    std::string bytes;
    if (field.type == DataType::kBinaryVector) {
        for (int64_t i = 0; i < field.dim() / 8; ++i) {
            bytes.push_back(static_cast<char>(random() & random()));
        }
        return bytes;
    }
    const auto values = NumberToVector(number, static_cast<uint32_t>(field.dim()));
    if (field.type == DataType::kFloatVector) {
        return std::string(VectorBytes(values));
    }
    for (const float value : values) {
        AppendNumber(field.type, value, &bytes);
    }
    return bytes;
}

schema::Column QueryColumn(const FieldSchema& field, const std::vector<int64_t>& numbers) {
    ColumnBuilder builder(field.id, field.type, DataType::kNone,
                          static_cast<uint32_t>(field.dim()));
    for (const int64_t number : numbers) {
        builder.AppendBytes(VectorOf(field, number));
    }
    return builder.Finish();
}

std::vector<vindex::Metric> MetricsOf(DataType type) {
    using vindex::Metric;
    if (type == DataType::kBinaryVector) {
        return {Metric::kHamming, Metric::kJaccard, Metric::kSubstructure, Metric::kSuperstructure};
    }
    if (type == DataType::kSparseFloatVector) {
        return {Metric::kIp};
    }
    return {Metric::kL2, Metric::kIp, Metric::kCosine};
}

std::string RowText(const schema::ColumnView& column, size_t row) {
    if (!column.IsValid(row)) {
        return "null";
    }
    if (const size_t width = schema::FixedWidth(column.type, column.dim); width > 0) {
        return {reinterpret_cast<const char*>(column.values) + row * width, width};
    }
    if (column.children.empty()) {
        return std::string(column.StringAt(row));
    }
    std::string text = "[";
    for (const schema::ColumnView& child : column.children) {
        for (size_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i) {
            text += RowText(child, i) + ",";
        }
        text += ";";
    }
    return text;
}

SegmentModel::SegmentModel(bool with_string_keys, uint64_t seed)
    : string_keys(with_string_keys),
      schema(TestSchema(with_string_keys)),
      growing(std::make_unique<GrowingSegment>(7, 3, schema)),
      random(seed) {}

void SegmentModel::Insert(size_t count, bool upsert) {
    now += random() % 3 + 1;
    std::vector<std::pair<int64_t, int64_t>> added;
    schema::PrimaryKeys keys;
    keys.is_string = string_keys;
    std::set<int64_t> seen;
    for (size_t i = 0; i < count; ++i) {
        const auto key = static_cast<int64_t>(random() % 2000) - 500;
        if (!seen.insert(key).second) {
            continue;
        }
        added.emplace_back(key, static_cast<int64_t>(random() % 10000));
        keys.Append(KeyOfNumber(string_keys, key));
    }
    const schema::ColumnBatch batch = TestBatch(*schema, added);
    ASSERT_TRUE(batch.Verify().ok()) << batch.Verify().reason();
    ASSERT_EQ(growing->Append(batch, now), rows.size());
    for (const auto& [key, number] : added) {
        rows.push_back({key, number, now, base::kMaxTimestamp});
    }
    if (upsert) {
        growing->Delete(keys, now);
        for (ModelRow& row : rows) {
            if (row.inserted < now && seen.count(row.key) > 0) {
                row.deleted = std::min(row.deleted, now);
            }
        }
    }
}

void SegmentModel::Delete(size_t count) {
    now += random() % 3 + 1;
    schema::PrimaryKeys keys;
    keys.is_string = string_keys;
    std::set<int64_t> wanted;
    while (wanted.size() < count) {
        wanted.insert(static_cast<int64_t>(random() % 2200) - 600);
    }
    size_t hit = 0;
    for (const int64_t key : wanted) {
        keys.Append(KeyOfNumber(string_keys, key));
    }
    for (ModelRow& row : rows) {
        if (row.deleted == base::kMaxTimestamp && row.inserted < now && wanted.count(row.key) > 0) {
            row.deleted = now;
            ++hit;
        }
    }
    ASSERT_EQ(growing->Delete(keys, now), hit);
}

void SegmentModel::RandomSteps(size_t steps) {
    for (size_t i = 0; i < steps; ++i) {
        const uint64_t dice = random() % 10;
        if (dice < 6) {
            Insert(random() % 5 == 0 ? random() % 400 + 1 : random() % 5 + 1, dice < 3);
        } else {
            Delete(random() % 6 + 1);
        }
    }
}

base::Timestamp SegmentModel::RandomTimestamp() {
    return random() % 4 == 0 ? base::kMaxTimestamp : 998 + random() % (now - 990);
}

void SegmentModel::Check(const Segment& segment, base::Timestamp timestamp) {
    ASSERT_EQ(segment.rows(), rows.size());
    CheckMatch(segment, timestamp);
    CheckFilters(segment, timestamp);
    CheckKeys(segment, timestamp);
    CheckFetch(segment);
    CheckSearch(segment, timestamp);
}

namespace {

ReadOptions OptionsAt(const base::CallContext& context, base::Timestamp timestamp,
                      const expr::Plan* plan = nullptr) {
    ReadOptions options;
    options.timestamp = timestamp;
    options.context = &context;
    options.clock = &sys::RealClock();
    options.filter = plan;
    return options;
}

expr::ColumnRef Ref(base::FieldId id, DataType type) {
    expr::ColumnRef ref;
    ref.field_id = id;
    ref.type = type;
    return ref;
}

expr::Plan NumberBelow(int64_t limit) {
    return {expr::Compare{Ref(kNumberField, DataType::kInt64), expr::CompareOp::kLt, limit}};
}

}  // namespace

void SegmentModel::CheckMatch(const Segment& segment, base::Timestamp timestamp) {
    ReadCounters counters;
    const auto match = segment.Match(OptionsAt(context_, timestamp), &counters);
    ASSERT_TRUE(match.ok()) << match.status().reason();
    ASSERT_EQ(match->size(), rows.size());
    for (size_t row = 0; row < rows.size(); ++row) {
        ASSERT_EQ(match->Test(row), rows[row].VisibleAt(timestamp)) << row << " at " << timestamp;
    }
    ASSERT_EQ(segment.LiveRows(timestamp), match->Count());
    ASSERT_EQ(counters.rows_matched, match->Count());
    CheckCount(segment, OptionsAt(context_, timestamp), match->Count());
}

// The same rows counted as those that a bitmap tells of, at the same price.
void SegmentModel::CheckCount(const Segment& segment, const ReadOptions& options, size_t matched) {
    ReadCounters counted;
    ReadCounters selected;
    const auto count = segment.CountMatches(options, &counted);
    ASSERT_TRUE(count.ok()) << count.status().reason();
    ASSERT_EQ(*count, matched);
    ASSERT_TRUE(segment.Match(options, &selected).ok());
    ASSERT_EQ(counted.rows_matched, matched);
    ASSERT_EQ(counted.rows_scanned, selected.rows_scanned);
    ASSERT_EQ(counted.segments, selected.segments);
    ASSERT_EQ(counted.segments_pruned, selected.segments_pruned);
}

void SegmentModel::CheckFilters(const Segment& segment, base::Timestamp timestamp) {
    const auto limit = static_cast<int64_t>(random() % 12000) - 1000;
    const auto key = static_cast<int64_t>(random() % 2000) - 500;
    const DataType key_type = string_keys ? DataType::kVarChar : DataType::kInt64;
    const expr::Value key_value =
        string_keys ? expr::Value(std::get<1>(KeyOfNumber(true, key))) : expr::Value(key);
    using Predicate = std::function<bool(const ModelRow&)>;
    std::vector<std::pair<expr::Plan, Predicate>> cases;
    cases.emplace_back(NumberBelow(limit), [=](const ModelRow& r) { return r.number < limit; });
    cases.emplace_back(
        expr::Plan{expr::Compare{Ref(kFloatField, DataType::kFloat), expr::CompareOp::kGe,
                                 static_cast<double>(limit) / 4}},
        [=](const ModelRow& r) {
            return HasFloat(r.number) && NumberToFloat(r.number) >= static_cast<float>(limit) / 4;
        });
    cases.emplace_back(expr::Plan{expr::IsNull{Ref(kNameField, DataType::kVarChar)}},
                       [](const ModelRow& r) { return !HasName(r.number); });
    cases.emplace_back(
        expr::Plan{expr::Compare{Ref(kPkField, key_type), expr::CompareOp::kEq, key_value}},
        [=](const ModelRow& r) { return r.key == key; });
    cases.emplace_back(
        expr::Plan{expr::And{
            {expr::Plan{expr::Compare{Ref(kPkField, key_type), expr::CompareOp::kEq, key_value}},
             NumberBelow(5000)}}},
        [=](const ModelRow& r) { return r.key == key && r.number < 5000; });
    cases.emplace_back(expr::Plan{expr::AlwaysFalse{}}, [](const ModelRow&) { return false; });
    for (size_t i = 0; i < cases.size(); ++i) {
        ReadCounters counters;
        const auto match =
            segment.Match(OptionsAt(context_, timestamp, &cases[i].first), &counters);
        ASSERT_TRUE(match.ok()) << match.status().reason();
        for (size_t row = 0; row < rows.size(); ++row) {
            ASSERT_EQ(match->Test(row),
                      rows[row].VisibleAt(timestamp) && cases[i].second(rows[row]))
                << "case " << i << " row " << row;
        }
        CheckCount(segment, OptionsAt(context_, timestamp, &cases[i].first), match->Count());
    }
}

void SegmentModel::CheckKeys(const Segment& segment, base::Timestamp timestamp) {
    for (int i = 0; i < 20; ++i) {
        const auto key = static_cast<int64_t>(random() % 2200) - 600;
        std::vector<base::RowOffset> want;
        for (size_t row = 0; row < rows.size(); ++row) {
            if (rows[row].key == key) {
                want.push_back(static_cast<base::RowOffset>(row));
            }
        }
        ASSERT_EQ(segment.FindKey(KeyOfNumber(string_keys, key)), want);
    }
    EXPECT_TRUE(segment.FindKey(KeyOfNumber(!string_keys, 1)).empty());

    const expr::Plan plan = NumberBelow(random() % 2 == 0 ? 100 : 9000);
    std::vector<std::pair<schema::PrimaryKey, base::RowOffset>> sorted;
    const int64_t below = std::get<expr::Compare>(plan.node).value.int_if()[0];
    for (size_t row = 0; row < rows.size(); ++row) {
        if (rows[row].VisibleAt(timestamp) && rows[row].number < below) {
            sorted.emplace_back(KeyOfNumber(string_keys, rows[row].key), row);
        }
    }
    std::sort(sorted.begin(), sorted.end());
    for (const size_t limit : {size_t{0}, size_t{1}, size_t{10}, rows.size(), SIZE_MAX}) {
        ReadCounters counters;
        const auto got =
            segment.SelectByKey(OptionsAt(context_, timestamp, &plan), limit, &counters);
        ASSERT_TRUE(got.ok()) << got.status().reason();
        ASSERT_EQ(got->size(), std::min(limit, sorted.size()));
        const schema::PrimaryKeys keys = segment.KeysOf(*got);
        for (size_t i = 0; i < got->size(); ++i) {
            ASSERT_EQ((*got)[i], sorted[i].second);
            ASSERT_EQ(keys.At(i), sorted[i].first);
        }
    }
}

void SegmentModel::CheckFetch(const Segment& segment) {
    std::vector<base::RowOffset> picked;
    std::vector<std::pair<int64_t, int64_t>> numbers;
    const size_t count = rows.empty() ? 0 : random() % 40;
    for (size_t i = 0; i < count; ++i) {
        picked.push_back(static_cast<base::RowOffset>(random() % rows.size()));
        numbers.emplace_back(rows[picked.back()].key, rows[picked.back()].number);
    }
    std::vector<FieldSchema> fields = schema->fields;
    fields.push_back(Field(500, DataType::kInt64));
    fields.back().default_value = int64_t{42};
    fields.push_back(Field(501, DataType::kVarChar, true));
    const auto got = segment.Fetch(picked, fields);
    ASSERT_TRUE(got.ok()) << got.status().reason();
    ASSERT_EQ(got->rows, picked.size());
    ASSERT_TRUE(got->Verify().ok()) << got->Verify().reason();
    const schema::ColumnBatch want = TestBatch(*schema, numbers);
    for (const FieldSchema& field : schema->fields) {
        const schema::ColumnView a = got->Find(field.id)->View();
        const schema::ColumnView b = want.Find(field.id)->View();
        for (size_t row = 0; row < picked.size(); ++row) {
            ASSERT_EQ(RowText(a, row), RowText(b, row)) << field.name << " row " << picked[row];
        }
    }
    for (size_t row = 0; row < picked.size(); ++row) {
        ASSERT_EQ(got->Find(500)->View().As<int64_t>()[row], 42);
        ASSERT_FALSE(got->Find(501)->IsValid(row));
    }
}

namespace {

double NumberAt(DataType type, std::string_view vector, size_t i) {
    if (type == DataType::kInt8Vector) {
        return static_cast<signed char>(vector[i]);
    }
    if (type == DataType::kFloatVector) {
        float value = 0;
        std::memcpy(&value, vector.data() + 4 * i, 4);
        return value;
    }
    uint16_t half = 0;
    std::memcpy(&half, vector.data() + 2 * i, 2);
    return type == DataType::kFloat16Vector ? simd::FloatFromHalf(half)
                                            : simd::FloatFromBFloat16(half);
}

double NaiveBits(vindex::Metric metric, std::string_view query, std::string_view row) {
    int both = 0, any = 0, only_query = 0, only_row = 0;
    for (size_t bit = 0; bit < 8 * query.size(); ++bit) {
        const bool q = (query[bit / 8] >> (bit % 8)) & 1;
        const bool r = (row[bit / 8] >> (bit % 8)) & 1;
        both += q && r;
        any += q || r;
        only_query += q && !r;
        only_row += r && !q;
    }
    switch (metric) {
        case vindex::Metric::kHamming:
            return only_query + only_row;
        case vindex::Metric::kJaccard:
            return any > 0 ? 1 - static_cast<double>(both) / any : 1;
        case vindex::Metric::kSubstructure:
            return only_query > 0;
        default:
            return only_row > 0;
    }
}

double NaiveSparse(std::string_view query, std::string_view row) {
    double sum = 0;
    for (size_t i = 0; i + 8 <= query.size(); i += 8) {
        for (size_t j = 0; j + 8 <= row.size(); j += 8) {
            if (query.substr(i, 4) == row.substr(j, 4)) {
                sum += NumberAt(DataType::kFloatVector, query, i / 4 + 1) *
                       NumberAt(DataType::kFloatVector, row, j / 4 + 1);
            }
        }
    }
    return sum;
}

double NaiveScore(const FieldSchema& field, vindex::Metric metric, std::string_view query,
                  std::string_view row) {
    if (field.type == DataType::kBinaryVector) {
        return NaiveBits(metric, query, row);
    }
    if (field.type == DataType::kSparseFloatVector) {
        return NaiveSparse(query, row);
    }
    double l2 = 0, ip = 0, qq = 0, rr = 0;
    for (size_t i = 0; i < static_cast<size_t>(field.dim()); ++i) {
        const double q = NumberAt(field.type, query, i);
        const double r = NumberAt(field.type, row, i);
        l2 += (q - r) * (q - r);
        ip += q * r;
        qq += q * q;
        rr += r * r;
    }
    if (metric == vindex::Metric::kCosine) {
        return qq > 0 && rr > 0 ? ip / std::sqrt(qq * rr) : 0;
    }
    return metric == vindex::Metric::kL2 ? l2 : ip;
}

double Tolerance(double score) {
    return 1e-5 * (1 + std::fabs(score));
}

// -1 surely outside of the query's range, 0 too near to a border to say, 1 surely inside.
int InRange(const VectorQuery& query, const FieldSchema& field, double score) {
    const bool similarity = vindex::LargerIsBetter(query.metric);
    double inside = std::numeric_limits<double>::infinity();  // distance to the nearest border
    if (field.type == DataType::kSparseFloatVector) {
        inside = score > 0 ? inside : -1;
    }
    if (vindex::IsStructureTest(query.metric)) {
        inside = score == 0 ? inside : -1;
    }
    if (query.radius.has_value()) {
        inside = std::min(inside, similarity ? score - *query.radius : *query.radius - score);
    }
    if (query.radius.has_value() && query.range_filter.has_value()) {
        inside = std::min(inside,
                          similarity ? *query.range_filter - score : score - *query.range_filter);
    }
    return inside > Tolerance(score) ? 1 : inside < -Tolerance(score) ? -1 : 0;
}

}  // namespace

void SegmentModel::CheckSearch(const Segment& segment, base::Timestamp timestamp) {
    const expr::Plan plan = NumberBelow(static_cast<int64_t>(random() % 12000));
    const int64_t below = *std::get<expr::Compare>(plan.node).value.int_if();
    std::vector<const FieldSchema*> fields;
    for (const FieldSchema& field : schema->fields) {
        if (schema::IsVector(field.type) && field.type != DataType::kArrayOfVector) {
            fields.push_back(&field);
        }
    }
    for (int i = 0; i < 3; ++i) {
        const FieldSchema& field = *fields[random() % fields.size()];
        SCOPED_TRACE(field.name);
        const bool filtered = random() % 2 == 0;
        VectorQuery query;
        query.field_id = field.id;
        const auto metrics = MetricsOf(field.type);
        query.metric = metrics[random() % metrics.size()];
        query.k = random() % 3 == 0 ? 1000 : 7;
        if (random() % 3 == 0) {
            const bool similarity = vindex::LargerIsBetter(query.metric);
            query.radius = similarity ? 0.1f : 1.5f;
            if (random() % 2 == 0) {
                query.range_filter = similarity ? 0.8f : 0.2f;
            }
        }
        std::vector<int64_t> numbers;
        for (uint64_t count = random() % 3 + 1; count > 0; --count) {
            numbers.push_back(static_cast<int64_t>(random() % 600));
        }
        const schema::Column queries = QueryColumn(field, numbers);
        query.queries = queries.View();
        std::vector<QueryHits> hits;
        ReadCounters counters;
        const base::Status status = segment.Search(
            query, OptionsAt(context_, timestamp, filtered ? &plan : nullptr), &hits, &counters);
        ASSERT_TRUE(status.ok()) << status.reason();
        ASSERT_EQ(hits.size(), query.nq());
        index_searches += counters.index_searches;
        std::vector<bool> selected;
        for (const ModelRow& row : rows) {
            selected.push_back(row.VisibleAt(timestamp) && (!filtered || row.number < below) &&
                               !IsNullRow(field, row.number));
        }
        ASSERT_EQ(counters.rows_matched,
                  static_cast<uint64_t>(std::count(selected.begin(), selected.end(), true)));
        for (uint32_t q = 0; q < query.nq(); ++q) {
            ASSERT_NO_FATAL_FAILURE(CheckHits(query, field, hits[q], query.Vector(q), selected));
        }
    }
}

// The hits are rows that count, in order, with their true scores, and none that is better is
// missing.
void SegmentModel::CheckHits(const VectorQuery& query, const FieldSchema& field,
                             const QueryHits& hits, std::string_view vector,
                             const std::vector<bool>& selected) {
    const double sign = vindex::LargerIsBetter(query.metric) ? -1 : 1;
    std::vector<double> sure;  // costs of rows inside the range
    size_t possible = 0;
    for (size_t row = 0; row < rows.size(); ++row) {
        if (!selected[row]) {
            continue;
        }
        const double score =
            NaiveScore(field, query.metric, vector, VectorOf(field, rows[row].number));
        const int in_range = InRange(query, field, score);
        possible += in_range >= 0 ? 1 : 0;
        if (in_range > 0) {
            sure.push_back(sign * score);
        }
    }
    std::sort(sure.begin(), sure.end());
    ASSERT_GE(hits.rows.size(), std::min<size_t>(sure.size(), query.k));
    ASSERT_LE(hits.rows.size(), std::min<size_t>(possible, query.k));
    std::set<base::RowOffset> seen;
    for (size_t i = 0; i < hits.rows.size(); ++i) {
        const base::RowOffset row = hits.rows[i];
        ASSERT_TRUE(selected[row]) << row;
        ASSERT_TRUE(seen.insert(row).second) << row;
        const double score =
            NaiveScore(field, query.metric, vector, VectorOf(field, rows[row].number));
        ASSERT_GE(InRange(query, field, score), 0);
        ASSERT_NEAR(hits.scores[i], score, Tolerance(score));
        if (i < sure.size()) {
            ASSERT_LE(sign * score, sure[i] + Tolerance(score)) << "place " << i;
        }
        if (i > 0 && hits.scores[i] == hits.scores[i - 1]) {
            ASSERT_GT(row, hits.rows[i - 1]);
        }
        if (i > 0) {
            ASSERT_FALSE(vindex::BetterThan(query.metric, hits.scores[i], hits.scores[i - 1]));
        }
    }
}

std::unique_ptr<SealedSegment> SealAndOpen(GrowingSegment& growing,
                                           std::shared_ptr<const schema::CollectionSchema> schema) {
    growing.Seal();
    codec::StringSink sink;
    const base::Status written = growing.WriteTo(sink);
    EXPECT_TRUE(written.ok()) << written.reason();
    auto opened = SealedSegment::Open(growing.id(), growing.partition_id(), std::move(schema),
                                      base::Buffer::FromString(sink.Take()));
    EXPECT_TRUE(opened.ok()) << opened.status().reason();
    if (!opened.ok()) {
        return nullptr;
    }
    (*opened)->ApplyDeletes(growing.deletes().Between(0, base::kMaxTimestamp));
    return *std::move(opened);
}

}  // namespace elanus::segment
