// Files of graphs over coded rows, as sections (sections.h).
#include "index_searches.h"
#include "target.h"
#include "vindex/coded_hnsw.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    return fuzz::IndexSeedsOf(
        {
            {"HNSW_SQ", {{"sq_type", "SQ8"}}},
            {"HNSW_SQ", {{"sq_type", "SQ6"}, {"refine", "true"}, {"refine_type", "FP16"}}},
            {"HNSW_SQ", {{"sq_type", "SQ4U"}}},
            {"HNSW_SQ", {{"sq_type", "BF16"}, {"refine", "true"}, {"refine_type", "FP32"}}},
            {"HNSW_PQ", {{"m", "2"}, {"nbits", "4"}, {"refine", "true"}, {"refine_type", "SQ8"}}},
            {"HNSW_PRQ", {{"m", "2"}, {"nbits", "4"}, {"nrq", "2"}}},
        },
        vindex::kCodedHnswFormat, {{"M", "4"}, {"efConstruction", "16"}});
}

ELANUS_FUZZ_TARGET(vindex_coded_hnsw) {
    fuzz::SearchIndexFile(vindex::kCodedHnswFormat, bytes);
}
