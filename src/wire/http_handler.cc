#include "wire/http_handler.h"

#include "base/ascii.h"

namespace elanus::wire {

std::string_view HttpRequest::Header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (base::SameIgnoringCase(key, name)) {
            return value;
        }
    }
    return {};
}

void HttpRoutes::Add(std::string_view method, std::string_view path, Function function) {
    routes_[std::string(path)][std::string(method)] = std::move(function);
}

HttpResponse HttpRoutes::Handle(const HttpRequest& request) {
    const auto path = routes_.find(request.path);
    if (path == routes_.end()) {
        return {.status = 404, .body = "404 page not found"};
    }
    const auto route = path->second.find(request.method == "HEAD" ? "GET" : request.method);
    if (route == path->second.end()) {
        return {.status = 405, .body = "405 method not allowed"};
    }
    return route->second(request);
}

}  // namespace elanus::wire
