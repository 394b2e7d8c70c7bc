#include "function/bm25.h"

#include "analyzer/text_analyzer.h"
#include "vindex/sparse.h"

#include <algorithm>
#include <map>

namespace elanus::function {
namespace {

// Counts the terms of one text after the other, with one token stream for each analyzer.
class TermCounter {
  public:
    // The pairs of a sparse vector; they live until the next call.
    std::string_view Count(const analyzer::TextAnalyzer& analyzer, std::string_view text) {
        analyzer::TokenStream& stream = streams_.try_emplace(&analyzer, analyzer).first->second;
        hashes_.clear();
        stream.Reset(text);
        analyzer::Token token;
        while (stream.Next(&token)) {
            hashes_.push_back(analyzer::TokenHash(token.text));
        }
        std::sort(hashes_.begin(), hashes_.end());
        entries_.clear();
        for (const uint32_t hash : hashes_) {
            if (entries_.empty() || entries_.back().index != hash) {
                entries_.push_back({hash, 0});
            }
            entries_.back().value += 1;
        }
        return {reinterpret_cast<const char*>(entries_.data()),
                entries_.size() * sizeof(vindex::SparseEntry)};
    }

  private:
    std::map<const analyzer::TextAnalyzer*, analyzer::TokenStream> streams_;
    std::vector<uint32_t> hashes_;
    std::vector<vindex::SparseEntry> entries_;
};

}  // namespace

base::Result<FunctionPtr> Bm25Function::Create(const schema::CollectionSchema& schema,
                                               const schema::FunctionSchema& function) {
    const schema::FieldSchema* input = function.input_field_names.empty()
                                           ? nullptr
                                           : schema.FindField(function.input_field_names[0]);
    const schema::FieldSchema* output = function.output_field_names.empty()
                                            ? nullptr
                                            : schema.FindField(function.output_field_names[0]);
    if (input == nullptr || output == nullptr) {
        return base::InvalidParameter("function " + function.name + " lacks a field");
    }
    ASSIGN_OR_RETURN(FieldAnalyzers analyzers, FieldAnalyzers::Create(schema, *input));
    std::vector<base::FieldId> inputs = {input->id};
    if (analyzers.by_field() != 0) {
        inputs.push_back(analyzers.by_field());
    }
    return FunctionPtr(new Bm25Function(std::move(inputs), *output, std::move(analyzers)));
}

base::Result<schema::Column> Bm25Function::Run(const base::CallContext&,
                                               std::span<const schema::ColumnView> inputs,
                                               size_t rows) const {
    schema::ColumnBuilder builder(output_field().id, output_field().type);
    TermCounter counter;
    const schema::ColumnView* chooser = inputs.size() > 1 ? &inputs[1] : nullptr;
    for (size_t row = 0; row < rows; ++row) {
        const bool named = chooser != nullptr && chooser->IsValid(row);
        const analyzer::TextAnalyzer& analyzer =
            analyzers_.Choose(named ? chooser->StringAt(row) : std::string_view());
        const bool has_text = inputs[0].IsValid(row);
        builder.AppendBytes(has_text ? counter.Count(analyzer, inputs[0].StringAt(row))
                                     : std::string_view());
    }
    return builder.Finish();
}

base::Result<schema::Column> Bm25Function::RunOnTexts(const base::CallContext&,
                                                      std::span<const std::string_view> texts,
                                                      std::string_view analyzer_name) const {
    schema::ColumnBuilder builder(output_field().id, output_field().type);
    TermCounter counter;
    const analyzer::TextAnalyzer& analyzer = analyzers_.Choose(analyzer_name);
    for (const std::string_view text : texts) {
        builder.AppendBytes(counter.Count(analyzer, text));
    }
    return builder.Finish();
}

}  // namespace elanus::function
