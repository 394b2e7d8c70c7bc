#include "function/provider/google_tokens.h"

#include "base/base64.h"
#include "base/phrase.h"
#include "function/failure.h"
#include "http/retry.h"
#include "http/signature.h"
#include "json/json.h"

namespace elanus::function {
namespace {

constexpr int64_t kLifeSeconds = 3600;  // the longest that is granted
constexpr int64_t kEarlySeconds = 60;
constexpr int64_t kMsPerSecond = 1000;
constexpr const char* kScope = "https://www.googleapis.com/auth/cloud-platform";

std::string TextOf(const json::Value& object, std::string_view key) {
    const json::Value* value = object.Find(key);
    const std::string* text = value == nullptr ? nullptr : value->string_if();
    return text == nullptr ? std::string() : *text;
}

// RFC 7515: base64 in the alphabet of URLs, without padding.
std::string UrlBase64(std::string_view bytes) {
    std::string out;
    base::AppendBase64(bytes, &out);
    while (out.ends_with('=')) {
        out.pop_back();
    }
    for (char& c : out) {
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    return out;
}

}  // namespace

base::Result<std::unique_ptr<GoogleTokens>> GoogleTokens::Create(
    std::shared_ptr<const ModelAccess> access, std::string_view account) {
    const base::Result<json::Value> parsed = json::Parse(account);
    if (!parsed.ok() || TextOf(*parsed, "type") != "service_account") {
        return base::Invalid("the credential of vertexai is not the JSON of a service account");
    }
    std::unique_ptr<GoogleTokens> tokens(new GoogleTokens());
    tokens->access_ = std::move(access);
    tokens->email_ = TextOf(*parsed, "client_email");
    tokens->private_key_ = TextOf(*parsed, "private_key");
    tokens->key_id_ = TextOf(*parsed, "private_key_id");
    tokens->token_uri_ = TextOf(*parsed, "token_uri");
    tokens->project_ = TextOf(*parsed, "project_id");
    if (tokens->email_.empty() || !http::IsHttpUrl(tokens->token_uri_)) {
        return base::Invalid("the service account of vertexai lacks client_email or token_uri");
    }
    RETURN_IF_ERROR(http::SignRs256(tokens->private_key_, "").status().Annotate("vertexai"));
    return tokens;
}

base::Result<std::string> GoogleTokens::Get(const base::CallContext& context, int64_t timeout_ms) {
    const base::MutexLock lock(mutex_);
    if (token_.empty() || access_->clock->WallMs() / kMsPerSecond >= ends_at_s_) {
        RETURN_IF_ERROR(Renew(context, timeout_ms));
    }
    return token_;
}

void GoogleTokens::Forget() {
    const base::MutexLock lock(mutex_);
    token_.clear();
}

base::Result<std::string> GoogleTokens::Statement(int64_t now_s) const {
    json::Value header;
    header.Add("alg", "RS256");
    header.Add("typ", "JWT");
    if (!key_id_.empty()) {
        header.Add("kid", key_id_);
    }
    json::Value claims;
    claims.Add("iss", email_);
    claims.Add("scope", kScope);
    claims.Add("aud", token_uri_);
    claims.Add("iat", now_s);
    claims.Add("exp", now_s + kLifeSeconds);
    const std::string text = UrlBase64(json::Write(header)) + "." + UrlBase64(json::Write(claims));
    ASSIGN_OR_RETURN(const std::string signature, http::SignRs256(private_key_, text));
    return text + "." + UrlBase64(signature);
}

base::Status GoogleTokens::Renew(const base::CallContext& context, int64_t timeout_ms) {
    const int64_t now_s = access_->clock->WallMs() / kMsPerSecond;
    ASSIGN_OR_RETURN(const std::string statement, Statement(now_s));
    http::Request request;
    request.url = token_uri_;
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                       {"Accept", "application/json"}};
    request.body =
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + statement;
    request.timeout_ms = timeout_ms;
    const base::Result<http::Response> answer = http::PostWithRetry(
        *access_->http, context, *access_->clock, *access_->random, request, http::RetryPolicy());
    if (!answer.ok()) {
        RETURN_IF_ERROR(context.Check(access_->clock->MonotonicNs()));
        return FunctionFailed(
            base::Phrase("Call service failed, provider vertexai: ", answer.status().reason()));
    }
    if (answer->status != 200) {
        return FunctionFailed(
            base::Phrase("Call service failed, provider vertexai: ", http::ShownUrl(token_uri_),
                         " answered status ", answer->status, " to the request for a token"));
    }
    const base::Result<json::Value> parsed = json::Parse(answer->body);
    const std::string token = parsed.ok() ? TextOf(*parsed, "access_token") : std::string();
    if (token.empty()) {
        return FunctionFailed("Call service failed, provider vertexai: no token was given");
    }
    const json::Value* life = parsed->Find("expires_in");
    const int64_t life_s =
        life != nullptr && life->int64_if() != nullptr ? *life->int64_if() : kLifeSeconds;
    token_ = token;
    ends_at_s_ = now_s + life_s - kEarlySeconds;
    return base::Status();
}

}  // namespace elanus::function
