// AWS Signature Version 4 ("Create a signed AWS API request", published by AWS) for a POST without
// a query. Threads: pure.
#pragma once

#include "http/client.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace elanus::http {

struct AwsSigner {
    std::string access_key_id;
    std::string secret_access_key;
    std::string region;
    std::string service;
};

// Adds X-Amz-Date and Authorization, which covers host, path, body and the headers that are there.
// The path of the URL is encoded as it is sent.
void SignForAws(const AwsSigner& signer, int64_t wall_ms, Request* request);

}  // namespace elanus::http
