#include "proxy/text_search.h"

#include "base/utf8.h"
#include "function/function.h"
#include "proxy/phrase.h"
#include "reduce/term_statistics.h"
#include "vindex/bm25.h"
#include "vindex/sparse.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace elanus::proxy {

namespace {

constexpr int32_t kVarCharPlaceholder = 21;

bool IsBm25(const schema::CollectionSchema& schema, const schema::FieldSchema& field) {
    const schema::FunctionSchema* function = function::FunctionOf(schema, field);
    return function != nullptr && function->type == schema::FunctionType::kBm25;
}

std::string PlaceholderKind(int32_t type) {
    const std::string_view name = schema::DataTypeName(static_cast<schema::DataType>(type));
    return name.empty() ? Phrase("placeholder type ", type) : std::string(name);
}

// All terms of the queries, ascending.
std::vector<uint32_t> TermsOf(const schema::ColumnView& queries) {
    std::vector<uint32_t> terms;
    for (size_t q = 0; q < queries.rows; ++q) {
        const std::string_view query = queries.StringAt(q);
        for (size_t i = 0; i < vindex::SparseEntries(query); ++i) {
            terms.push_back(vindex::SparseAt(query, i).index);
        }
    }
    std::sort(terms.begin(), terms.end());
    terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
    return terms;
}

// How often each query has a term, times how rare the term is.
schema::Column Weighted(const schema::Column& counts, const std::vector<uint32_t>& terms,
                        const vindex::TermStatistics& statistics) {
    std::map<uint32_t, double> rarity;
    for (size_t i = 0; i < terms.size(); ++i) {
        rarity[terms[i]] =
            vindex::InverseDocumentFrequency(statistics.documents, statistics.holders[i]);
    }
    schema::ColumnBuilder builder(counts.field_id, counts.type);
    const schema::ColumnView view = counts.View();
    std::vector<vindex::SparseEntry> entries;
    for (size_t q = 0; q < counts.rows; ++q) {
        const std::string_view query = view.StringAt(q);
        entries.clear();
        for (size_t i = 0; i < vindex::SparseEntries(query); ++i) {
            vindex::SparseEntry entry = vindex::SparseAt(query, i);
            entry.value =
                static_cast<float>(static_cast<double>(entry.value) * rarity[entry.index]);
            entries.push_back(entry);
        }
        builder.AppendBytes({reinterpret_cast<const char*>(entries.data()),
                             entries.size() * sizeof(vindex::SparseEntry)});
    }
    return builder.Finish();
}

std::string ExactText(double value) {
    char buffer[32];
    return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

base::Result<roles::TermAnswer> AskStatistics(ProxyCore& core, const base::CallContext& context,
                                              const roles::CollectionInfo& collection,
                                              const roles::SearchRequest& search,
                                              const std::vector<uint32_t>& terms) {
    roles::RetrieveRequest request;
    request.terms = roles::TermQuery{search.vector_field, terms};
    request.guarantee_ts = search.guarantee_ts;
    request.snapshot_ts = search.snapshot_ts;
    request.ignore_growing = search.ignore_growing;
    ASSIGN_OR_RETURN(const std::vector<roles::RetrieveResponse> shards,
                     core.RetrieveFromShards(context, collection, request));
    roles::TermAnswer sum;
    sum.statistics.holders.resize(terms.size(), 0);
    for (const roles::RetrieveResponse& shard : shards) {
        RETURN_IF_ERROR(reduce::AddTerms(request, shard.terms, &sum));
    }
    return sum;
}

}  // namespace

base::Status WeighTerms(ProxyCore& core, const base::CallContext& context,
                        const roles::CollectionInfo& collection, const schema::FieldSchema& field,
                        const roles::IndexInfo& index, roles::SearchRequest* request,
                        ReadReport* report) {
    if (!IsBm25(collection.schema, field)) {
        return base::Status();
    }
    const std::vector<uint32_t> terms = TermsOf(request->queries.View());
    ASSIGN_OR_RETURN(const roles::TermAnswer answer,
                     AskStatistics(core, context, collection, *request, terms));
    const vindex::TermStatistics& statistics = answer.statistics;
    request->queries = Weighted(request->queries, terms, statistics);
    for (const char* key : {"bm25_k1", "bm25_b"}) {
        const auto found = index.params.find(key);
        if (found != index.params.end()) {
            request->params[key] = found->second;
        }
    }
    double average = 0;
    if (statistics.documents > 0) {
        average = statistics.total_length / static_cast<double>(statistics.documents);
        request->params["bm25_avgdl"] = ExactText(average);
    }
    report->text = TextReport{terms.size(), statistics.documents, average, answer.hidden_rows};
    return base::Status();
}

bool TakesTexts(const schema::CollectionSchema& schema, const schema::FieldSchema& field,
                bool* must_be_text) {
    *must_be_text = IsBm25(schema, field);
    return function::FunctionOf(schema, field) != nullptr;
}

bool IsText(const Placeholders& placeholders) {
    return placeholders.type == kVarCharPlaceholder;
}

base::Result<std::vector<std::string_view>> ReadQueryTexts(const schema::FieldSchema& field,
                                                           const Placeholders& placeholders) {
    if (placeholders.values.empty()) {
        return Invalid("please provide varchar/text for BM25 Function based search");
    }
    if (placeholders.type != kVarCharPlaceholder) {
        return Invalid("please provide varchar/text for BM25 Function based search, got ",
                       PlaceholderKind(placeholders.type));
    }
    std::vector<std::string_view> texts;
    for (const base::Buffer& value : placeholders.values) {
        if (!base::IsValidUtf8(value.view())) {
            return Invalid("a query text for field ", field.name, " is not valid UTF-8");
        }
        texts.push_back(value.view());
    }
    return texts;
}

base::Status UseQueryTexts(ProxyCore& core, const base::CallContext& context,
                           const roles::CollectionInfo& collection,
                           const schema::FieldSchema& field, const roles::IndexInfo& index,
                           const Placeholders& placeholders, std::string_view analyzer_name,
                           roles::SearchRequest* request, ReadReport* report) {
    ASSIGN_OR_RETURN(const std::vector<std::string_view> texts,
                     ReadQueryTexts(field, placeholders));
    ASSIGN_OR_RETURN(const auto functions, core.functions.Get(collection.id, collection.schema));
    const auto function = std::find_if(
        functions->begin(), functions->end(),
        [&](const function::FunctionPtr& each) { return each->output_field().id == field.id; });
    if (function == functions->end()) {
        return base::Internal(Phrase("no function makes field ", field.name));
    }
    ASSIGN_OR_RETURN(request->queries, (*function)->RunOnTexts(context, texts, analyzer_name));
    return WeighTerms(core, context, collection, field, index, request, report);
}

}  // namespace elanus::proxy
