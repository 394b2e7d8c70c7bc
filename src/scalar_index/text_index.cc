#include "scalar_index/text_index.h"

#include "postings/builder.h"
#include "scalar_index/layout.h"
#include "scalar_index/pause.h"

#include <algorithm>

namespace elanus::scalar_index {

namespace {

// Checking the positions of a document costs as much as reading so many entries.
constexpr uint64_t kPhraseReads = 20;

}  // namespace

base::Status BuildTextIndex(const std::function<void(const TextVisitor&)>& visit,
                            const std::string& analyzer_params,
                            const std::function<base::Status()>& interrupt, codec::Sink& sink) {
    ASSIGN_OR_RETURN(const auto analyzer, analyzer::TextAnalyzer::Create(analyzer_params));
    Pause pause(interrupt);
    postings::BuildOptions options;
    options.interrupt = interrupt;
    postings::Builder builder(options);
    analyzer::TokenStream stream(analyzer);
    base::Status status;
    visit([&](const schema::ColumnView& piece) {
        for (size_t row = 0; row < piece.rows && status.ok(); ++row) {
            status = pause.After(32);
            builder.StartDocument();
            if (!piece.IsValid(row)) {
                continue;
            }
            stream.Reset(piece.StringAt(row));
            analyzer::Token token;
            while (stream.Next(&token)) {
                builder.AddTerm(token.text, token.position);
            }
        }
    });
    RETURN_IF_ERROR(status);
    return builder.Finish(sink);
}

base::Result<std::shared_ptr<const Index>> TextIndex::Open(base::Buffer file,
                                                           base::FieldId field_id, uint64_t rows,
                                                           const std::string& analyzer_params) {
    ASSIGN_OR_RETURN(auto analyzer, analyzer::TextAnalyzer::Create(analyzer_params));
    ASSIGN_OR_RETURN(auto postings, postings::Index::Open(std::move(file)));
    if (postings->documents() != rows || !postings->has_positions()) {
        return DamagedIndex("a text index of other rows");
    }
    return std::shared_ptr<const Index>(
        new TextIndex(std::move(postings), field_id, std::move(analyzer)));
}

bool TextIndex::IsOfColumn(const expr::ColumnRef& column) const {
    return column.field_id == field_id_ && !column.is_element() && column.sub_field < 0;
}

std::vector<std::string> TextIndex::Keys(const std::string& text) const {
    std::vector<std::string> keys;
    for (analyzer::OwnedToken& token : analyzer::Tokens(analyzer_, text)) {
        keys.push_back(std::move(token.text));
    }
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    return keys;
}

postings::Phrase TextIndex::PhraseOf(const expr::PhraseMatch& leaf) const {
    postings::Phrase phrase;
    phrase.slop = leaf.slop;
    for (analyzer::OwnedToken& token : analyzer::Tokens(analyzer_, leaf.text)) {
        phrase.places.push_back({std::move(token.text), token.position});
    }
    return phrase;
}

std::optional<LeafEstimate> TextIndex::Estimate(const expr::Plan& leaf) const {
    LeafEstimate estimate;
    estimate.exact = true;
    if (const auto* match = std::get_if<expr::TextMatch>(&leaf.node)) {
        if (!IsOfColumn(match->column)) {
            return std::nullopt;
        }
        for (const std::string& text : match->texts) {
            for (const std::string& key : Keys(text)) {
                const auto term = postings_->Find(key);
                estimate.rows += term.ok() ? term->documents : 0;
            }
        }
        estimate.reads = estimate.rows;
        estimate.rows =
            std::min(estimate.rows / std::max<uint32_t>(match->minimum_should_match, 1), rows());
        return estimate;
    }
    const auto* phrase = std::get_if<expr::PhraseMatch>(&leaf.node);
    if (phrase == nullptr || !IsOfColumn(phrase->column)) {
        return std::nullopt;
    }
    estimate.rows = rows();
    const postings::Phrase tokens = PhraseOf(*phrase);
    for (const postings::Phrase::Place& place : tokens.places) {
        const auto term = postings_->Find(place.key);
        estimate.rows = std::min<uint64_t>(estimate.rows, term.ok() ? term->documents : 0);
    }
    estimate.rows = tokens.places.empty() ? 0 : estimate.rows;
    estimate.reads = estimate.rows * kPhraseReads;
    return estimate;
}

base::Result<expr::LeafBits> TextIndex::Answer(const expr::Plan& leaf) const {
    expr::LeafBits bits;
    bits.exact = true;
    bits.rows = base::Bitmap(rows());
    if (const auto* match = std::get_if<expr::TextMatch>(&leaf.node)) {
        for (const std::string& text : match->texts) {
            ASSIGN_OR_RETURN(const base::Bitmap rows,
                             postings_->MatchAny(Keys(text), match->minimum_should_match));
            bits.rows.Or(rows);
        }
        return bits;
    }
    const auto* phrase = std::get_if<expr::PhraseMatch>(&leaf.node);
    if (phrase == nullptr) {
        return base::Internal("a text index was asked about another leaf");
    }
    const postings::Phrase tokens = PhraseOf(*phrase);
    if (!tokens.places.empty()) {
        ASSIGN_OR_RETURN(bits.rows, postings_->MatchPhrase(tokens));
    }
    return bits;
}

}  // namespace elanus::scalar_index
