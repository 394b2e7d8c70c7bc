#include "segment/chunk.h"

#include "base/check.h"
#include "vindex/vectors.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

namespace elanus::segment {

namespace {

constexpr size_t kBlockAlignment = 64;
constexpr size_t kFirstVariableBytes = 256;

size_t WordsFor(size_t bits) {
    return (bits + 63) / 64;
}

// Validity words are shared by published and unpublished rows (INV-CHUNK-1).
uint64_t LoadWord(const uint64_t* word) {
    return std::atomic_ref<uint64_t>(*const_cast<uint64_t*>(word)).load(std::memory_order_relaxed);
}

bool HasLength(schema::DataType type) {
    return schema::IsDenseVector(type) && type != schema::DataType::kBinaryVector;
}

void ClearBit(uint64_t* words, size_t bit) {
    std::atomic_ref<uint64_t> word(words[bit >> 6]);
    word.store(word.load(std::memory_order_relaxed) & ~(uint64_t{1} << (bit & 63)),
               std::memory_order_relaxed);
}

}  // namespace

Block::Block(size_t capacity_bytes) : capacity_bytes_(capacity_bytes) {
    void* data =
        ::operator new(std::max<size_t>(capacity_bytes, 1), std::align_val_t{kBlockAlignment});
    data_ = std::shared_ptr<uint8_t>(static_cast<uint8_t*>(data), [](uint8_t* bytes) {
        ::operator delete(bytes, std::align_val_t{kBlockAlignment});
    });
}

Block Block::Enlarged(size_t capacity_bytes, size_t used_bytes) const {
    Block larger(capacity_bytes);
    if (used_bytes > 0) {
        std::memcpy(larger.data(), data(), used_bytes);
    }
    return larger;
}

ChunkColumn ChunkColumn::Like(base::FieldId field_id, const schema::ColumnView& like,
                              size_t row_capacity, bool with_norms) {
    ChunkColumn column;
    column.field_id = field_id;
    column.type = like.type;
    column.element_type = like.element_type;
    column.dim = like.dim;
    column.width = schema::FixedWidth(like.type, like.dim);
    column.row_capacity = row_capacity;
    if (column.width > 0) {
        column.values = Block(row_capacity * column.width);
    } else {
        column.offsets = Block((row_capacity + 1) * sizeof(uint32_t));
        column.offsets.As<uint32_t>()[0] = 0;
    }
    if (with_norms && HasLength(like.type)) {
        column.norms = Block(row_capacity * sizeof(float));
    }
    for (const schema::ColumnView& child : like.children) {
        column.children.push_back(Like(0, child, 0, false));
    }
    return column;
}

bool ChunkColumn::EnsureRows(size_t wanted) {
    if (wanted <= row_capacity) {
        return false;
    }
    const size_t capacity = std::max<size_t>({wanted, 2 * row_capacity, 64});
    if (width > 0) {
        values = values.Enlarged(capacity * width, rows * width);
    } else {
        offsets =
            offsets.Enlarged((capacity + 1) * sizeof(uint32_t), (rows + 1) * sizeof(uint32_t));
    }
    if (!validity.empty()) {
        const size_t old_bytes = WordsFor(row_capacity) * sizeof(uint64_t);
        validity = validity.Enlarged(WordsFor(capacity) * sizeof(uint64_t), old_bytes);
        std::memset(validity.data() + old_bytes, 0xff, validity.capacity_bytes() - old_bytes);
    }
    row_capacity = capacity;
    return true;
}

bool ChunkColumn::Append(const schema::ColumnView& source, size_t begin, size_t end) {
    CHECK(source.type == type && schema::FixedWidth(source.type, source.dim) == width &&
              source.children.size() == children.size(),
          "a column of another shape than its field");
    const size_t count = end - begin;
    if (count == 0) {
        return false;
    }
    bool replaced = EnsureRows(rows + count);
    if (width > 0) {
        std::memcpy(values.data() + rows * width, source.values + begin * width, count * width);
        AppendNorms(count);
    } else if (children.empty()) {
        replaced |= AppendVariable(source, begin, end);
    } else {
        replaced |= AppendArray(source, begin, end);
    }
    replaced |= AppendValidity(source, begin, end);
    rows += count;
    return replaced;
}

bool ChunkColumn::AppendVariable(const schema::ColumnView& source, size_t begin, size_t end) {
    auto* ends = offsets.As<uint32_t>() + rows;
    const uint32_t used = ends[0];
    const uint32_t source_start = source.offsets[begin];
    const uint32_t added = source.offsets[end] - source_start;
    bool replaced = false;
    if (size_t{used} + added > values.capacity_bytes()) {
        const size_t capacity = std::max<size_t>(
            {size_t{used} + added, 2 * values.capacity_bytes(), kFirstVariableBytes});
        values = values.Enlarged(capacity, used);
        replaced = true;
    }
    if (added > 0) {
        std::memcpy(values.data() + used, source.values + source_start, added);
    }
    for (size_t row = begin; row < end; ++row) {
        ends[row - begin + 1] = used + (source.offsets[row + 1] - source_start);
    }
    return replaced;
}

bool ChunkColumn::AppendArray(const schema::ColumnView& source, size_t begin, size_t end) {
    auto* ends = offsets.As<uint32_t>() + rows;
    const uint32_t used = ends[0];
    const uint32_t source_start = source.offsets[begin];
    bool replaced = false;
    for (size_t i = 0; i < children.size(); ++i) {
        replaced |= children[i].Append(source.children[i], source_start, source.offsets[end]);
    }
    for (size_t row = begin; row < end; ++row) {
        ends[row - begin + 1] = used + (source.offsets[row + 1] - source_start);
    }
    return replaced;
}

bool ChunkColumn::AppendValidity(const schema::ColumnView& source, size_t begin, size_t end) {
    if (source.validity == nullptr) {
        return false;
    }
    bool replaced = false;
    for (size_t row = begin; row < end; ++row) {
        if (source.IsValid(row)) {
            continue;
        }
        if (validity.empty()) {
            validity = Block(WordsFor(row_capacity) * sizeof(uint64_t));
            std::memset(validity.data(), 0xff, validity.capacity_bytes());
            replaced = true;
        }
        ClearBit(validity.As<uint64_t>(), rows + row - begin);
    }
    return replaced;
}

void ChunkColumn::AppendNorms(size_t count) {
    if (norms.empty()) {
        return;
    }
    for (size_t row = rows; row < rows + count; ++row) {
        norms.As<float>()[row] = vindex::LengthOf(static_cast<vindex::VectorType>(type),
                                                  values.data() + row * width, dim);
    }
}

size_t ChunkColumn::UsedBytes() const {
    size_t bytes = rows * width;
    if (width == 0) {
        bytes += (rows + 1) * sizeof(uint32_t);
        bytes += children.empty() ? offsets.As<uint32_t>()[rows] : 0;
    }
    bytes += norms.empty() ? 0 : rows * sizeof(float);
    bytes += validity.empty() ? 0 : WordsFor(rows) * sizeof(uint64_t);
    for (const ChunkColumn& child : children) {
        bytes += child.UsedBytes();
    }
    return bytes;
}

schema::ColumnView ChunkColumn::View(size_t visible_rows,
                                     std::vector<std::vector<uint64_t>>* scratch) const {
    schema::ColumnView view;
    view.type = type;
    view.element_type = element_type;
    view.dim = dim;
    view.rows = visible_rows;
    view.values = values.data();
    view.offsets = offsets.As<uint32_t>();
    view.validity = validity.As<uint64_t>();
    if (!validity.empty() && scratch != nullptr) {
        std::vector<uint64_t>& words = scratch->emplace_back(WordsFor(visible_rows) + 1);
        for (size_t i = 0; i + 1 < words.size(); ++i) {
            words[i] = LoadWord(validity.As<uint64_t>() + i);
        }
        view.validity = words.data();
    }
    for (const ChunkColumn& child : children) {
        view.children.push_back(child.View(view.offsets[visible_rows], scratch));
    }
    return view;
}

const Chunk& ChunkOf(const ChunkList& chunks, base::RowOffset row) {
    const auto next = std::upper_bound(
        chunks.begin(), chunks.end(), row,
        [](base::RowOffset wanted, const auto& chunk) { return wanted < chunk->first_row; });
    CHECK(next != chunks.begin(), "a row before the first chunk");
    return **std::prev(next);
}

size_t RunBytes(const schema::ColumnView& column, size_t begin, size_t end) {
    const size_t width = schema::FixedWidth(column.type, column.dim);
    if (width > 0) {
        return (end - begin) * width;
    }
    size_t bytes = (end - begin) * sizeof(uint32_t);
    if (column.children.empty()) {
        return bytes + (column.offsets[end] - column.offsets[begin]);
    }
    for (const schema::ColumnView& child : column.children) {
        bytes += RunBytes(child, column.offsets[begin], column.offsets[end]);
    }
    return bytes;
}

}  // namespace elanus::segment
