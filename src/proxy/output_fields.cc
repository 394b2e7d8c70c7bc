#include "proxy/output_fields.h"

#include "function/function.h"
#include "proxy/aggregate_query.h"
#include "proxy/default_values.h"
#include "proxy/json_members.h"
#include "proxy/output_path.h"
#include "proxy/phrase.h"
#include "proxy/value_display.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace elanus::proxy {

namespace {

std::vector<base::FieldId> AllSubFields(const schema::FieldSchema& field) {
    std::vector<base::FieldId> ids;
    for (const schema::FieldSchema& sub_field : field.sub_fields) {
        ids.push_back(sub_field.id);
    }
    return ids;
}

class Selector {
  public:
    Selector(const schema::CollectionSchema& schema, OutputSelection* out)
        : schema_(schema), out_(*out) {}

    base::Status Add(std::string_view name) {
        if (name == "*") {
            for (const schema::FieldSchema& field : schema_.fields) {
                if (!field.is_namespace() && IsReadable(field)) {
                    AddField(field);
                }
            }
            return base::Status();
        }
        if (const schema::FieldSchema* field = schema_.FindField(name)) {
            if (!IsReadable(*field)) {
                return Invalid("not allowed to retrieve raw data of field ", name);
            }
            AddField(*field);
            return base::Status();
        }
        const bool is_path = name.find_first_of("[]") != std::string_view::npos;
        return is_path ? AddPath(name) : AddDynamicKey(name, name);
    }

    void AddField(const schema::FieldSchema& field) {
        whole_dynamic_ |= field.is_dynamic;
        AddListed(field.name);
        OutputItem& item = ItemOf(field);
        item.sub_fields = AllSubFields(field);
    }

    void Finish() {
        if (whole_dynamic_) {
            out_.dynamic_keys.clear();
        }
    }

  private:
    static base::Status Unknown(std::string_view name) {
        return Invalid("field ", name, " not exist");
    }

    // What BM25 makes of a text is for its index alone.
    bool IsReadable(const schema::FieldSchema& field) const {
        const schema::FunctionSchema* function = function::FunctionOf(schema_, field);
        return function == nullptr || function->type != schema::FunctionType::kBm25;
    }

    bool AddListed(std::string_view name) {
        auto& names = out_.output_fields;
        if (std::find(names.begin(), names.end(), name) != names.end()) {
            return false;
        }
        names.emplace_back(name);
        return true;
    }

    size_t Fetch(const schema::FieldSchema& field) {
        const auto found = std::find_if(out_.fields.begin(), out_.fields.end(),
                                        [&field](const auto& f) { return f.id == field.id; });
        if (found != out_.fields.end()) {
            return static_cast<size_t>(found - out_.fields.begin());
        }
        out_.fields.push_back(field);
        return out_.fields.size() - 1;
    }

    OutputItem& ItemOf(const schema::FieldSchema& field) { return ItemOf(field.name, field); }
    OutputItem& ItemOf(std::string_view name, const schema::FieldSchema& field) {
        for (OutputItem& item : out_.items) {
            if (item.name == name) {
                return item;
            }
        }
        OutputItem item;
        item.name = name;
        item.field = Fetch(field);
        out_.items.push_back(std::move(item));
        return out_.items.back();
    }

    // struct[sub], $meta["key"], json["key"]["key"].
    base::Status AddPath(std::string_view name) {
        const Subscripts path = SplitSubscripts(name);
        const schema::FieldSchema* field = schema_.FindField(path.name);
        if (path.keys.empty() || field == nullptr) {
            return Unknown(name);
        }
        if (field->type == schema::DataType::kArrayOfStruct) {
            return path.keys.size() == 1 ? AddSubField(name, *field, path.keys[0]) : Unknown(name);
        }
        if (field->type != schema::DataType::kJson || (field->is_dynamic && path.bare)) {
            return Unknown(name);
        }
        if (field->is_dynamic) {
            return path.keys.size() == 1
                       ? AddDynamicKey(name, path.keys[0])
                       : Invalid("not support getting multiple level of dynamic field for now: ",
                                 name);
        }
        AddListed(name);
        OutputItem& item = ItemOf(name, *field);
        item.is_path = true;
        item.path = json::Path(path.keys);
        return base::Status();
    }

