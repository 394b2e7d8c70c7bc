// Chunk: a run of rows of a growing segment, every column in the shared column layout (column.h),
// in buffers made for the chunk's capacity. Pages of a buffer cost memory only once rows touch
// them.
//
// The writer fills buffers past what readers may see. When a buffer must be replaced (variable
// bytes that outgrow it, the first null of a column), the writer fills a larger copy and publishes
// a new Chunk that shares all other buffers; readers of the old one keep the old buffer alive. So
// no append moves what a reader sees.
// Invariants:
//   INV-CHUNK-1  Bytes of published rows never change, except validity words, which the writer and
//                readers touch atomically (a word holds the bits of old and new rows).
//   INV-CHUNK-2  Every chunk but the last is full or closed; it is immutable.
// Threads: one writer; a published Chunk is read from anywhere, up to the published row count.
#pragma once

#include "base/ids.h"
#include "base/timestamp.h"
#include "schema/column.h"

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace elanus::segment {

// Bytes of fixed capacity, aligned for every kernel; not zeroed.
class Block {
  public:
    Block() = default;
    explicit Block(size_t capacity_bytes);

    uint8_t* data() const { return data_.get(); }
    size_t capacity_bytes() const { return capacity_bytes_; }
    bool empty() const { return data_ == nullptr; }
    template <typename T>
    T* As() const {
        return reinterpret_cast<T*>(data_.get());
    }
    // A larger block that starts with the first `used_bytes` of this one.
    Block Enlarged(size_t capacity_bytes, size_t used_bytes) const;

  private:
    std::shared_ptr<uint8_t> data_;
    size_t capacity_bytes_ = 0;
};

// One column of a chunk. `rows` and `row_capacity` are the writer's; a published copy carries stale
// ones, and readers are told the row count from outside.
struct ChunkColumn {
    base::FieldId field_id = 0;
    schema::DataType type = schema::DataType::kNone;
    schema::DataType element_type = schema::DataType::kNone;
    uint32_t dim = 0;
    size_t width = 0;  // bytes a value; 0 = stored with offsets
    size_t rows = 0;
    size_t row_capacity = 0;
    Block values;
    Block offsets;
    Block validity;  // empty = all valid
    Block norms;     // vectors of numbers at the top level: Euclidean length of each
    std::vector<ChunkColumn> children;

    // An empty column shaped like `like`.
    static ChunkColumn Like(base::FieldId field_id, const schema::ColumnView& like,
                            size_t row_capacity, bool with_norms);
    // Appends rows [begin, end). True when a buffer was replaced, so that readers need a new copy.
    bool Append(const schema::ColumnView& source, size_t begin, size_t end);
    // Bytes that its rows take, children included.
    size_t UsedBytes() const;
    // The first `visible_rows` rows. `scratch` keeps the copy of validity words alive that an open
    // chunk needs; null for an immutable chunk.
    schema::ColumnView View(size_t visible_rows, std::vector<std::vector<uint64_t>>* scratch) const;

  private:
    bool EnsureRows(size_t wanted);
    bool AppendVariable(const schema::ColumnView& source, size_t begin, size_t end);
    bool AppendArray(const schema::ColumnView& source, size_t begin, size_t end);
    bool AppendValidity(const schema::ColumnView& source, size_t begin, size_t end);
    void AppendNorms(size_t count);
};

struct Chunk {
    base::RowOffset first_row = 0;
    size_t row_capacity = 0;
    std::vector<ChunkColumn> columns;  // in the order of the segment's fields
    Block timestamps;                  // uint64 a row
};

// All chunks of a growing segment at one moment, ascending by first row. Chunk i is immutable
// unless it is the last.
using ChunkList = std::vector<std::shared_ptr<const Chunk>>;

// The chunk that holds `row`. The list is not empty and the row lies in it.
const Chunk& ChunkOf(const ChunkList& chunks, base::RowOffset row);

// Bytes rows [begin, end) take in a chunk.
size_t RunBytes(const schema::ColumnView& column, size_t begin, size_t end);

}  // namespace elanus::segment
