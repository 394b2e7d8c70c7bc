#include "proxy/proxy_core.h"

#include "proxy/default_values.h"
#include "proxy/expiry.h"
#include "proxy/name_validation.h"
#include "proxy/partition_key.h"
#include "proxy/phrase.h"
#include "proxy/schema_validation.h"
#include "proxy/text_number_places.h"

#include <algorithm>

namespace elanus::proxy {

namespace {

std::string MakePrefix(sys::Random& source) {
    return Phrase(source.Next(), "-", source.Next(), "-");
}

bool HasJson(const schema::CollectionSchema& schema) {
    return std::any_of(schema.fields.begin(), schema.fields.end(),
                       [](const auto& field) { return field.type == schema::DataType::kJson; });
}

}  // namespace

ProxyCore::ProxyCore(ProxyPartners partners_in, Limits limits_in, ModelServices models_in)
    : partners(partners_in),
      limits(limits_in),
      models(std::move(models_in)),
      cache(partners_in.root_coord, partners_in.data_coord),
      slow_queries_(*partners_in.clock, limits_in.slow_query_ms),
      random_(partners_in.random != nullptr ? *partners_in.random : sys::RealRandom()),
      request_prefix_(MakePrefix(random_)) {
    if (limits.recall_sample_ratio > 0) {
        sys::Executor* executor =
            partners.background != nullptr ? partners.background : partners.executor;
        recall_sampler_ = std::make_unique<RecallSampler>(*executor, limits.recall_sample_ratio);
    }
}

void ProxyCore::SampleRecall(const roles::CollectionInfo& collection,
                             const roles::SearchRequest& request,
                             const std::vector<base::Timestamp>& moments,
                             const roles::SearchResponse& found) {
    if (recall_sampler_ != nullptr) {
        recall_sampler_->Offer(*this, collection, request, moments, found, random_.Next());
    }
}

base::Result<CollectionPtr> ProxyCore::Collection(const base::CallContext& context,
                                                  const std::string& database,
                                                  const std::string& name) {
    RETURN_IF_ERROR(ValidateCollectionName(name, limits));
    return cache.Get(context, database, name);
}

bool ProxyCore::MayBeOutdated(base::Code code) {
    switch (code) {
        case base::Code::kCollectionNotFound:
        case base::Code::kPartitionNotFound:
        case base::Code::kChannelNotFound:
        case base::Code::kSchemaMismatch:
        case base::Code::kFieldNotFound:
            return true;
        default:
            return false;
    }
}

bool ProxyCore::Differs(const roles::CollectionInfo& a, const roles::CollectionInfo& b) {
    return a.id != b.id || a.updated_ts != b.updated_ts || a.vchannels != b.vchannels ||
           a.partitions.size() != b.partitions.size() ||
           (!a.partitions.empty() && a.partitions.back().id != b.partitions.back().id);
}

base::Result<PlanPtr> ProxyCore::ParseFilter(const base::CallContext& context,
                                             const roles::CollectionInfo& collection,
                                             const std::string& text,
                                             const expr::TemplateValues& templates,
                                             const KeyValues& params, SampleDraw draw,
                                             bool* cached) {
    if (text.empty()) {
        return PlanPtr();
    }
    expr::ParseOptions options;
    ASSIGN_OR_RETURN(options.time_zone, RequestZone(params, collection.properties));
    if (HasJson(collection.schema)) {
        ASSIGN_OR_RETURN(const IndexesPtr indexes, cache.GetIndexes(context, collection.id));
        options.text_numbers = TextNumberPlaces(collection.schema, *indexes);
    }
    PlanPtr plan;
    if (templates.empty()) {
        ASSIGN_OR_RETURN(
            plan, plans_.GetOrParse(collection.id, text, collection.schema, options, cached));
    } else {
        ASSIGN_OR_RETURN(expr::Plan parsed,
                         expr::ParseFilter(text, collection.schema, templates, options));
        plan = std::make_shared<const expr::Plan>(std::move(parsed));
    }
    if (draw == SampleDraw::kFresh) {
        std::optional<expr::Plan> drawn = expr::WithSampleSeed(*plan, random_.Next());
        if (drawn.has_value()) {
            plan = std::make_shared<const expr::Plan>(*std::move(drawn));
        }
    }
    return plan->IsAlwaysTrue() ? PlanPtr() : std::move(plan);
}

base::Result<PlanPtr> ProxyCore::PlanRead(const base::CallContext& context, const std::string& text,
                                          const expr::TemplateValues& templates,
                                          const KeyValues& params, SampleDraw draw,
                                          ReadReport* report) {
    report->laps.Lap(&report->prepare_ns);
    auto plan = ParseFilter(context, *report->collection, text, templates, params, draw,
                            &report->plan_was_cached);
    report->laps.Lap(&report->parse_ns);
    if (!plan.ok()) {
        return plan.status().Annotate("failed to create query plan");
    }
    report->plan = *plan;
    if (report->wants_profile()) {
        report->filter = text;
    }
    return plan;
}

void ProxyCore::FinishRead(const base::CallContext& context, const base::Status& status,
                           ReadReport* report) {
    if (!status.ok()) {
        uint64_t in_vain_ns = 0;  // of the step that failed
        report->laps.Lap(&in_vain_ns);
    }
    report->total_ns = report->laps.elapsed_ns();
    if (slow_queries_.IsSlow(*report)) {
        slow_queries_.Record(context, *report, status);
    }
}

base::Status ProxyCore::CheckAllowed(const roles::CollectionInfo& collection,
                                     std::string_view what) {
    const auto denied =
        collection.database_properties.find("database.force.deny." + std::string(what));
    bool on = false;
    if (denied == collection.database_properties.end() || !ParseBool(denied->second, &on) || !on) {
        return base::Status();
    }
    return base::Status::WithFields(base::Code::kQuotaExceeded,
                                    {{"reason", "access has been disabled by the administrator"}});
}

std::string ProxyCore::NextRequestId() {
    return request_prefix_ + std::to_string(request_number_.fetch_add(1));
}

base::Result<roles::LoadStatus> ProxyCore::LoadStatusOf(const base::CallContext& context,
                                                        const roles::CollectionInfo& collection) {
    return partners.query_coord->GetLoadStatus(context, roles::OfCollection{collection.id});
}

base::Status ProxyCore::ReadFailure(const base::CallContext& context,
                                    const roles::CollectionInfo& collection, base::Status status) {
    bool loading = status.code() == base::Code::kCollectionNotFullyLoaded;
    if (!loading && status.code() != base::Code::kCollectionNotLoaded) {
        return status;
    }
    if (!loading) {
        const base::Result<roles::LoadStatus> load = LoadStatusOf(context, collection);
        loading = load.ok() && load->state == roles::LoadState::kLoading;
    }
    const base::Status failure = base::Status::WithFields(
        loading ? base::Code::kCollectionNotFullyLoaded : base::Code::kCollectionNotLoaded,
        {{"collection", collection.schema.name}});
    // The channel knows the collection by number only, but it knows what is in the way.
    const std::string text = status.reason();
    const size_t cause = text.rfind(": collection not fully loaded");
    return cause == text.npos ? failure : failure.Annotate(text.substr(0, cause));
}

base::CallContext ProxyCore::FilterContext(const base::CallContext& context) const {
    constexpr int64_t kNsPerMs = 1'000'000;
    base::CallContext limited = context;
    if (limits.filter_ms_max > 0) {
        limited.deadline_ns = std::min(
            context.deadline_ns, partners.clock->MonotonicNs() + limits.filter_ms_max * kNsPerMs);
    }
    return limited;
}

base::Status ProxyCore::FilterFailure(const base::CallContext& caller, base::Status failure) const {
    const bool caller_waits = caller.Check(partners.clock->MonotonicNs()).ok();
    if (failure.code() != base::Code::kTimeout || limits.filter_ms_max == 0 || !caller_waits) {
        return failure;
    }
    return base::Status::Error(
        base::Code::kTimeout,
        Phrase("a read with a filter took longer than ", limits.filter_ms_max,
               " ms (elanus.filter.maxTime): make the filter cheaper, index its fields, or raise "
               "the setting"));
}

base::Result<std::vector<roles::RetrieveResponse>> ProxyCore::RetrieveFromShards(
    const base::CallContext& context, const roles::CollectionInfo& collection,
    const roles::RetrieveRequest& request) {
    const size_t shards = collection.vchannels.size();
    std::vector<roles::RetrieveResponse> responses(shards);
    std::vector<base::Status> failures(shards);
    roles::RetrieveRequest complete = request;
    complete.partitions =
        PrunePartitions(collection, std::move(complete.partitions), complete.filter.get());
    CompleteRead(*partners.clock, collection, &complete);
    const base::CallContext limited = request.filter == nullptr ? context : FilterContext(context);
    partners.executor->ParallelFor(shards, [&](size_t shard) {
        roles::RetrieveRequest of_shard = complete;
        of_shard.vchannel = collection.vchannels[shard];
        of_shard.collection_id = collection.id;
        auto response = partners.streaming_node->Retrieve(limited, of_shard);
        if (response.ok()) {
            responses[shard] = std::move(response).value();
        } else {
            failures[shard] = response.status();
        }
    });
    for (base::Status& failure : failures) {
        if (!failure.ok()) {
            return ReadFailure(context, collection, FilterFailure(context, std::move(failure)));
        }
    }
    return responses;
}

}  // namespace elanus::proxy
