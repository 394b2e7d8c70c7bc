// Search iterators of the second kind (API map 5.4): batch after batch from near to far, over one
// snapshot, to the last row.
//
// A batch names its last score (`last_bound`); the next one goes on behind it. Clients send back
// nothing else that changes from batch to batch, so a batch ends between two different scores where
// it can, and is shorter then. Where more hits than a batch holds have one score it cannot; the
// bound is then a code (a number no score is: 2^100 and more) for a place between two primary keys,
// which this process remembers by the iterator's token. Asked again, a batch is the same.
// INV-ITERATOR-1  The batches of one iterator hold every matching row once, in the order of score
//                 and primary key: every batch is cut from exact searches of the same snapshot.
// An exact search costs a scan of the rows, however far the iterator is. It fetches many batches at
// once; they wait here until they are asked for, so that a scan is paid once in a while. What is
// forgotten (a restart, too many iterators) is searched for again; only a coded bound is then
// refused. Memory: kHitsMax hits. Threads: any.
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
    std::optional<roles::HitPlace> after;  // none: from the first hit
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
    // The first `count` hits behind the place, of the exact search that the iterator stands for.
    using Search = std::function<base::Result<roles::SearchResponse>(
        const std::optional<roles::HitPlace>& after, uint32_t count)>;

    // `fingerprint` of what is searched for and of the snapshot: hits kept under a token count only
    // for the search that they were found by. 1100 for a bound whose place is not known any more.
    base::Result<Batch> Next(const BatchSettings& settings, vindex::Metric metric,
                             uint64_t fingerprint, const std::string& fresh_token,
                             const Search& search);

    // The moment of an iterator whose client does not send it back; 0 when it is not known.
    base::Timestamp MomentOf(const std::string& token) const;
    void NoteMoment(const std::string& token, base::Timestamp moment);

    static constexpr size_t kIteratorsMax = 10'000;
    static constexpr size_t kHitsMax = 1 << 20;

  private:
    struct State {
        std::string token;
        uint64_t fingerprint = 0;
        base::Timestamp moment = 0;
        std::shared_ptr<const HitWindow> window;
        uint32_t codes = 0;                          // given so far
        std::map<uint32_t, roles::HitPlace> places;  // behind the last few codes
    };

    base::Result<std::optional<roles::HitPlace>> PlaceOf(const BatchSettings& settings);
    std::shared_ptr<const HitWindow> WindowOf(const std::string& token, uint64_t fingerprint);
    void Keep(const std::string& token, uint64_t fingerprint,
              std::shared_ptr<const HitWindow> window);
    // The bound that stands for the place.
    float Encode(const std::string& token, roles::HitPlace place);
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
