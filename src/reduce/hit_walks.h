// HitWalks: how far the iterators of a process have walked through its segments, from one page of
// hits to the next.
//
// A page is one search request for the hits of all segments behind a place. A segment whose index
// can go on (vindex/row_iterator.h) keeps its iterator here under the number of the walk that the
// request names; others, and those that find nothing here, compare all rows. A walk's turns count
// from 0. Hits that were offered in an earlier turn and do not lie behind the place that was
// reached have been taken; others are offered again. So a turn may be asked for twice, and a row
// that an index finds late is offered although it lies before that place.
//   INV-WALK-1  Over the turns of a walk each hit of a segment is offered until it is taken, not
//               afterwards.
// What is here is a cache: a walk that was dropped goes on by comparing all rows behind the place.
// It holds at most kBytesMax, those used last, and nothing that was not used for kIdleMs.
// Threads: any.
#pragma once

#include "base/mutex.h"
#include "base/status.h"
#include "roles/read.h"
#include "segment/segment.h"
#include "sys/clock.h"
#include "vindex/row_iterator.h"

#include <cstdint>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace elanus::reduce {

// One walk through one segment.
struct HitWalk {
    static constexpr uint32_t kNotOffered = std::numeric_limits<uint32_t>::max();
    struct Hit {
        base::RowOffset row;
        float score;
        uint32_t turn;  // in which it was offered first
    };

    explicit HitWalk(std::unique_ptr<vindex::RowIterator> from_near) : rows(std::move(from_near)) {}

    base::Mutex mutex;
    const std::unique_ptr<vindex::RowIterator> rows;   // used under the mutex
    std::vector<Hit> hits GUARDED_BY(mutex);           // found and not taken
    std::vector<uint32_t> unscored GUARDED_BY(mutex);  // given by `rows` and not yet among the hits
    uint32_t turn GUARDED_BY(mutex) = 0;
    bool at_end GUARDED_BY(mutex) = false;
};

class HitWalks {
  public:
    static constexpr uint64_t kBytesMax = uint64_t{256} << 20;
    static constexpr int64_t kIdleMs = 600'000;

    explicit HitWalks(sys::Clock* clock) : clock_(clock) {}

    // Null when there is none.
    std::shared_ptr<HitWalk> Find(uint64_t walk, base::SegmentId segment);
    // Keeps it, with the bytes it holds now, as the one used last.
    void Keep(uint64_t walk, base::SegmentId segment, std::shared_ptr<HitWalk> kept,
              uint64_t bytes);
    // Lets go of what was not used for kIdleMs.
    void DropIdle();
    // Lets go of everything about the segment.
    void DropSegment(base::SegmentId segment);
    uint64_t bytes() const;

  private:
    using Key = std::pair<uint64_t, base::SegmentId>;
    struct Entry {
        Key key;
        std::shared_ptr<HitWalk> walk;
        uint64_t bytes = 0;
        int64_t used_ms = 0;
    };
    using Entries = std::list<Entry>;

    void Erase(Entries::iterator entry) REQUIRES(mutex_);
    void Evict(int64_t now_ms) REQUIRES(mutex_);

    sys::Clock* const clock_;
    mutable base::Mutex mutex_;
    Entries entries_ GUARDED_BY(mutex_);  // the one used last in front
    std::map<Key, Entries::iterator> by_key_ GUARDED_BY(mutex_);
    uint64_t bytes_ GUARDED_BY(mutex_) = 0;
};

// The request's page of one segment by its walk; nothing when there is no walk to go on with.
base::Result<std::optional<roles::SearchResponse>> WalkSegment(const segment::Segment& segment,
                                                               const roles::SearchRequest& request,
                                                               uint32_t k,
                                                               const segment::ReadOptions& options,
                                                               HitWalks* walks);

}  // namespace elanus::reduce
