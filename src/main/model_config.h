// The configuration's word on model services, for the proxy.
// Threads: a free function.
#pragma once

#include "config/config.h"
#include "proxy/model_services.h"

namespace elanus::main {

proxy::ModelServices ModelServicesFrom(const config::Config& config);

}  // namespace elanus::main
