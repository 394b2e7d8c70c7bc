#include "loadgen/load_generator.h"

#include "loadgen/closed_loop.h"
#include "loadgen/paced_loop.h"
#include "loadgen/recall.h"
#include "loadgen/vectors.h"
#include "sys/clock.h"
#include "sys/process.h"
#include "sys/subprocess.h"

#include <cstdio>
#include <numeric>

namespace elanus::loadgen {
namespace {

using base::InvalidParameter;
using base::Result;
using base::Status;
using wire::ClientHits;
using wire::MilvusClient;
using wire::RequestBytes;

constexpr int64_t kConnectMsMax = 10'000;
constexpr int64_t kDefaultRows = 20'000;
constexpr size_t kMadeBytesMax = size_t{64} << 20;
constexpr size_t kMadeQueries = 1000;
constexpr size_t kRequestsMax = 10'000;  // prepared searches
constexpr int64_t kBuckets = 100;
constexpr int64_t kPollMs = 20;
constexpr size_t kPacedUnderWayMax = 256;

double SecondsSince(int64_t begin_ns) {
    return static_cast<double>(sys::RealClock().MonotonicNs() - begin_ns) / 1e9;
}

// Processor time of this process and, when it can be read, of the server.
struct CpuTimes {
    explicit CpuTimes(int64_t server_pid) {
        const Result<int64_t> own = sys::ProcessCpuNs(sys::ProcessId());
        client_ns = own.ok() ? *own : 0;
        const Result<int64_t> other =
            server_pid > 0 ? sys::ProcessCpuNs(server_pid) : base::Internal("no pid");
        if (other.ok()) {
            server_ns = *other;
        }
    }
    int64_t client_ns = 0;
    std::optional<int64_t> server_ns;
};

class Session {
  public:
    Session(const LoadOptions& options, Vectors base, Vectors queries,
            std::unique_ptr<MilvusClient> client);

    Result<Report> Run();

  private:
    bool Wants(const char* workload) const {
        return options_.workload == "all" || options_.workload == workload;
    }
    size_t Concurrency(size_t default_value) const {
        return options_.concurrency > 0 ? static_cast<size_t>(options_.concurrency) : default_value;
    }

    Status Prepare();
    Status MeasureAll();
    Status Insert();
    Status MakeSearchable();
    Status Search(const std::string& name, const std::string& filter, const std::string& truth);
    Status Mixed();
    Status Growing();

    void IssueInsert(int64_t first_row, int64_t count, ClosedLoop::Done done);
    void IssueSearch(int64_t number, Recall* recall, ClosedLoop::Done done);
    void CountHits(int64_t number, const ClientHits& hits, Recall* recall) const;
    void PrepareSearches(const std::string& filter);

    Result<LoopResult> RunLoop(const std::string& name, const LoopLimits& limits,
                               ClosedLoop::Issue issue, ClosedLoop::HistogramOf histogram_of);
    Measurement& Record(const std::string& name, const LatencyHistogram& latencies,
                        const LoopResult& result, int64_t items);
    template <typename Step>
    Status Timed(const std::string& name, Step step);
    Status BuildIndex();
    Status WaitIndexed();

