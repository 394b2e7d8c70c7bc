// Codes of a disk graph against the rows themselves: shapes within budgets, costs within the error
// that their bits allow.
#include "vindex/disk_codes.h"

#include "vindex/index_testing.h"

#include <numeric>

namespace elanus::vindex {
namespace {

constexpr uint32_t kWide = 300;

TEST(DiskCodes, ShapesAreTheBestThatBudgetsPayFor) {
    const auto of = [](uint32_t dim, double bytes) { return DiskCodeShape::Of(dim, bytes); };
    EXPECT_EQ(of(768, 384).bits, 3u);  // 288 bytes and two floats
    EXPECT_EQ(of(768, 392).bits, 4u);
    EXPECT_EQ(of(768, 391.9).bits, 3u);
    EXPECT_EQ(of(768, 200).bits, 2u);
    EXPECT_EQ(of(768, 199).bits, 0u);  // one bit tells less than a byte for four values
    EXPECT_EQ(of(768, 199).parts, 192u);
    EXPECT_EQ(of(768, 1e9).bits, 8u);
    EXPECT_EQ(of(128, 64).parts, 64u);  // few look-ups
    EXPECT_EQ(of(96, 0.01).parts, 1u);
    EXPECT_EQ(of(7, 1e9).parts, 7u);
    for (uint32_t dim : {1u, 5u, 100u, 300u, 1000u, 32768u}) {
        for (double bytes : {0.0, 1.0, 33.0, 250.0, 5000.0}) {
            EXPECT_TRUE(of(dim, bytes).IsPlausible(dim)) << dim << " " << bytes;
        }
    }
}

TEST(DiskCodes, OtherShapesAreNotPlausible) {
    EXPECT_FALSE((DiskCodeShape{.bits = 1, .parts = 0, .coded_dim = 0}).IsPlausible(10));
    EXPECT_FALSE((DiskCodeShape{.bits = 9, .parts = 0, .coded_dim = 0}).IsPlausible(10));
    EXPECT_FALSE((DiskCodeShape{.bits = 3, .parts = 5, .coded_dim = 10}).IsPlausible(10));
    EXPECT_FALSE((DiskCodeShape{.bits = 0, .parts = 3, .coded_dim = 10}).IsPlausible(10));
    EXPECT_FALSE((DiskCodeShape{.bits = 0, .parts = 0, .coded_dim = 10}).IsPlausible(10));
    EXPECT_FALSE((DiskCodeShape{.bits = 0, .parts = 5, .coded_dim = 5}).IsPlausible(10));
}

struct Made {
    std::unique_ptr<DiskCodes> codes;
    std::vector<uint32_t> places;
};

Made MakeCodes(const DiskCodeShape& shape, Metric metric, const Data& data) {
    const BuildParams params{"DISKANN", VectorType::kFloat, metric, data.dim, {}};
    BuildInput input;
    input.vectors = data.rows.data();
    input.rows = data.count();
    Made made;
    made.places.resize(data.count());
    std::iota(made.places.begin(), made.places.end(), 0u);
    std::shuffle(made.places.begin(), made.places.end(), std::mt19937(1));
    auto codes = DiskCodes::Make(shape, params, input, made.places, Progress());
    EXPECT_TRUE(codes.ok()) << codes.status().reason();
    made.codes = std::move(*codes);
    return made;
}

float Length(const float* v, uint32_t dim) {
    return std::sqrt(std::inner_product(v, v + dim, v, 0.0f));
}

// Rows are distances of about sqrt(dim) from the mean: an estimate of a product with a share `e` of
// a row's length lost misses by e |q| |r| / sqrt(dim).
void ExpectErrors(const DiskCodeShape& shape, double lost) {
    const Data data = Clustered(1000, 3, kWide);
    for (Metric metric : kDenseMetricsTested) {
        SCOPED_TRACE(MetricName(metric));
        const Made made = MakeCodes(shape, metric, data);
        SearchScratch scratch;
        double squares = 0, sum = 0, count = 0;
        for (size_t q = 0; q < 20; ++q) {
            std::vector<float> query(data.query(q), data.query(q) + kWide);
            const float length = Length(query.data(), kWide);
            for (float& x : query) {
                x /= metric == Metric::kCosine ? length : 1;
            }
            const DiskCodeQuery prepared = made.codes->Prepare(query.data(), scratch);
            std::vector<float> costs(data.count());
            made.codes->Costs(prepared, scratch, made.places.data(), data.count(), costs.data());
            for (uint32_t row = 0; row < data.count(); ++row) {
                const float* vector = data.rows.data() + row * kWide;
                const double score = TrueScore(metric, query.data(), vector, kWide);
                const double truth = metric == Metric::kL2 ? score : -score;
                const double scale =
                    (metric == Metric::kL2 ? 2.0 : 1.0) *
                    (metric == Metric::kCosine ? 1.0 : length * Length(vector, kWide)) /
                    std::sqrt(kWide);
                const double error = (costs[row] - truth) / scale;
                squares += error * error;
                sum += error;
                count += 1;
            }
        }
        EXPECT_LE(std::sqrt(squares / count), 1.5 * lost);
        EXPECT_LE(std::fabs(sum / count), 0.3 * lost);
    }
}

TEST(DiskCodes, CostsOfPlanesMissByWhatTheirStepsLose) {
    // Mean squared errors of the best uniform quantisers of a normal value (Max 1960).
    const std::pair<uint32_t, double> all[] = {{2, 0.1188}, {3, 0.0374}, {4, 0.01154}, {5, 0.0035}};
    for (const auto& [bits, error] : all) {
        SCOPED_TRACE(bits);
        ExpectErrors({.bits = bits, .parts = 0, .coded_dim = 0}, std::sqrt(error));
    }
    ExpectErrors({.bits = 8, .parts = 0, .coded_dim = 0}, 0.02);  // the query's own 8 bits
}

TEST(DiskCodes, CostsOfProductCodesAreNear) {
    ExpectErrors({.bits = 0, .parts = 100, .coded_dim = 300}, 0.5);
}

TEST(DiskCodes, RowsAtTheCentreAndEmptyOnesHaveCosts) {
    Data data;
    data.dim = kWide;
    data.rows.assign(size_t{3} * kWide, 0.5f);
    data.queries.assign(kWide, 0.25f);
    const Made made = MakeCodes({.bits = 3, .parts = 0, .coded_dim = 0}, Metric::kL2, data);
    SearchScratch scratch;
    const DiskCodeQuery prepared = made.codes->Prepare(data.query(0), scratch);
    float costs[3];
    made.codes->Costs(prepared, scratch, made.places.data(), 3, costs);
    for (float cost : costs) {
        EXPECT_NEAR(cost, kWide * 0.0625f, 1e-3);
    }
}

}  // namespace
}  // namespace elanus::vindex
