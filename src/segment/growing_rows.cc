#include "segment/growing_rows.h"

#include "base/check.h"
#include "base/hash.h"

#include <algorithm>

namespace elanus::segment {

namespace {

// The first chunk is small, so that a thousand collections of a few rows cost little; later ones
// grow to a size at which per-chunk work vanishes.
constexpr size_t kFirstChunkRows = 256;
constexpr size_t kChunkRowsMax = 8192;
constexpr size_t kChunkRowsMin = 64;  // also the granule: validity words are never shared by chunks
constexpr size_t kChunkFixedBytesMax = 32 << 20;
// Keeps a chunk's 32-bit offsets far from their limit: one more row is at most one request.
constexpr size_t kChunkBytesMax = 256 << 20;

uint64_t MapKey(std::string_view key) {
    return base::Hash64(key);
}

}  // namespace

GrowingRows::GrowingRows(std::shared_ptr<const schema::CollectionSchema> schema)
    : schema_(std::move(schema)), key_field_(schema_->primary_key()) {
    CHECK(key_field_ != nullptr, "a schema without a primary key");
}

int GrowingRows::ColumnIndex(base::FieldId field_id) const {
    for (size_t i = 0; i < schema_->fields.size(); ++i) {
        if (schema_->fields[i].id == field_id) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

base::RowOffset GrowingRows::Append(const schema::ColumnBatch& batch, base::Timestamp timestamp) {
    CHECK(rows_ == 0 || timestamp >= max_timestamp(), "timestamps of a segment never fall");
    CHECK(rows_ + batch.rows < UINT32_MAX, "a segment with more rows than row numbers");
    const auto first_row = static_cast<base::RowOffset>(rows_);
    if (batch.rows == 0) {
        return first_row;
    }
    std::vector<schema::Column> defaults;  // keep the filled columns alive
    defaults.reserve(schema_->fields.size());
    std::vector<schema::ColumnView> columns;
    columns.reserve(schema_->fields.size());
    for (const schema::FieldSchema& field : schema_->fields) {
        const schema::Column* column = batch.Find(field.id);
        if (column == nullptr) {
            defaults.push_back(schema::MakeDefaultColumn(field, batch.rows));
            column = &defaults.back();
        }
        CHECK(column->rows == batch.rows, "a column of another length than its batch");
        columns.push_back(column->View());
    }
    for (size_t begin = 0; begin < batch.rows;) {
        const size_t count = RowsThatFit(columns, begin, batch.rows);
        if (count == 0) {
            OpenChunk(columns);
            continue;
        }
        AppendPiece(columns, begin, begin + count, timestamp);
        begin += count;
    }
    InsertKeys(columns[static_cast<size_t>(ColumnIndex(key_field_->id))], first_row);
    if (first_row == 0) {
        min_timestamp_.store(timestamp, std::memory_order_relaxed);
    }
    max_timestamp_.store(timestamp, std::memory_order_relaxed);
    data_bytes_.store(closed_bytes_ + WorkingBytes(), std::memory_order_relaxed);
    published_rows_.store(rows_, std::memory_order_release);
    return first_row;
}

void GrowingRows::OpenChunk(const std::vector<schema::ColumnView>& columns) {
    closed_bytes_ += WorkingBytes();
    size_t row_bytes = sizeof(base::Timestamp);
    for (const schema::ColumnView& column : columns) {
        const size_t width = schema::FixedWidth(column.type, column.dim);
        row_bytes += width > 0 ? width : sizeof(uint32_t);
    }
    size_t capacity = working_.row_capacity == 0
                          ? kFirstChunkRows
                          : std::min(kChunkRowsMax, 4 * working_.row_capacity);
    capacity = std::min(capacity, kChunkFixedBytesMax / row_bytes) / kChunkRowsMin * kChunkRowsMin;
    capacity = std::max(capacity, kChunkRowsMin);

    Chunk chunk;
    chunk.first_row = static_cast<base::RowOffset>(rows_);
    chunk.row_capacity = capacity;
    chunk.timestamps = Block(capacity * sizeof(base::Timestamp));
    for (size_t i = 0; i < columns.size(); ++i) {
        chunk.columns.push_back(
            ChunkColumn::Like(schema_->fields[i].id, columns[i], capacity, true));
    }
    working_ = std::move(chunk);
    working_rows_ = 0;
    working_is_published_ = false;
}

size_t GrowingRows::RowsThatFit(const std::vector<schema::ColumnView>& columns, size_t begin,
                                size_t end) const {
    size_t count = std::min(end - begin, working_.row_capacity - working_rows_);
    const size_t used = WorkingBytes();
    while (count > 0) {
        size_t bytes = 0;
        for (const schema::ColumnView& column : columns) {
            bytes += RunBytes(column, begin, begin + count);
        }
        if (used + bytes <= kChunkBytesMax || (working_rows_ == 0 && count == 1)) {
            return count;
        }
        count /= 2;
    }
    return 0;
}

void GrowingRows::AppendPiece(const std::vector<schema::ColumnView>& columns, size_t begin,
                              size_t end, base::Timestamp timestamp) {
    bool replaced = !working_is_published_;
    for (size_t i = 0; i < columns.size(); ++i) {
        replaced |= working_.columns[i].Append(columns[i], begin, end);
    }
    auto* timestamps = working_.timestamps.As<base::Timestamp>() + working_rows_;
    std::fill(timestamps, timestamps + (end - begin), timestamp);
    working_rows_ += end - begin;
    rows_ += end - begin;
    if (replaced) {
        PublishChunk();
    }
}

void GrowingRows::PublishChunk() {
    const std::shared_ptr<const ChunkList> before = chunks();
    auto after =
        before == nullptr ? std::make_shared<ChunkList>() : std::make_shared<ChunkList>(*before);
    auto chunk = std::make_shared<const Chunk>(working_);
    if (working_is_published_) {
        after->back() = std::move(chunk);
    } else {
        after->push_back(std::move(chunk));
    }
    working_is_published_ = true;
    base::MutexLock lock(list_mutex_);
    chunks_ = std::move(after);
}

void GrowingRows::InsertKeys(const schema::ColumnView& keys, base::RowOffset first_row) {
    base::MutexLock lock(key_mutex_);
    for (size_t row = 0; row < keys.rows; ++row) {
        const uint64_t key = schema::IsStringLike(keys.type)
                                 ? MapKey(keys.StringAt(row))
                                 : static_cast<uint64_t>(keys.As<int64_t>()[row]);
        key_map_.Insert(key, first_row + static_cast<base::RowOffset>(row));
    }
}

size_t GrowingRows::WorkingBytes() const {
    size_t bytes = working_rows_ * sizeof(base::Timestamp);
    for (const ChunkColumn& column : working_.columns) {
        bytes += column.UsedBytes();
    }
    return bytes;
}

size_t GrowingRows::memory_bytes() const {
    base::MutexLock lock(key_mutex_);
    return data_bytes_.load(std::memory_order_relaxed) + key_map_.memory_bytes();
}

std::shared_ptr<const ChunkList> GrowingRows::chunks() const {
    base::MutexLock lock(list_mutex_);
    return chunks_;
}

std::vector<base::RowOffset> GrowingRows::FindCandidates(const schema::PrimaryKeys& keys) const {
    std::vector<base::RowOffset> rows;
    if (keys.is_string != schema::IsStringLike(key_field_->type)) {
        return rows;
    }
    base::MutexLock lock(key_mutex_);
    for (const int64_t key : keys.ints) {
        key_map_.Find(static_cast<uint64_t>(key), &rows);
    }
    for (const std::string& key : keys.strings) {
        key_map_.Find(MapKey(key), &rows);
    }
    return rows;
}

GrowingView::GrowingView(const GrowingRows& store)
    : store_(store), rows_(store.rows()), chunks_(store.chunks()) {
    if (chunks_ == nullptr) {
        return;
    }
    runs_.reserve(chunks_->size());
    for (size_t i = 0; i < chunks_->size() && (*chunks_)[i]->first_row < rows_; ++i) {
        const Chunk& chunk = *(*chunks_)[i];
        const size_t end =
            i + 1 < chunks_->size() ? std::min<size_t>(rows_, (*chunks_)[i + 1]->first_row) : rows_;
        runs_.push_back(
            {chunk.first_row, end - chunk.first_row, chunk.timestamps.As<base::Timestamp>()});
    }
}

const schema::ColumnView* GrowingView::Column(size_t run, base::FieldId field_id) const {
    const int index = store_.ColumnIndex(field_id);
    if (index < 0) {
        return nullptr;
    }
    const auto column = static_cast<size_t>(index);
    views_.resize(store_.schema().fields.size());
    std::vector<schema::ColumnView>& views = views_[column];
    if (views.empty()) {
        views.reserve(runs_.size());
        for (size_t i = 0; i < runs_.size(); ++i) {
            const bool open = i + 1 == chunks_->size();
            views.push_back(
                (*chunks_)[i]->columns[column].View(runs_[i].rows, open ? &scratch_ : nullptr));
        }
    }
    return &views[run];
}

const float* GrowingView::Norms(size_t run, base::FieldId field_id) const {
    const int index = store_.ColumnIndex(field_id);
    if (index < 0) {
        return nullptr;
    }
    return (*chunks_)[run]->columns[static_cast<size_t>(index)].norms.As<float>();
}

base::Timestamp GrowingView::max_timestamp() const {
    return runs_.empty() ? 0 : runs_.back().timestamps[runs_.back().rows - 1];
}

std::vector<base::RowOffset> GrowingView::FindKeys(const schema::PrimaryKeys& keys) const {
    std::vector<base::RowOffset> rows = store_.FindCandidates(keys);
    std::erase_if(rows, [&](base::RowOffset row) { return row >= rows_; });
    if (!keys.is_string || rows.empty()) {
        return rows;
    }
    // Two keys of one hash both name the rows of each other.
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    std::vector<std::string_view> wanted(keys.strings.begin(), keys.strings.end());
    std::sort(wanted.begin(), wanted.end());
    std::erase_if(rows, [&](base::RowOffset row) {
        const size_t run = RunOf(runs_, row);
        const schema::ColumnView& column = *Column(run, store_.key_field().id);
        return !std::binary_search(wanted.begin(), wanted.end(),
                                   column.StringAt(row - runs_[run].first_row));
    });
    return rows;
}

}  // namespace elanus::segment
