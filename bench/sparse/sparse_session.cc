// A sparse index that answers on command (sparse_rivals.py):
//
//   sparse_session PREFIX K NAME=VALUE,...
//
// builds SPARSE_INVERTED_INDEX with these parameters ("-": none) over PREFIX.rows, prints
// "built SECONDS BYTES", then reads lines "NAME=VALUE,... OUT": runs all of PREFIX.queries with
// these search parameters on this thread, one a call, writes the k rows of each as i32 (-1: none)
// to OUT and prints "MICROSECONDS ENTRIES", both of a query; processor time.
// The form of the files: sparse_data.cc.
#include "vindex/family.h"
#include "vindex/index.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <sstream>

using namespace elanus;

namespace {

double ProcessorSeconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Vectors {
    std::string bytes;  // pairs, as vindex::SparseAt reads them
    std::vector<uint32_t> offsets;
    size_t size() const { return offsets.size() - 1; }
    std::string_view At(size_t i) const {
        return std::string_view(bytes).substr(offsets[i], offsets[i + 1] - offsets[i]);
    }
};

Vectors Read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    uint64_t head[2];
    in.read(reinterpret_cast<char*>(head), sizeof head);
    std::vector<uint64_t> offsets(head[0] + 1);
    std::vector<uint32_t> dims(head[1]);
    std::vector<float> values(head[1]);
    in.read(reinterpret_cast<char*>(offsets.data()), static_cast<long>(offsets.size() * 8));
    in.read(reinterpret_cast<char*>(dims.data()), static_cast<long>(dims.size() * 4));
    in.read(reinterpret_cast<char*>(values.data()), static_cast<long>(values.size() * 4));
    if (!in) {
        std::cerr << path << ": cannot be read\n";
        std::exit(1);
    }
    Vectors out;
    out.bytes.resize(head[1] * 8);
    for (size_t i = 0; i < head[1]; ++i) {
        std::memcpy(out.bytes.data() + i * 8, &dims[i], 4);
        std::memcpy(out.bytes.data() + i * 8 + 4, &values[i], 4);
    }
    for (const uint64_t offset : offsets) {
        out.offsets.push_back(static_cast<uint32_t>(offset * 8));
    }
    return out;
}

vindex::ParamMap Params(const std::string& text) {
    vindex::ParamMap params;
    std::istringstream in(text == "-" ? "" : text);
    for (std::string pair; std::getline(in, pair, ',');) {
        const size_t equals = pair.find('=');
        params[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    return params;
}

void RunAll(const vindex::Index& index, const Vectors& queries, size_t k, const std::string& text,
            const std::string& out_path) {
    vindex::SearchParams params;
    params.k = k;
    params.params = Params(text);
    std::vector<int32_t> rows;
    uint64_t entries = 0;
    const double start = ProcessorSeconds();
    vindex::Neighbors found;
    for (size_t i = 0; i < queries.size(); ++i) {
        if (const base::Status status = index.Search(queries.At(i), params, &found); !status.ok()) {
            std::cerr << status.reason() << '\n';
            std::exit(1);
        }
        rows.insert(rows.end(), found.rows.begin(), found.rows.end());
        rows.resize((i + 1) * k, -1);
        entries += found.counters.distances;
    }
    const double seconds = ProcessorSeconds() - start;
    std::ofstream(out_path, std::ios::binary)
        .write(reinterpret_cast<const char*>(rows.data()), static_cast<long>(rows.size() * 4));
    const auto count = static_cast<double>(queries.size());
    std::cout << seconds / count * 1e6 << ' ' << static_cast<double>(entries) / count << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "sparse_session PREFIX K NAME=VALUE,...\n";
        return 2;
    }
    const std::string prefix = argv[1];
    const Vectors queries = Read(prefix + ".queries");
    std::unique_ptr<vindex::Index> index;
    {
        const Vectors rows = Read(prefix + ".rows");
        const vindex::BuildParams params{"SPARSE_INVERTED_INDEX", vindex::VectorType::kSparseFloat,
                                         vindex::Metric::kIp, 0, Params(argv[3])};
        vindex::BuildInput input;
        input.vectors = rows.bytes.data();
        input.offsets = rows.offsets.data();
        input.rows = rows.size();
        const double start = ProcessorSeconds();
        auto built = vindex::BuildIndex(params, input);
        if (!built.ok()) {
            std::cerr << built.status().reason() << '\n';
            return 1;
        }
        index = std::move(*built);
        std::cout << "built " << ProcessorSeconds() - start << ' ' << index->memory_bytes()
                  << std::endl;
    }
    for (std::string params, out; std::cin >> params >> out;) {
        RunAll(*index, queries, static_cast<size_t>(std::atoi(argv[2])), params, out);
    }
    return 0;
}
