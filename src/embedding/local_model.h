// LocalModel: a sentence-embedding model on this machine: a folder with model.onnx (or
// onnx/model.onnx), its tokenizer (tokenizer_files.h), and, as sentence-transformers lays them,
// sentence_bert_config.json and 1_Pooling/config.json.
//
// A vector a token becomes one a text by the mean over the text's tokens or that of the first
// (Reimers and Gurevych, "Sentence-BERT", 2019), brought to length 1 if wanted. Texts run in
// batches of like length, several batches at a time, each on one thread.
// Threads: any; a model is loaded once a process and kept while somebody holds it, the last four
// longer.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "embedding/onnx_model.h"
#include "embedding/wordpiece.h"
#include "sys/clock.h"
#include "sys/executor.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::embedding {

enum class Pooling : uint8_t { kMean, kFirst };

struct EmbedOptions {
    Pooling pooling = Pooling::kMean;
    bool normalize = true;
    size_t tokens_max = 0;  // 0 = the model's own
    size_t batch_max = 32;  // texts
};

class LocalModel {
  public:
    // `library_path` as in OnnxLibrary::Get. Errors: 1100 for a folder that is not of this kind,
    // those of OnnxLibrary and OnnxModel.
    static base::Result<std::shared_ptr<const LocalModel>> Load(const std::string& library_path,
                                                                const std::string& folder);

    // float[texts, size], one after another.
    base::Result<std::vector<float>> Embed(const base::CallContext& context, sys::Clock& clock,
                                           sys::Executor& executor,
                                           std::span<const std::string_view> texts,
                                           const EmbedOptions& options) const;

    // What the folder says; mean where it says nothing.
    Pooling pooling() const { return pooling_; }
    // Tokens of a text at most.
    size_t tokens_max() const { return tokens_max_; }

  private:
    LocalModel(WordPiece tokenizer, std::unique_ptr<OnnxModel> model)
        : tokenizer_(std::move(tokenizer)), model_(std::move(model)) {}

    static base::Result<std::shared_ptr<const LocalModel>> Open(const std::string& library_path,
                                                                const std::string& folder);
    base::Status ReadSettings(const std::string& folder);
    TokenBatch Pad(const std::vector<std::vector<int64_t>>& texts,
                   std::span<const size_t> rows) const;

    const WordPiece tokenizer_;
    const std::unique_ptr<OnnxModel> model_;
    Pooling pooling_ = Pooling::kMean;
    size_t tokens_max_ = 512;
};

}  // namespace elanus::embedding
