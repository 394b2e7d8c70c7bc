#include "vindex/walk_reach.h"

#include "vindex/block_graph_testing.h"
#include "vindex/index_testing.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace elanus::vindex {
namespace {

constexpr uint32_t kManyRows = 3000;
constexpr uint32_t kWide = 96;

// The j-th candidate costs what the j-th nearest row does in so many dimensions.
WalkReach::Course InDimensions(double dimensions) {
    WalkReach::Course course(WalkReach::kRank, -1);
    for (size_t j = course.size(); j < 2000; ++j) {
        const double rank = static_cast<double>(j) / WalkReach::kRank;
        course.push_back(static_cast<float>(std::pow(rank, 2 / dimensions) - 1));
    }
    return course;
}

TEST(WalkReach, WalksEndAfterAsManyCandidatesAsAPoolHolds) {
    const std::vector<WalkReach::Course> courses(5, InDimensions(20));
    const WalkReach reach = WalkReach::Fit(courses);
    ASSERT_TRUE(reach.present());
    for (size_t pool : {16, 32, 100, 500, 900}) {
        const auto share = 1.125 * static_cast<double>(pool) / WalkReach::kRank;
        EXPECT_NEAR(reach.Beyond(pool), std::pow(share, 2 / 20.0) - 1, 0.02) << pool;
    }
    EXPECT_EQ(reach.Beyond(1), reach.Beyond(WalkReach::kPoolMin));
}

size_t HopsWithin(const WalkReach::Course& course, float beyond) {
    return static_cast<size_t>(std::upper_bound(course.begin(), course.end(), beyond) -
                               course.begin());
}

TEST(WalkReach, QueriesInACrowdGetMoreOfTheHops) {
    std::vector<WalkReach::Course> courses(5, InDimensions(15));
    courses.insert(courses.end(), 5, InDimensions(20));
    const float beyond = WalkReach::Fit(courses).Beyond(64);
    const size_t apart = HopsWithin(courses.front(), beyond);
    const size_t crowded = HopsWithin(courses.back(), beyond);
    EXPECT_LT(apart, 59u);
    EXPECT_GT(crowded, 85u);
    EXPECT_NEAR(static_cast<double>(apart + crowded) / 2, 72, 2);
}

TEST(WalkReach, SamplesThatTellNothingGiveNone) {
    std::vector<WalkReach::Course> courses(4, InDimensions(10));
    courses.push_back(WalkReach::Course(100, -1));  // too few rows found
    courses.push_back(WalkReach::Course(100, std::numeric_limits<float>::infinity()));
    courses.push_back(WalkReach::Course(100, std::numeric_limits<float>::quiet_NaN()));
    EXPECT_TRUE(WalkReach::Fit(courses).present());
    courses.push_back(WalkReach::Course());
    EXPECT_FALSE(WalkReach::Fit(courses).present());
    EXPECT_FALSE(WalkReach::Fit({}).present());
}

size_t HopsOf(const Index& index, const Data& data, const std::string& ef) {
    size_t hops = 0;
    SearchParams params;
    params.params["ef"] = ef;
    for (size_t q = 0; q < kQueries; ++q) {
        hops += Find(index, data.query(q), params).counters.hops;
    }
    return hops;
}

TEST(WalkReach, AFileOfBeforeIsSearchedByWalksOfOneLength) {
    const Data data = Clustered(kManyRows, 51, kWide);
    for (Metric metric : kDenseMetricsTested) {
        const auto index = Build("AUTOINDEX", metric, data);
        const std::string old = OldBlockGraph(Saved(*index), kWide).Write(2);
        const auto opened = OpenIndex(base::Buffer::FromString(old));
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        EXPECT_TRUE((*opened)->Verify().ok());
        EXPECT_EQ(Saved(**opened), old);
        EXPECT_NE(HopsOf(**opened, data, "64"), HopsOf(*index, data, "64"));
        EXPECT_GE(Recall(**opened, data, SearchParams()), 0.95);
        EXPECT_GE(Recall(*index, data, SearchParams()), 0.95);
    }
}

double HopsOf(const Index& index, const Data& data, size_t k, const std::string& ef) {
    size_t hops = 0;
    SearchParams params;
    params.k = k;
    params.params["ef"] = ef;
    for (size_t q = 0; q < kQueries; ++q) {
        hops += Find(index, data.query(q), params).counters.hops;
    }
    return static_cast<double>(hops);
}

// On the average of queries like the rows, whatever k is.
TEST(WalkReach, WalksAreAboutAsLongAsThoseOfOneLength) {
    const Data data = Clustered(8000, 54, kWide);
    for (Metric metric : kDenseMetricsTested) {
        const auto index = Build("HNSW", metric, data);
        const auto fixed =
            OpenIndex(base::Buffer::FromString(OldBlockGraph(Saved(*index), kWide).Write(2)));
        ASSERT_TRUE(fixed.ok());
        for (size_t k : {1, 10, 20, 32}) {
            for (const char* ef : {"40", "100"}) {
                const double ratio = HopsOf(*index, data, k, ef) / HopsOf(**fixed, data, k, ef);
                EXPECT_GT(ratio, 0.7) << k << " " << ef;
                EXPECT_LT(ratio, 1.5) << k << " " << ef;
            }
        }
    }
}

// A larger ef is more work and no fewer right rows, on the average of all queries.
TEST(WalkReach, EffortFollowsEf) {
    const Data data = Clustered(kManyRows, 52, kWide);
    for (Metric metric : kDenseMetricsTested) {
        const auto index = Build("HNSW", metric, data);
        EXPECT_LT(HopsOf(*index, data, "10"), HopsOf(*index, data, "30"));
        EXPECT_LT(HopsOf(*index, data, "30"), HopsOf(*index, data, "60"));
    }
}

// The section is bytes that a file gives: any of them end every walk, with as many rows as asked
// for.
TEST(WalkReach, DamageIsSurvived) {
    const Data data = Clustered(kManyRows, 53, kWide);
    const std::string good = Saved(*Build("AUTOINDEX", Metric::kIp, data));
    for (float value : {std::numeric_limits<float>::quiet_NaN(), -1e30f, 1e30f,
                        std::numeric_limits<float>::infinity(), -1.0f}) {
        std::string reach(32, '\0');
        for (size_t at = 0; at < 28; at += sizeof value) {
            std::memcpy(reach.data() + at, &value, sizeof value);
        }
        const auto opened =
            OpenIndex(base::Buffer::FromString(WithSection(good, kGraphReach, reach)));
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        for (size_t k : {1, 10, 30}) {
            SearchParams params;
            params.k = k;
            EXPECT_EQ(Find(**opened, data.query(0), params).rows.size(), k);
        }
    }
}

}  // namespace
}  // namespace elanus::vindex
