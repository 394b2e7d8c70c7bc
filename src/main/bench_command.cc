#include "main/bench_command.h"

#include "base/mutex.h"
#include "loadgen/server_process.h"
#include "sys/file_system.h"
#include "sys/process.h"
#include "sys/thread.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>

namespace elanus::main {
namespace {

using base::Result;
using base::Status;

Status WriteFile(const std::string& path, const std::string& text) {
    ASSIGN_OR_RETURN(const auto file,
                     sys::PosixFileSystem().Open(path, sys::OpenMode::kCreateOrOpen));
    RETURN_IF_ERROR(file->Truncate(0));
    return file->WriteAt(0, text);
}

// The server that --start-server starts. Ctrl-C stops it and removes its folder, then ends the
// process: nobody reads half a measurement.
class MeasuredServer {
  public:
    ~MeasuredServer() { done_ = true; }

    Status Start(const std::string& folder) {
        base::MutexLock lock(mutex_);
        ASSIGN_OR_RETURN(server_, loadgen::ServerProcess::Start(folder));
        return Status();
    }
    const loadgen::ServerProcess& process() const { return *server_; }

  private:
    void EndOnSignal() {
        constexpr int64_t kPollMs = 100;
        constexpr int kExitStatus = 130;  // of a shell command that Ctrl-C ended
        while (!done_) {
            if (signals_.Wait(kPollMs)) {
                base::MutexLock lock(mutex_);
                std::fprintf(stderr, server_ == nullptr
                                         ? "elanus: stopped; the collection of this run, if it had "
                                           "made one, is still on the server\n"
                                         : "elanus: stopped\n");
                server_.reset();
                std::_Exit(kExitStatus);
            }
        }
    }

    sys::StopSignals signals_;
    base::Mutex mutex_;
    std::unique_ptr<loadgen::ServerProcess> server_;
    std::atomic<bool> done_{false};
    sys::Thread watcher_{"signals", [this] { EndOnSignal(); }};  // last: uses the others
};

Status Bench(const BenchArguments& arguments) {
    loadgen::LoadOptions options = arguments.load;
    MeasuredServer server;
    if (arguments.start_server) {
        RETURN_IF_ERROR(server.Start(arguments.server_folder));
        options.address = server.process().address();
        options.server_pid = server.process().pid();
    }
    ASSIGN_OR_RETURN(const loadgen::Report report, loadgen::Run(options));
    std::fputs(loadgen::ToTable(report).c_str(), stdout);
    if (arguments.json_path.empty()) {
        return Status();
    }
    return WriteFile(arguments.json_path, loadgen::ToJson(report) + "\n");
}

void AddDataOptions(CLI::App& bench, loadgen::LoadOptions* load) {
    bench
        .add_option("--rows", load->rows,
                    "rows to insert (default: those of --base; without it 20000, or as many as "
                    "--seconds allow when only inserts are measured)")
        ->check(CLI::NonNegativeNumber);
    bench.add_option("--dim", load->dim, "dimensions of made vectors")->check(CLI::Range(1, 32768));
    bench.add_option("--base", load->base, "rows: a .npy of f2 or f4 (default: made vectors)")
        ->check(CLI::ExistingFile);
    bench.add_option("--queries", load->queries, "queries: a .npy (default: made vectors)")
        ->check(CLI::ExistingFile);
    bench.add_option("--truth", load->truth, "true neighbours of each query: a .npy of i4 or i8")
        ->check(CLI::ExistingFile);
    bench.add_option("--filtered-truth", load->filtered_truth, "the same under --filter")
        ->check(CLI::ExistingFile);
    bench.add_option("--seed", load->seed, "of made vectors");
}

void AddRequestOptions(CLI::App& bench, loadgen::LoadOptions* load) {
    bench.add_option("--metric", load->metric, "L2, IP or COSINE");
    bench.add_option("--index", load->index, "index type");
    bench.add_option("--index-params", load->index_params, "JSON, e.g. {\"M\":16}");
    bench.add_option("--search-params", load->search_params, "JSON, e.g. {\"ef\":64}");
    bench.add_option("--filter", load->filter, "of the filtered workload; bucket is row % 100");
    bench.add_option("--consistency", load->consistency)
        ->check(CLI::IsMember({"Strong", "Session", "Bounded", "Eventually"}));
    bench.add_option("--k", load->k, "neighbours wanted")->check(CLI::PositiveNumber);
    bench.add_option("--nq", load->nq, "queries in a request")->check(CLI::PositiveNumber);
    bench.add_option("--batch", load->batch, "rows in an insert")->check(CLI::PositiveNumber);
    bench.add_option("--insert-percent", load->insert_percent, "inserts in the mixed workload")
        ->check(CLI::Range(0, 100));
    bench
        .add_option("--search-rate", load->search_rate,
                    "searches a second beside the inserts of the growing workload")
        ->check(CLI::PositiveNumber);
}

}  // namespace

void AddBenchOptions(CLI::App& bench, BenchArguments* arguments) {
    loadgen::LoadOptions* load = &arguments->load;
    bench.option_defaults()->always_capture_default();
    CLI::Option* address =
        bench.add_option("--address", load->address, "a running server: HOST:PORT or unix:PATH");
    CLI::Option* start =
        bench.add_flag("--start-server", arguments->start_server, "start one and measure that");
    address->excludes(start);
    bench.add_option("--server-folder", arguments->server_folder,
                     "where --start-server keeps its data meanwhile (default: a temporary folder)");
    bench.add_option("--server-pid", load->server_pid, "process whose processor time to read");
    bench.add_option("--workload", load->workload)
        ->check(CLI::IsMember({"insert", "search", "filtered", "mixed", "growing", "all"}));
    AddDataOptions(bench, load);
    AddRequestOptions(bench, load);
    bench
        .add_option("--concurrency", load->concurrency,
                    "requests under way (default: 64, inserts 8)")
        ->check(CLI::NonNegativeNumber);
    bench.add_option("--connections", load->connections)->check(CLI::Range(1, 10'000));
    bench.add_option("--seconds", load->seconds, "of each workload")->check(CLI::PositiveNumber);
    bench.add_option("--collection", load->collection,
                     "its name; one that exists is measured as it is and never dropped");
    bench.add_flag("--keep", load->keep, "do not drop the collection at the end");
    bench.add_option("--json", arguments->json_path, "also write the figures to this file");
}

int RunBench(const BenchArguments& arguments) {
    if (!arguments.start_server && arguments.load.address.empty()) {
        std::fprintf(stderr, "elanus: give --address HOST:PORT or --start-server\n");
        return 2;
    }
    const Status status = Bench(arguments);
    if (!status.ok()) {
        std::fprintf(stderr, "elanus: %s\n", status.reason().c_str());
        return 1;
    }
    return 0;
}

}  // namespace elanus::main
