// RecentRequests: which requests were answered lately, so that a repeat (its reply was lost) gets
// the first answer and is applied once.
//
// A failed request is forgotten: its repeat is a new attempt.
// Threads: any.
#pragma once

#include "base/mutex.h"
#include "roles/streaming_node.h"
#include "streaming/log_record.h"

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace elanus::streaming {

class RecentRequests {
  public:
    RecentRequests(int64_t window_ns, size_t entries_limit)
        : window_ns_(window_ns), entries_limit_(entries_limit) {}

    enum class Seen : uint8_t { kNew, kInFlight, kAnswered };
    // kNew: the caller goes on and calls Finish. kInFlight: `done` was taken and will be called.
    // kAnswered: `answer` is set. An empty id is always new.
    Seen Begin(const std::string& request_id, roles::AppendCallback* done,
               roles::AppendResponse* answer);
    // Remembers a success and returns who else waits for it.
    std::vector<roles::AppendCallback> Finish(const std::string& request_id,
                                              const base::Result<roles::AppendResponse>& result,
                                              base::LogPosition position, int64_t now_ns);

    // From replay. The first answer of an id stays.
    void Remember(const std::string& request_id, base::Timestamp timestamp,
                  base::LogPosition position, int64_t now_ns);
    // What would be forgotten by a restart if the log began at `position`.
    std::vector<AnsweredRequest> AnsweredBefore(base::LogPosition position, int64_t now_ns) const;
    // They stand in the log at `position` as well.
    void MoveTo(base::LogPosition position, const std::vector<AnsweredRequest>& requests);
    size_t size() const;

  private:
    struct Entry {
        bool answered = false;
        base::Timestamp timestamp = 0;
        base::LogPosition position = 0;
        int64_t answered_ns = 0;
        std::vector<roles::AppendCallback> waiters;
    };
    void Answer(const std::string& request_id, base::Timestamp timestamp,
                base::LogPosition position, int64_t now_ns) REQUIRES(mutex_);

    const int64_t window_ns_;
    const size_t entries_limit_;
    mutable base::Mutex mutex_;
    std::unordered_map<std::string, Entry> entries_ GUARDED_BY(mutex_);
    std::deque<std::string> answered_order_ GUARDED_BY(mutex_);  // oldest first
};

}  // namespace elanus::streaming
