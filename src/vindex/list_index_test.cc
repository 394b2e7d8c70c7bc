// Indexes of embedding lists against a model that adds up the best scores itself, in doubles.
#include "vindex/list_index.h"

#include "codec/sink.h"
#include "vindex/fixed_encoding.h"
#include "vindex/typed_rows_testing.h"

#include <map>
#include <numeric>

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

constexpr Metric kNumberMetrics[] = {Metric::kMaxSim, Metric::kMaxSimIp, Metric::kMaxSimL2};
constexpr Metric kBitMetrics[] = {Metric::kMaxSimHamming, Metric::kMaxSimJaccard};
constexpr size_t kQueryVectors = 8;

struct Lists {
    VectorType type = VectorType::kFloat;
    uint32_t dim = 0;
    std::string vectors;
    std::vector<uint32_t> offsets;
    std::vector<std::string> queries;

    size_t width() const { return RowBytes(type, dim); }
    uint32_t count() const { return static_cast<uint32_t>(offsets.size() - 1); }
    VectorLists view() const {
        return {reinterpret_cast<const uint8_t*>(vectors.data()), offsets.data()};
    }
};

// Lists of 0 to 20 vectors, each list around a few centres of its own: near lists share some. A
// query is vectors of one list, blurred.
Lists MakeLists(VectorType type, uint32_t count, uint32_t seed, uint32_t dim, size_t queries) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    const size_t centres = count / 4 + 1;
    std::vector<float> at(centres * dim);
    std::generate(at.begin(), at.end(), [&] { return normal(random); });
    Lists lists;
    lists.type = type;
    lists.dim = dim;
    const auto append = [&](size_t centre, float blur, std::string* out) {
        if (type == VectorType::kBinary) {
            std::string bits(dim / 8, '\0');
            for (uint32_t d = 0; d < dim; ++d) {
                const bool one = at[centre * dim + d] + blur * normal(random) > 0;
                bits[d / 8] = static_cast<char>(bits[d / 8] | (one ? 1 << (d % 8) : 0));
            }
            *out += bits;
            return;
        }
        for (uint32_t d = 0; d < dim; ++d) {
            typed::AppendElement(type, at[centre * dim + d] + blur * normal(random), out);
        }
    };
    std::vector<std::vector<size_t>> centres_of(count);
    lists.offsets.push_back(0);
    for (uint32_t list = 0; list < count; ++list) {
        const size_t size = list % 50 == 7 ? 0 : 1 + random() % 20;
        for (size_t i = 0; i < size; ++i) {
            centres_of[list].push_back(random() % centres);
            append(centres_of[list].back(), 0.5f, &lists.vectors);
        }
        lists.offsets.push_back(lists.offsets.back() + static_cast<uint32_t>(size));
    }
    for (size_t q = 0; q < queries; ++q) {
        std::vector<size_t> of;
        while (of.empty()) {
            of = centres_of[random() % count];
        }
        std::string query;
        for (size_t i = 0; i < kQueryVectors; ++i) {
            append(of[random() % of.size()], 0.6f, &query);
        }
        lists.queries.push_back(std::move(query));
    }
    return lists;
}

double TrueElementScore(Metric metric, VectorType type, uint32_t dim, const char* a,
                        const char* b) {
    if (type == VectorType::kBinary) {
        return typed::TrueBitScore(metric, a, b, dim);
    }
    double l2 = 0, ip = 0, aa = 0, bb = 0;
    for (uint32_t d = 0; d < dim; ++d) {
        const double x = typed::ElementAt(type, a, d);
        const double y = typed::ElementAt(type, b, d);
        l2 += (x - y) * (x - y);
        ip += x * y;
        aa += x * x;
        bb += y * y;
    }
    if (metric == Metric::kL2) {
        return l2;
    }
    return metric == Metric::kIp ? ip : aa > 0 && bb > 0 ? ip / std::sqrt(aa * bb) : 0;
}

