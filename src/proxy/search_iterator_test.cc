#include "proxy/search_iterator.h"

#include "reduce/segment_loop.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

namespace elanus::proxy {
namespace {

constexpr vindex::Metric kL2 = vindex::Metric::kL2;

// Rows with the scores given, their keys counting from 0; searched in the order of (score, key).
class FakeRows {
  public:
    explicit FakeRows(std::vector<float> scores) {
        for (size_t i = 0; i < scores.size(); ++i) {
            rows_.emplace_back(scores[i], static_cast<int64_t>(i));
        }
        std::sort(rows_.begin(), rows_.end());
    }

    SearchIterators::Search Search() {
        return [this](const SearchIterators::Page& page) -> base::Result<roles::SearchResponse> {
            ++searches;
            const auto& [after, count, walk] = page;
            EXPECT_FALSE(walk.has_value());
            roles::SearchResponse response;
            for (const auto& [score, key] : rows_) {
                const bool behind =
                    !after.has_value() || score > after->score ||
                    (score == after->score && !after->key.empty() && key > after->key.ints[0]);
                if (behind && response.scores.size() < count) {
                    response.scores.push_back(score);
                    response.keys.ints.push_back(key);
                    response.addresses.push_back({1, static_cast<base::RowOffset>(key)});
                }
            }
            response.counts = {static_cast<uint32_t>(response.scores.size())};
            return response;
        };
    }

    std::vector<int64_t> Keys() const {
        std::vector<int64_t> keys;
        for (const auto& [score, key] : rows_) {
            keys.push_back(key);
        }
        return keys;
    }

    int searches = 0;

  private:
    std::vector<std::pair<float, int64_t>> rows_;
};

std::vector<int64_t> KeysOf(const Batch& batch) {
    const std::vector<int64_t>& keys = batch.window->hits.keys.ints;
    return {keys.begin() + static_cast<ptrdiff_t>(batch.begin),
            keys.begin() + static_cast<ptrdiff_t>(batch.end)};
}

struct Walk {
    SearchIterators& iterators;
    FakeRows& rows;
    BatchSettings settings;
    uint64_t fingerprint = 1;

    base::Result<Batch> Ask() {
        return iterators.Next(settings, kL2, false, fingerprint, "token", rows.Search());
    }
    Batch Next() {
        base::Result<Batch> batch = Ask();
        EXPECT_TRUE(batch.ok()) << batch.status().reason();
        settings.token = batch->token;
        settings.last_bound = batch->last_bound;
        return std::move(*batch);
    }
    std::vector<int64_t> Drain() {
        std::vector<int64_t> all;
        for (;;) {
            const std::vector<int64_t> keys = KeysOf(Next());
            EXPECT_LE(keys.size(), static_cast<size_t>(settings.size));
            if (keys.empty()) {
                return all;
            }
            all.insert(all.end(), keys.begin(), keys.end());
        }
    }
};

BatchSettings OfSize(int64_t size) {
    BatchSettings settings;
    settings.size = size;
    return settings;
}

TEST(SearchIteratorTest, EveryRowComesOnceInOrderWhateverTheTies) {
    std::vector<float> scores;
    for (int i = 0; i < 500; ++i) {
        scores.push_back(static_cast<float>((i * 37) % 11));
    }
    scores.insert(scores.end(), 200, 5.0f);
    scores.push_back(std::numeric_limits<float>::infinity());
    scores.push_back(1e35f);  // as large as codes
    for (const int64_t size : {1, 2, 7, 50, 1000}) {
        SearchIterators iterators;
        FakeRows rows(scores);
        EXPECT_EQ((Walk{iterators, rows, OfSize(size)}).Drain(), rows.Keys()) << size;
    }
}

TEST(SearchIteratorTest, ManyBatchesCostOneSearch) {
    std::vector<float> scores;
    for (int i = 0; i < 320; ++i) {
        scores.push_back(static_cast<float>(i));
    }
    SearchIterators iterators;
    FakeRows rows(scores);
    Walk walk{iterators, rows, OfSize(10)};
    EXPECT_EQ(walk.Drain(), rows.Keys());
    EXPECT_LE(rows.searches, 4);
}

TEST(SearchIteratorTest, ABatchAskedForAgainIsTheSame) {
    SearchIterators iterators;
    FakeRows rows(std::vector<float>(40, 2.0f));
    Walk walk{iterators, rows, OfSize(3)};
    walk.Next();
    const BatchSettings again = walk.settings;
    const std::vector<int64_t> second = KeysOf(walk.Next());
    EXPECT_EQ(second, (std::vector<int64_t>{3, 4, 5}));
    walk.settings = again;
    EXPECT_EQ(KeysOf(walk.Next()), second);
    EXPECT_EQ(KeysOf(walk.Next()), (std::vector<int64_t>{6, 7, 8}));
}

TEST(SearchIteratorTest, WithoutItsMemoryABoundBetweenScoresIsEnough) {
    FakeRows rows({1, 1, 2, 2, 3, 3, 4});
    SearchIterators first;
    Walk walk{first, rows, OfSize(3)};
    EXPECT_EQ(KeysOf(walk.Next()), (std::vector<int64_t>{0, 1}));  // cut between two scores
    SearchIterators restarted;
    Walk rest{restarted, rows, walk.settings};
    EXPECT_EQ(rest.Drain(), (std::vector<int64_t>{2, 3, 4, 5, 6}));
}

TEST(SearchIteratorTest, WithoutItsMemoryACodedBoundIsRefused) {
    FakeRows rows(std::vector<float>(9, 1.0f));
    SearchIterators first;
    Walk walk{first, rows, OfSize(3)};
    walk.Next();
    ASSERT_GE(*walk.settings.last_bound, 0x1p100f);
    SearchIterators restarted;
    Walk rest{restarted, rows, walk.settings};
    const base::Status refused = rest.Ask().status();
    EXPECT_EQ(refused.code(), base::Code::kInvalidParameter);
    EXPECT_NE(refused.reason().find("is not known any more"), std::string::npos);
}

TEST(SearchIteratorTest, HitsOfAnotherSearchAreNotTaken) {
    SearchIterators iterators;
    FakeRows rows({1, 2, 3, 4});
    FakeRows others({1, 9, 2, 3});
    Walk walk{iterators, rows, OfSize(1)};
    walk.Next();
    Walk other{iterators, others, walk.settings, 2};
    EXPECT_EQ(KeysOf(other.Next()), (std::vector<int64_t>{2}));
}

// As segments that walk do (reduce/hit_walks.h): each row is offered until it is taken, some after
// rows that lie behind them.
class LateRows {
  public:
    explicit LateRows(uint32_t count) {
        for (uint32_t i = 0; i < count; ++i) {
            // Every fifth row is found 60 rows late.
            order_.emplace_back(i % 5 == 0 ? i + 60 : i, Row{static_cast<float>(i), i});
        }
        std::sort(order_.begin(), order_.end());
    }

