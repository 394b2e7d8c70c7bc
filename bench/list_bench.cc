// list_bench: recall and cost of indexes over embedding lists, beside comparing every list.
//
//   list_bench VECTORS.npy OFFSETS.npy QUERIES.npy QUERY_OFFSETS.npy max_sim|max_sim_ip|max_sim_l2
//              K 'HNSW,M=16,emb_list_strategy=muvera' 'ef=64' 'ef=64,retrieval_ann_ratio=10' ...
//
// Offsets are int32 of shape [lists + 1, 1]. Prints build seconds and bytes a list, then for each
// set of search parameters recall@K and the processor milliseconds of a query, one query at a time
// on one thread, each right after the same query answered exactly. list_recall.py makes the files.
// Threads: the one of main.
#include "npy.h"
#include "vindex/family.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <set>
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

struct Lists {
    Matrix<float> vectors;
    std::vector<uint32_t> offsets;

    static base::Result<Lists> Read(const std::string& vectors, const std::string& offsets) {
        Lists lists;
        ASSIGN_OR_RETURN(lists.vectors, ReadFloats(vectors));
        ASSIGN_OR_RETURN(const Matrix<int32_t> read, ReadInts(offsets));
        lists.offsets.assign(read.values.begin(), read.values.end());
        if (lists.offsets.size() < 2 ||
            !std::is_sorted(lists.offsets.begin(), lists.offsets.end()) ||
            lists.offsets.back() != lists.vectors.rows) {
            return base::InvalidParameter(offsets + " does not fit " + vectors);
        }
        return lists;
    }
    size_t count() const { return offsets.size() - 1; }
    vindex::VectorLists view() const {
        return {reinterpret_cast<const uint8_t*>(vectors.values.data()), offsets.data()};
    }
    std::string_view List(size_t i) const {
        return {reinterpret_cast<const char*>(vectors.Row(offsets[i])),
                (offsets[i + 1] - offsets[i]) * vectors.columns * sizeof(float)};
    }
};

base::Result<std::unique_ptr<vindex::Index>> Build(const Lists& rows, vindex::Metric metric,
                                                   const std::string& spec) {
    vindex::BuildParams params;
    params.params = ParseParams(spec, &params.index_type);
    params.metric = metric;
    params.dim = static_cast<uint32_t>(rows.vectors.columns);
    vindex::BuildInput input;
    input.vectors = rows.vectors.values.data();
    input.offsets = rows.offsets.data();
    input.rows = rows.count();
    return vindex::BuildIndex(params, input);
}

base::Status Measure(const vindex::Index& index, const vindex::Index& exact, const Lists& rows,
                     const Lists& queries, size_t k, const std::string& text) {
    std::string unused;
    vindex::SearchParams params;
    params.k = k;
    params.lists = rows.view();
    vindex::SearchParams of_index = params;
    of_index.params = ParseParams(text, &unused);
    std::vector<double> index_ms;
    std::vector<double> exact_ms;
    double found = 0;
    double wanted = 0;
    for (size_t q = 0; q < queries.count(); ++q) {
        vindex::Neighbors truth;
        vindex::Neighbors got;
        const double begin = ProcessorSeconds();
        RETURN_IF_ERROR(exact.Search(queries.List(q), params, &truth));
        const double middle = ProcessorSeconds();
        RETURN_IF_ERROR(index.Search(queries.List(q), of_index, &got));
        index_ms.push_back(1e3 * (ProcessorSeconds() - middle));
        exact_ms.push_back(1e3 * (middle - begin));
        const float border = truth.scores.back();
        for (const float score : got.scores) {
            found += vindex::BetterThan(index.metric(), border, score) ? 0 : 1;
        }
        wanted += static_cast<double>(truth.rows.size());
    }
    std::sort(index_ms.begin(), index_ms.end());
    std::sort(exact_ms.begin(), exact_ms.end());
    const double median = index_ms[index_ms.size() / 2];
    const double all = exact_ms[exact_ms.size() / 2];
    std::printf("%-40s recall@%zu %.3f  %.2f ms  exact %.2f ms  %.1fx\n", text.c_str(), k,
                found / wanted, median, all, all / median);
    return base::Status();
}

base::Status Run(const std::vector<std::string>& arguments) {
    const auto metric = vindex::MetricFromName(arguments[4]);
    if (!metric.has_value() || !vindex::IsListMetric(*metric)) {
        return base::InvalidParameter(arguments[4] + " is no metric of lists");
    }
    ASSIGN_OR_RETURN(const Lists rows, Lists::Read(arguments[0], arguments[1]));
    ASSIGN_OR_RETURN(const Lists queries, Lists::Read(arguments[2], arguments[3]));
    const double begin = ProcessorSeconds();
    ASSIGN_OR_RETURN(const auto index, Build(rows, *metric, arguments[6]));
    std::printf("%s: %zu lists, %zu vectors, built in %.1f CPU s, %.0f bytes a list\n",
                arguments[6].c_str(), rows.count(), rows.vectors.rows, ProcessorSeconds() - begin,
                static_cast<double>(index->memory_bytes()) / static_cast<double>(rows.count()));
    ASSIGN_OR_RETURN(const auto exact, Build(rows, *metric, "FLAT"));
    for (size_t i = 7; i < arguments.size(); ++i) {
        RETURN_IF_ERROR(
            Measure(*index, *exact, rows, queries, std::stoul(arguments[5]), arguments[i]));
    }
    return base::Status();
}

}  // namespace
}  // namespace elanus::bench

int main(int argc, char** argv) {
    if (argc < 9) {
        std::fprintf(stderr,
                     "list_bench VECTORS OFFSETS QUERIES QUERY_OFFSETS METRIC K INDEX SEARCH...\n");
        return 2;
    }
    const elanus::base::Status status =
        elanus::bench::Run(std::vector<std::string>(argv + 1, argv + argc));
    if (!status.ok()) {
        std::fprintf(stderr, "%s\n", std::string(status.reason()).c_str());
        return 1;
    }
    return 0;
}
