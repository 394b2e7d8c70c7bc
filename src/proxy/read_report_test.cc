// The profile of a read as text and as JSON, and the line of a slow one.
#include "proxy/read_report.h"

#include "json/json.h"
#include "proxy/slow_query_log.h"

#include <gtest/gtest.h>

namespace elanus::proxy {

namespace {

constexpr base::FieldId kPrice = 101;

CollectionPtr Shop() {
    auto info = std::make_shared<roles::CollectionInfo>();
    info->database_name = "default";
    info->schema.name = "shop";
    schema::FieldSchema id;
    id.id = 100;
    id.name = "id";
    id.type = schema::DataType::kInt64;
    id.is_primary_key = true;
    schema::FieldSchema price = id;
    price.id = kPrice;
    price.name = "price";
    price.is_primary_key = false;
    info->schema.fields = {id, price};
    info->partitions.resize(16);
    return info;
}

segment::SegmentProfile Segment(base::SegmentId id, uint64_t filter_us) {
    segment::SegmentProfile segment;
    segment.segment_id = id;
    segment.node_id = 1;
    segment.sealed = true;
    segment.rows = 1000;
    segment.estimated_rows = 90;
    segment.counters.segments = 1;
    segment.counters.rows_matched = 99;
    segment.counters.filter_ns = filter_us * 1000;
    return segment;
}

// A search of two segments, one of them pruned.
ReadReport Report() {
    ReadReport report(ReadReport::Kind::kSearch, sys::RealClock());
    report.form = ProfileForm::kText;
    report.collection = Shop();
    expr::ColumnRef column;
    column.field_id = kPrice;
    column.type = schema::DataType::kInt64;
    report.plan = std::make_shared<const expr::Plan>(
        expr::Plan{expr::Compare{column, expr::CompareOp::kGt, 900}});
    report.plan_was_cached = true;
    report.filter = "price > 900";
    report.vector_field = "vector";
    report.metric = "L2";
    report.nq = 2;
    report.limit = 10;
    report.rows = 20;
    report.partitions_read = 2;
    report.read_ts = base::ComposeTimestamp(1'700'000'000'000);
    report.prepare_ns = 11'000;
    report.parse_ns = 2'000;
    report.ask_ns = 500'000;
    report.total_ns = 600'000;
    ShardReport shard;
    shard.vchannel = "p0_7v0";
    shard.profile.wait_ns = 3'000;
    shard.profile.read_ns = 490'000;
    segment::SegmentProfile pruned = Segment(5, 1);
    pruned.counters.segments_pruned = 1;
    pruned.counters.rows_matched = 0;
    segment::SegmentProfile searched = Segment(6, 40);
    searched.counters.filter_scans = 1;
    searched.counters.rows_scanned = 1000;
    searched.counters.index_searches = 1;
    searched.counters.strategies.Add(vindex::Strategy::kFilteredWalk);
    searched.counters.strategies.Add(vindex::Strategy::kExactScan);
    searched.counters.distances = 321;
    searched.counters.hops = 12;
    searched.counters.search_ns = 80'000;
    searched.indexes = {"price_index", "HNSW", "price_index", "HNSW"};  // a widened search
    for (const segment::SegmentProfile& segment : {pruned, searched}) {
        report.counters.Add(segment.counters);
        shard.counters.Add(segment.counters);
        shard.profile.segments.push_back(segment);
    }
    report.shards.push_back(std::move(shard));
    return report;
}

TEST(ReadReport, TextIsReadFromTheWholeDownToTheSegments) {
    EXPECT_EQ(
        RenderProfile(Report(), 5'000).text,
        "Search on default.shop  (rows=20) (time=605 us)\n"
        "  Vectors: field=vector metric=L2 nq=2\n"
        "  Window: limit=10 offset=0\n"
        "  Moment: 2023-11-14T22:13:20Z  (guarantee=0 read=445644800000000000)\n"
        "  Partitions: 2 of 16\n"
        "  Filter: price > 900\n"
        "  Plan: from the cache\n"
        "    -> price > 900\n"
        "  Steps: prepare=11 parse=2 shards=500 merge=0 output=0 encode=5 us\n"
        "  Total: segments=2 pruned=1 scanned=1000 matched=99 distances=321 hops=12\n"
        "  -> Shard p0_7v0  (wait=3 read=490 merge=0 fetch=0 us)\n"
        "    -> Sealed segment 6 on node 1  (rows=1000)\n"
        "       Filter: scan  (estimated=90) (matched=99 scanned=1000 time=40 us)\n"
        "       Search: exact_scan x1, filtered_walk x1  (distances=321 hops=12 time=80 us)\n"
        "       Indexes: price_index, HNSW\n"
        "    -> Sealed segment 5 on node 1  (rows=1000)\n"
        "       Filter: pruned by statistics  (estimated=90) (matched=0 scanned=0 time=1 us)\n");
}

TEST(ReadReport, JsonHoldsTheSameNumbers) {
    const auto parsed = json::Parse(RenderProfile(Report(), 5'000).json);
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(json::Write(*parsed->Find("plan")), R"({"node":"price > 900"})");
    EXPECT_EQ(*parsed->Find("steps")->Find("total_us")->int64_if(), 605);
    EXPECT_EQ(*parsed->Find("counters")->Find("rows_scanned")->int64_if(), 1000);
    const json::Value& shard = parsed->Find("shards")->array_if()->front();
    const json::Value::Array& segments = *shard.Find("segments")->array_if();
    ASSERT_EQ(segments.size(), 2u);
    EXPECT_EQ(*segments[0].Find("segment_id")->int64_if(), 6);
    EXPECT_EQ(*segments[1].Find("filter")->string_if(), "pruned by statistics");
}

TEST(ReadReport, OfManySegmentsTheSlowestAreListed) {
    ReadReport report = Report();
    report.shards[0].profile.segments.clear();
    for (int i = 0; i < 1000; ++i) {
        report.shards[0].profile.segments.push_back(Segment(i, static_cast<uint64_t>(i)));
    }
    const RenderedProfile profile = RenderProfile(report, 0);
    EXPECT_NE(profile.text.find("segment 999 "), std::string::npos);
    EXPECT_EQ(profile.text.find("segment 743 "), std::string::npos);
    EXPECT_NE(profile.text.find("744 segments more, all of them faster"), std::string::npos);
    const auto parsed = json::Parse(profile.json);
    ASSERT_TRUE(parsed.ok());
    const json::Value& shard = parsed->Find("shards")->array_if()->front();
    EXPECT_EQ(shard.Find("segments")->array_if()->size(), 256u);
    EXPECT_EQ(*shard.Find("segments_total")->int64_if(), 1000);
}

TEST(ReadReport, ALongFilterIsOneShortLine) {
    ReadReport report = Report();
    report.filter = "price >\n900 " + std::string(100'000, ' ');
    const RenderedProfile profile = RenderProfile(report, 0);
    EXPECT_NE(profile.text.find("  Filter: price > 900 "), std::string::npos);
    EXPECT_LT(profile.text.size(), 5000u);
}

TEST(ReadReport, AQueryForItsProfileIsAnsweredWithOneRow) {
    const ReadReport report = Report();
    const QueryResults results = ProfileAsRow({"text", "{}"}, report);
    ASSERT_EQ(results.columns.size(), 2u);
    EXPECT_EQ(results.columns[0].name, "$profile");
    EXPECT_EQ(results.columns[0].rows(), 1u);
    EXPECT_EQ(results.columns[1].values.type, schema::DataType::kJson);
}

TEST(ReadReport, FormsOfAProfile) {
    EXPECT_EQ(*ParseProfileForm(""), ProfileForm::kNone);
    EXPECT_EQ(*ParseProfileForm("false"), ProfileForm::kNone);
    EXPECT_EQ(*ParseProfileForm("true"), ProfileForm::kText);
    EXPECT_EQ(*ParseProfileForm("True"), ProfileForm::kText);
    EXPECT_EQ(*ParseProfileForm("json"), ProfileForm::kJson);
    EXPECT_FALSE(ParseProfileForm("loud").ok());
}

// What a function writes to standard error.
template <typename Function>
std::string LoggedBy(Function function) {
    testing::internal::CaptureStderr();
    function();
    return testing::internal::GetCapturedStderr();
}

TEST(SlowQueryLog, ALineHasTheShapeOfTheFilterAndTheSteps) {
    sys::SimClock clock;
    SlowQueryLog log(clock, 500);
    base::CallContext context;
    context.peer = "ipv4:10.0.0.7:1234";
    context.request_id = "r-1";
    ReadReport report = Report();
    report.total_ns = 499'999'999;
    EXPECT_FALSE(log.IsSlow(report));
    report.total_ns = 500'000'000;
    EXPECT_TRUE(log.IsSlow(report));
    const std::string line = LoggedBy([&] { log.Record(context, report, base::Status()); });
    for (const char* part :
         {"event=slow_query", "kind=search", "collection=shop", "ms=500", "filter=\"price > ?\"",
          "nq=2", "limit=10", "pruned=1", "distances=321", "client=ipv4:10.0.0.7:1234",
          "request_id=r-1", "left_out=0"}) {
        EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
    }
    EXPECT_EQ(line.find("900"), std::string::npos) << line;
}

TEST(SlowQueryLog, LinesOfASecondAreBoundedAndCounted) {
    sys::SimClock clock;
    SlowQueryLog log(clock, 0);
    const ReadReport report = Report();
    const auto record = [&] { log.Record(base::CallContext(), report, base::Status()); };
    const std::string first = LoggedBy([&] {
        for (int i = 0; i < 25; ++i) {
            record();
        }
    });
    EXPECT_EQ(std::count(first.begin(), first.end(), '\n'), SlowQueryLog::kLinesPerSecond);
    clock.AdvanceMs(1000);
    EXPECT_NE(LoggedBy(record).find("left_out=15"), std::string::npos);
    EXPECT_NE(LoggedBy(record).find("left_out=0"), std::string::npos);
}

}  // namespace

}  // namespace elanus::proxy
