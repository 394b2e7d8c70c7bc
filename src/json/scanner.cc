// Find and ArrayCursor: walk raw text without a tree. The text is expected to be valid JSON; on
// anything else the answer is kMissing, and no read leaves the text.
#include "json/json.h"
#include "json/number.h"

#include <charconv>
#include <cstring>

namespace elanus::json {

namespace {

using Kind = Scalar::Kind;

const char* SkipSpace(const char* p, const char* end) {
    while (p != end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')) {
        ++p;
    }
    return p;
}

// `p` is behind the opening quote; returns the closing quote, or `end`.
const char* FindQuote(const char* p, const char* end, bool* escaped) {
    while (p < end) {
        if (*p == '"') {
            return p;
        }
        if (*p == '\\') {
            *escaped = true;
            ++p;
        }
        ++p;
    }
    return end;
}

// `p` is behind an opening bracket; returns the place behind the matching closing one, or null.
const char* SkipNested(const char* p, const char* end) {
    size_t depth = 1;
    while (p < end) {
        const char c = *p++;
        if (c == '"') {
            bool escaped = false;
            p = FindQuote(p, end, &escaped);
            if (p == end) {
                return nullptr;
            }
            ++p;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (--depth == 0) {
                return p;
            }
        }
    }
    return nullptr;
}

// Behind the value that starts at `p`; null when there is none.
const char* SkipValue(const char* p, const char* end) {
    if (p == end) {
        return nullptr;
    }
    if (*p == '{' || *p == '[') {
        return SkipNested(p + 1, end);
    }
    if (*p == '"') {
        bool escaped = false;
        const char* quote = FindQuote(p + 1, end, &escaped);
        return quote == end ? nullptr : quote + 1;
    }
    const char* first = p;
    while (p != end && *p != ',' && *p != '}' && *p != ']' && *p != ' ' && *p != '\n' &&
           *p != '\t' && *p != '\r') {
        ++p;
    }
    return p == first ? nullptr : p;
}

bool KeyMatches(std::string_view raw, bool escaped, std::string_view key, std::string* scratch) {
    if (!escaped) {
        return raw == key;
    }
    scratch->clear();
    return internal::Unescape(raw, scratch) && *scratch == key;
}

// `p` is behind '{'. Start of the member's value, or null.
const char* FindMember(const char* p, const char* end, std::string_view key, std::string* scratch) {
    while (true) {
        p = SkipSpace(p, end);
        if (p == end || *p != '"') {
            return nullptr;
        }
        bool escaped = false;
        const char* quote = FindQuote(p + 1, end, &escaped);
        if (quote == end) {
            return nullptr;
        }
        const std::string_view raw(p + 1, static_cast<size_t>(quote - p - 1));
        p = SkipSpace(quote + 1, end);
        if (p == end || *p != ':') {
            return nullptr;
        }
        p = SkipSpace(p + 1, end);
        if (KeyMatches(raw, escaped, key, scratch)) {
            return p;
        }
        p = SkipValue(p, end);
        if (p == nullptr) {
            return nullptr;
        }
        p = SkipSpace(p, end);
        if (p == end || *p != ',') {
            return nullptr;
        }
        ++p;
    }
}

// `p` is behind '['. Start of element `index`, or null.
const char* FindElement(const char* p, const char* end, int64_t index) {
    p = SkipSpace(p, end);
    if (p == end || *p == ']') {
        return nullptr;
    }
    for (; index > 0; --index) {
        p = SkipValue(p, end);
        if (p == nullptr) {
            return nullptr;
        }
        p = SkipSpace(p, end);
        if (p == end || *p != ',') {
            return nullptr;
        }
        p = SkipSpace(p + 1, end);
    }
    return p;
}

Scalar ReadString(const char* p, const char* end, std::string* scratch) {
    bool escaped = false;
    const char* quote = FindQuote(p + 1, end, &escaped);
    if (quote == end) {
        return {};
    }
    Scalar result;
    result.kind = Kind::kString;
    result.text = std::string_view(p + 1, static_cast<size_t>(quote - p - 1));
    if (escaped) {
        scratch->clear();
        if (!internal::Unescape(result.text, scratch)) {
            return {};
        }
        result.text = *scratch;
    }
    return result;
}

Scalar ReadNumber(const char* p, const char* end) {
    bool is_integer = false;
    const std::string_view rest(p, static_cast<size_t>(end - p));
    const size_t length = internal::NumberLength(rest, &is_integer);
    if (length == 0) {
        return {};
    }
    const internal::Number number = internal::ConvertNumber(rest.substr(0, length), is_integer);
    Scalar result;
    switch (number.kind) {
        case internal::NumberKind::kInvalid:
            return {};
        case internal::NumberKind::kInt64:
            result.kind = Kind::kInt64;
            result.int64 = number.int64;
            break;
        case internal::NumberKind::kUint64:
            result.kind = Kind::kUint64;
            result.uint64 = number.uint64;
            break;
        case internal::NumberKind::kDouble:
            result.kind = Kind::kDouble;
            result.number = number.number;
            break;
    }
    return result;
}

// The word at `p`, or kMissing when it is another one.
Scalar ReadWord(const char* p, const char* end) {
    const std::string_view rest(p, static_cast<size_t>(end - p));
    Scalar result;
    if (rest.starts_with("true") || rest.starts_with("false")) {
        result.kind = Kind::kBool;
        result.boolean = *p == 't';
    } else if (rest.starts_with("null")) {
        result.kind = Kind::kNull;
    }
    return result;
}

Scalar ReadScalar(const char* p, const char* end, std::string* scratch) {
    if (p == end) {
        return {};
    }
    if (*p == '"') {
        return ReadString(p, end, scratch);
    }
    if (*p == '{' || *p == '[') {
        const char* behind = SkipNested(p + 1, end);
        if (behind == nullptr) {
            return {};
        }
        Scalar result;
        result.kind = *p == '{' ? Kind::kObject : Kind::kArray;
        result.text = std::string_view(p, static_cast<size_t>(behind - p));
        return result;
    }
    if (*p == '-' || (*p >= '0' && *p <= '9')) {
        return ReadNumber(p, end);
    }
    return ReadWord(p, end);
}

int64_t CanonicalIndex(std::string_view key) {
    int64_t index = 0;
    if (key.empty() || key.size() > 9 || (key[0] == '0' && key.size() > 1)) {
        return -1;
    }
    for (const char c : key) {
        if (c < '0' || c > '9') {
            return -1;
        }
        index = index * 10 + (c - '0');
    }
    return index;
}

// Undoes ~0 and ~1 of a JSON pointer token; false when a ~ stands alone.
bool UnescapePointer(std::string_view token, std::string* out) {
    for (size_t i = 0; i < token.size(); ++i) {
        if (token[i] != '~') {
            out->push_back(token[i]);
            continue;
        }
        ++i;
        if (i == token.size() || (token[i] != '0' && token[i] != '1')) {
            return false;
        }
        out->push_back(token[i] == '0' ? '~' : '/');
    }
    return true;
}

}  // namespace

double Scalar::AsDouble() const {
    switch (kind) {
        case Kind::kInt64:
            return static_cast<double>(int64);
        case Kind::kUint64:
            return static_cast<double>(uint64);
        default:
            return number;
    }
}

Path::Path(const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
        steps_.push_back({key, CanonicalIndex(key)});
    }
}

