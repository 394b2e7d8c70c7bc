// TextEmbeddingFunction: a text field to a vector field by a model: one that a service runs, or one
// on this machine (function/embedding_provider.h).
//
// Every row has a vector, so no text may be empty. A function whose provider cannot be made (a key
// that went from the configuration, a model that is not there yet) does not stop the others of its
// collection: it fails when it is run, and is tried anew the next time. Threads: immutable.
#pragma once

#include "function/embedding_provider.h"
#include "function/function.h"

#include <memory>

namespace elanus::function {

class TextEmbeddingFunction : public Function {
  public:
    static base::Result<FunctionPtr> Create(const schema::CollectionSchema& schema,
                                            const schema::FunctionSchema& function);

    base::Result<schema::Column> Run(const base::CallContext& context,
                                     std::span<const schema::ColumnView> inputs,
                                     size_t rows) const override;
    base::Result<schema::Column> RunOnTexts(const base::CallContext& context,
                                            std::span<const std::string_view> texts,
                                            std::string_view analyzer_name) const override;

  private:
    using Provider = base::Result<std::shared_ptr<EmbeddingProvider>>;

    TextEmbeddingFunction(std::vector<base::FieldId> inputs, schema::FieldSchema output,
                          schema::KeyValues params);

    base::Result<schema::Column> Embed(const base::CallContext& context,
                                       std::span<const std::string_view> texts,
                                       EmbeddingUse use) const;
    friend base::Status ProbeTextEmbeddings(const base::CallContext&,
                                            const schema::CollectionSchema&,
                                            const schema::KeyValues&, std::string_view);
    static base::Result<std::shared_ptr<const TextEmbeddingFunction>> Make(
        const schema::CollectionSchema& schema, const schema::FunctionSchema& function);

    const schema::KeyValues params_;
    const Provider provider_;
};

// What is wrong in the parameters of a function of this type. 1100.
base::Status CheckTextEmbedding(const schema::CollectionSchema& schema,
                                const schema::FunctionSchema& function);

// Embeds one text with each function of the type, or with the one of the name when it is not empty:
// whether the model answers, and with vectors that fit the field. Nothing when the properties say
// disable_func_runtime_check.
base::Status ProbeTextEmbeddings(const base::CallContext& context,
                                 const schema::CollectionSchema& schema,
                                 const schema::KeyValues& properties, std::string_view name = {});

}  // namespace elanus::function
