// SignScan beside a plain comparison of all rows.
#include "vindex/sign_scan.h"

#include "simd/distance.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

constexpr uint32_t kDim = 96;

// Rows around a few hundred centres that are themselves off the origin, as embeddings are.
std::vector<float> MadeRows(size_t rows, uint32_t dim, uint64_t seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> centres(200 * dim);
    for (float& x : centres) {
        x = 0.5f + normal(random);
    }
    std::vector<float> values(rows * dim);
    for (size_t i = 0; i < rows; ++i) {
        const size_t centre = random() % 200;
        for (uint32_t d = 0; d < dim; ++d) {
            values[i * dim + d] = centres[centre * dim + d] + 0.7f * normal(random);
        }
    }
    return values;
}

float CostOf(Metric metric, const float* a, const float* b, uint32_t dim) {
    if (metric == Metric::kL2) {
        return simd::L2Squared(a, b, dim);
    }
    const float product = simd::InnerProduct(a, b, dim);
    if (metric == Metric::kIp) {
        return -product;
    }
    const float lengths = std::sqrt(simd::SquaredNorm(a, dim) * simd::SquaredNorm(b, dim));
    return lengths > 0 ? -product / lengths : 0;
}

class SignScanTest : public testing::TestWithParam<Metric> {
  protected:
    void Fill(size_t rows, uint32_t dim = kDim) {
        dim_ = dim;
        rows_ = MadeRows(rows, dim, 1);
        scan_ = std::make_unique<SignScan>(GetParam(), dim);
    }
    void Extend(uint32_t rows) {
        scan_->Extend(rows, [this](uint32_t row, float* out) {
            std::copy_n(rows_.data() + size_t{row} * dim_, dim_, out);
        });
    }
    std::vector<uint64_t> Search(const float* query, size_t k, base::BitmapView selected,
                                 SearchCounters* counters) {
        const SignScan::View view = scan_->Look(static_cast<uint32_t>(rows_.size() / dim_));
        TopK best;
        best.Reset(k);
        SignScan::Request request{.query = query, .k = k, .selected = selected, .interrupt = {}};
        const base::Status searched = view.Search(
            request,
            [&](std::span<const uint32_t> ids, float* costs) {
                EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
                for (size_t i = 0; i < ids.size(); ++i) {
                    costs[i] = CostOf(GetParam(), query, Row(ids[i]), dim_);
                }
            },
            &best, counters);
        EXPECT_TRUE(searched.ok());
        const std::span<const uint64_t> keys = best.Sorted();
        return {keys.begin(), keys.end()};
    }
    std::vector<uint64_t> Best(const float* query, size_t k, uint32_t rows,
                               base::BitmapView selected) const {
        std::vector<uint64_t> keys;
        for (uint32_t row = 0; row < rows; ++row) {
            if (selected.Test(row)) {
                keys.push_back(MakeKey(CostOf(GetParam(), query, Row(row), dim_), row));
            }
        }
        std::sort(keys.begin(), keys.end());
        keys.resize(std::min(k, keys.size()));
        return keys;
    }
    const float* Row(uint32_t row) const { return rows_.data() + size_t{row} * dim_; }

    uint32_t dim_ = 0;
    std::vector<float> rows_;
    std::unique_ptr<SignScan> scan_;
};

// Every answer is the exact key of a row, none comes twice; nearly all of the true ones are there.
double ShareFound(const std::vector<uint64_t>& found, const std::vector<uint64_t>& best) {
    EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
    EXPECT_EQ(std::adjacent_find(found.begin(), found.end()), found.end());
    EXPECT_EQ(found.size(), best.size());
    size_t right = 0;
    for (const uint64_t key : best) {
        right += std::binary_search(found.begin(), found.end(), key) ? 1 : 0;
    }
    return best.empty() ? 1.0 : static_cast<double>(right) / static_cast<double>(best.size());
}

TEST_P(SignScanTest, FindsWhatAComparisonOfAllRowsFinds) {
    constexpr uint32_t kRows = 20'000;  // more than two chunks
    Fill(kRows);
    Extend(kRows);
    EXPECT_EQ(scan_->rows(), kRows);
    EXPECT_LT(scan_->memory_bytes(), size_t{kRows} * kDim);
    const std::vector<float> queries = MadeRows(50, kDim, 2);
    double recall = 0;
    SearchCounters counters;
    for (size_t q = 0; q < 50; ++q) {
        const float* query = queries.data() + q * kDim;
        recall += ShareFound(Search(query, 10, {}, &counters), Best(query, 10, kRows, {})) / 50;
    }
    EXPECT_GE(recall, 0.99);
    EXPECT_LT(counters.distances, 50u * kRows * 5 / 4);  // all estimated, few compared
}

