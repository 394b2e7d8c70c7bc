#include "proxy/insert_validation.h"

#include "function/function.h"
#include "proxy/column_adoption.h"
#include "proxy/default_values.h"
#include "proxy/phrase.h"
#include "proxy/schema_validation.h"
#include "proxy/tenant_namespace.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace elanus::proxy {

namespace {

using schema::Column;
using schema::ColumnView;
using schema::DataType;
using schema::FieldSchema;

// What one request may grow to where it leaves values out: a null vector takes one byte on the wire
// and its whole slot in the column.
constexpr uint64_t kFilledBytesMax = uint64_t{1} << 30;

class FillBudget {
  public:
    base::Status Take(const FieldSchema& field, uint64_t rows) {
        const std::string* text = std::get_if<std::string>(&field.default_value);
        const uint64_t width = schema::FixedWidth(field.type, field.dim()) +
                               (text == nullptr ? 0 : text->size()) + sizeof(uint32_t);
        if (rows > (kFilledBytesMax - taken_) / width) {
            return Invalid("the nulls and defaults of the request take more than ", kFilledBytesMax,
                           " bytes, field ", field.name);
        }
        taken_ += rows * width;
        return base::Status();
    }

  private:
    uint64_t taken_ = 0;
};

// Puts a null or default in the place of each row that was left out.
Column Expand(const FieldSchema& field, const Column& compact, const base::Bitmap& valid) {
    schema::ColumnBuilder builder = BuilderFor(field);
    const Column filler = schema::MakeDefaultColumn(field, 1);
    const ColumnView source = compact.View();
    const ColumnView filler_view = filler.View();
    size_t taken = 0;
    size_t row = 0;
    while (row < valid.size()) {
        size_t run = row;
        while (run < valid.size() && valid.Test(run)) {
            ++run;
        }
        builder.AppendFrom(source, taken, taken + (run - row));
        taken += run - row;
        for (row = run; row < valid.size() && !valid.Test(row); ++row) {
            builder.AppendFrom(filler_view, 0);
        }
    }
    return builder.Finish();
}

base::Status CheckValidData(const FieldSchema& field, const InputColumn& input, uint64_t num_rows) {
    if (input.valid.empty()) {
        return base::Status();
    }
    if (!field.nullable && !field.has_default()) {
        return Invalid("valid_data is given for field ", field.name,
                       ", which is neither nullable nor has a default value");
    }
    if (input.valid.size() != num_rows) {
        return Invalid("the length of valid_data of field(", field.name, ") is wrong, expected ",
                       num_rows, ", got ", input.valid.size());
    }
    return base::Status();
}

base::Status CheckRows(const FieldSchema& field, const Column& column, const base::Bitmap& valid,
                       uint64_t num_rows) {
    const uint64_t expected = valid.empty() ? num_rows : valid.Count();
    if (column.rows == expected) {
        return base::Status();
    }
    if (!valid.empty()) {
        return Invalid("the length of field is wrong, field ", field.name, ": ", column.rows,
                       " values for ", expected, " valid rows");
    }
    return Invalid("the num_rows (", column.rows, ") of field (", field.name,
                   ") is not equal to passed num_rows (", num_rows, ")");
}

InputColumn* FindSubColumn(const FieldSchema& parent, const FieldSchema& sub_field,
                           InputColumn* input) {
    const std::string long_name = Phrase(parent.name, "[", sub_field.name, "]");
    for (InputColumn& column : input->sub_columns) {
        if (column.name == sub_field.name || column.name == long_name) {
            return &column;
        }
    }
    return nullptr;
}

base::Status CheckSubColumns(const FieldSchema& field, const InputColumn& input) {
    if (input.sub_columns.empty() && input.values.type != DataType::kNone) {
        return TypeMismatch(field, input.values.type);
    }
    if (input.sub_columns.size() != field.sub_fields.size()) {
        return Invalid("length of fields of struct field mismatch length of fields in schema, ",
                       "struct field ", field.name, ": expected ", field.sub_fields.size(),
                       ", got ", input.sub_columns.size());
    }
    return base::Status();
}

bool SameOffsets(const Column& a, const Column& b) {
    const auto first = a.offsets.As<uint32_t>();
    const auto second = b.offsets.As<uint32_t>();
    return std::equal(first.begin(), first.end(), second.begin(), second.end());
}

base::Result<Column> PrepareSubColumn(const RowRules& rules, const FieldSchema& parent,
                                      const FieldSchema& sub_field, uint64_t num_rows,
                                      const base::Bitmap& valid, InputColumn* input) {
    InputColumn* sub_input = FindSubColumn(parent, sub_field, input);
    if (sub_input == nullptr) {
        return Invalid("field ", sub_field.name, " of struct field ", parent.name,
                       " has no data passed in");
    }
    const base::Bitmap& own = sub_input->valid.empty() ? input->valid : sub_input->valid;
    if (own.size() != valid.size() ||
        !std::equal(own.words().begin(), own.words().end(), valid.words().begin())) {
        return Invalid("the fields of struct field ", parent.name,
                       " disagree about which rows are null, field ", sub_field.name);
    }
    RETURN_IF_ERROR(AdoptColumn(rules, sub_field, &sub_input->values));
    RETURN_IF_ERROR(CheckRows(sub_field, sub_input->values, valid, num_rows));
    return std::move(sub_input->values);
}

// The sub-fields, sent as columns of arrays with the same lengths, become one column.
base::Result<Column> PrepareStruct(const RowRules& rules, const FieldSchema& field,
                                   uint64_t num_rows, InputColumn* input) {
    RETURN_IF_ERROR(CheckSubColumns(field, *input));
    const base::Bitmap valid =
        input->valid.empty() ? input->sub_columns[0].valid : std::move(input->valid);
    input->valid = valid;
    RETURN_IF_ERROR(CheckValidData(field, *input, num_rows));
    std::vector<Column> arrays;
    for (const FieldSchema& sub_field : field.sub_fields) {
        ASSIGN_OR_RETURN(Column array,
                         PrepareSubColumn(rules, field, sub_field, num_rows, valid, input));
        if (!arrays.empty() && !SameOffsets(arrays[0], array)) {
            return Invalid("inconsistent array length in struct field ", field.name, ": fields ",
                           field.sub_fields[0].name, " and ", sub_field.name,
                           " have arrays of different lengths");
        }
        arrays.push_back(std::move(array));
    }
    Column column;
    column.field_id = field.id;
    column.type = field.type;
    column.rows = arrays[0].rows;
    column.offsets = arrays[0].offsets;
    for (size_t i = 0; i < arrays.size(); ++i) {
        column.children.push_back(std::move(arrays[i].children[0]));
        column.children.back().field_id = field.sub_fields[i].id;
    }
    RETURN_IF_ERROR(column.Verify());
    return column;
}

base::Result<Column> PrepareColumn(const RowRules& rules, const FieldSchema& field,
                                   uint64_t num_rows, FillBudget* budget, InputColumn* input) {
    Column column;
    if (field.type == DataType::kArrayOfStruct) {
        ASSIGN_OR_RETURN(column, PrepareStruct(rules, field, num_rows, input));
    } else {
        RETURN_IF_ERROR(CheckValidData(field, *input, num_rows));
        column = std::move(input->values);
        RETURN_IF_ERROR(AdoptColumn(rules, field, &column));
    }
    RETURN_IF_ERROR(CheckRows(field, column, input->valid, num_rows));
    if (column.rows == num_rows) {
        return column;
    }
    RETURN_IF_ERROR(budget->Take(field, num_rows - column.rows));
    return Expand(field, column, input->valid);
}

Column EmptyObjects(const FieldSchema& field, uint64_t rows) {
    schema::ColumnBuilder builder(field.id, field.type);
    for (uint64_t row = 0; row < rows; ++row) {
        builder.AppendBytes("{}");
    }
    return builder.Finish();
}

// What a field gets that the client did not send.
base::Result<Column> FillColumn(const FieldSchema& field, const InsertRequest& request,
                                size_t expected_columns, FillBudget* budget) {
    RETURN_IF_ERROR(budget->Take(field, request.num_rows));
    if (field.is_dynamic) {
        return EmptyObjects(field, request.num_rows);
    }
    if (field.nullable || field.has_default()) {
        return schema::MakeDefaultColumn(field, request.num_rows);
    }
    if (field.is_primary_key && field.auto_id) {
        return Invalid("must assign pk when upsert, primary field: ", field.name);
    }
    return Invalid("fieldSchema(", field.name,
                   ") has no corresponding fieldData pass in: len(columns) mismatch the "
                   "expectColumnNum, expectColumnNum: ",
                   expected_columns, ", len(columns): ", request.columns.size());
}

InputColumn* FindInput(const FieldSchema& field, InsertRequest* request) {
    for (InputColumn& column : request->columns) {
        if (field.is_dynamic ? column.is_dynamic
                             : (!column.is_dynamic && column.name == field.name)) {
            return &column;
        }
    }
    return nullptr;
}

// A client may send the vectors of an embedding function where the collection says so.
bool MaySendOutput(const roles::CollectionInfo& collection, const FieldSchema& field) {
    const schema::FunctionSchema* function = function::FunctionOf(collection.schema, field);
    const auto property =
        collection.properties.find("collection.function.allowInsertNonBM25FunctionOutputs");
    bool allowed = false;
    return function != nullptr && function->type == schema::FunctionType::kTextEmbedding &&
           property != collection.properties.end() && ParseBool(property->second, &allowed) &&
           allowed;
}

base::Status CheckNames(const roles::CollectionInfo& collection, const InsertRequest& request) {
    const schema::CollectionSchema& schema = collection.schema;
    std::set<std::string_view> seen;
    for (const InputColumn& column : request.columns) {
        const std::string_view name =
            column.is_dynamic ? schema::kDynamicFieldName : std::string_view(column.name);
        const FieldSchema* field = schema.FindField(name);
        if (field == nullptr || field->is_dynamic != column.is_dynamic) {
            return Invalid("fieldName ", name, " not exist in collection schema");
        }
        if (field->is_function_output && !MaySendOutput(collection, *field)) {
            return Invalid("field ", name,
                           " is the output of a function, the server makes its values: insert "
                           "data must not hold function output fields");
        }
        if (!seen.insert(name).second) {
            return Invalid("duplicated column: ", name);
        }
    }
    return base::Status();
}

bool MaySendAutoId(const roles::CollectionInfo& collection) {
    const auto it = collection.properties.find("allow_insert_auto_id");
    bool allowed = false;
    return it != collection.properties.end() && ParseBool(it->second, &allowed) && allowed;
}

}  // namespace

