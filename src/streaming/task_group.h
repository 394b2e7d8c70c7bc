// TaskGroup: everything that runs elsewhere and refers to one owner. Close() waits for what runs
// and turns away what comes later, so that the owner may go while timers still hold tasks. Threads:
// any. Close() not from inside a task of the group.
#pragma once

#include "base/mutex.h"
#include "sys/executor.h"

#include <memory>

namespace elanus::streaming {

class TaskGroup : public std::enable_shared_from_this<TaskGroup> {
  public:
    // The task runs only if it starts before Close().
    sys::Task Wrap(sys::Task task) {
        return [self = shared_from_this(), task = std::move(task)] {
            if (self->Enter()) {
                task();
                self->Leave();
            }
        };
    }
    void Submit(sys::Executor& executor, sys::Task task) { executor.Submit(Wrap(std::move(task))); }

    void Close() {
        base::MutexLock lock(mutex_);
        closed_ = true;
        while (running_ > 0) {
            idle_.Wait(mutex_);
        }
    }
    bool closed() const {
        base::MutexLock lock(mutex_);
        return closed_;
    }

  private:
    bool Enter() {
        base::MutexLock lock(mutex_);
        if (closed_) {
            return false;
        }
        ++running_;
        return true;
    }
    void Leave() {
        base::MutexLock lock(mutex_);
        if (--running_ == 0) {
            idle_.NotifyAll();
        }
    }

    mutable base::Mutex mutex_;
    base::CondVar idle_;
    bool closed_ GUARDED_BY(mutex_) = false;
    int running_ GUARDED_BY(mutex_) = 0;
};

}  // namespace elanus::streaming
