#include "function/function.h"

#include "function/bm25.h"
#include "function/minhash.h"
#include "function/text_embedding.h"

#include <algorithm>

namespace elanus::function {

base::Result<FunctionPtr> MakeFunction(const schema::CollectionSchema& schema,
                                       const schema::FunctionSchema& function) {
    switch (function.type) {
        case schema::FunctionType::kBm25:
            return Bm25Function::Create(schema, function);
        case schema::FunctionType::kMinHash:
            return MinHashFunction::Create(schema, function);
        case schema::FunctionType::kTextEmbedding:
            return TextEmbeddingFunction::Create(schema, function);
        default:
            return base::InvalidParameter("function " + function.name +
                                          " is of a type that this server does not run");
    }
}

const schema::FunctionSchema* FunctionOf(const schema::CollectionSchema& schema,
                                         const schema::FieldSchema& field) {
    for (const schema::FunctionSchema& function : schema.functions) {
        const auto& outputs = function.output_field_names;
        if (std::find(outputs.begin(), outputs.end(), field.name) != outputs.end()) {
            return &function;
        }
    }
    return nullptr;
}

}  // namespace elanus::function
