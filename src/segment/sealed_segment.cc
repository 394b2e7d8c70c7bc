#include "segment/sealed_segment.h"

#include "base/check.h"
#include "base/mutex.h"
#include "scalar_index/text_index.h"
#include "schema/leaf_field.h"
#include "segment/coded_columns.h"
#include "segment/derived_rows.h"
#include "segment/flat_search.h"
#include "segment/index_search.h"
#include "segment/key_index.h"
#include "segment/range_code_cache.h"
#include "segment/row_reader.h"
#include "segment/scan_guard.h"
#include "segment/segment_file.h"
#include "segment/shredded_json.h"
#include "segment/struct_search.h"
#include "segment/term_counts.h"
#include "sys/stopwatch.h"

#include <algorithm>
#include <map>
#include <optional>

namespace elanus::segment {

namespace {

struct AttachedIndex {
    base::FieldId field_id = 0;
    base::IndexId index_id = 0;
    std::shared_ptr<const vindex::Index> index;
};

// The indexes at one moment. Changes make a copy, so that a read keeps what it has begun with.
struct AttachedIndexes {
    std::vector<AttachedIndex> vectors;
    std::vector<base::IndexId> scalar_ids;  // of `scalars`, one by one
    std::shared_ptr<const ScalarIndexes> scalars = std::make_shared<ScalarIndexes>();

    void Remove(base::IndexId index_id) {
        std::erase_if(vectors,
                      [&](const AttachedIndex& each) { return each.index_id == index_id; });
        const auto found = std::find(scalar_ids.begin(), scalar_ids.end(), index_id);
        if (found != scalar_ids.end()) {
            auto kept = std::make_shared<ScalarIndexes>(*scalars);
            kept->erase(kept->begin() + (found - scalar_ids.begin()));
            scalar_ids.erase(found);
            scalars = std::move(kept);
        }
    }
    void AddScalar(base::IndexId index_id, std::shared_ptr<const scalar_index::Index> index) {
        auto more = std::make_shared<ScalarIndexes>(*scalars);
        more->push_back(std::move(index));
        scalar_ids.push_back(index_id);
        scalars = std::move(more);
    }
    bool Has(base::IndexId index_id) const {
        return std::any_of(vectors.begin(), vectors.end(),
                           [&](const AttachedIndex& each) { return each.index_id == index_id; }) ||
               std::find(scalar_ids.begin(), scalar_ids.end(), index_id) != scalar_ids.end();
    }
};

base::Status Mismatch(base::FieldId field_id) {
    return base::Corruption("segment file: field " + std::to_string(field_id) +
                            " has another type than in the schema");
}

bool ChildrenFit(const schema::FieldSchema& field, const ColumnMeta& meta) {
    if (field.type == schema::DataType::kArrayOfVector) {
        return meta.children.size() == 1 &&
               static_cast<uint64_t>(field.dim()) == meta.children[0].dim;
    }
    if (field.type != schema::DataType::kArrayOfStruct) {
        return true;
    }
    if (field.sub_fields.size() != meta.children.size()) {
        return false;
    }
    for (size_t i = 0; i < field.sub_fields.size(); ++i) {
        const schema::FieldSchema& sub_field = field.sub_fields[i];
        const ColumnMeta& child = meta.children[i];
        if (child.type != sub_field.element_type ||
            (schema::IsDenseVector(child.type) &&
             static_cast<uint64_t>(sub_field.dim()) != child.dim)) {
            return false;
        }
    }
    return true;
}

base::Status CheckAgainst(const schema::FieldSchema& field, const ColumnMeta& meta) {
    const bool same_dim =
        !schema::IsDenseVector(field.type) || static_cast<uint64_t>(field.dim()) == meta.dim;
    const bool same_type =
        field.type == meta.type &&
        (field.type == schema::DataType::kArrayOfStruct || field.element_type == meta.element_type);
    return same_dim && same_type && ChildrenFit(field, meta) ? base::Status() : Mismatch(field.id);
}

}  // namespace

// The mapped file as a RowSource of one run, with what is kept beside it in memory.
class SealedSegment::Impl : public RowSource {
  public:
    base::Status Open(base::Buffer data_file) {
        ASSIGN_OR_RETURN(reader, codec::EnvelopeReader::Open(std::move(data_file), kSegmentFormat,
                                                             kSegmentFormatVersion));
        ASSIGN_OR_RETURN(meta, ReadSegmentMeta(reader));
        ASSIGN_OR_RETURN(keys, KeyIndex::Open(reader));  // verifies the timestamps as well
        ASSIGN_OR_RETURN(const base::Buffer timestamps,
                         reader.Array<uint64_t>(kTimestampSection, meta.rows));
        for (const ColumnMeta& column : meta.columns) {
            const schema::FieldSchema* field = schema->FindField(column.field_id);
            if (field == nullptr) {
                continue;  // dropped since
            }
            RETURN_IF_ERROR(CheckAgainst(*field, column));
            ASSIGN_OR_RETURN(MappedColumn mapped, MapColumn(reader, column, meta.rows));
            columns.push_back(std::move(mapped));
            RETURN_IF_ERROR(OpenTokens(*field));
            RETURN_IF_ERROR(OpenShredded(*field));
        }
        const MappedColumn* key_column = Find(key_field().id);
        if (key_column == nullptr ||
            schema::IsStringLike(key_column->meta.type) != keys.is_string()) {
            return Mismatch(key_field().id);
        }
        if (meta.rows > 0) {
            whole.push_back({0, meta.rows, timestamps.As<uint64_t>().data()});
        }
        return base::Status();
    }

