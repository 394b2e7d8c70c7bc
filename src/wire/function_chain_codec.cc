#include "wire/function_chain_codec.h"

#include "base/phrase.h"

#include <string>
#include <utility>

namespace elanus::wire {

namespace {

using ParamMap = google::protobuf::Map<std::string, pb::schema::FunctionParamValue>;

// As deep as protobuf's parser lets messages nest.
base::Result<json::Value> FromParam(const pb::schema::FunctionParamValue& in);

base::Result<json::Value> FromParams(const ParamMap& in) {
    json::Value::Object object;
    for (const auto& [key, value] : in) {
        ASSIGN_OR_RETURN(json::Value read, FromParam(value));
        object.emplace_back(key, std::move(read));
    }
    return json::Value(std::move(object));
}

base::Result<json::Value> FromParam(const pb::schema::FunctionParamValue& in) {
    using Param = pb::schema::FunctionParamValue;
    switch (in.value_case()) {
        case Param::kBoolValue:
            return json::Value(in.bool_value());
        case Param::kInt64Value:
            return json::Value(in.int64_value());
        case Param::kDoubleValue:
            return json::Value(in.double_value());
        case Param::kStringValue:
            return json::Value(in.string_value());
        case Param::kObjectValue:
            return FromParams(in.object_value().fields());
        case Param::kArrayValue: {
            json::Value::Array list;
            for (const Param& item : in.array_value().values()) {
                ASSIGN_OR_RETURN(json::Value read, FromParam(item));
                list.push_back(std::move(read));
            }
            return json::Value(std::move(list));
        }
        default:
            return base::Invalid("function chain parameters cannot be bytes or empty");
    }
}

base::Result<proxy::ChainExpression> FromExpression(const pb::schema::FunctionChainExpr& in) {
    proxy::ChainExpression expression;
    expression.name = in.name();
    for (const pb::schema::FunctionChainExprArg& argument : in.args()) {
        if (argument.has_column()) {
            expression.arguments.emplace_back(proxy::ChainColumnName{argument.column().name()});
            continue;
        }
        ASSIGN_OR_RETURN(json::Value literal, FromParam(argument.literal()));
        expression.arguments.emplace_back(std::move(literal));
    }
    ASSIGN_OR_RETURN(expression.params, FromParams(in.params()));
    return expression;
}

base::Result<proxy::ChainOperation> FromOperation(const pb::schema::FunctionChainOp& in) {
    proxy::ChainOperation operation;
    operation.op = in.op();
    operation.outputs.assign(in.outputs().begin(), in.outputs().end());
    ASSIGN_OR_RETURN(operation.params, FromParams(in.params()));
    if (in.has_expr()) {
        ASSIGN_OR_RETURN(operation.expression, FromExpression(in.expr()));
    }
    return operation;
}

}  // namespace

base::Result<std::vector<proxy::FunctionChain>> FromFunctionChains(
    const google::protobuf::RepeatedPtrField<pb::schema::FunctionChain>& in) {
    std::vector<proxy::FunctionChain> chains;
    for (const pb::schema::FunctionChain& one : in) {
        proxy::FunctionChain& chain = chains.emplace_back();
        chain.name = one.name();
        chain.stage = static_cast<int32_t>(one.stage());
        for (const pb::schema::FunctionChainOp& op : one.ops()) {
            ASSIGN_OR_RETURN(proxy::ChainOperation operation, FromOperation(op));
            chain.operations.push_back(std::move(operation));
        }
    }
    return chains;
}

}  // namespace elanus::wire
