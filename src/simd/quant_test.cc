// Every level of the quantisation kernels against arithmetic by hand.
#include "simd/quant.h"

#include "simd/half.h"
#include "simd/speed_gain_test.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

constexpr Level kLevels[] = {Level::kScalar, Level::kNeon, Level::kAvx2, Level::kAvx512,
                             Level::kAvx512Dot};
constexpr CodeKind kKinds[] = {CodeKind::kBits4, CodeKind::kBits6, CodeKind::kBits8,
                               CodeKind::kHalf, CodeKind::kBHalf};
constexpr size_t kDims[] = {1, 2, 7, 16, 31, 32, 33, 100, 128, 384, 769};

std::vector<float> Normal(size_t n, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> v(n);
    std::generate(v.begin(), v.end(), [&] { return normal(random); });
    return v;
}

struct Rows {
    std::vector<uint8_t> codes;
    std::vector<double> numbers;  // what they stand for
};

Rows MakeRows(CodeKind kind, size_t count, size_t dim) {
    std::mt19937 random(7);
    const size_t bytes = CodeBytes(kind, dim);
    Rows rows{std::vector<uint8_t>(count * bytes), std::vector<double>(count * dim)};
    const uint32_t most = kind == CodeKind::kBits4 ? 15 : kind == CodeKind::kBits6 ? 63 : 255;
    for (size_t r = 0; r < count; ++r) {
        for (size_t d = 0; d < dim; ++d) {
            uint32_t value = static_cast<uint32_t>(random()) % (most + 1);
            double number = value;
            const float x = static_cast<float>(random() % 2000) / 500.0f - 2.0f;
            if (kind == CodeKind::kHalf) {
                value = HalfFromFloat(x);
                number = FloatFromHalf(static_cast<uint16_t>(value));
            } else if (kind == CodeKind::kBHalf) {
                value = BFloat16FromFloat(x);
                number = FloatFromBFloat16(static_cast<uint16_t>(value));
            }
            SetCodeValue(kind, rows.codes.data() + r * bytes, d, value);
            EXPECT_EQ(CodeValue(kind, rows.codes.data() + r * bytes, d), value);
            rows.numbers[r * dim + d] = number;
        }
    }
    return rows;
}

void CheckRows(const QuantKernels& kernels, CodeKind kind, size_t dim) {
    constexpr size_t kCount = 11;
    const Rows rows = MakeRows(kind, kCount, dim);
    std::vector<float> values = Normal(dim, 1), steps = Normal(dim, 2);
    values.resize(PaddedDim(dim));
    steps.resize(PaddedDim(dim));
    std::vector<uint32_t> ids = {3, 0, 10, 9, 9, 1, 2, 4, 8, 5, 6};
    std::vector<float> ip(kCount), l2(kCount), scaled(kCount), by_id(kCount);
    const CodeRowKernels& kernel = kernels.Rows(kind);
    kernel.ip(values.data(), nullptr, rows.codes.data(), nullptr, kCount, dim, ip.data());
    kernel.l2(values.data(), nullptr, rows.codes.data(), nullptr, kCount, dim, l2.data());
    kernel.l2(values.data(), steps.data(), rows.codes.data(), nullptr, kCount, dim, scaled.data());
    kernel.l2(values.data(), steps.data(), rows.codes.data(), ids.data(), kCount, dim,
              by_id.data());
    for (size_t r = 0; r < kCount; ++r) {
        double want_ip = 0, want_l2 = 0, want_scaled = 0, size = 1;
        for (size_t d = 0; d < dim; ++d) {
            const double x = rows.numbers[r * dim + d];
            want_ip += values[d] * x;
            size += std::fabs(values[d] * x);
            want_l2 += (values[d] - x) * (values[d] - x);
            want_scaled += (values[d] - steps[d] * x) * (values[d] - steps[d] * x);
        }
        EXPECT_NEAR(ip[r], want_ip, size * 1e-5);
        EXPECT_NEAR(l2[r], want_l2, (want_l2 + 1) * 1e-5);
        EXPECT_NEAR(scaled[r], want_scaled, (want_scaled + 1) * 1e-5);
        EXPECT_EQ(by_id[r], scaled[ids[r]]);
    }
}

