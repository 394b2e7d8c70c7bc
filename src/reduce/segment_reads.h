// Reads over several segments of one process, and the merging of partial answers.
//
// Why here: streaming nodes (growing segments), query nodes (sealed ones) and proxies (channels)
// all reduce answers, and a page of hits is only stable when they do it by the same rule: best
// score first, equal scores by ascending primary key, each primary key once. A key stands in a
// segment twice when a client inserted it twice; the best hit of it (search) or its newest row
// (retrieve) is kept, and the search is widened until k different keys are found. Threads: free
// functions, safe from any thread; work is spread over the executor given.
#pragma once

#include "roles/read.h"
#include "segment/segment.h"
#include "sys/clock.h"
#include "sys/executor.h"

#include <map>
#include <memory>
#include <vector>

namespace elanus::reduce {

class HitWalks;  // hit_walks.h

struct ReadScope {
    const base::CallContext* context = nullptr;
    sys::Clock* clock = nullptr;
    sys::Executor* executor = nullptr;
    base::Timestamp timestamp = 0;  // the moment to read at
    HitWalks* walks = nullptr;      // null = pages of hits are found by comparing all rows
};

using SegmentRef = std::shared_ptr<const segment::Segment>;

base::Result<roles::SearchResponse> SearchSegments(const std::vector<SegmentRef>& segments,
                                                   const roles::SearchRequest& request,
                                                   const ReadScope& scope);
base::Result<roles::RetrieveResponse> RetrieveSegments(const std::vector<SegmentRef>& segments,
                                                       const roles::RetrieveRequest& request,
                                                       const ReadScope& scope);
// Rows by address, in the order of the addresses. kSegmentNotFound names a segment that is not
// among them; a row that its segment does not have is kInvalidParameter.
base::Result<roles::FetchResponse> FetchRows(const std::map<base::SegmentId, SegmentRef>& segments,
                                             const roles::FetchRequest& request,
                                             const ReadScope& scope);

// Every part has counts for all `nq` answers. `widen` becomes true when a query fell short of k
// because repeated keys were dropped while some part was cut at k.
roles::SearchResponse MergeSearches(const std::vector<roles::SearchResponse>& parts,
                                    vindex::Metric metric, uint32_t nq, uint32_t k,
                                    bool* widen = nullptr);
// The same for the parts of one request, whose groups are merged as well.
roles::SearchResponse MergeSearches(std::vector<roles::SearchResponse> parts,
                                    const roles::SearchRequest& request);
// Partial answers of one request. On equal keys the row of the earlier part wins; in an order by
// fields, the row that comes first. A single part is handed through.
base::Result<roles::RetrieveResponse> MergeRetrievals(std::vector<roles::RetrieveResponse> parts,
                                                      const roles::RetrieveRequest& request);

// Segments are listed one after the other; times of parts that ran side by side count once.
void AddProfile(roles::ReadProfile from, roles::ReadProfile* to);

}  // namespace elanus::reduce
