// BM25 over sparse vectors: a row's entries are (hash of a term, how often the row has it), and the
// sum of its values is its length in terms.
//
//   score(q, d) = sum over terms t of both of
//                 q_t * tf * (k1 + 1) / (tf + k1 * (1 - b + b * len / avg))
//
// (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, with the
// factor k1 + 1 that Lucene dropped and Milvus kept). The query's values q_t are weights: how often
// the query has the term, times its inverse document frequency ln(1 + (N - n + 0.5) / (n + 0.5)).
// Who searches several segments makes the weights and the average from the sums of their
// statistics, so that scores of all of them are of one kind.
// Threads: pure.
#pragma once

#include "vindex/index.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace elanus::vindex {

inline constexpr double kBm25K1Default = 1.2;
inline constexpr double kBm25BDefault = 0.75;
inline constexpr double kBm25AverageDefault = 100;

struct Bm25 {
    double k1 = kBm25K1Default;
    double b = kBm25BDefault;
    double average_length = kBm25AverageDefault;

    // From bm25_k1, bm25_b and bm25_avgdl; what is absent or no number keeps its default.
    static Bm25 Of(const ParamMap& params);

    // What a term of weight 1 that a row of `length` terms has `tf` > 0 times gives to its score.
    // Rises with `tf` and falls with `length`.
    double Gain(double tf, double length) const {
        return tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / average_length));
    }
};

// The sum of the values.
double DocumentLength(std::string_view row);

// 0 for rows that share no term with the query. Any bytes are survived.
double Bm25Score(std::string_view query, std::string_view row, const Bm25& bm25);

// ln(1 + (N - n + 0.5) / (n + 0.5)), above 0; `holders` is cut to `documents`.
double InverseDocumentFrequency(uint64_t documents, uint64_t holders);

// What a set of rows tells about terms. Rows without terms are no documents.
struct TermStatistics {
    uint64_t documents = 0;
    double total_length = 0;        // in terms, over all documents
    std::vector<uint64_t> holders;  // documents with terms[i], of the terms that were asked for

    template <typename A>
    void Visit(A& a) {
        a(documents, total_length, holders);
    }
    // `other` is of the same terms, or empty.
    void Add(const TermStatistics& other);
};

}  // namespace elanus::vindex
