// The query vectors of a search: the bytes of a PlaceholderGroup message, which stay where they
// are. Vectors are most of a search request; protobuf would copy each into a string of its own.
// Threads: any.
#pragma once

#include "base/status.h"
#include "proxy/api.h"

#include <string>

namespace elanus::wire {

// kParameterInvalid when the bytes are no such message or do not hold exactly one placeholder.
base::Result<proxy::Placeholders> DecodePlaceholders(std::string bytes);

}  // namespace elanus::wire
