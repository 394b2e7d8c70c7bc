// The client of tokenizers in other processes (proto/tokenizer.proto), for analyzers.
#pragma once

#include "analyzer/remote_tokenizer.h"

#include <memory>
#include <string>
#include <vector>

namespace elanus::wire {

// Calls wait `timeout_ms` at most. http:// is plain text, https:// is TLS by the system's roots.
std::unique_ptr<analyzer::RemoteTokenizer> MakeTokenizerClient(
    const std::string& endpoint, std::vector<analyzer::RemoteParameter> parameters,
    int64_t timeout_ms = 5000);

}  // namespace elanus::wire