    base::Status AddSubField(std::string_view name, const schema::FieldSchema& field,
                             std::string_view sub_name) {
        for (const schema::FieldSchema& sub_field : field.sub_fields) {
            if (sub_field.name == sub_name) {
                AddListed(field.name);
                auto& ids = ItemOf(field).sub_fields;
                if (std::find(ids.begin(), ids.end(), sub_field.id) == ids.end()) {
                    ids.push_back(sub_field.id);
                }
                return base::Status();
            }
        }
        return Unknown(name);
    }

    base::Status AddDynamicKey(std::string_view name, std::string_view key) {
        const schema::FieldSchema* dynamic = schema_.dynamic_field();
        if (dynamic == nullptr || key.empty()) {
            return Unknown(name);
        }
        if (AddListed(key)) {
            out_.dynamic_keys.emplace_back(key);
            ItemOf(*dynamic);
        }
        return base::Status();
    }

    const schema::CollectionSchema& schema_;
    OutputSelection& out_;
    bool whole_dynamic_ = false;
};

bool KeyIs(std::string_view raw, std::string_view key) {
    if (raw.find('\\') == std::string_view::npos) {
        return raw == key;
    }
    const auto parsed = json::Parse(Phrase("\"", raw, "\""));
    return parsed.ok() && parsed->string_if() != nullptr && *parsed->string_if() == key;
}

std::string KeepKeys(std::string_view object, const std::vector<std::string>& keys) {
    std::string out = "{";
    JsonMembers members(object);
    JsonMembers::Member member;
    while (members.Next(&member)) {
        const auto asked = [&member](const std::string& key) { return KeyIs(member.key, key); };
        if (!std::any_of(keys.begin(), keys.end(), asked)) {
            continue;
        }
        if (out.size() > 1) {
            out += ',';
        }
        out.append("\"").append(member.key).append("\":").append(member.value);
    }
    return out + "}";
}

schema::Column KeepDynamicKeys(const schema::Column& column, const std::vector<std::string>& keys) {
    schema::ColumnBuilder builder(column.field_id, column.type);
    const schema::ColumnView view = column.View();
    for (size_t row = 0; row < column.rows; ++row) {
        if (!view.IsValid(row)) {
            builder.AppendNull();
        } else {
            builder.AppendBytes(KeepKeys(view.StringAt(row), keys));
        }
    }
    return builder.Finish();
}

// "year, month day": names between commas and blanks.
base::Status ReadTimeFields(std::string_view text, std::vector<calendar::Unit>* units) {
    while (!text.empty()) {
        const size_t end = std::min(text.find_first_of(", \t"), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word.empty()) {
            continue;
        }
        const auto unit = calendar::UnitFromName(word);
        if (!unit.has_value()) {
            return Invalid("unsupported field for extraction: ", word,
                           ", fields should be seprated by ',' or ' '");
        }
        units->push_back(*unit);
    }
    return base::Status();
}

base::Status ReadTimeDisplay(const roles::CollectionInfo& collection, const KeyValues& params,
                             OutputSelection* selection) {
    ASSIGN_OR_RETURN(selection->zone, RequestZone(params, collection.properties));
    const auto parts = params.find("time_fields");
    return parts == params.end() ? base::Status()
                                 : ReadTimeFields(parts->second, &selection->time_fields);
}

base::Result<OutputColumn> ShowStruct(const schema::FieldSchema& field, const OutputItem& item,
                                      const schema::Column& values, OutputColumn column) {
    column.type = field.type;
    for (const base::FieldId id : item.sub_fields) {
        const auto found = std::find_if(field.sub_fields.begin(), field.sub_fields.end(),
                                        [id](const auto& sub) { return sub.id == id; });
        const auto child = static_cast<size_t>(found - field.sub_fields.begin());
        if (child >= values.children.size()) {
            return base::Internal(
                Phrase("a column of struct field ", field.name, " has too few sub-fields"));
        }
        OutputColumn sub_column;
        sub_column.name = found->name;
        sub_column.field_id = id;
        sub_column.nullable = field.nullable;
        sub_column.values = SubFieldArrays(values, child, *found);
        column.sub_columns.push_back(std::move(sub_column));
    }
    return column;
}

// In a schema that never changed every row has its outputs, and every row has those of embedding
// functions: they come to fields that are filled.
base::Status AddMakers(const schema::CollectionSchema& schema, OutputSelection* selection) {
    if (schema.version == 0) {
        return base::Status();
    }
    for (const OutputItem& item : selection->items) {
        const schema::FunctionSchema* maker =
            function::FunctionOf(schema, selection->fields[item.field]);
        if (maker != nullptr && maker->type != schema::FunctionType::kTextEmbedding) {
            ASSIGN_OR_RETURN(function::FunctionPtr made, function::MakeFunction(schema, *maker));
            selection->makers.push_back(std::move(made));
        }
    }
    for (const function::FunctionPtr& maker : selection->makers) {
        for (const base::FieldId id : maker->input_fields()) {
            selection->AddHidden(*schema.FindField(id));
        }
    }
    return base::Status();
}

// The column, or what its function makes of the rows when some of them lack it.
base::Result<schema::Column> WithOutputs(const OutputSelection& selection,
                                         const schema::ColumnBatch& batch,
                                         const schema::Column& column) {
    if (column.validity.empty() || column.validity.Count() == column.rows) {
        return column;
    }
    for (const function::FunctionPtr& maker : selection.makers) {
        if (maker->output_field().id != column.field_id) {
            continue;
        }
        std::vector<schema::ColumnView> inputs;
        for (const base::FieldId id : maker->input_fields()) {
            const schema::Column* input = batch.Find(id);
            if (input == nullptr) {
                return base::Internal("the input of a function was not fetched");
            }
            inputs.push_back(input->View());
        }
        return maker->Run(base::CallContext(), inputs, batch.rows);
    }
    return column;
}

}  // namespace

