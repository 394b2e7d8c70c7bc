#include "analyzer/tokenizer/grpc.h"

#include "analyzer/member.h"
#include "analyzer/remote_tokenizer.h"
#include "analyzer/unicode.h"
#include "base/log.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace elanus::analyzer {

namespace {

using base::InvalidParameter;

RemoteTokenizerFactory& Factory() {
    static auto* factory = new RemoteTokenizerFactory;
    return *factory;
}

// Stray bytes become spaces, so that offsets stay what they are.
std::string WithoutStrayBytes(std::string_view text) {
    std::string valid(text);
    for (size_t at = 0; at < text.size();) {
        const CodePoint code = FirstCodePoint(text.substr(at));
        if (!code.valid) {
            valid[at] = ' ';
        }
        at += code.length;
    }
    return valid;
}

class GrpcSource final : public TokenSource {
  public:
    explicit GrpcSource(const RemoteTokenizer& remote) : remote_(remote) {}

    void Reset(std::string_view text) override {
        tokens_.clear();
        served_ = 0;
        bytes_ = static_cast<int64_t>(text.size());
        auto tokens = remote_.Tokenize(WithoutStrayBytes(text));
        if (tokens.ok()) {
            tokens_ = std::move(*tokens);
        } else if (!warned_) {
            warned_ = true;
            base::LogWarn("remote tokenizer does not answer, texts have no tokens",
                          {{"reason", tokens.status().reason()}});
        }
    }

    bool Next(Token* token) override {
        while (served_ < tokens_.size() && tokens_[served_].text.empty()) {
            ++served_;
        }
        if (served_ == tokens_.size()) {
            return false;
        }
        const RemoteToken& remote = tokens_[served_++];
        const int64_t start = std::clamp<int64_t>(remote.start, 0, bytes_);
        const int64_t end = std::clamp<int64_t>(remote.end, start, bytes_);
        const int64_t position = std::clamp<int64_t>(remote.position, 0, INT32_MAX);
        *token = Token{remote.text, static_cast<uint32_t>(position), static_cast<uint32_t>(start),
                       static_cast<uint32_t>(end),
                       std::max<uint32_t>(1, static_cast<uint32_t>(end - start))};
        return true;
    }

  private:
    const RemoteTokenizer& remote_;
    std::vector<RemoteToken> tokens_;
    size_t served_ = 0;
    int64_t bytes_ = 0;
    bool warned_ = false;
};

class GrpcTokenizer final : public Tokenizer {
  public:
    explicit GrpcTokenizer(std::unique_ptr<const RemoteTokenizer> remote)
        : remote_(std::move(remote)) {}
    std::unique_ptr<TokenSource> NewSource() const override {
        return std::make_unique<GrpcSource>(*remote_);
    }

  private:
    std::unique_ptr<const RemoteTokenizer> remote_;
};

base::Result<RemoteParameter> ReadParameter(const json::Value& item) {
    if (item.object_if() == nullptr) {
        return InvalidParameter("grpc tokenizer parameters item must be object");
    }
    const json::Value* key = item.Find("key");
    if (key == nullptr || key->string_if() == nullptr) {
        return InvalidParameter("grpc tokenizer parameters item must have key, a string");
    }
    const json::Value* values = item.Find("values");
    if (values == nullptr) {
        return InvalidParameter("grpc tokenizer parameters item must have values");
    }
    RemoteParameter parameter{*key->string_if(), {}};
    ASSIGN_OR_RETURN(parameter.values,
                     StringList(*values, "grpc tokenizer parameters item values"));
    return parameter;
}

}  // namespace

void SetRemoteTokenizerFactory(RemoteTokenizerFactory factory) {
    Factory() = std::move(factory);
}

base::Result<std::unique_ptr<const Tokenizer>> BuildGrpc(const json::Value& params) {
    const json::Value* endpoint = params.Find("endpoint");
    if (endpoint == nullptr) {
        return InvalidParameter("grpc tokenizer must set endpoint");
    }
    if (endpoint->string_if() == nullptr || endpoint->string_if()->empty()) {
        return InvalidParameter("grpc tokenizer endpoint must be string and not be empty");
    }
    const std::string& address = *endpoint->string_if();
    if (!address.starts_with("http://") && !address.starts_with("https://")) {
        return InvalidParameter("grpc tokenizer endpoint must start with http:// or https://");
    }
    std::vector<RemoteParameter> parameters;
    if (const json::Value* list = params.Find("parameters"); list != nullptr) {
        if (list->array_if() == nullptr) {
            return InvalidParameter("grpc tokenizer parameters must be array");
        }
        for (const json::Value& item : *list->array_if()) {
            ASSIGN_OR_RETURN(RemoteParameter parameter, ReadParameter(item));
            parameters.push_back(std::move(parameter));
        }
    }
    if (Factory() == nullptr) {
        return InvalidParameter("grpc tokenizer is only available in a server");
    }
    return std::unique_ptr<const Tokenizer>(
        std::make_unique<GrpcTokenizer>(Factory()(address, std::move(parameters))));
}

}  // namespace elanus::analyzer
