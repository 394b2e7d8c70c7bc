// Every level of the posting kernels against the scalar reference and against arithmetic by hand.
#include "simd/posting_blocks.h"

#include <algorithm>
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
            for (size_t n : {size_t{1}, size_t{15}, size_t{17}, kPostingBlock}) {
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

}  // namespace
}  // namespace elanus::simd
