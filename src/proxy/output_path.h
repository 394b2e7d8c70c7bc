// Names of outputs and order keys that point into a field: `struct[sub]`, `$meta["key"]`,
// `json["key"]["key"]`.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace elanus::proxy {

// Without the blanks around it.
std::string_view TrimBlanks(std::string_view text);

// `name["a"]['b'][0]` taken apart: the name, and the keys between the brackets. Empty keys when the
// text has another form. A bare word between brackets is allowed: `struct[sub]`.
struct Subscripts {
    std::string_view name;
    std::vector<std::string> keys;
    bool bare = false;
};
Subscripts SplitSubscripts(std::string_view text);

}  // namespace elanus::proxy
