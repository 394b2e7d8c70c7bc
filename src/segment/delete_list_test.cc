// DeleteList against a map from row to its earliest delete.
#include "segment/delete_list.h"

#include "segment/segment.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace elanus::segment {
namespace {

class Model {
  public:
    size_t Apply(const DeleteRun& run) {
        const size_t before = deletes_.size();
        for (size_t i = 0; i < run.rows.size(); ++i) {
            const auto [it, fresh] = deletes_.emplace(run.rows[i], run.timestamps[i]);
            it->second = std::min(it->second, run.timestamps[i]);
        }
        return deletes_.size() - before;
    }
    void ExpectEqual(const DeleteList& list, size_t rows, base::Timestamp at) const {
        base::Bitmap visible(rows, true);
        list.Mask(at, &visible);
        size_t deleted = 0;
        for (const auto& [row, timestamp] : deletes_) {
            deleted += timestamp <= at ? 1 : 0;
            ASSERT_EQ(list.IsDeleted(row, at), timestamp <= at);
            if (row < rows) {
                ASSERT_EQ(visible.Test(row), timestamp > at);
            }
        }
        ASSERT_EQ(list.CountAt(at), deleted);
        ASSERT_EQ(list.AnyAt(at), deleted > 0);
        ASSERT_EQ(list.size(), deletes_.size());
    }
    DeleteRun Between(base::Timestamp after, base::Timestamp until) const {
        DeleteRun run;
        for (const auto& [row, timestamp] : deletes_) {
            if (after < timestamp && timestamp <= until) {
                run.rows.push_back(row);
                run.timestamps.push_back(timestamp);
            }
        }
        return run;
    }

  private:
    std::map<base::RowOffset, base::Timestamp> deletes_;
};

TEST(DeleteListTest, EmptyListDeletesNothing) {
    DeleteList list;
    base::Bitmap visible(10, true);
    list.Mask(base::kMaxTimestamp, &visible);
    EXPECT_EQ(visible.Count(), 10u);
    EXPECT_EQ(list.size(), 0u);
    EXPECT_EQ(list.max_timestamp(), 0u);
    EXPECT_FALSE(list.IsDeleted(3, base::kMaxTimestamp));
    EXPECT_TRUE(list.Between(0, base::kMaxTimestamp).rows.empty());
}

TEST(DeleteListTest, RandomRunsAgreeWithAMapAtEveryTimestamp) {
    constexpr size_t kRows = 3000;
    std::mt19937_64 random(7);
    DeleteList list;
    Model model;
    for (int step = 0; step < 300; ++step) {
        DeleteRun run;
        const size_t size = random() % 4 == 0 ? random() % 100 : 1;
        for (size_t i = 0; i < size; ++i) {
            run.rows.push_back(static_cast<base::RowOffset>(random() % kRows));
            run.timestamps.push_back(100 + random() % 1000);
        }
        EXPECT_EQ(list.Apply(run), model.Apply(run));
        EXPECT_EQ(list.Apply(run), 0u);  // once more changes nothing
        model.ExpectEqual(list, kRows / 2 + random() % kRows, 50 + random() % 1100);
        if (HasFatalFailure()) {
            return;
        }
    }
    model.ExpectEqual(list, kRows, base::kMaxTimestamp);
    const DeleteRun got = list.Between(300, 700);
    const DeleteRun want = model.Between(300, 700);
    EXPECT_EQ(got.rows, want.rows);
    EXPECT_EQ(got.timestamps, want.timestamps);
}

TEST(DeleteListTest, SingleDeletesStayCheap) {
    // Quadratic behaviour (a copy of everything for each delete) would take minutes here.
    constexpr base::RowOffset kDeletes = 100'000;
    DeleteList list;
    for (base::RowOffset i = 0; i < kDeletes; ++i) {
        list.Apply({{i * 7919 % kDeletes}, {i + 1}});
    }
    EXPECT_EQ(list.size(), size_t{kDeletes});
    EXPECT_EQ(list.max_timestamp(), base::Timestamp{kDeletes});
    EXPECT_EQ(list.CountAt(kDeletes / 2), size_t{kDeletes} / 2);
}

}  // namespace
}  // namespace elanus::segment
