// MinHash: signatures and bands by hand, and MINHASH_LSH against a scan of all rows.
#include "codec/sink.h"
#include "vindex/family.h"
#include "vindex/minhash_index.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

constexpr uint32_t kElements = 32;
constexpr uint32_t kRows = 1500;

// Groups of five rows; each has fewer elements of the first one than the row before.
std::string Signatures(uint32_t element_bytes, uint32_t seed) {
    std::mt19937 random(seed);
    const size_t row_bytes = kElements * element_bytes;
    std::string rows;
    for (uint32_t row = 0; row < kRows; ++row) {
        std::string signature;
        for (uint32_t e = 0; e < kElements; ++e) {
            const bool same = row % 5 != 0 && random() % 100 >= 15 * (row % 5);
            if (same) {
                signature +=
                    rows.substr((row - row % 5) * row_bytes + e * element_bytes, element_bytes);
            }
            for (uint32_t b = 0; !same && b < element_bytes; ++b) {
                signature.push_back(static_cast<char>(random()));
            }
        }
        rows += signature;
    }
    return rows;
}

struct Shape {
    uint32_t element_bytes;
    uint32_t bands;
};

struct Truth {
    float score;
    uint32_t row;
};

// By comparing all elements of all rows one by one.
std::vector<Truth> TruthOf(const std::string& rows, const Shape& shape, uint32_t query,
                           bool elements, base::BitmapView filter) {
    const size_t row_bytes = kElements * shape.element_bytes;
    std::vector<Truth> hits;
    for (uint32_t row = 0; row < kRows; ++row) {
        uint32_t equal = 0, bands = 0;
        for (uint32_t band = 0; band < shape.bands; ++band) {
            bool all = true;
            for (uint32_t e = band * kElements / shape.bands;
                 e < (band + 1) * kElements / shape.bands; ++e) {
                const size_t at = e * shape.element_bytes;
                const bool same = rows.substr(row * row_bytes + at, shape.element_bytes) ==
                                  rows.substr(query * row_bytes + at, shape.element_bytes);
                equal += same ? 1 : 0;
                all = all && same;
            }
            bands += all ? 1 : 0;
        }
        if (bands > 0 && filter.Test(row)) {
            hits.push_back({elements ? static_cast<float>(equal) / kElements
                                     : static_cast<float>(bands) / static_cast<float>(shape.bands),
                            row});
        }
    }
    std::stable_sort(hits.begin(), hits.end(),
                     [](const Truth& a, const Truth& b) { return a.score > b.score; });
    return hits;
}

std::unique_ptr<Index> BuildOf(const std::string& rows, const Shape& shape, bool raw) {
    BuildParams build{"MINHASH_LSH",
                      VectorType::kBinary,
                      Metric::kMhJaccard,
                      kElements * shape.element_bytes * 8,
                      {{"mh_element_bit_width", std::to_string(8 * shape.element_bytes)},
                       {"mh_lsh_band", std::to_string(shape.bands)},
                       {"with_raw_data", raw ? "true" : "false"}}};
    BuildInput input;
    input.vectors = rows.data();
    input.rows = kRows;
    auto index = BuildIndex(build, input);
    EXPECT_TRUE(index.ok()) << index.status().reason();
    return std::move(*index);
}

void ExpectSame(const Neighbors& found, const std::vector<Truth>& truth) {
    ASSERT_EQ(found.rows.size(), truth.size());
    for (size_t i = 0; i < truth.size(); ++i) {
        EXPECT_EQ(found.rows[i], truth[i].row);
        EXPECT_FLOAT_EQ(found.scores[i], truth[i].score);
    }
}