base::Result<schema::ColumnBatch> PrepareRows(const roles::CollectionInfo& collection,
                                              const Limits& limits, WriteKind kind,
                                              InsertRequest* request) {
    const schema::CollectionSchema& schema = collection.schema;
    if (request->num_rows == 0) {
        return InvalidExpected("invalid num_rows", "0", "num_rows should be greater than 0");
    }
    if (request->num_rows > UINT32_MAX) {
        return Invalid("num_rows ", request->num_rows, " is too large");
    }
    if (request->columns.empty()) {
        // Without a column nothing bounds the number of rows.
        return Invalid(
            "no column is passed in: len(columns) mismatch the expectColumnNum, "
            "expectColumnNum: ",
            schema.fields.size(), ", len(columns): 0");
    }
    RETURN_IF_ERROR(CheckNames(collection, *request));
    const RowRules rules{schema, limits, ZoneOf(collection.properties)};
    FillBudget budget;
    schema::ColumnBatch batch;
    batch.rows = request->num_rows;
    for (const FieldSchema& field : schema.fields) {
        if (field.is_namespace()) {
            ASSIGN_OR_RETURN(Column filled,
                             FillColumn(FilledNamespaceField(field, request->namespace_name),
                                        *request, schema.fields.size(), &budget));
            batch.columns.push_back(std::move(filled));
            continue;
        }
        InputColumn* input = FindInput(field, request);
        if (field.is_function_output && input == nullptr) {
            continue;
        }
        if (field.is_primary_key && field.auto_id && kind == WriteKind::kInsert) {
            if (input == nullptr) {
                continue;
            }
            if (!MaySendAutoId(collection)) {
                return Invalid("can not assign primary field data when auto id enabled ",
                               field.name);
            }
        }
        if (input == nullptr && kind == WriteKind::kPartial && !field.is_primary_key) {
            continue;
        }
        if (input == nullptr) {
            ASSIGN_OR_RETURN(Column filled,
                             FillColumn(field, *request, schema.fields.size(), &budget));
            batch.columns.push_back(std::move(filled));
            continue;
        }
        ASSIGN_OR_RETURN(Column column,
                         PrepareColumn(rules, field, request->num_rows, &budget, input));
        batch.columns.push_back(std::move(column));
    }
    return batch;
}

bool NeedsAutoIds(const roles::CollectionInfo& collection, const schema::ColumnBatch& batch) {
    return batch.Find(collection.schema.primary_key()->id) == nullptr;
}

Column MakeAutoIds(const FieldSchema& field, int64_t first, size_t rows) {
    schema::ColumnBuilder builder(field.id, field.type);
    for (size_t row = 0; row < rows; ++row) {
        const int64_t id = first + static_cast<int64_t>(row);
        if (field.type == DataType::kInt64) {
            builder.AppendInt(id);
        } else {
            builder.AppendBytes(std::to_string(id));
        }
    }
    return builder.Finish();
}

schema::PrimaryKeys KeysOf(const Column& column) {
    schema::PrimaryKeys keys;
    keys.is_string = schema::IsStringLike(column.type);
    if (!keys.is_string) {
        const auto values = column.values.As<int64_t>();
        keys.ints.assign(values.begin(), values.end());
        return keys;
    }
    const ColumnView view = column.View();
    keys.strings.reserve(column.rows);
    for (size_t row = 0; row < column.rows; ++row) {
        keys.strings.emplace_back(view.StringAt(row));
    }
    return keys;
}

}  // namespace elanus::proxy
