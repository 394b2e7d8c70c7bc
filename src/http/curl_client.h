// MakeCurlClient: the real Client, over libcurl.
//
// Redirects are not followed: they would carry the key elsewhere. A reply has a bound. Certificates
// are checked against the machine's, and http_proxy, https_proxy and no_proxy hold as curl knows
// them. Connections are kept and used again. Threads: any.
#pragma once

#include "http/client.h"
#include "sys/clock.h"

#include <memory>

namespace elanus::http {

// The clock outlives the client.
std::unique_ptr<Client> MakeCurlClient(sys::Clock& clock);

}  // namespace elanus::http
