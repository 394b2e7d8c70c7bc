#include "proxy/search_iterator.h"

#include "base/hash.h"
#include "proxy/phrase.h"
#include "proxy/schema_validation.h"
#include "reduce/segment_loop.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace elanus::proxy {

namespace {

// Batches searched for at once, by the first turn of a walk, and how many hits these may be.
constexpr int64_t kBatchesAhead = 16;
constexpr int64_t kBatchesAtFirst = 2;
constexpr int64_t kHitsAhead = 16'384;
// A client that lost an answer asks for the same batch again.
constexpr size_t kPlacesKept = 4;

constexpr float kFirstCode = 0x1p100f;
constexpr uint32_t kCodes = 1 << 23;  // different floats from 2^100 up to 2^101

float BoundOfCode(uint32_t code) {
    return kFirstCode * (1.0f + static_cast<float>(code) / static_cast<float>(kCodes));
}

bool IsCode(float bound) {
    return std::fabs(bound) >= kFirstCode;
}

// Whether hit `i` lies behind the place.
bool IsBehind(const roles::SearchResponse& hits, size_t i, const roles::HitPlace& place,
              vindex::Metric metric) {
    if (hits.scores[i] != place.score) {
        return vindex::BetterThan(metric, place.score, hits.scores[i]);
    }
    if (place.key.empty()) {
        return false;
    }
    const int by_key = reduce::CompareKeys(hits.keys, i, place.key, 0);
    return by_key != 0 || hits.elements.empty() ? by_key > 0 : hits.elements[i] > place.element;
}

// Whether `b` is the same place as `a` or lies behind it.
bool NotBefore(const roles::HitPlace& a, const roles::HitPlace& b, vindex::Metric metric) {
    if (a.score != b.score) {
        return vindex::BetterThan(metric, a.score, b.score);
    }
    if (a.key.empty() || b.key.empty()) {
        return b.key.empty();
    }
    const int by_key = reduce::CompareKeys(a.key, 0, b.key, 0);
    return by_key != 0 ? by_key < 0 : a.element <= b.element;
}

bool SamePlace(const roles::HitPlace& a, const roles::HitPlace& b, vindex::Metric metric) {
    return NotBefore(a, b, metric) && NotBefore(b, a, metric);
}

// The first hit of the window behind the place, when the window has all hits from there on.
std::optional<size_t> Locate(const HitWindow& window, const std::optional<roles::HitPlace>& place,
                             vindex::Metric metric) {
    if (!place.has_value()) {
        return window.from.has_value() ? std::nullopt : std::optional<size_t>(0);
    }
    if (window.from.has_value() && SamePlace(*window.from, *place, metric)) {
        return 0;  // of hits that were found late some lie before it
    }
    if (window.after.has_value() && !NotBefore(*window.after, *place, metric)) {
        return std::nullopt;
    }
    size_t i = 0;
    while (i < window.hits.scores.size() && !IsBehind(window.hits, i, *place, metric)) {
        ++i;
    }
    return i;
}

// Where the batch ends: between two different scores if it can.
size_t EndOf(const Batch& batch) {
    const std::vector<float>& scores = batch.window->hits.scores;
    size_t end = batch.end;
    if (end == scores.size()) {
        return end;
    }
    while (end > batch.begin && scores[end - 1] == scores[batch.end]) {
        --end;
    }
    return end > batch.begin && !IsCode(scores[end - 1]) ? end : batch.end;
}

roles::HitPlace PlaceBehind(const roles::SearchResponse& hits, size_t i) {
    roles::HitPlace place;
    place.score = hits.scores[i];
    reduce::AppendKey(hits.keys, i, &place.key);
    place.element = hits.elements.empty() ? 0 : hits.elements[i];
    return place;
}

}  // namespace

std::string MakeUuid(uint64_t high, uint64_t low) {
    high = (high & ~uint64_t{0xf000}) | 0x4000;
    low = (low & ~(uint64_t{3} << 62)) | (uint64_t{1} << 63);
    char text[37];
    std::snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%012llx",
                  static_cast<unsigned>(high >> 32), static_cast<unsigned>((high >> 16) & 0xffff),
                  static_cast<unsigned>(high & 0xffff), static_cast<unsigned>(low >> 48),
                  static_cast<unsigned long long>(low & 0xffffffffffff));
    return text;
}

