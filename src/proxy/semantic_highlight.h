// SemanticHighlighter: the sentences of a hit's texts that a reranking model finds close to the
// query, between tags (API map 5.10, Semantic).
//
// The service and its model are the configuration's (elanus.highlight.*); a request may name
// another model. A sentence whose score reaches `threshold` is marked. The answer of a text is the
// whole of it with the best sentence's score, or, with `highlight_only`, its marked sentences with
// the score of each; a text without any has no pieces. Equal sentences of a query's hits are asked
// for once. Threads: a SemanticHighlighter belongs to one search.
#pragma once

#include "proxy/hit_highlighter.h"
#include "proxy/proxy_core.h"

#include <memory>

namespace elanus::proxy {

// 1100 for bad parameters, fields that are no texts, and a server that has no service for it.
base::Result<std::unique_ptr<HitHighlighter>> MakeSemanticHighlighter(
    ProxyCore& core, const schema::CollectionSchema& schema, const Highlighter& highlighter,
    int64_t nq);

}  // namespace elanus::proxy
