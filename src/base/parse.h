// Texts of parameters as values. Threads: pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace elanus::base {

// The whole text as a whole number, with or without a sign.
bool ParseInt(std::string_view text, int64_t* value);
// true, True, TRUE, 1, t, T and their opposites: what Milvus takes.
bool ParseBool(std::string_view text, bool* value);
// The whole text as a finite number.
bool ParseReal(std::string_view text, double* value);

}  // namespace elanus::base
