#include "proxy/output_path.h"

namespace elanus::proxy {

namespace {

// One `[..]` at the start of `text`, which is cut off. False when there is none.
bool TakeSubscript(std::string_view* text, Subscripts* out) {
    if (text->size() < 3 || text->front() != '[') {
        return false;
    }
    const char quote = (*text)[1];
    if (quote == '"' || quote == '\'') {
        const size_t end = text->find(quote, 2);
        if (end == std::string_view::npos || end == 2 || end + 1 >= text->size() ||
            (*text)[end + 1] != ']') {
            return false;
        }
        out->keys.emplace_back(text->substr(2, end - 2));
        text->remove_prefix(end + 2);
        return true;
    }
    const size_t end = text->find(']');
    if (end == std::string_view::npos || end == 1) {
        return false;
    }
    out->keys.emplace_back(text->substr(1, end - 1));
    out->bare = true;
    text->remove_prefix(end + 1);
    return true;
}

}  // namespace

std::string_view TrimBlanks(std::string_view text) {
    const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

Subscripts SplitSubscripts(std::string_view text) {
    Subscripts out;
    const size_t bracket = text.find('[');
    if (bracket == std::string_view::npos || bracket == 0) {
        return out;
    }
    out.name = text.substr(0, bracket);
    std::string_view rest = text.substr(bracket);
    while (!rest.empty()) {
        if (!TakeSubscript(&rest, &out)) {
            out.keys.clear();
            return out;
        }
    }
    return out;
}

}  // namespace elanus::proxy
