// Files of the index family HNSW as a block graph, as sections (sections.h).
#include "index_searches.h"
#include "target.h"
#include "vindex/block_graph.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    return fuzz::BlockGraphSeeds();
}

ELANUS_FUZZ_TARGET(vindex_block_graph) {
    fuzz::SearchIndexFile(vindex::kBlockGraphFormat, bytes);
}
