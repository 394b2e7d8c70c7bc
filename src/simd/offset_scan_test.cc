#include "simd/offset_scan.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

constexpr Level kLevels[] = {Level::kNeon, Level::kAvx2, Level::kAvx512, Level::kAvx512Dot};

// A column whose bytes end where the vector ends, so that a read past it is seen by a sanitizer.
struct Strings {
    std::vector<uint8_t> bytes;
    std::vector<uint32_t> offsets = {0};

    void Add(std::string_view text) {
        bytes.insert(bytes.end(), text.begin(), text.end());
        bytes.shrink_to_fit();
        offsets.push_back(static_cast<uint32_t>(bytes.size()));
    }
    size_t rows() const { return offsets.size() - 1; }
};

std::string RandomText(std::mt19937& random, size_t size_max) {
    std::string text(random() % (size_max + 1), 'a');
    for (char& c : text) {
        c = random() % 8 == 0 ? static_cast<char>(random()) : 'a';
    }
    return text;
}

Strings RandomStrings(size_t rows, size_t size_max) {
    std::mt19937 random(static_cast<uint32_t>(rows * 31 + size_max));
    Strings strings;
    std::vector<std::string> pool;
    for (int i = 0; i < 6; ++i) {
        pool.push_back(RandomText(random, size_max));
    }
    for (size_t i = 0; i < rows; ++i) {
        strings.Add(random() % 2 == 0 ? pool[random() % pool.size()]
                                      : RandomText(random, size_max));
    }
    return strings;
}

using TextKernel = void (*)(std::string_view, const uint8_t*, const uint32_t*, size_t, uint64_t*);

void CheckAgree(const Strings& column, std::string_view text, TextKernel wide, TextKernel scalar,
                size_t begin) {
    const size_t rows = column.rows() - begin;
    std::vector<uint64_t> want((rows + 63) / 64, ~uint64_t{0});
    std::vector<uint64_t> have = want;
    scalar(text, column.bytes.data(), column.offsets.data() + begin, rows, want.data());
    wide(text, column.bytes.data(), column.offsets.data() + begin, rows, have.data());
    ASSERT_EQ(want, have) << "'" << text << "' of " << rows << " rows";
}

TEST(OffsetScan, WideStringKernelsAgreeWithTheScalarOnes) {
    const OffsetKernels& scalar = *OffsetScansAt(Level::kScalar);
    for (const Level level : kLevels) {
        const OffsetKernels* wide = OffsetScansAt(level);
        if (wide == nullptr) {
            continue;
        }
        SCOPED_TRACE(LevelName(level));
        for (const size_t rows : {1, 63, 64, 65, 130, 500}) {
            for (const size_t size_max : {0, 1, 7, 8, 9, 16, 17, 40}) {
                const Strings column = RandomStrings(rows, size_max);
                std::mt19937 random(static_cast<uint32_t>(rows));
                for (int i = 0; i < 12; ++i) {
                    const size_t row = random() % rows;
                    std::string text(
                        reinterpret_cast<const char*>(column.bytes.data()) + column.offsets[row],
                        column.offsets[row + 1] - column.offsets[row]);
                    text.resize(random() % 2 == 0 ? text.size() : random() % (text.size() + 2));
                    const size_t begin = rows > 64 && random() % 2 == 0 ? 64 : 0;
                    CheckAgree(column, text, wide->equal, scalar.equal, begin);
                    CheckAgree(column, text, wide->starts_with, scalar.starts_with, begin);
                }
            }
        }
    }
}

TEST(OffsetScan, BitsFollowTheRowsAndTheTailIsZero) {
    Strings column;
    for (const char* text : {"ab", "", "abc", "b", "ab"}) {
        column.Add(text);
    }
    for (const Level level : {Level::kScalar, BestLevel()}) {
        const OffsetKernels* kernels = OffsetScansAt(level);
        if (kernels == nullptr) {
            continue;
        }
        uint64_t word = ~uint64_t{0};
        kernels->equal("ab", column.bytes.data(), column.offsets.data(), 5, &word);
        EXPECT_EQ(word, 0b10001u);
        kernels->starts_with("ab", column.bytes.data(), column.offsets.data(), 5, &word);
        EXPECT_EQ(word, 0b10101u);
        kernels->starts_with("", column.bytes.data(), column.offsets.data(), 5, &word);
        EXPECT_EQ(word, 0b11111u);
        kernels->equal("", column.bytes.data(), column.offsets.data(), 5, &word);
        EXPECT_EQ(word, 0b00010u);
    }
}

