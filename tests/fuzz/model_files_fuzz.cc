// The tokenizer of an embedding model's folder. The form: the text of tokenizer.json, a zero byte,
// and a text to take apart; or '#', the text of vocab.txt, a zero byte, the text of
// tokenizer_config.json, a zero byte, and a text to take apart.
#include "embedding/tokenizer_files.h"
#include "target.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace elanus;

namespace {

// One folder a process, in memory where there is such a place.
const std::filesystem::path& Folder() {
    struct Own {
        Own() {
            const std::filesystem::path memory = "/dev/shm";
            path = (std::filesystem::exists(memory) ? memory
                                                    : std::filesystem::temp_directory_path()) /
                   ("elanus_model_" + std::to_string(getpid()));
            std::filesystem::create_directories(path);
        }
        ~Own() { std::filesystem::remove_all(path); }
        std::filesystem::path path;
    };
    static const Own own;
    return own.path;
}

void WriteFile(const char* name, std::string_view text) {
    std::ofstream(Folder() / name, std::ios::binary) << text;
}

std::string_view CutToZero(std::string_view* bytes) {
    const std::string_view part = bytes->substr(0, bytes->find('\0'));
    bytes->remove_prefix(std::min(part.size() + 1, bytes->size()));
    return part;
}

}  // namespace

ELANUS_FUZZ_SEEDS {
    const std::string text = std::string(1, '\0') +
                             "The naïve 中文 foxes [SEP] un\xff"
                             "affable";
    return {
        R"({"model": {"type": "WordPiece", "unk_token": "[UNK]", "max_input_chars_per_word": 9,)"
        R"( "continuing_subword_prefix": "##", "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2,)"
        R"( "the": 3, "fox": 4, "##es": 5, "un": 6, "中": 7, "[PAD]": 8}},)"
        R"( "normalizer": {"type": "BertNormalizer", "lowercase": true},)"
        R"( "pre_tokenizer": {"type": "BertPreTokenizer"},)"
        R"( "added_tokens": [{"id": 2, "content": "[SEP]"}], "padding": {"pad_id": 8},)"
        R"( "post_processor": {"type": "TemplateProcessing", "single": [)"
        R"({"SpecialToken": {"id": "[CLS]"}}, {"Sequence": {"id": "A"}},)"
        R"( {"SpecialToken": {"id": "[SEP]"}}], "special_tokens": {"[CLS]": {"ids": [1]},)"
        R"( "[SEP]": {"ids": [2]}}}})" +
            text,
        R"({"model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "a": -1}},)"
        R"( "normalizer": {"type": "BertNormalizer", "strip_accents": false},)"
        R"( "pre_tokenizer": {"type": "BertPreTokenizer"},)"
        R"( "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 101],)"
        R"( "sep": ["[SEP]", 102]}})" +
            text,
        "#[UNK]\r\n[CLS]\n[SEP]\nthe\nfox\n##es\n中\n" + text,
        "#<u>\n<s>\nthe\n\nfox" + std::string(1, '\0') +
            R"({"cls_token": "<s>", "sep_token": "", "unk_token": "<u>", "do_lower_case": false})" +
            text,
    };
}

ELANUS_FUZZ_TARGET(model_files) {
    const bool is_list = bytes.starts_with('#');
    bytes.remove_prefix(is_list ? 1 : 0);
    for (const char* name : {"tokenizer.json", "vocab.txt", "tokenizer_config.json"}) {
        std::filesystem::remove(Folder() / name);
    }
    if (is_list) {
        WriteFile("vocab.txt", CutToZero(&bytes));
        WriteFile("tokenizer_config.json", CutToZero(&bytes));
    } else {
        WriteFile("tokenizer.json", CutToZero(&bytes));
    }
    const auto tokenizer = embedding::ReadTokenizer(Folder().string());
    if (!tokenizer.ok()) {
        FUZZ_EXPECT(!tokenizer.status().reason().empty());
        return;
    }
    constexpr size_t kTokensMax = 64;
    const size_t around = tokenizer->options().before.size() + tokenizer->options().after.size();
    FUZZ_EXPECT(tokenizer->Encode(bytes, kTokensMax).size() <= std::max(kTokensMax, around));
    static_cast<void>(tokenizer->Words(bytes));
}
