// Parameters of the inverted file families: what each takes (the family table names these specs),
// and their parsed form.
// Threads: pure.
#pragma once

#include "base/status.h"
#include "vindex/index.h"
#include "vindex/param.h"

#include <cstdint>
#include <string_view>

namespace elanus::vindex {

inline constexpr int64_t kListsMax = 65536;
inline constexpr int64_t kListsDefault = 128;
inline constexpr int64_t kProbesDefault = 8;
inline constexpr int64_t kPartsMax = 65536;

// Numbers are stored in index files.
enum class IvfKind : uint32_t {
    kFlat = 0,
    kScalar = 1,
    kProduct = 2,
    kScann = 3,
    kRabitq = 4,
    kRabitqFastscan = 5,
};

// The finer form that rows are kept in beside their codes. kRaw: as they were given.
enum class RefineKind : uint32_t {
    kNone = 0,
    kSq6 = 1,
    kSq8 = 2,
    kFloat16 = 3,
    kBFloat16 = 4,
    kRaw = 5,
};

struct IvfSpec {
    IvfKind kind = IvfKind::kFlat;
    uint32_t lists = 0;  // asked for; an index has no more lists than rows
    uint32_t bits = 0;   // a dimension (scalar, rabitq) or a part (product)
    uint32_t parts = 0;  // of a vector (product)
    RefineKind refine = RefineKind::kNone;
    bool automatic = false;  // built as AUTOINDEX
    uint64_t seed = 0;
};

// `params` have passed CheckParams() and CheckIvfBuild().
IvfSpec ReadIvfSpec(const BuildParams& params, uint64_t seed);
// "IVF_FLAT" ... "AUTOINDEX"
std::string_view IvfName(const IvfSpec& spec, VectorType type);

struct IvfSearch {
    size_t nprobe = 0;
    bool ensure_full = true;
    size_t empty_max = 0;
    size_t kept = 0;      // rows to refine
    size_t rows_min = 0;  // lists are visited until so many rows were scored
};
IvfSearch ReadIvfSearch(const IvfSpec& spec, const SearchParams& params);

// What depends on more than one value: refused with Knowhere's words.
base::Status CheckIvfBuild(std::string_view index_type, VectorType type, int64_t dim,
                           const ParamMap& params);
base::Status CheckIvfSearch(std::string_view index_type, size_t k, const ParamMap& params);

namespace ivf_specs {

inline constexpr std::string_view kSqTypes[] = {"SQ4", "SQ6", "SQ8"};
inline constexpr std::string_view kRefineTypes[] = {"SQ6", "SQ8", "FP16", "BF16", "FP32", "FLAT"};
inline constexpr std::string_view kExactTypes[] = {"FP32", "FLAT"};

inline constexpr ParamSpec Word(std::string_view name, std::span<const std::string_view> choices,
                                std::string_view default_text) {
    return {name, ParamKind::kWord, 0, 0, default_text, 0, 0, false, choices};
}
inline constexpr ParamSpec kLists = {"nlist", ParamKind::kInt, 1, kListsMax, "128"};
inline constexpr ParamSpec kElkan = {"use_elkan", ParamKind::kBool, 0, 1, "true"};
inline constexpr ParamSpec kRefine = {"refine", ParamKind::kBool, 0, 1, "false"};
inline constexpr ParamSpec kRefineType = Word("refine_type", kRefineTypes, "");

inline constexpr ParamSpec kFlat[] = {kLists, kElkan};
inline constexpr ParamSpec kScalar[] = {kLists, kElkan, Word("sq_type", kSqTypes, "SQ8"), kRefine,
                                        kRefineType};
inline constexpr ParamSpec kProduct[] = {kLists,
                                         kElkan,
                                         {"m", ParamKind::kInt, 1, kPartsMax, ""},
                                         {"nbits", ParamKind::kInt, 1, 24, "8"},
                                         kRefine,
                                         kRefineType};
inline constexpr ParamSpec kScann[] = {kLists,
                                       kElkan,
                                       {"with_raw_data", ParamKind::kBool, 0, 1, "true"},
                                       {"sub_dim", ParamKind::kInt, 1, kPartsMax, "2"}};
inline constexpr ParamSpec kRabitq[] = {
    kLists, kElkan, {"rbq_bits", ParamKind::kInt, 1, 9, "1"}, kRefine, kRefineType};
inline constexpr ParamSpec kFastscan[] = {kLists, kElkan, kRefine,
                                          Word("refine_type", kExactTypes, "")};

inline constexpr ParamSpec kProbes = {"nprobe", ParamKind::kInt, 1, kListsMax, "8"};
inline constexpr ParamSpec kEnsureFull = {"ensure_topk_full", ParamKind::kBool, 0, 1, "true"};
inline constexpr ParamSpec kEmptyMax = {"max_empty_result_buckets", ParamKind::kInt, 0, kListsMax,
                                        "2"};
inline constexpr ParamSpec kRefineK = {"refine_k", ParamKind::kNumber, 0, 0, "1", 1, 1e9, false,
                                       {}};

inline constexpr ParamSpec kFlatSearch[] = {kProbes, kEnsureFull, kEmptyMax};
inline constexpr ParamSpec kCodedSearch[] = {kProbes, kEnsureFull, kEmptyMax, kRefineK};
inline constexpr ParamSpec kScannSearch[] = {
    kProbes, kEnsureFull, kEmptyMax, {"reorder_k", ParamKind::kInt, 1, kIntMax, ""}};
inline constexpr ParamSpec kRabitqSearch[] = {
    kProbes, kEnsureFull, kEmptyMax, kRefineK, {"rbq_bits_query", ParamKind::kInt, 0, 8, "0"}};
inline constexpr ParamSpec kFastscanSearch[] = {
    kProbes, kEnsureFull, kEmptyMax, kRefineK, {"rbq_bits_query", ParamKind::kInt, 0, 0, "0"}};

}  // namespace ivf_specs

}  // namespace elanus::vindex
