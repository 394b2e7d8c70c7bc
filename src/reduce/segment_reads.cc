#include "reduce/segment_reads.h"

#include "reduce/aggregation.h"
#include "reduce/boost.h"
#include "reduce/group_key.h"
#include "reduce/group_rule.h"
#include "reduce/hit_walks.h"
#include "reduce/ordered_rows.h"
#include "reduce/query_parts.h"
#include "reduce/segment_loop.h"
#include "reduce/segment_search.h"
#include "reduce/term_statistics.h"
#include "sys/process.h"
#include "sys/stopwatch.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <set>
#include <string_view>

namespace elanus::reduce {
namespace {

base::Result<roles::SearchResponse> SearchOne(const segment::Segment& segment,
                                              const roles::SearchRequest& request, uint32_t k,
                                              const segment::ReadOptions& options,
                                              HitWalks* walks) {
    roles::SearchResponse answer;
    std::vector<segment::SegmentProfile> profiles;
    RETURN_IF_ERROR(
        ReadOne(segment, options, request.profile, answer.counters, &profiles,
                [&](const segment::ReadOptions& own) -> base::Status {
                    ASSIGN_OR_RETURN(auto walked, WalkSegment(segment, request, k, own, walks));
                    if (walked.has_value()) {
                        answer = std::move(*walked);
                        return base::Status();
                    }
                    ASSIGN_OR_RETURN(answer, SegmentSearch(segment, request, k).Run(own));
                    return base::Status();
                }));
    answer.profile.segments = std::move(profiles);
    if (!request.boosts.functions.empty()) {
        const sys::Stopwatch watch(*options.clock, &answer.counters.sort_ns);
        RETURN_IF_ERROR(ApplyBoosts(segment, request.boosts, request.metric, options, &answer));
    }
    return answer;
}

// A hit of one query while it is merged.
struct Candidate {
    uint32_t part;
    uint32_t index;  // in the part's flat lists
    float score;
};

class SearchMerger {
  public:
    SearchMerger(const std::vector<roles::SearchResponse>& parts, vindex::Metric metric, uint32_t k,
                 const roles::Grouping* grouping)
        : parts_(parts), metric_(metric), k_(k), grouping_(grouping), offsets_(parts.size(), 0) {
        size_t most = 0;
        for (const roles::SearchResponse& part : parts) {
            merged_.counters.Add(part.counters);
            AddProfile(part.profile, &merged_.profile);
            merged_.snapshot_ts = std::max(merged_.snapshot_ts, part.snapshot_ts);
            merged_.keys.is_string = merged_.keys.is_string || part.keys.is_string;
            most = std::max(most, part.scores.size());
        }
        // About as many hits as the largest part has are left, if parts are cut at k as well.
        merged_.scores.reserve(most);
        merged_.addresses.reserve(most);
        merged_.keys.ints.reserve(merged_.keys.is_string ? 0 : most);
    }

    // The next answer, from the lists [first, first + count) of each part.
    void MergeLists(uint32_t first, uint32_t count) {
        candidates_.clear();
        begins_ = offsets_;
        bool cut = false;
        for (uint32_t list = first; list < first + count; ++list) {
            cut = AddCandidates(list) || cut;
        }
        const auto before = [this](const Candidate& a, const Candidate& b) { return Before(a, b); };
        // A single list is in order already.
        if (!std::is_sorted(candidates_.begin(), candidates_.end(), before)) {
            std::sort(candidates_.begin(), candidates_.end(), before);
        }
        if (grouping_ != nullptr) {
            merged_.counts.push_back(TakeGroups());
            return;
        }
        const auto [taken, dropped] = Take();
        widen_ = widen_ || (taken < k_ && dropped && cut);
        merged_.counts.push_back(taken);
    }

    bool widen() const { return widen_; }
    roles::SearchResponse Finish() { return std::move(merged_); }

