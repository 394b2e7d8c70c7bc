#include "wal/local_log.h"

#include "base/mutex.h"
#include "wal/local_channel.h"

#include <atomic>
#include <map>

namespace elanus::wal {

using base::LogPosition;
using base::MutexLock;
using base::Result;
using base::Status;

namespace {

// The channels that are open, so that all objects of one name share one LocalChannel, and a name is
// not opened anew before the thread of its last LocalChannel has ended.
class OpenChannels : public std::enable_shared_from_this<OpenChannels> {
  public:
    using Opener = std::function<Result<std::unique_ptr<LocalChannel>>()>;

    // The open channel, or what `opener` makes. A dead one is left to those who hold it.
    Result<std::shared_ptr<LocalChannel>> Get(const std::string& name, const Opener& opener) {
        // Outlives the lock: should it be the last reference, its end takes the lock itself.
        std::shared_ptr<LocalChannel> channel;
        MutexLock lock(mutex_);
        while (true) {
            const auto slot = slots_.find(name);
            if (slot == slots_.end()) {
                break;
            }
            channel = slot->second.channel.lock();
            if (channel != nullptr && !channel->dead()) {
                return channel;
            }
            if (channel != nullptr) {
                break;  // it writes nothing any more
            }
            closed_.Wait(mutex_);
        }
        ASSIGN_OR_RETURN(auto opened, opener());
        LocalChannel* raw = opened.release();
        std::shared_ptr<LocalChannel> fresh(
            raw, [self = shared_from_this(), name](LocalChannel* closing) {
                delete closing;
                self->Forget(name, closing);
            });
        slots_[name] = {raw, fresh};
        return fresh;
    }

  private:
    struct Slot {
        const LocalChannel* identity = nullptr;
        std::weak_ptr<LocalChannel> channel;
    };

    void Forget(const std::string& name, const LocalChannel* closed) {
        MutexLock lock(mutex_);
        const auto slot = slots_.find(name);
        if (slot != slots_.end() && slot->second.identity == closed) {
            slots_.erase(slot);
        }
        closed_.NotifyAll();
    }

    base::Mutex mutex_;
    base::CondVar closed_;
    std::map<std::string, Slot> slots_ GUARDED_BY(mutex_);
};

class LocalLogChannel : public LogChannel {
  public:
    LocalLogChannel(std::shared_ptr<LocalChannel> channel, LocalChannel::Owner self)
        : channel_(std::move(channel)), self_(self) {}

    Status Acquire(base::Epoch epoch) override { return channel_->Acquire(self_, epoch); }
    void Append(base::Epoch epoch, std::string payload, AppendCallback done) override {
        channel_->Append(self_, epoch, std::move(payload), std::move(done));
    }
    Status Read(LogPosition from, const RecordVisitor& visitor) override {
        return channel_->Read(from, visitor);
    }
    Status TruncateBefore(LogPosition position) override {
        return channel_->TruncateBefore(position);
    }
    LogPosition LastPosition() const override { return channel_->LastPosition(); }
    LogPosition FirstPosition() const override { return channel_->FirstPosition(); }
    base::Epoch LastEpoch() const override { return channel_->LastEpoch(); }

  private:
    const std::shared_ptr<LocalChannel> channel_;
    const LocalChannel::Owner self_;
};

class LocalLogStore : public LogStore {
  public:
    LocalLogStore(sys::FileSystem& file_system, std::string root, const LocalLogOptions& options)
        : file_system_(file_system), root_(std::move(root)), options_(options) {}

    Result<std::unique_ptr<LogChannel>> OpenChannel(const std::string& name) override {
        RETURN_IF_ERROR(CheckChannelName(name));
        ASSIGN_OR_RETURN(auto channel, open_->Get(name, [&] {
            return LocalChannel::Open(file_system_, sys::JoinPath(root_, name), name, options_);
        }));
        const LocalChannel::Owner self = ++owners_;
        return std::unique_ptr<LogChannel>(
            std::make_unique<LocalLogChannel>(std::move(channel), self));
    }

    Result<std::vector<std::string>> ListChannels() override {
        ASSIGN_OR_RETURN(const auto entries, file_system_.List(root_));
        std::vector<std::string> names;
        for (const sys::DirectoryEntry& entry : entries) {
            if (entry.is_directory && CheckChannelName(entry.name).ok()) {
                names.push_back(entry.name);
            }
        }
        return names;
    }

  private:
    sys::FileSystem& file_system_;
    const std::string root_;
    const LocalLogOptions options_;
    const std::shared_ptr<OpenChannels> open_ = std::make_shared<OpenChannels>();
    std::atomic<LocalChannel::Owner> owners_{0};
};

}  // namespace

Result<std::unique_ptr<LogStore>> OpenLocalLogStore(sys::FileSystem& file_system,
                                                    const std::string& root,
                                                    const LocalLogOptions& options) {
    RETURN_IF_ERROR(file_system.CreateDirectories(root));
    return std::unique_ptr<LogStore>(std::make_unique<LocalLogStore>(file_system, root, options));
}

}  // namespace elanus::wal
