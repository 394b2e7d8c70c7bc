#include "segment/derived_rows.h"

#include "function/function.h"

namespace elanus::segment {
namespace {

bool Has(const RowSource& rows, base::FieldId field_id) {
    return rows.runs().empty() || rows.Column(0, field_id) != nullptr;
}

bool Fits(const RowSource& rows, const RunColumns& columns) {
    if (columns.size() != rows.runs().size()) {
        return false;
    }
    for (size_t run = 0; run < columns.size(); ++run) {
        if (columns[run].rows != rows.runs()[run].rows) {
            return false;
        }
    }
    return true;
}

base::Result<schema::Column> RunOver(const RowSource& rows, size_t run,
                                     const function::Function& function,
                                     const schema::CollectionSchema& schema,
                                     const base::CallContext& context) {
    const size_t count = rows.runs()[run].rows;
    std::vector<schema::Column> fillers;  // of inputs that are younger than the segment, too
    fillers.reserve(function.input_fields().size());
    std::vector<schema::ColumnView> inputs;
    for (const base::FieldId id : function.input_fields()) {
        const schema::ColumnView* column = rows.Column(run, id);
        if (column != nullptr) {
            inputs.push_back(*column);
            continue;
        }
        fillers.push_back(schema::MakeDefaultColumn(*schema.FindField(id), count));
        inputs.push_back(fillers.back().View());
    }
    return function.Run(context, inputs, count);
}

}  // namespace

DerivedRows::DerivedRows(const RowSource& rows, const schema::FieldSchema& field,
                         std::shared_ptr<const RunColumns> columns)
    : rows_(rows), field_(field), columns_(std::move(columns)) {
    for (const schema::Column& column : *columns_) {
        views_.push_back(column.View());
    }
}

base::Result<const RowSource*> DerivedColumns::Extend(
    const RowSource& rows, base::FieldId field_id, const std::vector<schema::FieldSchema>& fields,
    const std::vector<schema::FunctionSchema>& functions, const base::CallContext& context,
    std::optional<DerivedRows>* holder) {
    if (Has(rows, field_id) || functions.empty()) {
        return &rows;
    }
    schema::CollectionSchema schema;
    schema.fields = fields;
    schema.functions = functions;
    const schema::FieldSchema* field = schema.FindField(field_id);
    const schema::FunctionSchema* maker =
        field == nullptr ? nullptr : function::FunctionOf(schema, *field);
    if (maker == nullptr) {
        return &rows;
    }
    base::MutexLock lock(mutex_);
    std::shared_ptr<const RunColumns>& kept = columns_[field_id];
    if (kept == nullptr || !Fits(rows, *kept)) {
        ASSIGN_OR_RETURN(const function::FunctionPtr function,
                         function::MakeFunction(schema, *maker));
        auto made = std::make_shared<RunColumns>();
        for (size_t run = 0; run < rows.runs().size(); ++run) {
            ASSIGN_OR_RETURN(schema::Column column, RunOver(rows, run, *function, schema, context));
            made->push_back(std::move(column));
        }
        kept = std::move(made);
    }
    holder->emplace(rows, *field, kept);
    return &**holder;
}

base::Result<const RowSource*> DerivedColumns::Extend(const RowSource& rows, base::FieldId field_id,
                                                      const ReadOptions& options,
                                                      std::optional<DerivedRows>* holder) {
    if (options.known_fields == nullptr || options.known_functions == nullptr) {
        return &rows;
    }
    return Extend(rows, field_id, *options.known_fields, *options.known_functions, *options.context,
                  holder);
}

}  // namespace elanus::segment