double TrueScore(const Lists& lists, Metric metric, uint32_t list, const std::string& query) {
    const Metric element = ElementMetric(metric);
    double sum = 0;
    for (size_t q = 0; q < query.size(); q += lists.width()) {
        double best = 0;
        for (uint32_t i = lists.offsets[list]; i < lists.offsets[list + 1]; ++i) {
            const double score = TrueElementScore(element, lists.type, lists.dim, query.data() + q,
                                                  lists.vectors.data() + i * lists.width());
            const bool better = LargerIsBetter(metric) ? score > best : score < best;
            best = i == lists.offsets[list] || better ? score : best;
        }
        sum += best;
    }
    return sum;
}

std::vector<std::pair<double, uint32_t>> Truth(const Lists& lists, Metric metric,
                                               const std::string& query, size_t k,
                                               base::BitmapView filter = {}) {
    std::vector<std::pair<double, uint32_t>> all;
    for (uint32_t list = 0; list < lists.count(); ++list) {
        if (filter.Test(list) && lists.offsets[list] < lists.offsets[list + 1]) {
            const double score = TrueScore(lists, metric, list, query);
            all.emplace_back(LargerIsBetter(metric) ? -score : score, list);
        }
    }
    std::sort(all.begin(), all.end());
    all.resize(std::min(k, all.size()));
    return all;
}

std::unique_ptr<Index> Build(const Lists& lists, const std::string& index_type, Metric metric,
                             ParamMap params = {}) {
    BuildParams build{index_type, lists.type, metric, lists.dim, std::move(params)};
    BuildInput input;
    input.vectors = lists.vectors.data();
    input.offsets = lists.offsets.data();
    input.rows = lists.count();
    auto index = BuildIndex(build, input);
    EXPECT_TRUE(index.ok()) << index.status().reason();
    return std::move(*index);
}

std::string Saved(const Index& index) {
    codec::StringSink sink;
    EXPECT_TRUE(index.Save(sink).ok());
    return sink.Take();
}

Neighbors Find(const Index& index, const Lists& lists, const std::string& query,
               SearchParams params) {
    params.lists = lists.view();
    Neighbors out;
    const base::Status status = index.Search(query, params, &out);
    EXPECT_TRUE(status.ok()) << status.reason();
    return out;
}

// The scores are those of the model, best first.
void ExpectTrueScores(const Lists& lists, Metric metric, const std::string& query,
                      const Neighbors& found) {
    for (size_t i = 0; i < found.rows.size(); ++i) {
        const double score = TrueScore(lists, metric, found.rows[i], query);
        EXPECT_NEAR(found.scores[i], score, 1e-4 * std::max(1.0, std::fabs(score)));
        EXPECT_FALSE(i > 0 && BetterThan(metric, found.scores[i], found.scores[i - 1]));
    }
}

double Recall(const Index& index, const Lists& lists, const SearchParams& params) {
    size_t hits = 0;
    size_t wanted = 0;
    for (const std::string& query : lists.queries) {
        const auto truth = Truth(lists, index.metric(), query, params.k, params.filter);
        const Neighbors found = Find(index, lists, query, params);
        EXPECT_EQ(found.rows.size(), truth.size()) << "not as many lists as exist";
        ExpectTrueScores(lists, index.metric(), query, found);
        const std::set<uint32_t> rows(found.rows.begin(), found.rows.end());
        EXPECT_EQ(rows.size(), found.rows.size()) << "a list twice";
        for (const auto& [cost, list] : truth) {
            hits += rows.count(list);
        }
        wanted += truth.size();
    }
    return static_cast<double>(hits) / static_cast<double>(wanted);
}

void ExpectExact(const Lists& lists, Metric metric, const std::string& index_type) {
    const auto index = Build(lists, index_type, metric);
    base::Bitmap filter(lists.count());
    for (uint32_t list = 0; list < lists.count(); list += 3) {
        filter.Set(list);
    }
    for (const bool filtered : {false, true}) {
        SearchParams params;
        params.k = 12;
        if (filtered) {
            params.filter = filter;
        }
        EXPECT_GE(Recall(*index, lists, params), 0.999)
            << VectorTypeName(lists.type) << " " << MetricName(metric);
    }
}

