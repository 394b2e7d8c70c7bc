#include "main/command_line.h"

#include "base/log.h"
#include "main/bench_command.h"
#include "main/check.h"
#include "main/standalone.h"
#include "main/version.h"
#include "sys/file_system.h"
#include "sys/process.h"

#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace elanus::main {
namespace {

using base::Status;

struct RunArguments {
    std::string role = "standalone";
    std::string data;
    std::string config_file;
    std::vector<std::string> listen;
    int64_t port = -1;
    int64_t exit_when_idle_s = 0;
};

int Fail(const Status& status, int exit_code) {
    std::fprintf(stderr, "elanus: %s\n", status.reason().c_str());
    return exit_code;
}

base::LogLevel LevelFrom(const std::string& given) {
    const std::string name = config::Squeezed(given);
    if (name == "debug" || name == "trace") {
        return base::LogLevel::kDebug;
    }
    if (name == "warn" || name == "warning") {
        return base::LogLevel::kWarn;
    }
    const bool quietest = name == "error" || name == "panic" || name == "fatal";
    return quietest ? base::LogLevel::kError : base::LogLevel::kInfo;
}

Status LoadConfigFile(const std::string& path, config::Config* config) {
    const auto file = sys::PosixFileSystem().Open(path, sys::OpenMode::kRead);
    if (!file.ok()) {
        return file.status().Annotate("configuration file " + path);
    }
    ASSIGN_OR_RETURN(const uint64_t size, (*file)->Size());
    ASSIGN_OR_RETURN(const std::string text, (*file)->ReadAt(0, size));
    return config->LoadFile(path, text);
}

Status LoadConfig(const RunArguments& arguments, config::Config* config) {
    if (!arguments.config_file.empty()) {
        RETURN_IF_ERROR(LoadConfigFile(arguments.config_file, config));
    }
    RETURN_IF_ERROR(config->LoadEnvironment(sys::Environment()));
    if (!arguments.data.empty()) {
        RETURN_IF_ERROR(config->Set("localStorage.path", arguments.data));
    }
    if (arguments.port >= 0) {
        RETURN_IF_ERROR(config->Set("proxy.port", std::to_string(arguments.port)));
    }
    return Status();
}

void WarnOfUnusedKeys(const config::Config& config) {
    if (config.unused_keys().empty()) {
        return;
    }
    std::string keys;
    for (const std::string& key : config.unused_keys()) {
        keys += (keys.empty() ? "" : ",") + key;
    }
    base::LogWarn("settings_without_effect",
                  {{"count", config.unused_keys().size()}, {"keys", keys}});
}

// Blocks until a signal, or until nobody has asked for anything for the given time.
void ServeUntilStopped(sys::StopSignals& signals, const Standalone& server,
                       int64_t exit_when_idle_s) {
    if (exit_when_idle_s <= 0) {
        signals.Wait(-1);
        return;
    }
    const int64_t limit_ms = exit_when_idle_s * 1000;
    for (int64_t idle_ms = 0; idle_ms < limit_ms; idle_ms = server.IdleMs()) {
        if (signals.Wait(limit_ms - idle_ms)) {
            return;
        }
    }
    base::LogInfo("idle_exit", {{"seconds", exit_when_idle_s}});
}

int Run(const RunArguments& arguments) {
    sys::StopSignals signals;
    config::Config config;
    const Status loaded = LoadConfig(arguments, &config);
    if (!loaded.ok()) {
        return Fail(loaded, 2);
    }
    base::SetLogLevel(LevelFrom(config.String("log.level")));
    WarnOfUnusedKeys(config);
    base::Result<std::unique_ptr<Standalone>> server = Standalone::Start(config, arguments.listen);
    if (!server.ok()) {
        return Fail(server.status(), 1);
    }
    std::string addresses;
    for (const std::string& address : (*server)->addresses()) {
        addresses += (addresses.empty() ? "" : ",") + address;
    }
    base::LogInfo("serving", {{"version", kVersion},
                              {"listen", addresses},
                              {"ops", (*server)->ops_address()},
                              {"data", config.String("localStorage.path")},
                              {"pid", sys::ProcessId()}});
    ServeUntilStopped(signals, **server, arguments.exit_when_idle_s);
    base::LogInfo("stopping");
    (*server)->Stop();
    base::LogInfo("stopped");
    return 0;
}

void AddRunOptions(CLI::App& run, RunArguments* arguments) {
    run.add_option("role", arguments->role, "what to run: standalone")
        ->check(CLI::IsMember({"standalone"}));
    run.add_option("--data", arguments->data, "data folder (default ./data)");
    run.add_option("--config", arguments->config_file, "a milvus.yaml");
    run.add_option("--port", arguments->port, "port of gRPC and REST (default 19530; 0 = none)")
        ->check(CLI::Range(0, 65535));
    run.add_option("--listen", arguments->listen,
                   "address to listen on instead: HOST:PORT or unix:PATH; may be repeated");
    run.add_option("--exit-when-idle", arguments->exit_when_idle_s,
                   "stop after this many seconds without a request (0 = never)");
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
    CLI::App app("Elanus: a vector database that speaks Milvus' protocol");
    app.require_subcommand(1);
    RunArguments run_arguments;
    std::string check_folder;
    CLI::App* run = app.add_subcommand("run", "start a server");
    AddRunOptions(*run, &run_arguments);
    CLI::App* check =
        app.add_subcommand("check",
                           "read and verify everything in the data folder of a stopped "
                           "server");
    check->add_option("folder", check_folder, "data folder")->required();
    BenchArguments bench_arguments;
    CLI::App* bench = app.add_subcommand("bench", "measure a server with a load generator");
    AddBenchOptions(*bench, &bench_arguments);
    CLI::App* version = app.add_subcommand("version", "print the version");
    CLI11_PARSE(app, argc, argv);
    if (version->parsed()) {
        std::printf("elanus %s\n", kVersion);
        return 0;
    }
    if (bench->parsed()) {
        return RunBench(bench_arguments);
    }
    return check->parsed() ? CheckFolder(check_folder) : Run(run_arguments);
}

}  // namespace elanus::main