base::Result<Path> Path::FromPointer(std::string_view pointer) {
    std::vector<std::string> keys;
    if (!pointer.empty() && pointer[0] != '/') {
        return base::InvalidParameter("a JSON pointer starts with '/'");
    }
    while (!pointer.empty()) {
        pointer.remove_prefix(1);
        const size_t next = std::min(pointer.find('/'), pointer.size());
        if (!UnescapePointer(pointer.substr(0, next), &keys.emplace_back())) {
            return base::InvalidParameter("invalid '~' in a JSON pointer");
        }
        pointer.remove_prefix(next);
    }
    return Path(keys);
}

std::string Path::ToPointer() const {
    std::string pointer;
    for (const Step& step : steps_) {
        pointer.push_back('/');
        for (const char c : step.key) {
            if (c == '~' || c == '/') {
                pointer += c == '~' ? "~0" : "~1";
            } else {
                pointer.push_back(c);
            }
        }
    }
    return pointer;
}

Scalar Find(std::string_view document, const Path& path, std::string* scratch) {
    const char* end = document.data() + document.size();
    const char* p = SkipSpace(document.data(), end);
    for (const Path::Step& step : path.steps()) {
        if (p == end) {
            return {};
        }
        if (*p == '{') {
            p = FindMember(p + 1, end, step.key, scratch);
        } else if (*p == '[' && step.index >= 0) {
            p = FindElement(p + 1, end, step.index);
        } else {
            return {};
        }
        if (p == nullptr) {
            return {};
        }
    }
    return ReadScalar(p, end, scratch);
}