TEST(MaxSim, IsExactForEveryTypeAndMetric) {
    for (const VectorType type : typed::kNumberTypes) {
        const Lists lists = MakeLists(type, 300, 1, 20, 5);
        for (const Metric metric : kNumberMetrics) {
            ExpectExact(lists, metric, "FLAT");
        }
    }
    const Lists bits = MakeLists(VectorType::kBinary, 300, 2, 72, 5);
    for (const Metric metric : kBitMetrics) {
        const auto index = Build(bits, "BIN_FLAT", metric);
        SearchParams params;
        params.k = 12;
        for (const std::string& query : bits.queries) {
            const auto truth = Truth(bits, metric, query, params.k);
            const Neighbors found = Find(*index, bits, query, params);
            ASSERT_EQ(found.rows.size(), truth.size());
            for (size_t i = 0; i < truth.size(); ++i) {  // many are equal
                EXPECT_NEAR(found.scores[i], truth[i].first, 1e-4);
            }
            ExpectTrueScores(bits, metric, query, found);
        }
    }
}

TEST(MaxSim, RangesHoldTheSumOfScores) {
    const Lists lists = MakeLists(VectorType::kFloat, 300, 3, 16, 1);
    for (const Metric metric : kNumberMetrics) {
        const auto index = Build(lists, "FLAT", metric);
        const auto truth = Truth(lists, metric, lists.queries[0], 20);
        SearchParams params;
        params.k = 100;
        // Between the 5th and the 6th list.
        const double border = (truth[4].first + truth[5].first) / 2;
        params.radius = static_cast<float>(LargerIsBetter(metric) ? -border : border);
        const Neighbors found = Find(*index, lists, lists.queries[0], params);
        ASSERT_EQ(found.rows.size(), 5u) << MetricName(metric);
        for (size_t i = 0; i < 5; ++i) {
            EXPECT_EQ(found.rows[i], truth[i].second);
        }
    }
}

TEST(ListIndex, FindsNearlyAllByVectors) {
    const Lists lists = MakeLists(VectorType::kFloat, 1500, 4, 24, 30);
    for (const Metric metric : kNumberMetrics) {
        const auto index = Build(lists, "HNSW", metric, {{"M", "16"}, {"efConstruction", "100"}});
        SearchParams params;
        params.k = 10;
        params.params = {{"ef", "64"}};
        EXPECT_GE(Recall(*index, lists, params), 0.95) << MetricName(metric);
        params.params["retrieval_ann_ratio"] = "1";
        const double fewer = Recall(*index, lists, params);
        params.params["retrieval_ann_ratio"] = "10";
        const double more = Recall(*index, lists, params);
        EXPECT_GE(more, fewer) << MetricName(metric);
        EXPECT_GE(more, 0.99) << MetricName(metric);
        Neighbors found = Find(*index, lists, lists.queries[0], params);
        EXPECT_NE(found.counters.strategy, Strategy::kExactScan);
    }
}

TEST(ListIndex, FindsMostByEncodings) {
    const Lists lists = MakeLists(VectorType::kFloat, 1500, 5, 16, 30);
    for (const Metric metric : kNumberMetrics) {
        const auto index =
            Build(lists, "HNSW", metric,
                  {{"M", "16"}, {"efConstruction", "60"}, {"emb_list_strategy", "muvera"}});
        SearchParams params;
        params.k = 10;
        params.params = {{"ef", "100"}};
        const double usual = Recall(*index, lists, params);
        params.params["retrieval_ann_ratio"] = "20";
        const double wide = Recall(*index, lists, params);
        EXPECT_GE(usual, metric == Metric::kMaxSimL2 ? 0.1 : 0.25) << MetricName(metric);
        EXPECT_GE(wide, 0.45) << MetricName(metric);
        Neighbors found = Find(*index, lists, lists.queries[0], params);
        EXPECT_NE(found.counters.strategy, Strategy::kExactScan);
    }
}

