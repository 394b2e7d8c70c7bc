#include "proxy/partial_update.h"

#include "proxy/column_adoption.h"
#include "proxy/insert_validation.h"
#include "proxy/json_members.h"
#include "proxy/phrase.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

namespace elanus::proxy {

namespace {

using schema::ColumnView;
using schema::DataType;
using schema::FieldSchema;
using Op = FieldOp::Kind;

// Copies the elements [begin, end) of an array column.
void AppendElements(const ColumnView& array, size_t begin, size_t end,
                    schema::ColumnBuilder* builder) {
    if (end > begin) {
        builder->child().AppendFrom(array.children[0], begin, end);
    }
}

// The bytes of one element; equal elements have equal bytes.
std::string_view ElementBytes(const ColumnView& elements, size_t i) {
    const size_t width = schema::FixedWidth(elements.type, elements.dim);
    return width == 0 ? elements.StringAt(i)
                      : std::string_view(reinterpret_cast<const char*>(elements.values) + i * width,
                                         width);
}

// The old array and the given elements after it.
base::Status AppendArray(const FieldSchema& field, const ColumnView& old, size_t old_row,
                         const ColumnView& given, size_t row, schema::ColumnBuilder* builder) {
    const size_t elements = (old.offsets[old_row + 1] - old.offsets[old_row]) +
                            (given.offsets[row + 1] - given.offsets[row]);
    if (field.max_capacity() > 0 && elements > static_cast<size_t>(field.max_capacity())) {
        return Invalid("the length (", elements, ") of array field ", field.name,
                       " exceeds max capacity (", field.max_capacity(), ") after ARRAY_APPEND");
    }
    AppendElements(old, old.offsets[old_row], old.offsets[old_row + 1], builder);
    AppendElements(given, given.offsets[row], given.offsets[row + 1], builder);
    builder->CloseArrayRow();
    return base::Status();
}

// The old array without any element that is among the given ones.
void RemoveFromArray(const ColumnView& old, size_t old_row, const ColumnView& given, size_t row,
                     schema::ColumnBuilder* builder) {
    for (size_t i = old.offsets[old_row]; i < old.offsets[old_row + 1]; ++i) {
        bool keep = true;
        for (size_t j = given.offsets[row]; keep && j < given.offsets[row + 1]; ++j) {
            keep = ElementBytes(old.children[0], i) != ElementBytes(given.children[0], j);
        }
        if (keep) {
            AppendElements(old, i, i + 1, builder);
        }
    }
    builder->CloseArrayRow();
}

// The members of both objects; of a key in both the given value.
std::string MergeObjects(std::string_view old, std::string_view given) {
    std::map<std::string_view, std::string_view> members;
    for (const std::string_view object : {old, given}) {
        JsonMembers walk(object);
        JsonMembers::Member member;
        while (walk.Next(&member)) {
            members[member.key] = member.value;
        }
    }
    std::string merged = "{";
    for (const auto& [key, value] : members) {
        merged += Phrase(merged.size() > 1 ? "," : "", "\"", key, "\":", value);
    }
    return merged + "}";
}

// One field of all rows.
class FieldOverlay {
  public:
    FieldOverlay(const FieldSchema& field, Op op, const schema::Column* given,
                 const schema::Column* old)
        : field_(field),
          op_(op),
          filler_(schema::MakeDefaultColumn(field, 1)),
          builder_(BuilderFor(field)),
          given_(given) {
        if (given != nullptr) {
            given_view_ = given->View();
        }
        if (old != nullptr) {
            old_view_ = old->View();
        }
    }

    // `old_row` is negative for a key without a row.
    base::Status Add(size_t row, int64_t old_row) {
        if (old_row < 0) {
            return AddNew(row);
        }
        const auto from = static_cast<size_t>(old_row);
        if (given_ == nullptr) {
            builder_.AppendFrom(old_view_, from);
            return base::Status();
        }
        if (field_.is_dynamic && old_view_.IsValid(from)) {
            builder_.AppendBytes(MergeObjects(old_view_.StringAt(from), given_view_.StringAt(row)));
            return base::Status();
        }
        const bool both = old_view_.IsValid(from) && given_view_.IsValid(row);
        if (op_ == Op::kArrayAppend && both) {
            return AppendArray(field_, old_view_, from, given_view_, row, &builder_);
        }
        if (op_ == Op::kArrayRemove) {
            both ? RemoveFromArray(old_view_, from, given_view_, row, &builder_)
                 : builder_.AppendFrom(old_view_, from);
            return base::Status();
        }
        if (op_ == Op::kArrayAppend && !given_view_.IsValid(row)) {
            builder_.AppendFrom(old_view_, from);
            return base::Status();
        }
        builder_.AppendFrom(given_view_, row);
        return base::Status();
    }
    schema::Column Finish() { return builder_.Finish(); }

