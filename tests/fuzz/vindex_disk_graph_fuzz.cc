// Files of DISKANN with codes in memory, as sections (sections.h): searched where they are mapped, and
// with nodes that are read from the file.
#include "index_searches.h"
#include "sections.h"
#include "target.h"
#include "vindex/disk_graph.h"

using namespace elanus;

// With product codes, and with codes in planes.
ELANUS_FUZZ_SEEDS {
    const vindex::ParamMap small = {{"max_degree", "4"}, {"search_list_size", "16"}};
    std::vector<std::string> seeds =
        fuzz::IndexSeeds("DISKANN", vindex::kDiskGraphFormat, small, 40);
    vindex::ParamMap planes = small;
    planes["pq_code_budget_gb_ratio"] = "0.5";
    for (std::string& seed :
         fuzz::IndexSeeds("DISKANN", vindex::kDiskGraphFormat, planes, 16, 192)) {
        seeds.push_back(std::move(seed));
    }
    return seeds;
}

ELANUS_FUZZ_TARGET(vindex_disk_graph) {
    fuzz::SearchIndexFile(vindex::kDiskGraphFormat, bytes);
    fuzz::SearchIndexOnDisk(vindex::kDiskGraphFormat, bytes);
}
