#include "sys/subprocess.h"

#include "sys/clock.h"
#include "sys/process.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace elanus::sys {
namespace {

using base::Code;
using base::Result;
using base::Status;

constexpr int64_t kNsPerSecond = 1'000'000'000;

Status Failure(const std::string& what, int error) {
    return Status::Error(Code::kIoFailed, what + ": " + std::strerror(error));
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) {
        pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

// What the child starts with: its output in a file, and no signal blocked by this process.
class SpawnSettings {
  public:
    explicit SpawnSettings(const std::string& output_path) {
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output_path.c_str(),
                                         O_WRONLY | O_CREAT | O_APPEND, 0644);
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
        posix_spawnattr_init(&attributes);
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes, &none);
        // A group of its own: Ctrl-C at the terminal reaches the parent only, which then stops it.
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    }
    ~SpawnSettings() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;

    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
};

}  // namespace

Result<std::unique_ptr<Subprocess>> Subprocess::Start(const Options& options) {
    std::vector<std::string> arguments = options.arguments;
    std::vector<std::string> environment = options.environment;  // the first of a name wins
    for (std::string& entry : Environment()) {
        environment.push_back(std::move(entry));
    }
    const SpawnSettings settings(options.output_path);
    pid_t pid = 0;
    const int error =
        ::posix_spawn(&pid, arguments.at(0).c_str(), &settings.actions, &settings.attributes,
                      Pointers(arguments).data(), Pointers(environment).data());
    if (error != 0) {
        return Failure("start " + arguments[0], error);
    }
    return std::unique_ptr<Subprocess>(new Subprocess(pid));
}

bool Subprocess::Running() {
    if (!ended_) {
        const pid_t ended = ::waitpid(static_cast<pid_t>(pid_), nullptr, WNOHANG);
        ended_ = ended != 0 && !(ended < 0 && errno == EINTR);
    }
    return !ended_;
}

void Subprocess::Stop(int64_t patience_ms) {
    if (!Running()) {
        return;
    }
    ::kill(static_cast<pid_t>(pid_), SIGTERM);
    constexpr int64_t kStepMs = 10;
    for (int64_t waited_ms = 0; waited_ms < patience_ms && Running(); waited_ms += kStepMs) {
        RealClock().SleepMs(kStepMs);
    }
    if (Running()) {
        ::kill(static_cast<pid_t>(pid_), SIGKILL);
        while (::waitpid(static_cast<pid_t>(pid_), nullptr, 0) < 0 && errno == EINTR) {
        }
        ended_ = true;
    }
}

Result<std::string> ExecutablePath() {
    char path[4096];
    const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
    if (size < 0) {
        return Failure("read /proc/self/exe", errno);
    }
    return std::string(path, static_cast<size_t>(size));
}

Result<std::string> MakeTemporaryFolder(const std::string& prefix) {
    const char* parent = std::getenv("TMPDIR");
    std::string path = std::string(parent != nullptr ? parent : "/var/tmp") + "/" + prefix;
    path += "XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
        return Failure("make the folder " + path, errno);
    }
    return path;
}

Result<int64_t> ProcessCpuNs(int64_t pid) {
    clockid_t clock{};
    timespec used{};
    // A larger one is no process, and the C library would shift its upper bits away.
    constexpr int64_t kPidMax = INT32_MAX >> 3;
    int error =
        pid > 0 && pid <= kPidMax ? ::clock_getcpuclockid(static_cast<pid_t>(pid), &clock) : ESRCH;
    if (error == 0 && ::clock_gettime(clock, &used) != 0) {
        error = errno;
    }
    if (error != 0) {
        return Failure("processor time of process " + std::to_string(pid), error);
    }
    return static_cast<int64_t>(used.tv_sec) * kNsPerSecond + used.tv_nsec;
}

}  // namespace elanus::sys
