// The reranker `model`: texts of the rows are scored against a text for each query by a service
// (API map 5.7).
//
// Each different text of a query is sent once, in batches; a service that is busy is asked again
// (http/retry.h). A row whose text is null or empty is not sent: it comes last. The whole search
// fails when the service does: half a ranking would look like one. Threads: one.
#pragma once

#include "function/function_params.h"
#include "proxy/proxy_core.h"
#include "proxy/rescorer.h"

#include <memory>

namespace elanus::proxy {

using function::FunctionParams;

// `field` is a VarChar. 1100 for parameters that are missing or wrong.
base::Result<std::unique_ptr<Rescorer>> MakeModelRescorer(ProxyCore& core,
                                                          const FunctionParams& params, int64_t nq,
                                                          const schema::FieldSchema& field);

}  // namespace elanus::proxy
