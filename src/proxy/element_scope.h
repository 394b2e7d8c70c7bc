// element_scope: hits that are elements of a struct array become hits that are rows, so that a
// hybrid search can fuse them with lists of rows (API map 5.6).
//
//   {"collapse": {"strategy": "max" | "sum" | "avg" | "topk_sum" | "topk_avg", "topk": n}}
//
// A row's score is made of its elements in the list: the best of them, their sum or average, or
// that of its n best. Without an element_scope it is the best.
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "proxy/api.h"
#include "roles/read.h"
#include "vindex/metric.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace elanus::proxy {

enum class CollapseKind : uint8_t { kMax, kSum, kAverage };

struct ElementCollapse {
    CollapseKind kind = CollapseKind::kMax;
    size_t best = 0;  // of so many elements of a row; 0 = of all
};

// The element_scope among the parameters of a list, as written; absent when there is none. 1100 for
// what is none.
base::Result<std::optional<ElementCollapse>> ReadElementScope(const KeyValues& shaping);
// Sums of distances say nothing about rows with different numbers of elements: 1100.
base::Status CheckElementScope(const ElementCollapse& collapse, vindex::Metric metric);

// One hit a row of each query, best first, at its best element.
roles::SearchResponse CollapseElements(const ElementCollapse& collapse, vindex::Metric metric,
                                       roles::SearchResponse hits);

}  // namespace elanus::proxy
