// Files of the index family FLAT, as sections (sections.h).
#include "index_searches.h"
#include "target.h"
#include "vindex/flat.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    return fuzz::IndexSeeds("FLAT", vindex::kFlatFormat);
}

ELANUS_FUZZ_TARGET(vindex_flat) {
    fuzz::SearchIndexFile(vindex::kFlatFormat, bytes);
}
