#include "proxy/chain_steps.h"

#include "function/function_params.h"
#include "proxy/phrase.h"
#include "proxy/rerank_decay.h"
#include "proxy/rerank_model.h"
#include "proxy/rescorer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace elanus::proxy {

namespace {

using StepResult = base::Result<std::unique_ptr<ChainStep>>;

constexpr int64_t kDecimalsMax = 6;

// One number of each hit from some of its numbers; null when one of them is.
class NumberStep : public ChainStep {
  public:
    NumberStep(std::vector<std::string> inputs, std::string output)
        : inputs_(std::move(inputs)), output_(std::move(output)) {}

    base::Status Run(const base::CallContext&, const schema::ColumnBatch&,
                     ChainRows* rows) const override {
        std::vector<const ChainColumn*> columns;
        for (const std::string& input : inputs_) {
            columns.push_back(&rows->Column(input));
        }
        ChainColumn out;
        std::vector<double> numbers(columns.size());
        for (size_t hit = 0; hit < rows->size(); ++hit) {
            bool valid = true;
            for (size_t i = 0; i < columns.size(); ++i) {
                numbers[i] = columns[i]->values[hit];
                valid = valid && columns[i]->valid[hit] != 0;
            }
            out.Append(valid ? Value(numbers) : 0, valid);
        }
        rows->SetColumn(output_, std::move(out));
        return base::Status();
    }

  private:
    virtual double Value(const std::vector<double>& numbers) const = 0;

    const std::vector<std::string> inputs_;
    const std::string output_;
};

enum class CombineMode : uint8_t { kSum, kMultiply, kMax, kMin, kAverage, kWeighted };

class CombineStep : public NumberStep {
  public:
    CombineStep(CombineMode mode, std::vector<double> weights, std::vector<std::string> inputs,
                std::string output)
        : NumberStep(std::move(inputs), std::move(output)),
          mode_(mode),
          weights_(std::move(weights)) {}

  private:
    double Value(const std::vector<double>& numbers) const override {
        double value = mode_ == CombineMode::kWeighted ? weights_[0] * numbers[0] : numbers[0];
        for (size_t i = 1; i < numbers.size(); ++i) {
            switch (mode_) {
                case CombineMode::kMultiply:
                    value *= numbers[i];
                    break;
                case CombineMode::kMax:
                    value = std::max(value, numbers[i]);
                    break;
                case CombineMode::kMin:
                    value = std::min(value, numbers[i]);
                    break;
                case CombineMode::kWeighted:
                    value += weights_[i] * numbers[i];
                    break;
                default:
                    value += numbers[i];
            }
        }
        return mode_ == CombineMode::kAverage ? value / static_cast<double>(numbers.size()) : value;
    }

    const CombineMode mode_;
    const std::vector<double> weights_;  // one an input; only of kWeighted
};

class DecayStep : public NumberStep {
  public:
    DecayStep(const Decay& decay, std::string input, std::string output)
        : NumberStep({std::move(input)}, std::move(output)), decay_(decay) {}

  private:
    double Value(const std::vector<double>& numbers) const override {
        return decay_.Factor(numbers[0]);
    }

    const Decay decay_;
};

class RoundStep : public NumberStep {
  public:
    RoundStep(int64_t decimals, std::string input, std::string output)
        : NumberStep({std::move(input)}, std::move(output)),
          factor_(std::pow(10.0, static_cast<double>(decimals))) {}

  private:
    // Halves up, as round_decimal of a search.
    double Value(const std::vector<double>& numbers) const override {
        return std::floor(numbers[0] * factor_ + 0.5) / factor_;
    }

    const double factor_;
};

// Only the hits that are left are shown to the model.
class ModelStep : public ChainStep {
  public:
    ModelStep(std::unique_ptr<Rescorer> model, std::string output)
        : model_(std::move(model)), output_(std::move(output)) {}