  private:
    // Whether a part may have more hits in its list.
    bool AddCandidates(uint32_t list) {
        bool cut = false;
        for (uint32_t p = 0; p < parts_.size(); ++p) {
            const uint32_t count = list < parts_[p].counts.size() ? parts_[p].counts[list] : 0;
            for (uint32_t i = 0; i < count; ++i) {
                const uint32_t index = offsets_[p] + i;
                candidates_.push_back({p, index, parts_[p].scores[index]});
            }
            offsets_[p] += count;
            cut = cut || count >= k_;
        }
        return cut;
    }

    bool Before(const Candidate& a, const Candidate& b) const {
        if (a.score != b.score) {
            return vindex::BetterThan(metric_, a.score, b.score);
        }
        const int order = CompareKeys(parts_[a.part].keys, a.index, parts_[b.part].keys, b.index);
        if (order != 0) {
            return order < 0;
        }
        if (const uint32_t left = ElementOf(a), right = ElementOf(b); left != right) {
            return left < right;
        }
        // The newer row of a repeated key: segment ids grow, and rows grow within one.
        const roles::RowAddress& left = parts_[a.part].addresses[a.index];
        const roles::RowAddress& right = parts_[b.part].addresses[b.index];
        return left.segment_id != right.segment_id ? left.segment_id > right.segment_id
                                                   : left.row > right.row;
    }

    uint32_t ElementOf(const Candidate& hit) const {
        const std::vector<uint32_t>& elements = parts_[hit.part].elements;
        return elements.empty() ? 0 : elements[hit.index];
    }

    std::pair<uint32_t, bool> Take() {
        HitSet seen;
        uint32_t taken = 0;
        bool dropped = false;
        for (const Candidate& candidate : candidates_) {
            if (taken == k_) {
                break;
            }
            const roles::SearchResponse& part = parts_[candidate.part];
            if (!seen.Insert(part.keys, candidate.index, part.elements)) {
                dropped = true;
                continue;
            }
            Keep(candidate);
            ++taken;
        }
        return {taken, dropped};
    }

    void Keep(const Candidate& candidate) {
        const roles::SearchResponse& part = parts_[candidate.part];
        AppendKey(part.keys, candidate.index, &merged_.keys);
        merged_.scores.push_back(candidate.score);
        merged_.addresses.push_back(part.addresses[candidate.index]);
        if (!part.elements.empty()) {
            merged_.elements.push_back(part.elements[candidate.index]);
        }
    }

    // Each part has dropped its own repeated keys; one that parts share can leave a group short, as
    // long as the wanted groups are named, and a group too few otherwise: then it is widened.
    uint32_t TakeGroups() {
        GroupRule rule(*grouping_, static_cast<uint32_t>(merged_.counts.size()), k_);
        HitSet seen;
        uint32_t taken = 0;
        bool dropped = false;
        for (const Candidate& candidate : candidates_) {
            if (rule.done()) {
                break;
            }
            const roles::SearchResponse& part = parts_[candidate.part];
            if (!seen.Insert(part.keys, candidate.index, part.elements)) {
                dropped = true;
            } else if (rule.Offer(part.group_keys[candidate.index])) {
                Keep(candidate);
                merged_.group_keys.push_back(part.group_keys[candidate.index]);
                ++taken;
            }
        }
        widen_ = widen_ || (dropped && !rule.done() && grouping_->wanted.empty() && AnyFull());
        return taken;
    }

    // Whether a part stopped at its k-th group, so that it may have more.
    bool AnyFull() const {
        for (size_t p = 0; p < parts_.size(); ++p) {
            std::set<std::string_view> groups;
            for (uint32_t i = begins_[p]; i < offsets_[p]; ++i) {
                groups.insert(parts_[p].group_keys[i]);
            }
            if (groups.size() >= k_) {
                return true;
            }
        }
        return false;
    }

