// TextNumber: the number that a text stands for, by the one rule that scans and indexes of JSON
// paths share (docs/adr/0013-scalar-indexes.md).
// Threads: a pure function.
#pragma once

#include <optional>
#include <string_view>

namespace elanus::expr {

// The whole text is a decimal number: a sign or none, digits with or without a point, an exponent
// or none ("7", "-0.5", "+1e3", ".5", "007"). Absent for all else: blanks, hexadecimal, infinities,
// NaN, and what a double cannot hold.
std::optional<double> TextNumber(std::string_view text);

}  // namespace elanus::expr
