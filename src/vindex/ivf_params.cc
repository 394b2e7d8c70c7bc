#include "vindex/ivf_params.h"

#include <algorithm>
#include <string>

namespace elanus::vindex {
namespace {

// AUTOINDEX answers up to a million rows: it scores a few times as many as it answers with.
constexpr size_t kAutomaticProbes = 24;
constexpr size_t kAutomaticRowsPerHit = 4;

IvfKind KindOf(std::string_view index_type) {
    if (index_type == "IVF_FLAT" || index_type == "BIN_IVF_FLAT") {
        return IvfKind::kFlat;
    }
    if (index_type == "IVF_PQ") {
        return IvfKind::kProduct;
    }
    if (index_type == "SCANN") {
        return IvfKind::kScann;
    }
    if (index_type == "IVF_RABITQ") {
        return IvfKind::kRabitq;
    }
    return index_type == "IVF_RABITQ_FASTSCAN" ? IvfKind::kRabitqFastscan : IvfKind::kScalar;
}

uint32_t Uint(const ParamMap& params, const std::string& name, int64_t fallback) {
    return static_cast<uint32_t>(IntParam(params, name).value_or(fallback));
}

RefineKind RefineOf(const BuildParams& params) {
    const std::string type = WordParam(params.params, "refine_type");
    if (!BoolParam(params.params, "refine").value_or(false)) {
        return RefineKind::kNone;
    }
    if (type == "SQ6" || type == "SQ8") {
        return type == "SQ6" ? RefineKind::kSq6 : RefineKind::kSq8;
    }
    // Numbers of 16 bits and less are their own finest form.
    if (type == "FP16" && params.vector_type == VectorType::kFloat) {
        return RefineKind::kFloat16;
    }
    return type == "BF16" && params.vector_type == VectorType::kFloat ? RefineKind::kBFloat16
                                                                      : RefineKind::kRaw;
}

base::Status Indivisible(std::string_view what, int64_t dim, std::string_view name, int64_t value) {
    return base::InvalidParameter("The dimension of a vector (dim) should be a multiple of " +
                                  std::string(what) + ". Dimension:" + std::to_string(dim) + ", " +
                                  std::string(name) + ":" + std::to_string(value));
}

}  // namespace

IvfSpec ReadIvfSpec(const BuildParams& params, uint64_t seed) {
    const ParamMap& given = params.params;
    IvfSpec spec;
    spec.kind = KindOf(params.index_type);
    spec.automatic = params.index_type == "AUTOINDEX";
    spec.lists = Uint(given, "nlist", kListsDefault);
    spec.refine = RefineOf(params);
    spec.seed = seed;
    if (spec.kind == IvfKind::kScalar) {
        const std::string type = WordParam(given, "sq_type");
        spec.bits = type == "SQ4" ? 4 : type == "SQ6" ? 6 : 8;
    } else if (spec.kind == IvfKind::kProduct) {
        spec.bits = Uint(given, "nbits", 8);
        spec.parts = Uint(given, "m", 1);
    } else if (spec.kind == IvfKind::kScann) {
        spec.bits = 4;
        spec.parts = params.dim / Uint(given, "sub_dim", 2);
        spec.refine =
            BoolParam(given, "with_raw_data").value_or(true) ? RefineKind::kRaw : RefineKind::kNone;
    } else if (spec.kind == IvfKind::kRabitq) {
        spec.bits = Uint(given, "rbq_bits", 1);
    } else if (spec.kind == IvfKind::kRabitqFastscan) {
        spec.bits = 1;
    }
    return spec;
}

std::string_view IvfName(const IvfSpec& spec, VectorType type) {
    if (spec.automatic) {
        return "AUTOINDEX";
    }
    switch (spec.kind) {
        case IvfKind::kFlat:
            return type == VectorType::kBinary ? "BIN_IVF_FLAT" : "IVF_FLAT";
        case IvfKind::kScalar:
            return "IVF_SQ8";
        case IvfKind::kProduct:
            return "IVF_PQ";
        case IvfKind::kScann:
            return "SCANN";
        case IvfKind::kRabitq:
            return "IVF_RABITQ";
        case IvfKind::kRabitqFastscan:
            return "IVF_RABITQ_FASTSCAN";
    }
    return "";
}

IvfSearch ReadIvfSearch(const IvfSpec& spec, const SearchParams& params) {
    const ParamMap& given = params.params;
    IvfSearch search;
    search.nprobe = static_cast<size_t>(
        IntParam(given, "nprobe")
            .value_or(spec.automatic ? static_cast<int64_t>(kAutomaticProbes) : kProbesDefault));
    search.ensure_full = BoolParam(given, "ensure_topk_full").value_or(true);
    search.empty_max = Uint(given, "max_empty_result_buckets", 2);
    search.rows_min = spec.automatic ? kAutomaticRowsPerHit * params.k : params.k;
    if (spec.kind == IvfKind::kScann) {
        search.kept = Uint(given, "reorder_k", static_cast<int64_t>(params.k));
    } else {
        search.kept = static_cast<size_t>(NumberParam(given, "refine_k").value_or(1.0) *
                                          static_cast<double>(params.k));
    }
    return search;
}

base::Status CheckIvfBuild(std::string_view index_type, VectorType type, int64_t dim,
                           const ParamMap& params) {
    (void)type;
    const IvfKind kind = KindOf(index_type);
    if (kind == IvfKind::kProduct) {
        const std::optional<int64_t> m = IntParam(params, "m");
        if (!m.has_value()) {
            return base::InvalidParameter(
                "param 'm' is missing: index IVF_PQ needs the number of parts of a vector");
        }
        if (dim % *m != 0) {
            return Indivisible("the number of subquantizers (m)", dim, "m", *m);
        }
    }
    if (kind == IvfKind::kScann) {
        const int64_t sub_dim = IntParam(params, "sub_dim").value_or(2);
        if (dim % sub_dim != 0) {
            return Indivisible("sub_dim", dim, "sub_dim", sub_dim);
        }
    }
    return base::Status();
}

base::Status CheckIvfSearch(std::string_view index_type, size_t k, const ParamMap& params) {
    const std::optional<int64_t> reorder = IntParam(params, "reorder_k");
    if (index_type == "SCANN" && reorder.has_value() && static_cast<size_t>(*reorder) < k) {
        return base::InvalidParameter("reorder_k(" + std::to_string(*reorder) +
                                      ") should be larger than k(" + std::to_string(k) + ")");
    }
    return base::Status();
}

}  // namespace elanus::vindex
