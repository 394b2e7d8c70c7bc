// Steps through the members of a JSON object's top level without building a tree: what the check of
// dynamic rows and the choice of dynamic output keys need.
//
// The text must have passed json::Validate as an object; other text ends the walk early, but
// nothing outside it is read.
#pragma once

#include <string_view>

namespace elanus::proxy {

class JsonMembers {
  public:
    explicit JsonMembers(std::string_view object);

    struct Member {
        std::string_view key;    // as written between the quotes, escapes kept
        std::string_view value;  // raw text
    };
    // False at the end.
    bool Next(Member* member);

  private:
    void SkipSpace();
    bool SkipString();
    bool SkipValue();

    std::string_view text_;
    size_t position_ = 0;
};

}  // namespace elanus::proxy
