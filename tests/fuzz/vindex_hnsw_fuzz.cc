// Files of the index family HNSW, as sections (sections.h).
#include "index_searches.h"
#include "target.h"
#include "vindex/hnsw.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    return fuzz::IndexSeeds("HNSW", vindex::kHnswFormat, {{"M", "4"}, {"efConstruction", "16"}});
}

ELANUS_FUZZ_TARGET(vindex_hnsw) {
    fuzz::SearchIndexFile(vindex::kHnswFormat, bytes);
}