    // Files that were written before there were token indexes go without.
    base::Status OpenTokens(const schema::FieldSchema& field) {
        const auto analyzer = TokenAnalyzer(field);
        const codec::SectionId section = PartSection(field.id, 0, ColumnPart::kTokens);
        if (!analyzer.has_value() || !reader.Has(section)) {
            return base::Status();
        }
        ASSIGN_OR_RETURN(base::Buffer file, reader.Section(section));
        ASSIGN_OR_RETURN(auto index, scalar_index::TextIndex::Open(std::move(file), field.id,
                                                                   meta.rows, *analyzer));
        constexpr base::IndexId kNoIndex = 0;  // none that a user has defined
        ChangeIndexes(
            [&](AttachedIndexes& indexes) { indexes.AddScalar(kNoIndex, std::move(index)); });
        return base::Status();
    }

    base::Status OpenShredded(const schema::FieldSchema& field) {
        if (field.type == schema::DataType::kJson) {
            ASSIGN_OR_RETURN(auto opened, ShreddedJson::Open(reader, field.id, meta.rows));
            if (opened.has_value()) {
                shredded.emplace(field.id, *std::move(opened));
            }
        }
        return base::Status();
    }

    const schema::FieldSchema& key_field() const { return *schema->primary_key(); }
    const MappedColumn* Find(base::FieldId field_id) const {
        for (const MappedColumn& column : columns) {
            if (column.meta.field_id == field_id) {
                return &column;
            }
        }
        return nullptr;
    }

    size_t rows() const override { return meta.rows; }
    const std::vector<RowRun>& runs() const override { return whole; }
    const schema::ColumnView* Column(size_t, base::FieldId field_id) const override {
        const MappedColumn* column = Find(field_id);
        return column == nullptr ? nullptr : &column->view;
    }
    const schema::FieldSchema* Field(base::FieldId field_id) const override {
        return schema->FindField(field_id);
    }
    const float* Norms(size_t, base::FieldId field_id) const override {
        const MappedColumn* column = Find(field_id);
        return column == nullptr ? nullptr : column->norms;
    }
    const ColumnMeta* Statistics(base::FieldId field_id) const override {
        const MappedColumn* column = Find(field_id);
        return column == nullptr ? nullptr : &column->meta;
    }
    const ShreddedJson* Shredded(base::FieldId field_id) const override {
        const auto found = shredded.find(field_id);
        return found == shredded.end() ? nullptr : &found->second;
    }
    std::shared_ptr<const ColumnCodes> CodesOf(base::FieldId field_id,
                                               bool reads_most) const override {
        return range_codes.Get(*this, field_id, reads_most);
    }
    bool timestamps_ascend() const override { return meta.timestamps_ascend; }
    base::Timestamp max_timestamp() const override { return meta.max_timestamp; }
    std::vector<base::RowOffset> FindKeys(const schema::PrimaryKeys& wanted) const override {
        std::vector<base::RowOffset> found;
        keys.FindAll(wanted, &found);
        return found;
    }

    std::shared_ptr<const ScalarIndexes> scalar_indexes() const override {
        return Indexes()->scalars;
    }

