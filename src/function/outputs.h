// The outputs of all functions of a schema: made for the rows of a write, with the functions kept
// ready from one write to the next.
// Threads: a FunctionCache is used from anywhere.
#pragma once

#include "base/ids.h"
#include "base/mutex.h"
#include "function/function.h"

#include <map>
#include <memory>
#include <span>
#include <vector>

namespace elanus::function {

using Functions = std::vector<FunctionPtr>;

// In the order of schema.functions.
base::Result<std::shared_ptr<const Functions>> MakeFunctions(
    const schema::CollectionSchema& schema);

// Adds to the batch the outputs that it lacks. An input that it lacks is null or the default of its
// field.
base::Status AddOutputs(const schema::CollectionSchema& schema, const Functions& functions,
                        const base::CallContext& context, schema::ColumnBatch* batch);

class FunctionCache {
  public:
    // Of this version of the collection's schema.
    base::Result<std::shared_ptr<const Functions>> Get(base::CollectionId collection_id,
                                                       const schema::CollectionSchema& schema);

  private:
    struct Entry {
        base::SchemaVersion version = 0;
        std::shared_ptr<const Functions> functions;
    };
    base::Mutex mutex_;
    std::map<base::CollectionId, Entry> entries_ GUARDED_BY(mutex_);
};

}  // namespace elanus::function
