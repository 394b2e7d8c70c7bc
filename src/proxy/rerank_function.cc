#include "proxy/rerank_function.h"

#include "function/function_params.h"
#include "json/json.h"
#include "proxy/phrase.h"
#include "proxy/rerank_decay.h"
#include "proxy/rerank_model.h"
#include "proxy/schema_validation.h"

#include <algorithm>

namespace elanus::proxy {
namespace {

using reduce::FusionKind;

constexpr double kRrfKMax = 16384;

std::string ShownNumber(double number) {
    return json::Write(json::Value(number));
}

base::Result<std::vector<float>> ReadWeights(const json::Value& value, size_t lists) {
    const json::Value::Array* list = value.array_if();
    if (list == nullptr) {
        return Invalid("the weights param should be an array");
    }
    std::vector<float> weights;
    for (const json::Value& item : *list) {
        if (!item.is_number()) {
            return Invalid("The type of rank param weight should be float");
        }
        const double weight = item.AsDouble();
        if (!(weight >= 0 && weight <= 1)) {
            return Invalid("rank param weight should be in range [0, 1]");
        }
        weights.push_back(static_cast<float>(weight));
    }
    if (weights.empty()) {
        return Invalid("rerank_builder: weighted reranker requires weights parameter");
    }
    if (weights.size() != lists) {
        return InvalidExpected(std::to_string(lists), std::to_string(weights.size()),
                               "the length of weights param mismatch with ann search requests");
    }
    return weights;
}

base::Result<RerankPlan> MakeRrf(double k) {
    if (!(k > 0 && k < kRrfKMax)) {
        return Invalid("The rank params k should be in range (0, 16384)");
    }
    RerankPlan plan;
    plan.rule.kind = FusionKind::kRrf;
    plan.rule.rrf_k = k;
    plan.text = Phrase("rrf k=", ShownNumber(k));
    return plan;
}

base::Result<RerankPlan> MakeWeighted(const json::Value& weights, bool normalize, size_t lists) {
    RerankPlan plan;
    plan.rule.kind = FusionKind::kWeighted;
    ASSIGN_OR_RETURN(plan.rule.weights, ReadWeights(weights, lists));
    plan.rule.normalize = normalize;
    plan.text = Phrase("weighted weights=", json::Write(weights),
                       " norm_score=", normalize ? "true" : "false");
    return plan;
}

base::Result<RerankPlan> PlanRrf(const FunctionParams& params) {
    double k = reduce::FusionRule().rrf_k;
    if (params.Has("k") && !base::ParseReal(params.Text("k"), &k)) {
        return Invalid(params.Text("k"), " is not a number");
    }
    return MakeRrf(k);
}

base::Result<RerankPlan> PlanWeighted(const FunctionParams& params, size_t lists) {
    if (!params.Has("weights")) {
        return Invalid("rerank_builder: weighted reranker requires weights parameter");
    }
    const base::Result<json::Value> weights = json::Parse(params.Text("weights"));
    if (!weights.ok()) {
        return weights.status().Annotate("failed to parse weights");
    }
    ASSIGN_OR_RETURN(const std::optional<bool> normalize, params.Bool("norm_score"));
    return MakeWeighted(*weights, normalize.value_or(false), lists);
}

base::Result<FusionKind> ReadScoreMode(const FunctionParams& params) {
    const std::string mode = params.Word("score_mode");
    if (mode.empty() || mode == "max") {
        return FusionKind::kMax;
    }
    if (mode == "sum") {
        return FusionKind::kSum;
    }
    if (mode == "avg") {
        return FusionKind::kAverage;
    }
    return Invalid("unsupported score_mode: ", mode, ", only supports [max, sum, avg]");
}

// The one field that a decay or a model reads.
base::Result<const schema::FieldSchema*> InputField(const roles::CollectionInfo& collection,
                                                    const schema::FunctionSchema& function,
                                                    std::string_view reranker) {
    if (function.input_field_names.size() != 1) {
        return Invalid("rerank_builder: ", reranker,
                       " reranker requires exactly 1 input field, got ",
                       function.input_field_names.size());
    }
    const std::string& name = function.input_field_names[0];
    const schema::FieldSchema* field = collection.schema.FindField(name);
    if (field == nullptr) {
        return Invalid("rerank_builder: input field ", name, " not found in collection schema");
    }
    return field;
}

base::Result<RerankPlan> PlanDecay(const RerankRequest& request,
                                   const schema::FunctionSchema& function,
                                   const FunctionParams& params) {
    ASSIGN_OR_RETURN(const Decay decay, ReadDecay(params));
    RerankPlan plan;
    ASSIGN_OR_RETURN(plan.rule.kind, ReadScoreMode(params));
    ASSIGN_OR_RETURN(const std::optional<bool> normalize, params.Bool("norm_score"));
    plan.rule.normalize = normalize.value_or(false);
    plan.rule.points_up = true;
    ASSIGN_OR_RETURN(const schema::FieldSchema* field,
                     InputField(request.collection, function, "decay"));
    if (!schema::IsNumeric(field->type)) {
        return Invalid("rerank_builder: decay input field ", field->name, " must be numeric, got ",
                       schema::DataTypeName(field->type));
    }
    plan.rescorer = MakeDecayRescorer(decay, *field);
    plan.text = Phrase("decay function=", params.Word("function"), " field=", field->name);
    return plan;
}

base::Result<RerankPlan> PlanModel(ProxyCore& core, const RerankRequest& request,
                                   const schema::FunctionSchema& function,
                                   const FunctionParams& params) {
    ASSIGN_OR_RETURN(const schema::FieldSchema* field,
                     InputField(request.collection, function, "model"));
    if (field->type != schema::DataType::kVarChar) {
        return Invalid("rerank_builder: model input field ", field->name, " must be VarChar, got ",
                       schema::DataTypeName(field->type));
    }
    RerankPlan plan;
    plan.rule.kind = FusionKind::kMax;  // which rows there are; the model scores them anew
    plan.rule.points_up = true;
    ASSIGN_OR_RETURN(plan.rescorer, MakeModelRescorer(core, params, request.nq, *field));
    plan.text = Phrase("model provider=", params.Word("provider"), " field=", field->name);
    return plan;
}

}  // namespace

bool IsBoost(const schema::FunctionSchema& function) {
    return FunctionParams(function.params).Word("reranker") == "boost";
}

base::Result<const schema::FunctionSchema*> FindReranker(const FunctionScore& score) {
    const schema::FunctionSchema* found = nullptr;
    size_t count = 0;
    for (const schema::FunctionSchema& function : score.functions) {
        if (function.type != schema::FunctionType::kRerank) {
            return Invalid("function ", function.name, " is not rerank function");
        }
        if (!function.output_field_names.empty()) {
            return Invalid("Rerank function should not have output field, but now is ",
                           function.output_field_names.size());
        }
        if (!IsBoost(function)) {
            found = &function;
            ++count;
        }
    }
    if (count > 1) {
        return Invalid("rerank_builder: currently only supports one rerank function, but got ",
                       count);
    }
    return found;
}

base::Result<RerankPlan> PlanLegacyRank(const KeyValues& rank_params, size_t lists) {
    const FunctionParams outer(rank_params);
    json::Value params;
    if (const std::string text = outer.Text("params"); !text.empty()) {
        base::Result<json::Value> parsed = json::Parse(text);
        if (!parsed.ok()) {
            return parsed.status().Annotate("parse rerank params failed");
        }
        params = std::move(*parsed);
    }
    const std::string strategy = outer.Has("strategy") ? outer.Word("strategy") : "rrf";
    if (strategy == "rrf") {
        const json::Value* k = params.Find("k");
        if (k != nullptr && !k->is_number()) {
            return Invalid("the type of rank param k should be float");
        }
        return MakeRrf(k == nullptr ? reduce::FusionRule().rrf_k : k->AsDouble());
    }
    if (strategy != "weighted") {
        return Invalid("unsupported rank type ", strategy, ", should be rrf or weighted");
    }
    const json::Value* weights = params.Find("weights");
    if (weights == nullptr) {
        return Invalid("rerank_builder: weighted reranker requires weights parameter");
    }
    bool normalize = false;
    if (const json::Value* norm = params.Find("norm_score"); norm != nullptr) {
        const std::string* text = norm->string_if();
        if (norm->bool_if() == nullptr && (text == nullptr || !ParseBool(*text, &normalize))) {
            return Invalid("the type of rank param norm_score should be bool");
        }
        normalize = norm->bool_if() != nullptr ? *norm->bool_if() : normalize;
    }
    return MakeWeighted(*weights, normalize, lists);
}

base::Result<RerankPlan> PlanReranker(ProxyCore& core, const RerankRequest& request,
                                      const schema::FunctionSchema& function) {
    const FunctionParams params(function.params);
    const std::string name = params.Word("reranker");
    if (name.empty()) {
        return Invalid("rerank_builder: reranker name not specified");
    }
    if (name == "rrf") {
        return PlanRrf(params);
    }
    if (name == "weighted") {
        return PlanWeighted(params, request.lists);
    }
    if (name == "decay") {
        return PlanDecay(request, function, params);
    }
    if (name == "model") {
        return PlanModel(core, request, function, params);
    }
    return Invalid("rerank_builder: unsupported reranker ", name,
                   ", should be one of [rrf, weighted, decay, model, boost]");
}

}  // namespace elanus::proxy
