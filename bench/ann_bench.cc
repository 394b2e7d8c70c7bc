// ann_bench: recall against speed of our index, and of a rival's over the same data, measured by
// one loop. What it takes and prints is in bench/README.md; `ann_bench --help` repeats it.
//
// Every point of the sweep is timed in rounds; in each round every index in turn answers all
// queries, one a call, after a warm-up of the same queries. Figures are medians over the rounds.
#include "ann_data.h"
#include "ann_searcher.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <map>
#include <string>
#include <thread>

namespace elanus::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kRounds = 5;

constexpr const char* kUsage =
    "ann_bench --base B.npy --queries Q.npy --gt G.npy --metric cosine|l2|ip --k 10\n"
    "          --index 'HNSW,M=16,efConstruction=200' --sweep ef=16:512 --json OUT\n"
    "          [--filter-ratio R --filter-kind random|correlated|anti] [--threads N]\n"
    "          [--rival hnswlib] [--keep FOLDER]\n"
    "  --sweep NAME=FROM:TO doubles, with a step of a half between; NAME=A,B,C takes these\n"
    "  --filter-ratio R lets that share of the rows pass (0 < R <= 1)\n"
    "  --threads N builds and searches with N threads\n"
    "  --keep FOLDER keeps the indexes there and opens what is there already; ours is mapped\n";

struct Options {
    std::map<std::string, std::string> values;
    std::string Of(const std::string& name, const std::string& otherwise = "") const {
        const auto at = values.find(name);
        return at == values.end() ? otherwise : at->second;
    }
};

struct Point {
    std::string param;
    double recall = 0, qps = 0, p99_us = 0, hops = 0, distances = 0;
};

struct Subject {
    std::unique_ptr<AnnSearcher> searcher;
    std::string index;
    double build_s = 0;
    double build_cpu_s = 0;  // of all threads
    std::vector<Point> points;
};

double Seconds(Clock::time_point since) {
    return std::chrono::duration<double>(Clock::now() - since).count();
}

// Of all threads of this process so far.
double CpuSeconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double Median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

base::Result<Options> ParseOptions(int argc, char** argv) {
    static const std::vector<std::string> known = {
        "base", "queries",      "gt",          "metric",  "k",     "index", "sweep",
        "json", "filter-ratio", "filter-kind", "threads", "rival", "keep"};
    Options options;
    for (int i = 1; i < argc; i += 2) {
        const std::string name = std::string(argv[i]).starts_with("--") ? argv[i] + 2 : "";
        if (std::find(known.begin(), known.end(), name) == known.end() || i + 1 == argc) {
            return base::InvalidParameter("what is " + std::string(argv[i]) + "?");
        }
        options.values[name] = argv[i + 1];
    }
    for (const char* name : {"base", "queries", "gt", "json"}) {
        if (options.Of(name).empty()) {
            return base::InvalidParameter("--" + std::string(name) + " is missing");
        }
    }
    return options;
}

std::vector<std::string> Split(const std::string& text, char separator) {
    std::vector<std::string> parts(1);
    for (char c : text) {
        if (c == separator) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

template <typename T>
base::Result<T> Number(const std::string& text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !(value > 0)) {
        return base::InvalidParameter("not a positive number: '" + text + "'");
    }
    return value;
}

// "HNSW,M=16" -> type and parameters.
base::Result<AnnIndexOptions> ParseIndex(const std::string& text, size_t threads) {
    AnnIndexOptions options;
    options.threads = threads;
    for (const std::string& part : Split(text, ',')) {
        const size_t equals = part.find('=');
        if (options.index_type.empty()) {
            options.index_type = part;
        } else if (equals == std::string::npos) {
            return base::InvalidParameter("not NAME=VALUE: '" + part + "'");
        } else {
            options.params.emplace_back(part.substr(0, equals), part.substr(equals + 1));
        }
    }
    return options;
}

struct Sweep {
    std::string name;
    std::vector<uint32_t> values;
};

base::Result<Sweep> ParseSweep(const std::string& text) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) {
        return base::InvalidParameter("--sweep wants NAME=FROM:TO or NAME=A,B,C");
    }
    Sweep sweep{text.substr(0, equals), {}};
    const std::string range = text.substr(equals + 1);
    const size_t colon = range.find(':');
    if (colon == std::string::npos) {
        for (const std::string& part : Split(range, ',')) {
            ASSIGN_OR_RETURN(const uint32_t value, Number<uint32_t>(part));
            sweep.values.push_back(value);
        }
        return sweep;
    }
    ASSIGN_OR_RETURN(const uint32_t from, Number<uint32_t>(range.substr(0, colon)));
    ASSIGN_OR_RETURN(const uint32_t to, Number<uint32_t>(range.substr(colon + 1)));
    for (uint64_t value = from; value <= to; value *= 2) {
        sweep.values.push_back(static_cast<uint32_t>(value));
        if (value % 2 == 0 && value + value / 2 <= to) {
            sweep.values.push_back(static_cast<uint32_t>(value + value / 2));
        }
    }
    return sweep;
}

