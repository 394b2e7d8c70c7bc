#include "wire/ops_routes.h"

#include "base/metrics.h"
#include "sys/process_usage.h"

namespace elanus::wire {
namespace {

constexpr int kInternalServerError = 500;

// Names and states are identifiers of our own, so they need no escaping.
std::string HealthJson(const std::vector<UnhealthyPart>& unhealthy) {
    std::string json = R"({"state":")";
    json += unhealthy.empty() ? "OK" : "component not healthy";
    json += R"(","detail":[)";
    for (size_t i = 0; i < unhealthy.size(); ++i) {
        json += std::string(i == 0 ? "" : ",") + R"({"name":")" + unhealthy[i].name +
                R"(","code":")" + unhealthy[i].state + R"("})";
    }
    return json + "]}";
}

std::string HealthText(const std::vector<UnhealthyPart>& unhealthy) {
    if (unhealthy.empty()) {
        return "OK";
    }
    std::string text = "component not healthy:";
    for (const UnhealthyPart& part : unhealthy) {
        text += " " + part.name + "=" + part.state;
    }
    return text;
}

HttpResponse Health(const HttpRequest& request, const std::vector<UnhealthyPart>& unhealthy) {
    HttpResponse response;
    response.status = unhealthy.empty() ? 200 : kInternalServerError;
    if (request.Header("Content-Type").starts_with("application/json")) {
        response.content_type = "application/json";
        response.body = HealthJson(unhealthy);
    } else {
        response.body = HealthText(unhealthy);
    }
    return response;
}

void AppendMetric(std::string_view name, std::string_view type, const std::string& value,
                  std::string* out) {
    out->append("# TYPE ").append(name).append(" ").append(type).append("\n");
    out->append(name).append(" ").append(value).append("\n");
}

// What every Prometheus client library tells of its process, under the same names.
std::string ProcessMetrics() {
    const sys::ProcessUsage usage = sys::ReadProcessUsage();
    std::string text;
    AppendMetric("process_cpu_seconds_total", "counter", std::to_string(usage.cpu_s), &text);
    AppendMetric("process_resident_memory_bytes", "gauge", std::to_string(usage.resident_bytes),
                 &text);
    AppendMetric("process_virtual_memory_bytes", "gauge", std::to_string(usage.virtual_bytes),
                 &text);
    AppendMetric("process_open_fds", "gauge", std::to_string(usage.open_files), &text);
    AppendMetric("process_max_fds", "gauge", std::to_string(usage.open_files_max), &text);
    return text;
}

HttpResponse Metrics(const HttpRequest&) {
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = base::MetricRegistry::Global().ToPrometheusText() + ProcessMetrics()};
}

}  // namespace

std::unique_ptr<HttpHandler> MakeOpsRoutes(std::function<std::vector<UnhealthyPart>()> unhealthy) {
    auto routes = std::make_unique<HttpRoutes>();
    routes->Add("GET", "/healthz", [unhealthy = std::move(unhealthy)](const HttpRequest& request) {
        return Health(request, unhealthy());
    });
    routes->Add("GET", "/api/v1/health", [](const HttpRequest&) {
        return HttpResponse{.content_type = "application/json", .body = R"({"status":"ok"})"};
    });
    routes->Add("GET", "/livez", [](const HttpRequest&) { return HttpResponse{.body = "OK"}; });
    routes->Add("GET", "/metrics", Metrics);
    routes->Add("GET", "/metrics_default", Metrics);
    return routes;
}

}  // namespace elanus::wire