TEST(Quant, RowsOfCodesAreScored) {
    for (Level level : kLevels) {
        if (const QuantKernels* kernels = QuantAt(level)) {
            SCOPED_TRACE(LevelName(level));
            for (CodeKind kind : kKinds) {
                SCOPED_TRACE(static_cast<int>(kind));
                for (size_t dim : kDims) {
                    SCOPED_TRACE(dim);
                    CheckRows(*kernels, kind, dim);
                }
            }
        }
    }
}

TEST(Quant, NibbleSumsAreExactAtTheEnds) {
    for (size_t positions : {size_t{4}, size_t{12}, size_t{96}, kNibblePositionsMax}) {
        for (bool most : {false, true}) {
            std::mt19937 random(3);
            std::vector<uint8_t> tables(16 * positions), group(NibbleGroupBytes(positions));
            for (auto* bytes : {&tables, &group}) {
                std::generate(bytes->begin(), bytes->end(),
                              [&] { return static_cast<uint8_t>(most ? 255 : random()); });
            }
            uint32_t want[kNibbleRows] = {};
            for (size_t p = 0; p < positions; ++p) {
                for (size_t i = 0; i < kNibbleRows; ++i) {
                    const uint8_t both = group[16 * p + i % 16];
                    want[i] += tables[16 * p + (i < 16 ? both & 15 : both >> 4)];
                }
            }
            for (Level level : kLevels) {
                if (const QuantKernels* kernels = QuantAt(level)) {
                    uint32_t sums[kNibbleRows];
                    kernels->nibble_sums(tables.data(), group.data(), positions, sums);
                    EXPECT_TRUE(std::equal(want, want + kNibbleRows, sums)) << LevelName(level);
                }
            }
        }
    }
}

void CheckPanels(const QuantKernels& kernels, size_t rows, size_t dim, size_t panels) {
    const std::vector<float> x = Normal(rows * (dim + 3), 1), c = Normal(panels * kPanel * dim, 2);
    const std::vector<float> bias = Normal(panels * kPanel, 3);
    const size_t stride = panels * kPanel;
    std::vector<float> out(rows * stride), costs(rows);
    std::vector<uint32_t> ids(rows);
    kernels.products(x.data(), dim + 3, rows, dim, c.data(), panels, bias.data(), out.data(),
                     stride);
    kernels.nearest(x.data(), dim + 3, rows, dim, c.data(), panels, bias.data(), ids.data(),
                    costs.data());
    for (size_t r = 0; r < rows; ++r) {
        for (size_t j = 0; j < stride; ++j) {
            double want = bias[j], size = 1;
            for (size_t d = 0; d < dim; ++d) {
                const double product = static_cast<double>(x[r * (dim + 3) + d]) *
                                       c[(j / kPanel * dim + d) * kPanel + j % kPanel];
                want -= product;
                size += std::fabs(product);
            }
            EXPECT_NEAR(out[r * stride + j], want, size * 1e-5);
        }
        const auto* own = out.data() + r * stride;
        const auto* least = std::min_element(own, own + stride);
        EXPECT_EQ(ids[r], static_cast<size_t>(least - own));
        EXPECT_EQ(costs[r], *least);
    }
}

TEST(Quant, PanelsGiveProductsAndTheNearest) {
    for (Level level : kLevels) {
        if (const QuantKernels* kernels = QuantAt(level)) {
            SCOPED_TRACE(LevelName(level));
            for (size_t rows : {1, 2, 5, 64}) {
                for (size_t dim : {1, 3, 8, 100}) {
                    CheckPanels(*kernels, rows, dim, 1);
                    CheckPanels(*kernels, rows, dim, 5);
                }
            }
        }
    }
}

TEST(Quant, EveryPartHasTheProductsOfItsBooks) {
    constexpr size_t kParts = 3, kStages = 2, kPanels = 2;
    for (size_t dim : {1, 2, 5, 16}) {
        const std::vector<float> query = Normal(kParts * dim, 1);
        std::vector<std::vector<float>> books;
        std::vector<const float*> panels;
        for (uint32_t b = 0; b < kParts * kStages; ++b) {
            books.push_back(Normal(kPanels * kPanel * dim, 2 + b));
            panels.push_back(books.back().data());
        }
        const std::vector<float> none(kPanels * kPanel);
        for (Level level : kLevels) {
            const QuantKernels* kernels = QuantAt(level);
            if (kernels == nullptr) {
                continue;
            }
            std::vector<float> out(books.size() * kPanels * kPanel), want(kPanels * kPanel);
            kernels->part_products(query.data(), dim, kStages, panels.data(), books.size(), kPanels,
                                   out.data());
            for (size_t b = 0; b < books.size(); ++b) {
                kernels->products(query.data() + b / kStages * dim, dim, 1, dim, panels[b], kPanels,
                                  none.data(), want.data(), want.size());
                EXPECT_TRUE(std::equal(want.begin(), want.end(), out.begin() + b * want.size()))
                    << LevelName(level);
            }
        }
    }
}

