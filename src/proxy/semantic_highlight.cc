#include "proxy/semantic_highlight.h"

#include "analyzer/sentences.h"
#include "proxy/model_scorer.h"
#include "proxy/phrase.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

namespace elanus::proxy {

namespace {

constexpr double kThreshold = 0.5;

struct SemanticOptions {
    HighlightTags tags;
    std::vector<std::string> queries;
    double threshold = kThreshold;
    bool only_marked = false;
};

base::Result<std::vector<std::string>> RequiredList(const KeyValues& params,
                                                    const std::string& key) {
    const auto given = params.find(key);
    if (given == params.end()) {
        return Invalid("semantic highlight lost params: ", key);
    }
    ASSIGN_OR_RETURN(std::vector<std::string> list, ReadTextList(key, given->second));
    if (list.empty()) {
        return Invalid(key, " cannot be empty list");
    }
    return list;
}

base::Result<SemanticOptions> ReadOptions(const KeyValues& pairs, int64_t nq) {
    const FunctionParams params(pairs);
    SemanticOptions options;
    ASSIGN_OR_RETURN(options.tags, HighlightTags::Read(pairs));
    ASSIGN_OR_RETURN(options.queries, RequiredList(pairs, "queries"));
    if (static_cast<int64_t>(options.queries.size()) != nq) {
        return Invalid("nq must equal to queries size, but got nq [", nq, "], queries size [",
                       options.queries.size(), "]");
    }
    ASSIGN_OR_RETURN(const std::optional<double> threshold,
                     params.Number("semantic highlight", "threshold"));
    options.threshold = threshold.value_or(kThreshold);
    if (options.threshold < 0 || options.threshold > 1) {
        return Invalid("semantic highlight threshold should be in range [0, 1], got ",
                       pairs.at("threshold"));
    }
    ASSIGN_OR_RETURN(const std::optional<bool> only_marked, params.Bool("highlight_only"));
    options.only_marked = only_marked.value_or(false);
    return options;
}

base::Result<std::vector<schema::FieldSchema>> ReadFields(const schema::CollectionSchema& schema,
                                                          const KeyValues& params) {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, RequiredList(params, "input_fields"));
    std::vector<schema::FieldSchema> fields;
    for (const std::string& name : names) {
        const schema::FieldSchema* field = schema.FindField(name);
        if (field == nullptr) {
            return Invalid("highlight field not found in schema: ", name);
        }
        if (!schema::IsStringLike(field->type)) {
            return Invalid("highlight field ", name, " should be a text field");
        }
        const bool is_twice = std::any_of(fields.begin(), fields.end(),
                                          [&](const auto& other) { return other.id == field->id; });
        if (!is_twice) {
            fields.push_back(*field);
        }
    }
    return fields;
}

base::Result<ModelScorer> MakeScorer(ProxyCore& core, const KeyValues& params) {
    const function::ModelServices& models = core.models;
    if (models.highlight_provider.empty()) {
        return Invalid(
            "no model service for the semantic highlighter: set elanus.highlight.provider, and "
            "elanus.highlight.model where the provider wants one, in the server's configuration");
    }
    KeyValues settings = {{"provider", models.highlight_provider}};
    const auto set = [&settings](const char* key, const std::string& value) {
        if (!value.empty()) {
            settings[key] = value;
        }
    };
    set("model_name", models.highlight_model);
    if (const auto model = params.find("model_deployment_id"); model != params.end()) {
        set("model_name", model->second);
    }
    if (const auto batch = params.find("max_client_batch_size"); batch != params.end()) {
        set("max_client_batch_size", batch->second);
    }
    return ModelScorer::Make(core, FunctionParams(settings));
}

using Scores = std::unordered_map<std::string_view, float>;

// One text, its sentences and what was found of them.
struct Pieces {
    std::vector<std::string> fragments;
    std::vector<float> scores;
};

Pieces WholeText(std::string_view text, const Scores& scores, const SemanticOptions& options) {
    std::string whole;
    float best = 0;
    size_t marked = 0;
    size_t copied = 0;
    for (const analyzer::TextRange& range : analyzer::Sentences(text)) {
        const std::string_view sentence = text.substr(range.start, range.end - range.start);
        const float score = scores.at(sentence);
        if (score < options.threshold) {
            continue;
        }
        whole.append(text.substr(copied, range.start - copied));
        options.tags.Mark(sentence, marked, &whole);
        best = marked == 0 ? score : std::max(best, score);
        copied = range.end;
        ++marked;
    }
    if (marked == 0) {
        return {};
    }
    whole.append(text.substr(copied));
    return {{std::move(whole)}, {best}};
}

Pieces MarkedSentences(std::string_view text, const Scores& scores,
                       const SemanticOptions& options) {
    Pieces pieces;
    for (const analyzer::TextRange& range : analyzer::Sentences(text)) {
        const std::string_view sentence = text.substr(range.start, range.end - range.start);
        const float score = scores.at(sentence);
        if (score < options.threshold) {
            continue;
        }
        std::string& fragment = pieces.fragments.emplace_back();
        options.tags.Mark(sentence, pieces.scores.size(), &fragment);
        pieces.scores.push_back(score);
    }
    return pieces;
}

class SemanticHighlighter : public HitHighlighter {
  public:
    SemanticHighlighter(ModelScorer scorer, SemanticOptions options,
                        std::vector<schema::FieldSchema> fields)
        : scorer_(std::move(scorer)), options_(std::move(options)) {
        fields_ = std::move(fields);
    }

