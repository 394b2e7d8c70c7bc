// Placeholder bytes of every type against fields of every type.
#include "proxy/query_vectors.h"

#include "simd/half.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::proxy {
namespace {

using schema::DataType;

schema::FieldSchema Field(DataType type, int64_t dim) {
    schema::FieldSchema field;
    field.id = 101;
    field.name = "v";
    field.type = type;
    if (dim > 0) {
        field.type_params["dim"] = std::to_string(dim);
    }
    return field;
}

template <typename T>
base::Buffer Bytes(std::vector<T> values) {
    return base::Buffer::FromVector(std::move(values));
}

base::Buffer Sparse(const std::vector<std::pair<uint32_t, float>>& entries) {
    std::string bytes;
    for (const auto& [index, value] : entries) {
        bytes.append(reinterpret_cast<const char*>(&index), 4);
        bytes.append(reinterpret_cast<const char*>(&value), 4);
    }
    return base::Buffer::FromString(std::move(bytes));
}

base::Result<schema::Column> Read(DataType type, int64_t dim, int32_t sent,
                                  std::vector<base::Buffer> values) {
    return ReadQueryVectors(Field(type, dim), Placeholders{sent, false, std::move(values)});
}

void ExpectRefused(const base::Result<schema::Column>& result, std::string_view phrase) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(static_cast<int>(result.status().code()), 1100);
    EXPECT_NE(result.status().reason().find(phrase), std::string::npos)
        << result.status().reason() << " lacks " << phrase;
}

TEST(QueryVectorsTest, EveryDenseTypeBecomesAColumn) {
    const std::vector<std::pair<DataType, std::vector<base::Buffer>>> cases = {
        {DataType::kFloatVector,
         {Bytes<float>({1, 2, 3, 4, 5, 6, 7, 8}), Bytes<float>({0, 0, 0, 0, 0, 0, 0, 1})}},
        {DataType::kFloat16Vector,
         {Bytes<uint16_t>({1, 2, 3, 4, 5, 6, 7, 8}), Bytes<uint16_t>({8, 7, 6, 5, 4, 3, 2, 1})}},
        {DataType::kBFloat16Vector,
         {Bytes<uint16_t>({1, 2, 3, 4, 5, 6, 7, 8}), Bytes<uint16_t>({8, 7, 6, 5, 4, 3, 2, 1})}},
        {DataType::kInt8Vector,
         {Bytes<int8_t>({-128, 127, 0, 1, 2, 3, 4, 5}), Bytes<int8_t>({1, 1, 1, 1, 1, 1, 1, 1})}},
        {DataType::kBinaryVector, {Bytes<uint8_t>({0xff}), Bytes<uint8_t>({0x01})}},
    };
    for (const auto& [type, values] : cases) {
        const auto column = Read(type, 8, static_cast<int32_t>(type), values);
        ASSERT_TRUE(column.ok()) << column.status().reason();
        EXPECT_TRUE(column->Verify().ok()) << column->Verify().reason();
        EXPECT_EQ(column->type, type);
        EXPECT_EQ(column->dim, 8u);
        EXPECT_EQ(column->rows, 2u);
        EXPECT_EQ(column->values.view(),
                  std::string(values[0].view()) + std::string(values[1].view()));
        ExpectRefused(Read(type, 16, static_cast<int32_t>(type), values),
                      "vector dimension mismatch, expected vector size(byte) " +
                          std::to_string(2 * values[0].size()) + ", actual " +
                          std::to_string(values[0].size()));
    }
}

TEST(QueryVectorsTest, OneAlignedVectorIsNotCopiedAndAMisalignedOneIs) {
    const base::Buffer floats = Bytes<float>({1, 2, 3, 4});
    const auto same = Read(DataType::kFloatVector, 4, 101, {floats});
    ASSERT_TRUE(same.ok());
    EXPECT_EQ(same->values.data(), floats.data());
    const std::string shifted = "x" + std::string(floats.view());
    const base::Buffer whole = base::Buffer::FromString(shifted);
    const auto copied = Read(DataType::kFloatVector, 4, 101, {whole.Slice(1, 16)});
    ASSERT_TRUE(copied.ok());
    EXPECT_TRUE(copied->Verify().ok());
    EXPECT_EQ(copied->values.view(), floats.view());
}

