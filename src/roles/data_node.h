// DataNode: background work on files: index builds and compaction.
#pragma once

#include "base/call_context.h"
#include "roles/compaction.h"
#include "roles/records.h"

#include <string>
#include <vector>

namespace elanus::roles {

struct BuildIndexRequest {
    SegmentInfo segment;
    schema::CollectionSchema schema;
    IndexInfo index;
    std::string data_key;  // where to publish the index file
    template <typename A>
    void Visit(A& a) {
        a(segment, schema, index, data_key);
    }
};
struct BuildIndexResponse {
    uint64_t rows = 0;
    uint64_t bytes = 0;
    template <typename A>
    void Visit(A& a) {
        a(rows, bytes);
    }
};

struct BuildSharesRequest {
    std::vector<std::string> data_keys;  // of index builds, as in BuildIndexRequest
    template <typename A>
    void Visit(A& a) {
        a(data_keys);
    }
};
struct BuildShares {
    std::vector<double> shares;  // 0..1, of each key in the order asked; 0: nothing known of it
    template <typename A>
    void Visit(A& a) {
        a(shares);
    }
};

class DataNode {
  public:
    virtual ~DataNode() = default;

    // Blocks until the file is published. A repeat finds the published file and says so.
    virtual base::Result<BuildIndexResponse> BuildIndex(const base::CallContext&,
                                                        const BuildIndexRequest&) = 0;
    // What share of each build is done: an estimate. Of builds that have not begun or have ended,
    // nothing is known.
    virtual base::Result<BuildShares> GetBuildShares(const base::CallContext&,
                                                     const BuildSharesRequest&) = 0;
    // Blocks until all files are published. A repeat writes the same again.
    virtual base::Result<CompactSegmentsResponse> CompactSegments(
        const base::CallContext&, const CompactSegmentsRequest&) = 0;
};

}  // namespace elanus::roles
