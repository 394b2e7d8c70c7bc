#include "vindex/family.h"

#include "codec/envelope.h"
#include "vindex/block_graph.h"
#include "vindex/build_progress.h"
#include "vindex/coded_hnsw.h"
#include "vindex/disk_blocks.h"
#include "vindex/disk_graph.h"
#include "vindex/flat.h"
#include "vindex/hnsw.h"
#include "vindex/ivf_index.h"
#include "vindex/lean_index.h"
#include "vindex/list_index.h"
#include "vindex/minhash_index.h"
#include "vindex/sparse_index.h"
#include "vindex/term_index.h"
#include "vindex/window_index.h"

#include <algorithm>
#include <cmath>

namespace elanus::vindex {
namespace {

constexpr Metric kDenseMetrics[] = {Metric::kL2, Metric::kIp, Metric::kCosine};
constexpr Metric kBitMetrics[] = {Metric::kHamming, Metric::kJaccard, Metric::kSubstructure,
                                  Metric::kSuperstructure};
constexpr Metric kNearBitMetrics[] = {Metric::kHamming, Metric::kJaccard};
constexpr Metric kMinhashMetrics[] = {Metric::kMhJaccard};
constexpr Metric kAutomaticBitMetrics[] = {Metric::kHamming, Metric::kJaccard, Metric::kMhJaccard};
constexpr Metric kSparseMetrics[] = {Metric::kIp, Metric::kBm25};

constexpr TypeMetrics kFlatTypes[] = {
    {VectorType::kFloat, kDenseMetrics},    {VectorType::kFloat16, kDenseMetrics},
    {VectorType::kBFloat16, kDenseMetrics}, {VectorType::kInt8, kDenseMetrics},
    {VectorType::kBinary, kBitMetrics},
};
constexpr TypeMetrics kBinaryFlatTypes[] = {{VectorType::kBinary, kBitMetrics}};
constexpr TypeMetrics kHnswTypes[] = {
    {VectorType::kFloat, kDenseMetrics},    {VectorType::kFloat16, kDenseMetrics},
    {VectorType::kBFloat16, kDenseMetrics}, {VectorType::kInt8, kDenseMetrics},
    {VectorType::kBinary, kNearBitMetrics},
};
constexpr TypeMetrics kNumberTypes[] = {
    {VectorType::kFloat, kDenseMetrics},
    {VectorType::kFloat16, kDenseMetrics},
    {VectorType::kBFloat16, kDenseMetrics},
    {VectorType::kInt8, kDenseMetrics},
};
constexpr TypeMetrics kFloatTypes[] = {
    {VectorType::kFloat, kDenseMetrics},
    {VectorType::kFloat16, kDenseMetrics},
    {VectorType::kBFloat16, kDenseMetrics},
};
constexpr TypeMetrics kNearBinaryTypes[] = {{VectorType::kBinary, kNearBitMetrics}};
constexpr TypeMetrics kMinhashTypes[] = {{VectorType::kBinary, kMinhashMetrics}};
constexpr TypeMetrics kSparseTypes[] = {{VectorType::kSparseFloat, kSparseMetrics}};
constexpr TypeMetrics kAutomaticTypes[] = {
    {VectorType::kFloat, kDenseMetrics},         {VectorType::kFloat16, kDenseMetrics},
    {VectorType::kBFloat16, kDenseMetrics},      {VectorType::kInt8, kDenseMetrics},
    {VectorType::kBinary, kAutomaticBitMetrics}, {VectorType::kSparseFloat, kSparseMetrics},
};

constexpr ParamSpec kHnswM = {"M", ParamKind::kInt, kHnswMMin, kHnswMMax, "30"};
constexpr ParamSpec kEfConstruction = {"efConstruction", ParamKind::kInt, 1, kIntMax, "360"};
constexpr ParamSpec kEf = {"ef", ParamKind::kInt, 1, kIntMax, ""};
constexpr ParamSpec kNoFallback = {"disable_fallback_brute_force", ParamKind::kBool, 0, 1, "false"};
constexpr ParamSpec kHnswSearch[] = {kEf, kNoFallback};

constexpr std::string_view kSparseAlgorithms[] = {
    "TAAT_NAIVE", "DAAT_WAND", "DAAT_MAXSCORE", "BLOCK_MAX_MAXSCORE", "BLOCK_MAX_WAND", "SINDI"};
constexpr std::string_view kSparseSearchAlgorithms[] = {
    "INHERIT",        "TAAT_NAIVE", "DAAT_WAND", "DAAT_MAXSCORE", "BLOCK_MAX_MAXSCORE",
    "BLOCK_MAX_WAND", "SINDI"};
constexpr std::string_view kProductQuantTypes[] = {"fp16", "fp32"};
constexpr std::string_view kBm25QuantTypes[] = {"u16", "u32"};
constexpr std::string_view kSparseCodecs[] = {"block_streamvbyte", "block_maskedvbyte"};

constexpr ParamSpec Ratio(std::string_view name, double low, double high, bool high_open,
                          std::string_view default_text) {
    return {name, ParamKind::kNumber, 0, 0, default_text, low, high, high_open, {}};
}
constexpr ParamSpec Choice(std::string_view name, std::span<const std::string_view> choices,
                           std::string_view default_text) {
    return {name, ParamKind::kChoice, 0, 0, default_text, 0, 0, false, choices};
}

constexpr ParamSpec kBm25K1 = Ratio("bm25_k1", 0, 3, false, "1.2");
constexpr ParamSpec kBm25B = Ratio("bm25_b", 0, 1, false, "0.75");
constexpr ParamSpec kBm25Average = Ratio("bm25_avgdl", 1, 1e9, false, "100");
constexpr ParamSpec Word(std::string_view name, std::span<const std::string_view> choices,
                         std::string_view default_text) {
    return {name, ParamKind::kWord, 0, 0, default_text, 0, 0, false, choices};
}

// Ours: the compact form is a block graph of fewer bytes (block_layout.h), the lean form keeps
// quantised rows only (lean_graph.h).
constexpr std::string_view kHnswForms[] = {"FAST", "COMPACT", "LEAN"};
constexpr ParamSpec kHnswForm = Word("form", kHnswForms, "fast");
constexpr ParamSpec kHnswBuild[] = {kHnswM, kEfConstruction, kHnswForm};

// Quantised families.
constexpr std::string_view kHnswSqTypes[] = {"SQ4U", "SQ6", "SQ8", "FP16", "BF16"};
constexpr std::string_view kHnswRefineTypes[] = {"SQ4U", "SQ6",  "SQ8", "FP16",
                                                 "BF16", "FP32", "FLAT"};
constexpr ParamSpec kRefine = {"refine", ParamKind::kBool, 0, 1, "false"};
constexpr ParamSpec kHnswRefineType = Word("refine_type", kHnswRefineTypes, "flat");
constexpr ParamSpec kParts = {"m", ParamKind::kInt, 1, 65536, "32"};
constexpr ParamSpec kPartBits = {"nbits", ParamKind::kInt, 1, kProductBitsMax, "8"};
constexpr ParamSpec kHnswSqBuild[] = {
    kHnswM, kEfConstruction, Word("sq_type", kHnswSqTypes, "SQ8"), kRefine, kHnswRefineType,
};
constexpr ParamSpec kHnswPqBuild[] = {
    kHnswM, kEfConstruction, kParts, kPartBits, kRefine, kHnswRefineType,
};
constexpr ParamSpec kHnswPrqBuild[] = {
    kHnswM,          kEfConstruction, {"m", ParamKind::kInt, 1, 65536, "2"},
    kPartBits,       kRefine,         {"nrq", ParamKind::kInt, 1, kProductStagesMax, "2"},
    kHnswRefineType,
};
constexpr ParamSpec kRefineK = Ratio("refine_k", 1, kIntMax, false, "1");
constexpr ParamSpec kCodedHnswSearch[] = {kEf, kNoFallback, kRefineK};

constexpr ParamSpec kSearchListSize = {"search_list_size", ParamKind::kInt, 1, kIntMax, "100"};
constexpr double kBudgetMax = 1e9;
constexpr ParamSpec kDiskBuild[] = {
    {"max_degree", ParamKind::kInt, 1, 2048, "56"},
    kSearchListSize,
    Ratio("pq_code_budget_gb", 0, kBudgetMax, false, "0"),
    Ratio("pq_code_budget_gb_ratio", 0, 1, false, "0.125"),
    Ratio("build_dram_budget_gb", 0, kBudgetMax, false, "0"),
    {"disk_pq_dims", ParamKind::kInt, 0, 0, "0"},  // rows on disk are whole
    Ratio("search_cache_budget_gb", 0, kBudgetMax, false, "0"),
    Ratio("search_cache_budget_gb_ratio", 0, 1, false, "0.1"),
    {"accelerate_build", ParamKind::kBool, 0, 1, "false"},
    {"warm_up", ParamKind::kBool, 0, 1, "false"},
    {"use_bfs_cache", ParamKind::kBool, 0, 1, "false"},
};
constexpr ParamSpec kDiskSearch[] = {
    {"search_list", ParamKind::kInt, 1, kIntMax, ""},
    kSearchListSize,
    {"beamwidth", ParamKind::kInt, 1, kBeamWidthMax, "8"},
};

constexpr ParamSpec kSparseBuild[] = {
    Choice("inverted_index_algo", kSparseAlgorithms, "DAAT_MAXSCORE"),
    Ratio("drop_ratio_build", 0, 1, true, "0"),
    {"block_max_block_size", ParamKind::kInt, 1, kIntMax, "128"},
    Choice("inverted_index_codec", kSparseCodecs, "block_streamvbyte"),
    {"sindi_window_size", ParamKind::kInt, 1024, 65535, "65535"},
    kBm25K1,
    kBm25B,
    kBm25Average,
};
constexpr ParamSpec kAutomaticBuild[] = {kBm25K1, kBm25B, kBm25Average};
// By metric.
constexpr ParamSpec kProductQuantType[] = {Choice("quant_type", kProductQuantTypes, "fp32")};
constexpr ParamSpec kBm25QuantType[] = {Choice("quant_type", kBm25QuantTypes, "u32")};
constexpr ParamSpec kDropRatio = Ratio("drop_ratio_search", 0, 1, true, "0");
constexpr ParamSpec kRefineFactor = {"refine_factor", ParamKind::kInt, 1, kIntMax, "1"};
constexpr ParamSpec kSparseSearch[] = {
    kDropRatio,
    kRefineFactor,
    Ratio("dim_max_score_ratio", 0.5, 1.3, false, "1.05"),
    Choice("search_algo", kSparseSearchAlgorithms, "INHERIT"),
};
constexpr ParamSpec kMinhashBuild[] = {
    {"mh_element_bit_width", ParamKind::kInt, kElementBitsMin, kElementBitsMax, "8"},
    {"mh_lsh_band", ParamKind::kInt, 1, kIntMax, "1"},
    {"mh_lsh_aligned_block_size", ParamKind::kInt, 4096, kIntMax, "4096"},
    {"with_raw_data", ParamKind::kBool, 0, 1, "false"},
    {"mh_lsh_code_in_mem", ParamKind::kBool, 0, 1, "true"},
    {"mh_lsh_shared_bloom_filter", ParamKind::kBool, 0, 1, "false"},
    Ratio("mh_lsh_bloom_false_positive_prob", 0, 1, false, "0.01"),
};
constexpr ParamSpec kMinhashSearch[] = {
    {"mh_search_with_jaccard", ParamKind::kBool, 0, 1, "false"},
    {"refine_k", ParamKind::kNumber, 0, 0, "1", 1, 1e9, false, {}},
    {"mh_lsh_batch_search", ParamKind::kBool, 0, 1, "false"},
};
// Of whichever index stands behind it.
constexpr ParamSpec kAutomaticSearch[] = {kEf, kNoFallback, kDropRatio, kRefineFactor,
                                          ivf_specs::kProbes};

// Parameters of the request that belong to no family.
constexpr std::string_view kCommonParams[] = {
    "index_type", "metric_type", "dim", "mmap.enabled", "warmup", "num_build_thread", "query_mode",
};

constexpr std::string_view kNotBuilt[] = {
    "AISAQ",     "GPU_CAGRA",  "GPU_IVF_FLAT",   "GPU_IVF_PQ",         "GPU_BRUTE_FORCE",
    "SVS_FLAT",  "SVS_VAMANA", "SVS_VAMANA_LVQ", "SVS_VAMANA_LEANVEC", "FAISS",
    "SCANN_DVR",
};

// Three ways to be an HNSW: with codes of the neighbours in each node where that is faster (more of
// them or fewer), with plain lists over the vectors themselves everywhere else, and over quantised
// rows alone where memory is what counts.
base::Result<std::unique_ptr<Index>> BuildGraph(const BuildParams& params,
                                                const BuildInput& input) {
    const int64_t m = IntParam(params.params, "M").value_or(kHnswMDefault);
    if (WordParam(params.params, "form") == "LEAN" &&
        LeanGraph::Fits(params.vector_type, params.dim, m)) {
        return LeanIndex::Build(params, input);
    }
    return BlockGraphIndex::Fits(params.vector_type, params.dim, m)
               ? BlockGraphIndex::Build(params, input)
               : HnswIndex::Build(params, input);
}

// Products are searched by windows. Of BM25, rows that are counts of terms get compressed lists,
// others their values as they are.
base::Result<std::unique_ptr<Index>> BuildSparse(const BuildParams& params,
                                                 const BuildInput& input) {
    if (params.metric != Metric::kBm25) {
        return WindowIndex::Build(params, input);
    }
    return TermIndex::Fits(input) ? TermIndex::Build(params, input)
                                  : SparseIndex::Build(params, input);
}

// Numbers get a graph, or lists of 8-bit rows where a collection is for reads of very many rows
// (query_mode=large_topk): a graph would visit them one by one. Bits are scanned, which is exact
// and, at a bit a dimension, fast; signatures are looked up.
base::Result<std::unique_ptr<Index>> BuildAutomatic(const BuildParams& params,
                                                    const BuildInput& input) {
    if (params.vector_type == VectorType::kSparseFloat) {
        return BuildSparse(params, input);
    }
    if (params.metric == Metric::kMhJaccard) {
        return MinhashIndex::Build(params, input);
    }
    if (params.vector_type == VectorType::kBinary) {
        return FlatIndex::Build(params, input);
    }
    BuildParams expanded = params;
    if (WordParam(params.params, "query_mode") == "LARGE_TOPK" &&
        params.vector_type != VectorType::kInt8) {
        expanded.params = {{"nlist", "128"}};
        return IvfIndex::Build(expanded, input);
    }
    expanded.params = {{"M", "18"}, {"efConstruction", "240"}};
    return BuildGraph(expanded, input);
}

base::Result<std::unique_ptr<Index>> BuildDisk(const BuildParams& params, const BuildInput& input) {
    return DiskBlocksIndex::Fits(params) ? DiskBlocksIndex::Build(params, input)
                                         : DiskGraphIndex::Build(params, input);
}

base::Status CheckMinhash(std::string_view index_type, VectorType type, int64_t dim,
                          const ParamMap& params) {
    (void)index_type;
    (void)type;
    return MinHashShape::Check(dim, params);
}

base::Status CheckParts(int64_t dim, int64_t m) {
    return dim % m == 0
               ? base::Status()
               : base::InvalidParameter("dimension must be able to be divided by `m`, dimension: " +
                                        std::to_string(dim) + ", m: " + std::to_string(m));
}

base::Status CheckHnswPq(std::string_view, VectorType, int64_t dim, const ParamMap& params) {
    return CheckParts(dim, IntParam(params, "m").value_or(kHnswPqMDefault));
}

base::Status CheckHnswPrq(std::string_view, VectorType, int64_t dim, const ParamMap& params) {
    return CheckParts(dim, IntParam(params, "m").value_or(kHnswPrqMDefault));
}

constexpr Family kFamilies[] = {
    {"FLAT", kFlatTypes, {}, {}, FlatIndex::Build},
    {"BIN_FLAT", kBinaryFlatTypes, {}, {}, FlatIndex::Build},
    {"HNSW", kHnswTypes, kHnswBuild, kHnswSearch, BuildGraph},
    {"HNSW_SQ", kNumberTypes, kHnswSqBuild, kCodedHnswSearch, CodedHnswIndex::Build},
    {"HNSW_PQ", kNumberTypes, kHnswPqBuild, kCodedHnswSearch, CodedHnswIndex::Build, CheckHnswPq},
    {"HNSW_PRQ", kNumberTypes, kHnswPrqBuild, kCodedHnswSearch, CodedHnswIndex::Build,
     CheckHnswPrq},
    {"DISKANN", kFloatTypes, kDiskBuild, kDiskSearch, BuildDisk},
    {"SPARSE_INVERTED_INDEX", kSparseTypes, kSparseBuild, kSparseSearch, BuildSparse},
    {"SPARSE_WAND", kSparseTypes, kSparseBuild, kSparseSearch, BuildSparse},
    {"IVF_FLAT", kNumberTypes, ivf_specs::kFlat, ivf_specs::kFlatSearch, IvfIndex::Build},
    {"BIN_IVF_FLAT", kNearBinaryTypes, ivf_specs::kFlat, ivf_specs::kFlatSearch, IvfIndex::Build},
    {"IVF_SQ8", kNumberTypes, ivf_specs::kScalar, ivf_specs::kCodedSearch, IvfIndex::Build},
    {"IVF_SQ", kNumberTypes, ivf_specs::kScalar, ivf_specs::kCodedSearch, IvfIndex::Build},
    {"IVF_PQ", kNumberTypes, ivf_specs::kProduct, ivf_specs::kCodedSearch, IvfIndex::Build,
     CheckIvfBuild},
    {"SCANN", kNumberTypes, ivf_specs::kScann, ivf_specs::kScannSearch, IvfIndex::Build,
     CheckIvfBuild, CheckIvfSearch},
    {"IVF_RABITQ", kFloatTypes, ivf_specs::kRabitq, ivf_specs::kRabitqSearch, IvfIndex::Build},
    {"IVF_RABITQ_FASTSCAN", kFloatTypes, ivf_specs::kFastscan, ivf_specs::kFastscanSearch,
     IvfIndex::Build},
    {"MINHASH_LSH", kMinhashTypes, kMinhashBuild, kMinhashSearch, MinhashIndex::Build,
     CheckMinhash},
    {"AUTOINDEX", kAutomaticTypes, kAutomaticBuild, kAutomaticSearch, BuildAutomatic},
};

const TypeMetrics* FindType(const Family& family, VectorType type) {
    for (const TypeMetrics& each : family.types) {
        if (each.type == type) {
            return &each;
        }
    }
    return nullptr;
}

bool IsCommon(std::string_view name) {
    return std::find(std::begin(kCommonParams), std::end(kCommonParams), name) !=
           std::end(kCommonParams);
}

// "float vector index does not support metric type: X": the kinds as Milvus words them.
std::string_view KindName(VectorType type) {
    switch (type) {
        case VectorType::kBinary:
            return "binary";
        case VectorType::kSparseFloat:
            return "sparse float";
        case VectorType::kInt8:
            return "int";
        default:
            return "float";
    }
}

base::Result<const Family*> FamilyFor(std::string_view index_type) {
    const Family* family = FindFamily(index_type);
    if (family != nullptr) {
        return family;
    }
    const std::string name(index_type);
    return base::InvalidParameter(IsKnownButUnsupported(index_type)
                                      ? "index type " + name + " is not supported by this server"
                                      : "invalid index type: " + name);
}

base::Status CheckMetric(const Family& family, const TypeMetrics& type, std::string_view name) {
    if (name.empty()) {
        return family.name == "AUTOINDEX"
                   ? base::Status()
                   : base::InvalidParameter("metric type not set for vector index");
    }
    const std::optional<Metric> metric = MetricFromName(name);
    if (!metric.has_value() ||
        std::find(type.metrics.begin(), type.metrics.end(), *metric) == type.metrics.end()) {
        return UnsupportedMetric(type.type, name);
    }
    return base::Status();
}

base::Status BadDimension(VectorType type, int64_t dim) {
    std::string text = "invalid dimension: " + std::to_string(dim);
    if (type == VectorType::kBinary) {
        text += dim % 8 != 0 ? ". binary vector dimension should be multiple of 8."
                             : ". should be in range 8 ~ " + std::to_string(kBinaryDimMax);
    } else {
        text += ". should be in range 2 ~ 32768";
    }
    return base::InvalidParameter(text);
}

// Names no parameter of this family may have: they belong to its quantised relatives.
base::Status CheckForeignParams(const Family& family, const ParamMap& params) {
    for (const auto& [name, value] : params) {
        if (IsCommon(name)) {
            continue;
        }
        if (family.name == "AUTOINDEX" && !name.starts_with("bm25_")) {
            return base::InvalidParameter("only metric type can be passed when use AutoIndex");
        }
        if (family.name == "HNSW" && name.starts_with("refine")) {
            return base::InvalidParameter("param '" + name + "' is not supported by index HNSW");
        }
    }
    return base::Status();
}

base::Status ReadFloat(const ParamMap& params, const std::string& name, std::optional<float>* out) {
    const auto found = params.find(name);
    if (found == params.end()) {
        return base::Status();
    }
    const std::optional<double> value = ParseNumber(found->second);
    if (!value.has_value() || std::isnan(*value)) {
        return base::InvalidParameter("Type conflict in json: param '" + name + "' (" +
                                      found->second + ") should be a number");
    }
    *out = static_cast<float>(*value);
    return base::Status();
}

base::Status ReadRange(Metric metric, const ParamMap& params, SearchParams* out) {
    RETURN_IF_ERROR(ReadFloat(params, "radius", &out->radius));
    RETURN_IF_ERROR(ReadFloat(params, "range_filter", &out->range_filter));
    if (!out->range_filter.has_value()) {
        return base::Status();
    }
    if (!out->radius.has_value()) {
        return base::InvalidParameter("radius is required when range_filter is given");
    }
    if (!BetterThan(metric, *out->range_filter, *out->radius)) {
        return base::InvalidParameter(
            std::string(LargerIsBetter(metric)
                            ? "range_filter must be greater than radius for IP/COSINE"
                            : "range_filter must be less than radius for L2/HAMMING/JACCARD") +
            ", got range_filter " + params.at("range_filter") + " and radius " +
            params.at("radius"));
    }
    return base::Status();
}

// A walk that keeps fewer rows than it is to answer. Of a range any number may be in it.
base::Status CheckEffort(const Family& family, const SearchParams& search) {
    const bool on_disk = family.name == "DISKANN";
    if (search.radius.has_value() || !(on_disk || family.name.starts_with("HNSW"))) {
        return base::Status();
    }
    for (const std::string name : {"ef", "search_list", "search_list_size"}) {
        const std::optional<int64_t> effort = IntParam(search.params, name);
        if ((name == "ef") != on_disk && effort.has_value() &&
            static_cast<size_t>(*effort) < search.k) {
            return base::InvalidParameter(name + "(" + std::to_string(*effort) +
                                          ") should be larger than k(" + std::to_string(search.k) +
                                          ")");
        }
    }
    return base::Status();
}

}  // namespace

const Family* FindFamily(std::string_view index_type) {
    for (const Family& family : kFamilies) {
        if (family.name == index_type) {
            return &family;
        }
    }
    return nullptr;
}

std::span<const Family> Families() {
    return kFamilies;
}

bool IsKnownButUnsupported(std::string_view index_type) {
    return std::find(std::begin(kNotBuilt), std::end(kNotBuilt), index_type) != std::end(kNotBuilt);
}

Metric DefaultMetric(VectorType type) {
    switch (type) {
        case VectorType::kBinary:
            return Metric::kHamming;
        case VectorType::kSparseFloat:
            return Metric::kIp;
        default:
            return Metric::kCosine;
    }
}

base::Status UnsupportedMetric(VectorType type, std::string_view metric) {
    return base::InvalidParameter(
        std::string(KindName(type)) +
        " vector index does not support metric type: " + std::string(metric));
}

Metric DefaultListMetric(VectorType type) {
    return type == VectorType::kBinary ? Metric::kMaxSimHamming : Metric::kMaxSim;
}

base::Status ValidateBuildParams(std::string_view index_type, VectorType type,
                                 std::string_view metric, int64_t dim, const ParamMap& params) {
    ASSIGN_OR_RETURN(const Family* family, FamilyFor(index_type));
    if (const auto listed = MetricFromName(metric); listed.has_value() && IsListMetric(*listed)) {
        return ValidateListParams(index_type, type, *listed, dim, params);
    }
    const TypeMetrics* known = FindType(*family, type);
    if (known == nullptr) {
        return base::InvalidParameter("data type " + std::string(VectorTypeName(type)) +
                                      " can't build with this index " + std::string(index_type));
    }
    RETURN_IF_ERROR(CheckForeignParams(*family, params));
    RETURN_IF_ERROR(CheckMetric(*family, *known, metric));
    if (type != VectorType::kSparseFloat && !IsDimension(type, dim)) {
        return BadDimension(type, dim);
    }
    if (type == VectorType::kSparseFloat) {
        const bool bm25 = MetricFromName(metric) == Metric::kBm25;
        RETURN_IF_ERROR(CheckParams(bm25 ? kBm25QuantType : kProductQuantType, params));
    }
    RETURN_IF_ERROR(CheckParams(family->build_params, params));
    return family->check_build != nullptr ? family->check_build(index_type, type, dim, params)
                                          : base::Status();
}

base::Result<SearchParams> ParseSearchParams(std::string_view index_type, Metric metric, size_t k,
                                             const ParamMap& params) {
    ASSIGN_OR_RETURN(const Family* family, FamilyFor(index_type));
    if (k == 0) {
        return base::InvalidParameter(
            "Out of range in json: param 'k' (0) should be in range [1, " +
            std::to_string(kIntMax) + "]");
    }
    RETURN_IF_ERROR(CheckParams(family->search_params, params));
    if (family->check_search != nullptr) {
        RETURN_IF_ERROR(family->check_search(index_type, k, params));
    }
    if (IsListMetric(metric)) {
        RETURN_IF_ERROR(CheckListSearch(params));
    }
    SearchParams parsed;
    parsed.k = k;
    parsed.params = params;
    RETURN_IF_ERROR(ReadRange(metric, params, &parsed));
    RETURN_IF_ERROR(CheckEffort(*family, parsed));
    return parsed;
}

base::Result<std::unique_ptr<Index>> BuildIndex(const BuildParams& params,
                                                const BuildInput& input) {
    RETURN_IF_ERROR(ValidateBuildParams(params.index_type, params.vector_type,
                                        MetricName(params.metric), params.dim, params.params));
    if (input.rows > kRowsMax) {
        return base::InvalidParameter("an index holds at most " + std::to_string(kRowsMax) +
                                      " rows");
    }
    if (params.vector_type == VectorType::kSparseFloat && input.rows > 0 &&
        input.offsets == nullptr) {
        return base::Internal("sparse vectors without their offsets");
    }
    RisingProgress progress(input.progress);
    BuildInput reporting = input;
    if (input.progress) {
        reporting.progress = [&progress](double share) { progress.Report(share); };
    }
    ASSIGN_OR_RETURN(auto index, IsListMetric(params.metric)
                                     ? ListIndex::Build(params, reporting)
                                     : FindFamily(params.index_type)->build(params, reporting));
    progress.Finish();
    return index;
}

base::Result<std::unique_ptr<Index>> OpenIndex(base::Buffer file, const DirectOpener& open_direct) {
    ASSIGN_OR_RETURN(const std::string format, codec::EnvelopeReader::FormatOf(file));
    if (format == kFlatFormat) {
        return FlatIndex::Open(std::move(file));
    }
    if (format == kSparseFormat) {
        return SparseIndex::Open(std::move(file));
    }
    if (format == kWindowFormat) {
        return WindowIndex::Open(std::move(file));
    }
    if (format == postings::kFormat) {
        return TermIndex::Open(std::move(file));
    }
    if (format == kHnswFormat) {
        return HnswIndex::Open(std::move(file));
    }
    if (format == kCodedHnswFormat) {
        return CodedHnswIndex::Open(std::move(file));
    }
    if (format == kDiskGraphFormat || format == kDiskBlocksFormat) {
        std::shared_ptr<sys::File> direct;
        if (open_direct) {
            ASSIGN_OR_RETURN(direct, open_direct());
        }
        return format == kDiskGraphFormat
                   ? DiskGraphIndex::Open(std::move(file), std::move(direct))
                   : DiskBlocksIndex::Open(std::move(file), std::move(direct));
    }
    if (format == kBlockGraphFormat) {
        return BlockGraphIndex::Open(std::move(file));
    }
    if (format == kLeanGraphFormat) {
        return LeanIndex::Open(std::move(file));
    }
    if (format == kIvfFormat) {
        return IvfIndex::Open(std::move(file));
    }
    if (format == kMinhashFormat) {
        return MinhashIndex::Open(std::move(file));
    }
    if (format == kListFormat) {
        return ListIndex::Open(std::move(file));
    }
    return base::Corruption("\"" + format + "\" is no vector index format");
}

}  // namespace elanus::vindex
