// Function chains on the wire (API map 5.7).
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "proxy/api.h"
#include "wire/message_codec.h"

#include <vector>

namespace elanus::wire {

// 1100 for parameters that are bytes or nothing.
base::Result<std::vector<proxy::FunctionChain>> FromFunctionChains(
    const google::protobuf::RepeatedPtrField<pb::schema::FunctionChain>& in);

}  // namespace elanus::wire
