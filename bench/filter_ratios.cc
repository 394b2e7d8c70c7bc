// filter_ratios: recall and speed of one index under filters that let less and less pass.
//
// Ten ratios from all rows to a thousandth, each for filters that know nothing of the query, that
// hold rows near it, and that hold the rows farthest from it (ann_data.h). Beside it in the same
// rounds: FLAT, which scans what passes, under the same filter; and hnswlib without any filter, at
// the least ef that gives it a recall of .95. Bitsets are made beforehand; what making one costs is
// measured beside it, as comparing a column of 64-bit numbers with a constant, and one column of
// the table has it added to every query.
// Times are CPU times of the one thread that searches, one query a call.
#include "ann_data.h"
#include "ann_searcher.h"
#include "simd/compare.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <numeric>
#include <random>
#include <string>

#include <time.h>

namespace elanus::bench {
namespace {

constexpr double kRatios[] = {1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001};
constexpr std::pair<FilterKind, const char*> kKinds[] = {{FilterKind::kRandom, "random"},
                                                         {FilterKind::kCorrelated, "correlated"},
                                                         {FilterKind::kAnti, "anti"}};
constexpr size_t kRounds = 5;
constexpr double kRecall = 0.95;
constexpr char kUsage[] =
    "filter_ratios --base B.npy --queries Q.npy --gt G.npy [--metric cosine|l2|ip] [--k 10]\n"
    "              [--index AUTOINDEX|HNSW] [--ef 64] [--queries-max 200] [--threads N (build)]\n"
    "              [--kind random|correlated|anti] [--ratio R] [--rival none]\n"
    "  --ef is for HNSW; AUTOINDEX is asked without any parameter\n";

using Options = std::map<std::string, std::string>;

std::string Of(const Options& options, const std::string& name, const std::string& usual = "") {
    const auto at = options.find(name);
    return at == options.end() ? usual : at->second;
}

size_t NumberOf(const Options& options, const std::string& name, const std::string& usual) {
    return std::strtoull(Of(options, name, usual).c_str(), nullptr, 10);
}

struct Sides {
    std::unique_ptr<AnnSearcher> ours;
    std::unique_ptr<AnnSearcher> scan;
    std::unique_ptr<AnnSearcher> rival;  // null: not built in
};

// Of this thread: others that want the processor do not show.
double CpuSeconds() {
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// CPU seconds of all queries, one after the other.
base::Result<double> TimeAll(const AnnData& data, AnnSearcher& searcher, bool filtered) {
    Answer answer;
    const double start = CpuSeconds();
    for (size_t q = 0; q < data.queries.rows; ++q) {
        const base::BitmapView filter = filtered ? data.Filter(q) : base::BitmapView();
        RETURN_IF_ERROR(searcher.Search(data.queries.Row(q), filter, &answer));
    }
    return CpuSeconds() - start;
}

// CPU seconds of making `count` bitsets out of a column, in which a share of all rows passes.
double TimeBitsets(const std::vector<int64_t>& column, double ratio, size_t count) {
    std::vector<uint64_t> words(column.size() / 64 + 1);
    const auto bound = static_cast<int64_t>(ratio * static_cast<double>(column.size()));
    const double start = CpuSeconds();
    for (size_t i = 0; i < count; ++i) {
        simd::Compare(simd::CompareOp::kLt, column.data(), column.size(), bound, words.data());
    }
    return CpuSeconds() - start;
}

double Median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

base::Status Measure(const AnnData& unfiltered, FilterKind kind, const char* name, double ratio,
                     const Sides& sides) {
    AnnData data = unfiltered;
    AddFilters(ratio, kind, &data);
    ASSIGN_OR_RETURN(const Counts counts, CountAll(data, *sides.ours));
    std::vector<int64_t> column(data.base.rows);
    std::iota(column.begin(), column.end(), 0);
    std::shuffle(column.begin(), column.end(), std::mt19937(1));
    std::vector<double> ours, over_scan, over_rival, with_bitsets;
    for (size_t round = 0; round < kRounds; ++round) {
        ASSIGN_OR_RETURN(const double own, TimeAll(data, *sides.ours, true));
        ASSIGN_OR_RETURN(const double scan, TimeAll(data, *sides.scan, true));
        ours.push_back(static_cast<double>(data.queries.rows) / own);
        over_scan.push_back(scan / own);
        if (sides.rival != nullptr) {
            ASSIGN_OR_RETURN(const double rival, TimeAll(data, *sides.rival, false));
            over_rival.push_back(rival / own);
            with_bitsets.push_back(rival / (own + TimeBitsets(column, ratio, data.queries.rows)));
        }
    }
    const auto median = [](const std::vector<double>& v) { return v.empty() ? 0 : Median(v); };
    std::printf("%-10s %5.1f %% %7.4f %8.0f %10.2f %10.2f %11.2f %8.1f %10.1f %6zu\n", name,
                ratio * 100, counts.recall, median(ours), median(over_scan), median(over_rival),
                median(with_bitsets), counts.hops, counts.distances, counts.short_answers);
    std::fflush(stdout);
    return base::Status();
}

#if defined(ELANUS_BENCH_HNSWLIB)
// Leaves it at the least ef, in steps of a quarter, that has the recall.
base::Result<std::unique_ptr<AnnSearcher>> MakeRival(const AnnData& data,
                                                     const AnnIndexOptions& options) {
    ASSIGN_OR_RETURN(std::unique_ptr<AnnSearcher> rival, BuildHnswlib(data, options));
    for (auto ef = static_cast<uint32_t>(data.k);; ef += ef / 4 + 1) {
        RETURN_IF_ERROR(rival->Set("ef", ef));
        ASSIGN_OR_RETURN(const Counts counts, CountAll(data, *rival));
        if (counts.recall >= kRecall || ef > 2000) {
            std::printf("hnswlib without a filter: ef %u, recall %.4f\n", ef, counts.recall);
            return rival;
        }
    }
}
#endif

base::Result<Sides> MakeSides(const AnnData& data, const Options& options) {
    AnnIndexOptions index;
    index.index_type = Of(options, "index", "AUTOINDEX");
    index.threads = NumberOf(options, "threads", "1");
    Sides sides;
    ASSIGN_OR_RETURN(sides.ours, BuildOurs(data, index));
    if (index.index_type != "AUTOINDEX") {
        RETURN_IF_ERROR(
            sides.ours->Set("ef", static_cast<uint32_t>(NumberOf(options, "ef", "64"))));
    }
    AnnIndexOptions flat;
    flat.index_type = "FLAT";
    ASSIGN_OR_RETURN(sides.scan, BuildOurs(data, flat));
#if defined(ELANUS_BENCH_HNSWLIB)
    if (Of(options, "rival") != "none") {
        index.params.clear();
        ASSIGN_OR_RETURN(sides.rival, MakeRival(data, index));
    }
#endif
    return sides;
}

base::Status Run(const Options& options) {
    const auto metric = vindex::MetricFromName(Of(options, "metric", "cosine"));
    if (!metric.has_value() || *metric > vindex::Metric::kCosine) {
        return base::InvalidParameter("--metric is cosine, l2 or ip");
    }
    ASSIGN_OR_RETURN(AnnData data,
                     ReadAnnData(Of(options, "base"), Of(options, "queries"), Of(options, "gt"),
                                 *metric, NumberOf(options, "k", "10")));
    data.queries.rows =
        std::min<size_t>(data.queries.rows, NumberOf(options, "queries-max", "200"));
    data.truth.resize(data.queries.rows);
    ASSIGN_OR_RETURN(const Sides sides, MakeSides(data, options));
    std::printf(
        "filter     passing  recall      QPS  over scan  over hnsw  and bitset     hops  distances "
        " "
        "short\n");
    for (const auto& [kind, name] : kKinds) {
        if (Of(options, "kind", name) != name) {
            continue;
        }
        for (double ratio : kRatios) {
            if (options.contains("ratio") &&
                std::strtod(options.at("ratio").c_str(), nullptr) != ratio) {
                continue;
            }
            RETURN_IF_ERROR(Measure(data, kind, name, ratio, sides));
        }
    }
    return base::Status();
}

}  // namespace
}  // namespace elanus::bench

int main(int argc, char** argv) {
    elanus::bench::Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        options[std::string(argv[i]).substr(0, 2) == "--" ? argv[i] + 2 : argv[i]] = argv[i + 1];
    }
    if (argc < 7 || argc % 2 == 0) {
        std::fputs(elanus::bench::kUsage, stderr);
        return 2;
    }
    const elanus::base::Status status = elanus::bench::Run(options);
    if (!status.ok()) {
        std::fprintf(stderr, "%s\n", status.reason().c_str());
    }
    return status.ok() ? 0 : 1;
}
