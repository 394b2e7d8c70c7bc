// Proxy::Search: one list of hits, its page in the shape asked for, output columns of its rows.

#include "proxy/function_chain.h"
#include "proxy/group_search.h"
#include "proxy/hit_columns.h"
#include "proxy/hit_page.h"
#include "proxy/hybrid_search.h"
#include "proxy/lexical_highlight.h"
#include "proxy/list_search.h"
#include "proxy/output_fields.h"
#include "proxy/phrase.h"
#include "proxy/proxy_core.h"
#include "proxy/recall.h"
#include "proxy/row_routing.h"
#include "proxy/score_rounding.h"
#include "proxy/search_aggregation.h"
#include "proxy/search_shape.h"
#include "proxy/semantic_highlight.h"
#include "proxy/shard_search.h"
#include "proxy/tenant_namespace.h"
#include "proxy/text_search.h"

#include <optional>
#include <utility>

namespace elanus::proxy {

namespace {

// What a function score cannot be combined with.
base::Status CheckScored(const SearchRequest& request, const SearchSettings& settings,
                         const SearchShape& shape) {
    if (settings.iterator) {
        return Invalid("function_score is not supported with search iterator");
    }
    if (!shape.order_by.empty()) {
        return Invalid("order_by is not supported with function_score");
    }
    return request.aggregation.empty()
               ? base::Status()
               : Invalid("search_aggregation is not supported with function_score");
}

// What function chains cannot be combined with.
base::Status CheckChained(const SearchRequest& request, const SearchSettings& settings,
                          const SearchShape& shape) {
    if (!request.function_score.empty()) {
        return Invalid("function_chains and function_score cannot be used together");
    }
    if (settings.iterator) {
        return Invalid("function_chains is not supported with search iterator");
    }
    if (!shape.order_by.empty() || shape.groups.has_value()) {
        return Invalid("function_chains is not supported with order_by and group by");
    }
    return request.aggregation.empty()
               ? base::Status()
               : Invalid("search_aggregation is not supported with function_chains");
}

// One search of one collection.
class SearchRun {
  public:
    SearchRun(ProxyCore& core, const base::CallContext& context, const CollectionPtr& collection,
              const SearchRequest& request, ReadReport* report)
        : core_(core),
          context_(context),
          collection_(*collection),
          request_(request),
          report_(*report),
          list_(core, context, collection_, request, report) {
        report_.Begin(collection);
    }

    base::Result<SearchResults> Run() {
        RETURN_IF_ERROR(Prepare());
        report_.laps.Lap(&report_.prepare_ns);
        if (shape_.batch.has_value()) {
            RETURN_IF_ERROR(TakeBatch());
        } else {
            RETURN_IF_ERROR(TakeHits());
        }
        report_.laps.Lap(&report_.merge_ns);
        report_.rows = page_.hits.size();
        SearchResults results = Assemble();
        const base::Status finished = aggregation_.has_value()
                                          ? FillBuckets(core_, context_, collection_, *aggregation_,
                                                        selection_, hits_, &results)
                                          : Complete(&results);
        report_.laps.Lap(&report_.output_ns);
        RETURN_IF_ERROR(finished);
        return results;
    }

