// RunAnalyzer.

#include "analyzer/text_analyzer.h"
#include "wire/milvus_service.h"

namespace elanus::wire {

void MilvusService::RegisterAnalyzers(RpcHandlers& handlers) {
    handlers.Set<rpc::RunAnalyzer>([this](rpc::RunAnalyzer::Call& call) {
        const auto& in = call.request();
        const auto texts = proxy_.RunAnalyzer(
            call.context(),
            {DatabaseOf(call, in.db_name()), in.analyzer_params(), in.collection_name(),
             in.field_name(), FromStrings(in.analyzer_names()), FromStrings(in.placeholder())});
        if (!texts.ok()) {
            FinishWith(call, texts.status());
            return;
        }
        for (const proxy::AnalyzedText& text : *texts) {
            auto* result = call.response().add_results();
            for (const analyzer::OwnedToken& token : text) {
                auto* out = result->add_tokens();
                out->set_token(token.text);
                if (in.with_detail()) {
                    out->set_start_offset(token.start);
                    out->set_end_offset(token.end);
                    out->set_position(token.position);
                    out->set_position_length(token.position_length);
                }
                if (in.with_hash()) {
                    out->set_hash(analyzer::TokenHash(token.text));
                }
            }
        }
        FinishWith(call, base::Status());
    });
}

}  // namespace elanus::wire
