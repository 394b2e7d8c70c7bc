#include "expr/analyzer.h"

#include "expr/call.h"
#include "expr/comparison.h"
#include "expr/constant.h"
#include "expr/like_pattern.h"
#include "expr/name_resolver.h"
#include "expr/operand.h"
#include "expr/rewrite.h"
#include "regex/regex.h"

#include <algorithm>
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

bool IsNumericOrJson(DataType type) {
    return schema::IsNumeric(type) || type == DataType::kJson;
}

bool IsScalarOrJson(DataType type) {
    return IsNumericOrJson(type) || schema::IsStringLike(type) || type == DataType::kBool ||
           type == DataType::kTimestamptz;
}

// The node that decides which rows of the others count: the plan itself or the last term of an And.
template <typename Node>
const Node* LastTerm(const Plan& plan) {
    const And* conjunction = std::get_if<And>(&plan.node);
    return std::get_if<Node>(conjunction == nullptr ? &plan.node : &conjunction->terms.back().node);
}
bool EndsInSample(const Plan& plan) {
    return LastTerm<RandomSample>(plan) != nullptr;
}
bool EndsInElementFilter(const Plan& plan) {
    const ElementMatch* match = LastTerm<ElementMatch>(plan);
    return match != nullptr && match->rule == ElementRule::kFilter;
}

// The name of the expression that may not stand here; blank when the plan is like any other.
std::string_view RestrictedKind(const Plan& plan) {
    if (EndsInSample(plan)) {
        return "random sample expression";
    }
    return EndsInElementFilter(plan) ? "element filter expression" : "";
}

class Analyzer {
  public:
    Analyzer(const schema::CollectionSchema& schema, const ParseOptions& options)
        : schema_(schema), options_(options), names_(schema, options.text_numbers) {}

    Result<Plan> Run(const Node& root) {
        ASSIGN_OR_RETURN(Operand operand, Visit(root));
        std::optional<Plan> plan = AsPredicate(std::move(operand));
        if (!plan.has_value()) {
            return InvalidParameter("predicate is not a boolean expression, data type: " +
                                    OperandTypeName(operand));
        }
        return SimplifyFilter(std::move(*plan), [this](const ColumnRef& column) {
            return names_.IsNullable(column);
        });
    }

