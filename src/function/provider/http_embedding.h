// HttpEmbedding: what the clients of services that embed texts share: batches, each different text
// once, time-outs, waiting for a busy service (http/retry.h), and checks of what comes back. A
// provider says what a request looks like and where the vectors stand in its answer.
//
// Keys are in headers only; no failure repeats a key, a header or a text. Threads: any.
#pragma once

#include "function/embedding_provider.h"
#include "function/provider/settings.h"
#include "http/client.h"
#include "json/json.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::function {

struct HttpEmbeddingSettings {
    std::shared_ptr<const ModelAccess> access;
    std::string provider;
    std::string url;
    std::string key;
    std::string model;
    int64_t dim_param = 0;  // to be sent; 0 = is not
    int64_t dim = 0;        // of the field
    bool is_int8 = false;
    size_t batch_max = 1;
    size_t batch_bytes_max = SIZE_MAX;  // of several texts: services bound the tokens of a request
    int64_t timeout_ms = 0;
};

// Where the vector of each text stands in an answer, in the order of the texts.
using VectorPlaces = std::vector<const json::Value*>;

class HttpEmbedding : public EmbeddingProvider {
  public:
    base::Result<std::string> Embed(const base::CallContext& context,
                                    std::span<const std::string_view> texts,
                                    EmbeddingUse use) final;

  protected:
    using Texts = std::span<const std::string_view>;

    explicit HttpEmbedding(HttpEmbeddingSettings settings) : settings_(std::move(settings)) {}

    const HttpEmbeddingSettings& settings() const { return settings_; }
    const ModelAccess& access() const { return *settings_.access; }

    // The body of a request.
    virtual json::Value Body(Texts texts, EmbeddingUse use) const = 0;
    // As many as there are texts; 2400 when the answer has another form.
    virtual base::Result<VectorPlaces> Find(const json::Value& answer, size_t count) const = 0;
    // URL and headers; with "Authorization: Bearer <key>" when there is a key.
    virtual base::Result<http::Request> Envelope(const base::CallContext& context);
    // The last step before a request is sent, each time it is: signatures.
    virtual void Sign(http::Request*) const {}

    // Whether a request that got this status is worth another envelope.
    virtual bool Renews(int) { return false; }

    // `path` is "a.b": the list of lists there.
    base::Result<VectorPlaces> FindInList(const json::Value& answer, std::string_view path,
                                          size_t count) const;
    // The list at `path` of objects that say in `index` which text they belong to, and hold the
    // vector in `vector`.
    base::Result<VectorPlaces> FindByIndex(const json::Value& answer, std::string_view path,
                                           std::string_view index, std::string_view vector,
                                           size_t count) const;

  private:
    // Sends until the service is not busy, and takes nothing but success. `status` is of HTTP, 0
    // when there was no answer.
    base::Result<json::Value> Ask(const base::CallContext& context, http::Request request,
                                  int* status);
    base::Status EmbedBatch(const base::CallContext& context, Texts texts, EmbeddingUse use,
                            std::string* out);
    base::Result<const json::Value::Array*> ListAt(const json::Value& answer, std::string_view path,
                                                   size_t count) const;
    base::Status Append(const json::Value& vector, std::string* out) const;

    const HttpEmbeddingSettings settings_;
};

// What all of them read. `variable` as in ReadKey, `url` as in ReadUrl.
base::Result<HttpEmbeddingSettings> ReadHttpSettings(const EmbeddingTarget& target,
                                                     const std::string& variable,
                                                     const std::string& url, size_t batch_max);

// The texts as a JSON list.
json::Value ListOf(std::span<const std::string_view> texts);

// The member of nested objects, "a.b"; null when it is not there.
const json::Value* At(const json::Value& value, std::string_view path);

}  // namespace elanus::function
