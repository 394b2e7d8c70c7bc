// Executor: where work runs. Pools are made in main and passed down; nobody else starts threads.
//
// ThreadPool: fixed worker threads over one bounded-by-memory queue; idle workers sleep (no ticks).
// Waking a thread costs more than a short task, and more of them on their way than there are cores
// start no task sooner. So at most that many are woken at a time; one that arrives and finds more
// than it can take wakes the next, and one that is still busy when a task comes needs no waking.
//   INV-POOL-1  While tasks wait, either no thread sleeps or one is on its way.
// InlineExecutor: runs the task in the caller (tests, simulation).
// Strand: a serial queue on top of an executor: tasks run one after another, in order, never two at
// once, on whichever thread is free. The owner must Drain() before anything a task refers to dies.
#pragma once

#include "base/mutex.h"

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace elanus::sys {

using Task = std::function<void()>;

class Executor {
  public:
    virtual ~Executor() = default;
    virtual void Submit(Task task) = 0;
    // Runs task(i) for i in [0, count), possibly in parallel; the caller takes part, so it never
    // waits for a pool that is full of waiting callers. Returns when all are done.
    virtual void ParallelFor(size_t count, const std::function<void(size_t)>& task) = 0;
    virtual size_t parallelism() const = 0;
};

class ThreadPool : public Executor {
  public:
    ThreadPool(std::string_view name, size_t threads);
    ~ThreadPool() override;  // finishes what was submitted
    void Submit(Task task) override;
    void ParallelFor(size_t count, const std::function<void(size_t)>& task) override;
    size_t parallelism() const override { return threads_.size(); }

  private:
    void Run();
    // Counts one more thread as waking; the caller then notifies it, after unlocking.
    bool ShouldWake() REQUIRES(mutex_);
    void Sleep() REQUIRES(mutex_);

    const size_t waking_max_;
    base::Mutex mutex_;
    base::CondVar wake_;
    std::deque<Task> tasks_ GUARDED_BY(mutex_);
    size_t sleeping_ GUARDED_BY(mutex_) = 0;
    size_t waking_ GUARDED_BY(mutex_) = 0;  // of those that sleep: notified and on their way
    bool stopping_ GUARDED_BY(mutex_) = false;
    std::vector<std::thread> threads_;
};

class InlineExecutor : public Executor {
  public:
    void Submit(Task task) override { task(); }
    void ParallelFor(size_t count, const std::function<void(size_t)>& task) override;
    size_t parallelism() const override { return 1; }
};

class Strand {
  public:
    explicit Strand(Executor& executor) : executor_(executor) {}
    ~Strand() { Drain(); }
    void Submit(Task task);
    // Waits until every task submitted before has run. Not from inside a task of the strand.
    void Drain();

  private:
    void RunSome();

    Executor& executor_;
    base::Mutex mutex_;
    base::CondVar idle_;
    std::deque<Task> tasks_ GUARDED_BY(mutex_);
    bool scheduled_ GUARDED_BY(mutex_) = false;
};

}  // namespace elanus::sys