  private:
    Result<Operand> Visit(const Node& node) {
        switch (node.kind) {
            case NodeKind::kLiteral:
                return VisitLiteral(node);
            case NodeKind::kColumn: {
                ASSIGN_OR_RETURN(ColumnRef column, names_.Resolve(node));
                if (column.type == DataType::kText) {
                    return InvalidParameter("filter on text field (" + node.name +
                                            ") is not supported");
                }
                return Operand(std::move(column));
            }
            case NodeKind::kTime:
                return VisitTime(node);
            case NodeKind::kInterval:
                return VisitInterval(node);
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

    // ---- constants and arithmetic

    // ISO '...': a moment, in the zone of the request when it names none.
    Result<Operand> VisitTime(const Node& node) {
        const std::string* text = node.children[0]->value.string_if();
        if (text == nullptr) {
            return InvalidParameter("ISO stands in front of a timestamp string");
        }
        ASSIGN_OR_RETURN(const int64_t us, calendar::ParseTimestamp(*text, options_.time_zone));
        return Operand(Constant{Value(us), false, true});
    }
    static Result<Operand> VisitInterval(const Node& node) {
        const std::string* text = node.children[0]->value.string_if();
        if (text == nullptr) {
            return InvalidParameter("INTERVAL stands in front of a duration string");
        }
        ASSIGN_OR_RETURN(const calendar::Duration duration, calendar::ParseDuration(*text));
        return Operand(Interval{duration});
    }

    Result<Operand> VisitLiteral(const Node& node) {
        if (node.children.empty()) {
            return Operand(Constant{node.value, node.is_template, false});
        }
        Value::List list;
        for (const NodePtr& child : node.children) {
            ASSIGN_OR_RETURN(Operand element, Visit(*child));
            Constant* constant = std::get_if<Constant>(&element);
            if (constant == nullptr || constant->is_timestamp) {
                return InvalidParameter("value in list cannot be a non-const expression");
            }
            list.push_back(std::move(constant->value));
        }
        return Operand(Constant{std::move(list), false, false});
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
            if (const std::string_view kind = RestrictedKind(*plan); !kind.empty()) {
                return InvalidParameter(std::string(kind) + " cannot be used in unary expression");
            }
            return Operand(MakeNot(std::move(*plan)));
        }
        const Constant* constant = std::get_if<Constant>(&operand);
        if (constant == nullptr || !constant->value.is_number() || constant->is_timestamp) {
            return InvalidParameter(
                "unary '+' and '-' can only be applied on integer or floating constants");
        }
        if (node.op == TokenKind::kPlus) {
            return operand;
        }
        ASSIGN_OR_RETURN(Value negative, Negate(constant->value));
        return Operand(Constant{std::move(negative), constant->is_template, false});
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
        if ((left_constant != nullptr && left_constant->is_timestamp) ||
            (right_constant != nullptr && right_constant->is_timestamp)) {
            return InvalidParameter("arithmetic operations on ISO timestamps are not supported");
        }
        if (const Interval* interval = std::get_if<Interval>(&right)) {
            return ShiftColumn(node.op, left, *interval);
        }
        if (left_constant != nullptr && right_constant != nullptr) {
            RETURN_IF_ERROR(CheckNoTemplates(*left_constant, *right_constant, node.op));
            ASSIGN_OR_RETURN(Value folded,
                             FoldArithmetic(node.op, left_constant->value, right_constant->value));
            return Operand(Constant{std::move(folded), false, false});
        }
        if (node.op == TokenKind::kPower) {
            return InvalidParameter("power can only apply on constants");
        }
        return ColumnArithmetic(node.op, left, right);
    }

    static Result<Operand> ShiftColumn(TokenKind op, const Operand& left,
                                       const Interval& interval) {
        const ColumnRef* column = std::get_if<ColumnRef>(&left);
        if (column == nullptr || column->value_type() != DataType::kTimestamptz ||
            (op != TokenKind::kPlus && op != TokenKind::kMinus)) {
            return InvalidParameter(
                "an INTERVAL can only be added to or subtracted from a Timestamptz field");
        }
        return Operand(ShiftedTime{
            *column, interval.duration,
            op == TokenKind::kPlus ? calendar::Direction::kAdd : calendar::Direction::kSubtract});
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
            if (left_constant->is_timestamp != right_constant->is_timestamp) {
                return NotComparable(left, right);
            }
            ASSIGN_OR_RETURN(const bool holds,
                             FoldCompare(op, left_constant->value, right_constant->value));
            return holds ? MakePlan(AlwaysTrue{}) : MakePlan(AlwaysFalse{});
        }
        if (left_constant != nullptr) {
            std::swap(left, right);
            op = Mirror(op);
        }
        if (const Constant* constant = std::get_if<Constant>(&right)) {
            return CompareWithConstant(left, op, *constant);
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
        RangeEnds ends{*low, *high, node.op == TokenKind::kLe || node.op == TokenKind::kGe,
                       node.op2 == TokenKind::kLe || node.op2 == TokenKind::kGe};
        if (node.op == TokenKind::kGt || node.op == TokenKind::kGe) {
            std::swap(ends.low, ends.high);
            std::swap(ends.low_inclusive, ends.high_inclusive);
        }
        if (column->is_whole_array()) {
            return InvalidParameter("can not comparisons array fields directly");
        }
        return MakeRange(*column, ends);
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
            RETURN_IF_ERROR(CheckPlace(*term, is_and, &child == &node.children.back()));
            terms.push_back(std::move(*term));
        }
        return is_and ? MakeAnd(std::move(terms)) : MakeOr(std::move(terms));
    }

