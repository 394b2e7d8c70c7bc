#include "proxy/aggregate_query.h"

#include "base/ascii.h"
#include "proxy/output_path.h"
#include "proxy/phrase.h"
#include "reduce/aggregation.h"
#include "reduce/sort_key.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace elanus::proxy {

namespace {

using roles::AggregateKind;

struct Function {
    std::string_view name;
    AggregateKind kind;
};
constexpr Function kFunctions[] = {
    {"count", AggregateKind::kCount}, {"sum", AggregateKind::kSum}, {"avg", AggregateKind::kAvg},
    {"min", AggregateKind::kMin},     {"max", AggregateKind::kMax},
};

std::string_view NameOf(AggregateKind kind) {
    for (const Function& function : kFunctions) {
        if (function.kind == kind) {
            return function.name;
        }
    }
    return "count";
}

class QueryParser {
  public:
    QueryParser(const schema::CollectionSchema& schema, AggregateQuery* out)
        : schema_(schema), aggregation_(out->aggregation), out_(*out) {}

    base::Status GroupBy(const std::string& name) {
        const schema::FieldSchema* field = schema_.FindField(name);
        if (field == nullptr) {
            return Invalid("group by field ", name, " not exist in collection ", schema_.name);
        }
        if (!reduce::CanGroupBy(field->type)) {
            return Invalid("group by field ", name, " has unsupported data type ",
                           schema::DataTypeName(field->type),
                           ", group by a Bool, integer, VarChar or Timestamptz field");
        }
        const uint32_t position = PositionOf(*field);
        auto& group_by = aggregation_.group_by;
        if (std::find(group_by.begin(), group_by.end(), position) == group_by.end()) {
            group_by.push_back(position);
        }
        return base::Status();
    }

    base::Status Output(std::string_view name) {
        const auto same = [&](const auto& output) { return output.item.name == name; };
        if (std::any_of(out_.outputs.begin(), out_.outputs.end(), same)) {
            return base::Status();
        }
        const std::optional<AggregateName> aggregate = ReadAggregate(name);
        if (aggregate.has_value()) {
            return AddAggregate(name, *aggregate);
        }
        for (size_t i = 0; i < aggregation_.group_by.size(); ++i) {
            const uint32_t position = aggregation_.group_by[i];
            if (aggregation_.fields[position].name == name) {
                AddOutput(name, position, i, true);
                return base::Status();
            }
        }
        if (schema_.FindField(name) == nullptr && schema_.dynamic_field() == nullptr) {
            return Invalid("field ", name, " not exist");
        }
        return Invalid("field '", name,
                       "' is not in group_by_fields and is not an aggregation function: only group "
                       "by fields and aggregation functions are allowed in output_fields");
    }

    base::Status OrderBy(const OrderKey& key) {
        for (const AggregateQuery::Output& output : out_.outputs) {
            if (output.item.name == key.name) {
                return OrderByColumn(key, output.column);
            }
        }
        for (size_t i = 0; i < aggregation_.group_by.size(); ++i) {
            if (aggregation_.fields[aggregation_.group_by[i]].name == key.name) {
                return OrderByColumn(key, i);
            }
        }
        return Invalid("order_by field ", key.name,
                       " must be one of the group by fields or the aggregates of output_fields");
    }

  private:
    uint32_t PositionOf(const schema::FieldSchema& field) {
        auto& fields = aggregation_.fields;
        const auto found = std::find_if(fields.begin(), fields.end(),
                                        [&](const auto& f) { return f.id == field.id; });
        const auto position = static_cast<uint32_t>(found - fields.begin());
        if (found == fields.end()) {
            fields.push_back(field);
        }
        return position;
    }

    base::Status AddAggregate(std::string_view name, const AggregateName& asked) {
        roles::Aggregate aggregate;
        aggregate.kind = asked.kind;
        bool as_field = false;
        if (asked.kind != AggregateKind::kCountRows) {
            const schema::FieldSchema* field = schema_.FindField(asked.field);
            if (field == nullptr) {
                return Invalid("field ", asked.field, " not exist");
            }
            if (!reduce::CanAggregate(asked.kind, field->type)) {
                return Invalid("aggregation operator ", NameOf(asked.kind),
                               " does not support field ", asked.field, " of data type ",
                               schema::DataTypeName(field->type));
            }
            aggregate.field = PositionOf(*field);
            as_field = asked.kind == AggregateKind::kMin || asked.kind == AggregateKind::kMax;
        }
        const size_t column = aggregation_.group_by.size() + aggregation_.aggregates.size();
        aggregation_.aggregates.push_back(aggregate);
        AddOutput(name, aggregate.field, column, as_field);
        return base::Status();
    }

    void AddOutput(std::string_view name, uint32_t position, size_t column, bool as_field) {
        AggregateQuery::Output output;
        output.item.name = name;
        output.item.field = position;
        output.column = column;
        output.as_field = as_field;
        out_.outputs.push_back(std::move(output));
        out_.selection.output_fields.emplace_back(name);
    }

    base::Status OrderByColumn(const OrderKey& key, size_t column) {
        roles::SortField field;
        field.descending = key.descending;
        field.nulls_first = key.nulls_first;
        out_.order_by.push_back(std::move(field));
        out_.order_columns.push_back(column);
        return base::Status();
    }

