// SegmentMerge: sealed segments of one partition become new ones that hold their kept rows.
//
// Rows follow each other as in the inputs (which come in the order of their inserts), or in the
// order of a field's values. The outputs share the rows evenly. A field that an input has never
// seen is written with its default or null, one that the schema no longer has is left behind.
// Memory: 8 bytes for each kept row and 4 for each input row, one block of one column at a time,
// and the key order of the segment being written; column values stream from mapping to sink.
// Threads: one at a time.
#pragma once

#include "base/bitmap.h"
#include "codec/sink.h"
#include "segment/sealed_segment.h"
#include "segment/segment_file.h"

#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace elanus::segment {

// Input number << 32 | row there: where a row of an output comes from.
using RowOrigin = uint64_t;
constexpr RowOrigin MakeOrigin(size_t input, base::RowOffset row) {
    return (static_cast<uint64_t>(input) << 32) | row;
}
constexpr size_t OriginInput(RowOrigin origin) {
    return static_cast<size_t>(origin >> 32);
}
constexpr base::RowOffset OriginRow(RowOrigin origin) {
    return static_cast<base::RowOffset>(origin);
}

struct MergeInput {
    std::shared_ptr<const SealedSegment> segment;
    base::Bitmap kept;  // one bit a row
};

class SegmentMerge {
  public:
    // `order_field` 0: rows keep the order of the inputs. kUnsupportedOperation for a field whose
    // type has no order.
    static base::Result<SegmentMerge> Make(std::shared_ptr<const schema::CollectionSchema> schema,
                                           std::vector<MergeInput> inputs,
                                           base::FieldId order_field);

    size_t rows() const { return order_.size(); }
    // The rows of output `i` of `count`, in order.
    std::span<const RowOrigin> Origins(size_t i, size_t count) const;
    // Writes the data file of one output. `interrupt` ends it early with its failure.
    base::Status Write(base::SegmentId id, base::PartitionId partition_id,
                       std::span<const RowOrigin> origins, codec::Sink& sink,
                       const std::function<base::Status()>& interrupt) const;

  private:
    SegmentMerge(std::shared_ptr<const schema::CollectionSchema> schema,
                 std::vector<MergeInput> inputs)
        : schema_(std::move(schema)), inputs_(std::move(inputs)) {}
    base::Status OrderBy(base::FieldId field_id);
    void VisitKeys(std::span<const RowOrigin> origins, const KeyVisitor& visitor) const;

    std::shared_ptr<const schema::CollectionSchema> schema_;
    std::vector<MergeInput> inputs_;
    std::vector<RowOrigin> order_;
};

}  // namespace elanus::segment
