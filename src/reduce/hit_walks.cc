#include "reduce/hit_walks.h"

#include "reduce/segment_loop.h"
#include "segment/scan_guard.h"

#include <algorithm>
#include <numeric>

namespace elanus::reduce {

void HitWalks::Erase(Entries::iterator entry) {
    bytes_ -= entry->bytes;
    by_key_.erase(entry->key);
    entries_.erase(entry);
}

void HitWalks::Evict(int64_t now_ms) {
    while (!entries_.empty() &&
           (bytes_ > kBytesMax || now_ms - entries_.back().used_ms > kIdleMs)) {
        Erase(std::prev(entries_.end()));
    }
}

std::shared_ptr<HitWalk> HitWalks::Find(uint64_t walk, base::SegmentId segment) {
    const int64_t now_ms = clock_->MonotonicNs() / 1'000'000;
    const base::MutexLock lock(mutex_);
    Evict(now_ms);
    const auto found = by_key_.find({walk, segment});
    if (found == by_key_.end()) {
        return nullptr;
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    found->second->used_ms = now_ms;
    return found->second->walk;
}

void HitWalks::Keep(uint64_t walk, base::SegmentId segment, std::shared_ptr<HitWalk> kept,
                    uint64_t bytes) {
    const int64_t now_ms = clock_->MonotonicNs() / 1'000'000;
    const Key key{walk, segment};
    const base::MutexLock lock(mutex_);
    const auto found = by_key_.find(key);
    if (found != by_key_.end()) {
        Erase(found->second);
    }
    entries_.push_front({key, std::move(kept), bytes, now_ms});
    by_key_[key] = entries_.begin();
    bytes_ += bytes;
    Evict(now_ms);
}

void HitWalks::DropIdle() {
    const base::MutexLock lock(mutex_);
    Evict(clock_->MonotonicNs() / 1'000'000);
}

void HitWalks::DropSegment(base::SegmentId segment) {
    const base::MutexLock lock(mutex_);
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const auto next = std::next(entry);
        if (entry->key.second == segment) {
            Erase(entry);
        }
        entry = next;
    }
}

uint64_t HitWalks::bytes() const {
    const base::MutexLock lock(mutex_);
    return bytes_;
}

namespace {

// One page of a walk.
class WalkPage {
  public:
    WalkPage(const segment::Segment& segment, const roles::SearchRequest& request, uint32_t k,
             const segment::ReadOptions& options, HitWalk& walk)
        : segment_(segment), request_(request), k_(k), options_(options), walk_(walk) {}

    // Nothing when the walk has gone past this turn.
    base::Result<std::optional<roles::SearchResponse>> Run() {
        const base::MutexLock lock(walk_.mutex);
        if (!Begin()) {
            return std::optional<roles::SearchResponse>();
        }
        RETURN_IF_ERROR(Fill());
        bytes_ = walk_.rows->memory_bytes() + walk_.hits.capacity() * sizeof(HitWalk::Hit) +
                 walk_.unscored.capacity() * sizeof(uint32_t);
        return std::optional<roles::SearchResponse>(Answer());
    }
    // That the walk holds, after Run().
    uint64_t bytes() const { return bytes_; }

    static segment::VectorQuery QueryOf(const roles::SearchRequest& request) {
        segment::VectorQuery query;
        query.field_id = request.vector_field;
        query.metric = request.metric;
        query.params = request.params;
        query.radius = request.radius;
        query.range_filter = request.range_filter;
        query.queries = request.queries.View();
        return query;
    }

  private:
    bool Begin() REQUIRES(walk_.mutex) {
        const uint32_t turn = request_.walk->turn;
        // A page in between was answered by comparing all rows: nobody knows what it took.
        if (walk_.turn > turn || turn > walk_.turn + 1) {
            return false;
        }
        walk_.turn = turn;
        if (request_.walk->reached.has_value()) {
            DropTaken(*request_.walk->reached);
        }
        return true;
    }

    base::Status Fill() REQUIRES(walk_.mutex) {
        const sys::Stopwatch watch(*options_.clock, &answer_.counters.search_ns);
        RETURN_IF_ERROR(Score());  // what a turn that failed has left
        while (!walk_.at_end && walk_.hits.size() < k_) {
            RETURN_IF_ERROR(Walk(k_ - walk_.hits.size()));
            RETURN_IF_ERROR(Score());
        }
        return base::Status();
    }

    base::Status Walk(size_t wanted) REQUIRES(walk_.mutex) {
        vindex::Neighbors found;
        const segment::ScanGuard guard(options_);
        RETURN_IF_ERROR(walk_.rows->Next(wanted, [&] { return guard.Check(); }, &found));
        ++answer_.counters.index_searches;
        answer_.counters.strategies.Add(found.counters.strategy);
        answer_.counters.distances += found.counters.distances;
        answer_.counters.hops += found.counters.hops;
        walk_.at_end = found.rows.size() < wanted;
        walk_.unscored = std::move(found.rows);
        return base::Status();
    }

