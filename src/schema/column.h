// Column: values of one field for a run of rows, immutable, in the layout that everything shares:
// requests, log records, growing chunks, sealed files and replies.
//
// Layout by type (little-endian):
//   Bool                      values: one byte a row (0 or 1)
//   Int8..Int64, Float,       values: fixed width, naturally aligned
//   Double, Timestamptz       (Timestamptz: int64 microseconds)
//   VarChar, Text, JSON,      offsets: rows + 1 uint32, values: the bytes; JSON text is UTF-8,
//   Geometry, SparseFloat     geometry is WKB, a sparse vector is (uint32 index, float value) pairs
//   Dense vectors             values: rows * FixedWidth(type, dim) bytes
//   Array                     offsets: rows + 1 uint32 into child[0], which holds the elements
//   ArrayOfVector             the same with child[0] a dense vector column
//   ArrayOfStruct             offsets are shared by all children (one per sub-field)
// A null row keeps its slot (zero value, empty run) and has its bit in `validity` unset.
// Invariants:
//   INV-COLUMN-1  offsets start at 0, never fall, and end at the size of what they index.
//   INV-COLUMN-2  validity is empty (all valid) or has exactly `rows` bits.
// Threads: values; the bytes are immutable.
#pragma once

#include "base/bitmap.h"
#include "base/buffer.h"
#include "base/ids.h"
#include "base/status.h"
#include "schema/data_type.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace elanus::schema {

// Borrowed pointers to a column's parts: what scans and kernels read. Growing chunks and mapped
// files make these without building a Column.
struct ColumnView {
    DataType type = DataType::kNone;
    DataType element_type = DataType::kNone;
    uint32_t dim = 0;
    size_t rows = 0;
    const uint8_t* values = nullptr;
    const uint32_t* offsets = nullptr;   // rows + 1 entries, types with offsets only
    const uint64_t* validity = nullptr;  // null = all rows valid
    std::vector<ColumnView> children;    // arrays only

    bool IsValid(size_t row) const {
        return validity == nullptr || ((validity[row >> 6] >> (row & 63)) & 1);
    }
    template <typename T>
    const T* As() const {
        return reinterpret_cast<const T*>(values);
    }
    std::string_view StringAt(size_t row) const {
        return {reinterpret_cast<const char*>(values) + offsets[row],
                offsets[row + 1] - offsets[row]};
    }
};

struct Column {
    base::FieldId field_id = 0;
    DataType type = DataType::kNone;
    DataType element_type = DataType::kNone;
    uint32_t dim = 0;
    uint64_t rows = 0;
    base::Buffer values;
    base::Buffer offsets;   // uint32
    base::Bitmap validity;  // empty = all valid
    std::vector<Column> children;

    bool IsValid(size_t row) const { return validity.empty() || validity.Test(row); }
    ColumnView View() const;
    // Bytes the column holds, children included.
    size_t ByteSize() const;
    // Sizes, offsets and alignment agree with the type; run on every column from outside.
    base::Status Verify() const;

    template <typename A>
    void Visit(A& a) {
        a(field_id, type, element_type, dim, rows, values, offsets, validity, children);
    }
};

// Appends values one by one or in runs and hands out a Column. Also how rows are gathered.
class ColumnBuilder {
  public:
    ColumnBuilder(base::FieldId field_id, DataType type, DataType element_type = DataType::kNone,
                  uint32_t dim = 0);

    size_t rows() const { return rows_; }
    void AppendNull();
    void AppendBool(bool value);
    void AppendInt(int64_t value);             // any integer type, Timestamptz
    void AppendFloating(double value);         // Float, Double
    void AppendBytes(std::string_view value);  // variable bytes, or one whole dense vector
    // Arrays: append the elements to child(i), then close the row.
    ColumnBuilder& child(size_t i = 0) { return children_[i]; }
    void AddChild(ColumnBuilder child) { children_.push_back(std::move(child)); }
    void CloseArrayRow();
    // Copies rows [begin, end) or single rows out of another column of the same type.
    void AppendFrom(const ColumnView& source, size_t begin, size_t end);
    void AppendFrom(const ColumnView& source, size_t row) { AppendFrom(source, row, row + 1); }

    Column Finish();

  private:
    void MarkValid(bool valid);

    base::FieldId field_id_;
    DataType type_;
    DataType element_type_;
    uint32_t dim_;
    size_t width_;  // 0 for types with offsets
    size_t rows_ = 0;
    std::vector<uint8_t> values_;
    std::vector<uint32_t> offsets_;
    base::Bitmap validity_;
    std::vector<ColumnBuilder> children_;
};

// A column of `rows` rows that all hold the field's default value, or null when it has none.

Column MakeDefaultColumn(const struct FieldSchema& field, size_t rows);

// Columns of equal length, one a field.
struct ColumnBatch {
    uint64_t rows = 0;
    std::vector<Column> columns;

    const Column* Find(base::FieldId field_id) const;
    size_t ByteSize() const;
    base::Status Verify() const;

    template <typename A>
    void Visit(A& a) {
        a(rows, columns);
    }
};

// Picks rows (in the order given) of every column.
ColumnBatch Gather(const ColumnBatch& batch, const std::vector<uint32_t>& rows);
// One batch after the other; the batches have the same fields.
base::Result<ColumnBatch> Concatenate(const std::vector<ColumnBatch>& batches);

}  // namespace elanus::schema
