#include "scalar_index/json_terms.h"

#include "scalar_index/key_slice.h"

#include <algorithm>

namespace elanus::scalar_index {

namespace {

using ScalarKind = json::Scalar::Kind;

constexpr std::string_view kStepEnd("\x00\x01", 2);
constexpr std::string_view kPathEnd("\x00\x00", 2);

}  // namespace

void AppendJsonStep(std::string_view key, std::string* path) {
    for (const char c : key) {
        path->push_back(c);
        if (c == '\0') {
            path->push_back('\xff');
        }
    }
    path->append(kStepEnd);
}

std::string JsonTermPrefix(const std::vector<std::string>& path, size_t first_step, char tag) {
    std::string prefix;
    for (size_t i = first_step; i < path.size(); ++i) {
        AppendJsonStep(path[i], &prefix);
    }
    prefix.append(kPathEnd);
    prefix.push_back(tag);
    return prefix;
}

bool JsonWalker::Walk(std::string_view document, const json::Path& root, const Visit& visit) {
    visit_ = &visit;
    path_.clear();
    std::string scratch;
    const json::Scalar value = json::Find(document, root, &scratch);
    return value.kind == ScalarKind::kMissing ? !root.empty() : WalkValue(value, 0);
}

void JsonWalker::Emit(char tag, const json::Scalar* value) {
    term_.assign(path_);
    term_.append(kPathEnd);
    term_.push_back(tag);
    if (value != nullptr && value->kind == ScalarKind::kBool) {
        AppendOrdered(int64_t{value->boolean}, &term_);
    } else if (value != nullptr && value->is_number()) {
        AppendOrdered(value->AsDouble(), &term_);
    } else if (value != nullptr) {
        AppendOrdered(value->text, &term_);
    }
    (*visit_)(term_);
}

bool JsonWalker::WalkValue(const json::Scalar& value, size_t depth) {
    if (value.kind == ScalarKind::kMissing) {
        return false;
    }
    if (value.kind == ScalarKind::kNull) {
        return true;
    }
    Emit(kTagExists, nullptr);
    switch (value.kind) {
        case ScalarKind::kBool:
            Emit(kTagBool, &value);
            return true;
        case ScalarKind::kString:
            Emit(kTagString, &value);
            return true;
        case ScalarKind::kObject:
            return depth == kJsonDepthMax || WalkObject(value.text, depth);
        case ScalarKind::kArray:
            return WalkArray(value.text, depth);
        default:
            Emit(kTagNumber, &value);
            return true;
    }
}

std::vector<uint32_t> JsonWalker::Repeated(std::string_view raw) {
    keys_.clear();
    key_bytes_.clear();
    json::ObjectCursor cursor(raw);
    std::string_view key;
    json::Scalar value;
    for (uint32_t number = 0; cursor.Next(&key, &value); ++number) {
        keys_.push_back({key_bytes_.size(), key.size(), number});
        key_bytes_.append(key);
    }
    const auto text = [&](const Key& k) {
        return std::string_view(key_bytes_).substr(k.place, k.length);
    };
    std::sort(keys_.begin(), keys_.end(), [&](const Key& a, const Key& b) {
        const int order = text(a).compare(text(b));
        return order != 0 ? order < 0 : a.number < b.number;
    });
    std::vector<uint32_t> repeated;
    for (size_t i = 1; i < keys_.size(); ++i) {
        if (text(keys_[i - 1]) == text(keys_[i])) {
            repeated.push_back(keys_[i].number);
        }
    }
    std::sort(repeated.begin(), repeated.end());
    return repeated;
}

// The first of members with one key is the one that counts.
bool JsonWalker::WalkObject(std::string_view raw, size_t depth) {
    const std::vector<uint32_t> repeated = Repeated(raw);
    const size_t path_size = path_.size();
    json::ObjectCursor cursor(raw);
    std::string_view key;
    json::Scalar value;
    bool whole = true;
    for (uint32_t number = 0; cursor.Next(&key, &value); ++number) {
        if (std::binary_search(repeated.begin(), repeated.end(), number)) {
            continue;
        }
        AppendJsonStep(key, &path_);
        whole &= WalkValue(value, depth + 1);
        path_.resize(path_size);
    }
    return whole && cursor.at_end();
}

bool JsonWalker::WalkArray(std::string_view raw, size_t depth) {
    const size_t path_size = path_.size();
    json::ArrayCursor cursor(raw);
    json::Scalar element;
    bool whole = true;
    for (uint64_t i = 0; cursor.Next(&element); ++i) {
        if (element.kind == ScalarKind::kBool) {
            Emit(kTagElementBool, &element);
        } else if (element.is_number()) {
            Emit(kTagElementNumber, &element);
        } else if (element.kind == ScalarKind::kString) {
            Emit(kTagElementString, &element);
        }
        if (depth < kJsonDepthMax) {
            AppendJsonStep(std::to_string(i), &path_);
            whole &= WalkValue(element, depth + 1);
            path_.resize(path_size);
        }
    }
    return whole;
}

}  // namespace elanus::scalar_index
