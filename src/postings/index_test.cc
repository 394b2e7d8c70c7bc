// Random documents against a model that scores and matches every document by the definitions.
#include "postings/index.h"

#include "postings/builder.h"
#include "sys/executor.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace elanus::postings {
namespace {

using Document = std::vector<std::pair<std::string, uint32_t>>;  // terms and positions

struct Corpus {
    std::vector<Document> documents;
    double average_length = 0;
};

// Terms w0, w1 ... of which the first are in most documents; topics make some go together.
Corpus RandomCorpus(size_t documents, size_t vocabulary, uint32_t seed, bool gaps = false) {
    std::mt19937 random(seed);
    Corpus corpus;
    uint64_t occurrences = 0;
    for (size_t d = 0; d < documents; ++d) {
        Document document;
        const size_t length = random() % 50 == 0 ? random() % 600 : random() % 40;
        const size_t topic = random() % 8;
        uint32_t position = 0;
        for (size_t i = 0; i < length; ++i) {
            const double u = static_cast<double>(random()) / 4294967296.0;
            auto word = static_cast<size_t>(std::pow(static_cast<double>(vocabulary), u)) - 1;
            if (word > 20 && random() % 2 == 0) {
                word = word / 8 * 8 + topic;
            }
            document.emplace_back("w" + std::to_string(word), position);
            position += gaps && random() % 5 == 0 ? 3 : 1;
        }
        occurrences += length;
        corpus.documents.push_back(std::move(document));
    }
    corpus.average_length =
        std::max(1.0, static_cast<double>(occurrences) / static_cast<double>(documents));
    return corpus;
}

std::string FileOf(const Corpus& corpus, BuildOptions options) {
    Builder builder(std::move(options));
    for (const Document& document : corpus.documents) {
        builder.StartDocument();
        for (const auto& [term, position] : document) {
            builder.AddTerm(term, position);
        }
    }
    codec::StringSink sink;
    EXPECT_TRUE(builder.Finish(sink).ok());
    return sink.Take();
}

std::shared_ptr<const Index> IndexOf(const Corpus& corpus, BuildOptions options = {}) {
    auto index = Index::Open(base::Buffer::FromString(FileOf(corpus, std::move(options))));
    EXPECT_TRUE(index.ok()) << index.status().reason();
    EXPECT_TRUE((*index)->Verify().ok()) << (*index)->Verify().reason();
    return *index;
}

uint32_t CountIn(const Document& document, const std::string& term) {
    return static_cast<uint32_t>(std::count_if(
        document.begin(), document.end(), [&](const auto& token) { return token.first == term; }));
}

double Score(double weight, double count, double length, const Bm25& scoring) {
    return weight * count /
           (count + scoring.k1 * (1 - scoring.b + scoring.b * length / scoring.average_length));
}

struct Query {
    std::vector<std::string> terms;
    std::vector<float> weights;
    std::vector<WeightedTerm> weighted() const {
        std::vector<WeightedTerm> out;
        for (size_t i = 0; i < terms.size(); ++i) {
            out.push_back({terms[i], weights[i]});
        }
        return out;
    }
};

Query RandomQuery(std::mt19937& random, size_t vocabulary, size_t terms_max = 8) {
    Query query;
    const size_t n = 1 + random() % terms_max;
    for (size_t i = 0; i < n; ++i) {
        const double u = static_cast<double>(random()) / 4294967296.0;
        const auto word = static_cast<size_t>(std::pow(static_cast<double>(vocabulary), u)) - 1;
        query.terms.push_back("w" + std::to_string(word));
        query.weights.push_back(static_cast<float>(0.1 + 0.9 * std::log(2.0 + double(word))));
    }
    return query;
}

struct Scored {
    uint32_t row;
    double score;
};

std::vector<Scored> Model(const Corpus& corpus, const Query& query, const SearchOptions& options,
                          bool all) {
    std::vector<Scored> hits;
    for (uint32_t row = 0; row < corpus.documents.size(); ++row) {
        const Document& document = corpus.documents[row];
        double score = 0;
        size_t found = 0;
        for (size_t i = 0; i < query.terms.size(); ++i) {
            if (const uint32_t count = CountIn(document, query.terms[i])) {
                score += Score(query.weights[i], count, static_cast<double>(document.size()),
                               options.scoring);
                ++found;
            }
        }
        if (found > 0 && (!all || found == query.terms.size()) && options.filter.Test(row)) {
            hits.push_back({row, score});
        }
    }
    std::sort(hits.begin(), hits.end(), [](const Scored& a, const Scored& b) {
        return a.score != b.score ? a.score > b.score : a.row < b.row;
    });
    return hits;
}

// The same scores in the same order; rows may differ only where scores are equal to rounding.
void ExpectSame(const Hits& hits, const std::vector<Scored>& expected, size_t k) {
    ASSERT_EQ(hits.rows.size(), std::min(k, expected.size()));
    std::map<uint32_t, double> score_of;
    for (const Scored& hit : expected) {
        score_of[hit.row] = hit.score;
    }
    for (size_t i = 0; i < hits.rows.size(); ++i) {
        const double tolerance = 1e-6 * expected[0].score + 1e-6 * expected[i].score;
        EXPECT_NEAR(hits.scores[i], expected[i].score, tolerance) << i;
        ASSERT_TRUE(score_of.contains(hits.rows[i]));
        EXPECT_NEAR(hits.scores[i], score_of[hits.rows[i]], tolerance) << i;
        if (i > 0) {
            EXPECT_TRUE(hits.scores[i] < hits.scores[i - 1] || hits.rows[i] > hits.rows[i - 1]);
        }
    }
}

struct Case {
    size_t documents;
    size_t vocabulary;
    bool reorder;
};

class IndexAgainstModel : public testing::TestWithParam<Case> {};

TEST_P(IndexAgainstModel, FindsTheBest) {
    const Case& c = GetParam();
    const Corpus corpus = RandomCorpus(c.documents, c.vocabulary, 1);
    BuildOptions build;
    build.reorder = c.reorder;
    const auto index = IndexOf(corpus, build);
    std::mt19937 random(2);
    for (int round = 0; round < 120; ++round) {
        const Query query = RandomQuery(random, c.vocabulary);
        SearchOptions options;
        options.k = std::vector<size_t>{1, 10, 100, 5000}[random() % 4];
        options.scoring.average_length = static_cast<float>(corpus.average_length);
        options.scoring.k1 = std::vector<float>{1.2f, 0.0f, 2.5f}[random() % 3];
        options.scoring.b = std::vector<float>{0.75f, 0.0f, 1.0f}[random() % 3];
        base::Bitmap filter(c.documents);
        const uint32_t one_in = std::vector<uint32_t>{1, 2, 50}[random() % 3];
        for (size_t row = 0; row < c.documents; ++row) {
            filter.Assign(row, random() % one_in == 0);
        }
        if (one_in > 1) {
            options.filter = filter;
        }
        Hits hits;
        ASSERT_TRUE(index->SearchAny(query.weighted(), options, &hits).ok());
        ExpectSame(hits, Model(corpus, query, options, false), options.k);
        ASSERT_TRUE(index->SearchAll(query.weighted(), options, &hits).ok());
        ExpectSame(hits, Model(corpus, query, options, true), options.k);
    }
}

TEST_P(IndexAgainstModel, CountsAndMatches) {
    const Case& c = GetParam();
    const Corpus corpus = RandomCorpus(c.documents, c.vocabulary, 3);
    BuildOptions build;
    build.reorder = c.reorder;
    const auto index = IndexOf(corpus, build);
    std::mt19937 random(4);
    for (int round = 0; round < 60; ++round) {
        const Query query = RandomQuery(random, c.vocabulary, 5);
        const std::set<std::string> different(query.terms.begin(), query.terms.end());
        const auto least = static_cast<uint32_t>(1 + random() % 3);
        base::Bitmap expected(c.documents), filter(c.documents);
        uint64_t all = 0, any = 0;
        for (uint32_t row = 0; row < c.documents; ++row) {
            filter.Assign(row, random() % 3 == 0);
            const auto found = static_cast<size_t>(std::count_if(
                different.begin(), different.end(),
                [&](const std::string& term) { return CountIn(corpus.documents[row], term) > 0; }));
            expected.Assign(row, found >= least);
            any += found >= least && filter.Test(row) ? 1 : 0;
            all += found == different.size() && filter.Test(row) ? 1 : 0;
        }
        EXPECT_EQ(*index->MatchAny(query.terms, least), expected);
        EXPECT_EQ(*index->CountAny(query.terms, least, {}), expected.Count());
        EXPECT_EQ(*index->CountAny(query.terms, least, filter), any);
        EXPECT_EQ(*index->CountAll(query.terms, filter), all);
    }
}

// Whether, and from how many starts, each place finds a token of its own within the slop: tried in
// every way.
bool Takes(const Phrase& phrase, const std::vector<std::vector<uint32_t>>& positions,
           std::set<uint32_t>* taken, size_t place, int64_t start) {
    if (place == phrase.places.size()) {
        return true;
    }
    for (const uint32_t position : positions[place]) {
        const int64_t off = int64_t{position} - phrase.places[place].position - start;
        if (off < 0 || off > phrase.slop || taken->contains(position)) {
            continue;
        }
        taken->insert(position);
        const bool rest = Takes(phrase, positions, taken, place + 1, start);
        taken->erase(position);
        if (rest) {
            return true;
        }
    }
    return false;
}

uint32_t PhrasesIn(const Document& document, const Phrase& phrase) {
    std::vector<std::vector<uint32_t>> positions;
    for (const auto& place : phrase.places) {
        auto& of_place = positions.emplace_back();
        for (const auto& [term, position] : document) {
            if (term == place.key) {
                of_place.push_back(position);
            }
        }
        if (of_place.empty()) {
            return 0;
        }
    }
    uint32_t count = 0;
    const int64_t last = document.empty() ? 0 : document.back().second;
    for (int64_t start = -int64_t{phrase.places.back().position} - phrase.slop; start <= last;
         ++start) {
        std::set<uint32_t> taken;
        count += Takes(phrase, positions, &taken, 0, start) ? 1 : 0;
    }
    return count;
}

TEST_P(IndexAgainstModel, FindsPhrases) {
    const Case& c = GetParam();
    const Corpus corpus = RandomCorpus(c.documents, c.vocabulary / 10 + 3, 5, c.reorder);
    BuildOptions build;
    build.reorder = c.reorder;
    const auto index = IndexOf(corpus, build);
    std::mt19937 random(6);
    for (int round = 0; round < 40; ++round) {
        const Document& source = corpus.documents[random() % corpus.documents.size()];
        Phrase phrase;
        phrase.slop = static_cast<uint32_t>(std::vector<int>{0, 0, 1, 3}[random() % 4]);
        const size_t length = 1 + random() % 4;
        const size_t begin = source.empty() ? 0 : random() % source.size();
        for (size_t i = begin; i < std::min(begin + length, source.size()); ++i) {
            phrase.places.push_back({source[i].first, source[i].second - source[begin].second});
        }
        if (phrase.places.empty()) {
            phrase.places.push_back({"nowhere", 0});
        }
        if (random() % 4 == 0) {
            phrase.places.push_back(phrase.places.front());
            phrase.places.back().position = phrase.places[phrase.places.size() - 2].position + 1;
        }
        SearchOptions options;
        options.scoring.average_length = static_cast<float>(corpus.average_length);
        base::Bitmap expected(c.documents);
        std::vector<Scored> scored;
        for (uint32_t row = 0; row < c.documents; ++row) {
            const Document& document = corpus.documents[row];
            const uint32_t count = PhrasesIn(document, phrase);
            expected.Assign(row, count > 0);
            if (count > 0) {
                scored.push_back({row, Score(2.5, count, static_cast<double>(document.size()),
                                             options.scoring)});
            }
        }
        std::sort(scored.begin(), scored.end(), [](const Scored& a, const Scored& b) {
            return a.score != b.score ? a.score > b.score : a.row < b.row;
        });
        EXPECT_EQ(*index->MatchPhrase(phrase), expected);
        EXPECT_EQ(*index->CountPhrase(phrase, {}), expected.Count());
        if (phrase.slop > 0) {
            continue;  // starts that overlap are counted by the walk's own rule
        }
        Hits hits;
        ASSERT_TRUE(index->SearchPhrase(phrase, 2.5f, options, &hits).ok());
        ExpectSame(hits, scored, options.k);
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, IndexAgainstModel,
                         testing::Values(Case{1, 5, false}, Case{100, 30, true},
                                         Case{3000, 500, true}, Case{9000, 3000, false}),
                         [](const auto& test) {
                             return std::to_string(test.param.documents) + "Documents";
                         });

TEST(PostingsIndex, RefusesWhatIsOutOfRange) {
    const auto index = IndexOf(RandomCorpus(50, 10, 14));
    const std::vector<WeightedTerm> terms = {{"w1", 1}};
    const std::vector<std::function<void(SearchOptions*)>> spoil = {
        [](SearchOptions* options) { options->k = 0; },
        [](SearchOptions* options) { options->scoring.k1 = -1; },
        [](SearchOptions* options) { options->scoring.b = 1.5f; },
        [](SearchOptions* options) { options->scoring.average_length = 0; },
        [](SearchOptions* options) { options->scoring.k1 = std::nanf(""); }};
    for (const auto& change : spoil) {
        SearchOptions options;
        change(&options);
        Hits hits;
        EXPECT_EQ(index->SearchAny(terms, options, &hits).code(), base::Code::kInvalidParameter);
        EXPECT_EQ(index->SearchPhrase({{{"w1", 0}}, 0}, 1, options, &hits).code(),
                  base::Code::kInvalidParameter);
    }
}

TEST(PostingsIndex, EmptyOnes) {
    const auto empty = IndexOf(Corpus{});
    Hits hits;
    const std::vector<WeightedTerm> terms = {{"a", 1}};
    EXPECT_TRUE(empty->SearchAny(terms, {}, &hits).ok());
    EXPECT_TRUE(hits.rows.empty());
    EXPECT_EQ(*empty->CountAny(std::vector<std::string>{"a"}, 1, {}), 0u);
    Corpus blank;
    blank.documents.resize(70);
    const auto index = IndexOf(blank);
    EXPECT_TRUE(index->SearchAll(terms, {}, &hits).ok());
    EXPECT_TRUE(hits.rows.empty());
}

// What a thread keeps from one search does not reach into the next.
TEST(PostingsIndex, MissingTermsAfterOthersAreMissing) {
    const auto index = IndexOf(RandomCorpus(3000, 50, 13));
    const std::vector<std::string> there = {"w1", "w2"}, missing = {"w1", "nowhere"};
    Phrase phrase;
    phrase.places = {{"w1", 0}, {"nowhere", 1}};
    Hits hits;
    const std::vector<WeightedTerm> terms = {{"w1", 1}, {"nowhere", 1}};
    for (int round = 0; round < 3; ++round) {
        EXPECT_GT(*index->CountAll(there, {}), 0u);
        EXPECT_EQ(*index->CountAll(missing, {}), 0u);
        EXPECT_EQ(*index->CountPhrase(phrase, {}), 0u);
        EXPECT_TRUE(index->MatchPhrase(phrase)->None());
        ASSERT_TRUE(index->SearchAll(terms, {}, &hits).ok());
        EXPECT_TRUE(hits.rows.empty());
        ASSERT_TRUE(index->SearchAny(terms, {}, &hits).ok());
        EXPECT_EQ(hits.rows.size(), 10u);
        phrase.places = {{"w1", 0}, {"w2", 1}};
        EXPECT_GT(*index->CountPhrase(phrase, {}), 0u);
        phrase.places = {{"w1", 0}, {"nowhere", 1}};
    }
}

TEST(PostingsIndex, ThreadsDoNotChangeTheFile) {
    const Corpus corpus = RandomCorpus(20000, 2000, 7);
    sys::ThreadPool pool("build", 3);
    BuildOptions parallel;
    parallel.executor = &pool;
    EXPECT_EQ(FileOf(corpus, {}), FileOf(corpus, parallel));
}

TEST(PostingsIndex, ABuildCanBeInterrupted) {
    const Corpus corpus = RandomCorpus(5000, 500, 8);
    for (int after = 0; after < 12; ++after) {
        int asked = 0;
        BuildOptions options;
        options.interrupt = [&] {
            return asked++ == after ? base::Internal("stop") : base::Status();
        };
        Builder builder(options);
        for (const Document& document : corpus.documents) {
            builder.StartDocument();
            for (const auto& [term, position] : document) {
                builder.AddTerm(term, position);
            }
        }
        codec::StringSink sink;
        const base::Status status = builder.Finish(sink);
        EXPECT_EQ(status.ok(), asked <= after) << after;
    }
}

TEST(PostingsIndex, CountsOfDimensions) {
    std::mt19937 random(9);
    BuildOptions options;
    options.positions = false;
    Builder builder(options);
    std::vector<std::map<uint32_t, uint32_t>> rows(3000);
    uint64_t sum = 0;
    for (auto& row : rows) {
        builder.StartDocument();
        for (size_t i = 0; i < 1 + random() % 20; ++i) {
            const uint32_t dimension = (random() % 200) * 21474836u;
            row[dimension] = 1 + random() % (random() % 20 == 0 ? 1000 : 3);
        }
        for (const auto& [dimension, count] : row) {
            builder.AddCount(dimension, count);
            sum += count;
        }
    }
    codec::StringSink sink;
    ASSERT_TRUE(builder.Finish(sink).ok());
    const auto opened = Index::Open(base::Buffer::FromString(sink.Take()));
    ASSERT_TRUE(opened.ok());
    const Index& index = **opened;
    EXPECT_TRUE(index.Verify().ok());
    EXPECT_EQ(index.length_sum(), sum);
    SearchOptions search;
    search.scoring.average_length = static_cast<float>(sum) / 3000.0f;
    for (uint32_t round = 0; round < 100; ++round) {
        const uint32_t a = (random() % 200) * 21474836u, b = (random() % 200) * 21474836u;
        const std::string keys[] = {DimensionKey(a), DimensionKey(b)};
        const std::vector<WeightedTerm> terms = {{keys[0], 1.5f}, {keys[1], 2.5f}};
        std::vector<Scored> expected;
        for (uint32_t row = 0; row < rows.size(); ++row) {
            double length = 0, score = 0;
            for (const auto& [dimension, count] : rows[row]) {
                length += count;
            }
            for (const auto& [dimension, weight] : {std::pair{a, 1.5}, std::pair{b, 2.5}}) {
                if (const auto at = rows[row].find(dimension); at != rows[row].end()) {
                    score += Score(weight, at->second, length, search.scoring);
                }
            }
            if (score > 0) {
                expected.push_back({row, score});
            }
        }
        std::sort(expected.begin(), expected.end(), [](const Scored& x, const Scored& y) {
            return x.score != y.score ? x.score > y.score : x.row < y.row;
        });
        Hits hits;
        ASSERT_TRUE(index.SearchAny(terms, search, &hits).ok());
        ExpectSame(hits, expected, search.k);
    }
}

TEST(PostingsIndex, RangesOfScores) {
    const Corpus corpus = RandomCorpus(3000, 200, 10);
    const auto index = IndexOf(corpus);
    const Query query{{"w1", "w7", "w30"}, {0.5f, 1.5f, 3.0f}};
    SearchOptions options;
    options.k = 5000;
    options.scoring.average_length = static_cast<float>(corpus.average_length);
    Hits all;
    ASSERT_TRUE(index->SearchAny(query.weighted(), options, &all).ok());
    ASSERT_GT(all.rows.size(), 100u);
    options.above = all.scores[60];
    options.most = all.scores[20];
    Hits range;
    ASSERT_TRUE(index->SearchAny(query.weighted(), options, &range).ok());
    std::vector<uint32_t> expected;
    for (size_t i = 0; i < all.rows.size(); ++i) {
        if (all.scores[i] > *options.above && all.scores[i] <= *options.most) {
            expected.push_back(all.rows[i]);
        }
    }
    EXPECT_EQ(range.rows, expected);
}

// Documents that are alike score alike however they were found, and come in the order of rows.
TEST(PostingsIndex, EqualDocumentsComeByRow) {
    Corpus corpus = RandomCorpus(200, 100, 11);
    const std::vector<Document> once = corpus.documents;
    for (int copy = 0; copy < 30; ++copy) {
        corpus.documents.insert(corpus.documents.end(), once.begin(), once.end());
    }
    const auto index = IndexOf(corpus);
    std::mt19937 random(12);
    for (int round = 0; round < 50; ++round) {
        const Query query = RandomQuery(random, 100);
        SearchOptions options;
        options.scoring.average_length = static_cast<float>(corpus.average_length);
        options.k = 200;
        Hits wide, narrow;
        ASSERT_TRUE(index->SearchAny(query.weighted(), options, &wide).ok());
        for (const size_t k : {3, 17, 64}) {
            options.k = k;
            ASSERT_TRUE(index->SearchAny(query.weighted(), options, &narrow).ok());
            const size_t n = std::min<size_t>(k, wide.rows.size());
            EXPECT_TRUE(std::equal(narrow.rows.begin(), narrow.rows.end(), wide.rows.begin(),
                                   wide.rows.begin() + static_cast<ptrdiff_t>(n)));
            EXPECT_TRUE(
                std::equal(narrow.scores.begin(), narrow.scores.end(), wide.scores.begin()));
        }
    }
}

}  // namespace
}  // namespace elanus::postings
