// Metrics: one registry of counters, gauges and histograms, printed in Prometheus' text form.
//
// Threads: any. Updates are single atomic operations; look a metric up once and keep the reference.
#pragma once

#include "base/mutex.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace elanus::base {

class Counter {
  public:
    void Add(uint64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
    uint64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<uint64_t> value_{0};
};

class Gauge {
  public:
    void Set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
    void Add(int64_t amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
    int64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<int64_t> value_{0};
};

// Milliseconds in Milvus' buckets: 1, 2, 4 ... 2^17, +Inf.
class Histogram {
  public:
    static constexpr int kBuckets = 18;
    void Observe(double ms);
    uint64_t bucket(int i) const { return buckets_[i].load(std::memory_order_relaxed); }
    uint64_t count() const { return count_.load(std::memory_order_relaxed); }
    double sum_ms() const { return static_cast<double>(sum_us_.load()) / 1000.0; }

  private:
    std::array<std::atomic<uint64_t>, kBuckets + 1> buckets_{};
    std::atomic<uint64_t> count_{0};
    std::atomic<uint64_t> sum_us_{0};
};

// Labels are given ready to print: `node_id="1",status="success"`.
class MetricRegistry {
  public:
    static MetricRegistry& Global();
    Counter& GetCounter(std::string_view name, std::string_view labels = {});
    Gauge& GetGauge(std::string_view name, std::string_view labels = {});
    Histogram& GetHistogram(std::string_view name, std::string_view labels = {});
    std::string ToPrometheusText() const;

  private:
    template <typename T>
    using Family = std::map<std::string, std::map<std::string, std::unique_ptr<T>>>;

    mutable Mutex mutex_;
    Family<Counter> counters_ GUARDED_BY(mutex_);
    Family<Gauge> gauges_ GUARDED_BY(mutex_);
    Family<Histogram> histograms_ GUARDED_BY(mutex_);
};

}  // namespace elanus::base
