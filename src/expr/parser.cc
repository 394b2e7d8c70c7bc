#include "expr/parser.h"

#include "expr/constant.h"
#include "expr/plan.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace elanus::expr {

namespace {

// Binding strength of operators between two operands; 0 = no such operator.
enum Level : int {
    kNone = 0,
    kOrLevel,
    kAndLevel,
    kBitOrLevel,
    kBitXorLevel,
    kBitAndLevel,
    kEqualityLevel,
    kRelationLevel,
    kInLevel,
    kShiftLevel,
    kSumLevel,
    kProductLevel,
    kUnaryLevel,
    kPowerLevel,
    kMatchLevel,
};

int LevelOf(TokenKind kind) {
    switch (kind) {
        case TokenKind::kOr:
            return kOrLevel;
        case TokenKind::kAnd:
            return kAndLevel;
        case TokenKind::kBitOr:
            return kBitOrLevel;
        case TokenKind::kBitXor:
            return kBitXorLevel;
        case TokenKind::kBitAnd:
            return kBitAndLevel;
        case TokenKind::kEq:
        case TokenKind::kNe:
            return kEqualityLevel;
        case TokenKind::kLt:
        case TokenKind::kLe:
        case TokenKind::kGt:
        case TokenKind::kGe:
            return kRelationLevel;
        case TokenKind::kIn:
        case TokenKind::kNot:  // "not in" behind an operand
            return kInLevel;
        case TokenKind::kShiftLeft:
        case TokenKind::kShiftRight:
            return kShiftLevel;
        case TokenKind::kPlus:
        case TokenKind::kMinus:
            return kSumLevel;
        case TokenKind::kStar:
        case TokenKind::kSlash:
        case TokenKind::kPercent:
            return kProductLevel;
        case TokenKind::kPower:
            return kPowerLevel;
        case TokenKind::kLike:
        case TokenKind::kRegexMatch:
        case TokenKind::kRegexNotMatch:
            return kMatchLevel;
        default:
            return kNone;
    }
}

bool SameDirection(TokenKind a, TokenKind b) {
    const auto is_less = [](TokenKind kind) {
        return kind == TokenKind::kLt || kind == TokenKind::kLe;
    };
    return LevelOf(a) == kRelationLevel && LevelOf(b) == kRelationLevel && is_less(a) == is_less(b);
}

NodePtr NewNode(NodeKind kind) {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    return node;
}

NodePtr Literal(Value value) {
    NodePtr node = NewNode(NodeKind::kLiteral);
    node->value = std::move(value);
    return node;
}

// Constants are compared and sorted, which not-a-number would break; only a template can be one.
// The depth of a template's lists was bounded when it was decoded.
bool HoldsNan(const Value& value) {
    if (const double* number = value.double_if()) {
        return std::isnan(*number);
    }
    const Value::List* list = value.list_if();
    return list != nullptr && std::any_of(list->begin(), list->end(), HoldsNan);
}

class Parser {
  public:
    Parser(std::string_view text, const TemplateValues& templates)
        : lexer_(text), templates_(templates) {}

    base::Result<NodePtr> ParseAll() {
        RETURN_IF_ERROR(Advance());
        ASSIGN_OR_RETURN(NodePtr node, ParseExpression(kOrLevel));
        if (token_.kind != TokenKind::kEnd) {
            return Unexpected();
        }
        return node;
    }

  private:
    // Counts open constructs; every recursive path goes through ParseExpression or ParsePrefix.
    class Nesting {
      public:
        explicit Nesting(int* depth) : depth_(depth) { ++*depth_; }
        ~Nesting() { --*depth_; }
        Nesting(const Nesting&) = delete;
        Nesting& operator=(const Nesting&) = delete;

      private:
        int* depth_;
    };

    base::Status Advance() {
        ASSIGN_OR_RETURN(token_, lexer_.Next());
        return base::Status();
    }
    base::Status Unexpected() const {
        if (token_.kind == TokenKind::kEnd) {
            return SyntaxError(token_.position, "mismatched input '<EOF>'");
        }
        return SyntaxError(token_.position,
                           "mismatched input '" + std::string(token_.text.substr(0, 64)) + "'");
    }
    base::Status Expect(TokenKind kind) {
        if (token_.kind != kind) {
            return Unexpected();
        }
        return Advance();
    }

