// DiskBlocksIndex: DISKANN (disk_index.h) whose nodes hold codes of their neighbours, as in a block
// graph (block_graph.h): AiSAQ (Tatsuno et al., arXiv 2404.06004) with the codes of SymphonyQG
// (arXiv 2411.12229).
//
// A node, one block of the disk with 768 dimensions: the row in 4 bits, and for each neighbour a
// 1-bit code of the edge to it. A read gives the cost of the node, nearly, and estimates of all
// its neighbours; nothing else is looked up, least of all in memory, where a code of every row
// costs a miss of the cache and of the page table each. Rows are read for those alone that may be
// among the k best: when a walk has no more candidates than are on their way, the k best so far,
// then whoever may still be better than the worst of them.
// In memory: the router (graph_router.h) that walks start from, at most 7 MB at 768 dimensions, and
// within the budgets of codes and of the cache together the nodes that most others have as a
// neighbour. (Codes of 4 bits in memory, to look again at candidates before they are read, would
// save as many reads as the same memory of nodes does: a tenth.)
// Format: docs/formats/disk-blocks.md
#pragma once

#include "vindex/block_layout.h"
#include "vindex/disk_index.h"
#include "vindex/graph_builder.h"
#include "vindex/graph_router.h"
#include "vindex/rotation.h"

#include <memory>
#include <string_view>
#include <vector>

namespace elanus::vindex {

inline constexpr std::string_view kDiskBlocksFormat = "disk_blocks";

class DiskBlocksIndex : public DiskIndex {
  public:
    // Whether a DISKANN over such vectors has this form: where 1-bit codes tell enough, and a node
    // takes no more reads than one with its vector would.
    static bool Fits(const BuildParams& params);
    // Takes memory for the rows as blocks, 8-bit codes of them, the graph and the nodes.
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
    class Vectors;

    DiskBlocksIndex(VectorType type, Metric metric, uint32_t dim, uint32_t rows, uint32_t degree,
                    uint64_t seed);

    base::Status BuildGraph(const BuildParams& params, const BuildInput& input);
    std::vector<uint32_t> OrderOf(const NeighborLists& lists) const;
    base::Status FillNodes(const CodedRows& coded, const NeighborLists& lists,
                           const std::vector<uint32_t>& order, const BuildInput& input,
                           const Progress& progress);
    base::Status FillVectors(const BuildInput& input, const Progress& progress);

    size_t Widen(size_t ef, size_t k, const SearchParams& params) const override;
    WalkOutcome WalkFor(const Query& query, const SearchParams& params, size_t matches, size_t ef,
                        SearchScratch& scratch, Neighbors* out,
                        base::Status* interrupted) const override;
    base::Status ScanMatches(const Query& query, const SearchParams& params, SearchScratch& scratch,
                             Neighbors* out) const override;
    // Null when it has to be read.
    const uint8_t* VectorInMemory(uint32_t row) const {
        return direct_ == nullptr ? vectors_.bytes.data() + vector_packing_.OffsetOf(row) : nullptr;
    }
    float VectorCost(const Query& query, const uint8_t* vector) const;

    BlockLayout layout_;
    uint64_t seed_ = 0;
    Rotation rotation_;
    base::Buffer centre_;  // f32, dim
    GraphRouter router_;
    DiskPacking vector_packing_;
    DiskBlocks vectors_;  // by row
};

}  // namespace elanus::vindex
