#include "streaming/recent_requests.h"

namespace elanus::streaming {

RecentRequests::Seen RecentRequests::Begin(const std::string& request_id,
                                           roles::AppendCallback* done,
                                           roles::AppendResponse* answer) {
    if (request_id.empty()) {
        return Seen::kNew;
    }
    base::MutexLock lock(mutex_);
    const auto [found, fresh] = entries_.try_emplace(request_id);
    if (fresh) {
        return Seen::kNew;
    }
    if (found->second.answered) {
        answer->timestamp = found->second.timestamp;
        return Seen::kAnswered;
    }
    found->second.waiters.push_back(std::move(*done));
    return Seen::kInFlight;
}

std::vector<roles::AppendCallback> RecentRequests::Finish(
    const std::string& request_id, const base::Result<roles::AppendResponse>& result,
    base::LogPosition position, int64_t now_ns) {
    if (request_id.empty()) {
        return {};
    }
    base::MutexLock lock(mutex_);
    const auto found = entries_.find(request_id);
    if (found == entries_.end()) {
        return {};
    }
    std::vector<roles::AppendCallback> waiters = std::move(found->second.waiters);
    if (result.ok()) {
        Answer(request_id, result->timestamp, position, now_ns);
    } else {
        entries_.erase(found);
    }
    return waiters;
}

void RecentRequests::Remember(const std::string& request_id, base::Timestamp timestamp,
                              base::LogPosition position, int64_t now_ns) {
    if (request_id.empty()) {
        return;
    }
    base::MutexLock lock(mutex_);
    const auto found = entries_.find(request_id);
    if (found != entries_.end()) {
        found->second.position = position;
        return;
    }
    Answer(request_id, timestamp, position, now_ns);
}

void RecentRequests::Answer(const std::string& request_id, base::Timestamp timestamp,
                            base::LogPosition position, int64_t now_ns) {
    Entry& entry = entries_[request_id];
    entry.answered = true;
    entry.timestamp = timestamp;
    entry.position = position;
    entry.answered_ns = now_ns;
    entry.waiters.clear();
    answered_order_.push_back(request_id);
    while (!answered_order_.empty()) {
        const auto oldest = entries_.find(answered_order_.front());
        const bool expired = oldest->second.answered_ns + window_ns_ < now_ns;
        if (!expired && answered_order_.size() <= entries_limit_) {
            return;
        }
        entries_.erase(oldest);
        answered_order_.pop_front();
    }
}

std::vector<AnsweredRequest> RecentRequests::AnsweredBefore(base::LogPosition position,
                                                            int64_t now_ns) const {
    base::MutexLock lock(mutex_);
    std::vector<AnsweredRequest> requests;
    for (const std::string& id : answered_order_) {
        const Entry& entry = entries_.at(id);
        if (entry.position < position && entry.answered_ns + window_ns_ >= now_ns) {
            requests.push_back({id, entry.timestamp});
        }
    }
    return requests;
}

void RecentRequests::MoveTo(base::LogPosition position,
                            const std::vector<AnsweredRequest>& requests) {
    base::MutexLock lock(mutex_);
    for (const AnsweredRequest& request : requests) {
        const auto found = entries_.find(request.request_id);
        if (found != entries_.end()) {
            found->second.position = position;
        }
    }
}

size_t RecentRequests::size() const {
    base::MutexLock lock(mutex_);
    return entries_.size();
}

}  // namespace elanus::streaming
