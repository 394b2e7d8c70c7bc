// Proxy::Search: parameters, fan-out to the shards, merge, output columns of the final rows.

#include "proxy/expiry.h"
#include "proxy/output_fields.h"
#include "proxy/partition_key.h"
#include "proxy/phrase.h"
#include "proxy/proxy_core.h"
#include "proxy/query_vectors.h"
#include "proxy/row_routing.h"
#include "proxy/search_params.h"
#include "proxy/tenant_namespace.h"
#include "reduce/segment_reads.h"
#include "vindex/family.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace elanus::proxy {

namespace {

// One search of one collection.
class SearchRun {
  public:
    SearchRun(ProxyCore& core, const base::CallContext& context, const CollectionPtr& collection,
              const SearchRequest& request, ReadReport* report)
        : core_(core),
          context_(context),
          collection_(*collection),
          request_(request),
          report_(*report) {
        report_.Begin(collection);
    }

    base::Result<SearchResults> Run() {
        RETURN_IF_ERROR(Prepare());
        report_.laps.Lap(&report_.prepare_ns);
        const base::Status asked = AskShards();
        report_.laps.Lap(&report_.ask_ns);
        RETURN_IF_ERROR(asked);
        TakeShardReports(collection_.vchannels, &responses_, &report_);
        Merge();
        report_.laps.Lap(&report_.merge_ns);
        report_.rows = page_.size();
        SearchResults results = Assemble();
        const base::Status fetched = FetchColumns(&results);
        report_.laps.Lap(&report_.output_ns);
        RETURN_IF_ERROR(fetched);
        return results;
    }

  private:
    base::Status Prepare() {
        RETURN_IF_ERROR(core_.CheckAllowed(collection_, "reading"));
        RETURN_IF_ERROR(CheckNamespace(collection_, request_.namespace_name, core_.limits));
        ASSIGN_OR_RETURN(settings_, ParseSearchSettings(collection_.schema, request_.search_params,
                                                        core_.limits));
        ASSIGN_OR_RETURN(selection_,
                         SelectOutput(collection_, request_.search_params, request_.output_fields,
                                      PrimaryKeyOutput::kWhenAsked));
        ASSIGN_OR_RETURN(shard_request_.partitions,
                         FindPartitions(collection_, request_.partitions));
        report_.form = settings_.profile;
        const SampleDraw draw = settings_.iterator ? SampleDraw::kFixed : SampleDraw::kFresh;
        ASSIGN_OR_RETURN(shard_request_.filter,
                         core_.PlanRead(request_.filter, request_.templates, request_.search_params,
                                        draw, &report_));
        shard_request_.filter =
            WithinNamespace(collection_, request_.namespace_name, std::move(shard_request_.filter));
        const expr::Plan* filter = shard_request_.filter.get();
        RETURN_IF_ERROR(CheckIsolation(collection_, filter));
        shard_request_.partitions =
            PrunePartitions(collection_, std::move(shard_request_.partitions), filter);
        RETURN_IF_ERROR(UseIndex());
        ASSIGN_OR_RETURN(moment_, ResolveMoment(context_, core_.partners, core_.limits, collection_,
                                                request_.consistency, settings_.iterator));
        shard_request_.guarantee_ts = moment_.guarantee_ts;
        shard_request_.snapshot_ts = moment_.snapshot_ts;
        shard_request_.ignore_growing = settings_.ignore_growing;
        shard_request_.collection_id = collection_.id;
        shard_request_.vector_field = settings_.field->id;
        CompleteRead(*core_.partners.clock, collection_, &shard_request_);
        RETURN_IF_ERROR(UseVectors());
        NoteRequest();
        return base::Status();
    }

    void NoteRequest() {
        shard_request_.profile = report_.wants_profile();
        report_.limit = settings_.top_k;
        report_.offset = settings_.offset;
        report_.nq = shard_request_.nq();
        report_.guarantee_ts = moment_.guarantee_ts;
        report_.partitions_read = shard_request_.partitions.size();
        report_.metric = vindex::MetricName(shard_request_.metric);
        if (report_.wants_profile()) {
            report_.vector_field = settings_.field->name;
        }
    }

