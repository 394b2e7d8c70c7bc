#include "function/function_params.h"

#include "base/ascii.h"
#include "base/parse.h"
#include "base/phrase.h"

namespace elanus::function {

using base::Invalid;

FunctionParams::FunctionParams(const schema::KeyValues& params) {
    for (const auto& [key, value] : params) {
        values_.emplace(base::AsciiLower(key), value);
    }
}

std::string FunctionParams::Text(const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? std::string() : found->second;
}

std::string FunctionParams::Word(const std::string& key) const {
    return base::AsciiLower(Text(key));
}

base::Result<std::optional<double>> FunctionParams::Number(std::string_view what,
                                                           const std::string& key) const {
    if (!Has(key)) {
        return std::optional<double>();
    }
    double value = 0;
    if (!base::ParseReal(Text(key), &value)) {
        return Invalid(what, " ", key, ": ", Text(key), " is not a number");
    }
    return std::optional<double>(value);
}

base::Result<std::optional<int64_t>> FunctionParams::Integer(const std::string& key) const {
    if (!Has(key)) {
        return std::optional<int64_t>();
    }
    int64_t value = 0;
    if (!base::ParseInt(Text(key), &value)) {
        return Invalid("[", key, " param's value: ", Text(key), "] is not a valid number");
    }
    return std::optional<int64_t>(value);
}

base::Result<std::optional<bool>> FunctionParams::Bool(const std::string& key) const {
    if (!Has(key)) {
        return std::optional<bool>();
    }
    bool value = false;
    if (!base::ParseBool(Text(key), &value)) {
        return Invalid("[", key, " param's value: ", Text(key),
                       "] is invalid, only supports: [true/false]");
    }
    return std::optional<bool>(value);
}

}  // namespace elanus::function
