// Every level of the posting kernels against the scalar reference and against arithmetic by hand.
#include "simd/posting_blocks.h"

#include "simd/speed_gain_test.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::simd {
namespace {

std::vector<const PostingKernels*> AllLevels() {
    std::vector<const PostingKernels*> kernels;
    for (Level level : {Level::kScalar, Level::kAvx2, Level::kAvx512, Level::kAvx512Dot}) {
        if (const PostingKernels* found = PostingsAt(level)) {
            kernels.push_back(found);
        }
    }
    return kernels;
}

TEST(PostingBlocks, UnpacksEveryWidth) {
    std::mt19937 random(1);
    for (uint32_t width = 0; width <= kUnpackWidthMax; ++width) {
        std::vector<uint32_t> numbers(kPostingBlock);
        std::vector<uint8_t> bytes(kPostingBlock * 4 + kUnpackSlack, 0xff);
        std::fill(bytes.begin(), bytes.begin() + 16 * width, uint8_t{0});
        for (size_t i = 0; i < numbers.size(); ++i) {
            numbers[i] = random() & ((uint32_t{1} << width) - 1);
            for (uint32_t b = 0; b < width; ++b) {
                const size_t bit = i * width + b;
                bytes[bit / 8] |= static_cast<uint8_t>(((numbers[i] >> b) & 1) << (bit % 8));
            }
        }
        for (const PostingKernels* kernels : AllLevels()) {
            for (size_t n = 0; n <= kPostingBlock; n += n < 20 ? 1 : 27) {
                std::vector<uint32_t> out(kPostingBlock + 16);
                kernels->unpack(bytes.data(), width, n, out.data());
                EXPECT_TRUE(std::equal(out.begin(), out.begin() + static_cast<ptrdiff_t>(n),
                                       numbers.begin()))
                    << width << " bits, " << n;
            }
        }
    }
}

TEST(PostingBlocks, AddsUpAndTellsTheLargest) {
    for (const PostingKernels* kernels : AllLevels()) {
        for (size_t n = 1; n <= kPostingBlock; ++n) {
            std::vector<uint32_t> values(kPostingBlock + 16, 1u << 30);
            std::vector<uint32_t> expected;
            uint32_t next = 7;
            for (size_t i = 0; i < n; ++i) {
                values[i] = static_cast<uint32_t>(i * 37 % 100);
                next += values[i];
                expected.push_back(next++);
            }
            EXPECT_EQ(kernels->add_up(7, n, values.data()), expected.back());
            values.resize(n);
            EXPECT_EQ(values, expected);
        }
        // A sum that wraps does not hide: something before it was larger than any document.
        std::vector<uint32_t> wraps(kPostingBlock + 16, 0x7fffffff);
        EXPECT_GT(kernels->add_up(0, kPostingBlock, wraps.data()), 0xfffffff0u);
    }
}

TEST(PostingBlocks, ExpandsBitsAndRanks) {
    std::mt19937_64 random(2);
    for (const PostingKernels* kernels : AllLevels()) {
        std::vector<uint8_t> bytes(8 * 5);
        std::vector<uint32_t> expected;
        for (uint32_t bit = 0; bit < 8 * bytes.size(); ++bit) {
            if (random() % 3 == 0) {
                bytes[bit / 8] |= static_cast<uint8_t>(1u << (bit % 8));
                expected.push_back(1000 + bit);
            }
        }
        ASSERT_LE(expected.size(), kPostingBlock);
        std::vector<uint32_t> out(kPostingBlock + 16);
        EXPECT_EQ(kernels->expand(bytes.data(), 5, 1000, out.data()), expected.size());
        EXPECT_TRUE(std::equal(expected.begin(), expected.end(), out.begin()));
        std::fill(out.begin() + static_cast<ptrdiff_t>(expected.size()), out.end(), ~uint32_t{0});
        for (uint32_t value = 990; value < 1000 + 8 * bytes.size(); ++value) {
            const auto below = std::lower_bound(expected.begin(), expected.end(), value);
            EXPECT_EQ(kernels->rank(out.data(), value),
                      static_cast<size_t>(below - expected.begin()));
        }
        const std::vector<uint8_t> full(8 * 5, 0xff);
        EXPECT_GT(kernels->expand(full.data(), 5, 0, out.data()), kPostingBlock);
    }
}

TEST(PostingBlocks, ExpandsUpToABlockAndNoMore) {
    std::mt19937 random(5);
    for (const PostingKernels* kernels : AllLevels()) {
        for (size_t bits = 0; bits <= kPostingBlock + 1; ++bits) {
            std::vector<uint32_t> places(64 * 4);
            std::iota(places.begin(), places.end(), 0);
            std::shuffle(places.begin(), places.end(), random);
            places.resize(bits);
            std::sort(places.begin(), places.end());
            std::vector<uint8_t> words(8 * 4);
            for (uint32_t& place : places) {
                words[place / 8] |= static_cast<uint8_t>(1u << (place % 8));
                place += 0xf0000000u;
            }
            std::vector<uint32_t> out(kPostingBlock + 16);
            const size_t n = kernels->expand(words.data(), 4, 0xf0000000u, out.data());
            if (bits > kPostingBlock) {
                EXPECT_GT(n, kPostingBlock);
            } else {
                EXPECT_EQ(n, bits);
                EXPECT_TRUE(std::equal(places.begin(), places.end(), out.begin()));
            }
        }
        EXPECT_EQ(kernels->expand(nullptr, 0, 0, nullptr), 0u);
    }
}

TEST(PostingBlocks, RanksAreOfUnsignedNumbers) {
    std::vector<uint32_t> values(kPostingBlock + 16);
    for (uint32_t i = 0; i < values.size(); ++i) {
        values[i] = i << 25;
    }
    for (const PostingKernels* kernels : AllLevels()) {
        EXPECT_EQ(kernels->rank(values.data(), 0), 0u);
        EXPECT_EQ(kernels->rank(values.data(), 1), 1u);
        EXPECT_EQ(kernels->rank(values.data(), 0x80000000u), 64u);
        EXPECT_EQ(kernels->rank(values.data(), 0x80000001u), 65u);
        EXPECT_EQ(kernels->rank(values.data(), ~uint32_t{0}), kPostingBlock);
    }
}

class Scores : public testing::Test {
  protected:
    Scores() {
        std::mt19937 random(3);
        norms_.resize(65536);
        for (size_t i = 0; i < norms_.size(); ++i) {
            norms_[i] = 0.3f + 0.01f * static_cast<float>(i % 300);
        }
        codes_.resize(2 * 1000 + 64);
        for (uint8_t& code : codes_) {
            code = static_cast<uint8_t>(random());
        }
        for (uint32_t i = 0; i < kPostingBlock; ++i) {
            docs_.push_back(i * 7 + random() % 7);
            counts_.push_back(1 + random() % 9);
        }
        docs_.resize(kPostingBlock + 16, ~uint32_t{0});
        counts_.resize(kPostingBlock + 16);
        table_ = {norms_.data(), codes_.data(), 1, norms_.data(), 1.5e8f};
    }

