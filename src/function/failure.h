// What went wrong with a service that runs a model, in words that may be shown. Threads: pure.
#pragma once

#include "base/status.h"
#include "http/client.h"

#include <string>
#include <string_view>

namespace elanus::function {

// "2400 <text>: function execution failed".
base::Status FunctionFailed(std::string_view text);

// What a service says of a request that it refused: the beginning, on one line. Services repeat
// what they were sent, so the secret is taken out.
std::string Complaint(const http::Response& answer, std::string_view secret);

}  // namespace elanus::function
