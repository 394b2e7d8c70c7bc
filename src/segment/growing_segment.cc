#include "segment/growing_segment.h"

#include "base/check.h"
#include "segment/coded_columns.h"
#include "segment/derived_rows.h"
#include "segment/flat_search.h"
#include "segment/growing_rows.h"
#include "segment/row_reader.h"
#include "segment/scan_guard.h"
#include "segment/segment_file.h"
#include "segment/struct_search.h"
#include "segment/term_counts.h"
#include "sys/stopwatch.h"

#include <algorithm>
#include <atomic>
#include <optional>

namespace elanus::segment {

class GrowingSegment::Impl {
  public:
    Impl(base::SegmentId segment_id, base::PartitionId segment_partition,
         std::shared_ptr<const schema::CollectionSchema> schema)
        : id(segment_id), partition_id(segment_partition), rows(std::move(schema)) {}

    const base::SegmentId id;
    const base::PartitionId partition_id;
    GrowingRows rows;
    DeleteList deletes;
    DerivedColumns derived;
    TermCounts terms;
    CodedColumns codes;
    std::atomic<bool> closed{false};
};

GrowingSegment::GrowingSegment(base::SegmentId id, base::PartitionId partition_id,
                               std::shared_ptr<const schema::CollectionSchema> schema)
    : impl_(std::make_unique<Impl>(id, partition_id, std::move(schema))) {}

GrowingSegment::~GrowingSegment() = default;

base::RowOffset GrowingSegment::Append(const schema::ColumnBatch& batch,
                                       base::Timestamp timestamp) {
    CHECK(!impl_->closed.load(std::memory_order_relaxed), "an append after Seal");
    return impl_->rows.Append(batch, timestamp);
}

size_t GrowingSegment::Delete(const schema::PrimaryKeys& keys, base::Timestamp timestamp) {
    const GrowingView view(impl_->rows);
    DeleteRun run;
    run.rows = view.FindKeys(keys);
    run.timestamps.assign(run.rows.size(), timestamp);
    return impl_->deletes.Apply(EffectiveDeletes(view, std::move(run)));
}

void GrowingSegment::ApplyDeletes(const DeleteRun& run) {
    impl_->deletes.Apply(EffectiveDeletes(GrowingView(impl_->rows), run));
}

std::vector<std::pair<base::RowOffset, base::Timestamp>> GrowingSegment::FindRows(
    const schema::PrimaryKeys& keys) const {
    const GrowingView view(impl_->rows);
    std::vector<std::pair<base::RowOffset, base::Timestamp>> found;
    for (const base::RowOffset row : view.FindKeys(keys)) {
        found.emplace_back(row, TimestampOf(view, row));
    }
    return found;
}

void GrowingSegment::Seal() {
    impl_->closed.store(true, std::memory_order_release);
}

base::Status GrowingSegment::WriteTo(codec::Sink& sink) const {
    CHECK(impl_->closed.load(std::memory_order_acquire), "only a closed segment is written");
    const GrowingView view(impl_->rows);
    const schema::CollectionSchema& schema = impl_->rows.schema();
    SegmentContent content;
    content.segment_id = impl_->id;
    content.partition_id = impl_->partition_id;
    content.key_field_id = impl_->rows.key_field().id;
    content.visit_timestamps = [&](const TimestampVisitor& visitor) {
        for (const RowRun& run : view.runs()) {
            visitor({run.timestamps, run.rows});
        }
    };
    std::vector<schema::Column> shapes;  // of an empty segment
    shapes.reserve(schema.fields.size());
    for (const schema::FieldSchema& field : schema.fields) {
        ColumnPieces column;
        column.field_id = field.id;
        if (view.runs().empty()) {
            shapes.push_back(schema::MakeDefaultColumn(field, 0));
            column.shape = shapes.back().View();
        } else {
            column.shape = *view.Column(0, field.id);
            column.has_norms = view.Norms(0, field.id) != nullptr;
        }
        column.token_analyzer = TokenAnalyzer(field);
        column.visit = [&view, id = field.id](const PieceVisitor& visitor) {
            for (size_t run = 0; run < view.runs().size(); ++run) {
                visitor(*view.Column(run, id), view.Norms(run, id));
            }
        };
        content.columns.push_back(std::move(column));
    }
    return WriteSegmentFile(content, sink);
}

const DeleteList& GrowingSegment::deletes() const {
    return impl_->deletes;
}

base::Timestamp GrowingSegment::min_timestamp() const {
    return impl_->rows.min_timestamp();
}

base::Timestamp GrowingSegment::max_timestamp() const {
    return impl_->rows.max_timestamp();
}

base::SegmentId GrowingSegment::id() const {
    return impl_->id;
}

base::PartitionId GrowingSegment::partition_id() const {
    return impl_->partition_id;
}

size_t GrowingSegment::rows() const {
    return impl_->rows.rows();
}

size_t GrowingSegment::LiveRows(base::Timestamp timestamp) const {
    // Deletes first: those counted are of rows that the view, made later, has.
    const size_t deleted = impl_->deletes.CountAt(timestamp);
    return CountInsertedBy(GrowingView(impl_->rows), timestamp) - deleted;
}

size_t GrowingSegment::memory_bytes() const {
    return impl_->rows.memory_bytes() + impl_->deletes.memory_bytes() + impl_->codes.memory_bytes();
}

base::Status GrowingSegment::Search(const VectorQuery& query, const ReadOptions& options,
                                    std::vector<QueryHits>* hits, ReadCounters* counters) const {
    const GrowingView view(impl_->rows);
    ++counters->segments;
    ASSIGN_OR_RETURN(RowSet set, SelectRows(view, impl_->deletes, impl_->rows.key_field().id,
                                            options, counters));
    if (query.struct_id != 0) {
        return SearchStructs(view, std::move(set), query, nullptr, options, hits, counters);
    }
    std::optional<DerivedRows> derived;
    ASSIGN_OR_RETURN(const RowSource* source,
                     impl_->derived.Extend(view, query.field_id, options, &derived));
    DropNulls(*source, query.field_id, &set);
    if (query.rows != nullptr) {
        KeepRows(*query.rows, &set);
    }
    const size_t matched = set.Count();
    counters->rows_matched += matched;
    if (matched == 0) {
        hits->assign(query.nq(), QueryHits());
        return base::Status();
    }
    const sys::Stopwatch watch(*options.clock, &counters->search_ns);
    ASSIGN_OR_RETURN(const bool answered, impl_->codes.Search(*source, set.bitmap, matched, query,
                                                              options, hits, counters));
    if (answered) {
        return base::Status();
    }
    return FlatSearch(*source, set.bitmap, query, options, hits, counters);
}

base::Status GrowingSegment::AddTermStatistics(base::FieldId field_id,
                                               std::span<const uint32_t> terms,
                                               const ReadOptions& options,
                                               vindex::TermStatistics* out) const {
    const GrowingView view(impl_->rows);
    std::optional<DerivedRows> derived;
    ASSIGN_OR_RETURN(const RowSource* source,
                     impl_->derived.Extend(view, field_id, options, &derived));
    return impl_->terms.Add(*source, field_id, terms, ScanGuard(options), out);
}

base::Result<base::Bitmap> GrowingSegment::Match(const ReadOptions& options,
                                                 ReadCounters* counters) const {
    const GrowingView view(impl_->rows);
    return MatchRows(view, impl_->deletes, impl_->rows.key_field().id, options, counters);
}

base::Result<size_t> GrowingSegment::CountMatches(const ReadOptions& options,
                                                  ReadCounters* counters) const {
    const GrowingView view(impl_->rows);
    return CountRows(view, impl_->deletes, impl_->rows.key_field().id, options, counters);
}

base::Result<std::vector<base::RowOffset>> GrowingSegment::SelectByKey(
    const ReadOptions& options, size_t limit, ReadCounters* counters) const {
    const GrowingView view(impl_->rows);
    const base::FieldId key_field = impl_->rows.key_field().id;
    ++counters->segments;
    ASSIGN_OR_RETURN(const RowSet set,
                     SelectRows(view, impl_->deletes, key_field, options, counters));
    counters->rows_matched += set.Count();
    const sys::Stopwatch watch(*options.clock, &counters->sort_ns);
    return SmallestKeys(view, key_field, set, limit);
}

base::Result<schema::ColumnBatch> GrowingSegment::Fetch(
    const std::vector<base::RowOffset>& rows,
    const std::vector<schema::FieldSchema>& fields) const {
    return FetchColumns(GrowingView(impl_->rows), rows, fields);
}

schema::PrimaryKeys GrowingSegment::KeysOf(const std::vector<base::RowOffset>& rows) const {
    return ReadKeys(GrowingView(impl_->rows), impl_->rows.key_field(), rows);
}

std::vector<base::RowOffset> GrowingSegment::FindKey(const schema::PrimaryKey& key) const {
    schema::PrimaryKeys keys;
    keys.Append(key);
    std::vector<base::RowOffset> rows = GrowingView(impl_->rows).FindKeys(keys);
    std::sort(rows.begin(), rows.end());
    return rows;
}

}  // namespace elanus::segment
