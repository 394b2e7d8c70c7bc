// OnnxModel: a transformer in ONNX form: token numbers in, vectors of tokens or of texts out.
//
// Inputs: input_ids, and where the model has them attention_mask and token_type_ids, all of
// int64[texts, tokens]. Outputs: the one called sentence_embedding, else the first; float[texts,
// size] is a vector a text, float[texts, tokens, size] a vector a token.
// Threads: Run from anywhere; each call uses the caller's thread alone.
#pragma once

#include "base/status.h"
#include "embedding/onnx_library.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace elanus::embedding {

// Texts of one length, in tokens; the shorter ones are filled up and masked.
struct TokenBatch {
    size_t texts = 0;
    size_t tokens = 0;          // of each text
    std::vector<int64_t> ids;   // texts * tokens
    std::vector<int64_t> mask;  // 1 = a token, 0 = filled up
};

struct ModelOutput {
    bool is_of_tokens = false;
    size_t size = 0;            // of a vector
    std::vector<float> values;  // texts * size, or texts * tokens * size
};

class OnnxModel {
  public:
    // 1100 for a model that is not of this kind, 2400 for one that the library does not read.
    static base::Result<std::unique_ptr<OnnxModel>> Load(const OnnxLibrary& library,
                                                         const std::string& path);
    ~OnnxModel();
    OnnxModel(const OnnxModel&) = delete;
    OnnxModel& operator=(const OnnxModel&) = delete;

    base::Result<ModelOutput> Run(const TokenBatch& batch) const;

  private:
    enum class Input : uint8_t { kIds, kMask, kTypes };

    explicit OnnxModel(const OnnxLibrary& library) : api_(*library.api) {}
    base::Status Open(const OnnxLibrary& library, const std::string& path);
    base::Status ReadInputs();
    base::Status ReadOutputs();
    base::Status CheckType(onnx::TypeInfo* info, onnx::ElementType wanted, const std::string& name,
                           size_t* rank) const;
    base::Result<ModelOutput> Read(onnx::Value* value, const TokenBatch& batch) const;

    const onnx::Api& api_;
    onnx::Session* session_ = nullptr;
    onnx::MemoryInfo* memory_ = nullptr;
    onnx::Allocator* allocator_ = nullptr;
    std::vector<std::string> input_names_;
    std::vector<Input> inputs_;  // what each of them is
    std::string output_name_;
};

}  // namespace elanus::embedding
