// hnswlib as an AnnSearcher; built -O3 -march=native, as its users build it.
#include "ann_searcher.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include <hnswlib/hnswlib.h>

namespace elanus::bench {
namespace {

using Graph = hnswlib::HierarchicalNSW<float>;

class BitmapFilter : public hnswlib::BaseFilterFunctor {
  public:
    explicit BitmapFilter(base::BitmapView filter) : filter_(filter) {}
    bool operator()(hnswlib::labeltype id) override { return filter_.Test(id); }

  private:
    base::BitmapView filter_;
};

// Counts the distances of a walk; stands in for the space's own function while Count() runs.
thread_local uint64_t counted_distances;
hnswlib::DISTFUNC<float> counted_function;
float Counted(const void* a, const void* b, const void* dim) {
    ++counted_distances;
    return counted_function(a, b, dim);
}

class HnswlibSearcher : public AnnSearcher {
  public:
    HnswlibSearcher(const AnnData& data, size_t m, size_t ef_construction,
                    const AnnIndexOptions& options)
        : data_(data) {
        if (data.metric == vindex::Metric::kL2) {
            space_ = std::make_unique<hnswlib::L2Space>(data.base.columns);
        } else {
            space_ = std::make_unique<hnswlib::InnerProductSpace>(data.base.columns);
        }
        if (!options.path.empty() && std::filesystem::exists(options.path)) {
            graph_ = std::make_unique<Graph>(space_.get(), options.path);
            return;
        }
        graph_ = std::make_unique<Graph>(space_.get(), data.base.rows, m, ef_construction);
        Insert(options.threads);
        if (!options.path.empty()) {
            graph_->saveIndex(options.path);
        }
    }
    std::string name() const override { return "hnswlib"; }
    double bytes_per_vector() const override {
        const auto rows = static_cast<double>(data_.base.rows);
        double bytes = rows * static_cast<double>(graph_->size_data_per_element_ + sizeof(void*));
        for (size_t row = 0; row < data_.base.rows; ++row) {
            bytes += static_cast<double>(graph_->element_levels_[row]) *
                     static_cast<double>(graph_->size_links_per_element_);
        }
        return bytes / rows;
    }
    base::Status Set(const std::string& parameter, uint32_t value) override {
        if (parameter != "ef") {
            return base::InvalidParameter("hnswlib has no parameter " + parameter);
        }
        graph_->setEf(value);
        return base::Status();
    }
    base::Status Search(const float* query, base::BitmapView filter, Answer* answer) override {
        BitmapFilter functor(filter);
        auto found = graph_->searchKnn(query, data_.k, filter.present() ? &functor : nullptr);
        answer->rows.resize(found.size());
        for (size_t at = found.size(); at-- > 0; found.pop()) {
            answer->rows[at] = static_cast<uint32_t>(found.top().second);
        }
        return base::Status();
    }
    // Hops are those of the bottom level, walked from the top's entry point.
    base::Status Count(const float* query, base::BitmapView filter, Answer* answer) override {
        counted_function = graph_->fstdistfunc_;
        graph_->fstdistfunc_ = Counted;
        counted_distances = 0;
        const base::Status status = Search(query, filter, answer);
        answer->distances = counted_distances;
        graph_->fstdistfunc_ = counted_function;
        graph_->metric_hops = 0;
        BitmapFilter functor(filter);
        if (filter.present()) {
            graph_->searchBaseLayerST<false, true>(graph_->enterpoint_node_, query,
                                                   std::max(graph_->ef_, data_.k), &functor);
        } else {
            graph_->searchBaseLayerST<true, true>(graph_->enterpoint_node_, query,
                                                  std::max(graph_->ef_, data_.k));
        }
        answer->hops = static_cast<uint64_t>(graph_->metric_hops);
        return status;
    }

  private:
    void Insert(size_t threads) {
        std::atomic<size_t> next{0};
        const auto insert = [&] {
            for (size_t row; (row = next.fetch_add(1)) < data_.base.rows;) {
                graph_->addPoint(data_.base.Row(row), row);
            }
        };
        std::vector<std::thread> workers;
        for (size_t t = 1; t < threads; ++t) {
            workers.emplace_back(insert);
        }
        insert();
        for (std::thread& worker : workers) {
            worker.join();
        }
    }

    const AnnData& data_;
    std::unique_ptr<hnswlib::SpaceInterface<float>> space_;
    std::unique_ptr<Graph> graph_;
};

size_t Number(const AnnIndexOptions& options, const std::string& name, size_t otherwise) {
    for (const auto& [key, value] : options.params) {
        if (key == name) {
            return std::stoul(value);
        }
    }
    return otherwise;
}

}  // namespace

base::Result<std::unique_ptr<AnnSearcher>> BuildHnswlib(const AnnData& data,
                                                        const AnnIndexOptions& options) {
    return std::unique_ptr<AnnSearcher>(std::make_unique<HnswlibSearcher>(
        data, Number(options, "M", 16), Number(options, "efConstruction", 200), options));
}

}  // namespace elanus::bench
