#include "schema/collection_schema.h"

#include <charconv>

namespace elanus::schema {

int64_t FieldSchema::IntParam(const std::string& key) const {
    const auto found = type_params.find(key);
    if (found == type_params.end()) {
        return 0;
    }
    const std::string& text = found->second;
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

namespace {

template <typename Predicate>
const FieldSchema* FirstWhere(const std::vector<FieldSchema>& fields, Predicate predicate) {
    for (const FieldSchema& field : fields) {
        if (predicate(field)) {
            return &field;
        }
    }
    return nullptr;
}

}  // namespace

const FieldSchema* CollectionSchema::FindField(std::string_view field_name) const {
    return FirstWhere(
        fields, [&](const FieldSchema& f) { return f.name == field_name && !f.is_namespace(); });
}

const FieldSchema* CollectionSchema::FindField(base::FieldId field_id) const {
    return FirstWhere(fields, [&](const FieldSchema& f) { return f.id == field_id; });
}

const FieldSchema* CollectionSchema::primary_key() const {
    return FirstWhere(fields, [](const FieldSchema& f) { return f.is_primary_key; });
}

const FieldSchema* CollectionSchema::dynamic_field() const {
    return FirstWhere(fields, [](const FieldSchema& f) { return f.is_dynamic; });
}

const FieldSchema* CollectionSchema::partition_key() const {
    return FirstWhere(fields, [](const FieldSchema& f) { return f.is_partition_key; });
}

}  // namespace elanus::schema
