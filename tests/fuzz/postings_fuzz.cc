// Files of full-text indexes, as sections (sections.h): whatever opens is verified and searched.
#include "codec/sink.h"
#include "postings/builder.h"
#include "postings/index.h"
#include "postings/layout.h"
#include "sections.h"
#include "target.h"

using namespace elanus;

namespace {

std::string Seed(uint32_t documents, bool positions) {
    postings::BuildOptions options;
    options.positions = positions;
    postings::Builder builder(options);
    for (uint32_t d = 0; d < documents; ++d) {
        builder.StartDocument();
        for (uint32_t i = 0; i < d % 7; ++i) {
            const std::string term = "t" + std::to_string((d * 31 + i * i) % (1 + d % 13));
            if (positions) {
                builder.AddTerm(term, i);
            } else {
                builder.AddCount(i, 1 + d % 3);
            }
        }
    }
    codec::StringSink sink;
    FUZZ_EXPECT(builder.Finish(sink).ok());
    return fuzz::SectionsOf(postings::kFormat, sink.bytes());
}

}  // namespace

ELANUS_FUZZ_SEEDS {
    return {Seed(5, true), Seed(600, true), Seed(600, false)};
}

ELANUS_FUZZ_TARGET(postings) {
    const auto index = postings::Index::Open(fuzz::EnvelopeOf(postings::kFormat, bytes));
    if (!index.ok() || (*index)->documents() > 1000000) {
        return;
    }
    static_cast<void>((*index)->Verify());
    const std::vector<std::string> keys = {"t0", "t1", "t4", postings::DimensionKey(2)};
    std::vector<postings::WeightedTerm> terms;
    for (const std::string& key : keys) {
        terms.push_back({key, 1.5f});
    }
    postings::Hits hits;
    postings::SearchOptions options;
    static_cast<void>((*index)->SearchAny(terms, options, &hits));
    static_cast<void>((*index)->SearchAll(std::span(terms).first(2), options, &hits));
    static_cast<void>((*index)->MatchAny(keys, 1));
    static_cast<void>((*index)->MatchAny(keys, 2));
    static_cast<void>((*index)->CountAll(std::span(keys).first(2), {}));
    postings::Phrase phrase;
    phrase.places = {{"t0", 0}, {"t1", 1}};
    static_cast<void>((*index)->CountPhrase(phrase, {}));
    phrase.slop = 2;
    static_cast<void>((*index)->SearchPhrase(phrase, 1, options, &hits));
}
