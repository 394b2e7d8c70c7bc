// What a process gets from outside: environment, stop signals, limits.
// Threads: StopSignals is made by the main thread before any other thread exists, so that all of
// them inherit the blocked signals.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace elanus::sys {

// NAME=VALUE entries.
std::vector<std::string> Environment();

// SIGTERM and SIGINT become something to wait for; SIGPIPE is ignored.
class StopSignals {
  public:
    StopSignals();
    // True when a stop was asked for; false after `timeout_ms` (negative = no time-out).
    bool Wait(int64_t timeout_ms);
};

// Raises the limit of open files to what the system allows.
void RaiseFileLimit();
// That this process may run on, as of the first call.
size_t CpuCount();
// The second-level cache of a core; a guess where the system does not say.
size_t CoreCacheBytes();
// What this process may have of the machine's memory.
uint64_t MemoryLimitBytes();
int64_t ProcessId();

}  // namespace elanus::sys
