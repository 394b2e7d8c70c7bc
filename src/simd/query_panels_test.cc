// Panels of every level against products in double precision.
#include "simd/query_panels.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

constexpr Level kLevels[] = {Level::kScalar, Level::kNeon, Level::kAvx2, Level::kAvx512,
                             Level::kAvx512Dot};

struct alignas(64) Line {
    float values[16] = {};
};

std::vector<float> Normal(size_t count, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float& value : values) {
        value = normal(random);
    }
    return values;
}

struct Panel {
    Panel(const PanelKernel& kernel, size_t dim, uint32_t seed)
        : queries(kernel.queries),
          values(Normal(queries * dim, seed)),
          lines((queries * dim + 15) / 16),
          scales(Normal(kPanelQueriesMax, seed + 1)),
          floors(Normal(kPanelQueriesMax, seed + 2)) {
        for (size_t q = 0; q < queries; ++q) {
            for (size_t d = 0; d < dim; ++d) {
                data()[d * queries + q] = values[q * dim + d];
            }
            bound_lines[q / 16].values[q % 16] = scales[q];
            bound_lines[4 + q / 16].values[q % 16] = floors[q];
        }
    }
    float* data() { return lines[0].values; }
    const float* aligned_scales() const { return bound_lines[0].values; }
    const float* aligned_floors() const { return bound_lines[4].values; }

    size_t queries;
    std::vector<float> values;  // query by query
    std::vector<Line> lines;
    std::vector<float> scales;
    std::vector<float> floors;
    Line bound_lines[8];
};

double Product(const float* a, const float* b, size_t dim) {
    double sum = 0;
    for (size_t d = 0; d < dim; ++d) {
        sum += static_cast<double>(a[d]) * b[d];
    }
    return sum;
}

void ExpectPassing(const PanelKernel& kernel, size_t dim, size_t count) {
    Panel panel(kernel, dim, static_cast<uint32_t>(dim * 31 + count));
    // Exactly sized, so that a read behind the rows is seen by the address sanitizer.
    const std::vector<float> rows = Normal(count * dim, 7);
    const std::vector<float> row_scales = Normal(count, 8);
    const std::vector<float> row_floors = Normal(count, 9);
    std::vector<uint64_t> words(count + 1, 12345);
    kernel.near(
        panel.data(), panel.data(), rows.data(), count, dim,
        {panel.aligned_scales(), panel.aligned_floors(), row_scales.data(), row_floors.data()},
        words.data());
    EXPECT_EQ(words[count], 12345u);
    for (size_t r = 0; r < count; ++r) {
        EXPECT_TRUE(kernel.queries == 64 || words[r] >> kernel.queries == 0);
        for (size_t q = 0; q < kernel.queries; ++q) {
            const double over = Product(&panel.values[q * dim], &rows[r * dim], dim) +
                                static_cast<double>(panel.scales[q]) * row_scales[r] -
                                panel.floors[q] - row_floors[r];
            if (std::abs(over) > 1e-4 * static_cast<double>(dim)) {
                ASSERT_EQ((words[r] >> q) & 1, over > 0 ? 1u : 0u)
                    << "query " << q << " row " << r << " of " << count << " dim " << dim;
            }
        }
    }
}

TEST(QueryPanels, PassWhatIsAboveTheBound) {
    for (Level level : kLevels) {
        const PanelKernel* kernel = PanelsAt(level);
        if (kernel == nullptr) {
            continue;
        }
        SCOPED_TRACE(LevelName(level));
        ASSERT_LE(kernel->queries, kPanelQueriesMax);
        for (size_t dim : {1, 2, 3, 15, 16, 17, 64, 100, 768}) {
            for (size_t count : {0, 1, 5, 6, 8, 16, 29}) {
                ASSERT_NO_FATAL_FAILURE(ExpectPassing(*kernel, dim, count));
            }
        }
    }
}

TEST(QueryPanels, EqualPassesAndSoDoesWhatIsNoNumber) {
    constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    for (Level level : kLevels) {
        const PanelKernel* kernel = PanelsAt(level);
        if (kernel == nullptr) {
            continue;
        }
        Panel panel(*kernel, 2, 1);
        for (size_t i = 0; i < 2 * kernel->queries; ++i) {
            panel.data()[i] = 2;
        }
        for (size_t q = 0; q < kPanelQueriesMax; ++q) {
            panel.bound_lines[q / 16].values[q % 16] = 1;
            panel.bound_lines[4 + q / 16].values[q % 16] = 10;
        }
        const float rows[10] = {1, 3, 1, 3, kNone, 1, 1, 3, 1, 3};
        const float scales[5] = {2, 2, 2, kNone, 2};
        const float floors[5] = {0, 0.001f, 0, 0, kInfinity};
        uint64_t words[5];
        kernel->near(panel.data(), panel.data(), rows, 5, 2,
                     {panel.aligned_scales(), panel.aligned_floors(), scales, floors}, words);
        const uint64_t all =
            kernel->queries == 64 ? ~uint64_t{0} : (uint64_t{1} << kernel->queries) - 1;
        EXPECT_EQ(words[0], all);
        EXPECT_EQ(words[1], 0u);
        EXPECT_EQ(words[2], all);
        EXPECT_EQ(words[3], all);
        EXPECT_EQ(words[4], 0u);
    }
}

}  // namespace
}  // namespace elanus::simd
