#include "base/base64.h"

#include <algorithm>
#include <cstdint>

namespace elanus::base {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

void AppendBase64(std::string_view bytes, std::string* out) {
    for (size_t at = 0; at < bytes.size(); at += 3) {
        const size_t left = std::min<size_t>(3, bytes.size() - at);
        uint32_t group = 0;
        for (size_t i = 0; i < 3; ++i) {
            group = (group << 8) | (i < left ? static_cast<uint8_t>(bytes[at + i]) : 0u);
        }
        for (size_t i = 0; i < 4; ++i) {
            out->push_back(i <= left ? kBase64[(group >> (18 - 6 * i)) & 63] : '=');
        }
    }
}

bool DecodeBase64(std::string_view text, std::string* out) {
    if (text.size() % 4 != 0) {
        return false;
    }
    const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    text.remove_suffix(padding);
    uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const size_t digit = kBase64.find(c);
        if (digit == std::string_view::npos) {
            return false;
        }
        bits = (bits << 6) | static_cast<uint32_t>(digit);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out->push_back(static_cast<char>((bits >> held) & 0xff));
        }
    }
    return true;
}

}  // namespace elanus::base
