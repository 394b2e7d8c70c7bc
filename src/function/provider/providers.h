// The providers of embeddings, one file each. Each makes a client of its service for a target, or
// says what is missing or wrong in the function's parameters (1100).
// Threads: free functions.
#pragma once

#include "function/embedding_provider.h"
#include "function/provider/settings.h"

#include <memory>

namespace elanus::function {

using ProviderResult = base::Result<std::shared_ptr<EmbeddingProvider>>;

ProviderResult MakeOpenAi(const EmbeddingTarget& target);
ProviderResult MakeAzureOpenAi(const EmbeddingTarget& target);
ProviderResult MakeCohere(const EmbeddingTarget& target);
ProviderResult MakeVoyageAi(const EmbeddingTarget& target);
ProviderResult MakeTei(const EmbeddingTarget& target);
ProviderResult MakeDashScope(const EmbeddingTarget& target);
ProviderResult MakeSiliconFlow(const EmbeddingTarget& target);
ProviderResult MakeBedrock(const EmbeddingTarget& target);
ProviderResult MakeVertexAi(const EmbeddingTarget& target);
ProviderResult MakeGemini(const EmbeddingTarget& target);
// A model on this machine.
ProviderResult MakeLocal(const EmbeddingTarget& target);

}  // namespace elanus::function
