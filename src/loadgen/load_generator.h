// LoadGenerator: `elanus bench`. Makes a collection, fills it, and measures workloads on it.
//
// Row i of the data has primary key i and bucket i % 100, so that ground truth made of row numbers
// can be compared with ids, and `bucket < 10` matches a tenth of the rows.
// A collection that exists is measured as it is and never dropped.
// Threads: Run from one.
#pragma once

#include "base/status.h"
#include "loadgen/measurement.h"

#include <cstdint>
#include <string>

namespace elanus::loadgen {

struct LoadOptions {
    std::string address;
    int64_t server_pid = 0;  // 0 = unknown: no processor time of the server
    std::string workload = "all";
    int64_t rows = 0;  // 0 = those of `base`, else what `seconds` allow (insert), else 20,000
    int64_t dim = 128;
    std::string base;     // .npy files; "" = made vectors
    std::string queries;  //
    std::string truth;
    std::string filtered_truth;
    std::string metric = "COSINE";
    std::string index = "AUTOINDEX";
    std::string index_params;
    std::string search_params;
    std::string filter = "bucket < 10";
    std::string consistency = "Bounded";
    int64_t k = 10;
    int64_t nq = 1;
    int64_t concurrency = 0;  // 0 = 64 for searches, 8 for inserts
    int64_t connections = 8;
    int64_t batch = 500;
    double seconds = 10;
    int64_t insert_percent = 10;  // of the requests of the mixed workload
    double search_rate = 200;     // searches a second beside the inserts of the growing workload
    std::string collection;       // "" = a name of its own
    bool keep = false;
    uint64_t seed = 1;
};

// Progress goes to standard error.
base::Result<Report> Run(const LoadOptions& options);

}  // namespace elanus::loadgen
