// TextIndex: the tokens of a text column and where they are (src/postings). It answers text_match
// and phrase_match, exactly. Made when a segment is sealed, for every field with enable_match; the
// file stands inside of the segment's.
// Threads: immutable after Open(); any number of readers.
#pragma once

#include "analyzer/text_analyzer.h"
#include "postings/index.h"
#include "scalar_index/index.h"
#include "schema/column.h"

#include <functional>
#include <string>

namespace elanus::scalar_index {

using TextVisitor = std::function<void(const schema::ColumnView&)>;

// `visit` shows the rows of a text column, piece by piece. `analyzer_params` are the field's; null
// rows have no tokens.
base::Status BuildTextIndex(const std::function<void(const TextVisitor&)>& visit,
                            const std::string& analyzer_params,
                            const std::function<base::Status()>& interrupt, codec::Sink& sink);

class TextIndex : public Index {
  public:
    // `analyzer_params` as when it was built.
    static base::Result<std::shared_ptr<const Index>> Open(base::Buffer file,
                                                           base::FieldId field_id, uint64_t rows,
                                                           const std::string& analyzer_params);

    Kind kind() const override { return Kind::kText; }
    uint64_t rows() const override { return postings_->documents(); }
    base::FieldId field_id() const override { return field_id_; }
    uint64_t file_bytes() const override { return postings_->file_bytes(); }

    std::optional<LeafEstimate> Estimate(const expr::Plan& leaf) const override;
    base::Result<expr::LeafBits> Answer(const expr::Plan& leaf) const override;
    base::Status Verify() const override { return postings_->Verify(); }

  private:
    TextIndex(std::shared_ptr<const postings::Index> postings, base::FieldId field_id,
              analyzer::TextAnalyzer analyzer)
        : postings_(std::move(postings)), field_id_(field_id), analyzer_(std::move(analyzer)) {}

    bool IsOfColumn(const expr::ColumnRef& column) const;
    std::vector<std::string> Keys(const std::string& text) const;
    postings::Phrase PhraseOf(const expr::PhraseMatch& leaf) const;

    std::shared_ptr<const postings::Index> postings_;
    base::FieldId field_id_ = 0;
    analyzer::TextAnalyzer analyzer_;
};

}  // namespace elanus::scalar_index
