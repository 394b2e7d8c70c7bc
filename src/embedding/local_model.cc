#include "embedding/local_model.h"

#include "base/mutex.h"
#include "base/phrase.h"
#include "embedding/tokenizer_files.h"
#include "sys/file_system.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <numeric>

namespace elanus::embedding {
namespace {

constexpr size_t kTokensMin = 2;
constexpr size_t kTokensMax = 32768;

// Mean or first of the vectors of a text's tokens.
void Pool(const ModelOutput& output, const TokenBatch& batch, size_t text, Pooling pooling,
          std::vector<float>* vector) {
    vector->assign(output.size, 0.0f);
    if (!output.is_of_tokens) {
        std::copy_n(output.values.data() + text * output.size, output.size, vector->data());
        return;
    }
    float counted = 0;
    for (size_t token = 0; token < batch.tokens; ++token) {
        const size_t at = text * batch.tokens + token;
        if (batch.mask[at] == 0 || (pooling == Pooling::kFirst && token > 0)) {
            continue;
        }
        counted += 1;
        for (size_t i = 0; i < output.size; ++i) {
            (*vector)[i] += output.values[at * output.size + i];
        }
    }
    for (float& value : *vector) {
        value /= std::max(counted, 1.0f);
    }
}

void Normalize(std::vector<float>* vector) {
    double sum = 0;
    for (const float value : *vector) {
        sum += static_cast<double>(value) * static_cast<double>(value);
    }
    const double length = std::max(std::sqrt(sum), 1e-12);
    for (float& value : *vector) {
        value = static_cast<float>(static_cast<double>(value) / length);
    }
}

base::Result<std::string> FindModel(const std::string& folder) {
    for (const char* name : {"/model.onnx", "/onnx/model.onnx"}) {
        if (sys::PosixFileSystem().Open(folder + name, sys::OpenMode::kRead).ok()) {
            return folder + name;
        }
    }
    return base::Invalid("the folder of the model has no model.onnx");
}

int64_t NumberIn(const json::Value& object, std::string_view key) {
    const json::Value* found = object.Find(key);
    return found == nullptr || found->int64_if() == nullptr ? 0 : *found->int64_if();
}

bool IsOn(const json::Value& object, std::string_view key) {
    const json::Value* found = object.Find(key);
    return found != nullptr && found->bool_if() != nullptr && *found->bool_if();
}

// Models that somebody holds, and the last ones loaded, which are asked for again soon: a function
// is made anew with each change of its collection.
struct Loaded {
    base::Mutex mutex;
    std::map<std::string, std::weak_ptr<const LocalModel>> models GUARDED_BY(mutex);
    std::deque<std::shared_ptr<const LocalModel>> recent GUARDED_BY(mutex);
};
constexpr size_t kRecentMax = 4;

}  // namespace

base::Result<std::shared_ptr<const LocalModel>> LocalModel::Load(const std::string& library_path,
                                                                 const std::string& folder) {
    static Loaded loaded;
    const base::MutexLock lock(loaded.mutex);  // so that many who come at once load it once
    std::weak_ptr<const LocalModel>& kept = loaded.models[folder];
    if (std::shared_ptr<const LocalModel> model = kept.lock()) {
        return model;
    }
    ASSIGN_OR_RETURN(std::shared_ptr<const LocalModel> model, Open(library_path, folder));
    kept = model;
    loaded.recent.push_back(model);
    if (loaded.recent.size() > kRecentMax) {
        loaded.recent.pop_front();
    }
    return model;
}

base::Result<std::shared_ptr<const LocalModel>> LocalModel::Open(const std::string& library_path,
                                                                 const std::string& folder) {
    ASSIGN_OR_RETURN(const std::string path, FindModel(folder));
    ASSIGN_OR_RETURN(WordPiece tokenizer, ReadTokenizer(folder));
    ASSIGN_OR_RETURN(const OnnxLibrary* library, OnnxLibrary::Get(library_path));
    ASSIGN_OR_RETURN(std::unique_ptr<OnnxModel> model, OnnxModel::Load(*library, path));
    std::shared_ptr<LocalModel> made(new LocalModel(std::move(tokenizer), std::move(model)));
    RETURN_IF_ERROR(made->ReadSettings(folder));
    return std::shared_ptr<const LocalModel>(std::move(made));
}

base::Status LocalModel::ReadSettings(const std::string& folder) {
    ASSIGN_OR_RETURN(const json::Value pooling, ReadJsonFile(folder + "/1_Pooling/config.json"));
    pooling_ = IsOn(pooling, "pooling_mode_cls_token") ? Pooling::kFirst : Pooling::kMean;
    for (const char* other : {"pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens",
                              "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"}) {
        if (IsOn(pooling, other)) {
            return base::Invalid("1_Pooling/config.json: ", other, " is not supported");
        }
    }
    ASSIGN_OR_RETURN(const json::Value limits, ReadJsonFile(folder + "/sentence_bert_config.json"));
    ASSIGN_OR_RETURN(const json::Value config, ReadJsonFile(folder + "/tokenizer_config.json"));
    // A tokenizer without a limit says a number like 1e30.
    for (const int64_t tokens :
         {NumberIn(limits, "max_seq_length"), NumberIn(config, "model_max_length")}) {
        if (tokens >= static_cast<int64_t>(kTokensMin) &&
            tokens <= static_cast<int64_t>(kTokensMax)) {
            tokens_max_ = static_cast<size_t>(tokens);
            break;
        }
    }
    return base::Status();
}

TokenBatch LocalModel::Pad(const std::vector<std::vector<int64_t>>& texts,
                           std::span<const size_t> rows) const {
    TokenBatch batch;
    batch.texts = rows.size();
    for (const size_t row : rows) {
        batch.tokens = std::max(batch.tokens, texts[row].size());
    }
    batch.ids.assign(batch.texts * batch.tokens, tokenizer_.options().filler);
    batch.mask.assign(batch.texts * batch.tokens, 0);
    for (size_t i = 0; i < rows.size(); ++i) {
        const std::vector<int64_t>& text = texts[rows[i]];
        std::copy(text.begin(), text.end(),
                  batch.ids.begin() + static_cast<std::ptrdiff_t>(i * batch.tokens));
        std::fill_n(batch.mask.begin() + static_cast<std::ptrdiff_t>(i * batch.tokens), text.size(),
                    1);
    }
    return batch;
}

base::Result<std::vector<float>> LocalModel::Embed(const base::CallContext& context,
                                                   sys::Clock& clock, sys::Executor& executor,
                                                   std::span<const std::string_view> texts,
                                                   const EmbedOptions& options) const {
    const size_t tokens_max =
        options.tokens_max == 0 ? tokens_max_ : std::min(options.tokens_max, tokens_max_);
    std::vector<std::vector<int64_t>> tokens(texts.size());
    executor.ParallelFor(texts.size(),
                         [&](size_t i) { tokens[i] = tokenizer_.Encode(texts[i], tokens_max); });
    // Like lengths together: little is computed for what fills up.
    std::vector<size_t> order(texts.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return tokens[a].size() > tokens[b].size(); });
    const size_t share =
        (texts.size() + executor.parallelism() - 1) / std::max<size_t>(executor.parallelism(), 1);
    const size_t batch_size = std::clamp<size_t>(share, 1, options.batch_max);
    const size_t batches = (texts.size() + batch_size - 1) / batch_size;
    std::vector<base::Status> failures(batches);
    std::vector<std::vector<float>> vectors(texts.size());
    executor.ParallelFor(batches, [&](size_t number) {
        failures[number] = context.Check(clock.MonotonicNs());
        if (!failures[number].ok()) {
            return;
        }
        const std::span<const size_t> rows = std::span<const size_t>(order).subspan(
            number * batch_size, std::min(batch_size, texts.size() - number * batch_size));
        const TokenBatch batch = Pad(tokens, rows);
        const base::Result<ModelOutput> output = model_->Run(batch);
        failures[number] = output.ok() ? base::Status() : output.status();
        for (size_t i = 0; output.ok() && i < rows.size(); ++i) {
            Pool(*output, batch, i, options.pooling, &vectors[rows[i]]);
            if (options.normalize) {
                Normalize(&vectors[rows[i]]);
            }
        }
    });
    for (const base::Status& failure : failures) {
        RETURN_IF_ERROR(failure);
    }
    std::vector<float> out;
    for (const std::vector<float>& vector : vectors) {
        out.insert(out.end(), vector.begin(), vector.end());
    }
    return out;
}

}  // namespace elanus::embedding
