// SegmentSearch over a segment that is made up: rows with whole scores, many of them equal, keys in
// no order, most rows in one group; against a plain model.
#include "reduce/segment_search.h"

#include "reduce/group_key.h"
#include "reduce/group_rule.h"
#include "reduce/query_parts.h"
#include "reduce/segment_reads.h"
#include "sys/clock.h"
#include "sys/executor.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

namespace elanus::reduce {
namespace {

constexpr base::FieldId kGroupField = 101;

// Query q scores row r with scores[q][r]; less is better. Hits come by score, then row.
class FakeSegment : public segment::Segment {
  public:
    FakeSegment(size_t queries, size_t rows, uint32_t seed, uint32_t levels = 9) {
        std::mt19937 random(seed);
        keys_.resize(rows);
        std::iota(keys_.begin(), keys_.end(), 1000);
        std::shuffle(keys_.begin(), keys_.end(), random);
        for (size_t row = 0; row < rows; ++row) {
            groups_.push_back(random() % 8 == 0 ? static_cast<int64_t>(random() % 12) : 0);
        }
        for (size_t q = 0; q < queries; ++q) {
            scores_.emplace_back();
            for (size_t row = 0; row < rows; ++row) {
                // The large group is near, so that the others are found late.
                const auto near = static_cast<float>(random() % levels);
                scores_.back().push_back(groups_[row] == 0 ? near : near + 6);
            }
        }
    }

    struct Hit {
        float score;
        int64_t key;
        int64_t group;
        bool operator<(const Hit& other) const {
            return score != other.score ? score < other.score : key < other.key;
        }
        bool operator==(const Hit&) const = default;
    };
    std::vector<Hit> Ranked(size_t q) const {
        std::vector<Hit> hits;
        for (size_t row = 0; row < keys_.size(); ++row) {
            hits.push_back({scores_[q][row], keys_[row], groups_[row]});
        }
        std::sort(hits.begin(), hits.end());
        return hits;
    }

    base::SegmentId id() const override { return 5; }
    base::PartitionId partition_id() const override { return 1; }
    bool sealed() const override { return true; }
    size_t rows() const override { return keys_.size(); }
    size_t LiveRows(base::Timestamp) const override { return rows(); }
    size_t memory_bytes() const override { return 0; }
    base::Status Search(const segment::VectorQuery& query, const segment::ReadOptions& options,
                        std::vector<segment::QueryHits>* hits,
                        segment::ReadCounters* counters) const override {
        ++counters->segments;
        ++searches;
        filtered += options.filter == nullptr ? 0 : rows();
        hits->clear();
        for (uint32_t i = 0; i < query.nq(); ++i) {
            hits->push_back(One(query, options.filter != nullptr,
                                static_cast<size_t>(query.queries.As<float>()[i])));
        }
        return base::Status();
    }
    base::Status AddTermStatistics(base::FieldId, std::span<const uint32_t>,
                                   const segment::ReadOptions&,
                                   vindex::TermStatistics*) const override {
        return base::Internal("not asked");
    }
    base::Result<base::Bitmap> Match(const segment::ReadOptions& options,
                                     segment::ReadCounters*) const override {
        ++matches;
        base::Bitmap matching(rows(), true);
        if (options.among != nullptr) {
            matching.And(*options.among);
        }
        filtered += options.filter == nullptr ? 0 : matching.Count();
        for (size_t row = 0; row < rows(); ++row) {
            if (options.filter != nullptr && !Passes(row)) {
                matching.Reset(row);
            }
        }
        return matching;
    }
    base::Result<size_t> CountMatches(const segment::ReadOptions&,
                                      segment::ReadCounters*) const override {
        return rows();
    }
    base::Result<std::vector<base::RowOffset>> SelectByKey(const segment::ReadOptions&, size_t,
                                                           segment::ReadCounters*) const override {
        return base::Internal("not asked");
    }
    base::Result<schema::ColumnBatch> Fetch(
        const std::vector<base::RowOffset>& rows,
        const std::vector<schema::FieldSchema>&) const override {
        schema::ColumnBuilder groups(kGroupField, schema::DataType::kInt64);
        for (const base::RowOffset row : rows) {
            groups.AppendInt(groups_[row]);
        }
        schema::ColumnBatch batch;
        batch.rows = rows.size();
        batch.columns = {groups.Finish()};
        return batch;
    }
    schema::PrimaryKeys KeysOf(const std::vector<base::RowOffset>& rows) const override {
        schema::PrimaryKeys keys;
        for (const base::RowOffset row : rows) {
            keys.ints.push_back(keys_[row]);
        }
        return keys;
    }
    std::vector<base::RowOffset> FindKey(const schema::PrimaryKey&) const override { return {}; }

