#include "proxy/vector_adoption.h"

#include "proxy/column_adoption.h"
#include "proxy/phrase.h"
#include "simd/half.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace elanus::proxy {

namespace {

using schema::Column;
using schema::ColumnView;
using schema::DataType;
using schema::FieldSchema;

constexpr size_t kSparsePairBytes = sizeof(uint32_t) + sizeof(float);

base::Status NotFinite(double value, std::string_view field_name) {
    const char* text = std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
    return Invalid("value '", text, "' is not a number or infinity, field ", field_name);
}

// Infinities and NaN are the values whose exponent bits are all ones. No branch in the loop.
template <typename Bits, typename ToDouble>
base::Status CheckExponents(const uint8_t* values, size_t count, Bits exponent,
                            std::string_view field_name, ToDouble to_double) {
    const auto* bits = reinterpret_cast<const Bits*>(values);
    constexpr size_t kAtOnce = 32;  // a fixed number is what compilers make wide
    std::array<Bits, kAtOnce> bad{};
    size_t i = 0;
    for (; i + kAtOnce <= count; i += kAtOnce) {
        for (size_t j = 0; j < kAtOnce; ++j) {
            bad[j] |= static_cast<Bits>((bits[i + j] & exponent) == exponent);
        }
    }
    for (; i < count; ++i) {
        bad[0] |= static_cast<Bits>((bits[i] & exponent) == exponent);
    }
    if (std::all_of(bad.begin(), bad.end(), [](Bits each) { return each == 0; })) {
        return base::Status();
    }
    const Bits* found = std::find_if(
        bits, bits + count, [exponent](Bits value) { return (value & exponent) == exponent; });
    return NotFinite(to_double(*found), field_name);
}

struct DenseShape {
    DataType type;
    uint64_t dim;
    std::string_view name;  // of the field
};

std::string_view ElementName(DataType type) {
    switch (type) {
        case DataType::kFloat16Vector:
            return "float16";
        case DataType::kBFloat16Vector:
            return "bfloat16";
        case DataType::kInt8Vector:
            return "int8";
        default:
            return "float";
    }
}

base::Status CheckSize(const DenseShape& shape, const Column& column) {
    const size_t bytes = column.values.size();
    const size_t row_bytes = schema::FixedWidth(column.type, static_cast<int64_t>(shape.dim));
    if (bytes % row_bytes == 0) {
        return base::Status();
    }
    if (column.type == DataType::kBinaryVector) {
        return Invalid("the num(", bytes * 8, ") of all bits should divide the dim(", shape.dim,
                       "), field ", shape.name);
    }
    return Invalid("the length(", bytes / schema::FixedWidth(column.type, 1), ") of ",
                   ElementName(column.type), " data should divide the dim(", shape.dim, "), field ",
                   shape.name);
}

// Clients may leave the rounding of floats to the server.
base::Buffer RoundToHalf(DataType type, std::span<const float> floats) {
    std::vector<uint16_t> halves(floats.size());
    std::transform(
        floats.begin(), floats.end(), halves.begin(),
        type == DataType::kFloat16Vector ? simd::HalfFromFloat : simd::BFloat16FromFloat);
    return base::Buffer::FromVector(std::move(halves));
}

base::Status AdoptDense(const DenseShape& shape, Column* column) {
    if (column->dim != shape.dim) {
        return Invalid("the dim (", column->dim, ") of field data(", shape.name,
                       ") is not equal to schema dim (", shape.dim, ")");
    }
    RETURN_IF_ERROR(CheckSize(shape, *column));
    if (column->type != shape.type) {
        column->values = RoundToHalf(shape.type, column->values.As<float>());
        column->type = shape.type;
    }
    column->rows =
        column->values.size() / schema::FixedWidth(shape.type, static_cast<int64_t>(shape.dim));
    RETURN_IF_ERROR(column->Verify());
    return CheckFinite(shape.type, column->values.data(), column->rows * shape.dim, shape.name);
}

bool Takes(DataType field, DataType sent) {
    const bool is_half = field == DataType::kFloat16Vector || field == DataType::kBFloat16Vector;
    return sent == field || (is_half && sent == DataType::kFloatVector);
}

base::Status AdoptArrays(const FieldSchema& field, Column* column) {
    if (column->type != DataType::kArrayOfVector || column->children.size() != 1) {
        return TypeMismatch(field, column->type);
    }
    Column& vectors = column->children[0];
    if (vectors.values.empty()) {
        vectors = schema::ColumnBuilder(field.id, field.element_type, DataType::kNone,
                                        static_cast<uint32_t>(field.dim()))
                      .Finish();
    } else {
        if (!Takes(field.element_type, vectors.type)) {
            return TypeMismatch(field, vectors.type);
        }
        RETURN_IF_ERROR(AdoptDense(
            {field.element_type, static_cast<uint64_t>(field.dim()), field.name}, &vectors));
    }
    vectors.field_id = field.id;
    column->element_type = field.element_type;
    column->dim = static_cast<uint32_t>(field.dim());
    RETURN_IF_ERROR(column->Verify());
    const auto capacity = static_cast<uint64_t>(field.max_capacity());
    const auto offsets = column->offsets.As<uint32_t>();
    for (size_t row = 0; row < column->rows; ++row) {
        if (offsets[row + 1] - offsets[row] > capacity) {
            return Invalid("the length (", offsets[row + 1] - offsets[row], ") of ", row,
                           "th array exceeds max capacity (", capacity, "), field ", field.name);
        }
    }
    return base::Status();
}

base::Status CheckSparseRow(std::string_view row, std::string_view field_name) {
    if (row.size() % kSparsePairBytes != 0) {
        return Invalid("invalid data length in sparse float vector: ", row.size());
    }
    int64_t before = -1;
    for (size_t at = 0; at < row.size(); at += kSparsePairBytes) {
        uint32_t index = 0;
        float value = 0;
        std::memcpy(&index, row.data() + at, sizeof index);
        std::memcpy(&value, row.data() + at + sizeof index, sizeof value);
        if (index == UINT32_MAX) {
            return Invalid("invalid index in sparse float vector: must be less than 2^32-1");
        }
        if (int64_t{index} <= before) {
            return Invalid("unsorted or same indices in sparse float vector");
        }
        if (!std::isfinite(value)) {
            return NotFinite(value, field_name);
        }
        if (value < 0) {
            return Invalid("negative value in sparse float vector");
        }
        before = index;
    }
    return base::Status();
}

base::Status AdoptSparse(const FieldSchema& field, Column* column) {
    column->dim = 0;
    RETURN_IF_ERROR(column->Verify());
    const ColumnView view = column->View();
    for (size_t row = 0; row < column->rows; ++row) {
        const base::Status status = CheckSparseRow(view.StringAt(row), field.name);
        if (!status.ok()) {
            return status.Annotate(Phrase("field ", field.name, ", row number: ", row));
        }
    }
    return base::Status();
}

}  // namespace

