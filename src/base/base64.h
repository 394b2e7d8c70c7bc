// Base64 of RFC 4648, padded. Threads: pure.
#pragma once

#include <string>
#include <string_view>

namespace elanus::base {

void AppendBase64(std::string_view bytes, std::string* out);
// Appends the bytes. False for text that is something else; then `out` may hold a part of them.
bool DecodeBase64(std::string_view text, std::string* out);

}  // namespace elanus::base