    std::shared_ptr<const AttachedIndexes> Indexes() const {
        base::MutexLock lock(mutex_);
        return indexes_;
    }
    // Replaces the indexes by what `change` makes of a copy of them.
    template <typename Change>
    void ChangeIndexes(Change change) {
        base::MutexLock change_lock(attach_mutex_);
        auto changed = std::make_shared<AttachedIndexes>(*Indexes());
        change(*changed);
        base::MutexLock lock(mutex_);
        indexes_ = std::move(changed);
    }
    // The index of this field and metric over all rows; null when there is none.
    std::shared_ptr<const vindex::Index> IndexOf(base::FieldId field_id,
                                                 vindex::Metric metric) const;
    // The index of that many rows (or elements) that can answer the query; null when there is none.
    std::shared_ptr<const vindex::Index> IndexFor(const VectorQuery& query, size_t size) const;
    // As SmallestKeys(), by walking the key index from its smallest key.
    std::vector<base::RowOffset> WalkKeys(const RowSet& set, size_t limit) const;

    base::SegmentId id = 0;
    base::PartitionId partition_id = 0;
    std::shared_ptr<const schema::CollectionSchema> schema;
    codec::EnvelopeReader reader;
    SegmentMeta meta;
    KeyIndex keys;
    std::vector<MappedColumn> columns;
    std::map<base::FieldId, ShreddedJson> shredded;
    std::vector<RowRun> whole;  // one run, or none when there are no rows
    DeleteList deletes;
    mutable DerivedColumns derived;
    mutable TermCounts terms;
    mutable CodedColumns codes;  // until there is an index
    mutable RangeCodeCache range_codes;

