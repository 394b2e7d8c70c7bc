// Data files of sealed segments, as sections (sections.h): whatever opens is read in every way.
#include "codec/sink.h"
#include "expr/filter.h"
#include "rows.h"
#include "sections.h"
#include "segment/growing_segment.h"
#include "segment/key_index.h"
#include "segment/sealed_segment.h"
#include "segment/segment_file.h"
#include "sys/clock.h"
#include "target.h"
#include "vindex/family.h"

#include <algorithm>

using namespace elanus;

namespace {

std::shared_ptr<const schema::CollectionSchema> Schema() {
    static const auto schema =
        std::make_shared<const schema::CollectionSchema>(fuzz::EveryType().schema);
    return schema;
}

const std::vector<expr::Plan>& Filters() {
    static const std::vector<expr::Plan> filters = [] {
        std::vector<expr::Plan> plans;
        for (const char* text :
             {"id in [1, 5]", "i8 > 3 and f < 0.5 or d > 1", "s like 'a%' or t == 'zz'",
              "j['a'] == 1 or exists j['b']['c'] or json_contains(j, 1)", "array_contains(ai, 1)",
              "array_length(as) == 2 or ab[0] == true", "text_match(x, 'red') or s is null",
              "st_within(g, 'POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))')",
              "match_any(ss, $[u] > 0 and $[w] == 'a')", "ts > ISO '2025-01-01T00:00:00Z'",
              "bv is null or sv is not null or dyn == 1"}) {
            auto plan = expr::ParseFilter(text, *Schema());
            if (plan.ok()) {
                plans.push_back(*std::move(plan));
            }
        }
        return plans;
    }();
    return filters;
}

void SearchVectors(const segment::SealedSegment& sealed, const segment::ReadOptions& options) {
    static const schema::ColumnBatch queries = schema::Gather(fuzz::EveryTypeRows(), {4});
    for (const schema::FieldSchema& field : Schema()->fields) {
        const schema::Column* column = queries.Find(field.id);
        if (!schema::IsVector(field.type) || !column->IsValid(0)) {
            continue;
        }
        segment::VectorQuery query;
        query.field_id = field.id;
        query.metric = vindex::DefaultMetric(static_cast<vindex::VectorType>(field.type));
        query.queries = column->View();
        query.k = 3;
        std::vector<segment::QueryHits> hits;
        segment::ReadCounters counters;
        static_cast<void>(sealed.Search(query, options, &hits, &counters));
    }
}

void ReadEverything(segment::SealedSegment& sealed) {
    static sys::SimClock clock;
    const base::CallContext context;
    segment::ReadCounters counters;
    segment::ReadOptions options;
    options.context = &context;
    options.clock = &clock;
    sealed.ApplyDeletes({{0}, {sealed.max_timestamp()}});
    static_cast<void>(sealed.LiveRows(options.timestamp));
    static_cast<void>(sealed.memory_bytes());
    for (const expr::Plan& filter : Filters()) {
        options.filter = &filter;
        static_cast<void>(sealed.Match(options, &counters));
    }
    static_cast<void>(sealed.SelectByKey(options, 5, &counters));
    SearchVectors(sealed, options);
    options.filter = nullptr;
    options.timestamp = sealed.max_timestamp() - 1;
    static_cast<void>(sealed.Match(options, &counters));
    static_cast<void>(sealed.SelectByKey(options, 5, &counters));
    SearchVectors(sealed, options);
    std::vector<base::RowOffset> rows;
    for (size_t row = 0; row < std::min<size_t>(sealed.rows(), 100); ++row) {
        rows.push_back(static_cast<base::RowOffset>(row));
    }
    const auto batch = sealed.Fetch(rows, Schema()->fields);
    FUZZ_EXPECT(!batch.ok() || batch->Verify().ok());
    static_cast<void>(sealed.KeysOf(rows));
    static_cast<void>(sealed.FindKey(int64_t{5}));
    static_cast<void>(sealed.FindKey(std::string("a")));
    static_cast<void>(sealed.VerifyAll());
}

std::string FileOf(const schema::ColumnBatch& rows) {
    segment::GrowingSegment growing(1, 1, Schema());
    growing.Append(rows, 100);
    growing.Seal();
    codec::StringSink sink;
    FUZZ_EXPECT(growing.WriteTo(sink).ok());
    return fuzz::SectionsOf(segment::kSegmentFormat, sink.bytes());
}

// The same row often enough, and two others, so that the paths of its document are kept as columns.
std::string FileOfOften(uint32_t row) {
    std::vector<uint32_t> rows(70, row);
    rows.push_back(1);
    rows.push_back(8);
    return FileOf(schema::Gather(fuzz::EveryTypeRows(), rows));
}

}  // namespace

ELANUS_FUZZ_SEEDS {
    return {FileOf(fuzz::EveryTypeRows()), FileOfOften(5), FileOfOften(6)};
}

ELANUS_FUZZ_TARGET(segment_file) {
    const base::Buffer file = fuzz::EnvelopeOf(segment::kSegmentFormat, bytes);
    const auto keys = segment::KeyIndex::Open(file);
    if (keys.ok()) {
        std::vector<base::RowOffset> rows;
        schema::PrimaryKeys wanted;
        wanted.ints = {0, 5, 1000};
        keys->FindAll(wanted, &rows);
        keys->FindInsertedBefore(wanted, 101, &rows);
        static_cast<void>(keys->Find(std::string("a")));
    }
    auto sealed = segment::SealedSegment::Open(1, 1, Schema(), file);
    if (sealed.ok()) {
        ReadEverything(**sealed);
    }
}
