#include "proxy/hit_highlighter.h"

#include "json/json.h"
#include "proxy/phrase.h"

namespace elanus::proxy {

namespace {

base::Status ReadTags(const KeyValues& params, const std::string& key,
                      std::vector<std::string>* tags) {
    const auto given = params.find(key);
    if (given == params.end()) {
        return base::Status();
    }
    ASSIGN_OR_RETURN(*tags, ReadTextList(key, given->second));
    return tags->empty() ? Invalid(key, " cannot be empty list") : base::Status();
}

}  // namespace

base::Result<std::vector<std::string>> ReadTextList(std::string_view key, const std::string& text) {
    const auto parsed = json::Parse(text);
    const json::Value::Array* list = parsed.ok() ? parsed->array_if() : nullptr;
    if (list == nullptr) {
        return Invalid("unmarshal ", key, " as string list failed: ", text);
    }
    std::vector<std::string> texts;
    for (const json::Value& item : *list) {
        if (item.string_if() == nullptr) {
            return Invalid("unmarshal ", key, " as string list failed: ", text);
        }
        texts.push_back(*item.string_if());
    }
    return texts;
}

base::Result<HighlightTags> HighlightTags::Read(const KeyValues& params) {
    HighlightTags tags;
    RETURN_IF_ERROR(ReadTags(params, "pre_tags", &tags.pre));
    RETURN_IF_ERROR(ReadTags(params, "post_tags", &tags.post));
    return tags;
}

void HighlightTags::Mark(std::string_view piece, size_t number, std::string* out) const {
    out->append(pre[number % pre.size()]);
    out->append(piece);
    out->append(post[number % post.size()]);
}

}  // namespace elanus::proxy
