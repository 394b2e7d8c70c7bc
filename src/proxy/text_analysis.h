// Analyzers of fields: what a schema may say about them, and RunAnalyzer, which shows what an
// analyzer makes of texts. Proxy::RunAnalyzer is in text_analysis.cc.
#pragma once

#include "analyzer/text_analyzer.h"
#include "base/status.h"
#include "schema/collection_schema.h"

#include <string>
#include <vector>

namespace elanus::proxy {

// enable_analyzer, enable_match, analyzer_params, multi_analyzer_params of one field.
base::Status CheckTextAnalysis(const schema::FieldSchema& field);

struct RunAnalyzerRequest {
    std::string database;
    std::string analyzer_params;
    // Instead of parameters: those of this field. A field with several analyzers needs their names,
    // one a text or one for all.
    std::string collection;
    std::string field;
    std::vector<std::string> analyzer_names;
    std::vector<std::string> texts;
};
using AnalyzedText = std::vector<analyzer::OwnedToken>;

}  // namespace elanus::proxy
