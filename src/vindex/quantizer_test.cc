// Clustering, scalar and product quantisers against models computed by hand.
#include "sys/executor.h"
#include "vindex/float_rows.h"
#include "vindex/kmeans.h"
#include "vindex/product_quantizer.h"
#include "vindex/scalar_quantizer.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

std::vector<float> Normal(size_t n, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> v(n);
    std::generate(v.begin(), v.end(), [&] { return normal(random); });
    return v;
}

double Squared(const float* a, const float* b, size_t dim) {
    double sum = 0;
    for (size_t d = 0; d < dim; ++d) {
        sum += (static_cast<double>(a[d]) - b[d]) * (static_cast<double>(a[d]) - b[d]);
    }
    return sum;
}

double Product(const float* a, const float* b, size_t dim) {
    double sum = 0;
    for (size_t d = 0; d < dim; ++d) {
        sum += static_cast<double>(a[d]) * b[d];
    }
    return sum;
}

TEST(KMeans, FindsWhatIsThere) {
    constexpr size_t kClusters = 9, kEach = 50, kDim = 6;
    const std::vector<float> centres = Normal(kClusters * kDim, 1);
    std::vector<float> rows = Normal(kClusters * kEach * kDim, 2);
    for (size_t i = 0; i < rows.size(); ++i) {
        rows[i] = rows[i] * 0.01f + 10 * centres[i / kDim % kClusters * kDim + i % kDim];
    }
    KMeansOptions options;
    options.clusters = kClusters;
    options.iterations_max = 30;
    const auto found = TrainKMeans(FloatMatrix(rows.data(), kClusters * kEach, kDim), options);
    ASSERT_TRUE(found.ok());
    ASSERT_EQ(found->size(), kClusters * kDim);
    for (size_t c = 0; c < kClusters; ++c) {
        double nearest = 1e9;
        for (size_t f = 0; f < kClusters; ++f) {
            std::vector<float> centre(centres.begin() + c * kDim, centres.begin() + (c + 1) * kDim);
            std::for_each(centre.begin(), centre.end(), [](float& x) { x *= 10; });
            nearest = std::min(nearest, Squared(centre.data(), found->data() + f * kDim, kDim));
        }
        EXPECT_LT(nearest, 0.01) << "cluster " << c;
    }
}

TEST(KMeans, DoesNotDependOnThreads) {
    constexpr size_t kRows = 5000, kDim = 20;
    const std::vector<float> rows = Normal(kRows * kDim, 3);
    KMeansOptions options;
    options.clusters = 100;
    const auto alone = TrainKMeans(FloatMatrix(rows.data(), kRows, kDim), options);
    sys::ThreadPool pool("kmeans", 3);
    options.executor = &pool;
    const auto together = TrainKMeans(FloatMatrix(rows.data(), kRows, kDim), options);
    ASSERT_TRUE(alone.ok() && together.ok());
    EXPECT_EQ(*alone, *together);
}

TEST(KMeans, EveryCentroidGetsRows) {
    // Half of the rows are one point: most starting points are there.
    constexpr size_t kRows = 1000, kDim = 4, kClusters = 60;
    std::vector<float> rows = Normal(kRows * kDim, 4);
    std::fill(rows.begin(), rows.begin() + kRows / 2 * kDim, 1.0f);
    KMeansOptions options;
    options.clusters = kClusters;
    options.iterations_max = 30;
    const auto found = TrainKMeans(FloatMatrix(rows.data(), kRows, kDim), options);
    ASSERT_TRUE(found.ok());
    std::vector<uint32_t> ids(kRows);
    std::vector<float> values(kRows);
    Centroids(*found, kClusters, kDim)
        .Nearest(FloatMatrix(rows.data(), kRows, kDim), ids.data(), values.data());
    EXPECT_EQ(std::set<uint32_t>(ids.begin(), ids.end()).size(), kClusters);
}

TEST(KMeans, FewRowsAndInterrupts) {
    const std::vector<float> rows = Normal(3 * 4, 5);
    KMeansOptions options;
    options.clusters = 8;
    EXPECT_EQ(*TrainKMeans(FloatMatrix(rows.data(), 3, 4), options), rows);
    options.clusters = 2;
    options.interrupt = [] { return base::Internal("stop"); };
    EXPECT_FALSE(TrainKMeans(FloatMatrix(rows.data(), 3, 4), options).ok());
}