    base::Status Run(const base::CallContext& context, const schema::ColumnBatch& fields,
                     ChainRows* rows) const override {
        const schema::Column* texts = fields.Find(model_->field().id);
        if (texts == nullptr) {
            return base::Internal("a function chain misses the texts of its model");
        }
        const std::vector<size_t> left = rows->Left();
        schema::ColumnBatch all;
        all.rows = fields.rows;
        all.columns.push_back(*texts);
        const schema::ColumnBatch shown =
            schema::Gather(all, std::vector<uint32_t>(left.begin(), left.end()));
        std::vector<size_t> counts;
        for (const std::vector<size_t>& hits : rows->queries()) {
            counts.push_back(hits.size());
        }
        std::vector<float> scores(left.size());
        RETURN_IF_ERROR(model_->Rescore(context, shown.columns[0].View(), counts, &scores));
        std::vector<float> by_hit(rows->size(), kUnscored);
        for (size_t i = 0; i < left.size(); ++i) {
            by_hit[left[i]] = scores[i];
        }
        ChainColumn out;
        for (const float score : by_hit) {
            out.Append(static_cast<double>(score), score != kUnscored);
        }
        rows->SetColumn(output_, std::move(out));
        return base::Status();
    }

  private:
    const std::unique_ptr<Rescorer> model_;
    const std::string output_;
};

class SortStep : public ChainStep {
  public:
    SortStep(std::string by, bool descending, std::string tie)
        : by_(std::move(by)), descending_(descending), tie_(std::move(tie)) {}

    base::Status Run(const base::CallContext&, const schema::ColumnBatch&,
                     ChainRows* rows) const override {
        rows->Sort(by_, descending_, tie_);
        return base::Status();
    }

  private:
    const std::string by_;
    const bool descending_;
    const std::string tie_;
};

class LimitStep : public ChainStep {
  public:
    LimitStep(size_t offset, size_t limit) : offset_(offset), limit_(limit) {}

    base::Status Run(const base::CallContext&, const schema::ColumnBatch&,
                     ChainRows* rows) const override {
        rows->Limit(offset_, limit_);
        return base::Status();
    }

  private:
    const size_t offset_;
    const size_t limit_;
};

// Parameters in the form that functions have them.
function::FunctionParams TextParams(const json::Value& params) {
    schema::KeyValues texts;
    for (const auto& [key, value] : *params.object_if()) {
        const std::string* text = value.string_if();
        texts.emplace(key == "model" ? "model_name" : key,
                      text != nullptr ? *text : json::Write(value));
    }
    return function::FunctionParams(texts);
}

base::Result<std::string> TextParam(const json::Value& params, std::string_view key) {
    const json::Value* value = params.Find(key);
    if (value == nullptr) {
        return std::string();
    }
    if (!value->is_string()) {
        return Invalid("function chain parameter ", key, " must be a string");
    }
    return *value->string_if();
}

base::Result<size_t> CountParam(const json::Value& params, std::string_view key, int64_t least) {
    const json::Value* value = params.Find(key);
    if (value == nullptr && least == 0) {
        return size_t{0};
    }
    const int64_t* number = value == nullptr ? nullptr : value->int64_if();
    if (number == nullptr || *number < least) {
        return Invalid("function chain limit: ", key, " must be an integer of at least ", least);
    }
    return static_cast<size_t>(*number);
}

StepResult ReadLimit(const json::Value& params) {
    ASSIGN_OR_RETURN(const size_t limit, CountParam(params, "limit", 1));
    ASSIGN_OR_RETURN(const size_t offset, CountParam(params, "offset", 0));
    return StepResult(std::make_unique<LimitStep>(offset, limit));
}

base::Result<CombineMode> ReadMode(const json::Value& params) {
    ASSIGN_OR_RETURN(const std::string name, TextParam(params, "mode"));
    static const std::map<std::string, CombineMode> kModes = {{"", CombineMode::kSum},
                                                              {"sum", CombineMode::kSum},
                                                              {"multiply", CombineMode::kMultiply},
                                                              {"max", CombineMode::kMax},
                                                              {"min", CombineMode::kMin},
                                                              {"avg", CombineMode::kAverage},
                                                              {"weighted", CombineMode::kWeighted}};
    const auto found = kModes.find(name);
    if (found == kModes.end()) {
        return Invalid("num_combine: unsupported mode ", name,
                       ", must be one of [sum, multiply, max, min, avg, weighted]");
    }
    return found->second;
}

base::Result<std::vector<double>> ReadWeights(const json::Value& params, CombineMode mode,
                                              size_t inputs) {
    const json::Value* value = params.Find("weights");
    std::vector<double> weights;
    if (mode != CombineMode::kWeighted) {
        return value == nullptr ? base::Result<std::vector<double>>(weights)
                                : Invalid("num_combine: weights need the mode weighted");
    }
    const json::Value::Array* list = value == nullptr ? nullptr : value->array_if();
    for (const json::Value& weight : list == nullptr ? json::Value::Array() : *list) {
        if (!weight.is_number()) {
            return Invalid("num_combine: weights must be numbers");
        }
        weights.push_back(weight.AsDouble());
    }
    if (weights.size() != inputs) {
        return Invalid("num_combine: needs one weight a column, got ", weights.size(), " for ",
                       inputs);
    }
    return weights;
}

}  // namespace

