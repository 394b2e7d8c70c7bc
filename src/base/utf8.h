// UTF-8 validity as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
// Threads: a pure function.
#pragma once

#include <string_view>

namespace elanus::base {

bool IsValidUtf8(std::string_view text);

}  // namespace elanus::base
