#include "proxy/query_vectors.h"

#include "proxy/phrase.h"
#include "proxy/vector_adoption.h"
#include "simd/half.h"
#include "vindex/sparse.h"

#include <cstring>
#include <numeric>
#include <vector>

namespace elanus::proxy {

namespace {

using schema::DataType;

// milvus.proto.common.PlaceholderType: those of vectors have the numbers of the data types, those
// of lists of vectors 200 more.
constexpr int32_t kListOffset = 200;

std::string PlaceholderName(int32_t type) {
    switch (type) {
        case 5:
            return "INT64";
        case 21:
            return "VARCHAR";
        case 100:
            return "VECTOR_BINARY";
        case 101:
            return "VECTOR_FLOAT";
        case 102:
            return "VECTOR_FLOAT16";
        case 103:
            return "VECTOR_BFLOAT16";
        case 104:
            return "VECTOR_SPARSE_U32_F32";
        case 105:
            return "VECTOR_INT8";
        case 300:
            return "EMB_LIST_BINARY";
        case 301:
            return "EMB_LIST_FLOAT";
        case 302:
            return "EMB_LIST_FLOAT16";
        case 303:
            return "EMB_LIST_BFLOAT16";
        case 305:
            return "EMB_LIST_INT8";
        default:
            return Phrase("placeholder type ", type);
    }
}

bool IsHalf(DataType type) {
    return type == DataType::kFloat16Vector || type == DataType::kBFloat16Vector;
}

// `offset`: of the placeholder types that fit.
base::Status CheckType(const schema::FieldSchema& field, int32_t type, int32_t offset = 0) {
    const int32_t wanted = static_cast<int32_t>(field.type) + offset;
    const bool converted =
        IsHalf(field.type) && type == static_cast<int32_t>(DataType::kFloatVector) + offset;
    if (type == wanted || converted) {
        return base::Status();
    }
    return Invalid("vector type must be the same, field ", field.name, " - type ",
                   PlaceholderName(wanted), ", search info type ", PlaceholderName(type));
}

base::Status CheckSizes(const Placeholders& placeholders, size_t bytes) {
    for (const base::Buffer& value : placeholders.values) {
        if (value.size() != bytes) {
            return Invalid("vector dimension mismatch, expected vector size(byte) ", bytes,
                           ", actual ", value.size());
        }
    }
    return base::Status();
}

// Numbers of dense float kinds; the other types have no value that is none.
base::Status CheckNumbers(const schema::FieldSchema& field, const base::Buffer& values) {
    const size_t width = field.type == DataType::kFloatVector ? sizeof(float) : sizeof(uint16_t);
    return CheckFinite(field.type, values.data(), values.size() / width, field.name);
}

// All values one after another, in memory aligned for any of them.
base::Buffer Joined(const Placeholders& placeholders) {
    const bool usable =
        placeholders.values.size() == 1 &&
        reinterpret_cast<uintptr_t>(placeholders.values[0].data()) % alignof(float) == 0;
    if (usable) {
        return placeholders.values[0];
    }
    std::vector<uint8_t> bytes;
    bytes.reserve(
        std::accumulate(placeholders.values.begin(), placeholders.values.end(), size_t{0},
                        [](size_t sum, const base::Buffer& value) { return sum + value.size(); }));
    for (const base::Buffer& value : placeholders.values) {
        bytes.insert(bytes.end(), value.data(), value.data() + value.size());
    }
    return base::Buffer::FromVector(std::move(bytes));
}

base::Buffer Narrowed(DataType type, const base::Buffer& floats) {
    std::vector<uint16_t> halves;
    halves.reserve(floats.size() / sizeof(float));
    for (const float value : floats.As<float>()) {
        halves.push_back(type == DataType::kFloat16Vector ? simd::HalfFromFloat(value)
                                                          : simd::BFloat16FromFloat(value));
    }
    return base::Buffer::FromVector(std::move(halves));
}

base::Result<base::Buffer> DenseValues(const schema::FieldSchema& field,
                                       const Placeholders& placeholders) {
    const auto sent = static_cast<DataType>(placeholders.type);
    RETURN_IF_ERROR(CheckSizes(placeholders, schema::FixedWidth(sent, field.dim())));
    base::Buffer values = Joined(placeholders);
    if (sent != field.type) {
        values = Narrowed(field.type, values);
    }
    RETURN_IF_ERROR(CheckNumbers(field, values));
    return values;
}

base::Status FillSparse(const schema::FieldSchema& field, const Placeholders& placeholders,
                        schema::Column* column) {
    uint64_t bytes = 0;
    std::vector<uint32_t> offsets(1, 0);
    for (const base::Buffer& value : placeholders.values) {
        base::Status status = vindex::CheckSparseVector(value.view());
        if (!status.ok()) {
            return status.Annotate(Phrase("query vector of field ", field.name));
        }
        bytes += value.size();
        if (bytes > UINT32_MAX) {
            return Invalid("the query vectors of field ", field.name, " exceed 4 GiB");
        }
        offsets.push_back(static_cast<uint32_t>(bytes));
    }
    column->values = Joined(placeholders);
    column->offsets = base::Buffer::FromVector(std::move(offsets));
    return base::Status();
}

// One list a query, of whole vectors, none empty.
base::Result<schema::Column> ReadLists(const schema::FieldSchema& vector,
                                       const Placeholders& placeholders) {
    const auto sent = static_cast<DataType>(placeholders.type - kListOffset);
    const size_t width = schema::FixedWidth(sent, vector.dim());
    std::vector<uint32_t> offsets(1, 0);
    uint64_t vectors = 0;
    for (const base::Buffer& value : placeholders.values) {
        if (value.empty()) {
            return Invalid("an embedding list of the search has no vector, field ", vector.name);
        }
        if (value.size() % width != 0) {
            return Invalid("vector dimension mismatch, expected vector size(byte) ", width,
                           " or a multiple of it, actual ", value.size());
        }
        vectors += value.size() / width;
        if (vectors > UINT32_MAX) {
            return Invalid("the embedding lists of the search have too many vectors");
        }
        offsets.push_back(static_cast<uint32_t>(vectors));
    }
    schema::Column all;
    all.field_id = vector.id;
    all.type = vector.type;
    all.dim = static_cast<uint32_t>(vector.dim());
    all.rows = vectors;
    all.values = Joined(placeholders);
    if (sent != vector.type) {
        all.values = Narrowed(vector.type, all.values);
    }
    RETURN_IF_ERROR(CheckNumbers(vector, all.values));
    schema::Column column;
    column.field_id = vector.id;
    column.type = DataType::kArrayOfVector;
    column.element_type = vector.type;
    column.dim = all.dim;
    column.rows = placeholders.values.size();
    column.offsets = base::Buffer::FromVector(std::move(offsets));
    column.children.push_back(std::move(all));
    return column;
}

}  // namespace

base::Result<schema::Column> ReadQueryVectors(const schema::FieldSchema& field,
                                              const Placeholders& placeholders) {
    if (placeholders.element_level) {
        return Invalid("element-level search is only supported on vectors of struct arrays, field ",
                       field.name);
    }
    RETURN_IF_ERROR(CheckType(field, placeholders.type));
    schema::Column column;
    column.field_id = field.id;
    column.type = field.type;
    column.rows = placeholders.values.size();
    if (field.type == DataType::kSparseFloatVector) {
        RETURN_IF_ERROR(FillSparse(field, placeholders, &column));
        return column;
    }
    column.dim = static_cast<uint32_t>(field.dim());
    ASSIGN_OR_RETURN(column.values, DenseValues(field, placeholders));
    return column;
}

base::Result<schema::Column> ReadStructQueries(const schema::LeafField& field, bool by_list,
                                               const Placeholders& placeholders) {
    schema::FieldSchema value = field.ValueSchema();
    value.name = field.Name();
    if (!by_list) {
        Placeholders vectors = placeholders;
        vectors.element_level = false;
        return ReadQueryVectors(value, vectors);
    }
    if (placeholders.element_level) {
        return Invalid("element-level search needs an index with an element metric, field ",
                       value.name, " is indexed by embedding lists");
    }
    RETURN_IF_ERROR(CheckType(value, placeholders.type, kListOffset));
    return ReadLists(value, placeholders);
}

}  // namespace elanus::proxy
