#include "base/metrics.h"

#include <cstdio>

namespace elanus::base {
namespace {

template <typename T>
T& Lookup(std::map<std::string, std::map<std::string, std::unique_ptr<T>>>& family,
          std::string_view name, std::string_view labels) {
    std::unique_ptr<T>& slot = family[std::string(name)][std::string(labels)];
    if (slot == nullptr) {
        slot = std::make_unique<T>();
    }
    return *slot;
}

void AppendSample(std::string& out, const std::string& name, std::string_view labels,
                  const std::string& value) {
    out += name;
    if (!labels.empty()) {
        out.append("{").append(labels).append("}");
    }
    out.append(" ").append(value).append("\n");
}

void AppendHistogram(std::string& out, const std::string& name, const std::string& labels,
                     const Histogram& histogram) {
    const std::string prefix = labels.empty() ? "" : labels + ",";
    uint64_t cumulative = 0;
    for (int i = 0; i <= Histogram::kBuckets; ++i) {
        cumulative += histogram.bucket(i);
        const std::string bound =
            i == Histogram::kBuckets ? "+Inf" : std::to_string(uint64_t{1} << i);
        AppendSample(out, name + "_bucket", prefix + "le=\"" + bound + "\"",
                     std::to_string(cumulative));
    }
    AppendSample(out, name + "_sum", labels, std::to_string(histogram.sum_ms()));
    AppendSample(out, name + "_count", labels, std::to_string(histogram.count()));
}

}  // namespace

void Histogram::Observe(double ms) {
    int bucket = 0;
    while (bucket < kBuckets && ms > static_cast<double>(uint64_t{1} << bucket)) {
        ++bucket;
    }
    buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
    count_.fetch_add(1, std::memory_order_relaxed);
    sum_us_.fetch_add(static_cast<uint64_t>(ms * 1000.0), std::memory_order_relaxed);
}

MetricRegistry& MetricRegistry::Global() {
    static MetricRegistry* const registry = new MetricRegistry;  // outlives every static user
    return *registry;
}

Counter& MetricRegistry::GetCounter(std::string_view name, std::string_view labels) {
    MutexLock lock(mutex_);
    return Lookup(counters_, name, labels);
}

Gauge& MetricRegistry::GetGauge(std::string_view name, std::string_view labels) {
    MutexLock lock(mutex_);
    return Lookup(gauges_, name, labels);
}

Histogram& MetricRegistry::GetHistogram(std::string_view name, std::string_view labels) {
    MutexLock lock(mutex_);
    return Lookup(histograms_, name, labels);
}

std::string MetricRegistry::ToPrometheusText() const {
    MutexLock lock(mutex_);
    std::string out;
    for (const auto& [name, series] : counters_) {
        out.append("# TYPE ").append(name).append(" counter\n");
        for (const auto& [labels, counter] : series) {
            AppendSample(out, name, labels, std::to_string(counter->value()));
        }
    }
    for (const auto& [name, series] : gauges_) {
        out.append("# TYPE ").append(name).append(" gauge\n");
        for (const auto& [labels, gauge] : series) {
            AppendSample(out, name, labels, std::to_string(gauge->value()));
        }
    }
    for (const auto& [name, series] : histograms_) {
        out.append("# TYPE ").append(name).append(" histogram\n");
        for (const auto& [labels, histogram] : series) {
            AppendHistogram(out, name, labels, *histogram);
        }
    }
    return out;
}

}  // namespace elanus::base