    // Takes a child into a node and keeps the depth honest.
    base::Status Adopt(Node* parent, NodePtr child) {
        RETURN_IF_ERROR(CheckDepth(child->depth + 1, &parent->depth));
        parent->children.push_back(std::move(child));
        return base::Status();
    }
    base::Status CheckDepth(int depth, int* parent_depth) const {
        *parent_depth = std::max(*parent_depth, depth);
        if (*parent_depth > kPlanDepthMax) {
            return SyntaxError(token_.position, "expression is nested too deeply");
        }
        return base::Status();
    }

    base::Result<NodePtr> ParseExpression(int level_min) {
        const Nesting nesting(&nesting_);
        if (nesting_ > kNestingMax) {
            return SyntaxError(token_.position, "expression is nested too deeply");
        }
        ASSIGN_OR_RETURN(NodePtr left, ParsePrefix());
        return ParseOperators(std::move(left), level_min);
    }
    base::Result<NodePtr> ParseOperators(NodePtr left, int level_min) {
        while (true) {
            const int level = LevelOf(token_.kind);
            if (level == kNone || level < level_min) {
                return left;
            }
            ASSIGN_OR_RETURN(left, ParseOperator(std::move(left), level));
        }
    }

    // token_ is the operator behind `left`.
    base::Result<NodePtr> ParseOperator(NodePtr left, int level) {
        const TokenKind op = token_.kind;
        switch (level) {
            case kOrLevel:
            case kAndLevel:
                return ParseLogical(std::move(left), op, level);
            case kInLevel:
                return ParseIn(std::move(left));
            case kMatchLevel:
                return ParseMatch(std::move(left), op);
            case kRelationLevel:
                return ParseRelation(std::move(left), op);
            default:
                break;
        }
        RETURN_IF_ERROR(Advance());
        ASSIGN_OR_RETURN(NodePtr right, ParseExpression(level + 1));
        NodePtr node = NewNode(level == kEqualityLevel ? NodeKind::kCompare : NodeKind::kBinary);
        node->op = op;
        RETURN_IF_ERROR(Adopt(node.get(), std::move(left)));
        RETURN_IF_ERROR(Adopt(node.get(), std::move(right)));
        return node;
    }

    // Long chains become one wide node, so that their depth does not grow.
    base::Result<NodePtr> ParseLogical(NodePtr left, TokenKind op, int level) {
        NodePtr node = NewNode(NodeKind::kLogical);
        node->op = op;
        RETURN_IF_ERROR(AdoptTerm(node.get(), std::move(left)));
        while (token_.kind == op) {
            RETURN_IF_ERROR(Advance());
            ASSIGN_OR_RETURN(NodePtr right, ParseExpression(level + 1));
            RETURN_IF_ERROR(AdoptTerm(node.get(), std::move(right)));
        }
        return node;
    }
    base::Status AdoptTerm(Node* parent, NodePtr child) {
        if (child->kind != NodeKind::kLogical || child->op != parent->op) {
            return Adopt(parent, std::move(child));
        }
        for (NodePtr& term : child->children) {
            RETURN_IF_ERROR(Adopt(parent, std::move(term)));
        }
        return base::Status();
    }

    base::Result<NodePtr> ParseIn(NodePtr left) {
        NodePtr node = NewNode(NodeKind::kIn);
        if (token_.kind == TokenKind::kNot) {
            node->negated = true;
            RETURN_IF_ERROR(Advance());
        }
        RETURN_IF_ERROR(Expect(TokenKind::kIn));
        ASSIGN_OR_RETURN(NodePtr right, ParseExpression(kShiftLevel));
        RETURN_IF_ERROR(Adopt(node.get(), std::move(left)));
        RETURN_IF_ERROR(Adopt(node.get(), std::move(right)));
        return node;
    }

