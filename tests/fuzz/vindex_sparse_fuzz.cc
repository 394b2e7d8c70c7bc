// Files of sparse indexes with metric BM25 whose rows are no counts, as sections (sections.h).
#include "index_searches.h"
#include "target.h"
#include "vindex/sparse_index.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    return fuzz::IndexSeeds("SPARSE_INVERTED_INDEX", vindex::kSparseFormat);
}

ELANUS_FUZZ_TARGET(vindex_sparse) {
    fuzz::SearchIndexFile(vindex::kSparseFormat, bytes);
}
