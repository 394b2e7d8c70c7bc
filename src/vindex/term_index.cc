#include "vindex/term_index.h"

#include "postings/builder.h"
#include "vindex/bm25.h"
#include "vindex/sparse.h"

#include <algorithm>
#include <cmath>

namespace elanus::vindex {
namespace {

constexpr std::string_view kNames[] = {"SPARSE_INVERTED_INDEX", "SPARSE_WAND", "AUTOINDEX"};
constexpr double kCountMax = 1 << 24;  // whole numbers of a float
constexpr double kLengthMax = 4e9;
constexpr uint64_t kRowsPerCheck = 8192;

std::string_view RowAt(const BuildInput& input, uint64_t row) {
    return std::string_view(static_cast<const char*>(input.vectors) + input.offsets[row],
                            input.offsets[row + 1] - input.offsets[row]);
}

}  // namespace

bool TermIndex::Fits(const BuildInput& input) {
    for (uint64_t row = 0; row < input.rows; ++row) {
        const std::string_view vector = RowAt(input, row);
        double length = 0;
        for (size_t i = 0; i < SparseEntries(vector); ++i) {
            const auto value = static_cast<double>(SparseAt(vector, i).value);
            if (!(value >= 0 && value <= kCountMax) || value != std::floor(value)) {
                return false;
            }
            length += value;
        }
        if (length > kLengthMax) {
            return false;
        }
    }
    return true;
}

base::Result<std::unique_ptr<Index>> TermIndex::Build(const BuildParams& params,
                                                      const BuildInput& input) {
    postings::BuildOptions options;
    options.positions = false;
    const auto* name = std::find(std::begin(kNames), std::end(kNames), params.index_type);
    options.tag = static_cast<uint32_t>(name - std::begin(kNames));
    options.executor = input.executor;
    options.interrupt = input.interrupt;
    postings::Builder builder(options);
    for (uint64_t row = 0; row < input.rows; ++row) {
        if (row % kRowsPerCheck == 0 && input.interrupt) {
            RETURN_IF_ERROR(input.interrupt());
        }
        const std::string_view vector = RowAt(input, row);
        RETURN_IF_ERROR(CheckSparseVector(vector));
        builder.StartDocument();
        for (size_t i = 0; i < SparseEntries(vector); ++i) {
            const SparseEntry entry = SparseAt(vector, i);
            if (entry.value > 0) {
                builder.AddCount(entry.index, static_cast<uint32_t>(entry.value));
            }
        }
    }
    codec::StringSink sink;
    RETURN_IF_ERROR(builder.Finish(sink));
    return Open(base::Buffer::FromString(sink.Take()));
}

base::Result<std::unique_ptr<Index>> TermIndex::Open(base::Buffer file) {
    ASSIGN_OR_RETURN(auto postings, postings::Index::Open(file));
    if (postings->tag() >= std::size(kNames) || postings->has_positions()) {
        return base::Corruption("index of terms: bad description of its lists");
    }
    return std::unique_ptr<Index>(new TermIndex(std::move(file), std::move(postings)));
}

std::string_view TermIndex::index_type() const {
    return kNames[postings_->tag()];
}

base::Status TermIndex::AddTermStatistics(std::span<const uint32_t> terms,
                                          TermStatistics* out) const {
    TermStatistics own;
    own.documents = postings_->documents() - postings_->empty_documents();
    own.total_length = static_cast<double>(postings_->length_sum());
    for (const uint32_t term : terms) {
        ASSIGN_OR_RETURN(const postings::Term found, postings_->Find(postings::DimensionKey(term)));
        own.holders.push_back(found.documents);
    }
    out->Add(own);
    return base::Status();
}

base::Status TermIndex::SearchRows(const Query& query, const SearchParams& params, size_t,
                                   SearchScratch&, Neighbors* out) const {
    const std::string_view vector(static_cast<const char*>(query.data), query.bytes);
    const Bm25 bm25 = Bm25::Of(params.params);
    std::vector<std::string> keys;
    std::vector<postings::WeightedTerm> terms;
    keys.reserve(SparseEntries(vector));
    for (size_t i = 0; i < SparseEntries(vector); ++i) {
        const SparseEntry entry = SparseAt(vector, i);
        keys.push_back(postings::DimensionKey(entry.index));
        terms.push_back(
            {keys.back(), static_cast<float>(static_cast<double>(entry.value) * (bm25.k1 + 1))});
    }
    postings::SearchOptions options;
    options.k = std::min<size_t>(params.k, size());
    options.scoring = {static_cast<float>(bm25.k1), static_cast<float>(bm25.b),
                       static_cast<float>(bm25.average_length)};
    options.filter = params.filter;
    options.above = params.radius;
    options.most = params.range_filter;
    options.interrupt = params.interrupt;
    postings::Hits hits;
    RETURN_IF_ERROR(postings_->SearchAny(terms, options, &hits));
    out->rows = std::move(hits.rows);
    out->scores = std::move(hits.scores);
    out->counters.strategy = Strategy::kPostings;
    out->counters.distances = hits.scored;
    return base::Status();
}

}  // namespace elanus::vindex