  private:
    base::Status Prepare() {
        RETURN_IF_ERROR(core_.CheckAllowed(collection_, "reading"));
        RETURN_IF_ERROR(CheckNamespace(collection_, request_.namespace_name, core_.limits));
        RETURN_IF_ERROR(list_.ReadSettings());
        const SearchSettings& settings = list_.settings();
        report_.form = settings.profile;
        ASSIGN_OR_RETURN(shape_,
                         ParseSearchShape(collection_.schema, settings,
                                          LimitsOfReads(collection_.properties, core_.limits)));
        if (!request_.aggregation.empty()) {
            ASSIGN_OR_RETURN(aggregation_, PlanAggregation(collection_.schema, request_.aggregation,
                                                           settings, shape_, core_.limits));
        }
        ASSIGN_OR_RETURN(selection_,
                         SelectOutput(collection_, request_.search_params, request_.output_fields,
                                      PrimaryKeyOutput::kWhenAsked));
        ASSIGN_OR_RETURN(frame_.partitions, FindPartitions(collection_, request_.partitions));
        ASSIGN_OR_RETURN(
            frame_.moment,
            ResolveMoment(context_, core_.partners, core_.limits, collection_,
                          PinnedConsistency(core_.iterators, request_, settings, shape_),
                          settings.iterator));
        RETURN_IF_ERROR(UseBoosts());
        RETURN_IF_ERROR(list_.Prepare(frame_));
        RETURN_IF_ERROR(UseHighlighter());
        RETURN_IF_ERROR(UseShape());
        RETURN_IF_ERROR(UseChains());
        return shape_.batch.has_value() && list_.shard_request().nq() != 1
                   ? Invalid(
                         "search_iterator_v2 does not support processing multiple vectors "
                         "simultaneously")
                   : base::Status();
    }

    base::Status UseBoosts() {
        ASSIGN_OR_RETURN(roles::Boosts boosts,
                         PlanBoosts(core_, context_, collection_, request_.function_score,
                                    request_.templates, request_.search_params));
        if (!boosts.functions.empty()) {
            RETURN_IF_ERROR(CheckScored(request_, list_.settings(), shape_));
            if (shape_.groups.has_value()) {
                return Invalid("boost is not supported with group by");
            }
        }
        list_.UseBoosts(std::move(boosts));
        return base::Status();
    }

    // The texts that are highlighted are fetched with the output fields, after them.
    base::Status UseHighlighter() {
        if (!request_.highlighter.has_value()) {
            return base::Status();
        }
        if (aggregation_.has_value()) {
            return Invalid("highlighter is not supported with search_aggregation");
        }
        if (request_.highlighter->type == Highlighter::Type::kSemantic) {
            ASSIGN_OR_RETURN(highlighter_,
                             MakeSemanticHighlighter(core_, collection_.schema,
                                                     *request_.highlighter, list_.nq()));
        } else {
            RETURN_IF_ERROR(UseLexicalHighlighter());
        }
        for (const schema::FieldSchema& field : highlighter_->fields()) {
            selection_.AddHidden(field);
        }
        return base::Status();
    }

    base::Status UseLexicalHighlighter() {
        const SearchSettings& settings = list_.settings();
        HighlightSource source;
        source.vector_field = settings.field;
        source.metric = vindex::MetricName(list_.metric());
        source.analyzer_name = settings.analyzer_name;
        if (IsText(request_.vectors)) {
            ASSIGN_OR_RETURN(source.texts, ReadQueryTexts(*settings.field, request_.vectors));
        }
        ASSIGN_OR_RETURN(highlighter_, LexicalHighlighter::Create(collection_.schema,
                                                                  *request_.highlighter, source));
        return base::Status();
    }

    base::Status UseShape() {
        if (shape_.exact) {
            list_.UseExact();
        }
        if (shape_.groups.has_value()) {
            RETURN_IF_ERROR(list_.UseGroups(shape_.groups->grouping));
        }
        if (list_.settings().shaping.contains("element_scope")) {
            return Invalid("element_scope is only supported in hybrid search");
        }
        if (aggregation_.has_value()) {
            list_.UseWidth(static_cast<uint32_t>(core_.limits.aggregation_pool));
        }
        return base::Status();
    }

    base::Status UseChains() {
        if (request_.function_chains.empty()) {
            return base::Status();
        }
        RETURN_IF_ERROR(CheckChained(request_, list_.settings(), shape_));
        ASSIGN_OR_RETURN(chains_, FunctionChainPlan::Make(core_, collection_,
                                                          request_.function_chains, list_.nq()));
        return base::Status();
    }

