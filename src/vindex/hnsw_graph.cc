#include "vindex/hnsw_graph.h"

#include <algorithm>
#include <string>

namespace elanus::vindex {
namespace {

base::Status Damaged(uint32_t row) {
    return base::Corruption("hnsw graph: bad neighbours of row " + std::to_string(row));
}

}  // namespace

base::Status HnswGraph::Verify() const {
    if (rows > 0 && upper_start[0] != 0) {
        return Damaged(0);
    }
    for (uint32_t row = 0; row < rows; ++row) {
        if (upper_start[row + 1] < upper_start[row]) {
            return Damaged(row);
        }
        const uint32_t levels = upper_start[row + 1] - upper_start[row];
        if (levels > level_max || (row == entry && levels != level_max)) {
            return Damaged(row);
        }
        for (uint32_t level = 0; level <= levels; ++level) {
            std::span<const uint32_t> list;
            if (!List(row, level, &list)) {
                return Damaged(row);
            }
            // A neighbour stands on every level it is listed on.
            const bool fit = std::all_of(list.begin(), list.end(), [&](uint32_t id) {
                return id < rows && id != row &&
                       static_cast<uint64_t>(upper_start[id]) + level <= upper_start[id + 1];
            });
            if (!fit) {
                return Damaged(row);
            }
        }
    }
    return base::Status();
}

}  // namespace elanus::vindex
