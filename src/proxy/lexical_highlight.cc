#include "proxy/lexical_highlight.h"

#include "function/function.h"
#include "json/json.h"
#include "proxy/phrase.h"
#include "proxy/schema_validation.h"

#include <algorithm>

namespace elanus::proxy {

namespace {

constexpr int64_t kFragmentCharactersMax = 1 << 20;

const std::string* Find(const KeyValues& params, const std::string& key) {
    const auto found = params.find(key);
    return found == params.end() ? nullptr : &found->second;
}

base::Status ReadSize(const KeyValues& params, const std::string& key, int64_t low, size_t* size) {
    const std::string* text = Find(params, key);
    if (text == nullptr) {
        return base::Status();
    }
    int64_t value = 0;
    if (!ParseInt(*text, &value) || value < low || value > kFragmentCharactersMax) {
        return Invalid("invalid ", key, ": ", *text, ", should be an integer in range [", low, ", ",
                       kFragmentCharactersMax, "]");
    }
    *size = static_cast<size_t>(value);
    return base::Status();
}

base::Result<HighlightOptions> ReadOptions(const KeyValues& params) {
    HighlightOptions options;
    ASSIGN_OR_RETURN(options.tags, HighlightTags::Read(params));
    RETURN_IF_ERROR(ReadSize(params, "fragment_offset", 0, &options.fragment_offset));
    RETURN_IF_ERROR(ReadSize(params, "fragment_size", 1, &options.fragment_size));
    RETURN_IF_ERROR(ReadSize(params, "num_of_fragments", 0, &options.num_of_fragments));
    const std::string* search_text = Find(params, "highlight_search_text");
    if (search_text != nullptr && !ParseBool(*search_text, &options.search_text)) {
        return Invalid("unmarshal highlight_search_text as bool failed: ", *search_text);
    }
    return options;
}

void AddWords(const analyzer::TextAnalyzer& analyzer, std::string_view text,
              std::unordered_set<std::string>* words) {
    for (analyzer::OwnedToken& token : analyzer::Tokens(analyzer, text)) {
        words->insert(std::move(token.text));
    }
}

bool IsCharacterStart(char byte) {
    return (static_cast<uint8_t>(byte) & 0xc0) != 0x80;
}

// The place `characters` before `at`, not before `floor`.
size_t StepBack(std::string_view text, size_t at, size_t characters, size_t floor) {
    while (at > floor && characters > 0) {
        --at;
        characters -= IsCharacterStart(text[at]) ? 1 : 0;
    }
    return at;
}

size_t StepForward(std::string_view text, size_t at, size_t characters) {
    while (at < text.size() && characters > 0) {
        ++at;
        while (at < text.size() && !IsCharacterStart(text[at])) {
            ++at;
        }
        --characters;
    }
    return at;
}

}  // namespace

std::vector<std::string> MakeFragments(std::string_view text, const std::vector<TextSpan>& spans,
                                       const HighlightOptions& options) {
    std::vector<std::string> fragments;
    size_t floor = 0;   // where the fragment before ended
    size_t number = 0;  // of the word, for its tags
    for (size_t i = 0; i < spans.size() && fragments.size() < options.num_of_fragments;) {
        const size_t start = StepBack(text, spans[i].start, options.fragment_offset, floor);
        size_t end = std::max(StepForward(text, start, options.fragment_size), spans[i].end);
        std::string fragment;
        size_t copied = start;
        for (; i < spans.size() && spans[i].start < end; ++i) {
            if (spans[i].start < copied) {
                continue;  // covers the same text as the word before
            }
            end = std::max(end, spans[i].end);
            fragment.append(text.substr(copied, spans[i].start - copied));
            options.tags.Mark(text.substr(spans[i].start, spans[i].end - spans[i].start), number++,
                              &fragment);
            copied = spans[i].end;
        }
        fragment.append(text.substr(copied, end - copied));
        fragments.push_back(std::move(fragment));
        floor = end;
    }
    return fragments;
}

base::Result<LexicalHighlighter::Task*> LexicalHighlighter::TaskOf(
    const schema::CollectionSchema& schema, const std::string& name) {
    for (Task& task : tasks_) {
        if (task.field.name == name) {
            return &task;
        }
    }
    const schema::FieldSchema* field = schema.FindField(name);
    if (field == nullptr) {
        return Invalid("highlight field not found in schema: ", name);
    }
    const auto enabled = field->type_params.find("enable_analyzer");
    bool on = false;
    if (!schema::IsStringLike(field->type) || enabled == field->type_params.end() ||
        !ParseBool(enabled->second, &on) || !on) {
        return Invalid("highlight field ", name,
                       " should be a text field with enable_analyzer set to true");
    }
    Task task;
    task.field = *field;
    ASSIGN_OR_RETURN(function::FieldAnalyzers analyzers,
                     function::FieldAnalyzers::Create(schema, *field));
    task.analyzers = std::make_shared<const function::FieldAnalyzers>(std::move(analyzers));
    fields_.push_back(*field);
    if (const schema::FieldSchema* by = schema.FindField(task.analyzers->by_field())) {
        fields_.push_back(*by);
    }
    tasks_.push_back(std::move(task));
    return &tasks_.back();
}

base::Status LexicalHighlighter::AddSearchTexts(const schema::CollectionSchema& schema,
                                                const HighlightSource& source) {
    const schema::FunctionSchema* function = function::FunctionOf(schema, *source.vector_field);
    if (source.metric != "BM25" || function == nullptr || source.texts.empty()) {
        return Invalid("Search highlight only support with metric type \"BM25\" but was: ",
                       source.metric);
    }
    ASSIGN_OR_RETURN(Task * task, TaskOf(schema, function->input_field_names[0]));
    for (const std::string_view text : source.texts) {
        AddWords(task->analyzers->Choose(source.analyzer_name), text,
                 &task->of_query.emplace_back());
    }
    return base::Status();
}

base::Status LexicalHighlighter::AddQueries(const schema::CollectionSchema& schema,
                                            const std::string& queries) {
    const auto parsed = json::Parse(queries);
    const json::Value::Array* list = parsed.ok() ? parsed->array_if() : nullptr;
    if (list == nullptr) {
        return Invalid("unmarshal highlight_query as list failed: ", queries);
    }
    for (const json::Value& query : *list) {
        const json::Value* type = query.Find("type");
        const json::Value* field = query.Find("field");
        const json::Value* text = query.Find("text");
        for (const json::Value* each : {type, field, text}) {
            if (each == nullptr || each->string_if() == nullptr) {
                return Invalid("each highlight_query must have type, field and text, all strings");
            }
        }
        if (*type->string_if() != "TextMatch") {
            return Invalid("unknown type of highlight_query: ", *type->string_if(),
                           ", expected TextMatch");
        }
        ASSIGN_OR_RETURN(Task * task, TaskOf(schema, *field->string_if()));
        AddWords(task->analyzers->Choose(""), *text->string_if(), &task->words);
    }
    return base::Status();
}

base::Result<std::unique_ptr<HitHighlighter>> LexicalHighlighter::Create(
    const schema::CollectionSchema& schema, const Highlighter& highlighter,
    const HighlightSource& source) {
    auto made = std::make_unique<LexicalHighlighter>();
    ASSIGN_OR_RETURN(made->options_, ReadOptions(highlighter.params));
    if (made->options_.search_text) {
        RETURN_IF_ERROR(made->AddSearchTexts(schema, source));
    }
    if (const std::string* queries = Find(highlighter.params, "highlight_query")) {
        RETURN_IF_ERROR(made->AddQueries(schema, *queries));
    }
    return std::unique_ptr<HitHighlighter>(std::move(made));
}

std::vector<std::string> LexicalHighlighter::Highlight(const Task& task,
                                                       const schema::ColumnBatch& rows, size_t row,
                                                       size_t query) const {
    const schema::Column* column = rows.Find(task.field.id);
    if (column == nullptr || !column->IsValid(row)) {
        return {};
    }
    std::string_view chosen;
    const schema::Column* by = rows.Find(task.analyzers->by_field());
    if (by != nullptr && by->IsValid(row)) {
        chosen = by->View().StringAt(row);
    }
    const std::string_view text = column->View().StringAt(row);
    std::vector<TextSpan> spans;
    for (const auto& token : analyzer::Tokens(task.analyzers->Choose(chosen), text)) {
        const bool wanted =
            task.words.contains(token.text) ||
            (query < task.of_query.size() && task.of_query[query].contains(token.text));
        if (wanted && token.end > token.start) {
            spans.push_back({token.start, token.end});
        }
    }
    std::stable_sort(spans.begin(), spans.end(),
                     [](const TextSpan& a, const TextSpan& b) { return a.start < b.start; });
    return MakeFragments(text, spans, options_);
}

base::Result<std::vector<HighlightedField>> LexicalHighlighter::Run(
    const base::CallContext& /*context*/, const schema::ColumnBatch& rows,
    const std::vector<int64_t>& counts) const {
    std::vector<HighlightedField> highlighted;
    for (const Task& task : tasks_) {
        HighlightedField& field = highlighted.emplace_back();
        field.name = task.field.name;
        size_t row = 0;
        for (size_t query = 0; query < counts.size(); ++query) {
            for (int64_t i = 0; i < counts[query]; ++i) {
                field.fragments.push_back(Highlight(task, rows, row++, query));
            }
        }
    }
    return highlighted;
}

}  // namespace elanus::proxy
