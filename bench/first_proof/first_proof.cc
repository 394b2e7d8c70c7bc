// The first proof of the index engine: two forms over one graph of our own, and hnswlib, in one
// process over the same data. Reads commands from standard input and answers with one line of JSON
// each, so that a script can interleave it with libraries of other processes (README.md).
//
//   first_proof FOLDER METRIC [key=value ...]
//     FOLDER   base.npy, queries.npy, gt.npy; METRIC cosine | l2
//     degree, window, refine_window, alpha, refine_alpha, passes, met, fill, threads, router
//     graph=FILE  keeps the graph; hnsw=FILE keeps hnswlib's index; hnsw_m=16
//   commands: fast|lean|hnsw POOL K RERANK STARTS REPEATS
#include "../npy.h"
#include "forms.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include <hnswlib/hnswlib.h>

namespace elanus::bench {
namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::time_point since) {
    return std::chrono::duration<double>(Clock::now() - since).count();
}

struct Setup {
    Matrix<float> base, queries;
    Matrix<int32_t> truth;
    std::map<std::string, std::string> options;

    double Option(const std::string& name, double otherwise) const {
        const auto at = options.find(name);
        return at == options.end() ? otherwise : std::stod(at->second);
    }
    std::string Path(const std::string& name) const {
        const auto at = options.find(name);
        return at == options.end() ? "" : at->second;
    }
};

void Normalize(Matrix<float>* m) {
    for (size_t i = 0; i < m->rows; ++i) {
        float* v = m->values.data() + i * m->columns;
        const float length = std::sqrt(Norm2(v, m->columns));
        for (size_t d = 0; d < m->columns && length > 0; ++d) {
            v[d] /= length;
        }
    }
}

GraphOptions GraphOptionsOf(const Setup& s) {
    GraphOptions o;
    o.degree = static_cast<size_t>(s.Option("degree", 32));
    o.window = static_cast<size_t>(s.Option("window", 60));
    o.refine_window = static_cast<size_t>(s.Option("refine_window", 100));
    o.alpha = static_cast<float>(s.Option("alpha", 1));
    o.refine_alpha = static_cast<float>(s.Option("refine_alpha", 1));
    o.met = static_cast<size_t>(s.Option("met", 600));
    o.passes = static_cast<size_t>(s.Option("passes", 1));
    o.fill = static_cast<size_t>(s.Option("fill", 100));
    o.threads = static_cast<size_t>(s.Option("threads", 1));
    return o;
}

Graph LoadOrBuild(const Setup& s, const Rows8& rows) {
    const GraphOptions o = GraphOptionsOf(s);
    const std::string path = s.Path("graph");
    std::ifstream in(path, std::ios::binary);
    if (!path.empty() && in) {
        Graph graph(rows.count, o.degree);
        in.read(reinterpret_cast<char*>(graph.counts().data()),
                static_cast<std::streamsize>(rows.count * 4));
        in.read(reinterpret_cast<char*>(graph.links().data()),
                static_cast<std::streamsize>(rows.count * o.degree * 4));
        return graph;
    }
    const auto start = Clock::now();
    Graph graph = GraphBuilder(rows, o).Build();
    std::fprintf(stderr, "graph built in %.1f s\n", Seconds(start));
    if (!path.empty()) {
        std::ofstream out(path, std::ios::binary);
        out.write(reinterpret_cast<const char*>(graph.counts().data()),
                  static_cast<std::streamsize>(rows.count * 4));
        out.write(reinterpret_cast<const char*>(graph.links().data()),
                  static_cast<std::streamsize>(rows.count * o.degree * 4));
    }
    return graph;
}

class Hnsw {
  public:
    explicit Hnsw(const Setup& s) : space_(s.base.columns) {
        const std::string path = s.Path("hnsw");
        if (std::ifstream(path).good()) {
            index_ = std::make_unique<hnswlib::HierarchicalNSW<float>>(&space_, path);
            return;
        }
        const auto start = Clock::now();
        index_ = std::make_unique<hnswlib::HierarchicalNSW<float>>(
            &space_, s.base.rows, static_cast<size_t>(s.Option("hnsw_m", 16)), 200);
        InParallel(s.base.rows, static_cast<size_t>(s.Option("threads", 1)),
                   [&](size_t i, size_t) { index_->addPoint(s.base.Row(i), i); });
        std::fprintf(stderr, "hnswlib built in %.1f s\n", Seconds(start));
        index_->saveIndex(path);
    }
    void Search(const float* query, const SearchOptions& o, std::vector<uint32_t>* out) {
        index_->setEf(o.pool);
        auto found = index_->searchKnn(query, o.k);
        out->clear();
        for (; !found.empty(); found.pop()) {
            out->push_back(static_cast<uint32_t>(found.top().second));
        }
    }
    Counters Read() {
        Counters c;
        c.hops = static_cast<uint64_t>(index_->metric_hops);
        c.estimates = static_cast<uint64_t>(index_->metric_distance_computations);
        return c;
    }

