// Damaged files: nothing is read out of bounds, no search runs on forever, Verify() notices.
#include "postings/builder.h"
#include "postings/index.h"

#include <random>

#include <gtest/gtest.h>

namespace elanus::postings {
namespace {

std::string SmallFile() {
    std::mt19937 random(1);
    Builder builder({});
    for (int d = 0; d < 1500; ++d) {
        builder.StartDocument();
        uint32_t position = 0;
        for (size_t i = 0; i < 1 + random() % 30; ++i) {
            builder.AddTerm("t" + std::to_string(random() % (1 + random() % 60)), position++);
        }
    }
    codec::StringSink sink;
    EXPECT_TRUE(builder.Finish(sink).ok());
    return sink.Take();
}

// Every search there is; results do not matter, memory does.
void UseAll(const Index& index) {
    const std::vector<std::string> keys = {"t0", "t1", "t5", "t33"};
    std::vector<WeightedTerm> terms;
    for (const std::string& key : keys) {
        terms.push_back({key, 1.5f});
    }
    Hits hits;
    SearchOptions options;
    options.scoring.average_length = 15;
    static_cast<void>(index.SearchAny(terms, options, &hits));
    static_cast<void>(index.SearchAll(terms, options, &hits));
    static_cast<void>(index.MatchAny(keys, 1));
    static_cast<void>(index.MatchAny(keys, 2));
    static_cast<void>(index.CountAll(keys, {}));
    Phrase phrase;
    phrase.places = {{"t0", 0}, {"t1", 1}, {"t0", 2}};
    static_cast<void>(index.CountPhrase(phrase, {}));
    phrase.slop = 2;
    static_cast<void>(index.MatchPhrase(phrase));
    static_cast<void>(index.SearchPhrase(phrase, 2, options, &hits));
}

TEST(PostingsDamage, AnyByte) {
    const std::string good = SmallFile();
    std::mt19937 random(2);
    for (int round = 0; round < 4000; ++round) {
        std::string bad = good;
        for (int i = 0; i <= round % 3; ++i) {
            bad[random() % bad.size()] = static_cast<char>(random());
        }
        if (bad == good) {
            continue;
        }
        const auto index = Index::Open(base::Buffer::FromString(bad));
        if (index.ok()) {
            UseAll(**index);
            EXPECT_FALSE((*index)->Verify().ok());
        }
    }
}

TEST(PostingsDamage, CutFiles) {
    const std::string good = SmallFile();
    for (size_t length = 0; length < good.size(); length += 97) {
        EXPECT_FALSE(Index::Open(base::Buffer::FromString(good.substr(0, length))).ok());
    }
}

}  // namespace
}  // namespace elanus::postings