    SearchIterators::Search Search() {
        return [this](const SearchIterators::Page& page) -> base::Result<roles::SearchResponse> {
            ++searches;
            EXPECT_TRUE(page.walk.has_value());
            EXPECT_EQ(page.walk->id, page.walk->turn > 0 ? id_ : page.walk->id);
            id_ = page.walk->id;
            EXPECT_TRUE(page.walk->turn == turn_ || page.walk->turn == turn_ + 1);
            turn_ = page.walk->turn;
            const auto& reached = page.walk->reached;
            std::erase_if(offered_, [&](const Row& row) {
                return reached.has_value() &&
                       (row.first < reached->score ||
                        (row.first == reached->score &&
                         (reached->key.empty() || row.second <= reached->key.ints[0])));
            });
            for (; at_ < order_.size() && offered_.size() < page.count; ++at_) {
                offered_.push_back(order_[at_].second);
            }
            std::sort(offered_.begin(), offered_.end());
            roles::SearchResponse response;
            for (const auto& [score, key] : offered_) {
                response.scores.push_back(score);
                response.keys.ints.push_back(key);
                response.addresses.push_back({1, static_cast<base::RowOffset>(key)});
            }
            response.counts = {static_cast<uint32_t>(response.scores.size())};
            return response;
        };
    }

    int searches = 0;

  private:
    using Row = std::pair<float, int64_t>;
    std::vector<std::pair<uint32_t, Row>> order_;  // as they are found
    std::vector<Row> offered_;
    size_t at_ = 0;
    uint64_t id_ = 0;
    uint32_t turn_ = 0;
};

TEST(SearchIteratorTest, RowsThatAreFoundLateComeOnceToo) {
    for (const int64_t size : {1, 2, 3, 10, 100, 700}) {
        SearchIterators iterators;
        LateRows rows(1000);
        BatchSettings settings = OfSize(size);
        std::vector<int64_t> all;
        for (bool more = true; more;) {
            auto batch = iterators.Next(settings, kL2, true, 1, "token", rows.Search());
            ASSERT_TRUE(batch.ok()) << batch.status().reason();
            // An answer that was lost is asked for again.
            const auto again = iterators.Next(settings, kL2, true, 1, "token", rows.Search());
            ASSERT_TRUE(again.ok());
            const std::vector<int64_t> keys = KeysOf(*batch);
            EXPECT_EQ(KeysOf(*again), keys);
            EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
            all.insert(all.end(), keys.begin(), keys.end());
            settings.token = batch->token;
            settings.last_bound = batch->last_bound;
            more = !keys.empty();
        }
        std::sort(all.begin(), all.end());
        std::vector<int64_t> wanted(1000);
        std::iota(wanted.begin(), wanted.end(), 0);
        EXPECT_EQ(all, wanted) << size;
    }
}

TEST(SearchIteratorTest, TheMomentIsKeptWithTheToken) {
    SearchIterators iterators;
    EXPECT_EQ(iterators.MomentOf("a"), 0u);
    iterators.NoteMoment("a", 77);
    EXPECT_EQ(iterators.MomentOf("a"), 77u);
}

TEST(SearchIteratorTest, TokensAreUuidsOfVersionFour) {
    const std::string token = MakeUuid(0x0123456789abcdef, 0xfedcba9876543210);
    EXPECT_EQ(token, "01234567-89ab-4def-bedc-ba9876543210");
    EXPECT_EQ(MakeUuid(0, 0), "00000000-0000-4000-8000-000000000000");
}

}  // namespace
}  // namespace elanus::proxy
