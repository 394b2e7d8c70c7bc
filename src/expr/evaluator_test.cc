// Random expressions over random rows against a reference that looks at one row at a time, and the
// evaluator's behaviour around its edges.
#include "expr/evaluator.h"

#include "expr/filter.h"
#include "expr/test_rows.h"
#include "json/json.h"

#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::expr {
namespace {

using schema::DataType;

// What an expression says of a row: 1 true, 0 false, -1 unknown.
using Reference = std::function<int(size_t row)>;

struct Expression {
    std::string text;
    Reference truth;
};

int Not(int a) {
    return a < 0 ? a : 1 - a;
}
int And(int a, int b) {
    return a == 0 || b == 0 ? 0 : (a < 0 || b < 0 ? -1 : 1);
}
int Or(int a, int b) {
    return a == 1 || b == 1 ? 1 : (a < 0 || b < 0 ? -1 : 0);
}

const char* const kOps[] = {"==", "!=", "<", "<=", ">", ">="};

template <typename T>
bool Holds(const std::string& op, const T& a, const T& b) {
    if (op == "==") {
        return a == b;
    }
    if (op == "!=") {
        return a != b;
    }
    if (op == "<") {
        return a < b;
    }
    if (op == "<=") {
        return a <= b;
    }
    return op == ">" ? a > b : a >= b;
}

// Recursive and slow, unlike the matcher under test.
bool LikeReference(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) {
        return text.empty();
    }
    if (pattern[0] == '%') {
        return LikeReference(pattern.substr(1), text) ||
               (!text.empty() && LikeReference(pattern, text.substr(1)));
    }
    return !text.empty() && (pattern[0] == '_' || pattern[0] == text[0]) &&
           LikeReference(pattern.substr(1), text.substr(1));
}

struct Cell {
    bool valid = true;
    int64_t integer = 0;
    double number = 0;
    std::string text;
    std::vector<int64_t> list;
    json::Value json;
};

struct TestColumn {
    std::string name;
    DataType type;
    std::vector<Cell> cells;
};

class World {
  public:
    World(uint32_t seed, size_t row_count) : random_(seed), row_count_(row_count) {
        for (const DataType type :
             {DataType::kBool, DataType::kInt8, DataType::kInt16, DataType::kInt32,
              DataType::kInt64, DataType::kFloat, DataType::kDouble, DataType::kVarChar}) {
            AddColumn(type, DataType::kNone, false);
            AddColumn(type, DataType::kNone, true);
        }
        AddColumn(DataType::kArray, DataType::kInt32, true);
        AddColumn(DataType::kJson, DataType::kNone, true);
        AddColumn(DataType::kJson, DataType::kNone, false);
    }

    const test::Rows& rows() const { return rows_; }
    std::mt19937& random() { return random_; }

    Expression Any(int depth) {
        if (depth == 0 || Roll(4) == 0) {
            return Leaf();
        }
        if (Roll(4) == 0) {
            Expression inner = Any(depth - 1);
            return {"not (" + inner.text + ")",
                    [truth = inner.truth](size_t row) { return Not(truth(row)); }};
        }
        Expression a = Any(depth - 1);
        Expression b = Any(depth - 1);
        const bool is_and = Roll(2) == 0;
        return {"(" + a.text + (is_and ? ") and (" : ") or (") + b.text + ")",
                [x = a.truth, y = b.truth, is_and](size_t row) {
                    return is_and ? And(x(row), y(row)) : Or(x(row), y(row));
                }};
    }

  private:
    size_t Roll(size_t sides) { return random_() % sides; }
    std::string Op() { return kOps[Roll(6)]; }
    int64_t SmallInt() { return static_cast<int64_t>(Roll(21)) - 10; }
    double SmallDouble() { return static_cast<double>(SmallInt()) / 2; }
    std::string SmallText() {
        std::string text;
        for (size_t n = Roll(4); n > 0; --n) {
            text += "abc"[Roll(3)];
        }
        return text;
    }

    void AddColumn(DataType type, DataType element, bool nullable) {
        const std::string name = "c" + std::to_string(columns_.size());
        rows_.AddField(name, type, element, nullable);
        TestColumn column{name, type, {}};
        auto builder = rows_.Builder(name);
        for (size_t row = 0; row < row_count_; ++row) {
            Cell cell = MakeCell(type);
            cell.valid = !nullable || Roll(4) != 0;
            Append(type, cell, builder);
            column.cells.push_back(std::move(cell));
        }
        rows_.SetColumn(std::move(builder));
        columns_.push_back(std::move(column));
    }

