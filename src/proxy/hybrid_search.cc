#include "proxy/hybrid_search.h"

#include "proxy/group_search.h"
#include "proxy/phrase.h"
#include "proxy/row_routing.h"
#include "proxy/score_rounding.h"
#include "proxy/tenant_namespace.h"

#include <algorithm>
#include <cmath>

namespace elanus::proxy {
namespace {

using reduce::FusedRow;

// Parameters that belong to the whole: those of a list do not count.
constexpr const char* kOfTheWhole[] = {"offset", "round_decimal", "timezone", "time_fields"};
// What a list of a hybrid search cannot have.
constexpr std::pair<const char*, std::string_view> kNotInLists[] = {
    {"order_by_fields", "order_by"},
    {"iterator", "search iterator"},
    {"search_iter_v2", "search iterator"},
};

bool IsSet(const KeyValues& values, const char* key) {
    const auto found = values.find(key);
    return found != values.end() && !found->second.empty() && found->second != "False" &&
           found->second != "false";
}

std::string KeyText(const schema::PrimaryKey& key) {
    return key.index() == 0 ? std::to_string(std::get<0>(key)) : std::get<1>(key);
}

// What one list's parameters say of a profile, flat or within `params`.
base::Result<ProfileForm> ProfileOfList(const KeyValues& values) {
    if (const auto found = values.find("profile"); found != values.end()) {
        return ParseProfileForm(found->second);
    }
    KeyValues nested;
    const auto params = values.find("params");
    if (params != values.end() && !params->second.empty()) {
        RETURN_IF_ERROR(MergeJsonParams(params->second, &nested));
    }
    const auto inner = nested.find("profile");
    return inner == nested.end() ? ProfileForm::kNone : ParseProfileForm(inner->second);
}

// The whole's parameters say it, or, where a client's library has no place for it there, a list's.
base::Result<ProfileForm> AskedProfile(const HybridSearchRequest& request) {
    if (const auto found = request.rank_params.find("profile");
        found != request.rank_params.end()) {
        return ParseProfileForm(found->second);
    }
    ProfileForm asked = ProfileForm::kNone;
    for (const SearchRequest& list : request.lists) {
        if (asked == ProfileForm::kNone) {
            ASSIGN_OR_RETURN(asked, ProfileOfList(list.search_params));
        }
    }
    return asked;
}

}  // namespace

HybridRun::HybridRun(ProxyCore& core, const base::CallContext& context,
                     const CollectionPtr& collection, const HybridSearchRequest& request,
                     ReadReport* report)
    : core_(core),
      context_(context),
      collection_(*collection),
      request_(request),
      report_(*report),
      hybrid_(std::make_shared<HybridReport>()) {
    report_.Begin(collection);
}

base::Result<SearchResults> HybridRun::Run() {
    RETURN_IF_ERROR(CheckRequest());
    RETURN_IF_ERROR(ReadRank());
    RETURN_IF_ERROR(PrepareLists());
    RETURN_IF_ERROR(PlanRanking());
    RETURN_IF_ERROR(PlanChains());
    report_.laps.Lap(&report_.prepare_ns);
    const base::Status asked = AskLists();
    report_.laps.Lap(&report_.ask_ns);
    RETURN_IF_ERROR(asked);
    ReportLists();
    Fuse();
    report_.laps.Lap(&hybrid_->fuse_ns);
    const base::Status rescored = chains_.has_value() ? TakeChainedPage() : Rescore();
    report_.laps.Lap(&hybrid_->rescore_ns);
    RETURN_IF_ERROR(rescored);
    if (!chains_.has_value()) {
        TakePage();
    }
    SearchResults results = Assemble();
    ReportHits(results);
    report_.laps.Lap(&report_.merge_ns);
    report_.merge_ns += hybrid_->fuse_ns + hybrid_->rescore_ns;
    const base::Status fetched = FetchColumns(&results);
    report_.laps.Lap(&report_.output_ns);
    RETURN_IF_ERROR(fetched);
    return results;
}

base::Status HybridRun::CheckRequest() const {
    RETURN_IF_ERROR(core_.CheckAllowed(collection_, "reading"));
    RETURN_IF_ERROR(CheckNamespace(collection_, request_.namespace_name, core_.limits));
    if (request_.lists.empty()) {
        return Invalid("minimum of ann search requests is 1");
    }
    if (request_.lists.size() > kHybridListsMax) {
        return Invalid("maximum of ann search requests is ", kHybridListsMax);
    }
    for (const SearchRequest& list : request_.lists) {
        for (const auto& [key, feature] : kNotInLists) {
            if (IsSet(list.search_params, key)) {
                return Invalid(feature, " is not supported in hybrid search");
            }
        }
        if (!list.function_score.empty()) {
            return Invalid(
                "function_score of a sub-request is not supported, give it to the hybrid search");
        }
    }
    if (IsSet(request_.rank_params, "order_by_fields")) {
        return Invalid("order_by is not supported in hybrid search");
    }
    return base::Status();
}

base::Status HybridRun::ReadRank() {
    KeyValues window;
    for (const char* key : {"limit", "offset"}) {
        if (const auto found = request_.rank_params.find(key);
            found != request_.rank_params.end()) {
            window.insert(*found);
        }
    }
    if (!window.contains("limit")) {
        return Invalid("limit not found in rank_params");
    }
    ASSIGN_OR_RETURN(
        const QuerySettings read,
        ParseQuerySettings(window, LimitsOfReads(collection_.properties, core_.limits)));
    if (!read.has_limit) {
        return Invalid("limit [] is invalid");
    }
    settings_.limit = read.limit;
    settings_.offset = read.offset;
    RETURN_IF_ERROR(ReadRoundDecimal(request_.rank_params, &settings_.round_decimal));
    RETURN_IF_ERROR(ReadGroups());
    ASSIGN_OR_RETURN(settings_.recall, AsksRecall(request_.rank_params));
    ASSIGN_OR_RETURN(settings_.profile, AskedProfile(request_));
    report_.form = settings_.profile;
    report_.limit = settings_.limit;
    report_.offset = settings_.offset;
    return base::Status();
}

base::Status HybridRun::ReadGroups() {
    const KeyValues& own = request_.rank_params;
    const bool has_own = IsSet(own, "group_by_field") || IsSet(own, "group_by_fields");
    const KeyValues& asked = has_own ? own : request_.lists[0].search_params;
    ASSIGN_OR_RETURN(settings_.groups, ParseGroups(collection_.schema, asked, core_.limits));
    const auto scorer = own.find("rank_group_scorer");
    if (scorer == own.end() || scorer->second.empty() || scorer->second == "max") {
        return base::Status();
    }
    if (scorer->second != "sum" && scorer->second != "avg") {
        return Invalid("input group scorer type: ", scorer->second,
                       " is not supported!, should be max, sum or avg");
    }
    settings_.scorer =
        scorer->second == "sum" ? reduce::GroupScorer::kSum : reduce::GroupScorer::kAverage;
    return base::Status();
}

SearchRequest HybridRun::OfList(const SearchRequest& sent) const {
    SearchRequest list = sent;
    list.namespace_name = request_.namespace_name;
    for (const char* key : kOfTheWhole) {
        list.search_params.erase(key);
    }
    const bool has_limit = IsSet(list.search_params, "topk") || IsSet(list.search_params, "limit");
    if (!has_limit) {
        list.search_params["topk"] = std::to_string(settings_.limit + settings_.offset);
    }
    return list;
}

// All lists read the present: the newest moment would be another one for each.
base::Status HybridRun::PinMoment() {
    ASSIGN_OR_RETURN(frame_.moment, ResolveMoment(context_, core_.partners, core_.limits,
                                                  collection_, request_.consistency, false));
    if (frame_.moment.snapshot_ts == 0 && request_.lists.size() > 1) {
        ASSIGN_OR_RETURN(const base::Timestamp now, FreshTimestamp(context_, core_.partners));
        frame_.moment.snapshot_ts = std::max(now, frame_.moment.guarantee_ts);
    }
    report_.guarantee_ts = frame_.moment.guarantee_ts;
    return base::Status();
}

base::Status HybridRun::PrepareLists() {
    ASSIGN_OR_RETURN(selection_,
                     SelectOutput(collection_, request_.rank_params, request_.output_fields,
                                  PrimaryKeyOutput::kWhenAsked));
    ASSIGN_OR_RETURN(frame_.partitions, FindPartitions(collection_, request_.partitions));
    RETURN_IF_ERROR(PinMoment());
    const size_t count = request_.lists.size();
    list_requests_.reserve(count);
    hybrid_->lists.reserve(count);
    for (const SearchRequest& sent : request_.lists) {
        list_requests_.push_back(OfList(sent));
        ReadReport& report =
            hybrid_->lists.emplace_back(ReadReport::Kind::kSearch, *core_.partners.clock);
        report.Begin(report_.collection);
        report.form = settings_.profile;
        const SearchRequest& request = list_requests_.back();
        lists_.push_back(
            std::make_unique<ListSearch>(core_, context_, collection_, request, &report));
        ListSearch& list = *lists_.back();
        RETURN_IF_ERROR(list.ReadSettings());
        ASSIGN_OR_RETURN(const SearchShape shape, ShapeOf(list));
        ASSIGN_OR_RETURN(roles::Boosts boosts,
                         PlanBoosts(core_, context_, collection_, request_.function_score,
                                    request.templates, request.search_params));
        if (settings_.groups.has_value()) {
            RETURN_IF_ERROR(CheckGroups(list.settings()));
            if (!boosts.functions.empty()) {
                return Invalid("boost is not supported with group by");
            }
        }
        list.UseBoosts(std::move(boosts));
        RETURN_IF_ERROR(list.Prepare(frame_));
        if (shape.exact) {
            list.UseExact();
        }
        if (settings_.groups.has_value()) {
            RETURN_IF_ERROR(list.UseGroups(settings_.groups->grouping));
        }
        ASSIGN_OR_RETURN(const ElementCollapse collapse, CollapseOf(list));
        collapses_.push_back(collapse);
        report.laps.Lap(&report.prepare_ns);
        if (list.nq() != lists_[0]->nq()) {
            return Invalid("sub search request nq is different");
        }
    }
    report_.nq = lists_[0]->nq();
    return base::Status();
}

base::Result<SearchShape> HybridRun::ShapeOf(const ListSearch& list) {
    ASSIGN_OR_RETURN(SearchShape shape,
                     ParseSearchShape(collection_.schema, list.settings(),
                                      LimitsOfReads(collection_.properties, core_.limits)));
    if (shape.batch.has_value()) {
        return Invalid("search iterator is not supported in hybrid search");
    }
    settings_.recall = settings_.recall || shape.recall;
    return shape;
}

base::Result<ElementCollapse> HybridRun::CollapseOf(const ListSearch& list) const {
    ASSIGN_OR_RETURN(const std::optional<ElementCollapse> asked,
                     ReadElementScope(list.settings().shaping));
    if (!asked.has_value()) {
        return ElementCollapse();
    }
    if (!list.by_element()) {
        return Invalid(
            "element_scope is only supported for element-level search on struct array vector "
            "sub-fields");
    }
    RETURN_IF_ERROR(CheckElementScope(*asked, list.metric()));
    return *asked;
}

base::Status HybridRun::PlanRanking() {
    ASSIGN_OR_RETURN(const schema::FunctionSchema* function, FindReranker(request_.function_score));
    if (function == nullptr) {
        ASSIGN_OR_RETURN(ranking_, PlanLegacyRank(request_.rank_params, lists_.size()));
    } else {
        ASSIGN_OR_RETURN(
            ranking_,
            PlanReranker(core_, {collection_, lists_.size(), lists_[0]->nq()}, *function));
    }
    hybrid_->ranking = ranking_.text;
    return base::Status();
}

base::Status HybridRun::PlanChains() {
    if (request_.function_chains.empty()) {
        return base::Status();
    }
    if (!request_.function_score.empty()) {
        return Invalid("function_chains and function_score cannot be used together");
    }
    if (settings_.groups.has_value()) {
        return Invalid("function_chains is not supported with order_by and group by");
    }
    ASSIGN_OR_RETURN(chains_, FunctionChainPlan::Make(core_, collection_, request_.function_chains,
                                                      lists_[0]->nq()));
    return base::Status();
}

base::Status HybridRun::AskLists() {
    const size_t shards = collection_.vchannels.size();
    core_.partners.executor->ParallelFor(
        lists_.size() * shards, [&](size_t i) { lists_[i / shards]->AskShard(i % shards); });
    hits_.reserve(lists_.size());
    for (size_t i = 0; i < lists_.size(); ++i) {
        base::Result<roles::SearchResponse> hits = HitsOf(i);
        if (!hits.ok()) {
            return lists_.size() == 1 ? hits.status()
                                      : hits.status().Annotate(Phrase("sub search request ", i));
        }
        hits_.push_back(std::move(*hits));
        fused_from_.push_back(&hits_.back());
    }
    return base::Status();
}

base::Result<roles::SearchResponse> HybridRun::HitsOf(size_t list) {
    base::Result<roles::SearchResponse> hits = GroupedHitsOf(*lists_[list]);
    if (hits.ok() && lists_[list]->by_element()) {
        return CollapseElements(collapses_[list], lists_[list]->metric(), std::move(*hits));
    }
    return hits;
}

base::Status HybridRun::AddRecall(const ListSearch& list) {
    ASSIGN_OR_RETURN(const std::vector<RecallCount> counts,
                     MeasureRecall(core_, context_, collection_, list.shard_request(),
                                   list.moments(), list.hits()));
    recalls_.resize(std::max(recalls_.size(), counts.size()));
    for (size_t q = 0; q < counts.size(); ++q) {
        recalls_[q].found += counts[q].found;
        recalls_[q].expected += counts[q].expected;
    }
    return base::Status();
}

base::Result<roles::SearchResponse> HybridRun::GroupedHitsOf(ListSearch& list) {
    RETURN_IF_ERROR(list.Finish());
    if (settings_.recall) {
        RETURN_IF_ERROR(AddRecall(list));
    }
    if (!settings_.groups.has_value() || !settings_.groups->strict) {
        return list.TakeHits();
    }
    const PageWindow all{0, static_cast<size_t>(list.settings().top_k)};
    ASSIGN_OR_RETURN(roles::SearchResponse filled,
                     FillGroups(core_, context_, collection_, list.shard_request(), list.moments(),
                                list.TakeHits(), all));
    reduce::SortHits(list.metric(), &filled);  // ranks count hits, not groups
    return filled;
}

void HybridRun::Fuse() {
    std::vector<vindex::Metric> metrics;
    for (const auto& list : lists_) {
        metrics.push_back(list->metric());
    }
    const reduce::Fusion fusion(ranking_.rule, metrics);
    larger_is_better_ = fusion.larger_is_better();
    const uint32_t nq = lists_[0]->nq();
    std::vector<size_t> begins(lists_.size(), 0);
    rows_.resize(nq);
    contributions_.resize(report_.wants_profile() ? nq : 0);
    for (uint32_t q = 0; q < nq; ++q) {
        rows_[q] = fusion.Fuse(reduce::ViewsOf(fused_from_, q, &begins),
                               contributions_.empty() ? nullptr : &contributions_[q]);
        hybrid_->candidates += rows_[q].size();
    }
}

RowPlaces HybridRun::PlacesOf(const std::vector<std::vector<FusedRow>>& rows) const {
    RowPlaces places;
    for (const std::vector<FusedRow>& query : rows) {
        for (const FusedRow& row : query) {
            const roles::SearchResponse& list = ListOf(row);
            places.Append(list.keys.At(row.hit), list.addresses[row.hit]);
        }
    }
    return places;
}

base::Status HybridRun::Rescore() {
    if (ranking_.rescorer == nullptr || hybrid_->candidates == 0) {
        return base::Status();
    }
    ASSIGN_OR_RETURN(const schema::ColumnBatch batch,
                     FetchHitColumns(core_, context_, collection_, PlacesOf(rows_),
                                     {ranking_.rescorer->field()}));
    const schema::Column* values = batch.Find(ranking_.rescorer->field().id);
    if (values == nullptr) {
        return base::Internal("a shard's fetch answer lacks the field asked for");
    }
    std::vector<size_t> counts;
    std::vector<float> scores;
    for (const std::vector<FusedRow>& query : rows_) {
        counts.push_back(query.size());
        for (const FusedRow& row : query) {
            scores.push_back(row.score);
        }
    }
    RETURN_IF_ERROR(ranking_.rescorer->Rescore(context_, values->View(), counts, &scores));
    size_t next = 0;
    larger_is_better_ = true;
    for (std::vector<FusedRow>& query : rows_) {
        for (FusedRow& row : query) {
            row.score = scores[next++];
        }
        reduce::OrderRows(fused_from_, larger_is_better_, &query);
    }
    return base::Status();
}

void HybridRun::TakePage() {
    const auto offset = static_cast<size_t>(settings_.offset);
    const auto limit = static_cast<size_t>(settings_.limit);
    if (settings_.groups.has_value()) {
        const reduce::RowGroups rule{settings_.groups->grouping.group_size, settings_.scorer};
        for (std::vector<FusedRow>& query : rows_) {
            std::vector<std::string> keys;
            for (const FusedRow& row : query) {
                keys.push_back(ListOf(row).group_keys[row.hit]);
            }
            query = reduce::TakeGroups(query, keys, rule, larger_is_better_, offset, limit);
        }
        return;
    }
    for (std::vector<FusedRow>& query : rows_) {
        query.erase(query.begin(),
                    query.begin() + static_cast<std::ptrdiff_t>(std::min(offset, query.size())));
        query.resize(std::min(limit, query.size()));
    }
}

base::Status HybridRun::TakeChainedPage() {
    roles::SearchResponse fused;
    std::vector<FusedRow> all;
    fused.keys.is_string = schema::IsStringLike(collection_.schema.primary_key()->type);
    for (const std::vector<FusedRow>& query : rows_) {
        fused.counts.push_back(static_cast<uint32_t>(query.size()));
        all.insert(all.end(), query.begin(), query.end());
    }
    for (const FusedRow& row : all) {
        const roles::SearchResponse& list = ListOf(row);
        fused.keys.Append(list.keys.At(row.hit));
        fused.addresses.push_back(list.addresses[row.hit]);
        fused.scores.push_back(row.score);
    }
    const PageWindow window{static_cast<size_t>(settings_.offset),
                            static_cast<size_t>(settings_.limit)};
    ASSIGN_OR_RETURN(const HitPage page,
                     chains_->Run(core_, context_, collection_, window, &fused));
    size_t next = 0;
    for (size_t q = 0; q < rows_.size(); ++q) {
        rows_[q].clear();
        for (int64_t i = 0; i < page.counts[q]; ++i) {
            const size_t hit = page.hits[next++];
            rows_[q].push_back(all[hit]);
            rows_[q].back().score = fused.scores[hit];
        }
    }
    return base::Status();
}

SearchResults HybridRun::Assemble() const {
    SearchResults results;
    results.nq = static_cast<int64_t>(rows_.size());
    results.top_k = settings_.limit;
    results.ids.is_string = schema::IsStringLike(collection_.schema.primary_key()->type);
    for (const std::vector<FusedRow>& query : rows_) {
        results.counts.push_back(static_cast<int64_t>(query.size()));
        for (const FusedRow& row : query) {
            results.ids.Append(ListOf(row).keys.At(row.hit));
            const float score = row.score == kUnscored ? 0 : row.score;
            results.scores.push_back(Rounded(score, settings_.round_decimal));
        }
    }
    for (const RecallCount& recall : recalls_) {
        results.recalls.push_back(recall.share());
    }
    results.output_fields = selection_.output_fields;
    results.primary_field_name = collection_.schema.primary_key()->name;
    results.collection_name = collection_.schema.name;
    return results;
}

base::Status HybridRun::ShowGroups(SearchResults* results) const {
    if (!settings_.groups.has_value()) {
        return base::Status();
    }
    roles::SearchResponse shown;
    HitPage page;
    page.counts = results->counts;
    for (const std::vector<FusedRow>& query : rows_) {
        for (const FusedRow& row : query) {
            page.hits.push_back(shown.group_keys.size());
            shown.group_keys.push_back(ListOf(row).group_keys[row.hit]);
        }
    }
    results->has_single_group_field = settings_.groups->singular;
    ASSIGN_OR_RETURN(results->group_values,
                     GroupValues(*settings_.groups, selection_, shown, page));
    return base::Status();
}

base::Status HybridRun::FetchColumns(SearchResults* results) const {
    RETURN_IF_ERROR(ShowGroups(results));
    if (selection_.fields.empty() || results->ids.empty()) {
        return base::Status();
    }
    ASSIGN_OR_RETURN(
        const schema::ColumnBatch columns,
        FetchHitColumns(core_, context_, collection_, PlacesOf(rows_), selection_.fields));
    ASSIGN_OR_RETURN(results->columns, MakeOutputColumns(selection_, columns));
    return base::Status();
}

void HybridRun::ReportLists() {
    for (size_t i = 0; i < lists_.size(); ++i) {
        ReadReport& list = hybrid_->lists[i];
        list.ask_ns = lists_[i]->ask_ns();
        list.rows = hits_[i].keys.size();
        list.total_ns = list.prepare_ns + list.parse_ns + list.ask_ns;
        report_.counters.Add(list.counters);
        report_.profile.wait_ns = std::max(report_.profile.wait_ns, list.profile.wait_ns);
        report_.profile.read_ns = std::max(report_.profile.read_ns, list.profile.read_ns);
        report_.profile.merge_ns = std::max(report_.profile.merge_ns, list.profile.merge_ns);
        report_.read_ts = std::max(report_.read_ts, list.read_ts);
    }
    report_.hybrid = hybrid_;
}

void HybridRun::ReportHits(const SearchResults& results) {
    report_.rows = results.ids.size();
    if (!report_.wants_profile()) {
        return;
    }
    size_t hit = 0;
    for (size_t q = 0; q < rows_.size(); ++q) {
        for (const FusedRow& row : rows_[q]) {
            hybrid_->hits.push_back({static_cast<int64_t>(q), KeyText(results.ids.At(hit)),
                                     results.scores[hit], contributions_[q][row.number]});
            ++hit;
        }
    }
}

HybridSearchRequest AsHybrid(const SearchRequest& request, const SearchSettings& settings) {
    HybridSearchRequest hybrid;
    hybrid.database = request.database;
    hybrid.collection = request.collection;
    hybrid.partitions = request.partitions;
    hybrid.namespace_name = request.namespace_name;
    hybrid.rank_params = request.search_params;  // time zone, profile, rounding
    hybrid.rank_params.erase("params");
    hybrid.rank_params["limit"] = std::to_string(settings.top_k);
    hybrid.rank_params["offset"] = std::to_string(settings.offset);
    hybrid.function_score = request.function_score;
    hybrid.output_fields = request.output_fields;
    hybrid.consistency = request.consistency;
    SearchRequest list = request;
    list.function_score = FunctionScore();
    list.search_params.erase("limit");
    list.search_params["topk"] = std::to_string(settings.top_k + settings.offset);
    hybrid.lists.push_back(std::move(list));
    return hybrid;
}

base::Result<SearchResults> Proxy::HybridSearch(const base::CallContext& context,
                                                const HybridSearchRequest& request) {
    ReadReport report(ReadReport::Kind::kHybridSearch, *core_->partners.clock);
    base::Result<SearchResults> results = core_->WithCollection(
        context, request.database, request.collection, [&](const CollectionPtr& collection) {
            const CollectionPtr shard =
                OnShardOfNamespace(core_->cache, collection, request.namespace_name);
            return HybridRun(*core_, context, shard, request, &report).Run();
        });
    core_->FinishRead(context, results.status(), &report);
    if (results.ok() && report.wants_profile()) {
        results->report = std::make_shared<const ReadReport>(std::move(report));
    }
    return results;
}

}  // namespace elanus::proxy
