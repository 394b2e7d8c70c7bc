// What rows cost that arrive while others are searched: the mutable graph (vindex/lean_graph.h)
// with rows added by some threads, alone and beside searches at a fixed rate, then its recall at
// several efforts; and the scan of codes (vindex/sign_scan.h) over the same rows.
//
//     insert_bench --base B.npy --queries Q.npy --gt G.npy --metric cosine|l2|ip [--threads N]
//
// Ground truth is that of the whole base. Times of searches are processor time of the searching
// thread.
#include "ann_data.h"
#include "sys/clock.h"
#include "vindex/exact_scan.h"
#include "vindex/lean_graph.h"
#include "vindex/sign_scan.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <string>
#include <thread>

namespace elanus::bench {
namespace {

using vindex::LeanGraph;

double ThreadSeconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double Seconds() {
    return static_cast<double>(sys::RealClock().MonotonicNs()) / 1e9;
}

struct Work {
    double seconds = 0;
    uint64_t hops = 0;
    uint64_t distances = 0;
};

std::vector<uint32_t> SearchGraph(const LeanGraph& graph, const float* query, size_t k, size_t ef,
                                  Work* work) {
    vindex::SearchScratch& scratch = vindex::ThreadScratch();
    thread_local vindex::LeanQuery lean;
    const double begin = ThreadSeconds();
    graph.store().PrepareQuery(query, &lean);
    LeanGraph::Search search;
    search.query = &lean;
    search.ef = LeanGraph::Widened(ef);
    search.rows = graph.rows();
    search.matches = search.rows;
    search.refined = LeanGraph::Refined(search.ef, k);
    vindex::SearchCounters counters;
    base::Status interrupted;
    (void)graph.Walk(search, scratch, &counters, &interrupted);
    work->seconds += ThreadSeconds() - begin;
    work->hops += counters.hops;
    work->distances += counters.distances;
    std::vector<uint32_t> rows;
    for (size_t i = 0; i < std::min(k, scratch.pool.size()); ++i) {
        rows.push_back(vindex::KeyRow(scratch.pool[i]));
    }
    return rows;
}

// Adds all rows from `threads` threads while this one searches `rate` times a second (0: not).
void AddAll(const AnnData& data, LeanGraph& graph, size_t threads, double rate) {
    constexpr uint32_t kAtOnce = 100;
    const auto rows = static_cast<uint32_t>(data.base.rows);
    std::atomic<uint32_t> next{0};
    std::atomic<size_t> adding{threads};
    std::atomic<int64_t> add_ns{0};
    const double begin = Seconds();
    std::vector<std::thread> adders;
    for (size_t t = 0; t < threads; ++t) {
        adders.emplace_back([&] {
            const double from = ThreadSeconds();
            for (uint32_t at = next.fetch_add(kAtOnce); at < rows; at = next.fetch_add(kAtOnce)) {
                const uint32_t count = std::min(kAtOnce, rows - at);
                (void)graph.Add(data.base.values.data() + size_t{at} * data.base.columns, count,
                                nullptr);
            }
            add_ns += static_cast<int64_t>((ThreadSeconds() - from) * 1e9);
            --adding;
        });
    }
    Work work;
    size_t searches = 0;
    while (rate > 0 && adding > 0) {
        const size_t query = searches % data.queries.rows;
        (void)SearchGraph(graph, data.queries.values.data() + query * data.queries.columns, data.k,
                          64, &work);
        ++searches;
        const double due = begin + static_cast<double>(searches) / rate;
        std::this_thread::sleep_for(std::chrono::duration<double>(due - Seconds()));
    }
    for (std::thread& adder : adders) {
        adder.join();
    }
    const double wall = Seconds() - begin;
    std::printf(
        "added by %zu threads, %.0f searches/s: %.0f rows/s, %.0f us of a core a row, "
        "%.0f searches/s, %.0f us each\n",
        threads, rate, rows / wall, static_cast<double>(add_ns.load()) / 1e3 / rows,
        static_cast<double>(searches) / wall,
        searches > 0 ? work.seconds * 1e6 / static_cast<double>(searches) : 0.0);
}

void Sweep(const AnnData& data, const LeanGraph& graph) {
    for (const size_t ef : {16, 24, 32, 48, 64, 96, 128, 192, 256, 384}) {
        Work work;
        double recall = 0;
        for (size_t q = 0; q < data.queries.rows; ++q) {
            const auto found = SearchGraph(
                graph, data.queries.values.data() + q * data.queries.columns, data.k, ef, &work);
            recall += RecallOf(data.truth[q], found);
        }
        const auto queries = static_cast<double>(data.queries.rows);
        std::printf("graph ef %4zu: recall %.4f, %.1f us, hops %.0f, distances %.0f\n", ef,
                    recall / queries, work.seconds * 1e6 / queries,
                    static_cast<double>(work.hops) / queries,
                    static_cast<double>(work.distances) / queries);
    }
}

void Scan(const AnnData& data) {
    const auto rows = static_cast<uint32_t>(data.base.rows);
    const auto dim = static_cast<uint32_t>(data.base.columns);
    vindex::SignScan scan(data.metric, dim);
    const double begin = ThreadSeconds();
    scan.Extend(rows, [&](uint32_t row, float* out) {
        std::memcpy(out, data.base.values.data() + size_t{row} * dim, dim * sizeof(float));
    });
    const double coded = ThreadSeconds() - begin;
    const vindex::SignScan::View view = scan.Look(rows);
    const vindex::VectorView vectors(vindex::VectorType::kFloat, data.metric, dim, rows,
                                     data.base.values.data(), nullptr);
    vindex::SearchCounters counters;
    double recall = 0, seconds = 0;
    for (size_t q = 0; q < data.queries.rows; ++q) {
        const float* query = data.queries.values.data() + q * dim;
        const vindex::Query prepared{query, dim * sizeof(float), 1};
        vindex::TopK best;
        best.Reset(data.k);
        const double from = ThreadSeconds();
        (void)view.Search(
            {.query = query, .k = data.k, .selected = {}, .interrupt = {}},
            [&](std::span<const uint32_t> ids, float* costs) {
                vectors.Costs(prepared, ids.data(), ids.size(), costs);
            },
            &best, &counters);
        seconds += ThreadSeconds() - from;
        std::vector<uint32_t> found;
        for (const uint64_t key : best.Sorted()) {
            found.push_back(vindex::KeyRow(key));
        }
        recall += RecallOf(data.truth[q], found);
    }
    const auto queries = static_cast<double>(data.queries.rows);
    std::printf(
        "scan of codes: %.1f bytes and %.2f us a row; recall %.4f, %.1f us, %.0f rows "
        "compared exactly\n",
        static_cast<double>(scan.memory_bytes()) / rows, coded * 1e6 / rows, recall / queries,
        seconds * 1e6 / queries,
        static_cast<double>(counters.distances) / queries - rows / 32 * 32);
}

base::Status Run(std::map<std::string, std::string> options) {
    const auto metric = vindex::MetricFromName(options["--metric"]);
    if (!metric.has_value()) {
        return base::InvalidParameter("--metric cosine, l2 or ip");
    }
    ASSIGN_OR_RETURN(const AnnData data, ReadAnnData(options["--base"], options["--queries"],
                                                     options["--gt"], *metric, 10));
    const size_t threads = options.contains("--threads") ? std::stoul(options["--threads"]) : 1;
    const auto rows = static_cast<uint32_t>(data.base.rows);
    vindex::LeanOptions lean;
    lean.metric = data.metric;
    lean.dim = static_cast<uint32_t>(data.base.columns);
    Scan(data);
    for (const double rate : {200.0, 0.0}) {
        const std::unique_ptr<LeanGraph> graph =
            LeanGraph::Make(lean, rows, data.base.values.data(), std::min(rows, 1000u));
        AddAll(data, *graph, rate > 0 ? threads : 1, rate);
        if (rate == 0) {
            std::printf("%.0f bytes a row\n", static_cast<double>(graph->memory_bytes()) / rows);
            Sweep(data, *graph);
        }
    }
    return base::Status();
}

}  // namespace
}  // namespace elanus::bench

int main(int argc, char** argv) {
    std::map<std::string, std::string> options;
    for (int i = 1; i + 1 < argc; i += 2) {
        options[argv[i]] = argv[i + 1];
    }
    const elanus::base::Status status = elanus::bench::Run(std::move(options));
    if (!status.ok()) {
        std::fprintf(stderr, "%s\n", status.reason().c_str());
        return 1;
    }
    return 0;
}
