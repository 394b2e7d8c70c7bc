// ModelAccess: how functions reach models: the HTTP client and what the configuration says.
//
// Functions are made of a schema wherever one is at hand, so what they need beside it is set once,
// at the start, as for the analyzers (analyzer/dictionary_folder.h).
// Threads: SetModelAccess before the first function is made and after the last one went; the rest
// from anywhere.
#pragma once

#include "function/model_services.h"
#include "http/client.h"
#include "sys/clock.h"
#include "sys/executor.h"
#include "sys/random_source.h"

#include <memory>
#include <string>

namespace elanus::function {

struct ModelAccess {
    http::Client* http = nullptr;  // null: no service is called
    sys::Clock* clock = nullptr;
    sys::Random* random = nullptr;
    sys::Executor* executor = nullptr;  // a local model uses its threads
    ModelServices services;
    std::string local_folder;      // of models that run here; empty = none do
    std::string onnxruntime_path;  // the library that runs them
};

// Null takes it away. What it points at outlives every function that is made meanwhile.
void SetModelAccess(std::shared_ptr<const ModelAccess> access);
// Null when this process calls no models.
std::shared_ptr<const ModelAccess> GetModelAccess();

}  // namespace elanus::function
