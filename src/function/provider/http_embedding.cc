#include "function/provider/http_embedding.h"

#include "base/phrase.h"
#include "function/failure.h"
#include "http/retry.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <unordered_map>

namespace elanus::function {
namespace {

using base::Phrase;

// What the headers of a request prove to the service.
std::string SecretOf(const http::Request& request) {
    constexpr std::string_view kBearer = "Bearer ";
    for (const auto& [name, value] : request.headers) {
        if (name == "Authorization" || name == "api-key" || name == "x-goog-api-key") {
            return value.starts_with(kBearer) ? value.substr(kBearer.size()) : value;
        }
    }
    return {};
}

// How many of the texts, which are some, go into one request.
size_t BatchSize(std::span<const std::string_view> texts, const HttpEmbeddingSettings& settings) {
    size_t bytes = texts.front().size();
    size_t count = 1;
    while (count < std::min(texts.size(), settings.batch_max) &&
           bytes + texts[count].size() <= settings.batch_bytes_max) {
        bytes += texts[count].size();
        ++count;
    }
    return count;
}

// A client that signs each request that it sends again.
class SigningClient : public http::Client {
  public:
    SigningClient(http::Client& client, std::function<void(http::Request*)> sign)
        : client_(client), sign_(std::move(sign)) {}

    base::Result<http::Response> Post(const base::CallContext& context,
                                      const http::Request& request) override {
        http::Request copy = request;
        sign_(&copy);
        return client_.Post(context, copy);
    }

