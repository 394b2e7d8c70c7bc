// FieldAnalyzers: how a text field's values are cut into tokens: by one analyzer
// (`analyzer_params`), or by one of several that another field of the row names
// (`multi_analyzer_params`, analyzer/multi_analyzer.h).
// Threads: immutable.
#pragma once

#include "analyzer/multi_analyzer.h"
#include "base/status.h"
#include "schema/collection_schema.h"

#include <optional>
#include <string>
#include <string_view>

namespace elanus::function {

class FieldAnalyzers {
  public:
    // kInvalidParameter when the parameters are none, or by_field is no VarChar field.
    static base::Result<FieldAnalyzers> Create(const schema::CollectionSchema& schema,
                                               const schema::FieldSchema& field);

    // The field that names a row's analyzer; 0 when there is only one.
    base::FieldId by_field() const { return by_field_; }
    // The analyzer of that name or alias; the default for a name that none has.
    const analyzer::TextAnalyzer& Choose(std::string_view name) const {
        return several_.has_value() ? several_->Choose(name) : one_;
    }

  private:
    base::Status ReadSeveral(const schema::CollectionSchema& schema,
                             const schema::FieldSchema& field, const std::string& params);

    base::FieldId by_field_ = 0;
    analyzer::TextAnalyzer one_;
    std::optional<analyzer::MultiAnalyzer> several_;
};

}  // namespace elanus::function
