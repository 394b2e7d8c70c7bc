// The phrases of refusals that many of the proxy's checks share.
#pragma once

#include "base/phrase.h"

#include <string>
#include <string_view>

namespace elanus::proxy {

using base::Invalid;
using base::Phrase;

// 1100 "<message>: invalid parameter[expected=..][actual=..]".
inline base::Status InvalidExpected(std::string_view expected, std::string_view actual,
                                    std::string_view message = {}) {
    base::Status status = base::Status::WithFields(
        base::Code::kInvalidParameter,
        {{"expected", std::string(expected)}, {"actual", std::string(actual)}});
    return message.empty() ? status : status.Annotate(message);
}

// 1100 "<what> is not supported yet: invalid parameter".
inline base::Status NotSupportedYet(std::string_view what) {
    return Invalid(what, " is not supported yet");
}

}  // namespace elanus::proxy
