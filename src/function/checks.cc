#include "function/checks.h"

#include "function/function.h"
#include "function/text_embedding.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace elanus::function {
namespace {

using schema::DataType;
using schema::FieldSchema;
using schema::FunctionSchema;
using schema::FunctionType;

template <typename... Parts>
base::Status Bad(const Parts&... parts) {
    std::string text;
    (text.append(parts), ...);
    return base::InvalidParameter(text);
}

std::string_view KindName(FunctionType type) {
    switch (type) {
        case FunctionType::kBm25:
            return "BM25";
        case FunctionType::kTextEmbedding:
            return "TextEmbedding";
        case FunctionType::kRerank:
            return "Rerank";
        case FunctionType::kMinHash:
            return "MinHash";
        default:
            return "Unknown";
    }
}

FieldSchema* Find(schema::CollectionSchema* schema, const std::string& name) {
    for (FieldSchema& field : schema->fields) {
        if (field.name == name && !field.is_hidden()) {
            return &field;
        }
    }
    return nullptr;
}

base::Status CheckShape(const FunctionSchema& function) {
    if (function.name.empty()) {
        return Bad("function name cannot be empty");
    }
    if (function.input_field_names.empty()) {
        return Bad("function input field names cannot be empty, function: ", function.name);
    }
    if (function.output_field_names.empty()) {
        return Bad("function output field names cannot be empty, function: ", function.name);
    }
    for (const std::string& name : function.input_field_names) {
        if (name.empty()) {
            return Bad("function input field name cannot be empty string, function: ",
                       function.name);
        }
        if (std::count(function.input_field_names.begin(), function.input_field_names.end(), name) >
            1) {
            return Bad(
                "each function input field should be used exactly once in the same "
                "function, function: ",
                function.name, ", input field: ", name);
        }
    }
    for (const std::string& name : function.output_field_names) {
        if (name.empty()) {
            return Bad("function output field name cannot be empty string, function: ",
                       function.name);
        }
        if (std::count(function.input_field_names.begin(), function.input_field_names.end(), name) >
            0) {
            return Bad(
                "a single field cannot be both input and output in the same function, "
                "function: ",
                function.name, ", field: ", name);
        }
        if (std::count(function.output_field_names.begin(), function.output_field_names.end(),
                       name) > 1) {
            return Bad(
                "each function output field should be used exactly once in the same "
                "function, function: ",
                function.name, ", output field: ", name);
        }
    }
    if (function.type == FunctionType::kBm25 && !function.params.empty()) {
        return Bad("BM25 function accepts no params");
    }
    return base::Status();
}

base::Status CheckInputs(schema::CollectionSchema* schema, const FunctionSchema& function) {
    std::vector<const FieldSchema*> inputs;
    for (const std::string& name : function.input_field_names) {
        const FieldSchema* field = Find(schema, name);
        if (field == nullptr) {
            return Bad("function input field not found: ", name);
        }
        inputs.push_back(field);
    }
    const std::string_view kind = KindName(function.type);
    if (inputs.size() != 1 ||
        (inputs[0]->type != DataType::kVarChar && inputs[0]->type != DataType::kText)) {
        return Bad(kind, " function input field must be a VARCHAR/TEXT field, got ",
                   std::to_string(inputs.size()), " field with type ",
                   schema::DataTypeName(inputs[0]->type));
    }
    if (function.type == FunctionType::kTextEmbedding && inputs[0]->nullable) {
        return Bad("function input field cannot be nullable: function ", function.name, ", field ",
                   inputs[0]->name);
    }
    const auto enabled = inputs[0]->type_params.find("enable_analyzer");
    const bool analyzed =
        enabled != inputs[0]->type_params.end() &&
        (enabled->second == "true" || enabled->second == "True" || enabled->second == "1" ||
         enabled->second == "TRUE" || enabled->second == "t" || enabled->second == "T");
    if (function.type == FunctionType::kBm25 && !analyzed) {
        return Bad("BM25 function input field must set enable_analyzer to true");
    }
    return base::Status();
}

base::Status CheckOutputs(schema::CollectionSchema* schema, const FunctionSchema& function,
                          std::set<std::string>* taken) {
    const std::string_view kind = KindName(function.type);
    for (const std::string& name : function.output_field_names) {
        FieldSchema* field = Find(schema, name);
        if (field == nullptr) {
            return Bad("function output field not found: ", name);
        }
        if (field->is_primary_key) {
            return Bad("function output field cannot be primary key: function ", function.name,
                       ", field ", name);
        }
        if (field->is_partition_key || field->is_clustering_key) {
            return Bad("function output field cannot be partition key or clustering key: function ",
                       function.name, ", field ", name);
        }
        if (field->nullable) {
            return Bad("function output field cannot be nullable: function ", function.name,
                       ", field ", name);
        }
        if (!taken->insert(name).second) {
            return Bad("duplicate function output field: function ", function.name, ", field ",
                       name);
        }
        field->is_function_output = true;
    }
    if (function.output_field_names.size() != 1) {
        return Bad(kind, " function only need 1 output field, but got ",
                   std::to_string(function.output_field_names.size()));
    }
    const FieldSchema& output = *Find(schema, function.output_field_names[0]);
    if (function.type == FunctionType::kBm25 && output.type != DataType::kSparseFloatVector) {
        return Bad("BM25 function output field must be a SparseFloatVector field, but got ",
                   schema::DataTypeName(output.type));
    }
    if (function.type == FunctionType::kTextEmbedding && output.type != DataType::kFloatVector &&
        output.type != DataType::kInt8Vector) {
        return Bad(
            "TextEmbedding function output field must be a FloatVector or Int8Vector field, but "
            "got ",
            schema::DataTypeName(output.type));
    }
    if (function.type == FunctionType::kMinHash && output.type != DataType::kBinaryVector) {
        return Bad("MinHash function output field must be a BinaryVector field, but got ",
                   schema::DataTypeName(output.type));
    }
    return base::Status();
}

base::Status CheckType(const FunctionSchema& function) {
    switch (function.type) {
        case FunctionType::kBm25:
        case FunctionType::kMinHash:
        case FunctionType::kTextEmbedding:
            return base::Status();
        case FunctionType::kRerank:
            return Bad("function ", function.name,
                       ": a Rerank function belongs to a search, not to a schema");
        default:
            return Bad("function ", function.name, ": unknown function type: ",
                       std::to_string(static_cast<int>(function.type)));
    }
}

}  // namespace

base::Status CheckFunctions(schema::CollectionSchema* schema) {
    std::set<std::string> names;
    std::set<std::string> outputs;
    for (FieldSchema& field : schema->fields) {
        field.is_function_output = false;
    }
    for (const FunctionSchema& function : schema->functions) {
        RETURN_IF_ERROR(CheckShape(function));
        if (!names.insert(function.name).second) {
            return Bad("duplicate function name: ", function.name);
        }
        RETURN_IF_ERROR(CheckType(function));
        RETURN_IF_ERROR(CheckInputs(schema, function));
        RETURN_IF_ERROR(CheckOutputs(schema, function, &outputs));
    }
    // No output is another's input: functions run once, in any order.
    for (const FunctionSchema& function : schema->functions) {
        for (const std::string& name : function.input_field_names) {
            if (outputs.contains(name)) {
                return Bad(
                    "function input field cannot be the output of another function: "
                    "function ",
                    function.name, ", field ", name);
            }
        }
        RETURN_IF_ERROR(function.type == FunctionType::kTextEmbedding
                            ? CheckTextEmbedding(*schema, function)
                            : MakeFunction(*schema, function).status());
    }
    return base::Status();
}

}  // namespace elanus::function
