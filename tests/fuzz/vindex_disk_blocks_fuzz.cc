// Files of DISKANN with codes in its nodes, as sections (sections.h): searched where they are mapped,
// and with nodes and vectors that are read from the file.
#include "index_searches.h"
#include "sections.h"
#include "target.h"
#include "vindex/disk_blocks.h"

using namespace elanus;

// Without a cache, so that nodes are read, and with all of them in it.
ELANUS_FUZZ_SEEDS {
    std::vector<std::string> seeds;
    for (const char* cache : {"0", "1"}) {
        const vindex::ParamMap params = {{"max_degree", "4"},
                                         {"search_list_size", "16"},
                                         {"pq_code_budget_gb_ratio", "0"},
                                         {"search_cache_budget_gb_ratio", cache}};
        for (std::string& seed :
             fuzz::IndexSeeds("DISKANN", vindex::kDiskBlocksFormat, params, 40, 384)) {
            seeds.push_back(std::move(seed));
        }
    }
    return seeds;
}

ELANUS_FUZZ_TARGET(vindex_disk_blocks) {
    fuzz::SearchIndexFile(vindex::kDiskBlocksFormat, bytes);
    fuzz::SearchIndexOnDisk(vindex::kDiskBlocksFormat, bytes);
}
