// Files of sparse indexes with metric IP, as sections (sections.h).
#include "index_searches.h"
#include "target.h"
#include "vindex/window_index.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    return fuzz::WindowSeeds();
}

ELANUS_FUZZ_TARGET(vindex_windows) {
    fuzz::SearchIndexFile(vindex::kWindowFormat, bytes);
}