    const std::vector<roles::SearchResponse>& parts_;
    const vindex::Metric metric_;
    const uint32_t k_;
    const roles::Grouping* const grouping_;  // null: hits are not grouped
    std::vector<uint32_t> begins_;           // of the answer's hits in each part
    std::vector<uint32_t> offsets_;          // behind the hits that were added
    std::vector<Candidate> candidates_;
    roles::SearchResponse merged_;
    bool widen_ = false;
};

base::Status CheckSearch(const roles::SearchRequest& request) {
    const schema::Column& queries = request.queries;
    if (queries.rows == 0 || queries.rows > std::numeric_limits<uint32_t>::max() ||
        request.k == 0) {
        return base::InvalidParameter("a search needs nq and k above 0");
    }
    const bool by_list = queries.type == schema::DataType::kArrayOfVector;
    if (!schema::IsVector(queries.type) || (by_list && request.struct_field == 0) ||
        !queries.validity.empty()) {
        return base::InvalidParameter("a search needs vectors as its queries");
    }
    if (request.grouping.has_value()) {
        RETURN_IF_ERROR(CheckGroupFields(request.grouping->fields));
    }
    const std::vector<uint32_t>& shared = request.queries_of_answers;
    if (!shared.empty() &&
        std::accumulate(shared.begin(), shared.end(), uint64_t{0}) != queries.rows) {
        return base::InvalidParameter("the queries of a search's answers are not its queries");
    }
    return queries.Verify();
}

struct SegmentRows {
    std::vector<base::RowOffset> rows;  // ascending by key
    schema::PrimaryKeys keys;
    roles::ReadCounters counters;
    std::vector<segment::SegmentProfile> profiles;
};

base::Result<SegmentRows> SelectOne(const segment::Segment& segment,
                                    const segment::ReadOptions& options, uint64_t limit,
                                    bool profile) {
    SegmentRows selected;
    const size_t rows_max = limit == 0 ? std::numeric_limits<size_t>::max() : limit;
    RETURN_IF_ERROR(ReadOne(
        segment, options, profile, selected.counters, &selected.profiles,
        [&](const segment::ReadOptions& own) -> base::Status {
            ASSIGN_OR_RETURN(selected.rows, segment.SelectByKey(own, rows_max, &selected.counters));
            return base::Status();
        }));
    selected.keys = segment.KeysOf(selected.rows);
    return selected;
}

// The order of all selected rows by key, the newest row of a repeated key first, repeats taken out.
std::vector<ChosenRow> ChooseRows(const std::vector<SegmentRef>& segments,
                                  const std::vector<SegmentRows>& selected, uint64_t limit,
                                  uint64_t segment_limit, bool* widen) {
    std::vector<std::pair<uint32_t, uint32_t>> order;  // segment, index in its rows
    bool cut = false;
    for (uint32_t s = 0; s < selected.size(); ++s) {
        for (uint32_t i = 0; i < selected[s].rows.size(); ++i) {
            order.emplace_back(s, i);
        }
        cut = cut || (segment_limit != 0 && selected[s].rows.size() >= segment_limit);
    }
    const auto compare = [&](const auto& a, const auto& b) {
        return CompareKeys(selected[a.first].keys, a.second, selected[b.first].keys, b.second);
    };
    std::sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
        const int by_key = compare(a, b);
        if (by_key != 0) {
            return by_key < 0;
        }
        const base::SegmentId left = segments[a.first]->id();
        const base::SegmentId right = segments[b.first]->id();
        return left != right ? left > right
                             : selected[a.first].rows[a.second] > selected[b.first].rows[b.second];
    });
    const size_t before = order.size();
    order.erase(std::unique(order.begin(), order.end(),
                            [&](const auto& a, const auto& b) { return compare(a, b) == 0; }),
                order.end());
    *widen = limit != 0 && order.size() < limit && order.size() < before && cut;
    if (limit != 0 && order.size() > limit) {
        order.resize(limit);
    }
    std::vector<ChosenRow> chosen;
    chosen.reserve(order.size());
    for (const auto& [s, i] : order) {
        chosen.push_back({s, selected[s].rows[i], i});
    }
    return chosen;
}

