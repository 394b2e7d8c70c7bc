// Seeds and a run for the file of any vector index family.
#pragma once

#include "vindex/family.h"
#include "vindex/list_index.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace elanus::fuzz {

// The form (sections.h) of small indexes of this family that have this format: one for each type
// and metric it takes.
std::vector<std::string> IndexSeeds(std::string_view index_type, std::string_view format,
                                    const vindex::ParamMap& build_params = {}, uint32_t rows = 24,
                                    uint32_t dim = 4);
// The same of several families or of one with several parameters; `common` are added to them all.
std::vector<std::string> IndexSeedsOf(
    const std::vector<std::pair<std::string_view, vindex::ParamMap>>& families,
    std::string_view format, const vindex::ParamMap& common = {}, uint32_t rows = 24);
// The same of indexes of terms by BM25, in one block and in three.
std::vector<std::string> TermSeeds();
// The same of block graphs (block_graph.h), large enough that they are walked.
std::vector<std::string> BlockGraphSeeds();
// The same of graphs in the lean form (lean_index.h).
std::vector<std::string> LeanGraphSeeds();
// The same of sparse indexes with metric IP: of one window and of two, of either kind of values.
std::vector<std::string> WindowSeeds();
// A whole file of a small index over lists of vectors of dimension 16.
std::string ListIndexFile(std::string_view index_type, vindex::Metric metric,
                          vindex::VectorType type, const vindex::ParamMap& build_params);
// Searches and walks it with and without filter, range and effort, verifies it and saves it.
void SearchOpened(const vindex::Index& index);
// The same of an index over lists, with vectors made for it.
void SearchListIndex(const vindex::ListIndex& index);
// Opens the file and does that.
void SearchIndexFile(std::string_view format, std::string_view bytes);
// The same with what it wants to read from a disk.
void SearchIndexOnDisk(std::string_view format, std::string_view bytes);

}  // namespace elanus::fuzz
