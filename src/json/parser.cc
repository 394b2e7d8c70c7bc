// Parse and Validate: one recursive reader that builds a tree or only checks. Recursion is bounded
// by Limits::depth_max.
#include "json/json.h"
#include "json/number.h"

#include <cstring>
#include <string>

namespace elanus::json {

namespace {

bool IsSpace(char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

// Length of the valid UTF-8 sequence at `p`; 0 when it is malformed.
size_t Utf8Length(const char* p, const char* end) {
    const auto byte = [p](size_t i) { return static_cast<uint8_t>(p[i]); };
    const auto left = static_cast<size_t>(end - p);
    const auto follows = [&](size_t i) { return i < left && (byte(i) & 0xc0) == 0x80; };
    const uint8_t lead = byte(0);
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        return follows(1) ? 2 : 0;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        if (!follows(1) || !follows(2)) {
            return 0;
        }
        const bool overlong = lead == 0xe0 && byte(1) < 0xa0;
        const bool surrogate = lead == 0xed && byte(1) >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        if (!follows(1) || !follows(2) || !follows(3)) {
            return 0;
        }
        const bool overlong = lead == 0xf0 && byte(1) < 0x90;
        const bool too_large = lead == 0xf4 && byte(1) >= 0x90;
        return overlong || too_large ? 0 : 4;
    }
    return 0;
}

class Reader {
  public:
    Reader(std::string_view text, const Limits& limits)
        : begin_(text.data()), pos_(begin_), end_(begin_ + text.size()), limits_(limits) {}

    // `out` may be null: then the text is only checked.
    base::Status ReadDocument(Value* out) {
        if (static_cast<size_t>(end_ - begin_) > limits_.bytes_max) {
            return base::InvalidParameter("JSON text is larger than " +
                                          std::to_string(limits_.bytes_max) + " bytes");
        }
        SkipSpace();
        if (ReadValue(out, limits_.depth_max)) {
            SkipSpace();
            if (pos_ != end_) {
                Fail("unexpected text after the value");
            }
        }
        if (problem_ == nullptr) {
            return base::Status();
        }
        return base::InvalidParameter(std::string("invalid JSON at position ") +
                                      std::to_string(problem_pos_ - begin_) + ": " + problem_);
    }

  private:
    bool Fail(const char* problem) {
        if (problem_ == nullptr) {
            problem_ = problem;
            problem_pos_ = pos_;
        }
        return false;
    }
    void SkipSpace() {
        while (pos_ != end_ && IsSpace(*pos_)) {
            ++pos_;
        }
    }
    bool Take(char c) {
        if (pos_ != end_ && *pos_ == c) {
            ++pos_;
            return true;
        }
        return false;
    }

    bool ReadValue(Value* out, int depth_left) {
        if (pos_ == end_) {
            return Fail("unexpected end of text");
        }
        switch (*pos_) {
            case '{':
                return ReadObject(out, depth_left);
            case '[':
                return ReadArray(out, depth_left);
            case '"':
                return ReadStringValue(out);
            case 't':
                return ReadWord("true", Value(true), out);
            case 'f':
                return ReadWord("false", Value(false), out);
            case 'n':
                return ReadWord("null", Value(), out);
            default:
                return ReadNumber(out);
        }
    }

    bool ReadWord(std::string_view word, Value value, Value* out) {
        if (std::string_view(pos_, static_cast<size_t>(end_ - pos_)).substr(0, word.size()) !=
            word) {
            return Fail("unknown word");
        }
        pos_ += word.size();
        if (out != nullptr) {
            *out = std::move(value);
        }
        return true;
    }

    bool ReadNumber(Value* out) {
        const std::string_view rest(pos_, static_cast<size_t>(end_ - pos_));
        bool is_integer = false;
        const size_t length = internal::NumberLength(rest, &is_integer);
        if (length == 0) {
            return Fail("expected a value");
        }
        const internal::Number number = internal::ConvertNumber(rest.substr(0, length), is_integer);
        switch (number.kind) {
            case internal::NumberKind::kInvalid:
                return Fail("number out of range");
            case internal::NumberKind::kInt64:
                Store(out, Value(number.int64));
                break;
            case internal::NumberKind::kUint64:
                Store(out, Value(number.uint64));
                break;
            case internal::NumberKind::kDouble:
                Store(out, Value(number.number));
                break;
        }
        pos_ += length;
        return true;
    }