    base::Result<NodePtr> ParseMatch(NodePtr left, TokenKind op) {
        const bool is_like = op == TokenKind::kLike;
        NodePtr node = NewNode(is_like ? NodeKind::kLike : NodeKind::kRegex);
        node->negated = op == TokenKind::kRegexNotMatch;
        RETURN_IF_ERROR(Advance());
        NodePtr pattern;
        if (token_.kind == TokenKind::kString) {
            std::string text(token_.text);  // a regular expression keeps its backslashes
            if (is_like) {
                ASSIGN_OR_RETURN(text, UnescapeLiteral(token_.text, EscapeMode::kPattern));
            }
            pattern = Literal(std::move(text));
            RETURN_IF_ERROR(Advance());
        } else if (token_.kind == TokenKind::kLeftBrace) {
            ASSIGN_OR_RETURN(pattern, ParseTemplate());
        } else {
            return Unexpected();
        }
        RETURN_IF_ERROR(Adopt(node.get(), std::move(left)));
        RETURN_IF_ERROR(Adopt(node.get(), std::move(pattern)));
        return node;
    }

    base::Result<NodePtr> ParseRelation(NodePtr left, TokenKind op) {
        RETURN_IF_ERROR(Advance());
        ASSIGN_OR_RETURN(NodePtr right, ParseExpression(kRelationLevel + 1));
        const bool is_range = SameDirection(op, token_.kind);
        NodePtr node = NewNode(is_range ? NodeKind::kRange : NodeKind::kCompare);
        node->op = op;
        RETURN_IF_ERROR(Adopt(node.get(), std::move(left)));
        RETURN_IF_ERROR(Adopt(node.get(), std::move(right)));
        if (is_range) {
            node->op2 = token_.kind;
            RETURN_IF_ERROR(Advance());
            ASSIGN_OR_RETURN(NodePtr third, ParseExpression(kRelationLevel + 1));
            RETURN_IF_ERROR(Adopt(node.get(), std::move(third)));
        }
        return node;
    }

    base::Result<NodePtr> ParsePrefix() {
        switch (token_.kind) {
            case TokenKind::kMinus:
            case TokenKind::kPlus:
            case TokenKind::kNot:
            case TokenKind::kTilde:
                return ParseUnary();
            case TokenKind::kExists:
                return ParseExists();
            case TokenKind::kLeftParen: {
                RETURN_IF_ERROR(Advance());
                ASSIGN_OR_RETURN(NodePtr node, ParseExpression(kOrLevel));
                RETURN_IF_ERROR(Expect(TokenKind::kRightParen));
                return node;
            }
            case TokenKind::kLeftBracket:
                return ParseList();
            case TokenKind::kLeftBrace:
                return ParseTemplate();
            case TokenKind::kIdentifier:
                return ParseName();
            case TokenKind::kDollar:
                return ParseCurrentElement();
            default:
                return ParseLiteral();
        }
    }

    base::Result<NodePtr> ParseUnary() {
        NodePtr node = NewNode(NodeKind::kUnary);
        node->op = token_.kind;
        RETURN_IF_ERROR(Advance());
        // The magnitude of the smallest Int64 exists only behind its minus.
        if (node->op == TokenKind::kMinus && token_.kind == TokenKind::kInteger &&
            token_.integer == uint64_t{1} << 63) {
            RETURN_IF_ERROR(Advance());
            return Literal(INT64_MIN);
        }
        ASSIGN_OR_RETURN(NodePtr operand, ParseExpression(kUnaryLevel));
        RETURN_IF_ERROR(Adopt(node.get(), std::move(operand)));
        return node;
    }

    base::Result<NodePtr> ParseExists() {
        NodePtr node = NewNode(NodeKind::kExists);
        RETURN_IF_ERROR(Advance());
        ASSIGN_OR_RETURN(NodePtr operand, ParseExpression(kUnaryLevel));
        RETURN_IF_ERROR(Adopt(node.get(), std::move(operand)));
        return node;
    }

    static bool IsScalarLiteral(TokenKind kind) {
        return kind == TokenKind::kTrue || kind == TokenKind::kFalse ||
               kind == TokenKind::kInteger || kind == TokenKind::kFloat ||
               kind == TokenKind::kString;
    }
    static bool EndsElement(TokenKind kind) {
        return kind == TokenKind::kComma || kind == TokenKind::kRightBracket;
    }

    base::Result<NodePtr> ParseLiteral() {
        if (!IsScalarLiteral(token_.kind)) {
            return Unexpected();
        }
        ASSIGN_OR_RETURN(Value value, ReadScalar());
        return Literal(std::move(value));
    }

