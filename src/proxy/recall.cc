#include "proxy/recall.h"

#include "base/metrics.h"
#include "proxy/phrase.h"
#include "proxy/proxy_core.h"
#include "proxy/shard_search.h"
#include "reduce/segment_loop.h"
#include "vindex/param.h"

#include <algorithm>
#include <string>
#include <utility>

namespace elanus::proxy {

namespace {

base::Counter& CounterOf(std::string_view name, const roles::CollectionInfo& collection) {
    return base::MetricRegistry::Global().GetCounter(
        name, Phrase("collection=\"", collection.schema.name, "\",collection_id=\"", collection.id,
                     "\""));
}

}  // namespace

std::vector<RecallCount> CountRecall(const roles::SearchResponse& found,
                                     const roles::SearchResponse& exact, vindex::Metric metric,
                                     RecallBy by) {
    std::vector<RecallCount> counts;
    size_t found_begin = 0;
    size_t exact_begin = 0;
    for (size_t q = 0; q < exact.counts.size() && q < found.counts.size(); ++q) {
        const size_t exact_end = exact_begin + exact.counts[q];
        const size_t found_end = found_begin + found.counts[q];
        reduce::HitSet right;
        for (size_t i = exact_begin; i < exact_end; ++i) {
            right.Insert(exact.keys, i, exact.elements);
        }
        RecallCount count;
        count.expected = exact.counts[q];
        for (size_t i = found_begin; i < found_end && exact_end > exact_begin; ++i) {
            const bool is_right =
                !right.Insert(found.keys, i, found.elements) ||
                (by == RecallBy::kHitsAndScores &&
                 !vindex::BetterThan(metric, exact.scores[exact_end - 1], found.scores[i]));
            count.found += is_right ? 1 : 0;
        }
        count.found = std::min(count.found, count.expected);
        counts.push_back(count);
        exact_begin = exact_end;
        found_begin = found_end;
    }
    return counts;
}

base::Result<std::vector<RecallCount>> MeasureRecall(ProxyCore& core,
                                                     const base::CallContext& context,
                                                     const roles::CollectionInfo& collection,
                                                     const roles::SearchRequest& request,
                                                     const std::vector<base::Timestamp>& moments,
                                                     const roles::SearchResponse& found) {
    roles::SearchRequest exactly = request;
    exactly.exact = true;
    exactly.profile = false;
    ASSIGN_OR_RETURN(const roles::SearchResponse exact,
                     SearchShards(core, context, collection, exactly, moments));
    const bool is_estimated = vindex::BoolParam(request.params, "emb_list_rerank") == false;
    return CountRecall(found, exact, request.metric,
                       is_estimated ? RecallBy::kHits : RecallBy::kHitsAndScores);
}

RecallSampler::~RecallSampler() {
    context_.Cancel();
    strand_.Drain();
}

void RecallSampler::Offer(ProxyCore& core, const roles::CollectionInfo& collection,
                          const roles::SearchRequest& request,
                          const std::vector<base::Timestamp>& moments,
                          const roles::SearchResponse& found, uint64_t random) {
    const double drawn = static_cast<double>(random >> 11) * 0x1p-53;  // even over [0, 1)
    if (drawn >= ratio_ || request.exact || request.grouping.has_value() || busy_.exchange(true)) {
        return;
    }
    roles::SearchResponse hits;  // what is compared
    hits.counts = found.counts;
    hits.keys = found.keys;
    hits.scores = found.scores;
    hits.elements = found.elements;
    strand_.Submit([this, &core, collection, request, moments, hits = std::move(hits)] {
        const auto counts = MeasureRecall(core, context_, collection, request, moments, hits);
        if (counts.ok()) {
            for (const RecallCount& count : *counts) {
                CounterOf("elanus_search_recall_found_total", collection).Add(count.found);
                CounterOf("elanus_search_recall_expected_total", collection).Add(count.expected);
            }
            CounterOf("elanus_search_recall_samples_total", collection).Add(1);
        }
        busy_.store(false);
    });
}

}  // namespace elanus::proxy
