// Parameters as text: parsing and the ranges families declare.
#pragma once

#include "base/status.h"
#include "vindex/index.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace elanus::vindex {

inline constexpr int64_t kHnswMMin = 2;
inline constexpr int64_t kHnswMMax = 2048;
inline constexpr int64_t kHnswMDefault = 30;
inline constexpr int64_t kHnswEfConstructionDefault = 360;
inline constexpr int64_t kIntMax = std::numeric_limits<int32_t>::max();

// kWord: a choice in any case.
enum class ParamKind : uint8_t { kInt, kBool, kNumber, kChoice, kWord };

struct ParamSpec {
    std::string_view name;
    ParamKind kind = ParamKind::kInt;
    int64_t min = 0;
    int64_t max = kIntMax;
    std::string_view default_text;  // empty: depends on the request
    // kNumber: low <= x <= high, or x < high.
    double low = 0;
    double high = 0;
    bool high_open = false;
    std::span<const std::string_view> choices = {};  // kChoice, kWord
};

// A whole number in decimal, or in JSON quotes; nothing else.
std::optional<int64_t> ParseInt(std::string_view text);
// Any decimal number, or one in JSON quotes.
std::optional<double> ParseNumber(std::string_view text);

// The parameter as a number, when it is there and is one.
std::optional<int64_t> IntParam(const ParamMap& params, const std::string& name);
std::optional<double> NumberParam(const ParamMap& params, const std::string& name);
std::optional<bool> BoolParam(const ParamMap& params, const std::string& name);

// A search keeps at least as many rows on its way as it is asked for: raises what says how many it
// keeps, whatever the index calls it, to `k`.
void RaiseEffort(size_t k, ParamMap* params);
// The parameter in upper case; empty when it is not there.
std::string WordParam(const ParamMap& params, const std::string& name);

// kInvalidParameter, in Knowhere's words, for the first of `params` that breaks its spec.
// Parameters without a spec pass.
base::Status CheckParams(std::span<const ParamSpec> specs, const ParamMap& params);

}  // namespace elanus::vindex
