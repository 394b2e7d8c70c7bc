#include "wire/tokenizer_client.h"

#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <proto/tokenizer.pb.h>

namespace elanus::wire {
namespace {

namespace pb = ::milvus::proto::tokenizer;

constexpr char kMethod[] = "/milvus.proto.tokenizer.Tokenizer/Tokenize";

class TokenizerClient final : public analyzer::RemoteTokenizer {
  public:
    TokenizerClient(const std::string& target,
                    const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                    const std::vector<analyzer::RemoteParameter>& parameters, int64_t timeout_ms)
        : stub_(grpc::CreateChannel(target, credentials)), timeout_ms_(timeout_ms) {
        for (const analyzer::RemoteParameter& parameter : parameters) {
            auto* out = parameters_.add_parameters();
            out->set_key(parameter.key);
            out->mutable_values()->Assign(parameter.values.begin(), parameter.values.end());
        }
    }

    base::Result<std::vector<analyzer::RemoteToken>> Tokenize(
        const std::string& text) const override {
        pb::TokenizationRequest request = parameters_;
        request.set_text(text);
        pb::TokenizationResponse response;
        const grpc::Status status = Call(request, &response);
        if (!status.ok()) {
            return base::Status::Error(base::Code::kServiceUnavailable,
                                       "gRPC status " + std::to_string(status.error_code()) + " (" +
                                           status.error_message() + ")");
        }
        std::vector<analyzer::RemoteToken> tokens;
        for (pb::Token& token : *response.mutable_tokens()) {
            tokens.push_back({std::move(*token.mutable_text()), token.offset_from(),
                              token.offset_to(), token.position()});
        }
        return tokens;
    }

  private:
    grpc::Status Call(const pb::TokenizationRequest& request,
                      pb::TokenizationResponse* response) const {
        grpc::ClientContext context;
        context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                          gpr_time_from_millis(timeout_ms_, GPR_TIMESPAN)));
        grpc::CompletionQueue queue;
        const auto call = stub_.PrepareUnaryCall(&context, kMethod, request, &queue);
        call->StartCall();
        grpc::Status status;
        call->Finish(response, &status, nullptr);
        void* tag = nullptr;
        bool ok = false;
        queue.Next(&tag, &ok);
        queue.Shutdown();
        while (queue.Next(&tag, &ok)) {
        }
        return status;
    }

    mutable grpc::TemplatedGenericStub<pb::TokenizationRequest, pb::TokenizationResponse> stub_;
    pb::TokenizationRequest parameters_;  // its text is empty
    const int64_t timeout_ms_;
};

}  // namespace

std::unique_ptr<analyzer::RemoteTokenizer> MakeTokenizerClient(
    const std::string& endpoint, std::vector<analyzer::RemoteParameter> parameters,
    int64_t timeout_ms) {
    const bool is_tls = endpoint.starts_with("https://");
    std::string target = endpoint.substr(endpoint.find("://") + 3);
    while (target.ends_with('/')) {
        target.pop_back();
    }
    return std::make_unique<TokenizerClient>(
        target,
        is_tls ? grpc::SslCredentials(grpc::SslCredentialsOptions())
               : grpc::InsecureChannelCredentials(),
        parameters, timeout_ms);
}

}  // namespace elanus::wire
