// MilvusClient: the few calls that a load generator makes of any Milvus-compatible server, cheap
// enough that the client does not become what is measured.
//
// Why not the generated stub: requests are encoded once and sent many times, so they travel as
// bytes that gRPC shares and never copies. Answers of searches are read into ids and scores.
// Invariants:
//   INV-CLIENT-1  The callback of an Async call runs exactly once, on one of gRPC's threads; it may
//                 start the next call.
//   INV-CLIENT-2  The destructor is called after the last callback has been called.
// Threads: any.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace elanus::wire {

// Encoded pieces of a request, sent one after another.
using RequestBytes = std::shared_ptr<const std::string>;
using RequestParts = std::vector<RequestBytes>;

// A collection as load generators use it: int64 primary key "id", float vector "vector" and, when
// asked for, an int64 "bucket" to filter by.
struct ClientCollection {
    std::string name;
    int64_t dim = 0;
    bool has_bucket = false;
};

struct ClientSearch {
    std::string collection;
    std::string filter;
    std::string metric;
    std::string params_json;  // "" = none
    std::string consistency;  // "Strong", "Session", "Bounded", "Eventually"
    int64_t top_k = 10;
    int64_t dim = 0;
};

// Hits of all queries of one request; query i has counts[i] of them, best first.
struct ClientHits {
    std::vector<int64_t> ids;
    std::vector<float> scores;
    std::vector<int64_t> counts;
};

struct ClientIndexState {
    bool finished = false;
    int64_t indexed_rows = 0;
    int64_t total_rows = 0;
};

class MilvusClient {
  public:
    // "host:port" or "unix:/path". Waits until every connection stands.
    static base::Result<std::unique_ptr<MilvusClient>> Connect(const std::string& address,
                                                               size_t connections,
                                                               int64_t timeout_ms);
    ~MilvusClient();

    base::Result<std::string> ServerVersion();
    base::Result<bool> HasCollection(const std::string& name);
    base::Status CreateCollection(const ClientCollection& collection);
    base::Status CreateIndex(const std::string& collection, const std::string& index_type,
                             const std::string& metric, const std::string& params_json);
    base::Result<ClientIndexState> IndexState(const std::string& collection);
    // Returns when the rows are in files.
    base::Status Flush(const std::string& collection);
    // Returns when the collection is loaded.
    base::Status Load(const std::string& collection);
    base::Status Drop(const std::string& collection);

    // The vector column of an insert; `values` holds rows * dim floats.
    static RequestBytes EncodeVectors(std::span<const float> values, int64_t dim);
    // What stands before it: collection, row count and the other columns.
    static RequestBytes EncodeRows(const ClientCollection& collection, std::span<const int64_t> ids,
                                   std::span<const int64_t> buckets);
    // `values` holds nq * dim floats.
    static RequestBytes EncodeSearch(const ClientSearch& search, std::span<const float> values);

    using InsertDone = std::function<void(base::Status)>;
    using SearchDone = std::function<void(base::Result<ClientHits>)>;
    void InsertAsync(RequestParts parts, InsertDone done);
    void SearchAsync(RequestParts parts, SearchDone done);

  private:
    struct Impl;
    explicit MilvusClient(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace elanus::wire
