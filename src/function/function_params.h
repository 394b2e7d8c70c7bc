// FunctionParams: the parameters of a function, by name without regard to case.
// Threads: a value.
#pragma once

#include "base/status.h"
#include "schema/collection_schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace elanus::function {

class FunctionParams {
  public:
    explicit FunctionParams(const schema::KeyValues& params);

    // Empty when absent.
    std::string Text(const std::string& key) const;
    bool Has(const std::string& key) const { return values_.contains(key); }
    // In lower case.
    std::string Word(const std::string& key) const;
    // Absent when there is none. 1100 "<what> <key>: <value> is not a number" for anything else
    // than a finite number.
    base::Result<std::optional<double>> Number(std::string_view what, const std::string& key) const;
    // 1100 "[<key> param's value: <value>] is not a valid number".
    base::Result<std::optional<int64_t>> Integer(const std::string& key) const;
    // 1100 "[<key> param's value: <value>] is invalid, only supports: [true/false]".
    base::Result<std::optional<bool>> Bool(const std::string& key) const;

  private:
    schema::KeyValues values_;
};

}  // namespace elanus::function