// What each vector of the query finds among all vectors, and what the lists are worth by that.
std::vector<std::pair<double, uint32_t>> EstimatedByTokens(const Lists& lists, Metric metric,
                                                           const std::string& query, size_t k,
                                                           size_t found) {
    const Metric element = ElementMetric(metric);
    std::map<uint32_t, double> gains;
    double worst_sum = 0;
    for (size_t q = 0; q < query.size(); q += lists.width()) {
        std::vector<std::pair<double, uint32_t>> near;
        for (uint32_t list = 0; list < lists.count(); ++list) {
            for (uint32_t i = lists.offsets[list]; i < lists.offsets[list + 1]; ++i) {
                const double score =
                    TrueElementScore(element, lists.type, lists.dim, query.data() + q,
                                     lists.vectors.data() + i * lists.width());
                near.emplace_back(LargerIsBetter(metric) ? -score : score, list);
            }
        }
        std::sort(near.begin(), near.end());
        near.resize(found);
        worst_sum += near.back().first;
        std::set<uint32_t> seen;
        for (const auto& [cost, list] : near) {
            if (seen.insert(list).second) {
                gains[list] += cost - near.back().first;
            }
        }
    }
    std::vector<std::pair<double, uint32_t>> estimated;
    for (const auto& [list, gain] : gains) {
        estimated.emplace_back(worst_sum + gain, list);
    }
    std::sort(estimated.begin(), estimated.end());
    estimated.resize(std::min(k, estimated.size()));
    return estimated;
}

TEST(ListIndex, WithoutTheComparisonScoresAreThoseOfTheVectorsFound) {
    const Lists lists = MakeLists(VectorType::kFloat, 1100, 8, 16, 6);
    for (const Metric metric : kNumberMetrics) {
        const auto index = Build(lists, "IVF_FLAT", metric, {{"nlist", "8"}});
        SearchParams params;
        params.k = 10;
        params.params = {
            {"nprobe", "8"}, {"retrieval_ann_ratio", "4"}, {"emb_list_rerank", "false"}};
        for (const std::string& query : lists.queries) {
            const Neighbors found = Find(*index, lists, query, params);
            const auto model = EstimatedByTokens(lists, metric, query, 10, 40);
            ASSERT_EQ(found.rows.size(), model.size());
            for (size_t i = 0; i < model.size(); ++i) {
                EXPECT_EQ(found.rows[i], model[i].second) << MetricName(metric);
                const double score = LargerIsBetter(metric) ? -model[i].first : model[i].first;
                EXPECT_NEAR(found.scores[i], score, 1e-3) << MetricName(metric);
            }
            EXPECT_LT(found.counters.distances, 8 * lists.offsets.back() + 8 * 8 + 1);
        }
        // A search of so many lists that the index finds too few still compares all of them.
        params.k = 900;
        const Neighbors all = Find(*index, lists, lists.queries[0], params);
        EXPECT_EQ(all.counters.strategy, Strategy::kExactScan);
        ExpectTrueScores(lists, metric, lists.queries[0], all);
    }
}

