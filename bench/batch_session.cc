// batch_session: exact search for many queries at once, on command, so that a script can time it and
// OpenBLAS in turn (batch_vs_openblas.py).
//
//   batch_session BASE.npy QUERIES.npy cosine|l2|ip K ROWS NQ
//
// takes the first ROWS rows into a FLAT index and as many queries as NQ, the file's again and again.
// For every line "batch", "single" (a call a query) or "peak" (a loop of multiply-adds) on standard
// input it prints the processor seconds that took and the floating-point operations: of searches
// two a value, whatever the metric. "check" compares the answers of both ways and prints how many
// differ.
// Threads: the one of main.
#include "fma_peak.h"
#include "npy.h"
#include "vindex/batch_search.h"
#include "vindex/family.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>

namespace elanus::bench {
namespace {

constexpr size_t kPeakRounds = 20'000'000;

double ProcessorSeconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Session {
    Matrix<float> vectors;
    std::vector<std::string_view> queries;
    vindex::SearchParams params;
    std::unique_ptr<vindex::Index> index;
    std::vector<vindex::Neighbors> together, alone;

    base::Status Build(char** argv) {
        ASSIGN_OR_RETURN(const Matrix<float> base, ReadFloats(argv[1]));
        ASSIGN_OR_RETURN(vectors, ReadFloats(argv[2]));
        const std::string_view metric = argv[3];
        vindex::BuildParams build;
        build.index_type = "FLAT";
        build.metric = metric == "l2"   ? vindex::Metric::kL2
                       : metric == "ip" ? vindex::Metric::kIp
                                        : vindex::Metric::kCosine;
        build.dim = static_cast<uint32_t>(base.columns);
        vindex::BuildInput input;
        input.vectors = base.values.data();
        input.rows = std::min<size_t>(base.rows, std::strtoul(argv[5], nullptr, 10));
        ASSIGN_OR_RETURN(index, vindex::BuildIndex(build, input));
        params.k = std::strtoul(argv[4], nullptr, 10);
        for (size_t q = 0; q < std::strtoul(argv[6], nullptr, 10); ++q) {
            queries.emplace_back(reinterpret_cast<const char*>(vectors.Row(q % vectors.rows)),
                                 vectors.columns * sizeof(float));
        }
        together.resize(queries.size());
        alone.resize(queries.size());
        return base::Status();
    }

    base::Status Batch() { return vindex::SearchMany(*index, queries, params, together.data()); }
    base::Status Single() {
        for (size_t q = 0; q < queries.size(); ++q) {
            RETURN_IF_ERROR(index->Search(queries[q], params, &alone[q]));
        }
        return base::Status();
    }
    size_t Different() const {
        size_t different = 0;
        for (size_t q = 0; q < queries.size(); ++q) {
            different += together[q].rows != alone[q].rows || together[q].scores != alone[q].scores;
        }
        return different;
    }

    base::Status Run(const std::string& command) {
        const double begin = ProcessorSeconds();
        double operations = 2.0 * static_cast<double>(index->size()) *
                            static_cast<double>(queries.size() * index->dim());
        if (command == "peak") {
            operations = FmaRounds(kPeakRounds);
        } else {
            RETURN_IF_ERROR(command == "batch" ? Batch() : Single());
        }
        std::printf("%.6f %.0f\n", ProcessorSeconds() - begin, operations);
        return base::Status();
    }

    base::Status Serve() {
        for (std::string line; std::getline(std::cin, line);) {
            if (line == "check") {
                RETURN_IF_ERROR(Batch());
                RETURN_IF_ERROR(Single());
                std::printf("%zu\n", Different());
            } else {
                RETURN_IF_ERROR(Run(line));
            }
            std::fflush(stdout);
        }
        return base::Status();
    }
};

int Main(int argc, char** argv) {
    if (argc != 7) {
        std::fprintf(stderr, "batch_session BASE QUERIES cosine|l2|ip K ROWS NQ\n");
        return 2;
    }
    Session session;
    base::Status status = session.Build(argv);
    status = status.ok() ? session.Serve() : status;
    if (!status.ok()) {
        std::fprintf(stderr, "%s\n", status.reason().c_str());
    }
    return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace elanus::bench

int main(int argc, char** argv) {
    return elanus::bench::Main(argc, argv);
}
