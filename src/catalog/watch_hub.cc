#include "catalog/watch_hub.h"

#include <utility>

namespace elanus::catalog {

using base::Code;
using base::MutexLock;
using base::Result;
using base::Status;

class WatchHub::Handle : public WatchHandle {
  public:
    Handle(std::shared_ptr<WatchHub> hub, uint64_t id) : hub_(std::move(hub)), id_(id) {}
    ~Handle() override { hub_->Remove(id_); }

  private:
    const std::shared_ptr<WatchHub> hub_;
    const uint64_t id_;
};

void WatchHub::Append(Revision revision, std::vector<WatchEvent> events) {
    Entry entry;
    for (const WatchEvent& event : events) {
        entry.bytes += event.item.key.size() + event.item.value.size() + sizeof(WatchEvent);
    }
    entry.events = std::move(events);
    MutexLock lock(mutex_);
    CHECK(revision == current_ + 1, "catalog revisions without a gap");
    current_ = revision;
    history_events_ += entry.events.size();
    history_bytes_ += entry.bytes;
    history_.push_back(std::move(entry));
    Trim();
}

// The newest change always stays, however large: watchers that keep up must see it.
void WatchHub::Trim() {
    while (history_.size() > 1 &&
           (history_events_ > limits_.events || history_bytes_ > limits_.bytes)) {
        history_events_ -= history_.front().events.size();
        history_bytes_ -= history_.front().bytes;
        history_.pop_front();
        ++first_kept_;
    }
}

Result<std::unique_ptr<WatchHandle>> WatchHub::Add(const std::string& prefix, Revision from,
                                                   WatchCallback callback) {
    uint64_t id = 0;
    {
        MutexLock lock(mutex_);
        const Revision next = from == 0 ? current_ + 1 : from;
        if (next < first_kept_) {
            return Status::Error(Code::kCompacted, "catalog watch from revision " +
                                                       std::to_string(next) + ", kept from " +
                                                       std::to_string(first_kept_));
        }
        id = ++last_id_;
        watchers_[id] =
            std::make_shared<Watcher>(Watcher{prefix, std::move(callback), next, false});
    }
    return std::unique_ptr<WatchHandle>(std::make_unique<Handle>(shared_from_this(), id));
}

void WatchHub::Remove(uint64_t id) {
    MutexLock lock(mutex_);
    const auto found = watchers_.find(id);
    if (found == watchers_.end()) {
        return;
    }
    const std::shared_ptr<Watcher> watcher = found->second;
    watchers_.erase(found);
    // Inside its own callback (or one above it on this thread) waiting would never end.
    while (watcher->in_call && deliverer_ != std::this_thread::get_id()) {
        call_ended_.Wait(mutex_);
    }
}

void WatchHub::Close() {
    MutexLock lock(mutex_);
    closed_ = true;
    while (delivering_ && deliverer_ != std::this_thread::get_id()) {
        call_ended_.Wait(mutex_);
    }
}

bool WatchHub::UnchangedSince(Revision since, const KeyRange& range) {
    MutexLock lock(mutex_);
    if (since + 1 < first_kept_ || since > current_) {
        return false;
    }
    for (auto i = static_cast<size_t>(since + 1 - first_kept_); i < history_.size(); ++i) {
        for (const WatchEvent& event : history_[i].events) {
            if (range.Contains(event.item.key)) {
                return false;
            }
        }
    }
    return true;
}

// The next revision with a matching event, or the end of the watch, or nothing to see for now.
std::optional<WatchUpdate> WatchHub::NextUpdate(Watcher& watcher) {
    if (watcher.next < first_kept_) {
        return WatchUpdate{
            Status::Error(Code::kCompacted, "a catalog watch fell behind"), watcher.next, {}};
    }
    while (watcher.next <= current_) {
        const Revision revision = watcher.next++;
        WatchUpdate update{Status(), revision, {}};
        for (const WatchEvent& event :
             history_[static_cast<size_t>(revision - first_kept_)].events) {
            if (event.item.key.starts_with(watcher.prefix)) {
                update.events.push_back(event);
            }
        }
        if (!update.events.empty()) {
            return update;
        }
    }
    return std::nullopt;
}

// Gives every watch at most one update; true when there was any.
bool WatchHub::DeliverPass() {
    bool any = false;
    uint64_t last = 0;
    for (auto it = watchers_.begin(); it != watchers_.end() && !closed_;
         it = watchers_.upper_bound(last)) {
        last = it->first;
        const std::shared_ptr<Watcher> watcher = it->second;
        const std::optional<WatchUpdate> update = NextUpdate(*watcher);
        if (!update.has_value()) {
            continue;
        }
        any = true;
        watcher->in_call = true;
        mutex_.Unlock();
        watcher->callback(*update);
        mutex_.Lock();
        watcher->in_call = false;
        if (!update->status.ok()) {
            watchers_.erase(last);
        }
        call_ended_.NotifyAll();
    }
    return any;
}

void WatchHub::Deliver() {
    MutexLock lock(mutex_);
    if (delivering_) {
        return;
    }
    delivering_ = true;
    deliverer_ = std::this_thread::get_id();
    while (DeliverPass()) {
    }
    delivering_ = false;
    deliverer_ = std::thread::id();
    call_ended_.NotifyAll();
}

}  // namespace elanus::catalog
