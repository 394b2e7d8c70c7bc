// A small collection with every scalar type, for the tests of this module.
#pragma once

#include "expr/evaluator.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace elanus::expr::test {

class Rows : public ColumnSource {
  public:
    schema::FieldSchema& AddField(const std::string& name, schema::DataType type,
                                  schema::DataType element = schema::DataType::kNone,
                                  bool nullable = false) {
        schema::FieldSchema field;
        field.id = 100 + static_cast<base::FieldId>(schema.fields.size());
        field.name = name;
        field.type = type;
        field.element_type = element;
        field.nullable = nullable;
        schema.fields.push_back(std::move(field));
        return schema.fields.back();
    }
    schema::ColumnBuilder Builder(const std::string& name) const {
        const schema::FieldSchema* field = schema.FindField(name);
        return schema::ColumnBuilder(field->id, field->type, field->element_type);
    }
    void SetColumn(schema::ColumnBuilder builder) {
        schema::Column column = builder.Finish();
        const base::FieldId id = column.field_id;
        columns_[id] = std::move(column);
        views_[id] = columns_[id].View();
    }

    const schema::ColumnView* Column(base::FieldId field_id) const override {
        const auto found = views_.find(field_id);
        return found == views_.end() ? nullptr : &found->second;
    }
    const schema::FieldSchema* Field(base::FieldId field_id) const override {
        return schema.FindField(field_id);
    }

    schema::CollectionSchema schema;

  private:
    std::map<base::FieldId, schema::Column> columns_;
    std::map<base::FieldId, schema::ColumnView> views_;
};

// One character a row: 1 true, 0 false, ? unknown.
inline std::string Show(const Truth& truth) {
    std::string text;
    for (size_t row = 0; row < truth.is_true.size(); ++row) {
        text += !truth.IsKnown(row) ? '?' : (truth.is_true.Test(row) ? '1' : '0');
    }
    return text;
}

}  // namespace elanus::expr::test
