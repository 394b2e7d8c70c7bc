// FLAT, HNSW and AUTOINDEX over every dense element type against brute force that decodes the rows
// itself: scores, order, filters, ranges, files and their damage.
#include "vindex/typed_rows_testing.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace elanus::vindex::typed {
namespace {

base::Bitmap EveryNth(uint32_t rows, uint32_t n) {
    base::Bitmap filter(rows);
    for (uint32_t row = n / 2; row < rows; row += n) {
        filter.Set(row);
    }
    return filter;
}

TEST(VectorTypes, FlatIsExactForEveryTypeMetricAndFilter) {
    for (const Data& data : AllTypes(kRows, 1)) {
        for (Metric metric : MetricsOf(data.type)) {
            SCOPED_TRACE(std::string(VectorTypeName(data.type)) + " " +
                         std::string(MetricName(metric)));
            const auto index = Build("FLAT", metric, data);
            EXPECT_EQ(index->index_type(), data.type == VectorType::kBinary ? "BIN_FLAT" : "FLAT");
            for (uint32_t nth : {1u, 2u, 50u}) {
                const base::Bitmap filter = EveryNth(kRows, nth);
                SearchParams params;
                params.k = 20;
                params.filter = nth == 1 ? base::BitmapView() : base::BitmapView(filter);
                for (size_t q = 0; q < kQueries; ++q) {
                    const std::string_view query = data.query(q);
                    ExpectExact(data, metric, query, Find(*index, query, params),
                                Truth(data, metric, query, params.filter), params.k);
                }
            }
        }
    }
}

TEST(VectorTypes, GraphsReachTheirRecallOverEveryType) {
    for (const Data& data : AllTypes(kRows, 2)) {
        for (Metric metric : MetricsOf(data.type)) {
            if (IsStructureTest(metric)) {
                continue;
            }
            for (const std::string name : {"HNSW", "AUTOINDEX"}) {
                const auto index = Build(name, metric, data);
                for (uint32_t nth : {1u, 3u}) {
                    const base::Bitmap filter = EveryNth(kRows, nth);
                    SearchParams params;
                    params.params = {{"ef", "64"}};
                    params.filter = nth == 1 ? base::BitmapView() : base::BitmapView(filter);
                    size_t hits = 0;
                    for (size_t q = 0; q < kQueries; ++q) {
                        const auto truth = Truth(data, metric, data.query(q), params.filter);
                        const Neighbors found = Find(*index, data.query(q), params);
                        ASSERT_EQ(found.rows.size(), 10u);
                        for (size_t i = 0; i < 10; ++i) {
                            const double own =
                                TrueScore(data, metric, data.query(q).data(), found.rows[i]);
                            EXPECT_NEAR(found.scores[i], own, Tolerance(own));
                            EXPECT_TRUE(params.filter.Test(found.rows[i]));
                            // Bits have many ties: as good as the tenth counts as found.
                            const double last = truth[9].score;
                            hits += LargerIsBetter(metric) ? own >= last - Tolerance(last)
                                                           : own <= last + Tolerance(last);
                        }
                    }
                    EXPECT_GE(hits, kQueries * 10 * 95 / 100)
                        << VectorTypeName(data.type) << " " << MetricName(metric) << " " << name;
                }
            }
        }
    }
}

TEST(VectorTypes, RangesHoldForEveryTypeAndMetric) {
    for (const Data& data : AllTypes(600, 3)) {
        for (Metric metric : MetricsOf(data.type)) {
            if (IsStructureTest(metric)) {
                continue;
            }
            const auto index = Build("FLAT", metric, data);
            const std::string_view query = data.query(0);
            const auto truth = Truth(data, metric, query);
            // Between the scores of two places, so that rounding cannot move a row over the border.
            const auto between = [&](size_t place) {
                while (truth[place].score == truth[place + 1].score) {
                    ++place;
                }
                return static_cast<float>((truth[place].score + truth[place + 1].score) / 2);
            };
            SearchParams params;
            params.k = 1000;
            params.radius = between(60);
            params.range_filter = between(5);
            const Neighbors found = Find(*index, query, params);
            std::vector<Hit> want;
            for (const Hit& hit : truth) {
                const auto score = static_cast<float>(hit.score);
                if (BetterThan(metric, score, *params.radius) &&
                    !BetterThan(metric, score, *params.range_filter)) {
                    want.push_back(hit);
                }
            }
            EXPECT_GE(want.size(), 20u);
            ExpectExact(data, metric, query, found, want, params.k);
        }
    }
}

TEST(VectorTypes, StructureTestsByHand) {
    Data data;
    data.type = VectorType::kBinary;
    data.dim = 8;
    data.rows = {'\x0f', '\x03', '\x30', '\x3f', '\x00', '\x07'};
    const std::string query(1, '\x07');
    const SearchParams params;
    const auto sub = Build("BIN_FLAT", Metric::kSubstructure, data);
    const Neighbors inside = Find(*sub, query, params);  // rows that contain the query
    EXPECT_EQ(inside.rows, (std::vector<uint32_t>{0, 3, 5}));
    EXPECT_EQ(inside.scores, (std::vector<float>{0, 0, 0}));
    const auto super = Build("BIN_FLAT", Metric::kSuperstructure, data);
    const Neighbors around = Find(*super, query, params);  // rows that the query contains
    EXPECT_EQ(around.rows, (std::vector<uint32_t>{1, 4, 5}));
    base::Bitmap filter(6);
    filter.Set(4);
    filter.Set(3);
    SearchParams filtered;
    filtered.filter = filter;
    EXPECT_EQ(Find(*super, query, filtered).rows, std::vector<uint32_t>{4});
    EXPECT_EQ(Find(*sub, query, filtered).rows, std::vector<uint32_t>{3});
}

std::string Saved(const Index& index) {
    codec::StringSink sink;
    EXPECT_TRUE(index.Save(sink).ok());
    return sink.Take();
}

TEST(VectorTypes, FilesOfEveryTypeAnswerTheSame) {
    for (const Data& data : AllTypes(500, 4)) {
        for (Metric metric : MetricsOf(data.type)) {
            for (const std::string name : {"FLAT", "HNSW"}) {
                if (name == "HNSW" && IsStructureTest(metric)) {
                    continue;
                }
                const auto index = Build(name, metric, data);
                const std::string bytes = Saved(*index);
                auto opened = OpenIndex(base::Buffer::FromString(bytes));
                ASSERT_TRUE(opened.ok()) << opened.status().reason();
                EXPECT_EQ((*opened)->index_type(), index->index_type());
                EXPECT_EQ((*opened)->vector_type(), data.type);
                EXPECT_EQ((*opened)->metric(), metric);
                EXPECT_EQ((*opened)->memory_bytes(), index->memory_bytes());
                EXPECT_TRUE((*opened)->Verify().ok());
                EXPECT_EQ(Saved(**opened), bytes);
                for (size_t q = 0; q < kQueries; ++q) {
                    const Neighbors a = Find(*index, data.query(q), SearchParams());
                    const Neighbors b = Find(**opened, data.query(q), SearchParams());
                    ASSERT_EQ(a.rows, b.rows);
                    ASSERT_EQ(a.scores, b.scores);
                }
            }
        }
    }
}

TEST(VectorTypes, DamageIsSurvivedAndFound) {
    for (const Data& data : {Numbers(VectorType::kFloat16, 40, 5, 3),
                             Numbers(VectorType::kInt8, 40, 5, 3), BitRows(40, 5, 16)}) {
        for (const std::string name : {"FLAT", "HNSW"}) {
            const Metric metric =
                data.type == VectorType::kBinary ? Metric::kJaccard : Metric::kCosine;
            const std::string good = Saved(
                *Build(name, metric, data, name == "HNSW" ? ParamMap{{"M", "2"}} : ParamMap()));
            const std::string query(8 * kDimMax, '\x01');
            for (size_t at = 0; at < good.size(); ++at) {
                std::string bad = good;
                bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
                auto opened = OpenIndex(base::Buffer::FromString(bad));
                if (!opened.ok()) {
                    EXPECT_EQ(opened.status().code(), base::Code::kDataCorruption);
                    continue;
                }
                EXPECT_EQ((*opened)->Verify().code(), base::Code::kDataCorruption);
                Neighbors out;
                const size_t bytes = RowBytes((*opened)->vector_type(), (*opened)->dim());
                (void)(*opened)->Search(std::string_view(query).substr(0, bytes), SearchParams(),
                                        &out);
                for (uint32_t row : out.rows) {
                    EXPECT_LT(row, (*opened)->size());
                }
            }
        }
    }
}

TEST(VectorTypes, QueriesOfAnotherSizeAreRefused) {
    const Data data = Numbers(VectorType::kFloat16, 20, 6);
    const auto index = Build("FLAT", Metric::kL2, data);
    Neighbors out;
    const base::Status status = index->Search(data.query(0).substr(1), SearchParams(), &out);
    EXPECT_EQ(status.code(), base::Code::kInvalidParameter);
    EXPECT_NE(status.reason().find("expected vector size(byte) 80, actual 79"), std::string::npos);
}

TEST(VectorTypes, AMisalignedQueryIsFine) {
    for (const Data& data : AllTypes(100, 7)) {
        const Metric metric = data.type == VectorType::kBinary ? Metric::kHamming : Metric::kCosine;
        const auto index = Build("FLAT", metric, data);
        const std::string shifted = "x" + std::string(data.query(0));
        EXPECT_EQ(Find(*index, std::string_view(shifted).substr(1), SearchParams()).rows,
                  Find(*index, data.query(0), SearchParams()).rows);
    }
}

TEST(VectorTypes, CosineOfHalvesAndBytesStaysWithinOneAndZeroScoresZero) {
    for (VectorType type : {VectorType::kFloat16, VectorType::kBFloat16, VectorType::kInt8}) {
        const Data data = Numbers(type, 600, 8);  // row 500 is zero
        const auto index = Build("HNSW", Metric::kCosine, data);
        SearchParams params;
        params.k = 600;
        const std::string_view query(data.row(7), data.width());
        const Neighbors found = Find(*index, query, params);
        ASSERT_EQ(found.rows.size(), 600u);
        EXPECT_EQ(found.rows[0], 7u);
        EXPECT_NEAR(found.scores[0], 1.0f, 1e-6);
        for (size_t i = 0; i < found.rows.size(); ++i) {
            EXPECT_LE(std::fabs(found.scores[i]), 1.0f);
            EXPECT_TRUE(found.rows[i] != 500 || found.scores[i] == 0.0f);
        }
    }
}

}  // namespace
}  // namespace elanus::vindex::typed
