// LeanIndex: HNSW in the lean form ("form": "lean"): a LeanGraph (lean_graph.h) whose
// rows are all there, as an index that is saved, mapped in place and searched.
//
// The vectors themselves are not kept: scores are those of the 8-bit rows. Parameters as of
// block_graph.h: M gives 2 M places for neighbours, `ef` the candidates of a walk.
// Format, whole and incremental: docs/formats/lean-graph.md
// Threads: as Index.
#pragma once

#include "codec/envelope.h"
#include "vindex/graph_index.h"
#include "vindex/lean_graph.h"

#include <memory>
#include <optional>

namespace elanus::vindex {

inline constexpr std::string_view kLeanGraphFormat = "lean_graph";

// Writes what a graph holds beyond its first `since` rows, and the lists of those: the changes
// after a save of them. No row may be added meanwhile. since = 0 writes the whole graph.
base::Status SaveLeanGraph(const LeanGraph& graph, uint32_t since, codec::Sink& sink);
// A graph that takes more rows, up to `capacity`, from a whole file and the changes after it, in
// order. kDataCorruption when they do not follow each other, or a list names a row that is not
// there.
base::Result<std::unique_ptr<LeanGraph>> LoadLeanGraph(const std::vector<base::Buffer>& files,
                                                       uint32_t capacity);

class LeanIndex : public GraphIndex {
  public:
    // `params.params` holds M and efConstruction.
    static base::Result<std::unique_ptr<Index>> Build(const BuildParams& params,
                                                      const BuildInput& input);
    static base::Result<std::unique_ptr<Index>> Open(base::Buffer file);

    uint64_t memory_bytes() const override { return graph_->memory_bytes(); }
    base::Status Save(codec::Sink& sink) const override;
    base::Status Verify() const override;

  private:
    explicit LeanIndex(std::unique_ptr<LeanGraph> graph);
    static base::Result<std::unique_ptr<Index>> BuildByBatches(const BuildInput& input,
                                                               const LeanOptions& options);

    size_t Widen(size_t ef, size_t k, const SearchParams& params) const override;
    bool ScanIsCheaper(size_t matches, size_t ef) const override;
    WalkOutcome WalkFor(const Query& query, const SearchParams& params, size_t matches, size_t ef,
                        SearchScratch& scratch, Neighbors* out,
                        base::Status* interrupted) const override;
    base::Status ScanMatches(const Query& query, const SearchParams& params, SearchScratch& scratch,
                             Neighbors* out) const override;
    std::string_view damage() const override { return "lean graph: bad row number"; }
    const LeanQuery& PrepareLean(const Query& query) const;

    std::unique_ptr<LeanGraph> graph_;
    std::optional<codec::EnvelopeReader> file_;
};

}  // namespace elanus::vindex
