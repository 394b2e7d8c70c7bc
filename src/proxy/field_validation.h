// The rules that one field of a schema must keep by itself (API map 2.1, 2.5, 2.6): its name, type,
// type parameters and default value; for a struct array those of its sub-fields too.
#pragma once

#include "base/status.h"
#include "proxy/limits.h"
#include "schema/collection_schema.h"

#include <string_view>

namespace elanus::proxy {

// Default values are in the form that columns store (default_values.h).
base::Status CheckField(const schema::FieldSchema& field, std::string_view collection,
                        const Limits& limits);

// Bool, a number or VarChar: what arrays and struct arrays may hold, besides vectors.
bool IsPlainScalar(schema::DataType type);

// The values of `warmup`, and the error about another one.
bool IsWarmup(std::string_view value);
base::Status InvalidWarmup(std::string_view value);

}  // namespace elanus::proxy
