// Proxy::Search: one list of hits, its page, output columns of the page's rows.

#include "proxy/hit_columns.h"
#include "proxy/list_search.h"
#include "proxy/output_fields.h"
#include "proxy/proxy_core.h"
#include "proxy/row_routing.h"
#include "proxy/score_rounding.h"
#include "proxy/tenant_namespace.h"

#include <algorithm>

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
          report_(*report),
          list_(core, context, collection_, request, report) {
        report_.Begin(collection);
    }

    base::Result<SearchResults> Run() {
        RETURN_IF_ERROR(Prepare());
        report_.laps.Lap(&report_.prepare_ns);
        AskShards();
        report_.laps.Lap(&report_.ask_ns);
        RETURN_IF_ERROR(list_.Finish());
        TakePage();
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
        RETURN_IF_ERROR(list_.ReadSettings());
        const SearchSettings& settings = list_.settings();
        report_.form = settings.profile;
        ASSIGN_OR_RETURN(selection_,
                         SelectOutput(collection_, request_.search_params, request_.output_fields,
                                      PrimaryKeyOutput::kWhenAsked));
        ASSIGN_OR_RETURN(frame_.partitions, FindPartitions(collection_, request_.partitions));
        ASSIGN_OR_RETURN(frame_.moment,
                         ResolveMoment(context_, core_.partners, core_.limits, collection_,
                                       request_.consistency, settings.iterator));
        return list_.Prepare(frame_);
    }

    void AskShards() {
        if (list_.shards() == 1) {
            list_.AskShard(0);
            return;
        }
        core_.partners.executor->ParallelFor(list_.shards(),
                                             [&](size_t shard) { list_.AskShard(shard); });
    }

    // Of each query's list the page [offset, offset + topk) is answered.
    void TakePage() {
        const auto offset = static_cast<size_t>(list_.settings().offset);
        const auto top_k = static_cast<size_t>(list_.settings().top_k);
        size_t start = 0;
        for (const uint32_t count : list_.hits().counts) {
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
        const roles::SearchResponse& hits = list_.hits();
        SearchResults results;
        results.nq = list_.nq();
        results.top_k = list_.settings().top_k;
        results.counts = page_counts_;
        results.ids.is_string = schema::IsStringLike(collection_.schema.primary_key()->type);
        for (const size_t hit : page_) {
            results.ids.Append(hits.keys.At(hit));
            results.scores.push_back(Rounded(hits.scores[hit], list_.settings().round_decimal));
        }
        results.output_fields = selection_.output_fields;
        results.primary_field_name = collection_.schema.primary_key()->name;
        results.collection_name = collection_.schema.name;
        if (frame_.moment.iterator) {
            results.session_ts = frame_.moment.snapshot_ts;
        }
        return results;
    }

    // Columns of the final hits only, in their order.
    base::Status FetchColumns(SearchResults* results) {
        if (selection_.fields.empty() || page_.empty()) {
            return base::Status();
        }
        RowPlaces rows;
        for (const size_t hit : page_) {
            rows.Append(list_.hits().keys.At(hit), list_.hits().addresses[hit]);
        }
        ASSIGN_OR_RETURN(
            const schema::ColumnBatch columns,
            FetchHitColumns(core_, context_, collection_, std::move(rows), selection_.fields));
        ASSIGN_OR_RETURN(results->columns, MakeOutputColumns(selection_, columns));
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
    std::vector<size_t> page_;  // hits of the answer, as positions in the list
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
