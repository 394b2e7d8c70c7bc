#include "expr/constant_filter.h"

#include "expr/analyzer.h"
#include "expr/parser.h"

#include <algorithm>

namespace elanus::expr {

namespace {

enum class Known : uint8_t { kNo, kTrue, kFalse };

bool ReadsRows(const Node& node) {
    return node.kind == NodeKind::kColumn || node.kind == NodeKind::kCall ||
           std::any_of(node.children.begin(), node.children.end(),
                       [](const NodePtr& child) { return ReadsRows(*child); });
}

class Folder {
  public:
    Folder(const schema::CollectionSchema& schema, const ParseOptions& options)
        : schema_(schema), options_(options) {}

    Known Fold(const Node& node) const {
        if (!ReadsRows(node)) {
            const base::Result<Plan> plan = Analyze(node, schema_, options_);
            return !plan.ok()              ? Known::kNo
                   : plan->IsAlwaysTrue()  ? Known::kTrue
                   : plan->IsAlwaysFalse() ? Known::kFalse
                                           : Known::kNo;
        }
        if (node.kind == NodeKind::kUnary && node.op == TokenKind::kNot) {
            const Known inner = Fold(*node.children[0]);
            return inner == Known::kNo ? inner : Negated(inner);
        }
        if (node.kind == NodeKind::kLogical) {
            return node.op == TokenKind::kAnd ? FoldTerms(node, Known::kFalse)
                                              : FoldTerms(node, Known::kTrue);
        }
        return Known::kNo;
    }

  private:
    static Known Negated(Known known) {
        return known == Known::kTrue ? Known::kFalse : Known::kTrue;
    }
    // `decisive`: what one term alone makes of the whole.
    Known FoldTerms(const Node& node, Known decisive) const {
        bool all_known = true;
        for (const NodePtr& child : node.children) {
            const Known known = Fold(*child);
            if (known == decisive) {
                return decisive;
            }
            all_known = all_known && known != Known::kNo;
        }
        return all_known ? Negated(decisive) : Known::kNo;
    }

    const schema::CollectionSchema& schema_;
    const ParseOptions& options_;
};

}  // namespace

bool IsConstantlyTrue(std::string_view text, const schema::CollectionSchema& schema,
                      const TemplateValues& templates, const ParseOptions& options) {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return true;
    }
    const base::Result<NodePtr> tree = Parse(text, templates);
    return tree.ok() && Folder(schema, options).Fold(**tree) == Known::kTrue;
}

}  // namespace elanus::expr
