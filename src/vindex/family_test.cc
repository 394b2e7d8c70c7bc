#include "vindex/family.h"

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

struct BuildCase {
    std::string index_type;
    VectorType type;
    std::string metric;
    int64_t dim;
    ParamMap params;
    std::string phrase;  // empty: accepted
};

TEST(Family, BuildParamsAreCheckedWithMilvusWords) {
    const auto f = VectorType::kFloat;
    const auto x = VectorType::kBinary;
    const auto s = VectorType::kSparseFloat;
    const std::vector<BuildCase> cases = {
        {"FLAT", f, "L2", 4, {}, ""},
        {"FLAT", f, "IP", 4, {{"anything", "x"}}, ""},
        {"HNSW", f, "COSINE", 4, {}, ""},
        {"HNSW", f, "cosine", 4, {{"M", "16"}, {"efConstruction", "200"}}, ""},
        {"HNSW", f, "L2", 4, {{"M", "\"16\""}}, ""},
        {"HNSW", f, "L2", 4, {{"M", "2"}}, ""},
        {"HNSW", f, "L2", 4, {{"M", "2048"}}, ""},
        {"HNSW", f, "L2", 4, {{"M", "1"}}, "param 'M' (1) should be in range [2, 2048]"},
        {"HNSW", f, "L2", 4, {{"M", "2049"}}, "param 'M' (2049) should be in range [2, 2048]"},
        {"HNSW", f, "L2", 4, {{"M", "-5"}}, "Out of range in json"},
        {"HNSW", f, "L2", 4, {{"M", "many"}}, "param 'M' (many) should be integer"},
        {"HNSW", f, "L2", 4, {{"M", ""}}, "Type conflict in json"},
        {"HNSW", f, "L2", 4, {{"M", "1.5"}}, "should be integer"},
        {"HNSW", f, "L2", 4, {{"M", "99999999999999999999"}}, "should be integer"},
        {"HNSW", f, "L2", 4, {{"efConstruction", "0"}}, "param 'efConstruction' (0) should be in"},
        {"HNSW", f, "L2", 4, {{"refine", "true"}}, "param 'refine' is not supported"},
        {"HNSW", f, "L2", 4, {{"mmap.enabled", "true"}, {"unknown", "7"}}, ""},
        {"HNSW", f, "", 4, {}, "metric type not set for vector index"},
        {"HNSW", f, "HAMMING", 4, {}, "float vector index does not support metric type: HAMMING"},
        {"HNSW", f, "nonsense", 4, {}, "does not support metric type: nonsense"},
        {"HNSW", f, "L2", 0, {}, "invalid dimension: 0"},
        {"HNSW", f, "L2", 32769, {}, "should be in range 2 ~ 32768"},
        {"HNSW", VectorType::kInt8, "L2", 4, {}, ""},
        {"HNSW", VectorType::kFloat16, "COSINE", 4, {}, ""},
        {"FLAT", VectorType::kBFloat16, "IP", 4, {}, ""},
        {"HNSW", VectorType::kInt8, "JACCARD", 4, {}, "int vector index does not support metric"},
        {"HNSW", x, "HAMMING", 16, {}, ""},
        {"HNSW", x, "SUBSTRUCTURE", 16, {}, "does not support metric type: SUBSTRUCTURE"},
        {"FLAT", x, "SUPERSTRUCTURE", 16, {}, ""},
        {"BIN_FLAT", x, "JACCARD", 262144, {}, ""},
        {"BIN_FLAT", x, "JACCARD", 262152, {}, "should be in range 8 ~ 262144"},
        {"BIN_FLAT", x, "JACCARD", 12, {}, "binary vector dimension should be multiple of 8."},
        {"BIN_FLAT", x, "L2", 16, {}, "binary vector index does not support metric type: L2"},
        {"BIN_FLAT", f, "L2", 16, {}, "data type FloatVector can't build with this index BIN_FLAT"},
        {"AUTOINDEX", x, "", 16, {}, ""},
        {"BIN_IVF_FLAT", x, "HAMMING", 16, {{"nlist", "65536"}}, ""},
        {"BIN_IVF_FLAT", x, "SUBSTRUCTURE", 16, {}, "does not support metric type: SUBSTRUCTURE"},
        {"BIN_IVF_FLAT", f, "L2", 16, {}, "can't build with this index BIN_IVF_FLAT"},
        {"HNSW", s, "IP", 0, {}, "data type SparseFloatVector can't build with this index HNSW"},
        {"SPARSE_WAND", f, "IP", 4, {}, "can't build with this index SPARSE_WAND"},
        {"SPARSE_WAND", s, "IP", 0, {}, ""},
        {"AUTOINDEX", s, "IP", 0, {}, ""},
        {"SPARSE_INVERTED_INDEX", s, "", 0, {}, "metric type not set for vector index"},
        {"SPARSE_INVERTED_INDEX", s, "L2", 0, {}, "sparse float vector index does not support"},
        {"SPARSE_INVERTED_INDEX", s, "BM25", 0, {}, ""},
        {"SPARSE_INVERTED_INDEX", s, "IP", 0, {{"drop_ratio_build", "0.99"}}, ""},
        {"SPARSE_INVERTED_INDEX",
         s,
         "IP",
         0,
         {{"drop_ratio_build", "1"}},
         "param 'drop_ratio_build' (1) should be in range [0.000000, 1.000000)"},
        {"SPARSE_INVERTED_INDEX", s, "IP", 0, {{"drop_ratio_build", "-0.1"}}, "should be in range"},
        {"SPARSE_INVERTED_INDEX", s, "IP", 0, {{"drop_ratio_build", "x"}}, "should be a number"},
        {"SPARSE_INVERTED_INDEX", s, "IP", 0, {{"inverted_index_algo", "SINDI"}}, ""},
        {"SPARSE_INVERTED_INDEX",
         s,
         "IP",
         0,
         {{"inverted_index_algo", "GUESS"}},
         "param 'inverted_index_algo' (GUESS) should be one of [TAAT_NAIVE, DAAT_WAND, "},
        {"SPARSE_INVERTED_INDEX", s, "IP", 0, {{"quant_type", "u16"}}, "one of [fp16, fp32]"},
        {"SPARSE_INVERTED_INDEX", s, "IP", 0, {{"sindi_window_size", "99"}}, "in range [1024, "},
        {"AUTOINDEX", f, "", 4, {}, ""},
        {"AUTOINDEX", f, "L2", 4, {{"mmap.enabled", "true"}}, ""},
        {"AUTOINDEX",
         f,
         "L2",
         4,
         {{"M", "16"}},
         "only metric type can be passed when use AutoIndex"},
        {"IVF_FLAT", f, "L2", 4, {{"use_elkan", "false"}}, ""},
        {"IVF_FLAT", x, "HAMMING", 16, {}, "BinaryVector can't build with this index IVF_FLAT"},
        {"IVF_FLAT",
         f,
         "L2",
         4,
         {{"nlist", "0"}},
         "param 'nlist' (0) should be in range [1, 65536]"},
        {"IVF_FLAT", f, "L2", 4, {{"nlist", "65537"}}, "should be in range [1, 65536]"},
        {"IVF_FLAT", f, "L2", 4, {{"use_elkan", "maybe"}}, "should be boolean"},
        {"IVF_SQ8", f, "L2", 4, {{"sq_type", "sq6"}, {"refine", "true"}}, ""},
        {"IVF_SQ8", f, "L2", 4, {{"sq_type", "SQ5"}}, "should be one of [SQ4, SQ6, SQ8]"},
        {"IVF_SQ", f, "L2", 4, {{"refine_type", "int8"}}, "should be one of [SQ6, SQ8, FP16, "},
        {"IVF_PQ", f, "L2", 8, {{"m", "4"}, {"nbits", "24"}}, ""},
        {"IVF_PQ", f, "L2", 8, {{"m", "3"}}, "multiple of the number of subquantizers (m). Dimens"},
        {"IVF_PQ", f, "L2", 8, {{"m", "0"}}, "param 'm' (0) should be in range [1, 65536]"},
        {"IVF_PQ", f, "L2", 8, {}, "param 'm' is missing"},
        {"IVF_PQ", f, "L2", 8, {{"m", "4"}, {"nbits", "0"}}, "should be in range [1, 24]"},
        {"SCANN", f, "L2", 8, {{"with_raw_data", "false"}}, ""},
        {"SCANN", f, "L2", 9, {}, "should be a multiple of sub_dim. Dimension:9, sub_dim:2"},
        {"IVF_RABITQ", f, "L2", 8, {{"rbq_bits", "9"}, {"refine_type", "bf16"}}, ""},
        {"IVF_RABITQ", f, "L2", 8, {{"rbq_bits", "0"}}, "should be in range [1, 9]"},
        {"IVF_RABITQ", VectorType::kInt8, "L2", 8, {}, "can't build with this index IVF_RABITQ"},
        {"IVF_RABITQ_FASTSCAN", f, "L2", 8, {{"refine_type", "SQ8"}}, "one of [FP32, FLAT]"},
        {"MINHASH_LSH", x, "MHJACCARD", 64, {{"mh_lsh_band", "8"}}, ""},
        {"MINHASH_LSH", x, "HAMMING", 64, {}, "does not support metric type: HAMMING"},
        {"MINHASH_LSH", x, "MHJACCARD", 64, {{"mh_lsh_band", "9"}}, "mh_lsh_band (9)"},
        {"MINHASH_LSH", x, "MHJACCARD", 64, {{"mh_element_bit_width", "12"}}, "multiple of 8"},
        {"BIN_FLAT", x, "MHJACCARD", 64, {}, "does not support metric type: MHJACCARD"},
        {"AUTOINDEX", x, "MHJACCARD", 64, {}, ""},
        {"GPU_CAGRA", f, "L2", 4, {}, "index type GPU_CAGRA is not supported by this server"},
        {"hnsw", f, "L2", 4, {}, "invalid index type: hnsw"},
        {"", f, "L2", 4, {}, "invalid index type: "},
    };
    for (const BuildCase& c : cases) {
        const base::Status status =
            ValidateBuildParams(c.index_type, c.type, c.metric, c.dim, c.params);
        EXPECT_EQ(status.ok(), c.phrase.empty()) << c.index_type << ": " << status.reason();
        if (!c.phrase.empty()) {
            EXPECT_EQ(status.code(), base::Code::kInvalidParameter);
            EXPECT_NE(status.reason().find(c.phrase), std::string::npos)
                << status.reason() << " lacks " << c.phrase;
        }
    }
}

