#include "reduce/fusion.h"

#include "reduce/segment_loop.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string_view>
#include <unordered_map>

namespace elanus::reduce {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

float ArcTangent(float value) {
    return static_cast<float>(std::atan(static_cast<double>(value)));
}

// Row numbers by primary key, without copying keys.
class KeyNumbers {
  public:
    // The key's number and whether it is new; a new one gets the next number.
    std::pair<uint32_t, bool> Add(const schema::PrimaryKeys& keys, size_t i) {
        const auto next = static_cast<uint32_t>(ints_.size() + strings_.size());
        if (keys.is_string) {
            const auto [it, fresh] = strings_.try_emplace(keys.strings[i], next);
            return {it->second, fresh};
        }
        const auto [it, fresh] = ints_.try_emplace(keys.ints[i], next);
        return {it->second, fresh};
    }

  private:
    std::unordered_map<int64_t, uint32_t> ints_;
    std::unordered_map<std::string_view, uint32_t> strings_;
};

// A row's score so far.
void AddShare(FusionKind kind, float share, float* score) {
    if (kind == FusionKind::kMax) {
        *score = std::max(*score, share);
    } else {
        *score += share;
    }
}

struct Group {
    std::vector<FusedRow> rows;
    float score = 0;
};

float GroupScore(const Group& group, GroupScorer scorer) {
    if (scorer == GroupScorer::kMax) {
        return group.rows[0].score;
    }
    float sum = 0;
    for (const FusedRow& row : group.rows) {
        sum += row.score;
    }
    return scorer == GroupScorer::kSum ? sum : sum / static_cast<float>(group.rows.size());
}

}  // namespace

std::vector<ListView> ViewsOf(const std::vector<const roles::SearchResponse*>& lists, uint32_t q,
                              std::vector<size_t>* begins) {
    std::vector<ListView> views;
    views.reserve(lists.size());
    for (size_t i = 0; i < lists.size(); ++i) {
        const size_t begin = (*begins)[i];
        (*begins)[i] += lists[i]->counts[q];
        views.push_back({lists[i], begin, (*begins)[i]});
    }
    return views;
}

Fusion::Mapping Fusion::MappingOf(vindex::Metric metric, bool normalize) {
    if (!vindex::LargerIsBetter(metric)) {
        return Mapping::kDistance;
    }
    if (!normalize) {
        return Mapping::kNone;
    }
    switch (metric) {
        case vindex::Metric::kCosine:
            return Mapping::kCosine;
        case vindex::Metric::kBm25:
            return Mapping::kBm25;
        default:
            return Mapping::kInnerProduct;
    }
}

float Fusion::Map(Mapping mapping, float score) {
    switch (mapping) {
        case Mapping::kDistance:
            return 1.0F - 2 * ArcTangent(score) / kPi;
        case Mapping::kCosine:
            return (1 + score) * 0.5F;
        case Mapping::kInnerProduct:
            return 0.5F + ArcTangent(score) / kPi;
        case Mapping::kBm25:
            return 2 * ArcTangent(score) / kPi;
        default:
            return score;
    }
}

Fusion::Fusion(FusionRule rule, const std::vector<vindex::Metric>& metrics)
    : rule_(std::move(rule)), mappings_(metrics.size(), Mapping::kNone) {
    if (rule_.kind == FusionKind::kRrf) {
        return;  // ranks, not scores
    }
    const auto distances =
        static_cast<size_t>(std::count_if(metrics.begin(), metrics.end(), [](vindex::Metric m) {
            return !vindex::LargerIsBetter(m);
        }));
    const bool mixed = distances > 0 && distances < metrics.size();
    if (!rule_.normalize && !rule_.points_up && !mixed) {
        larger_is_better_ = distances == 0;
        return;
    }
    for (size_t i = 0; i < metrics.size(); ++i) {
        mappings_[i] = MappingOf(metrics[i], rule_.normalize);
    }
}

float Fusion::ShareOf(size_t list, uint32_t rank, float score) const {
    switch (rule_.kind) {
        case FusionKind::kRrf:
            return static_cast<float>(1.0 / (rule_.rrf_k + rank));
        case FusionKind::kWeighted:
            return rule_.weights[list] * Map(mappings_[list], score);
        default:
            return Map(mappings_[list], score);
    }
}