std::unique_ptr<ChainStep> MakeSortStep(std::string by, bool descending, std::string tie) {
    return std::make_unique<SortStep>(std::move(by), descending, std::move(tie));
}

StepResult ChainStepReader::Read(const ChainOperation& operation) {
    if (operation.op == "map") {
        return ReadMap(operation);
    }
    if (operation.op == "sort") {
        return ReadSort(operation);
    }
    if (operation.op == "limit") {
        return ReadLimit(operation.params);
    }
    return Invalid("function chain op ", operation.op,
                   " is not supported, should be one of [map, sort, limit]");
}

StepResult ChainStepReader::ReadMap(const ChainOperation& operation) {
    if (!operation.expression.has_value() || operation.outputs.size() != 1) {
        return Invalid("function chain map needs an expression and one output");
    }
    const std::string& output = operation.outputs[0];
    const bool is_score = output == kScoreColumn;
    if (output.empty() || (output[0] == '$' && !is_score) || schema_.FindField(output) != nullptr) {
        return Invalid("function chain map cannot write ", output,
                       ": name $score or a column that is no field");
    }
    StepResult step = ReadExpression(*operation.expression, output);
    written_.insert(output);
    needs_order_ = needs_order_ || is_score;
    return step;
}

StepResult ChainStepReader::ReadExpression(const ChainExpression& expression,
                                           const std::string& output) {
    if (expression.name == "num_combine" || expression.name == "score_combine") {
        return ReadCombine(expression, output);
    }
    if (expression.name == "decay") {
        return ReadDecayOf(expression, output);
    }
    if (expression.name == "round_decimal") {
        return ReadRound(expression, output);
    }
    if (expression.name == "rerank_model") {
        return ReadModel(expression, output);
    }
    return Invalid("function chain expression ", expression.name,
                   " is not supported, should be one of [num_combine, decay, round_decimal, "
                   "rerank_model]");
}

StepResult ChainStepReader::ReadSort(const ChainOperation& operation) {
    ASSIGN_OR_RETURN(const std::string by, TextParam(operation.params, "column"));
    ASSIGN_OR_RETURN(const std::string tie, TextParam(operation.params, "tie_break_col"));
    const json::Value* descending = operation.params.Find("desc");
    if (by.empty() || (descending != nullptr && !descending->is_bool())) {
        return Invalid("function chain sort needs a column, and desc must be a boolean");
    }
    for (const std::string& column : {by, tie}) {
        if (!column.empty() && column != kIdColumn) {
            RETURN_IF_ERROR(UseNumbers(column));
        }
    }
    needs_order_ = false;
    return MakeSortStep(by, descending == nullptr || *descending->bool_if(), tie);
}

StepResult ChainStepReader::ReadCombine(const ChainExpression& expression, std::string output) {
    ASSIGN_OR_RETURN(std::vector<std::string> inputs, Arguments(expression));
    if (inputs.size() < 2) {
        return Invalid("num_combine needs at least two columns, got ", inputs.size());
    }
    for (const std::string& input : inputs) {
        RETURN_IF_ERROR(UseNumbers(input));
    }
    ASSIGN_OR_RETURN(const CombineMode mode, ReadMode(expression.params));
    ASSIGN_OR_RETURN(std::vector<double> weights,
                     ReadWeights(expression.params, mode, inputs.size()));
    return StepResult(std::make_unique<CombineStep>(mode, std::move(weights), std::move(inputs),
                                                    std::move(output)));
}

