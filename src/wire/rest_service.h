// REST v2 of Milvus (prefix /v2/vectordb, API map chapter 6): JSON over HTTP POST, on the port that
// also serves gRPC; and v1 (prefix /v1/vector, rest_v1.h), which is made of it.
//
// Each path reads its body, calls the proxy and writes the answer; no rule about data lives here.
// Answers are HTTP 200 with {"code":0,"data":..} or {"code":N,"message":".."}; other HTTP statuses
// tell of unknown paths (404), methods (405) and time that ran out (408).
// Threads: the handler serves many workers at once; a worker waits while its request runs.
#pragma once

#include "proxy/proxy.h"
#include "sys/clock.h"
#include "wire/http_handler.h"

#include <memory>

namespace elanus::wire {

// The proxy and the clock outlive the handler.
std::unique_ptr<HttpHandler> MakeRestService(proxy::Proxy& proxy, sys::Clock& clock);

}  // namespace elanus::wire