// The rows that a read sees; without filter and expiry no row is looked at.
base::Status CountOne(const segment::Segment& segment, const segment::ReadOptions& options,
                      roles::RetrieveResponse* part) {
    if (options.filter == nullptr && options.expired_ts == 0) {
        const sys::Stopwatch watch(*options.clock, &part->counters.filter_ns);
        part->count = segment.LiveRows(options.timestamp);
        part->counters.rows_matched = part->count;
        part->counters.segments = 1;
        if (options.profile != nullptr) {
            options.profile->estimated_rows = segment.rows();
        }
        return base::Status();
    }
    ASSIGN_OR_RETURN(part->count, segment.CountMatches(options, &part->counters));
    return base::Status();
}

base::Result<roles::RetrieveResponse> CountSegments(const std::vector<SegmentRef>& segments,
                                                    const roles::RetrieveRequest& request,
                                                    const ReadScope& scope) {
    std::vector<roles::RetrieveResponse> parts(segments.size());
    const segment::ReadOptions options = OptionsOf(scope, request);
    RETURN_IF_ERROR(ForEachSegment(segments.size(), scope, [&](size_t i) {
        return ReadOne(*segments[i], options, request.profile, parts[i].counters,
                       &parts[i].profile.segments, [&](const segment::ReadOptions& own) {
                           return CountOne(*segments[i], own, &parts[i]);
                       });
    }));
    roles::RetrieveResponse answer;
    answer.snapshot_ts = scope.timestamp;
    for (roles::RetrieveResponse& part : parts) {
        answer.count += part.count;
        answer.counters.Add(part.counters);
        AddProfile(std::move(part.profile), &answer.profile);
    }
    return answer;
}

}  // namespace

void AddProfile(roles::ReadProfile from, roles::ReadProfile* to) {
    to->wait_ns = std::max(to->wait_ns, from.wait_ns);
    to->read_ns = std::max(to->read_ns, from.read_ns);
    to->merge_ns = std::max(to->merge_ns, from.merge_ns);
    to->restarts += from.restarts;
    if (to->segments.empty()) {
        to->segments = std::move(from.segments);
        return;
    }
    to->segments.insert(to->segments.end(), std::make_move_iterator(from.segments.begin()),
                        std::make_move_iterator(from.segments.end()));
}

namespace {

// What the lists of the parts belong to.
enum class ListKind : uint8_t { kOfQueries, kOfAnswers };

roles::SearchResponse Merge(const std::vector<roles::SearchResponse>& parts, ListKind kind,
                            const roles::SearchRequest& request, uint32_t k, bool* widen) {
    const roles::Grouping* grouping = request.grouping.has_value() ? &*request.grouping : nullptr;
    SearchMerger merger(parts, request.metric, k, grouping);
    const std::vector<uint32_t>& shared = request.queries_of_answers;
    uint32_t first = 0;
    for (uint32_t answer = 0; answer < request.answers(); ++answer) {
        const bool is_shared = kind == ListKind::kOfQueries && !shared.empty();
        const uint32_t lists = is_shared ? shared[answer] : 1;
        merger.MergeLists(first, lists);
        first += lists;
    }
    *widen = merger.widen();
    return merger.Finish();
}

// The request as single segments see it: there each query has an answer of its own.
roles::SearchRequest ByQuery(const roles::SearchRequest& request) {
    roles::SearchRequest by_query = request;
    by_query.queries_of_answers.clear();
    if (!request.grouping.has_value() || request.grouping->wanted.empty()) {
        return by_query;
    }
    by_query.grouping->wanted.clear();
    for (uint32_t answer = 0; answer < request.answers(); ++answer) {
        const std::vector<std::vector<std::string>>& wanted = request.grouping->wanted;
        by_query.grouping->wanted.insert(
            by_query.grouping->wanted.end(), request.queries_of_answers[answer],
            answer < wanted.size() ? wanted[answer] : std::vector<std::string>());
    }
    return by_query;
}

// The part that alone has hits, none of its lists longer than k; null otherwise. Its lists are in
// order and repeat no key, since they were merged where they come from.
roles::SearchResponse* OnlyPart(std::vector<roles::SearchResponse>& parts, uint32_t k) {
    roles::SearchResponse* only = nullptr;
    for (roles::SearchResponse& part : parts) {
        if (part.scores.empty()) {
            continue;
        }
        if (only != nullptr || std::any_of(part.counts.begin(), part.counts.end(),
                                           [k](uint32_t count) { return count > k; })) {
            return nullptr;
        }
        only = &part;
    }
    return only;
}

// What parts tell beside their hits goes to `to`, one of them.
void TakeReports(std::vector<roles::SearchResponse>& parts, roles::SearchResponse* to) {
    for (roles::SearchResponse& part : parts) {
        if (&part != to) {
            to->counters.Add(part.counters);
            AddProfile(std::move(part.profile), &to->profile);
            to->snapshot_ts = std::max(to->snapshot_ts, part.snapshot_ts);
        }
    }
}

}  // namespace

