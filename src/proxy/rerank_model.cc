#include "proxy/rerank_model.h"

#include "json/json.h"
#include "proxy/model_scorer.h"
#include "proxy/phrase.h"

#include <unordered_map>

namespace elanus::proxy {
namespace {

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
    ModelRescorer(ModelScorer scorer, std::vector<std::string> queries, schema::FieldSchema field)
        : scorer_(std::move(scorer)), queries_(std::move(queries)), field_(std::move(field)) {}

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
        ASSIGN_OR_RETURN(const std::vector<float> found, scorer_.Score(context, query, texts));
        for (size_t row = begin; row < end; ++row) {
            const auto number =
                values.IsValid(row) ? numbers.find(values.StringAt(row)) : numbers.end();
            (*scores)[row] = number == numbers.end() ? kUnscored : found[number->second];
        }
        return base::Status();
    }

    const ModelScorer scorer_;
    const std::vector<std::string> queries_;
    const schema::FieldSchema field_;
};

}  // namespace

base::Result<std::unique_ptr<Rescorer>> MakeModelRescorer(ProxyCore& core,
                                                          const FunctionParams& params, int64_t nq,
                                                          const schema::FieldSchema& field) {
    ASSIGN_OR_RETURN(std::vector<std::string> queries, ReadQueries(params, nq));
    ASSIGN_OR_RETURN(ModelScorer scorer, ModelScorer::Make(core, params));
    return std::unique_ptr<Rescorer>(
        std::make_unique<ModelRescorer>(std::move(scorer), std::move(queries), field));
}

}  // namespace elanus::proxy
