#include "scalar_index/build_shape.h"

#include "scalar_index/json_path.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace elanus::scalar_index {

namespace {

using base::Result;
using base::Status;
using schema::DataType;

Status NotSupported(std::string_view text) {
    return Status::Error(base::Code::kIndexNotSupported, text, base::Blame::kInput);
}

struct KindNames {
    std::string_view name;
    std::optional<Kind> kind;
};
// Absent kinds are chosen from the data.
constexpr KindNames kKindNames[] = {
    {"INVERTED", Kind::kInverted}, {"BITMAP", Kind::kBitmap}, {"STL_SORT", Kind::kSorted},
    {"Asceneding", Kind::kSorted}, {"TRIE", Kind::kTrie},     {"Trie", Kind::kTrie},
    {"marisa-trie", Kind::kTrie},  {"NGRAM", Kind::kNgram},   {"RTREE", Kind::kBoxTree},
    {"AUTOINDEX", std::nullopt},   {"HYBRID", std::nullopt},  {"", std::nullopt},
};

std::string_view Param(const BuildSpec& spec, const char* name) {
    const auto found = spec.params.find(name);
    return found == spec.params.end() ? std::string_view() : std::string_view(found->second);
}

// Absent when the parameter is no whole number in the range.
std::optional<uint32_t> Number(std::string_view text, uint32_t min, uint32_t max) {
    uint32_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || value < min ||
        value > max) {
        return std::nullopt;
    }
    return value;
}

KeyType KeyTypeOf(DataType type) {
    switch (type) {
        case DataType::kBool:
        case DataType::kInt8:
            return KeyType::kInt8;
        case DataType::kInt16:
            return KeyType::kInt16;
        case DataType::kInt32:
            return KeyType::kInt32;
        case DataType::kInt64:
        case DataType::kTimestamptz:
            return KeyType::kInt64;
        case DataType::kFloat:
            return KeyType::kFloat;
        case DataType::kDouble:
            return KeyType::kDouble;
        case DataType::kVarChar:
        case DataType::kString:
            return KeyType::kText;
        default:
            return KeyType::kNone;
    }
}

Status ShapeJson(const BuildSpec& spec, BuildShape* shape) {
    struct Cast {
        std::string_view name;
        Subject subject;
        KeyType key_type;
    };
    constexpr Cast kCasts[] = {
        {"BOOL", Subject::kJsonValue, KeyType::kInt8},
        {"DOUBLE", Subject::kJsonValue, KeyType::kDouble},
        {"VARCHAR", Subject::kJsonValue, KeyType::kText},
        {"ARRAY_BOOL", Subject::kJsonArray, KeyType::kInt8},
        {"ARRAY_DOUBLE", Subject::kJsonArray, KeyType::kDouble},
        {"ARRAY_VARCHAR", Subject::kJsonArray, KeyType::kText},
        {"JSON", Subject::kJsonTree, KeyType::kText},
    };
    const std::string_view cast = Param(spec, "json_cast_type");
    const Cast* found = nullptr;
    for (const Cast& candidate : kCasts) {
        found = candidate.name == cast ? &candidate : found;
    }
    if (found == nullptr) {
        return NotSupported("json_cast_type " + std::string(cast) + " is not supported");
    }
    const std::string_view function = Param(spec, "json_cast_function");
    if (!function.empty() && (function != "STRING_TO_DOUBLE" || cast != "DOUBLE")) {
        return NotSupported("json_cast_function " + std::string(function) +
                            " is not supported with json_cast_type " + std::string(cast));
    }
    shape->text_numbers = !function.empty();
    shape->subject = found->subject;
    shape->key_type = found->key_type;
    auto path = ParseJsonPath(Param(spec, "json_path"), spec.field);
    if (!path.ok()) {
        return NotSupported(path.status().reason());
    }
    shape->path = *std::move(path);
    return Status();
}

// Which kinds the keys can have, INVERTED, TRIE, NGRAM and RTREE apart.
void FindFits(const BuildSpec& spec, BuildShape* shape) {
    const DataType type = spec.field.type;
    const bool floating = shape->key_type == KeyType::kFloat || shape->key_type == KeyType::kDouble;
    const bool is_json_part =
        shape->subject == Subject::kJsonArray || shape->subject == Subject::kJsonTree;
    const bool is_bool = shape->key_type == KeyType::kInt8 && shape->subject != Subject::kArray &&
                         (type == DataType::kBool || type == DataType::kJson);
    shape->bitmap_fits =
        !floating && !is_json_part && !spec.field.is_primary_key && type != DataType::kTimestamptz;
    shape->sort_fits = !is_json_part && !is_bool && shape->subject != Subject::kArray;
}