struct SearchCase {
    std::string index_type;
    Metric metric;
    size_t k;
    ParamMap params;
    std::string phrase;
};

TEST(Family, SearchParamsAreCheckedWithMilvusWords) {
    const std::vector<SearchCase> cases = {
        {"FLAT", Metric::kL2, 10, {{"ef", "1"}, {"nprobe", "x"}}, ""},
        {"HNSW", Metric::kL2, 10, {}, ""},
        {"HNSW", Metric::kL2, 10, {{"ef", "10"}}, ""},
        {"HNSW", Metric::kL2, 11, {{"ef", "10"}}, "ef(10) should be larger than k(11)"},
        {"HNSW", Metric::kL2, 1, {{"ef", "0"}}, "param 'ef' (0) should be in range [1, "},
        {"HNSW", Metric::kL2, 1, {{"ef", "big"}}, "param 'ef' (big) should be integer"},
        {"HNSW", Metric::kL2, 0, {}, "param 'k' (0) should be in range [1, "},
        {"AUTOINDEX", Metric::kL2, 11, {{"ef", "10"}}, ""},
        {"AUTOINDEX", Metric::kL2, 11, {{"level", "3"}}, ""},
        {"HNSW", Metric::kL2, 9, {{"radius", "2.5"}, {"range_filter", "1"}}, ""},
        {"HNSW",
         Metric::kL2,
         9,
         {{"radius", "1"}, {"range_filter", "2"}},
         "range_filter must be less than radius for L2/HAMMING/JACCARD, got range_filter 2"},
        {"HNSW", Metric::kIp, 9, {{"radius", "1"}, {"range_filter", "2"}}, ""},
        {"HNSW",
         Metric::kIp,
         9,
         {{"radius", "2"}, {"range_filter", "1"}},
         "range_filter must be greater than radius for IP/COSINE"},
        {"HNSW", Metric::kIp, 9, {{"range_filter", "1"}}, "radius is required"},
        {"HNSW", Metric::kIp, 9, {{"radius", "far"}}, "param 'radius' (far) should be a number"},
        {"AISAQ", Metric::kIp, 9, {}, "not supported by this server"},
        {"IVF_FLAT", Metric::kL2, 9, {{"nprobe", "65536"}}, ""},
        {"IVF_FLAT", Metric::kL2, 9, {{"nprobe", "0"}}, "should be in range [1, 65536]"},
        {"IVF_PQ", Metric::kL2, 9, {{"refine_k", "2.5"}}, ""},
        {"IVF_PQ", Metric::kL2, 9, {{"refine_k", "0.9"}}, "should be in range [1.0"},
        {"SCANN", Metric::kL2, 9, {{"reorder_k", "9"}}, ""},
        {"SCANN", Metric::kL2, 9, {{"reorder_k", "8"}}, "reorder_k(8) should be larger than k(9)"},
        {"IVF_RABITQ", Metric::kL2, 9, {{"rbq_bits_query", "9"}}, "in range [0, 8]"},
        {"IVF_RABITQ_FASTSCAN", Metric::kL2, 9, {{"rbq_bits_query", "4"}}, "in range [0, 0]"},
        {"MINHASH_LSH", Metric::kMhJaccard, 9, {{"mh_search_with_jaccard", "7"}}, "boolean"},
        {"SPARSE_WAND", Metric::kIp, 9, {{"drop_ratio_search", "0.3"}}, ""},
        {"SPARSE_WAND",
         Metric::kIp,
         9,
         {{"drop_ratio_search", "1.0"}},
         "param 'drop_ratio_search' (1.0) should be in range [0.000000, 1.000000)"},
        {"AUTOINDEX", Metric::kIp, 9, {{"drop_ratio_search", "-1"}}, "should be in range"},
        {"SPARSE_WAND", Metric::kIp, 9, {{"refine_factor", "0"}}, "should be in range [1, "},
        {"SPARSE_WAND", Metric::kIp, 9, {{"dim_max_score_ratio", "1.3"}}, ""},
        {"SPARSE_WAND", Metric::kIp, 9, {{"dim_max_score_ratio", "0.4"}}, "should be in range"},
        {"SPARSE_WAND", Metric::kIp, 9, {{"search_algo", "INHERIT"}}, ""},
        {"SPARSE_WAND", Metric::kIp, 9, {{"search_algo", "none"}}, "should be one of [INHERIT, "},
        {"BIN_FLAT",
         Metric::kHamming,
         9,
         {{"radius", "1"}, {"range_filter", "2"}},
         "range_filter must be less than radius for L2/HAMMING/JACCARD, got range_filter 2"},
    };
    for (const SearchCase& c : cases) {
        const base::Status status = ValidateSearchParams(c.index_type, c.metric, c.k, c.params);
        EXPECT_EQ(status.ok(), c.phrase.empty()) << c.index_type << ": " << status.reason();
        if (!c.phrase.empty()) {
            EXPECT_EQ(status.code(), base::Code::kInvalidParameter);
            EXPECT_NE(status.reason().find(c.phrase), std::string::npos)
                << status.reason() << " lacks " << c.phrase;
        }
    }
}

