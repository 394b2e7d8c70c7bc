#include "scalar_index/build.h"

#include "base/utf8.h"
#include "expr/text_number.h"
#include "json/json.h"
#include "scalar_index/box_tree.h"
#include "scalar_index/build_shape.h"
#include "scalar_index/fixed_entries.h"
#include "scalar_index/json_terms.h"
#include "scalar_index/layout.h"
#include "scalar_index/pause.h"
#include "scalar_index/row_lists.h"
#include "scalar_index/term_entries.h"

#include <optional>
#include <type_traits>

namespace elanus::scalar_index {

namespace {

using base::Bitmap;
using base::Status;
using schema::ColumnView;
using schema::DataType;
using ScalarKind = json::Scalar::Kind;

// The column must be what the field says: an index of anything else would be read out of bounds.
Status CheckColumn(const BuildSpec& spec, const BuildInput& input) {
    const ColumnView& column = input.column;
    constexpr uint64_t kRowsMax = uint64_t{1} << 31;
    const DataType type = spec.field.type;
    const bool has_offsets = schema::IsVariableBytes(type) || type == DataType::kArray;
    const bool is_array = type == DataType::kArray;
    if (column.type != type || column.rows < input.rows || input.rows >= kRowsMax ||
        (has_offsets && input.rows > 0 && column.offsets == nullptr) ||
        (is_array &&
         (column.children.size() != 1 || column.children[0].type != spec.field.element_type))) {
        return base::Internal("the column to be indexed does not fit its field");
    }
    return Status();
}

// Gives the keys of a column, row by row.
class KeyCollector {
  public:
    KeyCollector(const BuildShape& shape, const BuildInput& input, Pause& pause)
        : shape_(shape), input_(input), pause_(pause), odd_(input.rows), exists_(input.rows) {}

    // Rows whose keys are not all known.
    const Bitmap& odd() const { return odd_; }
    // Rows with a value at the JSON path.
    const Bitmap& exists() const { return exists_; }

    template <typename T>
    Status Collect(FixedEntries<T>* entries) {
        switch (shape_.subject) {
            case Subject::kColumn:
                entries->Reserve(input_.rows);
                return ForRows([&](size_t row) {
                    entries->Add(input_.column.As<T>()[row], static_cast<uint32_t>(row));
                });
            case Subject::kArray:
                return ForElements([&](uint32_t row, const ColumnView& elements, size_t i) {
                    entries->Add(elements.As<T>()[i], row);
                });
            default:
                return ForJson([&](uint32_t row, const json::Scalar& value) {
                    if constexpr (std::is_same_v<T, double>) {
                        if (const auto number = NumberOf(value)) {
                            entries->Add(*number, row);
                        }
                    } else if (value.kind == ScalarKind::kBool) {
                        entries->Add(static_cast<T>(value.boolean), row);
                    }
                });
        }
    }

    Status Collect(TermEntries* entries) {
        switch (shape_.subject) {
            case Subject::kColumn:
                return ForRows([&](size_t row) {
                    AddText(input_.column.StringAt(row), static_cast<uint32_t>(row), entries);
                });
            case Subject::kArray:
                return ForElements([&](uint32_t row, const ColumnView& elements, size_t i) {
                    AddText(elements.StringAt(i), row, entries);
                });
            case Subject::kJsonTree:
                return CollectTree(entries);
            default:
                return ForJson([&](uint32_t row, const json::Scalar& value) {
                    if (value.kind == ScalarKind::kString) {
                        AddText(value.text, row, entries);
                    }
                });
        }
    }

  private:
    template <typename Visit>
    Status ForRows(Visit visit) {
        for (size_t row = 0; row < input_.rows; ++row) {
            RETURN_IF_ERROR(pause_.After(1));
            if (input_.column.IsValid(row)) {
                visit(row);
            }
        }
        return Status();
    }

    std::optional<double> NumberOf(const json::Scalar& value) const {
        if (shape_.text_numbers && value.kind == ScalarKind::kString) {
            return expr::TextNumber(value.text);
        }
        return value.is_number() ? std::optional(value.AsDouble()) : std::nullopt;
    }

    template <typename Visit>
    Status ForElements(Visit visit) {
        const ColumnView& column = input_.column;
        return ForRows([&](size_t row) {
            for (size_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i) {
                visit(static_cast<uint32_t>(row), column.children[0], i);
            }
        });
    }

    // The value at the path, or the elements of the array there.
    template <typename Visit>
    Status ForJson(Visit visit) {
        const json::Path path(shape_.path);
        std::string scratch;
        return ForRows([&](size_t row) {
            const auto number = static_cast<uint32_t>(row);
            const json::Scalar value = json::Find(input_.column.StringAt(row), path, &scratch);
            if (value.kind != ScalarKind::kMissing && value.kind != ScalarKind::kNull) {
                exists_.Set(row);
            }
            if (shape_.subject == Subject::kJsonValue) {
                visit(number, value);
            } else if (value.kind == ScalarKind::kArray) {
                json::ArrayCursor cursor(value.text);
                json::Scalar element;
                while (cursor.Next(&element)) {
                    visit(number, element);
                }
            }
        });
    }

    Status CollectTree(TermEntries* entries) {
        const json::Path root(shape_.path);
        JsonWalker walker;
        uint32_t number = 0;
        const JsonWalker::Visit add = [&](std::string_view term) { entries->Add(term, number); };
        return ForRows([&](size_t row) {
            number = static_cast<uint32_t>(row);
            if (!walker.Walk(input_.column.StringAt(row), root, add)) {
                odd_.Set(row);
            }
        });
    }

