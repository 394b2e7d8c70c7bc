#include "loadgen/measurement.h"

#include "json/json.h"

#include <cstdio>

namespace elanus::loadgen {
namespace {

constexpr char kHeadFormat[] = "%-16s %10s %10s %10s %9s %9s %9s %9s %10s %10s %8s\n";
constexpr char kRowFormat[] =
    "%-16s %10lld %10.0f %10.0f %9.3f %9.3f %9.3f %9.3f %10.1f %10s %8s\n";

double Ms(int64_t ns) {
    return static_cast<double>(ns) / 1e6;
}

double Rate(int64_t count, double seconds) {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

template <typename... Values>
std::string Format(const char* format, Values... values) {
    char line[256];
    std::snprintf(line, sizeof line, format, values...);
    return line;
}

std::string Optional(const std::optional<double>& value, const char* format) {
    return value.has_value() ? Format(format, *value) : "-";
}

json::Value ToValue(const Measurement& from) {
    json::Value value;
    value.Add("workload", from.workload);
    value.Add("requests", from.requests);
    value.Add("items", from.items);
    value.Add("seconds", from.seconds);
    value.Add("requests_per_s", Rate(from.requests, from.seconds));
    value.Add("items_per_s", Rate(from.items, from.seconds));
    value.Add("p50_ms", Ms(from.p50_ns));
    value.Add("p95_ms", Ms(from.p95_ns));
    value.Add("p99_ms", Ms(from.p99_ns));
    value.Add("max_ms", Ms(from.max_ns));
    value.Add("client_cpu_us_per_request", from.client_cpu_us);
    if (from.server_cpu_us.has_value()) {
        value.Add("server_cpu_us_per_request", *from.server_cpu_us);
    }
    if (from.recall.has_value()) {
        value.Add("recall", *from.recall);
    }
    return value;
}

}  // namespace

std::string ToTable(const Report& report) {
    std::string out = "server " + report.address + ", version " + report.server_version + "\n";
    for (const auto& [name, value] : report.settings) {
        out += (out.ends_with('\n') ? "" : ", ") + name + " " + value;
    }
    out += "\n";
    for (const auto& [name, seconds] : report.steps) {
        out += Format("%s %.2f s  ", name.c_str(), seconds);
    }
    out += report.steps.empty() ? "\n" : "\n\n";
    out += Format(kHeadFormat, "workload", "requests", "requests/s", "items/s", "p50 ms", "p95 ms",
                  "p99 ms", "max ms", "client us", "server us", "recall");
    for (const Measurement& row : report.measurements) {
        out += Format(kRowFormat, row.workload.c_str(), static_cast<long long>(row.requests),
                      Rate(row.requests, row.seconds), Rate(row.items, row.seconds), Ms(row.p50_ns),
                      Ms(row.p95_ns), Ms(row.p99_ns), Ms(row.max_ns), row.client_cpu_us,
                      Optional(row.server_cpu_us, "%.1f").c_str(),
                      Optional(row.recall, "%.4f").c_str());
    }
    return out +
           "items: rows inserted or queries answered; client us, server us: processor time "
           "per request\n";
}

std::string ToJson(const Report& report) {
    json::Value root;
    root.Add("address", report.address);
    root.Add("server_version", report.server_version);
    json::Value settings{json::Value::Object()};
    for (const auto& [name, value] : report.settings) {
        settings.Add(name, value);
    }
    root.Add("settings", std::move(settings));
    json::Value steps{json::Value::Object()};
    for (const auto& [name, seconds] : report.steps) {
        steps.Add(name + "_s", seconds);
    }
    root.Add("steps", std::move(steps));
    json::Value measurements{json::Value::Array()};
    for (const Measurement& measurement : report.measurements) {
        measurements.Append(ToValue(measurement));
    }
    root.Add("measurements", std::move(measurements));
    return json::Write(root);
}

}  // namespace elanus::loadgen
