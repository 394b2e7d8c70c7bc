#include "proxy/hit_page.h"

#include "proxy/hit_columns.h"
#include "reduce/sort_key.h"

#include <algorithm>
#include <string>
#include <unordered_map>

namespace elanus::proxy {

namespace {

// The hits of one query in units that stay together: groups, or single hits.
using Units = std::vector<std::vector<size_t>>;

Units UnitsOf(const roles::SearchResponse& list, size_t begin, size_t end) {
    Units units;
    if (list.group_keys.empty()) {
        for (size_t hit = begin; hit < end; ++hit) {
            units.push_back({hit});
        }
        return units;
    }
    std::unordered_map<std::string, size_t> numbers;
    for (size_t hit = begin; hit < end; ++hit) {
        const auto [it, fresh] = numbers.try_emplace(list.group_keys[hit], units.size());
        if (fresh) {
            units.emplace_back();
        }
        units[it->second].push_back(hit);
    }
    return units;
}

// `arrange` may put the units of a query in another order.
template <typename Arrange>
HitPage Cut(const roles::SearchResponse& list, PageWindow window, Arrange arrange) {
    HitPage page;
    size_t begin = 0;
    for (const uint32_t count : list.counts) {
        Units units = UnitsOf(list, begin, begin + count);
        arrange(units);
        const size_t before = page.hits.size();
        const size_t end = std::min(units.size(), window.offset + window.limit);
        for (size_t i = window.offset; i < end; ++i) {
            page.hits.insert(page.hits.end(), units[i].begin(), units[i].end());
        }
        page.counts.push_back(static_cast<int64_t>(page.hits.size() - before));
        begin += count;
    }
    return page;
}

}  // namespace

HitPage CutPage(const roles::SearchResponse& list, PageWindow window) {
    return Cut(list, window, [](Units&) {});
}

base::Result<HitPage> CutSortedPage(ProxyCore& core, const base::CallContext& context,
                                    const roles::CollectionInfo& collection,
                                    const roles::SearchResponse& list,
                                    const std::vector<roles::SortField>& order_by,
                                    PageWindow window) {
    if (list.addresses.empty()) {
        return CutPage(list, window);
    }
    reduce::RowOrder order(order_by);
    ASSIGN_OR_RETURN(
        const schema::ColumnBatch columns,
        FetchHitColumns(core, context, collection, {list.keys, list.addresses}, order.fields()));
    RETURN_IF_ERROR(order.Use(columns));
    std::vector<std::string> keys(list.addresses.size());
    for (size_t hit = 0; hit < keys.size(); ++hit) {
        order.AppendKey(hit, &keys[hit]);
    }
    return Cut(list, window, [&](Units& units) {
        std::stable_sort(units.begin(), units.end(),
                         [&](const auto& a, const auto& b) { return keys[a[0]] < keys[b[0]]; });
    });
}

}  // namespace elanus::proxy
