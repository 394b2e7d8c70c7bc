#include "vindex/param.h"

#include <algorithm>
#include <charconv>

namespace elanus::vindex {
namespace {

std::string_view Unquote(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        return text.substr(1, text.size() - 2);
    }
    return text;
}

std::string Upper(std::string_view text) {
    std::string upper(text);
    for (char& c : upper) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return upper;
}

template <typename T>
std::optional<T> Parse(std::string_view quoted) {
    const std::string_view text = Unquote(quoted);
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<bool> ParseBool(std::string_view text) {
    const std::string_view value = Unquote(text);
    if (value == "true" || value == "True") {
        return true;
    }
    return value == "false" || value == "False" ? std::optional<bool>(false) : std::nullopt;
}

std::string Shown(const ParamSpec& spec, std::string_view text) {
    return "param '" + std::string(spec.name) + "' (" + std::string(text) + ") should be ";
}

base::Status CheckNumber(const ParamSpec& spec, std::string_view text) {
    const std::optional<double> value = ParseNumber(text);
    if (!value.has_value()) {
        return base::InvalidParameter("Type conflict in json: " + Shown(spec, text) + "a number");
    }
    const bool fits =
        *value >= spec.low && *value <= spec.high && (!spec.high_open || *value < spec.high);
    return fits ? base::Status()
                : base::InvalidParameter("Out of range in json: " + Shown(spec, text) +
                                         "in range [" + std::to_string(spec.low) + ", " +
                                         std::to_string(spec.high) + (spec.high_open ? ")" : "]"));
}

base::Status CheckChoice(const ParamSpec& spec, std::string_view text) {
    const std::string word =
        spec.kind == ParamKind::kWord ? Upper(Unquote(text)) : std::string(Unquote(text));
    if (std::find(spec.choices.begin(), spec.choices.end(), word) != spec.choices.end()) {
        return base::Status();
    }
    std::string known;
    for (const std::string_view choice : spec.choices) {
        known += (known.empty() ? "" : ", ") + std::string(choice);
    }
    return base::InvalidParameter("Out of range in json: " + Shown(spec, text) + "one of [" +
                                  known + "]");
}

base::Status CheckParam(const ParamSpec& spec, std::string_view text) {
    if (spec.kind == ParamKind::kNumber) {
        return CheckNumber(spec, text);
    }
    if (spec.kind == ParamKind::kChoice || spec.kind == ParamKind::kWord) {
        return CheckChoice(spec, text);
    }
    if (spec.kind == ParamKind::kBool) {
        if (ParseBool(text).has_value()) {
            return base::Status();
        }
        return base::InvalidParameter("Type conflict in json: " + Shown(spec, text) + "boolean");
    }
    const std::optional<int64_t> value = ParseInt(text);
    if (!value.has_value()) {
        return base::InvalidParameter("Type conflict in json: " + Shown(spec, text) + "integer");
    }
    if (*value < spec.min || *value > spec.max) {
        return base::InvalidParameter("Out of range in json: " + Shown(spec, text) + "in range [" +
                                      std::to_string(spec.min) + ", " + std::to_string(spec.max) +
                                      "]");
    }
    return base::Status();
}

}  // namespace

std::optional<int64_t> ParseInt(std::string_view text) {
    return Parse<int64_t>(text);
}

std::optional<double> ParseNumber(std::string_view text) {
    return Parse<double>(text);
}

std::optional<int64_t> IntParam(const ParamMap& params, const std::string& name) {
    const auto found = params.find(name);
    return found != params.end() ? ParseInt(found->second) : std::nullopt;
}

std::optional<double> NumberParam(const ParamMap& params, const std::string& name) {
    const auto found = params.find(name);
    return found != params.end() ? ParseNumber(found->second) : std::nullopt;
}

std::optional<bool> BoolParam(const ParamMap& params, const std::string& name) {
    const auto found = params.find(name);
    return found != params.end() ? ParseBool(found->second) : std::nullopt;
}

std::string WordParam(const ParamMap& params, const std::string& name) {
    const auto found = params.find(name);
    return found != params.end() ? Upper(Unquote(found->second)) : std::string();
}

base::Status CheckParams(std::span<const ParamSpec> specs, const ParamMap& params) {
    for (const ParamSpec& spec : specs) {
        const auto found = params.find(std::string(spec.name));
        if (found != params.end()) {
            RETURN_IF_ERROR(CheckParam(spec, found->second));
        }
    }
    return base::Status();
}

void RaiseEffort(size_t k, ParamMap* params) {
    for (const char* name : {"ef", "search_list", "search_list_size", "reorder_k"}) {
        const std::optional<int64_t> effort = IntParam(*params, name);
        if (effort.has_value() && *effort < static_cast<int64_t>(k)) {
            (*params)[name] = std::to_string(k);
        }
    }
}

}  // namespace elanus::vindex