TEST(ListIndex, WithoutTheComparisonScoresAreThoseOfEncodings) {
    const ParamMap build = {{"nlist", "4"}, {"emb_list_strategy", "muvera"}};
    const FixedEncodingParams encoding;  // the defaults of the parameters are the same
    for (const VectorType type : {VectorType::kFloat, VectorType::kInt8}) {
        const Lists lists = MakeLists(type, 1100, 9, 12, 6);
        for (const Metric metric : kNumberMetrics) {
            const auto index = Build(lists, "IVF_FLAT", metric, build);
            const FixedEncoder encoder(lists.type, ElementMetric(metric), lists.dim, encoding);
            SearchParams params;
            params.k = 10;
            params.params = {{"nprobe", "4"}, {"emb_list_rerank", "false"}};
            double off = 0;
            double spread = 0;
            for (const std::string& query : lists.queries) {
                const Neighbors found = Find(*index, lists, query, params);
                ASSERT_EQ(found.rows.size(), 10u);
                std::vector<float> of_query(encoder.width());
                encoder.EncodeQuery(query.data(), kQueryVectors, of_query.data());
                for (size_t i = 0; i < found.rows.size(); ++i) {
                    const uint32_t list = found.rows[i];
                    const uint32_t begin = lists.offsets[list];
                    std::vector<float> of_row(encoder.width());
                    encoder.EncodeRow(lists.vectors.data() + begin * lists.width(),
                                      lists.offsets[list + 1] - begin, of_row.data());
                    double product =
                        std::inner_product(of_query.begin(), of_query.end(), of_row.begin(), 0.0);
                    product /= encoding.repeats;
                    if (metric == Metric::kMaxSimL2) {
                        double square = 0;
                        for (size_t d = 0; d < kQueryVectors * lists.dim; ++d) {
                            const double x = typed::ElementAt(type, query.data(), d);
                            square += x * x;
                        }
                        product = square - 2 * product;
                    }
                    // Encodings for L2 are long beside what they differ in: distances are rounded.
                    const double length =
                        std::inner_product(of_row.begin(), of_row.end(), of_row.begin(), 0.0);
                    EXPECT_NEAR(found.scores[i], product,
                                2e-3 * (1 + std::fabs(product)) + 1e-6 * length);
                    const double truth = TrueScore(lists, metric, list, query);
                    off += std::fabs(found.scores[i] - truth);
                    spread += std::fabs(truth);
                }
            }
            // The scale is that of the true scores, not their values.
            EXPECT_LT(off, 0.8 * spread) << VectorTypeName(type) << MetricName(metric);
        }
    }
}

TEST(ListIndex, EveryFamilyAndTypeAnswers) {
    const std::pair<const char*, ParamMap> kFamilies[] = {
        {"HNSW", {{"M", "12"}, {"efConstruction", "60"}}},
        {"HNSW_SQ", {{"M", "12"}, {"efConstruction", "60"}, {"refine", "true"}}},
        {"HNSW_PQ", {{"M", "12"}, {"efConstruction", "60"}, {"m", "8"}}},
        {"HNSW_PRQ", {{"M", "12"}, {"efConstruction", "60"}, {"m", "8"}}},
        {"IVF_FLAT", {{"nlist", "32"}}},
        {"DISKANN", {{"max_degree", "24"}, {"search_list_size", "50"}}},
        {"AUTOINDEX", {}},
    };
    for (const auto& [family, build] : kFamilies) {
        for (const char* strategy : {"tokenann", "muvera"}) {
            ParamMap params = build;
            if (std::string_view(family) != "AUTOINDEX") {
                params["emb_list_strategy"] = strategy;
                params["muvera_num_repeats"] = "8";
                params["muvera_num_projections"] = "3";
            }
            const bool refused =
                std::string_view(family) == "DISKANN" && std::string_view(strategy) == "muvera";
            const VectorType type =
                std::string_view(family) == "IVF_FLAT" ? VectorType::kFloat16 : VectorType::kFloat;
            EXPECT_EQ(ValidateBuildParams(family, type, "MAX_SIM", 16, params).ok(), !refused);
            if (refused) {
                continue;
            }
            const Lists lists = MakeLists(type, 1100, 6, 16, 8);
            const auto index = Build(lists, family, Metric::kMaxSim, params);
            SearchParams search;
            search.k = 10;
            search.params = {{"ef", "80"},
                             {"nprobe", "32"},
                             {"search_list", "80"},
                             {"retrieval_ann_ratio", "10"}};
            // Encodings of so few numbers find a part, and their codes still less.
            const bool coded = std::string_view(family).ends_with("Q");
            const double floor = *strategy == 't' ? (coded ? 0.5 : 0.8) : coded ? 0.0 : 0.3;
            EXPECT_GE(Recall(*index, lists, search), floor) << family << strategy;
        }
    }
    for (const VectorType type : {VectorType::kBFloat16, VectorType::kInt8}) {
        for (const char* strategy : {"tokenann", "muvera"}) {
            const Lists lists = MakeLists(type, 1100, 7, 16, 8);
            const auto index = Build(lists, "HNSW", Metric::kMaxSimIp,
                                     {{"M", "12"},
                                      {"efConstruction", "60"},
                                      {"muvera_num_projections", "3"},
                                      {"emb_list_strategy", strategy}});
            SearchParams search;
            search.k = 10;
            search.params = {{"ef", "80"}, {"retrieval_ann_ratio", "10"}};
            EXPECT_GE(Recall(*index, lists, search), *strategy == 't' ? 0.8 : 0.3)
                << VectorTypeName(type) << strategy;
        }
    }
}