TEST(Family, ParsedRangeAndParamsReachTheSearch) {
    auto parsed = ParseSearchParams("HNSW", Metric::kL2, 5,
                                    {{"ef", "64"}, {"radius", "\"4.5\""}, {"range_filter", "1e0"}});
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed->k, 5u);
    EXPECT_EQ(parsed->radius, 4.5f);
    EXPECT_EQ(parsed->range_filter, 1.0f);
    EXPECT_EQ(parsed->params.at("ef"), "64");
}

TEST(Family, TheTableNamesWhatIsBuilt) {
    for (const char* name : {"FLAT", "BIN_FLAT", "HNSW", "SPARSE_INVERTED_INDEX", "SPARSE_WAND",
                             "AUTOINDEX", "IVF_FLAT", "BIN_IVF_FLAT", "IVF_SQ8", "IVF_SQ", "IVF_PQ",
                             "SCANN", "IVF_RABITQ", "IVF_RABITQ_FASTSCAN", "MINHASH_LSH"}) {
        ASSERT_NE(FindFamily(name), nullptr);
        EXPECT_FALSE(IsKnownButUnsupported(name));
    }
    EXPECT_EQ(FindFamily("HNSW")->build_params[0].default_text, std::to_string(kHnswMDefault));
    EXPECT_EQ(FindFamily("HNSW")->build_params[1].default_text,
              std::to_string(kHnswEfConstructionDefault));
    EXPECT_EQ(DefaultMetric(VectorType::kFloat), Metric::kCosine);
    EXPECT_EQ(DefaultMetric(VectorType::kBinary), Metric::kHamming);
    EXPECT_EQ(DefaultMetric(VectorType::kSparseFloat), Metric::kIp);
    EXPECT_EQ(DefaultMetric(VectorType::kInt8), Metric::kCosine);
}

}  // namespace
}  // namespace elanus::vindex
