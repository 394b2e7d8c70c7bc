// Measurement: what one workload showed, and how it is printed: as a table for people, as JSON for
// programs. Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace elanus::loadgen {

struct Measurement {
    std::string workload;
    int64_t requests = 0;
    int64_t items = 0;  // rows inserted, or queries answered
    double seconds = 0;
    int64_t p50_ns = 0;
    int64_t p95_ns = 0;
    int64_t p99_ns = 0;
    int64_t max_ns = 0;
    // Processor time per request. In a mixed workload that of all its requests together.
    double client_cpu_us = 0;
    std::optional<double> server_cpu_us;
    std::optional<double> recall;
};

struct Report {
    std::string address;
    std::string server_version;
    std::vector<std::pair<std::string, std::string>> settings;
    std::vector<std::pair<std::string, double>> steps;  // name, seconds: flush, index, load
    std::vector<Measurement> measurements;
};

std::string ToTable(const Report& report);
std::string ToJson(const Report& report);

}  // namespace elanus::loadgen
