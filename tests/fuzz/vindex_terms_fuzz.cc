// Files of full-text indexes where a sparse vector index is expected, as sections (sections.h).
#include "index_searches.h"
#include "postings/layout.h"
#include "target.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    return fuzz::TermSeeds();
}

ELANUS_FUZZ_TARGET(vindex_terms) {
    fuzz::SearchIndexFile(postings::kFormat, bytes);
}
