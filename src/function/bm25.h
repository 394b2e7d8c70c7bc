// Bm25Function: text to how often it has each term, as a sparse vector whose dimensions are hashes
// of terms (analyzer/text_analyzer.h). Metric BM25 makes scores of it (vindex/bm25.h).
// Threads: immutable.
#pragma once

#include "function/field_analyzers.h"
#include "function/function.h"

namespace elanus::function {

class Bm25Function : public Function {
  public:
    static base::Result<FunctionPtr> Create(const schema::CollectionSchema& schema,
                                            const schema::FunctionSchema& function);

    base::Result<schema::Column> Run(const base::CallContext& context,
                                     std::span<const schema::ColumnView> inputs,
                                     size_t rows) const override;
    base::Result<schema::Column> RunOnTexts(const base::CallContext& context,
                                            std::span<const std::string_view> texts,
                                            std::string_view analyzer_name) const override;

  private:
    Bm25Function(std::vector<base::FieldId> inputs, schema::FieldSchema output,
                 FieldAnalyzers analyzers)
        : Function(std::move(inputs), std::move(output)), analyzers_(std::move(analyzers)) {}

    const FieldAnalyzers analyzers_;
};

}  // namespace elanus::function
