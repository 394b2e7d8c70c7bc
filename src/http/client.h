// Client: HTTP requests to services that others run, such as models that rerank texts.
//
// The seam: CurlClient (curl_client.h) is the real one, tests have their own. An answer of any HTTP
// status is a Response; a Status says that there was none.
// Secrets: headers and bodies carry keys and users' texts, so no implementation logs them or puts
// them into a Status. Threads: any.
#pragma once

#include "base/call_context.h"
#include "base/status.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace elanus::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
    std::string url;   // http:// or https://
    Headers headers;   // beside those that the client adds
    std::string body;  // sent by POST
    int64_t timeout_ms = 30'000;
};

struct Response {
    int status = 0;
    std::string body;
    std::optional<int64_t> retry_after_ms;  // what the service asked for (429, 503)
};

class Client {
  public:
    virtual ~Client() = default;

    // Ends at the request's time-out or the context's deadline, whichever comes first, and soon
    // after the context is cancelled. No answer: kIoFailed (the text says what went wrong),
    // kTimeout, kCanceled. kInvalidParameter for a URL that is none.
    virtual base::Result<Response> Post(const base::CallContext& context,
                                        const Request& request) = 0;
};

// True for http:// and https:// URLs with a host, without a user name in them.
bool IsHttpUrl(std::string_view url);
// Everything but letters, digits, '-', '.', '_', '~' as %XX; a '/' stays.
std::string EncodePath(std::string_view path);
// The URL without query: what may stand in a message.
std::string ShownUrl(std::string_view url);

}  // namespace elanus::http