void OutputSelection::AddHidden(const schema::FieldSchema& field) {
    const bool fetched = std::any_of(fields.begin(), fields.end(),
                                     [&](const auto& each) { return each.id == field.id; });
    if (!fetched) {
        fields.push_back(field);
    }
}

base::Result<OutputColumn> ShowColumn(const OutputSelection& selection, const OutputItem& item,
                                      const schema::Column& values) {
    const schema::FieldSchema& field = selection.fields[item.field];
    OutputColumn column;
    column.name = item.name;
    column.field_id = field.id;
    column.is_dynamic = field.is_dynamic;
    column.nullable = field.nullable;
    if (item.is_path) {
        column.nullable = true;
        column.values = JsonAtPath(values, item.path);
        return column;
    }
    switch (field.type) {
        case schema::DataType::kArrayOfStruct:
            return ShowStruct(field, item, values, std::move(column));
        case schema::DataType::kTimestamptz:
            if (selection.time_fields.empty()) {
                column.type = field.type;
                column.values = TimestampsAsText(values, selection.zone);
            } else {
                column.values = TimestampsAsParts(values, selection.zone, selection.time_fields);
            }
            return column;
        case schema::DataType::kGeometry: {
            column.type = field.type;
            ASSIGN_OR_RETURN(column.values, GeometriesAsText(values));
            return column;
        }
        default:
            column.values = field.is_dynamic && !selection.dynamic_keys.empty()
                                ? KeepDynamicKeys(values, selection.dynamic_keys)
                                : values;
            return column;
    }
}

base::Result<OutputSelection> SelectOutput(const roles::CollectionInfo& collection,
                                           const KeyValues& params,
                                           const std::vector<std::string>& names,
                                           PrimaryKeyOutput primary_key) {
    const schema::CollectionSchema& schema = collection.schema;
    OutputSelection selection;
    RETURN_IF_ERROR(ReadTimeDisplay(collection, params, &selection));
    Selector selector(schema, &selection);
    for (const std::string& given : names) {
        const std::string_view name = TrimBlanks(given);
        if (ReadAggregate(name).has_value() && schema.FindField(name) == nullptr) {
            return Invalid("aggregation ", name, " is not supported in a search, use query");
        }
        RETURN_IF_ERROR(selector.Add(name));
    }
    if (primary_key == PrimaryKeyOutput::kAlways) {
        selector.AddField(*schema.primary_key());
    }
    selector.Finish();
    RETURN_IF_ERROR(AddMakers(schema, &selection));
    return selection;
}

base::Result<std::vector<OutputColumn>> MakeOutputColumns(const OutputSelection& selection,
                                                          const schema::ColumnBatch& batch) {
    std::vector<OutputColumn> columns;
    columns.reserve(selection.items.size());
    for (const OutputItem& item : selection.items) {
        const schema::FieldSchema& field = selection.fields[item.field];
        const schema::Column* values = batch.Find(field.id);
        if (values == nullptr) {
            return base::Internal(Phrase("column of field ", field.name, " is missing"));
        }
        ASSIGN_OR_RETURN(const schema::Column whole, WithOutputs(selection, batch, *values));
        ASSIGN_OR_RETURN(OutputColumn column, ShowColumn(selection, item, whole));
        columns.push_back(std::move(column));
    }
    return columns;
}

}  // namespace elanus::proxy
