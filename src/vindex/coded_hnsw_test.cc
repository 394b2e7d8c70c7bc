// HNSW_SQ, HNSW_PQ and HNSW_PRQ against brute force: every type, metric and form of codes, with and
// without refinement, filters, ranges, and damaged files.
#include "simd/half.h"
#include "vindex/index_testing.h"
#include "vindex/param.h"

#include <cstring>
#include <map>

namespace elanus::vindex {
namespace {

constexpr uint32_t kFew = kRows * 3 / 8;

// Uniform directions: the hardest to tell apart.
Data Random(uint32_t rows, uint32_t seed, uint32_t dim) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    Data data;
    data.dim = dim;
    for (auto* values : {&data.rows, &data.queries}) {
        values->resize((values == &data.rows ? rows : kQueries) * dim);
        std::generate(values->begin(), values->end(), [&] { return normal(random); });
    }
    return data;
}

SearchParams With(size_t k, ParamMap params) {
    SearchParams search;
    search.k = k;
    search.params = std::move(params);
    return search;
}

struct Case {
    const char* type;
    ParamMap params;
    double random;     // recall@10 of random rows without refinement, at least
    double clustered;  // the same of clustered ones
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
    out << c.type;
    for (const auto& [name, value] : c.params) {
        out << "," << name << "=" << value;
    }
    return out;
}

class CodedHnsw : public testing::TestWithParam<Case> {
  protected:
    ParamMap Params(ParamMap more = {}) const {
        ParamMap params = GetParam().params;
        params["M"] = "16";
        params["efConstruction"] = "100";
        params.merge(more);
        return params;
    }
};

// What the codes alone can find: their order of all rows, without a graph, is the model.
double RecallOfCodes(const Index& index, const Data& data, size_t k) {
    return Recall(index, data, With(k, {{"ef", "4000"}}));  // as many as there are: a scan
}

TEST_P(CodedHnsw, FindsWhatItsCodesCanTellApart) {
    const Data random = Random(kFew, 1, kDim), clustered = Clustered(kFew, 2);
    for (Metric metric : kDenseMetricsTested) {
        SCOPED_TRACE(MetricName(metric));
        for (const auto& [data, least] :
             {std::pair(&random, GetParam().random), {&clustered, GetParam().clustered}}) {
            const auto index = Build(GetParam().type, metric, *data, nullptr, Params());
            EXPECT_EQ(index->index_type(), GetParam().type);
            EXPECT_TRUE(index->Verify().ok());
            const double walked = Recall(*index, *data, With(10, {{"ef", "120"}}));
            const double scanned = RecallOfCodes(*index, *data, 10);
            EXPECT_GE(walked, least);
            EXPECT_GE(walked, scanned - 0.03);
        }
    }
}

TEST_P(CodedHnsw, RefinedItFindsTheNearestAndGivesTheirScores) {
    const Data data = Clustered(kFew, 3);
    for (Metric metric : kDenseMetricsTested) {
        SCOPED_TRACE(MetricName(metric));
        const auto index = Build(GetParam().type, metric, data, nullptr,
                                 Params({{"refine", "true"}, {"refine_type", "FP32"}}));
        const auto params = With(10, {{"ef", "200"}, {"refine_k", "10"}});
        EXPECT_GE(Recall(*index, data, params), GetParam().clustered < 0.5 ? 0.9 : 0.97);
        for (size_t q = 0; q < 5; ++q) {
            const Neighbors found = Find(*index, data.query(q), params);
            for (size_t i = 0; i < found.rows.size(); ++i) {
                EXPECT_NEAR(
                    found.scores[i],
                    TrueScore(metric, data.query(q), data.rows.data() + found.rows[i] * kDim, kDim),
                    1e-3);
            }
        }
    }
}

TEST_P(CodedHnsw, ASavedFileIsTheSameIndex) {
    const Data data = Clustered(kFew, 4);
    for (const char* refine : {"false", "true"}) {
        for (Metric metric : kDenseMetricsTested) {
            const auto built = Build(GetParam().type, metric, data, nullptr,
                                     Params({{"refine", refine}, {"refine_type", "sq6"}}));
            const auto opened = OpenIndex(base::Buffer::FromString(Saved(*built)));
            ASSERT_TRUE(opened.ok()) << opened.status().reason();
            EXPECT_TRUE((*opened)->Verify().ok());
            EXPECT_EQ((*opened)->index_type(), GetParam().type);
            EXPECT_EQ((*opened)->memory_bytes(), built->memory_bytes());
            EXPECT_EQ(Saved(**opened), Saved(*built));
            for (size_t q = 0; q < kQueries; ++q) {
                const auto params = With(20, {{"ef", "50"}, {"refine_k", "2"}});
                const Neighbors a = Find(*built, data.query(q), params);
                const Neighbors b = Find(**opened, data.query(q), params);
                EXPECT_EQ(a.rows, b.rows);
                EXPECT_EQ(a.scores, b.scores);
            }
        }
    }
}

TEST_P(CodedHnsw, EveryPassRatioGivesKRows) {
    const Data data = Clustered(kFew, 5);
    const auto index = Build(GetParam().type, Metric::kL2, data, nullptr,
                             Params({{"refine", "true"}, {"refine_type", "flat"}}));
    for (double share : {0.5, 0.1, 0.02, 0.002}) {
        const base::Bitmap filter = RandomFilter(data.count(), share, 6);
        SearchParams params = With(10, {{"ef", "150"}, {"refine_k", "8"}});
        params.filter = filter;
        EXPECT_GE(Recall(*index, data, params), GetParam().clustered < 0.5 ? 0.85 : 0.95) << share;
    }
}

TEST_P(CodedHnsw, RangesHoldForTheScoresGiven) {
    const Data data = Clustered(kFew, 7);
    for (Metric metric : kDenseMetricsTested) {
        const auto index = Build(GetParam().type, metric, data, nullptr,
                                 Params({{"refine", "true"}, {"refine_type", "flat"}}));
        for (size_t q = 0; q < 10; ++q) {
            const auto truth = Truth(data, metric, data.query(q), 61);
            const auto score = [&](size_t i) {
                return TrueScore(metric, data.query(q), data.rows.data() + truth[i] * kDim, kDim);
            };
            SearchParams params = With(100, {{"ef", "400"}});
            params.radius = score(60);
            params.range_filter = score(9);
            const Neighbors found = Find(*index, data.query(q), params);
            EXPECT_GE(found.rows.size(), 45u);
            EXPECT_LE(found.rows.size(), 52u);
            for (float s : found.scores) {
                EXPECT_TRUE(BetterThan(metric, s, *params.radius));
                EXPECT_FALSE(BetterThan(metric, s, *params.range_filter));
            }
        }
    }
}

TEST_P(CodedHnsw, DamagedFilesDoNoHarm) {
    const Data data = Clustered(700, 8);
    for (const char* refine : {"false", "true"}) {
        const auto built = Build(GetParam().type, Metric::kL2, data, nullptr,
                                 Params({{"refine", refine}, {"refine_type", "flat"}}));
        const std::string good = Saved(*built);
        std::mt19937 random(9);
        for (int round = 0; round < 200; ++round) {
            std::string bad = good;
            for (int i = 0; i < 1 + round % 40; ++i) {
                bad[random() % bad.size()] = static_cast<char>(random());
            }
            if (round % 10 == 0) {
                bad.resize(random() % bad.size());
            }
            const auto opened = OpenIndex(base::Buffer::FromString(bad));
            if (!opened.ok()) {
                continue;
            }
            EXPECT_TRUE(bad == good || !(*opened)->Verify().ok());
            for (size_t q = 0; q < 5; ++q) {
                Neighbors out;
                const auto status =
                    (*opened)->Search(data.query(q), With(10, {{"ef", "40"}}), &out);
                EXPECT_TRUE(status.ok() || status.code() == base::Code::kDataCorruption);
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    All, CodedHnsw,
    testing::Values(Case{"HNSW_SQ", {{"sq_type", "SQ4U"}}, 0.75, 0.5},
                    Case{"HNSW_SQ", {{"sq_type", "SQ6"}}, 0.9, 0.82},
                    Case{"HNSW_SQ", {}, 0.94, 0.93},
                    Case{"HNSW_SQ", {{"sq_type", "fp16"}}, 0.95, 0.98},
                    Case{"HNSW_SQ", {{"sq_type", "BF16"}}, 0.95, 0.96},
                    Case{"HNSW_PQ", {{"m", "12"}}, 0.65, 0.6},
                    Case{"HNSW_PQ", {{"m", "24"}, {"nbits", "4"}}, 0.7, 0.5},
                    Case{"HNSW_PQ", {{"m", "8"}, {"nbits", "6"}}, 0.2, 0.2},
                    Case{"HNSW_PRQ", {{"m", "4"}, {"nrq", "3"}}, 0.6, 0.6},
                    Case{"HNSW_PRQ", {{"m", "3"}, {"nrq", "1"}, {"nbits", "7"}}, 0.03, 0.03}),
    [](const testing::TestParamInfo<Case>& given) {
        std::string name = given.param.type;
        for (const auto& [key, value] : given.param.params) {
            name += "_" + key + value;
        }
        return name;
    });

// Rows and queries of another type, and floats that are exactly what those bytes say.
struct Typed {
    std::string rows;
    std::string queries;
    Data floats;
};

Typed Convert(VectorType type, const Data& data) {
    Typed typed;
    typed.floats.dim = data.dim;
    const auto convert = [&](const std::vector<float>& from, std::string* bytes,
                             std::vector<float>* to) {
        for (float x : from) {
            if (type == VectorType::kInt8) {
                const auto value = static_cast<int8_t>(std::clamp(x * 30, -127.0f, 127.0f));
                bytes->push_back(static_cast<char>(value));
                to->push_back(value);
                continue;
            }
            const bool half = type == VectorType::kFloat16;
            const uint16_t value = half ? simd::HalfFromFloat(x) : simd::BFloat16FromFloat(x);
            bytes->append(reinterpret_cast<const char*>(&value), 2);
            to->push_back(half ? simd::FloatFromHalf(value) : simd::FloatFromBFloat16(value));
        }
    };
    convert(data.rows, &typed.rows, &typed.floats.rows);
    convert(data.queries, &typed.queries, &typed.floats.queries);
    return typed;
}

TEST(CodedHnswTypes, EveryTypeAndMetricIsFound) {
    const Data data = Clustered(kFew, 11);
    for (VectorType type : {VectorType::kFloat16, VectorType::kBFloat16, VectorType::kInt8}) {
        const Typed typed = Convert(type, data);
        for (Metric metric : kDenseMetricsTested) {
            for (const char* name : {"HNSW_SQ", "HNSW_PQ", "HNSW_PRQ"}) {
                SCOPED_TRACE(std::string(name) + std::string(VectorTypeName(type)) +
                             std::string(MetricName(metric)));
                BuildParams build{name, type, metric, kDim, {}};
                build.params = {{"M", "16"}, {"efConstruction", "100"}, {"refine", "true"}};
                build.params["m"] = "12";
                BuildInput input;
                input.vectors = typed.rows.data();
                input.rows = typed.floats.count();
                const auto index = BuildIndex(build, input);
                ASSERT_TRUE(index.ok()) << index.status().reason();
                size_t hits = 0;
                for (size_t q = 0; q < kQueries; ++q) {
                    const auto truth = Truth(typed.floats, metric, typed.floats.query(q), 10);
                    Neighbors found;
                    const size_t bytes = RowBytes(type, kDim);
                    ASSERT_TRUE(
                        (*index)
                            ->Search(std::string_view(typed.queries).substr(q * bytes, bytes),
                                     With(10, {{"ef", "100"}, {"refine_k", "5"}}), &found)
                            .ok());
                    for (size_t i = 0; i < found.rows.size(); ++i) {
                        hits += std::count(truth.begin(), truth.end(), found.rows[i]) > 0 ? 1 : 0;
                        const float want =
                            TrueScore(metric, typed.floats.query(q),
                                      typed.floats.rows.data() + found.rows[i] * kDim, kDim);
                        EXPECT_NEAR(found.scores[i], want, 1e-3 * (1 + std::fabs(want)));
                    }
                }
                EXPECT_GE(hits, 10 * kQueries * 95 / 100);
            }
        }
    }
}

TEST(CodedHnswBuild, DoesNotDependOnThePathTaken) {
    const Data data = Clustered(600, 12);
    const ParamMap params = {{"M", "8"}, {"efConstruction", "60"}, {"m", "6"}};
    EXPECT_EQ(Saved(*Build("HNSW_PRQ", Metric::kIp, data, nullptr, params)),
              Saved(*Build("HNSW_PRQ", Metric::kIp, data, nullptr, params)));
}

TEST(CodedHnswBuild, FewRowsAndNoneAreFine) {
    for (uint32_t rows : {0u, 1u, 2u, 17u}) {
        const Data data = Clustered(rows, 13);
        for (const char* name : {"HNSW_SQ", "HNSW_PQ", "HNSW_PRQ"}) {
            const auto index =
                Build(name, Metric::kCosine, data, nullptr, {{"m", "4"}, {"refine", "true"}});
            const auto opened = OpenIndex(base::Buffer::FromString(Saved(*index)));
            ASSERT_TRUE(opened.ok()) << opened.status().reason();
            EXPECT_TRUE((*opened)->Verify().ok());
            EXPECT_EQ(Find(**opened, data.query(0), With(10, {})).rows.size(),
                      std::min<size_t>(10, rows));
        }
    }
}

TEST(CodedHnswBuild, AnInterruptEndsIt) {
    const Data data = Clustered(2000, 14);
    for (const char* name : {"HNSW_SQ", "HNSW_PQ", "HNSW_PRQ"}) {
        BuildParams build{name, VectorType::kFloat, Metric::kL2, kDim, {{"m", "4"}}};
        BuildInput input;
        input.vectors = data.rows.data();
        input.rows = data.count();
        input.interrupt = [] { return base::Internal("enough"); };
        const base::Status stopped = BuildIndex(build, input).status();
        EXPECT_NE(stopped.reason().find("enough"), std::string::npos) << stopped.reason();
    }
}

struct BadParams {
    const char* type;
    ParamMap params;
    const char* phrase;
};

TEST(CodedHnswParams, BadOnesAreRefused) {
    const BadParams all[] = {
        {"HNSW_SQ",
         {{"M", "1"}},
         "Out of range in json: param 'M' (1) should be in range [2, 2048]"},
        {"HNSW_SQ", {{"efConstruction", "0"}}, "param 'efConstruction'"},
        {"HNSW_SQ", {{"sq_type", "SQ5"}}, "param 'sq_type' (SQ5)"},
        {"HNSW_SQ", {{"refine", "maybe"}}, "param 'refine' (maybe) should be boolean"},
        {"HNSW_SQ", {{"refine", "true"}, {"refine_type", "sq7"}}, "param 'refine_type' (sq7)"},
        {"HNSW_PQ", {{"m", "5"}}, "dimension must be able to be divided by `m`"},
        {"HNSW_PQ", {}, "dimension must be able to be divided by `m`"},
        {"HNSW_PQ", {{"m", "0"}}, "param 'm' (0)"},
        {"HNSW_PQ", {{"m", "12"}, {"nbits", "25"}}, "param 'nbits' (25)"},
        {"HNSW_PRQ", {{"nrq", "17"}}, "param 'nrq' (17)"},
        {"HNSW_PRQ", {{"m", "5"}}, "dimension must be able to be divided by `m`"},
    };
    for (const BadParams& bad : all) {
        const base::Status status =
            ValidateBuildParams(bad.type, VectorType::kFloat, "L2", kDim, bad.params);
        EXPECT_EQ(status.code(), base::Code::kInvalidParameter);
        EXPECT_NE(status.reason().find(bad.phrase), std::string::npos) << status.reason();
    }
    EXPECT_FALSE(ValidateBuildParams("HNSW_SQ", VectorType::kBinary, "HAMMING", 64, {}).ok());
    EXPECT_FALSE(ValidateBuildParams("HNSW_SQ", VectorType::kFloat, "JACCARD", 64, {}).ok());
    EXPECT_TRUE(
        ValidateBuildParams("HNSW_SQ", VectorType::kInt8, "IP", 64, {{"sq_type", "bf16"}}).ok());
    EXPECT_FALSE(ValidateSearchParams("HNSW_PQ", Metric::kL2, 10, {{"refine_k", "0.5"}}).ok());
    EXPECT_TRUE(ValidateSearchParams("HNSW_PQ", Metric::kL2, 10, {{"refine_k", "1.5"}}).ok());
    const base::Status ef = ValidateSearchParams("HNSW_PRQ", Metric::kL2, 10, {{"ef", "9"}});
    EXPECT_NE(ef.reason().find("ef(9) should be larger than k(10)"), std::string::npos);
}

}  // namespace
}  // namespace elanus::vindex
