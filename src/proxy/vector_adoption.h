// Vector columns as clients send them: sizes, dimension and values checked against the field. A
// part of column_adoption.h with the same promises.
#pragma once

#include "base/status.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

#include <cstdint>
#include <string_view>

namespace elanus::proxy {

// Any vector field, ArrayOfVector included. Float vectors are converted for half-precision fields.
base::Status AdoptVectors(const schema::FieldSchema& field, schema::Column* column);

// No infinity and no NaN among `count` values of type Float, Double, or of a dense vector type with
// floating elements; other types have no value that is none.
base::Status CheckFinite(schema::DataType type, const uint8_t* values, size_t count,
                         std::string_view field_name);

}  // namespace elanus::proxy
