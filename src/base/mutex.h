// Mutex, MutexLock and CondVar: std types with clang's thread-safety annotations (checked in the
// `clang` preset, nothing elsewhere).
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define ELANUS_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define ELANUS_THREAD_ATTRIBUTE(x)
#endif
#define CAPABILITY(x) ELANUS_THREAD_ATTRIBUTE(capability(x))
#define SCOPED_CAPABILITY ELANUS_THREAD_ATTRIBUTE(scoped_lockable)
#define GUARDED_BY(x) ELANUS_THREAD_ATTRIBUTE(guarded_by(x))
#define REQUIRES(...) ELANUS_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) ELANUS_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) ELANUS_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) ELANUS_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS ELANUS_THREAD_ATTRIBUTE(no_thread_safety_analysis)

namespace elanus::base {

class CAPABILITY("mutex") Mutex {
  public:
    void Lock() ACQUIRE() { mutex_.lock(); }
    void Unlock() RELEASE() { mutex_.unlock(); }

  private:
    friend class CondVar;
    std::mutex mutex_;
};

class SCOPED_CAPABILITY MutexLock {
  public:
    explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
    ~MutexLock() RELEASE() { mutex_.Unlock(); }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

  private:
    Mutex& mutex_;
};

class CondVar {
  public:
    // The caller holds `mutex`, as for std::condition_variable.
    void Wait(Mutex& mutex) NO_THREAD_SAFETY_ANALYSIS {
        std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
        condition_.wait(lock);
        lock.release();
    }
    // False when the time ran out.
    bool WaitFor(Mutex& mutex, std::chrono::nanoseconds duration) NO_THREAD_SAFETY_ANALYSIS {
        std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
        const bool woken = condition_.wait_for(lock, duration) == std::cv_status::no_timeout;
        lock.release();
        return woken;
    }
    void NotifyOne() { condition_.notify_one(); }
    void NotifyAll() { condition_.notify_all(); }

  private:
    std::condition_variable condition_;
};

}  // namespace elanus::base
