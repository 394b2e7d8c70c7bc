// Members of a tokenizer's or filter's JSON object, read with a type and Milvus' phrase when the
// type is another.
#pragma once

#include "base/status.h"
#include "json/json.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::analyzer {

// "<label> should be array", "<label> list item should be string". One string is a list of one.
inline base::Result<std::vector<std::string>> StringList(const json::Value& value,
                                                         std::string_view label) {
    std::vector<std::string> list;
    if (value.string_if() != nullptr) {
        list.push_back(*value.string_if());
        return list;
    }
    if (value.array_if() == nullptr) {
        return base::InvalidParameter(std::string(label) + " should be array");
    }
    for (const json::Value& item : *value.array_if()) {
        if (item.string_if() == nullptr) {
            return base::InvalidParameter(std::string(label) + " list item should be string");
        }
        list.push_back(*item.string_if());
    }
    return list;
}

// `fallback` when the member is absent.
inline base::Result<bool> BoolMember(const json::Value& object, std::string_view name,
                                     bool fallback) {
    const json::Value* value = object.Find(name);
    if (value == nullptr) {
        return fallback;
    }
    if (value->bool_if() == nullptr) {
        return base::InvalidParameter(std::string(name) + " must be a boolean value");
    }
    return *value->bool_if();
}

// A whole number in [least, most].
inline base::Result<int64_t> IntMember(const json::Value& object, std::string_view name,
                                       int64_t fallback, int64_t least, int64_t most) {
    const json::Value* value = object.Find(name);
    if (value == nullptr) {
        return fallback;
    }
    if (value->int64_if() == nullptr || *value->int64_if() < least || *value->int64_if() > most) {
        return base::InvalidParameter(std::string(name) + " must be between " +
                                      std::to_string(least) + " and " + std::to_string(most));
    }
    return *value->int64_if();
}

}  // namespace elanus::analyzer
