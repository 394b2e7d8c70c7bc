// DocumentOrder: an order of documents in which those with the same terms stand together, so that
// gaps get small and blocks get alike: recursive graph bisection (Dhulipala et al., "Compressing
// Graphs and Indexes with Recursive Graph Bisection", KDD 2016; the exchange of documents by
// selection is that of Mackenzie et al., "Faster Index Reordering with Bipartite Graph
// Partitioning", SIGIR 2021). Each part has its own copy of its documents' terms, with those taken
// out that only one of them has.
// Threads: halves are ordered in parallel; the result does not depend on that.
#pragma once

#include "base/status.h"
#include "sys/executor.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace elanus::postings {

// Documents and their terms, each once: those of document i are terms[starts[i]..starts[i + 1]).
struct TermsOfDocuments {
    std::vector<uint32_t> documents;  // their numbers
    std::vector<uint64_t> starts;
    std::vector<uint32_t> terms;
    uint32_t term_count = 0;  // terms are below it
};

// Gives the numbers in their new order. `executor` may be null, `interrupt` empty.
base::Result<std::vector<uint32_t>> DocumentOrder(TermsOfDocuments input, sys::Executor* executor,
                                                  const std::function<base::Status()>& interrupt);

}  // namespace elanus::postings
