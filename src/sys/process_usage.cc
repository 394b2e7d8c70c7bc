#include "sys/process_usage.h"

#include <fstream>

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

namespace elanus::sys {
namespace {

double Seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

uint64_t CountOpenFiles() {
    DIR* folder = opendir("/proc/self/fd");
    if (folder == nullptr) {
        return 0;
    }
    uint64_t count = 0;
    while (const dirent* entry = readdir(folder)) {
        count += entry->d_name[0] != '.' ? 1 : 0;
    }
    closedir(folder);
    return count - 1;  // without the folder's own
}

}  // namespace

ProcessUsage ReadProcessUsage() {
    ProcessUsage usage;
    rusage times{};
    if (getrusage(RUSAGE_SELF, &times) == 0) {
        usage.cpu_s = Seconds(times.ru_utime) + Seconds(times.ru_stime);
    }
    uint64_t virtual_pages = 0;
    uint64_t resident_pages = 0;
    if (std::ifstream("/proc/self/statm") >> virtual_pages >> resident_pages) {
        const auto page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
        usage.virtual_bytes = virtual_pages * page_bytes;
        usage.resident_bytes = resident_pages * page_bytes;
    }
    usage.open_files = CountOpenFiles();
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        usage.open_files_max = limit.rlim_cur;
    }
    return usage;
}

}  // namespace elanus::sys