// Rows that differ from the text in one place, which may be any, so that long texts are compared
// further and further.
TEST(OffsetScan, LongTextsAreComparedToTheirEnd) {
    const OffsetKernels& scalar = *OffsetScansAt(Level::kScalar);
    std::mt19937 random(6);
    for (size_t size = 9; size <= 90; ++size) {
        const std::string text(size, 'a');
        Strings column;
        for (size_t row = 0; row < 200; ++row) {
            std::string own = text + std::string(random() % 4 == 0 ? random() % 9 : 0, 'b');
            if (random() % 3 == 0) {
                own[random() % size] = 'c';
            }
            column.Add(own);
        }
        for (const Level level : kLevels) {
            if (const OffsetKernels* wide = OffsetScansAt(level)) {
                CheckAgree(column, text, wide->equal, scalar.equal, 0);
                CheckAgree(column, text, wide->starts_with, scalar.starts_with, 0);
                CheckAgree(column, text, wide->starts_with, scalar.starts_with, 7);
            }
        }
    }
}

TEST(OffsetScan, RunsOfAnyLengthFindTheirElements) {
    const OffsetKernels& scalar = *OffsetScansAt(Level::kScalar);
    std::mt19937 random(4);
    for (int round = 0; round < 200; ++round) {
        std::vector<uint32_t> offsets = {static_cast<uint32_t>(random() % 100)};
        const size_t rows = 1 + random() % 200;
        const size_t length_max = round % 3 == 0   ? 200
                                  : round % 3 == 1 ? 20 + random() % 20
                                                   : 1 + random() % 8;
        for (size_t i = 0; i < rows; ++i) {
            offsets.push_back(offsets.back() + static_cast<uint32_t>(random() % length_max));
        }
        std::vector<uint64_t> elements(ElementWords(offsets.back() - offsets[0]));
        for (uint64_t& word : elements) {
            word = random() % 4 == 0 ? 0 : uint64_t{1} << (random() % 64);
        }
        std::vector<uint64_t> want((rows + 63) / 64, ~uint64_t{0});
        scalar.any_in_run(elements.data(), offsets.data(), rows, want.data());
        for (const Level level : kLevels) {
            if (const OffsetKernels* wide = OffsetScansAt(level)) {
                std::vector<uint64_t> have((rows + 63) / 64, ~uint64_t{0});
                wide->any_in_run(elements.data(), offsets.data(), rows, have.data());
                ASSERT_EQ(want, have) << LevelName(level);
            }
        }
    }
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// How many times as long as a level the reference takes. In turns: a machine that is busy for a
// while is so for both.
template <typename Scan>
double GainOf(const OffsetKernels& wide, Scan scan) {
    const auto least = [&](const OffsetKernels& kernels, double best) {
        const auto begin = std::chrono::steady_clock::now();
        scan(kernels);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        return std::min(best, took.count());
    };
    double own = 1e9;
    double reference = 1e9;
    for (int round = 0; round < 30; ++round) {
        own = least(wide, own);
        reference = least(*OffsetScansAt(Level::kScalar), reference);
    }
    return reference / own;
}

// Many rows of the same size, all but the last byte equal to `text`.
Strings NearlyAll(std::string_view text) {
    constexpr size_t kRows = 8192;
    Strings column;
    column.bytes.reserve((text.size() + 1) * kRows);
    for (size_t i = 0; i < kRows; ++i) {
        column.bytes.insert(column.bytes.end(), text.begin(), text.end());
        column.bytes.back() = 'x';
        column.bytes.resize(column.bytes.size() + i % 2, 'k');
        column.offsets.push_back(static_cast<uint32_t>(column.bytes.size()));
    }
    return column;
}

TEST(OffsetScan, WideLevelsAreFasterThanTheReference) {
    if (kSanitized) {
        GTEST_SKIP() << "times mean nothing here";
    }
    for (const Level level : {Level::kAvx2, Level::kAvx512}) {
        const OffsetKernels* wide = OffsetScansAt(level);
        if (wide == nullptr) {
            continue;
        }
        // Floors for long texts and for runs are known of one level.
        const bool known = level == Level::kAvx2;
        for (const std::string_view text : {"kkkkkkkkkkkk", "kkkkkkkkkkkkkkkkkkkkkkkk"}) {
            const Strings column = NearlyAll(text);
            std::vector<uint64_t> words(column.rows() / 64);
            const double gain = GainOf(*wide, [&](const OffsetKernels& kernels) {
                kernels.equal(text, column.bytes.data(), column.offsets.data(), column.rows(),
                              words.data());
            });
            if (known || text.size() <= 16) {
                EXPECT_GE(gain, text.size() <= 16 ? 2.0 : 1.2) << text << ", " << LevelName(level);
            }
        }
        for (const std::string_view run : {"kkk", "kkkkkkkkkkkk"}) {
            const Strings column = NearlyAll(run);
            std::vector<uint64_t> words(column.rows() / 64);
            std::vector<uint64_t> elements(ElementWords(column.bytes.size()), 0x0101010101010101);
            const double gain = GainOf(*wide, [&](const OffsetKernels& kernels) {
                kernels.any_in_run(elements.data(), column.offsets.data(), column.rows(),
                                   words.data());
            });
            if (known) {
                EXPECT_GE(gain, 1.5) << run.size() << " elements, " << LevelName(level);
            }
        }
    }
}

}  // namespace
}  // namespace elanus::simd