    const schema::CollectionSchema& schema_;
    roles::Aggregation& aggregation_;
    AggregateQuery& out_;
};

// The positions of the groups in the query's order.
base::Result<std::vector<uint32_t>> OrderGroups(const AggregateQuery& query,
                                                const std::vector<schema::Column>& columns,
                                                size_t rows) {
    std::vector<uint32_t> order(rows);
    std::iota(order.begin(), order.end(), 0);
    if (query.order_by.empty()) {
        return order;
    }
    // Each column counts as a field of its own here: two aggregates may be of one field.
    schema::ColumnBatch batch;
    batch.rows = rows;
    std::vector<roles::SortField> fields = query.order_by;
    for (size_t i = 0; i < fields.size(); ++i) {
        batch.columns.push_back(columns[query.order_columns[i]]);
        batch.columns.back().field_id = static_cast<base::FieldId>(i);
        fields[i].field.id = static_cast<base::FieldId>(i);
        fields[i].field.type = batch.columns.back().type;
    }
    reduce::RowOrder by_fields(fields);
    RETURN_IF_ERROR(by_fields.Use(batch));
    std::vector<std::string> keys(rows);
    for (size_t row = 0; row < rows; ++row) {
        by_fields.AppendKey(row, &keys[row]);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return keys[a] < keys[b]; });
    return order;
}

schema::Column Pick(schema::Column column, const std::vector<uint32_t>& rows) {
    schema::ColumnBatch batch;
    batch.rows = column.rows;
    batch.columns.push_back(std::move(column));
    return std::move(schema::Gather(batch, rows).columns[0]);
}

}  // namespace

std::optional<AggregateName> ReadAggregate(std::string_view name) {
    name = TrimBlanks(name);
    const size_t open = name.find('(');
    if (open == std::string_view::npos || name.back() != ')') {
        return std::nullopt;
    }
    const std::string_view function_name = TrimBlanks(name.substr(0, open));
    const std::string_view field = TrimBlanks(name.substr(open + 1, name.size() - open - 2));
    for (const Function& function : kFunctions) {
        if (base::SameIgnoringCase(function_name, function.name)) {
            if (function.kind == AggregateKind::kCount && field == "*") {
                return AggregateName{AggregateKind::kCountRows, {}};
            }
            return AggregateName{function.kind, field};
        }
    }
    return std::nullopt;
}

bool IsAggregateQuery(const QuerySettings& settings, const std::vector<std::string>& outputs) {
    return !settings.group_by.empty() ||
           std::any_of(outputs.begin(), outputs.end(),
                       [](const std::string& name) { return ReadAggregate(name).has_value(); });
}

bool AggregateQuery::IsRowCount() const {
    return aggregation.group_by.empty() && aggregation.aggregates.size() == 1 &&
           aggregation.aggregates[0].kind == AggregateKind::kCountRows;
}

base::Result<AggregateQuery> ParseAggregateQuery(const roles::CollectionInfo& collection,
                                                 const QueryRequest& request,
                                                 const QuerySettings& settings,
                                                 const Limits& limits) {
    AggregateQuery query;
    ASSIGN_OR_RETURN(query.selection, SelectOutput(collection, request.query_params, {},
                                                   PrimaryKeyOutput::kWhenAsked));
    query.aggregation.max_groups = static_cast<uint64_t>(limits.max_groups);
    QueryParser parser(collection.schema, &query);
    for (const std::string& name : settings.group_by) {
        RETURN_IF_ERROR(parser.GroupBy(name));
    }
    for (const std::string& name : request.output_fields) {
        RETURN_IF_ERROR(parser.Output(TrimBlanks(name)));
    }
    for (const OrderKey& key : settings.order_by) {
        RETURN_IF_ERROR(parser.OrderBy(key));
    }
    query.selection.fields = query.aggregation.fields;
    const bool pages_one_row = query.aggregation.group_by.empty() && settings.has_limit;
    for (const roles::Aggregate& aggregate : query.aggregation.aggregates) {
        if (pages_one_row && aggregate.kind == AggregateKind::kCountRows) {
            return Invalid("count entities with pagination is not allowed");
        }
    }
    if (settings.iterator) {
        return Invalid("aggregation is not supported with a query iterator");
    }
    return query;
}

base::Result<std::vector<OutputColumn>> MakeAggregateColumns(
    const AggregateQuery& query, const std::vector<roles::Group>& groups, uint64_t offset,
    uint64_t limit) {
    ASSIGN_OR_RETURN(const std::vector<schema::Column> columns,
                     reduce::GroupColumns(groups, query.aggregation));
    const size_t rows = columns.empty() ? 0 : columns[0].rows;
    ASSIGN_OR_RETURN(std::vector<uint32_t> order, OrderGroups(query, columns, rows));
    order.erase(order.begin(),
                order.begin() + static_cast<ptrdiff_t>(std::min<uint64_t>(offset, order.size())));
    if (limit != 0 && order.size() > limit) {
        order.resize(limit);
    }
    std::vector<OutputColumn> shown;
    for (const AggregateQuery::Output& output : query.outputs) {
        schema::Column values = Pick(columns[output.column], order);
        if (output.as_field) {
            ASSIGN_OR_RETURN(OutputColumn column, ShowColumn(query.selection, output.item, values));
            column.nullable = column.nullable || !values.validity.empty();
            shown.push_back(std::move(column));
            continue;
        }
        OutputColumn column;
        column.name = output.item.name;
        column.nullable = !values.validity.empty();
        column.values = std::move(values);
        shown.push_back(std::move(column));
    }
    return shown;
}

}  // namespace elanus::proxy