    // The value of the literal at hand; moves behind it.
    base::Result<Value> ReadScalar() {
        Value value;
        switch (token_.kind) {
            case TokenKind::kInteger:
                if (token_.integer > static_cast<uint64_t>(INT64_MAX)) {
                    return SyntaxError(token_.position, "integer " + std::string(token_.text) +
                                                            " is out of range of Int64");
                }
                value = static_cast<int64_t>(token_.integer);
                break;
            case TokenKind::kFloat:
                value = token_.number;
                break;
            case TokenKind::kString: {
                ASSIGN_OR_RETURN(std::string text,
                                 UnescapeLiteral(token_.text, EscapeMode::kPlain));
                value = std::move(text);
                break;
            }
            default:
                value = token_.kind == TokenKind::kTrue;
                break;
        }
        RETURN_IF_ERROR(Advance());
        return value;
    }

    // [a, b, ] with constants; a trailing comma is allowed.
    base::Result<NodePtr> ParseList() {
        RETURN_IF_ERROR(Advance());
        NodePtr node = Literal(Value::List());
        auto& list = std::get<Value::List>(node->value.data);
        while (token_.kind != TokenKind::kRightBracket) {
            NodePtr element;
            if (IsScalarLiteral(token_.kind)) {
                ASSIGN_OR_RETURN(Value value, ReadScalar());
                // Nearly all elements of long lists are this simple: no node is made for them.
                if (EndsElement(token_.kind) && node->children.empty()) {
                    list.push_back(std::move(value));
                    if (token_.kind == TokenKind::kComma) {
                        RETURN_IF_ERROR(Advance());
                    }
                    continue;
                }
                ASSIGN_OR_RETURN(element, ParseOperators(Literal(std::move(value)), kOrLevel));
            } else {
                ASSIGN_OR_RETURN(element, ParseExpression(kOrLevel));
            }
            RETURN_IF_ERROR(FoldSign(element.get()));
            if (element->kind == NodeKind::kLiteral) {
                if (node->children.empty()) {
                    RETURN_IF_ERROR(CheckDepth(element->depth + 1, &node->depth));
                    list.push_back(std::move(element->value));
                } else {
                    RETURN_IF_ERROR(Adopt(node.get(), std::move(element)));
                }
            } else {
                RETURN_IF_ERROR(AdoptComputed(node.get(), &list, std::move(element)));
            }
            if (token_.kind != TokenKind::kComma) {
                break;
            }
            RETURN_IF_ERROR(Advance());
        }
        RETURN_IF_ERROR(Expect(TokenKind::kRightBracket));
        return node;
    }
    // The first element that is no plain literal turns the list into one of nodes.
    base::Status AdoptComputed(Node* node, Value::List* list, NodePtr element) {
        for (Value& value : *list) {
            RETURN_IF_ERROR(Adopt(node, Literal(std::move(value))));
        }
        list->clear();
        return Adopt(node, std::move(element));
    }
    // Negative numbers are common in lists: fold them here and keep the list flat.
    static base::Status FoldSign(Node* node) {
        if (node->kind != NodeKind::kUnary || node->op != TokenKind::kMinus ||
            node->children[0]->kind != NodeKind::kLiteral) {
            return base::Status();
        }
        ASSIGN_OR_RETURN(node->value, Negate(node->children[0]->value));
        node->kind = NodeKind::kLiteral;
        node->children.clear();
        node->depth = 1;
        return base::Status();
    }

    base::Result<NodePtr> ParseTemplate() {
        RETURN_IF_ERROR(Advance());
        if (token_.kind != TokenKind::kIdentifier) {
            return Unexpected();
        }
        const std::string name(token_.text);
        RETURN_IF_ERROR(Advance());
        RETURN_IF_ERROR(Expect(TokenKind::kRightBrace));
        const auto found = templates_.find(name);
        if (found == templates_.end()) {
            return base::InvalidParameter("the value of expression template variable name {" +
                                          name + "} is not found");
        }
        if (HoldsNan(found->second)) {
            return base::InvalidParameter("the value of expression template variable name {" +
                                          name + "} is not a number");
        }
        NodePtr node = Literal(found->second);
        node->is_template = true;
        return node;
    }

