#include "expr/name_resolver.h"

#include "expr/operand.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace elanus::expr {

using base::InvalidParameter;
using base::Result;
using base::Status;
using schema::DataType;

namespace {

// Its place in the schema; -1 when there is none of that name.
int32_t FindSubField(const schema::FieldSchema& field, const std::string& name) {
    const std::string full_name = field.name + "[" + name + "]";
    for (size_t i = 0; i < field.sub_fields.size(); ++i) {
        if (field.sub_fields[i].name == name || field.sub_fields[i].name == full_name) {
            return static_cast<int32_t>(i);
        }
    }
    return -1;
}

Status NoSubField(const schema::FieldSchema& field, const std::string& name) {
    return InvalidParameter("field " + field.name + "[" + name + "] not exist");
}

bool ReadIndex(const std::string& digits, int64_t* index) {
    const char* end = digits.data() + digits.size();
    return std::from_chars(digits.data(), end, *index).ec == std::errc();
}

// structArr[sub] and structArr[3][sub].
Result<ColumnRef> ResolveSubField(const Node& node, const schema::FieldSchema& field) {
    const bool has_index = node.path[0].kind == PathStep::Kind::kIndex;
    if (node.path.size() != (has_index ? 2U : 1U) ||
        node.path.back().kind != PathStep::Kind::kSubField) {
        return InvalidParameter("struct array field " + node.name + " can only be accessed as " +
                                node.name + "[sub_field] or " + node.name + "[index][sub_field]");
    }
    ColumnRef column;
    column.field_id = field.id;
    column.sub_field = FindSubField(field, node.path.back().text);
    if (column.sub_field < 0) {
        return NoSubField(field, node.path.back().text);
    }
    const auto& sub_field = field.sub_fields[static_cast<size_t>(column.sub_field)];
    column.type = sub_field.type;
    column.element_type = sub_field.element_type;
    if (has_index &&
        (column.type != DataType::kArray || !ReadIndex(node.path[0].text, &column.array_index))) {
        return InvalidParameter("struct array field " + node.name + "[" + node.path.back().text +
                                "] has no element " + node.path[0].text + " that a filter can use");
    }
    return column;
}

Status ApplyPath(const Node& node, ColumnRef* column) {
    if (column->is_json()) {
        for (const PathStep& step : node.path) {
            if (step.kind == PathStep::Kind::kSubField) {
                return InvalidParameter("field " + node.name + "[" + step.text +
                                        "] not exist: it is no struct array, and a JSON key "
                                        "stands in quotes");
            }
            column->json_path.push_back(step.text);
        }
        return Status();
    }
    if (column->type != DataType::kArray) {
        return InvalidParameter(TypeName(column->type) +
                                " data type not supported accessed with []");
    }
    if (node.path.size() != 1 || node.path[0].kind != PathStep::Kind::kIndex ||
        !ReadIndex(node.path[0].text, &column->array_index)) {
        return InvalidParameter("array field " + node.name +
                                " can only be accessed with one integer index");
    }
    return Status();
}

}  // namespace

Result<ColumnRef> NameResolver::Resolve(const Node& node) const {
    ASSIGN_OR_RETURN(ColumnRef column, ResolveName(node));
    column.text_numbers =
        column.is_json() &&
        std::any_of(text_numbers_.begin(), text_numbers_.end(), [&column](const JsonPlace& place) {
            return place.field_id == column.field_id && place.path == column.json_path;
        });
    return column;
}

Result<ColumnRef> NameResolver::ResolveName(const Node& node) const {
    if (node.name == "$") {
        return ResolveElement(node);
    }
    if (element_struct_ != nullptr) {
        return InvalidParameter("field " + node.name +
                                " cannot be used inside of an element predicate, only "
                                "sub-fields of " +
                                element_struct_->name + " as $[name]");
    }
    const schema::FieldSchema* field = schema_.FindField(node.name);
    if (field == nullptr && node.name == schema::kDynamicFieldName) {
        field = schema_.dynamic_field();
    }
    if (field == nullptr) {
        return ResolveDynamic(node);
    }
    ColumnRef column;
    column.field_id = field->id;
    column.type = field->type;
    column.element_type = field->element_type;
    if (field->type == DataType::kArrayOfStruct && !node.path.empty()) {
        return ResolveSubField(node, *field);
    }
    if (!node.path.empty()) {
        RETURN_IF_ERROR(ApplyPath(node, &column));
    }
    return column;
}

// $[sub]: one value of the element at hand.
Result<ColumnRef> NameResolver::ResolveElement(const Node& node) const {
    if (element_struct_ == nullptr) {
        return InvalidParameter(
            "$[...] can only be used inside of element_filter and match_* functions");
    }
    if (node.path.size() != 1 || node.path[0].kind != PathStep::Kind::kSubField) {
        return InvalidParameter("an element is accessed with one sub-field name: $[name]");
    }
    ColumnRef column;
    column.sub_field = FindSubField(*element_struct_, node.path[0].text);
    if (column.sub_field < 0) {
        return NoSubField(*element_struct_, node.path[0].text);
    }
    const auto& field = element_struct_->sub_fields[static_cast<size_t>(column.sub_field)];
    column.field_id = field.id;
    column.type = field.element_type;
    return column;
}

Result<ColumnRef> NameResolver::ResolveDynamic(const Node& node) const {
    const schema::FieldSchema* meta = schema_.dynamic_field();
    if (meta == nullptr) {
        return InvalidParameter("field " + node.name + " not exist");
    }
    ColumnRef column;
    column.field_id = meta->id;
    column.type = DataType::kJson;
    column.json_path.push_back(node.name);
    RETURN_IF_ERROR(ApplyPath(node, &column));
    return column;
}

bool NameResolver::IsNullable(const ColumnRef& column) const {
    const schema::FieldSchema* field = schema_.FindField(column.field_id);
    return field == nullptr || field->nullable;
}

}  // namespace elanus::expr
