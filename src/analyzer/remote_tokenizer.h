// RemoteTokenizer: the seam to tokenizers in other processes. The network belongs to higher floors,
// which put a factory here when the server starts.
// Threads: SetRemoteTokenizerFactory is called once, before the first analyzer is made; a
// RemoteTokenizer is called from any thread.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::analyzer {

struct RemoteToken {
    std::string text;
    int64_t start = 0;  // as the other side says: may be anything
    int64_t end = 0;
    int64_t position = 0;
};

struct RemoteParameter {
    std::string key;
    std::vector<std::string> values;
};

class RemoteTokenizer {
  public:
    virtual ~RemoteTokenizer() = default;
    // `text` is valid UTF-8. Blocks until the answer is there or a time-out.
    virtual base::Result<std::vector<RemoteToken>> Tokenize(const std::string& text) const = 0;
};

// Does not connect yet; `endpoint` begins with http:// or https://.
using RemoteTokenizerFactory = std::function<std::unique_ptr<RemoteTokenizer>(
    const std::string& endpoint, std::vector<RemoteParameter> parameters)>;
void SetRemoteTokenizerFactory(RemoteTokenizerFactory factory);

}  // namespace elanus::analyzer