  private:
    http::Client& client_;
    const std::function<void(http::Request*)> sign_;
};

}  // namespace

base::Result<HttpEmbeddingSettings> ReadHttpSettings(const EmbeddingTarget& target,
                                                     const std::string& variable,
                                                     const std::string& url, size_t batch_max) {
    HttpEmbeddingSettings settings;
    settings.access = target.access;
    settings.provider = target.provider;
    settings.dim = target.dim;
    settings.is_int8 = target.is_int8;
    ASSIGN_OR_RETURN(settings.model, ReadModelName(target));
    ASSIGN_OR_RETURN(settings.dim_param, ReadDim(target));
    ASSIGN_OR_RETURN(settings.key, ReadKey(target, variable));
    ASSIGN_OR_RETURN(settings.url, ReadUrl(target, url));
    ASSIGN_OR_RETURN(settings.batch_max, ReadBatchMax(target, batch_max));
    ASSIGN_OR_RETURN(settings.timeout_ms, ReadTimeout(target));
    return settings;
}

json::Value ListOf(std::span<const std::string_view> texts) {
    return json::Value::Array(texts.begin(), texts.end());
}

const json::Value* At(const json::Value& value, std::string_view path) {
    const json::Value* at = &value;
    while (at != nullptr && !path.empty()) {
        const size_t end = std::min(path.find('.'), path.size());
        at = at->Find(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return at;
}

base::Result<std::string> HttpEmbedding::Embed(const base::CallContext& context, Texts texts,
                                               EmbeddingUse use) {
    std::vector<std::string_view> distinct;
    std::unordered_map<std::string_view, size_t> numbers;
    for (const std::string_view text : texts) {
        if (numbers.try_emplace(text, distinct.size()).second) {
            distinct.push_back(text);
        }
    }
    std::string found;
    for (size_t begin = 0; begin < distinct.size();) {
        const size_t count = BatchSize(Texts(distinct).subspan(begin), settings_);
        RETURN_IF_ERROR(EmbedBatch(context, Texts(distinct).subspan(begin, count), use, &found));
        begin += count;
    }
    if (distinct.size() == texts.size()) {
        return found;
    }
    const size_t width = found.size() / distinct.size();
    std::string out;
    out.reserve(width * texts.size());
    for (const std::string_view text : texts) {
        out.append(found, numbers[text] * width, width);
    }
    return out;
}

base::Status HttpEmbedding::EmbedBatch(const base::CallContext& context, Texts texts,
                                       EmbeddingUse use, std::string* out) {
    const std::string body = json::Write(Body(texts, use));
    base::Result<json::Value> answer = json::Value();
    for (bool may_renew = true;; may_renew = false) {
        ASSIGN_OR_RETURN(http::Request request, Envelope(context));
        request.body = body;
        int status = 0;
        answer = Ask(context, std::move(request), &status);
        if (answer.ok() || !may_renew || !Renews(status)) {
            break;
        }
    }
    RETURN_IF_ERROR(answer.status());
    ASSIGN_OR_RETURN(const VectorPlaces places, Find(*answer, texts.size()));
    for (const json::Value* place : places) {
        RETURN_IF_ERROR(Append(*place, out));
    }
    return base::Status();
}

base::Result<http::Request> HttpEmbedding::Envelope(const base::CallContext&) {
    http::Request request;
    request.url = settings_.url;
    request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
    if (!settings_.key.empty()) {
        request.headers.emplace_back("Authorization", "Bearer " + settings_.key);
    }
    return request;
}

base::Result<json::Value> HttpEmbedding::Ask(const base::CallContext& context,
                                             http::Request request, int* status) {
    const ModelAccess& access = *settings_.access;
    request.timeout_ms = settings_.timeout_ms;
    SigningClient client(*access.http, [this](http::Request* sent) { Sign(sent); });
    const base::Result<http::Response> answer = http::PostWithRetry(
        client, context, *access.clock, *access.random, request, http::RetryPolicy());
    if (!answer.ok()) {
        const base::Code code = answer.status().code();
        const bool is_ours = code == base::Code::kCanceled ||
                             code == base::Code::kUnsupportedOperation ||
                             !context.Check(access.clock->MonotonicNs()).ok();
        return is_ours ? answer.status()
                       : FunctionFailed(Phrase("Call service failed, provider ", settings_.provider,
                                               ": ", answer.status().reason()));
    }
    *status = answer->status;
    if (answer->status < 200 || answer->status >= 300) {
        return FunctionFailed(Phrase("Call service failed, provider ", settings_.provider,
                                     " answered status ", answer->status, ": ",
                                     Complaint(*answer, SecretOf(request))));
    }
    base::Result<json::Value> parsed = json::Parse(answer->body);
    if (!parsed.ok()) {
        return FunctionFailed(Phrase("Call service failed, unmarshal response failed, provider ",
                                     settings_.provider, " answered no JSON"));
    }
    return parsed;
}

base::Result<const json::Value::Array*> HttpEmbedding::ListAt(const json::Value& answer,
                                                              std::string_view path,
                                                              size_t count) const {
    const json::Value* at = At(answer, path);
    const json::Value::Array* list = at == nullptr ? nullptr : at->array_if();
    if (list == nullptr) {
        return FunctionFailed(Phrase("get embedding failed, the answer of ", settings_.provider,
                                     " holds no list of embeddings"));
    }
    if (list->size() != count) {
        return FunctionFailed(
            Phrase("get embedding failed, the number of texts and embeddings does not match text:[",
                   count, "], embedding:[", list->size(), "]"));
    }
    return list;
}

base::Result<VectorPlaces> HttpEmbedding::FindInList(const json::Value& answer,
                                                     std::string_view path, size_t count) const {
    ASSIGN_OR_RETURN(const json::Value::Array* list, ListAt(answer, path, count));
    VectorPlaces places;
    for (const json::Value& vector : *list) {
        places.push_back(&vector);
    }
    return places;
}

base::Result<VectorPlaces> HttpEmbedding::FindByIndex(const json::Value& answer,
                                                      std::string_view path, std::string_view index,
                                                      std::string_view vector, size_t count) const {
    ASSIGN_OR_RETURN(const json::Value::Array* list, ListAt(answer, path, count));
    VectorPlaces places(count, nullptr);
    for (const json::Value& item : *list) {
        const json::Value* number = item.Find(index);
        const json::Value* place = item.Find(vector);
        const int64_t* at = number == nullptr ? nullptr : number->int64_if();
        if (at == nullptr || *at < 0 || static_cast<size_t>(*at) >= count || place == nullptr ||
            places[static_cast<size_t>(*at)] != nullptr) {
            return FunctionFailed(Phrase("get embedding failed, the answer of ", settings_.provider,
                                         " does not hold each text once"));
        }
        places[static_cast<size_t>(*at)] = place;
    }
    return places;
}

base::Status HttpEmbedding::Append(const json::Value& vector, std::string* out) const {
    const json::Value::Array* list = vector.array_if();
    const size_t size = list == nullptr ? 0 : list->size();
    if (static_cast<int64_t>(size) != settings_.dim) {
        return FunctionFailed(Phrase("the required embedding dim is [", settings_.dim,
                                     "], but the embedding obtained from the model is [", size,
                                     "]"));
    }
    for (const json::Value& number : *list) {
        const int64_t* whole = number.int64_if();
        const auto real = static_cast<float>(number.AsDouble());
        const bool fits = settings_.is_int8
                              ? whole != nullptr && *whole >= INT8_MIN && *whole <= INT8_MAX
                              : number.is_number() && std::isfinite(real);
        if (!fits) {
            return FunctionFailed(Phrase(
                "get embedding failed, a value in an embedding of ", settings_.provider,
                " is not a ", settings_.is_int8 ? "whole number in [-128, 127]" : "finite number"));
        }
        if (settings_.is_int8) {
            out->push_back(static_cast<char>(*whole));
        } else {
            out->append(reinterpret_cast<const char*>(&real), sizeof real);
        }
    }
    return base::Status();
}

}  // namespace elanus::function
