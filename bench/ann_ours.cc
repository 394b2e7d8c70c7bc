// Our own index as an AnnSearcher.
#include "ann_disk.h"
#include "ann_searcher.h"
#include "sys/executor.h"
#include "vindex/family.h"

#include <cstdio>
#include <filesystem>
#include <optional>

#include <unistd.h>

namespace elanus::bench {
namespace {

class OurSearcher : public AnnSearcher {
  public:
    // `given` are the parameters of the index; those that a search knows hold for all of them.
    OurSearcher(const AnnData& data, vindex::ParamMap given, std::unique_ptr<vindex::Index> index)
        : data_(data), given_(std::move(given)), index_(std::move(index)) {
        params_.k = data.k;
    }
    std::string name() const override { return "ours"; }
    double bytes_per_vector() const override {
        return static_cast<double>(index_->memory_bytes()) / static_cast<double>(data_.base.rows);
    }
    base::Status Set(const std::string& parameter, uint32_t value) override {
        vindex::ParamMap params = given_;
        params[parameter] = std::to_string(value);
        ASSIGN_OR_RETURN(params_, vindex::ParseSearchParams(index_->index_type(), data_.metric,
                                                            data_.k, params));
        ++setting_;
        return base::Status();
    }
    base::Status Search(const float* query, base::BitmapView filter, Answer* answer) override {
        thread_local vindex::SearchParams params;
        thread_local uint64_t setting = 0;
        thread_local vindex::Neighbors found;
        if (setting != setting_) {
            params = params_;
            setting = setting_;
        }
        params.filter = filter;
        RETURN_IF_ERROR(index_->Search(query, params, &found));
        answer->rows.assign(found.rows.begin(), found.rows.end());
        answer->hops = found.counters.hops;
        answer->distances = found.counters.distances;
        return base::Status();
    }
    base::Status Count(const float* query, base::BitmapView filter, Answer* answer) override {
        return Search(query, filter, answer);
    }

  private:
    const AnnData& data_;
    const vindex::ParamMap given_;
    std::unique_ptr<vindex::Index> index_;
    vindex::SearchParams params_;
    uint64_t setting_ = 1;  // counts the calls of Set
};

void PrintProgress(double share) {
    std::fprintf(stderr, "\rbuilding: %3.0f %%%s", 100 * share, share < 1 ? "" : "\n");
}

base::Result<std::unique_ptr<vindex::Index>> Build(const AnnData& data,
                                                   const vindex::BuildParams& params,
                                                   size_t threads) {
    std::optional<sys::ThreadPool> pool;
    vindex::BuildInput input;
    input.vectors = data.base.values.data();
    input.rows = data.base.rows;
    if (isatty(STDERR_FILENO) == 1) {
        input.progress = PrintProgress;
    }
    if (threads > 1) {
        input.executor = &pool.emplace("build", threads - 1);  // the caller takes part
    }
    return vindex::BuildIndex(params, input);
}

base::Status PrintReadRates(const std::string& path) {
    for (size_t depth : {1, 4, 8, 32}) {
        ASSIGN_OR_RETURN(const double rate, RandomReadsPerSecond(path, depth));
        std::printf("random reads of 4 KiB a second, %zu at a time: %.0f\n", depth, rate);
    }
    return base::Status();
}

}  // namespace

base::Result<std::unique_ptr<AnnSearcher>> BuildOurs(const AnnData& data,
                                                     const AnnIndexOptions& options) {
    vindex::BuildParams params;
    params.index_type = options.index_type;
    params.metric = data.metric;
    params.dim = static_cast<uint32_t>(data.base.columns);
    params.params.insert(options.params.begin(), options.params.end());
    const bool reads_disk = options.index_type == "DISKANN";
    const std::string path =
        options.path.empty() && reads_disk ? "ann_bench.diskann" : options.path;
    std::unique_ptr<vindex::Index> index;
    if (options.path.empty() || !std::filesystem::exists(path)) {
        ASSIGN_OR_RETURN(index, Build(data, params, options.threads));
        if (!path.empty()) {
            RETURN_IF_ERROR(WriteIndex(*index, path));
        }
    }
    if (!path.empty()) {
        ASSIGN_OR_RETURN(index, OpenMapped(path));
    }
    if (reads_disk) {
        RETURN_IF_ERROR(PrintReadRates(path));
    }
    return std::unique_ptr<AnnSearcher>(
        std::make_unique<OurSearcher>(data, params.params, std::move(index)));
}

}  // namespace elanus::bench
