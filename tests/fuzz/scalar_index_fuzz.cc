// Files of scalar indexes, as sections (sections.h): whatever opens is verified and asked.
#include "codec/sink.h"
#include "expr/filter.h"
#include "rows.h"
#include "scalar_index/build.h"
#include "scalar_index/index.h"
#include "scalar_index/layout.h"
#include "sections.h"
#include "target.h"

using namespace elanus;

namespace {

const schema::CollectionSchema& Schema() {
    return fuzz::EveryType().schema;
}

const std::vector<expr::Plan>& Leaves() {
    static const std::vector<expr::Plan> leaves = [] {
        std::vector<expr::Plan> plans;
        for (const char* text : {"i64 == 5",
                                 "i64 != 5",
                                 "i64 in [1, 2, 100]",
                                 "0 < i64 <= 127",
                                 "i8 % 2 == 1",
                                 "b == true",
                                 "f >= 0.1",
                                 "d < 100.0",
                                 "s == 'a'",
                                 "s like 'a%'",
                                 "s like '%e_r%'",
                                 "s like 'Ab_'",
                                 "s =~ 'a.b'",
                                 "s in ['ab', 'zz']",
                                 "s >= 'ab'",
                                 "ts > ISO '2025-01-01T00:00:00Z'",
                                 "array_contains(ai, 1)",
                                 "array_contains_any(ai, [1, 2])",
                                 "array_contains_all(as, ['a', 'zz'])",
                                 "ai[0] == 5",
                                 "j['a'] == 1",
                                 "j['a'] != '1'",
                                 "j['a'] > 0.5",
                                 "exists j['b']['c']",
                                 "json_contains(j['b']['c'], 'x')",
                                 "j['a'] like '1%'",
                                 "exists j['a']",
                                 "json_contains_all(j['list'], [1, 3])",
                                 "st_within(g, 'POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))')",
                                 "st_dwithin(g, 'POINT (179 89)', 100000)"}) {
            auto plan = expr::ParseFilter(text, Schema());
            FUZZ_EXPECT(plan.ok());
            plans.push_back(*std::move(plan));
        }
        return plans;
    }();
    return leaves;
}

struct Seed {
    const char* field;
    const char* index_type;
    std::map<std::string, std::string> params;
};

std::string FileOf(const Seed& seed) {
    const schema::FieldSchema& field = *Schema().FindField(seed.field);
    const schema::Column& column = *fuzz::EveryTypeRows().Find(field.id);
    scalar_index::BuildInput input;
    input.column = column.View();
    input.rows = column.rows;
    codec::StringSink sink;
    FUZZ_EXPECT(scalar_index::BuildIndex({seed.index_type, field, seed.params}, input, sink).ok());
    return sink.Take();
}

}  // namespace

ELANUS_FUZZ_SEEDS {
    const Seed seeds[] = {
        {"i64", "STL_SORT", {}},
        {"i64", "BITMAP", {}},
        {"i8", "INVERTED", {}},
        {"b", "BITMAP", {}},
        {"f", "INVERTED", {}},
        {"d", "STL_SORT", {}},
        {"s", "TRIE", {}},
        {"s", "BITMAP", {}},
        {"s", "NGRAM", {{"min_gram", "2"}, {"max_gram", "3"}}},
        {"ts", "STL_SORT", {}},
        {"ai", "INVERTED", {}},
        {"as", "BITMAP", {}},
        {"g", "RTREE", {}},
        {"j", "INVERTED", {{"json_path", "j['a']"}, {"json_cast_type", "DOUBLE"}}},
        {"j", "BITMAP", {{"json_path", "j['a']"}, {"json_cast_type", "VARCHAR"}}},
        {"j", "INVERTED", {{"json_path", "j['b']['c']"}, {"json_cast_type", "ARRAY_VARCHAR"}}},
        {"j", "INVERTED", {{"json_path", "j"}, {"json_cast_type", "JSON"}}},
    };
    std::vector<std::string> files;
    for (const Seed& seed : seeds) {
        files.push_back(fuzz::SectionsOf(scalar_index::kScalarFormat, FileOf(seed)));
    }
    return files;
}

ELANUS_FUZZ_TARGET(scalar_index) {
    constexpr uint64_t kRowsMax = 1 << 20;  // each answer takes a bit a row, whatever the file
    const auto index =
        scalar_index::Index::Open(fuzz::EnvelopeOf(scalar_index::kScalarFormat, bytes));
    if (!index.ok() || (*index)->rows() > kRowsMax) {
        return;
    }
    const bool whole = (*index)->Verify().ok();
    for (const expr::Plan& leaf : Leaves()) {
        const auto estimate = (*index)->Estimate(leaf);
        if (!estimate.has_value()) {
            continue;
        }
        const auto answer = (*index)->Answer(leaf);
        FUZZ_EXPECT(answer.ok() || !whole);
        if (whole) {
            FUZZ_EXPECT(answer->rows.Count() <= estimate->rows);
            FUZZ_EXPECT(answer->exact == estimate->exact);
        }
    }
}