uint64_t FingerprintOf(const roles::SearchRequest& request) {
    roles::SearchRequest searched = request;
    searched.k = 0;  // the size of a batch, which may change
    return base::Hash64(base::Encode(searched));
}

Consistency PinnedConsistency(const SearchIterators& iterators, const SearchRequest& request,
                              const SearchSettings& settings, const SearchShape& shape) {
    Consistency consistency = request.consistency;
    if (!settings.iterator || base::PhysicalMs(consistency.guarantee_ts) > 0) {
        return consistency;
    }
    const auto sent = settings.shaping.find("guarantee_timestamp");
    int64_t moment = 0;
    if (sent != settings.shaping.end() && ParseInt(sent->second, &moment) && moment > 0) {
        consistency.guarantee_ts = static_cast<base::Timestamp>(moment);
    } else if (shape.batch.has_value() && !shape.batch->token.empty()) {
        consistency.guarantee_ts =
            std::max(consistency.guarantee_ts, iterators.MomentOf(shape.batch->token));
    }
    return consistency;
}

base::Result<std::shared_ptr<const HitWindow>> SearchIterators::Fetch(
    const BatchSettings& settings, vindex::Metric metric, bool walks, uint64_t walk_id,
    const std::optional<roles::HitPlace>& place, const HitWindow* last, bool known,
    const Search& search) const {
    auto window = std::make_shared<HitWindow>();
    window->from = place;
    window->after = place;
    Page page;
    int64_t ahead = kBatchesAhead;
    // A walk begins with the iterator, and goes on as long as its last window is known.
    const bool begins = !place.has_value() && last == nullptr;
    if (walks && (begins || (known && last->turn.has_value()))) {
        window->turn = begins ? 0 : *last->turn + 1;
        page.walk = {walk_id, *window->turn, place};
        ahead = std::min(kBatchesAhead, kBatchesAtFirst << std::min(*window->turn, 8U));
    }
    if (known && last->after.has_value() && place.has_value() &&
        NotBefore(*place, *last->after, metric)) {
        window->after = last->after;
    }
    page.after = window->after;
    page.count = static_cast<uint32_t>(
        std::max(settings.size + 1, std::min(settings.size * ahead, kHitsAhead)));
    ASSIGN_OR_RETURN(window->hits, search(page));
    window->complete = window->hits.scores.size() < page.count;
    return std::shared_ptr<const HitWindow>(std::move(window));
}

base::Result<Batch> SearchIterators::Next(const BatchSettings& settings, vindex::Metric metric,
                                          bool walks, uint64_t fingerprint,
                                          const std::string& fresh_token, const Search& search) {
    Batch batch;
    batch.token = settings.token.empty() ? fresh_token : settings.token;
    ASSIGN_OR_RETURN(const std::optional<Mark> mark, PlaceOf(settings));
    std::optional<roles::HitPlace> place;
    if (mark.has_value()) {
        place = mark->place;
    }
    const auto size = static_cast<size_t>(settings.size);
    batch.window = WindowOf(batch.token, fingerprint);
    std::optional<size_t> begin;
    if (batch.window != nullptr) {
        begin = mark.has_value() && mark->window.lock() == batch.window
                    ? mark->end
                    : Locate(*batch.window, place, metric);
    }
    // One hit more than the batch tells whether it ends between two scores.
    const bool enough = begin.has_value() && (batch.window->complete ||
                                              batch.window->hits.scores.size() - *begin > size);
    if (!enough) {
        const uint64_t walk_id = fingerprint ^ base::Hash64(batch.token);
        ASSIGN_OR_RETURN(batch.window, Fetch(settings, metric, walks, walk_id, place,
                                             batch.window.get(), begin.has_value(), search));
        begin = 0;
        Keep(batch.token, fingerprint, batch.window);
    }
    const roles::SearchResponse& hits = batch.window->hits;
    batch.begin = *begin;
    batch.end = std::min(*begin + size, hits.scores.size());
    if (batch.begin == batch.end) {
        batch.last_bound = settings.last_bound.value_or(0.0f);
        return batch;
    }
    batch.end = EndOf(batch);
    const bool between =
        batch.end == hits.scores.size() || hits.scores[batch.end] != hits.scores[batch.end - 1];
    const float last = hits.scores[batch.end - 1];
    // A place before that of an earlier batch says nothing by itself.
    const bool late = batch.window->after.has_value() &&
                      !IsBehind(hits, batch.end - 1, *batch.window->after, metric);
    if (between && !late && !IsCode(last)) {
        batch.last_bound = last;
    } else {
        batch.last_bound =
            Encode(batch.token, {PlaceBehind(hits, batch.end - 1), batch.window, batch.end});
    }
    return batch;
}