    std::vector<float> norms_;
    std::vector<uint8_t> codes_;
    std::vector<uint32_t> docs_, counts_;
    PartTable table_;
};

TEST_F(Scores, PartsAreTheFormulaAndAlikeInAllLevels) {
    for (uint32_t code_bytes : {1u, 2u}) {
        table_.code_bytes = code_bytes;
        for (const bool counted : {false, true}) {
            for (size_t n : {size_t{1}, size_t{16}, size_t{100}, kPostingBlock}) {
                std::vector<int32_t> expected(kPostingBlock + 16), out(kPostingBlock + 16);
                const uint32_t* counts = counted ? counts_.data() : nullptr;
                PostingsAt(Level::kScalar)->parts(docs_.data(), counts, n, table_, expected.data());
                const double count = counted ? counts_[0] : 1;
                const uint32_t code = code_bytes == 1
                                          ? codes_[docs_[0]]
                                          : codes_[docs_[0] * 2] + 256u * codes_[docs_[0] * 2 + 1];
                EXPECT_NEAR(expected[0], 1.5e8 * count / (count + norms_[code]), 20);
                for (const PostingKernels* kernels : AllLevels()) {
                    kernels->parts(docs_.data(), counts, n, table_, out.data());
                    EXPECT_TRUE(std::equal(out.begin(), out.begin() + static_cast<ptrdiff_t>(n),
                                           expected.begin()));
                }
            }
        }
    }
}

TEST_F(Scores, PartsOfAnyCountAreAlikeAndHalvesGoToTheEvenNumber) {
    std::mt19937 random(6);
    norms_[0] = 0;
    std::fill(codes_.begin(), codes_.begin() + 16, uint8_t{0});
    for (uint32_t& count : counts_) {
        count = random() >> random() % 32;
    }
    counts_[0] = 0;  // no number, where the norm is 0 too
    counts_[1] = ~uint32_t{0};
    for (uint32_t code_bytes : {1u, 2u}) {
        table_.code_bytes = code_bytes;
        for (const PostingKernels* kernels : AllLevels()) {
            for (size_t n = 0; n <= kPostingBlock; ++n) {
                std::vector<int32_t> expected(kPostingBlock + 16), out(kPostingBlock + 16);
                PostingsAt(Level::kScalar)
                    ->parts(docs_.data(), counts_.data(), n, table_, expected.data());
                kernels->parts(docs_.data(), counts_.data(), n, table_, out.data());
                expected.resize(n);
                out.resize(n);
                EXPECT_EQ(out, expected);
            }
        }
    }
    std::fill(norms_.begin(), norms_.end(), 1.0f);
    for (const auto& [weight, part] : {std::pair{0.5f, 1}, {5.0f, 2}, {7.0f, 4}, {9.0f, 4}}) {
        table_.weight = weight;
        for (const PostingKernels* kernels : AllLevels()) {
            std::vector<int32_t> out(kPostingBlock + 16);
            kernels->parts(docs_.data(), nullptr, 9, table_, out.data());
            EXPECT_EQ(std::count(out.begin(), out.begin() + 9, part), 9) << weight;
        }
    }
}

TEST_F(Scores, BoundsAreAlikeInAllLevels) {
    std::mt19937 random(7);
    std::vector<uint8_t> pairs(8 * 40 + 64);
    std::generate(pairs.begin(), pairs.end(), [&] { return static_cast<uint8_t>(random()); });
    for (size_t i = 0; i < 8 * 40; i += 8) {
        pairs[i + random() % 4] = random() % 2 == 0 ? uint8_t{kAnyCount} : uint8_t{0};
    }
    for (const PostingKernels* kernels : AllLevels()) {
        for (size_t blocks = 0; blocks <= 40; ++blocks) {
            std::vector<int32_t> expected(blocks), out(blocks);
            PostingsAt(Level::kScalar)->bounds(pairs.data(), blocks, table_, expected.data());
            kernels->bounds(pairs.data(), blocks, table_, out.data());
            EXPECT_EQ(out, expected);
        }
    }
}

TEST_F(Scores, BoundsAreTheBestPair) {
    std::vector<uint8_t> pairs;
    std::mt19937 random(4);
    for (int i = 0; i < 8 * 23; ++i) {
        pairs.push_back(static_cast<uint8_t>(1 + random() % 254));
    }
    pairs[3] = kAnyCount;
    pairs.resize(pairs.size() + 64);
    for (const PostingKernels* kernels : AllLevels()) {
        std::vector<int32_t> out(23);
        kernels->bounds(pairs.data(), 23, table_, out.data());
        EXPECT_EQ(out[0], 150000000);  // any count: the whole weight
        for (size_t block = 1; block < out.size(); ++block) {
            double best = 0;
            for (size_t i = 0; i < 4; ++i) {
                const double count = pairs[block * 8 + i];
                best = std::max(best, 1.5e8 * count / (count + norms_[pairs[block * 8 + 4 + i]]));
            }
            EXPECT_NEAR(out[block], best, 20);
        }
    }
}

TEST_F(Scores, PicksAndSweepsWhatIsAtLeastTheLimit) {
    std::vector<int32_t> sums(kPostingBlock + 16);
    std::iota(sums.begin(), sums.end(), 0);
    for (const PostingKernels* kernels : AllLevels()) {
        std::vector<uint32_t> docs(kPostingBlock + 32);
        std::vector<int32_t> kept(kPostingBlock + 32);
        EXPECT_EQ(kernels->pick(docs_.data(), sums.data(), 100, 90, docs.data(), kept.data()), 10u);
        EXPECT_EQ(docs[0], docs_[90]);
        EXPECT_EQ(kept[9], 99);
        std::vector<int32_t> swept = sums;
        EXPECT_EQ(kernels->sweep(swept.data(), 112, 5000, 100, docs.data(), kept.data()), 12u);
        EXPECT_EQ(docs[0], 5100u);
        EXPECT_EQ(kept[11], 111);
        EXPECT_TRUE(
            std::all_of(swept.begin(), swept.begin() + 112, [](int32_t sum) { return sum == 0; }));
        EXPECT_EQ(swept[112], 112);
    }
}

TEST_F(Scores, PicksAndSweepsAlikeInAllLevels) {
    std::mt19937 random(8);
    constexpr size_t kMost = kPostingBlock + 16;
    for (uint32_t share : {0u, 3u, 50u, 97u, 100u}) {
        std::vector<int32_t> sums(kMost);
        for (int32_t& sum : sums) {
            sum = random() % 100 < share ? static_cast<int32_t>(700 + random() % 9) : 699;
        }
        for (const PostingKernels* kernels : AllLevels()) {
            for (size_t n = 0; n <= kPostingBlock; ++n) {
                std::vector<uint32_t> docs(kMost), swept_docs(kMost), expected_docs;
                std::vector<int32_t> kept(kMost), swept(kMost), expected;
                for (size_t i = 0; i < n; ++i) {
                    if (sums[i] >= 700) {
                        expected_docs.push_back(docs_[i]);
                        expected.push_back(sums[i]);
                    }
                }
                const size_t picked =
                    kernels->pick(docs_.data(), sums.data(), n, 700, docs.data(), kept.data());
                ASSERT_EQ(picked, expected.size()) << share << "% of " << n;
                EXPECT_TRUE(std::equal(expected.begin(), expected.end(), kept.begin()));
                EXPECT_TRUE(std::equal(expected_docs.begin(), expected_docs.end(), docs.begin()));
                if (n % 16 != 0) {
                    continue;
                }
                std::vector<int32_t> copy = sums;
                ASSERT_EQ(kernels->sweep(copy.data(), n, 0xf0000000u, 700, swept_docs.data(),
                                         swept.data()),
                          picked);
                EXPECT_TRUE(std::equal(expected.begin(), expected.end(), swept.begin()));
                for (size_t i = 0; i < picked; ++i) {
                    EXPECT_EQ(docs_[swept_docs[i] - 0xf0000000u], docs[i]);
                }
                EXPECT_EQ(std::count(copy.begin(), copy.end(), 0), static_cast<ptrdiff_t>(n));
            }
        }
    }
}

// A level that silently falls back to plain loops answers right, only many times slower.
TEST_F(Scores, WideLevelsAreFasterThanTheReference) {
    if (kTimesMeanNothing) {
        GTEST_SKIP() << "times mean nothing here";
    }
    const std::vector<uint8_t> packed(kPostingBlock * 4 + kUnpackSlack, 0x5a);
    const std::vector<uint8_t> pairs(8 * 64 + 64, 0x5a);
    std::vector<uint32_t> values(kPostingBlock + 16), docs(2048);
    std::vector<int32_t> parts(2048), sums(2048);
    using Call = std::function<void(const PostingKernels&)>;
    const std::pair<const char*, Call> calls[] = {
        {"unpack",
         [&](const PostingKernels& kernels) {
             kernels.unpack(packed.data(), 9, kPostingBlock, values.data());
         }},
        {"add_up",
         [&](const PostingKernels& kernels) { kernels.add_up(1, kPostingBlock, values.data()); }},
        {"expand",
         [&](const PostingKernels& kernels) {
             kernels.expand(packed.data(), 4, 1, values.data());
         }},
        {"parts",
         [&](const PostingKernels& kernels) {
             kernels.parts(docs_.data(), counts_.data(), kPostingBlock, table_, parts.data());
         }},
        {"bounds",
         [&](const PostingKernels& kernels) {
             kernels.bounds(pairs.data(), 64, table_, parts.data());
         }},
        {"pick",
         [&](const PostingKernels& kernels) {
             kernels.pick(docs_.data(), sums.data(), kPostingBlock, 1, docs.data(), parts.data());
         }},
        {"sweep",
         [&](const PostingKernels& kernels) {
             kernels.sweep(sums.data(), sums.size(), 0, 1, docs.data(), parts.data());
         }},
    };
    for (const Level level : {Level::kAvx2, Level::kAvx512}) {
        const PostingKernels* kernels = PostingsAt(level);
        for (const auto& [name, call] : calls) {
            if (kernels != nullptr) {
                const double gain = SpeedGain(
                    50, [&] { call(*PostingsAt(Level::kScalar)); }, [&] { call(*kernels); });
                EXPECT_GT(gain, 1.5) << name << ", " << LevelName(level);
            }
        }
    }
}

}  // namespace
}  // namespace elanus::simd
