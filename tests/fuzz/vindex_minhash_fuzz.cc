// Files of the index family MINHASH_LSH, as sections (sections.h).
#include "index_searches.h"
#include "target.h"
#include "vindex/minhash_index.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    return fuzz::IndexSeedsOf(
        {{"MINHASH_LSH", {{"mh_lsh_band", "2"}, {"with_raw_data", "true"}}},
         {"MINHASH_LSH", {{"mh_lsh_band", "1"}, {"mh_element_bit_width", "16"}}}},
        vindex::kMinhashFormat);
}

ELANUS_FUZZ_TARGET(vindex_minhash) {
    fuzz::SearchIndexFile(vindex::kMinhashFormat, bytes);
}
