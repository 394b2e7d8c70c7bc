#include "expr/analyzer.h"

#include "expr/comparison.h"
#include "expr/constant.h"
#include "expr/like_pattern.h"
#include "expr/operand.h"
#include "expr/rewrite.h"
#include "regex/regex.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace elanus::expr {

namespace {

using base::InvalidParameter;
using base::Result;
using base::Status;
using schema::DataType;

std::string Lower(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return lower;
}

bool IsNumericOrJson(DataType type) {
    return schema::IsNumeric(type) || type == DataType::kJson;
}

// Functions of the grammar that belong to the data model's other types.
bool IsKnownFunction(std::string_view name) {
    static constexpr std::string_view kNames[] = {
        "text_match", "phrase_match", "random_sample", "element_filter", "match_any",
        "match_all",  "match_least",  "match_most",    "match_exact",    "st_equals",
        "st_touches", "st_overlaps",  "st_crosses",    "st_contains",    "st_intersects",
        "st_within",  "st_dwithin",   "st_isvalid"};
    return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

class Analyzer {
  public:
    explicit Analyzer(const schema::CollectionSchema& schema) : schema_(schema) {}

    Result<Plan> Run(const Node& root) {
        ASSIGN_OR_RETURN(Operand operand, Visit(root));
        std::optional<Plan> plan = AsPredicate(std::move(operand));
        if (!plan.has_value()) {
            return InvalidParameter("predicate is not a boolean expression, data type: " +
                                    OperandTypeName(operand));
        }
        return std::move(*plan);
    }

  private:
    Result<Operand> Visit(const Node& node) {
        switch (node.kind) {
            case NodeKind::kLiteral:
                return VisitLiteral(node);
            case NodeKind::kColumn: {
                ASSIGN_OR_RETURN(ColumnRef column, Resolve(node));
                return Operand(std::move(column));
            }
            case NodeKind::kUnary:
                return VisitUnary(node);
            case NodeKind::kBinary:
                return VisitBinary(node);
            case NodeKind::kCall:
                return VisitCall(node);
            default: {
                ASSIGN_OR_RETURN(Plan plan, VisitPredicate(node));
                return Operand(std::move(plan));
            }
        }
    }

    Result<Plan> VisitPredicate(const Node& node) {
        switch (node.kind) {
            case NodeKind::kCompare:
                return VisitCompare(node);
            case NodeKind::kLogical:
                return VisitLogical(node);
            case NodeKind::kRange:
                return VisitRange(node);
            case NodeKind::kIn:
                return VisitIn(node);
            case NodeKind::kLike:
            case NodeKind::kRegex:
                return VisitMatch(node);
            case NodeKind::kNullTest:
                return VisitNullTest(node);
            default:
                return VisitExists(node);
        }
    }

    // ---- names

    Result<ColumnRef> Resolve(const Node& node) {
        if (node.name == "$") {
            return InvalidParameter("struct array elements are not supported yet");
        }
        for (const PathStep& step : node.path) {
            if (step.kind == PathStep::Kind::kSubField) {
                return InvalidParameter("struct sub-field " + node.name + "[" + step.text +
                                        "] is not supported yet");
            }
        }
        const schema::FieldSchema* field = schema_.FindField(node.name);
        if (field == nullptr && node.name == schema::kDynamicFieldName) {
            field = schema_.dynamic_field();
        }
        if (field == nullptr) {
            return ResolveDynamic(node);
        }
        ColumnRef column;
        column.field_id = field->id;
        column.type = field->type;
        column.element_type = field->element_type;
        if (field->type == DataType::kText) {
            return InvalidParameter("filter on text field (" + field->name +
                                    ") is not supported yet");
        }
        if (!node.path.empty()) {
            RETURN_IF_ERROR(ApplyPath(node, &column));
        }
        return column;
    }

    Result<ColumnRef> ResolveDynamic(const Node& node) {
        const schema::FieldSchema* meta = schema_.dynamic_field();
        if (meta == nullptr) {
            return InvalidParameter("field " + node.name + " not exist");
        }
        ColumnRef column;
        column.field_id = meta->id;
        column.type = DataType::kJson;
        column.json_path.push_back(node.name);
        RETURN_IF_ERROR(ApplyPath(node, &column));
        return column;
    }

    static Status ApplyPath(const Node& node, ColumnRef* column) {
        if (column->is_json()) {
            for (const PathStep& step : node.path) {
                column->json_path.push_back(step.text);
            }
            return Status();
        }
        if (column->type != DataType::kArray) {
            return InvalidParameter(TypeName(column->type) +
                                    " data type not supported accessed with []");
        }
        const std::string& digits = node.path[0].text;
        const char* end = digits.data() + digits.size();
        if (node.path.size() != 1 || node.path[0].kind != PathStep::Kind::kIndex ||
            std::from_chars(digits.data(), end, column->array_index).ec != std::errc()) {
            return InvalidParameter("array field " + node.name +
                                    " can only be accessed with one integer index");
        }
        return Status();
    }

    bool IsNullable(const ColumnRef& column) const {
        const schema::FieldSchema* field = schema_.FindField(column.field_id);
        return field == nullptr || field->nullable;
    }

    // ---- constants and arithmetic

    Result<Operand> VisitLiteral(const Node& node) {
        if (node.children.empty()) {
            return Operand(Constant{node.value, node.is_template});
        }
        Value::List list;
        for (const NodePtr& child : node.children) {
            ASSIGN_OR_RETURN(Operand element, Visit(*child));
            Constant* constant = std::get_if<Constant>(&element);
            if (constant == nullptr) {
                return InvalidParameter("value in list cannot be a non-const expression");
            }
            list.push_back(std::move(constant->value));
        }
        return Operand(Constant{std::move(list), false});
    }

    Result<Operand> VisitUnary(const Node& node) {
        if (node.op == TokenKind::kTilde) {
            return InvalidParameter("bitnot is not supported");
        }
        ASSIGN_OR_RETURN(Operand operand, Visit(*node.children[0]));
        if (node.op == TokenKind::kNot) {
            std::optional<Plan> plan = AsPredicate(std::move(operand));
            if (!plan.has_value()) {
                return InvalidParameter("not op can only be applied on boolean expression");
            }
            return Operand(MakeNot(std::move(*plan)));
        }
        const Constant* constant = std::get_if<Constant>(&operand);
        if (constant == nullptr || !constant->value.is_number()) {
            return InvalidParameter(
                "unary '+' and '-' can only be applied on integer or floating constants");
        }
        if (node.op == TokenKind::kPlus) {
            return operand;
        }
        ASSIGN_OR_RETURN(Value negative, Negate(constant->value));
        return Operand(Constant{std::move(negative), constant->is_template});
    }

    Result<Operand> VisitBinary(const Node& node) {
        switch (node.op) {
            case TokenKind::kShiftLeft:
            case TokenKind::kShiftRight:
                return InvalidParameter("shift operators are not supported");
            case TokenKind::kBitAnd:
            case TokenKind::kBitOr:
            case TokenKind::kBitXor:
                return InvalidParameter("bit operators are not supported");
            default:
                break;
        }
        ASSIGN_OR_RETURN(Operand left, Visit(*node.children[0]));
        ASSIGN_OR_RETURN(Operand right, Visit(*node.children[1]));
        const Constant* left_constant = std::get_if<Constant>(&left);
        const Constant* right_constant = std::get_if<Constant>(&right);
        if (left_constant != nullptr && right_constant != nullptr) {
            RETURN_IF_ERROR(CheckNoTemplates(*left_constant, *right_constant, node.op));
            ASSIGN_OR_RETURN(Value folded,
                             FoldArithmetic(node.op, left_constant->value, right_constant->value));
            return Operand(Constant{std::move(folded), false});
        }
        if (node.op == TokenKind::kPower) {
            return InvalidParameter("power can only apply on constants");
        }
        return ColumnArithmetic(node.op, left, right);
    }

    static Status CheckNoTemplates(const Constant& a, const Constant& b, TokenKind op) {
        if (a.is_template || b.is_template) {
            return InvalidParameter(
                "placeholder was not supported between two constants with operator: " +
                std::string(Spelling(op)));
        }
        return Status();
    }

    static ArithmeticOp ArithmeticOpOf(TokenKind kind) {
        switch (kind) {
            case TokenKind::kMinus:
                return ArithmeticOp::kSubtract;
            case TokenKind::kStar:
                return ArithmeticOp::kMultiply;
            case TokenKind::kSlash:
                return ArithmeticOp::kDivide;
            case TokenKind::kPercent:
                return ArithmeticOp::kModulo;
            default:
                return ArithmeticOp::kAdd;
        }
    }

    static Result<Operand> ColumnArithmetic(TokenKind op, const Operand& left,
                                            const Operand& right) {
        const bool constant_left = std::holds_alternative<Constant>(left);
        const bool constant_right = std::holds_alternative<Constant>(right);
        const ColumnRef* column = std::get_if<ColumnRef>(constant_left ? &right : &left);
        if (!constant_left && !constant_right && column != nullptr &&
            std::holds_alternative<ColumnRef>(right)) {
            return InvalidParameter(
                "not supported to do arithmetic operations between multiple fields");
        }
        if (column == nullptr || (!constant_left && !constant_right)) {
            return InvalidParameter("complicated arithmetic operations are not supported");
        }
        if (column->is_whole_array()) {
            return InvalidParameter("can not comparisons array fields directly");
        }
        if (constant_left && op != TokenKind::kPlus && op != TokenKind::kStar) {
            return InvalidParameter("'" + std::string(Spelling(op)) +
                                    "' needs the field on its left: complicated arithmetic "
                                    "operations are not supported");
        }
        const Value& operand = std::get<Constant>(constant_left ? left : right).value;
        return CheckedArithmetic(op, *column, operand);
    }

    static Result<Operand> CheckedArithmetic(TokenKind op, const ColumnRef& column,
                                             const Value& operand) {
        const DataType type = column.value_type();
        if (!IsNumericOrJson(type) || !operand.is_number()) {
            return InvalidParameter("'" + std::string(Spelling(op)) +
                                    "' can only be used between integer or floating or json "
                                    "field expressions");
        }
        if (op == TokenKind::kPercent &&
            (schema::IsFloating(type) || operand.int_if() == nullptr)) {
            return InvalidParameter("modulo can only apply on integer types");
        }
        if ((op == TokenKind::kPercent || op == TokenKind::kSlash) && operand.AsDouble() == 0) {
            return InvalidParameter("cannot divide or take a modulus by zero");
        }
        ASSIGN_OR_RETURN(Value cast, CastValue(operand, type));
        return Operand(Arithmetic{column, ArithmeticOpOf(op), std::move(cast)});
    }

    // ---- comparisons

    Result<Plan> VisitCompare(const Node& node) {
        ASSIGN_OR_RETURN(Operand left, Visit(*node.children[0]));
        ASSIGN_OR_RETURN(Operand right, Visit(*node.children[1]));
        CompareOp op = CompareOpOf(node.op);
        const Constant* left_constant = std::get_if<Constant>(&left);
        const Constant* right_constant = std::get_if<Constant>(&right);
        if (left_constant != nullptr && right_constant != nullptr) {
            RETURN_IF_ERROR(CheckNoTemplates(*left_constant, *right_constant, node.op));
            ASSIGN_OR_RETURN(const bool holds,
                             FoldCompare(op, left_constant->value, right_constant->value));
            return holds ? MakePlan(AlwaysTrue{}) : MakePlan(AlwaysFalse{});
        }
        if (left_constant != nullptr) {
            std::swap(left, right);
            op = Mirror(op);
        }
        if (const Constant* constant = std::get_if<Constant>(&right)) {
            return CompareWithConstant(left, op, constant->value, right);
        }
        return CompareFields(left, op, right);
    }

    Result<Plan> VisitRange(const Node& node) {
        ASSIGN_OR_RETURN(Operand first, Visit(*node.children[0]));
        ASSIGN_OR_RETURN(Operand middle, Visit(*node.children[1]));
        ASSIGN_OR_RETURN(Operand third, Visit(*node.children[2]));
        const ColumnRef* column = std::get_if<ColumnRef>(&middle);
        if (column == nullptr) {
            return InvalidParameter("range operations are only supported on a single field");
        }
        const Constant* low = std::get_if<Constant>(&first);
        const Constant* high = std::get_if<Constant>(&third);
        if (low == nullptr || high == nullptr) {
            return InvalidParameter("the bounds of a range operation must be constants");
        }
        bool low_inclusive = node.op == TokenKind::kLe || node.op == TokenKind::kGe;
        bool high_inclusive = node.op2 == TokenKind::kLe || node.op2 == TokenKind::kGe;
        if (node.op == TokenKind::kGt || node.op == TokenKind::kGe) {
            std::swap(low, high);
            std::swap(low_inclusive, high_inclusive);
        }
        if (column->is_whole_array()) {
            return InvalidParameter("can not comparisons array fields directly");
        }
        return MakeRange(*column, low->value, high->value, low_inclusive, high_inclusive);
    }

    // ---- logic

    // A predicate, or a boolean constant as one.
    static std::optional<Plan> AsPredicate(Operand&& operand) {
        if (Plan* plan = std::get_if<Plan>(&operand)) {
            return std::move(*plan);
        }
        const Constant* constant = std::get_if<Constant>(&operand);
        const bool* boolean = constant == nullptr ? nullptr : constant->value.bool_if();
        if (boolean == nullptr) {
            return std::nullopt;
        }
        return *boolean ? MakePlan(AlwaysTrue{}) : MakePlan(AlwaysFalse{});
    }

    Result<Plan> VisitLogical(const Node& node) {
        const bool is_and = node.op == TokenKind::kAnd;
        std::vector<Plan> terms;
        terms.reserve(node.children.size());
        for (const NodePtr& child : node.children) {
            ASSIGN_OR_RETURN(Operand operand, Visit(*child));
            std::optional<Plan> term = AsPredicate(std::move(operand));
            if (!term.has_value()) {
                return InvalidParameter(std::string(is_and ? "'and'" : "'or'") +
                                        " can only be used between boolean expressions");
            }
            terms.push_back(std::move(*term));
        }
        return is_and ? MakeAnd(std::move(terms)) : MakeOr(std::move(terms));
    }

    Result<Plan> VisitIn(const Node& node) {
        ASSIGN_OR_RETURN(Operand left, Visit(*node.children[0]));
        ASSIGN_OR_RETURN(Operand right, Visit(*node.children[1]));
        const ColumnRef* column = std::get_if<ColumnRef>(&left);
        if (column == nullptr) {
            return InvalidParameter("'term' can only be used on single field, but got: " +
                                    OperandTypeName(left));
        }
        if (column->is_whole_array()) {
            return InvalidParameter(
                "'term' cannot be used on array fields: can not comparisons "
                "array fields directly");
        }
        const Constant* constant = std::get_if<Constant>(&right);
        const Value::List* list = constant == nullptr ? nullptr : constant->value.list_if();
        if (list == nullptr) {
            return InvalidParameter("the right-hand side of 'term' must be a list, but got: " +
                                    OperandTypeName(right));
        }
        In in;
        in.column = *column;
        RETURN_IF_ERROR(FillSet(*list, column->value_type(), &in.values));
        if (node.negated && in.values.empty() && !column->is_json() && !IsNullable(*column)) {
            return MakePlan(AlwaysTrue{});
        }
        Plan plan = MakePlan(std::move(in));
        return node.negated ? MakeNot(std::move(plan)) : std::move(plan);
    }

    static Status FillSet(const Value::List& list, DataType type, ValueSet* values) {
        for (const Value& element : list) {
            Result<Value> cast = CastValue(element, type);
            if (!cast.ok() || cast->list_if() != nullptr) {
                return InvalidParameter("value '" + ValueText(element) +
                                        "' in list cannot be casted to " + TypeName(type) +
                                        ": cannot cast value to " + TypeName(type) +
                                        ", value: " + ValueText(element));
            }
            values->Add(*cast);
        }
        // Numbers of a JSON list that mixes integers and floats are all compared as floats.
        if (!values->ints.empty() && !values->doubles.empty()) {
            for (const int64_t integer : values->ints) {
                values->doubles.push_back(static_cast<double>(integer));
            }
            values->ints.clear();
        }
        values->SortUnique();
        return Status();
    }

    Result<Plan> VisitMatch(const Node& node) {
        ASSIGN_OR_RETURN(Operand left, Visit(*node.children[0]));
        const std::string name = node.kind == NodeKind::kLike ? "like" : "regex match";
        const ColumnRef* column = std::get_if<ColumnRef>(&left);
        if (column == nullptr ||
            !(column->is_json() || schema::IsStringLike(column->value_type()))) {
            return InvalidParameter(name +
                                    " operation on non-string or no-json field is unsupported");
        }
        const std::string* pattern = node.children[1]->value.string_if();
        if (pattern == nullptr) {
            return InvalidParameter("the pattern of a " + name + " operation must be a string");
        }
        if (node.kind == NodeKind::kLike) {
            LikeShape shape = ClassifyLike(*pattern);
            return MakePlan(Like{*column, shape.kind, std::move(shape.text)});
        }
        RETURN_IF_ERROR(CheckRegex(*pattern));
        Plan plan = MakePlan(Regex{*column, *pattern});
        return node.negated ? MakeNot(std::move(plan)) : std::move(plan);
    }

    static Status CheckRegex(const std::string& pattern) {
        return regex::Regex::Compile(pattern).status();
    }

    Result<Plan> VisitNullTest(const Node& node) {
        ASSIGN_OR_RETURN(ColumnRef column, Resolve(*node.children[0]));
        if (column.is_element()) {
            return InvalidParameter(
                "IsNull/IsNotNull operations are not supported on array elements");
        }
        if (schema::IsVector(column.type)) {
            return InvalidParameter(
                "IsNull/IsNotNull operations are not supported on vector fields");
        }
        Plan plan = MakePlan(IsNull{std::move(column)});
        return node.negated ? MakeNot(std::move(plan)) : std::move(plan);
    }

    Result<Plan> VisitExists(const Node& node) {
        ASSIGN_OR_RETURN(Operand operand, Visit(*node.children[0]));
        ColumnRef* column = std::get_if<ColumnRef>(&operand);
        if (column == nullptr || !column->is_json()) {
            return InvalidParameter(
                "exists operations are only supported on json fields now, got: " +
                OperandTypeName(operand));
        }
        if (column->json_path.empty()) {
            return InvalidParameter("exists operations on a json field need a key");
        }
        return MakePlan(Exists{std::move(*column)});
    }

    // ---- functions

    Result<Operand> VisitCall(const Node& node) {
        const std::string name = Lower(node.name);
        if (name == "array_length") {
            return VisitArrayLength(node);
        }
        static constexpr std::string_view kFamilies[] = {"json_contains", "array_contains"};
        for (const std::string_view family : kFamilies) {
            if (name == family || name == std::string(family) + "_all" ||
                name == std::string(family) + "_any") {
                return VisitContains(node, name);
            }
        }
        if (name == "empty" || name == "starts_with") {
            return VisitStringCall(node, name);
        }
        if (IsKnownFunction(name)) {
            return InvalidParameter(name + " is not supported yet");
        }
        return InvalidParameter("function " + node.name + " not found");
    }

    static Status CheckArguments(const Node& node, size_t count) {
        if (node.children.size() != count) {
            return InvalidParameter(node.name + " takes " + std::to_string(count) +
                                    " arguments, got " + std::to_string(node.children.size()));
        }
        return Status();
    }

    Result<Operand> VisitArrayLength(const Node& node) {
        RETURN_IF_ERROR(CheckArguments(node, 1));
        ASSIGN_OR_RETURN(Operand operand, Visit(*node.children[0]));
        ColumnRef* column = std::get_if<ColumnRef>(&operand);
        if (column == nullptr || !(column->is_json() || column->is_whole_array())) {
            return InvalidParameter(
                "array_length operation are only supported on array or json fields now, got: " +
                OperandTypeName(operand));
        }
        return Operand(Length{std::move(*column)});
    }

    Result<Operand> VisitContains(const Node& node, const std::string& name) {
        RETURN_IF_ERROR(CheckArguments(node, 2));
        ASSIGN_OR_RETURN(Operand operand, Visit(*node.children[0]));
        ASSIGN_OR_RETURN(Operand argument, Visit(*node.children[1]));
        const ColumnRef* column = std::get_if<ColumnRef>(&operand);
        if (column == nullptr || !(column->is_json() || column->is_whole_array())) {
            return InvalidParameter(
                "contains operation are only supported on json or array fields now, got: " +
                OperandTypeName(operand));
        }
        Constant* constant = std::get_if<Constant>(&argument);
        if (constant == nullptr) {
            return InvalidParameter("contains operation's element must be a constant");
        }
        Contains contains;
        contains.column = *column;
        contains.all = name.ends_with("_all");
        if (!contains.all && !name.ends_with("_any")) {
            contains.values.push_back(std::move(constant->value));
        } else if (const Value::List* list = constant->value.list_if()) {
            contains.values = *list;
        } else {
            return InvalidParameter(name + " operation element must be an array");
        }
        if (!column->is_json()) {
            RETURN_IF_ERROR(CastElements(*column, &contains.values));
        }
        return Operand(MakePlan(std::move(contains)));
    }

    static Status CastElements(const ColumnRef& column, std::vector<Value>* values) {
        for (Value& value : *values) {
            Result<Value> cast = CastValue(value, column.element_type);
            if (!cast.ok()) {
                return Because("contains operation can't compare between array element type: " +
                                   TypeName(column.element_type) +
                                   " and elements type: " + std::string(ValueTypeName(value)),
                               cast.status());
            }
            value = std::move(*cast);
        }
        return Status();
    }

    Result<Operand> VisitStringCall(const Node& node, const std::string& name) {
        const bool is_empty = name == "empty";
        RETURN_IF_ERROR(CheckArguments(node, is_empty ? 1 : 2));
        ASSIGN_OR_RETURN(Operand operand, Visit(*node.children[0]));
        const ColumnRef* column = std::get_if<ColumnRef>(&operand);
        if (column == nullptr || !schema::IsStringLike(column->type)) {
            return InvalidParameter("function " + name + " can only be used on VarChar fields");
        }
        if (is_empty) {
            return Operand(MakePlan(Compare{*column, CompareOp::kEq, Value("")}));
        }
        ASSIGN_OR_RETURN(Operand argument, Visit(*node.children[1]));
        const Constant* constant = std::get_if<Constant>(&argument);
        const std::string* prefix = constant == nullptr ? nullptr : constant->value.string_if();
        if (prefix == nullptr) {
            return InvalidParameter("function starts_with needs a string constant");
        }
        return Operand(MakePlan(Like{*column, LikeKind::kPrefix, *prefix}));
    }

    const schema::CollectionSchema& schema_;
};

}  // namespace

Result<Plan> Analyze(const Node& root, const schema::CollectionSchema& schema) {
    return Analyzer(schema).Run(root);
}

}  // namespace elanus::expr
