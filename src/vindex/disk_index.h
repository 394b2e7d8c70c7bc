// DISKANN: a graph whose rows and neighbour lists stay on disk (Subramanya et al., DiskANN, NeurIPS
// 2019). What its two forms share.
//
// Nodes lie in blocks of 4 KiB and are read past the page cache. Walks do not wait for a whole
// beam: whatever comes from the disk is scored at once and the next best candidate is asked for in
// its place, `beamwidth` reads at a time (Guo and Lu, PipeANN, OSDI 2025). Scores are exact.
//
// disk_blocks.h: nodes hold codes of their neighbours; vectors of many dimensions.
// disk_graph.h: codes of all rows in memory; the others.
//
// A search chooses from the number of rows that pass the filter, by reads: a scan of those rows, or
// a walk in which all nodes are traversed and passing ones kept.
// Without a file to read from (an index just built, a checker) nodes are used where they lie in
// memory or a mapping.
#pragma once

#include "vindex/disk_packing.h"
#include "vindex/graph_index.h"
#include "vindex/vectors.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace elanus::vindex {

// Defaults are those of a Milvus server.
inline constexpr int64_t kDiskDegreeDefault = 56;
inline constexpr int64_t kDiskSearchListDefault = 100;
inline constexpr int64_t kBeamWidthDefault = 8;
inline constexpr int64_t kBeamWidthMax = 128;
// Steps after which a walk asks its caller whether to go on.
inline constexpr size_t kInterruptReads = 64;
// Of the rows' bytes.
inline constexpr double kDiskCodeBudgetRatio = 0.125;
inline constexpr double kDiskCacheBudgetRatio = 0.1;

class DiskIndex : public GraphIndex {
  public:
    std::string_view index_type() const override { return "DISKANN"; }

  protected:
    DiskIndex(VectorType type, Metric metric, uint32_t dim, uint32_t rows);

    std::optional<int64_t> GivenEffort(const ParamMap& params) const override;
    bool ScanIsCheaper(size_t matches, size_t ef) const override;
    std::string_view damage() const override { return "disk graph: bad node"; }
    static size_t BeamWidth(const ParamMap& params);

    // Budgets given in gigabytes, or as a part of the rows' bytes.
    double CodeBudgetBytes(const ParamMap& params) const {
        return BudgetBytes(params, "pq_code_budget_gb", kDiskCodeBudgetRatio);
    }
    double CacheBudgetBytes(const ParamMap& params) const {
        return BudgetBytes(params, "search_cache_budget_gb", kDiskCacheBudgetRatio);
    }
    // Refuses a budget that a build does not fit in: it does not build in parts. It takes so many
    // bytes beside AsFloats(), and so many when those are gone.
    base::Status CheckMemory(const ParamMap& params, double with_floats, double without) const;
    bool keeps_lengths() const {
        return metric() == Metric::kCosine && vector_type() != VectorType::kFloat;
    }
    size_t row_bytes() const { return RowBytes(vector_type(), dim()); }
    // All rows as floats, of length one for COSINE; the input's own memory where it is that
    // already.
    base::Buffer AsFloats(const BuildInput& input) const;
    // A row as it is kept.
    void PutVector(const BuildInput& input, uint32_t row, uint8_t* to) const;
    // The query as floats, of length one for COSINE, in the scratch.
    const float* QueryFloats(const Query& query, SearchScratch& scratch) const;
    // `inverse_norm` is that of a row that keeps its length.
    float CostOf(const Query& query, const uint8_t* vector, float inverse_norm) const;

    // Takes the first nodes into memory, up to so many bytes; all without a file to read from.
    base::Status LoadNear(uint64_t bytes_max);
    // Null when the node has to be read.
    const uint8_t* NodeInMemory(uint32_t place) const {
        return place < near_nodes_ ? near_.data() + packing_.OffsetOf(place) : nullptr;
    }
    const uint8_t* MappedNode(uint32_t place) const {
        return nodes_.bytes.data() + packing_.OffsetOf(place);
    }

    uint32_t search_list_ = 0;
    uint64_t cache_bytes_max_ = 0;
    DiskPacking packing_;  // of nodes
    DiskBlocks nodes_;
    base::Buffer near_;  // the nodes that are in memory
    uint32_t near_nodes_ = 0;
    std::shared_ptr<sys::File> direct_;  // null: all is in memory
    std::optional<codec::EnvelopeReader> file_;

  private:
    double BudgetBytes(const ParamMap& params, const std::string& name, double ratio) const;
};

}  // namespace elanus::vindex
