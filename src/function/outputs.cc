#include "function/outputs.h"

namespace elanus::function {
namespace {

constexpr size_t kEntriesMax = 1024;  // past it the cache begins anew

}  // namespace

base::Result<std::shared_ptr<const Functions>> MakeFunctions(
    const schema::CollectionSchema& schema) {
    auto functions = std::make_shared<Functions>();
    for (const schema::FunctionSchema& each : schema.functions) {
        ASSIGN_OR_RETURN(FunctionPtr function, MakeFunction(schema, each));
        functions->push_back(std::move(function));
    }
    return std::shared_ptr<const Functions>(std::move(functions));
}

base::Status AddOutputs(const schema::CollectionSchema& schema, const Functions& functions,
                        const base::CallContext& context, schema::ColumnBatch* batch) {
    for (const FunctionPtr& function : functions) {
        if (batch->Find(function->output_field().id) != nullptr) {
            continue;
        }
        std::vector<schema::Column> fillers;
        fillers.reserve(function->input_fields().size());
        std::vector<schema::ColumnView> inputs;
        for (const base::FieldId id : function->input_fields()) {
            const schema::Column* column = batch->Find(id);
            if (column == nullptr) {
                fillers.push_back(schema::MakeDefaultColumn(*schema.FindField(id), batch->rows));
                column = &fillers.back();
            }
            inputs.push_back(column->View());
        }
        ASSIGN_OR_RETURN(schema::Column output, function->Run(context, inputs, batch->rows));
        batch->columns.push_back(std::move(output));
    }
    return base::Status();
}

base::Result<std::shared_ptr<const Functions>> FunctionCache::Get(
    base::CollectionId collection_id, const schema::CollectionSchema& schema) {
    {
        base::MutexLock lock(mutex_);
        const auto found = entries_.find(collection_id);
        if (found != entries_.end() && found->second.version == schema.version) {
            return found->second.functions;
        }
    }
    ASSIGN_OR_RETURN(std::shared_ptr<const Functions> functions, MakeFunctions(schema));
    base::MutexLock lock(mutex_);
    if (entries_.size() >= kEntriesMax) {
        entries_.clear();
    }
    entries_[collection_id] = {schema.version, functions};
    return functions;
}

}  // namespace elanus::function
