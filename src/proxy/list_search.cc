#include "proxy/list_search.h"

#include "expr/evaluator.h"
#include "proxy/expiry.h"
#include "proxy/partition_key.h"
#include "proxy/phrase.h"
#include "proxy/query_vectors.h"
#include "proxy/shard_search.h"
#include "proxy/tenant_namespace.h"
#include "proxy/text_search.h"
#include "reduce/segment_reads.h"
#include "segment/coded_columns.h"
#include "sys/stopwatch.h"
#include "vindex/family.h"

#include <algorithm>
#include <map>

namespace elanus::proxy {

base::Status ListSearch::ReadSettings() {
    ASSIGN_OR_RETURN(settings_,
                     ParseSearchSettings(collection_.schema, request_.search_params,
                                         LimitsOfReads(collection_.properties, core_.limits)));
    return base::Status();
}

base::Status ListSearch::Prepare(const SearchFrame& frame) {
    const SampleDraw draw = settings_.iterator ? SampleDraw::kFixed : SampleDraw::kFresh;
    ASSIGN_OR_RETURN(shard_request_.filter,
                     core_.PlanRead(context_, request_.filter, request_.templates,
                                    request_.search_params, draw, &report_));
    shard_request_.filter =
        WithinNamespace(collection_, request_.namespace_name, std::move(shard_request_.filter));
    const expr::Plan* filter = shard_request_.filter.get();
    RETURN_IF_ERROR(CheckIsolation(collection_, filter));
    shard_request_.partitions = PrunePartitions(collection_, frame.partitions, filter);
    RETURN_IF_ERROR(UseIndex());
    shard_request_.guarantee_ts = frame.moment.guarantee_ts;
    shard_request_.snapshot_ts = frame.moment.snapshot_ts;
    shard_request_.hold_snapshot_s = frame.moment.iterator ? kIteratorHoldSeconds : 0;
    shard_request_.ignore_growing = settings_.ignore_growing;
    const auto hints = settings_.shaping.find("hints");
    shard_request_.iterative_filter =
        hints != settings_.shaping.end() && hints->second == "iterative_filter";
    shard_request_.collection_id = collection_.id;
    shard_request_.vector_field = settings_.field->id;
    if (settings_.parent != nullptr) {
        shard_request_.struct_field = settings_.parent->id;
        shard_request_.sub_field = static_cast<uint32_t>(settings_.child);
    }
    CompleteRead(*core_.partners.clock, collection_, &shard_request_);
    RETURN_IF_ERROR(UseVectors(frame.moment));
    RETURN_IF_ERROR(CheckStructs());
    NoteRequest(frame.moment);
    responses_.resize(shards());
    answers_.resize(shards());
    return base::Status();
}

void ListSearch::NoteRequest(const ReadMoment& moment) {
    shard_request_.profile = report_.wants_profile();
    report_.limit = settings_.top_k;
    report_.offset = settings_.offset;
    report_.nq = nq();
    report_.guarantee_ts = moment.guarantee_ts;
    report_.partitions_read = shard_request_.partitions.size();
    report_.metric = vindex::MetricName(shard_request_.metric);
    if (report_.wants_profile()) {
        report_.vector_field = settings_.leaf().Name();
    }
}

base::Result<roles::IndexInfo> ListSearch::FindIndex() {
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
    const std::string name = settings_.leaf().Name();
    return base::Status::WithFields(base::Code::kIndexNotFound, {{"field", name}})
        .Annotate(
            Phrase("there is no vector index on field: [", name, "], please create index firstly"));
}

base::Status ListSearch::UseIndex() {
    ASSIGN_OR_RETURN(index_, FindIndex());
    const roles::IndexInfo& index = index_;
    const auto metric = vindex::MetricFromName(index.metric_type);
    if (!metric.has_value()) {
        return base::Internal(
            Phrase("index ", index.name, " has the unknown metric ", index.metric_type));
    }
    if (!settings_.metric_type.empty() && vindex::MetricFromName(settings_.metric_type) != metric) {
        return InvalidExpected(index.metric_type, settings_.metric_type, "metric type not match");
    }
    const auto k = static_cast<size_t>(settings_.top_k + settings_.offset);
    // An iterator goes on where a batch ends, so a batch may be larger than `ef`.
    auto parsed = vindex::ParseSearchParams(index.index_type, *metric, settings_.iterator ? 1 : k,
                                            settings_.params);
    if (!parsed.ok()) {
        return parsed.status().Annotate("failed to search");
    }
    if (settings_.iterator) {
        vindex::RaiseEffort(k, &parsed->params);
    }
    shard_request_.metric = *metric;
    shard_request_.k = static_cast<uint32_t>(k);
    shard_request_.params = std::move(parsed->params);
    // What an index says of its lists holds for a search that says nothing else.
    if (const auto rerank = index.params.find("emb_list_rerank"); rerank != index.params.end()) {
        shard_request_.params.insert(*rerank);
    }
    // Rows without an index are compared by the elements and bands of those that have one.
    for (const char* shape : {"mh_element_bit_width", "mh_lsh_band"}) {
        const auto given = index.params.find(shape);
        if (given != index.params.end()) {
            shard_request_.params[shape] = given->second;
        }
    }
    // Nor are they all compared when the index itself would not compare them all.
    shard_request_.params.erase(std::string(segment::kUnindexedRows));
    if (index.index_type != "FLAT") {
        shard_request_.params.emplace(segment::kUnindexedRows, segment::kUnindexedCoded);
    }
    shard_request_.radius = parsed->radius;
    shard_request_.range_filter = parsed->range_filter;
    return base::Status();
}

base::Status ListSearch::CheckStructs() const {
    const std::string name = settings_.leaf().Name();
    if (vindex::IsListMetric(metric())) {
        const std::string_view refused = shard_request_.radius.has_value() ? "range search"
                                         : settings_.iterator              ? "search iterator"
                                                                           : "";
        return refused.empty()
                   ? base::Status()
                   : Invalid(refused,
                             " is not supported for vector array (embedding list) fields, "
                             "fieldName:",
                             name);
    }
    const expr::ElementMatch* elements = by_element() && shard_request_.filter != nullptr
                                             ? expr::ElementFilterOf(*shard_request_.filter)
                                             : nullptr;
    if (elements != nullptr && elements->column.field_id != settings_.parent->id) {
        return Invalid("element_filter is over another struct array than the searched field ",
                       name);
    }
    return base::Status();
}

base::Status ListSearch::UseGroups(roles::Grouping grouping) {
    if (vindex::IsListMetric(metric())) {
        return Invalid(
            "group by search is not supported for vector array (embedding list) fields, fieldName:",
            settings_.leaf().Name());
    }
    shard_request_.grouping = std::move(grouping);
    return base::Status();
}

base::Status ListSearch::UseVectors(const ReadMoment& moment) {
    if (request_.ids.has_value()) {
        RETURN_IF_ERROR(UseVectorsOfIds(moment));
        if (settings_.parent != nullptr) {
            return base::Status();
        }
        return WeighTerms(core_, context_, collection_, *settings_.field, index_, &shard_request_,
                          &report_);
    }
    const auto sent = static_cast<int64_t>(request_.vectors.values.size());
    RETURN_IF_ERROR(CheckNq(request_.nq == 0 ? sent : request_.nq, core_.limits));
    if (request_.nq != 0 && request_.nq != sent) {
        return Invalid("nq [", request_.nq, "] does not match the ", sent,
                       " vectors of the request");
    }
    RETURN_IF_ERROR(CheckHits(sent, settings_.top_k + settings_.offset));
    return UseQueries();
}

base::Status ListSearch::UseQueries() {
    if (settings_.parent != nullptr) {
        ASSIGN_OR_RETURN(
            shard_request_.queries,
            ReadStructQueries(settings_.leaf(), vindex::IsListMetric(metric()), request_.vectors));
        return base::Status();
    }
    bool must_be_text = false;
    if (TakesTexts(collection_.schema, *settings_.field, &must_be_text) &&
        (must_be_text || IsText(request_.vectors))) {
        return UseQueryTexts(core_, context_, collection_, *settings_.field, index_,
                             request_.vectors, settings_.analyzer_name, &shard_request_, &report_);
    }
    ASSIGN_OR_RETURN(shard_request_.queries, ReadQueryVectors(*settings_.field, request_.vectors));
    return base::Status();
}

base::Status ListSearch::UseVectorsOfIds(const ReadMoment& moment) {
    const schema::PrimaryKeys& ids = *request_.ids;
    const schema::FieldSchema& key_field = *collection_.schema.primary_key();
    if (ids.is_string != schema::IsStringLike(key_field.type)) {
        return Invalid("the type of ids does not match the primary key ", key_field.name);
    }
    const auto nq = static_cast<int64_t>(ids.size());
    RETURN_IF_ERROR(CheckNq(nq, core_.limits));
    RETURN_IF_ERROR(CheckHits(nq, settings_.top_k + settings_.offset));
    const schema::FieldSchema* stored =
        settings_.parent != nullptr ? settings_.parent : settings_.field;
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
    retrieve.fields = {*stored};
    retrieve.guarantee_ts = moment.guarantee_ts;
    retrieve.snapshot_ts = moment.snapshot_ts;
    ASSIGN_OR_RETURN(const std::vector<roles::RetrieveResponse> shards,
                     core_.RetrieveFromShards(context_, collection_, retrieve));
    return GatherVectors(ids, shards);
}

namespace {

// Appends a row's vector; of a struct array the vectors in sub-field `child`, each or all of them
// as one list. How many queries that were: 0 when the row has no vector.
uint32_t AppendQueries(const schema::ColumnView& column, size_t row, size_t child, bool by_vector,
                       schema::ColumnBuilder* queries) {
    if (!column.IsValid(row)) {
        return 0;
    }
    if (column.type != schema::DataType::kArrayOfStruct) {
        queries->AppendFrom(column, row);
        return 1;
    }
    const uint32_t begin = column.offsets[row];
    const uint32_t end = column.offsets[row + 1];
    if (child >= column.children.size() || begin == end) {
        return 0;
    }
    if (by_vector) {
        queries->AppendFrom(column.children[child], begin, end);
        return end - begin;
    }
    queries->child().AppendFrom(column.children[child], begin, end);
    queries->CloseArrayRow();
    return 1;
}

}  // namespace

base::Status ListSearch::GatherVectors(const schema::PrimaryKeys& ids,
                                       const std::vector<roles::RetrieveResponse>& shards) {
    const schema::FieldSchema& field = *settings_.field;
    const base::FieldId stored = settings_.parent == nullptr ? field.id : settings_.parent->id;
    std::vector<schema::ColumnView> views;
    views.reserve(shards.size());
    std::map<schema::PrimaryKey, std::pair<const schema::ColumnView*, size_t>> vectors;
    for (const roles::RetrieveResponse& shard : shards) {
        const schema::Column* column = shard.rows.Find(stored);
        if (column == nullptr) {
            continue;
        }
        views.push_back(column->View());
        for (size_t row = 0; row < shard.keys.size(); ++row) {
            vectors[shard.keys.At(row)] = {&views.back(), row};
        }
    }
    const bool by_vector = settings_.parent != nullptr && !vindex::IsListMetric(metric());
    schema::ColumnBuilder queries(field.id, by_vector ? field.element_type : field.type,
                                  by_vector ? schema::DataType::kNone : field.element_type,
                                  static_cast<uint32_t>(field.dim()));
    std::vector<uint32_t> counts;
    for (size_t i = 0; i < ids.size(); ++i) {
        const auto it = vectors.find(ids.At(i));
        if (it == vectors.end()) {
            return Invalid("some ids of the search were not found in collection ",
                           collection_.schema.name);
        }
        const auto& [column, row] = it->second;
        counts.push_back(AppendQueries(*column, row, settings_.child, by_vector, &queries));
        if (counts.back() == 0) {
            return Invalid("some ids of the search have no vector in field ",
                           settings_.leaf().Name());
        }
        RETURN_IF_ERROR(CheckNq(static_cast<int64_t>(queries.rows()), core_.limits));
    }
    shard_request_.queries = queries.Finish();
    shard_request_.queries.validity = base::Bitmap();
    if (!by_vector) {
        return base::Status();
    }
    shard_request_.queries_of_answers = std::move(counts);
    const auto sent = static_cast<int64_t>(shard_request_.nq());
    return CheckHits(sent, settings_.top_k + settings_.offset);
}

void ListSearch::AskShard(size_t shard) {
    const sys::Stopwatch watch(*core_.partners.clock, &answers_[shard].ask_ns);
    roles::SearchRequest of_shard = shard_request_;
    of_shard.vchannel = collection_.vchannels[shard];
    const base::CallContext limited =
        shard_request_.filter == nullptr ? context_ : core_.FilterContext(context_);
    auto response = core_.partners.streaming_node->Search(limited, of_shard);
    base::Status& status = answers_[shard].status;
    status = response.ok() ? CheckHitShape(shard_request_, *response) : response.status();
    if (status.ok()) {
        responses_[shard] = std::move(response).value();
    }
}

uint64_t ListSearch::ask_ns() const {
    uint64_t slowest = 0;
    for (const ShardAnswer& answer : answers_) {
        slowest = std::max(slowest, answer.ask_ns);
    }
    return slowest;
}

base::Status ListSearch::Finish() {
    for (ShardAnswer& answer : answers_) {
        if (!answer.status.ok()) {
            return core_.ReadFailure(context_, collection_,
                                     core_.FilterFailure(context_, std::move(answer.status)));
        }
    }
    TakeShardReports(collection_.vchannels, &responses_, &report_);
    for (const roles::SearchResponse& response : responses_) {
        moments_.push_back(response.snapshot_ts);
    }
    merged_ = responses_.size() == 1 ? std::move(responses_[0])
                                     : reduce::MergeSearches(std::move(responses_), shard_request_);
    return base::Status();
}

}  // namespace elanus::proxy
