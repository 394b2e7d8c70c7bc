// common/run_analyzer.

#include "analyzer/text_analyzer.h"
#include "wire/rest_routes.h"

#include <utility>

namespace elanus::wire {

RestResult RestRoutes::RunAnalyzer(const RestCall& call) {
    proxy::RunAnalyzerRequest request;
    request.database = call.database;
    ASSIGN_OR_RETURN(request.texts, call.body.RequiredTexts("text"));
    ASSIGN_OR_RETURN(request.analyzer_params, call.body.Text("analyzerParams"));
    ASSIGN_OR_RETURN(request.collection, call.body.Text("collectionName"));
    ASSIGN_OR_RETURN(request.field, call.body.Text("fieldName"));
    ASSIGN_OR_RETURN(request.analyzer_names, call.body.Texts("analyzerNames"));
    ASSIGN_OR_RETURN(const bool with_detail, call.body.Bool("withDetail"));
    ASSIGN_OR_RETURN(const bool with_hash, call.body.Bool("withHash"));
    ASSIGN_OR_RETURN(const auto texts, proxy_.RunAnalyzer(call.context, request));
    json::Value results{json::Value::Array()};
    for (const proxy::AnalyzedText& text : texts) {
        json::Value tokens{json::Value::Array()};
        for (const analyzer::OwnedToken& token : text) {
            json::Value out;
            out.Add("token", token.text);
            if (with_detail) {
                out.Add("start_offset", token.start);
                out.Add("end_offset", token.end);
                out.Add("position", token.position);
                out.Add("position_length", token.position_length);
            }
            if (with_hash) {
                out.Add("hash", analyzer::TokenHash(token.text));
            }
            tokens.Append(std::move(out));
        }
        json::Value result;
        result.Add("tokens", std::move(tokens));
        results.Append(std::move(result));
    }
    json::Value data;
    data.Add("results", std::move(results));
    return ReplyWith(data);
}

}  // namespace elanus::wire
