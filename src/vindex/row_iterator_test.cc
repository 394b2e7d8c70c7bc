// Iterators against brute force: every row once, the order of a page, recall of the first pages,
// what a page costs, ranges, filters, interruption.
#include "vindex/row_iterator.h"

#include "vindex/exact_scan.h"
#include "vindex/index_testing.h"

#include <algorithm>
#include <map>
#include <utility>

namespace elanus::vindex {
namespace {

// Wide rows, so that walking pays although there are few.
constexpr uint32_t kWide = 768;
constexpr uint32_t kMany = 2 * kRows;
constexpr bool kWalks = kRows >= 4000;  // not with sanitizers, which have fewer rows

const Data& Rows() {
    static const Data data = Clustered(kMany, 21, kWide);
    return data;
}

const Index& Graph(Metric metric) {
    static std::map<Metric, std::unique_ptr<Index>> built;
    std::unique_ptr<Index>& index = built[metric];
    if (index == nullptr) {
        index = Build("AUTOINDEX", metric, Rows());
    }
    return *index;
}

std::unique_ptr<RowIterator> Iterate(const Index& index, const void* query,
                                     const SearchParams& params) {
    const std::string_view bytes(static_cast<const char*>(query),
                                 RowBytes(index.vector_type(), index.dim()));
    auto iterator = index.NewIterator(bytes, params);
    EXPECT_TRUE(iterator.ok()) << iterator.status().reason();
    return std::move(*iterator);
}

Neighbors Page(RowIterator& iterator, size_t count) {
    Neighbors page;
    const base::Status status = iterator.Next(count, {}, &page);
    EXPECT_TRUE(status.ok()) << status.reason();
    EXPECT_EQ(page.rows.size(), page.scores.size());
    EXPECT_LE(page.rows.size(), count);
    return page;
}

struct Walked {
    std::vector<uint32_t> rows;
    std::vector<float> scores;
    uint64_t hops = 0;
    size_t late = 0;  // rows that are better than one of an earlier page
    Strategy last = Strategy::kNone;
};

Walked WalkPages(RowIterator& iterator, Metric metric, size_t size, size_t pages) {
    Walked walked;
    float worst = 0;
    for (size_t i = 0; i < pages; ++i) {
        const Neighbors page = Page(iterator, size);
        walked.hops += page.counters.hops;
        walked.last = page.counters.strategy;
        for (size_t j = 0; j < page.rows.size(); ++j) {
            EXPECT_FALSE(j > 0 && BetterThan(metric, page.scores[j], page.scores[j - 1]));
            walked.late += i > 0 && BetterThan(metric, page.scores[j], worst) ? 1 : 0;
        }
        if (!page.scores.empty() && (i == 0 || BetterThan(metric, worst, page.scores.back()))) {
            worst = page.scores.back();
        }
        walked.rows.insert(walked.rows.end(), page.rows.begin(), page.rows.end());
        walked.scores.insert(walked.scores.end(), page.scores.begin(), page.scores.end());
        if (page.rows.size() < size) {
            EXPECT_TRUE(Page(iterator, size).rows.empty()) << "rows after the last page";
            break;
        }
    }
    return walked;
}

double ShareOf(const std::vector<uint32_t>& truth, std::vector<uint32_t> found) {
    std::sort(found.begin(), found.end());
    const auto hits = std::count_if(truth.begin(), truth.end(), [&](uint32_t row) {
        return std::binary_search(found.begin(), found.end(), row);
    });
    return static_cast<double>(hits) / static_cast<double>(truth.size());
}

void ExpectEveryRowOnce(std::vector<uint32_t> rows, const base::Bitmap& filter) {
    std::vector<uint32_t> all;
    filter.ForEach([&](size_t row) { all.push_back(static_cast<uint32_t>(row)); });
    std::sort(rows.begin(), rows.end());
    EXPECT_EQ(rows, all);
}

TEST(RowIterator, EveryMatchingRowComesOnceWhateverTheFamilyAndFilter) {
    for (const Metric metric : kDenseMetricsTested) {
        const auto flat = Build("FLAT", metric, Rows());
        const auto lists = Build("IVF_FLAT", metric, Rows(), nullptr, {{"nlist", "16"}});
        for (const Index* index : {&Graph(metric), &std::as_const(*flat), &std::as_const(*lists)}) {
            for (const double share : {1.0, 0.5, 0.01}) {
                const base::Bitmap filter = RandomFilter(kMany, share, 22);
                SearchParams params;
                if (share < 1) {
                    params.filter = filter;
                }
                const auto iterator = Iterate(*index, Rows().query(1), params);
                const Walked walked = WalkPages(*iterator, metric, 300, kMany);
                ExpectEveryRowOnce(walked.rows, filter);
                const std::vector<uint32_t> truth =
                    Truth(Rows(), metric, Rows().query(1), 300, params.filter);
                const std::vector<uint32_t> first(
                    walked.rows.begin(),
                    walked.rows.begin() + static_cast<ptrdiff_t>(truth.size()));
                EXPECT_GE(ShareOf(truth, first), index == lists.get() ? 0.5 : 0.95) << share;
            }
        }
    }
}

TEST(RowIterator, PagesGoOnWhereTheLastOneEnded) {
    size_t late = 0, walks = 0;
    for (size_t q = 0; q < 10; ++q) {
        const auto whole = Iterate(Graph(Metric::kCosine), Rows().query(q), {});
        const Neighbors once = Page(*whole, 40);
        const auto iterator = Iterate(Graph(Metric::kCosine), Rows().query(q), {});
        const Walked walked = WalkPages(*iterator, Metric::kCosine, 8, 5);
        ASSERT_EQ(walked.rows.size(), 40u);
        late += walked.late;
        const std::vector<uint32_t> truth = Truth(Rows(), Metric::kCosine, Rows().query(q), 40);
        EXPECT_GE(ShareOf(truth, walked.rows), 0.95);
        if (walked.last == Strategy::kWalk) {
            ++walks;
            EXPECT_GT(walked.hops, 40u);
            EXPECT_LE(walked.hops, once.counters.hops + once.counters.hops / 5);
        }
    }
    // Where a query is far from enough rows, all are compared in the end.
    EXPECT_GE(walks, kWalks ? 7u : 0u);
    EXPECT_LE(late, 8u) << "of 400";
}

TEST(RowIterator, OtherTypesOfRowsAreWalkedToo) {
    const Data& data = Rows();
    std::vector<int8_t> rows(data.rows.size()), query(kWide);
    const auto coded = [](float value) {
        return static_cast<int8_t>(std::clamp(value * 30, -127.0f, 127.0f));
    };
    std::transform(data.rows.begin(), data.rows.end(), rows.begin(), coded);
    std::transform(data.query(0), data.query(0) + kWide, query.begin(), coded);
    BuildInput input;
    input.vectors = rows.data();
    input.rows = kMany;
    auto index = BuildIndex({"HNSW", VectorType::kInt8, Metric::kL2, kWide, {}}, input);
    ASSERT_TRUE(index.ok()) << index.status().reason();
    const auto iterator = Iterate(**index, query.data(), {});
    const Neighbors first = Page(*iterator, 20);
    const bool walk = first.counters.strategy == Strategy::kWalk;
    EXPECT_EQ(walk, kWalks);
    Walked walked = WalkPages(*iterator, Metric::kL2, 1000, kMany);
    walked.rows.insert(walked.rows.end(), first.rows.begin(), first.rows.end());
    ExpectEveryRowOnce(walked.rows, base::Bitmap(kMany, true));
    float want = 0;
    for (uint32_t d = 0; d < kWide; ++d) {
        const auto apart = static_cast<float>(rows[size_t{first.rows[0]} * kWide + d] - query[d]);
        want += apart * apart;
    }
    EXPECT_FLOAT_EQ(first.scores[0], want);
}

TEST(RowIterator, ARangeIsWalkedFromItsNearEndToItsFarOne) {
    const Data& data = Rows();
    for (const Metric metric : kDenseMetricsTested) {
        const std::vector<uint32_t> order = Truth(data, metric, data.query(2), kMany);
        const auto score_of = [&](size_t rank) {
            return TrueScore(metric, data.query(2), data.rows.data() + size_t{order[rank]} * kWide,
                             kWide);
        };
        SearchParams params;
        params.radius = score_of(250);
        params.range_filter = score_of(50);
        const auto iterator = Iterate(Graph(metric), data.query(2), params);
        const Walked walked = WalkPages(*iterator, metric, 30, 50);
        const std::vector<uint32_t> truth(order.begin() + 51, order.begin() + 250);
        EXPECT_GE(ShareOf(truth, walked.rows), 0.95);
        EXPECT_LE(walked.rows.size(), truth.size() + 3);
    }
}

TEST(RowIterator, AfterAnInterruptionItGoesOn) {
    constexpr uint32_t kEnough = 8000;  // for a walk to ask whether it is to stop
    const Data data = Clustered(kEnough, 21, kWide);
    const auto index = Build("AUTOINDEX", Metric::kL2, data);
    const auto iterator = Iterate(*index, data.query(3), {});
    const Neighbors first = Page(*iterator, 10);
    Neighbors none;
    const base::Status stopped =
        iterator->Next(kEnough, [] { return base::Status::Error(base::Code::kCanceled); }, &none);
    EXPECT_EQ(stopped.code(), base::Code::kCanceled);
    Walked rest = WalkPages(*iterator, Metric::kL2, 100, kEnough);
    rest.rows.insert(rest.rows.end(), first.rows.begin(), first.rows.end());
    ExpectEveryRowOnce(rest.rows, base::Bitmap(kEnough, true));
    EXPECT_GT(iterator->memory_bytes(), kEnough / 8);
}

TEST(RowIterator, AQueryOfAnotherSizeIsRefused) {
    EXPECT_EQ(Graph(Metric::kL2).NewIterator("short", {}).status().code(),
              base::Code::kInvalidParameter);
}

}  // namespace
}  // namespace elanus::vindex