    Cell MakeCell(DataType type) {
        Cell cell;
        cell.integer = type == DataType::kBool ? static_cast<int64_t>(Roll(2)) : SmallInt();
        cell.number = SmallDouble();
        cell.text = SmallText();
        for (size_t n = Roll(4); n > 0; --n) {
            cell.list.push_back(SmallInt());
        }
        if (type == DataType::kJson) {
            cell.json = MakeJson();
        }
        return cell;
    }

    json::Value MakeJson() {
        json::Value::Object members;
        for (const char* key : {"x", "y", "z"}) {
            switch (Roll(7)) {
                case 0:
                    break;
                case 1:
                    members.emplace_back(key, json::Value());
                    break;
                case 2:
                    members.emplace_back(key, json::Value(Roll(2) == 0));
                    break;
                case 3:
                    members.emplace_back(key, json::Value(SmallDouble()));
                    break;
                case 4:
                    members.emplace_back(key, json::Value(SmallText()));
                    break;
                case 5: {
                    json::Value::Array elements;
                    for (size_t n = Roll(4); n > 0; --n) {
                        elements.push_back(json::Value(SmallInt()));
                    }
                    members.emplace_back(key, json::Value(std::move(elements)));
                    break;
                }
                default:
                    members.emplace_back(key, json::Value(SmallInt()));
            }
        }
        return json::Value(std::move(members));
    }

    static void Append(DataType type, const Cell& cell, schema::ColumnBuilder& builder) {
        if (!cell.valid) {
            builder.AppendNull();
        } else if (type == DataType::kBool) {
            builder.AppendBool(cell.integer != 0);
        } else if (schema::IsInteger(type)) {
            builder.AppendInt(cell.integer);
        } else if (schema::IsFloating(type)) {
            builder.AppendFloating(cell.number);
        } else if (type == DataType::kArray) {
            for (const int64_t element : cell.list) {
                builder.child().AppendInt(element);
            }
            builder.CloseArrayRow();
        } else {
            builder.AppendBytes(type == DataType::kJson ? json::Write(cell.json) : cell.text);
        }
    }

    Expression Leaf() {
        const TestColumn& column = columns_[Roll(columns_.size())];
        if (Roll(10) == 0) {
            const bool negated = Roll(2) == 0;
            return {column.name + (negated ? " is not null" : " is null"),
                    [&column, negated](size_t row) { return column.cells[row].valid == negated; }};
        }
        if (column.type == DataType::kBool) {
            return BoolLeaf(column);
        }
        if (column.type == DataType::kVarChar) {
            return TextLeaf(column);
        }
        if (column.type == DataType::kArray) {
            return ArrayLeaf(column);
        }
        return column.type == DataType::kJson ? JsonLeaf(column) : NumberLeaf(column);
    }

    // Wraps a test of a valid cell into one that knows nulls.
    static Reference OfCell(const TestColumn& column, std::function<bool(const Cell&)> holds) {
        return [&column, holds = std::move(holds)](size_t row) {
            const Cell& cell = column.cells[row];
            return cell.valid ? static_cast<int>(holds(cell)) : -1;
        };
    }

    Expression BoolLeaf(const TestColumn& column) {
        const bool equal = Roll(2) == 0;
        const bool constant = Roll(2) == 0;
        return {column.name + (equal ? " == " : " != ") + (constant ? "true" : "false"),
                OfCell(column, [=](const Cell& cell) {
                    return ((cell.integer != 0) == constant) == equal;
                })};
    }

    static std::string Show(double value) { return json::Write(json::Value(value)); }

