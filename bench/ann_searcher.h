// AnnSearcher: an index under test, ours or a rival's, behind one call, so that all are timed by
// the same loop.
// Threads: Search() from any, each with its own Answer.
#pragma once

#include "ann_data.h"
#include "base/status.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace elanus::bench {

struct Answer {
    std::vector<uint32_t> rows;
    uint64_t hops = 0;
    uint64_t distances = 0;
};

class AnnSearcher {
  public:
    virtual ~AnnSearcher() = default;
    virtual std::string name() const = 0;
    virtual double bytes_per_vector() const = 0;
    // Sets the parameter of the sweep for the searches that follow; no search may be running.
    virtual base::Status Set(const std::string& parameter, uint32_t value) = 0;
    // Counts are left zero unless Count() says otherwise.
    virtual base::Status Search(const float* query, base::BitmapView filter, Answer* answer) = 0;
    // As Search, with hops and distances counted; may be slower and is not timed.
    virtual base::Status Count(const float* query, base::BitmapView filter, Answer* answer) = 0;
};

// Means over the queries.
struct Counts {
    double recall = 0;
    double hops = 0;
    double distances = 0;
    size_t short_answers = 0;  // of all queries: fewer rows than match, or than k
};

// Every query of `data` with its filter, once, on this thread.
base::Result<Counts> CountAll(const AnnData& data, AnnSearcher& searcher);

struct AnnIndexOptions {
    std::string index_type;                                   // "HNSW"
    std::vector<std::pair<std::string, std::string>> params;  // {"M", "16"} ...
    size_t threads = 1;
    // Where the index is kept; empty: nowhere. What is there already is opened and not built; ours
    // is mapped, as the server maps it.
    std::string path;
};

// `data` outlives the searcher.
base::Result<std::unique_ptr<AnnSearcher>> BuildOurs(const AnnData& data,
                                                     const AnnIndexOptions& options);
// hnswlib with the M and efConstruction of `options` (16 and 200 when not given).
base::Result<std::unique_ptr<AnnSearcher>> BuildHnswlib(const AnnData& data,
                                                        const AnnIndexOptions& options);

}  // namespace elanus::bench
