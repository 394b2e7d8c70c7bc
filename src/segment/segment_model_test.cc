// Random inserts, upserts and deletes against a model; the growing segment and the sealed one made
// from it give the model's answers at every timestamp.
#include "segment/key_index.h"
#include "segment/segment_fixture_test.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace elanus::segment {
namespace {

class SegmentModelTest : public ::testing::TestWithParam<bool> {};

TEST_P(SegmentModelTest, GrowingAndSealedAgreeWithTheModelAtEveryTimestamp) {
    for (uint64_t seed = 1; seed <= 6; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        SegmentModel model(GetParam(), seed);
        ASSERT_NO_FATAL_FAILURE(model.Check(*model.growing, base::kMaxTimestamp));  // empty
        for (int round = 0; round < 6; ++round) {
            ASSERT_NO_FATAL_FAILURE(model.RandomSteps(15));
            for (int i = 0; i < 4; ++i) {
                ASSERT_NO_FATAL_FAILURE(model.Check(*model.growing, model.RandomTimestamp()));
            }
        }
        const auto sealed = SealAndOpen(*model.growing, model.schema);
        ASSERT_NE(sealed, nullptr);
        EXPECT_TRUE(sealed->VerifyAll().ok());
        EXPECT_EQ(sealed->min_timestamp(), model.growing->min_timestamp());
        EXPECT_EQ(sealed->max_timestamp(), model.growing->max_timestamp());
        EXPECT_EQ(sealed->deletes().size(), model.growing->deletes().size());
        for (int i = 0; i < 12; ++i) {
            const base::Timestamp timestamp = model.RandomTimestamp();
            ASSERT_NO_FATAL_FAILURE(model.Check(*sealed, timestamp));
            ASSERT_NO_FATAL_FAILURE(model.Check(*model.growing, timestamp));
        }
        // Deletes still arrive at both after the swap.
        const DeleteRun late{{0, 1, 2}, {model.now + 1, model.now + 2, model.now + 2}};
        sealed->ApplyDeletes(late);
        model.growing->ApplyDeletes(late);
        for (size_t i = 0; i < late.rows.size(); ++i) {
            model.rows[i].deleted = std::min(model.rows[i].deleted, late.timestamps[i]);
        }
        for (const base::Timestamp at : {model.now, model.now + 1, model.now + 2}) {
            ASSERT_NO_FATAL_FAILURE(model.Check(*sealed, at));
            ASSERT_NO_FATAL_FAILURE(model.Check(*model.growing, at));
        }
    }
}

TEST_P(SegmentModelTest, SegmentsOfManyChunksAgreeWithTheModel) {
    SegmentModel model(GetParam(), 99);
    for (int i = 0; i < 15; ++i) {
        ASSERT_NO_FATAL_FAILURE(model.Insert(1500, i % 3 == 0));
        ASSERT_NO_FATAL_FAILURE(model.Delete(50));
    }
    ASSERT_GT(model.rows.size(), size_t{10'000});
    const auto sealed = SealAndOpen(*model.growing, model.schema);
    ASSERT_NE(sealed, nullptr);
    for (int i = 0; i < 4; ++i) {
        const base::Timestamp timestamp = model.RandomTimestamp();
        ASSERT_NO_FATAL_FAILURE(model.Check(*sealed, timestamp));
        ASSERT_NO_FATAL_FAILURE(model.Check(*model.growing, timestamp));
    }
}

TEST_P(SegmentModelTest, AnEmptySegmentSealsAndOpens) {
    SegmentModel model(GetParam(), 1);
    const auto sealed = SealAndOpen(*model.growing, model.schema);
    ASSERT_NE(sealed, nullptr);
    ASSERT_NO_FATAL_FAILURE(model.Check(*sealed, base::kMaxTimestamp));
    EXPECT_EQ(sealed->max_timestamp(), 0u);
}

TEST_P(SegmentModelTest, KeyIndexResolvesDeletesByInsertTime) {
    SegmentModel model(GetParam(), 5);
    ASSERT_NO_FATAL_FAILURE(model.RandomSteps(60));
    model.growing->Seal();
    codec::StringSink sink;
    ASSERT_TRUE(model.growing->WriteTo(sink).ok());
    const auto index = KeyIndex::Open(base::Buffer::FromString(sink.Take()));
    ASSERT_TRUE(index.ok()) << index.status().reason();
    EXPECT_EQ(index->rows(), model.rows.size());
    schema::PrimaryKeys keys;
    keys.is_string = GetParam();
    for (int64_t key = 600; key > -600; key -= 3) {
        keys.Append(KeyOfNumber(GetParam(), key));
    }
    keys.Append(KeyOfNumber(GetParam(), 600));  // a repeated key gives its rows once
    const base::Timestamp before = (1000 + model.now) / 2;
    std::vector<base::RowOffset> got;
    index->FindInsertedBefore(keys, before, &got);
    std::sort(got.begin(), got.end());
    std::vector<base::RowOffset> want;
    for (size_t row = 0; row < model.rows.size(); ++row) {
        const ModelRow& r = model.rows[row];
        if (r.inserted < before && r.key > -600 && r.key <= 600 && (600 - r.key) % 3 == 0) {
            want.push_back(static_cast<base::RowOffset>(row));
        }
    }
    EXPECT_EQ(got, want);
}

INSTANTIATE_TEST_SUITE_P(Keys, SegmentModelTest, ::testing::Values(false, true),
                         [](const auto& each) { return each.param ? "VarChar" : "Int64"; });

}  // namespace
}  // namespace elanus::segment