    void AddText(std::string_view text, uint32_t row, TermEntries* entries) {
        if (shape_.grams.max == 0) {
            return entries->Add(text, row);
        }
        if (!base::IsValidUtf8(text)) {
            return odd_.Set(row);
        }
        ForEachGram(text, shape_.grams, &gram_starts_,
                    [&](std::string_view gram) { entries->Add(gram, row); });
    }

    const BuildShape& shape_;
    const BuildInput& input_;
    Pause& pause_;
    Bitmap odd_;
    Bitmap exists_;
    std::vector<uint32_t> gram_starts_;
};

ListLayout LayoutFor(Kind kind, uint64_t keys, uint64_t entries) {
    switch (kind) {
        case Kind::kSorted:
            return ListLayout::kFlat;
        case Kind::kBitmap:
            return ListLayout::kPacked;
        default:
            return ChooseLayout(keys, entries);
    }
}

template <typename Entries>
Status WriteKeyIndex(const BuildShape& shape, const BuildInput& input, Pause& pause,
                     codec::EnvelopeWriter& writer, Meta* meta) {
    Entries entries;
    KeyCollector collector(shape, input, pause);
    RETURN_IF_ERROR(collector.Collect(&entries));
    RETURN_IF_ERROR(entries.Sort(pause));
    const Kind kind = KindFor(shape, entries.keys());
    const ListLayout layout = LayoutFor(kind, entries.keys(), entries.entries());
    meta->kind = static_cast<uint32_t>(kind);
    meta->layout = static_cast<uint32_t>(layout);
    meta->keys = entries.keys();
    meta->entries = entries.entries();
    meta->odd_rows = collector.odd().Count();
    entries.WriteKeys(writer);
    RETURN_IF_ERROR(pause.Check());
    RETURN_IF_ERROR(WriteRowLists(entries, layout, input.rows, writer, &meta->list_rows_max));
    const bool is_path =
        shape.subject == Subject::kJsonValue || shape.subject == Subject::kJsonArray;
    if (is_path || shape.subject == Subject::kJsonTree) {
        writer.AddSection(kPathSection, json::Path(shape.path).ToPointer());
    }
    if (is_path) {
        writer.AddArray<uint64_t>(kExistsSection, collector.exists().words());
    }
    if (meta->odd_rows > 0) {
        writer.AddArray<uint64_t>(kOddRowsSection, collector.odd().words());
    }
    return Status();
}

Status WriteKeys(const BuildShape& shape, const BuildInput& input, Pause& pause,
                 codec::EnvelopeWriter& writer, Meta* meta) {
    switch (shape.key_type) {
        case KeyType::kInt8:
            return WriteKeyIndex<FixedEntries<int8_t>>(shape, input, pause, writer, meta);
        case KeyType::kInt16:
            return WriteKeyIndex<FixedEntries<int16_t>>(shape, input, pause, writer, meta);
        case KeyType::kInt32:
            return WriteKeyIndex<FixedEntries<int32_t>>(shape, input, pause, writer, meta);
        case KeyType::kInt64:
            return WriteKeyIndex<FixedEntries<int64_t>>(shape, input, pause, writer, meta);
        case KeyType::kFloat:
            return WriteKeyIndex<FixedEntries<float>>(shape, input, pause, writer, meta);
        case KeyType::kDouble:
            return WriteKeyIndex<FixedEntries<double>>(shape, input, pause, writer, meta);
        default:
            return WriteKeyIndex<TermEntries>(shape, input, pause, writer, meta);
    }
}

}  // namespace

base::Result<BuildReport> BuildIndex(const BuildSpec& spec, const BuildInput& input,
                                     codec::Sink& sink) {
    ASSIGN_OR_RETURN(const BuildShape shape, ShapeOf(spec));
    RETURN_IF_ERROR(CheckColumn(spec, input));
    Pause pause(input.interrupt);
    RETURN_IF_ERROR(pause.Check());
    codec::EnvelopeWriter writer(sink, kScalarFormat, kScalarVersion);
    Meta meta{};
    meta.subject = static_cast<uint32_t>(shape.subject);
    meta.key_type = static_cast<uint32_t>(shape.key_type);
    meta.rows = input.rows;
    meta.field_id = spec.field.id;
    meta.data_type = static_cast<uint32_t>(spec.field.type);
    meta.element_type = static_cast<uint32_t>(spec.field.element_type);
    meta.gram_min = shape.grams.min;
    meta.gram_max = shape.grams.max;
    meta.flags = shape.text_numbers ? kFlagTextNumbers : 0;
    if (shape.kind == Kind::kBoxTree) {
        meta.kind = static_cast<uint32_t>(Kind::kBoxTree);
        ColumnView column = input.column;
        column.rows = input.rows;
        RETURN_IF_ERROR(WriteBoxTree(column, pause, writer, &meta));
    } else {
        RETURN_IF_ERROR(WriteKeys(shape, input, pause, writer, &meta));
    }
    writer.AddArray<Meta>(kMetaSection, {&meta, 1});
    RETURN_IF_ERROR(writer.Finish());
    return BuildReport{static_cast<Kind>(meta.kind), input.rows};
}

}  // namespace elanus::scalar_index
