// Proxy::Query: rows by filter in ascending order of their primary keys, or their count.

#include "proxy/output_fields.h"
#include "proxy/phrase.h"
#include "proxy/proxy_core.h"
#include "proxy/row_routing.h"
#include "proxy/search_params.h"
#include "reduce/segment_reads.h"

#include <algorithm>

namespace elanus::proxy {

namespace {

constexpr std::string_view kCountColumn = "count(*)";

OutputColumn CountColumn(uint64_t count) {
    OutputColumn column;
    column.name = kCountColumn;
    schema::ColumnBuilder builder(0, schema::DataType::kInt64);
    builder.AppendInt(static_cast<int64_t>(count));
    column.values = builder.Finish();
    return column;
}

base::Status CheckShape(const std::vector<roles::RetrieveResponse>& shards) {
    for (const roles::RetrieveResponse& shard : shards) {
        if (shard.keys.size() != shard.rows.rows || shard.rows.rows > UINT32_MAX) {
            return base::Internal("a shard's query answer does not fit together");
        }
    }
    return base::Status();
}

// Rows [offset, offset + limit) of all shards by ascending key.
base::Result<schema::ColumnBatch> MergeRows(std::vector<roles::RetrieveResponse> shards,
                                            const roles::RetrieveRequest& request,
                                            uint64_t offset) {
    RETURN_IF_ERROR(CheckShape(shards));
    roles::RetrieveResponse merged;
    if (shards.size() == 1 && (request.limit == 0 || shards[0].rows.rows <= request.limit)) {
        merged = std::move(shards[0]);
    } else {
        ASSIGN_OR_RETURN(merged, reduce::MergeRetrievals(shards, request.limit, request.max_bytes));
    }
    if (offset == 0) {
        return std::move(merged.rows);
    }
    std::vector<uint32_t> picks;
    for (uint64_t row = offset; row < merged.rows.rows; ++row) {
        picks.push_back(static_cast<uint32_t>(row));
    }
    return schema::Gather(merged.rows, picks);
}

class QueryRun {
  public:
    QueryRun(ProxyCore& core, const base::CallContext& context,
             const roles::CollectionInfo& collection, const QueryRequest& request)
        : core_(core), context_(context), collection_(collection), request_(request) {}

    base::Result<QueryResults> Run() {
        RETURN_IF_ERROR(Prepare());
        ASSIGN_OR_RETURN(std::vector<roles::RetrieveResponse> shards,
                         core_.RetrieveFromShards(context_, collection_, shard_request_));
        QueryResults results;
        results.output_fields = selection_.output_fields;
        results.primary_field_name = collection_.schema.primary_key()->name;
        results.collection_name = collection_.schema.name;
        if (moment_.iterator) {
            results.session_ts = moment_.snapshot_ts;
        }
        if (selection_.count) {
            uint64_t count = 0;
            for (const roles::RetrieveResponse& shard : shards) {
                count += shard.count;
            }
            results.columns.push_back(CountColumn(count));
            return results;
        }
        ASSIGN_OR_RETURN(
            const schema::ColumnBatch rows,
            MergeRows(std::move(shards), shard_request_, static_cast<uint64_t>(settings_.offset)));
        if (rows.ByteSize() > static_cast<size_t>(core_.limits.max_output_bytes)) {
            return Invalid("query results exceed the maxOutputSize Limit ",
                           core_.limits.max_output_bytes);
        }
        ASSIGN_OR_RETURN(results.columns, Columns(rows));
        return results;
    }

  private:
    base::Status Prepare() {
        ASSIGN_OR_RETURN(settings_, ParseQuerySettings(request_.query_params, core_.limits));
        ASSIGN_OR_RETURN(selection_,
                         SelectOutput(collection_, request_.query_params, request_.output_fields,
                                      PrimaryKeyOutput::kAlways));
        auto filter = core_.ParseFilter(collection_, request_.filter, request_.templates);
        if (!filter.ok()) {
            return filter.status().Annotate("failed to create query plan");
        }
        if (selection_.count && settings_.has_limit) {
            return Invalid("count entities with pagination is not allowed");
        }
        // The text decides, not the plan: a filter that every row passes is still a filter.
        const bool blank = request_.filter.find_first_not_of(" \t\r\n") == std::string::npos;
        if (blank && !selection_.count && !settings_.has_limit) {
            return Invalid("empty expression should be used with limit");
        }
        ASSIGN_OR_RETURN(shard_request_.partitions,
                         FindPartitions(collection_, request_.partitions));
        ASSIGN_OR_RETURN(moment_, ResolveMoment(context_, core_.partners, core_.limits, collection_,
                                                request_.consistency, settings_.iterator));
        shard_request_.filter = *filter;
        shard_request_.count_only = selection_.count;
        shard_request_.limit = static_cast<uint64_t>(settings_.limit + settings_.offset);
        shard_request_.fields = selection_.fields;
        shard_request_.ignore_growing = settings_.ignore_growing;
        shard_request_.guarantee_ts = moment_.guarantee_ts;
        shard_request_.snapshot_ts = moment_.snapshot_ts;
        shard_request_.max_bytes = static_cast<uint64_t>(core_.limits.max_output_bytes);
        return base::Status();
    }

    base::Result<std::vector<OutputColumn>> Columns(const schema::ColumnBatch& rows) const {
        if (rows.rows > 0) {
            return MakeOutputColumns(selection_, rows);
        }
        // No row matched: the columns are there, with nothing in them.
        schema::ColumnBatch empty;
        for (const schema::FieldSchema& field : selection_.fields) {
            empty.columns.push_back(schema::MakeDefaultColumn(field, 0));
        }
        return MakeOutputColumns(selection_, empty);
    }

    ProxyCore& core_;
    const base::CallContext& context_;
    const roles::CollectionInfo& collection_;
    const QueryRequest& request_;
    QuerySettings settings_;
    OutputSelection selection_;
    ReadMoment moment_;
    roles::RetrieveRequest shard_request_;
};

}  // namespace

base::Result<QueryResults> Proxy::Query(const base::CallContext& context,
                                        const QueryRequest& request) {
    return core_->WithCollection(
        context, request.database, request.collection,
        [&](const CollectionPtr& collection) -> base::Result<QueryResults> {
            RETURN_IF_ERROR(core_->CheckAllowed(*collection, "reading"));
            return QueryRun(*core_, context, *collection, request).Run();
        });
}

}  // namespace elanus::proxy
