// Inverted files of every family against brute force: recall, scores, counts, filters, ranges,
// files and their damage, and that a build depends on rows, parameters and seed alone.
#include "codec/sink.h"
#include "vindex/ivf_index.h"
#include "vindex/typed_rows_testing.h"

#include <atomic>

namespace elanus::vindex::typed {
namespace {

struct Case {
    std::string name;
    ParamMap params;
    double recall;  // with every list visited
    double error;   // of scores, in parts of them; 0: they are those of the rows

    bool Refined() const { return name == "SCANN" || params.contains("refine"); }
};

std::vector<Case> CasesOf(VectorType type) {
    if (type == VectorType::kBinary) {
        return {{"BIN_IVF_FLAT", {{"nlist", "32"}}, 1.0, 0}};
    }
    std::vector<Case> cases = {
        {"IVF_FLAT", {{"nlist", "32"}, {"use_elkan", "false"}}, 1.0, 0},
        {"IVF_SQ8", {{"nlist", "32"}}, 0.95, 0.02},
    };
    if (type != VectorType::kInt8) {
        cases.push_back({"IVF_RABITQ", {{"nlist", "16"}, {"rbq_bits", "9"}}, 0.97, 0.01});
    }
    if (type == VectorType::kFloat16 || type == VectorType::kBFloat16) {
        return cases;
    }
    const std::vector<Case> more = {
        {"IVF_SQ", {{"nlist", "16"}, {"sq_type", "SQ6"}}, 0.85, 0.05},
        {"IVF_SQ8", {{"nlist", "16"}, {"sq_type", "sq4"}}, 0.5, 0.2},
        {"IVF_SQ8",
         {{"nlist", "16"}, {"sq_type", "SQ4"}, {"refine", "true"}, {"refine_type", "fp32"}},
         0.9,
         0},
        {"IVF_PQ", {{"nlist", "16"}, {"m", "20"}}, 0.6, 0.25},
        {"IVF_PQ", {{"nlist", "16"}, {"m", "40"}, {"nbits", "4"}}, 0.5, 0.25},
        {"IVF_PQ",
         {{"nlist", "8"}, {"m", "10"}, {"nbits", "9"}, {"refine", "true"}, {"refine_type", "SQ8"}},
         0.7,
         0.1},
        {"SCANN", {{"nlist", "16"}}, 0.8, 0},
        {"SCANN", {{"nlist", "16"}, {"with_raw_data", "false"}, {"sub_dim", "4"}}, 0.2, 0.5},
    };
    if (type == VectorType::kInt8) {
        cases.insert(cases.end(), {more[3], more[6]});
        return cases;
    }
    cases.insert(cases.end(), more.begin(), more.end());
    cases.push_back({"IVF_RABITQ", {{"nlist", "16"}}, 0.2, 0.5});
    cases.push_back({"IVF_RABITQ", {{"nlist", "16"}, {"rbq_bits", "4"}}, 0.7, 0.15});
    cases.push_back({"IVF_RABITQ_FASTSCAN",
                     {{"nlist", "16"}, {"refine", "true"}, {"refine_type", "flat"}},
                     0.6,
                     0});
    return cases;
}

std::vector<Metric> ListMetricsOf(VectorType type) {
    return type == VectorType::kBinary ? std::vector<Metric>{Metric::kHamming, Metric::kJaccard}
                                       : MetricsOf(type);
}

template <typename Check>
void ForEveryCase(Check check) {
    for (const Data& data : AllTypes(kRows, 1)) {
        for (const Case& c : CasesOf(data.type)) {
            for (const Metric metric : ListMetricsOf(data.type)) {
                SCOPED_TRACE(c.name + " " + std::string(VectorTypeName(data.type)) + " " +
                             std::string(MetricName(metric)));
                check(data, c, metric);
            }
        }
    }
}

SearchParams Params(size_t k, ParamMap params) {
    SearchParams search;
    search.k = k;
    search.params = std::move(params);
    search.params.emplace("refine_k", "4");
    search.params.emplace("reorder_k", std::to_string(4 * k));
    return search;
}

// The share of the k best scores that were found; a row as good as the k-th counts as well.
double RecallOf(const Data& data, const Index& index, const SearchParams& params) {
    double hits = 0, wanted = 0;
    for (size_t q = 0; q < kQueries; ++q) {
        const auto truth = Truth(data, index.metric(), data.query(q), params.filter);
        const Neighbors found = Find(index, data.query(q), params);
        const size_t k = std::min(params.k, truth.size());
        EXPECT_EQ(found.rows.size(), k) << "not as many rows as exist";
        std::set<uint32_t> seen;
        for (const uint32_t row : found.rows) {
            EXPECT_TRUE(params.filter.Test(row));
            EXPECT_TRUE(seen.insert(row).second) << "a row twice";
            const double own = TrueScore(data, index.metric(), data.query(q).data(), row);
            const double worst = truth[k - 1].score;
            hits += std::fabs(own - worst) <= Tolerance(worst) ||
                    (LargerIsBetter(index.metric()) ? own > worst : own < worst);
        }
        wanted += static_cast<double>(k);
    }
    return hits / wanted;
}

TEST(Ivf, AllListsGiveTheRecallOfTheCodesAndFewListsMostOfIt) {
    ForEveryCase([](const Data& data, const Case& c, Metric metric) {
        const auto index = Build(c.name, metric, data, c.params);
        const double all = RecallOf(data, *index, Params(10, {{"nprobe", "65536"}}));
        EXPECT_GE(all, c.recall);
        EXPECT_GE(RecallOf(data, *index, Params(10, {{"nprobe", "4"}})), all * 0.8);
    });
}

// What the error of a code is measured by.
double LengthsOf(const Data& data, Metric metric, size_t q, uint32_t row) {
    if (metric == Metric::kCosine || data.type == VectorType::kBinary) {
        return 1;
    }
    const char* query = data.query(q).data();
    return std::sqrt(TrueScore(data, Metric::kIp, query, row) *
                     TrueScore(data, Metric::kIp, query, row) /
                     std::max(1e-9, std::pow(TrueScore(data, Metric::kCosine, query, row), 2)));
}

TEST(Ivf, ScoresAreTrueOrCloseAndInOrder) {
    ForEveryCase([](const Data& data, const Case& c, Metric metric) {
        const auto index = Build(c.name, metric, data, c.params);
        for (size_t q = 0; q < 4; ++q) {
            const Neighbors found = Find(*index, data.query(q), Params(20, {{"nprobe", "8"}}));
            for (size_t i = 0; i < found.rows.size(); ++i) {
                const double own = TrueScore(data, metric, data.query(q).data(), found.rows[i]);
                const double scale = std::fabs(own) + LengthsOf(data, metric, q, found.rows[i]);
                EXPECT_NEAR(found.scores[i], own, Tolerance(own) + c.error * scale);
                if (i > 0) {
                    EXPECT_FALSE(BetterThan(metric, found.scores[i], found.scores[i - 1]));
                    EXPECT_TRUE(found.scores[i] != found.scores[i - 1] ||
                                found.rows[i - 1] < found.rows[i]);
                }
            }
        }
    });
}

TEST(Ivf, FlatWithAllListsIsExactUnderEveryFilter) {
    for (const Data& data : AllTypes(kRows, 2)) {
        const std::string name = CasesOf(data.type)[0].name;
        for (const Metric metric : ListMetricsOf(data.type)) {
            const auto index = Build(name, metric, data, {{"nlist", "20"}});
            for (const uint32_t nth : {1u, 2u, 50u, kRows}) {
                base::Bitmap filter(kRows);
                for (uint32_t row = nth / 2; row < kRows; row += nth) {
                    filter.Set(row);
                }
                SearchParams params = Params(20, {{"nprobe", "20"}});
                params.filter = nth == 1 ? base::BitmapView() : base::BitmapView(filter);
                for (size_t q = 0; q < kQueries; ++q) {
                    ExpectExact(data, metric, data.query(q), Find(*index, data.query(q), params),
                                Truth(data, metric, data.query(q), params.filter), 20);
                }
            }
        }
    }
}

TEST(Ivf, OneListIsWidenedUntilThereAreAsManyRowsAsExist) {
    ForEveryCase([](const Data& data, const Case& c, Metric metric) {
        const auto index = Build(c.name, metric, data, c.params);
        base::Bitmap filter(kRows);
        for (uint32_t row = 7; row < kRows; row += 300) {
            filter.Set(row);
        }
        for (const size_t k : {1u, 10u, 500u, 5000u}) {
            SearchParams params = Params(k, {{"nprobe", "1"}});
            EXPECT_EQ(Find(*index, data.query(0), params).rows.size(), std::min<size_t>(k, kRows));
            params.filter = filter;
            EXPECT_EQ(Find(*index, data.query(0), params).rows.size(),
                      std::min<size_t>(k, filter.Count()));
        }
        SearchParams given_up = Params(2900, {{"nprobe", "1"}, {"ensure_topk_full", "false"}});
        const Neighbors found = Find(*index, data.query(0), given_up);
        EXPECT_LT(found.rows.size(), 2900u);
        EXPECT_EQ(found.counters.hops, 1u);
    });
}

TEST(Ivf, FiltersKeepRecallWithTheProbesOfASearchWithoutOne) {
    const Data data = Numbers(VectorType::kFloat, kRows, 3);
    const auto index = Build("IVF_FLAT", Metric::kL2, data, {{"nlist", "64"}});
    std::mt19937 random(4);
    for (const double share : {1.0, 0.5, 0.2, 0.1, 0.05, 0.01, 0.002}) {
        base::Bitmap filter(kRows);
        for (uint32_t row = 0; row < kRows; ++row) {
            filter.Assign(row, std::uniform_real_distribution<>()(random) < share);
        }
        SearchParams params = Params(10, {{"nprobe", "8"}});
        params.filter = filter;
        EXPECT_GE(RecallOf(data, *index, params), 0.95) << share;
    }
}

TEST(Ivf, ARangeSearchFindsWhatLiesInIt) {
    ForEveryCase([](const Data& data, const Case& c, Metric metric) {
        if (c.error > 0) {
            return;
        }
        const auto index = Build(c.name, metric, data, c.params);
        for (size_t q = 0; q < 5; ++q) {
            const auto truth = Truth(data, metric, data.query(q));
            SearchParams params = Params(kRows, {{"max_empty_result_buckets", "0"}});
            // Not at a score, where rounding decides.
            params.radius = static_cast<float>(truth[kRows / 20].score) + 1e-4f;
            params.range_filter = static_cast<float>(truth[10].score) + 1e-4f;
            const auto inside = [&](double score) {
                return LargerIsBetter(metric)
                           ? *params.radius < score && score <= *params.range_filter
                           : *params.range_filter <= score && score < *params.radius;
            };
            const Neighbors found = Find(*index, data.query(q), params);
            size_t wanted = 0;
            for (const Hit& hit : truth) {
                wanted += inside(hit.score);
            }
            for (const float score : found.scores) {
                EXPECT_TRUE(inside(score));
            }
            // Codes let some rows near the borders fall on the other side.
            EXPECT_NEAR(static_cast<double>(found.rows.size()), static_cast<double>(wanted),
                        c.Refined() ? 40 : 2);
            params.params["max_empty_result_buckets"] = "2";
            EXPECT_GE(Find(*index, data.query(q), params).rows.size(), found.rows.size() / 2);
            params.k = 5;
            EXPECT_LE(Find(*index, data.query(q), params).rows.size(), 5u);
        }
    });
}

std::string FileOf(const Index& index) {
    codec::StringSink sink;
    EXPECT_TRUE(index.Save(sink).ok());
    return sink.Take();
}

TEST(Ivf, AFileGivesTheSameIndex) {
    ForEveryCase([](const Data& data, const Case& c, Metric metric) {
        const auto index = Build(c.name, metric, data, c.params);
        const auto opened = OpenIndex(base::Buffer::FromString(FileOf(*index)));
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        EXPECT_TRUE((*opened)->Verify().ok());
        EXPECT_EQ((*opened)->index_type(), index->index_type());
        EXPECT_EQ((*opened)->memory_bytes(), index->memory_bytes());
        for (size_t q = 0; q < kQueries; ++q) {
            const SearchParams params = Params(10, {});
            const Neighbors before = Find(*index, data.query(q), params);
            const Neighbors after = Find(**opened, data.query(q), params);
            EXPECT_EQ(before.rows, after.rows);
            EXPECT_EQ(before.scores, after.scores);
        }
    });
}

TEST(Ivf, ABuildDependsOnRowsParametersAndSeedAlone) {
    sys::ThreadPool pool("ivf_test", 3);
    for (const Data& data : AllTypes(kRows, 5)) {
        for (const Case& c : CasesOf(data.type)) {
            BuildParams build{c.name, data.type, ListMetricsOf(data.type)[0], data.dim, c.params};
            BuildInput input;
            input.vectors = data.rows.data();
            input.rows = data.count();
            const auto alone = BuildIndex(build, input);
            input.executor = &pool;
            const auto together = BuildIndex(build, input);
            ASSERT_TRUE(alone.ok() && together.ok());
            EXPECT_EQ(FileOf(**alone), FileOf(**together)) << c.name;
        }
    }
}

TEST(Ivf, ABuildAndASearchEndWhenTheyAreTold) {
    for (const Data& data : AllTypes(kRows, 6)) {
        for (const Case& c : CasesOf(data.type)) {
            BuildParams build{c.name, data.type, ListMetricsOf(data.type)[0], data.dim, c.params};
            BuildInput input;
            input.vectors = data.rows.data();
            input.rows = data.count();
            std::atomic<int> asked = 0;
            input.interrupt = [&] {
                return ++asked < 3 ? base::Status() : base::Internal("enough");
            };
            EXPECT_FALSE(BuildIndex(build, input).ok()) << c.name;
            EXPECT_GE(asked, 3) << c.name;
        }
    }
    const Data data = Numbers(VectorType::kFloat, 20000, 7, 8);
    const auto index = Build("IVF_FLAT", Metric::kL2, data, {{"nlist", "8"}});
    SearchParams params = Params(10, {{"nprobe", "8"}});
    params.interrupt = [] { return base::Internal("enough"); };
    Neighbors out;
    EXPECT_EQ(index->Search(data.query(0), params, &out).code(), base::Code::kServiceInternal);
}

// kRows is no multiple of the groups, 40 dimensions are rotated as 64.
TEST(Ivf, CodesTakeTheBytesOfTheirFormula) {
    const Data data = Numbers(VectorType::kFloat, kRows, 10);
    const size_t groups32 = (kRows + 31) / 32 * 32, groups64 = (kRows + 63) / 64 * 64;
    struct Size {
        std::string name;
        ParamMap params;
        Metric metric;
        size_t bytes;
    };
    const std::vector<Size> sizes = {
        {"IVF_FLAT", {}, Metric::kL2, kRows * 40 * 4},
        {"IVF_SQ8", {}, Metric::kL2, kRows * 40},
        {"IVF_SQ8", {{"sq_type", "SQ6"}}, Metric::kIp, kRows * 48},
        {"IVF_SQ8", {{"sq_type", "SQ4"}}, Metric::kIp, kRows * 32},
        {"IVF_PQ", {{"m", "10"}}, Metric::kCosine, groups64 * 10},
        {"IVF_PQ", {{"m", "10"}}, Metric::kL2, groups64 * (10 + 4)},
        {"IVF_PQ", {{"m", "8"}, {"nbits", "4"}}, Metric::kIp, groups32 * 4},
        {"IVF_PQ", {{"m", "8"}, {"nbits", "6"}}, Metric::kIp, kRows * 6},
        {"SCANN", {{"with_raw_data", "false"}}, Metric::kIp, groups32 * 10},
        {"IVF_RABITQ", {}, Metric::kL2, kRows * (8 + 8)},
        {"IVF_RABITQ", {{"rbq_bits", "7"}}, Metric::kL2, kRows * (56 + 8)},
        {"IVF_RABITQ_FASTSCAN", {}, Metric::kIp, groups32 * (8 + 8)},
    };
    for (const Size& size : sizes) {
        ParamMap params = size.params;
        params["nlist"] = "4";
        const auto index = Build(size.name, size.metric, data, params);
        EXPECT_EQ(dynamic_cast<const IvfIndex&>(*index).code_bytes(), size.bytes) << size.name;
    }
}

TEST(Ivf, FewRowsAndNoneAreIndexesToo) {
    for (const uint32_t rows : {0u, 1u, 2u, 40u}) {
        for (const Data& data : AllTypes(rows, 8)) {
            for (const Case& c : CasesOf(data.type)) {
                SCOPED_TRACE(c.name + " " + std::to_string(rows));
                const auto index = Build(c.name, ListMetricsOf(data.type)[0], data, c.params);
                const auto opened = OpenIndex(base::Buffer::FromString(FileOf(*index)));
                ASSERT_TRUE(opened.ok()) << opened.status().reason();
                EXPECT_TRUE((*opened)->Verify().ok());
                EXPECT_EQ(Find(**opened, data.query(0), Params(100, {})).rows.size(), rows);
            }
        }
    }
}

// A damaged file is refused, or answers other rows: it is never read out of bounds.
TEST(Ivf, EveryDamagedByteIsFoundAndSurvived) {
    for (const Data& full : AllTypes(60, 9)) {
        if (full.type == VectorType::kBFloat16 || full.type == VectorType::kInt8) {
            continue;
        }
        for (const Case& c : CasesOf(full.type)) {
            ParamMap build = c.params;
            build["nlist"] = "3";
            const auto index = Build(c.name, ListMetricsOf(full.type)[0], full, build);
            const std::string good = FileOf(*index);
            for (size_t at = 0; at < good.size(); at += 3) {
                std::string bad = good;
                bad[at] = static_cast<char>(bad[at] ^ (at % 2 != 0 ? 0x80 : 0xff));
                const auto opened = OpenIndex(base::Buffer::FromString(bad));
                if (!opened.ok()) {
                    EXPECT_EQ(opened.status().code(), base::Code::kDataCorruption);
                    continue;
                }
                EXPECT_FALSE((*opened)->Verify().ok()) << at;
                if ((*opened)->dim() != full.dim) {
                    continue;
                }
                Neighbors out;
                const base::Status status =
                    (*opened)->Search(full.query(0), Params(10, {{"nprobe", "3"}}), &out);
                EXPECT_TRUE(status.ok() || status.code() == base::Code::kDataCorruption);
                for (const uint32_t row : out.rows) {
                    EXPECT_LT(row, (*opened)->size());
                }
            }
        }
    }
}

}  // namespace
}  // namespace elanus::vindex::typed
