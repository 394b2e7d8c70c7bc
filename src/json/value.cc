// Value: access, comparison and writing.
#include "json/json.h"

#include <charconv>
#include <cmath>

namespace elanus::json {

double Value::AsDouble() const {
    if (const int64_t* value = int64_if()) {
        return static_cast<double>(*value);
    }
    if (const uint64_t* value = uint64_if()) {
        return static_cast<double>(*value);
    }
    const double* value = double_if();
    return value == nullptr ? 0 : *value;
}

const Value* Value::Find(std::string_view key) const {
    if (const Object* members = object_if()) {
        for (const Member& member : *members) {
            if (member.first == key) {
                return &member.second;
            }
        }
    }
    return nullptr;
}

Value& Value::Add(std::string key, Value value) {
    if (is_null()) {
        data_ = Object();
    }
    Object* members = object_if();
    CHECK(members != nullptr, "Add() to a JSON value that is no object");
    members->emplace_back(std::move(key), std::move(value));
    return *this;
}

Value& Value::Append(Value value) {
    if (is_null()) {
        data_ = Array();
    }
    Array* elements = array_if();
    CHECK(elements != nullptr, "Append() to a JSON value that is no array");
    elements->push_back(std::move(value));
    return *this;
}

void WriteString(std::string_view text, std::string* out) {
    static constexpr char kHex[] = "0123456789abcdef";
    out->push_back('"');
    for (const char c : text) {
        switch (c) {
            case '"':
                *out += "\\\"";
                break;
            case '\\':
                *out += "\\\\";
                break;
            case '\n':
                *out += "\\n";
                break;
            case '\r':
                *out += "\\r";
                break;
            case '\t':
                *out += "\\t";
                break;
            default:
                if (static_cast<uint8_t>(c) < 0x20) {
                    *out += "\\u00";
                    out->push_back(kHex[(c >> 4) & 15]);
                    out->push_back(kHex[c & 15]);
                } else {
                    out->push_back(c);
                }
        }
    }
    out->push_back('"');
}

namespace {

template <typename T>
void WriteNumber(T value, std::string* out) {
    char digits[32];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    out->append(digits, end);
}

void WriteDouble(double value, std::string* out) {
    if (!std::isfinite(value)) {
        *out += "null";
        return;
    }
    const size_t first = out->size();
    WriteNumber(value, out);
    if (out->find_first_of(".e", first) == std::string::npos) {
        *out += ".0";
    }
}

void WriteTo(const Value& value, std::string* out);

void WriteArray(const Value::Array& elements, std::string* out) {
    out->push_back('[');
    for (size_t i = 0; i < elements.size(); ++i) {
        if (i > 0) {
            out->push_back(',');
        }
        WriteTo(elements[i], out);
    }
    out->push_back(']');
}

void WriteObject(const Value::Object& members, std::string* out) {
    out->push_back('{');
    for (size_t i = 0; i < members.size(); ++i) {
        if (i > 0) {
            out->push_back(',');
        }
        WriteString(members[i].first, out);
        out->push_back(':');
        WriteTo(members[i].second, out);
    }
    out->push_back('}');
}

void WriteTo(const Value& value, std::string* out) {
    if (const bool* boolean = value.bool_if()) {
        *out += *boolean ? "true" : "false";
    } else if (const int64_t* int64 = value.int64_if()) {
        WriteNumber(*int64, out);
    } else if (const uint64_t* uint64 = value.uint64_if()) {
        WriteNumber(*uint64, out);
    } else if (const double* number = value.double_if()) {
        WriteDouble(*number, out);
    } else if (const std::string* text = value.string_if()) {
        WriteString(*text, out);
    } else if (const Value::Array* elements = value.array_if()) {
        WriteArray(*elements, out);
    } else if (const Value::Object* members = value.object_if()) {
        WriteObject(*members, out);
    } else {
        *out += "null";
    }
}

bool EqualNumbers(const Value& a, const Value& b) {
    if (a.is_integer() && b.is_integer()) {
        return a == b;
    }
    return a.AsDouble() == b.AsDouble();
}

bool EqualArrays(const Value::Array& a, const Value::Array& b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (size_t i = 0; i < a.size(); ++i) {
        if (!Equal(a[i], b[i])) {
            return false;
        }
    }
    return true;
}

bool EqualObjects(const Value& a, const Value& b) {
    if (a.object_if()->size() != b.object_if()->size()) {
        return false;
    }
    for (const auto& [key, value] : *a.object_if()) {
        const Value* other = b.Find(key);
        if (other == nullptr || !Equal(value, *other)) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::string Write(const Value& value) {
    std::string out;
    WriteTo(value, &out);
    return out;
}

bool Equal(const Value& a, const Value& b) {
    if (a.is_number() && b.is_number()) {
        return EqualNumbers(a, b);
    }
    if (a.is_array() && b.is_array()) {
        return EqualArrays(*a.array_if(), *b.array_if());
    }
    if (a.is_object() && b.is_object()) {
        return EqualObjects(a, b);
    }
    return a == b;
}

}  // namespace elanus::json