TEST(Centroids, NearestIsTheNearest) {
    constexpr size_t kRows = 130, kDim = 17, kCount = 77;
    const std::vector<float> rows = Normal(kRows * kDim, 6), centres = Normal(kCount * kDim, 7);
    const Centroids centroids(centres, kCount, kDim);
    std::vector<uint32_t> ids(kRows);
    std::vector<float> values(kRows), own(kDim);
    centroids.Nearest(FloatMatrix(rows.data(), kRows, kDim), ids.data(), values.data());
    for (size_t row = 0; row < kRows; ++row) {
        const float* x = rows.data() + row * kDim;
        size_t best = 0;
        for (size_t c = 1; c < kCount; ++c) {
            best = Squared(x, centres.data() + c * kDim, kDim) <
                           Squared(x, centres.data() + best * kDim, kDim)
                       ? c
                       : best;
        }
        EXPECT_EQ(ids[row], best);
        EXPECT_NEAR(Product(x, x, kDim) + 2 * values[row],
                    Squared(x, centres.data() + best * kDim, kDim), 1e-4);
    }
    centroids.Read(70, own.data());
    EXPECT_TRUE(std::equal(own.begin(), own.end(), centres.begin() + 70 * kDim));
}

constexpr Metric kMetrics[] = {Metric::kL2, Metric::kIp, Metric::kCosine};

double WantedCost(Metric metric, const float* query, const float* row, size_t dim) {
    return metric == Metric::kL2 ? Squared(query, row, dim) : -Product(query, row, dim);
}

void Shorten(std::vector<float>* rows, size_t dim) {
    for (size_t at = 0; at < rows->size(); at += dim) {
        simd::Normalize(rows->data() + at, dim, rows->data() + at);
    }
}

class ScalarKinds : public testing::TestWithParam<std::tuple<std::string_view, double>> {};

