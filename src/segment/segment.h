// Segment: rows of one partition of one vchannel, readable at any moment of the retention window.
// GrowingSegment takes appends; SealedSegment is a mapped file with indexes beside it. Both answer
// the same questions, so that the read path does not care which it has.
//
// Row numbers: a row keeps its number when a growing segment is sealed under the same segment id,
// so (segment id, row) is an address that outlives the swap.
// Visibility at time T: insert timestamp <= T, and no delete with timestamp <= T. A delete with
// timestamp D hits rows inserted strictly before D, so the two halves of an upsert share one
// timestamp.
// Threads: all reads from any thread, concurrent with one writer (appends and deletes are
// serialised by the channel's queue). No reader blocks the writer.
#pragma once

#include "base/bitmap.h"
#include "base/call_context.h"
#include "base/ids.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "expr/plan.h"
#include "schema/collection_schema.h"
#include "schema/column.h"
#include "schema/primary_key.h"
#include "segment/read_counters.h"
#include "sys/clock.h"
#include "vindex/bm25.h"
#include "vindex/index.h"
#include "vindex/row_iterator.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace elanus::segment {

// What every read carries.
struct ReadOptions {
    base::Timestamp timestamp = base::kMaxTimestamp;  // the one moment this read sees
    const expr::Plan* filter = nullptr;               // null = all rows
    const base::Bitmap* among = nullptr;         // the filter looks at no other rows; null = at all
    const base::CallContext* context = nullptr;  // deadline and cancellation, never null
    sys::Clock* clock = nullptr;                 // never null
    base::Timestamp expired_ts = 0;              // rows inserted up to here are not seen
    // Fields that the segment may be older than; null = none.
    const std::vector<schema::FieldSchema>* known_fields = nullptr;
    // The functions that make some of those; null = none.
    const std::vector<schema::FunctionSchema>* known_functions = nullptr;
    // Where a read of one segment writes what it did; null when nobody asked.
    SegmentProfile* profile = nullptr;
};

struct VectorQuery {
    base::FieldId field_id = 0;
    // Of vectors in a struct array: the array, and which of its sub-fields `field_id` is. Queries
    // that are vectors find elements of the array; queries that are lists of vectors find rows.
    base::FieldId struct_id = 0;  // 0 = a field of the collection
    uint32_t sub_field = 0;
    const expr::ElementMatch* elements = nullptr;  // only these elements may be hits; null = all
    vindex::Metric metric = vindex::Metric::kL2;
    schema::ColumnView queries;  // one vector (or list) a query, of the field's type; none is null
    uint32_t k = 0;
    std::map<std::string, std::string> params;  // index search parameters, checked by the proxy
    std::optional<float> radius;
    std::optional<float> range_filter;
    bool exact = false;                  // compares every matching row with the queries
    const base::Bitmap* rows = nullptr;  // only these rows count; null = all

    uint32_t nq() const { return static_cast<uint32_t>(queries.rows); }
    bool by_list() const { return queries.type == schema::DataType::kArrayOfVector; }
    bool by_element() const { return struct_id != 0 && !by_list(); }
    // Of a query's vectors.
    const schema::ColumnView& vectors() const { return by_list() ? queries.children[0] : queries; }
    // The bytes of query `q`; of a list those of all its vectors.
    std::string_view Vector(uint32_t q) const {
        if (by_list()) {
            const schema::ColumnView& all = queries.children[0];
            const size_t width = schema::FixedWidth(all.type, all.dim);
            const auto* bytes = reinterpret_cast<const char*>(all.values);
            return {bytes + queries.offsets[q] * width,
                    (queries.offsets[q + 1] - queries.offsets[q]) * width};
        }
        const size_t width = schema::FixedWidth(queries.type, queries.dim);
        return width == 0 ? queries.StringAt(q)
                          : std::string_view(
                                reinterpret_cast<const char*>(queries.values) + q * width, width);
    }
};

// Hits of one query, best first; equal scores by row number, then by element.
struct QueryHits {
    std::vector<base::RowOffset> rows;
    std::vector<float> scores;
    std::vector<uint32_t> elements;  // of hits that are elements: their places in the row's array
};

class Segment {
  public:
    virtual ~Segment() = default;

    virtual base::SegmentId id() const = 0;
    virtual base::PartitionId partition_id() const = 0;
    virtual bool sealed() const = 0;
    // Rows appended so far, deleted ones included.
    virtual size_t rows() const = 0;
    // Rows visible at `timestamp`.
    virtual size_t LiveRows(base::Timestamp timestamp) const = 0;
    virtual size_t memory_bytes() const = 0;

    // hits->at(q) holds at most k rows (or elements) for each of the nq queries. k visible matching
    // ones are always found when they exist (INV-VINDEX-1). A row whose vector is null, or whose
    // list has no vector, matches nothing.
    // Errors: kCanceled, kTimeout, kUnsupportedOperation for queries of another type or dimension
    // than the field or a metric that the type does not have, or what the filter's evaluation says.
    virtual base::Status Search(const VectorQuery& query, const ReadOptions& options,
                                std::vector<QueryHits>* hits, ReadCounters* counters) const = 0;
    // The rows that Search() would find with k unlimited, from near to far, by an index that need
    // not look at all of them for the first; null when there is none. The query is one vector, `k`
    // and `rows` are not looked at. The iterator keeps what it needs alive; of the segment's later
    // indexes and deletes it knows nothing. Scores are the index's.
    virtual base::Result<std::unique_ptr<vindex::RowIterator>> NewRowIterator(
        const VectorQuery& query, const ReadOptions& options, ReadCounters* counters) const {
        (void)query, (void)options, (void)counters;
        return std::unique_ptr<vindex::RowIterator>();
    }
    // Adds the segment's part of the statistics of terms of a BM25 field (vindex/bm25.h). All rows
    // count, whether they are visible or not. Errors: kCanceled, kTimeout.
    virtual base::Status AddTermStatistics(base::FieldId field_id, std::span<const uint32_t> terms,
                                           const ReadOptions& options,
                                           vindex::TermStatistics* out) const = 0;
    // Visible rows that match, as a bitmap over [0, rows at that moment).
    virtual base::Result<base::Bitmap> Match(const ReadOptions& options,
                                             ReadCounters* counters) const = 0;
    // How many rows Match() would give.
    virtual base::Result<size_t> CountMatches(const ReadOptions& options,
                                              ReadCounters* counters) const = 0;
    // The matching rows with the smallest primary keys, ascending by key, at most `limit`.
    virtual base::Result<std::vector<base::RowOffset>> SelectByKey(
        const ReadOptions& options, size_t limit, ReadCounters* counters) const = 0;
    // Columns of the given rows, in the order given. A field this segment has never seen (added
    // later) yields its default or null. Rows must be < rows().
    virtual base::Result<schema::ColumnBatch> Fetch(
        const std::vector<base::RowOffset>& rows,
        const std::vector<schema::FieldSchema>& fields) const = 0;
    virtual schema::PrimaryKeys KeysOf(const std::vector<base::RowOffset>& rows) const = 0;
    // Rows (any visibility) that hold the key.
    virtual std::vector<base::RowOffset> FindKey(const schema::PrimaryKey& key) const = 0;
};

// A run of deletes to apply: rows[i] is deleted at timestamps[i].
struct DeleteRun {
    std::vector<base::RowOffset> rows;
    std::vector<base::Timestamp> timestamps;

    template <typename A>
    void Visit(A& a) {
        a(rows, timestamps);
    }
};

}  // namespace elanus::segment
