// Differential test: what every kind of index says of random leaves over random columns, against
// the evaluator on the same rows (INV-SCALAR-1).
#include "scalar_index/fixture_test.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace elanus::scalar_index {
namespace {

using expr::ColumnRef;
using expr::CompareOp;
using expr::LikeKind;
using expr::Plan;
using expr::Value;
using schema::DataType;
using test::Built;
using test::CheckLeaf;
using test::MustBuild;
using Params = std::map<std::string, std::string>;

constexpr size_t kRows = 700;
constexpr int kLeaves = 400;

class Draw {
  public:
    explicit Draw(uint64_t seed) : random_(seed) {}

    uint64_t Below(uint64_t bound) { return random_() % bound; }
    bool Once(uint64_t in) { return Below(in) == 0; }
    template <typename T, size_t n>
    T Of(const T (&values)[n]) {
        return values[Below(n)];
    }

    int64_t Integer() {
        static const int64_t kEdges[] = {0,
                                         1,
                                         -1,
                                         127,
                                         -128,
                                         32767,
                                         -32768,
                                         INT32_MAX,
                                         INT32_MIN,
                                         INT64_MAX,
                                         INT64_MIN,
                                         (int64_t{1} << 53),
                                         -(int64_t{1} << 53),
                                         (int64_t{1} << 53) + 1,
                                         (int64_t{1} << 53) - 1};
        if (Once(8)) {
            return static_cast<int64_t>(Below(UINT64_MAX));
        }
        return Once(4) ? Of(kEdges) : static_cast<int64_t>(Below(30)) - 10;
    }
    double Floating() {
        static const double kEdges[] = {0.0,
                                        -0.0,
                                        0.1,
                                        1e300,
                                        -1e300,
                                        std::numeric_limits<double>::infinity(),
                                        -std::numeric_limits<double>::infinity(),
                                        std::numeric_limits<double>::quiet_NaN(),
                                        9007199254740992.0,
                                        9007199254740994.0,
                                        -9007199254740992.0,
                                        9223372036854775808.0};
        return Once(3) ? Of(kEdges) : (static_cast<double>(Below(40)) - 15) / 4;
    }
    std::string Text() {
        static const char* const kParts[] = {"a",    "b",  "ab", "ba", "é",
                                             "日本", "x_", "%",  "\\", "z"};
        std::string text;
        for (uint64_t i = Below(6); i > 0; --i) {
            text += Of(kParts);
        }
        return text;
    }
    std::string Pattern() {
        static const char* const kParts[] = {"%", "_", "a", "ab", "é", "本", "\\%", "\\", "x"};
        std::string text;
        for (uint64_t i = Below(6); i > 0; --i) {
            text += Of(kParts);
        }
        return text;
    }
    CompareOp Op() { return static_cast<CompareOp>(Below(6)); }