TEST(QueryVectorsTest, FloatQueriesOfHalfFieldsAreConverted) {
    const base::Buffer floats = Bytes<float>({1.0f, -2.5f, 0.1f});
    const auto half = Read(DataType::kFloat16Vector, 3, 101, {floats});
    ASSERT_TRUE(half.ok()) << half.status().reason();
    EXPECT_EQ(half->type, DataType::kFloat16Vector);
    EXPECT_TRUE(half->Verify().ok());
    EXPECT_EQ(half->values.As<uint16_t>()[2], simd::HalfFromFloat(0.1f));
    const auto brain = Read(DataType::kBFloat16Vector, 3, 101, {floats});
    ASSERT_TRUE(brain.ok());
    EXPECT_EQ(brain->values.As<uint16_t>()[2], simd::BFloat16FromFloat(0.1f));
    ExpectRefused(Read(DataType::kFloat16Vector, 1, 101, {Bytes<float>({70000.0f})}),
                  "value '+Inf' is not a number or infinity");
    ExpectRefused(Read(DataType::kFloat16Vector, 3, 101, {Bytes<uint16_t>({1, 2, 3})}),
                  "expected vector size(byte) 12, actual 6");
}

TEST(QueryVectorsTest, EveryOtherMixOfTypesIsRefused) {
    const DataType types[] = {DataType::kBinaryVector,      DataType::kFloatVector,
                              DataType::kFloat16Vector,     DataType::kBFloat16Vector,
                              DataType::kSparseFloatVector, DataType::kInt8Vector};
    for (const DataType field : types) {
        for (const int32_t sent : {5, 21, 100, 101, 102, 103, 104, 105, 301}) {
            const bool half =
                field == DataType::kFloat16Vector || field == DataType::kBFloat16Vector;
            if (sent != static_cast<int32_t>(field) && !(half && sent == 101)) {
                ExpectRefused(Read(field, 8, sent, {Bytes<uint8_t>({0})}),
                              "vector type must be the same, field v - type VECTOR_");
            }
        }
    }
    ExpectRefused(Read(DataType::kSparseFloatVector, 0, 101, {Bytes<float>({1})}),
                  "type VECTOR_SPARSE_U32_F32, search info type VECTOR_FLOAT");
}

TEST(QueryVectorsTest, NumbersThatAreNoneAreRefused) {
    constexpr float kInf = std::numeric_limits<float>::infinity();
    ExpectRefused(Read(DataType::kFloatVector, 2, 101, {Bytes<float>({0, std::nanf("")})}),
                  "value 'NaN' is not a number or infinity, field v");
    ExpectRefused(Read(DataType::kFloatVector, 2, 101, {Bytes<float>({0, -kInf})}),
                  "value '-Inf' is not");
    ExpectRefused(Read(DataType::kFloat16Vector, 1, 102, {Bytes<uint16_t>({0x7c00})}),
                  "value '+Inf' is not");
    ExpectRefused(Read(DataType::kFloat16Vector, 1, 102, {Bytes<uint16_t>({0x7e01})}),
                  "value 'NaN' is not");
    ExpectRefused(Read(DataType::kBFloat16Vector, 1, 103, {Bytes<uint16_t>({0xff80})}),
                  "value '-Inf' is not");
}

TEST(QueryVectorsTest, SparseVectorsKeepTheirPairsAndBadOnesAreRefused) {
    const auto column = Read(DataType::kSparseFloatVector, 0, 104,
                             {Sparse({{1, 0.5f}, {9, 2.0f}}), Sparse({}), Sparse({{0, 1.0f}})});
    ASSERT_TRUE(column.ok()) << column.status().reason();
    EXPECT_TRUE(column->Verify().ok()) << column->Verify().reason();
    EXPECT_EQ(column->rows, 3u);
    const auto offsets = column->offsets.As<uint32_t>();
    EXPECT_EQ(std::vector<uint32_t>(offsets.begin(), offsets.end()),
              (std::vector<uint32_t>{0, 16, 16, 24}));
    const auto refused = [](base::Buffer value, std::string_view phrase) {
        ExpectRefused(Read(DataType::kSparseFloatVector, 0, 104, {std::move(value)}), phrase);
    };
    refused(Bytes<uint8_t>({1, 2, 3}), "invalid data length in sparse float vector: 3");
    refused(Sparse({{2, 1.0f}, {1, 1.0f}}), "unsorted or same indices in sparse float vector");
    refused(Sparse({{2, 1.0f}, {2, 1.0f}}), "unsorted or same indices in sparse float vector");
    refused(Sparse({{4294967295u, 1.0f}}), "must be less than 2^32-1");
    refused(Sparse({{2, -1.0f}}), "negative value in sparse float vector");
    refused(Sparse({{2, std::nanf("")}}), "value 'NaN' is not a number or infinity");
}