    const LoadOptions& options_;
    Vectors base_;
    Vectors queries_;
    std::unique_ptr<MilvusClient> client_;
    wire::ClientCollection collection_;
    bool owns_collection_ = false;
    std::optional<VectorBatches> batches_;
    std::vector<RequestBytes> searches_;
    int64_t rows_ = 0;  // primary keys below this are taken
    CpuTimes cpu_before_{0};
    CpuTimes cpu_after_{0};
    Report report_;
};

Session::Session(const LoadOptions& options, Vectors base, Vectors queries,
                 std::unique_ptr<MilvusClient> client)
    : options_(options),
      base_(std::move(base)),
      queries_(std::move(queries)),
      client_(std::move(client)) {
    collection_.name = options.collection.empty()
                           ? "elanus_bench_" + std::to_string(sys::ProcessId())
                           : options.collection;
    collection_.dim = static_cast<int64_t>(base_.dim());
    collection_.has_bucket = true;
    batches_.emplace(base_, static_cast<size_t>(options.batch));
}

Result<Report> Session::Run() {
    ASSIGN_OR_RETURN(report_.server_version, client_->ServerVersion());
    report_.address = options_.address;
    report_.settings = {{"dim", std::to_string(base_.dim())},
                        {"metric", options_.metric},
                        {"index", options_.index + options_.index_params},
                        {"search", options_.search_params.empty() ? "{}" : options_.search_params},
                        {"k", std::to_string(options_.k)},
                        {"nq", std::to_string(options_.nq)},
                        {"batch", std::to_string(options_.batch)},
                        {"connections", std::to_string(options_.connections)},
                        {"consistency", options_.consistency}};
    RETURN_IF_ERROR(Prepare());
    const Status measured = MeasureAll();
    if (owns_collection_ && !options_.keep) {
        const Status dropped = client_->Drop(collection_.name);
        RETURN_IF_ERROR(measured);
        RETURN_IF_ERROR(dropped);
    }
    RETURN_IF_ERROR(measured);
    return std::move(report_);
}

Status Session::Prepare() {
    ASSIGN_OR_RETURN(const bool exists, client_->HasCollection(collection_.name));
    owns_collection_ = !exists;
    if (exists) {
        rows_ = options_.rows > 0 ? options_.rows : static_cast<int64_t>(base_.rows());
        return Status();
    }
    return client_->CreateCollection(collection_);
}

Status Session::MeasureAll() {
    if (options_.workload == "growing") {
        return Growing();
    }
    if (owns_collection_ || options_.workload == "insert") {
        RETURN_IF_ERROR(Insert());
    }
    if (options_.workload == "insert") {
        return owns_collection_ ? Timed("flush", [&] { return client_->Flush(collection_.name); })
                                : Status();
    }
    if (owns_collection_) {
        RETURN_IF_ERROR(MakeSearchable());
    }
    if (Wants("search")) {
        RETURN_IF_ERROR(Search("search", "", options_.truth));
    }
    if (Wants("filtered")) {
        RETURN_IF_ERROR(Search("filtered search", options_.filter, options_.filtered_truth));
    }
    return Wants("mixed") ? Mixed() : Status();
}

template <typename Step>
Status Session::Timed(const std::string& name, Step step) {
    const int64_t begin_ns = sys::RealClock().MonotonicNs();
    std::fprintf(stderr, "%s ...\n", name.c_str());
    RETURN_IF_ERROR(step());
    report_.steps.emplace_back(name, SecondsSince(begin_ns));
    return Status();
}

Status Session::WaitIndexed() {
    int64_t told_ns = sys::RealClock().MonotonicNs();
    while (true) {
        ASSIGN_OR_RETURN(const wire::ClientIndexState state, client_->IndexState(collection_.name));
        if (state.finished) {
            return Status();
        }
        if (SecondsSince(told_ns) * 1000 >= ClosedLoop::kProgressMs) {
            told_ns = sys::RealClock().MonotonicNs();
            std::fprintf(stderr, "index: %lld of %lld rows\n",
                         static_cast<long long>(state.indexed_rows),
                         static_cast<long long>(state.total_rows));
        }
        sys::RealClock().SleepMs(kPollMs);
    }
}

Status Session::BuildIndex() {
    RETURN_IF_ERROR(client_->CreateIndex(collection_.name, options_.index, options_.metric,
                                         options_.index_params));
    return WaitIndexed();
}

Status Session::MakeSearchable() {
    RETURN_IF_ERROR(Timed("flush", [&] { return client_->Flush(collection_.name); }));
    RETURN_IF_ERROR(Timed("index", [&] { return BuildIndex(); }));
    return Timed("load", [&] { return client_->Load(collection_.name); });
}

void Session::IssueInsert(int64_t first_row, int64_t count, ClosedLoop::Done done) {
    std::vector<int64_t> ids(static_cast<size_t>(count));
    std::iota(ids.begin(), ids.end(), first_row);
    std::vector<int64_t> buckets(ids.size());
    for (size_t i = 0; i < ids.size(); ++i) {
        buckets[i] = ids[i] % kBuckets;
    }
    client_->InsertAsync(
        {MilvusClient::EncodeRows(collection_, ids, buckets),
         batches_->Column(static_cast<size_t>(first_row), static_cast<size_t>(count))},
        std::move(done));
}

Status Session::Insert() {
    int64_t wanted = options_.rows > 0 ? options_.rows : static_cast<int64_t>(base_.rows());
    if (wanted == 0 && options_.workload != "insert") {
        wanted = kDefaultRows;
    }
    LoopLimits limits;
    limits.concurrency = Concurrency(8);
    limits.requests_max = (wanted + options_.batch - 1) / options_.batch;
    limits.seconds_max = wanted > 0 ? 0 : options_.seconds;
    LatencyHistogram latencies;
    const int64_t begin = owns_collection_ ? 0 : rows_;
    ASSIGN_OR_RETURN(const LoopResult result,
                     RunLoop(
                         "insert", limits,
                         [&](int64_t number, ClosedLoop::Done done) {
                             const int64_t first = number * options_.batch;
                             const int64_t count = wanted > 0
                                                       ? std::min(options_.batch, wanted - first)
                                                       : options_.batch;
                             IssueInsert(begin + first, count, std::move(done));
                         },
                         [&](int64_t) { return &latencies; }));
    const int64_t rows = wanted > 0 ? wanted : result.requests * options_.batch;
    rows_ = begin + rows;
    Record("insert", latencies, result, rows);
    return Status();
}

void Session::PrepareSearches(const std::string& filter) {
    wire::ClientSearch search;
    search.collection = collection_.name;
    search.filter = filter;
    search.metric = options_.metric;
    search.params_json = options_.search_params;
    search.consistency = options_.consistency;
    search.top_k = options_.k;
    search.dim = collection_.dim;
    const auto nq = static_cast<size_t>(options_.nq);
    const size_t queries = queries_.rows() > 0 ? queries_.rows() : queries_.made_rows();
    searches_.clear();
    for (size_t first = 0; first < queries && searches_.size() < kRequestsMax; first += nq) {
        searches_.push_back(MilvusClient::EncodeSearch(search, queries_.ReadMany(first, nq)));
    }
}

void Session::CountHits(int64_t number, const ClientHits& hits, Recall* recall) const {
    const auto request = static_cast<size_t>(number);
    if (recall == nullptr || request >= searches_.size()) {
        return;
    }
    size_t begin = 0;
    for (size_t i = 0; i < hits.counts.size(); ++i) {
        const auto count = std::min(static_cast<size_t>(hits.counts[i]), hits.ids.size() - begin);
        recall->Add(request * static_cast<size_t>(options_.nq) + i,
                    std::span(hits.ids).subspan(begin, count));
        begin += count;
    }
}

void Session::IssueSearch(int64_t number, Recall* recall, ClosedLoop::Done done) {
    const RequestBytes& bytes = searches_[static_cast<size_t>(number) % searches_.size()];
    client_->SearchAsync(
        {bytes}, [this, number, recall, done = std::move(done)](const Result<ClientHits>& hits) {
            if (hits.ok()) {
                CountHits(number, *hits, recall);
            }
            done(hits.status());
        });
}

Status Session::Search(const std::string& name, const std::string& filter,
                       const std::string& truth) {
    PrepareSearches(filter);
    std::optional<NpyFile> answers;
    std::optional<Recall> recall;
    if (!truth.empty()) {
        ASSIGN_OR_RETURN(answers, NpyFile::Open(sys::PosixFileSystem(), truth));
        if (answers->is_float()) {
            return InvalidParameter(truth + ": ground truth must be i4 or i8");
        }
        recall.emplace(*answers, static_cast<size_t>(options_.k));
    }
    LoopLimits limits;
    limits.concurrency = Concurrency(64);
    limits.seconds_max = options_.seconds;
    LatencyHistogram latencies;
    ASSIGN_OR_RETURN(const LoopResult result,
                     RunLoop(
                         name, limits,
                         [&](int64_t number, ClosedLoop::Done done) {
                             IssueSearch(number, recall.has_value() ? &*recall : nullptr,
                                         std::move(done));
                         },
                         [&](int64_t) { return &latencies; }));
    Measurement& measurement = Record(name, latencies, result, result.requests * options_.nq);
    if (recall.has_value()) {
        measurement.recall = recall->share();
    }
    return Status();
}

Status Session::Mixed() {
    PrepareSearches("");
    LoopLimits limits;
    limits.concurrency = Concurrency(64);
    limits.seconds_max = options_.seconds;
    const auto is_insert = [&](int64_t number) { return number % 100 < options_.insert_percent; };
    LatencyHistogram inserts;
    LatencyHistogram searches;
    std::atomic<int64_t> next_row{rows_};
    ASSIGN_OR_RETURN(const LoopResult result,
                     RunLoop(
                         "mixed", limits,
                         [&](int64_t number, ClosedLoop::Done done) {
                             if (is_insert(number)) {
                                 IssueInsert(next_row.fetch_add(options_.batch), options_.batch,
                                             std::move(done));
                             } else {
                                 IssueSearch(number, nullptr, std::move(done));
                             }
                         },
                         [&](int64_t number) { return is_insert(number) ? &inserts : &searches; }));
    rows_ = next_row.load();
    Record("mixed: insert", inserts, result,
           static_cast<int64_t>(inserts.count()) * options_.batch);
    Record("mixed: search", searches, result, static_cast<int64_t>(searches.count()) * options_.nq);
    return Status();
}

// Rows arrive in a loaded collection as fast as it takes them while it is searched at a fixed rate;
// then the same rows are searched alone, which also gives the recall.
Status Session::Growing() {
    if (owns_collection_) {
        RETURN_IF_ERROR(BuildIndex());
        RETURN_IF_ERROR(client_->Load(collection_.name));
    }
    PrepareSearches("");
    PacedLoop searches(options_.search_rate, kPacedUnderWayMax,
                       [&](int64_t number, PacedLoop::Done done) {
                           IssueSearch(number, nullptr, std::move(done));
                       });
    const Status inserted = Insert();
    const PacedResult searched = searches.Stop();
    RETURN_IF_ERROR(inserted);
    RETURN_IF_ERROR(searched.status);
    LoopResult result;
    result.requests = searched.answered;
    result.seconds = searched.seconds;
    Record("search meanwhile", searches.latencies(), result, searched.answered * options_.nq);
    if (searched.missed > 0) {
        std::fprintf(stderr, "%lld searches were not sent: %zu were under way\n",
                     static_cast<long long>(searched.missed), kPacedUnderWayMax);
    }
    return Search("search", "", options_.truth);
}

Result<LoopResult> Session::RunLoop(const std::string& name, const LoopLimits& limits,
                                    ClosedLoop::Issue issue, ClosedLoop::HistogramOf histogram_of) {
    ClosedLoop loop(limits, std::move(issue), std::move(histogram_of));
    cpu_before_ = CpuTimes(options_.server_pid);
    int64_t requests_before = 0;
    double seconds_before = 0;
    LoopResult result = loop.Run([&](const LoopResult& so_far) {
        const auto fresh = static_cast<double>(so_far.requests - requests_before);
        std::fprintf(stderr, "%s: %.0f s, %lld requests, %.0f a second\n", name.c_str(),
                     so_far.seconds, static_cast<long long>(so_far.requests),
                     fresh / (so_far.seconds - seconds_before));
        requests_before = so_far.requests;
        seconds_before = so_far.seconds;
    });
    cpu_after_ = CpuTimes(options_.server_pid);
    RETURN_IF_ERROR(result.status.Annotate(name));
    return result;
}

Measurement& Session::Record(const std::string& name, const LatencyHistogram& latencies,
                             const LoopResult& result, int64_t items) {
    Measurement measurement;
    measurement.workload = name;
    measurement.requests = static_cast<int64_t>(latencies.count());
    measurement.items = items;
    measurement.seconds = result.seconds;
    measurement.p50_ns = latencies.Percentile(0.50);
    measurement.p95_ns = latencies.Percentile(0.95);
    measurement.p99_ns = latencies.Percentile(0.99);
    measurement.max_ns = latencies.max_ns();
    const double requests = static_cast<double>(std::max<int64_t>(result.requests, 1));
    measurement.client_cpu_us =
        static_cast<double>(cpu_after_.client_ns - cpu_before_.client_ns) / 1e3 / requests;
    if (cpu_before_.server_ns.has_value() && cpu_after_.server_ns.has_value()) {
        measurement.server_cpu_us =
            static_cast<double>(*cpu_after_.server_ns - *cpu_before_.server_ns) / 1e3 / requests;
    }
    report_.measurements.push_back(measurement);
    return report_.measurements.back();
}

Result<Vectors> OpenBase(const LoadOptions& options) {
    if (!options.base.empty()) {
        return Vectors::FromFile(options.base);
    }
    const auto dim = static_cast<size_t>(options.dim);
    const auto batch = static_cast<size_t>(options.batch);
    const size_t fitting = kMadeBytesMax / (dim * sizeof(float));
    const size_t wanted = options.rows > 0 ? static_cast<size_t>(options.rows) : fitting;
    // Whole batches, and at least one.
    const size_t batches = std::max<size_t>((std::min(wanted, fitting) + batch - 1) / batch, 1);
    return Vectors::Random(dim, batches * batch, options.seed);
}

}  // namespace

Result<Report> Run(const LoadOptions& options) {
    ASSIGN_OR_RETURN(Vectors base, OpenBase(options));
    Vectors queries = Vectors::Random(base.dim(), kMadeQueries, options.seed + 1);
    if (!options.queries.empty()) {
        ASSIGN_OR_RETURN(queries, Vectors::FromFile(options.queries));
    }
    if (queries.dim() != base.dim()) {
        return InvalidParameter("the queries have " + std::to_string(queries.dim()) +
                                " dimensions, the rows " + std::to_string(base.dim()));
    }
    ASSIGN_OR_RETURN(std::unique_ptr<MilvusClient> client,
                     MilvusClient::Connect(
                         options.address, static_cast<size_t>(options.connections), kConnectMsMax));
    return Session(options, std::move(base), std::move(queries), std::move(client)).Run();
}

}  // namespace elanus::loadgen
