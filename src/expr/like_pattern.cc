#include "expr/like_pattern.h"

namespace elanus::expr {

LikeMatcher::LikeMatcher(std::string_view pattern) {
    for (size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c == '%') {
            if (elements_.empty() || elements_.back().kind != Kind::kAnyRun) {
                elements_.push_back({Kind::kAnyRun, 0});
            }
        } else if (c == '_') {
            elements_.push_back({Kind::kAnyOne, 0});
        } else {
            const bool escapes =
                c == '\\' && i + 1 < pattern.size() &&
                (pattern[i + 1] == '%' || pattern[i + 1] == '_' || pattern[i + 1] == '\\');
            elements_.push_back({Kind::kByte, escapes ? pattern[++i] : c});
        }
    }
}

// Greedy with one place to come back to: the last %, which may swallow one more character.
bool LikeMatcher::Matches(std::string_view text) const {
    constexpr size_t kNowhere = SIZE_MAX;
    size_t t = 0;
    size_t e = 0;
    size_t retry_element = kNowhere;
    size_t retry_text = 0;
    while (t < text.size() || e < elements_.size()) {
        if (e < elements_.size()) {
            const Element element = elements_[e];
            if (element.kind == Kind::kAnyRun) {
                retry_element = e++;
                retry_text = t;
                continue;
            }
            if (t < text.size() && element.kind == Kind::kAnyOne) {
                ++t;
                while (t < text.size() && (static_cast<uint8_t>(text[t]) & 0xc0) == 0x80) {
                    ++t;
                }
                ++e;
                continue;
            }
            if (t < text.size() && element.kind == Kind::kByte && element.byte == text[t]) {
                ++t;
                ++e;
                continue;
            }
        }
        if (retry_element == kNowhere || retry_text >= text.size()) {
            return false;
        }
        // Whole characters only, or _ could start inside of one.
        ++retry_text;
        while (retry_text < text.size() &&
               (static_cast<uint8_t>(text[retry_text]) & 0xc0) == 0x80) {
            ++retry_text;
        }
        t = retry_text;
        e = retry_element + 1;
    }
    return true;
}

LikeShape ClassifyLike(std::string_view pattern) {
    using Kind = LikeMatcher::Kind;
    const LikeMatcher matcher(pattern);
    const auto& elements = matcher.elements_;
    const bool open_front = !elements.empty() && elements.front().kind == Kind::kAnyRun;
    const bool open_back = !elements.empty() && elements.back().kind == Kind::kAnyRun;
    const size_t first = open_front ? 1 : 0;
    const size_t last = elements.size() - (open_back && elements.size() > first ? 1 : 0);
    std::string text;
    for (size_t i = first; i < last; ++i) {
        if (elements[i].kind != Kind::kByte) {
            return {LikeKind::kGeneral, std::string(pattern)};
        }
        text.push_back(elements[i].byte);
    }
    if (open_front) {
        return {open_back ? LikeKind::kInfix : LikeKind::kSuffix, std::move(text)};
    }
    return {open_back ? LikeKind::kPrefix : LikeKind::kEqual, std::move(text)};
}

}  // namespace elanus::expr