base::Result<vindex::Metric> ParseMetric(const std::string& text) {
    const auto metric = vindex::MetricFromName(text);
    if (!metric.has_value() || *metric > vindex::Metric::kCosine) {
        return base::InvalidParameter("--metric is cosine, l2 or ip");
    }
    return *metric;
}

base::Result<AnnData> LoadData(const Options& options) {
    ASSIGN_OR_RETURN(const vindex::Metric metric, ParseMetric(options.Of("metric", "l2")));
    ASSIGN_OR_RETURN(const size_t k, Number<size_t>(options.Of("k", "10")));
    ASSIGN_OR_RETURN(AnnData data, ReadAnnData(options.Of("base"), options.Of("queries"),
                                               options.Of("gt"), metric, k));
    if (options.Of("filter-ratio").empty()) {
        return data;
    }
    ASSIGN_OR_RETURN(const double ratio, Number<double>(options.Of("filter-ratio")));
    const std::string kind = options.Of("filter-kind", "random");
    if (ratio > 1 || (kind != "random" && kind != "correlated" && kind != "anti")) {
        return base::InvalidParameter(
            "--filter-ratio is at most 1, --filter-kind random, correlated or anti");
    }
    AddFilters(ratio,
               kind == "random" ? FilterKind::kRandom
               : kind == "anti" ? FilterKind::kAnti
                                : FilterKind::kCorrelated,
               &data);
    return data;
}

using Build = base::Result<std::unique_ptr<AnnSearcher>> (*)(const AnnData&,
                                                             const AnnIndexOptions&);

base::Result<Subject> MakeSubject(const AnnData& data, const AnnIndexOptions& index,
                                  const std::string& text, Build build) {
    Subject subject;
    subject.index = text;
    const auto start = Clock::now();
    const double cpu = CpuSeconds();
    ASSIGN_OR_RETURN(subject.searcher, build(data, index));
    subject.build_s = Seconds(start);
    subject.build_cpu_s = CpuSeconds() - cpu;
    return subject;
}

// What an index is kept as: "HNSW,M=16" -> "HNSW.M_16".
std::string KeyOf(std::string index) {
    std::replace(index.begin(), index.end(), ',', '.');
    std::replace(index.begin(), index.end(), '=', '_');
    return index;
}

base::Result<std::vector<Subject>> MakeSubjects(const AnnData& data, const Options& options,
                                                size_t threads) {
    const std::string text = options.Of("index", "HNSW,M=16,efConstruction=200");
    ASSIGN_OR_RETURN(AnnIndexOptions index, ParseIndex(text, threads));
    const std::string kept =
        options.Of("keep").empty() ? "" : options.Of("keep") + "/" + KeyOf(text);
    index.path = kept.empty() ? "" : kept + ".elanus";
    std::vector<Subject> subjects;
    ASSIGN_OR_RETURN(Subject ours, MakeSubject(data, index, text, BuildOurs));
    subjects.push_back(std::move(ours));
    if (!options.Of("rival").empty()) {
#if defined(ELANUS_BENCH_HNSWLIB)
        if (options.Of("rival") == "hnswlib") {
            index.path = kept.empty() ? "" : kept + ".hnswlib";
            ASSIGN_OR_RETURN(Subject rival, MakeSubject(data, index, text, BuildHnswlib));
            subjects.push_back(std::move(rival));
            return subjects;
        }
#endif
        return base::InvalidParameter("the rival " + options.Of("rival") +
                                      " was not built in (bench/README.md)");
    }
    return subjects;
}

struct Timing {
    double seconds = 0;
    std::vector<float> us;  // of each query
};

// All queries once, one a call, shared by `threads` threads.
base::Status TimeRound(const AnnData& data, AnnSearcher& searcher, size_t threads, Timing* timing) {
    std::atomic<size_t> next{0};
    std::atomic<bool> failed{false};
    timing->us.assign(data.queries.rows, 0);
    const auto run = [&] {
        Answer answer;
        for (size_t q;
             !failed && (q = next.fetch_add(1, std::memory_order_relaxed)) < data.queries.rows;) {
            const auto start = Clock::now();
            failed = !searcher.Search(data.queries.Row(q), data.Filter(q), &answer).ok() || failed;
            timing->us[q] = static_cast<float>(Seconds(start) * 1e6);
        }
    };
    const auto start = Clock::now();
    std::vector<std::thread> workers;
    for (size_t t = 1; t < threads; ++t) {
        workers.emplace_back(run);
    }
    run();
    for (std::thread& worker : workers) {
        worker.join();
    }
    timing->seconds = Seconds(start);
    return failed ? base::Internal("a search failed") : base::Status();
}

