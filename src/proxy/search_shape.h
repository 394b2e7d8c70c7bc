// SearchShape: how the hits of a search become its answer: in groups, in an order by fields, batch
// after batch (API map 5.1, 5.3, 5.4, 5.9), and with which recall. Read from the search_params of a
// plain search; what excludes each other is refused here, with Milvus' phrases.
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "proxy/limits.h"
#include "proxy/search_params.h"
#include "roles/read.h"
#include "schema/collection_schema.h"

#include <optional>
#include <string>
#include <vector>

namespace elanus::proxy {

struct GroupSettings {
    roles::Grouping grouping;
    bool strict = false;    // every group gets group_size hits when it has them
    bool singular = false;  // asked for as group_by_field: the answer names one column of values
};

// One batch of a search iterator of the second kind.
struct BatchSettings {
    std::string token;  // empty = the iterator begins
    int64_t size = 0;
    std::optional<float> last_bound;  // as the batch before gave it
    bool in_order = false;            // rows that an index finds late are not taken
};

struct SearchShape {
    std::optional<GroupSettings> groups;
    std::vector<roles::SortField> order_by;
    std::optional<BatchSettings> batch;
    bool exact = false;   // no approximate index: iterators, and pages that keep their order
    bool recall = false;  // the answer tells its recall
};
base::Result<SearchShape> ParseSearchShape(const schema::CollectionSchema& schema,
                                           const SearchSettings& settings, const Limits& limits);

// Whether `enable_recall_calculation` is set among the values; 1100 where it is neither.
base::Result<bool> AsksRecall(const KeyValues& values);

// 1100 for a list whose hits cannot be grouped: binary vectors, ranges, iterators.
base::Status CheckGroups(const SearchSettings& settings);

// `group_by_field`, `group_by_fields`, `group_size` and what belongs to them; nothing when hits are
// not grouped. Hybrid searches have them among their rank parameters.
base::Result<std::optional<GroupSettings>> ParseGroups(const schema::CollectionSchema& schema,
                                                       const KeyValues& values,
                                                       const Limits& limits);

}  // namespace elanus::proxy
