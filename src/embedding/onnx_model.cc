#include "embedding/onnx_model.h"

#include "base/phrase.h"

namespace elanus::embedding {
namespace {

// Values of one run, released at its end.
class Values {
  public:
    Values(const onnx::Api& api, size_t count) : api_(api), values_(count, nullptr) {}
    ~Values() {
        for (onnx::Value* value : values_) {
            if (value != nullptr) {
                api_.ReleaseValue(value);
            }
        }
    }
    Values(const Values&) = delete;
    Values& operator=(const Values&) = delete;
    onnx::Value** at(size_t i) { return &values_[i]; }
    const onnx::Value* const* data() const { return values_.data(); }

  private:
    const onnx::Api& api_;
    std::vector<onnx::Value*> values_;
};

}  // namespace

#define RETURN_IF_FAILED(call, what) \
    RETURN_IF_ERROR(OnnxFailure(api_, api_.call, "the model does not run, " what))

base::Result<std::unique_ptr<OnnxModel>> OnnxModel::Load(const OnnxLibrary& library,
                                                         const std::string& path) {
    std::unique_ptr<OnnxModel> model(new OnnxModel(library));
    RETURN_IF_ERROR(model->Open(library, path));
    RETURN_IF_ERROR(model->ReadInputs());
    RETURN_IF_ERROR(model->ReadOutputs());
    return model;
}

OnnxModel::~OnnxModel() {
    if (session_ != nullptr) {
        api_.ReleaseSession(session_);
    }
    if (memory_ != nullptr) {
        api_.ReleaseMemoryInfo(memory_);
    }
}

base::Status OnnxModel::Open(const OnnxLibrary& library, const std::string& path) {
    RETURN_IF_FAILED(GetAllocatorWithDefaultOptions(&allocator_), "no allocator");
    RETURN_IF_FAILED(CreateCpuMemoryInfo(onnx::kArenaAllocator, onnx::kDefaultMemory, &memory_),
                     "no memory");
    onnx::SessionOptions* options = nullptr;
    RETURN_IF_FAILED(CreateSessionOptions(&options), "no options");
    // Several batches run at a time, so each keeps to its thread.
    onnx::Status* status = api_.SetIntraOpNumThreads(options, 1);
    if (status == nullptr) {
        status = api_.SetInterOpNumThreads(options, 1);
    }
    if (status == nullptr) {
        status = api_.SetSessionGraphOptimizationLevel(options, onnx::kAllOptimizations);
    }
    if (status == nullptr) {
        status = api_.CreateSession(library.env, path.c_str(), options, &session_);
    }
    api_.ReleaseSessionOptions(options);
    return OnnxFailure(api_, status, "the model cannot be loaded");
}

// Takes the info.
base::Status OnnxModel::CheckType(onnx::TypeInfo* info, onnx::ElementType wanted,
                                  const std::string& name, size_t* rank) const {
    const onnx::TensorInfo* tensor = nullptr;
    auto type = static_cast<onnx::ElementType>(0);
    onnx::Status* status = api_.CastTypeInfoToTensorInfo(info, &tensor);
    if (status == nullptr && tensor != nullptr) {
        status = api_.GetTensorElementType(tensor, &type);
    }
    if (status == nullptr && tensor != nullptr) {
        status = api_.GetDimensionsCount(tensor, rank);
    }
    api_.ReleaseTypeInfo(info);
    RETURN_IF_ERROR(OnnxFailure(api_, status, "the model does not tell its types"));
    return type == wanted ? base::Status()
                          : base::Invalid("the model's ", name, " should be of ",
                                          wanted == onnx::kInt64 ? "int64" : "float32");
}

base::Status OnnxModel::ReadInputs() {
    size_t count = 0;
    RETURN_IF_FAILED(SessionGetInputCount(session_, &count), "inputs");
    for (size_t i = 0; i < count; ++i) {
        char* text = nullptr;
        RETURN_IF_FAILED(SessionGetInputName(session_, i, allocator_, &text), "inputs");
        const std::string name = text;
        RETURN_IF_FAILED(AllocatorFree(allocator_, text), "inputs");
        if (name == "input_ids") {
            inputs_.push_back(Input::kIds);
        } else if (name == "attention_mask") {
            inputs_.push_back(Input::kMask);
        } else if (name == "token_type_ids") {
            inputs_.push_back(Input::kTypes);
        } else {
            return base::Invalid("the model wants an input ", name,
                                 ", only input_ids, attention_mask and token_type_ids are known");
        }
        input_names_.push_back(name);
        onnx::TypeInfo* info = nullptr;
        RETURN_IF_FAILED(SessionGetInputTypeInfo(session_, i, &info), "inputs");
        size_t rank = 0;
        RETURN_IF_ERROR(CheckType(info, onnx::kInt64, name, &rank));
    }
    return base::Status();
}

base::Status OnnxModel::ReadOutputs() {
    size_t count = 0;
    RETURN_IF_FAILED(SessionGetOutputCount(session_, &count), "outputs");
    size_t chosen = 0;
    for (size_t i = 0; i < count; ++i) {
        char* text = nullptr;
        RETURN_IF_FAILED(SessionGetOutputName(session_, i, allocator_, &text), "outputs");
        const std::string name = text;
        RETURN_IF_FAILED(AllocatorFree(allocator_, text), "outputs");
        if (i == 0 || name == "sentence_embedding") {
            output_name_ = name;
            chosen = i;
        }
    }
    onnx::TypeInfo* info = nullptr;
    RETURN_IF_FAILED(SessionGetOutputTypeInfo(session_, chosen, &info), "outputs");
    size_t rank = 0;
    RETURN_IF_ERROR(CheckType(info, onnx::kFloat, output_name_, &rank));
    return rank == 2 || rank == 3 ? base::Status()
                                  : base::Invalid("the model's ", output_name_,
                                                  " should have 2 or 3 dimensions, but "
                                                  "it has ",
                                                  rank);
}

base::Result<ModelOutput> OnnxModel::Run(const TokenBatch& batch) const {
    const int64_t shape[] = {static_cast<int64_t>(batch.texts), static_cast<int64_t>(batch.tokens)};
    std::vector<int64_t> types(batch.ids.size(), 0);
    Values values(api_, inputs_.size());
    std::vector<const char*> names;
    for (size_t i = 0; i < inputs_.size(); ++i) {
        const std::vector<int64_t>& data = inputs_[i] == Input::kIds    ? batch.ids
                                           : inputs_[i] == Input::kMask ? batch.mask
                                                                        : types;
        // The library only reads the values of inputs.
        RETURN_IF_FAILED(CreateTensorWithDataAsOrtValue(memory_, const_cast<int64_t*>(data.data()),
                                                        data.size() * sizeof(int64_t), shape, 2,
                                                        onnx::kInt64, values.at(i)),
                         "inputs");
        names.push_back(input_names_[i].c_str());
    }
    const char* output_name = output_name_.c_str();
    Values outputs(api_, 1);
    RETURN_IF_FAILED(Run(session_, nullptr, names.data(), values.data(), names.size(), &output_name,
                         1, outputs.at(0)),
                     "run");
    return Read(*outputs.at(0), batch);
}

base::Result<ModelOutput> OnnxModel::Read(onnx::Value* value, const TokenBatch& batch) const {
    onnx::TensorInfo* info = nullptr;
    RETURN_IF_FAILED(GetTensorTypeAndShape(value, &info), "outputs");
    size_t rank = 0;
    onnx::Status* status = api_.GetDimensionsCount(info, &rank);
    std::vector<int64_t> shape(rank);
    if (status == nullptr) {
        status = api_.GetDimensions(info, shape.data(), rank);
    }
    api_.ReleaseTensorTypeAndShapeInfo(info);
    RETURN_IF_ERROR(OnnxFailure(api_, status, "the model does not run, outputs"));
    ModelOutput output;
    output.is_of_tokens = rank == 3;
    const bool fits = (rank == 2 || rank == 3) && shape[0] == static_cast<int64_t>(batch.texts) &&
                      (rank == 2 || shape[1] == static_cast<int64_t>(batch.tokens)) &&
                      shape[rank - 1] > 0;
    if (!fits) {
        return base::Invalid("the model's output does not fit its input");
    }
    output.size = static_cast<size_t>(shape[rank - 1]);
    void* data = nullptr;
    RETURN_IF_FAILED(GetTensorMutableData(value, &data), "outputs");
    const auto* floats = static_cast<const float*>(data);
    const size_t vectors = batch.texts * (output.is_of_tokens ? batch.tokens : 1);
    output.values.assign(floats, floats + vectors * output.size);
    return output;
}

#undef RETURN_IF_FAILED

}  // namespace elanus::embedding