    base::Result<roles::IndexInfo> FindIndex() {
        for (const bool refresh : {false, true}) {
            ASSIGN_OR_RETURN(const IndexesPtr indexes,
                             refresh ? core_.cache.RefreshIndexes(context_, collection_.id)
                                     : core_.cache.GetIndexes(context_, collection_.id));
            for (const roles::IndexInfo& index : *indexes) {
                if (index.field_id == settings_.field->id) {
                    return index;
                }
            }
        }
        ASSIGN_OR_RETURN(const roles::LoadStatus load, core_.LoadStatusOf(context_, collection_));
        if (load.state != roles::LoadState::kLoaded) {
            return core_.ReadFailure(context_, collection_,
                                     base::Status::Error(base::Code::kCollectionNotLoaded));
        }
        return base::Status::WithFields(base::Code::kIndexNotFound,
                                        {{"field", settings_.field->name}})
            .Annotate(Phrase("there is no vector index on field: [", settings_.field->name,
                             "], please create index firstly"));
    }

    base::Status UseIndex() {
        ASSIGN_OR_RETURN(const roles::IndexInfo index, FindIndex());
        const auto metric = vindex::MetricFromName(index.metric_type);
        if (!metric.has_value()) {
            return base::Internal(
                Phrase("index ", index.name, " has the unknown metric ", index.metric_type));
        }
        if (!settings_.metric_type.empty() &&
            vindex::MetricFromName(settings_.metric_type) != metric) {
            return InvalidExpected(index.metric_type, settings_.metric_type,
                                   "metric type not match");
        }
        const auto k = static_cast<size_t>(settings_.top_k + settings_.offset);
        auto parsed = vindex::ParseSearchParams(index.index_type, *metric, k, settings_.params);
        if (!parsed.ok()) {
            return parsed.status().Annotate("failed to search");
        }
        shard_request_.metric = *metric;
        shard_request_.k = static_cast<uint32_t>(k);
        shard_request_.params = std::move(parsed->params);
        shard_request_.radius = parsed->radius;
        shard_request_.range_filter = parsed->range_filter;
        return base::Status();
    }

    base::Status UseVectors() {
        if (request_.ids.has_value()) {
            return UseVectorsOfIds();
        }
        const auto sent = static_cast<int64_t>(request_.vectors.values.size());
        RETURN_IF_ERROR(CheckNq(request_.nq == 0 ? sent : request_.nq, core_.limits));
        if (request_.nq != 0 && request_.nq != sent) {
            return Invalid("nq [", request_.nq, "] does not match the ", sent,
                           " vectors of the request");
        }
        ASSIGN_OR_RETURN(shard_request_.queries,
                         ReadQueryVectors(*settings_.field, request_.vectors));
        return base::Status();
    }

    // Takes the query vectors from the rows with the given keys.
    base::Status UseVectorsOfIds() {
        const schema::PrimaryKeys& ids = *request_.ids;
        const schema::FieldSchema& key_field = *collection_.schema.primary_key();
        if (ids.is_string != schema::IsStringLike(key_field.type)) {
            return Invalid("the type of ids does not match the primary key ", key_field.name);
        }
        RETURN_IF_ERROR(CheckNq(static_cast<int64_t>(ids.size()), core_.limits));
        expr::In in;
        in.column.field_id = key_field.id;
        in.column.type = key_field.type;
        in.values.ints = ids.ints;
        in.values.strings = ids.strings;
        in.values.SortUnique();
        roles::RetrieveRequest retrieve;
        retrieve.filter =
            WithinNamespace(collection_, request_.namespace_name,
                            std::make_shared<const expr::Plan>(expr::Plan{std::move(in)}));
        retrieve.fields = {*settings_.field};
        retrieve.guarantee_ts = moment_.guarantee_ts;
        retrieve.snapshot_ts = moment_.snapshot_ts;
        ASSIGN_OR_RETURN(const std::vector<roles::RetrieveResponse> shards,
                         core_.RetrieveFromShards(context_, collection_, retrieve));
        return GatherVectors(ids, shards);
    }

