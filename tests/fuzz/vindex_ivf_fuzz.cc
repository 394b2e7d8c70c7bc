// Files of the inverted file families, as sections (sections.h).
#include "index_searches.h"
#include "target.h"
#include "vindex/ivf_index.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    constexpr uint32_t kTwoGroups = 70;  // of 64 rows, and three of 32
    return fuzz::IndexSeedsOf(
        {
            {"IVF_FLAT", {}},
            {"BIN_IVF_FLAT", {}},
            {"IVF_SQ8", {{"refine", "true"}, {"refine_type", "FP16"}}},
            {"IVF_SQ", {{"sq_type", "SQ4"}}},
            {"IVF_SQ", {{"sq_type", "SQ6"}, {"refine", "true"}, {"refine_type", "SQ8"}}},
            {"IVF_PQ", {{"m", "2"}, {"nbits", "4"}}},
            {"IVF_PQ", {{"m", "2"}, {"nbits", "5"}}},
            {"IVF_PQ", {{"m", "2"}, {"nbits", "6"}, {"refine", "true"}, {"refine_type", "BF16"}}},
            {"SCANN", {{"with_raw_data", "true"}}},
            {"IVF_RABITQ", {{"refine", "true"}, {"refine_type", "SQ6"}}},
            {"IVF_RABITQ", {{"rbq_bits_query", "4"}}},
            {"IVF_RABITQ_FASTSCAN", {}},
        },
        vindex::kIvfFormat, {{"nlist", "4"}}, kTwoGroups);
}

ELANUS_FUZZ_TARGET(vindex_ivf) {
    fuzz::SearchIndexFile(vindex::kIvfFormat, bytes);
}