    // Samples and element filters say what becomes of the rows that all other terms left.
    static Status CheckPlace(const Plan& term, bool is_and, bool is_last) {
        const std::string kind(RestrictedKind(term));
        if (kind.empty() || (is_and && is_last)) {
            return Status();
        }
        return InvalidParameter(
            kind + (is_and ? " can only be the last expression in the logical and expression"
                           : " cannot be used in logical or expression"));
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
        if (!IsScalarOrJson(column->value_type())) {
            return InvalidParameter("'term' cannot be used on fields of type " +
                                    TypeName(column->value_type()));
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
        if (node.negated && in.values.empty() && !column->is_json() &&
            !names_.IsNullable(*column)) {
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
        ASSIGN_OR_RETURN(ColumnRef column, names_.Resolve(*node.children[0]));
        if (column.is_element() || column.sub_field >= 0) {
            return InvalidParameter(
                "IsNull/IsNotNull operations are not supported on array elements");
        }
        if (schema::IsVector(column.type)) {
            return InvalidParameter(
                "IsNull/IsNotNull operations are not supported on vector fields");
        }
        if (!column.json_path.empty()) {
            return MakePathNullTest(std::move(column), node.negated);
        }
        Plan plan = MakePlan(IsNull{std::move(column)});
        return node.negated ? MakeNot(std::move(plan)) : std::move(plan);
    }

    // A path of a null document is null as well: a null test is never unknown.
    Plan MakePathNullTest(ColumnRef column, bool negated) const {
        ColumnRef document = column;
        document.json_path.clear();
        const bool may_be_null = names_.IsNullable(document);
        Plan test = MakeNot(MakePlan(Exists{std::move(column)}));
        if (may_be_null) {
            std::vector<Plan> either;
            either.push_back(MakePlan(IsNull{std::move(document)}));
            either.push_back(std::move(test));
            test = MakeOr(std::move(either));
        }
        return negated ? MakeNot(std::move(test)) : std::move(test);
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
        Call call{node.name, FunctionName(node.name), {}};
        if (call.name.empty()) {
            return InvalidParameter("function " + node.name + " not found");
        }
        if (call.name == "element_filter" || call.name.starts_with("match_")) {
            ASSIGN_OR_RETURN(Plan plan, VisitElementCall(node, call.name));
            return Operand(std::move(plan));
        }
        for (const NodePtr& child : node.children) {
            if (TakesText(call.name) && child->kind == NodeKind::kColumn) {
                ASSIGN_OR_RETURN(ColumnRef column, names_.Resolve(*child));
                call.arguments.push_back({child->option, Operand(std::move(column))});
                continue;
            }
            ASSIGN_OR_RETURN(Operand operand, Visit(*child));
            call.arguments.push_back({child->option, std::move(operand)});
        }
        return MakeCall(std::move(call), schema_, options_);
    }

    static ElementRule RuleOf(std::string_view name) {
        if (name == "match_any") {
            return ElementRule::kAny;
        }
        if (name == "match_all") {
            return ElementRule::kAll;
        }
        if (name == "match_least") {
            return ElementRule::kLeast;
        }
        if (name == "match_most") {
            return ElementRule::kMost;
        }
        return name == "match_exact" ? ElementRule::kExact : ElementRule::kFilter;
    }

    // element_filter(structArr, predicate), match_any(structArr, predicate),
    // match_least(structArr, predicate, threshold=N)
    Result<Plan> VisitElementCall(const Node& node, const std::string& name) {
        ElementMatch match;
        match.rule = RuleOf(name);
        const bool has_threshold = match.rule >= ElementRule::kLeast;
        RETURN_IF_ERROR(CheckArguments(node.name, node.children.size(), has_threshold ? 3 : 2));
        if (names_.in_element()) {
            return InvalidParameter(name + " cannot be used inside of an element predicate");
        }
        const Node& target = *node.children[0];
        const schema::FieldSchema* field = target.kind == NodeKind::kColumn && target.path.empty()
                                               ? schema_.FindField(target.name)
                                               : nullptr;
        if (field == nullptr || field->type != DataType::kArrayOfStruct) {
            return InvalidParameter(name + " can only be used on a struct array field");
        }
        match.column.field_id = field->id;
        match.column.type = field->type;
        if (has_threshold) {
            if (!IsOption(node.children[2]->option, "threshold")) {
                return InvalidParameter(name + " needs threshold=N as its last argument");
            }
            ASSIGN_OR_RETURN(const Operand threshold, Visit(*node.children[2]));
            const int64_t least = match.rule == ElementRule::kLeast ? 1 : 0;
            ASSIGN_OR_RETURN(match.threshold,
                             IntegerArgument("threshold", threshold, least, INT64_MAX));
        }
        ASSIGN_OR_RETURN(Plan predicate, VisitElementPredicate(*node.children[1], *field));
        match.predicate.push_back(std::move(predicate));
        return MakePlan(std::move(match));
    }

    Result<Plan> VisitElementPredicate(const Node& node, const schema::FieldSchema& field) {
        names_.EnterElement(&field);
        Result<Operand> operand = Visit(node);
        names_.LeaveElement();
        RETURN_IF_ERROR(operand.status());
        const std::string type = OperandTypeName(*operand);
        std::optional<Plan> predicate = AsPredicate(std::move(*operand));
        if (!predicate.has_value()) {
            return InvalidParameter("the predicate on elements of " + field.name +
                                    " is not a boolean expression, data type: " + type);
        }
        if (EndsInSample(*predicate)) {
            return InvalidParameter("random_sample cannot be used inside of an element predicate");
        }
        return std::move(*predicate);
    }

    const schema::CollectionSchema& schema_;
    const ParseOptions& options_;
    NameResolver names_;
};

}  // namespace

Result<Plan> Analyze(const Node& root, const schema::CollectionSchema& schema,
                     const ParseOptions& options) {
    return Analyzer(schema, options).Run(root);
}

}  // namespace elanus::expr