    base::Status GatherVectors(const schema::PrimaryKeys& ids,
                               const std::vector<roles::RetrieveResponse>& shards) {
        const schema::FieldSchema& field = *settings_.field;
        std::vector<schema::ColumnView> views;
        views.reserve(shards.size());
        std::map<schema::PrimaryKey, std::pair<const schema::ColumnView*, size_t>> vectors;
        for (const roles::RetrieveResponse& shard : shards) {
            const schema::Column* column = shard.rows.Find(field.id);
            if (column == nullptr) {
                continue;
            }
            views.push_back(column->View());
            for (size_t row = 0; row < shard.keys.size(); ++row) {
                vectors[shard.keys.At(row)] = {&views.back(), row};
            }
        }
        schema::ColumnBuilder queries(field.id, field.type, schema::DataType::kNone,
                                      static_cast<uint32_t>(field.dim()));
        for (size_t i = 0; i < ids.size(); ++i) {
            const auto it = vectors.find(ids.At(i));
            if (it == vectors.end()) {
                return Invalid("some ids of the search were not found in collection ",
                               collection_.schema.name);
            }
            const auto& [column, row] = it->second;
            if (!column->IsValid(row)) {
                return Invalid("some ids of the search have no vector in field ", field.name);
            }
            queries.AppendFrom(*column, row);
        }
        shard_request_.queries = queries.Finish();
        shard_request_.queries.validity = base::Bitmap();
        return base::Status();
    }

    base::Status AskShards() {
        const size_t shards = collection_.vchannels.size();
        responses_.resize(shards);
        std::vector<base::Status> failures(shards);
        const auto ask = [&](size_t shard) {
            roles::SearchRequest of_shard = shard_request_;
            of_shard.vchannel = collection_.vchannels[shard];
            auto response = core_.partners.streaming_node->Search(context_, of_shard);
            failures[shard] = response.ok() ? CheckShape(*response) : response.status();
            if (failures[shard].ok()) {
                responses_[shard] = std::move(response).value();
            }
        };
        if (shards == 1) {
            ask(0);
        } else {
            core_.partners.executor->ParallelFor(shards, ask);
        }
        for (base::Status& failure : failures) {
            if (!failure.ok()) {
                return core_.ReadFailure(context_, collection_, std::move(failure));
            }
        }
        return base::Status();
    }

    // An answer from another process is not trusted to fit together.
    base::Status CheckShape(const roles::SearchResponse& response) const {
        const size_t hits =
            std::accumulate(response.counts.begin(), response.counts.end(), size_t{0});
        if (response.counts.size() != shard_request_.nq() || response.scores.size() != hits ||
            response.keys.size() != hits || response.addresses.size() != hits) {
            return base::Internal("a shard's search answer does not fit together");
        }
        return base::Status();
    }

    float Rounded(float score) const {
        if (settings_.round_decimal < 0) {
            return score;
        }
        const double factor = std::pow(10.0, settings_.round_decimal);
        return static_cast<float>(std::floor(static_cast<double>(score) * factor + 0.5) / factor);
    }

    // One list for each query, of which the page [offset, offset + topk) is answered.
    void Merge() {
        merged_ = responses_.size() == 1
                      ? std::move(responses_[0])
                      : reduce::MergeSearches(responses_, shard_request_.metric,
                                              shard_request_.nq(), shard_request_.k);
        const auto offset = static_cast<size_t>(settings_.offset);
        const auto top_k = static_cast<size_t>(settings_.top_k);
        size_t start = 0;
        for (const uint32_t count : merged_.counts) {
            const size_t begin = std::min<size_t>(offset, count);
            const size_t end = std::min<size_t>(offset + top_k, count);
            page_counts_.push_back(static_cast<int64_t>(end - begin));
            for (size_t i = begin; i < end; ++i) {
                page_.push_back(start + i);
            }
            start += count;
        }
    }

    SearchResults Assemble() const {
        SearchResults results;
        results.nq = shard_request_.nq();
        results.top_k = settings_.top_k;
        results.counts = page_counts_;
        results.ids.is_string = schema::IsStringLike(collection_.schema.primary_key()->type);
        for (const size_t hit : page_) {
            results.ids.Append(merged_.keys.At(hit));
            results.scores.push_back(Rounded(merged_.scores[hit]));
        }
        results.output_fields = selection_.output_fields;
        results.primary_field_name = collection_.schema.primary_key()->name;
        results.collection_name = collection_.schema.name;
        if (moment_.iterator) {
            results.session_ts = moment_.snapshot_ts;
        }
        return results;
    }

