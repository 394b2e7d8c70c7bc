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

StoredHnswGraph StoredHnswGraph::Of(HnswArrays arrays) {
    return {base::Buffer::FromVector(std::move(arrays.links0)),
            base::Buffer::FromVector(std::move(arrays.upper_start)),
            base::Buffer::FromVector(std::move(arrays.upper_links))};
}

base::Result<StoredHnswGraph> StoredHnswGraph::Open(const codec::EnvelopeReader& reader,
                                                    const Sections& sections, uint32_t rows,
                                                    uint32_t m) {
    StoredHnswGraph graph;
    ASSIGN_OR_RETURN(graph.links0, reader.Array<uint32_t>(sections.links0,
                                                          uint64_t{rows} * (1 + 2 * uint64_t{m})));
    ASSIGN_OR_RETURN(graph.upper_start,
                     reader.Array<uint32_t>(sections.upper_start, uint64_t{rows} + 1));
    ASSIGN_OR_RETURN(graph.upper_links, reader.Section(sections.upper_links));
    if (graph.upper_links.size() !=
        uint64_t{graph.upper_start.As<uint32_t>()[rows]} * (1 + m) * sizeof(uint32_t)) {
        return base::Corruption("hnsw graph: upper levels have a wrong length");
    }
    return graph;
}

void StoredHnswGraph::AddTo(codec::EnvelopeWriter& writer, const Sections& sections) const {
    writer.AddSection(sections.links0, links0.view());
    writer.AddSection(sections.upper_start, upper_start.view());
    writer.AddSection(sections.upper_links, upper_links.view());
}

HnswGraph StoredHnswGraph::View(uint32_t rows, uint32_t m, uint32_t entry,
                                uint32_t level_max) const {
    return {rows,
            m,
            entry,
            level_max,
            links0.As<uint32_t>(),
            upper_start.As<uint32_t>(),
            upper_links.As<uint32_t>()};
}

}  // namespace elanus::vindex