  private:
    base::Mutex attach_mutex_;  // one change of the index set at a time
    mutable base::Mutex mutex_;
    std::shared_ptr<const AttachedIndexes> indexes_ GUARDED_BY(mutex_) =
        std::make_shared<AttachedIndexes>();
};

std::shared_ptr<const vindex::Index> SealedSegment::Impl::IndexOf(base::FieldId field_id,
                                                                  vindex::Metric metric) const {
    const std::shared_ptr<const AttachedIndexes> indexes = Indexes();
    for (const AttachedIndex& attached : indexes->vectors) {
        if (attached.field_id == field_id && attached.index->metric() == metric &&
            attached.index->size() == rows()) {
            return attached.index;
        }
    }
    return nullptr;
}

std::shared_ptr<const vindex::Index> SealedSegment::Impl::IndexFor(const VectorQuery& query,
                                                                   size_t size) const {
    const std::shared_ptr<const AttachedIndexes> indexes = Indexes();
    const schema::ColumnView& vectors = query.vectors();
    for (const AttachedIndex& attached : indexes->vectors) {
        const vindex::Index& index = *attached.index;
        if (attached.field_id == query.field_id && index.metric() == query.metric &&
            index.vector_type() == static_cast<vindex::VectorType>(vectors.type) &&
            (index.dim() == vectors.dim || index.dim() == 0) && index.size() == size) {
            // Postings answer exactly as long as the request does not ask them for less.
            const bool exact = index.vector_type() == vindex::VectorType::kSparseFloat;
            return !query.exact || exact ? attached.index : nullptr;
        }
    }
    return nullptr;
}

std::vector<base::RowOffset> SealedSegment::Impl::WalkKeys(const RowSet& set, size_t limit) const {
    std::vector<base::RowOffset> found;
    for (size_t i = 0; i < keys.rows() && found.size() < limit; ++i) {
        const base::RowOffset row = keys.RowAt(i);
        if (!set.bitmap.has_value() || set.bitmap->Test(row)) {
            found.push_back(row);
        }
    }
    return found;
}

SealedSegment::SealedSegment() : impl_(std::make_unique<Impl>()) {}

SealedSegment::~SealedSegment() = default;

base::Result<std::unique_ptr<SealedSegment>> SealedSegment::Open(
    base::SegmentId id, base::PartitionId partition_id,
    std::shared_ptr<const schema::CollectionSchema> schema, base::Buffer data_file) {
    CHECK(schema->primary_key() != nullptr, "a schema without a primary key");
    std::unique_ptr<SealedSegment> segment(new SealedSegment());
    segment->impl_->id = id;
    segment->impl_->partition_id = partition_id;
    segment->impl_->schema = std::move(schema);
    const base::Status status = segment->impl_->Open(std::move(data_file));
    if (!status.ok()) {
        return status.Annotate("segment " + std::to_string(id));
    }
    return segment;
}

void SealedSegment::ApplyDeletes(const DeleteRun& run) {
    impl_->deletes.Apply(EffectiveDeletes(*impl_, run));
}

void SealedSegment::AttachIndex(base::FieldId field_id, base::IndexId index_id,
                                std::shared_ptr<const vindex::Index> index) {
    impl_->ChangeIndexes([&](AttachedIndexes& indexes) {
        indexes.Remove(index_id);
        indexes.vectors.push_back({field_id, index_id, std::move(index)});
    });
    impl_->codes.Drop(field_id);
}

void SealedSegment::AttachScalarIndex(base::IndexId index_id,
                                      std::shared_ptr<const scalar_index::Index> index) {
    impl_->ChangeIndexes([&](AttachedIndexes& indexes) {
        indexes.Remove(index_id);
        indexes.AddScalar(index_id, std::move(index));
    });
}

void SealedSegment::DetachIndex(base::IndexId index_id) {
    impl_->ChangeIndexes([&](AttachedIndexes& indexes) { indexes.Remove(index_id); });
}

bool SealedSegment::HasIndex(base::IndexId index_id) const {
    return impl_->Indexes()->Has(index_id);
}

const DeleteList& SealedSegment::deletes() const {
    return impl_->deletes;
}

base::Timestamp SealedSegment::min_timestamp() const {
    return impl_->meta.min_timestamp;
}

base::Timestamp SealedSegment::max_timestamp() const {
    return impl_->meta.max_timestamp;
}

base::Result<schema::ColumnView> SealedSegment::WholeColumn(base::FieldId field_id) const {
    const auto field = schema::FindLeafField(*impl_->schema, field_id);
    if (field.has_value() && field->is_element()) {
        const MappedColumn* structs = impl_->Find(field->parent->id);
        if (structs != nullptr) {
            return structs->view.children[field->child];
        }
    }
    std::optional<DerivedRows> derived;
    ASSIGN_OR_RETURN(
        const RowSource* source,
        impl_->derived.Extend(*impl_, field_id, impl_->schema->fields, impl_->schema->functions,
                              base::CallContext(), &derived));
    if (impl_->whole.empty()) {
        const MappedColumn* column = impl_->Find(field_id);
        if (column != nullptr) {
            return column->view;
        }
    } else if (const schema::ColumnView* column = source->Column(0, field_id); column != nullptr) {
        return *column;
    }
    return base::Status::WithFields(base::Code::kFieldNotFound,
                                    {{"field", std::to_string(field_id)}});
}

base::Result<std::span<const uint32_t>> SealedSegment::ElementOffsets(
    base::FieldId field_id) const {
    const auto field = schema::FindLeafField(*impl_->schema, field_id);
    const MappedColumn* structs =
        field.has_value() && field->is_element() ? impl_->Find(field->parent->id) : nullptr;
    if (structs == nullptr) {
        return base::Status::WithFields(base::Code::kFieldNotFound,
                                        {{"field", std::to_string(field_id)}});
    }
    return std::span(structs->view.offsets, structs->view.rows + 1);
}

const float* SealedSegment::WholeNorms(base::FieldId field_id) const {
    return impl_->Norms(0, field_id);
}

std::span<const base::Timestamp> SealedSegment::timestamps() const {
    return impl_->whole.empty() ? std::span<const base::Timestamp>()
                                : std::span(impl_->whole[0].timestamps, impl_->whole[0].rows);
}

const KeyIndex& SealedSegment::keys() const {
    return impl_->keys;
}

base::Status SealedSegment::VerifyAll() const {
    return impl_->reader.VerifyAll().Annotate("segment " + std::to_string(impl_->id));
}

base::SegmentId SealedSegment::id() const {
    return impl_->id;
}

base::PartitionId SealedSegment::partition_id() const {
    return impl_->partition_id;
}

size_t SealedSegment::rows() const {
    return impl_->rows();
}

size_t SealedSegment::LiveRows(base::Timestamp timestamp) const {
    return CountInsertedBy(*impl_, timestamp) - impl_->deletes.CountAt(timestamp);
}

size_t SealedSegment::memory_bytes() const {
    return impl_->reader.file().size() + impl_->deletes.memory_bytes() +
           impl_->codes.memory_bytes() + impl_->range_codes.memory_bytes();
}

base::Status SealedSegment::Search(const VectorQuery& query, const ReadOptions& options,
                                   std::vector<QueryHits>* hits, ReadCounters* counters) const {
    ++counters->segments;
    ASSIGN_OR_RETURN(RowSet set,
                     SelectRows(*impl_, impl_->deletes, impl_->key_field().id, options, counters));
    if (query.struct_id != 0) {
        const size_t size = query.by_list() ? rows() : CountElements(*impl_, query);
        const std::shared_ptr<const vindex::Index> index = impl_->IndexFor(query, size);
        return SearchStructs(*impl_, std::move(set), query, index.get(), options, hits, counters);
    }
    const std::shared_ptr<const vindex::Index> index = impl_->IndexFor(query, rows());
    std::optional<DerivedRows> derived;
    const RowSource* source = impl_.get();
    if (index == nullptr) {
        ASSIGN_OR_RETURN(source, impl_->derived.Extend(*impl_, query.field_id, options, &derived));
    }
    // An index over a column that the file lacks is over a function's output: without nulls.
    if (index == nullptr || impl_->Find(query.field_id) != nullptr) {
        DropNulls(*source, query.field_id, &set);
    }
    if (query.rows != nullptr) {
        KeepRows(*query.rows, &set);
    }
    const size_t matched = set.Count();
    counters->rows_matched += matched;
    hits->assign(query.nq(), QueryHits());
    if (matched == 0 || query.k == 0) {
        return base::Status();
    }
    const sys::Stopwatch watch(*options.clock, &counters->search_ns);
    if (index == nullptr) {
        ASSIGN_OR_RETURN(const bool answered, impl_->codes.Search(*source, set.bitmap, matched,
                                                                  query, options, hits, counters));
        if (answered) {
            return base::Status();
        }
        return FlatSearch(*source, set.bitmap, query, options, hits, counters);
    }
    // Null rows are in the index, as zero or empty vectors, so that its row numbers are the
    // segment's; `set` lacks them.
    return SearchIndex(*index, {set.bitmap, {}}, query, options, hits, counters);
}

base::Result<std::unique_ptr<vindex::RowIterator>> SealedSegment::NewRowIterator(
    const VectorQuery& query, const ReadOptions& options, ReadCounters* counters) const {
    std::unique_ptr<vindex::RowIterator> none;
    const std::shared_ptr<const vindex::Index> index =
        query.struct_id == 0 ? impl_->IndexFor(query, rows()) : nullptr;
    if (index == nullptr || !index->iterates_by_walk()) {
        return none;
    }
    ASSIGN_OR_RETURN(RowSet set,
                     SelectRows(*impl_, impl_->deletes, impl_->key_field().id, options, counters));
    if (impl_->Find(query.field_id) != nullptr) {
        DropNulls(*impl_, query.field_id, &set);
    }
    return IterateIndex(index, std::move(set.bitmap), query);
}

base::Status SealedSegment::AddTermStatistics(base::FieldId field_id,
                                              std::span<const uint32_t> terms,
                                              const ReadOptions& options,
                                              vindex::TermStatistics* out) const {
    const std::shared_ptr<const vindex::Index> index =
        impl_->IndexOf(field_id, vindex::Metric::kBm25);
    if (index != nullptr) {
        return index->AddTermStatistics(terms, out);
    }
    std::optional<DerivedRows> derived;
    ASSIGN_OR_RETURN(const RowSource* source,
                     impl_->derived.Extend(*impl_, field_id, options, &derived));
    return impl_->terms.Add(*source, field_id, terms, ScanGuard(options), out);
}

base::Result<base::Bitmap> SealedSegment::Match(const ReadOptions& options,
                                                ReadCounters* counters) const {
    return MatchRows(*impl_, impl_->deletes, impl_->key_field().id, options, counters);
}

base::Result<size_t> SealedSegment::CountMatches(const ReadOptions& options,
                                                 ReadCounters* counters) const {
    return CountRows(*impl_, impl_->deletes, impl_->key_field().id, options, counters);
}

base::Result<std::vector<base::RowOffset>> SealedSegment::SelectByKey(
    const ReadOptions& options, size_t limit, ReadCounters* counters) const {
    ++counters->segments;
    ASSIGN_OR_RETURN(const RowSet set,
                     SelectRows(*impl_, impl_->deletes, impl_->key_field().id, options, counters));
    const size_t matched = set.Count();
    counters->rows_matched += matched;
    const sys::Stopwatch watch(*options.clock, &counters->sort_ns);
    // The walk passes rows / matched keys for each it finds; sorting looks at every matching row.
    const bool walk = matched > 0 && limit < matched && limit < matched * matched / rows();
    return walk ? impl_->WalkKeys(set, limit)
                : SmallestKeys(*impl_, impl_->key_field().id, set, limit);
}

base::Result<schema::ColumnBatch> SealedSegment::Fetch(
    const std::vector<base::RowOffset>& rows,
    const std::vector<schema::FieldSchema>& fields) const {
    return FetchColumns(*impl_, rows, fields);
}

schema::PrimaryKeys SealedSegment::KeysOf(const std::vector<base::RowOffset>& rows) const {
    return ReadKeys(*impl_, impl_->key_field(), rows);
}

std::vector<base::RowOffset> SealedSegment::FindKey(const schema::PrimaryKey& key) const {
    return impl_->keys.Find(key);
}

}  // namespace elanus::segment
