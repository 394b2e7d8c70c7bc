#include "loadgen/server_process.h"

#include "sys/clock.h"
#include "sys/file_system.h"

namespace elanus::loadgen {
namespace {

using base::Result;
using base::Status;

constexpr int64_t kStartMsMax = 30'000;
constexpr int64_t kStopMsMax = 12'000;
constexpr int64_t kPollMs = 10;
constexpr size_t kLogBytesMax = size_t{1} << 20;

std::string ReadLog(const std::string& path) {
    const auto file = sys::PosixFileSystem().Open(path, sys::OpenMode::kRead);
    if (!file.ok()) {
        return "";
    }
    Result<std::string> text = (*file)->ReadAt(0, kLogBytesMax);
    return text.ok() ? std::move(*text) : "";
}

// The address in "... event=serving ... listen=127.0.0.1:40000 ..."; ""
// before the line is there.
std::string AddressIn(const std::string& log) {
    const size_t line = log.find(" event=serving ");
    constexpr std::string_view kKey = " listen=";
    const size_t key = line == log.npos ? log.npos : log.find(kKey, line);
    if (key == log.npos) {
        return "";
    }
    const size_t begin = key + kKey.size();
    const size_t end = log.find_first_of(" ,\n", begin);
    return end == log.npos ? "" : log.substr(begin, end - begin);
}

}  // namespace

Result<std::unique_ptr<ServerProcess>> ServerProcess::Start(const std::string& parent_folder) {
    std::unique_ptr<ServerProcess> server(new ServerProcess());
    if (parent_folder.empty()) {
        ASSIGN_OR_RETURN(server->folder_, sys::MakeTemporaryFolder("elanus-bench-"));
    } else {
        server->folder_ = sys::JoinPath(parent_folder, "elanus-bench");
        RETURN_IF_ERROR(sys::PosixFileSystem().CreateDirectories(server->folder_));
    }
    ASSIGN_OR_RETURN(const std::string program, sys::ExecutablePath());
    sys::Subprocess::Options options;
    options.arguments = {program, "run", "standalone", "--data",
                         sys::JoinPath(server->folder_, "data"), "--listen", "127.0.0.1:0",
                         // Should this process die without stopping it.
                         "--exit-when-idle", "60"};
    options.environment = {"METRICS_PORT=0"};
    options.output_path = sys::JoinPath(server->folder_, "server.log");
    ASSIGN_OR_RETURN(server->process_, sys::Subprocess::Start(options));
    RETURN_IF_ERROR(server->WaitUntilListening());
    return server;
}

Status ServerProcess::WaitUntilListening() {
    const std::string log_path = sys::JoinPath(folder_, "server.log");
    for (int64_t waited_ms = 0; waited_ms < kStartMsMax; waited_ms += kPollMs) {
        const bool running = process_->Running();
        const std::string log = ReadLog(log_path);
        address_ = AddressIn(log);
        if (!address_.empty()) {
            return Status();
        }
        if (!running) {
            return base::Internal("the server did not start: " + log);
        }
        sys::RealClock().SleepMs(kPollMs);
    }
    return base::Internal("the server did not start in time");
}

ServerProcess::~ServerProcess() {
    if (process_ != nullptr) {
        process_->Stop(kStopMsMax);
    }
    if (!folder_.empty()) {
        // What cannot be removed stays; the measurement is over.
        (void)sys::PosixFileSystem().RemoveAll(folder_);
    }
}

}  // namespace elanus::loadgen
