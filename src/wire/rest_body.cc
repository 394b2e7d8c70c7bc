#include "wire/rest_body.h"

#include "base/ascii.h"
#include "proxy/json_members.h"
#include "wire/rest_error.h"

#include <charconv>

namespace elanus::wire {
namespace {

using Kind = json::Scalar::Kind;

// A stored JSON value may be 128 deep and stands inside body, list and row.
constexpr int kDepthMax = 128 + 3;

std::string Field(std::string_view key) {
    return "field [" + std::string(key) + "]";
}

base::Status WrongType(std::string_view key, std::string_view expected, Kind actual) {
    return BadFormat(Field(key) + " should be " + std::string(expected) + ", but it is " +
                     std::string(KindName(actual)));
}

base::Status Missing(std::string_view key) {
    return MissingRequired(Field(key) + " is required");
}

}  // namespace

json::Scalar ScalarOf(std::string_view raw, std::string* scratch) {
    return json::Find(raw, json::Path(), scratch);
}

std::string_view KindName(Kind kind) {
    switch (kind) {
        case Kind::kMissing:
            return "absent";
        case Kind::kNull:
            return "null";
        case Kind::kBool:
            return "a bool";
        case Kind::kInt64:
        case Kind::kUint64:
        case Kind::kDouble:
            return "a number";
        case Kind::kString:
            return "a string";
        case Kind::kArray:
            return "a list";
        case Kind::kObject:
            return "an object";
    }
    return "unknown";
}

std::string UnescapeKey(std::string_view raw_key) {
    if (raw_key.find('\\') == std::string_view::npos) {
        return std::string(raw_key);
    }
    const std::string quoted = "\"" + std::string(raw_key) + "\"";
    std::string scratch;
    return std::string(ScalarOf(quoted, &scratch).text);
}

bool ReadBoolText(std::string_view text, bool* value) {
    for (const bool truth : {true, false}) {
        if (base::SameIgnoringCase(text, truth ? "true" : "false") || text == (truth ? "1" : "0")) {
            *value = truth;
            return true;
        }
    }
    return false;
}

bool ReadIntText(std::string_view text, int64_t* value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
    return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

base::Result<RestBody> RestBody::Parse(std::string_view text) {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return BadFormat("the request body should not be empty, {} is valid");
    }
    json::Limits limits;
    limits.depth_max = kDepthMax;
    const base::Status valid = json::Validate(text, true, limits);
    if (!valid.ok()) {
        return BadFormat(valid.reason());
    }
    return FromValid(text);
}

RestBody RestBody::FromValid(std::string_view object) {
    RestBody body;
    proxy::JsonMembers members(object);
    proxy::JsonMembers::Member member;
    while (members.Next(&member)) {
        body.members_.emplace_back(UnescapeKey(member.key), member.value);
    }
    return body;
}

std::string_view RestBody::Raw(std::string_view key) const {
    const Member* found = nullptr;
    for (const Member& member : members_) {
        if (member.first == key) {
            found = &member;
            break;
        }
        if (found == nullptr && base::SameIgnoringCase(member.first, key)) {
            found = &member;
        }
    }
    return found == nullptr || found->second == "null" ? std::string_view() : found->second;
}

base::Result<std::string> RestBody::Text(std::string_view key) const {
    std::string scratch;
    const std::string_view raw = Raw(key);
    if (raw.empty()) {
        return std::string();
    }
    const json::Scalar value = ScalarOf(raw, &scratch);
    if (value.kind != Kind::kString) {
        return WrongType(key, "a string", value.kind);
    }
    return std::string(value.text);
}

base::Result<std::string> RestBody::RequiredText(std::string_view key) const {
    ASSIGN_OR_RETURN(std::string text, Text(key));
    if (text.empty()) {
        return Missing(key);
    }
    return text;
}

base::Result<bool> RestBody::Bool(std::string_view key, bool fallback) const {
    const std::string_view raw = Raw(key);
    if (raw.empty()) {
        return fallback;
    }
    std::string scratch;
    const json::Scalar value = ScalarOf(raw, &scratch);
    bool flag = false;
    if (value.kind == Kind::kBool) {
        return value.boolean;
    }
    if (value.kind == Kind::kString && ReadBoolText(value.text, &flag)) {
        return flag;
    }
    return WrongType(key, "a bool", value.kind);
}

base::Result<int64_t> RestBody::Int(std::string_view key, int64_t fallback, int64_t low,
                                    int64_t high) const {
    const std::string_view raw = Raw(key);
    if (raw.empty()) {
        return fallback;
    }
    std::string scratch;
    const json::Scalar value = ScalarOf(raw, &scratch);
    if (value.kind != Kind::kInt64 && value.kind != Kind::kUint64 && value.kind != Kind::kDouble) {
        return WrongType(key, "an integer", value.kind);
    }
    if (value.kind != Kind::kInt64 || value.int64 < low || value.int64 > high) {
        return BadFormat(Field(key) + " should be an integer in range [" + std::to_string(low) +
                         ", " + std::to_string(high) + "], but it is " +
                         std::string(raw.substr(0, 40)));
    }
    return value.int64;
}

base::Result<std::vector<std::string>> RestBody::Texts(std::string_view key) const {
    std::vector<std::string> texts;
    const std::string_view raw = Raw(key);
    if (raw.empty()) {
        return texts;
    }
    std::string scratch;
    const json::Scalar list = ScalarOf(raw, &scratch);
    if (list.kind != Kind::kArray) {
        return WrongType(key, "a list of strings", list.kind);
    }
    json::ArrayCursor cursor(list.text);
    json::Scalar element;
    while (cursor.Next(&element)) {
        if (element.kind != Kind::kString) {
            return WrongType(key, "a list of strings", element.kind);
        }
        texts.emplace_back(element.text);
    }
    return texts;
}

base::Result<std::vector<std::string>> RestBody::RequiredTexts(std::string_view key) const {
    ASSIGN_OR_RETURN(std::vector<std::string> texts, Texts(key));
    if (texts.empty()) {
        return Missing(key);
    }
    return texts;
}

base::Result<schema::KeyValues> RestBody::Pairs(std::string_view key) const {
    schema::KeyValues pairs;
    ASSIGN_OR_RETURN(const RestBody object, Object(key));
    std::string scratch;
    for (const auto& [name, raw] : object.members()) {
        const json::Scalar value = ScalarOf(raw, &scratch);
        if (value.kind != Kind::kNull) {
            pairs.emplace(name, value.kind == Kind::kString ? value.text : raw);
        }
    }
    return pairs;
}

base::Result<RestBody> RestBody::Object(std::string_view key) const {
    const std::string_view raw = Raw(key);
    if (raw.empty()) {
        return RestBody();
    }
    std::string scratch;
    const json::Scalar value = ScalarOf(raw, &scratch);
    if (value.kind != Kind::kObject) {
        return WrongType(key, "an object", value.kind);
    }
    return FromValid(value.text);
}

base::Result<std::vector<RestBody>> RestBody::Objects(std::string_view key) const {
    std::vector<RestBody> objects;
    const std::string_view raw = Raw(key);
    if (raw.empty()) {
        return objects;
    }
    std::string scratch;
    const json::Scalar list = ScalarOf(raw, &scratch);
    if (list.kind != Kind::kArray) {
        return WrongType(key, "a list of objects", list.kind);
    }
    json::ArrayCursor cursor(list.text);
    json::Scalar element;
    while (cursor.Next(&element)) {
        if (element.kind != Kind::kObject) {
            return WrongType(key, "a list of objects", element.kind);
        }
        objects.push_back(FromValid(element.text));
    }
    return objects;
}

}  // namespace elanus::wire
