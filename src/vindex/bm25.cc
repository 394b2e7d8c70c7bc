#include "vindex/bm25.h"

#include "vindex/param.h"
#include "vindex/sparse.h"

#include <algorithm>
#include <cmath>

namespace elanus::vindex {

Bm25 Bm25::Of(const ParamMap& params) {
    Bm25 bm25;
    bm25.k1 = NumberParam(params, "bm25_k1").value_or(kBm25K1Default);
    bm25.b = NumberParam(params, "bm25_b").value_or(kBm25BDefault);
    const double average = NumberParam(params, "bm25_avgdl").value_or(kBm25AverageDefault);
    bm25.average_length = average > 0 ? average : kBm25AverageDefault;
    return bm25;
}

double DocumentLength(std::string_view row) {
    double length = 0;
    for (size_t i = 0; i < SparseEntries(row); ++i) {
        length += static_cast<double>(SparseAt(row, i).value);
    }
    return length;
}

double Bm25Score(std::string_view query, std::string_view row, const Bm25& bm25) {
    const size_t query_end = SparseEntries(query);
    double length = -1;  // found at the first common term
    double score = 0;
    for (size_t i = 0, j = 0; i < query_end && j < SparseEntries(row);) {
        const SparseEntry term = SparseAt(query, i);
        const SparseEntry own = SparseAt(row, j);
        if (term.index == own.index && own.value > 0) {
            length = length < 0 ? DocumentLength(row) : length;
            score +=
                static_cast<double>(term.value) * bm25.Gain(static_cast<double>(own.value), length);
        }
        i += term.index <= own.index ? 1 : 0;
        j += own.index <= term.index ? 1 : 0;
    }
    return score;
}

double InverseDocumentFrequency(uint64_t documents, uint64_t holders) {
    const auto n = static_cast<double>(std::min(holders, documents));
    return std::log(1 + (static_cast<double>(documents) - n + 0.5) / (n + 0.5));
}

void TermStatistics::Add(const TermStatistics& other) {
    documents += other.documents;
    total_length += other.total_length;
    holders.resize(std::max(holders.size(), other.holders.size()), 0);
    for (size_t i = 0; i < other.holders.size(); ++i) {
        holders[i] += other.holders[i];
    }
}

}  // namespace elanus::vindex
