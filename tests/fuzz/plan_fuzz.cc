// Plans as another role sends them: nothing of what ParseFilter makes sure holds.
#include "base/archive.h"
#include "expr/filter.h"
#include "rows.h"
#include "target.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    std::vector<std::string> seeds;
    for (const char* filter : {"id in [1, 2]",
                               "s in ['a', 'b'] and i8 > 3",
                               "not (f < 0.5)",
                               "j['a'] == 1 or b == true",
                               "s like '%a_'",
                               "s =~ 'a.b'",
                               "1 < d < 5",
                               "i64 + 3 > 4 and i64 % 3 == 1",
                               "i8 == i32",
                               "exists j['a']['b']",
                               "json_contains_all(j['l'], [1, 'x'])",
                               "array_contains(ai, 2)",
                               "array_length(as) == 2",
                               "x is null",
                               "ts + INTERVAL 'P1M' > ISO '2025-01-01T00:00:00Z'",
                               "text_match(t, 'red fox')",
                               "phrase_match(t, 'red fox', 1)",
                               "random_sample(0.25)",
                               "st_contains(g, 'POINT (1 1)')",
                               "st_dwithin(g, 'POINT (1 1)', 10)",
                               "starts_with(s, t)",
                               "match_least(ss, $[u] > 1, threshold=1)",
                               "element_filter(ss, $[w] == 'a')"}) {
        const auto plan = expr::ParseFilter(filter, fuzz::EveryType().schema);
        FUZZ_EXPECT(plan.ok());
        seeds.push_back(base::Encode(*plan));
    }
    return seeds;
}

ELANUS_FUZZ_TARGET(plan) {
    const auto plan = base::Decode<expr::Plan>(bytes);
    if (!plan.ok()) {
        return;
    }
    plan->ReferencedFields();
    expr::PrimaryKeyTerms(*plan, 100);
    expr::SplitPrimaryKeyTerm(*plan, 100);
    fuzz::EvaluatePlan(*plan, /*from_filter=*/false);
    const expr::ElementMatch* elements = expr::ElementFilterOf(*plan);
    if (elements != nullptr) {
        static sys::SimClock clock;
        const fuzz::BatchSource source(fuzz::EveryType().schema, fuzz::EveryTypeRows());
        static_cast<void>(
            expr::EvaluateElements(*elements, source, fuzz::kRows, base::CallContext(), clock));
    }
}
