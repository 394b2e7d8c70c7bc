// Timer: runs tasks once, later. One thread that sleeps until the earliest task is due, and without
// end when there is none: an idle timer costs nothing.
// Threads: any. Tasks run on the timer's thread and must be short; long work goes to an executor.
#pragma once

#include "base/mutex.h"
#include "sys/clock.h"
#include "sys/executor.h"
#include "sys/thread.h"

#include <functional>
#include <map>

namespace elanus::sys {

class Timer {
  public:
    explicit Timer(Clock& clock);
    // Tasks that are not due yet are dropped.
    ~Timer();

    void RunAfter(int64_t delay_ms, Task task);

  private:
    void Run();

    Clock& clock_;
    base::Mutex mutex_;
    base::CondVar changed_;
    std::multimap<int64_t, Task> tasks_ GUARDED_BY(mutex_);  // by monotonic nanoseconds
    bool stopping_ GUARDED_BY(mutex_) = false;
    Thread thread_;
};

}  // namespace elanus::sys
