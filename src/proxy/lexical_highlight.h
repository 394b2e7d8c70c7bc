// LexicalHighlighter: pieces of a hit's texts with the words that were looked for between tags (API
// map 5.10, Lexical).
//
// A piece begins `fragment_offset` characters before a word, never before the end of the piece in
// front of it, and is `fragment_size` characters long, longer only to the end of a word that begins
// inside it; at most `num_of_fragments` pieces of a text.
// Threads: a LexicalHighlighter belongs to one search.
#pragma once

#include "base/status.h"
#include "function/field_analyzers.h"
#include "proxy/hit_highlighter.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace elanus::proxy {

struct HighlightOptions {
    HighlightTags tags;
    size_t fragment_offset = 0;   // characters
    size_t fragment_size = 100;   // characters
    size_t num_of_fragments = 5;  // of one text
    bool search_text = false;     // the words of the search's own texts
};

// Bytes [start, end) of a text.
struct TextSpan {
    size_t start = 0;
    size_t end = 0;
};
// The pieces of a text around its spans, which are ascending.
std::vector<std::string> MakeFragments(std::string_view text, const std::vector<TextSpan>& spans,
                                       const HighlightOptions& options);

// What the search looks for.
struct HighlightSource {
    const schema::FieldSchema* vector_field = nullptr;
    std::string_view metric;
    std::vector<std::string_view> texts;  // one a query; empty when they are vectors
    std::string_view analyzer_name;
};

class LexicalHighlighter : public HitHighlighter {
  public:
    // 1100 for bad parameters, fields that have no analyzer, and search texts where there are none.
    static base::Result<std::unique_ptr<HitHighlighter>> Create(
        const schema::CollectionSchema& schema, const Highlighter& highlighter,
        const HighlightSource& source);

    base::Result<std::vector<HighlightedField>> Run(
        const base::CallContext& context, const schema::ColumnBatch& rows,
        const std::vector<int64_t>& counts) const override;

  private:
    using Words = std::unordered_set<std::string>;
    struct Task {
        schema::FieldSchema field;
        std::shared_ptr<const function::FieldAnalyzers> analyzers;
        Words words;                  // for hits of every query
        std::vector<Words> of_query;  // and of one
    };

    base::Status AddSearchTexts(const schema::CollectionSchema& schema,
                                const HighlightSource& source);
    base::Status AddQueries(const schema::CollectionSchema& schema, const std::string& queries);
    base::Result<Task*> TaskOf(const schema::CollectionSchema& schema, const std::string& name);
    std::vector<std::string> Highlight(const Task& task, const schema::ColumnBatch& rows,
                                       size_t row, size_t query) const;

    HighlightOptions options_;
    std::vector<Task> tasks_;
};

}  // namespace elanus::proxy
