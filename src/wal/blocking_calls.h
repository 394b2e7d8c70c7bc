// Calls of a LogChannel that wait for their answer, for tests and tools.
// Threads: any but a channel's own.
#pragma once

#include "base/status.h"
#include "wal/log.h"

#include <future>
#include <memory>
#include <string>
#include <vector>

namespace elanus::wal {

struct LogRecord {
    base::LogPosition position;
    std::string payload;
    bool operator==(const LogRecord&) const = default;
};

inline base::Result<std::vector<LogRecord>> ReadRecords(LogChannel& channel,
                                                        base::LogPosition from) {
    std::vector<LogRecord> records;
    RETURN_IF_ERROR(channel.Read(from, [&](base::LogPosition position, std::string_view payload) {
        records.push_back({position, std::string(payload)});
        return base::Status();
    }));
    return records;
}

inline std::future<base::Result<base::LogPosition>> AppendSoon(LogChannel& channel,
                                                               base::Epoch epoch,
                                                               std::string payload) {
    auto promise = std::make_shared<std::promise<base::Result<base::LogPosition>>>();
    channel.Append(epoch, std::move(payload), [promise](base::Result<base::LogPosition> result) {
        promise->set_value(std::move(result));
    });
    return promise->get_future();
}

inline base::Result<base::LogPosition> AppendNow(LogChannel& channel, base::Epoch epoch,
                                                 std::string payload) {
    return AppendSoon(channel, epoch, std::move(payload)).get();
}

}  // namespace elanus::wal
