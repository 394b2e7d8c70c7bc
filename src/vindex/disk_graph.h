// DISKANN: a graph whose rows and neighbour lists stay on disk (Subramanya et al., DiskANN, NeurIPS
// 2019).
//
// In memory: a code of each row (disk_codes.h) within the budget it was given, and within that of
// the cache the nodes nearest to the mean and a sample to start from. On disk, in blocks of 4 KiB:
// nodes, each a row as it was given and its neighbours. A walk orders candidates by their codes,
// reads the best ones, `beamwidth` at a time and past the page cache, scores them by their rows and
// their neighbours by codes. Scores are exact.
//
// Walks do not wait for a whole beam: whatever comes from the disk is scored at once and the next
// best candidate is asked for in its place (Guo and Lu, PipeANN, OSDI 2025). They start at the best
// few of a sample of rows by their codes.
// Nodes are numbered in the order in which a breadth-first walk from the row nearest to the mean
// meets them: "place" below. The cache is then the beginning of the file, and what lies together is
// asked for together.
//
// A search chooses from the number of rows that pass the filter, by reads: a scan of those rows, or
// a walk in which all nodes are traversed and passing ones kept.
// Without a file to read from (an index just built, a checker) nodes are used where they lie in
// memory or a mapping.
// Format: docs/formats/disk-graph.md
#pragma once

#include "codec/envelope.h"
#include "sys/file_system.h"
#include "vindex/coded_rows.h"
#include "vindex/disk_codes.h"
#include "vindex/graph_builder.h"
#include "vindex/graph_index.h"
#include "vindex/vectors.h"

#include <memory>
#include <optional>
#include <string_view>

namespace elanus::vindex {

inline constexpr std::string_view kDiskGraphFormat = "disk_graph";

// Defaults are those of a Milvus server.
inline constexpr int64_t kDiskDegreeDefault = 56;
inline constexpr int64_t kDiskSearchListDefault = 100;
inline constexpr int64_t kBeamWidthDefault = 8;
inline constexpr int64_t kBeamWidthMax = 128;

// Where the parts of nodes lie; sizes in bytes. A node never crosses a block unless it is longer.
struct DiskLayout {
    size_t row_bytes = 0;
    uint32_t degree = 0;

    struct Tail {            // behind the row, then `degree` places
        float inverse_norm;  // COSINE of rows that keep their lengths
        uint32_t row;
        uint32_t count;
    };
    size_t tail_offset() const { return (row_bytes + 3) / 4 * 4; }
    size_t links_offset() const { return tail_offset() + sizeof(Tail); }
    size_t node_bytes() const { return links_offset() + degree * sizeof(uint32_t); }
    size_t nodes_per_block() const { return std::max<size_t>(sys::kBlockBytes / node_bytes(), 1); }
    // Bytes read for a node: one block, or as many as it fills.
    size_t read_bytes() const {
        return (node_bytes() + sys::kBlockBytes - 1) / sys::kBlockBytes * sys::kBlockBytes;
    }
    uint64_t BlockOf(uint32_t place) const {
        return place / nodes_per_block() * uint64_t{read_bytes()};
    }
    size_t OffsetInBlock(uint32_t place) const { return place % nodes_per_block() * node_bytes(); }
    uint64_t bytes(uint64_t nodes) const {
        return (nodes + nodes_per_block() - 1) / nodes_per_block() * read_bytes();
    }
};

class DiskGraphIndex : public GraphIndex {
  public:
    // Takes memory for the rows as blocks, 8-bit codes of them and the graph.
    static base::Result<std::unique_ptr<Index>> Build(const BuildParams& params,
                                                      const BuildInput& input);
    // `direct` (may be null) reads the same file; the cache is read with it at once.
    static base::Result<std::unique_ptr<Index>> Open(base::Buffer file,
                                                     std::shared_ptr<sys::File> direct);

    std::string_view index_type() const override { return "DISKANN"; }
    uint64_t memory_bytes() const override;
    base::Status Save(codec::Sink& sink) const override;
    base::Status Verify() const override;

  private:
    class Walk;
    class Scan;
    class Loader;

    DiskGraphIndex(VectorType type, Metric metric, uint32_t dim, uint32_t rows, uint32_t degree);

    base::Status CheckMemory(const BuildParams& params) const;
    base::Status BuildGraph(const BuildParams& params, const DiskCodeShape& shape,
                            const BuildInput& input);
    void Arrange(const NeighborLists& lists, uint32_t first);
    base::Status FillNodes(const NeighborLists& lists, const BuildInput& input,
                           const Progress& progress);
    base::Status LoadCache();

    std::optional<int64_t> GivenEffort(const ParamMap& params) const override;
    bool ScanIsCheaper(size_t matches, size_t ef) const override;
    WalkOutcome WalkFor(const Query& query, const SearchParams& params, size_t matches, size_t ef,
                        SearchScratch& scratch, Neighbors* out,
                        base::Status* interrupted) const override;
    base::Status ScanMatches(const Query& query, const SearchParams& params, SearchScratch& scratch,
                             Neighbors* out) const override;
    std::string_view damage() const override { return "disk graph: bad node"; }

    // Null when the node has to be read.
    const uint8_t* NodeInMemory(uint32_t place) const {
        return place < near_nodes_
                   ? near_.data() + layout_.BlockOf(place) + layout_.OffsetInBlock(place)
                   : nullptr;
    }
    // False when the node is damaged.
    bool ReadTail(const uint8_t* node, DiskLayout::Tail* tail) const;
    float CostOf(const Query& query, const uint8_t* node, const DiskLayout::Tail& tail) const;

    DiskLayout layout_;
    uint32_t search_list_ = 0;
    uint64_t cache_bytes_max_ = 0;
    std::unique_ptr<DiskCodes> codes_;
    base::Buffer places_;  // u32 of each row
    base::Buffer blocks_;  // all nodes: built, or mapped
    base::Buffer near_;    // the nodes that are in memory
    uint32_t near_nodes_ = 0;
    std::shared_ptr<sys::File> direct_;
    uint64_t blocks_offset_ = 0;  // in that file
    std::optional<codec::EnvelopeReader> file_;
};

}  // namespace elanus::vindex
