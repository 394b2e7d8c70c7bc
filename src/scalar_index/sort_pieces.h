// SortPieces: sorts in place and asks between pieces whether to go on. Halves around the median
// until a piece is small, so that it takes no more memory and little more time than one sort.
// Threads: pure.
#pragma once

#include "scalar_index/pause.h"

#include <algorithm>
#include <span>

namespace elanus::scalar_index {

template <typename T, typename Less>
base::Status SortPieces(std::span<T> values, const Less& less, Pause& pause) {
    constexpr size_t kPieceMax = 65536;
    RETURN_IF_ERROR(pause.After(std::min(values.size(), kPieceMax)));
    if (values.size() <= kPieceMax) {
        std::sort(values.begin(), values.end(), less);
        return base::Status();
    }
    const size_t middle = values.size() / 2;
    std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(middle), values.end(),
                     less);
    RETURN_IF_ERROR(SortPieces(values.first(middle), less, pause));
    return SortPieces(values.subspan(middle), less, pause);
}

}  // namespace elanus::scalar_index
