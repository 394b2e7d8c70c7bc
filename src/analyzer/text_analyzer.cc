#include "analyzer/text_analyzer.h"

#include "analyzer/analyzer_params.h"
#include "analyzer/file_resource.h"
#include "analyzer/pipeline.h"
#include "base/check.h"

#include <array>
#include <mutex>
#include <unordered_map>

namespace elanus::analyzer {

namespace {

// The same parameters mean other words when a file resource was removed and added anew.
std::string CacheKey(std::string_view params) {
    std::string key(params);
    if (params.find("resource_name") == std::string_view::npos) {
        return key;
    }
    for (const std::string& name : FileResourcesIn(params)) {
        const auto resource = FindFileResource(name);
        key += '\n' + std::to_string(resource.ok() ? resource->id : 0);
    }
    return key;
}

using SharedPipeline = std::shared_ptr<const Pipeline>;

// A server sees few different parameters, but a caller of RunAnalyzer can send any number: when the
// cache is full it starts over.
class PipelineCache {
  public:
    base::Result<SharedPipeline> Get(std::string_view params) {
        std::string key = CacheKey(params);
        {
            const std::lock_guard lock(mutex_);
            const auto found = pipelines_.find(key);
            if (found != pipelines_.end()) {
                return found->second;
            }
        }
        // Built outside the lock: a dictionary may take a while.
        ASSIGN_OR_RETURN(Pipeline built, BuildPipeline(params));
        auto pipeline = std::make_shared<const Pipeline>(std::move(built));
        const std::lock_guard lock(mutex_);
        if (pipelines_.size() >= kEntriesMax) {
            pipelines_.clear();
        }
        return pipelines_.try_emplace(std::move(key), std::move(pipeline)).first->second;
    }

  private:
    static constexpr size_t kEntriesMax = 256;
    std::mutex mutex_;
    std::unordered_map<std::string, SharedPipeline> pipelines_;
};

}  // namespace

base::Result<TextAnalyzer> TextAnalyzer::Create(std::string_view params) {
    static PipelineCache* cache = new PipelineCache;
    TextAnalyzer analyzer;
    ASSIGN_OR_RETURN(analyzer.pipeline_, cache->Get(params));
    return analyzer;
}

TokenStream::TokenStream(const TextAnalyzer& analyzer) : pipeline_(analyzer.pipeline_) {
    CHECK(pipeline_ != nullptr, "a token stream of an analyzer that was never created");
    source_ = pipeline_->NewSource();
}
TokenStream::TokenStream(TokenStream&&) noexcept = default;
TokenStream& TokenStream::operator=(TokenStream&&) noexcept = default;
TokenStream::~TokenStream() = default;

void TokenStream::Reset(std::string_view text) {
    source_->Reset(text.substr(0, UINT32_MAX));
}

bool TokenStream::Next(Token* token) {
    return source_->Next(token);
}

std::vector<OwnedToken> Tokens(const TextAnalyzer& analyzer, std::string_view text) {
    std::vector<OwnedToken> tokens;
    TokenStream stream(analyzer);
    stream.Reset(text);
    Token token;
    while (stream.Next(&token)) {
        tokens.push_back({std::string(token.text), token.position, token.start, token.end,
                          token.position_length});
    }
    return tokens;
}

namespace {

constexpr size_t kHashedBytes = 100;

constexpr std::array<uint32_t, 256> MakeCrcTable() {
    std::array<uint32_t, 256> table{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t remainder = byte;
        for (int bit = 0; bit < 8; ++bit) {
            remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0xedb88320u : 0);
        }
        table[byte] = remainder;
    }
    return table;
}

}  // namespace

uint32_t TokenHash(std::string_view token) {
    static constexpr std::array<uint32_t, 256> kTable = MakeCrcTable();
    uint32_t crc = UINT32_MAX;
    for (const char c : token.substr(0, kHashedBytes)) {
        crc = (crc >> 8) ^ kTable[(crc ^ static_cast<uint8_t>(c)) & 0xff];
    }
    return ~crc % UINT32_MAX;
}

}  // namespace elanus::analyzer
