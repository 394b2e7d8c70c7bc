// Proxy::Query: rows by filter, in ascending order of their primary keys or in an order by fields,
// or aggregates of groups of them.

#include "expr/constant_filter.h"
#include "proxy/aggregate_query.h"
#include "proxy/output_fields.h"
#include "proxy/partition_key.h"
#include "proxy/phrase.h"
#include "proxy/proxy_core.h"
#include "proxy/row_routing.h"
#include "proxy/search_params.h"
#include "proxy/tenant_namespace.h"
#include "reduce/segment_reads.h"

#include <algorithm>
#include <optional>

namespace elanus::proxy {

namespace {

// Rows from `offset` on.
schema::ColumnBatch SkipRows(schema::ColumnBatch rows, uint64_t offset) {
    if (offset == 0) {
        return rows;
    }
    std::vector<uint32_t> picks;
    for (uint64_t row = offset; row < rows.rows; ++row) {
        picks.push_back(static_cast<uint32_t>(row));
    }
    return schema::Gather(rows, picks);
}

class QueryRun {
  public:
    QueryRun(ProxyCore& core, const base::CallContext& context, const CollectionPtr& collection,
             const QueryRequest& request, ReadReport* report)
        : core_(core),
          context_(context),
          collection_(*collection),
          request_(request),
          report_(*report) {
        report_.Begin(collection);
    }

    base::Result<QueryResults> Run() {
        RETURN_IF_ERROR(Prepare());
        report_.laps.Lap(&report_.prepare_ns);
        auto shards = core_.RetrieveFromShards(context_, collection_, shard_request_);
        report_.laps.Lap(&report_.ask_ns);
        RETURN_IF_ERROR(shards.status());
        TakeShardReports(collection_.vchannels, &*shards, &report_);
        ASSIGN_OR_RETURN(QueryResults results, Assemble(std::move(*shards)));
        report_.laps.Lap(&report_.output_ns);
        if (!results.columns.empty()) {
            report_.rows = results.columns[0].rows();
        }
        return results;
    }

  private:
    base::Result<QueryResults> Assemble(std::vector<roles::RetrieveResponse> shards) {
        QueryResults results;
        results.primary_field_name = collection_.schema.primary_key()->name;
        results.collection_name = collection_.schema.name;
        if (moment_.iterator) {
            results.session_ts = moment_.snapshot_ts;
        }
        if (aggregate_.has_value()) {
            results.output_fields = aggregate_->selection.output_fields;
            ASSIGN_OR_RETURN(results.columns, Aggregates(std::move(shards)));
        } else {
            results.output_fields = selection_.output_fields;
            ASSIGN_OR_RETURN(results.columns, Rows(std::move(shards)));
        }
        return results;
    }

    base::Status Prepare() {
        RETURN_IF_ERROR(CheckNamespace(collection_, request_.namespace_name, core_.limits));
        ASSIGN_OR_RETURN(settings_,
                         ParseQuerySettings(request_.query_params,
                                            LimitsOfReads(collection_.properties, core_.limits)));
        RETURN_IF_ERROR(PrepareOutput());
        report_.form = settings_.profile;
        report_.limit = settings_.limit;
        report_.offset = settings_.offset;
        const SampleDraw draw = settings_.iterator ? SampleDraw::kFixed : SampleDraw::kFresh;
        ASSIGN_OR_RETURN(shard_request_.filter,
                         core_.PlanRead(context_, request_.filter, request_.templates,
                                        request_.query_params, draw, &report_));
        if (shard_request_.filter == nullptr && !aggregate_.has_value() && !settings_.has_limit &&
            expr::IsConstantlyTrue(request_.filter, collection_.schema, request_.templates, {})) {
            return Invalid("empty expression should be used with limit");
        }
        ASSIGN_OR_RETURN(shard_request_.partitions,
                         FindPartitions(collection_, request_.partitions));
        ASSIGN_OR_RETURN(moment_, ResolveMoment(context_, core_.partners, core_.limits, collection_,
                                                request_.consistency, settings_.iterator));
        shard_request_.filter =
            WithinNamespace(collection_, request_.namespace_name, std::move(shard_request_.filter));
        shard_request_.limit = static_cast<uint64_t>(settings_.limit + settings_.offset);
        shard_request_.ignore_growing = settings_.ignore_growing;
        shard_request_.guarantee_ts = moment_.guarantee_ts;
        shard_request_.snapshot_ts = moment_.snapshot_ts;
        shard_request_.hold_snapshot_s = moment_.iterator ? kIteratorHoldSeconds : 0;
        shard_request_.max_bytes = static_cast<uint64_t>(core_.limits.max_output_bytes);
        shard_request_.profile = report_.wants_profile();
        report_.guarantee_ts = moment_.guarantee_ts;
        if (report_.wants_profile()) {
            report_.partitions_read =
                PrunePartitions(collection_, shard_request_.partitions, shard_request_.filter.get())
                    .size();
        }
        return base::Status();
    }

