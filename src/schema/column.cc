#include "schema/column.h"

#include "schema/collection_schema.h"

#include <string>

namespace elanus::schema {

namespace {

bool IsArrayLike(DataType type) {
    return type == DataType::kArray || type == DataType::kArrayOfVector ||
           type == DataType::kArrayOfStruct;
}

bool HasOffsets(DataType type) {
    return IsVariableBytes(type) || IsArrayLike(type);
}

// The largest alignment that reading the values of `type` needs.
size_t Alignment(DataType type) {
    switch (type) {
        case DataType::kFloatVector:
            return 4;
        case DataType::kFloat16Vector:
        case DataType::kBFloat16Vector:
            return 2;
        default:
            return IsVector(type) || HasOffsets(type) ? 1 : FixedWidth(type, 0);
    }
}

base::Status Damaged(const Column& column, std::string_view problem) {
    return base::InvalidParameter("column of field " + std::to_string(column.field_id) + " (" +
                                  std::string(DataTypeName(column.type)) +
                                  "): " + std::string(problem));
}

bool IsAligned(const base::Buffer& buffer, size_t alignment) {
    return reinterpret_cast<uintptr_t>(buffer.data()) % alignment == 0;
}

base::Status VerifyFixed(const Column& column) {
    const size_t width = FixedWidth(column.type, column.dim);
    if (width == 0) {
        return Damaged(column, "unknown type or dimension");
    }
    if (column.values.size() % width != 0 || column.values.size() / width != column.rows) {
        return Damaged(column, "values do not match the number of rows");
    }
    if (!IsAligned(column.values, Alignment(column.type))) {
        return Damaged(column, "values are not aligned");
    }
    if (column.type == DataType::kBool) {
        for (const uint8_t value : column.values.As<uint8_t>()) {
            if (value > 1) {
                return Damaged(column, "a Bool value is neither 0 nor 1");
            }
        }
    }
    return base::Status();
}

base::Status VerifyOffsets(const Column& column, uint64_t target_size) {
    // An empty list is refused first: rows + 1 could wrap to it.
    if (column.offsets.empty() || column.offsets.size() / sizeof(uint32_t) != column.rows + 1 ||
        column.offsets.size() % sizeof(uint32_t) != 0 ||
        !IsAligned(column.offsets, sizeof(uint32_t))) {
        return Damaged(column, "offsets do not match the number of rows");
    }
    const auto offsets = column.offsets.As<uint32_t>();
    if (offsets.front() != 0 || offsets.back() != target_size) {
        return Damaged(column, "offsets do not span the values");
    }
    uint32_t before = 0;
    bool falls = false;
    for (const uint32_t offset : offsets) {
        falls |= offset < before;
        before = offset;
    }
    return falls ? Damaged(column, "offsets fall") : base::Status();
}

base::Status VerifyArray(const Column& column) {
    const bool is_struct = column.type == DataType::kArrayOfStruct;
    if (column.children.empty() || (!is_struct && column.children.size() != 1)) {
        return Damaged(column, "wrong number of children");
    }
    for (const Column& child : column.children) {
        if (IsArrayLike(child.type) || child.type == DataType::kNone) {
            return Damaged(column, "children of an unsupported type");
        }
        if (!is_struct && child.type != column.element_type) {
            return Damaged(column, "the child's type is not the element type");
        }
        if (child.rows != column.children[0].rows) {
            return Damaged(column, "children of different lengths");
        }
        RETURN_IF_ERROR(child.Verify());
    }
    return VerifyOffsets(column, column.children[0].rows);
}

}  // namespace

ColumnView Column::View() const {
    ColumnView view;
    view.type = type;
    view.element_type = element_type;
    view.dim = dim;
    view.rows = rows;
    view.values = values.data();
    view.offsets = offsets.empty() ? nullptr : offsets.As<uint32_t>().data();
    view.validity = validity.empty() ? nullptr : validity.words().data();
    for (const Column& child : children) {
        view.children.push_back(child.View());
    }
    return view;
}

size_t Column::ByteSize() const {
    size_t bytes = values.size() + offsets.size() + validity.words().size_bytes();
    for (const Column& child : children) {
        bytes += child.ByteSize();
    }
    return bytes;
}

base::Status Column::Verify() const {
    if (!validity.empty() && validity.size() != rows) {
        return Damaged(*this, "validity does not match the number of rows");
    }
    if (IsArrayLike(type)) {
        return VerifyArray(*this);
    }
    if (!children.empty()) {
        return Damaged(*this, "children of a type that has none");
    }
    return IsVariableBytes(type) ? VerifyOffsets(*this, values.size()) : VerifyFixed(*this);
}

ColumnBuilder::ColumnBuilder(base::FieldId field_id, DataType type, DataType element_type,
                             uint32_t dim)
    : field_id_(field_id),
      type_(type),
      element_type_(element_type),
      dim_(dim),
      width_(FixedWidth(type, dim)) {
    if (HasOffsets(type)) {
        offsets_.push_back(0);
    }
    if (type == DataType::kArray || type == DataType::kArrayOfVector) {
        children_.emplace_back(field_id, element_type, DataType::kNone,
                               type == DataType::kArray ? 0 : dim);
    }
}

void ColumnBuilder::MarkValid(bool valid) {
    if (!valid && validity_.empty()) {
        validity_ = base::Bitmap(rows_, true);
        if (rows_ == 0) {
            validity_.Resize(1, false);
            rows_ = 1;
            return;
        }
    }
    ++rows_;
    if (!validity_.empty()) {
        validity_.Resize(rows_, valid);
    }
}

void ColumnBuilder::AppendNull() {
    if (HasOffsets(type_)) {
        offsets_.push_back(offsets_.back());
    } else {
        values_.resize(values_.size() + width_);
    }
    MarkValid(false);
}

void ColumnBuilder::AppendBool(bool value) {
    values_.push_back(value ? 1 : 0);
    MarkValid(true);
}

void ColumnBuilder::AppendInt(int64_t value) {
    // Little-endian: the low bytes come first, whatever the width.
    const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
    values_.insert(values_.end(), bytes, bytes + width_);
    MarkValid(true);
}

void ColumnBuilder::AppendFloating(double value) {
    if (type_ == DataType::kFloat) {
        const auto narrow = static_cast<float>(value);
        const auto* bytes = reinterpret_cast<const uint8_t*>(&narrow);
        values_.insert(values_.end(), bytes, bytes + sizeof narrow);
    } else {
        const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
        values_.insert(values_.end(), bytes, bytes + sizeof value);
    }
    MarkValid(true);
}

void ColumnBuilder::AppendBytes(std::string_view value) {
    values_.insert(values_.end(), value.begin(), value.end());
    if (HasOffsets(type_)) {
        CHECK(values_.size() <= UINT32_MAX, "a column outgrew its 32-bit offsets");
        offsets_.push_back(static_cast<uint32_t>(values_.size()));
    } else {
        CHECK(value.size() == width_, "a vector of the wrong size");
    }
    MarkValid(true);
}

void ColumnBuilder::CloseArrayRow() {
    CHECK(children_[0].rows() <= UINT32_MAX, "a column outgrew its 32-bit offsets");
    offsets_.push_back(static_cast<uint32_t>(children_[0].rows()));
    MarkValid(true);
}

void ColumnBuilder::AppendFrom(const ColumnView& source, size_t begin, size_t end) {
    if (begin == end) {
        return;
    }
    if (HasOffsets(type_)) {
        const uint32_t first = source.offsets[begin];
        const uint32_t last = source.offsets[end];
        const uint64_t base = offsets_.back();
        CHECK(base + (last - first) <= UINT32_MAX, "a column outgrew its 32-bit offsets");
        for (size_t row = begin; row < end; ++row) {
            offsets_.push_back(static_cast<uint32_t>(base + (source.offsets[row + 1] - first)));
        }
        if (children_.empty()) {
            values_.insert(values_.end(), source.values + first, source.values + last);
        }
        for (size_t i = 0; i < children_.size(); ++i) {
            children_[i].AppendFrom(source.children[i], first, last);
        }
    } else {
        values_.insert(values_.end(), source.values + begin * width_, source.values + end * width_);
    }
    if (source.validity == nullptr && validity_.empty()) {
        rows_ += end - begin;
        return;
    }
    for (size_t row = begin; row < end; ++row) {
        MarkValid(source.IsValid(row));
    }
}

Column ColumnBuilder::Finish() {
    Column column;
    column.field_id = field_id_;
    column.type = type_;
    column.element_type = element_type_;
    column.dim = dim_;
    column.rows = rows_;
    column.values = base::Buffer::FromVector(std::move(values_));
    column.offsets = base::Buffer::FromVector(std::move(offsets_));
    column.validity = std::move(validity_);
    for (ColumnBuilder& child : children_) {
        column.children.push_back(child.Finish());
    }
    return column;
}

namespace {

void AppendDefault(const FieldSchema& field, ColumnBuilder* builder) {
    const DefaultValue& value = field.default_value;
    if (const bool* boolean = std::get_if<bool>(&value)) {
        builder->AppendBool(*boolean);
    } else if (const int64_t* integer = std::get_if<int64_t>(&value)) {
        IsFloating(field.type) ? builder->AppendFloating(static_cast<double>(*integer))
                               : builder->AppendInt(*integer);
    } else if (const float* narrow = std::get_if<float>(&value)) {
        builder->AppendFloating(*narrow);
    } else if (const double* wide = std::get_if<double>(&value)) {
        builder->AppendFloating(*wide);
    } else if (const std::string* bytes = std::get_if<std::string>(&value)) {
        builder->AppendBytes(*bytes);
    } else {
        builder->AppendNull();
    }
}

}  // namespace

Column MakeDefaultColumn(const FieldSchema& field, size_t rows) {
    ColumnBuilder builder(field.id, field.type, field.element_type,
                          static_cast<uint32_t>(field.dim()));
    for (const FieldSchema& sub_field : field.sub_fields) {
        builder.AddChild(ColumnBuilder(sub_field.id, sub_field.element_type, DataType::kNone,
                                       static_cast<uint32_t>(sub_field.dim())));
    }
    for (size_t row = 0; row < rows; ++row) {
        AppendDefault(field, &builder);
    }
    return builder.Finish();
}

const Column* ColumnBatch::Find(base::FieldId field_id) const {
    for (const Column& column : columns) {
        if (column.field_id == field_id) {
            return &column;
        }
    }
    return nullptr;
}

size_t ColumnBatch::ByteSize() const {
    size_t bytes = 0;
    for (const Column& column : columns) {
        bytes += column.ByteSize();
    }
    return bytes;
}

base::Status ColumnBatch::Verify() const {
    for (const Column& column : columns) {
        if (column.rows != rows) {
            return Damaged(column, "the batch has another number of rows");
        }
        RETURN_IF_ERROR(column.Verify());
    }
    return base::Status();
}

namespace {

ColumnBuilder BuilderLike(const Column& column) {
    ColumnBuilder builder(column.field_id, column.type, column.element_type, column.dim);
    if (column.type == DataType::kArrayOfStruct) {
        for (const Column& child : column.children) {
            builder.AddChild(BuilderLike(child));
        }
    }
    return builder;
}

// Copies rows with as few bulk copies as their order allows.
void AppendRows(const ColumnView& source, const std::vector<uint32_t>& rows,
                ColumnBuilder* builder) {
    size_t i = 0;
    while (i < rows.size()) {
        size_t run = 1;
        while (i + run < rows.size() && rows[i + run] == rows[i] + run) {
            ++run;
        }
        builder->AppendFrom(source, rows[i], rows[i] + run);
        i += run;
    }
}

}  // namespace

ColumnBatch Gather(const ColumnBatch& batch, const std::vector<uint32_t>& rows) {
    ColumnBatch result;
    result.rows = rows.size();
    for (const Column& column : batch.columns) {
        ColumnBuilder builder = BuilderLike(column);
        AppendRows(column.View(), rows, &builder);
        result.columns.push_back(builder.Finish());
    }
    return result;
}

namespace {

bool SameShape(const Column& a, const Column& b) {
    if (a.field_id != b.field_id || a.type != b.type || a.element_type != b.element_type ||
        a.dim != b.dim || a.children.size() != b.children.size()) {
        return false;
    }
    for (size_t i = 0; i < a.children.size(); ++i) {
        if (!SameShape(a.children[i], b.children[i])) {
            return false;
        }
    }
    return true;
}

}  // namespace

base::Result<ColumnBatch> Concatenate(const std::vector<ColumnBatch>& batches) {
    ColumnBatch result;
    if (batches.empty()) {
        return result;
    }
    std::vector<ColumnBuilder> builders;
    for (const Column& column : batches[0].columns) {
        builders.push_back(BuilderLike(column));
    }
    for (const ColumnBatch& batch : batches) {
        if (batch.columns.size() != builders.size()) {
            return base::InvalidParameter("batches with different fields");
        }
        for (size_t i = 0; i < builders.size(); ++i) {
            if (!SameShape(batch.columns[i], batches[0].columns[i])) {
                return base::InvalidParameter("batches with different fields");
            }
            builders[i].AppendFrom(batch.columns[i].View(), 0, batch.rows);
        }
        result.rows += batch.rows;
    }
    for (ColumnBuilder& builder : builders) {
        result.columns.push_back(builder.Finish());
    }
    return result;
}

}  // namespace elanus::schema
