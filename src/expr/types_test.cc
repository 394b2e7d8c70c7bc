// The forms of the filter language that belong to one type: timestamps, texts, geometries, struct
// arrays; and samples. As in filter_test.cc: an expression and what it says of each row.
#include "base/archive.h"
#include "expr/filter.h"
#include "expr/plan_cache.h"
#include "expr/test_rows.h"

#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::expr {
namespace {

using schema::DataType;
using test::Rows;

struct Case {
    const char* text;
    const char* expected;  // one character a row, or "invalid: <phrase>"
};

ParseOptions InZone(const char* name) {
    ParseOptions options;
    options.time_zone = *calendar::TimeZone::Load(name);
    return options;
}

// A plan whose bytes were damaged is refused or evaluated to something, without a crash.
void EvaluateDamaged(const Plan& plan, const Rows& rows, size_t row_count) {
    static std::mt19937 random(3);
    const std::string bytes = base::Encode(plan);
    for (int i = 0; i < 60; ++i) {
        std::string damaged = bytes;
        for (size_t n = 1 + random() % 2; n > 0; --n) {
            damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
        }
        const auto decoded = base::Decode<Plan>(damaged);
        if (decoded.ok()) {
            const auto truth =
                Evaluate(*decoded, rows, row_count, base::CallContext(), sys::RealClock());
            EXPECT_TRUE(truth.ok() || !truth.status().reason().empty());
        }
    }
}

std::string Answer(const Rows& rows, size_t row_count, const std::string& text,
                   const TemplateValues& templates = {}, const ParseOptions& options = {}) {
    const auto plan = ParseFilter(text, rows.schema, templates, options);
    if (!plan.ok()) {
        return "invalid: " + plan.status().reason();
    }
    const auto travelled = base::Decode<Plan>(base::Encode(*plan));
    EXPECT_TRUE(travelled.ok() && *travelled == *plan) << text;
    EvaluateDamaged(*plan, rows, row_count);
    const auto truth = Evaluate(*travelled, rows, row_count, base::CallContext(), sys::RealClock());
    return truth.ok() ? test::Show(*truth) : "fails: " + truth.status().reason();
}

void Check(const Rows& rows, size_t row_count, const std::vector<Case>& cases,
           const TemplateValues& templates = {}, const ParseOptions& options = {}) {
    for (const Case& test : cases) {
        const std::string answer = Answer(rows, row_count, test.text, templates, options);
        const std::string expected = test.expected;
        if (!expected.starts_with("invalid: ")) {
            EXPECT_EQ(answer, expected) << test.text;
            continue;
        }
        EXPECT_TRUE(answer.starts_with("invalid: ") &&
                    answer.find(expected.substr(9)) != std::string::npos)
            << test.text << "\n"
            << answer;
    }
}

// ---- timestamps

Rows TimeRows() {
    Rows rows;
    rows.AddField("id", DataType::kInt64).is_primary_key = true;
    rows.AddField("ts", DataType::kTimestamptz, DataType::kNone, true);
    rows.AddField("ts2", DataType::kTimestamptz);
    rows.AddField("i", DataType::kInt64);
    rows.AddField("late", DataType::kTimestamptz, DataType::kNone, true).default_value = int64_t{0};
    auto ids = rows.Builder("id");
    auto numbers = rows.Builder("i");
    auto times = rows.Builder("ts");
    auto others = rows.Builder("ts2");
    for (const char* text : {"2025-01-01T00:00:00Z", "2025-01-31T12:00:00Z", "",
                             "2024-02-29T23:59:59.999999Z", "1969-12-31T23:59:59Z"}) {
        ids.AppendInt(static_cast<int64_t>(ids.rows()));
        numbers.AppendInt(1);
        const bool is_null = *text == '\0';
        const int64_t us = is_null ? 0 : *calendar::ParseTimestamp(text, calendar::TimeZone());
        is_null ? times.AppendNull() : times.AppendInt(us);
        others.AppendInt(1735689600000000);  // 2025-01-01T00:00:00Z
    }
    rows.SetColumn(std::move(ids));
    rows.SetColumn(std::move(numbers));
    rows.SetColumn(std::move(times));
    rows.SetColumn(std::move(others));
    return rows;
}

TEST(Timestamps, AreComparedWithIsoLiterals) {
    Check(TimeRows(), 5,
          {
              {"ts > ISO '2025-01-01T00:00:00Z'", "01?00"},
              {"ts >= iso '2025-01-01T00:00:00Z'", "11?00"},
              {"ts == ISO \"2025-01-01 00:00:00+00:00\"", "10?00"},
              {"ts == ISO '2025-01-01T08:00:00+08:00'", "10?00"},
              {"ts != ISO '2025-01-01'", "01?11"},
              {"ts < ISO '2024-03-01'", "00?11"},
              {"ts <= ISO '2024-02-29T23:59:59.999999Z'", "00?11"},
              {"ts < ISO '2024-02-29T23:59:59.999999Z'", "00?01"},
              {"ISO '2025-01-01T00:00:00Z' < ts", "01?00"},
              {"ISO '2025-01-01T00:00:00Z' == ts", "10?00"},
              {"ISO '2024-01-01' < ts <= ISO '2025-01-01'", "10?10"},
              {"not (ts > ISO '2025-01-01T00:00:00Z')", "10?11"},
              {"ts is null", "00100"},
              {"ts is not null and ts2 == ISO '2025-01-01'", "11011"},
              {"ts == ts2", "10?00"},
              {"ts < ts2", "00?11"},
              {"late == ISO '1970-01-01'", "11111"},
              {"ts > ISO {t}", "01?00"},
              {"ISO '2025-01-01' == ISO '2025-01-01T00:00:00Z'", "11111"},
          },
          {{"t", "2025-01-01T00:00:00Z"}});
}

TEST(Timestamps, TakeIntervals) {
    Check(TimeRows(), 5,
          {
              {"ts + INTERVAL 'P1D' > ISO '2025-02-01'", "01?00"},
              {"ts + interval 'P1DT12H' == ISO '2025-02-02'", "01?00"},
              {"ts - INTERVAL 'PT1S' == ISO '2024-12-31T23:59:59Z'", "10?00"},
              {"ts + INTERVAL 'P1M' == ISO '2025-03-03T12:00:00Z'", "01?00"},
              {"ts - INTERVAL 'P1Y' == ISO '2024-01-01'", "10?00"},
              {"ts + INTERVAL 'P1Y' < ISO '2025-03-02'", "00?11"},
              {"ISO '2025-02-01' < ts + INTERVAL 'P1D'", "01?00"},
              {"ISO '2025-02-01' <= ts + INTERVAL 'P1M'", "11?00"},
              {"not (ts + INTERVAL 'P1M' > ISO '2025-02-01')", "10?11"},
              {"ts + INTERVAL 'P999999999D' > ISO '9999-12-31'", "11?11"},
              {"ts + INTERVAL {d} > ISO '2025-02-01'", "01?00"},
          },
          {{"d", "P1D"}});
    // A fixed length moves to the constant; what is left is a plain comparison.
    const auto plan = ParseFilter("ts + INTERVAL 'P1D' > ISO '2025-01-02'", TimeRows().schema);
    EXPECT_EQ(*plan, *ParseFilter("ts > ISO '2025-01-01'", TimeRows().schema));
}

TEST(Timestamps, WithoutAnOffsetAreOfTheGivenZone) {
    const Rows rows = TimeRows();
    Check(rows, 5,
          {{"ts == ISO '2025-01-01 08:00:00'", "10?00"},
           {"ts == ISO '2025-01-01T00:00:00Z'", "10?00"}},
          {}, InZone("Asia/Shanghai"));
    Check(rows, 5, {{"ts == ISO '2024-12-31T19:00'", "10?00"}}, {}, InZone("America/New_York"));
    PlanCache cache;
    const char* text = "ts == ISO '2025-01-01 08:00:00'";
    EXPECT_FALSE(**cache.GetOrParse(1, text, rows.schema) ==
                 **cache.GetOrParse(1, text, rows.schema, InZone("Asia/Shanghai")));
}

TEST(Timestamps, RefuseOtherForms) {
    Check(TimeRows(), 5,
          {
              {"ts > 1", "invalid: comparisons between Timestamptz"},
              {"ts > '2025-01-01T00:00:00Z'", "invalid: comparisons between Timestamptz"},
              {"i > ISO '2025-01-01'", "invalid: comparisons between Int64"},
              {"ts > ISO 'yesterday'", "invalid: invalid timestamp string"},
              {"ts > ISO '2025-02-30'", "invalid: invalid timestamp string"},
              {"ts > ISO 5", "invalid: mismatched input"},
              {"ts + INTERVAL '1 day' > ISO '2025-01-01'", "invalid: invalid ISO 8601 duration"},
              {"ts * INTERVAL 'P1D' > ISO '2025-01-01'", "invalid: an INTERVAL can only be added"},
              {"i + INTERVAL 'P1D' > ISO '2025-01-01'", "invalid: an INTERVAL can only be added"},
              {"ts + INTERVAL 'P1D' > 5", "invalid: comparisons between Timestamptz"},
              {"ts + 5 > ISO '2025-01-01'", "invalid: can only be used between integer"},
              {"i + ISO '2025-01-01' > 5", "invalid: arithmetic operations on ISO"},
              {"ISO '2025-01-01' + 1 > ts", "invalid: arithmetic operations on ISO"},
              {"-ISO '2025-01-01' > ts", "invalid: unary '+' and '-'"},
              {"INTERVAL 'P1D' > ts", "invalid: comparisons between"},
              {"ts in [ISO '2025-01-01']", "invalid: cannot be a non-const expression"},
              {"ts in [1]", "invalid: cannot be casted to Timestamptz"},
              {"1 < ts < 2", "invalid: invalid range operations"},
              {"ISO '2025-01-01' < i < ISO '2026-01-01'", "invalid: invalid range operations"},
              {"ts == i", "invalid: comparisons between Timestamptz"},
              {"ts like 'a'", "invalid: like operation on non-string"},
              {"ISO '2025-01-01'", "invalid: predicate is not a boolean expression"},
              {"ISO '2025-01-01' == 1735689600000000", "invalid: comparisons between Timestamptz"},
          });
}

// ---- texts

Rows TextRows() {
    Rows rows;
    rows.AddField("id", DataType::kInt64).is_primary_key = true;
    schema::FieldSchema& text = rows.AddField("t", DataType::kVarChar, DataType::kNone, true);
    text.type_params = {{"enable_analyzer", "true"}, {"enable_match", "true"}};
    schema::FieldSchema& raw = rows.AddField("raw", DataType::kText);
    raw.type_params = {{"enable_match", "True"},
                       {"analyzer_params", R"({"tokenizer": "whitespace"})"}};
    rows.AddField("plain", DataType::kVarChar);
    auto ids = rows.Builder("id");
    auto texts = rows.Builder("t");
    auto raws = rows.Builder("raw");
    auto plains = rows.Builder("plain");
    const std::vector<const char*> values = {"The quick brown fox jumps",
                                             "A quick-witted FOX; brown bear",
                                             nullptr,
                                             "brown brown quick",
                                             "",
                                             "machine learning and deep learning"};
    for (const char* value : values) {
        ids.AppendInt(static_cast<int64_t>(ids.rows()));
        value == nullptr ? texts.AppendNull() : texts.AppendBytes(value);
        raws.AppendBytes(value == nullptr ? "none" : value);
        plains.AppendBytes("x");
    }
    rows.SetColumn(std::move(ids));
    rows.SetColumn(std::move(texts));
    rows.SetColumn(std::move(raws));
    rows.SetColumn(std::move(plains));
    return rows;
}

TEST(Texts, AreMatchedByToken) {
    Check(TextRows(), 6,
          {
              {"text_match(t, 'fox')", "11?000"},
              {"TEXT_MATCH(t, 'FOX')", "11?000"},
              {"text_match(t, 'quick bear')", "11?100"},
              {"text_match(t, 'quick bear', minimum_should_match=2)", "01?000"},
              {"TEXT_MATCH(t, 'quick bear', MINIMUM_SHOULD_MATCH=2)", "01?000"},
              {"text_match(t, 'brown brown', minimum_should_match=2)", "00?000"},
              {"text_match(t, 'quick', minimum_should_match=2)", "00?000"},
              {"text_match(t, 'qui')", "00?000"},
              {"text_match(t, '')", "00?000"},
              {"text_match(t, '-- !!')", "00?000"},
              {"not text_match(t, 'fox')", "00?111"},
              {"text_match(t, 'fox') or text_match(t, 'learning')", "11?001"},
              {"text_match(t, 'fox') and text_match(t, 'witted')", "01?000"},
              {"text_match(t, {words}, minimum_should_match={n})", "01?000"},
              {"text_match(raw, 'FOX;')", "010000"},
              {"text_match(raw, 'fox')", "100000"},
              {"t is null", "001000"},
              {"raw is null", "000000"},
          },
          {{"words", "quick bear"}, {"n", 2}});
    const Rows rows = TextRows();
    EXPECT_EQ(ParseFilter("text_match(t, 'a') or text_match(t, 'b')", rows.schema)->node,
              Plan::Node(TextMatch{{101, DataType::kVarChar, {}, {}, -1, -1}, {"a", "b"}, 1, {}}));
}

TEST(Texts, AreMatchedByPhrase) {
    Check(TextRows(), 6,
          {
              {"phrase_match(t, 'quick brown fox')", "10?000"},
              {"PHRASE_MATCH(t, 'Quick Brown', 0)", "10?000"},
              {"phrase_match(t, 'quick fox')", "00?000"},
              {"phrase_match(t, 'quick fox', 1)", "11?000"},
              {"phrase_match(t, 'brown quick')", "00?100"},
              {"phrase_match(t, 'brown quick', 2)", "10?100"},
              {"phrase_match(t, 'brown brown')", "00?100"},
              {"phrase_match(t, 'brown brown', 5)", "00?100"},
              {"phrase_match(t, 'brown brown brown', 5)", "00?000"},
              {"phrase_match(t, 'learning machine', 1)", "00?000"},
              {"phrase_match(t, 'learning machine', 2)", "00?001"},
              {"phrase_match(t, 'learning learning', 2)", "00?001"},
              {"phrase_match(t, 'jumps fox brown quick the', 8)", "10?000"},
              {"phrase_match(t, 'jumps fox brown quick the', 7)", "00?000"},
              {"phrase_match(t, 'learning learning', 1)", "00?000"},
              {"phrase_match(t, '')", "00?000"},
              {"not phrase_match(t, 'quick brown fox')", "01?111"},
              {"phrase_match(t, {p}, {slop})", "11?000"},
          },
          {{"p", "quick fox"}, {"slop", 1}});
}

TEST(Texts, RefuseOtherForms) {
    Check(TextRows(), 6,
          {
              {"text_match(plain, 'x')", "invalid: does not enable match"},
              {"phrase_match(plain, 'x')", "invalid: does not enable match"},
              {"text_match(id, 'x')", "invalid: text_match operation on non-string"},
              {"text_match(t, 5)", "invalid: needs a string"},
              {"text_match(t, plain)", "invalid: needs a string"},
              {"text_match(t)", "invalid: takes 2 arguments"},
              {"text_match(t, 'x', 2)", "invalid: no option but minimum_should_match"},
              {"text_match(t, 'x', slop=2)", "invalid: no option but minimum_should_match"},
              {"text_match(t, 'x', minimum_should_match=0)", "invalid: in range [1, 1000]"},
              {"text_match(t, 'x', minimum_should_match=1001)", "invalid: in range [1, 1000]"},
              {"text_match(t, 'x', minimum_should_match=1.5)", "invalid: const integer"},
              {"phrase_match(t, 'x', -1)", "invalid: in range [0, 4294967295]"},
              {"phrase_match(t, 'x', 4294967296)", "invalid: in range [0, 4294967295]"},
              {"phrase_match(t, 'x', 'y')", "invalid: const integer"},
              {"phrase_match(t, 'x', slop=1)", "invalid: takes no option slop"},
              {"Text_Match(t, 'x')", "invalid: function Text_Match not found"},
              {"raw == 'x'", "invalid: filter on text field (raw) is not supported"},
              {"raw like 'x%'", "invalid: filter on text field"},
              {"raw in ['x']", "invalid: filter on text field"},
          });
}

// ---- geometries

Rows ShapeRows() {
    Rows rows;
    rows.AddField("id", DataType::kInt64).is_primary_key = true;
    rows.AddField("g", DataType::kGeometry, DataType::kNone, true);
    auto ids = rows.Builder("id");
    auto shapes = rows.Builder("g");
    for (const char* text :
         {"POINT (1 1)", "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))", "", "LINESTRING (-1 2, 5 2)",
          "POLYGON ((4 0, 8 0, 8 4, 4 4, 4 0))", "POLYGON ((100 0, 104 4, 104 0, 100 4, 100 0))"}) {
        ids.AppendInt(static_cast<int64_t>(ids.rows()));
        *text == '\0' ? shapes.AppendNull() : shapes.AppendBytes(*geometry::WkbFromWkt(text));
    }
    rows.SetColumn(std::move(ids));
    rows.SetColumn(std::move(shapes));
    return rows;
}

TEST(Geometries, AreRelatedToShapes) {
    Check(ShapeRows(), 6,
          {
              {"st_equals(g, 'POLYGON ((4 0, 4 4, 0 4, 0 0, 4 0))')", "01?000"},
              {"ST_WITHIN(g, 'POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))')", "11?000"},
              {"st_contains(g, 'POINT (1 3)')", "01?000"},
              {"st_touches(g, 'POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))')", "00?010"},
              {"st_overlaps(g, 'POLYGON ((2 1, 6 1, 6 3, 2 3, 2 1))')", "01?010"},
              {"st_crosses(g, 'POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))')", "00?100"},
              {"st_intersects(g, 'POINT (4 2)')", "01?110"},
              {"not st_intersects(g, 'POINT (4 2)')", "10?001"},
              {"st_intersects(g, {shape})", "01?110"},
              {"st_dwithin(g, 'POINT (1 2)', 111200)", "11?100"},
              {"st_dwithin(g, 'POINT (1 1)', 0)", "11?000"},
              {"ST_DWITHIN(g, 'POINT (1 1)', {meters})", "11?000"},
              {"st_isvalid(g)", "11?110"},
              {"not ST_ISVALID(g)", "00?001"},
              {"g is null", "001000"},
              {"g is not null and st_isvalid(g)", "110110"},
          },
          {{"shape", "POINT (4 2)"}, {"meters", 1.5}});
}

TEST(Geometries, RefuseOtherForms) {
    Check(ShapeRows(), 6,
          {
              {"st_within(g, 'POLYGON ((0 0, 1 1))')", "invalid: invalid WKT"},
              {"st_within(g, 'nothing')", "invalid: invalid WKT"},
              {"st_within(g, 5)", "invalid: needs a WKT string"},
              {"st_within(g)", "invalid: takes 2 arguments"},
              {"st_within(id, 'POINT (1 1)')", "invalid: only supported on geometry fields"},
              {"st_isvalid(id)", "invalid: only supported on geometry fields"},
              {"st_isvalid(g, 1)", "invalid: takes 1 arguments"},
              {"st_dwithin(g, 'POINT (1 1)')", "invalid: takes 3 arguments"},
              {"st_dwithin(g, 'LINESTRING (0 0, 1 1)', 5)", "invalid: only supports POINT"},
              {"st_dwithin(g, 'POINT (1 1)', -5)", "invalid: must not be negative"},
              {"st_dwithin(g, 'POINT (1 1)', 'x')", "invalid: must be a number"},
              {"St_Within(g, 'POINT (1 1)')", "invalid: not found"},
              {"g == 'POINT (1 1)'", "invalid: comparisons between Geometry"},
              {"g in ['POINT (1 1)']", "invalid: cannot be used on fields of type Geometry"},
              {"g == g", "invalid: comparisons between Geometry"},
          });
}

// ---- struct arrays

// Row: elements (a, b).
//   0: (1, "x") (5, "y") (7, "x")    1: none    2: null    3: (5, "x")    4: (2, "y") (2, "z")
Rows StructRows() {
    Rows rows;
    rows.AddField("id", DataType::kInt64).is_primary_key = true;
    schema::FieldSchema& structs =
        rows.AddField("ss", DataType::kArrayOfStruct, DataType::kNone, true);
    const auto add = [&](base::FieldId id, const char* name, DataType type, DataType element) {
        schema::FieldSchema sub;
        sub.id = id;
        sub.name = name;
        sub.type = type;
        sub.element_type = element;
        structs.sub_fields.push_back(sub);
    };
    add(201, "a", DataType::kArray, DataType::kInt32);
    add(202, "b", DataType::kArray, DataType::kVarChar);
    add(203, "v", DataType::kArrayOfVector, DataType::kFloatVector);
    structs.sub_fields[2].type_params["dim"] = "2";
    rows.AddField("vv", DataType::kArrayOfVector, DataType::kFloatVector).type_params["dim"] = "2";

    schema::ColumnBuilder builder(101, DataType::kArrayOfStruct);
    builder.AddChild(schema::ColumnBuilder(201, DataType::kInt32));
    builder.AddChild(schema::ColumnBuilder(202, DataType::kVarChar));
    builder.AddChild(schema::ColumnBuilder(203, DataType::kFloatVector, DataType::kNone, 2));
    schema::ColumnBuilder vectors(102, DataType::kArrayOfVector, DataType::kFloatVector, 2);
    auto ids = rows.Builder("id");
    using Elements = std::vector<std::pair<int64_t, std::string>>;
    const std::vector<std::optional<Elements>> values = {
        Elements{{1, "x"}, {5, "y"}, {7, "x"}}, Elements{}, std::nullopt, Elements{{5, "x"}},
        Elements{{2, "y"}, {2, "z"}}};
    const float zeros[2] = {};
    const std::string_view vector(reinterpret_cast<const char*>(zeros), sizeof zeros);
    for (const auto& value : values) {
        ids.AppendInt(static_cast<int64_t>(ids.rows()));
        for (size_t i = 0; i < ids.rows() % 3; ++i) {
            vectors.child().AppendBytes(vector);
        }
        vectors.CloseArrayRow();
        if (!value.has_value()) {
            builder.AppendNull();
            continue;
        }
        for (const auto& [a, b] : *value) {
            builder.child(0).AppendInt(a);
            builder.child(1).AppendBytes(b);
            builder.child(2).AppendBytes(vector);
        }
        builder.CloseArrayRow();
    }
    rows.SetColumn(std::move(builder));
    rows.SetColumn(std::move(vectors));
    rows.SetColumn(std::move(ids));
    return rows;
}

TEST(StructArrays, AreMatchedByElement) {
    Check(StructRows(), 5,
          {
              {"match_any(ss, $[a] > 4)", "10?10"},
              {"MATCH_ANY(ss, $[a] == 5 && $[b] == 'x')", "00?10"},
              {"match_any(ss, $[a] == 5) and match_any(ss, $[b] == 'x')", "10?10"},
              {"match_all(ss, $[a] < 6)", "01?11"},
              {"match_all(ss, $[b] in ['x', 'y'])", "11?10"},
              {"match_least(ss, $[b] == 'x', threshold=2)", "10?00"},
              {"match_most(ss, $[b] == 'x', threshold=1)", "01?11"},
              {"MATCH_MOST(ss, $[b] == 'x', THRESHOLD=1)", "01?11"},
              {"match_most(ss, $[b] == 'x', threshold=0)", "01?01"},
              {"match_exact(ss, $[a] == 2, threshold=2)", "00?01"},
              {"match_exact(ss, $[a] == 9, threshold={zero})", "11?11"},
              {"not match_any(ss, $[a] > 4)", "01?01"},
              {"match_any(ss, not ($[a] > 4))", "10?01"},
              {"match_any(ss, $[a] > 4 and $[a] < 3)", "00?00"},
              {"match_any(ss, 4 < $[a] <= 6)", "10?10"},
              {"match_any(ss, $[b] like 'x%' or $[a] + 1 == 3)", "10?11"},
              {"match_any(ss, $[a] == 7 and $[b] =~ '^x')", "10?00"},
              {"match_any(ss, true)", "10?11"},
              {"match_any(ss, $[a] > 4) or id == 2", "10110"},
              {"element_filter(ss, $[a] > 4)", "10?10"},
              {"id > 0 and element_filter(ss, $[a] > 4)", "00?10"},
          },
          {{"zero", 0}});
}

TEST(StructArrays, AreReachedBySubField) {
    Check(StructRows(), 5,
          {
              {"array_contains(ss[a], 5)", "10?10"},
              {"array_contains_all(ss[b], ['x', 'y'])", "10?00"},
              {"array_contains_any(ss[a], [1, 2])", "10?01"},
              {"ss[a] == [2, 2]", "00?01"},
              {"ss[b] != ['x']", "11?01"},
              {"ss[0][a] == 5", "00?10"},
              {"ss[1][b] in ['y', 'z']", "10?01"},
              {"ss[1][b] like 'z%'", "00?01"},
              {"ss[9][a] != 5", "00?00"},
              {"ss[0][a] + 1 > 5", "00?10"},
              {"array_length(ss) == 0", "01?00"},
              {"array_length(ss) > 1", "10?01"},
              {"ARRAY_LENGTH(ss[a]) == 3", "10?00"},
              {"array_length(ss[v]) == 1", "00?10"},
              {"array_length(vv) == 2", "01001"},
              {"ss is null", "00100"},
              {"ss is not null", "11011"},
          });
}

TEST(StructArrays, RefuseOtherForms) {
    Check(StructRows(), 5,
          {
              {"$[a] > 1", "invalid: can only be used inside of element_filter"},
              {"match_any(ss, $[nope] > 1)", "invalid: field ss[nope] not exist"},
              {"match_any(ss, id > 1)", "invalid: cannot be used inside of an element predicate"},
              {"match_any(id, $[a] > 1)", "invalid: only be used on a struct array field"},
              {"match_any(nope, $[a] > 1)", "invalid: only be used on a struct array field"},
              {"match_any(ss, $[a])", "invalid: is not a boolean expression"},
              {"match_any(ss, $[a] == 'x')", "invalid: comparisons between Int32"},
              {"match_any(ss, $[v] == 1)", "invalid: comparisons between FloatVector"},
              {"match_any(ss, $[a][0] == 1)", "invalid: one sub-field name"},
              {"match_any(ss)", "invalid: takes 2 arguments"},
              {"match_any(ss, $[a] > 1, threshold=1)", "invalid: takes 2 arguments"},
              {"match_least(ss, $[a] > 1)", "invalid: takes 3 arguments"},
              {"match_least(ss, $[a] > 1, 2)", "invalid: needs threshold=N"},
              {"match_least(ss, $[a] > 1, threshold=0)", "invalid: in range [1, "},
              {"match_most(ss, $[a] > 1, threshold=-1)", "invalid: in range [0, "},
              {"match_exact(ss, $[a] > 1, threshold=1.5)", "invalid: const integer"},
              {"match_any(ss, match_any(ss, $[a] > 1))", "invalid: inside of an element predicate"},
              {"match_any(ss, random_sample(0.5))", "invalid: inside of an element predicate"},
              {"element_filter(ss, element_filter(ss, $[a] > 1))",
               "invalid: inside of an element predicate"},
              {"not element_filter(ss, $[a] > 1)",
               "invalid: element filter expression cannot be used in unary expression"},
              {"element_filter(ss, $[a] > 1) and id > 1",
               "invalid: element filter expression can only be the last expression"},
              {"id > 1 or element_filter(ss, $[a] > 1)",
               "invalid: element filter expression cannot be used in logical or"},
              {"ss == 1", "invalid: comparisons between ArrayOfStruct"},
              {"ss[nope] == [1]", "invalid: field ss[nope] not exist"},
              {"ss[0] == 1", "invalid: can only be accessed as ss[sub_field]"},
              {"ss[a][0] == 1", "invalid: can only be accessed as ss[sub_field]"},
              {"ss[\"a\"] == 1", "invalid: can only be accessed as ss[sub_field]"},
              {"ss[0][v] == 1", "invalid: no element 0 that a filter can use"},
              {"ss[a] > [1]", "invalid: can not comparisons array fields directly"},
              {"ss[a] in [1]", "invalid: can not comparisons array fields directly"},
              {"id[a] == 1", "invalid: data type not supported accessed with []"},
              {"vv == 1", "invalid: comparisons between ArrayOfVector"},
              {"vv in []", "invalid: cannot be used on fields of type ArrayOfVector"},
          });
}

TEST(StructArrays, TellWhichElementsMatch) {
    const Rows rows = StructRows();
    const auto plan = ParseFilter("id != 4 and element_filter(ss, $[a] < 6)", rows.schema);
    ASSERT_TRUE(plan.ok());
    const ElementMatch* filter = ElementFilterOf(*plan);
    ASSERT_NE(filter, nullptr);
    const auto truth = Evaluate(*plan, rows, 5, base::CallContext(), sys::RealClock());
    ASSERT_TRUE(truth.ok());
    // Elements in order: 1 5 7 | | | 5 | 2 2
    auto elements = EvaluateElements(*filter, rows, 5, base::CallContext(), sys::RealClock());
    ASSERT_TRUE(elements.ok());
    EXPECT_EQ(test::Show(Truth{*elements, {}}), "110111");
    elements =
        EvaluateElements(*filter, rows, 5, base::CallContext(), sys::RealClock(), &truth->is_true);
    EXPECT_EQ(test::Show(Truth{*elements, {}}), "110100");
    EXPECT_EQ(ElementFilterOf(*ParseFilter("match_any(ss, $[a] < 6)", rows.schema)), nullptr);
}

TEST(StructArrays, AreMatchedInManyRowsAndSlices) {
    Rows rows = StructRows();
    schema::ColumnBuilder builder(101, DataType::kArrayOfStruct);
    builder.AddChild(schema::ColumnBuilder(201, DataType::kInt32));
    builder.AddChild(schema::ColumnBuilder(202, DataType::kVarChar));
    builder.AddChild(schema::ColumnBuilder(203, DataType::kFloatVector, DataType::kNone, 2));
    constexpr size_t kMany = 1000;
    std::vector<size_t> above;
    const std::string vector(8, '\0');
    for (size_t row = 0; row < kMany; ++row) {
        size_t count = 0;
        for (size_t i = 0; i < row % 7; ++i) {
            const size_t a = row * 31 % 17 + i * 5;
            count += a > 20;
            builder.child(0).AppendInt(static_cast<int64_t>(a));
            builder.child(1).AppendBytes("b");
            builder.child(2).AppendBytes(vector);
        }
        builder.CloseArrayRow();
        above.push_back(count);
    }
    rows.SetColumn(std::move(builder));
    // A view of rows 128 to 1000 of the column, as a block of a segment is.
    class Slice : public ColumnSource {
      public:
        explicit Slice(const Rows& all) : all_(all), view_(*all.Column(101)) {
            view_.offsets += 128;
            view_.rows -= 128;
        }
        const schema::ColumnView* Column(base::FieldId id) const override {
            return id == 101 ? &view_ : nullptr;
        }
        const schema::FieldSchema* Field(base::FieldId id) const override { return all_.Field(id); }

      private:
        const Rows& all_;
        schema::ColumnView view_;
    };
    const Slice slice(rows);
    const auto plan = ParseFilter("match_exact(ss, $[a] > 20, threshold=2)", rows.schema);
    base::Bitmap needed(kMany - 128);
    for (size_t row = 0; row < needed.size(); ++row) {
        needed.Assign(row, row % 3 != 0);
    }
    for (const base::Bitmap* mask :
         {static_cast<const base::Bitmap*>(nullptr), &std::as_const(needed)}) {
        const auto truth =
            Evaluate(*plan, slice, kMany - 128, base::CallContext(), sys::RealClock(), mask);
        ASSERT_TRUE(truth.ok());
        for (size_t row = 0; row < needed.size(); ++row) {
            if (mask == nullptr || needed.Test(row)) {
                EXPECT_EQ(truth->is_true.Test(row), above[row + 128] == 2) << row;
            }
        }
    }
}

// ---- samples

TEST(Samples, DrawTheSameShareEverywhere) {
    Rows rows;
    rows.AddField("id", DataType::kInt64).is_primary_key = true;
    constexpr size_t kMany = 100000;
    auto ids = rows.Builder("id");
    for (size_t row = 0; row < kMany; ++row) {
        ids.AppendInt(static_cast<int64_t>(row));
    }
    rows.SetColumn(std::move(ids));
    const auto draw = [&](const std::string& text, uint64_t seed = 0) {
        ParseOptions options;
        options.sample_seed = seed;
        const auto plan = ParseFilter(text, rows.schema, {}, options);
        EXPECT_TRUE(plan.ok()) << plan.status().reason();
        return Evaluate(*plan, rows, kMany, base::CallContext(), sys::RealClock())->is_true;
    };
    const base::Bitmap tenth = draw("random_sample(0.1)");
    EXPECT_NEAR(static_cast<double>(tenth.Count()), 10000, 500);
    EXPECT_EQ(tenth, draw("RANDOM_SAMPLE(0.1)"));
    EXPECT_FALSE(tenth == draw("random_sample(0.1)", 1));
    base::Bitmap half = draw("id < 50000 and random_sample(0.1)");
    EXPECT_NEAR(static_cast<double>(half.Count()), 5000, 400);
    half.AndNot(tenth);
    EXPECT_TRUE(half.None());
    EXPECT_NEAR(static_cast<double>(draw("random_sample(0.999)").Count()), 99900, 200);
}

TEST(Samples, DrawByStringKeysToo) {
    Rows rows;
    rows.AddField("id", DataType::kVarChar).is_primary_key = true;
    auto ids = rows.Builder("id");
    for (size_t row = 0; row < 10000; ++row) {
        ids.AppendBytes("key-" + std::to_string(row));
    }
    rows.SetColumn(std::move(ids));
    const auto plan = ParseFilter("random_sample(0.3)", rows.schema);
    const auto truth = Evaluate(*plan, rows, 10000, base::CallContext(), sys::RealClock());
    ASSERT_TRUE(truth.ok());
    EXPECT_NEAR(static_cast<double>(truth->is_true.Count()), 3000, 250);
}

TEST(Samples, StandAloneOrAtTheEnd) {
    Rows rows;
    rows.AddField("id", DataType::kInt64).is_primary_key = true;
    rows.AddField("a", DataType::kInt64);
    Check(rows, 0,
          {
              {"random_sample(0.5)", ""},
              {"a > 1 and random_sample(0.5)", ""},
              {"a > 1 and (a < 5 and random_sample({p}))", ""},
              {"random_sample(0)", "invalid: the sample factor should be between 0 and 1"},
              {"random_sample(1)", "invalid: the sample factor should be between 0 and 1"},
              {"random_sample(1.5)", "invalid: the sample factor should be between 0 and 1"},
              {"random_sample(-0.5)", "invalid: the sample factor should be between 0 and 1"},
              {"random_sample(1e-11)", "invalid: the sample factor should be between 0 and 1"},
              {"random_sample(0.99999999999)", "invalid: the sample factor"},
              {"random_sample('x')", "invalid: needs a constant number"},
              {"random_sample(a)", "invalid: needs a constant number"},
              {"random_sample()", "invalid: takes 1 arguments"},
              {"random_sample(0.5) and a > 1",
               "invalid: random sample expression can only be the last expression"},
              {"a > 1 or random_sample(0.5)",
               "invalid: random sample expression cannot be used in logical or"},
              {"not random_sample(0.5)",
               "invalid: random sample expression cannot be used in unary expression"},
              {"(a > 1 and random_sample(0.5)) and a < 3",
               "invalid: random sample expression can only be the last expression"},
              {"not (a > 1 and random_sample(0.5))",
               "invalid: random sample expression cannot be used in unary expression"},
          },
          {{"p", 0.5}});
}

}  // namespace
}  // namespace elanus::expr