TEST(ListIndex, BitsAreFoundByVectorsAndEncodings) {
    const Lists lists = MakeLists(VectorType::kBinary, 1100, 8, 64, 10);
    for (const Metric metric : kBitMetrics) {
        for (const char* strategy : {"tokenann", "muvera"}) {
            const auto index = Build(lists, "HNSW", metric,
                                     {{"M", "16"},
                                      {"efConstruction", "60"},
                                      {"muvera_num_projections", "3"},
                                      {"emb_list_strategy", strategy}});
            SearchParams search;
            search.k = 10;
            search.params = {{"ef", "100"}, {"retrieval_ann_ratio", "10"}};
            EXPECT_GE(Recall(*index, lists, search), *strategy == 't' ? 0.8 : 0.2)
                << MetricName(metric) << strategy;
        }
    }
}

TEST(ListIndex, KRowsComeThroughEveryFilter) {
    const Lists lists = MakeLists(VectorType::kFloat, 2000, 9, 16, 6);
    for (const char* strategy : {"tokenann", "muvera"}) {
        const auto index = Build(lists, "HNSW", Metric::kMaxSimL2,
                                 {{"M", "16"},
                                  {"efConstruction", "60"},
                                  {"muvera_num_projections", "3"},
                                  {"emb_list_strategy", strategy}});
        for (const unsigned step : {2u, 20u, 700u}) {
            base::Bitmap filter(lists.count());
            for (uint32_t list = 1; list < lists.count(); list += step) {
                filter.Set(list);
            }
            SearchParams params;
            params.k = 10;
            params.filter = filter;
            params.params = {{"retrieval_ann_ratio", "10"}, {"ef", "100"}};
            EXPECT_GE(Recall(*index, lists, params), *strategy == 't' ? 0.8 : 0.2)
                << strategy << step;
        }
        base::Bitmap none(lists.count());
        SearchParams params;
        params.filter = none;
        EXPECT_TRUE(Find(*index, lists, lists.queries[0], params).rows.empty());
        params.filter = {};
        params.k = 5000;  // more than there are lists with vectors
        EXPECT_EQ(Find(*index, lists, lists.queries[0], params).rows.size(), 1960u);
    }
}

TEST(ListIndex, AFileAnswersAsTheIndexThatWroteIt) {
    const Lists lists = MakeLists(VectorType::kFloat, 1100, 10, 16, 5);
    for (const char* strategy : {"tokenann", "muvera", ""}) {
        const auto built = *strategy == '\0' ? Build(lists, "FLAT", Metric::kMaxSim)
                                             : Build(lists, "HNSW", Metric::kMaxSim,
                                                     {{"efConstruction", "60"},
                                                      {"muvera_num_repeats", "3"},
                                                      {"emb_list_strategy", strategy}});
        const std::string bytes = Saved(*built);
        auto opened = OpenIndex(base::Buffer::FromString(bytes));
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        EXPECT_TRUE((*opened)->Verify().ok());
        EXPECT_EQ((*opened)->size(), lists.count());
        EXPECT_EQ((*opened)->metric(), Metric::kMaxSim);
        EXPECT_EQ((*opened)->index_type(), built->index_type());
        EXPECT_EQ(Saved(**opened), bytes);
        for (const std::string& query : lists.queries) {
            const Neighbors a = Find(*built, lists, query, {});
            const Neighbors b = Find(**opened, lists, query, {});
            EXPECT_EQ(a.rows, b.rows);
            EXPECT_EQ(a.scores, b.scores);
        }
    }
}

