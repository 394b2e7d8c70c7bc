// Files of the index family MINHASH_LSH, as sections (sections.h).
#include "index_searches.h"
#include "target.h"
#include "vindex/minhash_index.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    std::vector<std::string> seeds;
    for (const vindex::ParamMap& params :
         {vindex::ParamMap{{"mh_lsh_band", "2"}, {"with_raw_data", "true"}},
          vindex::ParamMap{{"mh_lsh_band", "1"}, {"mh_element_bit_width", "16"}}}) {
        for (std::string& seed : fuzz::IndexSeeds("MINHASH_LSH", vindex::kMinhashFormat, params)) {
            seeds.push_back(std::move(seed));
        }
    }
    return seeds;
}

ELANUS_FUZZ_TARGET(vindex_minhash) {
    fuzz::SearchIndexFile(vindex::kMinhashFormat, bytes);
}
