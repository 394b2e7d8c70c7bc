// disk_bench: a DISKANN index in a file against the disk that it lies on. What it takes and prints
// is in bench/README.md.
//
// Every point is measured in rounds; a round is random reads of 4 KiB from the same file, at each
// of some depths, then all queries, one a call. What a search read is what the kernel counted for
// this process, not what the index says. The rows are not loaded: the process is as large as a
// server with this index alone would be, so that it can be run within a limit of memory.
#include "ann_disk.h"
#include "npy.h"
#include "sys/file_system.h"
#include "vindex/family.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>

namespace elanus::bench {
namespace {

constexpr const char* kUsage =
    "disk_bench --index FILE --queries Q.npy --gt G.npy\n"
    "           [--k 10] [--lists 100,200] [--widths 8,32] [--depths 8,32,128] [--threads 1]\n"
    "           [--rounds 5]\n"
    "  FILE is what ann_bench --keep wrote; lists are search_list, widths beamwidth\n";

double WallSeconds() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Of all threads of this process so far.
struct CpuSeconds {
    double ours = 0;
    double kernel = 0;
    static CpuSeconds Now() {
        const auto seconds = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
        };
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return {seconds(usage.ru_utime), seconds(usage.ru_stime)};
    }
};

// A number of /proc/self/FILE, by the name before it; -1 when there is none.
double ProcessNumber(const std::string& file, const std::string& name) {
    std::ifstream in("/proc/self/" + file);
    std::string word;
    while (in >> word) {
        double value = 0;
        if (word == name && in >> value) {
            return value;
        }
    }
    return -1;
}

double Median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

struct Options {
    std::map<std::string, std::string> values{
        {"index", ""},    {"queries", ""},  {"gt", ""},
        {"k", "10"},      {"lists", "100"}, {"widths", "8,32"},
        {"threads", "1"}, {"rounds", "5"},  {"depths", "8,32,128"}};

    // False for what it does not know, or numbers that are none.
    bool Read(int argc, char** argv) {
        for (int i = 1; i < argc; i += 2) {
            const std::string name = std::string(argv[i]).starts_with("--") ? argv[i] + 2 : "";
            if (!values.contains(name) || i + 1 == argc) {
                return false;
            }
            values[name] = argv[i + 1];
        }
        for (const char* name : {"k", "lists", "widths", "depths", "threads", "rounds"}) {
            const std::vector<size_t> numbers = Numbers(name);
            if (numbers.empty() || std::count(numbers.begin(), numbers.end(), 0u) > 0) {
                return false;
            }
        }
        return !Of("index").empty() && !Of("queries").empty() && !Of("gt").empty();
    }
    const std::string& Of(const std::string& name) const { return values.at(name); }
    std::vector<size_t> Numbers(const std::string& name) const {
        std::vector<size_t> numbers;
        const std::string& text = Of(name);
        const char* const end = text.data() + text.size();
        for (const char* at = text.data(); at < end; ++at) {
            numbers.push_back(0);
            at = std::from_chars(at, end, numbers.back()).ptr;
        }
        return numbers;
    }
};

class Bench {
  public:
    explicit Bench(Options options)
        : options_(std::move(options)),
          path_(options_.Of("index")),
          threads_(options_.Numbers("threads")[0]),
          rounds_(options_.Numbers("rounds")[0]),
          depths_(options_.Numbers("depths")) {}

    base::Status Run() {
        ASSIGN_OR_RETURN(queries_, ReadFloats(options_.Of("queries")));
        ASSIGN_OR_RETURN(truth_, ReadInts(options_.Of("gt")));
        k_ = options_.Numbers("k")[0];
        ASSIGN_OR_RETURN(index_, OpenMapped(path_));
        if (index_->index_type() != "DISKANN" || index_->dim() != queries_.columns ||
            truth_.rows != queries_.rows || truth_.columns < k_) {
            return base::InvalidParameter("index, queries and ground truth do not fit together");
        }
        std::printf("beamwidth search_list recall    QPS reads/query reads/s us of CPU/read");
        for (size_t depth : depths_) {
            std::printf("  disk at %zu (%% of it)", depth);
        }
        std::printf("\n");
        for (size_t width : options_.Numbers("widths")) {
            for (size_t list : options_.Numbers("lists")) {
                RETURN_IF_ERROR(MeasurePoint(width, list));
            }
        }
        PrintMemory();
        return base::Status();
    }

  private:
    struct Round {
        double seconds = 0;
        CpuSeconds cpu;
        double reads = 0;
    };

