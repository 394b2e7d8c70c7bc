// HitHighlighter: pieces of the hits' texts with what answers the search between tags (API map
// 5.10). One kind looks for words, another for sentences by meaning.
// Threads: a HitHighlighter belongs to one search.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "proxy/api.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::proxy {

// Pairs of tags, taken in turn: the first for the first piece of a text that is marked.
struct HighlightTags {
    std::vector<std::string> pre = {"<em>"};
    std::vector<std::string> post = {"</em>"};

    // `pre_tags` and `post_tags`: JSON lists of texts, not empty.
    static base::Result<HighlightTags> Read(const KeyValues& params);
    // Appends the piece between the tags number `number`.
    void Mark(std::string_view piece, size_t number, std::string* out) const;
};

// 1100 unless it is a JSON list of texts.
base::Result<std::vector<std::string>> ReadTextList(std::string_view key, const std::string& text);

class HitHighlighter {
  public:
    virtual ~HitHighlighter() = default;

    // What Run reads.
    const std::vector<schema::FieldSchema>& fields() const { return fields_; }
    // `rows` are all hits in order, counts[q] of them of query q.
    virtual base::Result<std::vector<HighlightedField>> Run(
        const base::CallContext& context, const schema::ColumnBatch& rows,
        const std::vector<int64_t>& counts) const = 0;

  protected:
    std::vector<schema::FieldSchema> fields_;
};

}  // namespace elanus::proxy