    base::Result<schema::ColumnBatch> FetchFrom(size_t shard,
                                                std::vector<roles::RowAddress> addresses) const {
        const size_t rows = addresses.size();
        roles::FetchRequest request;
        request.vchannel = collection_.vchannels[shard];
        request.collection_id = collection_.id;
        request.addresses = std::move(addresses);
        request.fields = selection_.fields;
        ASSIGN_OR_RETURN(roles::FetchResponse response,
                         core_.partners.streaming_node->Fetch(context_, request));
        if (response.rows.rows != rows) {
            return base::Internal("a shard's fetch answer has the wrong number of rows");
        }
        return std::move(response.rows);
    }

    // Columns of the final hits only, in their order.
    base::Status FetchColumns(SearchResults* results) {
        if (selection_.fields.empty()) {
            return base::Status();
        }
        const size_t shards = responses_.size();
        std::vector<std::vector<roles::RowAddress>> wanted(shards);
        std::vector<std::pair<size_t, uint32_t>> order;  // shard, row of that shard's batch
        for (const size_t hit : page_) {
            const size_t shard = shards == 1 ? 0 : ShardOf(merged_.keys, hit, shards);
            order.emplace_back(shard, static_cast<uint32_t>(wanted[shard].size()));
            wanted[shard].push_back(merged_.addresses[hit]);
        }
        if (order.empty()) {
            return base::Status();
        }
        std::vector<schema::ColumnBatch> batches;
        std::vector<uint32_t> starts(shards, 0);
        uint32_t rows = 0;
        for (size_t shard = 0; shard < shards; ++shard) {
            starts[shard] = rows;
            if (wanted[shard].empty()) {
                continue;
            }
            rows += static_cast<uint32_t>(wanted[shard].size());
            ASSIGN_OR_RETURN(schema::ColumnBatch batch, FetchFrom(shard, std::move(wanted[shard])));
            batches.push_back(std::move(batch));
        }
        schema::ColumnBatch all = std::move(batches[0]);
        if (batches.size() > 1) {
            batches[0] = std::move(all);
            ASSIGN_OR_RETURN(const schema::ColumnBatch joined, schema::Concatenate(batches));
            std::vector<uint32_t> picks;
            for (const auto& [shard, row] : order) {
                picks.push_back(starts[shard] + row);
            }
            all = schema::Gather(joined, picks);
        }
        if (all.ByteSize() > static_cast<size_t>(core_.limits.max_output_bytes)) {
            return Invalid("search results exceed the maxOutputSize Limit ",
                           core_.limits.max_output_bytes);
        }
        ASSIGN_OR_RETURN(results->columns, MakeOutputColumns(selection_, all));
        return base::Status();
    }

    ProxyCore& core_;
    const base::CallContext& context_;
    const roles::CollectionInfo& collection_;
    const SearchRequest& request_;
    ReadReport& report_;
    SearchSettings settings_;
    OutputSelection selection_;
    ReadMoment moment_;
    roles::SearchRequest shard_request_;  // all but the vchannel
    std::vector<roles::SearchResponse> responses_;
    roles::SearchResponse merged_;
    std::vector<size_t> page_;  // hits of the answer, as positions in merged_
    std::vector<int64_t> page_counts_;
};

}  // namespace

base::Result<SearchResults> Proxy::Search(const base::CallContext& context,
                                          const SearchRequest& request) {
    ReadReport report(ReadReport::Kind::kSearch, *core_->partners.clock);
    base::Result<SearchResults> results = core_->WithCollection(
        context, request.database, request.collection, [&](const CollectionPtr& collection) {
            return SearchRun(*core_, context, collection, request, &report).Run();
        });
    core_->FinishRead(context, results.status(), &report);
    if (results.ok() && report.wants_profile()) {
        results->report = std::make_shared<const ReadReport>(std::move(report));
    }
    return results;
}

}  // namespace elanus::proxy