roles::SearchResponse MergeSearches(std::vector<roles::SearchResponse> parts,
                                    const roles::SearchRequest& request) {
    if (!request.grouping.has_value()) {
        if (roles::SearchResponse* const only = OnlyPart(parts, request.k); only != nullptr) {
            TakeReports(parts, only);
            return std::move(*only);
        }
    }
    bool widen = false;
    return Merge(parts, ListKind::kOfAnswers, request, request.k, &widen);
}

roles::SearchResponse MergeSearches(const std::vector<roles::SearchResponse>& parts,
                                    vindex::Metric metric, uint32_t nq, uint32_t k, bool* widen) {
    SearchMerger merger(parts, metric, k, nullptr);
    for (uint32_t q = 0; q < nq; ++q) {
        merger.MergeLists(q, 1);
    }
    if (widen != nullptr) {
        *widen = merger.widen();
    }
    return merger.Finish();
}

namespace {

// All queries together.
base::Result<roles::SearchResponse> SearchTogether(const std::vector<SegmentRef>& segments,
                                                   const roles::SearchRequest& request,
                                                   const ReadScope& scope) {
    const segment::ReadOptions options = OptionsOf(scope, request);
    const bool is_shared = !request.queries_of_answers.empty();
    const roles::SearchRequest by_query = is_shared ? ByQuery(request) : roles::SearchRequest();
    const roles::SearchRequest& of_segments = is_shared ? by_query : request;
    for (uint64_t k = request.k;;) {
        const auto wide_k =
            static_cast<uint32_t>(std::min<uint64_t>(k, std::numeric_limits<uint32_t>::max()));
        std::vector<roles::SearchResponse> parts(segments.size());
        RETURN_IF_ERROR(ForEachSegment(segments.size(), scope, [&](size_t i) -> base::Status {
            ASSIGN_OR_RETURN(parts[i],
                             SearchOne(*segments[i], of_segments, wide_k, options, scope.walks));
            return base::Status();
        }));
        bool widen = false;
        roles::SearchResponse merged = Merge(parts, ListKind::kOfQueries, request, wide_k, &widen);
        const bool enough = !request.grouping.has_value() &&
                            std::all_of(merged.counts.begin(), merged.counts.end(),
                                        [&](uint32_t count) { return count >= request.k; });
        if (!widen || enough || wide_k == std::numeric_limits<uint32_t>::max()) {
            if (wide_k != request.k) {
                std::vector<roles::SearchResponse> wide;
                wide.push_back(std::move(merged));
                merged = MergeSearches(std::move(wide), request);
            }
            merged.snapshot_ts = scope.timestamp;
            return merged;
        }
        k *= kWideningFactor;
    }
}

}  // namespace

