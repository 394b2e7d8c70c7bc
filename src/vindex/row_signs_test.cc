// Scans by signs against brute force: filters of every kind, equal rows, odd numbers, files.
#include "vindex/row_signs.h"

#include "vindex/block_graph_testing.h"
#include "vindex/index_testing.h"

#include <limits>
#include <numeric>

namespace elanus::vindex {
namespace {

constexpr uint32_t kMany = kRows / 2;
constexpr bool kEnoughForSigns = kMany > 1000;

constexpr size_t kSome = 10;  // queries

enum class Kind { kRandom, kNear, kFar };

// A filter of `count` rows.
base::Bitmap FilterOf(Kind kind, const Data& data, Metric metric, const float* query,
                      uint32_t count) {
    base::Bitmap filter(data.count());
    std::vector<uint32_t> order = Truth(data, metric, query, data.count());
    if (kind == Kind::kRandom) {
        std::shuffle(order.begin(), order.end(), std::mt19937(count));
    } else if (kind == Kind::kFar) {
        std::reverse(order.begin(), order.end());
    }
    for (uint32_t i = 0; i < count; ++i) {
        filter.Set(order[i]);
    }
    return filter;
}

size_t Hits(const Neighbors& found, const std::vector<uint32_t>& truth) {
    const std::set<uint32_t> rows(found.rows.begin(), found.rows.end());
    EXPECT_EQ(rows.size(), found.rows.size()) << "a row twice";
    return static_cast<size_t>(std::count_if(truth.begin(), truth.end(),
                                             [&](uint32_t row) { return rows.count(row) > 0; }));
}

TEST(RowSigns, FilteredSearchesFindWhatBruteForceFinds) {
    for (uint32_t dim : {64u, 100u, 384u}) {
        const Data data = Clustered(kMany, dim, dim);
        for (Metric metric : kDenseMetricsTested) {
            const auto index = Build("AUTOINDEX", metric, data);
            for (Kind kind : {Kind::kRandom, Kind::kNear, Kind::kFar}) {
                for (size_t k : {1u, 10u, 60u}) {
                    size_t hits = 0, wanted = 0, by_signs = 0;
                    for (size_t q = 0; q < kSome; ++q) {
                        const base::Bitmap filter =
                            FilterOf(kind, data, metric, data.query(q), kMany / 2);
                        SearchParams params;
                        params.k = k;
                        params.filter = filter;
                        const Neighbors found = Find(*index, data.query(q), params);
                        const auto truth = Truth(data, metric, data.query(q), k, filter);
                        ASSERT_EQ(found.rows.size(), k);
                        ExpectOrdered(metric, found);
                        hits += Hits(found, truth);
                        wanted += k;
                        by_signs += found.counters.strategy == Strategy::kCodeScan ? 1 : 0;
                        for (size_t i = 0; i < k; ++i) {
                            ASSERT_TRUE(filter.Test(found.rows[i]));
                            const float want =
                                TrueScore(metric, data.query(q),
                                          data.rows.data() + size_t{found.rows[i]} * dim, dim);
                            ASSERT_NEAR(found.scores[i], want, 1e-4f * (1 + std::fabs(want)));
                        }
                    }
                    // Of rows far from the query many are about as far as the k-th.
                    const size_t least = kind == Kind::kFar ? 96 : 99;
                    EXPECT_GE(hits * 100, wanted * least)
                        << dim << " " << k << " " << static_cast<int>(kind);
                    if (kEnoughForSigns && k <= 10 && kind == Kind::kRandom) {
                        EXPECT_GE(by_signs, kSome / 2) << dim << " " << k;
                    }
                }
            }
        }
    }
}

// Equal costs are answered by row number, as an exact scan does.
TEST(RowSigns, OfEqualRowsTheFirstAreAnswered) {
    constexpr uint32_t kEqual = 800;
    Data data = Clustered(kEqual, 32, 64);
    for (uint32_t row = 1; row < kEqual; ++row) {
        std::copy_n(data.rows.data(), 64, data.rows.data() + size_t{row} * 64);
    }
    for (Metric metric : kDenseMetricsTested) {
        const auto index = Build("AUTOINDEX", metric, data);
        const base::Bitmap filter = RandomFilter(kEqual, 0.9, 33);
        SearchParams params;
        params.filter = filter;
        const Neighbors found = Find(*index, data.query(0), params);
        EXPECT_EQ(found.counters.strategy, Strategy::kExactScan);  // signs are all the same
        EXPECT_EQ(found.rows, Truth(data, metric, data.rows.data(), 10, filter));
    }
}

TEST(RowSigns, AsManyRowsAsMatchAndNoMore) {
    const Data data = Clustered(kMany, 34, 64);
    const auto index = Build("AUTOINDEX", Metric::kCosine, data);
    for (uint32_t count : {1u, 9u, 63u, 64u, 65u, 550u}) {
        for (size_t k : {1u, 10u, 100u, 5000u}) {
            const base::Bitmap filter =
                FilterOf(Kind::kRandom, data, Metric::kCosine, data.query(0), count);
            SearchParams params;
            params.filter = filter;
            params.k = k;
            EXPECT_EQ(Find(*index, data.query(0), params).rows.size(), std::min<size_t>(k, count));
        }
    }
}

TEST(RowSigns, RowsOfZerosAndOfNoNumbers) {
    Data data = Clustered(kMany, 35, 64);
    std::fill_n(data.rows.data(), 64 * 40, 0.0f);
    data.rows[64 * 50] = std::numeric_limits<float>::quiet_NaN();
    data.rows[64 * 51] = std::numeric_limits<float>::infinity();
    data.rows[64 * 52] = 3e38f;
    const std::vector<float> none(64, std::numeric_limits<float>::quiet_NaN());
    const std::vector<float> zeros(64, 0.0f);
    base::Bitmap filter = RandomFilter(kMany, 0.6, 36);
    for (uint32_t row = 0; row < 60; ++row) {
        filter.Set(row);
    }
    for (Metric metric : kDenseMetricsTested) {
        const auto index = Build("AUTOINDEX", metric, data);
        for (const float* query : {data.query(0), none.data(), zeros.data()}) {
            SearchParams params;
            params.filter = filter;
            const Neighbors found = Find(*index, query, params);
            EXPECT_EQ(found.rows.size(), 10u);
            EXPECT_EQ(std::set<uint32_t>(found.rows.begin(), found.rows.end()).size(), 10u);
        }
    }
}

// A search looks at some rows that pass first: they lie anywhere, in few words and in many.
TEST(RowSigns, RowsThatPassLieAnywhere) {
    const Data data = Clustered(kMany, 45, 64);
    const auto index = Build("AUTOINDEX", Metric::kL2, data);
    constexpr uint32_t kPassing = kMany / 2;
    for (uint32_t first : {0u, 63u, kMany / 3, kMany - kPassing}) {
        for (uint32_t step : {1u, 2u, 3u}) {
            size_t by_signs = 0;  // those seen are not all alike
            base::Bitmap filter(kMany);
            for (uint32_t row = first; row < kMany && row < first + kPassing * step; row += step) {
                filter.Set(row);
            }
            SearchParams params;
            params.filter = filter;
            for (size_t q = 0; q < kSome; ++q) {
                const auto truth = Truth(data, Metric::kL2, data.query(q), params.k, filter);
                const Neighbors found = Find(*index, data.query(q), params);
                EXPECT_GE(Hits(found, truth) + 1, truth.size());
                by_signs += found.counters.strategy == Strategy::kCodeScan ? 1 : 0;
            }
            if (kEnoughForSigns && filter.Count() > 500) {
                EXPECT_GE(by_signs, kSome / 2) << first << " " << step;
            }
        }
    }
}

TEST(RowSigns, AnInterruptEndsAScan) {
    const Data data = Clustered(kMany, 37, 64);
    const auto index = Build("AUTOINDEX", Metric::kL2, data);
    const base::Bitmap filter = RandomFilter(kMany, 0.6, 38);
    SearchParams params;
    params.filter = filter;
    params.interrupt = [] { return base::Status::Error(base::Code::kCanceled); };
    Neighbors out;
    EXPECT_EQ(index->Search(data.query(0), params, &out).code(), base::Code::kCanceled);
}

TEST(RowSigns, AFileOfBeforeIsSearchedAsBefore) {
    const Data data = Clustered(kMany, 39, 64);
    const auto index = Build("AUTOINDEX", Metric::kL2, data);
    const std::string old = OldBlockGraph(Saved(*index), 64).Write(1);
    auto opened = OpenIndex(base::Buffer::FromString(old));
    ASSERT_TRUE(opened.ok()) << opened.status().reason();
    EXPECT_TRUE((*opened)->Verify().ok());
    EXPECT_LT((*opened)->memory_bytes(), index->memory_bytes());
    EXPECT_EQ(Saved(**opened), old);
    const base::Bitmap filter = RandomFilter(kMany, 0.02, 40);
    SearchParams params;
    params.filter = filter;
    for (size_t q = 0; q < 10; ++q) {
        const Neighbors found = Find(**opened, data.query(q), params);
        EXPECT_EQ(found.counters.strategy, Strategy::kExactScan);
        EXPECT_EQ(found.rows, Truth(data, Metric::kL2, data.query(q), 10, filter));
    }
}

// Signs are bytes that a file gives: any of them give rows that pass, and as many as match.
TEST(RowSigns, DamagedSignsGiveRowsThatPassAndAreFoundByVerify) {
    const Data data = Clustered(1500, 41, 64);
    const std::string good = Saved(*Build("AUTOINDEX", Metric::kIp, data));
    const codec::SectionEntry signs = EntryOf(good, kGraphSigns);
    ASSERT_EQ(signs.length, 1500 * RowSigns::RowBytes(64));
    const base::Bitmap filter = RandomFilter(1500, 0.5, 42);
    std::mt19937 random(43);
    for (int round = 0; round < 60; ++round) {
        std::string bad = good;
        for (size_t i = 0; i < signs.length; i += round == 0 ? 1 : 1 + random() % 7) {
            bad[signs.offset + i] = static_cast<char>(round == 0 ? 0xff : random());
        }
        auto opened = OpenIndex(base::Buffer::FromString(bad));
        ASSERT_TRUE(opened.ok());
        EXPECT_EQ((*opened)->Verify().code(), base::Code::kDataCorruption);
        SearchParams params;
        params.filter = filter;
        const Neighbors found = Find(**opened, data.query(0), params);
        EXPECT_EQ(found.rows.size(), 10u);
        for (uint32_t row : found.rows) {
            EXPECT_TRUE(filter.Test(row));
        }
    }
}

TEST(RowSigns, ASectionOfAnotherLengthIsRefused) {
    const Data data = Clustered(600, 44, 64);
    const std::string good = Saved(*Build("AUTOINDEX", Metric::kL2, data));
    const codec::EnvelopeReader reader = ReadGraph(good);
    for (bool absent : {false, true}) {
        codec::StringSink sink;
        codec::EnvelopeWriter writer(sink, kBlockGraphFormat, reader.format_version());
        for (const codec::SectionEntry& entry : reader.sections()) {
            std::string_view bytes = reader.Section(entry.id)->view();
            const bool signs = entry.id == kGraphSigns;
            if (signs) {
                bytes.remove_suffix(RowSigns::RowBytes(64));
            }
            if (!signs || !absent) {
                writer.AddSection(entry.id, bytes);
            }
        }
        ASSERT_TRUE(writer.Finish().ok());
        EXPECT_EQ(OpenIndex(base::Buffer::FromString(sink.Take())).status().code(),
                  base::Code::kDataCorruption);
    }
}

}  // namespace
}  // namespace elanus::vindex