std::vector<FusedRow> Fusion::Fuse(const std::vector<ListView>& lists,
                                   Contributions* contributions) const {
    CHECK(lists.size() == mappings_.size(), "as many lists as metrics");
    CHECK(rule_.kind != FusionKind::kWeighted || rule_.weights.size() == lists.size(),
          "as many weights as lists");
    KeyNumbers numbers;
    std::vector<FusedRow> rows;
    std::vector<uint32_t> counts;
    for (uint32_t i = 0; i < lists.size(); ++i) {
        const roles::SearchResponse& list = *lists[i].list;
        for (size_t hit = lists[i].begin; hit < lists[i].end; ++hit) {
            const auto rank = static_cast<uint32_t>(hit - lists[i].begin + 1);
            const float share = ShareOf(i, rank, list.scores[hit]);
            const auto [number, fresh] = numbers.Add(list.keys, hit);
            if (fresh) {
                rows.push_back({i, static_cast<uint32_t>(hit), number, share});
                counts.push_back(1);
            } else {
                AddShare(rule_.kind, share, &rows[number].score);
                ++counts[number];
            }
            if (contributions != nullptr) {
                contributions->resize(rows.size());
                (*contributions)[number].push_back({i, rank, list.scores[hit], share});
            }
        }
    }
    if (rule_.kind == FusionKind::kAverage) {
        for (FusedRow& row : rows) {
            row.score /= static_cast<float>(counts[row.number]);
        }
    }
    std::vector<const roles::SearchResponse*> sources;
    sources.reserve(lists.size());
    for (const ListView& view : lists) {
        sources.push_back(view.list);
    }
    OrderRows(sources, larger_is_better_, &rows);
    return rows;
}

void OrderRows(const std::vector<const roles::SearchResponse*>& lists, bool larger_is_better,
               std::vector<FusedRow>* rows) {
    std::sort(rows->begin(), rows->end(), [&](const FusedRow& a, const FusedRow& b) {
        if (a.score != b.score) {
            return larger_is_better ? a.score > b.score : a.score < b.score;
        }
        return CompareKeys(lists[a.list]->keys, a.hit, lists[b.list]->keys, b.hit) < 0;
    });
}

void SortHits(vindex::Metric metric, roles::SearchResponse* hits) {
    roles::SearchResponse sorted;
    sorted.keys.is_string = hits->keys.is_string;
    size_t begin = 0;
    for (const uint32_t count : hits->counts) {
        std::vector<size_t> order(count);
        std::iota(order.begin(), order.end(), begin);
        std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
            if (hits->scores[a] != hits->scores[b]) {
                return vindex::BetterThan(metric, hits->scores[a], hits->scores[b]);
            }
            const int by_key = CompareKeys(hits->keys, a, hits->keys, b);
            return by_key != 0 || hits->elements.empty() ? by_key < 0
                                                         : hits->elements[a] < hits->elements[b];
        });
        for (const size_t i : order) {
            AppendKey(hits->keys, i, &sorted.keys);
            sorted.scores.push_back(hits->scores[i]);
            sorted.addresses.push_back(hits->addresses[i]);
            if (!hits->group_keys.empty()) {
                sorted.group_keys.push_back(std::move(hits->group_keys[i]));
            }
            if (!hits->elements.empty()) {
                sorted.elements.push_back(hits->elements[i]);
            }
        }
        begin += count;
    }
    hits->keys = std::move(sorted.keys);
    hits->scores = std::move(sorted.scores);
    hits->addresses = std::move(sorted.addresses);
    hits->group_keys = std::move(sorted.group_keys);
    hits->elements = std::move(sorted.elements);
}

std::vector<FusedRow> TakeGroups(const std::vector<FusedRow>& rows,
                                 const std::vector<std::string>& keys, const RowGroups& rule,
                                 bool larger_is_better, size_t offset, size_t limit) {
    CHECK(keys.size() == rows.size(), "one group key a row");
    std::unordered_map<std::string_view, size_t> numbers;
    std::vector<Group> groups;  // in the order of their best rows
    for (size_t i = 0; i < rows.size(); ++i) {
        const auto [it, fresh] = numbers.try_emplace(keys[i], groups.size());
        if (fresh) {
            groups.emplace_back();
        }
        Group& group = groups[it->second];
        if (group.rows.size() < rule.size) {
            group.rows.push_back(rows[i]);
        }
    }
    for (Group& group : groups) {
        group.score = GroupScore(group, rule.scorer);
    }
    std::stable_sort(groups.begin(), groups.end(), [&](const Group& a, const Group& b) {
        return larger_is_better ? a.score > b.score : a.score < b.score;
    });
    std::vector<FusedRow> taken;
    for (size_t i = offset; i < groups.size() && i - offset < limit; ++i) {
        taken.insert(taken.end(), groups[i].rows.begin(), groups[i].rows.end());
    }
    return taken;
}

}  // namespace elanus::reduce
