#include "proxy/group_search.h"

#include "proxy/shard_search.h"
#include "reduce/group_key.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

namespace elanus::proxy {

namespace {

// The groups of each query inside the window that lack hits, by key.
std::vector<std::vector<std::string>> ShortGroups(const roles::SearchResponse& list,
                                                  uint32_t group_size, PageWindow window,
                                                  bool* any) {
    std::vector<std::vector<std::string>> wanted;
    size_t begin = 0;
    for (const uint32_t count : list.counts) {
        std::vector<std::string> order;
        std::unordered_map<std::string, uint32_t> hits;
        for (size_t hit = begin; hit < begin + count; ++hit) {
            if (++hits[list.group_keys[hit]] == 1) {
                order.push_back(list.group_keys[hit]);
            }
        }
        wanted.emplace_back();
        for (size_t i = window.offset; i < std::min(order.size(), window.offset + window.limit);
             ++i) {
            if (hits[order[i]] < group_size) {
                wanted.back().push_back(order[i]);
            }
        }
        *any = *any || !wanted.back().empty();
        begin += count;
    }
    return wanted;
}

void CopyHit(const roles::SearchResponse& from, size_t hit, roles::SearchResponse* to) {
    to->keys.Append(from.keys.At(hit));
    to->scores.push_back(from.scores[hit]);
    to->addresses.push_back(from.addresses[hit]);
    to->group_keys.push_back(from.group_keys[hit]);
    if (!from.elements.empty()) {
        to->elements.push_back(from.elements[hit]);
    }
}

// The groups of `list` in its order, those in `filled` with the hits they have there.
roles::SearchResponse Replace(const roles::SearchResponse& list,
                              const roles::SearchResponse& filled) {
    roles::SearchResponse out;
    out.keys.is_string = list.keys.is_string;
    out.snapshot_ts = list.snapshot_ts;
    size_t begin = 0;
    size_t filled_begin = 0;
    for (size_t q = 0; q < list.counts.size(); ++q) {
        std::vector<std::string> order;
        std::unordered_map<std::string, std::vector<size_t>> old_hits;
        for (size_t hit = begin; hit < begin + list.counts[q]; ++hit) {
            std::vector<size_t>& hits = old_hits[list.group_keys[hit]];
            if (hits.empty()) {
                order.push_back(list.group_keys[hit]);
            }
            hits.push_back(hit);
        }
        std::unordered_map<std::string, std::vector<size_t>> new_hits;
        for (size_t hit = filled_begin; hit < filled_begin + filled.counts[q]; ++hit) {
            new_hits[filled.group_keys[hit]].push_back(hit);
        }
        const size_t before = out.addresses.size();
        for (const std::string& key : order) {
            const auto found = new_hits.find(key);
            const bool is_new = found != new_hits.end();
            for (const size_t hit : is_new ? found->second : old_hits[key]) {
                CopyHit(is_new ? filled : list, hit, &out);
            }
        }
        out.counts.push_back(static_cast<uint32_t>(out.addresses.size() - before));
        begin += list.counts[q];
        filled_begin += filled.counts[q];
    }
    return out;
}

}  // namespace

base::Result<roles::SearchResponse> FillGroups(ProxyCore& core, const base::CallContext& context,
                                               const roles::CollectionInfo& collection,
                                               const roles::SearchRequest& request,
                                               const std::vector<base::Timestamp>& moments,
                                               roles::SearchResponse list, PageWindow window) {
    bool any = false;
    roles::SearchRequest fill = request;
    fill.grouping->wanted = ShortGroups(list, request.grouping->group_size, window, &any);
    if (!any || request.grouping->group_size == 1) {
        return list;
    }
    ASSIGN_OR_RETURN(const roles::SearchResponse filled,
                     SearchShards(core, context, collection, fill, moments));
    return Replace(list, filled);
}

base::Result<std::vector<OutputColumn>> GroupValues(const GroupSettings& groups,
                                                    const OutputSelection& selection,
                                                    const roles::SearchResponse& list,
                                                    const HitPage& page) {
    std::vector<std::string> keys;
    keys.reserve(page.hits.size());
    for (const size_t hit : page.hits) {
        keys.push_back(list.group_keys[hit]);
    }
    const std::vector<roles::GroupField>& fields = groups.grouping.fields;
    ASSIGN_OR_RETURN(std::vector<schema::Column> columns, reduce::GroupKeyColumns(keys, fields));
    OutputSelection shown = selection;  // for its time zone
    shown.fields.clear();
    for (const roles::GroupField& field : fields) {
        shown.fields.push_back(field.field);
    }
    std::vector<OutputColumn> values;
    for (size_t i = 0; i < fields.size(); ++i) {
        OutputColumn column;
        if (fields[i].field.type == schema::DataType::kJson) {
            column.name = fields[i].field.name;
            column.field_id = fields[i].field.id;
            column.nullable = !columns[i].validity.empty();
            column.values = std::move(columns[i]);
        } else {
            OutputItem item;
            item.name = fields[i].field.name;
            item.field = i;
            const bool has_nulls = !columns[i].validity.empty();
            ASSIGN_OR_RETURN(column, ShowColumn(shown, item, columns[i]));
            column.nullable = column.nullable || has_nulls;
        }
        values.push_back(std::move(column));
    }
    return values;
}

}  // namespace elanus::proxy
