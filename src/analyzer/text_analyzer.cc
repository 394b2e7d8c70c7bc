#include "analyzer/text_analyzer.h"

#include "analyzer/unicode.h"
#include "json/json.h"

#include <array>

namespace elanus::analyzer {

namespace {

using Settings = TextAnalyzer::Settings;

base::Status Unsupported(std::string_view what) {
    return base::InvalidParameter("analyzer params: " + std::string(what) +
                                  " is unknown or not supported yet");
}

base::Status ReadStopWords(const json::Value* list, Settings* settings) {
    const json::Value::Array* words = list == nullptr ? nullptr : list->array_if();
    if (words == nullptr) {
        return Unsupported("a stop filter without a list of stop_words");
    }
    for (const json::Value& word : *words) {
        const std::string* text = word.string_if();
        if (text == nullptr || text->starts_with('_')) {  // names of built-in lists: _english_
            return Unsupported("stop word " + json::Write(word));
        }
        settings->stop_words.insert(*text);
    }
    return base::Status();
}

base::Status ReadFilter(const json::Value& filter, Settings* settings) {
    if (const std::string* name = filter.string_if(); name != nullptr && *name == "lowercase") {
        settings->lower_case = true;
        return base::Status();
    }
    const json::Value* type = filter.Find("type");
    if (type != nullptr && type->string_if() != nullptr && *type->string_if() == "stop") {
        return ReadStopWords(filter.Find("stop_words"), settings);
    }
    return Unsupported("filter " + json::Write(filter));
}

// {"type": "standard", "stop_words": [...]}
base::Status ReadBuiltIn(const json::Value::Object& params, Settings* settings) {
    for (const auto& [key, value] : params) {
        if (key == "type") {
            const std::string* name = value.string_if();
            if (name == nullptr || *name != "standard") {
                return Unsupported("type " + json::Write(value));
            }
        } else if (key == "stop_words") {
            RETURN_IF_ERROR(ReadStopWords(&value, settings));
        } else {
            return Unsupported("key " + key);
        }
    }
    return base::Status();
}

// {"tokenizer": "standard", "filter": [...]}
base::Status ReadParts(const json::Value::Object& params, Settings* settings) {
    settings->lower_case = false;
    for (const auto& [key, value] : params) {
        if (key == "tokenizer") {
            const std::string* name = value.string_if();
            if (name == nullptr || (*name != "standard" && *name != "whitespace")) {
                return Unsupported("tokenizer " + json::Write(value));
            }
            settings->split_at_blanks_only = *name == "whitespace";
        } else if (key == "filter" && value.array_if() != nullptr) {
            for (const json::Value& filter : *value.array_if()) {
                RETURN_IF_ERROR(ReadFilter(filter, settings));
            }
        } else {
            return Unsupported("key " + key);
        }
    }
    return base::Status();
}

bool IsBlank(uint32_t code) {
    return code == ' ' || (code >= '\t' && code <= '\r') || code == 0x85 || code == 0xa0 ||
           (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 ||
           code == 0x202f || code == 0x205f || code == 0x3000 || code == 0x1680;
}

}  // namespace

base::Result<TextAnalyzer> TextAnalyzer::Create(std::string_view params) {
    Settings settings;
    if (params.find_first_not_of(" \t\r\n") != std::string_view::npos) {
        ASSIGN_OR_RETURN(const json::Value document, json::Parse(params, {.depth_max = 16}));
        const json::Value::Object* object = document.object_if();
        if (object == nullptr) {
            return Unsupported("a value that is no object");
        }
        if (document.Find("type") != nullptr) {
            RETURN_IF_ERROR(ReadBuiltIn(*object, &settings));
        } else if (!object->empty()) {
            RETURN_IF_ERROR(ReadParts(*object, &settings));
        }
    }
    TextAnalyzer analyzer;
    analyzer.settings_ = std::make_shared<const Settings>(std::move(settings));
    return analyzer;
}

// Puts the next run of word characters into word_.
bool TokenStream::NextWord() {
    const Settings& settings = analyzer_.settings();
    word_.clear();
    while (!rest_.empty()) {
        const CodePoint code = FirstCodePoint(rest_);
        const bool in_word =
            code.valid &&
            (settings.split_at_blanks_only ? !IsBlank(code.value) : IsWordCodePoint(code.value));
        const auto at = size_ - static_cast<uint32_t>(rest_.size());
        if (in_word) {
            start_ = word_.empty() ? at : start_;
            end_ = at + static_cast<uint32_t>(code.length);
            AppendUtf8(settings.lower_case ? LowerCase(code.value) : code.value, &word_);
        }
        rest_.remove_prefix(code.length);
        if (!in_word && !word_.empty()) {
            break;
        }
    }
    return !word_.empty();
}

bool TokenStream::Next(Token* token) {
    const auto& stop_words = analyzer_.settings().stop_words;
    while (NextWord()) {
        const uint32_t position = position_++;
        if (stop_words.empty() || !stop_words.contains(word_)) {
            *token = Token{word_, position, start_, end_};
            return true;
        }
    }
    return false;
}

std::vector<OwnedToken> Tokens(const TextAnalyzer& analyzer, std::string_view text) {
    std::vector<OwnedToken> tokens;
    TokenStream stream(analyzer);
    stream.Reset(text);
    Token token;
    while (stream.Next(&token)) {
        tokens.push_back({std::string(token.text), token.position, token.start, token.end});
    }
    return tokens;
}

namespace {

constexpr size_t kHashedBytes = 100;

constexpr std::array<uint32_t, 256> MakeCrcTable() {
    std::array<uint32_t, 256> table{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t remainder = byte;
        for (int bit = 0; bit < 8; ++bit) {
            remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0xedb88320u : 0);
        }
        table[byte] = remainder;
    }
    return table;
}

}  // namespace

uint32_t TokenHash(std::string_view token) {
    static constexpr std::array<uint32_t, 256> kTable = MakeCrcTable();
    uint32_t crc = UINT32_MAX;
    for (const char c : token.substr(0, kHashedBytes)) {
        crc = (crc >> 8) ^ kTable[(crc ^ static_cast<uint8_t>(c)) & 0xff];
    }
    return ~crc % UINT32_MAX;
}

}  // namespace elanus::analyzer