TEST(Quant, TablesBecomeBytesBetweenTheirLeastAndTheWidest) {
    constexpr size_t kTables = 5, kStride = 288;
    std::vector<float> tables = Normal(kTables * kStride, 1);
    tables[2 * kStride + 3] = std::nanf("");
    tables[3 * kStride + 1] = 1e30f;
    for (size_t entries : {16, 32, 256}) {
        for (Level level : kLevels) {
            const QuantKernels* kernels = QuantAt(level);
            if (kernels == nullptr) {
                continue;
            }
            SCOPED_TRACE(LevelName(level));
            float lows[kTables];
            const float widest = kernels->table_spans(tables.data(), kStride, 2, entries, lows);
            float want = 0;
            for (size_t t = 0; t < 2; ++t) {
                const float* table = tables.data() + t * kStride;
                const auto [low, high] = std::minmax_element(table, table + entries);
                EXPECT_EQ(lows[t], *low);
                want = std::max(want, *high - *low);
            }
            EXPECT_EQ(widest, want);
            std::fill(lows, lows + kTables, -0.5f);
            std::vector<uint8_t> bytes(kTables * entries);
            kernels->table_bytes(tables.data(), kStride, kTables, entries, lows, 100, bytes.data());
            for (size_t i = 0; i < bytes.size(); ++i) {
                const float x = tables[i / entries * kStride + i % entries];
                const float steps = std::isnan(x) ? 0 : std::clamp((x + 0.5f) * 100, 0.0f, 255.0f);
                EXPECT_NEAR(bytes[i], steps, 0.51) << i;
            }
        }
    }
}

TEST(Quant, OfEqualCentroidsTheLowestIsNearest) {
    const std::vector<float> row = {1, 2}, panels(2 * kPanel * 3, 1.0f), bias(kPanel * 3, 4.0f);
    for (Level level : kLevels) {
        if (const QuantKernels* kernels = QuantAt(level)) {
            uint32_t id = 99;
            float cost = 0;
            kernels->nearest(row.data(), 2, 1, 2, panels.data(), 3, bias.data(), &id, &cost);
            EXPECT_EQ(id, 0u);
            EXPECT_EQ(cost, 1.0f);
        }
    }
}

// Loops over registers that are not unrolled keep their sums in memory: right, but with AVX2 20 and
// 4 times as fast as the reference instead of 60 and 33.
TEST(Quant, WideLevelsAreFasterThanTheReference) {
    if (kTimesMeanNothing) {
        GTEST_SKIP() << "of code that is not optimised, or watched, times say nothing";
    }
    constexpr size_t kRowCount = 64, kDim = 128, kPanels = 8;
    const Rows codes = MakeRows(CodeKind::kBits8, kRowCount, kDim);
    const std::vector<float> rows = Normal(kRowCount * kDim, 1);
    const std::vector<float> panels = Normal(kPanels * kPanel * kDim, 2);
    const std::vector<float> bias(kPanels * kPanel, 1.0f);
    std::vector<float> costs(kRowCount);
    std::vector<uint32_t> ids(kRowCount);
    const auto scan = [&](Level level) {
        QuantAt(level)->rows[static_cast<size_t>(CodeKind::kBits8)].ip(
            rows.data(), nullptr, codes.codes.data(), nullptr, kRowCount, kDim, costs.data());
    };
    const auto rank = [&](Level level) {
        QuantAt(level)->nearest(rows.data(), kDim, kRowCount, kDim, panels.data(), kPanels,
                                bias.data(), ids.data(), costs.data());
    };
    for (Level level : {Level::kAvx2, Level::kAvx512}) {
        if (QuantAt(level) == nullptr) {
            continue;
        }
        SCOPED_TRACE(LevelName(level));
        EXPECT_GT(SpeedGain(20, [&] { scan(Level::kScalar); }, [&] { scan(level); }), 30);
        EXPECT_GT(SpeedGain(1, [&] { rank(Level::kScalar); }, [&] { rank(level); }), 10);
    }
}

}  // namespace
}  // namespace elanus::simd
