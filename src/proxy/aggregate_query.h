// Queries that answer groups instead of rows: output fields like count(*), sum(price), max(name),
// with or without group_by_fields (API map 5.12).
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "proxy/api.h"
#include "proxy/limits.h"
#include "proxy/output_fields.h"
#include "proxy/search_params.h"
#include "roles/read.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::proxy {

struct AggregateName {
    roles::AggregateKind kind = roles::AggregateKind::kCountRows;
    std::string_view field;  // empty: of count(*)
};
// "count(*)", "sum( price )", in any case of letters; absent for other text.
std::optional<AggregateName> ReadAggregate(std::string_view name);

bool IsAggregateQuery(const QuerySettings& settings, const std::vector<std::string>& outputs);

struct AggregateQuery {
    struct Output {
        OutputItem item;    // name and, where values are shown as the field's, the field
        size_t column = 0;  // in reduce::GroupColumns
        bool as_field = false;
    };
    roles::Aggregation aggregation;
    OutputSelection selection;  // fields = aggregation.fields
    std::vector<Output> outputs;
    // Order of the groups: columns of reduce::GroupColumns.
    std::vector<roles::SortField> order_by;
    std::vector<size_t> order_columns;

    // Nothing but count(*) of all rows.
    bool IsRowCount() const;
};

// 1100 for aggregates of types that have none, outputs that are neither grouped by nor aggregates,
// order keys that are no column of the groups.
base::Result<AggregateQuery> ParseAggregateQuery(const roles::CollectionInfo& collection,
                                                 const QueryRequest& request,
                                                 const QuerySettings& settings,
                                                 const Limits& limits);

// The groups in the query's order (by their values when it names none), from `offset` on, at most
// `limit` (0 = all).
base::Result<std::vector<OutputColumn>> MakeAggregateColumns(
    const AggregateQuery& query, const std::vector<roles::Group>& groups, uint64_t offset,
    uint64_t limit);

}  // namespace elanus::proxy
