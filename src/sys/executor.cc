#include "sys/executor.h"

#include "sys/process.h"
#include "sys/thread.h"

#include <algorithm>
#include <atomic>
#include <string>

namespace elanus::sys {
namespace {

// A strand gives its thread back after this many tasks, so that others on the pool get their turn.
constexpr int kStrandSliceTasks = 16;

// One ParallelFor: workers take the next index until none is left. A helper that starts after the
// caller has returned finds no index left and never touches `task`.
struct ParallelLoop {
    ParallelLoop(size_t n, const std::function<void(size_t)>& t) : count(n), task(t) {}

    void Work() {
        size_t finished = 0;
        for (size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
            task(i);
            ++finished;
        }
        if (finished == 0) {
            return;
        }
        base::MutexLock lock(mutex);
        done += finished;
        if (done == count) {
            all_done.NotifyAll();
        }
    }
    void WaitForAll() {
        base::MutexLock lock(mutex);
        while (done < count) {
            all_done.Wait(mutex);
        }
    }

    const size_t count;
    const std::function<void(size_t)>& task;
    std::atomic<size_t> next{0};
    base::Mutex mutex;
    base::CondVar all_done;
    size_t done GUARDED_BY(mutex) = 0;
};

}  // namespace

ThreadPool::ThreadPool(std::string_view name, size_t threads) : waking_max_(CpuCount()) {
    threads_.reserve(threads);
    for (size_t i = 0; i < std::max<size_t>(threads, 1); ++i) {
        threads_.emplace_back([this, thread_name = std::string(name) + "-" + std::to_string(i)] {
            SetThreadName(thread_name);
            Run();
        });
    }
}

ThreadPool::~ThreadPool() {
    {
        base::MutexLock lock(mutex_);
        stopping_ = true;
    }
    wake_.NotifyAll();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

void ThreadPool::Submit(Task task) {
    bool wake = false;
    {
        base::MutexLock lock(mutex_);
        tasks_.push_back(std::move(task));
        wake = ShouldWake();
    }
    if (wake) {
        wake_.NotifyOne();
    }
}

bool ThreadPool::ShouldWake() {
    if (tasks_.empty() || waking_ >= std::min(sleeping_, waking_max_)) {
        return false;
    }
    ++waking_;
    return true;
}

// A thread that wakes without having been notified counts as one that was; the notified one then
// finds the count lower than it should be, which costs at most one more notification.
void ThreadPool::Sleep() {
    ++sleeping_;
    wake_.Wait(mutex_);
    --sleeping_;
    waking_ -= waking_ > 0 ? 1 : 0;
}

void ThreadPool::ParallelFor(size_t count, const std::function<void(size_t)>& task) {
    if (count == 0) {
        return;
    }
    auto loop = std::make_shared<ParallelLoop>(count, task);
    const size_t helpers = std::min(count - 1, threads_.size());
    for (size_t i = 0; i < helpers; ++i) {
        Submit([loop] { loop->Work(); });
    }
    loop->Work();
    loop->WaitForAll();
}

void ThreadPool::Run() {
    while (true) {
        Task task;
        bool wake = false;
        {
            base::MutexLock lock(mutex_);
            while (tasks_.empty() && !stopping_) {
                Sleep();
            }
            if (tasks_.empty()) {
                return;
            }
            task = std::move(tasks_.front());
            tasks_.pop_front();
            wake = ShouldWake();
        }
        if (wake) {
            wake_.NotifyOne();
        }
        task();
    }
}

void InlineExecutor::ParallelFor(size_t count, const std::function<void(size_t)>& task) {
    for (size_t i = 0; i < count; ++i) {
        task(i);
    }
}

void Strand::Submit(Task task) {
    {
        base::MutexLock lock(mutex_);
        tasks_.push_back(std::move(task));
        if (scheduled_) {
            return;
        }
        scheduled_ = true;
    }
    executor_.Submit([this] { RunSome(); });
}

void Strand::Drain() {
    base::MutexLock lock(mutex_);
    while (scheduled_) {
        idle_.Wait(mutex_);
    }
}

void Strand::RunSome() {
    for (int i = 0; i < kStrandSliceTasks; ++i) {
        Task task;
        {
            base::MutexLock lock(mutex_);
            if (tasks_.empty()) {
                // The last touch of this object: the owner may destroy it once the lock is free.
                scheduled_ = false;
                idle_.NotifyAll();
                return;
            }
            task = std::move(tasks_.front());
            tasks_.pop_front();
        }
        task();
    }
    executor_.Submit([this] { RunSome(); });
}

}  // namespace elanus::sys
