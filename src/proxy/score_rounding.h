// How a score is rounded for the client: round_decimal digits behind the point, halves up.
#pragma once

#include <cmath>

namespace elanus::proxy {

// `digits` < 0 = as computed.
inline float Rounded(float score, int digits) {
    if (digits < 0) {
        return score;
    }
    const double factor = std::pow(10.0, digits);
    return static_cast<float>(std::floor(static_cast<double>(score) * factor + 0.5) / factor);
}

}  // namespace elanus::proxy
