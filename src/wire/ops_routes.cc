#include "wire/ops_routes.h"

#include "base/metrics.h"

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

HttpResponse Metrics(const HttpRequest&) {
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = base::MetricRegistry::Global().ToPrometheusText()};
}

}  // namespace

std::unique_ptr<HttpHandler> MakeOpsRoutes(std::function<std::vector<UnhealthyPart>()> unhealthy) {
    auto routes = std::make_unique<HttpRoutes>();
    routes->Add("GET", "/healthz", [unhealthy = std::move(unhealthy)](const HttpRequest& request) {
        return Health(request, unhealthy());
    });
    routes->Add("GET", "/livez", [](const HttpRequest&) { return HttpResponse{.body = "OK"}; });
    routes->Add("GET", "/metrics", Metrics);
    routes->Add("GET", "/metrics_default", Metrics);
    return routes;
}

}  // namespace elanus::wire
