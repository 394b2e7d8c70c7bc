// HnswHead: the description at the beginning of every file that holds an HnswGraph (formats hnsw
// and coded-hnsw), and where in the file the graph is. The flags are the format's own.
// Threads: a value.
#pragma once

#include "base/status.h"
#include "codec/envelope.h"
#include "vindex/hnsw_graph.h"
#include "vindex/index.h"

#include <cstdint>
#include <string_view>

namespace elanus::vindex {

inline constexpr StoredHnswGraph::Sections kHnswGraphSections{{2, 0}, {3, 0}, {4, 0}};

struct HnswHead {
    uint32_t vector_type;
    uint32_t metric;
    uint32_t dim;
    uint32_t rows;
    uint32_t m;
    uint32_t ef_construction;
    uint32_t entry;
    uint32_t level_max;
    uint32_t flags;
    uint32_t zero[7];

    static HnswHead Of(const Index& index, const HnswGraph& graph, uint32_t ef_construction,
                       uint32_t flags);
    void AddTo(codec::EnvelopeWriter& writer) const;
    // kDataCorruption, naming `format`, for a graph that cannot be, a metric that its vectors do
    // not have, or a flag outside of `known_flags`.
    static base::Result<HnswHead> Read(const codec::EnvelopeReader& reader, uint32_t known_flags,
                                       std::string_view format);

    VectorType type() const { return static_cast<VectorType>(vector_type); }
    Metric metric_kind() const { return static_cast<Metric>(metric); }
};
static_assert(sizeof(HnswHead) == 64);

}  // namespace elanus::vindex
