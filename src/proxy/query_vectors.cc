#include "proxy/query_vectors.h"

#include "proxy/phrase.h"

#include <cmath>
#include <cstring>
#include <vector>

namespace elanus::proxy {

namespace {

// milvus.proto.common.PlaceholderType
constexpr int32_t kFloatVectorPlaceholder = 101;

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
        default:
            return Phrase("placeholder type ", type);
    }
}

base::Status CheckFinite(std::span<const float> values, const schema::FieldSchema& field) {
    for (const float value : values) {
        if (!std::isfinite(value)) {
            const std::string_view text = std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
            return Invalid("value '", text, "' is not a number or infinity, query vector of field ",
                           field.name);
        }
    }
    return base::Status();
}

}  // namespace

base::Result<base::Buffer> ReadQueryVectors(const schema::FieldSchema& field,
                                            const Placeholders& placeholders) {
    if (placeholders.element_level) {
        return NotSupportedYet("element-level search");
    }
    if (placeholders.type != kFloatVectorPlaceholder) {
        return Invalid("vector type must be the same, field ", field.name,
                       " - type VECTOR_FLOAT, search info type ",
                       PlaceholderName(placeholders.type));
    }
    const size_t bytes = schema::FixedWidth(field.type, field.dim());
    for (const base::Buffer& value : placeholders.values) {
        if (value.size() != bytes) {
            return Invalid("vector dimension mismatch, expected vector size(byte) ", bytes,
                           ", actual ", value.size());
        }
    }
    base::Buffer all;
    const bool aligned =
        placeholders.values.size() == 1 &&
        reinterpret_cast<uintptr_t>(placeholders.values[0].data()) % alignof(float) == 0;
    if (aligned) {
        all = placeholders.values[0];
    } else {
        std::vector<float> floats(placeholders.values.size() * bytes / sizeof(float));
        auto* out = reinterpret_cast<uint8_t*>(floats.data());
        for (const base::Buffer& value : placeholders.values) {
            std::memcpy(out, value.data(), bytes);
            out += bytes;
        }
        all = base::Buffer::FromVector(std::move(floats));
    }
    RETURN_IF_ERROR(CheckFinite(all.As<float>(), field));
    return all;
}

}  // namespace elanus::proxy