base::Result<roles::SearchResponse> SearchSegments(const std::vector<SegmentRef>& segments,
                                                   const roles::SearchRequest& request,
                                                   const ReadScope& scope) {
    RETURN_IF_ERROR(CheckSearch(request));
    const size_t cores =
        scope.executor == nullptr ? 1 : std::min(sys::CpuCount(), scope.executor->parallelism());
    const size_t parts = QueryParts(request, segments.size(), cores);
    if (parts == 1) {
        return SearchTogether(segments, request, scope);
    }
    std::vector<roles::SearchResponse> answers(parts);
    RETURN_IF_ERROR(ForEachSegment(parts, scope, [&](size_t part) -> base::Status {
        ASSIGN_OR_RETURN(answers[part],
                         SearchTogether(segments, PartOf(request, part, parts), scope));
        return base::Status();
    }));
    return JoinParts(std::move(answers));
}

base::Result<roles::RetrieveResponse> RetrieveSegments(const std::vector<SegmentRef>& segments,
                                                       const roles::RetrieveRequest& request,
                                                       const ReadScope& scope) {
    if (request.count_only) {
        return CountSegments(segments, request, scope);
    }
    if (request.terms.has_value()) {
        return CountTerms(segments, request, scope);
    }
    if (request.aggregation.has_value()) {
        return AggregateSegments(segments, request, scope);
    }
    if (!request.order_by.empty()) {
        return RetrieveInOrder(segments, request, scope);
    }
    const segment::ReadOptions options = OptionsOf(scope, request);
    for (uint64_t limit = request.limit;; limit *= kWideningFactor) {
        std::vector<SegmentRows> selected(segments.size());
        RETURN_IF_ERROR(ForEachSegment(segments.size(), scope, [&](size_t i) -> base::Status {
            ASSIGN_OR_RETURN(selected[i], SelectOne(*segments[i], options, limit, request.profile));
            return base::Status();
        }));
        sys::LapTimer laps(*scope.clock);
        bool widen = false;
        const std::vector<ChosenRow> chosen =
            ChooseRows(segments, selected, request.limit, limit, &widen);
        if (widen) {
            continue;
        }
        return AnswerWith(chosen, segments, selected, request, scope, &laps);
    }
}

base::Result<roles::FetchResponse> FetchRows(const std::map<base::SegmentId, SegmentRef>& segments,
                                             const roles::FetchRequest& request,
                                             const ReadScope& scope) {
    std::vector<SegmentRef> refs;
    std::map<base::SegmentId, uint32_t> numbers;
    std::vector<ChosenRow> chosen;
    chosen.reserve(request.addresses.size());
    for (const roles::RowAddress& address : request.addresses) {
        const auto [number, fresh] =
            numbers.try_emplace(address.segment_id, static_cast<uint32_t>(refs.size()));
        if (fresh) {
            const auto found = segments.find(address.segment_id);
            if (found == segments.end()) {
                return base::Status::WithFields(base::Code::kSegmentNotFound,
                                                {{"segment", std::to_string(address.segment_id)}});
            }
            refs.push_back(found->second);
        }
        if (address.row >= refs[number->second]->rows()) {
            return base::InvalidParameter("a row address points past its segment");
        }
        chosen.push_back({number->second, address.row});
    }
    roles::FetchResponse answer;
    ASSIGN_OR_RETURN(answer.rows, RowFetcher(request.fields, scope, 0).Fetch(refs, chosen));
    answer.rows.rows = chosen.size();
    return answer;
}

namespace {

// The rows of all parts in their common order, repeated keys taken out, as (part, index).
std::vector<std::pair<uint32_t, uint32_t>> MergedOrder(
    const std::vector<roles::RetrieveResponse>& parts, const roles::RetrieveRequest& request) {
    std::vector<std::pair<uint32_t, uint32_t>> order;
    for (uint32_t p = 0; p < parts.size(); ++p) {
        for (uint32_t i = 0; i < parts[p].keys.size(); ++i) {
            order.emplace_back(p, i);
        }
    }
    const bool by_sort_key = !request.order_by.empty();
    std::sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
        const roles::RetrieveResponse& left = parts[a.first];
        const roles::RetrieveResponse& right = parts[b.first];
        const int by_key = by_sort_key ? left.sort_keys[a.second].compare(right.sort_keys[b.second])
                                       : CompareKeys(left.keys, a.second, right.keys, b.second);
        return by_key != 0 ? by_key < 0 : a < b;
    });
    const auto keys = [&](const auto& row) -> const schema::PrimaryKeys& {
        return parts[row.first].keys;
    };
    if (by_sort_key) {
        KeySet seen;
        std::erase_if(order, [&](const auto& row) { return !seen.Insert(keys(row), row.second); });
    } else {
        order.erase(std::unique(order.begin(), order.end(),
                                [&](const auto& a, const auto& b) {
                                    return CompareKeys(keys(a), a.second, keys(b), b.second) == 0;
                                }),
                    order.end());
    }
    if (request.limit != 0 && order.size() > request.limit) {
        order.resize(request.limit);
    }
    return order;
}