TEST(ListIndex, DamagedFilesAreRefusedOrHarmless) {
    const Lists lists = MakeLists(VectorType::kFloat, 1100, 11, 16, 1);
    for (const char* strategy : {"tokenann", "muvera"}) {
        const std::string bytes = Saved(*Build(lists, "IVF_FLAT", Metric::kMaxSimIp,
                                               {{"nlist", "16"},
                                                {"emb_list_strategy", strategy},
                                                {"muvera_num_repeats", "2"},
                                                {"muvera_num_projections", "2"}}));
        std::mt19937 random(12);
        for (int trial = 0; trial < 400; ++trial) {
            std::string damaged = bytes;
            // Descriptions and tables lie at the front and the back.
            const size_t reach = std::min<size_t>(bytes.size(), 1500);
            const size_t place = trial % 3 == 0   ? random() % bytes.size()
                                 : trial % 3 == 1 ? random() % reach
                                                  : bytes.size() - 1 - random() % reach;
            damaged[place] = static_cast<char>(damaged[place] ^ (1 << random() % 8));
            auto opened = OpenIndex(base::Buffer::FromString(std::move(damaged)));
            if (!opened.ok()) {
                continue;
            }
            EXPECT_FALSE((*opened)->Verify().ok()) << "byte " << place;
            SearchParams params;
            params.lists = lists.view();
            Neighbors out;
            if ((*opened)->size() == lists.count() && (*opened)->dim() == lists.dim) {
                (void)(*opened)->Search(lists.queries[0], params, &out);
            }
        }
        for (const size_t length : {size_t{0}, size_t{10}, bytes.size() / 2, bytes.size() - 1}) {
            EXPECT_FALSE(OpenIndex(base::Buffer::FromString(bytes.substr(0, length))).ok());
        }
    }
}

TEST(ListIndex, ASearchWithoutItsListsFails) {
    const Lists lists = MakeLists(VectorType::kFloat, 50, 13, 8, 1);
    const auto index = Build(lists, "FLAT", Metric::kMaxSim);
    Neighbors out;
    EXPECT_FALSE(index->Search(lists.queries[0], {}, &out).ok());
    SearchParams params;
    params.lists = lists.view();
    EXPECT_FALSE(index->Search(std::string_view(), params, &out).ok());
    EXPECT_FALSE(index->Search(lists.queries[0].substr(1), params, &out).ok());
    EXPECT_TRUE(index->Search(lists.queries[0], params, &out).ok());
}

TEST(ListIndex, NoListsOrNoVectorsAreAnIndexWithoutHits) {
    for (const size_t count : {size_t{0}, size_t{5}}) {
        Lists lists = MakeLists(VectorType::kFloat, 1, 14, 8, 1);
        lists.vectors.clear();
        lists.offsets.assign(count + 1, 0);
        const auto index = Build(lists, "HNSW", Metric::kMaxSim);
        EXPECT_TRUE(Find(*index, lists, lists.queries[0], {}).rows.empty());
        EXPECT_TRUE(OpenIndex(base::Buffer::FromString(Saved(*index))).ok());
    }
}

void ExpectRefused(const char* family, VectorType type, const char* metric, const ParamMap& params,
                   std::string_view phrase, int64_t dim = 32) {
    const base::Status status = ValidateBuildParams(family, type, metric, dim, params);
    ASSERT_FALSE(status.ok()) << family << " " << metric;
    EXPECT_EQ(static_cast<int>(status.code()), 1100);
    EXPECT_NE(status.reason().find(phrase), std::string::npos) << status.reason();
}