ArrayCursor::ArrayCursor(std::string_view raw_array)
    : pos_(raw_array.data()), end_(raw_array.data() + raw_array.size()) {
    pos_ = SkipSpace(pos_, end_);
    pos_ = pos_ != end_ && *pos_ == '[' ? pos_ + 1 : end_;
}

bool ArrayCursor::Next(Scalar* element) {
    pos_ = SkipSpace(pos_, end_);
    if (pos_ == end_ || *pos_ == ']') {
        return false;
    }
    *element = ReadScalar(pos_, end_, &scratch_);
    const char* behind = SkipValue(pos_, end_);
    if (behind == nullptr) {
        pos_ = end_;
        return element->kind != Kind::kMissing;
    }
    pos_ = SkipSpace(behind, end_);
    if (pos_ != end_ && *pos_ == ',') {
        ++pos_;
    }
    return true;
}

ObjectCursor::ObjectCursor(std::string_view raw_object)
    : pos_(raw_object.data()), end_(raw_object.data() + raw_object.size()) {
    pos_ = SkipSpace(pos_, end_);
    pos_ = pos_ != end_ && *pos_ == '{' ? pos_ + 1 : end_;
}

bool ObjectCursor::Next(std::string_view* key, Scalar* value) {
    pos_ = SkipSpace(pos_, end_);
    if (pos_ == end_ || *pos_ != '"') {
        return false;
    }
    const Scalar name = ReadString(pos_, end_, &key_scratch_);
    const char* behind = SkipValue(pos_, end_);
    pos_ = behind == nullptr ? end_ : SkipSpace(behind, end_);
    if (name.kind != Kind::kString || pos_ == end_ || *pos_ != ':') {
        pos_ = end_;
        return false;
    }
    *key = name.text;
    pos_ = SkipSpace(pos_ + 1, end_);
    *value = ReadScalar(pos_, end_, &scratch_);
    behind = SkipValue(pos_, end_);
    pos_ = behind == nullptr ? end_ : SkipSpace(behind, end_);
    if (pos_ != end_ && *pos_ == ',') {
        ++pos_;
    }
    return true;
}

size_t CountElements(std::string_view raw_array) {
    const char* end = raw_array.data() + raw_array.size();
    const char* p = SkipSpace(raw_array.data(), end);
    p = p != end && *p == '[' ? SkipSpace(p + 1, end) : end;
    size_t count = 0;
    while (p != nullptr && p != end && *p != ']') {
        p = SkipValue(p, end);
        if (p == nullptr) {
            break;
        }
        ++count;
        p = SkipSpace(p, end);
        if (p != end && *p == ',') {
            p = SkipSpace(p + 1, end);
        } else {
            break;
        }
    }
    return count;
}

}  // namespace elanus::json