    void AskShards() {
        if (list_.shards() == 1) {
            list_.AskShard(0);
            return;
        }
        core_.partners.executor->ParallelFor(list_.shards(),
                                             [&](size_t shard) { list_.AskShard(shard); });
    }

    // The hits of the request, and the page of them that is answered.
    base::Status TakeHits() {
        AskShards();
        report_.laps.Lap(&report_.ask_ns);
        RETURN_IF_ERROR(list_.Finish());
        const roles::SearchRequest& asked = list_.shard_request();
        core_.SampleRecall(collection_, asked, list_.moments(), list_.hits());
        hits_ = list_.TakeHits();
        const PageWindow window{static_cast<size_t>(list_.settings().offset),
                                static_cast<size_t>(list_.settings().top_k)};
        if (aggregation_.has_value()) {
            ASSIGN_OR_RETURN(hits_, AggregationPool(core_, context_, collection_, *aggregation_,
                                                    asked, list_.moments(), std::move(hits_)));
            page_.counts.assign(list_.nq(), 0);
            return base::Status();
        }
        if (shape_.recall) {
            ASSIGN_OR_RETURN(recalls_, MeasureRecall(core_, context_, collection_, asked,
                                                     list_.moments(), hits_));
        }
        if (shape_.groups.has_value() && shape_.groups->strict) {
            ASSIGN_OR_RETURN(hits_, FillGroups(core_, context_, collection_, asked, list_.moments(),
                                               std::move(hits_), window));
        }
        if (chains_.has_value()) {
            ASSIGN_OR_RETURN(page_, chains_->Run(core_, context_, collection_, window, &hits_));
            return base::Status();
        }
        if (shape_.order_by.empty()) {
            page_ = CutPage(hits_, window);
            return base::Status();
        }
        ASSIGN_OR_RETURN(
            page_, CutSortedPage(core_, context_, collection_, hits_, shape_.order_by, window));
        return base::Status();
    }

    // The next batch of an iterator.
    base::Status TakeBatch() {
        const base::Timestamp moment = frame_.moment.snapshot_ts;
        const auto search =
            [&](const SearchIterators::Page& page) -> base::Result<roles::SearchResponse> {
            roles::SearchRequest asked = list_.shard_request();
            asked.after = page.after;
            asked.walk = page.walk;
            asked.k = page.count;
            const std::vector<base::Timestamp> moments(list_.shards(), moment);
            return SearchShards(core_, context_, collection_, asked, moments);
        };
        const bool walks = list_.by_graph() && !shape_.batch->in_order;
        ASSIGN_OR_RETURN(batch_, core_.iterators.Next(*shape_.batch, list_.metric(), walks,
                                                      FingerprintOf(list_.shard_request()),
                                                      core_.NewToken(), search));
        core_.iterators.NoteMoment(batch_.token, moment);
        report_.laps.Lap(&report_.ask_ns);
        hits_ = batch_.window->hits;
        page_.counts = {static_cast<int64_t>(batch_.end - batch_.begin)};
        for (size_t hit = batch_.begin; hit < batch_.end; ++hit) {
            page_.hits.push_back(hit);
        }
        return base::Status();
    }

    SearchResults Assemble() const {
        SearchResults results;
        results.nq = list_.nq();
        results.top_k = list_.settings().top_k;
        results.counts = page_.counts;
        results.ids.is_string = schema::IsStringLike(collection_.schema.primary_key()->type);
        for (const size_t hit : page_.hits) {
            results.ids.Append(hits_.keys.At(hit));
            results.scores.push_back(Rounded(hits_.scores[hit], list_.settings().round_decimal));
            if (!hits_.elements.empty()) {
                results.element_indices.push_back(hits_.elements[hit]);
            }
        }
        for (const RecallCount& recall : recalls_) {
            results.recalls.push_back(recall.share());
        }
        results.output_fields = selection_.output_fields;
        results.primary_field_name = collection_.schema.primary_key()->name;
        results.collection_name = collection_.schema.name;
        results.iterator_token = batch_.token;
        results.iterator_bound = batch_.last_bound;
        if (frame_.moment.iterator) {
            results.session_ts = frame_.moment.snapshot_ts;
        }
        return results;
    }

