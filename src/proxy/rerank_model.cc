#include "proxy/rerank_model.h"

#include "http/retry.h"
#include "json/json.h"
#include "proxy/phrase.h"
#include "proxy/rerank_provider.h"

#include <algorithm>
#include <unordered_map>

namespace elanus::proxy {
namespace {

constexpr size_t kShownBodyMax = 300;  // bytes of a service's complaint

// What a service says of a request that it refused, on one line.
std::string Complaint(const http::Response& answer) {
    std::string text = answer.body.substr(0, kShownBodyMax);
    std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return text;
}

base::Result<std::vector<std::string>> ReadQueries(const FunctionParams& params, int64_t nq) {
    if (!params.Has("queries")) {
        return Invalid("rerank_builder: rerank function missing required param: queries");
    }
    const base::Result<json::Value> parsed = json::Parse(params.Text("queries"));
    const json::Value::Array* list = parsed.ok() ? parsed->array_if() : nullptr;
    std::vector<std::string> queries;
    for (const json::Value& item : list == nullptr ? json::Value::Array() : *list) {
        if (item.string_if() == nullptr) {
            list = nullptr;
            break;
        }
        queries.push_back(*item.string_if());
    }
    if (list == nullptr) {
        return Invalid(
            "rerank_builder: parse rerank params [queries] failed: it should be a list of texts");
    }
    if (queries.empty()) {
        return Invalid("rerank_builder: rerank queries must not be empty");
    }
    if (static_cast<int64_t>(queries.size()) != nq) {
        return Invalid("nq must equal to queries size, but got nq [", nq, "], queries size [",
                       queries.size(), "]");
    }
    return queries;
}

class ModelRescorer : public Rescorer {
  public:
    ModelRescorer(ProxyCore& core, RerankProvider provider, std::vector<std::string> queries,
                  schema::FieldSchema field)
        : core_(core),
          provider_(std::move(provider)),
          queries_(std::move(queries)),
          field_(std::move(field)) {}

    const schema::FieldSchema& field() const override { return field_; }

    base::Status Rescore(const base::CallContext& context, const schema::ColumnView& values,
                         const std::vector<size_t>& counts, std::vector<float>* scores) override {
        if (counts.size() != queries_.size() || values.rows != scores->size() ||
            !schema::IsStringLike(values.type)) {
            return base::Internal("the texts of a reranker do not fit its rows");
        }
        size_t begin = 0;
        for (size_t q = 0; q < counts.size(); ++q) {
            RETURN_IF_ERROR(
                RescoreQuery(context, queries_[q], values, begin, begin + counts[q], scores));
            begin += counts[q];
        }
        return base::Status();
    }

  private:
    base::Status RescoreQuery(const base::CallContext& context, const std::string& query,
                              const schema::ColumnView& values, size_t begin, size_t end,
                              std::vector<float>* scores) const {
        std::vector<std::string_view> texts;  // each once
        std::unordered_map<std::string_view, size_t> numbers;
        for (size_t row = begin; row < end; ++row) {
            const std::string_view text = values.IsValid(row) ? values.StringAt(row) : "";
            if (!text.empty() && numbers.try_emplace(text, texts.size()).second) {
                texts.push_back(text);
            }
        }
        ASSIGN_OR_RETURN(const std::vector<float> found, Score(context, query, texts));
        for (size_t row = begin; row < end; ++row) {
            const auto number =
                values.IsValid(row) ? numbers.find(values.StringAt(row)) : numbers.end();
            (*scores)[row] = number == numbers.end() ? kUnscored : found[number->second];
        }
        return base::Status();
    }

    base::Result<std::vector<float>> Score(const base::CallContext& context,
                                           const std::string& query,
                                           const std::vector<std::string_view>& texts) const {
        std::vector<float> scores;
        for (size_t begin = 0; begin < texts.size(); begin += provider_.batch_max()) {
            const size_t end = std::min(begin + provider_.batch_max(), texts.size());
            const std::vector<std::string_view> batch(
                texts.begin() + static_cast<std::ptrdiff_t>(begin),
                texts.begin() + static_cast<std::ptrdiff_t>(end));
            ASSIGN_OR_RETURN(const std::vector<float> part, ScoreBatch(context, query, batch));
            scores.insert(scores.end(), part.begin(), part.end());
        }
        return scores;
    }

    base::Result<std::vector<float>> ScoreBatch(const base::CallContext& context,
                                                const std::string& query,
                                                const std::vector<std::string_view>& texts) const {
        const http::Request request = provider_.Compose(query, texts);
        const base::Result<http::Response> answer =
            http::PostWithRetry(*core_.partners.http, context, *core_.partners.clock,
                                core_.random(), request, http::RetryPolicy());
        if (!answer.ok()) {
            const base::Code code = answer.status().code();
            const bool is_ours = code == base::Code::kCanceled ||
                                 code == base::Code::kUnsupportedOperation ||
                                 !context.Check(core_.partners.clock->MonotonicNs()).ok();
            return is_ours
                       ? answer.status()
                       : FunctionFailed(Phrase("Call service failed, provider ", provider_.name(),
                                               ": ", answer.status().reason()));
        }
        if (answer->status < 200 || answer->status >= 300) {
            return FunctionFailed(Phrase("Call service failed, provider ", provider_.name(),
                                         " answered status ", answer->status, ": ",
                                         Complaint(*answer)));
        }
        return provider_.ReadScores(answer->body, texts.size());
    }

    ProxyCore& core_;
    const RerankProvider provider_;
    const std::vector<std::string> queries_;
    const schema::FieldSchema field_;
};

}  // namespace

base::Result<std::unique_ptr<Rescorer>> MakeModelRescorer(ProxyCore& core,
                                                          const FunctionParams& params, int64_t nq,
                                                          const schema::FieldSchema& field) {
    if (core.partners.http == nullptr) {
        return Invalid("this server calls no model services");
    }
    ASSIGN_OR_RETURN(std::vector<std::string> queries, ReadQueries(params, nq));
    ASSIGN_OR_RETURN(RerankProvider provider, RerankProvider::Make(params, core.models));
    return std::unique_ptr<Rescorer>(
        std::make_unique<ModelRescorer>(core, std::move(provider), std::move(queries), field));
}

}  // namespace elanus::proxy