  private:
    base::Status AddNew(size_t row) {
        if (given_ != nullptr && op_ == Op::kArrayRemove && given_view_.IsValid(row)) {
            builder_.CloseArrayRow();  // nothing to remove from
        } else if (given_ != nullptr) {
            builder_.AppendFrom(given_view_, row);
        } else if (field_.is_dynamic) {
            builder_.AppendBytes("{}");
        } else if (field_.nullable || field_.has_default()) {
            builder_.AppendFrom(filler_.View(), 0);
        } else {
            return Invalid("fieldSchema(", field_.name,
                           ") has no corresponding fieldData pass in: a new row of a partial "
                           "update needs all required fields");
        }
        return base::Status();
    }

    const FieldSchema& field_;
    const Op op_;
    const schema::Column filler_;
    schema::ColumnBuilder builder_;
    const schema::Column* const given_;
    ColumnView given_view_;
    ColumnView old_view_;
};

Op OpOf(const std::vector<FieldOp>& ops, const FieldSchema& field) {
    for (const FieldOp& op : ops) {
        if (op.field == field.name) {
            return op.kind;
        }
    }
    return Op::kReplace;
}

}  // namespace

bool IsPartialUpdate(const InsertRequest& request) {
    return request.partial_update ||
           std::any_of(request.field_ops.begin(), request.field_ops.end(),
                       [](const FieldOp& op) { return op.kind != Op::kReplace; });
}

base::Status CheckFieldOps(const roles::CollectionInfo& collection, const InsertRequest& request) {
    for (size_t i = 0; i < request.field_ops.size(); ++i) {
        const FieldOp& op = request.field_ops[i];
        const FieldSchema* field = collection.schema.FindField(op.field);
        if (field == nullptr) {
            return Invalid("field_ops: fieldName ", op.field, " not exist in collection schema");
        }
        for (size_t j = 0; j < i; ++j) {
            if (request.field_ops[j].field == op.field) {
                return Invalid("field_ops: duplicated operation for field ", op.field);
            }
        }
        if (op.kind == Op::kReplace) {
            continue;
        }
        if (op.kind != Op::kArrayAppend && op.kind != Op::kArrayRemove) {
            return Invalid("field_ops: unknown operation for field ", op.field);
        }
        if (field->type != DataType::kArray) {
            return Invalid("field_ops: ARRAY_APPEND and ARRAY_REMOVE are for array fields, field ",
                           op.field, " is ", schema::DataTypeName(field->type));
        }
        const bool given =
            std::any_of(request.columns.begin(), request.columns.end(),
                        [&](const InputColumn& column) { return column.name == op.field; });
        if (!given) {
            return Invalid("field_ops: no data passed in for field ", op.field);
        }
    }
    return base::Status();
}

base::Result<schema::ColumnBatch> OverlayRows(const roles::CollectionInfo& collection,
                                              const std::vector<FieldOp>& ops,
                                              const schema::ColumnBatch& given,
                                              const schema::PrimaryKeys& old_keys,
                                              const schema::ColumnBatch& old) {
    const FieldSchema& key_field = *collection.schema.primary_key();
    const schema::PrimaryKeys keys = KeysOf(*given.Find(key_field.id));
    std::map<schema::PrimaryKey, int64_t> rows;
    for (size_t i = 0; i < old_keys.size(); ++i) {
        rows[old_keys.At(i)] = static_cast<int64_t>(i);
    }
    std::vector<int64_t> sources;
    for (size_t row = 0; row < given.rows; ++row) {
        const auto found = rows.find(keys.At(row));
        sources.push_back(found == rows.end() ? -1 : found->second);
    }
    schema::ColumnBatch whole;
    whole.rows = given.rows;
    for (const FieldSchema& field : collection.schema.fields) {
        if (field.is_function_output) {
            continue;  // made again of the whole row
        }
        FieldOverlay overlay(field, OpOf(ops, field), given.Find(field.id), old.Find(field.id));
        for (size_t row = 0; row < given.rows; ++row) {
            RETURN_IF_ERROR(overlay.Add(row, sources[row]));
        }
        whole.columns.push_back(overlay.Finish());
    }
    return whole;
}

}  // namespace elanus::proxy
