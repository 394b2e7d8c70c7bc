// Every level of the window kernels against arithmetic by hand, and so against each other.
#include "simd/sparse_windows.h"

#include "simd/speed_gain_test.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

std::vector<const WindowKernels*> AllLevels() {
    std::vector<const WindowKernels*> kernels;
    for (Level level : {Level::kScalar, Level::kAvx2, Level::kAvx512, Level::kAvx512Dot}) {
        if (const WindowKernels* found = SparseWindowsAt(level)) {
            kernels.push_back(found);
        }
    }
    return kernels;
}

struct Entry {
    uint16_t row;
    uint8_t impact;
};

std::vector<uint8_t> Blocks(const std::vector<Entry>& entries) {
    std::vector<uint8_t> bytes;
    for (size_t first = 0; first < entries.size(); first += kWindowBlock) {
        const size_t n = std::min(kWindowBlock, entries.size() - first);
        for (size_t i = 0; i < n; ++i) {
            bytes.push_back(static_cast<uint8_t>(entries[first + i].row));
            bytes.push_back(static_cast<uint8_t>(entries[first + i].row >> 8));
        }
        for (size_t i = 0; i < n; ++i) {
            bytes.push_back(entries[first + i].impact);
        }
    }
    return bytes;
}

TEST(SparseWindows, AddsListsUpToTheirCut) {
    std::mt19937 random(1);
    for (const size_t n : {size_t{0}, size_t{1}, size_t{63}, size_t{64}, size_t{65}, size_t{300}}) {
        std::set<uint16_t> rows;
        while (rows.size() < n) {
            rows.insert(static_cast<uint16_t>(random()));
        }
        std::vector<Entry> entries;
        for (const uint16_t row : rows) {
            entries.push_back({row, static_cast<uint8_t>(random() % 255 + 1)});
        }
        std::sort(entries.begin(), entries.end(),
                  [](const Entry& a, const Entry& b) { return a.impact > b.impact; });
        const std::vector<uint8_t> bytes = Blocks(entries);
        for (const uint32_t cut : {0u, 40u, 200u, 255u}) {
            const uint32_t factor = random() % 65536;
            std::vector<uint16_t> expected(kWindowRowsMax, 3);
            size_t added = 0;
            for (; added < n; ++added) {
                if (added % kWindowBlock == 0 && entries[added].impact <= cut) {
                    break;
                }
                const Entry& entry = entries[added];
                expected[entry.row] =
                    static_cast<uint16_t>(3 + (entry.impact * factor + 255) / 256);
            }
            for (const WindowKernels* kernels : AllLevels()) {
                std::vector<uint16_t> sums(kWindowRowsMax, 3);
                EXPECT_EQ(
                    kernels->add(bytes.data(), n, static_cast<uint8_t>(cut), factor, sums.data()),
                    added);
                EXPECT_EQ(sums, expected) << n << " entries, cut " << cut;
            }
        }
    }
}

TEST(SparseWindows, PicksSumsBetweenBounds) {
    std::mt19937 random(2);
    for (const size_t n : {size_t{32}, size_t{96}, kWindowRowsMax}) {
        std::vector<uint16_t> sums(n);
        for (uint16_t& sum : sums) {
            sum = static_cast<uint16_t>(random() % 3 == 0 ? random() : random() % 100);
        }
        sums[5] = 65535;
        const uint32_t bounds[][2] = {{1, 65536},     {50, 100},      {65535, 65536},
                                      {40000, 41000}, {65536, 65536}, {70000, 71000},
                                      {9, 9},         {99, 7}};
        for (const auto& [low, high] : bounds) {
            std::vector<WindowHit> expected;
            for (size_t i = 0; i < n; ++i) {
                if (sums[i] >= low && sums[i] < high) {
                    expected.push_back(WindowHit{sums[i]} << 16 | static_cast<uint32_t>(i));
                }
            }
            for (const WindowKernels* kernels : AllLevels()) {
                EXPECT_EQ(kernels->largest(sums.data(), n), 65535);
                std::vector<WindowHit> out(n);
                out.resize(kernels->collect(sums.data(), n, low, high, out.data()));
                EXPECT_EQ(out, expected);
                std::vector<uint16_t> swept = sums;
                out.resize(n);
                out.resize(kernels->sweep(swept.data(), n, low, high, out.data()));
                EXPECT_EQ(out, expected);
                EXPECT_EQ(swept, std::vector<uint16_t>(n));
            }
        }
    }
}