base::Status CheckFinite(DataType type, const uint8_t* values, size_t count,
                         std::string_view field_name) {
    switch (type) {
        case DataType::kFloat:
        case DataType::kFloatVector:
            return CheckExponents<uint32_t>(
                values, count, 0x7f800000, field_name,
                [](uint32_t bits) { return double{std::bit_cast<float>(bits)}; });
        case DataType::kDouble:
            return CheckExponents<uint64_t>(
                values, count, 0x7ff0000000000000, field_name,
                [](uint64_t bits) { return std::bit_cast<double>(bits); });
        case DataType::kFloat16Vector:
            return CheckExponents<uint16_t>(values, count, 0x7c00, field_name, [](uint16_t bits) {
                return double{simd::FloatFromHalf(bits)};
            });
        case DataType::kBFloat16Vector:
            return CheckExponents<uint16_t>(values, count, 0x7f80, field_name, [](uint16_t bits) {
                return double{simd::FloatFromBFloat16(bits)};
            });
        default:
            return base::Status();
    }
}

base::Status AdoptVectors(const FieldSchema& field, Column* column) {
    if (field.type == DataType::kArrayOfVector) {
        return AdoptArrays(field, column);
    }
    if (!Takes(field.type, column->type)) {
        return TypeMismatch(field, column->type);
    }
    if (field.type == DataType::kSparseFloatVector) {
        return AdoptSparse(field, column);
    }
    return AdoptDense({field.type, static_cast<uint64_t>(field.dim()), field.name}, column);
}

}  // namespace elanus::proxy
