// Signatures that services want with a request, made by OpenSSL. Threads: pure.
#pragma once

#include "base/status.h"

#include <string>
#include <string_view>

namespace elanus::http {

// 32 bytes.
std::string Sha256(std::string_view text);
std::string HmacSha256(std::string_view key, std::string_view text);
// RSASSA-PKCS1-v1_5 with SHA-256 (RS256 of RFC 7518). `key` is a private key in PEM.
// kInvalidParameter, without a word of the key, when it is none.
base::Result<std::string> SignRs256(std::string_view key, std::string_view text);

// Two lower case digits a byte.
std::string Hex(std::string_view bytes);

}  // namespace elanus::http