  private:
    std::mt19937_64 random_;
};

// A constant that a leaf on the type may have, sometimes one of another type.
Value ConstantFor(DataType type, Draw& draw) {
    switch (type) {
        case DataType::kBool:
            return draw.Once(2);
        case DataType::kFloat:
            return static_cast<double>(static_cast<float>(draw.Floating()));
        case DataType::kDouble:
            return draw.Floating();
        case DataType::kVarChar:
            return draw.Text();
        case DataType::kJson:
            switch (draw.Below(8)) {
                case 0:
                    return draw.Once(2);
                case 1:
                case 2:
                    return draw.Integer();
                case 3:
                case 4:
                    return draw.Floating();
                case 5:
                    return Value::List{Value(draw.Integer()), Value(draw.Text())};
                default:
                    return draw.Text();
            }
        default:
            return draw.Integer();
    }
}

expr::In InLeaf(const ColumnRef& column, DataType type, Draw& draw) {
    expr::In in{column, {}};
    for (uint64_t i = draw.Once(10) ? 2000 : draw.Below(10); i > 0; --i) {
        Value value = ConstantFor(type, draw);
        if (value.list_if() == nullptr) {
            in.values.Add(value);
        }
    }
    // As the parser leaves them: no NaN in a sorted list.
    std::erase_if(in.values.doubles, [](double d) { return d != d; });
    in.values.SortUnique();
    return in;
}

expr::Like LikeLeaf(const ColumnRef& column, Draw& draw) {
    const auto kind = static_cast<LikeKind>(draw.Below(5));
    return {column, kind, kind == LikeKind::kGeneral ? draw.Pattern() : draw.Text()};
}

Plan ValueLeaf(const ColumnRef& column, DataType type, Draw& draw) {
    static const char* const kPatterns[] = {"a+b", "^x", "é", "", "(", "z$"};
    Plan plan;
    switch (draw.Below(type == DataType::kVarChar || type == DataType::kJson ? 9 : 6)) {
        case 0:
        case 1:
            plan.node = expr::Compare{column, draw.Op(), ConstantFor(type, draw)};
            break;
        case 2:
        case 3:
            plan.node = expr::Range{column, ConstantFor(type, draw), ConstantFor(type, draw),
                                    draw.Once(2), draw.Once(2)};
            break;
        case 4:
            plan.node = InLeaf(column, type, draw);
            break;
        case 5:
            plan.node = expr::ArithmeticCompare{
                column, static_cast<expr::ArithmeticOp>(draw.Below(5)), ConstantFor(type, draw),
                draw.Op(), ConstantFor(type, draw)};
            break;
        case 6:
        case 7:
            plan.node = LikeLeaf(column, draw);
            break;
        default:
            plan.node = expr::Regex{column, draw.Of(kPatterns)};
    }
    return plan;
}

Plan ContainsLeaf(const ColumnRef& column, DataType type, Draw& draw) {
    expr::Contains contains{column, draw.Once(2), {}};
    const DataType kind = type == DataType::kJson && draw.Once(2) ? DataType::kVarChar : type;
    for (uint64_t i = draw.Below(4); i > 0; --i) {
        contains.values.push_back(ConstantFor(kind, draw));
    }
    Plan plan;
    plan.node = std::move(contains);
    return plan;
}

void AppendScalar(DataType type, Draw& draw, schema::ColumnBuilder* builder) {
    if (type == DataType::kBool) {
        builder->AppendBool(draw.Once(2));
    } else if (type == DataType::kVarChar) {
        builder->AppendBytes(draw.Text());
    } else if (schema::IsFloating(type)) {
        builder->AppendFloating(draw.Floating());
    } else if (type == DataType::kInt64 || type == DataType::kTimestamptz) {
        builder->AppendInt(draw.Integer());
    } else {
        builder->AppendInt(static_cast<int64_t>(draw.Below(200)) - 100);
    }
}

schema::Column RandomColumn(DataType type, DataType element, size_t rows, Draw& draw) {
    schema::ColumnBuilder builder(test::kField, type, element);
    for (size_t row = 0; row < rows; ++row) {
        if (draw.Once(8)) {
            builder.AppendNull();
        } else if (type != DataType::kArray) {
            AppendScalar(type, draw, &builder);
        } else {
            for (uint64_t i = draw.Below(5); i > 0; --i) {
                AppendScalar(element, draw, &builder.child());
            }
            builder.CloseArrayRow();
        }
    }
    return builder.Finish();
}

schema::FieldSchema FieldOf(DataType type, DataType element = DataType::kNone) {
    schema::FieldSchema field;
    field.id = test::kField;
    field.name = "f";
    field.type = type;
    field.element_type = element;
    field.nullable = true;
    return field;
}

ColumnRef RefOf(const schema::FieldSchema& field) {
    ColumnRef column;
    column.field_id = field.id;
    column.type = field.type;
    column.element_type = field.element_type;
    return column;
}

TEST(AnswersTest, ScalarColumnsOfEveryTypeAndKind) {
    static const DataType kTypes[] = {
        DataType::kBool,   DataType::kInt8,    DataType::kInt16,
        DataType::kInt32,  DataType::kInt64,   DataType::kFloat,
        DataType::kDouble, DataType::kVarChar, DataType::kTimestamptz};
    size_t built = 0;
    size_t answered = 0;
    for (const DataType type : kTypes) {
        Draw draw(static_cast<uint64_t>(type));
        for (const size_t rows : {size_t{0}, size_t{65}, kRows}) {
            const schema::Column column = RandomColumn(type, DataType::kNone, rows, draw);
            for (const char* name : {"INVERTED", "BITMAP", "STL_SORT", "TRIE", "AUTOINDEX"}) {
                const auto index = test::Build(name, FieldOf(type), {}, column);
                if (!index.ok()) {
                    EXPECT_EQ(index.status().code(), base::Code::kIndexNotSupported);
                    continue;
                }
                ++built;
                for (int i = 0; i < kLeaves; ++i) {
                    const Plan leaf = ValueLeaf(RefOf(FieldOf(type)), type, draw);
                    answered += CheckLeaf(*index, column, FieldOf(type), leaf) ? 1 : 0;
                }
            }
        }
    }
    EXPECT_EQ(built, 3u * (3 + 4 * 4 + 3 + 3 + 5 + 2));
    EXPECT_GT(answered, built * kLeaves / 2);
}

TEST(AnswersTest, ArraysContainAndElements) {
    static const DataType kTypes[] = {DataType::kBool,   DataType::kInt8,  DataType::kInt32,
                                      DataType::kInt64,  DataType::kFloat, DataType::kDouble,
                                      DataType::kVarChar};
    size_t answered = 0;
    for (const DataType type : kTypes) {
        Draw draw(100 + static_cast<uint64_t>(type));
        const schema::FieldSchema field = FieldOf(DataType::kArray, type);
        const schema::Column column = RandomColumn(DataType::kArray, type, kRows, draw);
        for (const char* name : {"INVERTED", "BITMAP", "AUTOINDEX"}) {
            const auto index = test::Build(name, field, {}, column);
            if (!index.ok()) {
                EXPECT_TRUE(schema::IsFloating(type)) << index.status().reason();
                continue;
            }
            for (int i = 0; i < kLeaves; ++i) {
                ColumnRef ref = RefOf(field);
                answered += CheckLeaf(*index, column, field, ContainsLeaf(ref, type, draw)) ? 1 : 0;
                ref.array_index = static_cast<int64_t>(draw.Below(4));
                answered += CheckLeaf(*index, column, field, ValueLeaf(ref, type, draw)) ? 1 : 0;
            }
        }
    }
    EXPECT_GT(answered, 10000u);
}

std::string RandomJson(Draw& draw, int depth) {
    static const char* const kNumbers[] = {"0",
                                           "-0.0",
                                           "5",
                                           "5.0",
                                           "2.5",
                                           "-3",
                                           "9007199254740992",
                                           "9007199254740993",
                                           "-9007199254740993",
                                           "9223372036854775807",
                                           "18446744073709551615",
                                           "9223372036854775808",
                                           "1e300"};
    static const char* const kStrings[] = {"\"\"",      "\"a\"",   "\"ab\"",       "\"\\u00e9a\"",
                                           "\"5\"",     "\"2.5\"", "\"\\u0000z\"", "\"日本ab\"",
                                           "\"x_%ab\"", "\"true\""};
    static const char* const kKeys[] = {"\"a\"", "\"b\"", "\"0\"", "\"a\\u0000\"", "\"\\u0061\""};
    switch (draw.Below(depth > 3 ? 5 : 9)) {
        case 0:
            return "null";
        case 1:
            return draw.Once(2) ? "true" : "false";
        case 2:
        case 3:
            return draw.Of(kNumbers);
        case 4:
            return draw.Of(kStrings);
        case 5:
        case 6: {
            std::string text = "[";
            for (uint64_t i = draw.Below(4); i > 0; --i) {
                text += RandomJson(draw, depth + 1) + (i > 1 ? " , " : "");
            }
            return text + "]";
        }
        default: {
            std::string text = "{ ";
            for (uint64_t i = draw.Below(4); i > 0; --i) {
                text += std::string(draw.Of(kKeys)) + " :" + RandomJson(draw, depth + 1) +
                        (i > 1 ? "," : "");
            }
            return text + "}";
        }
    }
}

schema::Column JsonColumn(size_t rows, Draw& draw) {
    schema::ColumnBuilder builder(test::kField, DataType::kJson);
    for (size_t row = 0; row < rows; ++row) {
        if (draw.Once(10)) {
            builder.AppendNull();
        } else if (draw.Once(60)) {
            std::string deep = "7";
            for (int i = 0; i < 20; ++i) {
                deep = "{\"a\":" + deep + "}";
            }
            builder.AppendBytes(deep);
        } else {
            builder.AppendBytes("{\"a\": " + RandomJson(draw, 0) +
                                ", \"b\": " + RandomJson(draw, 1) + "}");
        }
    }
    return builder.Finish();
}

TEST(AnswersTest, JsonPathsOfEveryCast) {
    static const char* const kCasts[] = {"BOOL",         "DOUBLE",        "VARCHAR", "ARRAY_BOOL",
                                         "ARRAY_DOUBLE", "ARRAY_VARCHAR", "JSON"};
    struct Path {
        const char* text;
        std::vector<std::string> keys;
    };
    const Path kPaths[] = {
        {"f[\"a\"]", {"a"}}, {"/b/0", {"b", "0"}}, {"f['a']['b']", {"a", "b"}}, {"f", {}}};
    Draw draw(5);
    const schema::FieldSchema field = FieldOf(DataType::kJson);
    const schema::Column column = JsonColumn(kRows, draw);
    size_t answered = 0;
    size_t built = 0;
    for (const Path& path : kPaths) {
        for (const char* cast : kCasts) {
            for (const char* name : {"INVERTED", "BITMAP", "STL_SORT", "NGRAM", "AUTOINDEX"}) {
                const Params params{{"json_path", path.text},
                                    {"json_cast_type", cast},
                                    {"min_gram", "1"},
                                    {"max_gram", "3"}};
                const auto index = test::Build(name, field, params, column);
                if (!index.ok()) {
                    EXPECT_EQ(index.status().code(), base::Code::kIndexNotSupported);
                    continue;
                }
                ++built;
                for (int i = 0; i < kLeaves; ++i) {
                    ColumnRef ref = RefOf(field);
                    ref.json_path = path.keys;
                    if (draw.Once(3)) {
                        ref.json_path.push_back(draw.Once(2) ? "a" : "0");
                    }
                    if (draw.Once(20)) {
                        ref.json_path.assign(draw.Below(22), "a");
                    }
                    Plan exists;
                    exists.node = expr::Exists{ref};
                    answered += CheckLeaf(*index, column, field, exists) ? 1 : 0;
                    answered +=
                        CheckLeaf(*index, column, field, ValueLeaf(ref, DataType::kJson, draw)) ? 1
                                                                                                : 0;
                    answered +=
                        CheckLeaf(*index, column, field, ContainsLeaf(ref, DataType::kJson, draw))
                            ? 1
                            : 0;
                }
            }
        }
    }
    EXPECT_EQ(built, std::size(kPaths) * (7 + 2 + 2 + 1 + 7));
    EXPECT_GT(answered, built * kLeaves / 2);
}

// An index answers the leaves of its own rule for texts that are numbers, and those only.
TEST(AnswersTest, TextsThatAreNumbers) {
    Draw draw(6);
    const schema::FieldSchema field = FieldOf(DataType::kJson);
    const schema::Column column = JsonColumn(kRows, draw);
    for (const char* name : {"INVERTED", "STL_SORT", "AUTOINDEX"}) {
        for (const char* type : {"DOUBLE", "cast", "JSON"}) {
            const bool casts = std::string_view(type) == "cast";
            Params params{{"json_path", "f['a']"}, {"json_cast_type", casts ? "DOUBLE" : type}};
            if (casts) {
                params["json_cast_function"] = "STRING_TO_DOUBLE";
            }
            const auto index = test::Build(name, field, params, column);
            if (!index.ok()) {
                EXPECT_EQ(std::string_view(type), "JSON");  // not sorted
                continue;
            }
            size_t answered[2] = {};
            for (int i = 0; i < kLeaves; ++i) {
                ColumnRef ref = RefOf(field);
                ref.json_path = {"a"};
                ref.text_numbers = draw.Once(2);
                const Plan leaf = ValueLeaf(ref, DataType::kJson, draw);
                const bool number = !std::holds_alternative<expr::Like>(leaf.node) &&
                                    !std::holds_alternative<expr::Regex>(leaf.node);
                const bool answers = CheckLeaf(*index, column, field, leaf);
                answered[ref.text_numbers ? 1 : 0] += answers && number ? 1 : 0;
            }
            EXPECT_EQ(answered[casts ? 0 : 1], 0u) << name << " " << type;
            EXPECT_GT(answered[casts ? 1 : 0], 20u) << name << " " << type;
        }
    }
}

TEST(AnswersTest, TheNumbersInTextsAreKeys) {
    schema::ColumnBuilder builder(test::kField, DataType::kJson);
    for (const char* document : {"7", "\"7\"", "\"7.0\"", "\"seven\"", "8", "\"+6.5e0\"", "[7]"}) {
        builder.AppendBytes(document);
    }
    const schema::FieldSchema field = FieldOf(DataType::kJson);
    const Params params{{"json_cast_type", "DOUBLE"}, {"json_cast_function", "STRING_TO_DOUBLE"}};
    const auto index = MustBuild("INVERTED", field, params, builder.Finish());
    ColumnRef ref = RefOf(field);
    ref.text_numbers = true;
    const auto rows_of = [&](Plan leaf) {
        std::string rows;
        const auto bits = index.index->Answer(leaf);
        EXPECT_TRUE(bits.ok() && bits->exact);
        for (size_t row = 0; row < 7; ++row) {
            rows += bits->rows.Test(row) ? '1' : '0';
        }
        return rows;
    };
    EXPECT_EQ(rows_of({expr::Compare{ref, CompareOp::kEq, Value(int64_t{7})}}), "1110000");
    EXPECT_EQ(rows_of({expr::Compare{ref, CompareOp::kNe, Value(int64_t{7})}}), "0001111");
    EXPECT_EQ(rows_of({expr::Range{ref, Value(6.0), Value(7.5), true, true}}), "1110010");
}

TEST(AnswersTest, EqualTextsAreAmongThoseOfTheirNumber) {
    schema::ColumnBuilder builder(test::kField, DataType::kJson);
    for (const char* document :
         {"7", "\"7\"", "\"7.0\"", "\"seven\"", "8", "\"-0\"", "\"1e999\"", "0"}) {
        builder.AppendBytes(document);
    }
    const schema::Column column = builder.Finish();
    const schema::FieldSchema field = FieldOf(DataType::kJson);
    const Params params{{"json_cast_type", "DOUBLE"}, {"json_cast_function", "STRING_TO_DOUBLE"}};
    ColumnRef ref = RefOf(field);
    ref.text_numbers = true;
    const auto in = [&](std::vector<int64_t> ints, std::vector<std::string> texts) {
        expr::In leaf;
        leaf.column = ref;
        leaf.values.ints = std::move(ints);
        leaf.values.strings = std::move(texts);
        return Plan{std::move(leaf)};
    };
    const auto compare = [&](CompareOp op, const char* text) {
        return Plan{expr::Compare{ref, op, Value(std::string(text))}};
    };
    for (const char* type : {"INVERTED", "STL_SORT"}) {
        const auto index = MustBuild(type, field, params, column);
        const auto rows_of = [&](const Plan& leaf) {
            EXPECT_TRUE(CheckLeaf(index, column, field, leaf));
            std::string rows;
            const auto bits = index.index->Answer(leaf);
            EXPECT_TRUE(bits.ok() && !bits->exact);
            for (size_t row = 0; row < column.rows; ++row) {
                rows += bits->rows.Test(row) ? '1' : '0';
            }
            return rows;
        };
        EXPECT_EQ(rows_of(compare(CompareOp::kEq, "7")), "11100000");
        EXPECT_EQ(rows_of(compare(CompareOp::kEq, "+7.00")), "11100000");
        EXPECT_EQ(rows_of(compare(CompareOp::kEq, "0")), "00000101");
        EXPECT_EQ(rows_of(compare(CompareOp::kEq, "9")), "00000000");
        EXPECT_EQ(rows_of(in({}, {"-0", "7"})), "11100101");
        EXPECT_EQ(rows_of(in({8}, {"7"})), "11101000");
        for (const Plan& leaf : {compare(CompareOp::kEq, "seven"), compare(CompareOp::kEq, "1e999"),
                                 compare(CompareOp::kNe, "7"), compare(CompareOp::kLt, "7"),
                                 in({7}, {"7", "seven"})}) {
            EXPECT_FALSE(CheckLeaf(index, column, field, leaf));
        }
    }
}

// Every comparison among integers that doubles cannot tell apart.
TEST(AnswersTest, JsonIntegersBeyondDoubles) {
    constexpr int64_t kEdge = int64_t{1} << 53;
    std::vector<int64_t> integers{INT64_MIN, INT64_MIN + 1, INT64_MAX - 1, INT64_MAX};
    for (int64_t i = -3; i <= 3; ++i) {
        integers.push_back(kEdge + i);
        integers.push_back(-kEdge + i);
    }
    std::vector<Value> constants(integers.begin(), integers.end());
    schema::ColumnBuilder builder(test::kField, DataType::kJson);
    for (const int64_t integer : integers) {
        constants.emplace_back(static_cast<double>(integer));
        builder.AppendBytes(std::to_string(integer));
        builder.AppendBytes(std::to_string(integer) + ".0");
    }
    const schema::Column column = builder.Finish();
    const schema::FieldSchema field = FieldOf(DataType::kJson);
    const ColumnRef ref = RefOf(field);
    for (const char* cast : {"DOUBLE", "JSON"}) {
        const auto index = MustBuild("INVERTED", field, {{"json_cast_type", cast}}, column);
        const auto check = [&](auto node) {
            Plan leaf;
            leaf.node = std::move(node);
            CheckLeaf(index, column, field, leaf);
        };
        for (const Value& low : constants) {
            for (uint8_t op = 0; op < 6; ++op) {
                check(expr::Compare{ref, static_cast<CompareOp>(op), low});
            }
            for (const Value& high : constants) {
                check(expr::Range{ref, low, high, false, false});
                check(expr::Range{ref, low, high, true, true});
                expr::In in{.column = ref, .values = {}};
                in.values.Add(low);
                in.values.Add(high);
                in.values.SortUnique();
                check(std::move(in));
            }
        }
    }
}

TEST(AnswersTest, GramsOfEverySize) {
    Draw draw(7);
    const schema::FieldSchema field = FieldOf(DataType::kVarChar);
    schema::ColumnBuilder builder(test::kField, DataType::kVarChar);
    for (size_t row = 0; row < kRows; ++row) {
        row % 50 == 7 ? builder.AppendBytes("ab\xc3") : builder.AppendBytes(draw.Text());
    }
    const schema::Column column = builder.Finish();
    size_t answered = 0;
    for (const auto& [min, max] : {std::pair("1", "1"), {"1", "3"}, {"2", "2"}, {"3", "5"}}) {
        const Params params{{"min_gram", min}, {"max_gram", max}};
        const auto index = MustBuild("NGRAM", field, params, column);
        for (int i = 0; i < 4 * kLeaves; ++i) {
            Plan leaf;
            leaf.node = LikeLeaf(RefOf(field), draw);
            answered += CheckLeaf(index, column, field, leaf) ? 1 : 0;
            leaf = ValueLeaf(RefOf(field), DataType::kVarChar, draw);
            CheckLeaf(index, column, field, leaf);
        }
    }
    EXPECT_GT(answered, 1000u);
}

}  // namespace
}  // namespace elanus::scalar_index
