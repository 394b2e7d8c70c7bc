// Value: a constant of a filter, also the value of a template parameter.
// Threads: a value.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace elanus::expr {

struct Value {
    using List = std::vector<Value>;

    Value() = default;
    Value(bool value) : data(value) {}                       // NOLINT
    Value(int value) : data(static_cast<int64_t>(value)) {}  // NOLINT
    Value(int64_t value) : data(value) {}                    // NOLINT
    Value(double value) : data(value) {}                     // NOLINT
    Value(const char* value) : data(std::string(value)) {}   // NOLINT
    Value(std::string value) : data(std::move(value)) {}     // NOLINT
    Value(List value) : data(std::move(value)) {}            // NOLINT

    const bool* bool_if() const { return std::get_if<bool>(&data); }
    const int64_t* int_if() const { return std::get_if<int64_t>(&data); }
    const double* double_if() const { return std::get_if<double>(&data); }
    const std::string* string_if() const { return std::get_if<std::string>(&data); }
    const List* list_if() const { return std::get_if<List>(&data); }
    bool is_number() const { return int_if() != nullptr || double_if() != nullptr; }
    // The number as double; 0 when it is none.
    double AsDouble() const;

    bool operator==(const Value&) const = default;
    template <typename A>
    void Visit(A& a) {
        a(data);
    }

    std::variant<bool, int64_t, double, std::string, List> data = false;
};

// "Bool", "Int64", "Double", "VarChar", "Array": how errors name the type of a constant.
std::string_view ValueTypeName(const Value& value);
// The constant as an error shows it, cut when long.
std::string ValueText(const Value& value);
// A constant out of JSON text (template parameters may carry such elements). Null and objects are
// no constants: InvalidParameter.
base::Result<Value> ValueFromJson(std::string_view text);

}  // namespace elanus::expr