bool Fits(Kind kind, const BuildSpec& spec, const BuildShape& shape) {
    const bool is_text = shape.key_type == KeyType::kText && (shape.subject == Subject::kColumn ||
                                                              shape.subject == Subject::kJsonValue);
    switch (kind) {
        case Kind::kInverted:
            return shape.key_type != KeyType::kNone && spec.field.type != DataType::kTimestamptz;
        case Kind::kBitmap:
            return shape.bitmap_fits;
        case Kind::kSorted:
            return shape.sort_fits;
        case Kind::kTrie:
            return is_text && shape.subject == Subject::kColumn;
        case Kind::kNgram:
            return is_text;
        case Kind::kBoxTree:
            return spec.field.type == DataType::kGeometry;
        case Kind::kText:
            return false;  // made when a segment is sealed (text_index.h)
    }
    return false;
}

Status ReadGrams(const BuildSpec& spec, BuildShape* shape) {
    constexpr uint32_t kGramMax = 1 << 16;
    const auto min = Number(Param(spec, "min_gram"), 1, kGramMax);
    const auto max = Number(Param(spec, "max_gram"), 1, kGramMax);
    if (!min.has_value() || !max.has_value() || *min > *max) {
        return NotSupported("an NGRAM index needs min_gram and max_gram, 0 < min_gram <= max_gram");
    }
    shape->grams = {*min, *max};
    return Status();
}

Status ReadLimit(const BuildSpec& spec, BuildShape* shape) {
    constexpr uint32_t kLimitMax = 1000;
    const std::string_view text = Param(spec, "bitmap_cardinality_limit");
    if (text.empty()) {
        return Status();
    }
    const auto limit = Number(text, 1, kLimitMax);
    if (!limit.has_value()) {
        return NotSupported("bitmap_cardinality_limit must be in 1..1000");
    }
    shape->bitmap_keys_max = *limit;
    return Status();
}

}  // namespace

Result<BuildShape> ShapeOf(const BuildSpec& spec) {
    BuildShape shape;
    const KindNames* named = nullptr;
    for (const KindNames& candidate : kKindNames) {
        named = candidate.name == spec.index_type ? &candidate : named;
    }
    if (named == nullptr) {
        return NotSupported("index type " + spec.index_type + " is no scalar index");
    }
    shape.kind = named->kind;
    const DataType type = spec.field.type;
    const bool is_array = type == DataType::kArray;
    shape.subject = is_array ? Subject::kArray : Subject::kColumn;
    shape.key_type = KeyTypeOf(is_array ? spec.field.element_type : type);
    if (type == DataType::kJson) {
        RETURN_IF_ERROR(ShapeJson(spec, &shape));
    } else if (shape.key_type == KeyType::kNone && type != DataType::kGeometry) {
        return NotSupported("a scalar index is not supported on " +
                            std::string(schema::DataTypeName(type)));
    }
    RETURN_IF_ERROR(ReadLimit(spec, &shape));
    if (type == DataType::kGeometry && !shape.kind.has_value()) {
        shape.kind = Kind::kBoxTree;
    }
    if (type != DataType::kGeometry) {
        FindFits(spec, &shape);
    }
    if (shape.kind.has_value() && !Fits(*shape.kind, spec, shape)) {
        return NotSupported("index type " + spec.index_type + " is not supported on " +
                            std::string(schema::DataTypeName(type)));
    }
    if (shape.kind == Kind::kNgram) {
        RETURN_IF_ERROR(ReadGrams(spec, &shape));
    }
    return shape;
}

Kind KindFor(const BuildShape& shape, uint64_t keys) {
    if (shape.kind.has_value()) {
        return *shape.kind;
    }
    constexpr uint64_t kBoolKeys = 2;
    if (shape.bitmap_fits && keys <= std::max(shape.bitmap_keys_max, kBoolKeys)) {
        return Kind::kBitmap;
    }
    return shape.sort_fits ? Kind::kSorted : Kind::kInverted;
}

}  // namespace elanus::scalar_index
