#include "proxy/element_scope.h"

#include "json/json.h"
#include "proxy/phrase.h"
#include "reduce/fusion.h"

#include <algorithm>
#include <map>

namespace elanus::proxy {

namespace {

struct Strategy {
    std::string_view name;
    CollapseKind kind;
    bool takes_best;
};
constexpr Strategy kStrategies[] = {
    {"max", CollapseKind::kMax, false},         {"sum", CollapseKind::kSum, false},
    {"avg", CollapseKind::kAverage, false},     {"topk_sum", CollapseKind::kSum, true},
    {"topk_avg", CollapseKind::kAverage, true},
};

base::Result<size_t> ReadBest(const json::Value& collapse, std::string_view strategy) {
    const json::Value* given = collapse.Find("topk");
    const int64_t* best = given == nullptr ? nullptr : given->int64_if();
    if (best == nullptr || *best < 1) {
        return Invalid("element_scope collapse strategy ", strategy,
                       " needs a topk that is a positive integer");
    }
    return static_cast<size_t>(*best);
}

// The hits of one row in one query: positions in the list, best first.
using RowHits = std::vector<size_t>;

float ScoreOf(const ElementCollapse& collapse, const roles::SearchResponse& hits,
              const RowHits& row) {
    if (collapse.kind == CollapseKind::kMax) {
        return hits.scores[row[0]];
    }
    const size_t count = collapse.best == 0 ? row.size() : std::min(collapse.best, row.size());
    float sum = 0;
    for (size_t i = 0; i < count; ++i) {
        sum += hits.scores[row[i]];
    }
    return collapse.kind == CollapseKind::kSum ? sum : sum / static_cast<float>(count);
}

}  // namespace

base::Result<std::optional<ElementCollapse>> ReadElementScope(const KeyValues& shaping) {
    const auto given = shaping.find("element_scope");
    if (given == shaping.end() || given->second.empty()) {
        return std::optional<ElementCollapse>();
    }
    const auto parsed = json::Parse(given->second);
    const json::Value* collapse = parsed.ok() ? parsed->Find("collapse") : nullptr;
    if (collapse == nullptr || !collapse->is_object()) {
        return Invalid("element_scope [", given->second,
                       "] should be an object with the member collapse");
    }
    const json::Value* name = collapse->Find("strategy");
    const std::string* strategy = name == nullptr ? nullptr : name->string_if();
    for (const Strategy& known : kStrategies) {
        if (strategy != nullptr && known.name == *strategy) {
            ElementCollapse read{known.kind, 0};
            if (known.takes_best) {
                ASSIGN_OR_RETURN(read.best, ReadBest(*collapse, known.name));
            }
            return std::optional<ElementCollapse>(read);
        }
    }
    return Invalid("element_scope collapse strategy [", strategy == nullptr ? "" : *strategy,
                   "] is not supported, should be max, sum, avg, topk_sum or topk_avg");
}

base::Status CheckElementScope(const ElementCollapse& collapse, vindex::Metric metric) {
    if (collapse.kind == CollapseKind::kSum && !vindex::LargerIsBetter(metric)) {
        return Invalid(
            "element_scope collapse strategies sum and topk_sum are only supported for positively "
            "related metrics, not for ",
            vindex::MetricName(metric));
    }
    return base::Status();
}

roles::SearchResponse CollapseElements(const ElementCollapse& collapse, vindex::Metric metric,
                                       roles::SearchResponse hits) {
    roles::SearchResponse rows;
    rows.keys.is_string = hits.keys.is_string;
    rows.snapshot_ts = hits.snapshot_ts;
    size_t begin = 0;
    for (const uint32_t count : hits.counts) {
        std::map<schema::PrimaryKey, RowHits> by_key;
        for (size_t hit = begin; hit < begin + count; ++hit) {
            by_key[hits.keys.At(hit)].push_back(hit);
        }
        for (const auto& [key, row] : by_key) {
            rows.keys.Append(key);
            rows.scores.push_back(ScoreOf(collapse, hits, row));
            rows.addresses.push_back(hits.addresses[row[0]]);
            if (!hits.group_keys.empty()) {
                rows.group_keys.push_back(hits.group_keys[row[0]]);
            }
        }
        rows.counts.push_back(static_cast<uint32_t>(by_key.size()));
        begin += count;
    }
    reduce::SortHits(metric, &rows);
    return rows;
}

}  // namespace elanus::proxy
