// Phrase: joins pieces to one text. Error texts are part of the wire contract (clients match on
// substrings), so they are written out where they are raised, with this as the only tool.
#pragma once

#include "base/status.h"

#include <concepts>
#include <string>
#include <string_view>

namespace elanus::base {

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
Status Invalid(const Pieces&... pieces) {
    return InvalidParameter(Phrase(pieces...));
}

}  // namespace elanus::base