    // Integers are compared as integers and floats as doubles; the values are small enough for
    // both.
    Expression NumberLeaf(const TestColumn& column) {
        const bool is_int = schema::IsInteger(column.type);
        const auto value_of = [is_int](const Cell& cell) {
            return is_int ? static_cast<double>(cell.integer) : cell.number;
        };
        const auto constant = [&] {
            return is_int ? static_cast<double>(SmallInt()) : SmallDouble();
        };
        const auto show = [is_int](double value) {
            return is_int ? std::to_string(static_cast<int64_t>(value)) : Show(value);
        };
        const std::string op = Op();
        const double c = constant();
        switch (Roll(5)) {
            case 0: {
                const double high = c + 1 + static_cast<double>(Roll(6));
                const bool low_in = Roll(2) == 0;
                const bool high_in = Roll(2) == 0;
                return {show(c) + (low_in ? " <= " : " < ") + column.name +
                            (high_in ? " <= " : " < ") + show(high),
                        OfCell(column, [=](const Cell& cell) {
                            const double v = value_of(cell);
                            return Holds(low_in ? ">=" : ">", v, c) &&
                                   Holds(high_in ? "<=" : "<", v, high);
                        })};
            }
            case 1: {
                std::vector<double> values;
                std::string list;
                for (size_t n = Roll(12); n > 0; --n) {
                    values.push_back(constant());
                    list += show(values.back()) + ", ";
                }
                const bool negated = Roll(2) == 0;
                return {column.name + (negated ? " not in [" : " in [") + list + "]",
                        OfCell(column, [=](const Cell& cell) {
                            const double v = value_of(cell);
                            const bool found =
                                std::find(values.begin(), values.end(), v) != values.end();
                            return found != negated;
                        })};
            }
            case 2: {
                const int64_t operand = static_cast<int64_t>(Roll(4)) + 1;
                const char arithmetic = "+-*"[Roll(3)];
                return {column.name + " " + arithmetic + " " + std::to_string(operand) + " " + op +
                            " " + show(c),
                        OfCell(column, [=](const Cell& cell) {
                            const double v = value_of(cell);
                            const auto o = static_cast<double>(operand);
                            const double result = arithmetic == '+'   ? v + o
                                                  : arithmetic == '-' ? v - o
                                                                      : v * o;
                            return Holds(op, result, c);
                        })};
            }
            case 3: {
                const TestColumn* other = &columns_[Roll(columns_.size())];
                if (schema::IsNumeric(other->type)) {
                    return {column.name + " " + op + " " + other->name,
                            [&column, other, value_of, op](size_t row) {
                                const Cell& a = column.cells[row];
                                const Cell& b = other->cells[row];
                                if (!a.valid || !b.valid) {
                                    return -1;
                                }
                                const double right = schema::IsInteger(other->type)
                                                         ? static_cast<double>(b.integer)
                                                         : b.number;
                                return static_cast<int>(Holds(op, value_of(a), right));
                            }};
                }
                [[fallthrough]];
            }
            default:
                if (Roll(2) == 0) {
                    return {column.name + " " + op + " " + show(c),
                            OfCell(column,
                                   [=](const Cell& cell) { return Holds(op, value_of(cell), c); })};
                }
                return {
                    show(c) + " " + op + " " + column.name,
                    OfCell(column, [=](const Cell& cell) { return Holds(op, c, value_of(cell)); })};
        }
    }

    Expression TextLeaf(const TestColumn& column) {
        const std::string op = Op();
        const std::string constant = SmallText();
        switch (Roll(3)) {
            case 0: {
                std::string pattern;
                for (size_t n = Roll(5); n > 0; --n) {
                    pattern += "abc%_%"[Roll(6)];
                }
                return {column.name + " like \"" + pattern + "\"",
                        OfCell(column, [=](const Cell& cell) {
                            return LikeReference(pattern, cell.text);
                        })};
            }
            case 1: {
                std::vector<std::string> values;
                std::string list;
                for (size_t n = Roll(9); n > 0; --n) {
                    values.push_back(SmallText());
                    list += "'" + values.back() + "',";
                }
                return {column.name + " in [" + list + "]", OfCell(column, [=](const Cell& cell) {
                            return std::find(values.begin(), values.end(), cell.text) !=
                                   values.end();
                        })};
            }
            default:
                return {column.name + " " + op + " \"" + constant + "\"",
                        OfCell(column,
                               [=](const Cell& cell) { return Holds(op, cell.text, constant); })};
        }
    }

    Expression ArrayLeaf(const TestColumn& column) {
        const std::string op = Op();
        const int64_t c = SmallInt();
        switch (Roll(4)) {
            case 0: {
                const size_t index = Roll(4);
                return {
                    column.name + "[" + std::to_string(index) + "] " + op + " " + std::to_string(c),
                    OfCell(column, [=](const Cell& cell) {
                        return index < cell.list.size() && Holds(op, cell.list[index], c);
                    })};
            }
            case 1: {
                const auto length = static_cast<int64_t>(Roll(4));
                return {"array_length(" + column.name + ") " + op + " " + std::to_string(length),
                        OfCell(column, [=](const Cell& cell) {
                            return Holds(op, static_cast<int64_t>(cell.list.size()), length);
                        })};
            }
            default: {
                const bool all = Roll(2) == 0;
                std::vector<int64_t> values;
                std::string list;
                for (size_t n = Roll(7); n > 0; --n) {
                    values.push_back(SmallInt());
                    list += std::to_string(values.back()) + ",";
                }
                return {std::string("array_contains_") + (all ? "all(" : "any(") + column.name +
                            ", [" + list + "])",
                        OfCell(column, [=](const Cell& cell) {
                            size_t found = 0;
                            for (const int64_t value : values) {
                                found += std::find(cell.list.begin(), cell.list.end(), value) !=
                                         cell.list.end();
                            }
                            return all ? found == values.size() : found > 0;
                        })};
            }
        }
    }

