// Seeds and a run for the file of any vector index family.
#pragma once

#include "vindex/family.h"

#include <string>
#include <string_view>
#include <vector>

namespace elanus::fuzz {

// The form (sections.h) of small indexes of this family that have this format: one for each type and
// metric it takes.
std::vector<std::string> IndexSeeds(std::string_view index_type, std::string_view format);
// The same of block graphs (block_graph.h), large enough that they are walked.
std::vector<std::string> BlockGraphSeeds();
// The same of graphs in the lean form (lean_index.h).
std::vector<std::string> LeanGraphSeeds();
// The same of sparse indexes with metric IP: of one window and of two, of either kind of values.
std::vector<std::string> WindowSeeds();
// Opens the file and searches it with and without filter, range and effort.
void SearchIndexFile(std::string_view format, std::string_view bytes);

}  // namespace elanus::fuzz
