// Phrase: joins pieces to one text. Error texts are part of the wire contract (clients match on
// substrings), so they are written out where they are raised, with this as the only tool.
#pragma once

#include "base/status.h"

#include <concepts>
#include <string>
#include <string_view>

namespace elanus::proxy {

inline void AppendPiece(std::string* out, std::string_view piece) {
    out->append(piece);
}

template <std::integral T>
void AppendPiece(std::string* out, T number) {
    out->append(std::to_string(number));
}

template <typename... Pieces>
std::string Phrase(const Pieces&... pieces) {
    std::string out;
    (AppendPiece(&out, pieces), ...);
    return out;
}

// 1100 "<pieces>: invalid parameter".
template <typename... Pieces>
base::Status Invalid(const Pieces&... pieces) {
    return base::InvalidParameter(Phrase(pieces...));
}

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
