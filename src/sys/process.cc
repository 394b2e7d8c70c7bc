#include "sys/process.h"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <fstream>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

extern char** environ;

namespace elanus::sys {
namespace {

sigset_t StopSet() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

size_t CountCpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return 1;
    }
    const int count = CPU_COUNT(&set);
    return count > 0 ? static_cast<size_t>(count) : 1;
}

}  // namespace

std::vector<std::string> Environment() {
    std::vector<std::string> entries;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        entries.emplace_back(*entry);
    }
    return entries;
}

StopSignals::StopSignals() {
    const sigset_t set = StopSet();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

bool StopSignals::Wait(int64_t timeout_ms) {
    const sigset_t set = StopSet();
    if (timeout_ms < 0) {
        int signal = 0;
        return sigwait(&set, &signal) == 0;
    }
    timespec wait{};
    wait.tv_sec = static_cast<time_t>(timeout_ms / 1000);
    wait.tv_nsec = static_cast<long>(timeout_ms % 1000) * 1'000'000;
    return sigtimedwait(&set, nullptr, &wait) > 0;
}

void RaiseFileLimit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

size_t CpuCount() {
    static const size_t count = CountCpus();  // every read of a collection asks
    return count;
}

size_t CoreCacheBytes() {
    constexpr size_t kGuess = 512 * 1024;
    static const int64_t known = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return known > 0 ? static_cast<size_t>(known) : kGuess;
}

uint64_t MemoryLimitBytes() {
    const auto pages = static_cast<uint64_t>(std::max<int64_t>(sysconf(_SC_PHYS_PAGES), 0));
    const uint64_t machine = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    // A container's own limit: a number, or the word max.
    uint64_t container = 0;
    std::ifstream file("/sys/fs/cgroup/memory.max");
    return file >> container ? std::min(machine, container) : machine;
}

int64_t ProcessId() {
    return getpid();
}

}  // namespace elanus::sys
