#include "proxy/json_members.h"

namespace elanus::proxy {

namespace {

bool IsSpace(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

JsonMembers::JsonMembers(std::string_view object) : text_(object) {
    SkipSpace();
    position_ = position_ < text_.size() && text_[position_] == '{' ? position_ + 1 : text_.size();
}

void JsonMembers::SkipSpace() {
    while (position_ < text_.size() && IsSpace(text_[position_])) {
        ++position_;
    }
}

bool JsonMembers::SkipString() {
    if (position_ >= text_.size() || text_[position_] != '"') {
        return false;
    }
    for (++position_; position_ < text_.size(); ++position_) {
        if (text_[position_] == '\\') {
            ++position_;
        } else if (text_[position_] == '"') {
            ++position_;
            return true;
        }
    }
    return false;
}

// Brackets are counted, not matched: the text is known to be valid.
bool JsonMembers::SkipValue() {
    size_t depth = 0;
    while (position_ < text_.size()) {
        const char c = text_[position_];
        if (c == '"') {
            if (!SkipString()) {
                return false;
            }
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}')) {
            return true;
        }
        if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            --depth;
        }
        ++position_;
    }
    return false;
}

bool JsonMembers::Next(Member* member) {
    SkipSpace();
    if (position_ < text_.size() && text_[position_] == ',') {
        ++position_;
        SkipSpace();
    }
    const size_t key_begin = position_ + 1;
    if (!SkipString()) {
        return false;
    }
    member->key = text_.substr(key_begin, position_ - 1 - key_begin);
    SkipSpace();
    if (position_ >= text_.size() || text_[position_] != ':') {
        return false;
    }
    ++position_;
    SkipSpace();
    const size_t value_begin = position_;
    if (!SkipValue()) {
        return false;
    }
    size_t value_end = position_;
    while (value_end > value_begin && IsSpace(text_[value_end - 1])) {
        --value_end;
    }
    member->value = text_.substr(value_begin, value_end - value_begin);
    return true;
}

}  // namespace elanus::proxy
