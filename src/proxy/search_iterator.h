// Search iterators of the second kind (API map 5.4): batch after batch from near to far, over one
// snapshot, to the last row.
//
// A batch names its last score (`last_bound`); the next one goes on behind it. Clients send back
// nothing else that changes from batch to batch, so a batch ends between two different scores where
// it can, and is shorter then. Where more hits than a batch holds have one score it cannot; the
// bound is then a code (a number no score is: 2^100 and more) for a place between two primary keys,
// which this process remembers by the iterator's token. Asked again, a batch is the same.
// INV-ITERATOR-1  The batches of one iterator hold every matching row once, in the order of score
//                 and primary key, but for rows that an approximate index finds late: these come in
//                 a later batch, before farther ones (they lie before the place that was reached).
// Hits are searched for in windows of several batches, which wait here until they are asked for.
// A window is a turn of a walk (reduce/hit_walks.h): segments with a graph go on where the window
// before ended, others compare all rows. Windows of a walk grow from two batches to sixteen.
// What is forgotten (a restart, too many iterators) is searched for again, by comparing all rows
// behind the bound; only a coded bound is then refused. Memory: kHitsMax hits. Threads: any.
#pragma once

#include "base/mutex.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "proxy/api.h"
#include "proxy/search_shape.h"
#include "roles/read.h"
#include "vindex/metric.h"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace elanus::proxy {

// Hits of one iterator behind a place.
struct HitWindow {
    std::optional<roles::HitPlace> from;   // the bound that asked for it; none: from the first hit
    std::optional<roles::HitPlace> after;  // the farthest place of all windows before
    std::optional<uint32_t> turn;          // of the walk that found it
    roles::SearchResponse hits;            // of one query
    bool complete = false;                 // there are no more behind them
};

// A batch: hits [begin, end) of the window.
struct Batch {
    std::shared_ptr<const HitWindow> window;
    size_t begin = 0;
    size_t end = 0;
    std::string token;
    float last_bound = 0;
};

class SearchIterators {
  public:
    // The first `count` hits behind `after`, of the exact search that the iterator stands for, or,
    // where segments can, of the walk.
    struct Page {
        std::optional<roles::HitPlace> after;
        uint32_t count = 0;
        std::optional<roles::WalkTurn> walk;
    };
    using Search = std::function<base::Result<roles::SearchResponse>(const Page&)>;

    // `walks`: an approximate index may be walked. `fingerprint` of what is searched for and of the
    // snapshot: hits kept under a token count only for the search that they were found by. 1100 for
    // a bound whose place is not known any more.
    base::Result<Batch> Next(const BatchSettings& settings, vindex::Metric metric, bool walks,
                             uint64_t fingerprint, const std::string& fresh_token,
                             const Search& search);

    // The moment of an iterator whose client does not send it back; 0 when it is not known.
    base::Timestamp MomentOf(const std::string& token) const;
    void NoteMoment(const std::string& token, base::Timestamp moment);

    static constexpr size_t kIteratorsMax = 10'000;
    static constexpr size_t kHitsMax = 1 << 20;

  private:
    // A place that a code stands for: behind hit end - 1 of the window.
    struct Mark {
        roles::HitPlace place;
        std::weak_ptr<const HitWindow> window;
        size_t end = 0;
    };
    struct State {
        std::string token;
        uint64_t fingerprint = 0;
        base::Timestamp moment = 0;
        std::shared_ptr<const HitWindow> window;
        uint32_t codes = 0;               // given so far
        std::map<uint32_t, Mark> places;  // behind the last few codes
    };

    // Of a bound that is no code only the place. Nothing for the first batch.
    base::Result<std::optional<Mark>> PlaceOf(const BatchSettings& settings);
    // The next window; `known`: all hits up to the place were given, of `last` (may be null).
    base::Result<std::shared_ptr<const HitWindow>> Fetch(
        const BatchSettings& settings, vindex::Metric metric, bool walks, uint64_t walk_id,
        const std::optional<roles::HitPlace>& place, const HitWindow* last, bool known,
        const Search& search) const;
    std::shared_ptr<const HitWindow> WindowOf(const std::string& token, uint64_t fingerprint);
    void Keep(const std::string& token, uint64_t fingerprint,
              std::shared_ptr<const HitWindow> window);
    // The bound that stands for the place.
    float Encode(const std::string& token, Mark mark);
    State& StateOf(const std::string& token) REQUIRES(mutex_);
    void Evict() REQUIRES(mutex_);
    static size_t HitsOf(const State& state);

    mutable base::Mutex mutex_;
    std::list<State> states_ GUARDED_BY(mutex_);  // the one used last in front
    std::map<std::string, std::list<State>::iterator> by_token_ GUARDED_BY(mutex_);
    size_t hits_ GUARDED_BY(mutex_) = 0;  // in all windows
};

// A random UUID of version 4, made of two random numbers.
std::string MakeUuid(uint64_t high, uint64_t low);

// Of what a request searches for and at which moment.
uint64_t FingerprintOf(const roles::SearchRequest& request);

// The consistency of the request; of an iterator whose request names no moment with the moment that
// its client sends among the parameters, or that its first batch was of.
Consistency PinnedConsistency(const SearchIterators& iterators, const SearchRequest& request,
                              const SearchSettings& settings, const SearchShape& shape);

}  // namespace elanus::proxy
