#include "ann_searcher.h"

namespace elanus::bench {

base::Result<Counts> CountAll(const AnnData& data, AnnSearcher& searcher) {
    Counts counts;
    Answer answer;
    for (size_t q = 0; q < data.queries.rows; ++q) {
        RETURN_IF_ERROR(searcher.Count(data.queries.Row(q), data.Filter(q), &answer));
        counts.recall += RecallOf(data.truth[q], answer.rows);
        counts.hops += static_cast<double>(answer.hops);
        counts.distances += static_cast<double>(answer.distances);
        counts.short_answers += answer.rows.size() < data.truth[q].size() ? 1 : 0;
    }
    const auto queries = static_cast<double>(data.queries.rows);
    counts.recall /= queries;
    counts.hops /= queries;
    counts.distances /= queries;
    return counts;
}

}  // namespace elanus::bench