TEST_P(ScalarKinds, CodesAreNearAndCostsAreThoseOfTheDecodedRow) {
    constexpr size_t kRows = 500, kDim = 70;
    const auto [name, error_max] = GetParam();
    for (Metric metric : kMetrics) {
        std::vector<float> rows = Normal(kRows * kDim, 8), query = Normal(kDim, 9);
        if (metric == Metric::kCosine) {
            Shorten(&rows, kDim);
            Shorten(&query, kDim);
        }
        const auto kind = ScalarKindFromName(name);
        ASSERT_TRUE(kind.has_value());
        const auto trained = ScalarQuantizer::Train(*kind, FloatMatrix(rows.data(), kRows, kDim));
        const auto quantizer = ScalarQuantizer::Open(*kind, kDim, trained.ranges());
        ASSERT_TRUE(quantizer.ok());
        std::vector<uint8_t> codes(kRows * quantizer->code_bytes());
        std::vector<float> decoded(kRows * kDim), room(quantizer->query_floats()), costs(kRows);
        double error = 0, size = 0;
        for (size_t row = 0; row < kRows; ++row) {
            uint8_t* code = codes.data() + row * quantizer->code_bytes();
            quantizer->Encode(rows.data() + row * kDim, code);
            quantizer->Decode(code, decoded.data() + row * kDim);
            error += Squared(rows.data() + row * kDim, decoded.data() + row * kDim, kDim);
            size += Product(rows.data() + row * kDim, rows.data() + row * kDim, kDim);
        }
        EXPECT_LT(error / size, error_max);
        const auto prepared = quantizer->Prepare(metric, query.data(), room.data());
        ScalarQuantizer::Costs(prepared, kDim, codes.data(), nullptr, kRows, costs.data());
        for (size_t row = 0; row < kRows; ++row) {
            EXPECT_NEAR(costs[row],
                        WantedCost(metric, query.data(), decoded.data() + row * kDim, kDim), 2e-4);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(All, ScalarKinds,
                         testing::Values(std::tuple("sq4u", 0.02), std::tuple("SQ4", 0.02),
                                         std::tuple("sq6", 0.0015), std::tuple("SQ8", 1e-4),
                                         std::tuple("fp16", 1e-6), std::tuple("BF16", 1e-4)));

TEST(ScalarQuantizer, ConstantDimensionsAndOddValuesDoNoHarm) {
    std::vector<float> rows(10 * 3, 5.0f);
    for (size_t i = 0; i < 10; ++i) {
        rows[3 * i] = static_cast<float>(i);
    }
    const auto quantizer =
        ScalarQuantizer::Train(ScalarKind::kSq8, FloatMatrix(rows.data(), 10, 3));
    const float odd[3] = {std::nanf(""), INFINITY, -INFINITY};
    std::vector<uint8_t> code(quantizer.code_bytes());
    float out[3];
    quantizer.Encode(odd, code.data());
    quantizer.Decode(code.data(), out);
    EXPECT_EQ(out[0], 0.0f);
    quantizer.Encode(rows.data() + 9, code.data());
    quantizer.Decode(code.data(), out);
    EXPECT_NEAR(out[0], 3, 0.02);
    EXPECT_EQ(out[1], 5.0f);
    EXPECT_FALSE(ScalarQuantizer::Open(ScalarKind::kSq8, 4, quantizer.ranges()).ok());
    EXPECT_FALSE(ScalarKindFromName("SQ5").has_value());
    EXPECT_FALSE(ScalarKindFromName("SQ").has_value());
}

struct ProductCase {
    uint32_t m, nbits, stages;
    double error_max;
};

class Products : public testing::TestWithParam<ProductCase> {};

TEST_P(Products, CodesAreNearAndCostsAreThoseOfTheDecodedRow) {
    constexpr size_t kRows = 2000, kDim = 24;
    const ProductCase& given = GetParam();
    for (Metric metric : kMetrics) {
        std::vector<float> rows = Normal(kRows * kDim, 8), query = Normal(kDim, 9);
        if (metric == Metric::kCosine) {
            Shorten(&rows, kDim);
            Shorten(&query, kDim);
        }
        const FloatMatrix matrix(rows.data(), kRows, kDim);
        const ProductShape shape{.dim = kDim,
                                 .m = given.m,
                                 .nbits = given.nbits,
                                 .stages = given.stages,
                                 .keeps_norms = metric == Metric::kL2 && given.stages > 1};
        const auto trained = ProductQuantizer::Train(shape, matrix, TrainOptions());
        ASSERT_TRUE(trained.ok());
        const auto quantizer = ProductQuantizer::Open(shape, trained->centroids(),
                                                      trained->panels(), trained->biases());
        ASSERT_TRUE(quantizer.ok());
        std::vector<uint8_t> codes(kRows * shape.code_bytes());
        quantizer->Encode(matrix, codes.data());
        std::vector<float> decoded(kRows * kDim), room(quantizer->query_floats()), costs(kRows);
        double error = 0, size = 0;
        for (size_t row = 0; row < kRows; ++row) {
            quantizer->Decode(codes.data() + row * shape.code_bytes(), decoded.data() + row * kDim);
            error += Squared(rows.data() + row * kDim, decoded.data() + row * kDim, kDim);
            size += Product(rows.data() + row * kDim, rows.data() + row * kDim, kDim);
        }
        EXPECT_LT(error / size, given.error_max);
        std::vector<uint32_t> order(kRows);
        std::iota(order.begin(), order.end(), 0u);
        std::reverse(order.begin(), order.end());
        const auto prepared = quantizer->Prepare(metric, query.data(), room.data());
        quantizer->Costs(prepared, codes.data(), order.data(), kRows, costs.data());
        for (size_t i = 0; i < kRows; ++i) {
            EXPECT_NEAR(costs[i],
                        WantedCost(metric, query.data(), decoded.data() + order[i] * kDim, kDim),
                        5e-4);
        }
        float alone = 0;
        quantizer->Costs(prepared, codes.data(), order.data() + 7, 1, &alone);
        EXPECT_EQ(alone, costs[7]);
    }
}

INSTANTIATE_TEST_SUITE_P(All, Products,
                         testing::Values(ProductCase{12, 8, 1, 0.03}, ProductCase{12, 4, 1, 0.18},
                                         ProductCase{8, 6, 1, 0.2}, ProductCase{6, 11, 1, 0.05},
                                         ProductCase{3, 13, 1, 1e-9}, ProductCase{24, 1, 1, 0.4},
                                         ProductCase{6, 5, 3, 0.08}, ProductCase{2, 8, 2, 0.42},
                                         ProductCase{3, 4, 16, 0.02}));

TEST(ProductQuantizer, MoreStagesAreNearer) {
    constexpr size_t kRows = 1500, kDim = 16;
    const std::vector<float> rows = Normal(kRows * kDim, 8);
    const FloatMatrix matrix(rows.data(), kRows, kDim);
    double before = 1e9;
    for (uint32_t stages : {1u, 2u, 3u, 4u}) {
        const ProductShape shape{.dim = kDim, .m = 4, .nbits = 6, .stages = stages};
        const auto quantizer = ProductQuantizer::Train(shape, matrix, TrainOptions());
        ASSERT_TRUE(quantizer.ok());
        std::vector<uint8_t> codes(kRows * shape.code_bytes());
        quantizer->Encode(matrix, codes.data());
        double error = 0;
        std::vector<float> decoded(kDim);
        for (size_t row = 0; row < kRows; ++row) {
            quantizer->Decode(codes.data() + row * shape.code_bytes(), decoded.data());
            error += Squared(rows.data() + row * kDim, decoded.data(), kDim);
        }
        EXPECT_LT(error, before / 2);
        before = error;
    }
}

TEST(ProductQuantizer, NibbleGroupsGiveTheSameCostsButForRounding) {
    constexpr size_t kRows = 600, kDim = 42;
    const std::vector<float> rows = Normal(kRows * kDim, 8), query = Normal(kDim, 9);
    const FloatMatrix matrix(rows.data(), kRows, kDim);
    const ProductShape shape{.dim = kDim, .m = 21, .nbits = 4};
    const auto quantizer = ProductQuantizer::Train(shape, matrix, TrainOptions());
    ASSERT_TRUE(quantizer.ok());
    std::vector<uint8_t> codes(kRows * shape.code_bytes());
    quantizer->Encode(matrix, codes.data());
    std::vector<uint8_t> group(quantizer->nibble_group_bytes()), tables(group.size());
    std::vector<float> room(quantizer->query_floats()), want(32), got(32);
    for (Metric metric : {Metric::kL2, Metric::kIp}) {
        const auto prepared = quantizer->Prepare(metric, query.data(), room.data());
        const auto nibbles = quantizer->PrepareNibbles(prepared, tables.data());
        for (size_t first : {size_t{0}, size_t{32}, kRows - 20}) {
            const size_t count = std::min<size_t>(32, kRows - first);
            const uint8_t* at = codes.data() + first * shape.code_bytes();
            quantizer->PackNibbles(at, count, group.data());
            quantizer->NibbleCosts(nibbles, group.data(), got.data());
            quantizer->Costs(prepared, at, nullptr, count, want.data());
            for (size_t i = 0; i < count; ++i) {
                EXPECT_NEAR(got[i], want[i], 21 * 0.51f * nibbles.step);
            }
        }
    }
}

TEST(ProductQuantizer, WrongLengthsAreRefused) {
    const std::vector<float> rows = Normal(40 * 8, 8);
    const ProductShape shape{.dim = 8, .m = 2, .nbits = 3};
    const auto quantizer =
        ProductQuantizer::Train(shape, FloatMatrix(rows.data(), 40, 8), TrainOptions());
    ASSERT_TRUE(quantizer.ok());
    EXPECT_FALSE(ProductQuantizer::Open(shape, 7, quantizer->panels(), quantizer->biases()).ok());
    EXPECT_FALSE(ProductQuantizer::Open(shape, 8, quantizer->biases(), quantizer->biases()).ok());
    EXPECT_FALSE((ProductShape{.dim = 8, .m = 3}.IsPlausible()));
    EXPECT_FALSE((ProductShape{.dim = 8, .m = 2, .nbits = 25}.IsPlausible()));
}

TEST(FloatRows, ReadsAllTypes) {
    const float floats[4] = {3, 0, -4, 0};
    float out[4];
    FloatRows(VectorType::kFloat, Metric::kCosine, 4, 1, floats).Read(0, out);
    EXPECT_FLOAT_EQ(out[2], -0.8f);
    const int8_t bytes[4] = {-128, 127, 0, 1};
    FloatRows(VectorType::kInt8, Metric::kL2, 2, 2, bytes).Read(1, out);
    EXPECT_EQ(out[1], 1.0f);
    const uint16_t halves[2] = {0x3c00, 0xc000};
    FloatRows(VectorType::kFloat16, Metric::kL2, 2, 1, halves).Read(0, out);
    EXPECT_EQ(out[1], -2.0f);
    const uint16_t brains[2] = {0x3f80, 0xc000};
    FloatRows(VectorType::kBFloat16, Metric::kL2, 2, 1, brains).Read(0, out);
    EXPECT_EQ(out[0], 1.0f);
}

}  // namespace
}  // namespace elanus::vindex
