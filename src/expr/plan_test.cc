#include "expr/plan.h"

#include "base/archive.h"
#include "expr/filter.h"
#include "expr/plan_cache.h"
#include "expr/test_rows.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::expr {
namespace {

using schema::DataType;

schema::CollectionSchema MakeSchema(DataType pk_type = DataType::kInt64) {
    test::Rows rows;
    rows.AddField("id", pk_type).is_primary_key = true;
    rows.AddField("a", DataType::kInt64);
    rows.AddField("s", DataType::kVarChar);
    rows.AddField("n", DataType::kInt64, DataType::kNone, true);
    rows.AddField("i8", DataType::kInt8);
    return rows.schema;
}

Plan Parsed(std::string_view text, const schema::CollectionSchema& schema = MakeSchema()) {
    auto plan = ParseFilter(text, schema);
    EXPECT_TRUE(plan.ok()) << plan.status().reason();
    return plan.ok() ? *plan : Plan();
}

constexpr base::FieldId kPk = 100;

TEST(Plan, KnowsItsFields) {
    EXPECT_EQ(Parsed("s == 'x' and (id > 1 or a > id) and s != 'y'").ReferencedFields(),
              (std::vector<base::FieldId>{100, 101, 102}));
    EXPECT_TRUE(Parsed("").ReferencedFields().empty());
}

TEST(Plan, TellsAlwaysTrue) {
    for (const char* text :
         {"", " ", "true", "1 == 1", "true or id > 1", "not false", "id not in []"}) {
        EXPECT_TRUE(Parsed(text).IsAlwaysTrue()) << text;
    }
    for (const char* text : {"id > 1", "false", "id in []"}) {
        EXPECT_FALSE(Parsed(text).IsAlwaysTrue()) << text;
    }
}

TEST(Plan, FindsPrimaryKeys) {
    EXPECT_EQ(PrimaryKeyTerms(Parsed("id in [3, 1, 3]"), kPk)->ints, (std::vector<int64_t>{1, 3}));
    EXPECT_EQ(PrimaryKeyTerms(Parsed("id == 5"), kPk)->ints, (std::vector<int64_t>{5}));
    EXPECT_EQ(PrimaryKeyTerms(Parsed("5 == id or id in [7]"), kPk)->ints,
              (std::vector<int64_t>{5, 7}));
    EXPECT_TRUE(Parsed("id in []").IsAlwaysFalse());
    const auto names =
        PrimaryKeyTerms(Parsed("id in ['b', 'a']", MakeSchema(DataType::kVarChar)), kPk);
    ASSERT_TRUE(names.has_value());
    EXPECT_TRUE(names->is_string);
    EXPECT_EQ(names->strings, (std::vector<std::string>{"a", "b"}));
    for (const char* text : {"id > 5", "id != 5", "id not in [1]", "a == 5", "id == 5 or a == 1",
                             "id == 5 and a == 1", "not (id == 5)", "", "id == a"}) {
        EXPECT_FALSE(PrimaryKeyTerms(Parsed(text), kPk).has_value()) << text;
    }
}

TEST(Plan, SplitsThePrimaryKeyOff) {
    auto split = SplitPrimaryKeyTerm(Parsed("a > 1 and id in [1, 2] and s == 'x'"), kPk);
    ASSERT_TRUE(split.has_value());
    EXPECT_EQ(split->keys.ints, (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(split->rest, Parsed("a > 1 and s == 'x'"));
    split = SplitPrimaryKeyTerm(Parsed("id == 1 and s == 'x'"), kPk);
    EXPECT_EQ(split->rest, Parsed("s == 'x'"));
    split = SplitPrimaryKeyTerm(Parsed("id == 1"), kPk);
    EXPECT_TRUE(split->rest.IsAlwaysTrue());
    EXPECT_FALSE(SplitPrimaryKeyTerm(Parsed("id == 1 or a == 2"), kPk).has_value());
    EXPECT_FALSE(SplitPrimaryKeyTerm(Parsed("a == 2"), kPk).has_value());
}

TEST(Plan, PutsATermInFrontOfTheRest) {
    const Plan term = Parsed("s == 'x'");
    EXPECT_EQ(InFront(term, Parsed("a > 1")), Parsed("s == 'x' and a > 1"));
    const Plan both = InFront(term, Parsed("a > 1 and random_sample(0.5)"));
    const auto* terms = std::get_if<And>(&both.node);
    ASSERT_TRUE(terms != nullptr && terms->terms.size() == 3);  // INV-PLAN-5: no And inside
    EXPECT_EQ(terms->terms[0], term);
    EXPECT_TRUE(std::holds_alternative<RandomSample>(terms->terms[2].node));
    EXPECT_TRUE(WithSampleSeed(both, 7).has_value());
}

TEST(Plan, RewritesToFewerScans) {
    EXPECT_EQ(Parsed("a == 1 or s == 'x' or a == 3 or a in [2, 3]"),
              Parsed("a in [1, 2, 3] or s == 'x'"));
    EXPECT_EQ(Parsed("a > 1 and s == 'x' and a <= 5"), Parsed("1 < a <= 5 and s == 'x'"));
    EXPECT_EQ(Parsed("(a == 1 and (id == 2 and s == 'x'))"),
              Parsed("a == 1 and id == 2 and s == 'x'"));
    EXPECT_EQ(Parsed("not (not (a == 1))"), Parsed("a == 1"));
    EXPECT_EQ(Parsed("not (a > 1)"), Parsed("a <= 1"));
    // Sets and ranges of one column are computed with.
    EXPECT_EQ(Parsed("a in [1, 2, 3] and a in [2, 3, 4]"), Parsed("a in [2, 3]"));
    EXPECT_EQ(Parsed("a in [1, 2, 3] and a not in [2] and a < 3"), Parsed("a == 1"));
    EXPECT_EQ(Parsed("a > 1 and a > 5 and a >= 3"), Parsed("a > 5"));
    EXPECT_EQ(Parsed("1 < a < 9 and 4 <= a < 12"), Parsed("4 <= a < 9"));
    EXPECT_EQ(Parsed("a != 1 and a not in [2, 5]"), Parsed("a not in [1, 2, 5]"));
    EXPECT_EQ(Parsed("a != 5 and a > 1 and a < 9 and a > 2"), Parsed("2 < a < 9 and a != 5"));
    EXPECT_EQ(Parsed("a < 5 or a < 9 or a == 3"), Parsed("a < 9"));
    EXPECT_EQ(Parsed("1 < a < 5 or 3 < a <= 7 or s == 'x'"), Parsed("1 < a <= 7 or s == 'x'"));
    EXPECT_EQ(Parsed("a == 1 or a > 5 or a == 3"), Parsed("a in [1, 3] or a > 5"));
    EXPECT_EQ(Parsed("a not in [1, 2] or a not in [2, 3]"), Parsed("a != 2"));
    EXPECT_EQ(Parsed("s >= 'a' and s <= 'a'"), Parsed("s == 'a'"));
    EXPECT_EQ(Parsed("s > 'b' or s > 'a'"), Parsed("s > 'a'"));
    // Neighbouring keys stay keys.
    EXPECT_EQ(PrimaryKeyTerms(Parsed("id == 1 or id == 2 or id == 3"), kPk)->ints,
              (std::vector<int64_t>{1, 2, 3}));
}

TEST(Plan, FoldsContradictionsAndTautologies) {
    for (const char* text :
         {"id > 5 and id < 3", "id > 5 and id < 6", "id == 1 and id == 2", "id in [1] and id > 1",
          "a > 5 and a < 3", "a < 1 and (s == 'x' and a > 1)", "s == 'a' and s == 'b'",
          "a == 1 and a != 1", "s < ''", "a in [] or 1 > 2", "id > 3 and id in []",
          "s < 'a' and s < ''", "i8 > 300", "i8 == -129", "300 < i8 < 400"}) {
        EXPECT_TRUE(Parsed(text).IsAlwaysFalse()) << text;
    }
    for (const char* text : {"id > 3 or id <= 3", "id != 1 or id != 2", "id >= 4 or id <= 3",
                             "not (id > 5 and id < 3)", "id == 1 or id != 1", "s >= ''", "i8 < 300",
                             "i8 != 1000", "not (i8 > 300)"}) {
        EXPECT_TRUE(Parsed(text).IsAlwaysTrue()) << text;
    }
    // Of a column that may be null they still leave the null rows out.
    EXPECT_EQ(Parsed("n > 3 or n <= 3"), Parsed("n not in []"));
    EXPECT_EQ(Parsed("not (n > 5 and n < 3)"), Parsed("n not in []"));
    EXPECT_FALSE(Parsed("not (n > 5 and n < 3)").IsAlwaysTrue());
    EXPECT_TRUE(Parsed("n > 5 and n < 3").IsAlwaysFalse());
}

TEST(PlanArchive, DamagedBytesAreNoPlanOrOneThatTheEvaluatorRefuses) {
    test::Rows rows;
    rows.AddField("id", DataType::kInt64).is_primary_key = true;
    rows.AddField("a", DataType::kInt64);
    rows.AddField("s", DataType::kVarChar);
    const auto builder = [&](const char* name) { return rows.Builder(name); };
    auto ids = builder("id");
    auto numbers = builder("a");
    auto texts = builder("s");
    for (int i = 0; i < 100; ++i) {
        ids.AppendInt(i);
        numbers.AppendInt(i * 7);
        texts.AppendBytes(std::to_string(i));
    }
    rows.SetColumn(std::move(ids));
    rows.SetColumn(std::move(numbers));
    rows.SetColumn(std::move(texts));
    const std::string bytes =
        base::Encode(Parsed("a in [1, 2] and (s like 'x%_y' or not (s == 'q')) and 1 < id < 9 and "
                            "a + 1 == 3 and id < a"));
    for (size_t i = 0; i < bytes.size(); ++i) {
        for (const int bit : {0, 1, 2, 3, 7}) {
            std::string damaged = bytes;
            damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
            const auto plan = base::Decode<Plan>(damaged);
            if (plan.ok()) {
                const auto truth =
                    Evaluate(*plan, rows, 100, base::CallContext(), sys::RealClock());
                EXPECT_TRUE(truth.ok() || !truth.status().reason().empty());
            }
        }
    }
}

TEST(PlanCache, ParsesOnceAndForgetsTheOldest) {
    PlanCache cache(2);
    schema::CollectionSchema schema = MakeSchema();
    const auto first = cache.GetOrParse(1, "a > 1", schema);
    const auto again = cache.GetOrParse(1, "a > 1", schema);
    EXPECT_EQ(first->get(), again->get());
    EXPECT_NE(first->get(), cache.GetOrParse(2, "a > 1", schema)->get());
    ++schema.version;
    EXPECT_NE(first->get(), cache.GetOrParse(1, "a > 1", schema)->get());
    EXPECT_EQ(cache.size(), 2u);
}

TEST(PlanCache, KeepsFailuresToo) {
    PlanCache cache(2);
    const schema::CollectionSchema schema = MakeSchema();
    bool found = false;
    const auto first = cache.GetOrParse(1, "nope > 1", schema, {}, &found);
    EXPECT_FALSE(first.ok() || found);
    const auto again = cache.GetOrParse(1, "nope > 1", schema, {}, &found);
    EXPECT_TRUE(found);
    EXPECT_EQ(again.status().reason(), first.status().reason());
    EXPECT_EQ(cache.size(), 1u);
}

TEST(PlanCache, ServesManyThreads) {
    PlanCache cache(8);
    const schema::CollectionSchema schema = MakeSchema();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 500; ++i) {
                const int bound = (i * (t + 1)) % 16;
                const auto plan = cache.GetOrParse(1, "a > " + std::to_string(bound), schema);
                ASSERT_TRUE(plan.ok());
                EXPECT_EQ(std::get<Compare>((*plan)->node).value, Value(bound));
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_LE(cache.size(), 8u);
}

}  // namespace
}  // namespace elanus::expr
