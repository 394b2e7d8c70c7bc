#include "embedding/onnx_library.h"

#include "base/phrase.h"

#include <dlfcn.h>

namespace elanus::embedding {
namespace {

struct Opened {
    OnnxLibrary library;
    std::string failure;
};

constexpr uint32_t kApiVersion = 1;  // every function that is used is in the first
constexpr auto kFunctionFailed = static_cast<base::Code>(2400);

Opened Open(const std::string& path) {
    Opened opened;
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const char* why = dlerror();
        opened.failure = why == nullptr ? "unknown" : why;
        return opened;
    }
    using GetBase = const onnx::ApiBase* (*)();
    const auto get_base = reinterpret_cast<GetBase>(dlsym(handle, "OrtGetApiBase"));
    const onnx::ApiBase* base = get_base == nullptr ? nullptr : get_base();
    opened.library.api = base == nullptr ? nullptr : base->GetApi(kApiVersion);
    if (opened.library.api == nullptr) {
        opened.failure = path + " is no onnxruntime";
        return opened;
    }
    opened.library.version = base->GetVersionString();
    const base::Status made =
        OnnxFailure(*opened.library.api,
                    opened.library.api->CreateEnv(onnx::kErrorsOnly, "elanus", &opened.library.env),
                    "onnxruntime does not start");
    opened.failure = made.ok() ? "" : made.reason();
    return opened;
}

}  // namespace

base::Status OnnxFailure(const onnx::Api& api, onnx::Status* status, std::string_view what) {
    if (status == nullptr) {
        return base::Status();
    }
    const std::string text = base::Phrase(what, ": ", api.GetErrorMessage(status));
    api.ReleaseStatus(status);
    return base::Status::FromParts(kFunctionFailed, text + ": function execution failed", false,
                                   false);
}

base::Result<const OnnxLibrary*> OnnxLibrary::Get(const std::string& path) {
    static const Opened opened = Open(path);
    if (!opened.failure.empty()) {
        return base::Status::Error(
            base::Code::kUnsupportedOperation,
            base::Phrase("models on this machine need the library onnxruntime (", opened.failure,
                         "): install it, for example with pip install onnxruntime, and name its "
                         "libonnxruntime.so in elanus.model.onnxruntime"));
    }
    return &opened.library;
}

}  // namespace elanus::embedding
