// Near-row kernels of every level against plain sums, and the choice against its definition.
#include "simd/near_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

constexpr Level kLevels[] = {Level::kScalar, Level::kNeon, Level::kAvx2, Level::kAvx512,
                             Level::kAvx512Dot};

struct Rows {
    size_t n;
    std::vector<int8_t> values;
    std::vector<const int8_t*> starts;
    std::vector<NearFactors> factors;

    Rows(size_t count, size_t n_in, uint32_t seed) : n(n_in), values(count * n_in) {
        std::mt19937 random(seed);
        for (int8_t& value : values) {
            value = static_cast<int8_t>(static_cast<int>(random() % 255) - 127);
        }
        for (size_t i = 0; i < count; ++i) {
            starts.push_back(values.data() + i * n);
            double square = 0;
            for (size_t d = 0; d < n; ++d) {
                square += starts[i][d] * starts[i][d];
            }
            const float scale = 0.01f * static_cast<float>(1 + random() % 3);
            factors.push_back({scale, static_cast<float>(scale * scale * square),
                               static_cast<float>(random() % 4)});
        }
    }
    void Copy(size_t from, size_t to) {
        std::copy_n(starts[from], n, values.begin() + static_cast<ptrdiff_t>(to * n));
        factors[to] = factors[from];
    }
    NearRows view() const { return {starts.data(), factors.data(), starts.size()}; }
    double Distance(size_t a, size_t b) const {
        double dot = 0;
        for (size_t d = 0; d < n; ++d) {
            dot += starts[a][d] * starts[b][d];
        }
        const double rise = factors[a].lift - factors[b].lift;
        return double{factors[a].norm} + factors[b].norm -
               2.0 * factors[a].scale * factors[b].scale * dot + rise * rise;
    }
    float Most() const {
        double most = 0;
        for (size_t i = 0; i < starts.size(); ++i) {
            for (size_t j = 0; j < starts.size(); ++j) {
                most = std::max(most, Distance(i, j));
            }
        }
        return static_cast<float>(most);
    }
};

struct Laid {
    std::vector<uint8_t> room;
    std::vector<float> factors;
    NearColumns view;

    Laid(const NearKernels& kernels, const Rows& rows)
        : room(NearPadded(rows.starts.size()) * rows.n + 64),
          factors(3 * NearPadded(rows.starts.size())) {
        const size_t padded = NearPadded(rows.starts.size());
        const size_t skip = 64 - reinterpret_cast<uintptr_t>(room.data()) % 64;
        view = {room.data() + skip, factors.data(), factors.data() + padded,
                factors.data() + 2 * padded};
        kernels.lay(rows.view(), rows.n, view);
    }
};

uint16_t Short(double distance, uint32_t base) {
    const int64_t bits = std::bit_cast<int32_t>(static_cast<float>(distance));
    return static_cast<uint16_t>(
        std::clamp<int64_t>((bits - int64_t{base}) >> 12, 0, kNoDistance - 1));
}

TEST(NearRows, DistancesAreTheSameInEveryLevel) {
    for (Level level : kLevels) {
        const NearKernels* kernels = NearAt(level);
        for (size_t n : {64, 192, 768}) {
            for (size_t count : {1, 5, 16, 63, 64, 65, 131}) {
                if (kernels == nullptr) {
                    continue;
                }
                Rows rows(count, n, static_cast<uint32_t>(count + n));
                if (count > 5) {
                    rows.Copy(0, count - 1);
                }
                const Laid laid(*kernels, rows);
                const size_t stride = NearPadded(count);
                std::vector<float> costs(count * stride);
                kernels->costs(rows.view(), n, laid.view, count, costs.data(), stride);
                const uint32_t base = NearBase(rows.Most());
                std::vector<uint16_t> square(stride * stride);
                kernels->square(rows.view(), n, laid.view, base, square.data(), stride);
                for (size_t i = 0; i < count; ++i) {
                    for (size_t j = 0; j < count; ++j) {
                        const double wanted = rows.Distance(i, j);
                        const double off = 1e-5 * (rows.factors[i].norm + rows.factors[j].norm);
                        ASSERT_NEAR(costs[i * stride + j], wanted, off) << i << ' ' << j;
                        ASSERT_EQ(costs[i * stride + j], costs[j * stride + i]);
                        ASSERT_EQ(square[i * stride + j], Short(costs[i * stride + j], base));
                    }
                    for (size_t j = count; j < stride; ++j) {
                        ASSERT_TRUE(std::isinf(costs[i * stride + j]));
                    }
                }
            }
        }
    }
}

TEST(NearRows, ShortDistancesKeepTheOrderToOnePartInTwoThousand) {
    const uint32_t base = NearBase(100);
    EXPECT_EQ(Short(100, base), kNoDistance - 1);
    EXPECT_EQ(Short(0, base), 0);
    for (double x = 1e-6; x < 99; x *= 1.001) {
        EXPECT_GT(Short(x * 1.001, base), Short(x, base)) << x;
    }
}

std::vector<uint16_t> Chosen(const std::vector<uint16_t>& square, size_t stride, size_t count,
                             size_t row, uint32_t slack, size_t most, size_t copies) {
    std::vector<uint16_t> order, out;
    for (size_t i = 0; i < count; ++i) {
        if (i != row) {
            order.push_back(static_cast<uint16_t>(i));
        }
    }
    const auto to = [&](size_t i) { return square[row * stride + i]; };
    std::stable_sort(order.begin(), order.end(),
                     [&](uint16_t a, uint16_t b) { return to(a) < to(b); });
    for (uint16_t i : order) {
        const bool covered = std::any_of(out.begin(), out.end(), [&](uint16_t c) {
            return std::min<uint32_t>(square[c * stride + i] + slack, kNoDistance) < to(i);
        });
        if (covered || out.size() == most || (to(i) == 0 && copies == 0)) {
            continue;
        }
        copies -= to(i) == 0 ? 1 : 0;
        out.push_back(i);
    }
    return out;
}

TEST(NearRows, ChoiceIsWhatItIsDefinedToBe) {
    std::mt19937 random(7);
    for (size_t count : {2, 31, 32, 33, 100, 200}) {
        const size_t stride = NearPadded(count);
        std::vector<uint16_t> square(stride * stride, 3);
        for (size_t i = 0; i < count; ++i) {
            for (size_t j = 0; j < i; ++j) {
                // Few values, so that there are ties and copies.
                square[i * stride + j] = square[j * stride + i] =
                    static_cast<uint16_t>(random() % 40 * 1500);
            }
            square[i * stride + i] = 0;
        }
        for (size_t row = 0; row < count; ++row) {
            const auto slack = static_cast<uint16_t>(row % 3 * 900);
            const size_t most = 1 + row % 12, copies = row % 4;
            const auto wanted = Chosen(square, stride, count, row, slack, most, copies);
            for (Level level : kLevels) {
                if (const NearKernels* kernels = NearAt(level); kernels != nullptr) {
                    std::vector<uint16_t> room(stride), out(most);
                    out.resize(kernels->choose(square.data(), stride, count,
                                               static_cast<uint32_t>(row), slack, most, copies,
                                               room.data(), out.data()));
                    ASSERT_EQ(out, wanted) << LevelName(level) << ' ' << count << ' ' << row;
                }
            }
        }
    }
}

}  // namespace
}  // namespace elanus::simd
