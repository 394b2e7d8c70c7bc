// Patterns of `like`: % any run, _ one character (a UTF-8 one), \ takes the next character as it
// is. Threads: values; matching is const.
#pragma once

#include "expr/plan.h"

#include <string>
#include <string_view>
#include <vector>

namespace elanus::expr {

struct LikeShape {
    LikeKind kind = LikeKind::kEqual;
    std::string text;  // plain text, or the pattern itself for kGeneral
};

// Most patterns are a plain text with % at the ends; those need no matcher.
LikeShape ClassifyLike(std::string_view pattern);

class LikeMatcher {
  public:
    explicit LikeMatcher(std::string_view pattern);
    bool Matches(std::string_view text) const;

  private:
    enum class Kind : uint8_t { kByte, kAnyOne, kAnyRun };
    struct Element {
        Kind kind;
        char byte;
    };
    friend LikeShape ClassifyLike(std::string_view pattern);

    std::vector<Element> elements_;  // runs of % are one element
};

}  // namespace elanus::expr
