// What a streaming node is told at its making: names, thresholds and partners.
#pragma once

#include "base/ids.h"
#include "object/object_store.h"
#include "roles/data_coord.h"
#include "roles/query_node.h"
#include "roles/root_coord.h"
#include "sys/clock.h"
#include "sys/executor.h"
#include "wal/log.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace elanus::streaming {

struct StreamingOptions {
    base::NodeId node_id = 1;
    std::vector<std::string> pchannels;  // the physical channels this node owns

    // A vchannel is sealed and flushed when what it holds in memory reaches one of these.
    uint64_t seal_bytes = uint64_t{256} << 20;
    uint64_t seal_rows = uint64_t{4} << 20;
    int64_t seal_age_ms = 600'000;  // since its oldest row that is not in a file
    // A physical channel flushes whoever holds its log back once this much has to be replayed.
    uint64_t log_bytes_limit = uint64_t{1} << 30;

    // Appends beyond these are refused with a retriable status (8).
    uint64_t in_flight_bytes_limit = uint64_t{256} << 20;  // not yet durable and applied
    uint64_t unflushed_bytes_limit = uint64_t{2} << 30;    // rows in memory, per physical channel

    // How long, and how many, answered requests are remembered.
    int64_t dedupe_window_ms = 300'000;
    size_t dedupe_entries_limit = 1 << 16;

    // Iterators: how long compaction waits at most for the next read at a moment.
    int64_t snapshot_hold_s_max = 600;
    // No read that runs is further behind than this between choosing its moment and its segments.
    int64_t read_grace_ms = 1'000;
    // A commit of a compaction whose outcome is not known is asked again so often.
    int commit_attempts = 200;
    int64_t commit_retry_ms = 25;
    // How long segments that a compaction has replaced can still be read by row address.
    int64_t retired_ms = 60'000;

    int64_t retry_ms = 1'000;  // before a failed flush or placement is tried again
};

// All of them outlive the node.
struct StreamingPartners {
    wal::LogStore* log = nullptr;
    object::ObjectStore* objects = nullptr;
    roles::RootCoord* root_coord = nullptr;
    roles::DataCoord* data_coord = nullptr;
    // Null for a node that is not known (any more).
    std::function<roles::QueryNode*(base::NodeId)> query_node;
    sys::Clock* clock = nullptr;
    // Applies records and spreads reads. Its threads may block in calls of this node.
    sys::Executor* foreground = nullptr;
    // Flushes and places segments.
    sys::Executor* background = nullptr;
    // Runs the task once, later, on any thread. Timers exist only while rows wait for a flush or
    // something is to be tried again. Absent: nothing is sealed by age or tried again by itself.
    std::function<void(int64_t delay_ms, sys::Task)> schedule;
};

}  // namespace elanus::streaming