  private:
    hnswlib::L2Space space_;
    std::unique_ptr<hnswlib::HierarchicalNSW<float>> index_;
};

double Recall(const Setup& s, size_t query, const std::vector<uint32_t>& found, size_t k) {
    const int32_t* truth = s.truth.Row(query);
    const std::set<uint32_t> want(truth, truth + k);
    size_t hits = 0;
    for (uint32_t row : found) {
        hits += want.count(row);
    }
    return static_cast<double>(hits) / static_cast<double>(k);
}

template <typename Searcher, typename Read>
void Answer(const Setup& s, Searcher& searcher, const SearchOptions& o, size_t repeats,
            const Read& read) {
    std::vector<std::vector<uint32_t>> found(s.queries.rows);
    const Counters before = read();
    const auto start = Clock::now();
    const std::clock_t cpu = std::clock();
    for (size_t r = 0; r < repeats; ++r) {
        for (size_t q = 0; q < s.queries.rows; ++q) {
            searcher.Search(s.queries.Row(q), o, &found[q]);
        }
    }
    const double cpu_s = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
    const double wall = Seconds(start);
    const Counters after = read();
    double recall = 0;
    for (size_t q = 0; q < s.queries.rows; ++q) {
        recall += Recall(s, q, found[q], o.k);
    }
    const auto total = static_cast<double>(repeats * s.queries.rows);
    const auto mean = [&](uint64_t a, uint64_t b) { return static_cast<double>(b - a) / total; };
    std::printf(
        "{\"recall\": %.4f, \"qps\": %.0f, \"cpu_qps\": %.0f, \"hops\": %.1f, "
        "\"estimates\": %.0f, \"bytes\": %.0f}\n",
        recall / static_cast<double>(s.queries.rows), total / wall, total / cpu_s,
        mean(before.hops, after.hops), mean(before.estimates, after.estimates),
        mean(before.bytes, after.bytes));
    std::fflush(stdout);
}

template <typename T>
T OrExit(base::Result<T> result) {
    if (!result.ok()) {
        std::fprintf(stderr, "%s\n", std::string(result.status().reason()).c_str());
        std::exit(1);
    }
    return std::move(*result);
}

int Main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: first_proof FOLDER cosine|l2 [key=value ...]\n");
        return 2;
    }
    const std::string folder = argv[1];
    Setup s{OrExit(ReadFloats(folder + "/base.npy")),
            OrExit(ReadFloats(folder + "/queries.npy")),
            OrExit(ReadInts(folder + "/gt.npy")),
            {}};
    for (int i = 3; i < argc; ++i) {
        const std::string option = argv[i];
        s.options[option.substr(0, option.find('='))] = option.substr(option.find('=') + 1);
    }
    if (std::string(argv[2]) == "cosine") {
        Normalize(&s.base);
        Normalize(&s.queries);
    }
    HugeArray huge(s.base.values.size() * sizeof(float) + 64);
    std::memcpy(huge.data(), s.base.values.data(), s.base.values.size() * sizeof(float));
    const Base base(reinterpret_cast<const float*>(huge.data()), s.base.rows, s.base.columns);
    const auto start = Clock::now();
    const Rows8 rows = EncodeRows(base);
    std::fprintf(stderr, "rows encoded in %.1f s\n", Seconds(start));
    const Graph graph = LoadOrBuild(s, rows);
    const auto router = static_cast<size_t>(s.Option("router", 256));
    const auto fill = Clock::now();
    FastForm fast(base, rows, graph, router);
    std::fprintf(stderr, "blocks filled in %.1f s\n", Seconds(fill));
    LeanForm lean(base, rows, graph, router);
    std::unique_ptr<Hnsw> hnsw = s.Path("hnsw").empty() ? nullptr : std::make_unique<Hnsw>(s);
    std::fprintf(stderr, "bytes a row: fast %zu, lean %zu, hnswlib %zu\n", fast.block_bytes(),
                 lean.bytes_per_row(), s.base.columns * 4 + 4 * 33 + 8);
    std::printf("{\"ready\": true}\n");
    std::fflush(stdout);
    std::string form;
    SearchOptions o;
    size_t repeats = 1;
    while (std::cin >> form >> o.pool >> o.k >> o.rerank >> o.starts >> repeats) {
        if (form == "fast") {
            Answer(s, fast, o, repeats, [&] { return fast.counters; });
        } else if (form == "lean") {
            Answer(s, lean, o, repeats, [&] { return lean.counters; });
        } else if (hnsw != nullptr) {
            Answer(s, *hnsw, o, repeats, [&] { return hnsw->Read(); });
        }
    }
    return 0;
}

}  // namespace
}  // namespace elanus::bench

int main(int argc, char** argv) {
    return elanus::bench::Main(argc, argv);
}
