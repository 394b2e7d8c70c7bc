#include "proxy/output_fields.h"

#include "json/json.h"
#include "proxy/json_members.h"
#include "proxy/phrase.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace elanus::proxy {

namespace {

constexpr std::string_view kCount = "count(*)";

std::string_view Trim(std::string_view text) {
    const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

// "sum(x)" and the like.
bool IsAggregate(std::string_view name) {
    for (const char* function : {"count(", "sum(", "avg(", "min(", "max("}) {
        if (name.starts_with(function) && name.ends_with(')')) {
            return true;
        }
    }
    return false;
}

// The key of `$meta["key"]`; empty when the text has another form.
std::string_view MetaKey(std::string_view name) {
    for (const char quote : {'"', '\''}) {
        const std::string start = Phrase(schema::kDynamicFieldName, "[", std::string(1, quote));
        const std::string end = Phrase(std::string(1, quote), "]");
        if (name.size() > start.size() + end.size() && name.starts_with(start) &&
            name.ends_with(end)) {
            return name.substr(start.size(), name.size() - start.size() - end.size());
        }
    }
    return {};
}

class Selector {
  public:
    Selector(const schema::CollectionSchema& schema, OutputSelection* out)
        : schema_(schema), out_(*out) {}

    base::Status Add(std::string_view name) {
        if (name == "*") {
            for (const schema::FieldSchema& field : schema_.fields) {
                AddField(field);
            }
            return base::Status();
        }
        const schema::FieldSchema* field = schema_.FindField(name);
        if (field != nullptr) {
            AddField(*field);
            return base::Status();
        }
        const std::string_view meta_key = MetaKey(name);
        const bool is_path = name.find_first_of("[]") != std::string_view::npos;
        const schema::FieldSchema* dynamic = schema_.dynamic_field();
        if (dynamic == nullptr || name.empty() || (is_path && meta_key.empty())) {
            return Invalid("field ", name, " not exist");
        }
        AddDynamicKey(meta_key.empty() ? name : meta_key);
        return base::Status();
    }

    void AddField(const schema::FieldSchema& field) {
        if (AddName(field.name)) {
            whole_dynamic_ |= field.is_dynamic;
            if (!Fetches(field)) {
                out_.fields.push_back(field);
            }
        }
    }

    void Finish() {
        if (whole_dynamic_) {
            out_.dynamic_keys.clear();
        }
    }

  private:
    bool AddName(std::string_view name) {
        auto& names = out_.output_fields;
        if (std::find(names.begin(), names.end(), name) != names.end()) {
            return false;
        }
        names.emplace_back(name);
        return true;
    }

    bool Fetches(const schema::FieldSchema& field) const {
        return std::any_of(out_.fields.begin(), out_.fields.end(),
                           [&field](const auto& other) { return other.id == field.id; });
    }

    void AddDynamicKey(std::string_view key) {
        if (AddName(key)) {
            out_.dynamic_keys.emplace_back(key);
            const schema::FieldSchema* dynamic = schema_.dynamic_field();
            if (!Fetches(*dynamic)) {
                out_.fields.push_back(*dynamic);
            }
        }
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

}  // namespace

base::Result<OutputSelection> SelectOutput(const schema::CollectionSchema& schema,
                                           const std::vector<std::string>& names,
                                           PrimaryKeyOutput primary_key) {
    OutputSelection selection;
    Selector selector(schema, &selection);
    for (const std::string& given : names) {
        const std::string_view name = Trim(given);
        if (name == kCount && primary_key == PrimaryKeyOutput::kAlways && names.size() == 1) {
            selection.count = true;
            selection.output_fields.emplace_back(kCount);
            return selection;
        }
        if (IsAggregate(name) && schema.FindField(name) == nullptr) {
            return NotSupportedYet(Phrase("aggregation ", name, " beside other output fields"));
        }
        RETURN_IF_ERROR(selector.Add(name));
    }
    if (primary_key == PrimaryKeyOutput::kAlways) {
        selector.AddField(*schema.primary_key());
    }
    selector.Finish();
    return selection;
}

base::Result<std::vector<OutputColumn>> MakeOutputColumns(const OutputSelection& selection,
                                                          const schema::ColumnBatch& batch) {
    std::vector<OutputColumn> columns;
    columns.reserve(selection.fields.size());
    for (const schema::FieldSchema& field : selection.fields) {
        const schema::Column* values = batch.Find(field.id);
        if (values == nullptr) {
            return base::Internal(Phrase("column of field ", field.name, " is missing"));
        }
        OutputColumn column;
        column.name = field.name;
        column.field_id = field.id;
        column.is_dynamic = field.is_dynamic;
        column.nullable = field.nullable;
        column.values = field.is_dynamic && !selection.dynamic_keys.empty()
                            ? KeepDynamicKeys(*values, selection.dynamic_keys)
                            : *values;
        columns.push_back(std::move(column));
    }
    return columns;
}

}  // namespace elanus::proxy
