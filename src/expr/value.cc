#include "expr/value.h"

#include "json/json.h"

namespace elanus::expr {

namespace {

json::Value ToJson(const Value& value) {
    if (const Value::List* list = value.list_if()) {
        json::Value::Array elements;
        for (const Value& element : *list) {
            elements.push_back(ToJson(element));
        }
        return elements;
    }
    if (const bool* boolean = value.bool_if()) {
        return *boolean;
    }
    if (const int64_t* integer = value.int_if()) {
        return *integer;
    }
    if (const double* number = value.double_if()) {
        return *number;
    }
    return *value.string_if();
}

base::Result<Value> FromJson(const json::Value& value) {
    if (const json::Value::Array* elements = value.array_if()) {
        Value::List list;
        for (const json::Value& element : *elements) {
            ASSIGN_OR_RETURN(Value converted, FromJson(element));
            list.push_back(std::move(converted));
        }
        return Value(std::move(list));
    }
    if (const bool* boolean = value.bool_if()) {
        return Value(*boolean);
    }
    if (const int64_t* integer = value.int64_if()) {
        return Value(*integer);
    }
    if (value.is_number()) {
        return Value(value.AsDouble());
    }
    if (const std::string* text = value.string_if()) {
        return Value(*text);
    }
    return base::InvalidParameter("null and objects are no constants of a filter");
}

}  // namespace

double Value::AsDouble() const {
    if (const int64_t* integer = int_if()) {
        return static_cast<double>(*integer);
    }
    const double* number = double_if();
    return number == nullptr ? 0 : *number;
}

std::string_view ValueTypeName(const Value& value) {
    static constexpr std::string_view kNames[] = {"Bool", "Int64", "Double", "VarChar", "Array"};
    return kNames[value.data.index()];
}

std::string ValueText(const Value& value) {
    constexpr size_t kShownMax = 128;
    std::string text = json::Write(ToJson(value));
    if (text.size() > kShownMax) {
        text.resize(kShownMax);
        text += "...";
    }
    return text;
}

base::Result<Value> ValueFromJson(std::string_view text) {
    ASSIGN_OR_RETURN(const json::Value value, json::Parse(text, {.depth_max = 16}));
    return FromJson(value);
}

}  // namespace elanus::expr