    mutable std::atomic<int> searches = 0;
    mutable std::atomic<int> matches = 0;
    mutable std::atomic<size_t> filtered = 0;  // rows that a filter looked at
    int64_t pass_every = 1;                    // of the keys a filter lets pass every so manieth

  private:
    bool Passes(size_t row) const { return keys_[row] % pass_every == 0; }

    segment::QueryHits One(const segment::VectorQuery& query, bool has_filter, size_t q) const {
        std::vector<std::pair<float, base::RowOffset>> found;
        for (size_t row = 0; row < rows(); ++row) {
            const float score = scores_[q][row];
            if ((query.rows == nullptr || query.rows->Test(row)) && (!has_filter || Passes(row)) &&
                (!query.range_filter.has_value() || score >= *query.range_filter)) {
                found.emplace_back(score, static_cast<base::RowOffset>(row));
            }
        }
        std::sort(found.begin(), found.end());
        segment::QueryHits hits;
        for (size_t i = 0; i < std::min<size_t>(found.size(), query.k); ++i) {
            hits.scores.push_back(found[i].first);
            hits.rows.push_back(found[i].second);
        }
        return hits;
    }

    std::vector<int64_t> keys_;
    std::vector<int64_t> groups_;
    std::vector<std::vector<float>> scores_;
};

using Hits = std::vector<FakeSegment::Hit>;

roles::SearchRequest RequestOf(size_t queries) {
    roles::SearchRequest request;
    request.metric = vindex::Metric::kL2;
    schema::ColumnBuilder vectors(100, schema::DataType::kFloatVector, schema::DataType::kNone, 1);
    for (size_t q = 0; q < queries; ++q) {
        const auto number = static_cast<float>(q);
        vectors.AppendBytes({reinterpret_cast<const char*>(&number), sizeof number});
    }
    request.queries = vectors.Finish();
    return request;
}

roles::Grouping ByGroup(uint32_t size) {
    roles::Grouping grouping;
    grouping.fields.resize(1);
    grouping.fields[0].field.id = kGroupField;
    grouping.fields[0].field.type = schema::DataType::kInt64;
    grouping.group_size = size;
    return grouping;
}

std::string KeyOf(int64_t group) {
    schema::ColumnBuilder values(kGroupField, schema::DataType::kInt64);
    values.AppendInt(group);
    schema::ColumnBatch batch;
    batch.rows = 1;
    batch.columns = {values.Finish()};
    GroupKeys keys(ByGroup(1).fields);
    EXPECT_TRUE(keys.Use(batch).ok());
    std::string key;
    keys.AppendKey(0, &key);
    return key;
}

// The answer's hits of each query; groups are left 0 unless there are group keys.
std::vector<Hits> Searched(const FakeSegment& segment, const roles::SearchRequest& request,
                           uint32_t k) {
    const base::CallContext context;
    segment::ReadOptions options;
    options.context = &context;
    options.clock = &sys::RealClock();
    options.filter = request.filter.get();
    const auto answer = SegmentSearch(segment, request, k).Run(options);
    EXPECT_TRUE(answer.ok());
    EXPECT_EQ(answer->counters.segments, 1u);
    std::vector<Hits> hits;
    size_t at = 0;
    for (const uint32_t count : answer->counts) {
        hits.emplace_back();
        for (uint32_t i = 0; i < count; ++i, ++at) {
            hits.back().push_back({answer->scores[at], answer->keys.ints[at], 0});
        }
    }
    EXPECT_EQ(answer->group_keys.size(), request.grouping.has_value() ? at : 0);
    return hits;
}

void DropGroups(Hits* hits) {
    for (FakeSegment::Hit& hit : *hits) {
        hit.group = 0;
    }
}

constexpr size_t kQueries = 3;
constexpr size_t kRows = 700;

TEST(SegmentSearchTest, EqualScoresComeByKeyHoweverManyAreAsked) {
    const FakeSegment segment(kQueries, kRows, 1);
    for (const uint32_t k : {1u, 2u, 7u, 60u, 699u, 700u, 5000u}) {
        const std::vector<Hits> found = Searched(segment, RequestOf(kQueries), k);
        for (size_t q = 0; q < kQueries; ++q) {
            Hits expected = segment.Ranked(q);
            expected.resize(std::min<size_t>(k, expected.size()));
            DropGroups(&expected);
            EXPECT_EQ(found[q], expected) << k;
        }
    }
    EXPECT_GT(segment.searches, 7);
    EXPECT_EQ(segment.matches, 0);  // without a filter there is nothing to match
}

TEST(SegmentSearchTest, AHitBehindAPlaceIsWorseOrHasAGreaterKey) {
    const FakeSegment segment(1, kRows, 2);
    const Hits all = segment.Ranked(0);
    for (const size_t at : {size_t{0}, size_t{40}, size_t{333}, kRows - 1}) {
        for (const bool with_key : {true, false}) {
            roles::SearchRequest request = RequestOf(1);
            request.exact = true;
            request.after.emplace();
            request.after->score = all[at].score;
            if (with_key) {
                request.after->key.ints = {all[at].key};
            }
            Hits expected;
            for (const FakeSegment::Hit& hit : all) {
                const bool behind =
                    hit.score > all[at].score ||
                    (with_key && hit.score == all[at].score && hit.key > all[at].key);
                if (behind && expected.size() < 25) {
                    expected.push_back(hit);
                }
            }
            DropGroups(&expected);
            EXPECT_EQ(Searched(segment, request, 25)[0], expected) << at << with_key;
        }
    }
}

TEST(SegmentSearchTest, GroupsAreFoundBehindALargeOne) {
    for (const uint32_t seed : {3u, 4u, 5u, 6u}) {
        const FakeSegment segment(kQueries, kRows, seed);
        for (const uint32_t k : {1u, 2u, 5u, 12u, 30u}) {
            for (const uint32_t size : {1u, 3u, 10u, 200u}) {
                roles::SearchRequest request = RequestOf(kQueries);
                request.grouping = ByGroup(size);
                const std::vector<Hits> found = Searched(segment, request, k);
                for (size_t q = 0; q < kQueries; ++q) {
                    GroupRule rule(*request.grouping, static_cast<uint32_t>(q), k);
                    Hits expected;
                    for (const FakeSegment::Hit& hit : segment.Ranked(q)) {
                        if (!rule.done() && rule.Offer(std::to_string(hit.group))) {
                            expected.push_back(hit);
                        }
                    }
                    DropGroups(&expected);
                    ASSERT_EQ(found[q], expected) << seed << " " << k << " " << size;
                }
            }
        }
    }
}

TEST(SegmentSearchTest, WantedGroupsAreFilled) {
    const FakeSegment segment(2, kRows, 7);
    roles::SearchRequest request = RequestOf(2);
    request.grouping = ByGroup(4);
    const std::vector<std::vector<int64_t>> wanted = {{3, 0, 77}, {11}};
    for (const std::vector<int64_t>& groups : wanted) {
        request.grouping->wanted.emplace_back();
        for (const int64_t group : groups) {
            request.grouping->wanted.back().push_back(KeyOf(group));
        }
    }
    const std::vector<Hits> found = Searched(segment, request, 1);
    for (size_t q = 0; q < 2; ++q) {
        Hits expected;
        std::map<int64_t, int> counts;
        for (const FakeSegment::Hit& hit : segment.Ranked(q)) {
            const bool asked =
                std::find(wanted[q].begin(), wanted[q].end(), hit.group) != wanted[q].end();
            if (asked && ++counts[hit.group] <= 4) {
                expected.push_back(hit);
            }
        }
        DropGroups(&expected);
        EXPECT_EQ(found[q], expected);
    }
}

// Queries 0 and 1 share an answer: of each key the better score, with the groups of that order.
TEST(SegmentSearchTest, QueriesThatShareAnAnswerAreMerged) {
    const auto segment = std::make_shared<FakeSegment>(kQueries, kRows, 11, 200);
    std::map<int64_t, FakeSegment::Hit> best;
    for (const size_t q : {0, 1}) {
        for (const FakeSegment::Hit& hit : segment->Ranked(q)) {
            const auto known = best.try_emplace(hit.key, hit).first;
            known->second.score = std::min(known->second.score, hit.score);
        }
    }
    Hits shared;
    for (const auto& [key, hit] : best) {
        shared.push_back(hit);
    }
    std::sort(shared.begin(), shared.end());
    const std::vector<Hits> ranked = {shared, segment->Ranked(2)};
    const base::CallContext context;
    ReadScope scope{&context, &sys::RealClock(), nullptr, base::kMaxTimestamp};
    for (const int mode : {0, 1, 2}) {  // plain, groups, wanted groups
        roles::SearchRequest request = RequestOf(kQueries);
        request.k = 6;
        request.queries_of_answers = {2, 1};
        std::vector<Hits> expected(2);
        if (mode > 0) {
            request.grouping = ByGroup(2);
        }
        if (mode == 2) {
            request.grouping->wanted = {{KeyOf(3), KeyOf(0)}, {KeyOf(5)}};
        }
        for (uint32_t a = 0; a < 2; ++a) {
            if (mode == 0) {
                expected[a].assign(ranked[a].begin(), ranked[a].begin() + request.k);
                continue;
            }
            GroupRule rule(*request.grouping, a, request.k);
            for (const FakeSegment::Hit& hit : ranked[a]) {
                if (!rule.done() && rule.Offer(KeyOf(hit.group))) {
                    expected[a].push_back(hit);
                }
            }
        }
        const auto answer = SearchSegments({segment}, request, scope);
        ASSERT_TRUE(answer.ok()) << answer.status().reason();
        ASSERT_EQ(answer->counts.size(), 2u);
        size_t at = 0;
        for (uint32_t a = 0; a < 2; ++a) {
            ASSERT_EQ(answer->counts[a], expected[a].size()) << mode;
            for (const FakeSegment::Hit& hit : expected[a]) {
                EXPECT_EQ(answer->keys.ints[at], hit.key) << mode;
                EXPECT_EQ(answer->scores[at], hit.score) << mode;
                ++at;
            }
        }
    }
    roles::SearchRequest broken = RequestOf(kQueries);
    broken.k = 1;
    broken.queries_of_answers = {2, 2};
    EXPECT_FALSE(SearchSegments({segment}, broken, scope).ok());
}

TEST(SegmentSearchTest, AnOrdinarySearchAsksOnce) {
    const FakeSegment segment(1, kRows, 8);
    Searched(segment, RequestOf(1), kRows);
    EXPECT_EQ(segment.searches, 1);
}

// Where distances are numbers of bits the last one is shared as a rule.
TEST(SegmentSearchTest, ASearchAmongBitsAsksOnce) {
    const FakeSegment segment(1, kRows, 9, 60);
    roles::SearchRequest request = RequestOf(1);
    request.metric = vindex::Metric::kHamming;
    const std::vector<Hits> found = Searched(segment, request, 10);
    EXPECT_EQ(segment.searches, 1);
    Hits expected = segment.Ranked(0);
    expected.resize(10);
    DropGroups(&expected);
    EXPECT_EQ(found[0], expected);
    const FakeSegment coarse(1, kRows, 9, 2);  // more are equally far than the first search gives
    Hits nearest = coarse.Ranked(0);
    nearest.resize(10);
    DropGroups(&nearest);
    EXPECT_EQ(Searched(coarse, request, 10)[0], nearest);
    EXPECT_GT(coarse.searches, 1);
}

TEST(SegmentSearchTest, QueriesInPartsGetTheAnswersOfAllTogether) {
    constexpr size_t kMany = 331;
    roles::SearchRequest request = RequestOf(kMany);
    request.k = 5;
    EXPECT_EQ(QueryParts(request, 1, 16), 3u);
    EXPECT_EQ(QueryParts(request, 1, 3), 3u);
    EXPECT_EQ(QueryParts(request, 2, 4), 2u);
    EXPECT_EQ(QueryParts(request, 0, 4), 1u);
    EXPECT_EQ(QueryParts(request, 9, 4), 1u);
    EXPECT_EQ(QueryParts(RequestOf(191), 1, 4), 1u);
    roles::SearchRequest filtered = request;
    filtered.filter = std::make_shared<const expr::Plan>(expr::Plan{expr::IsNull()});
    EXPECT_EQ(QueryParts(filtered, 1, 4), 1u);
    roles::SearchRequest grouped = request;
    grouped.grouping = ByGroup(1);
    EXPECT_EQ(QueryParts(grouped, 1, 4), 1u);

    const auto segment = std::make_shared<FakeSegment>(kMany, 40, 11);
    const base::CallContext context;
    ReadScope scope{&context, &sys::RealClock(), nullptr, 77};
    const auto together = SearchSegments({segment}, request, scope);
    ASSERT_TRUE(together.ok());
    sys::ThreadPool pool("parts", 3);
    scope.executor = &pool;
    std::vector<roles::SearchResponse> parts;
    for (size_t part = 0; part < 3; ++part) {
        const auto answer = SearchSegments({segment}, PartOf(request, part, 3), scope);
        ASSERT_TRUE(answer.ok());
        parts.push_back(*answer);
    }
    const roles::SearchResponse joined = JoinParts(std::move(parts));
    const auto by_cores = SearchSegments({segment}, request, scope);
    ASSERT_TRUE(by_cores.ok());
    for (const roles::SearchResponse& answer : {joined, *by_cores}) {
        EXPECT_EQ(answer.counts, together->counts);
        EXPECT_EQ(answer.keys.ints, together->keys.ints);
        EXPECT_EQ(answer.scores, together->scores);
        EXPECT_EQ(answer.addresses.size(), together->addresses.size());
        EXPECT_EQ(answer.snapshot_ts, 77u);
        EXPECT_EQ(answer.counters.segments, 1u);
    }
}

// Rows that a filter lets pass are found by looking at the nearest rows, unless few pass.
TEST(SegmentSearchTest, AFilterLooksAtTheNearestRowsFirst) {
    FakeSegment segment(2, 7000, 9, 3000);
    for (const int64_t every : {2, 5, 60, 2000, 100000}) {
        for (const bool iterative : {true, false}) {
            segment.pass_every = every;
            segment.filtered = 0;
            roles::SearchRequest request = RequestOf(2);
            request.iterative_filter = iterative;
            // Any filter: the segment asks Passes().
            request.filter = std::make_shared<const expr::Plan>(expr::Plan{expr::IsNull()});
            const std::vector<Hits> found = Searched(segment, request, 6);
            for (size_t q = 0; q < 2; ++q) {
                Hits expected;
                for (const FakeSegment::Hit& hit : segment.Ranked(q)) {
                    if (hit.key % every == 0 && expected.size() < 6) {
                        expected.push_back(hit);
                    }
                }
                DropGroups(&expected);
                EXPECT_EQ(found[q], expected) << every << iterative;
            }
            const bool nearest_only = iterative && every < 60;
            EXPECT_EQ(segment.filtered < 7000, nearest_only) << every << iterative;
        }
    }
}

}  // namespace
}  // namespace elanus::reduce
