#include "proxy/order_by.h"

#include "base/ascii.h"
#include "proxy/output_path.h"
#include "proxy/phrase.h"
#include "reduce/sort_key.h"

#include <utility>

namespace elanus::proxy {

namespace {

// Pieces between the separators that stand outside of quotes.
std::vector<std::string_view> SplitOutside(std::string_view text, char separator) {
    std::vector<std::string_view> pieces;
    size_t start = 0;
    char quote = '\0';
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote != '\0') {
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == separator) {
            pieces.push_back(text.substr(start, i - start));
            start = i + 1;
        }
    }
    pieces.push_back(text.substr(start));
    return pieces;
}

base::Result<OrderKey> ReadKey(std::string_view text) {
    const std::vector<std::string_view> parts = SplitOutside(text, ':');
    OrderKey key;
    key.name = TrimBlanks(parts[0]);
    if (key.name.empty()) {
        return Invalid("order_by field name cannot be empty");
    }
    if (parts.size() > 3) {
        return Invalid("order_by_fields [", text, "] is invalid, should be field:asc|desc");
    }
    if (parts.size() > 1) {
        const std::string direction = base::AsciiLower(TrimBlanks(parts[1]));
        if (direction != "asc" && direction != "desc") {
            return Invalid("invalid order direction '", TrimBlanks(parts[1]),
                           "' for order_by field ", key.name, ", must be 'asc' or 'desc'");
        }
        key.descending = direction == "desc";
    }
    key.nulls_first = key.descending;
    if (parts.size() > 2) {
        const std::string nulls = base::AsciiLower(TrimBlanks(parts[2]));
        if (nulls != "nulls_first" && nulls != "nulls_last") {
            return Invalid("invalid null ordering '", TrimBlanks(parts[2]), "' for order_by field ",
                           key.name, ", must be 'nulls_first' or 'nulls_last'");
        }
        key.nulls_first = nulls == "nulls_first";
    }
    return key;
}

base::Result<roles::SortField> Resolve(const schema::CollectionSchema& schema,
                                       const OrderKey& key) {
    roles::SortField sort;
    sort.descending = key.descending;
    sort.nulls_first = key.nulls_first;
    if (const schema::FieldSchema* field = schema.FindField(key.name)) {
        if (!reduce::IsSortable(field->type)) {
            return Invalid(
                "order_by field ", key.name, " has unsortable type ",
                schema::DataTypeName(field->type),
                ", order by a Bool, number, VarChar or Timestamptz field or a JSON path");
        }
        sort.field = *field;
        return sort;
    }
    const Subscripts path = SplitSubscripts(key.name);
    const schema::FieldSchema* field = schema.FindField(path.name);
    if (!path.keys.empty() && field != nullptr && field->type == schema::DataType::kJson) {
        sort.field = *field;
        sort.json_path = path.keys;
        return sort;
    }
    const bool is_word = key.name.find_first_of("[]") == std::string::npos;
    if (const schema::FieldSchema* dynamic = schema.dynamic_field(); dynamic && is_word) {
        sort.field = *dynamic;
        sort.json_path = {key.name};
        return sort;
    }
    return Invalid("order_by field ", key.name, " not exist in collection ", schema.name);
}

}  // namespace

base::Result<std::vector<OrderKey>> ReadOrderBy(std::string_view text) {
    std::vector<OrderKey> keys;
    for (const std::string_view piece : SplitOutside(text, ',')) {
        ASSIGN_OR_RETURN(OrderKey key, ReadKey(piece));
        for (const OrderKey& other : keys) {
            if (other.name == key.name) {
                return Invalid("duplicate order_by field ", key.name);
            }
        }
        keys.push_back(std::move(key));
    }
    return keys;
}

base::Result<std::vector<roles::SortField>> ResolveOrderBy(const schema::CollectionSchema& schema,
                                                           const std::vector<OrderKey>& keys) {
    std::vector<roles::SortField> fields;
    for (const OrderKey& key : keys) {
        ASSIGN_OR_RETURN(roles::SortField field, Resolve(schema, key));
        fields.push_back(std::move(field));
    }
    return fields;
}

}  // namespace elanus::proxy
