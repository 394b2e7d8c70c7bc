#include "schema/leaf_field.h"

namespace elanus::schema {
namespace {

template <typename Matches>
std::optional<LeafField> FindSubField(const CollectionSchema& schema, Matches matches) {
    for (const FieldSchema& parent : schema.fields) {
        for (size_t i = 0; i < parent.sub_fields.size(); ++i) {
            if (matches(parent, parent.sub_fields[i])) {
                return LeafField{&parent.sub_fields[i], &parent, i};
            }
        }
    }
    return std::nullopt;
}

}  // namespace

std::string LeafField::Name() const {
    return is_element() ? parent->name + "[" + field->name + "]" : field->name;
}

FieldSchema LeafField::ValueSchema() const {
    FieldSchema value = *field;
    if (is_element()) {
        value.type = field->element_type;
        value.element_type = DataType::kNone;
    }
    return value;
}

std::optional<LeafField> FindLeafField(const CollectionSchema& schema, base::FieldId id) {
    if (const FieldSchema* field = schema.FindField(id)) {
        return LeafField{field};
    }
    return FindSubField(schema, [id](const FieldSchema&, const FieldSchema& sub_field) {
        return sub_field.id == id;
    });
}

std::optional<LeafField> FindLeafField(const CollectionSchema& schema, std::string_view name) {
    if (const FieldSchema* field = schema.FindField(name)) {
        return LeafField{field};
    }
    const size_t bracket = name.find('[');
    if (bracket == std::string_view::npos || name.back() != ']') {
        return std::nullopt;
    }
    const std::string_view parent_name = name.substr(0, bracket);
    const std::string_view sub_name = name.substr(bracket + 1, name.size() - bracket - 2);
    return FindSubField(schema, [&](const FieldSchema& parent, const FieldSchema& sub_field) {
        return parent.name == parent_name && sub_field.name == sub_name;
    });
}

}  // namespace elanus::schema
