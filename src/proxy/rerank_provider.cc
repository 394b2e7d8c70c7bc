#include "proxy/rerank_provider.h"

#include "proxy/phrase.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace elanus::proxy {

// What tells one provider from another. Sources: the services' published interfaces.
struct RerankDialect {
    std::string_view name;
    std::string_view url;           // hosted: the whole; else the path below the endpoint
    std::string_view key_variable;  // of the environment; empty = a key is not needed
    size_t batch_max = 0;
    bool wraps_input = false;         // query and texts stand in `input`
    std::string_view texts_member;    // where the texts stand
    std::string_view results_member;  // "a.b" = b of a; empty = the answer is the list
    std::string_view score_member;
    bool is_hosted() const { return !key_variable.empty(); }
};

namespace {

constexpr int64_t kTimeoutMs = 30'000;
constexpr int64_t kTimeoutMsMax = 600'000;

constexpr RerankDialect kDialects[] = {
    {"vllm", "/rerank", "", 32, false, "documents", "results", "relevance_score"},
    {"tei", "/rerank", "", 32, false, "texts", "", "score"},
    {"cohere", "https://api.cohere.com/v2/rerank", "MILVUS_COHERE_API_KEY", 128, false, "documents",
     "results", "relevance_score"},
    {"voyageai", "https://api.voyageai.com/v1/rerank", "MILVUS_VOYAGEAI_API_KEY", 128, false,
     "documents", "data", "relevance_score"},
    {"siliconflow", "https://api.siliconflow.cn/v1/rerank", "MILVUS_SILICONFLOW_API_KEY", 128,
     false, "documents", "results", "relevance_score"},
    {"ali", "https://dashscope.aliyuncs.com/api/v1/services/rerank/text-rerank/text-rerank",
     "MILVUS_DASHSCOPE_API_KEY", 128, true, "documents", "output.results", "relevance_score"},
};

// A whole number among a provider's own parameters.
struct NumberOption {
    std::string_view provider;
    const char* key;
};
constexpr NumberOption kNumberOptions[] = {
    {"vllm", "truncate_prompt_tokens"},
    {"cohere", "max_tokens_per_doc"},
    {"siliconflow", "max_chunks_per_doc"},
    {"siliconflow", "overlap_tokens"},
};
struct BoolOption {
    std::string_view provider;
    const char* key;
};
constexpr BoolOption kBoolOptions[] = {{"tei", "truncate"}, {"voyageai", "truncation"}};

base::Result<const RerankDialect*> FindDialect(const FunctionParams& params) {
    const std::string name = params.Word("provider");
    if (name.empty()) {
        return Invalid("lost rerank params:provider");
    }
    for (const RerankDialect& dialect : kDialects) {
        if (dialect.name == name) {
            return &dialect;
        }
    }
    return Invalid("unknown rerank model provider:", name,
                   ", should be one of [vllm, tei, cohere, voyageai, siliconflow, ali]");
}

// The list of results in an answer; null when it is not there.
const json::Value::Array* ResultsIn(const json::Value& answer, std::string_view path) {
    const json::Value* at = &answer;
    while (at != nullptr && !path.empty()) {
        const size_t end = std::min(path.find('.'), path.size());
        at = at->Find(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return at == nullptr ? nullptr : at->array_if();
}

}  // namespace

std::string_view RerankProvider::name() const {
    return dialect_->name;
}

base::Result<RerankProvider> RerankProvider::Make(const FunctionParams& params,
                                                  const ModelServices& services) {
    RerankProvider provider;
    ASSIGN_OR_RETURN(provider.dialect_, FindDialect(params));
    const std::string name(provider.dialect_->name);
    if (!services.Reranker(name).enabled) {
        return Invalid("rerank provider: [", name, "] is disabled");
    }
    provider.model_ = params.Text("model_name");
    if (provider.dialect_->is_hosted() && provider.model_.empty()) {
        return base::MissingParameter(Phrase(name, " rerank model name is required"));
    }
    RETURN_IF_ERROR(provider.UseEndpoint(params, services));
    RETURN_IF_ERROR(provider.UseKey(params, services));
    RETURN_IF_ERROR(provider.UseOptions(params));
    return provider;
}

base::Status RerankProvider::UseEndpoint(const FunctionParams& params,
                                         const ModelServices& services) {
    const std::string configured = services.Reranker(std::string(dialect_->name)).url;
    std::string named = params.Text("endpoint");
    if (named.empty()) {
        named = params.Text("url");
    }
    if (dialect_->is_hosted()) {
        // A client that chose the address would be sent the server's key.
        if (!named.empty()) {
            return Invalid(
                "the address of provider ", dialect_->name,
                " is set in the server's configuration: function.rerank.model.providers.",
                dialect_->name, ".url");
        }
        url_ = configured.empty() ? std::string(dialect_->url) : configured;
        return http::IsHttpUrl(url_)
                   ? base::Status()
                   : Invalid("endpoint: [", url_, "] is not a valid http/https link");
    }
    if (named.empty() && configured.empty()) {
        return Invalid("rerank function lost params endpoint");
    }
    if (!named.empty()) {
        RETURN_IF_ERROR(services.CheckEndpoint(named));
    }
    url_ = named.empty() ? configured : named;
    while (url_.ends_with('/')) {
        url_.pop_back();
    }
    if (!url_.ends_with(dialect_->url)) {
        url_ += dialect_->url;
    }
    return base::Status();
}

base::Status RerankProvider::UseKey(const FunctionParams& params, const ModelServices& services) {
    std::string name = params.Text("credential");
    if (name.empty()) {
        name = services.Reranker(std::string(dialect_->name)).credential;
    }
    if (!name.empty()) {
        ASSIGN_OR_RETURN(key_, services.Key(name));
        return base::Status();
    }
    if (!dialect_->is_hosted()) {
        return base::Status();
    }
    key_ = services.KeyOfVariable(std::string(dialect_->key_variable));
    return key_.empty()
               ? Invalid("Missing credentials config or configure the ", dialect_->key_variable,
                         " environment variable in the Milvus service.")
               : base::Status();
}

base::Status RerankProvider::UseOptions(const FunctionParams& params) {
    const std::string batch_key = "max_client_batch_size";
    ASSIGN_OR_RETURN(const std::optional<int64_t> batch, params.Integer(batch_key));
    if (batch.has_value() && *batch <= 0) {
        return Invalid("[", batch_key, " param's value: ", *batch, "] must be greater than 0");
    }
    batch_max_ = batch.has_value() ? static_cast<size_t>(*batch) : dialect_->batch_max;
    ASSIGN_OR_RETURN(const std::optional<int64_t> timeout, params.Integer("timeout_ms"));
    timeout_ms_ = timeout.value_or(kTimeoutMs);
    if (timeout_ms_ <= 0 || timeout_ms_ > kTimeoutMsMax) {
        return Invalid("[timeout_ms param's value: ", timeout_ms_, "] should be in range [1, ",
                       kTimeoutMsMax, "]");
    }
    for (const NumberOption& option : kNumberOptions) {
        if (option.provider == dialect_->name) {
            ASSIGN_OR_RETURN(const std::optional<int64_t> value, params.Integer(option.key));
            if (value.has_value()) {
                options_.Add(option.key, *value);
            }
        }
    }
    for (const BoolOption& option : kBoolOptions) {
        if (option.provider == dialect_->name) {
            ASSIGN_OR_RETURN(const std::optional<bool> value, params.Bool(option.key));
            if (value.has_value()) {
                options_.Add(option.key, *value);
            }
        }
    }
    const std::string direction = params.Text("truncation_direction");
    if (dialect_->name == "tei" && !direction.empty()) {
        if (direction != "Left" && direction != "Right") {
            return Invalid("[truncation_direction param's value: ", direction,
                           "] is not invalid, only supports [Left/Right]");
        }
        options_.Add("truncation_direction", direction);
    }
    return base::Status();
}

http::Request RerankProvider::Compose(const std::string& query,
                                      const std::vector<std::string_view>& texts) const {
    json::Value::Array list(texts.begin(), texts.end());
    json::Value input;
    input.Add("query", query);
    input.Add(std::string(dialect_->texts_member), std::move(list));
    json::Value body;
    if (dialect_->wraps_input) {
        body.Add("input", std::move(input));
        json::Value parameters;
        parameters.Add("return_documents", false);
        body.Add("parameters", std::move(parameters));
    } else {
        body = std::move(input);
    }
    if (!model_.empty()) {
        body.Add("model", model_);
    }
    if (const json::Value::Object* options = options_.object_if()) {
        for (const auto& [key, value] : *options) {
            body.Add(key, value);
        }
    }
    http::Request request;
    request.url = url_;
    request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
    if (!key_.empty()) {
        request.headers.emplace_back("Authorization", "Bearer " + key_);
    }
    request.body = json::Write(body);
    request.timeout_ms = timeout_ms_;
    return request;
}

base::Result<std::vector<float>> RerankProvider::ReadScores(std::string_view body,
                                                            size_t count) const {
    const base::Result<json::Value> answer = json::Parse(body);
    const json::Value::Array* results =
        answer.ok() ? ResultsIn(*answer, dialect_->results_member) : nullptr;
    if (results == nullptr) {
        return FunctionFailed(Phrase("Call service failed, the answer of ", dialect_->name,
                                     " holds no list of results"));
    }
    std::vector<std::optional<float>> scores(count);
    for (const json::Value& result : *results) {
        const json::Value* index = result.Find("index");
        const json::Value* score = result.Find(dialect_->score_member);
        if (index == nullptr || index->int64_if() == nullptr || score == nullptr ||
            !score->is_number()) {
            return FunctionFailed(Phrase("Call service failed, a result of ", dialect_->name,
                                         " has no index or no ", dialect_->score_member));
        }
        const int64_t at = *index->int64_if();
        if (at < 0 || static_cast<size_t>(at) >= count || scores[static_cast<size_t>(at)]) {
            return FunctionFailed(Phrase("Call service failed, ", dialect_->name,
                                         " answered for a text that it was not asked for"));
        }
        scores[static_cast<size_t>(at)] = static_cast<float>(score->AsDouble());
    }
    if (results->size() != count) {
        return FunctionFailed(
            Phrase("Call service failed, ", count, " docs but got ", results->size(), " scores"));
    }
    std::vector<float> out;
    out.reserve(count);
    for (const std::optional<float>& score : scores) {
        out.push_back(*score);
    }
    return out;
}

}  // namespace elanus::proxy
