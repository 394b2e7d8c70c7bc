#include "base/parse.h"

#include <charconv>
#include <cmath>

namespace elanus::base {

bool ParseInt(std::string_view text, int64_t* value) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
    return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

bool ParseBool(std::string_view text, bool* value) {
    for (const char* yes : {"true", "True", "TRUE", "1", "t", "T"}) {
        if (text == yes) {
            *value = true;
            return true;
        }
    }
    for (const char* no : {"false", "False", "FALSE", "0", "f", "F"}) {
        if (text == no) {
            *value = false;
            return true;
        }
    }
    return false;
}

bool ParseReal(std::string_view text, double* value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
    return error == std::errc() && end == text.data() + text.size() && std::isfinite(*value);
}

}  // namespace elanus::base
