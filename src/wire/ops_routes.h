// The operations port (9091): health, liveness and metrics; everything else is 404.
#pragma once

#include "wire/http_handler.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace elanus::wire {

// One part of the server that is not healthy, e.g. {"rootcoord", "Abnormal"}.
struct UnhealthyPart {
    std::string name;
    std::string state;
};

// `unhealthy` is asked on each /healthz; an empty answer means healthy.
std::unique_ptr<HttpHandler> MakeOpsRoutes(std::function<std::vector<UnhealthyPart>()> unhealthy);

}  // namespace elanus::wire
