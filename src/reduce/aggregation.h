// Aggregates over groups of rows: count, sum, avg, min and max, computed per segment and added up.
//
// Null values do not count (SQL): count(x) leaves them out, sum, avg, min and max of nothing are
// null. Integers are summed in 128 bits, so that partial sums cannot overflow. Two nulls are one
// group. Threads: free functions.
#pragma once

#include "reduce/segment_reads.h"

namespace elanus::reduce {

// Whether the aggregate can be computed of values of the type.
bool CanAggregate(roles::AggregateKind kind, schema::DataType type);
bool CanGroupBy(schema::DataType type);
// The type of an aggregate's values.
schema::DataType AggregateType(roles::AggregateKind kind, schema::DataType type);

base::Result<roles::RetrieveResponse> AggregateSegments(const std::vector<SegmentRef>& segments,
                                                        const roles::RetrieveRequest& request,
                                                        const ReadScope& scope);

// Ascending by key. 1100 when there are more than max_groups, unless the first ones are asked for.
base::Result<std::vector<roles::Group>> MergeGroups(
    const std::vector<roles::RetrieveResponse>& parts, const roles::Aggregation& aggregation);

// One column a group field, then one an aggregate, of all groups in their order. Without group_by
// and without any row: the one row that SQL gives. 1100 when a sum leaves Int64.
base::Result<std::vector<schema::Column>> GroupColumns(const std::vector<roles::Group>& groups,
                                                       const roles::Aggregation& aggregation);

}  // namespace elanus::reduce
