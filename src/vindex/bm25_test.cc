// BM25 against the formula written out over whole documents, and the statistics against counting.
#include "vindex/bm25.h"

#include "codec/sink.h"
#include "vindex/family.h"
#include "vindex/index.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace elanus::vindex {
namespace {

using Document = std::map<uint32_t, int>;  // how often it has each term

std::string Bytes(const std::map<uint32_t, float>& entries) {
    std::string bytes;
    for (const auto& [index, value] : entries) {
        bytes.append(reinterpret_cast<const char*>(&index), 4);
        bytes.append(reinterpret_cast<const char*>(&value), 4);
    }
    return bytes;
}

struct Corpus {
    std::vector<Document> documents;
    std::string bytes;
    std::vector<uint32_t> offsets = {0};

    void Add(const Document& document) {
        std::map<uint32_t, float> entries;
        for (const auto& [term, count] : document) {
            entries[term] = static_cast<float>(count);
        }
        bytes += Bytes(entries);
        offsets.push_back(static_cast<uint32_t>(bytes.size()));
        documents.push_back(document);
    }
    std::string_view Row(size_t row) const {
        return std::string_view(bytes).substr(offsets[row], offsets[row + 1] - offsets[row]);
    }
};

// Few terms are in most documents and most in few; some documents are empty.
Corpus RandomCorpus(size_t documents, uint32_t seed) {
    std::mt19937 random(seed);
    Corpus corpus;
    for (size_t i = 0; i < documents; ++i) {
        Document document;
        for (size_t words = random() % 60; words > 0; --words) {
            const double u = (random() % 10000 + 1) / 10001.0;
            ++document[static_cast<uint32_t>(300 * u * u * u) * 7919];
        }
        corpus.Add(document);
    }
    return corpus;
}

std::unique_ptr<Index> Build(const Corpus& corpus) {
    const BuildParams build{
        "SPARSE_INVERTED_INDEX", VectorType::kSparseFloat, Metric::kBm25, 0, {}};
    BuildInput input;
    input.vectors = corpus.bytes.data();
    input.offsets = corpus.offsets.data();
    input.rows = corpus.documents.size();
    auto index = BuildIndex(build, input);
    EXPECT_TRUE(index.ok()) << index.status().reason();
    return std::move(*index);
}

double TrueScore(const std::map<uint32_t, float>& query, const Document& document, double k1,
                 double b, double average) {
    double length = 0;
    for (const auto& [term, count] : document) {
        length += count;
    }
    double score = 0;
    for (const auto& [term, weight] : query) {
        const auto found = document.find(term);
        if (found != document.end()) {
            const double tf = found->second;
            score += static_cast<double>(weight) * tf * (k1 + 1) /
                     (tf + k1 * (1 - b + b * length / average));
        }
    }
    return score;
}

TEST(Bm25, TheIndexFindsTheBestByTheFormula) {
    const Corpus corpus = RandomCorpus(3000, 1);
    const auto index = Build(corpus);
    EXPECT_EQ(index->metric(), Metric::kBm25);
    ASSERT_TRUE(index->Verify().ok());
    codec::StringSink sink;
    ASSERT_TRUE(index->Save(sink).ok());
    auto opened = OpenIndex(base::Buffer::FromString(sink.Take()));
    ASSERT_TRUE(opened.ok()) << opened.status().reason();
    ASSERT_TRUE((*opened)->Verify().ok());
    std::mt19937 random(2);
    for (int round = 0; round < 100; ++round) {
        const double k1 = round % 3 * 0.75;
        const double b = round % 4 * 0.25;
        const double average = round % 2 == 0 ? 30 : 7.5;
        std::map<uint32_t, float> query;
        for (size_t terms = random() % 6 + 1; terms > 0; --terms) {
            query[static_cast<uint32_t>(random() % 300) * 7919] =
                static_cast<float>(random() % 900 + 1) / 100;
        }
        std::vector<double> truth;
        for (const Document& document : corpus.documents) {
            const double score = TrueScore(query, document, k1, b, average);
            if (score > 0) {
                truth.push_back(score);
            }
        }
        std::sort(truth.rbegin(), truth.rend());
        truth.resize(std::min<size_t>(truth.size(), 10));
        SearchParams params;
        params.params = {{"bm25_k1", std::to_string(k1)},
                         {"bm25_b", std::to_string(b)},
                         {"bm25_avgdl", std::to_string(average)}};
        const Bm25 bm25 = Bm25::Of(params.params);
        for (const Index* each : {index.get(), opened->get()}) {
            Neighbors found;
            ASSERT_TRUE(each->Search(std::string_view(Bytes(query)), params, &found).ok());
            ASSERT_EQ(found.rows.size(), truth.size());
            for (size_t i = 0; i < truth.size(); ++i) {
                const uint32_t row = found.rows[i];
                EXPECT_NEAR(found.scores[i], truth[i], 1e-4);
                EXPECT_NEAR(found.scores[i],
                            TrueScore(query, corpus.documents[row], k1, b, average), 1e-4);
                EXPECT_FLOAT_EQ(found.scores[i],
                                static_cast<float>(Bm25Score(Bytes(query), corpus.Row(row), bm25)));
            }
        }
    }
}

TEST(Bm25, StatisticsCountDocumentsLengthsAndHolders) {
    const Corpus corpus = RandomCorpus(500, 3);
    const auto index = Build(corpus);
    const std::vector<uint32_t> terms = {0, 7919, 4, 299 * 7919, 12 * 7919};
    TermStatistics statistics;
    ASSERT_TRUE(index->AddTermStatistics(terms, &statistics).ok());
    ASSERT_TRUE(index->AddTermStatistics(terms, &statistics).ok());  // sums add up
    uint64_t documents = 0;
    uint64_t length = 0;
    std::vector<uint64_t> holders(terms.size(), 0);
    for (const Document& document : corpus.documents) {
        documents += document.empty() ? 0 : 1;
        for (const auto& [term, count] : document) {
            length += static_cast<uint64_t>(count);
        }
        for (size_t i = 0; i < terms.size(); ++i) {
            holders[i] += document.contains(terms[i]) ? 1 : 0;
        }
    }
    EXPECT_EQ(statistics.documents, 2 * documents);
    EXPECT_EQ(statistics.total_length, 2.0 * static_cast<double>(length));
    for (size_t i = 0; i < terms.size(); ++i) {
        EXPECT_EQ(statistics.holders[i], 2 * holders[i]);
    }
    EXPECT_EQ(holders[2], 0u);
    EXPECT_GT(holders[0], 0u);
}

TEST(Bm25, OfOneDocumentByHand) {
    // k1 1.2, b 0.75, length 3, average 6: 2 * 2.2 / (2 + 1.2 * (0.25 + 0.375)) = 1.6
    EXPECT_NEAR(Bm25Score(Bytes({{5, 1.0f}}), Bytes({{5, 2.0f}, {9, 1.0f}}), {1.2, 0.75, 6}), 1.6,
                1e-9);
    EXPECT_EQ(Bm25Score(Bytes({{6, 1.0f}}), Bytes({{5, 2.0f}, {9, 1.0f}}), {1.2, 0.75, 6}), 0.0);
    EXPECT_NEAR(InverseDocumentFrequency(3, 1), std::log(1 + 2.5 / 1.5), 1e-12);
    EXPECT_GT(InverseDocumentFrequency(3, 3), 0);
    EXPECT_GT(InverseDocumentFrequency(3, 9), 0);  // more holders than documents: cut
    EXPECT_EQ(Bm25::Of({{"bm25_avgdl", "0"}}).average_length, kBm25AverageDefault);
}

TEST(Bm25, AnIndexOfProductsHasNoStatistics) {
    const Corpus corpus = RandomCorpus(10, 4);
    BuildInput input;
    input.vectors = corpus.bytes.data();
    input.offsets = corpus.offsets.data();
    input.rows = corpus.documents.size();
    const auto index =
        BuildIndex({"SPARSE_WAND", VectorType::kSparseFloat, Metric::kIp, 0, {}}, input);
    ASSERT_TRUE(index.ok());
    TermStatistics statistics;
    EXPECT_FALSE((*index)->AddTermStatistics({}, &statistics).ok());
}

TEST(Bm25, ParametersHaveTheirRanges) {
    const auto check = [](std::string_view name, std::string_view metric, ParamMap params) {
        return ValidateBuildParams(name, VectorType::kSparseFloat, metric, 0, params).ok();
    };
    EXPECT_TRUE(check("SPARSE_INVERTED_INDEX", "BM25", {{"bm25_k1", "3"}, {"bm25_b", "0"}}));
    EXPECT_FALSE(check("SPARSE_INVERTED_INDEX", "BM25", {{"bm25_k1", "3.1"}}));
    EXPECT_FALSE(check("SPARSE_INVERTED_INDEX", "BM25", {{"bm25_b", "-0.1"}}));
    EXPECT_FALSE(check("SPARSE_INVERTED_INDEX", "BM25", {{"quant_type", "fp16"}}));
    EXPECT_TRUE(check("SPARSE_INVERTED_INDEX", "BM25", {{"quant_type", "u16"}}));
    EXPECT_TRUE(check("AUTOINDEX", "BM25", {{"bm25_k1", "1.2"}}));
}

}  // namespace
}  // namespace elanus::vindex
