// HttpHandler: what answers an HTTP request; HttpRoutes: a handler made of fixed paths.
// Threads: Handle() runs on many workers at once; routes are added before the server starts.
#pragma once

#include "base/call_context.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace elanus::wire {

struct HttpRequest {
    std::string method;  // "GET", "POST"
    std::string path;    // without the query
    std::string query;   // behind '?', not decoded
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    // Deadline from the header Request-Timeout (seconds); cancelled when the client goes away or
    // the server stops.
    base::CallContext context;

    // First value of a header, by name without regard to case; empty when absent.
    std::string_view Header(std::string_view name) const;
};

struct HttpResponse {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
};

class HttpHandler {
  public:
    virtual ~HttpHandler() = default;
    virtual HttpResponse Handle(const HttpRequest& request) = 0;
};

class HttpRoutes : public HttpHandler {
  public:
    using Function = std::function<HttpResponse(const HttpRequest& request)>;

    // A GET route answers HEAD as well. An unknown path is 404, a known one asked with another
    // method 405.
    void Add(std::string_view method, std::string_view path, Function function);
    HttpResponse Handle(const HttpRequest& request) override;

  private:
    using ByMethod = std::map<std::string, Function, std::less<>>;
    std::map<std::string, ByMethod, std::less<>> routes_;
};

}  // namespace elanus::wire