// A sub-field `v` of the struct array `s`.
struct SubField {
    SubField(DataType element, int64_t dim) : field(Field(DataType::kArrayOfVector, dim)) {
        field.element_type = element;
        parent.name = "s";
        parent.type = DataType::kArrayOfStruct;
    }
    base::Result<schema::Column> Read(bool by_list, int32_t sent, std::vector<base::Buffer> values,
                                      bool element_level = false) const {
        return ReadStructQueries({&field, &parent, 0}, by_list,
                                 Placeholders{sent, element_level, std::move(values)});
    }
    schema::FieldSchema field;
    schema::FieldSchema parent;
};

TEST(QueryVectorsTest, EmbeddingListsBecomeListsOfVectors) {
    const SubField floats(DataType::kFloatVector, 2);
    const auto column = floats.Read(true, 301, {Bytes<float>({1, 2, 3, 4}), Bytes<float>({5, 6})});
    ASSERT_TRUE(column.ok()) << column.status().reason();
    EXPECT_TRUE(column->Verify().ok()) << column->Verify().reason();
    EXPECT_EQ(column->type, DataType::kArrayOfVector);
    EXPECT_EQ(column->rows, 2u);
    const auto offsets = column->offsets.As<uint32_t>();
    EXPECT_EQ(std::vector<uint32_t>(offsets.begin(), offsets.end()),
              (std::vector<uint32_t>{0, 2, 3}));
    EXPECT_EQ(column->children[0].values.As<float>()[5], 6.0f);
    const SubField halves(DataType::kBFloat16Vector, 2);
    const auto half = halves.Read(true, 301, {Bytes<float>({1, 0.1f})});
    ASSERT_TRUE(half.ok()) << half.status().reason();
    EXPECT_TRUE(half->Verify().ok());
    EXPECT_EQ(half->children[0].values.As<uint16_t>()[1], simd::BFloat16FromFloat(0.1f));
    EXPECT_TRUE(SubField(DataType::kInt8Vector, 2).Read(true, 305, {Bytes<int8_t>({1, 2})}).ok());
    EXPECT_TRUE(
        SubField(DataType::kBinaryVector, 16).Read(true, 300, {Bytes<uint8_t>({1, 2})}).ok());
}

TEST(QueryVectorsTest, EmbeddingListsThatDoNotFitAreRefused) {
    const SubField floats(DataType::kFloatVector, 2);
    ExpectRefused(floats.Read(true, 101, {Bytes<float>({1, 2})}),
                  "vector type must be the same, field s[v] - type EMB_LIST_FLOAT, search info "
                  "type VECTOR_FLOAT");
    ExpectRefused(floats.Read(true, 305, {Bytes<int8_t>({1, 2})}),
                  "search info type EMB_LIST_INT8");
    ExpectRefused(floats.Read(true, 301, {Bytes<float>({1, 2, 3})}),
                  "vector dimension mismatch, expected vector size(byte) 8 or a multiple of it, "
                  "actual 12");
    ExpectRefused(floats.Read(true, 301, {Bytes<float>({1, 2}), Bytes<float>({})}),
                  "an embedding list of the search has no vector, field s[v]");
    ExpectRefused(floats.Read(true, 301, {Bytes<float>({1, std::nanf("")})}),
                  "is not a number or infinity, field s[v]");
    ExpectRefused(floats.Read(true, 301, {Bytes<float>({1, 2})}, true),
                  "element-level search needs an index with an element metric");
}

TEST(QueryVectorsTest, ElementLevelIsForVectorsOfStructArrays) {
    const SubField floats(DataType::kFloatVector, 2);
    for (const bool said : {false, true}) {
        const auto column = floats.Read(false, 101, {Bytes<float>({1, 2})}, said);
        ASSERT_TRUE(column.ok()) << column.status().reason();
        EXPECT_EQ(column->type, DataType::kFloatVector);
    }
    ExpectRefused(floats.Read(false, 301, {Bytes<float>({1, 2})}),
                  "vector type must be the same, field s[v] - type VECTOR_FLOAT, search info type "
                  "EMB_LIST_FLOAT");
    ExpectRefused(ReadQueryVectors(Field(DataType::kFloatVector, 1),
                                   Placeholders{101, true, {Bytes<float>({1})}}),
                  "element-level search is only supported on vectors of struct arrays");
}

}  // namespace
}  // namespace elanus::proxy
