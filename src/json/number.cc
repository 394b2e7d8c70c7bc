#include "json/number.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

namespace elanus::json::internal {

namespace {

size_t SkipDigits(std::string_view text, size_t pos) {
    while (pos < text.size() && text[pos] >= '0' && text[pos] <= '9') {
        ++pos;
    }
    return pos;
}

Number ConvertDouble(std::string_view text) {
    Number result;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), result.number);
    if (error == std::errc::result_out_of_range) {
        // Too small or too large: strtod tells which.
        result.number = std::strtod(std::string(text).c_str(), nullptr);
        if (std::isinf(result.number)) {
            return {};
        }
    } else if (error != std::errc() || end != text.data() + text.size()) {
        return {};
    }
    result.kind = NumberKind::kDouble;
    return result;
}

int HexDigit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Four hex digits at raw[pos]; -1 when they are not there.
int32_t ReadHex4(std::string_view raw, size_t pos) {
    if (raw.size() < pos + 4) {
        return -1;
    }
    int32_t value = 0;
    for (size_t i = 0; i < 4; ++i) {
        const int digit = HexDigit(raw[pos + i]);
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

void AppendUtf8(uint32_t code, std::string* out) {
    const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | (code >> 6));
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3f));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    }
}

// Handles \uXXXX with `pos` at the first digit; moves `pos` past what it used.
bool UnescapeUnicode(std::string_view raw, size_t* pos, std::string* out) {
    const int32_t high = ReadHex4(raw, *pos);
    if (high < 0 || (high >= 0xdc00 && high < 0xe000)) {
        return false;
    }
    *pos += 4;
    if (high < 0xd800 || high >= 0xe000) {
        AppendUtf8(static_cast<uint32_t>(high), out);
        return true;
    }
    if (raw.size() < *pos + 2 || raw[*pos] != '\\' || raw[*pos + 1] != 'u') {
        return false;
    }
    const int32_t low = ReadHex4(raw, *pos + 2);
    if (low < 0xdc00 || low >= 0xe000) {
        return false;
    }
    *pos += 6;
    AppendUtf8(0x10000 + ((static_cast<uint32_t>(high) - 0xd800) << 10) +
                   (static_cast<uint32_t>(low) - 0xdc00),
               out);
    return true;
}

char SimpleEscape(char c) {
    switch (c) {
        case '"':
        case '\\':
        case '/':
            return c;
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        default:
            return 0;
    }
}

}  // namespace

size_t NumberLength(std::string_view text, bool* is_integer) {
    size_t pos = !text.empty() && text[0] == '-' ? 1 : 0;
    const size_t first = pos;
    pos = SkipDigits(text, pos);
    if (pos == first || (text[first] == '0' && pos > first + 1)) {
        return 0;
    }
    *is_integer = true;
    if (pos < text.size() && text[pos] == '.') {
        const size_t fraction = pos + 1;
        pos = SkipDigits(text, fraction);
        if (pos == fraction) {
            return 0;
        }
        *is_integer = false;
    }
    if (pos < text.size() && (text[pos] == 'e' || text[pos] == 'E')) {
        ++pos;
        if (pos < text.size() && (text[pos] == '+' || text[pos] == '-')) {
            ++pos;
        }
        const size_t exponent = pos;
        pos = SkipDigits(text, exponent);
        if (pos == exponent) {
            return 0;
        }
        *is_integer = false;
    }
    return pos;
}

Number ConvertNumber(std::string_view text, bool is_integer) {
    if (!is_integer) {
        return ConvertDouble(text);
    }
    Number result;
    const char* end = text.data() + text.size();
    if (std::from_chars(text.data(), end, result.int64).ec == std::errc()) {
        result.kind = NumberKind::kInt64;
        return result;
    }
    if (text[0] != '-' && std::from_chars(text.data(), end, result.uint64).ec == std::errc()) {
        result.kind = NumberKind::kUint64;
        return result;
    }
    return ConvertDouble(text);
}

bool Unescape(std::string_view raw, std::string* out) {
    size_t pos = 0;
    while (pos < raw.size()) {
        const size_t slash = raw.find('\\', pos);
        out->append(raw.substr(pos, slash - pos));
        if (slash == std::string_view::npos) {
            return true;
        }
        if (slash + 1 >= raw.size()) {
            return false;
        }
        pos = slash + 2;
        if (raw[slash + 1] == 'u') {
            if (!UnescapeUnicode(raw, &pos, out)) {
                return false;
            }
            continue;
        }
        const char plain = SimpleEscape(raw[slash + 1]);
        if (plain == 0) {
            return false;
        }
        out->push_back(plain);
    }
    return true;
}

}  // namespace elanus::json::internal
