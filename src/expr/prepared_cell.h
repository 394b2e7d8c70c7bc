// PreparedCell: what an evaluator made of a plan node once and wants to find again: a compiled
// pattern, a hash table of an in-list. A plan is evaluated block after block by many threads, and
// making these things anew for every block would cost more than the scan.
//
// The cell belongs to the node where it lies: a copied or moved node starts with an empty one, so
// what is prepared may point into its node. It is neither compared nor archived.
// Threads: any.
#pragma once

#include "base/mutex.h"
#include "base/status.h"

#include <memory>

namespace elanus::expr {

class PreparedCell {
  public:
    PreparedCell() = default;
    PreparedCell(const PreparedCell&) noexcept {}
    PreparedCell& operator=(const PreparedCell& other) noexcept {
        if (this != &other) {
            const base::MutexLock lock(mutex_);
            value_.reset();
        }
        return *this;
    }
    bool operator==(const PreparedCell&) const { return true; }

    // The T made by the first call. make() gives Result<std::shared_ptr<T>>; it runs at most once
    // at a time, under the cell's lock. A failure is not kept.
    template <typename T, typename Make>
    base::Result<std::shared_ptr<T>> Get(Make make) const {
        static const char kTag = 0;
        const base::MutexLock lock(mutex_);
        if (value_ == nullptr || tag_ != &kTag) {
            ASSIGN_OR_RETURN(std::shared_ptr<T> made, make());
            value_ = std::move(made);
            tag_ = &kTag;
        }
        return std::static_pointer_cast<T>(value_);
    }

  private:
    mutable base::Mutex mutex_;
    mutable std::shared_ptr<void> value_ GUARDED_BY(mutex_);
    mutable const void* tag_ GUARDED_BY(mutex_) = nullptr;  // the type of value_
};

}  // namespace elanus::expr
