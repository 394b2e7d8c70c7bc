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
        {"HNSW",
         VectorType::kInt8,
         "L2",
         4,
         {},
         "data type Int8Vector can't build with this index HNSW"},
        {"AUTOINDEX", f, "", 4, {}, ""},
        {"AUTOINDEX", f, "L2", 4, {{"mmap.enabled", "true"}}, ""},
        {"AUTOINDEX",
         f,
         "L2",
         4,
         {{"M", "16"}},
         "only metric type can be passed when use AutoIndex"},
        {"IVF_FLAT", f, "L2", 4, {}, "index type IVF_FLAT is not supported by this server"},
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
         "range_filter(2) should be less than radius(1)"},
        {"HNSW", Metric::kIp, 9, {{"radius", "1"}, {"range_filter", "2"}}, ""},
        {"HNSW",
         Metric::kIp,
         9,
         {{"radius", "2"}, {"range_filter", "1"}},
         "range_filter(1) should be larger than radius(2)"},
        {"HNSW", Metric::kIp, 9, {{"range_filter", "1"}}, "radius is required"},
        {"HNSW", Metric::kIp, 9, {{"radius", "far"}}, "param 'radius' (far) should be a number"},
        {"DISKANN", Metric::kIp, 9, {}, "not supported by this server"},
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
    for (const char* name : {"FLAT", "HNSW", "AUTOINDEX"}) {
        ASSERT_NE(FindFamily(name), nullptr);
        EXPECT_FALSE(IsKnownButUnsupported(name));
    }
    EXPECT_EQ(FindFamily("HNSW")->build_params[0].default_text, std::to_string(kHnswMDefault));
    EXPECT_EQ(FindFamily("HNSW")->build_params[1].default_text,
              std::to_string(kHnswEfConstructionDefault));
    EXPECT_EQ(DefaultMetric(VectorType::kFloat), Metric::kCosine);
    EXPECT_EQ(DefaultMetric(VectorType::kBinary), Metric::kHamming);
}

}  // namespace
}  // namespace elanus::vindex
