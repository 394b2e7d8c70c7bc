// EmbeddingProvider: who turns texts into vectors for a TextEmbedding function: a service that is
// asked over HTTP (function/provider/), or a model on this machine (embedding/local_model.h).
//
// A new provider is one more file in function/provider/ and one more line in MakeEmbeddingProvider.
// Threads: a provider is used from anywhere.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "function/model_access.h"
#include "schema/collection_schema.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace elanus::function {

// Models embed a text that is searched for differently from one that is stored.
enum class EmbeddingUse : uint8_t { kStore, kSearch };

class EmbeddingProvider {
  public:
    virtual ~EmbeddingProvider() = default;

    // The vectors of the texts, one after another, as columns hold them: 32-bit floats, or bytes
    // for an Int8Vector, of the field's dimension. None of the texts is empty. 2400 "<what>:
    // function execution failed" when the model gives none, the context's failure when it ends.
    virtual base::Result<std::string> Embed(const base::CallContext& context,
                                            std::span<const std::string_view> texts,
                                            EmbeddingUse use) = 0;
};

// By the parameters of the function and the type and dimension of the field that it fills. 1100 for
// what is missing or wrong.
base::Result<std::shared_ptr<EmbeddingProvider>> MakeEmbeddingProvider(
    std::shared_ptr<const ModelAccess> access, const schema::KeyValues& params,
    const schema::FieldSchema& output);

}  // namespace elanus::function
