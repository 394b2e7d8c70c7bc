// Searches by text: the field to search is the output of a function, and the queries are texts of
// the kind that its input field holds.
//
// BM25 needs to know how rare the query's terms are. Every shard is asked for its statistics of
// them first (one more call), at the read's moment; the sums over all loaded rows of the collection
// make the weights and the average length that go with the search, so that every segment of every
// shard scores by the same rule. Filters and partitions of the search do not change them: a row has
// the same score whatever else is asked. Rows deleted and not yet compacted still count; the
// profile says how many.
// Threads: free functions.
#pragma once

#include "proxy/api.h"
#include "proxy/proxy_core.h"
#include "proxy/read_report.h"
#include "roles/read.h"

#include <string_view>

namespace elanus::proxy {

// True when queries of this field may be texts; *must_be_text, when they may be nothing else.
bool TakesTexts(const schema::CollectionSchema& schema, const schema::FieldSchema& field,
                bool* must_be_text);

// True when the queries were sent as texts.
bool IsText(const Placeholders& placeholders);

// The texts of a request. 1100 when they are something else, or no UTF-8.
base::Result<std::vector<std::string_view>> ReadQueryTexts(const schema::FieldSchema& field,
                                                           const Placeholders& placeholders);

// Gives the query vectors of BM25, which count terms, their weights, and sets the parameters of
// BM25. Other searches stay as they are. `index` is the field's.
base::Status WeighTerms(ProxyCore& core, const base::CallContext& context,
                        const roles::CollectionInfo& collection, const schema::FieldSchema& field,
                        const roles::IndexInfo& index, roles::SearchRequest* request,
                        ReadReport* report);

// Sets the queries of a search whose field, moment and index parameters are set, and weighs them.
base::Status UseQueryTexts(ProxyCore& core, const base::CallContext& context,
                           const roles::CollectionInfo& collection,
                           const schema::FieldSchema& field, const roles::IndexInfo& index,
                           const Placeholders& placeholders, std::string_view analyzer_name,
                           roles::SearchRequest* request, ReadReport* report);

}  // namespace elanus::proxy
