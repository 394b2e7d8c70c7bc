// Function chains as a request says them (API map 5.7): steps that give the hits of a search new
// columns, scores and an order. Numbers of the stages are milvus.proto.schema.FunctionChainStage.
#pragma once

#include "json/json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace elanus::proxy {

struct ChainColumnName {
    std::string name;
};
using ChainArgument = std::variant<ChainColumnName, json::Value>;

struct ChainExpression {
    std::string name;
    std::vector<ChainArgument> arguments;
    json::Value params;  // an object
};

struct ChainOperation {
    std::string op;
    std::optional<ChainExpression> expression;
    std::vector<std::string> outputs;
    json::Value params;  // an object
};

struct FunctionChain {
    std::string name;
    int32_t stage = 0;
    std::vector<ChainOperation> operations;
};

}  // namespace elanus::proxy