TEST(ListIndex, RefusesWhatMilvusRefuses) {
    const VectorType f32 = VectorType::kFloat;
    ExpectRefused("SCANN", f32, "MAX_SIM", {}, "can't build with this index SCANN");
    ExpectRefused("IVF_PQ", f32, "MAX_SIM_L2", {}, "can't build with this index IVF_PQ");
    ExpectRefused("HNSW", f32, "MAX_SIM_HAMMING", {}, "does not support metric type");
    ExpectRefused("HNSW", VectorType::kBinary, "MAX_SIM_L2", {}, "does not support metric type");
    ExpectRefused("HNSW", VectorType::kSparseFloat, "MAX_SIM", {}, "can't build with this index");
    ExpectRefused("HNSW", f32, "MAX_SIM", {{"M", "1"}}, "'M'");
    ExpectRefused("HNSW", f32, "MAX_SIM", {{"emb_list_strategy", "best"}}, "emb_list_strategy");
    ExpectRefused("HNSW", f32, "MAX_SIM", {{"emb_list_strategy", "lemur"}}, "lemur");
    ExpectRefused("HNSW", f32, "MAX_SIM", {{"muvera_num_projections", "8"}}, "muvera_num_proj");
    ExpectRefused("HNSW", f32, "MAX_SIM", {{"muvera_num_repeats", "0"}}, "muvera_num_repeats");
    ExpectRefused("HNSW_PQ", f32, "MAX_SIM", {{"m", "31"}}, "dimension must be able to be divided");
    ExpectRefused("AUTOINDEX", f32, "MAX_SIM", {{"emb_list_strategy", "muvera"}},
                  "only metric type can be passed when use AutoIndex");
    EXPECT_TRUE(ValidateBuildParams("HNSW", f32, "MAX_SIM_COSINE", 32, {}).ok());
    EXPECT_FALSE(
        ParseSearchParams("HNSW", Metric::kMaxSim, 10, {{"retrieval_ann_ratio", "0"}}).ok());
    EXPECT_FALSE(ParseSearchParams("HNSW", Metric::kMaxSim, 10, {{"emb_list_rerank", "7"}}).ok());
    EXPECT_TRUE(
        ParseSearchParams("HNSW", Metric::kMaxSim, 10, {{"retrieval_ann_ratio", "4"}}).ok());
}

// The promise of the paper: products of encodings rank as MaxSim does, nearly. The row that a query
// was made of is among the first by it.
TEST(FixedEncoder, ProductsFollowMaxSim) {
    const Lists lists = MakeLists(VectorType::kFloat, 400, 15, 24, 20);
    for (const Metric metric : kNumberMetrics) {
        const FixedEncoder encoder(VectorType::kFloat, ElementMetric(metric), lists.dim,
                                   {4, 14, 3});
        std::vector<float> rows(size_t{lists.count()} * encoder.width());
        for (uint32_t list = 0; list < lists.count(); ++list) {
            encoder.EncodeRow(lists.view().vectors + lists.offsets[list] * lists.width(),
                              lists.view().SizeOf(list), rows.data() + list * encoder.width());
        }
        size_t found = 0;
        for (const std::string& query : lists.queries) {
            std::vector<float> encoded(encoder.width());
            encoder.EncodeQuery(query.data(), kQueryVectors, encoded.data());
            std::vector<std::pair<float, uint32_t>> order;
            for (uint32_t list = 0; list < lists.count(); ++list) {
                const float* row = rows.data() + size_t{list} * encoder.width();
                const float product = std::inner_product(encoded.begin(), encoded.end(), row, 0.0f);
                if (lists.view().SizeOf(list) > 0) {
                    order.emplace_back(-product, list);
                }
            }
            std::sort(order.begin(), order.end());
            const auto truth = Truth(lists, metric, query, 1);
            for (size_t i = 0; i < 20; ++i) {
                found += order[i].second == truth[0].second ? 1 : 0;
            }
        }
        EXPECT_GE(found, lists.queries.size() * 3 / 4) << MetricName(metric);
    }
}

TEST(FixedEncoder, WidthsKeepToTheirBound) {
    for (const uint32_t dim : {2u, 128u, 4096u}) {
        for (const uint32_t projections : {1u, 4u, kMuveraProjectionsMax}) {
            for (const uint32_t repeats : {1u, 7u, kMuveraRepeatsMax}) {
                const FixedEncodingParams params{projections, repeats, 1};
                const uint32_t width = FixedEncoder::WidthOf(Metric::kL2, dim, params);
                EXPECT_LE(width, kEncodedWidthMax);
                EXPECT_EQ(width % 64, 0u);
            }
        }
    }
}

}  // namespace
}  // namespace elanus::vindex