    Expression JsonLeaf(const TestColumn& column) {
        const std::string key(1, "xyzw"[Roll(4)]);
        const std::string place = column.name + "[\"" + key + "\"]";
        const std::string op = Op();
        const double c = SmallDouble();
        switch (Roll(5)) {
            case 0:
                return {"exists " + place, OfCell(column, [=](const Cell& cell) {
                            const json::Value* value = cell.json.Find(key);
                            return value != nullptr && !value->is_null();
                        })};
            case 1: {
                const std::string constant = SmallText();
                return {place + " " + op + " '" + constant + "'",
                        OfCell(column, [=](const Cell& cell) {
                            const json::Value* value = cell.json.Find(key);
                            if (value == nullptr || !value->is_string()) {
                                return op == "!=";
                            }
                            return Holds(op, *value->string_if(), constant);
                        })};
            }
            case 2:
                return {"json_contains(" + place + ", " + Show(c) + ")",
                        OfCell(column, [=](const Cell& cell) {
                            const json::Value* value = cell.json.Find(key);
                            if (value == nullptr || !value->is_array()) {
                                return false;
                            }
                            for (const json::Value& element : *value->array_if()) {
                                if (element.AsDouble() == c) {
                                    return true;
                                }
                            }
                            return false;
                        })};
            case 3: {
                std::vector<double> values;
                std::string list;
                for (size_t n = Roll(8); n > 0; --n) {
                    values.push_back(SmallDouble());
                    list += Show(values.back()) + ",";
                }
                return {place + " in [" + list + "]", OfCell(column, [=](const Cell& cell) {
                            const json::Value* value = cell.json.Find(key);
                            return value != nullptr && value->is_number() &&
                                   std::find(values.begin(), values.end(), value->AsDouble()) !=
                                       values.end();
                        })};
            }
            default:
                return {place + " " + op + " " + Show(c), OfCell(column, [=](const Cell& cell) {
                            const json::Value* value = cell.json.Find(key);
                            if (value == nullptr || !value->is_number()) {
                                return op == "!=";
                            }
                            return Holds(op, value->AsDouble(), c);
                        })};
        }
    }

    std::mt19937 random_;
    size_t row_count_;
    test::Rows rows_;
    std::vector<TestColumn> columns_;
};

// A filter selects what is true, and its negation what is false: together they tell the three
// values apart, also where the plan of either one need not.
TEST(Evaluator, AgreesWithTheReference) {
    for (uint32_t seed = 1; seed <= 12; ++seed) {
        const size_t row_count = std::vector<size_t>{1, 63, 64, 65, 200, 1000}[seed % 6];
        World world(seed, row_count);
        for (int i = 0; i < 500; ++i) {
            const Expression expression = world.Any(4);
            const bool negated = i % 2 == 1;
            const std::string text = negated ? "not (" + expression.text + ")" : expression.text;
            const auto plan = ParseFilter(text, world.rows().schema);
            ASSERT_TRUE(plan.ok()) << plan.status().reason();
            base::Bitmap needed(row_count);
            for (size_t row = 0; row < row_count; ++row) {
                needed.Assign(row, i % 4 < 2 || world.random()() % 3 == 0);
            }
            const auto truth = Evaluate(*plan, world.rows(), row_count, base::CallContext(),
                                        sys::RealClock(), i % 4 < 2 ? nullptr : &needed);
            ASSERT_TRUE(truth.ok()) << truth.status().reason();
            needed.ForEach([&](size_t row) {
                ASSERT_EQ(truth->is_true.Test(row), expression.truth(row) == (negated ? 0 : 1))
                    << "seed " << seed << " row " << row << ": " << text;
            });
        }
    }
}

TEST(Evaluator, StopsWhenNobodyWaits) {
    World world(1, 100);
    const auto plan = ParseFilter("c1 == true or c3 > 5", world.rows().schema);
    ASSERT_TRUE(plan.ok());
    base::CallContext cancelled;
    cancelled.Cancel();
    auto truth = Evaluate(*plan, world.rows(), 100, cancelled, sys::RealClock());
    EXPECT_EQ(truth.status().code(), base::Code::kCanceled);
    base::CallContext late;
    late.deadline_ns = 1;
    truth = Evaluate(*plan, world.rows(), 100, late, sys::RealClock());
    EXPECT_EQ(truth.status().code(), base::Code::kTimeout);
}

