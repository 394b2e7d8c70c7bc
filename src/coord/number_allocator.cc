#include "coord/number_allocator.h"

#include <algorithm>

namespace elanus::coord {

NumberAllocator::NumberAllocator(CoordStore& store, sys::Clock& clock, std::string name)
    : store_(store), clock_(clock), key_("alloc/" + std::move(name)) {}

base::Status NumberAllocator::Open() {
    ASSIGN_OR_RETURN(const auto saved, store_.Get(key_));
    base::MutexLock lock(mutex_);
    if (saved.has_value()) {
        next_ = std::stoull(*saved);
        limit_ = next_;
    }
    return base::Status();
}

base::Result<uint64_t> NumberAllocator::Allocate(uint32_t count) {
    base::MutexLock lock(mutex_);
    const int64_t now_ms = clock_.WallMs();
    const uint64_t first = std::max<uint64_t>(next_, base::ComposeTimestamp(now_ms));
    const uint64_t end = first + count;
    if (end > limit_) {
        RETURN_IF_ERROR(MoveLimit(std::max<uint64_t>(end, base::ComposeTimestamp(now_ms)) +
                                  base::ComposeTimestamp(kWindowMs)));
    }
    next_ = end;
    return first;
}

base::Status NumberAllocator::GiveBackWindow() {
    base::MutexLock lock(mutex_);
    return next_ < limit_ ? MoveLimit(next_) : base::Status();
}

base::Status NumberAllocator::MoveLimit(uint64_t limit) {
    catalog::Txn txn;
    txn.Set(key_, std::to_string(limit));
    RETURN_IF_ERROR(store_.Commit(std::move(txn)));
    limit_ = limit;
    return base::Status();
}

}  // namespace elanus::coord
