// Vertex AI, "Text embeddings API": projects.locations.publishers.models.predict.

#include "base/phrase.h"
#include "function/provider/google_tokens.h"
#include "function/provider/http_embedding.h"
#include "function/provider/providers.h"
#include "sys/file_system.h"

namespace elanus::function {
namespace {

constexpr size_t kBatchMax = 128;
constexpr size_t kBatchBytesMax = 40'000;  // the service takes 20,000 tokens a request
constexpr uint64_t kAccountBytesMax = 1 << 20;
constexpr const char* kFileVariable = "MILVUS_GOOGLE_APPLICATION_CREDENTIALS";

// What a text is embedded for, by the function's parameter `task`.
struct TaskNames {
    const char* task;
    const char* store;
    const char* search;
};
constexpr TaskNames kTasks[] = {
    {"DOC_RETRIEVAL", "RETRIEVAL_DOCUMENT", "RETRIEVAL_QUERY"},
    {"CODE_RETRIEVAL", "RETRIEVAL_DOCUMENT", "CODE_RETRIEVAL_QUERY"},
    {"STS", "SEMANTIC_SIMILARITY", "SEMANTIC_SIMILARITY"},
};

class VertexAi : public HttpEmbedding {
  public:
    VertexAi(HttpEmbeddingSettings settings, const TaskNames& task,
             std::unique_ptr<GoogleTokens> tokens)
        : HttpEmbedding(std::move(settings)), task_(task), tokens_(std::move(tokens)) {}

  private:
    json::Value Body(Texts texts, EmbeddingUse use) const override {
        json::Value instances;
        for (const std::string_view text : texts) {
            json::Value instance;
            instance.Add("task_type", use == EmbeddingUse::kStore ? task_.store : task_.search);
            instance.Add("content", text);
            instances.Append(std::move(instance));
        }
        json::Value body;
        body.Add("instances", std::move(instances));
        if (settings().dim_param != 0) {
            json::Value parameters;
            parameters.Add("outputDimensionality", settings().dim_param);
            body.Add("parameters", std::move(parameters));
        }
        return body;
    }

    base::Result<VectorPlaces> Find(const json::Value& answer, size_t count) const override {
        ASSIGN_OR_RETURN(VectorPlaces places, FindInList(answer, "predictions", count));
        for (const json::Value*& place : places) {
            const json::Value* values = At(*place, "embeddings.values");
            place = values == nullptr ? place : values;  // without one it has no dimension
        }
        return places;
    }

    base::Result<http::Request> Envelope(const base::CallContext& context) override {
        ASSIGN_OR_RETURN(const std::string token, tokens_->Get(context, settings().timeout_ms));
        http::Request request;
        request.url = settings().url;
        request.headers = {{"Content-Type", "application/json"},
                           {"Accept", "application/json"},
                           {"Authorization", "Bearer " + token}};
        return request;
    }

    // The token ended early.
    bool Renews(int status) override {
        if (status == 401) {
            tokens_->Forget();
        }
        return status == 401;
    }

    const TaskNames& task_;
    const std::unique_ptr<GoogleTokens> tokens_;
};

base::Result<const TaskNames*> FindTask(const std::string& name) {
    for (const TaskNames& task : kTasks) {
        if (name == task.task || (name.empty() && &task == kTasks)) {
            return &task;
        }
    }
    return base::Invalid("[task param's value: ", name,
                         "] is unknown, only supports: [DOC_RETRIEVAL/CODE_RETRIEVAL/STS]");
}

base::Result<std::string> ReadAccount(const EmbeddingTarget& target) {
    const ModelServices& services = target.access->services;
    std::string name = target.params.Text("credential");
    if (name.empty()) {
        name = target.config().credential;
    }
    if (!name.empty()) {
        return services.ServiceAccount(name);
    }
    const std::string path = services.KeyOfVariable(kFileVariable);
    if (path.empty()) {
        return base::Invalid("missing credentials config or configure the ", kFileVariable,
                             " environment variable in the Milvus service");
    }
    const auto file = sys::PosixFileSystem().Open(path, sys::OpenMode::kRead);
    const auto size = file.ok() ? (*file)->Size() : file.status();
    if (!size.ok() || *size > kAccountBytesMax) {
        return base::Invalid("the file that ", kFileVariable, " names cannot be read");
    }
    return (*file)->ReadAt(0, *size);
}

std::string OwnHost(const std::string& location) {
    return location == "global" ? "https://aiplatform.googleapis.com"
                                : "https://" + location + "-aiplatform.googleapis.com";
}

}  // namespace

ProviderResult MakeVertexAi(const EmbeddingTarget& target) {
    RETURN_IF_ERROR(CheckGivesFloats(target));
    HttpEmbeddingSettings settings;
    settings.access = target.access;
    settings.provider = target.provider;
    settings.dim = target.dim;
    ASSIGN_OR_RETURN(settings.model, ReadModelName(target));
    ASSIGN_OR_RETURN(settings.dim_param, ReadDim(target));
    ASSIGN_OR_RETURN(settings.timeout_ms, ReadTimeout(target));
    // The Gemini models take one text a request.
    const size_t own_batch = settings.model.starts_with("gemini-embedding") ? 1 : kBatchMax;
    ASSIGN_OR_RETURN(settings.batch_max, ReadBatchMax(target, own_batch));
    settings.batch_bytes_max = kBatchBytesMax;
    ASSIGN_OR_RETURN(const TaskNames* task, FindTask(target.params.Text("task")));
    ASSIGN_OR_RETURN(const std::string account, ReadAccount(target));
    ASSIGN_OR_RETURN(std::unique_ptr<GoogleTokens> tokens,
                     GoogleTokens::Create(target.access, account));
    std::string location = target.params.Text("location");
    location = location.empty() ? "us-central1" : location;
    ASSIGN_OR_RETURN(settings.url, ReadUrl(target, OwnHost(location)));
    if (IsBareHost(settings.url)) {
        std::string project = target.params.Text("projectid");
        project = project.empty() ? tokens->project() : project;
        if (project.empty()) {
            return base::Invalid("projectid is required for vertexai embedding provider");
        }
        settings.url = WithoutEndSlash(settings.url) + "/v1/projects/" + http::EncodePath(project) +
                       "/locations/" + http::EncodePath(location) + "/publishers/google/models/" +
                       http::EncodePath(settings.model) + ":predict";
    }
    return std::shared_ptr<EmbeddingProvider>(
        std::make_shared<VertexAi>(std::move(settings), *task, std::move(tokens)));
}

}  // namespace elanus::function
