#include "analyzer/tokenizer/language_identifier.h"

#include "analyzer/analyzer_params.h"
#include "analyzer/language/identification.h"

#include <functional>
#include <map>
#include <string>
#include <utility>

namespace elanus::analyzer {

namespace {

using base::InvalidParameter;

struct Identifier {
    bool lingua_names = false;
    double confidence = 0;
};

class LanguageTokenizer final : public Tokenizer {
  public:
    using Analyzers = std::map<std::string, Pipeline, std::less<>>;
    using Mapping = std::map<std::string, std::string, std::less<>>;

    LanguageTokenizer(Identifier identifier, Analyzers analyzers, Mapping mapping)
        : identifier_(identifier), analyzers_(std::move(analyzers)), mapping_(std::move(mapping)) {}
    std::unique_ptr<TokenSource> NewSource() const override;

  private:
    class Source;
    const Pipeline& For(std::string_view text) const;

    Identifier identifier_;
    Analyzers analyzers_;  // has "default"
    Mapping mapping_;
};

class LanguageTokenizer::Source final : public TokenSource {
  public:
    explicit Source(const LanguageTokenizer& tokenizer) : tokenizer_(tokenizer) {}

    void Reset(std::string_view text) override {
        const Pipeline& pipeline = tokenizer_.For(text);
        std::unique_ptr<TokenSource>& source = sources_[&pipeline];
        if (source == nullptr) {
            source = pipeline.NewSource();
        }
        current_ = source.get();
        current_->Reset(text);
    }
    bool Next(Token* token) override { return current_ != nullptr && current_->Next(token); }

  private:
    const LanguageTokenizer& tokenizer_;
    std::map<const Pipeline*, std::unique_ptr<TokenSource>> sources_;
    TokenSource* current_ = nullptr;
};

std::unique_ptr<TokenSource> LanguageTokenizer::NewSource() const {
    return std::make_unique<Source>(*this);
}

const Pipeline& LanguageTokenizer::For(std::string_view text) const {
    const Identification found = IdentifyLanguage(text);
    std::string_view name = "default";
    if (found.confidence > identifier_.confidence && !found.language.empty()) {
        name =
            identifier_.lingua_names && found.language == "Mandarin" ? "Chinese" : found.language;
    }
    if (const auto mapped = mapping_.find(name); mapped != mapping_.end()) {
        name = mapped->second;
    }
    const auto analyzer = analyzers_.find(name);
    return analyzer != analyzers_.end() ? analyzer->second : analyzers_.find("default")->second;
}

base::Result<Identifier> ReadIdentifier(const json::Value& params) {
    Identifier identifier;
    const json::Value* given = params.Find("identifier");
    if (given == nullptr) {
        return identifier;
    }
    if (given->string_if() == nullptr && given->object_if() == nullptr) {
        return InvalidParameter("identifier params must be string or dict");
    }
    const json::Value* type = given->object_if() == nullptr ? given : given->Find("type");
    if (type == nullptr) {
        return InvalidParameter("identifier type must be set");
    }
    if (type->string_if() == nullptr) {
        return InvalidParameter("identifier type must be string");
    }
    identifier.lingua_names = *type->string_if() == "lingua";
    if (!identifier.lingua_names && *type->string_if() != "whatlang") {
        return InvalidParameter("unknown identifier name: " + *type->string_if() +
                                ", known are whatlang and lingua");
    }
    if (const json::Value* confidence = given->Find("confidence"); confidence != nullptr) {
        if (!confidence->is_number()) {
            return InvalidParameter("confidence must be float");
        }
        identifier.confidence = confidence->AsDouble();
    }
    return identifier;
}

base::Result<LanguageTokenizer::Analyzers> ReadAnalyzers(const json::Value& params) {
    const json::Value* given = params.Find("analyzers");
    if (given == nullptr) {
        return InvalidParameter("analyzers must be set");
    }
    if (given->object_if() == nullptr) {
        return InvalidParameter("analyzers must be dict");
    }
    LanguageTokenizer::Analyzers analyzers;
    for (const auto& [name, one] : *given->object_if()) {
        if (one.object_if() == nullptr) {
            return InvalidParameter("sub analyzer \"" + name + "\" params must be dict");
        }
        auto pipeline = BuildPipeline(*one.object_if());
        if (!pipeline.ok()) {
            return pipeline.status().Annotate("sub analyzer \"" + name + "\"");
        }
        analyzers.insert_or_assign(name, std::move(*pipeline));
    }
    if (!analyzers.contains("default")) {
        return InvalidParameter(
            "default sub analyzer for language identifier analyzer must be set");
    }
    return analyzers;
}

}  // namespace

base::Result<std::unique_ptr<const Tokenizer>> BuildLanguageIdentifier(const json::Value& params) {
    ASSIGN_OR_RETURN(const Identifier identifier, ReadIdentifier(params));
    ASSIGN_OR_RETURN(auto analyzers, ReadAnalyzers(params));
    LanguageTokenizer::Mapping mapping;
    if (const json::Value* given = params.Find("mapping"); given != nullptr) {
        if (given->object_if() == nullptr) {
            return InvalidParameter("mapping must be dict");
        }
        for (const auto& [language, name] : *given->object_if()) {
            if (name.string_if() == nullptr) {
                return InvalidParameter("mapping value of " + language + " must be string");
            }
            mapping.emplace(language, *name.string_if());
        }
    }
    return std::unique_ptr<const Tokenizer>(
        std::make_unique<LanguageTokenizer>(identifier, std::move(analyzers), std::move(mapping)));
}

}  // namespace elanus::analyzer