// One value of the sweep for all subjects. The counting pass is the warm-up.
base::Status MeasurePoint(const AnnData& data, const std::string& name, uint32_t value,
                          size_t threads, std::vector<Subject>* subjects) {
    for (Subject& subject : *subjects) {
        RETURN_IF_ERROR(subject.searcher->Set(name, value));
        ASSIGN_OR_RETURN(const Counts counts, CountAll(data, *subject.searcher));
        Point point;
        point.recall = counts.recall;
        point.hops = counts.hops;
        point.distances = counts.distances;
        point.param = name + "=" + std::to_string(value);
        subject.points.push_back(point);
    }
    std::vector<std::vector<double>> qps(subjects->size()), p99(subjects->size());
    Timing timing;
    for (size_t round = 0; round < kRounds; ++round) {
        for (size_t s = 0; s < subjects->size(); ++s) {
            RETURN_IF_ERROR(TimeRound(data, *(*subjects)[s].searcher, threads, &timing));
            qps[s].push_back(static_cast<double>(data.queries.rows) / timing.seconds);
            const auto at = timing.us.begin() + static_cast<ptrdiff_t>(timing.us.size() * 99 / 100);
            std::nth_element(timing.us.begin(), at, timing.us.end());
            p99[s].push_back(*at);
        }
    }
    for (size_t s = 0; s < subjects->size(); ++s) {
        Point& point = (*subjects)[s].points.back();
        point.qps = Median(qps[s]);
        point.p99_us = Median(p99[s]);
        std::printf("%-8s %-10s %8.4f %10.0f %9.1f %9.1f %10.1f\n",
                    (*subjects)[s].searcher->name().c_str(), point.param.c_str(), point.recall,
                    point.qps, point.p99_us, point.hops, point.distances);
        std::fflush(stdout);
    }
    return base::Status();
}

std::string Escaped(const std::string& text) {
    std::string out;
    for (char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out;
}

std::string JsonOf(const Subject& subject) {
    char buffer[256];
    std::snprintf(buffer, sizeof buffer, "\"build_s\": %.3f, \"bytes_per_vector\": %.1f",
                  subject.build_s, subject.searcher->bytes_per_vector());
    std::string out =
        "{\"index\": \"" + Escaped(subject.index) + "\", " + buffer + ", \"points\": [";
    for (const Point& p : subject.points) {
        std::snprintf(buffer, sizeof buffer,
                      "%s{\"param\": \"%s\", \"recall\": %.5f, \"qps\": %.1f, \"p99_us\": %.1f, "
                      "\"hops\": %.1f, \"distances\": %.1f}",
                      &p == subject.points.data() ? "" : ", ", Escaped(p.param).c_str(), p.recall,
                      p.qps, p.p99_us, p.hops, p.distances);
        out += buffer;
    }
    return out + "]}";
}

base::Status WriteJson(const std::string& path, const std::vector<Subject>& subjects) {
    std::ofstream out(path);
    out << "{\"ours\": " << JsonOf(subjects[0]) << ", \"rivals\": {";
    for (size_t s = 1; s < subjects.size(); ++s) {
        out << (s > 1 ? ", " : "") << '"' << subjects[s].searcher->name()
            << "\": " << JsonOf(subjects[s]);
    }
    out << "}}\n";
    out.flush();
    return out ? base::Status() : base::InvalidParameter("cannot write " + path);
}

base::Status Run(const Options& options) {
    ASSIGN_OR_RETURN(const Sweep sweep, ParseSweep(options.Of("sweep", "ef=16:512")));
    ASSIGN_OR_RETURN(const size_t threads, Number<size_t>(options.Of("threads", "1")));
    ASSIGN_OR_RETURN(const AnnData data, LoadData(options));
    ASSIGN_OR_RETURN(std::vector<Subject> subjects, MakeSubjects(data, options, threads));
    std::printf("%-8s %-10s %8s %10s %9s %9s %10s\n", "index", "parameter", "recall", "QPS",
                "p99 us", "hops", "distances");
    for (uint32_t value : sweep.values) {
        RETURN_IF_ERROR(MeasurePoint(data, sweep.name, value, threads, &subjects));
    }
    for (const Subject& subject : subjects) {
        std::printf("%s: %s, built in %.2f s (%.2f of all cores), %.0f bytes a vector\n",
                    subject.searcher->name().c_str(), subject.index.c_str(), subject.build_s,
                    subject.build_cpu_s, subject.searcher->bytes_per_vector());
    }
    return WriteJson(options.Of("json"), subjects);
}

int Main(int argc, char** argv) {
    if (argc == 1 || std::string(argv[1]) == "--help") {
        std::fputs(kUsage, stdout);
        return argc == 1 ? 2 : 0;
    }
    const auto options = ParseOptions(argc, argv);
    const base::Status status = options.ok() ? Run(*options) : options.status();
    if (!status.ok()) {
        std::fprintf(stderr, "ann_bench: %s\n", std::string(status.reason()).c_str());
        return 1;
    }
    return 0;
}

}  // namespace
}  // namespace elanus::bench

int main(int argc, char** argv) {
    return elanus::bench::Main(argc, argv);
}
