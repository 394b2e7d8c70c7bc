// DiskGraphIndex: DISKANN (disk_index.h) with a code of each row in memory.
//
// In memory: codes (disk_codes.h) within the budget that was given, and within that of the cache
// the nodes nearest to the mean and a sample to start from. On disk: nodes, each a row as it was
// given and its neighbours. A walk orders candidates by their codes, reads the best ones, scores
// them by their rows and their neighbours by codes. Walks start at the best few of a sample of rows
// by their codes.
// Nodes are numbered in the order in which a breadth-first walk from the row nearest to the mean
// meets them: "place" below. The cache is then the beginning of the file, and what lies together is
// asked for together.
// Format: docs/formats/disk-graph.md
#pragma once

#include "vindex/disk_codes.h"
#include "vindex/disk_index.h"
#include "vindex/graph_builder.h"

#include <memory>
#include <string_view>

namespace elanus::vindex {

inline constexpr std::string_view kDiskGraphFormat = "disk_graph";

// Where the parts of nodes lie; sizes in bytes.
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
    DiskPacking packing() const { return {node_bytes()}; }
};

class DiskGraphIndex : public DiskIndex {
  public:
    // Takes memory for the rows as blocks, 8-bit codes of them and the graph.
    static base::Result<std::unique_ptr<Index>> Build(const BuildParams& params,
                                                      const BuildInput& input);
    // `direct` (may be null) reads the same file; the cache is read with it at once.
    static base::Result<std::unique_ptr<Index>> Open(base::Buffer file,
                                                     std::shared_ptr<sys::File> direct);

    uint64_t memory_bytes() const override;
    base::Status Save(codec::Sink& sink) const override;
    base::Status Verify() const override;

  private:
    class Walk;
    class Nodes;

    DiskGraphIndex(VectorType type, Metric metric, uint32_t dim, uint32_t rows, uint32_t degree);

    base::Status BuildGraph(const BuildParams& params, const DiskCodeShape& shape,
                            const BuildInput& input);
    void Arrange(const NeighborLists& lists, uint32_t first);
    base::Status FillNodes(const NeighborLists& lists, const BuildInput& input,
                           const Progress& progress);
    base::Status LoadCache();

    WalkOutcome WalkFor(const Query& query, const SearchParams& params, size_t matches, size_t ef,
                        SearchScratch& scratch, Neighbors* out,
                        base::Status* interrupted) const override;
    base::Status ScanMatches(const Query& query, const SearchParams& params, SearchScratch& scratch,
                             Neighbors* out) const override;

    // False when the node is damaged.
    bool ReadTail(const uint8_t* node, DiskLayout::Tail* tail) const;
    float CostOf(const Query& query, const uint8_t* node, const DiskLayout::Tail& tail) const {
        return DiskIndex::CostOf(query, node, tail.inverse_norm);
    }

    DiskLayout layout_;
    std::unique_ptr<DiskCodes> codes_;
    base::Buffer places_;  // u32 of each row
};

}  // namespace elanus::vindex