    base::Result<std::vector<HighlightedField>> Run(
        const base::CallContext& context, const schema::ColumnBatch& rows,
        const std::vector<int64_t>& counts) const override {
        if (counts.size() != options_.queries.size()) {
            return base::Internal("the queries of a highlighter do not fit its rows");
        }
        std::vector<HighlightedField> highlighted(fields_.size());
        for (size_t i = 0; i < fields_.size(); ++i) {
            highlighted[i].name = fields_[i].name;
        }
        size_t begin = 0;
        for (size_t query = 0; query < counts.size(); ++query) {
            const size_t end = begin + static_cast<size_t>(counts[query]);
            RETURN_IF_ERROR(
                HighlightQuery(context, options_.queries[query], rows, begin, end, &highlighted));
            begin = end;
        }
        return highlighted;
    }

  private:
    static std::string_view TextAt(const schema::ColumnBatch& rows,
                                   const schema::FieldSchema& field, size_t row) {
        const schema::Column* column = rows.Find(field.id);
        const bool is_there = column != nullptr && column->IsValid(row);
        return is_there ? column->View().StringAt(row) : std::string_view();
    }

    base::Result<Scores> ScoreSentences(const base::CallContext& context, const std::string& query,
                                        const schema::ColumnBatch& rows, size_t begin,
                                        size_t end) const {
        Scores scores;
        std::vector<std::string_view> sentences;  // each once
        for (const schema::FieldSchema& field : fields_) {
            for (size_t row = begin; row < end; ++row) {
                const std::string_view text = TextAt(rows, field, row);
                for (const analyzer::TextRange& range : analyzer::Sentences(text)) {
                    const auto sentence = text.substr(range.start, range.end - range.start);
                    if (scores.try_emplace(sentence, 0.0F).second) {
                        sentences.push_back(sentence);
                    }
                }
            }
        }
        ASSIGN_OR_RETURN(const std::vector<float> found, scorer_.Score(context, query, sentences));
        for (size_t i = 0; i < sentences.size(); ++i) {
            scores[sentences[i]] = found[i];
        }
        return scores;
    }

    base::Status HighlightQuery(const base::CallContext& context, const std::string& query,
                                const schema::ColumnBatch& rows, size_t begin, size_t end,
                                std::vector<HighlightedField>* highlighted) const {
        ASSIGN_OR_RETURN(const Scores scores, ScoreSentences(context, query, rows, begin, end));
        for (size_t i = 0; i < fields_.size(); ++i) {
            for (size_t row = begin; row < end; ++row) {
                const std::string_view text = TextAt(rows, fields_[i], row);
                Pieces pieces = options_.only_marked ? MarkedSentences(text, scores, options_)
                                                     : WholeText(text, scores, options_);
                (*highlighted)[i].fragments.push_back(std::move(pieces.fragments));
                (*highlighted)[i].scores.push_back(std::move(pieces.scores));
            }
        }
        return base::Status();
    }

    const ModelScorer scorer_;
    const SemanticOptions options_;
};

}  // namespace

base::Result<std::unique_ptr<HitHighlighter>> MakeSemanticHighlighter(
    ProxyCore& core, const schema::CollectionSchema& schema, const Highlighter& highlighter,
    int64_t nq) {
    ASSIGN_OR_RETURN(SemanticOptions options, ReadOptions(highlighter.params, nq));
    ASSIGN_OR_RETURN(std::vector<schema::FieldSchema> fields,
                     ReadFields(schema, highlighter.params));
    ASSIGN_OR_RETURN(ModelScorer scorer, MakeScorer(core, highlighter.params));
    return std::unique_ptr<HitHighlighter>(std::make_unique<SemanticHighlighter>(
        std::move(scorer), std::move(options), std::move(fields)));
}

}  // namespace elanus::proxy
