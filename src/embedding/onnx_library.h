// OnnxLibrary: onnxruntime, opened when the first model is loaded and never closed.
//
// Why not linked: it is tens of megabytes that a server without local models has no use for, and
// Debian has no package of it. Threads: Get from any.
#pragma once

#include "base/status.h"
#include "embedding/onnx_api.h"

#include <string>

namespace elanus::embedding {

struct OnnxLibrary {
    const onnx::Api* api = nullptr;
    onnx::Env* env = nullptr;  // one a process
    std::string version;

    // `path` as dlopen takes it. The first call decides which library the process has. Code 3000
    // that says what to install when it cannot be opened.
    static base::Result<const OnnxLibrary*> Get(const std::string& path);
};

// Of a call of the library; takes the status. 2400 "<what>: <the library's words>".
base::Status OnnxFailure(const onnx::Api& api, onnx::Status* status, std::string_view what);

}  // namespace elanus::embedding
