// PlanBoosts: the boost functions of a function score (API map 5.7).

#include "function/function_params.h"
#include "json/json.h"
#include "proxy/phrase.h"
#include "proxy/rerank_function.h"
#include "proxy/schema_validation.h"

#include <set>

namespace elanus::proxy {
namespace {

using function::FunctionParams;

base::Result<roles::BoostMode> ReadMode(const FunctionParams& params, const std::string& key,
                                        std::string_view name) {
    const std::string mode = params.Word(key);
    if (mode.empty() || mode == "multiply") {
        return roles::BoostMode::kMultiply;
    }
    if (mode == "sum") {
        return roles::BoostMode::kSum;
    }
    return Invalid("unknown ", name, " mode: ", mode, ", should be multiply or sum");
}

class BoostPlanner {
  public:
    BoostPlanner(ProxyCore& core, const base::CallContext& context,
                 const roles::CollectionInfo& collection, const expr::TemplateValues& templates,
                 const KeyValues& params)
        : core_(core),
          context_(context),
          collection_(collection),
          templates_(templates),
          params_(params) {}

    base::Status Add(const schema::FunctionSchema& function, roles::Boosts* boosts) {
        const FunctionParams params(function.params);
        if (!function.input_field_names.empty()) {
            return Invalid("boost function should have no input field, but got ",
                           function.input_field_names.size());
        }
        roles::Boost boost;
        const base::Result<PlanPtr> filter =
            core_.ParseFilter(context_, collection_, params.Text("filter"), templates_, params_);
        if (!filter.ok()) {
            return filter.status().Annotate("failed to create query plan of a boost");
        }
        boost.filter = *filter;
        if (!params.Has("weight")) {
            return Invalid("must set weight params for weight scorer");
        }
        double weight = 0;
        if (!base::ParseReal(params.Text("weight"), &weight)) {
            return Invalid("parse function scorer weight params failed with error: {",
                           params.Text("weight"), " is not a number}");
        }
        boost.weight = static_cast<float>(weight);
        RETURN_IF_ERROR(ReadRandom(params.Text("random_score"), &boost));
        if (boost.filter != nullptr) {
            const std::vector<base::FieldId> fields = boost.filter->ReferencedFields();
            fields_.insert(fields.begin(), fields.end());
        }
        boosts->functions.push_back(std::move(boost));
        return base::Status();
    }

    // The fields that the boosts look at.
    base::Result<std::vector<schema::FieldSchema>> Fields() const {
        std::vector<schema::FieldSchema> fields;
        for (const base::FieldId id : fields_) {
            const schema::FieldSchema* field = collection_.schema.FindField(id);
            if (field == nullptr) {
                return base::Internal("a boost's filter looks at a field that is not there");
            }
            fields.push_back(*field);
        }
        return fields;
    }

  private:
    base::Status ReadRandom(const std::string& text, roles::Boost* boost) {
        if (text.empty()) {
            return base::Status();
        }
        const base::Result<json::Value> parsed = json::Parse(text);
        if (!parsed.ok() || !parsed->is_object()) {
            return Invalid("parse random score params failed: ", text, " is no JSON object");
        }
        boost->is_random = true;
        if (const json::Value* seed = parsed->Find("seed"); seed != nullptr) {
            if (seed->int64_if() == nullptr) {
                return Invalid("random seed should be an integer, but got ", json::Write(*seed));
            }
            boost->seed = static_cast<uint64_t>(*seed->int64_if());
        }
        const json::Value* name = parsed->Find("field");
        if (name == nullptr) {
            return base::Status();
        }
        const schema::FieldSchema* field = name->string_if() == nullptr
                                               ? nullptr
                                               : collection_.schema.FindField(*name->string_if());
        if (field == nullptr) {
            return Invalid("random seed field ", json::Write(*name), " not found");
        }
        if (field->type != schema::DataType::kInt64) {
            return Invalid("random seed field only support int64 field, but got ", field->name,
                           " of type ", schema::DataTypeName(field->type));
        }
        boost->random_field = field->id;
        fields_.insert(field->id);
        return base::Status();
    }

    ProxyCore& core_;
    const base::CallContext& context_;
    const roles::CollectionInfo& collection_;
    const expr::TemplateValues& templates_;
    const KeyValues& params_;
    std::set<base::FieldId> fields_;
};

}  // namespace

base::Result<roles::Boosts> PlanBoosts(ProxyCore& core, const base::CallContext& context,
                                       const roles::CollectionInfo& collection,
                                       const FunctionScore& score,
                                       const expr::TemplateValues& templates,
                                       const KeyValues& params) {
    roles::Boosts boosts;
    const FunctionParams modes(score.params);
    ASSIGN_OR_RETURN(boosts.boost_mode, ReadMode(modes, "boost_mode", "boost"));
    ASSIGN_OR_RETURN(boosts.function_mode, ReadMode(modes, "function_mode", "function"));
    BoostPlanner planner(core, context, collection, templates, params);
    for (const schema::FunctionSchema& function : score.functions) {
        if (IsBoost(function)) {
            RETURN_IF_ERROR(planner.Add(function, &boosts));
        }
    }
    ASSIGN_OR_RETURN(boosts.fields, planner.Fields());
    return boosts;
}

}  // namespace elanus::proxy
