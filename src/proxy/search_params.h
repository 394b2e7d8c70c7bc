// The search_params and query_params of a request (API map 5.1, 5.12), checked and typed.
#pragma once

#include "base/status.h"
#include "proxy/api.h"
#include "proxy/limits.h"
#include "proxy/order_by.h"
#include "proxy/read_report.h"
#include "roles/records.h"
#include "schema/collection_schema.h"
#include "schema/leaf_field.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::proxy {

struct SearchSettings {
    const schema::FieldSchema* field = nullptr;   // the vector field to search
    const schema::FieldSchema* parent = nullptr;  // the struct array it is in; null = none
    size_t child = 0;                             // which of the parent's sub-fields
    int64_t top_k = 0;
    int64_t offset = 0;
    int round_decimal = -1;  // -1 = as computed
    bool ignore_growing = false;
    bool iterator = false;
    ProfileForm profile = ProfileForm::kNone;
    std::string metric_type;                    // empty = the index's
    std::string analyzer_name;                  // of query texts; empty = the default
    std::map<std::string, std::string> params;  // index search parameters, radius, range_filter
    KeyValues shaping;  // what says how the answer is shaped (search_shape.h), as written

    schema::LeafField leaf() const { return {field, parent, child}; }
};
// The limits of reads of a collection with these properties.
Limits LimitsOfReads(const KeyValues& properties, Limits limits);

base::Result<SearchSettings> ParseSearchSettings(const schema::CollectionSchema& schema,
                                                 const KeyValues& search_params,
                                                 const Limits& limits);

// `round_decimal`, when it is there. 1100 for anything but -1 and 0 to 6.
base::Status ReadRoundDecimal(const KeyValues& values, int* out_digits);

base::Status CheckNq(int64_t nq, const Limits& limits);
// Whether the hits of all queries of a search fit into the memory of a machine.
base::Status CheckHits(int64_t nq, int64_t hits_a_query);

struct QuerySettings {
    bool has_limit = false;
    int64_t limit = 0;
    int64_t offset = 0;
    bool ignore_growing = false;
    bool iterator = false;
    ProfileForm profile = ProfileForm::kNone;
    std::vector<OrderKey> order_by;
    std::vector<std::string> group_by;
};
base::Result<QuerySettings> ParseQuerySettings(const KeyValues& query_params, const Limits& limits);

// Names between commas; blank ones are left out.
std::vector<std::string> ReadNames(std::string_view text);

// The members of a JSON object as text; numbers and strings as they are. Used for `params`.
base::Status MergeJsonParams(std::string_view text, std::map<std::string, std::string>* out);

}  // namespace elanus::proxy