StepResult ChainStepReader::ReadDecayOf(const ChainExpression& expression, std::string output) {
    ASSIGN_OR_RETURN(std::string input, OneArgument(expression));
    RETURN_IF_ERROR(UseNumbers(input));
    ASSIGN_OR_RETURN(const Decay decay, ReadDecay(TextParams(expression.params)));
    return StepResult(std::make_unique<DecayStep>(decay, std::move(input), std::move(output)));
}

StepResult ChainStepReader::ReadRound(const ChainExpression& expression, std::string output) {
    ASSIGN_OR_RETURN(std::string input, OneArgument(expression));
    RETURN_IF_ERROR(UseNumbers(input));
    const json::Value* value = expression.params.Find("decimal");
    const int64_t* decimals = value == nullptr ? nullptr : value->int64_if();
    if (decimals == nullptr || *decimals < 0 || *decimals > kDecimalsMax) {
        return Invalid("round_decimal: decimal must be an integer in [0, ", kDecimalsMax, "]");
    }
    return StepResult(std::make_unique<RoundStep>(*decimals, std::move(input), std::move(output)));
}

StepResult ChainStepReader::ReadModel(const ChainExpression& expression, std::string output) {
    ASSIGN_OR_RETURN(const std::string input, OneArgument(expression));
    ASSIGN_OR_RETURN(const schema::FieldSchema* field, UseField(input));
    if (field->type != schema::DataType::kVarChar) {
        return Invalid("rerank_model: column ", input, " must be a VarChar field, got ",
                       schema::DataTypeName(field->type));
    }
    ASSIGN_OR_RETURN(std::unique_ptr<Rescorer> model,
                     MakeModelRescorer(core_, TextParams(expression.params), nq_, *field));
    return StepResult(std::make_unique<ModelStep>(std::move(model), std::move(output)));
}

base::Result<std::vector<std::string>> ChainStepReader::Arguments(
    const ChainExpression& expression) const {
    std::vector<std::string> columns;
    for (const ChainArgument& argument : expression.arguments) {
        const ChainColumnName* column = std::get_if<ChainColumnName>(&argument);
        if (column == nullptr) {
            return Invalid("function chain expression ", expression.name,
                           " takes columns, not literals");
        }
        columns.push_back(column->name);
    }
    return columns;
}

base::Result<std::string> ChainStepReader::OneArgument(const ChainExpression& expression) const {
    ASSIGN_OR_RETURN(const std::vector<std::string> columns, Arguments(expression));
    if (columns.size() != 1) {
        return Invalid("function chain expression ", expression.name, " takes one column, got ",
                       columns.size());
    }
    return columns[0];
}

base::Status ChainStepReader::UseNumbers(const std::string& column) {
    if (column == kScoreColumn || written_.contains(column)) {
        return base::Status();
    }
    if (column == kIdColumn) {
        return Invalid("function chain column $id can only be sorted by");
    }
    ASSIGN_OR_RETURN(const schema::FieldSchema* field, UseField(column));
    if (!schema::IsNumeric(field->type)) {
        return Invalid("function chain column ", column, " must be numeric, got ",
                       schema::DataTypeName(field->type));
    }
    return base::Status();
}

base::Result<const schema::FieldSchema*> ChainStepReader::UseField(const std::string& name) {
    const schema::FieldSchema* field = schema_.FindField(name);
    if (field == nullptr) {
        return Invalid("function chain column ", name,
                       " not found: neither a field nor written by a map before");
    }
    const auto same = [&](const schema::FieldSchema& other) { return other.id == field->id; };
    if (std::none_of(fields_.begin(), fields_.end(), same)) {
        fields_.push_back(*field);
    }
    return field;
}

}  // namespace elanus::proxy
