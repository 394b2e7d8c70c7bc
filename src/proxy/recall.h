// Recall: how many of the hits that an exact search finds an approximate one has found. Measured on
// the same snapshot: for one request (`enable_recall_calculation`), and in the background for a
// share of all searches (`elanus.recall.sampleRatio`), as two counters a collection whose quotient
// is the recall.
// Threads: free functions; a RecallSampler from any thread.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "roles/read.h"
#include "roles/records.h"
#include "sys/executor.h"
#include "vindex/metric.h"

#include <atomic>
#include <vector>

namespace elanus::proxy {

class ProxyCore;

// What was found of how many hits.
struct RecallCount {
    uint64_t found = 0;
    uint64_t expected = 0;
    // 1 when there was nothing to find.
    float share() const {
        return expected == 0
                   ? 1.0f
                   : static_cast<float>(static_cast<double>(found) / static_cast<double>(expected));
    }
};

// Scores that are estimates (vindex/list_estimate.h) say nothing about being right.
enum class RecallBy : uint8_t { kHitsAndScores, kHits };

// One a query. A hit counts as found when the exact search has it, or when its score is as good as
// the last one there: of equal scores each is right.
std::vector<RecallCount> CountRecall(const roles::SearchResponse& found,
                                     const roles::SearchResponse& exact, vindex::Metric metric,
                                     RecallBy by = RecallBy::kHitsAndScores);

// Searches once more, exactly, at the moments of `found`, which answers the request.
base::Result<std::vector<RecallCount>> MeasureRecall(ProxyCore& core,
                                                     const base::CallContext& context,
                                                     const roles::CollectionInfo& collection,
                                                     const roles::SearchRequest& request,
                                                     const std::vector<base::Timestamp>& moments,
                                                     const roles::SearchResponse& found);

// Draws searches and measures their recall behind the answer, one at a time: a draw that comes
// while another one is measured is dropped.
class RecallSampler {
  public:
    // `ratio`: share of the searches drawn, 0..1; 0 = off.
    RecallSampler(sys::Executor& executor, double ratio) : ratio_(ratio), strand_(executor) {}
    // Ends what runs.
    ~RecallSampler();

    // Copies what it needs when the search is drawn.
    void Offer(ProxyCore& core, const roles::CollectionInfo& collection,
               const roles::SearchRequest& request, const std::vector<base::Timestamp>& moments,
               const roles::SearchResponse& found, uint64_t random);

  private:
    const double ratio_;
    const base::CallContext context_;
    std::atomic<bool> busy_{false};
    sys::Strand strand_;
};

}  // namespace elanus::proxy
