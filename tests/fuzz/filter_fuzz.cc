// Filters as clients write them: parsed, analysed, sent to another role and evaluated.
#include "base/archive.h"
#include "expr/filter.h"
#include "rows.h"
#include "target.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    return {
        "id in [1, 2, 3] and not (i8 > 5 or f <= 0.5)",
        "s like 'a%' and t like '%\\\\_b' or s =~ '^a.*[bc]$'",
        "10 < i64 <= 100 && d != 1e3 || b == true",
        "i32 + 5 * 2 - -1 == 7 and i64 % 3 == 1 and f / 2 > 0.25",
        "j['a'] > 1 and j[\"b\"]['c'][0] in [1, 2.5, 'x'] and exists j['a']",
        "json_contains(j['list'], 1) or json_contains_any(j['a'], [1, 'x', true])",
        "array_contains(ai, 1) and array_contains_all(as, ['a', 'b']) and array_length(ab) == 2",
        "ai[0] == 5 or as == ['a'] or af[1] < 0.5",
        "ts + INTERVAL 'P1DT2H' > ISO '2025-01-01T00:00:00+08:00'",
        "st_within(g, 'POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))') or st_dwithin(g, 'POINT (1 1)', 10)",
        "text_match(t, 'red fox', minimum_should_match=1) and phrase_match(t, 'the red', 2)",
        "match_any(ss, $[u] > 1 and $[w] == 'a') and array_length(ss) >= 1",
        "element_filter(ss, $[u] in [1, 2])",
        "i8 is null or s is not null and j['a'] is null",
        "dyn == 1 and $meta['a'] == 'x' and random_sample(0.5)",
        "id in {ids} and s == {text} and d > {number} and b == {yes}",
        "not not (((i8 << 2) >> 1) ** 2 == 4) and i16 & 3 != 1 or ~i32 ^ 5 | 1 == 0",
        "starts_with(s, t) and empty(as) and ss[0][u] == 1",
        "st_isvalid(g) and match_exact(ss, $[u] > 0, threshold=1)",
    };
}

ELANUS_FUZZ_TARGET(filter) {
    static const expr::TemplateValues templates = [] {
        expr::TemplateValues values;
        values.emplace("ids", expr::Value::List{1, 7});
        values.emplace("text", "ab");
        values.emplace("number", 0.5);
        values.emplace("yes", true);
        return values;
    }();
    const auto plan = expr::ParseFilter(bytes, fuzz::EveryType().schema, templates);
    if (!plan.ok()) {
        FUZZ_EXPECT(!plan.status().reason().empty());
        return;
    }
    const auto travelled = base::Decode<expr::Plan>(base::Encode(*plan));
    FUZZ_EXPECT(travelled.ok());
    FUZZ_EXPECT(*travelled == *plan);
    fuzz::EvaluatePlan(*travelled, /*from_filter=*/true);
}
