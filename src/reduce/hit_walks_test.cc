// Pages of hits over segments that find some rows late, beside one that compares all rows: whatever
// part of a page is taken and whichever turn is asked for twice, each hit is taken once.
#include "reduce/hit_walks.h"

#include "reduce/segment_loop.h"
#include "sys/clock.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace elanus::reduce {
namespace {

// Gives rows in an order that is made up.
class ListedRows : public vindex::RowIterator {
  public:
    explicit ListedRows(std::vector<uint32_t> order) : order_(std::move(order)) {}
    base::Status Next(size_t count, const std::function<base::Status()>&,
                      vindex::Neighbors* out) override {
        *out = vindex::Neighbors();
        for (; out->rows.size() < count && at_ < order_.size(); ++at_) {
            out->rows.push_back(order_[at_]);
            out->scores.push_back(-1);  // the segment's scores count
        }
        return base::Status();
    }
    uint64_t memory_bytes() const override { return order_.size() * sizeof(uint32_t); }

  private:
    std::vector<uint32_t> order_;
    size_t at_ = 0;
};

// Row r has the key first_key + r. Scores are whole numbers, many of them equal; less is better.
class WalkedSegment : public segment::Segment {
  public:
    WalkedSegment(base::SegmentId id, size_t rows, int64_t first_key, size_t late, uint32_t seed)
        : id_(id), first_key_(first_key), walked_(late > 0) {
        std::mt19937 random(seed);
        for (size_t row = 0; row < rows; ++row) {
            scores_.push_back(static_cast<float>(random() % (rows / 2)));
        }
        order_.resize(rows);
        std::iota(order_.begin(), order_.end(), 0);
        std::sort(order_.begin(), order_.end(),
                  [&](uint32_t a, uint32_t b) { return scores_[a] < scores_[b]; });
        for (size_t i = 0; late > 0 && i + late < rows; i += 1 + random() % 12) {
            const auto from = order_.begin() + static_cast<ptrdiff_t>(i);
            std::rotate(from, from + 1, from + static_cast<ptrdiff_t>(1 + random() % late));
        }
    }

    base::SegmentId id() const override { return id_; }
    base::PartitionId partition_id() const override { return 1; }
    bool sealed() const override { return true; }
    size_t rows() const override { return scores_.size(); }
    size_t LiveRows(base::Timestamp) const override { return rows(); }
    size_t memory_bytes() const override { return 0; }
    base::Status Search(const segment::VectorQuery& query, const segment::ReadOptions&,
                        std::vector<segment::QueryHits>* hits,
                        segment::ReadCounters*) const override {
        EXPECT_TRUE(query.exact);
        if (failures > 0) {
            --failures;
            return base::Internal("asked for");
        }
        compared += query.rows == nullptr ? rows() : query.rows->Count();
        std::vector<std::pair<float, uint32_t>> found;
        for (uint32_t row = 0; row < rows(); ++row) {
            const bool chosen = query.rows == nullptr || query.rows->Test(row);
            if (chosen && row != outside && scores_[row] >= query.range_filter.value_or(0)) {
                found.emplace_back(scores_[row], row);
            }
        }
        std::sort(found.begin(), found.end());
        found.resize(std::min<size_t>(found.size(), query.k));
        hits->assign(1, {});
        for (const auto& [score, row] : found) {
            hits->at(0).rows.push_back(row);
            hits->at(0).scores.push_back(score);
        }
        return base::Status();
    }
    base::Result<std::unique_ptr<vindex::RowIterator>> NewRowIterator(
        const segment::VectorQuery&, const segment::ReadOptions&,
        segment::ReadCounters*) const override {
        ++begun;
        return walked_ ? std::make_unique<ListedRows>(order_)
                       : std::unique_ptr<vindex::RowIterator>();
    }
    base::Status AddTermStatistics(base::FieldId, std::span<const uint32_t>,
                                   const segment::ReadOptions&,
                                   vindex::TermStatistics*) const override {
        return base::Internal("not asked");
    }
    base::Result<base::Bitmap> Match(const segment::ReadOptions&,
                                     segment::ReadCounters*) const override {
        return base::Bitmap(rows(), true);
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
        const std::vector<base::RowOffset>&,
        const std::vector<schema::FieldSchema>&) const override {
        return base::Internal("not asked");
    }
    schema::PrimaryKeys KeysOf(const std::vector<base::RowOffset>& rows) const override {
        schema::PrimaryKeys keys;
        for (const base::RowOffset row : rows) {
            keys.ints.push_back(first_key_ + row);
        }
        return keys;
    }
    std::vector<base::RowOffset> FindKey(const schema::PrimaryKey&) const override { return {}; }

    mutable size_t compared = 0;
    mutable size_t begun = 0;
    mutable size_t failures = 0;    // so many comparisons fail
    uint32_t outside = UINT32_MAX;  // a row that comparisons leave out

  private:
    const base::SegmentId id_;
    const int64_t first_key_;
    const bool walked_;
    std::vector<float> scores_;
    std::vector<uint32_t> order_;
};

class HitWalksTest : public testing::Test {
  protected:
    HitWalksTest() {
        segments_.push_back(std::make_shared<WalkedSegment>(1, 400, 0, 120, 1));
        segments_.push_back(std::make_shared<WalkedSegment>(2, 300, 400, 90, 2));
        segments_.push_back(std::make_shared<WalkedSegment>(3, 200, 700, 0, 3));
        schema::ColumnBuilder query(7, schema::DataType::kFloatVector, schema::DataType::kNone, 1);
        const float zero = 0;
        query.AppendBytes({reinterpret_cast<const char*>(&zero), sizeof zero});
        request_.queries = query.Finish();
        request_.exact = true;
        request_.walk = roles::WalkTurn{77, 0, {}};
    }

