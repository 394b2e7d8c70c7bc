#include "schema/data_type.h"

#include <utility>

namespace elanus::schema {

namespace {

constexpr std::pair<DataType, std::string_view> kNames[] = {
    {DataType::kNone, "None"},
    {DataType::kBool, "Bool"},
    {DataType::kInt8, "Int8"},
    {DataType::kInt16, "Int16"},
    {DataType::kInt32, "Int32"},
    {DataType::kInt64, "Int64"},
    {DataType::kFloat, "Float"},
    {DataType::kDouble, "Double"},
    {DataType::kString, "String"},
    {DataType::kVarChar, "VarChar"},
    {DataType::kArray, "Array"},
    {DataType::kJson, "JSON"},
    {DataType::kGeometry, "Geometry"},
    {DataType::kText, "Text"},
    {DataType::kTimestamptz, "Timestamptz"},
    {DataType::kBinaryVector, "BinaryVector"},
    {DataType::kFloatVector, "FloatVector"},
    {DataType::kFloat16Vector, "Float16Vector"},
    {DataType::kBFloat16Vector, "BFloat16Vector"},
    {DataType::kSparseFloatVector, "SparseFloatVector"},
    {DataType::kInt8Vector, "Int8Vector"},
    {DataType::kArrayOfVector, "ArrayOfVector"},
    {DataType::kArrayOfStruct, "ArrayOfStruct"},
    {DataType::kStruct, "Struct"},
};

}  // namespace

std::string_view DataTypeName(DataType type) {
    for (const auto& [value, name] : kNames) {
        if (value == type) {
            return name;
        }
    }
    return "Unknown";
}

DataType DataTypeFromName(std::string_view name) {
    for (const auto& [value, known] : kNames) {
        if (known == name) {
            return value;
        }
    }
    return DataType::kNone;
}

size_t FixedWidth(DataType type, int64_t dim) {
    const auto width = static_cast<size_t>(dim < 0 ? 0 : dim);
    switch (type) {
        case DataType::kBool:
        case DataType::kInt8:
            return 1;
        case DataType::kInt16:
            return 2;
        case DataType::kInt32:
        case DataType::kFloat:
            return 4;
        case DataType::kInt64:
        case DataType::kDouble:
        case DataType::kTimestamptz:
            return 8;
        case DataType::kBinaryVector:
            return width / 8;
        case DataType::kFloatVector:
            return width * 4;
        case DataType::kFloat16Vector:
        case DataType::kBFloat16Vector:
            return width * 2;
        case DataType::kInt8Vector:
            return width;
        default:
            return 0;
    }
}

}  // namespace elanus::schema