    // A name, a path, a call, or a name with "is null" behind it.
    base::Result<NodePtr> ParseName() {
        NodePtr node = NewNode(NodeKind::kColumn);
        node->name = token_.text;
        RETURN_IF_ERROR(Advance());
        if (token_.kind == TokenKind::kLeftParen) {
            return ParseCall(std::move(node->name));
        }
        if (IsTimeWord(node->name) &&
            (token_.kind == TokenKind::kString || token_.kind == TokenKind::kLeftBrace)) {
            return ParseTime(node->name);
        }
        RETURN_IF_ERROR(ParsePath(node.get()));
        if (token_.kind != TokenKind::kIsNull && token_.kind != TokenKind::kIsNotNull) {
            return node;
        }
        NodePtr test = NewNode(NodeKind::kNullTest);
        test->negated = token_.kind == TokenKind::kIsNotNull;
        RETURN_IF_ERROR(Advance());
        RETURN_IF_ERROR(Adopt(test.get(), std::move(node)));
        return test;
    }
    static bool IsTimeWord(std::string_view name) {
        return name == "iso" || name == "ISO" || name == "interval" || name == "INTERVAL";
    }

    // ISO '2025-01-01T00:00:00Z' and INTERVAL 'P1D'; token_ is what stands behind the word.
    base::Result<NodePtr> ParseTime(std::string_view word) {
        const bool is_interval = word == "interval" || word == "INTERVAL";
        NodePtr node = NewNode(is_interval ? NodeKind::kInterval : NodeKind::kTime);
        ASSIGN_OR_RETURN(NodePtr text, ParsePrefix());
        RETURN_IF_ERROR(Adopt(node.get(), std::move(text)));
        return node;
    }

    base::Status ParsePath(Node* node) {
        while (token_.kind == TokenKind::kLeftBracket) {
            RETURN_IF_ERROR(Advance());
            PathStep step;
            if (token_.kind == TokenKind::kString) {
                step.kind = PathStep::Kind::kKey;
                ASSIGN_OR_RETURN(step.text, UnescapeLiteral(token_.text, EscapeMode::kPlain));
            } else if (token_.kind == TokenKind::kInteger) {
                step.kind = PathStep::Kind::kIndex;
                step.text = std::to_string(token_.integer);
            } else if (token_.kind == TokenKind::kIdentifier) {
                step.kind = PathStep::Kind::kSubField;
                step.text = token_.text;
            } else {
                return Unexpected();
            }
            node->path.push_back(std::move(step));
            RETURN_IF_ERROR(Advance());
            RETURN_IF_ERROR(Expect(TokenKind::kRightBracket));
        }
        return base::Status();
    }

    // $[sub], the current element inside element_filter and match_*.
    base::Result<NodePtr> ParseCurrentElement() {
        NodePtr node = NewNode(NodeKind::kColumn);
        node->name = "$";
        RETURN_IF_ERROR(Advance());
        if (token_.kind != TokenKind::kLeftBracket) {
            return Unexpected();
        }
        RETURN_IF_ERROR(ParsePath(node.get()));
        return node;
    }

    base::Result<NodePtr> ParseCall(std::string name) {
        NodePtr node = NewNode(NodeKind::kCall);
        node->name = std::move(name);
        RETURN_IF_ERROR(Advance());
        while (token_.kind != TokenKind::kRightParen) {
            ASSIGN_OR_RETURN(NodePtr argument, ParseExpression(kOrLevel));
            if (token_.kind == TokenKind::kAssign) {
                const std::string option = argument->name;
                if (argument->kind != NodeKind::kColumn || !argument->path.empty()) {
                    return Unexpected();
                }
                RETURN_IF_ERROR(Advance());
                ASSIGN_OR_RETURN(argument, ParseExpression(kOrLevel));
                argument->option = option;
            }
            RETURN_IF_ERROR(Adopt(node.get(), std::move(argument)));
            if (token_.kind != TokenKind::kComma) {
                break;
            }
            RETURN_IF_ERROR(Advance());
        }
        RETURN_IF_ERROR(Expect(TokenKind::kRightParen));
        return node;
    }

    Lexer lexer_;
    const TemplateValues& templates_;
    Token token_;
    int nesting_ = 0;
};

}  // namespace

base::Result<NodePtr> Parse(std::string_view text, const TemplateValues& templates) {
    if (text.size() > kFilterBytesMax) {
        return base::InvalidParameter("expression is longer than " +
                                      std::to_string(kFilterBytesMax) + " bytes");
    }
    return Parser(text, templates).ParseAll();
}

}  // namespace elanus::expr
