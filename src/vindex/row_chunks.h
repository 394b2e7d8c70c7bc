// Work over many rows, cut into chunks that may run side by side and end early.
// Threads: ForChunks() is called from one thread; its task runs on any.
#pragma once

#include "base/status.h"
#include "sys/executor.h"
#include "vindex/build_progress.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>

namespace elanus::vindex {

inline constexpr uint32_t kChunkRows = 1024;

// Runs task(begin, end) for all chunks of [0, rows), on the caller when `executor` is null. Asks
// `interrupt` (may be empty) before each; a failure skips the rest and is the result. `progress` is
// that of this work.
template <typename Task>
base::Status ForChunks(uint32_t rows, sys::Executor* executor,
                       const std::function<base::Status()>& interrupt, const Progress& progress,
                       const Task& task, uint32_t chunk_rows = kChunkRows) {
    sys::InlineExecutor caller;
    sys::Executor& threads = executor != nullptr ? *executor : caller;
    std::atomic<bool> stopped{false};
    CountedProgress done(progress, rows);
    const size_t chunks = (static_cast<size_t>(rows) + chunk_rows - 1) / chunk_rows;
    threads.ParallelFor(chunks, [&](size_t chunk) {
        if (stopped || (interrupt && !interrupt().ok())) {
            stopped = true;
            return;
        }
        const auto begin = static_cast<uint32_t>(chunk * chunk_rows);
        const uint32_t count = std::min(chunk_rows, rows - begin);
        task(begin, begin + count);
        done.Add(count);
    });
    return stopped ? interrupt() : base::Status();
}

}  // namespace elanus::vindex