TEST(Minhash, FindsTheRowsThatShareABand) {
    base::Bitmap filter(kRows, true);
    filter.Reset(50);
    for (const Shape& shape : {Shape{1, 8}, Shape{2, 4}, Shape{4, 32}, Shape{8, 5}, Shape{16, 1}}) {
        const std::string rows = Signatures(shape.element_bytes, 3);
        const auto built = BuildOf(rows, shape, true);
        codec::StringSink sink;
        ASSERT_TRUE(built->Save(sink).ok());
        const auto opened = OpenIndex(base::Buffer::FromString(sink.Take()));
        ASSERT_TRUE(opened.ok());
        EXPECT_TRUE((*opened)->Verify().ok());
        const size_t row_bytes = kElements * shape.element_bytes;
        for (const uint32_t query : {0u, 51u, 52u, 704u}) {
            for (const bool elements : {false, true}) {
                SearchParams params;
                params.k = 100;
                params.filter = filter;
                params.params = {{"mh_search_with_jaccard", elements ? "true" : "false"},
                                 {"refine_k", "20"}};
                Neighbors found;
                const std::string_view signature(rows.data() + query * row_bytes, row_bytes);
                ASSERT_TRUE((*opened)->Search(signature, params, &found).ok());
                const auto truth = TruthOf(rows, shape, query, elements, filter);
                ExpectSame(found, truth);
                // The scan of rows without an index gives the same.
                ParamMap scan = params.params;
                scan["mh_element_bit_width"] = std::to_string(8 * shape.element_bytes);
                scan["mh_lsh_band"] = std::to_string(shape.bands);
                const MinHashScorer scorer(kElements * shape.element_bytes * 8, scan);
                for (const Truth& hit : truth) {
                    EXPECT_FLOAT_EQ(
                        scorer.Score(signature.data(), rows.data() + hit.row * row_bytes),
                        hit.score);
                }
            }
        }
    }
}

TEST(Minhash, ElementsAreScoredOnlyWhenTheyAreKept) {
    const std::string rows = Signatures(4, 4);
    const auto index = BuildOf(rows, {4, 8}, false);
    SearchParams params;
    params.params = {{"mh_search_with_jaccard", "true"}};
    Neighbors found;
    EXPECT_EQ(index->Search(rows.data(), params, &found).code(), base::Code::kInvalidParameter);
}

TEST(Minhash, ARangeIsOneOfScores) {
    const std::string rows = Signatures(4, 5);
    const auto index = BuildOf(rows, {4, 16}, true);
    SearchParams params;
    params.params = {{"mh_search_with_jaccard", "true"}, {"refine_k", "10"}};
    params.radius = 0.5f;
    params.range_filter = 0.9f;
    Neighbors found;
    ASSERT_TRUE(index->Search(rows.data(), params, &found).ok());
    ASSERT_FALSE(found.rows.empty());
    for (const float score : found.scores) {
        EXPECT_GT(score, 0.5f);
        EXPECT_LE(score, 0.9f);
    }
}

TEST(Minhash, EveryDamagedByteIsFoundAndSurvived) {
    const std::string rows = Signatures(1, 6).substr(0, 40 * kElements);
    BuildParams build{"MINHASH_LSH",
                      VectorType::kBinary,
                      Metric::kMhJaccard,
                      kElements * 8,
                      {{"mh_lsh_band", "4"}, {"with_raw_data", "true"}}};
    BuildInput input;
    input.vectors = rows.data();
    input.rows = 40;
    const auto index = BuildIndex(build, input);
    ASSERT_TRUE(index.ok());
    codec::StringSink sink;
    ASSERT_TRUE((*index)->Save(sink).ok());
    const std::string good = sink.Take();
    for (size_t at = 0; at < good.size(); ++at) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 0x81);
        const auto opened = OpenIndex(base::Buffer::FromString(bad));
        if (!opened.ok()) {
            continue;
        }
        EXPECT_FALSE((*opened)->Verify().ok()) << at;
        Neighbors found;
        SearchParams params;
        params.params = {{"mh_search_with_jaccard", "true"}};
        (void)(*opened)->Search(rows.data(), params, &found);
        for (const uint32_t row : found.rows) {
            EXPECT_LT(row, (*opened)->size());
        }
    }
}

}  // namespace
}  // namespace elanus::vindex
