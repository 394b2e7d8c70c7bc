// DataType: the numbers of milvus.proto.schema.DataType, and what each type means for storage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace elanus::schema {

enum class DataType : int32_t {
    kNone = 0,
    kBool = 1,
    kInt8 = 2,
    kInt16 = 3,
    kInt32 = 4,
    kInt64 = 5,
    kFloat = 10,
    kDouble = 11,
    kString = 20,
    kVarChar = 21,
    kArray = 22,
    kJson = 23,
    kGeometry = 24,
    kText = 25,
    kTimestamptz = 26,
    kBinaryVector = 100,
    kFloatVector = 101,
    kFloat16Vector = 102,
    kBFloat16Vector = 103,
    kSparseFloatVector = 104,
    kInt8Vector = 105,
    kArrayOfVector = 106,
    kArrayOfStruct = 200,
    kStruct = 201,
};

// The name Milvus prints and REST takes: "Int64", "VarChar", "FloatVector" ...
std::string_view DataTypeName(DataType type);
// kNone for an unknown name.
DataType DataTypeFromName(std::string_view name);

constexpr bool IsVector(DataType type) {
    return static_cast<int32_t>(type) >= 100 && static_cast<int32_t>(type) <= 106;
}
constexpr bool IsDenseVector(DataType type) {
    return IsVector(type) && type != DataType::kSparseFloatVector &&
           type != DataType::kArrayOfVector;
}
constexpr bool IsInteger(DataType type) {
    return type == DataType::kInt8 || type == DataType::kInt16 || type == DataType::kInt32 ||
           type == DataType::kInt64;
}
constexpr bool IsFloating(DataType type) {
    return type == DataType::kFloat || type == DataType::kDouble;
}
constexpr bool IsNumeric(DataType type) {
    return IsInteger(type) || IsFloating(type);
}
// Values are byte strings of varying length (stored as offsets + bytes).
constexpr bool IsVariableBytes(DataType type) {
    return type == DataType::kString || type == DataType::kVarChar || type == DataType::kText ||
           type == DataType::kJson || type == DataType::kGeometry ||
           type == DataType::kSparseFloatVector;
}
constexpr bool IsStringLike(DataType type) {
    return type == DataType::kString || type == DataType::kVarChar || type == DataType::kText;
}

// Bytes a value takes in a column; 0 for types stored with offsets. `dim` matters for vectors only.
size_t FixedWidth(DataType type, int64_t dim);

}  // namespace elanus::schema
