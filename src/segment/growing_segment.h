// GrowingSegment: rows in memory, appended in place to chunks, searchable at once.
//
// Layout: growing_rows.h and chunk.h. A published row count (release/acquire) tells readers how far
// they may read, and an append never moves what a reader sees.
// Invariants:
//   INV-GROW-1  Row timestamps never fall from one row to the next.
//   INV-GROW-2  After Seal() no row is appended; deletes still arrive.
// Threads: Append, Delete and Seal from the channel's queue only; reads from anywhere.
#pragma once

#include "codec/envelope.h"
#include "segment/delete_list.h"
#include "segment/segment.h"

#include <memory>

namespace elanus::segment {

class GrowingSegment : public Segment {
  public:
    GrowingSegment(base::SegmentId id, base::PartitionId partition_id,
                   std::shared_ptr<const schema::CollectionSchema> schema);
    ~GrowingSegment() override;

    // Appends all rows of the batch with one timestamp. The batch was verified against the schema;
    // a schema field it lacks is filled with default or null. Returns the first row number.
    base::RowOffset Append(const schema::ColumnBatch& batch, base::Timestamp timestamp);
    // Deletes the rows of these keys inserted before `timestamp`; returns how many it hit.
    size_t Delete(const schema::PrimaryKeys& keys, base::Timestamp timestamp);
    void ApplyDeletes(const DeleteRun& run);
    // Rows of these keys with their insert timestamps, deleted ones too.
    std::vector<std::pair<base::RowOffset, base::Timestamp>> FindRows(
        const schema::PrimaryKeys& keys) const;
    void Seal();
    // Writes the sealed form (docs/formats/segment.md) of all rows. After Seal() only.
    base::Status WriteTo(codec::Sink& sink) const;

    const DeleteList& deletes() const;
    base::Timestamp min_timestamp() const;  // of inserts; 0 while empty
    base::Timestamp max_timestamp() const;

    base::SegmentId id() const override;
    base::PartitionId partition_id() const override;
    bool sealed() const override { return false; }
    size_t rows() const override;
    size_t LiveRows(base::Timestamp timestamp) const override;
    size_t memory_bytes() const override;
    base::Status Search(const VectorQuery& query, const ReadOptions& options,
                        std::vector<QueryHits>* hits, ReadCounters* counters) const override;
    base::Status AddTermStatistics(base::FieldId field_id, std::span<const uint32_t> terms,
                                   const ReadOptions& options,
                                   vindex::TermStatistics* out) const override;
    base::Result<base::Bitmap> Match(const ReadOptions& options,
                                     ReadCounters* counters) const override;
    base::Result<size_t> CountMatches(const ReadOptions& options,
                                      ReadCounters* counters) const override;
    base::Result<std::vector<base::RowOffset>> SelectByKey(const ReadOptions& options, size_t limit,
                                                           ReadCounters* counters) const override;
    base::Result<schema::ColumnBatch> Fetch(
        const std::vector<base::RowOffset>& rows,
        const std::vector<schema::FieldSchema>& fields) const override;
    schema::PrimaryKeys KeysOf(const std::vector<base::RowOffset>& rows) const override;
    std::vector<base::RowOffset> FindKey(const schema::PrimaryKey& key) const override;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace elanus::segment
