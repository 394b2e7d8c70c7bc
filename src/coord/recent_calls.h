// RecentCalls: the outcome of the last few thousand DDL calls by request id, so that a call
// delivered twice gets its first answer even where repeating it would be an error (rename).
// Threads: any.
#pragma once

#include "base/mutex.h"
#include "base/status.h"

#include <deque>
#include <map>
#include <optional>
#include <string>

namespace elanus::coord {

class RecentCalls {
  public:
    // Empty when this call has not been seen, or carries no request id.
    std::optional<base::Status> Find(const char* method, const std::string& request_id) {
        base::MutexLock lock(mutex_);
        const auto found = outcomes_.find(Key(method, request_id));
        return found == outcomes_.end() ? std::nullopt : std::optional(found->second);
    }
    void Remember(const char* method, const std::string& request_id, const base::Status& status) {
        if (request_id.empty()) {
            return;
        }
        base::MutexLock lock(mutex_);
        const std::string key = Key(method, request_id);
        if (outcomes_.emplace(key, status).second) {
            order_.push_back(key);
        }
        if (order_.size() > kKept) {
            outcomes_.erase(order_.front());
            order_.pop_front();
        }
    }

  private:
    static constexpr size_t kKept = 4096;
    static std::string Key(const char* method, const std::string& request_id) {
        return std::string(method) + '\n' + request_id;
    }

    base::Mutex mutex_;
    std::map<std::string, base::Status> outcomes_ GUARDED_BY(mutex_);
    std::deque<std::string> order_ GUARDED_BY(mutex_);
};

}  // namespace elanus::coord
