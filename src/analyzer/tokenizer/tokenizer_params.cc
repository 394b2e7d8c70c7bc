#include "analyzer/tokenizer/tokenizer_params.h"

#include "analyzer/tokenizer/grpc.h"
#include "analyzer/tokenizer/icu.h"
#include "analyzer/tokenizer/jieba.h"
#include "analyzer/tokenizer/language_identifier.h"
#include "analyzer/tokenizer/lindera.h"
#include "analyzer/tokenizer/standard.h"

#include <string>

namespace elanus::analyzer {

namespace {

using TokenizerResult = base::Result<std::unique_ptr<const Tokenizer>>;

template <IcuStyle kStyle>
TokenizerResult BuildIcu(const json::Value& /*params*/) {
    return std::unique_ptr<const Tokenizer>(std::make_unique<IcuTokenizer>(kStyle));
}

struct TokenizerType {
    std::string_view name;
    TokenizerResult (*build)(const json::Value& params);
};
constexpr TokenizerType kTokenizerTypes[] = {
    {"standard", BuildStandard},
    {"whitespace", BuildWhitespace},
    {"char_group", BuildCharGroup},
    {"ngram", BuildNgram},
    {"jieba", BuildJieba},
    {"lindera", BuildLindera},
    {"language_identifier", BuildLanguageIdentifier},
    {"grpc", BuildGrpc},
    {"icu", BuildIcu<IcuStyle::kEverything>},
    {"thai", BuildIcu<IcuStyle::kWordsOnly>},
};

}  // namespace

TokenizerResult BuildTokenizer(const json::Value& params) {
    const json::Value nothing{json::Value::Object()};
    const json::Value* options = &nothing;
    const std::string* name = params.string_if();
    if (params.object_if() != nullptr) {
        options = &params;
        const json::Value* type = params.Find("type");
        if (type == nullptr) {
            return base::InvalidParameter("costum tokenizer must set type");
        }
        name = type->string_if();
        if (name == nullptr) {
            return base::InvalidParameter("tokenizer type should be string");
        }
    }
    if (name == nullptr) {
        return base::InvalidParameter("tokenizer name should be string or dict");
    }
    for (const TokenizerType& known : kTokenizerTypes) {
        if (known.name == *name) {
            return known.build(*options);
        }
    }
    return base::InvalidParameter("unsupported tokenizer: " + *name);
}

}  // namespace elanus::analyzer
