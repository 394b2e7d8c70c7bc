// Config: one table of settings, filled from defaults, a milvus.yaml and the environment.
//
// Later sources win: default < file < environment < command line (Set). The environment is read as
// Milvus reads it: a variable overrides a key when both are equal without case, '_', '.' and '/',
// so PROXY_PORT sets proxy.port. Keys that Milvus knows and we do not use yet are collected for one
// warning, but for those that ask for a protection: without it the server must not start. A key
// that neither knows, one given twice, or a value that does not fit, stops the start with file and
// line. Threads: immutable once loaded.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::config {

enum class Kind : uint8_t { kBool, kInt, kReal, kString };

struct Setting {
    std::string_view key;
    Kind kind;
    std::string_view default_value;
    int64_t min;  // kInt and kReal only
    int64_t max;
    std::string_view description;
};

// The table (settings.cc); docs/configuration.md is made from it.
const std::vector<Setting>& Settings();

// Whether Milvus 2.6 has this key, or a section of this name, although we do not use it.
bool IsMilvusKey(std::string_view key);
bool IsMilvusSection(std::string_view key);
// The key of Milvus that this environment variable overrides there; empty when it is none.
std::optional<std::string_view> MilvusKeyOfVariable(std::string_view name);

// Milvus compares environment names and keys like this: lower case, without '_', '.' and '/'.
std::string Squeezed(std::string_view name);

class Config {
  public:
    Config();  // all defaults

    // Reads a milvus.yaml. Errors: 1100 "FILE:LINE: ...".
    base::Status LoadFile(const std::string& path, std::string_view text);
    // `environment` holds NAME=VALUE entries. Errors name the variable.
    base::Status LoadEnvironment(const std::vector<std::string>& environment);
    // One value from the command line.
    base::Status Set(std::string_view key, std::string_view value);

    // The key must be in the table with that kind.
    int64_t Int(std::string_view key) const;
    double Real(std::string_view key) const;
    bool Bool(std::string_view key) const;
    const std::string& String(std::string_view key) const;

    // Values under names that users choose, by their whole key: `credential.<name>.apikey`,
    // `function.rerank.model.providers.<name>.url` .., and the variables of the environment that
    // hold keys of model services (MILVUS_COHERE_API_KEY ..), by their name.
    const std::map<std::string, std::string, std::less<>>& chosen() const { return chosen_; }

    // Keys of the file and variables of the environment that Milvus knows and we ignore.
    const std::vector<std::string>& unused_keys() const { return unused_keys_; }

  private:
    std::map<std::string, std::string, std::less<>> values_;
    std::map<std::string, std::string, std::less<>> chosen_;
    std::vector<std::string> unused_keys_;
};

}  // namespace elanus::config