    roles::SearchResponse Answer() REQUIRES(walk_.mutex) {
        std::vector<HitWalk::Hit>& hits = walk_.hits;
        const schema::PrimaryKeys keys = KeysOf(hits);
        std::vector<uint32_t> order(hits.size());
        std::iota(order.begin(), order.end(), 0);
        std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
            if (hits[a].score != hits[b].score) {
                return vindex::BetterThan(request_.metric, hits[a].score, hits[b].score);
            }
            const int by_key = CompareKeys(keys, a, keys, b);
            return by_key != 0 ? by_key < 0 : hits[a].row > hits[b].row;
        });
        order.resize(std::min<size_t>(order.size(), k_));
        answer_.keys.is_string = keys.is_string;
        for (const uint32_t i : order) {
            hits[i].turn = std::min(hits[i].turn, walk_.turn);
            AppendKey(keys, i, &answer_.keys);
            answer_.scores.push_back(hits[i].score);
            answer_.addresses.push_back({segment_.id(), hits[i].row});
        }
        answer_.counts = {static_cast<uint32_t>(order.size())};
        answer_.counters.segments = 1;
        return std::move(answer_);
    }

    schema::PrimaryKeys KeysOf(const std::vector<HitWalk::Hit>& hits) const {
        std::vector<base::RowOffset> rows;
        rows.reserve(hits.size());
        for (const HitWalk::Hit& hit : hits) {
            rows.push_back(hit.row);
        }
        return segment_.KeysOf(rows);
    }

    void DropTaken(const roles::HitPlace& reached) REQUIRES(walk_.mutex) {
        const schema::PrimaryKeys keys = KeysOf(walk_.hits);
        std::vector<HitWalk::Hit> left;
        for (size_t i = 0; i < walk_.hits.size(); ++i) {
            const HitWalk::Hit& hit = walk_.hits[i];
            bool behind = vindex::BetterThan(request_.metric, reached.score, hit.score);
            if (hit.score == reached.score && !reached.key.empty()) {
                behind = CompareKeys(keys, i, reached.key, 0) > 0;
            }
            if (hit.turn >= walk_.turn || behind) {
                left.push_back(hit);
            }
        }
        walk_.hits = std::move(left);
    }

    // Scores as the segment itself gives them, so that it can go on without the walk. A row at the
    // edge of a range may be outside by these.
    base::Status Score() REQUIRES(walk_.mutex) {
        if (walk_.unscored.empty()) {
            return base::Status();
        }
        base::Bitmap rows(segment_.rows());
        for (const uint32_t row : walk_.unscored) {
            rows.Set(row);
        }
        segment::VectorQuery query = QueryOf(request_);
        query.k = static_cast<uint32_t>(walk_.unscored.size());
        query.exact = true;
        query.rows = &rows;
        segment::ReadOptions all = options_;
        all.filter = nullptr;
        all.profile = nullptr;
        std::vector<segment::QueryHits> hits;
        roles::ReadCounters counters;
        RETURN_IF_ERROR(segment_.Search(query, all, &hits, &counters));
        answer_.counters.rows_matched += hits[0].rows.size();
        for (size_t i = 0; i < hits[0].rows.size(); ++i) {
            walk_.hits.push_back({hits[0].rows[i], hits[0].scores[i], HitWalk::kNotOffered});
        }
        walk_.unscored.clear();
        return base::Status();
    }

    const segment::Segment& segment_;
    const roles::SearchRequest& request_;
    const uint32_t k_;
    const segment::ReadOptions& options_;
    HitWalk& walk_;
    roles::SearchResponse answer_;
    uint64_t bytes_ = 0;
};

base::Result<std::shared_ptr<HitWalk>> FindOrBegin(const segment::Segment& segment,
                                                   const roles::SearchRequest& request,
                                                   const segment::ReadOptions& options,
                                                   HitWalks* walks) {
    std::shared_ptr<HitWalk> walk = walks->Find(request.walk->id, segment.id());
    if (walk != nullptr || request.walk->turn > 0) {
        return walk;
    }
    roles::ReadCounters counters;
    ASSIGN_OR_RETURN(std::unique_ptr<vindex::RowIterator> rows,
                     segment.NewRowIterator(WalkPage::QueryOf(request), options, &counters));
    return rows == nullptr ? walk : std::make_shared<HitWalk>(std::move(rows));
}

}  // namespace

base::Result<std::optional<roles::SearchResponse>> WalkSegment(const segment::Segment& segment,
                                                               const roles::SearchRequest& request,
                                                               uint32_t k,
                                                               const segment::ReadOptions& options,
                                                               HitWalks* walks) {
    std::optional<roles::SearchResponse> answer;
    if (walks == nullptr || !request.walk.has_value() || request.nq() != 1 ||
        request.struct_field != 0 || request.grouping.has_value()) {
        return answer;
    }
    ASSIGN_OR_RETURN(const std::shared_ptr<HitWalk> walk,
                     FindOrBegin(segment, request, options, walks));
    if (walk == nullptr) {
        return answer;
    }
    WalkPage page(segment, request, k, options, *walk);
    ASSIGN_OR_RETURN(answer, page.Run());
    if (answer.has_value()) {
        walks->Keep(request.walk->id, segment.id(), walk, page.bytes());
    }
    return answer;
}

}  // namespace elanus::reduce
