#include "config/config.h"

#include "base/ascii.h"
#include "base/check.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include <yaml-cpp/yaml.h>

namespace elanus::config {
namespace {

using base::InvalidParameter;
using base::Status;

const Setting* FindSetting(std::string_view key) {
    for (const Setting& setting : Settings()) {
        if (setting.key == key) {
            return &setting;
        }
    }
    return nullptr;
}

// Milvus' names in any case; trace counts as debug, panic and fatal as error.
bool IsLogLevel(std::string_view value) {
    constexpr std::string_view kNames[] = {"trace",   "debug", "info",  "warn",
                                           "warning", "error", "panic", "fatal"};
    return std::find(std::begin(kNames), std::end(kNames), Squeezed(value)) != std::end(kNames);
}

// Protections of Milvus that this version cannot give. A server that was asked for one and starts
// without it would be open where its owner believes it closed.
Status CheckProtection(std::string_view key, std::string_view value) {
    constexpr std::string_view kProtections[] = {"common.security.authorizationEnabled",
                                                 "common.security.tlsMode",
                                                 "common.security.internaltlsEnabled"};
    const bool is_off = value.empty() || value == "0" || Squeezed(value) == "false";
    for (const std::string_view protection : kProtections) {
        if (Squeezed(key) == Squeezed(protection) && !is_off) {
            return InvalidParameter(std::string(key) + " is " + std::string(value) +
                                    ", but this version has neither logins nor TLS and does not "
                                    "start as if it had: switch it off, and listen on 127.0.0.1, "
                                    "on a unix socket or behind a proxy that protects it");
        }
    }
    return Status();
}

Status CheckReal(const Setting& setting, std::string_view value) {
    const std::string name(setting.key);
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(number)) {
        return InvalidParameter(name + " must be a number, got \"" + std::string(value) + "\"");
    }
    if (number < static_cast<double>(setting.min) || number > static_cast<double>(setting.max)) {
        return InvalidParameter(name + " must be between " + std::to_string(setting.min) + " and " +
                                std::to_string(setting.max) + ", got " + std::string(value));
    }
    return Status();
}

Status CheckValue(const Setting& setting, std::string_view value) {
    const std::string name(setting.key);
    if (setting.kind == Kind::kBool) {
        return value == "true" || value == "false"
                   ? Status()
                   : InvalidParameter(name + " must be true or false");
    }
    if (setting.kind == Kind::kReal) {
        return CheckReal(setting, value);
    }
    if (setting.kind == Kind::kInt) {
        int64_t number = 0;
        const auto [end, error] =
            std::from_chars(value.data(), value.data() + value.size(), number);
        if (error != std::errc() || end != value.data() + value.size()) {
            return InvalidParameter(name + " must be an integer, got \"" + std::string(value) +
                                    "\"");
        }
        if (number < setting.min || number > setting.max) {
            return InvalidParameter(name + " must be between " + std::to_string(setting.min) +
                                    " and " + std::to_string(setting.max) + ", got " +
                                    std::to_string(number));
        }
    }
    if (setting.key == "log.level" && !IsLogLevel(value)) {
        return InvalidParameter(
            "log.level must be trace, debug, info, warn, error, panic or fatal");
    }
    return Status();
}

// Below these users choose names, and we use what they say.
bool IsChosen(std::string_view key) {
    return key.starts_with("credential.") || key.starts_with("function.rerank.model.providers.") ||
           key.starts_with("function.textEmbedding.providers.");
}

// MILVUS_COHERE_API_KEY and its like, under Milvus' old prefix as well.
bool IsKeyVariable(std::string_view name) {
    if (!name.starts_with("MILVUS_") && !name.starts_with("MILVUSAI_")) {
        return false;
    }
    for (const std::string_view end :
         {"_API_KEY", "_BEDROCK_ACCESS_KEY_ID", "_BEDROCK_SECRET_ACCESS_KEY",
          "_GOOGLE_APPLICATION_CREDENTIALS", "_AZURE_OPENAI_RESOURCE_NAME"}) {
        if (name.ends_with(end)) {
            return true;
        }
    }
    return false;
}

struct Entry {
    std::string key;
    std::string value;
    int line = 0;
    bool is_scalar = true;
};

constexpr int kDepthMax = 32;
constexpr size_t kEntriesMax = 65536;

// Leaves of the document with their dotted keys. An alias can make a node stand in itself, and a
// short text very long: depth and length are bounded here.
Status Flatten(const YAML::Node& node, const std::string& prefix, int line, int depth,
               std::vector<Entry>* entries) {
    const std::string where = std::to_string(line) + ": ";
    if (depth > kDepthMax) {
        return InvalidParameter(where + prefix + " is nested deeper than " +
                                std::to_string(kDepthMax));
    }
    if (entries->size() >= kEntriesMax) {
        return InvalidParameter(where + "the file has more than " + std::to_string(kEntriesMax) +
                                " values");
    }
    if (node.IsMap() && node.size() > 0) {
        std::set<std::string> keys;
        for (const auto& item : node) {
            const std::string name = item.first.as<std::string>();
            const std::string key = prefix.empty() ? name : prefix + "." + name;
            const int at = item.first.Mark().line + 1;
            if (!keys.insert(name).second) {
                return InvalidParameter(std::to_string(at) + ": " + key + " is given twice");
            }
            RETURN_IF_ERROR(Flatten(item.second, key, at, depth + 1, entries));
        }
        return Status();
    }
    if (!prefix.empty()) {
        entries->push_back({prefix, node.IsScalar() ? node.Scalar() : "", line, node.IsScalar()});
    }
    return Status();
}

base::Result<std::vector<Entry>> ParseYaml(const std::string& path, std::string_view text) {
    try {
        std::vector<Entry> entries;
        const Status flat = Flatten(YAML::Load(std::string(text)), "", 1, 0, &entries);
        return flat.ok() ? base::Result<std::vector<Entry>>(std::move(entries))
                         : InvalidParameter(path + ":" + flat.reason());
    } catch (const YAML::Exception& error) {
        return InvalidParameter(path + ":" + std::to_string(error.mark.line + 1) + ": " +
                                error.msg);
    }
}

}  // namespace