    base::Result<roles::SearchResponse> TryToAsk(uint32_t k) {
        request_.k = k;
        std::vector<SegmentRef> refs(segments_.begin(), segments_.end());
        const ReadScope scope{&context_, &sys::RealClock(), nullptr, base::kMaxTimestamp, &walks_};
        return SearchSegments(refs, request_, scope);
    }
    roles::SearchResponse Ask(uint32_t k) {
        auto answer = TryToAsk(k);
        EXPECT_TRUE(answer.ok()) << answer.status().reason();
        return std::move(*answer);
    }

    // Goes to the next turn, the first `count` hits of the page taken.
    void Take(const roles::SearchResponse& page, size_t count) {
        for (size_t i = 0; i < count; ++i) {
            EXPECT_TRUE(taken_.insert(page.keys.ints[i]).second) << page.keys.ints[i];
        }
        roles::HitPlace place;
        place.score = page.scores[count - 1];
        AppendKey(page.keys, count - 1, &place.key);
        const std::optional<roles::HitPlace>& after = request_.after;
        late_ += after.has_value() && !IsAfter(place, *after) ? 1 : 0;
        if (!after.has_value() || IsAfter(place, *after)) {
            request_.after = place;
        }
        request_.walk->reached = place;
        ++request_.walk->turn;
    }
    static bool IsAfter(const roles::HitPlace& a, const roles::HitPlace& b) {
        return a.score != b.score ? a.score > b.score : a.key.ints[0] > b.key.ints[0];
    }

    base::CallContext context_;
    HitWalks walks_{&sys::RealClock()};
    std::vector<std::shared_ptr<WalkedSegment>> segments_;
    roles::SearchRequest request_;
    std::set<int64_t> taken_;
    size_t late_ = 0;  // pages that end before an earlier one
};

TEST_F(HitWalksTest, EachHitIsTakenOnce) {
    std::mt19937 random(5);
    for (;;) {
        const uint32_t k = 1 + random() % 15;
        roles::SearchResponse page = Ask(k);
        if (random() % 4 == 0) {
            const roles::SearchResponse again = Ask(k);
            ASSERT_EQ(again.keys.ints, page.keys.ints);
        }
        const size_t hits = page.scores.size();
        ASSERT_TRUE(std::is_sorted(page.scores.begin(), page.scores.end()));
        if (hits == 0) {
            break;
        }
        Take(page, 1 + random() % hits);
    }
    EXPECT_EQ(taken_.size(), 900u);
    EXPECT_GT(late_, 0u) << "the data has no page of late hits";
    EXPECT_EQ(segments_[0]->begun, 1u);
    EXPECT_EQ(segments_[0]->compared, 400u) << "scores of what the walk gave, each once";
}

TEST_F(HitWalksTest, ATurnThatFailedLosesNothing) {
    Take(Ask(20), 20);
    segments_[0]->failures = 1;
    EXPECT_FALSE(TryToAsk(30).ok());
    for (roles::SearchResponse page = Ask(30); !page.scores.empty(); page = Ask(30)) {
        Take(page, page.scores.size());
    }
    EXPECT_EQ(taken_.size(), 900u);
}

TEST_F(HitWalksTest, ARowThatComparisonsLeaveOutDoesNotMakeAPageShort) {
    segments_.resize(1);
    const int64_t best = Ask(1).keys.ints[0];
    segments_[0]->outside = static_cast<uint32_t>(best);
    request_.walk = roles::WalkTurn{78, 0, {}};
    const roles::SearchResponse page = Ask(20);
    EXPECT_EQ(page.scores.size(), 20u);
    EXPECT_NE(page.keys.ints[0], best);
}

TEST_F(HitWalksTest, AWalkThatIsGoneGoesOnBehindThePlace) {
    const roles::SearchResponse first = Ask(50);
    Take(first, 50);
    walks_.DropSegment(1);
    walks_.DropSegment(2);
    EXPECT_EQ(walks_.bytes(), 0u);
    const roles::SearchResponse second = Ask(50);
    ASSERT_EQ(second.scores.size(), 50u);
    for (size_t i = 0; i < 50; ++i) {
        EXPECT_FALSE(taken_.contains(second.keys.ints[i]));
        EXPECT_GE(second.scores[i], first.scores.back());
    }
    EXPECT_EQ(walks_.bytes(), 0u) << "no new walk in the middle";
}

TEST_F(HitWalksTest, AnEarlierTurnIsNotWalked) {
    Take(Ask(20), 20);
    Ask(20);
    const size_t begun = segments_[0]->begun, compared = segments_[0]->compared;
    request_.walk = roles::WalkTurn{77, 0, {}};
    request_.after.reset();
    const roles::SearchResponse again = Ask(20);
    EXPECT_EQ(again.scores.size(), 20u);
    EXPECT_EQ(segments_[0]->begun, begun);
    EXPECT_GE(segments_[0]->compared, compared + segments_[0]->rows());
}

TEST_F(HitWalksTest, TheOldestIsDroppedWhenThereIsTooMuch) {
    const auto walk =
        std::make_shared<HitWalk>(std::make_unique<ListedRows>(std::vector<uint32_t>()));
    walks_.Keep(1, 9, walk, HitWalks::kBytesMax / 2);
    walks_.Keep(2, 9, walk, HitWalks::kBytesMax / 2);
    EXPECT_NE(walks_.Find(1, 9), nullptr);
    walks_.Keep(3, 9, walk, 100);
    EXPECT_EQ(walks_.Find(2, 9), nullptr);
    EXPECT_NE(walks_.Find(1, 9), nullptr);
    EXPECT_EQ(walks_.bytes(), HitWalks::kBytesMax / 2 + 100);
}

}  // namespace
}  // namespace elanus::reduce