base::Status CheckMergeable(const std::vector<roles::RetrieveResponse>& parts,
                            const roles::RetrieveRequest& request) {
    for (const roles::RetrieveResponse& part : parts) {
        if (part.rows.rows != part.keys.size() || part.keys.size() > UINT32_MAX ||
            (!request.order_by.empty() && part.sort_keys.size() != part.keys.size())) {
            return base::Internal("a partial answer of a query does not fit together");
        }
    }
    return base::Status();
}

}  // namespace

base::Result<roles::RetrieveResponse> MergeRetrievals(std::vector<roles::RetrieveResponse> parts,
                                                      const roles::RetrieveRequest& request) {
    RETURN_IF_ERROR(CheckMergeable(parts, request));
    const bool is_whole =
        parts.size() == 1 && (request.limit == 0 || parts[0].keys.size() <= request.limit);
    if (is_whole && !request.aggregation.has_value() && !request.terms.has_value()) {
        return std::move(parts[0]);
    }
    roles::RetrieveResponse merged;
    uint64_t bytes = 0;
    for (const roles::RetrieveResponse& part : parts) {
        merged.count += part.count;
        merged.snapshot_ts = std::max(merged.snapshot_ts, part.snapshot_ts);
        merged.keys.is_string = merged.keys.is_string || part.keys.is_string;
        merged.counters.Add(part.counters);
        AddProfile(part.profile, &merged.profile);
        if (request.terms.has_value()) {
            RETURN_IF_ERROR(AddTerms(request, part.terms, &merged.terms));
        }
        bytes += part.rows.ByteSize();
    }
    if (request.terms.has_value()) {
        return merged;
    }
    if (request.aggregation.has_value()) {
        ASSIGN_OR_RETURN(merged.groups, MergeGroups(parts, *request.aggregation));
        return merged;
    }
    const std::vector<std::pair<uint32_t, uint32_t>> order = MergedOrder(parts, request);
    std::vector<schema::ColumnBatch> batches;
    std::vector<uint32_t> first(parts.size(), 0);
    uint32_t rows = 0;
    for (uint32_t p = 0; p < parts.size(); ++p) {
        first[p] = rows;
        rows += static_cast<uint32_t>(parts[p].keys.size());
        if (!parts[p].keys.empty()) {
            batches.push_back(parts[p].rows);
        }
    }
    std::vector<uint32_t> picks;
    picks.reserve(order.size());
    for (const auto& [p, i] : order) {
        AppendKey(parts[p].keys, i, &merged.keys);
        if (!request.order_by.empty()) {
            merged.sort_keys.push_back(parts[p].sort_keys[i]);
        }
        picks.push_back(first[p] + i);
    }
    if (!batches.empty() && !batches[0].columns.empty()) {
        ASSIGN_OR_RETURN(const schema::ColumnBatch all, schema::Concatenate(batches));
        const bool identity = picks.size() == rows && std::is_sorted(picks.begin(), picks.end());
        merged.rows = identity ? all : schema::Gather(all, picks);
    }
    merged.rows.rows = picks.size();
    if (request.max_bytes != 0 && bytes > request.max_bytes &&
        merged.rows.ByteSize() > request.max_bytes) {
        return TooLarge(request.max_bytes);
    }
    return merged;
}

}  // namespace elanus::reduce
