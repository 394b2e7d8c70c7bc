#include "coord/compaction_plan.h"

#include <gtest/gtest.h>

namespace elanus::coord {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

CompactionCandidate Candidate(base::SegmentId id, uint64_t mib, uint64_t rows = 1000,
                              uint64_t deleted = 0, uint64_t droppable = 0) {
    CompactionCandidate candidate;
    candidate.info.id = id;
    candidate.info.vchannel = "v";
    candidate.info.partition_id = 3;
    candidate.info.bytes = mib * kMiB;
    candidate.info.rows = rows;
    candidate.info.min_ts = static_cast<base::Timestamp>(id * 10);
    candidate.info.max_ts = candidate.info.min_ts + 9;
    candidate.deleted_rows = deleted;
    candidate.droppable_rows = droppable;
    return candidate;
}

std::vector<std::vector<base::SegmentId>> Ids(const std::vector<CompactionWork>& works) {
    std::vector<std::vector<base::SegmentId>> ids;
    for (const CompactionWork& work : works) {
        std::vector<base::SegmentId>& of_work = ids.emplace_back();
        for (const roles::SegmentInfo& input : work.inputs) {
            of_work.push_back(input.id);
        }
    }
    return ids;
}

using Lists = std::vector<std::vector<base::SegmentId>>;

TEST(CompactionPlan, AskedForSmallSegmentsAreMergedInTheOrderOfTime) {
    const CompactionLimits limits;
    EXPECT_EQ(Ids(PlanMix({Candidate(2, 1), Candidate(1, 5)}, limits, true)), (Lists{{1, 2}}));
    EXPECT_TRUE(PlanMix({Candidate(1, 5)}, limits, true).empty());
    EXPECT_TRUE(PlanMix({Candidate(1, 900), Candidate(2, 900)}, limits, true).empty());
    EXPECT_EQ(
        Ids(PlanMix({Candidate(1, 500), Candidate(2, 500), Candidate(3, 500), Candidate(4, 5)},
                    limits, true)),
        (Lists{{1, 2}, {3, 4}}));
}

TEST(CompactionPlan, ByItselfItMustPay) {
    const CompactionLimits limits;
    EXPECT_TRUE(
        PlanMix({Candidate(1, 1), Candidate(2, 1), Candidate(3, 1)}, limits, false).empty());
    EXPECT_EQ(Ids(PlanMix({Candidate(1, 1), Candidate(2, 1), Candidate(3, 1), Candidate(4, 1)},
                          limits, false)),
              (Lists{{1, 2, 3, 4}}));
    // Two large ones fill a segment.
    EXPECT_EQ(Ids(PlanMix({Candidate(1, 450), Candidate(2, 450)}, limits, false)), (Lists{{1, 2}}));
    // A giant is not written anew for little.
    EXPECT_EQ(Ids(PlanMix({Candidate(1, 400), Candidate(2, 1), Candidate(3, 1), Candidate(4, 1),
                           Candidate(5, 1)},
                          limits, false)),
              (Lists{{2, 3, 4, 5}}));
}

TEST(CompactionPlan, DeletesRewriteASegmentWhenTheyAreManyOrWhenAsked) {
    const CompactionLimits limits;
    const auto few = Candidate(1, 900, 1000, 100, 100);
    const auto many = Candidate(2, 900, 1000, 200, 200);
    const auto held = Candidate(3, 900, 1000, 900, 0);
    EXPECT_EQ(Ids(PlanMix({few, many, held}, limits, false)), (Lists{{2}}));
    const auto asked = PlanMix({few, many, held}, limits, true);
    // What shrinks below half a segment is merged.
    EXPECT_EQ(Ids(asked), (Lists{{1}, {2}, {3}}));
    EXPECT_TRUE(asked[0].waits_for_reads);
    auto expired = Candidate(4, 900);
    expired.expired_share = 0.5;
    expired.may_have_expired = true;
    EXPECT_EQ(Ids(PlanMix({expired}, limits, false)), (Lists{{4}}));
}

TEST(CompactionPlan, InputsAreBounded) {
    CompactionLimits limits;
    limits.rows_max = 5000;
    std::vector<CompactionCandidate> candidates;
    for (base::SegmentId id = 1; id <= 12; ++id) {
        candidates.push_back(Candidate(id, 1));
    }
    for (const CompactionWork& work : PlanMix(candidates, limits, true)) {
        EXPECT_LE(work.inputs.size(), 5u);
    }
}

TEST(CompactionPlan, ATargetSizeSaysHowManySegmentsThereWillBe) {
    const CompactionLimits limits;
    auto works =
        PlanForceMerge({Candidate(1, 10), Candidate(2, 10), Candidate(3, 10)}, limits, 15 * kMiB);
    ASSERT_EQ(works.size(), 1u);
    EXPECT_EQ(works[0].outputs, 2u);
    // One that is as it should be is in a plan all the same.
    works = PlanForceMerge({Candidate(1, 10)}, limits, 100 * kMiB);
    EXPECT_EQ(Ids(works), (Lists{{1}}));
    EXPECT_EQ(works[0].outputs, 1u);
}

TEST(CompactionPlan, ClusteringTakesEverythingThatIsNotClustered) {
    const CompactionLimits limits;
    auto first = Candidate(1, 10);
    EXPECT_EQ(Ids(PlanClustering({first, Candidate(2, 900)}, limits)), (Lists{{1, 2}}));
    EXPECT_EQ(PlanClustering({first, Candidate(2, 900)}, limits)[0].outputs, 2u);
    first.info.level = roles::SegmentLevel::kL2;
    EXPECT_TRUE(PlanClustering({first}, limits).empty());
    first.deleted_rows = 1;
    EXPECT_EQ(Ids(PlanClustering({first}, limits)), (Lists{{1}}));
}

}  // namespace
}  // namespace elanus::coord
