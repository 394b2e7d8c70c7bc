// Files of the index family HNSW in the lean form, as sections (sections.h): searched as an index,
// and loaded as a graph that takes more rows.
#include "index_searches.h"
#include "sections.h"
#include "target.h"
#include "vindex/lean_index.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    return fuzz::LeanGraphSeeds();
}

ELANUS_FUZZ_TARGET(vindex_lean_graph) {
    fuzz::SearchIndexFile(vindex::kLeanGraphFormat, bytes);
    constexpr uint32_t kRowsMax = 1024;
    const auto graph =
        vindex::LoadLeanGraph({fuzz::EnvelopeOf(vindex::kLeanGraphFormat, bytes)}, kRowsMax);
    if (!graph.ok() || (*graph)->capacity() == (*graph)->rows()) {
        return;
    }
    const uint32_t before = (*graph)->rows();
    const std::string vector(vindex::RowBytes((*graph)->options().type, (*graph)->options().dim),
                             '\x21');
    FUZZ_EXPECT((*graph)->Add(vector.data(), 1, nullptr).ok());
    FUZZ_EXPECT((*graph)->rows() == before + 1);
}
