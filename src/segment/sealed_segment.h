// SealedSegment: an immutable, mapped data file with its delete list and the indexes that have been
// built for it. Columns are used in place; opening checks what reads rely on
// (segment_file.h).
//
// Threads: reads from anywhere; ApplyDeletes from one thread at a time; AttachIndex any time
// (readers see the old or the new set).
#pragma once

#include "scalar_index/index.h"
#include "segment/delete_list.h"
#include "segment/key_index.h"
#include "segment/segment.h"

#include <memory>
#include <span>

namespace elanus::segment {

class SealedSegment : public Segment {
  public:
    // `data_file` is a mapped segment file. kDataCorruption names the section when bytes are bad.
    static base::Result<std::unique_ptr<SealedSegment>> Open(
        base::SegmentId id, base::PartitionId partition_id,
        std::shared_ptr<const schema::CollectionSchema> schema, base::Buffer data_file);
    ~SealedSegment() override;

    void ApplyDeletes(const DeleteRun& run);
    void AttachIndex(base::FieldId field_id, base::IndexId index_id,
                     std::shared_ptr<const vindex::Index> index);
    void AttachScalarIndex(base::IndexId index_id,
                           std::shared_ptr<const scalar_index::Index> index);
    void DetachIndex(base::IndexId index_id);
    bool HasIndex(base::IndexId index_id) const;
    const DeleteList& deletes() const;
    base::Timestamp min_timestamp() const;
    base::Timestamp max_timestamp() const;
    // A whole column, used to build indexes: of the file, or made by a function of the segment's
    // schema; of a sub-field of a struct array all its elements. kFieldNotFound when there is none.
    base::Result<schema::ColumnView> WholeColumn(base::FieldId field_id) const;
    // Of a sub-field of a struct array: where the elements of each row begin, and the end of all.
    base::Result<std::span<const uint32_t>> ElementOffsets(base::FieldId field_id) const;
    // Lengths of its vectors, one a row; null when they are not kept.
    const float* WholeNorms(base::FieldId field_id) const;
    std::span<const base::Timestamp> timestamps() const;
    const KeyIndex& keys() const;
    // Reads every byte and compares checksums (`elanus check`).
    base::Status VerifyAll() const;

    base::SegmentId id() const override;
    base::PartitionId partition_id() const override;
    bool sealed() const override { return true; }
    size_t rows() const override;
    size_t LiveRows(base::Timestamp timestamp) const override;
    size_t memory_bytes() const override;
    base::Status Search(const VectorQuery& query, const ReadOptions& options,
                        std::vector<QueryHits>* hits, ReadCounters* counters) const override;
    base::Result<std::unique_ptr<vindex::RowIterator>> NewRowIterator(
        const VectorQuery& query, const ReadOptions& options,
        ReadCounters* counters) const override;
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
    SealedSegment();
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace elanus::segment