    base::Status MeasurePoint(size_t width, size_t list) {
        ASSIGN_OR_RETURN(params_,
                         vindex::ParseSearchParams(index_->index_type(), index_->metric(), k_,
                                                   {{"search_list", std::to_string(list)},
                                                    {"beamwidth", std::to_string(width)}}));
        Round round;
        double recall = 0;
        RETURN_IF_ERROR(AskAll(&round, &recall));  // warms up
        std::vector<double> qps, reads, rates, ours, kernel;
        std::vector<std::vector<double>> disk(depths_.size()), shares(depths_.size());
        for (size_t i = 0; i < rounds_; ++i) {
            for (size_t d = 0; d < depths_.size(); ++d) {
                ASSIGN_OR_RETURN(const double rate, DiskRate(depths_[d]));
                disk[d].push_back(rate);
            }
            RETURN_IF_ERROR(AskAll(&round, &recall));
            qps.push_back(static_cast<double>(queries_.rows) / round.seconds);
            reads.push_back(round.reads / static_cast<double>(queries_.rows));
            rates.push_back(round.reads / round.seconds);
            ours.push_back(1e6 * round.cpu.ours / std::max(round.reads, 1.0));
            kernel.push_back(1e6 * round.cpu.kernel / std::max(round.reads, 1.0));
            for (size_t d = 0; d < depths_.size(); ++d) {
                shares[d].push_back(100 * rates.back() / disk[d].back());
            }
        }
        std::printf("%9zu %11zu %6.4f %6.0f %11.1f %7.0f %6.2f + %-5.2f", width, list, recall,
                    Median(qps), Median(reads), Median(rates), Median(ours), Median(kernel));
        for (size_t d = 0; d < depths_.size(); ++d) {
            const auto [low, high] = std::minmax_element(shares[d].begin(), shares[d].end());
            std::printf("  %8.0f (%.0f, %.0f-%.0f)", Median(disk[d]), Median(shares[d]), *low,
                        *high);
        }
        std::printf("\n");
        std::fflush(stdout);
        return base::Status();
    }

    // Of all threads together; other blocks each time.
    base::Result<double> DiskRate(size_t depth) {
        std::vector<base::Result<double>> rates(threads_, base::Internal("not measured"));
        OnThreads(
            [&](size_t t) { rates[t] = RandomReadsPerSecond(path_, depth, ++reads_measured_); });
        double sum = 0;
        for (const base::Result<double>& rate : rates) {
            RETURN_IF_ERROR(rate.status());
            sum += *rate;
        }
        return sum;
    }

    base::Status AskAll(Round* round, double* recall) {
        std::atomic<size_t> next{0}, hits{0};
        std::atomic<bool> failed{false};
        const double bytes = ProcessNumber("io", "read_bytes:");
        const CpuSeconds cpu = CpuSeconds::Now();
        const double start = WallSeconds();
        OnThreads([&](size_t) {
            vindex::SearchParams params = params_;
            vindex::Neighbors found;
            for (size_t q; !failed && (q = next.fetch_add(1)) < queries_.rows;) {
                failed = !index_->Search(queries_.Row(q), params, &found).ok() || failed;
                const auto* truth = truth_.Row(q);
                hits += static_cast<size_t>(std::count_if(truth, truth + k_, [&](int32_t row) {
                    return std::count(found.rows.begin(), found.rows.end(),
                                      static_cast<uint32_t>(row)) > 0;
                }));
            }
        });
        round->seconds = WallSeconds() - start;
        const CpuSeconds after = CpuSeconds::Now();
        round->cpu = {after.ours - cpu.ours, after.kernel - cpu.kernel};
        round->reads = (ProcessNumber("io", "read_bytes:") - bytes) / sys::kBlockBytes;
        *recall = static_cast<double>(hits) / static_cast<double>(k_ * queries_.rows);
        return failed ? base::Internal("a search failed") : base::Status();
    }

    template <typename Task>
    void OnThreads(const Task& task) {
        std::vector<std::thread> others;
        for (size_t t = 1; t < threads_; ++t) {
            others.emplace_back(task, t);
        }
        task(0);
        for (std::thread& other : others) {
            other.join();
        }
    }

    void PrintMemory() const {
        const double raw =
            static_cast<double>(index_->size()) *
            static_cast<double>(vindex::RowBytes(index_->vector_type(), index_->dim()));
        const auto print = [&](const char* what, double bytes) {
            std::printf("%s: %.1f MB, %.2f %% of the rows\n", what, bytes / 1e6, 100 * bytes / raw);
        };
        print("codes and cached nodes", static_cast<double>(index_->memory_bytes()));
        print("memory of the process", 1024 * ProcessNumber("status", "RssAnon:"));
        print("pages of files it maps", 1024 * ProcessNumber("status", "RssFile:"));
    }

    Options options_;
    const std::string path_;
    const size_t threads_;
    const size_t rounds_;
    const std::vector<size_t> depths_;
    size_t k_ = 0;
    Matrix<float> queries_;
    Matrix<int32_t> truth_;
    std::unique_ptr<vindex::Index> index_;
    vindex::SearchParams params_;
    std::atomic<uint64_t> reads_measured_{0};
};

int Main(int argc, char** argv) {
    Options options;
    if (!options.Read(argc, argv)) {
        std::fputs(kUsage, stdout);
        return 2;
    }
    const base::Status status = Bench(std::move(options)).Run();
    if (!status.ok()) {
        std::fprintf(stderr, "disk_bench: %s\n", std::string(status.reason()).c_str());
        return 1;
    }
    return 0;
}

}  // namespace
}  // namespace elanus::bench

int main(int argc, char** argv) {
    return elanus::bench::Main(argc, argv);
}
