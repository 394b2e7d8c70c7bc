// ProxyCore: the state and the few steps that all of the proxy's methods share.
//
// Threads: any; what changes is inside MetaCache and the request counter.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "expr/filter.h"
#include "expr/plan.h"
#include "expr/plan_cache.h"
#include "function/outputs.h"
#include "proxy/limits.h"
#include "proxy/meta_cache.h"
#include "proxy/proxy.h"
#include "proxy/read_moment.h"
#include "proxy/recall.h"
#include "proxy/search_iterator.h"
#include "proxy/slow_query_log.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace elanus::proxy {

using PlanPtr = std::shared_ptr<const expr::Plan>;

// Which rows random_sample takes: others each time, or, for the pages of an iterator, the same.
enum class SampleDraw : uint8_t { kFresh, kFixed };

class ProxyCore {
  public:
    ProxyCore(ProxyPartners partners_in, Limits limits_in, ModelServices models_in);

    const ProxyPartners partners;
    const Limits limits;
    const ModelServices models;
    MetaCache cache;
    SearchIterators iterators;
    function::FunctionCache functions;

    // The collection by name, after the name's rules were checked.
    base::Result<CollectionPtr> Collection(const base::CallContext& context,
                                           const std::string& database, const std::string& name);

    // Runs work(collection). An answer that speaks of names or channels that are not there may come
    // from an outdated cache: then RootCoord is asked and, if the collection has changed, the work
    // is done once more.
    template <typename Work>
    auto WithCollection(const base::CallContext& context, const std::string& database,
                        const std::string& name, Work work)
        -> decltype(work(std::declval<CollectionPtr>())) {
        base::Result<CollectionPtr> collection = Collection(context, database, name);
        if (!collection.ok()) {
            return collection.status();
        }
        auto result = work(*collection);
        if (result.ok() || !MayBeOutdated(result.status().code())) {
            return result;
        }
        const base::Result<CollectionPtr> fresh = cache.Refresh(context, database, name);
        if (!fresh.ok()) {
            return fresh.status();
        }
        return Differs(**collection, **fresh) ? work(*fresh) : std::move(result);
    }

    // Null for text that matches every row. `params` are the request's, of which `timezone` counts.
    // `*cached`, which may be null: the plan was there.
    base::Result<PlanPtr> ParseFilter(const base::CallContext& context,
                                      const roles::CollectionInfo& collection,
                                      const std::string& text,
                                      const expr::TemplateValues& templates,
                                      const KeyValues& params, SampleDraw draw = SampleDraw::kFresh,
                                      bool* cached = nullptr);

    // 9 when a property of the collection's database denies it: "reading", "writing", "index",
    // "flush", "compaction".
    static base::Status CheckAllowed(const roles::CollectionInfo& collection,
                                     std::string_view what);

    std::string NextRequestId();
    sys::Random& random() { return random_; }
    // The token of a new search iterator.
    std::string NewToken() { return MakeUuid(random_.Next(), random_.Next()); }

    base::Result<roles::LoadStatus> LoadStatusOf(const base::CallContext& context,
                                                 const roles::CollectionInfo& collection);
    // 101 and 103 name the collection as Milvus does; everything else stays as it is.
    base::Status ReadFailure(const base::CallContext& context,
                             const roles::CollectionInfo& collection, base::Status status);

    // The filter of a read, with its plan and time in the report.
    base::Result<PlanPtr> PlanRead(const base::CallContext& context, const std::string& text,
                                   const expr::TemplateValues& templates, const KeyValues& params,
                                   SampleDraw draw, ReadReport* report);
    // At the end of a read: its whole time, and a line in the log when it was slow.
    void FinishRead(const base::CallContext& context, const base::Status& status,
                    ReadReport* report);

    // Measures the recall of a share of the searches, behind their answers.
    void SampleRecall(const roles::CollectionInfo& collection, const roles::SearchRequest& request,
                      const std::vector<base::Timestamp>& moments,
                      const roles::SearchResponse& found);

    // The context of a read with a filter: it ends no later than `filter_ms_max` from now.
    base::CallContext FilterContext(const base::CallContext& context) const;
    // Tells the end of a filter's time from that of the caller's.
    base::Status FilterFailure(const base::CallContext& caller, base::Status failure) const;

    // Asks every vchannel at once; `request` is a template whose vchannel is filled in. In the
    // order of the collection's vchannels.
    base::Result<std::vector<roles::RetrieveResponse>> RetrieveFromShards(
        const base::CallContext& context, const roles::CollectionInfo& collection,
        const roles::RetrieveRequest& request);

  private:
    static bool MayBeOutdated(base::Code code);
    static bool Differs(const roles::CollectionInfo& a, const roles::CollectionInfo& b);

    expr::PlanCache plans_;
    SlowQueryLog slow_queries_;
    sys::Random& random_;
    const std::string request_prefix_;
    std::atomic<uint64_t> request_number_{0};
    std::unique_ptr<RecallSampler> recall_sampler_;  // null = off; ends before all else
};

}  // namespace elanus::proxy
