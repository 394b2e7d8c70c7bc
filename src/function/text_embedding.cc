#include "function/text_embedding.h"

#include "base/parse.h"
#include "base/phrase.h"

#include <algorithm>

namespace elanus::function {
namespace {

using base::Invalid;

bool IsProbeOff(const schema::KeyValues& properties) {
    const auto found = properties.find("disable_func_runtime_check");
    bool off = false;
    return found != properties.end() && base::ParseBool(found->second, &off) && off;
}

}  // namespace

base::Result<std::shared_ptr<const TextEmbeddingFunction>> TextEmbeddingFunction::Make(
    const schema::CollectionSchema& schema, const schema::FunctionSchema& function) {
    const schema::FieldSchema* input = function.input_field_names.empty()
                                           ? nullptr
                                           : schema.FindField(function.input_field_names[0]);
    const schema::FieldSchema* output = function.output_field_names.empty()
                                            ? nullptr
                                            : schema.FindField(function.output_field_names[0]);
    if (input == nullptr || output == nullptr) {
        return Invalid("function ", function.name, " lacks a field");
    }
    return std::shared_ptr<const TextEmbeddingFunction>(
        new TextEmbeddingFunction({input->id}, *output, function.params));
}

TextEmbeddingFunction::TextEmbeddingFunction(std::vector<base::FieldId> inputs,
                                             schema::FieldSchema output, schema::KeyValues params)
    : Function(std::move(inputs), std::move(output)),
      params_(std::move(params)),
      provider_(MakeEmbeddingProvider(GetModelAccess(), params_, output_field())) {}

base::Result<FunctionPtr> TextEmbeddingFunction::Create(const schema::CollectionSchema& schema,
                                                        const schema::FunctionSchema& function) {
    ASSIGN_OR_RETURN(FunctionPtr made, Make(schema, function));
    return made;
}

base::Result<schema::Column> TextEmbeddingFunction::Embed(const base::CallContext& context,
                                                          std::span<const std::string_view> texts,
                                                          EmbeddingUse use) const {
    ASSIGN_OR_RETURN(const std::shared_ptr<EmbeddingProvider> provider,
                     provider_.ok()
                         ? provider_
                         : MakeEmbeddingProvider(GetModelAccess(), params_, output_field()));
    ASSIGN_OR_RETURN(const std::string vectors, provider->Embed(context, texts, use));
    schema::ColumnBuilder builder(output_field().id, output_field().type, schema::DataType::kNone,
                                  static_cast<uint32_t>(output_field().dim()));
    const size_t width = texts.empty() ? 0 : vectors.size() / texts.size();
    for (size_t i = 0; i < texts.size(); ++i) {
        builder.AppendBytes(std::string_view(vectors).substr(i * width, width));
    }
    return builder.Finish();
}

base::Result<schema::Column> TextEmbeddingFunction::Run(const base::CallContext& context,
                                                        std::span<const schema::ColumnView> inputs,
                                                        size_t rows) const {
    std::vector<std::string_view> texts;
    texts.reserve(rows);
    for (size_t row = 0; row < rows; ++row) {
        texts.push_back(inputs[0].IsValid(row) ? inputs[0].StringAt(row) : std::string_view());
        if (texts.back().empty()) {
            return Invalid(
                "there is an empty string in the input data, TextEmbedding function does not "
                "support empty text");
        }
    }
    return Embed(context, texts, EmbeddingUse::kStore);
}

base::Result<schema::Column> TextEmbeddingFunction::RunOnTexts(
    const base::CallContext& context, std::span<const std::string_view> texts,
    std::string_view) const {
    if (std::any_of(texts.begin(), texts.end(), [](auto text) { return text.empty(); })) {
        return Invalid(
            "there is an empty string in the queries, TextEmbedding function does not support "
            "empty text");
    }
    return Embed(context, texts, EmbeddingUse::kSearch);
}

base::Status CheckTextEmbedding(const schema::CollectionSchema& schema,
                                const schema::FunctionSchema& function) {
    const schema::FieldSchema* output = schema.FindField(function.output_field_names.at(0));
    return MakeEmbeddingProvider(GetModelAccess(), function.params, *output)
        .status()
        .Annotate("function " + function.name);
}

base::Status ProbeTextEmbeddings(const base::CallContext& context,
                                 const schema::CollectionSchema& schema,
                                 const schema::KeyValues& properties, std::string_view name) {
    if (IsProbeOff(properties)) {
        return base::Status();
    }
    for (const schema::FunctionSchema& function : schema.functions) {
        if (function.type != schema::FunctionType::kTextEmbedding ||
            (!name.empty() && function.name != name)) {
            continue;
        }
        ASSIGN_OR_RETURN(const auto made, TextEmbeddingFunction::Make(schema, function));
        const std::string_view texts[] = {"check"};
        RETURN_IF_ERROR(made->Embed(context, texts, EmbeddingUse::kStore)
                            .status()
                            .Annotate(base::Phrase("check function [", function.name,
                                                   ":TextEmbedding] failed, the err is")));
    }
    return base::Status();
}

}  // namespace elanus::function
