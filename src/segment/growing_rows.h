// GrowingRows: the row store of a growing segment: chunks, the published row count, and the map
// from primary key to rows. GrowingView is one read's look at it.
//
// Publication: the writer fills rows behind the published count, publishes the chunk list if a
// buffer is new, enters the keys, and then stores the count with release order. A reader loads the
// count (acquire) before the chunk list, so its list holds every row it may see.
// Threads: Append from one thread; views may be made and used anywhere (each view by one read).
#pragma once

#include "base/mutex.h"
#include "schema/collection_schema.h"
#include "segment/chunk.h"
#include "segment/key_map.h"
#include "segment/row_source.h"

#include <atomic>
#include <memory>
#include <vector>

namespace elanus::segment {

class GrowingRows {
  public:
    explicit GrowingRows(std::shared_ptr<const schema::CollectionSchema> schema);

    const schema::CollectionSchema& schema() const { return *schema_; }
    const schema::FieldSchema& key_field() const { return *key_field_; }

    // All rows become visible at once, at the end.
    base::RowOffset Append(const schema::ColumnBatch& batch, base::Timestamp timestamp);

    size_t rows() const { return published_rows_.load(std::memory_order_acquire); }
    base::Timestamp min_timestamp() const { return min_timestamp_.load(std::memory_order_relaxed); }
    base::Timestamp max_timestamp() const { return max_timestamp_.load(std::memory_order_relaxed); }
    size_t memory_bytes() const;
    std::shared_ptr<const ChunkList> chunks() const;
    // Rows of each key that the key map knows, published or not; of string keys those whose hash is
    // equal.
    std::vector<base::RowOffset> FindCandidates(const schema::PrimaryKeys& keys) const;
    // The place of a field among a chunk's columns; -1 when there is none.
    int ColumnIndex(base::FieldId field_id) const;

  private:
    void OpenChunk(const std::vector<schema::ColumnView>& columns);
    size_t RowsThatFit(const std::vector<schema::ColumnView>& columns, size_t begin,
                       size_t end) const;
    void AppendPiece(const std::vector<schema::ColumnView>& columns, size_t begin, size_t end,
                     base::Timestamp timestamp);
    void PublishChunk();
    void InsertKeys(const schema::ColumnView& keys, base::RowOffset first_row);
    size_t WorkingBytes() const;

    const std::shared_ptr<const schema::CollectionSchema> schema_;
    const schema::FieldSchema* const key_field_;

    // The writer's own: the open chunk with its row counts, and the size of the closed ones.
    Chunk working_;
    size_t working_rows_ = 0;
    bool working_is_published_ = false;
    size_t closed_bytes_ = 0;
    size_t rows_ = 0;

    std::atomic<size_t> published_rows_{0};
    std::atomic<base::Timestamp> min_timestamp_{0};
    std::atomic<base::Timestamp> max_timestamp_{0};
    std::atomic<size_t> data_bytes_{0};

    mutable base::Mutex list_mutex_;
    std::shared_ptr<const ChunkList> chunks_ GUARDED_BY(list_mutex_);
    mutable base::Mutex key_mutex_;
    KeyMap key_map_ GUARDED_BY(key_mutex_);
};

class GrowingView : public RowSource {
  public:
    explicit GrowingView(const GrowingRows& store);

    size_t rows() const override { return rows_; }
    const std::vector<RowRun>& runs() const override { return runs_; }
    const schema::ColumnView* Column(size_t run, base::FieldId field_id) const override;
    const schema::FieldSchema* Field(base::FieldId field_id) const override {
        return store_.schema().FindField(field_id);
    }
    const float* Norms(size_t run, base::FieldId field_id) const override;
    const ColumnMeta* Statistics(base::FieldId) const override { return nullptr; }
    bool timestamps_ascend() const override { return true; }
    base::Timestamp max_timestamp() const override;
    std::vector<base::RowOffset> FindKeys(const schema::PrimaryKeys& keys) const override;

  private:
    const GrowingRows& store_;
    const size_t rows_;
    const std::shared_ptr<const ChunkList> chunks_;
    std::vector<RowRun> runs_;
    // Made on first use, by column: a view for each run; and the validity words they copied.
    mutable std::vector<std::vector<schema::ColumnView>> views_;
    mutable std::vector<std::vector<uint64_t>> scratch_;
};

}  // namespace elanus::segment
