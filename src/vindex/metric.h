// Metrics and vector types, with Milvus' names, numbers and order.
//
// Scores are what a client sees: L2 squared (smaller is better), inner product and cosine (larger
// is better; cosine within [-1, 1]); HAMMING and JACCARD are distances; SUBSTRUCTURE and
// SUPERSTRUCTURE give 0 and are hits only where the structure holds. Inside the engine every metric
// is a cost, smaller is better (vectors.h), so that one walk and one heap serve all.
//
// The MAX_SIM metrics compare lists of vectors: for each vector of the query the best score of any
// vector of the row, by the element metric, added up (late interaction: Khattab and Zaharia,
// ColBERT, SIGIR 2020). Of distances the best is the smallest, and so is the best sum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace elanus::vindex {

// Numbers are stored in index files. Those above kSuperstructure are known by name and not built
// here.
enum class Metric : uint32_t {
    kL2 = 0,
    kIp = 1,
    kCosine = 2,
    kHamming = 3,
    kJaccard = 4,
    kSubstructure = 5,
    kSuperstructure = 6,
    kMhJaccard = 7,
    kBm25 = 8,
    kMaxSim = 9,  // also called MAX_SIM_COSINE
    kMaxSimIp = 10,
    kMaxSimL2 = 11,
    kMaxSimHamming = 12,
    kMaxSimJaccard = 13,
};

// Numbers of milvus.proto.schema.DataType.
enum class VectorType : uint32_t {
    kBinary = 100,
    kFloat = 101,
    kFloat16 = 102,
    kBFloat16 = 103,
    kSparseFloat = 104,
    kInt8 = 105,
    kArrayOfVector = 106,
};

// "L2", "IP", "COSINE" ... Names are matched without regard to case.
std::string_view MetricName(Metric metric);
std::optional<Metric> MetricFromName(std::string_view name);
// "FloatVector" ...
std::string_view VectorTypeName(VectorType type);

// True for metrics whose larger score is the better one.
constexpr bool LargerIsBetter(Metric metric) {
    switch (metric) {
        case Metric::kL2:
        case Metric::kHamming:
        case Metric::kJaccard:
        case Metric::kSubstructure:
        case Metric::kSuperstructure:
        case Metric::kMaxSimL2:
        case Metric::kMaxSimHamming:
        case Metric::kMaxSimJaccard:
            return false;
        default:
            return true;
    }
}
// True for metrics that say yes (0) or no (1) of a row; only rows with yes are hits.
constexpr bool IsStructureTest(Metric metric) {
    return metric == Metric::kSubstructure || metric == Metric::kSuperstructure;
}
// True for metrics that compare lists of vectors.
constexpr bool IsListMetric(Metric metric) {
    return metric >= Metric::kMaxSim && metric <= Metric::kMaxSimJaccard;
}
// What a list metric compares two vectors by; other metrics compare by themselves.
constexpr Metric ElementMetric(Metric metric) {
    switch (metric) {
        case Metric::kMaxSim:
            return Metric::kCosine;
        case Metric::kMaxSimIp:
            return Metric::kIp;
        case Metric::kMaxSimL2:
            return Metric::kL2;
        case Metric::kMaxSimHamming:
            return Metric::kHamming;
        case Metric::kMaxSimJaccard:
            return Metric::kJaccard;
        default:
            return metric;
    }
}
constexpr bool BetterThan(Metric metric, float a, float b) {
    return LargerIsBetter(metric) ? a > b : a < b;
}

}  // namespace elanus::vindex
