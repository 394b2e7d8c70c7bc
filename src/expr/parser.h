// Parser of the filter language: text to syntax tree, by precedence climbing.
//
// Levels, tightest first (API map 4.2): primary; like =~ !~; **; unary + - ~ ! not; * / %; + -;
// << >>; in, not in; < <= > >= and chained ranges; == !=; &; ^; |; and; or.
// Limits: text size, nesting of the text and depth of the tree; nothing recurses without a bound.
#pragma once

#include "base/status.h"
#include "expr/ast.h"
#include "expr/template_values.h"

#include <string_view>

namespace elanus::expr {

inline constexpr size_t kFilterBytesMax = size_t{32} << 20;
// Parentheses, brackets and prefix operators that may be open at once.
inline constexpr int kNestingMax = 256;

base::Result<NodePtr> Parse(std::string_view text, const TemplateValues& templates);

}  // namespace elanus::expr
