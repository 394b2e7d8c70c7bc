// The configuration's word on model services, for functions and rerankers.
// Threads: a free function.
#pragma once

#include "config/config.h"
#include "function/model_services.h"

namespace elanus::main {

function::ModelServices ModelServicesFrom(const config::Config& config);

}  // namespace elanus::main
