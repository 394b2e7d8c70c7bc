// ivf_session: one index that answers on command, so that a script can time it and rivals in turn
// (ivf_rivals.py).
//
//   ivf_session BASE.npy QUERIES.npy cosine|l2|ip|hamming|jaccard K 'IVF_PQ,nlist=1024,m=16' THREADS
//
// (vectors of bits as uint8, eight in each)
// builds with THREADS threads and prints "built SECONDS BYTES_A_ROW". For every line of search
// parameters on standard input ("nprobe=16,refine_k=4") it answers all queries, one a call, on one
// thread, and prints the processor seconds that took and then, of each query, a line of row numbers.
// Threads: the one of main, and those of the build.
#include "npy.h"
#include "sys/executor.h"
#include "vindex/family.h"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <optional>
#include <sstream>

namespace elanus::bench {
namespace {

double ProcessorSeconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// "a=1,b=2" to parameters; a part without "=" is the name.
vindex::ParamMap ParseParams(const std::string& text, std::string* name) {
    vindex::ParamMap params;
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');) {
        const size_t equals = part.find('=');
        if (equals == std::string::npos) {
            *name = part;
        } else {
            params[part.substr(0, equals)] = part.substr(equals + 1);
        }
    }
    return params;
}

// Rows of floats or of bits, as an index takes them.
struct Rows {
    size_t count = 0;
    size_t row_bytes = 0;
    std::string values;

    template <typename T>
    static Rows Of(const Matrix<T>& matrix) {
        const auto* bytes = reinterpret_cast<const char*>(matrix.values.data());
        return {matrix.rows, matrix.columns * sizeof(T),
                std::string(bytes, matrix.values.size() * sizeof(T))};
    }
    static base::Result<Rows> Read(const std::string& path, bool bits) {
        if (bits) {
            ASSIGN_OR_RETURN(const Matrix<uint8_t> matrix, ReadBytes(path));
            return Of(matrix);
        }
        ASSIGN_OR_RETURN(const Matrix<float> matrix, ReadFloats(path));
        return Of(matrix);
    }
    const void* Row(size_t row) const { return values.data() + row * row_bytes; }
};

struct Session {
    Rows queries;
    vindex::Metric metric = vindex::Metric::kL2;
    size_t k = 10;
    std::unique_ptr<vindex::Index> index;

    bool of_bits() const {
        return metric == vindex::Metric::kHamming || metric == vindex::Metric::kJaccard;
    }

    base::Status Build(const std::string& base, const std::string& spec, size_t threads) {
        ASSIGN_OR_RETURN(const Rows rows, Rows::Read(base, of_bits()));
        vindex::BuildParams params;
        params.params = ParseParams(spec, &params.index_type);
        params.metric = metric;
        params.vector_type = of_bits() ? vindex::VectorType::kBinary : vindex::VectorType::kFloat;
        params.dim =
            static_cast<uint32_t>(of_bits() ? rows.row_bytes * 8 : rows.row_bytes / sizeof(float));
        vindex::BuildInput input;
        input.vectors = rows.values.data();
        input.rows = rows.count;
        std::optional<sys::ThreadPool> pool;
        if (threads > 1) {
            input.executor = &pool.emplace("build", threads);
        }
        const auto start = std::chrono::steady_clock::now();
        ASSIGN_OR_RETURN(index, vindex::BuildIndex(params, input));
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        std::printf("built %.2f %.1f\n", took.count(),
                    static_cast<double>(index->memory_bytes()) / static_cast<double>(rows.count));
        return base::Status();
    }

    base::Status Answer(const std::string& line) const {
        std::string name;
        ASSIGN_OR_RETURN(
            const vindex::SearchParams params,
            vindex::ParseSearchParams(index->index_type(), metric, k, ParseParams(line, &name)));
        std::vector<std::vector<uint32_t>> answers(queries.count);
        vindex::Neighbors found;
        const double start = ProcessorSeconds();
        for (size_t q = 0; q < queries.count; ++q) {
            RETURN_IF_ERROR(index->Search(queries.Row(q), params, &found));
            answers[q].assign(found.rows.begin(), found.rows.end());
        }
        std::printf("%.6f\n", ProcessorSeconds() - start);
        for (const std::vector<uint32_t>& rows : answers) {
            for (const uint32_t row : rows) {
                std::printf("%u ", row);
            }
            std::printf("\n");
        }
        return base::Status();
    }
};

base::Status Run(char** argv) {
    Session session;
    const auto metric = vindex::MetricFromName(argv[3]);
    if (!metric.has_value()) {
        return base::InvalidParameter("no metric: " + std::string(argv[3]));
    }
    session.metric = *metric;
    session.k = std::strtoul(argv[4], nullptr, 10);
    ASSIGN_OR_RETURN(session.queries, Rows::Read(argv[2], session.of_bits()));
    RETURN_IF_ERROR(session.Build(argv[1], argv[5], std::strtoul(argv[6], nullptr, 10)));
    std::fflush(stdout);
    for (std::string line; std::getline(std::cin, line);) {
        RETURN_IF_ERROR(session.Answer(line));
        std::fflush(stdout);
    }
    return base::Status();
}

}  // namespace
}  // namespace elanus::bench

int main(int argc, char** argv) {
    if (argc != 7) {
        std::fprintf(stderr, "ivf_session BASE QUERIES METRIC K INDEX THREADS\n");
        return 1;
    }
    const elanus::base::Status status = elanus::bench::Run(argv);
    if (!status.ok()) {
        std::fprintf(stderr, "ivf_session: %s\n", std::string(status.reason()).c_str());
        return 1;
    }
    return 0;
}