TEST_P(SignScanTest, OnlySelectedRowsAreFound) {
    constexpr uint32_t kRows = 9'600;
    Fill(kRows);
    Extend(kRows);
    std::mt19937_64 random(3);
    const std::vector<float> queries = MadeRows(20, kDim, 4);
    for (const uint32_t every : {2u, 10u, 300u}) {
        base::Bitmap selected(kRows);
        for (uint32_t row = 0; row < kRows; ++row) {
            selected.Assign(row, random() % every == 0);
        }
        double recall = 0;
        SearchCounters counters;
        for (size_t q = 0; q < 20; ++q) {
            const float* query = queries.data() + q * kDim;
            const std::vector<uint64_t> found = Search(query, 10, selected, &counters);
            for (const uint64_t key : found) {
                EXPECT_TRUE(selected.Test(KeyRow(key)));
            }
            recall += ShareFound(found, Best(query, 10, kRows, selected)) / 20;
        }
        EXPECT_GE(recall, 0.99) << every;
    }
}

TEST_P(SignScanTest, CodesWholeGroupsAndLooksNoFurtherThanItsCaller) {
    Fill(1'000);
    Extend(31);
    EXPECT_EQ(scan_->rows(), 0u);
    Extend(100);
    EXPECT_EQ(scan_->rows(), 96u);
    Extend(50);
    EXPECT_EQ(scan_->rows(), 96u);
    EXPECT_EQ(scan_->Look(95).rows(), 64u);
    EXPECT_EQ(scan_->Look(31).rows(), 0u);
    SearchCounters counters;
    EXPECT_EQ(Search(Row(7), 200, {}, &counters), Best(Row(7), 200, 96, {}));
}

TEST_P(SignScanTest, RowsThatAreAlikeOrZeroOrHugeAreStillFound) {
    Fill(4'096);
    std::fill_n(rows_.begin(), 500 * kDim, 0.0f);
    for (uint32_t row = 500; row < 1'000; ++row) {
        std::copy_n(Row(2'000), kDim, rows_.begin() + row * kDim);
    }
    for (uint32_t d = 0; d < kDim; ++d) {
        rows_[3'000 * kDim + d] *= 1e15f;
    }
    Extend(4'096);
    SearchCounters counters;
    const std::vector<uint64_t> found = Search(Row(2'000), 400, {}, &counters);
    EXPECT_EQ(found.size(), 400u);
    if (GetParam() == Metric::kL2) {  // of the 501 equal ones the first
        EXPECT_EQ(found, Best(Row(2'000), 400, 4'096, {}));
    }
}

TEST_P(SignScanTest, SearchesWhileRowsAreCoded) {
    constexpr uint32_t kRows = 9'600;
    Fill(kRows);
    std::atomic<uint32_t> readable{0};
    std::atomic<bool> done{false};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&, t] {
            size_t searches = 0;
            while (!done || searches == 0) {
                Extend(readable.load(std::memory_order_acquire));
                const uint32_t before = scan_->rows();
                SearchCounters counters;
                const float* query = Row(static_cast<uint32_t>(17 * ++searches + t) % 1'000);
                const std::vector<uint64_t> found = Search(query, 5, {}, &counters);
                EXPECT_GE(found.size(), std::min<size_t>(5, before));
                for (const uint64_t key : found) {
                    EXPECT_LT(KeyRow(key), scan_->rows());
                }
            }
        });
    }
    for (uint32_t rows = 0; rows <= kRows; rows += 250) {
        readable.store(rows, std::memory_order_release);
        std::this_thread::yield();
    }
    done = true;
    for (std::thread& thread : threads) {
        thread.join();
    }
    Extend(kRows);
    EXPECT_EQ(scan_->rows(), kRows);
    SearchCounters counters;
    EXPECT_GE(ShareFound(Search(Row(3), 10, {}, &counters), Best(Row(3), 10, kRows, {})), 0.9);
}

INSTANTIATE_TEST_SUITE_P(All, SignScanTest,
                         testing::Values(Metric::kL2, Metric::kIp, Metric::kCosine),
                         [](const auto& metric) { return std::string(MetricName(metric.param)); });

}  // namespace
}  // namespace elanus::vindex
