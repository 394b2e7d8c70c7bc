#include "reduce/segment_reads.h"

#include "reduce/segment_loop.h"

#include <gtest/gtest.h>

namespace elanus::reduce {
namespace {

struct Hit {
    int64_t key;
    float score;
    base::SegmentId segment;
};

roles::SearchResponse Part(const std::vector<std::vector<Hit>>& queries) {
    roles::SearchResponse part;
    for (const std::vector<Hit>& hits : queries) {
        part.counts.push_back(static_cast<uint32_t>(hits.size()));
        for (const Hit& hit : hits) {
            part.keys.ints.push_back(hit.key);
            part.scores.push_back(hit.score);
            part.addresses.push_back({hit.segment, static_cast<base::RowOffset>(hit.key)});
        }
    }
    return part;
}

roles::RetrieveResponse Rows(const std::vector<int64_t>& keys, int64_t number) {
    roles::RetrieveResponse part;
    schema::ColumnBuilder numbers(102, schema::DataType::kInt64);
    for (const int64_t key : keys) {
        part.keys.ints.push_back(key);
        numbers.AppendInt(number);
    }
    part.rows.rows = keys.size();
    part.rows.columns = {numbers.Finish()};
    return part;
}

roles::RetrieveRequest Limited(uint64_t limit, uint64_t max_bytes) {
    roles::RetrieveRequest request;
    request.limit = limit;
    request.max_bytes = max_bytes;
    return request;
}

TEST(SegmentReadsTest, MergesByScoreThenKeyAndByTheMetricsDirection) {
    const std::vector<roles::SearchResponse> parts = {
        Part({{{5, 1.0f, 1}, {9, 2.0f, 1}}, {}}),
        Part({{{2, 1.0f, 2}, {3, 3.0f, 2}}, {{7, 4, 2}}})};
    const roles::SearchResponse nearest = MergeSearches(parts, vindex::Metric::kL2, 2, 3);
    EXPECT_EQ(nearest.counts, (std::vector<uint32_t>{3, 1}));
    EXPECT_EQ(nearest.keys.ints, (std::vector<int64_t>{2, 5, 9, 7}));
    EXPECT_EQ(nearest.addresses[0].segment_id, 2);
    const roles::SearchResponse largest = MergeSearches(parts, vindex::Metric::kIp, 2, 2);
    EXPECT_EQ(largest.keys.ints, (std::vector<int64_t>{3, 9, 7}));
}

TEST(SegmentReadsTest, ARepeatedKeyKeepsItsBestHitAndAsksToWidenWhenItFallsShort) {
    const std::vector<roles::SearchResponse> parts = {Part({{{1, 0.5f, 1}, {2, 2.0f, 1}}}),
                                                      Part({{{1, 0.1f, 2}, {2, 3.0f, 2}}})};
    bool widen = false;
    const roles::SearchResponse merged = MergeSearches(parts, vindex::Metric::kL2, 1, 2, &widen);
    EXPECT_EQ(merged.keys.ints, (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(merged.scores, (std::vector<float>{0.1f, 2.0f}));
    EXPECT_FALSE(widen);
    const std::vector<roles::SearchResponse> one = {Part({{{1, 0.1f, 1}, {1, 0.2f, 1}}})};
    EXPECT_EQ(MergeSearches(one, vindex::Metric::kL2, 1, 2, &widen).counts[0], 1u);
    EXPECT_TRUE(widen);
}

roles::SearchRequest Nearest(uint32_t k) {
    roles::SearchRequest request;
    request.metric = vindex::Metric::kL2;
    request.k = k;
    request.queries.rows = 2;
    return request;
}

TEST(SegmentReadsTest, APartThatAloneHasHitsIsHandedOnWithWhatTheOthersTell) {
    std::vector<roles::SearchResponse> parts = {
        Part({{}, {}}), Part({{{5, 1.0f, 1}, {9, 2.0f, 1}}, {{7, 3.0f, 1}}}), Part({{}, {}})};
    parts[0].counters.segments = 1;
    parts[0].snapshot_ts = 9;
    parts[2].counters.segments = 2;
    parts[2].profile.wait_ns = 5;
    const roles::SearchResponse merged = MergeSearches(parts, Nearest(2));
    EXPECT_EQ(merged.counts, (std::vector<uint32_t>{2, 1}));
    EXPECT_EQ(merged.keys.ints, (std::vector<int64_t>{5, 9, 7}));
    EXPECT_EQ(merged.addresses[2].row, 7u);
    EXPECT_EQ(merged.counters.segments, 3u);
    EXPECT_EQ(merged.snapshot_ts, 9u);
    EXPECT_EQ(merged.profile.wait_ns, 5u);
    // A list longer than k is cut.
    EXPECT_EQ(MergeSearches(parts, Nearest(1)).keys.ints, (std::vector<int64_t>{5, 7}));
    EXPECT_EQ(MergeSearches({Part({{}, {}})}, Nearest(1)).counts, (std::vector<uint32_t>{0, 0}));
}

// The first keys are kept otherwise than those behind them.
TEST(SegmentReadsTest, HitsAreTakenOnceHoweverManyThereAre) {
    for (const size_t count : {1u, 15u, 16u, 17u, 40u}) {
        schema::PrimaryKeys keys;
        for (size_t i = 0; i < count; ++i) {
            keys.ints.push_back(static_cast<int64_t>(i) * 7 - 3);
        }
        HitSet seen;
        for (size_t i = 0; i < count; ++i) {
            EXPECT_TRUE(seen.Insert(keys, i, {}));
        }
        for (size_t i = 0; i < count; ++i) {
            EXPECT_FALSE(seen.Insert(keys, i, {})) << i << " of " << count;
        }
    }
}

TEST(SegmentReadsTest, RetrievalsMergeByKeyTheEarlierPartWins) {
    const std::vector<roles::RetrieveResponse> parts = {Rows({4, 6}, 100), Rows({1, 4, 9}, 200)};
    const auto merged = MergeRetrievals(parts, Limited(3, 0));
    ASSERT_TRUE(merged.ok());
    EXPECT_EQ(merged->keys.ints, (std::vector<int64_t>{1, 4, 6}));
    const auto* numbers = merged->rows.columns[0].View().As<int64_t>();
    EXPECT_EQ(std::vector<int64_t>(numbers, numbers + 3), (std::vector<int64_t>{200, 100, 100}));
    EXPECT_EQ(MergeRetrievals(parts, Limited(0, 0))->keys.size(), 4u);
    EXPECT_EQ(MergeRetrievals(parts, Limited(0, 8)).status().code(),
              base::Code::kParameterTooLarge);
    EXPECT_EQ(MergeRetrievals({}, Limited(5, 8))->keys.size(), 0u);
}

// A part of a read over one segment.
void AddSegment(base::SegmentId id, uint64_t scanned, roles::ReadCounters* counters,
                roles::ReadProfile* profile) {
    counters->segments = 1;
    counters->rows_scanned = scanned;
    counters->filter_ns = 100;
    counters->strategies.Add(vindex::Strategy::kWalk);
    segment::SegmentProfile segment;
    segment.segment_id = id;
    segment.counters = *counters;
    segment.indexes = {"HNSW"};
    profile->merge_ns = static_cast<uint64_t>(id);
    profile->wait_ns = 7;
    profile->segments.push_back(segment);
}

void ExpectBothSegments(const roles::ReadCounters& counters, const roles::ReadProfile& profile) {
    EXPECT_EQ(counters.segments, 2u);
    EXPECT_EQ(counters.rows_scanned, 30u);
    EXPECT_EQ(counters.filter_ns, 200u);
    EXPECT_EQ(counters.strategies.searches[static_cast<size_t>(vindex::Strategy::kWalk)], 2u);
    ASSERT_EQ(profile.segments.size(), 2u);
    EXPECT_EQ(profile.segments[0].segment_id, 1);
    EXPECT_EQ(profile.segments[0].counters.rows_scanned, 10u);
    EXPECT_EQ(profile.segments[1].segment_id, 2);
    EXPECT_EQ(profile.segments[1].indexes, std::vector<std::string>{"HNSW"});
    EXPECT_EQ(profile.wait_ns, 7u);   // parts wait side by side
    EXPECT_EQ(profile.merge_ns, 2u);  // and merge side by side
}

TEST(SegmentReadsTest, CountersAddUpAndProfilesListEverySegment) {
    std::vector<roles::SearchResponse> searches = {Part({{}}), Part({{}})};
    AddSegment(1, 10, &searches[0].counters, &searches[0].profile);
    AddSegment(2, 20, &searches[1].counters, &searches[1].profile);
    const roles::SearchResponse search = MergeSearches(searches, vindex::Metric::kL2, 1, 3);
    ExpectBothSegments(search.counters, search.profile);
    std::vector<roles::RetrieveResponse> queries = {Rows({1}, 5), Rows({2}, 6)};
    AddSegment(1, 10, &queries[0].counters, &queries[0].profile);
    AddSegment(2, 20, &queries[1].counters, &queries[1].profile);
    const auto query = MergeRetrievals(queries, Limited(0, 0));
    ASSERT_TRUE(query.ok());
    ExpectBothSegments(query->counters, query->profile);
}

TEST(SegmentReadsTest, CountersAndProfilesTravelAsBytes) {
    roles::RetrieveResponse response = Rows({1}, 5);
    AddSegment(4, 10, &response.counters, &response.profile);
    const auto back = base::Decode<roles::RetrieveResponse>(base::Encode(response));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(base::Encode(*back), base::Encode(response));
    ASSERT_EQ(back->profile.segments.size(), 1u);
    EXPECT_EQ(back->profile.segments[0].counters.rows_scanned, 10u);
}

}  // namespace
}  // namespace elanus::reduce