    base::Status PrepareOutput() {
        if (IsAggregateQuery(settings_, request_.output_fields)) {
            ASSIGN_OR_RETURN(aggregate_,
                             ParseAggregateQuery(collection_, request_, settings_, core_.limits));
            if (aggregate_->IsRowCount()) {
                shard_request_.count_only = true;
            } else {
                shard_request_.aggregation = aggregate_->aggregation;
            }
            return base::Status();
        }
        ASSIGN_OR_RETURN(selection_,
                         SelectOutput(collection_, request_.query_params, request_.output_fields,
                                      PrimaryKeyOutput::kAlways));
        shard_request_.fields = selection_.fields;
        if (settings_.order_by.empty()) {
            return base::Status();
        }
        if (settings_.iterator) {
            return Invalid("order_by is not supported with a query iterator");
        }
        if (!settings_.has_limit) {
            return Invalid("order_by requires limit, set a limit in the query");
        }
        ASSIGN_OR_RETURN(shard_request_.order_by,
                         ResolveOrderBy(collection_.schema, settings_.order_by));
        return base::Status();
    }

    base::Result<std::vector<OutputColumn>> Aggregates(
        std::vector<roles::RetrieveResponse> shards) {
        ASSIGN_OR_RETURN(roles::RetrieveResponse merged,
                         reduce::MergeRetrievals(std::move(shards), shard_request_));
        report_.laps.Lap(&report_.merge_ns);
        if (shard_request_.count_only) {
            merged.groups.resize(1);
            merged.groups[0].states.resize(1);
            merged.groups[0].states[0].count = merged.count;
        }
        return MakeAggregateColumns(*aggregate_, merged.groups,
                                    static_cast<uint64_t>(settings_.offset),
                                    static_cast<uint64_t>(settings_.limit));
    }

    base::Result<std::vector<OutputColumn>> Rows(std::vector<roles::RetrieveResponse> shards) {
        ASSIGN_OR_RETURN(roles::RetrieveResponse merged,
                         reduce::MergeRetrievals(std::move(shards), shard_request_));
        report_.laps.Lap(&report_.merge_ns);
        const schema::ColumnBatch rows =
            SkipRows(std::move(merged.rows), static_cast<uint64_t>(settings_.offset));
        if (rows.ByteSize() > static_cast<size_t>(core_.limits.max_output_bytes)) {
            return Invalid("query results exceed the maxOutputSize Limit ",
                           core_.limits.max_output_bytes);
        }
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
    ReadReport& report_;
    QuerySettings settings_;
    OutputSelection selection_;                // of a query for rows
    std::optional<AggregateQuery> aggregate_;  // of one for groups
    ReadMoment moment_;
    roles::RetrieveRequest shard_request_;
};

// The request without kProfileField among its output, asking for its profile instead.
QueryRequest WithoutProfileField(QueryRequest request) {
    std::erase(request.output_fields, kProfileField);
    request.query_params["profile"] = "true";
    return request;
}

}  // namespace

base::Result<QueryResults> Proxy::Query(const base::CallContext& context,
                                        const QueryRequest& request) {
    const auto& names = request.output_fields;
    const bool replaces_rows = std::find(names.begin(), names.end(), kProfileField) != names.end();
    if (!replaces_rows) {
        return QueryTimed(context, request, false);
    }
    return QueryTimed(context, WithoutProfileField(request), true);
}

base::Result<QueryResults> Proxy::QueryTimed(const base::CallContext& context,
                                             const QueryRequest& request, bool replaces_rows) {
    ReadReport report(ReadReport::Kind::kQuery, *core_->partners.clock);
    base::Result<QueryResults> results = core_->WithCollection(
        context, request.database, request.collection,
        [&](const CollectionPtr& collection) -> base::Result<QueryResults> {
            RETURN_IF_ERROR(core_->CheckAllowed(*collection, "reading"));
            return QueryRun(*core_, context,
                            OnShardOfNamespace(core_->cache, collection, request.namespace_name),
                            request, &report)
                .Run();
        });
    core_->FinishRead(context, results.status(), &report);
    if (results.ok() && report.wants_profile()) {
        report.replaces_rows = replaces_rows;
        results->report = std::make_shared<const ReadReport>(std::move(report));
    }
    return results;
}

}  // namespace elanus::proxy
