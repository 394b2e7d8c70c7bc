#include "wire/rest_vectors.h"

#include "base/base64.h"
#include "proxy/json_members.h"
#include "simd/half.h"
#include "wire/rest_body.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace elanus::wire {
namespace {

using base::InvalidParameter;
using base::Result;
using base::Status;
using json::Scalar;
using schema::ColumnView;
using schema::DataType;
using Kind = Scalar::Kind;

constexpr size_t kSparsePairBytes = sizeof(uint32_t) + sizeof(float);

Status Wrong(DataType type, std::string_view problem) {
    return InvalidParameter("a value of type " + std::string(schema::DataTypeName(type)) + " " +
                            std::string(problem));
}

Status WrongKind(DataType type, Kind kind) {
    return Wrong(type, "cannot be made of " + std::string(KindName(kind)));
}

template <typename T>
void AppendRaw(T value, std::string* out) {
    out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

Result<int64_t> ReadByte(DataType type, const Scalar& value) {
    const int64_t low = type == DataType::kInt8Vector ? INT8_MIN : 0;
    const int64_t high = type == DataType::kInt8Vector ? INT8_MAX : UINT8_MAX;
    if (value.kind != Kind::kInt64 || value.int64 < low || value.int64 > high) {
        return Wrong(type, "should be a list of integers in [" + std::to_string(low) + ", " +
                               std::to_string(high) + "]");
    }
    return value.int64;
}

Status AppendElement(DataType type, const Scalar& value, std::string* out) {
    if (type == DataType::kBinaryVector || type == DataType::kInt8Vector) {
        ASSIGN_OR_RETURN(const int64_t byte, ReadByte(type, value));
        out->push_back(static_cast<char>(byte));
        return Status();
    }
    if (!value.is_number()) {
        return Wrong(
            type, "should be a list of numbers, but it holds " + std::string(KindName(value.kind)));
    }
    ASSIGN_OR_RETURN(const float real, ReadFloat(value));
    if (type == DataType::kFloatVector) {
        AppendRaw(real, out);
    } else {
        AppendRaw(type == DataType::kFloat16Vector ? simd::HalfFromFloat(real)
                                                   : simd::BFloat16FromFloat(real),
                  out);
    }
    return Status();
}

using Pairs = std::vector<std::pair<uint32_t, float>>;

Status AddPair(int64_t index, const Scalar& value, Pairs* pairs) {
    if (index < 0 || index >= UINT32_MAX) {
        return Wrong(DataType::kSparseFloatVector,
                     "has an index outside [0, 2^32-1): " + std::to_string(index));
    }
    ASSIGN_OR_RETURN(const float real, ReadFloat(value));
    pairs->emplace_back(static_cast<uint32_t>(index), real);
    return Status();
}

Status ReadListedPairs(std::string_view indices, std::string_view values, Pairs* pairs) {
    if (!indices.starts_with('[') || !values.starts_with('[') ||
        json::CountElements(indices) != json::CountElements(values)) {
        return Wrong(DataType::kSparseFloatVector,
                     "should have as many indices as values, in two lists");
    }
    json::ArrayCursor index_cursor(indices);
    json::ArrayCursor value_cursor(values);
    Scalar index;
    Scalar value;
    while (index_cursor.Next(&index) && value_cursor.Next(&value)) {
        if (index.kind != Kind::kInt64) {
            return Wrong(DataType::kSparseFloatVector, "has an index that is no integer");
        }
        RETURN_IF_ERROR(AddPair(index.int64, value, pairs));
    }
    return Status();
}

Status ReadSparse(std::string_view object, std::string* out) {
    Pairs pairs;
    std::string_view indices;
    std::string_view values;
    std::string scratch;
    proxy::JsonMembers members(object);
    proxy::JsonMembers::Member member;
    while (members.Next(&member)) {
        int64_t index = 0;
        if (member.key == "indices") {
            indices = member.value;
        } else if (member.key == "values") {
            values = member.value;
        } else if (ReadIntText(member.key, &index)) {
            RETURN_IF_ERROR(AddPair(index, ScalarOf(member.value, &scratch), &pairs));
        } else {
            return Wrong(DataType::kSparseFloatVector,
                         "has a key that is no index: " + std::string(member.key));
        }
    }
    if (!indices.empty() || !values.empty()) {
        if (!pairs.empty()) {
            return Wrong(DataType::kSparseFloatVector, "mixes indices with lists of indices");
        }
        RETURN_IF_ERROR(ReadListedPairs(indices, values, &pairs));
    }
    std::sort(pairs.begin(), pairs.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [index, value] : pairs) {
        AppendRaw(index, out);
        AppendRaw(value, out);
    }
    return Status();
}

template <typename Number>
void AppendNumber(Number value, std::string* out) {
    char buffer[32];
    out->append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

void WriteSparse(std::string_view row, std::string* out) {
    out->push_back('{');
    for (size_t at = 0; at + kSparsePairBytes <= row.size(); at += kSparsePairBytes) {
        uint32_t index = 0;
        float value = 0;
        std::memcpy(&index, row.data() + at, sizeof index);
        std::memcpy(&value, row.data() + at + sizeof index, sizeof value);
        out->append(at == 0 ? "\"" : ",\"");
        AppendNumber(index, out);
        out->append("\":");
        AppendNumber(value, out);
    }
    out->push_back('}');
}

template <typename T, typename Shown>
void WriteList(const ColumnView& vectors, size_t row, std::string* out) {
    const T* values = vectors.As<T>() + row * vectors.dim;
    out->push_back('[');
    for (size_t i = 0; i < vectors.dim; ++i) {
        if (i > 0) {
            out->push_back(',');
        }
        AppendNumber(Shown{values[i]}, out);
    }
    out->push_back(']');
}

}  // namespace

Result<float> ReadFloat(const Scalar& value) {
    Scalar number = value;
    std::string scratch;
    if (value.kind == Kind::kString && json::Validate(value.text, false).ok()) {
        number = ScalarOf(value.text, &scratch);
    }
    if (!number.is_number()) {
        return WrongKind(DataType::kFloat, value.kind);
    }
    const double real = number.AsDouble();
    if (std::abs(real) > std::numeric_limits<float>::max()) {
        return Wrong(DataType::kFloat, "is out of range");
    }
    return static_cast<float>(real);
}

Status ReadVector(DataType type, const Scalar& value, std::string* out) {
    if (type == DataType::kSparseFloatVector) {
        return value.kind == Kind::kObject ? ReadSparse(value.text, out)
                                           : WrongKind(type, value.kind);
    }
    if (value.kind == Kind::kString && type != DataType::kFloatVector) {
        return base::DecodeBase64(value.text, out)
                   ? Status()
                   : Wrong(type, "should be a list of numbers or base64 text");
    }
    if (value.kind != Kind::kArray) {
        return WrongKind(type, value.kind);
    }
    json::ArrayCursor cursor(value.text);
    Scalar element;
    while (cursor.Next(&element)) {
        RETURN_IF_ERROR(AppendElement(type, element, out));
    }
    return Status();
}

Status CheckVectorSize(DataType type, int64_t dim, size_t bytes) {
    if (bytes == schema::FixedWidth(type, dim)) {
        return Status();
    }
    const bool is_float = type == DataType::kFloatVector;
    return InvalidParameter(std::string(is_float ? "[]float32" : "[]byte") + " size " +
                            std::to_string(is_float ? bytes / sizeof(float) : bytes) +
                            " doesn't equal to vector dimension " + std::to_string(dim) + " of " +
                            std::string(schema::DataTypeName(type)));
}

void WriteVector(const ColumnView& vectors, size_t row, std::string* out) {
    switch (vectors.type) {
        case DataType::kSparseFloatVector:
            WriteSparse(vectors.StringAt(row), out);
            return;
        case DataType::kFloatVector:
            WriteList<float, float>(vectors, row, out);
            return;
        case DataType::kInt8Vector:
            WriteList<int8_t, int>(vectors, row, out);
            return;
        default: {
            const size_t width = schema::FixedWidth(vectors.type, vectors.dim);
            out->push_back('"');
            base::AppendBase64({reinterpret_cast<const char*>(vectors.values) + row * width, width},
                               out);
            out->push_back('"');
        }
    }
}

}  // namespace elanus::wire