    // The values that the page's hits come with.
    base::Status Complete(SearchResults* results) {
        if (shape_.groups.has_value()) {
            results->has_single_group_field = shape_.groups->singular;
            ASSIGN_OR_RETURN(results->group_values,
                             GroupValues(*shape_.groups, selection_, hits_, page_));
        }
        if (selection_.fields.empty() || page_.hits.empty()) {
            return base::Status();
        }
        RowPlaces rows;
        for (const size_t hit : page_.hits) {
            rows.Append(hits_.keys.At(hit), hits_.addresses[hit]);
        }
        ASSIGN_OR_RETURN(
            const schema::ColumnBatch columns,
            FetchHitColumns(core_, context_, collection_, std::move(rows), selection_.fields));
        ASSIGN_OR_RETURN(results->columns, MakeOutputColumns(selection_, columns));
        if (highlighter_ != nullptr) {
            ASSIGN_OR_RETURN(results->highlights,
                             highlighter_->Run(context_, columns, page_.counts));
        }
        return base::Status();
    }

    ProxyCore& core_;
    const base::CallContext& context_;
    const roles::CollectionInfo& collection_;
    const SearchRequest& request_;
    ReadReport& report_;
    ListSearch list_;
    SearchFrame frame_;
    OutputSelection selection_;
    SearchShape shape_;
    std::optional<AggregationPlan> aggregation_;
    std::optional<FunctionChainPlan> chains_;
    roles::SearchResponse hits_;
    HitPage page_;  // of hits_
    Batch batch_;   // of an iterator
    std::vector<RecallCount> recalls_;
    std::unique_ptr<HitHighlighter> highlighter_;  // null = none
};

// A search whose hits are scored anew by a function that is no boost.
base::Result<SearchResults> SearchReranked(ProxyCore& core, const base::CallContext& context,
                                           const CollectionPtr& collection,
                                           const SearchRequest& request, ReadReport* report) {
    const Limits limits = LimitsOfReads(collection->properties, core.limits);
    ASSIGN_OR_RETURN(const SearchSettings settings,
                     ParseSearchSettings(collection->schema, request.search_params, limits));
    ASSIGN_OR_RETURN(const SearchShape shape,
                     ParseSearchShape(collection->schema, settings, limits));
    RETURN_IF_ERROR(CheckScored(request, settings, shape));
    if (request.highlighter.has_value()) {
        return Invalid("highlighter is not supported with a reranker");
    }
    const HybridSearchRequest hybrid = AsHybrid(request, settings);
    return HybridRun(core, context, collection, hybrid, report).Run();
}

}  // namespace

base::Result<SearchResults> Proxy::Search(const base::CallContext& context,
                                          const SearchRequest& request) {
    ReadReport report(ReadReport::Kind::kSearch, *core_->partners.clock);
    base::Result<SearchResults> results = core_->WithCollection(
        context, request.database, request.collection,
        [&](const CollectionPtr& whole) -> base::Result<SearchResults> {
            const CollectionPtr collection =
                OnShardOfNamespace(core_->cache, whole, request.namespace_name);
            ASSIGN_OR_RETURN(const schema::FunctionSchema* reranker,
                             FindReranker(request.function_score));
            if (reranker != nullptr && !request.function_chains.empty()) {
                return Invalid("function_chains and function_score cannot be used together");
            }
            return reranker == nullptr
                       ? SearchRun(*core_, context, collection, request, &report).Run()
                       : SearchReranked(*core_, context, collection, request, &report);
        });
    core_->FinishRead(context, results.status(), &report);
    if (results.ok() && report.wants_profile()) {
        results->report = std::make_shared<const ReadReport>(std::move(report));
    }
    return results;
}

}  // namespace elanus::proxy
