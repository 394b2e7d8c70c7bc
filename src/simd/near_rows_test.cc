// Near-row kernels of every level against plain sums, and the choice against its definition.
#include "simd/near_rows.h"

#include "simd/codes.h"

#include <algorithm>
#include <bit>
#include <chrono>
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

// The rows of a tile and the columns of a strip, each more and fewer than there are of the other.
TEST(NearRows, RowsAndColumnsMayBeOthers) {
    constexpr size_t kDims = 128, kColumns = 83;
    const Rows all(kColumns, kDims, 5);
    for (Level level : kLevels) {
        const NearKernels* kernels = NearAt(level);
        if (kernels == nullptr) {
            continue;
        }
        const Laid laid(*kernels, all);
        const size_t stride = NearPadded(kColumns);
        std::vector<float> each(kColumns * stride), some(kColumns * stride);
        kernels->costs(all.view(), kDims, laid.view, kColumns, each.data(), stride);
        for (size_t count : {0, 1, 2, 3, 6, 7, 48}) {
            for (size_t columns : {1, 64, 65}) {
                std::fill(some.begin(), some.end(), -7.0f);
                const NearRows rows{all.starts.data() + 9, all.factors.data() + 9, count};
                kernels->costs(rows, kDims, laid.view, columns, some.data(), stride);
                for (size_t i = 0; i < count; ++i) {
                    for (size_t j = 0; j < NearPadded(columns); ++j) {
                        ASSERT_EQ(some[i * stride + j], each[(i + 9) * stride + j])
                            << LevelName(level) << ' ' << count << ' ' << columns;
                    }
                }
                EXPECT_EQ(some[count * stride], -7.0f);
            }
        }
    }
}

TEST(NearRows, TheLargestSumsAreExact) {
    Rows rows(7, kCodeDimMax, 1);
    for (size_t i = 0; i < rows.starts.size(); ++i) {
        for (size_t d = 0; d < rows.n; ++d) {
            // The most, the least, and what takes turns.
            const bool most = i < 2 || (i >= 4 && (d >> (i - 4) & 1) == 0);
            rows.values[i * rows.n + d] = static_cast<int8_t>(most ? 127 : -127);
        }
        // What is left of a distance is the product, of a power of two.
        rows.factors[i] = {0.5f, 0, 0};
    }
    for (Level level : kLevels) {
        if (const NearKernels* kernels = NearAt(level)) {
            const Laid laid(*kernels, rows);
            std::vector<float> costs(rows.starts.size() * kNearPanel);
            kernels->costs(rows.view(), rows.n, laid.view, rows.starts.size(), costs.data(),
                           kNearPanel);
            for (size_t i = 0; i < rows.starts.size(); ++i) {
                for (size_t j = 0; j < rows.starts.size(); ++j) {
                    ASSERT_EQ(costs[i * kNearPanel + j], static_cast<float>(rows.Distance(i, j)))
                        << LevelName(level) << ' ' << i << ' ' << j;
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

// Distances `step` apart, of `steps` values. What is beyond the count is near everything.
std::vector<uint16_t> RandomSquare(size_t count, uint32_t steps, uint32_t step) {
    std::mt19937 random(static_cast<uint32_t>(7 + count));
    const size_t stride = NearPadded(count);
    std::vector<uint16_t> square(stride * stride, 3);
    for (size_t i = 0; i < count; ++i) {
        for (size_t j = 0; j < i; ++j) {
            square[i * stride + j] = square[j * stride + i] =
                static_cast<uint16_t>(random() % steps * step);
        }
        square[i * stride + i] = 0;
    }
    return square;
}

// Few values, so that there are ties; with two of them, half of all are copies.
void ExpectChoiceOf(uint32_t steps, uint32_t step) {
    for (size_t count : {1, 2, 15, 16, 17, 31, 32, 33, 100, 200}) {
        const size_t stride = NearPadded(count);
        const std::vector<uint16_t> square = RandomSquare(count, steps, step);
        for (size_t row = 0; row < count; ++row) {
            const auto slack = static_cast<uint16_t>(row % 5 < 4 ? row % 5 * 900 : 0xffff);
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

TEST(NearRows, ChoiceIsWhatItIsDefinedToBe) {
    ExpectChoiceOf(40, 1500);
    ExpectChoiceOf(2, kNoDistance - 1);
    ExpectChoiceOf(3, 20'000);
}

// A level that silently falls back to plain loops answers right, only many times slower.
TEST(NearRows, WideLevelsAreFasterThanTheReference) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(__OPTIMIZE__)
    constexpr size_t kDims = 768, kCount = 96, kStride = NearPadded(kCount);
    const Rows rows(kCount, kDims, 3);
    const uint32_t base = NearBase(rows.Most());
    std::vector<uint16_t> square(kStride * kStride), room(kStride), out(24);
    const auto time = [&](const auto& run) {
        double best = 1e9;
        for (int round = 0; round < 10; ++round) {
            const auto start = std::chrono::steady_clock::now();
            run();
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
            best = std::min(best, took.count());
        }
        return best;
    };
    struct Times {
        double square, choose;
    };
    const auto times = [&](const NearKernels& kernels) {
        const Laid laid(kernels, rows);
        return Times{time([&] {
                         kernels.square(rows.view(), kDims, laid.view, base, square.data(),
                                        kStride);
                     }),
                     time([&] {
                         for (uint32_t row = 0; row < kCount; ++row) {
                             kernels.choose(square.data(), kStride, kCount, row, kNoDistance,
                                            out.size(), 0, room.data(), out.data());
                         }
                     })};
    };
    const Times scalar = times(*NearAt(Level::kScalar));
    for (Level level : {Level::kAvx2, Level::kAvx512Dot}) {
        if (const NearKernels* kernels = NearAt(level)) {
            const Times wide = times(*kernels);
            EXPECT_LT(wide.square, scalar.square / 15) << LevelName(level);
            EXPECT_LT(wide.choose, scalar.choose / 2) << LevelName(level);
        }
    }
#endif
}

}  // namespace
}  // namespace elanus::simd