TEST(SparseWindows, PicksAnyShareOfTheSums) {
    std::mt19937 random(4);
    constexpr size_t kSums = 320;
    for (uint32_t share = 0; share <= 100; share += 10) {
        std::vector<uint16_t> sums(kSums);
        for (uint16_t& sum : sums) {
            sum = static_cast<uint16_t>(random() % 100 < share ? 40000 + random() % 9 : 39999);
        }
        std::vector<WindowHit> expected;
        for (size_t i = 0; i < kSums; ++i) {
            if (sums[i] >= 40000) {
                expected.push_back(WindowHit{sums[i]} << 16 | static_cast<uint32_t>(i));
            }
        }
        const uint16_t most = *std::max_element(sums.begin(), sums.end());
        for (const WindowKernels* kernels : AllLevels()) {
            EXPECT_EQ(kernels->largest(sums.data(), kSums), most);
            EXPECT_EQ(kernels->largest(sums.data(), 0), 0);
            std::vector<WindowHit> out(kSums);  // no room behind it
            out.resize(kernels->collect(sums.data(), kSums, 40000, 65536, out.data()));
            EXPECT_EQ(out, expected);
        }
    }
}

template <typename Slot>
void FindsEverySlot(size_t (*WindowKernels::*find)(const uint8_t*, size_t, uint32_t,
                                                   const uint32_t*, uint32_t*)) {
    constexpr uint32_t kSlots = 5000;
    std::mt19937 random(3);
    std::vector<uint32_t> bits(kSlots / 32 + 1);
    for (uint32_t& word : bits) {
        word = random() & random();
    }
    for (size_t n = 0; n < 90; ++n) {
        std::vector<uint8_t> bytes(n * sizeof(Slot) + 1);  // at an odd address
        std::vector<uint32_t> expected;
        for (size_t i = 0; i < n; ++i) {
            const auto slot = static_cast<Slot>(random() % 5 == 0 ? random() : random() % kSlots);
            std::memcpy(bytes.data() + 1 + i * sizeof slot, &slot, sizeof slot);
            if (slot < kSlots && (bits[slot / 32] >> (slot % 32) & 1) != 0) {
                expected.push_back(static_cast<uint32_t>(i));
            }
        }
        for (const WindowKernels* kernels : AllLevels()) {
            std::vector<uint32_t> places(n + 16);
            places.resize(
                (kernels->*find)(bytes.data() + 1, n, kSlots, bits.data(), places.data()));
            EXPECT_EQ(places, expected);
            EXPECT_EQ((kernels->*find)(bytes.data() + 1, n, 0, bits.data(), expected.data()), 0u);
        }
    }
}

TEST(SparseWindows, FindsTheSlotsOfAQuery) {
    FindsEverySlot<uint16_t>(&WindowKernels::find16);
    FindsEverySlot<uint32_t>(&WindowKernels::find32);
}

// A level that silently falls back to plain loops answers right, only many times slower.
TEST(SparseWindows, WideLevelsAreFasterThanTheReference) {
    if (kTimesMeanNothing) {
        GTEST_SKIP() << "times mean nothing here";
    }
    constexpr size_t kSums = 4096;
    std::mt19937 random(5);
    std::vector<uint16_t> sums(kSums);
    for (uint16_t& sum : sums) {
        sum = static_cast<uint16_t>(random() % 1000);
    }
    std::vector<uint16_t> swept(kSums);
    std::vector<WindowHit> hits(kSums);
    using Call = std::function<void(const WindowKernels&)>;
    const std::pair<const char*, Call> calls[] = {
        {"largest", [&](const WindowKernels& kernels) { kernels.largest(sums.data(), kSums); }},
        {"collect",
         [&](const WindowKernels& kernels) {
             kernels.collect(sums.data(), kSums, 990, 5000, hits.data());
         }},
        {"sweep",
         [&](const WindowKernels& kernels) {
             kernels.sweep(swept.data(), kSums, 990, 5000, hits.data());
         }},
    };
    for (const Level level : {Level::kAvx2, Level::kAvx512}) {
        const WindowKernels* kernels = SparseWindowsAt(level);
        for (const auto& [name, call] : calls) {
            if (kernels != nullptr) {
                const double gain = SpeedGain(
                    20, [&] { call(*SparseWindowsAt(Level::kScalar)); }, [&] { call(*kernels); });
                EXPECT_GT(gain, 2) << name << ", " << LevelName(level);
            }
        }
    }
}

}  // namespace
}  // namespace elanus::simd
