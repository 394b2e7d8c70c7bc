#include "reduce/term_statistics.h"

#include "reduce/segment_loop.h"

#include <algorithm>

namespace elanus::reduce {
namespace {

base::Status CountOne(const segment::Segment& segment, const roles::TermQuery& query,
                      const segment::ReadOptions& options, roles::RetrieveResponse* part) {
    ++part->counters.segments;
    RETURN_IF_ERROR(
        segment.AddTermStatistics(query.field_id, query.terms, options, &part->terms.statistics));
    // More rows may have come since they were counted; those are not hidden.
    const size_t rows = segment.rows();
    part->terms.hidden_rows = rows - std::min(rows, segment.LiveRows(options.timestamp));
    return base::Status();
}

}  // namespace

base::Result<roles::RetrieveResponse> CountTerms(const std::vector<SegmentRef>& segments,
                                                 const roles::RetrieveRequest& request,
                                                 const ReadScope& scope) {
    std::vector<roles::RetrieveResponse> parts(segments.size());
    const segment::ReadOptions options = OptionsOf(scope, request);
    RETURN_IF_ERROR(ForEachSegment(segments.size(), scope, [&](size_t i) {
        return ReadOne(*segments[i], options, request.profile, parts[i].counters,
                       &parts[i].profile.segments, [&](const segment::ReadOptions& own) {
                           return CountOne(*segments[i], *request.terms, own, &parts[i]);
                       });
    }));
    roles::RetrieveResponse answer;
    answer.snapshot_ts = scope.timestamp;
    answer.terms.statistics.holders.resize(request.terms->terms.size(), 0);
    for (roles::RetrieveResponse& part : parts) {
        RETURN_IF_ERROR(AddTerms(request, part.terms, &answer.terms));
        answer.counters.Add(part.counters);
        AddProfile(std::move(part.profile), &answer.profile);
    }
    return answer;
}

base::Status AddTerms(const roles::RetrieveRequest& request, const roles::TermAnswer& part,
                      roles::TermAnswer* sum) {
    if (part.statistics.holders.size() != request.terms->terms.size()) {
        return base::Internal("an answer has the statistics of other terms");
    }
    sum->statistics.Add(part.statistics);
    sum->hidden_rows += part.hidden_rows;
    return base::Status();
}

}  // namespace elanus::reduce
