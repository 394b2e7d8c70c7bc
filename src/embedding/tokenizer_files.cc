#include "embedding/tokenizer_files.h"

#include "base/phrase.h"
#include "sys/file_system.h"

#include <algorithm>

namespace elanus::embedding {
namespace {

using base::Invalid;

constexpr uint64_t kFileBytesMax = 64 << 20;

const json::Value& MemberOf(const json::Value& object, std::string_view key) {
    static const json::Value kNull;
    const json::Value* found = object.Find(key);
    return found == nullptr ? kNull : *found;
}

std::string TextOf(const json::Value& object, std::string_view key, std::string otherwise = {}) {
    const std::string* text = MemberOf(object, key).string_if();
    return text == nullptr ? otherwise : *text;
}

bool FlagOf(const json::Value& object, std::string_view key, bool otherwise) {
    const bool* flag = MemberOf(object, key).bool_if();
    return flag == nullptr ? otherwise : *flag;
}

int64_t NumberOf(const json::Value& object, std::string_view key, int64_t otherwise) {
    const int64_t* number = MemberOf(object, key).int64_if();
    return number == nullptr ? otherwise : *number;
}

base::Status CheckKind(const json::Value& file, std::string_view part,
                       std::initializer_list<std::string_view> known) {
    const std::string kind = TextOf(MemberOf(file, part), "type");
    return std::find(known.begin(), known.end(), kind) != known.end()
               ? base::Status()
               : Invalid("tokenizer.json: ", part, " of type ", kind.empty() ? "none" : kind,
                         " is not supported, expected ", *known.begin());
}

base::Result<WordPiece::Vocabulary> ReadVocabulary(const json::Value& model) {
    const json::Value::Object* members = MemberOf(model, "vocab").object_if();
    WordPiece::Vocabulary vocabulary;
    for (const auto& [token, id] : members == nullptr ? json::Value::Object() : *members) {
        if (id.int64_if() == nullptr) {
            return Invalid("tokenizer.json: a token of the vocabulary has no number");
        }
        vocabulary.emplace(token, *id.int64_if());
    }
    return vocabulary;
}

base::Status ReadSpecials(const json::Value& file, WordPieceOptions* options) {
    const json::Value::Array* added = MemberOf(file, "added_tokens").array_if();
    for (const json::Value& token : added == nullptr ? json::Value::Array() : *added) {
        const std::string text = TextOf(token, "content");
        if (FlagOf(token, "single_word", false) || FlagOf(token, "normalized", false)) {
            return Invalid("tokenizer.json: the added token ", text,
                           " is single_word or normalized, which is not supported");
        }
        if (!text.empty()) {
            options->special.emplace_back(text, NumberOf(token, "id", 0));
        }
    }
    return base::Status();
}

// {"SpecialToken": {"id": "[CLS]"}} and {"Sequence": ..} in a row.
base::Status ReadTemplate(const json::Value& processor, WordPieceOptions* options) {
    const json::Value& specials = MemberOf(processor, "special_tokens");
    const json::Value::Array* single = MemberOf(processor, "single").array_if();
    std::vector<int64_t>* to = &options->before;
    for (const json::Value& step : single == nullptr ? json::Value::Array() : *single) {
        if (step.Find("Sequence") != nullptr) {
            to = &options->after;
            continue;
        }
        const std::string name = TextOf(MemberOf(step, "SpecialToken"), "id");
        const json::Value::Array* ids = MemberOf(MemberOf(specials, name), "ids").array_if();
        if (ids == nullptr) {
            return Invalid("tokenizer.json: the token ", name, " of the template is not defined");
        }
        for (const json::Value& id : *ids) {
            to->push_back(id.int64_if() == nullptr ? 0 : *id.int64_if());
        }
    }
    return base::Status();
}

// {"cls": ["[CLS]", 101], "sep": ["[SEP]", 102]}.
base::Status ReadBertProcessing(const json::Value& processor, WordPieceOptions* options) {
    for (const auto& [key, to] : {std::pair("cls", &options->before), {"sep", &options->after}}) {
        const json::Value::Array* pair = MemberOf(processor, key).array_if();
        if (pair == nullptr || pair->size() != 2 || (*pair)[1].int64_if() == nullptr) {
            return Invalid("tokenizer.json: post_processor lacks ", key);
        }
        to->push_back(*(*pair)[1].int64_if());
    }
    return base::Status();
}

base::Status ReadPostProcessor(const json::Value& file, WordPieceOptions* options) {
    const json::Value& processor = MemberOf(file, "post_processor");
    if (processor.is_null()) {
        return base::Status();
    }
    RETURN_IF_ERROR(CheckKind(file, "post_processor", {"TemplateProcessing", "BertProcessing"}));
    return TextOf(processor, "type") == "BertProcessing" ? ReadBertProcessing(processor, options)
                                                         : ReadTemplate(processor, options);
}

base::Result<WordPiece> FromTokenizerJson(const json::Value& file) {
    RETURN_IF_ERROR(CheckKind(file, "model", {"WordPiece"}));
    RETURN_IF_ERROR(CheckKind(file, "normalizer", {"BertNormalizer"}));
    RETURN_IF_ERROR(CheckKind(file, "pre_tokenizer", {"BertPreTokenizer"}));
    const json::Value& model = MemberOf(file, "model");
    const json::Value& normalizer = MemberOf(file, "normalizer");
    WordPieceOptions options;
    options.clean_text = FlagOf(normalizer, "clean_text", true);
    options.split_han = FlagOf(normalizer, "handle_chinese_chars", true);
    options.lower_case = FlagOf(normalizer, "lowercase", true);
    options.strip_accents = FlagOf(normalizer, "strip_accents", options.lower_case);
    options.unknown = TextOf(model, "unk_token", options.unknown);
    options.continuation = TextOf(model, "continuing_subword_prefix", options.continuation);
    options.word_characters_max =
        static_cast<size_t>(std::max<int64_t>(NumberOf(model, "max_input_chars_per_word", 100), 0));
    RETURN_IF_ERROR(ReadSpecials(file, &options));
    RETURN_IF_ERROR(ReadPostProcessor(file, &options));
    ASSIGN_OR_RETURN(WordPiece::Vocabulary vocabulary, ReadVocabulary(model));
    const auto filler = vocabulary.find("[PAD]");
    options.filler = NumberOf(MemberOf(file, "padding"), "pad_id",
                              filler == vocabulary.end() ? 0 : filler->second);
    return WordPiece::Create(std::move(vocabulary), std::move(options));
}

WordPiece::Vocabulary NumberLines(std::string_view text) {
    WordPiece::Vocabulary vocabulary;
    for (int64_t id = 0; !text.empty(); ++id) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string_view token = text.substr(0, end);
        if (token.ends_with('\r')) {
            token.remove_suffix(1);
        }
        vocabulary.emplace(token, id);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return vocabulary;
}

base::Result<WordPiece> FromVocabulary(std::string_view text, const json::Value& config) {
    WordPiece::Vocabulary vocabulary = NumberLines(text);
    WordPieceOptions options;
    options.lower_case = FlagOf(config, "do_lower_case", true);
    options.strip_accents = FlagOf(config, "strip_accents", options.lower_case);
    options.split_han = FlagOf(config, "tokenize_chinese_chars", true);
    const auto id_of = [&](std::string_view role, const char* own) -> std::optional<int64_t> {
        const std::string token = TextOf(config, role, own);
        const auto found = vocabulary.find(token);
        if (found == vocabulary.end()) {
            return std::nullopt;
        }
        if (!token.empty()) {  // an empty line of the list stands nowhere in a text
            options.special.emplace_back(token, found->second);
        }
        return found->second;
    };
    const std::optional<int64_t> first = id_of("cls_token", "[CLS]");
    const std::optional<int64_t> last = id_of("sep_token", "[SEP]");
    if (!first.has_value() || !last.has_value()) {
        return Invalid("vocab.txt has no tokens [CLS] and [SEP]");
    }
    options.before = {*first};
    options.after = {*last};
    options.filler = id_of("pad_token", "[PAD]").value_or(0);
    id_of("mask_token", "[MASK]");
    options.unknown = TextOf(config, "unk_token", options.unknown);
    id_of("unk_token", "[UNK]");
    return WordPiece::Create(std::move(vocabulary), std::move(options));
}

}  // namespace

base::Result<std::optional<std::string>> ReadWholeFile(const std::string& path,
                                                       uint64_t bytes_max) {
    const auto file = sys::PosixFileSystem().Open(path, sys::OpenMode::kRead);
    if (!file.ok()) {
        return std::optional<std::string>();
    }
    ASSIGN_OR_RETURN(const uint64_t size, (*file)->Size());
    if (size > bytes_max) {
        return Invalid(path, " has more than ", bytes_max, " bytes");
    }
    ASSIGN_OR_RETURN(std::string text, (*file)->ReadAt(0, size));
    return std::optional<std::string>(std::move(text));
}

base::Result<json::Value> ReadJsonFile(const std::string& path) {
    ASSIGN_OR_RETURN(const std::optional<std::string> text, ReadWholeFile(path, kFileBytesMax));
    if (!text.has_value()) {
        return json::Value();
    }
    base::Result<json::Value> value = json::Parse(*text);
    return value.ok() ? std::move(value) : value.status().Annotate(path);
}

base::Result<WordPiece> ReadTokenizer(const std::string& folder) {
    ASSIGN_OR_RETURN(const json::Value file, ReadJsonFile(folder + "/tokenizer.json"));
    if (!file.is_null()) {
        return FromTokenizerJson(file);
    }
    ASSIGN_OR_RETURN(const std::optional<std::string> vocabulary,
                     ReadWholeFile(folder + "/vocab.txt", kFileBytesMax));
    if (!vocabulary.has_value()) {
        return Invalid("the folder has neither tokenizer.json nor vocab.txt");
    }
    ASSIGN_OR_RETURN(const json::Value config, ReadJsonFile(folder + "/tokenizer_config.json"));
    return FromVocabulary(*vocabulary, config);
}

}  // namespace elanus::embedding
