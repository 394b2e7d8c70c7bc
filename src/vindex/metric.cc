#include "vindex/metric.h"

#include <algorithm>
#include <utility>

namespace elanus::vindex {
namespace {

constexpr std::pair<Metric, std::string_view> kMetrics[] = {
    {Metric::kL2, "L2"},
    {Metric::kIp, "IP"},
    {Metric::kCosine, "COSINE"},
    {Metric::kHamming, "HAMMING"},
    {Metric::kJaccard, "JACCARD"},
    {Metric::kSubstructure, "SUBSTRUCTURE"},
    {Metric::kSuperstructure, "SUPERSTRUCTURE"},
    {Metric::kMhJaccard, "MHJACCARD"},
    {Metric::kBm25, "BM25"},
    {Metric::kMaxSim, "MAX_SIM_COSINE"},
    {Metric::kMaxSim, "MAX_SIM"},
    {Metric::kMaxSimIp, "MAX_SIM_IP"},
    {Metric::kMaxSimL2, "MAX_SIM_L2"},
    {Metric::kMaxSimHamming, "MAX_SIM_HAMMING"},
    {Metric::kMaxSimJaccard, "MAX_SIM_JACCARD"},
};

char Upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

std::string_view MetricName(Metric metric) {
    for (const auto& [value, name] : kMetrics) {
        if (value == metric) {
            return name;
        }
    }
    return "UNKNOWN";
}

std::optional<Metric> MetricFromName(std::string_view wanted) {
    for (const auto& [value, name] : kMetrics) {
        if (std::equal(name.begin(), name.end(), wanted.begin(), wanted.end(),
                       [](char a, char b) { return a == Upper(b); })) {
            return value;
        }
    }
    return std::nullopt;
}

std::string_view VectorTypeName(VectorType type) {
    switch (type) {
        case VectorType::kBinary:
            return "BinaryVector";
        case VectorType::kFloat:
            return "FloatVector";
        case VectorType::kFloat16:
            return "Float16Vector";
        case VectorType::kBFloat16:
            return "BFloat16Vector";
        case VectorType::kSparseFloat:
            return "SparseFloatVector";
        case VectorType::kInt8:
            return "Int8Vector";
        case VectorType::kArrayOfVector:
            return "ArrayOfVector";
    }
    return "UnknownVector";
}

}  // namespace elanus::vindex
