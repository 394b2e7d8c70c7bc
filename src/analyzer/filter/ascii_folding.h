// The ASCII letters that stand for a letter outside ASCII, as Lucene's ASCIIFoldingFilter has them.
#pragma once

#include <cstdint>
#include <string_view>

namespace elanus::analyzer {

// Empty when `code` stays as it is.
std::string_view AsciiFoldingOf(uint32_t code);

}  // namespace elanus::analyzer
