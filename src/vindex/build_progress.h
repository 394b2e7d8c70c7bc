// How a build tells how far it is, to the callback that it was given (BuildInput::progress).
//
// Whoever does a part of a build is given a Progress for that part and tells shares of it, 0 to 1;
// what splits work into parts says how long each usually takes. No part knows what the others are,
// and a share is an estimate: of the time on a usual processor, not of the rows.
// Invariants:
//   INV-PROGRESS-1  What the callback sees rises, from 0; 1 comes last and only once all is done.
//   INV-PROGRESS-2  It is called by one thread at a time, and at most about a hundred times.
// Threads: a Progress may be called from any.
#pragma once

#include "base/mutex.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace elanus::vindex {

// Takes the share of some work that is done. Empty: nobody wants to know.
using Progress = std::function<void(double)>;

// Of a whole build: in front of a callback, which outlives it.
class RisingProgress {
  public:
    explicit RisingProgress(const Progress& callback);

    // Passed on when it is a step further than what was before, and not the end.
    void Report(double share);
    void Finish();

  private:
    const Progress& callback_;
    base::Mutex mutex_;
    double last_ GUARDED_BY(mutex_) = 0;
};

// Of work in parts, done one after the other. Used from one thread.
class PartsProgress {
  public:
    // `weights` are what the parts usually take, in any unit.
    PartsProgress(Progress whole, std::vector<double> weights);

    // That of the next part; it may outlive this.
    Progress Next();

  private:
    const Progress whole_;
    std::vector<double> ends_;  // of the parts, as shares of the whole
    size_t next_ = 0;
};

// Of work that is so many equal units, done on several threads.
class CountedProgress {
  public:
    // `whole` outlives it.
    CountedProgress(const Progress& whole, uint64_t units)
        : whole_(whole), units_(units > 0 ? units : 1) {}

    void Add(uint64_t units);

  private:
    const Progress& whole_;
    const uint64_t units_;
    std::atomic<uint64_t> done_{0};
};

}  // namespace elanus::vindex