std::string Squeezed(std::string_view name) {
    std::string out;
    for (char c : name) {
        if (c != '_' && c != '.' && c != '/') {
            out += base::AsciiLower(c);
        }
    }
    return out;
}

Config::Config() {
    for (const Setting& setting : Settings()) {
        values_.emplace(setting.key, setting.default_value);
    }
}

Status Config::LoadFile(const std::string& path, std::string_view text) {
    ASSIGN_OR_RETURN(const std::vector<Entry> entries, ParseYaml(path, text));
    for (const Entry& entry : entries) {
        const std::string where = path + ":" + std::to_string(entry.line) + ": ";
        const Setting* setting = FindSetting(entry.key);
        if (setting == nullptr) {
            if (!IsMilvusKey(entry.key)) {
                return InvalidParameter(where + "unknown key " + entry.key);
            }
            if (IsChosen(entry.key) && entry.is_scalar) {
                chosen_[entry.key] = entry.value;
                continue;
            }
            if (IsMilvusSection(entry.key) && !entry.value.empty()) {
                return InvalidParameter(where + entry.key + " is a section, not a value");
            }
            const Status fits = CheckProtection(entry.key, entry.value);
            if (!fits.ok()) {
                return InvalidParameter(where + fits.reason());
            }
            unused_keys_.push_back(entry.key);
            continue;
        }
        if (entry.value.empty()) {
            continue;  // a key without a value keeps the default, as in Milvus
        }
        const Status fits = CheckValue(*setting, entry.value);
        if (!fits.ok()) {
            return fits.Annotate(path + ":" + std::to_string(entry.line));
        }
        values_.find(entry.key)->second = entry.value;
    }
    return Status();
}

Status Config::LoadEnvironment(const std::vector<std::string>& environment) {
    for (const Setting& setting : Settings()) {
        const std::string wanted = Squeezed(setting.key);
        for (const std::string& entry : environment) {
            const size_t equals = entry.find('=');
            if (equals == entry.npos ||
                Squeezed(std::string_view(entry).substr(0, equals)) != wanted) {
                continue;
            }
            const std::string value = entry.substr(equals + 1);
            const Status fits = CheckValue(setting, value);
            if (!fits.ok()) {
                return fits.Annotate("environment variable " + entry.substr(0, equals));
            }
            values_.find(setting.key)->second = value;
        }
    }
    for (const std::string& entry : environment) {
        const size_t equals = std::min(entry.find('='), entry.size());
        const std::string name = entry.substr(0, equals);
        const std::string value = equals < entry.size() ? entry.substr(equals + 1) : "";
        RETURN_IF_ERROR(CheckProtection(name, value));
        if (IsKeyVariable(name) && !value.empty()) {
            chosen_[name] = value;
        }
        const std::optional<std::string_view> key = MilvusKeyOfVariable(name);
        if (key.has_value() && FindSetting(*key) == nullptr) {
            unused_keys_.push_back(name);
        }
    }
    return Status();
}

Status Config::Set(std::string_view key, std::string_view value) {
    const Setting* setting = FindSetting(key);
    if (setting == nullptr) {
        return InvalidParameter("unknown setting " + std::string(key));
    }
    RETURN_IF_ERROR(CheckValue(*setting, value));
    values_.find(key)->second = value;
    return Status();
}

const std::string& Config::String(std::string_view key) const {
    const auto found = values_.find(key);
    CHECK(found != values_.end(), "setting not in the table");
    return found->second;
}

int64_t Config::Int(std::string_view key) const {
    const std::string& text = String(key);
    int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

double Config::Real(std::string_view key) const {
    const std::string& text = String(key);
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

bool Config::Bool(std::string_view key) const {
    return String(key) == "true";
}

}  // namespace elanus::config
