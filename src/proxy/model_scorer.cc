#include "proxy/model_scorer.h"

#include "function/failure.h"
#include "http/retry.h"
#include "proxy/phrase.h"

#include <algorithm>

namespace elanus::proxy {
base::Result<ModelScorer> ModelScorer::Make(ProxyCore& core, const FunctionParams& params) {
    if (core.partners.http == nullptr) {
        return Invalid("this server calls no model services");
    }
    ASSIGN_OR_RETURN(RerankProvider provider, RerankProvider::Make(params, core.models));
    return ModelScorer(core, std::move(provider));
}

base::Result<std::vector<float>> ModelScorer::Score(
    const base::CallContext& context, const std::string& query,
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

base::Result<std::vector<float>> ModelScorer::ScoreBatch(
    const base::CallContext& context, const std::string& query,
    const std::vector<std::string_view>& texts) const {
    const http::Request request = provider_.Compose(query, texts);
    const base::Result<http::Response> answer =
        http::PostWithRetry(*core_->partners.http, context, *core_->partners.clock, core_->random(),
                            request, http::RetryPolicy());
    if (!answer.ok()) {
        const base::Code code = answer.status().code();
        const bool is_ours = code == base::Code::kCanceled ||
                             code == base::Code::kUnsupportedOperation ||
                             !context.Check(core_->partners.clock->MonotonicNs()).ok();
        return is_ours ? answer.status()
                       : FunctionFailed(Phrase("Call service failed, provider ", provider_.name(),
                                               ": ", answer.status().reason()));
    }
    if (answer->status < 200 || answer->status >= 300) {
        return FunctionFailed(Phrase("Call service failed, provider ", provider_.name(),
                                     " answered status ", answer->status, ": ",
                                     function::Complaint(*answer, provider_.key())));
    }
    return provider_.ReadScores(answer->body, texts.size());
}

}  // namespace elanus::proxy