base::Result<std::optional<SearchIterators::Mark>> SearchIterators::PlaceOf(
    const BatchSettings& settings) {
    if (!settings.last_bound.has_value()) {
        return std::optional<Mark>();
    }
    if (!IsCode(*settings.last_bound)) {
        Mark mark;
        mark.place.score = *settings.last_bound;
        return std::optional<Mark>(std::move(mark));
    }
    const base::MutexLock lock(mutex_);
    const auto found = by_token_.find(settings.token);
    if (found != by_token_.end()) {
        for (const auto& [code, mark] : found->second->places) {
            if (BoundOfCode(code) == *settings.last_bound) {
                return std::optional<Mark>(mark);
            }
        }
    }
    return Invalid("search iterator [", settings.token, "] is not known any more, begin a new one");
}

std::shared_ptr<const HitWindow> SearchIterators::WindowOf(const std::string& token,
                                                           uint64_t fingerprint) {
    const base::MutexLock lock(mutex_);
    const auto found = by_token_.find(token);
    if (found == by_token_.end() || found->second->fingerprint != fingerprint) {
        return nullptr;
    }
    states_.splice(states_.begin(), states_, found->second);
    return found->second->window;
}

SearchIterators::State& SearchIterators::StateOf(const std::string& token) {
    const auto found = by_token_.find(token);
    if (found != by_token_.end()) {
        states_.splice(states_.begin(), states_, found->second);
        return states_.front();
    }
    states_.emplace_front();
    states_.front().token = token;
    by_token_[token] = states_.begin();
    Evict();
    return states_.front();
}

size_t SearchIterators::HitsOf(const State& state) {
    return state.window == nullptr ? 0 : state.window->hits.scores.size();
}

void SearchIterators::Evict() {
    while (states_.size() > 1 && (states_.size() > kIteratorsMax || hits_ > kHitsMax)) {
        hits_ -= HitsOf(states_.back());
        by_token_.erase(states_.back().token);
        states_.pop_back();
    }
}

void SearchIterators::Keep(const std::string& token, uint64_t fingerprint,
                           std::shared_ptr<const HitWindow> window) {
    const base::MutexLock lock(mutex_);
    State& state = StateOf(token);
    hits_ -= HitsOf(state);
    state.fingerprint = fingerprint;
    state.window = std::move(window);
    hits_ += HitsOf(state);
    Evict();
}

float SearchIterators::Encode(const std::string& token, Mark mark) {
    const base::MutexLock lock(mutex_);
    State& state = StateOf(token);
    const uint32_t code = state.codes++ % kCodes;
    state.places[code] = std::move(mark);
    if (state.places.size() > kPlacesKept) {
        state.places.erase(state.places.begin());
    }
    return BoundOfCode(code);
}

base::Timestamp SearchIterators::MomentOf(const std::string& token) const {
    const base::MutexLock lock(mutex_);
    const auto found = by_token_.find(token);
    return found == by_token_.end() ? 0 : found->second->moment;
}

void SearchIterators::NoteMoment(const std::string& token, base::Timestamp moment) {
    const base::MutexLock lock(mutex_);
    StateOf(token).moment = moment;
}

}  // namespace elanus::proxy