TEST(Evaluator, HandlesNoRows) {
    World world(1, 0);
    for (const char* text : {"true", "c1 == true and c15 like 'a_%'", "c17[\"x\"] == 1",
                             "c16[0] == 1", "c3 is null", "not (c3 in [1,2,3,4,5,6,7,8])"}) {
        const auto plan = ParseFilter(text, world.rows().schema);
        ASSERT_TRUE(plan.ok()) << plan.status().reason();
        const auto truth = Evaluate(*plan, world.rows(), 0, base::CallContext(), sys::RealClock());
        ASSERT_TRUE(truth.ok()) << text;
        EXPECT_EQ(truth->is_true.size(), 0u);
    }
}

TEST(Evaluator, RefusesUnknownArithmeticOfADecodedPlan) {
    World world(1, 100);
    for (const char* text : {"c3 + 1 > 2", "c17[\"x\"] * 2 == 1", "c16[0] - 1 == 1"}) {
        auto plan = ParseFilter(text, world.rows().schema);
        ASSERT_TRUE(plan.ok()) << plan.status().reason();
        ASSERT_TRUE(Evaluate(*plan, world.rows(), 100, base::CallContext(), sys::RealClock()).ok());
        std::get<ArithmeticCompare>(plan->node).arithmetic = static_cast<ArithmeticOp>(12);
        EXPECT_FALSE(Evaluate(*plan, world.rows(), 100, base::CallContext(), sys::RealClock()).ok())
            << text;
    }
}

TEST(Evaluator, ComparesLargeIntegersExactly) {
    test::Rows rows;
    rows.AddField("j", DataType::kJson);
    rows.AddField("i", DataType::kInt64);
    auto documents = rows.Builder("j");
    auto integers = rows.Builder("i");
    for (const int64_t value : {int64_t{9007199254740993}, int64_t{9007199254740992}, INT64_MIN}) {
        documents.AppendBytes("{\"x\":" + std::to_string(value) + "}");
        integers.AppendInt(value);
    }
    rows.SetColumn(std::move(documents));
    rows.SetColumn(std::move(integers));
    const auto show = [&](const char* text) {
        const auto plan = ParseFilter(text, rows.schema);
        EXPECT_TRUE(plan.ok()) << plan.status().reason();
        return test::Show(*Evaluate(*plan, rows, 3, base::CallContext(), sys::RealClock()));
    };
    EXPECT_EQ(show("j[\"x\"] == 9007199254740993"), "100");
    EXPECT_EQ(show("j[\"x\"] in [9007199254740993]"), "100");
    EXPECT_EQ(show("j[\"x\"] > 9007199254740992"), "100");
    EXPECT_EQ(show("j[\"x\"] - 1 == 9223372036854775807"), "001");
    EXPECT_EQ(show("i in [9007199254740993, 1]"), "100");
    EXPECT_EQ(show("i == -9223372036854775808"), "001");
    EXPECT_EQ(show("i - 1 == 9223372036854775807"), "001");
    EXPECT_EQ(show("i / -1 == -9223372036854775808"), "001");
    EXPECT_EQ(show("i % -1 == 0"), "111");
}

TEST(Evaluator, NothingInJsonComparesWithNanExceptAsUnequal) {
    test::Rows rows;
    rows.AddField("j", DataType::kJson);
    auto documents = rows.Builder("j");
    for (const char* document : {R"({"x":1})", R"({"x":"1"})", "{}"}) {
        documents.AppendBytes(document);
    }
    rows.SetColumn(std::move(documents));
    const ColumnRef x{rows.schema.fields[0].id, DataType::kJson, {}, {"x"}, -1};
    const auto show = [&](CompareOp op) {
        const Plan plan{Compare{x, op, std::nan("")}};
        return test::Show(*Evaluate(plan, rows, 3, base::CallContext(), sys::RealClock()));
    };
    EXPECT_EQ(show(CompareOp::kNe), "111");
    for (const CompareOp op :
         {CompareOp::kEq, CompareOp::kLt, CompareOp::kLe, CompareOp::kGt, CompareOp::kGe}) {
        EXPECT_EQ(show(op), "000");
    }
}

}  // namespace
}  // namespace elanus::expr
