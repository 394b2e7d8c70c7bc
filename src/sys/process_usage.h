// What this process takes from the machine, as the kernel counts it.
// Threads: any; each call reads anew.
#pragma once

#include <cstdint>

namespace elanus::sys {

struct ProcessUsage {
    double cpu_s = 0;  // of all threads, user and system
    uint64_t resident_bytes = 0;
    uint64_t virtual_bytes = 0;
    uint64_t open_files = 0;
    uint64_t open_files_max = 0;
};

// What cannot be read is 0.
ProcessUsage ReadProcessUsage();

}  // namespace elanus::sys
