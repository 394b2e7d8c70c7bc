// Vectors as JSON (API map 6.5): lists of numbers for float and int8 vectors, base64 or lists for
// binary and half-precision ones, {"index": value} or {"indices": [..], "values": [..]} for sparse.
// Written as lists, base64 (binary, half precision) and {"index": value}.
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "json/json.h"
#include "schema/column.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace elanus::wire {

// Appends the bytes of one vector of `type` in the layout of columns and placeholders. Numbers that
// the type cannot hold are refused; sparse pairs come out sorted.
base::Status ReadVector(schema::DataType type, const json::Scalar& value, std::string* out);
// Refuses a dense vector whose bytes do not make `dim` elements.
base::Status CheckVectorSize(schema::DataType type, int64_t dim, size_t bytes);

// `vectors` is a dense vector column or a sparse one.
void WriteVector(const schema::ColumnView& vectors, size_t row, std::string* out);

// A number that is a float; text of a number counts.
base::Result<float> ReadFloat(const json::Scalar& value);

}  // namespace elanus::wire
