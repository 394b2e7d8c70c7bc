#include "expr/text_number.h"

#include <charconv>

namespace elanus::expr {

std::optional<double> TextNumber(std::string_view text) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) {
            return std::nullopt;
        }
    }
    // from_chars reads "inf" and "nan" as well.
    const size_t first = text.starts_with('-') ? 1 : 0;
    if (first == text.size() || (text[first] != '.' && (text[first] < '0' || text[first] > '9'))) {
        return std::nullopt;
    }
    double number = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number, std::chars_format::general);
    return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

}  // namespace elanus::expr
