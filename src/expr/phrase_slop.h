// How far from each other the words of a phrase stand in texts: the least slop with which
// phrase_match would accept each of them.
// Threads: pure.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::expr {

// Absent for a text that lacks a word of the phrase, and when the phrase has none. Errors: the
// analyzer's parameters.
base::Result<std::vector<std::optional<uint32_t>>> LeastSlops(const std::string& analyzer_params,
                                                              const std::string& phrase,
                                                              std::span<const std::string> texts);

}  // namespace elanus::expr