    static void Store(Value* out, Value value) {
        if (out != nullptr) {
            *out = std::move(value);
        }
    }

    // Moves past one string and gives its unescaped text when `out` is not null.
    bool ReadString(std::string* out) {
        if (!Take('"')) {
            return Fail("expected a string");
        }
        const char* first = pos_;
        bool escaped = false;
        while (pos_ != end_ && *pos_ != '"') {
            const auto byte = static_cast<uint8_t>(*pos_);
            if (byte < 0x20) {
                return Fail("control character in a string");
            }
            if (byte == '\\') {
                escaped = true;
                pos_ += end_ - pos_ >= 2 ? 2 : 1;
                continue;
            }
            const size_t length = byte < 0x80 ? 1 : Utf8Length(pos_, end_);
            if (length == 0) {
                return Fail("invalid UTF-8");
            }
            pos_ += length;
        }
        if (pos_ == end_) {
            return Fail("unterminated string");
        }
        const std::string_view raw(first, static_cast<size_t>(pos_ - first));
        ++pos_;
        return KeepString(raw, escaped, out);
    }

    bool KeepString(std::string_view raw, bool escaped, std::string* out) {
        if (!escaped) {
            if (out != nullptr) {
                out->assign(raw);
            }
            return true;
        }
        scratch_.clear();
        std::string* target = out != nullptr ? out : &scratch_;
        target->clear();
        return internal::Unescape(raw, target) || Fail("invalid escape in a string");
    }

    bool ReadStringValue(Value* out) {
        if (out == nullptr) {
            return ReadString(nullptr);
        }
        std::string text;
        if (!ReadString(&text)) {
            return false;
        }
        *out = Value(std::move(text));
        return true;
    }

    bool ReadArray(Value* out, int depth_left) {
        if (depth_left == 0) {
            return Fail("nested too deeply");
        }
        ++pos_;
        Value::Array elements;
        SkipSpace();
        if (!Take(']')) {
            do {
                SkipSpace();
                Value* element = out == nullptr ? nullptr : &elements.emplace_back();
                if (!ReadValue(element, depth_left - 1)) {
                    return false;
                }
                SkipSpace();
            } while (Take(','));
            if (!Take(']')) {
                return Fail("expected ',' or ']'");
            }
        }
        Store(out, Value(std::move(elements)));
        return true;
    }

    bool ReadMember(Value::Object* members, int depth_left) {
        SkipSpace();
        Value::Member* member = members == nullptr ? nullptr : &members->emplace_back();
        if (!ReadString(member == nullptr ? nullptr : &member->first)) {
            return false;
        }
        SkipSpace();
        if (!Take(':')) {
            return Fail("expected ':'");
        }
        SkipSpace();
        return ReadValue(member == nullptr ? nullptr : &member->second, depth_left);
    }

    bool ReadObject(Value* out, int depth_left) {
        if (depth_left == 0) {
            return Fail("nested too deeply");
        }
        ++pos_;
        Value::Object members;
        SkipSpace();
        if (!Take('}')) {
            do {
                if (!ReadMember(out == nullptr ? nullptr : &members, depth_left - 1)) {
                    return false;
                }
                SkipSpace();
            } while (Take(','));
            if (!Take('}')) {
                return Fail("expected ',' or '}'");
            }
        }
        Store(out, Value(std::move(members)));
        return true;
    }

    const char* begin_;
    const char* pos_;
    const char* end_;
    const Limits& limits_;
    const char* problem_ = nullptr;
    const char* problem_pos_ = nullptr;
    std::string scratch_;
};

}  // namespace

base::Result<Value> Parse(std::string_view text, const Limits& limits) {
    Value value;
    RETURN_IF_ERROR(Reader(text, limits).ReadDocument(&value));
    return value;
}

base::Status Validate(std::string_view text, bool must_be_object, const Limits& limits) {
    RETURN_IF_ERROR(Reader(text, limits).ReadDocument(nullptr));
    if (must_be_object) {
        size_t first = 0;
        while (IsSpace(text[first])) {
            ++first;
        }
        if (text[first] != '{') {
            return base::InvalidParameter("JSON text must be an object");
        }
    }
    return base::Status();
}

}  // namespace elanus::json
