// Syntax tree of a filter: what was written, before names and types are known.
// Invariant: a node's depth is bounded by kPlanDepthMax, so recursion over a tree is.
#pragma once

#include "expr/lexer.h"
#include "expr/value.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace elanus::expr {

enum class NodeKind : uint8_t {
    kLiteral,   // value; lists of constants are literals too
    kTime,      // ISO child (a literal)
    kInterval,  // INTERVAL child (a literal)
    kColumn,    // name, path
    kUnary,     // op child: kMinus, kPlus, kNot, kTilde
    kBinary,    // child op child: arithmetic, bits, shifts, power
    kCompare,   // child op child
    kLogical,   // kAnd or kOr over two or more children
    kRange,     // low op column op2 high
    kIn,        // child in child; negated for "not in"
    kLike,      // child like child (a literal)
    kRegex,     // child =~ child; negated for !~
    kNullTest,  // column is null; negated for "is not null"
    kExists,    // exists child
    kCall,      // name(children)
};

struct PathStep {
    enum class Kind : uint8_t { kKey, kIndex, kSubField };
    Kind kind = Kind::kKey;
    std::string text;
};

struct Node;
using NodePtr = std::unique_ptr<Node>;

struct Node {
    NodeKind kind = NodeKind::kLiteral;
    TokenKind op = TokenKind::kEnd;
    TokenKind op2 = TokenKind::kEnd;
    bool negated = false;
    bool is_template = false;  // the literal came from a template parameter
    int depth = 1;
    Value value;
    std::string name;
    std::string option;  // of an argument written as option=value
    std::vector<PathStep> path;
    std::vector<NodePtr> children;
};

}  // namespace elanus::expr
