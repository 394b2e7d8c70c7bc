// Families: the index types by their Milvus names, what each takes, and the way to build and open
// one. The table is the one place that knows them all; a new family is one more entry.
#pragma once

#include "base/status.h"
#include "vindex/index.h"
#include "vindex/param.h"

#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace elanus::sys {
class File;
}

namespace elanus::vindex {

// A vector type that a family takes, and the metrics it then has.
struct TypeMetrics {
    VectorType type = VectorType::kFloat;
    std::span<const Metric> metrics;
};

struct Family {
    std::string_view name;
    std::span<const TypeMetrics> types;
    std::span<const ParamSpec> build_params;
    std::span<const ParamSpec> search_params;
    base::Result<std::unique_ptr<Index>> (*build)(const BuildParams&, const BuildInput&);
    // What depends on more than one value; null: nothing does. The specs have been checked.
    base::Status (*check_build)(std::string_view index_type, VectorType type, int64_t dim,
                                const ParamMap& params) = nullptr;
    base::Status (*check_search)(std::string_view index_type, size_t k,
                                 const ParamMap& params) = nullptr;
};

// Null when the name is unknown or the family is not built here.
const Family* FindFamily(std::string_view index_type);
std::span<const Family> Families();
// True for names of Milvus that this program does not build.
bool IsKnownButUnsupported(std::string_view index_type);

// The metric a vector field gets when none is named.
Metric DefaultMetric(VectorType type);
// The same for lists of vectors of this type.
Metric DefaultListMetric(VectorType type);

// The refusal of a metric that vectors of the type do not have, in Milvus' words.
base::Status UnsupportedMetric(VectorType type, std::string_view metric);

// What CreateIndex must refuse, with Milvus' codes and phrases. `metric` is the name as given;
// empty means the default for AUTOINDEX and an error otherwise. `params` holds the family's own
// parameters; index_type, metric_type, mmap.enabled and the like are skipped. Sparse vectors have
// no `dim`. With a list metric the index is over lists of such vectors.
base::Status ValidateBuildParams(std::string_view index_type, VectorType type,
                                 std::string_view metric, int64_t dim, const ParamMap& params);

// What a search must refuse (ef below k, a range that is none ...), and the parsed form: k, params,
// radius and range_filter are filled in; filter and interrupt are the caller's.
base::Result<SearchParams> ParseSearchParams(std::string_view index_type, Metric metric, size_t k,
                                             const ParamMap& params);
inline base::Status ValidateSearchParams(std::string_view index_type, Metric metric, size_t k,
                                         const ParamMap& params) {
    return ParseSearchParams(index_type, metric, k, params).status();
}

// Validates and builds.
base::Result<std::unique_ptr<Index>> BuildIndex(const BuildParams& params, const BuildInput& input);
// Opens the same file for reads past the page cache.
using DirectOpener = std::function<base::Result<std::unique_ptr<sys::File>>()>;
// Opens the file of any family in place; nothing is read but frame and description. Families that
// keep their rows on disk ask `open_direct` for a file to read them from (and then read what they
// keep in memory at once); without it they use them where they are mapped.
base::Result<std::unique_ptr<Index>> OpenIndex(base::Buffer file,
                                               const DirectOpener& open_direct = {});

}  // namespace elanus::vindex
