#include "json/json.h"

#include <random>

#include <gtest/gtest.h>

namespace elanus::json {
namespace {

std::string RoundTrip(std::string_view text) {
    auto value = Parse(text);
    return value.ok() ? Write(*value) : value.status().reason();
}

TEST(Json, KeepsEveryKindOfValue) {
    EXPECT_EQ(RoundTrip(" { \"a\" : [1, -2, 3.5, true, false, null, \"x\"], \"b\": {} } "),
              R"({"a":[1,-2,3.5,true,false,null,"x"],"b":{}})");
    EXPECT_EQ(RoundTrip("9223372036854775807"), "9223372036854775807");
    EXPECT_EQ(RoundTrip("-9223372036854775808"), "-9223372036854775808");
    EXPECT_EQ(RoundTrip("18446744073709551615"), "18446744073709551615");
    EXPECT_TRUE(Parse("18446744073709551615")->is_uint64());
    EXPECT_TRUE(Parse("18446744073709551616")->is_double());
    EXPECT_EQ(RoundTrip("1.0"), "1.0");
    EXPECT_EQ(RoundTrip("1e3"), "1000.0");
    EXPECT_EQ(RoundTrip("1e-999"), "0.0");
    EXPECT_EQ(RoundTrip(R"("\u00e9\ud83d\ude00\n\/")"), "\"\xc3\xa9\xf0\x9f\x98\x80\\n/\"");
    EXPECT_EQ(RoundTrip(R"("\u0001")"), R"("\u0001")");
}

TEST(Json, RefusesWhatIsNoJson) {
    for (const char* text : {"",
                             " ",
                             "{",
                             "[1,",
                             "[1 2]",
                             "{\"a\" 1}",
                             "{a:1}",
                             "nul",
                             "NaN",
                             "Infinity",
                             "-",
                             "01",
                             "1.",
                             "1e",
                             "+1",
                             "\"a",
                             "\"\\x\"",
                             "\"\\u12\"",
                             "\"\\ud800\"",
                             "\"\\udc00\"",
                             "\"\n\"",
                             "\"\xff\"",
                             "\"\xc0\x80\"",
                             "\"\xed\xa0\x80\"",
                             "1e999",
                             "[1]x",
                             "{\"a\":1,}",
                             "[,]",
                             "'a'",
                             "\"\\"}) {
        EXPECT_FALSE(Parse(text).ok()) << text;
        EXPECT_FALSE(Validate(text, false).ok()) << text;
    }
    EXPECT_NE(Parse("[1, x]").status().reason().find("position 4"), std::string::npos);
}

TEST(Json, BoundsDepthAndSize) {
    const std::string deep = std::string(129, '[') + std::string(129, ']');
    EXPECT_FALSE(Parse(deep).ok());
    EXPECT_TRUE(Parse(deep.substr(1, 256)).ok());
    EXPECT_FALSE(Parse(std::string(1000000, '[')).ok());
    EXPECT_FALSE(Parse("[1,2]", Limits{.depth_max = 8, .bytes_max = 4}).ok());
}

TEST(Json, ValidateWantsAnObjectWhenAsked) {
    EXPECT_TRUE(Validate(" {\"a\":1}", true).ok());
    EXPECT_FALSE(Validate("[1]", true).ok());
    EXPECT_TRUE(Validate("[1]", false).ok());
}

TEST(Json, BuildsAndLooksUp) {
    Value value;
    value.Add("a", 1).Add("b", Value().Append("x").Append(2.0));
    EXPECT_EQ(Write(value), R"({"a":1,"b":["x",2.0]})");
    EXPECT_EQ(*value.Find("a")->int64_if(), 1);
    EXPECT_EQ(value.Find("c"), nullptr);
    EXPECT_TRUE(Equal(*Parse("{\"a\":1,\"b\":[2]}"), *Parse("{\"b\":[2.0],\"a\":1}")));
    EXPECT_FALSE(Equal(*Parse("[1,2]"), *Parse("[1]")));
}

Scalar FindIn(std::string_view document, std::vector<std::string> keys, std::string* scratch) {
    return Find(document, Path(keys), scratch);
}

TEST(JsonFind, PicksScalars) {
    const std::string_view doc =
        R"({"s":"x\ty","n":null,"t":true,"i":-7,"u":18446744073709551615,"d":2.5,
            "o":{"k":[10,[20,"z"],{"q":1}]},"a b/~":"esc","\u0041":"A","3":"three","e":[]})";
    std::string scratch;
    EXPECT_EQ(FindIn(doc, {"s"}, &scratch).text, "x\ty");
    EXPECT_EQ(FindIn(doc, {"n"}, &scratch).kind, Scalar::Kind::kNull);
    EXPECT_TRUE(FindIn(doc, {"t"}, &scratch).boolean);
    EXPECT_EQ(FindIn(doc, {"i"}, &scratch).int64, -7);
    EXPECT_EQ(FindIn(doc, {"u"}, &scratch).uint64, UINT64_MAX);
    EXPECT_EQ(FindIn(doc, {"d"}, &scratch).number, 2.5);
    EXPECT_EQ(FindIn(doc, {"o", "k", "1", "1"}, &scratch).text, "z");
    EXPECT_EQ(FindIn(doc, {"o", "k", "2", "q"}, &scratch).int64, 1);
    EXPECT_EQ(FindIn(doc, {"o", "k", "3"}, &scratch).kind, Scalar::Kind::kMissing);
    EXPECT_EQ(FindIn(doc, {"o", "k"}, &scratch).text, R"([10,[20,"z"],{"q":1}])");
    EXPECT_EQ(FindIn(doc, {"A"}, &scratch).text, "A");
    EXPECT_EQ(FindIn(doc, {"3"}, &scratch).text, "three");
    EXPECT_EQ(FindIn(doc, {"e", "0"}, &scratch).kind, Scalar::Kind::kMissing);
    EXPECT_EQ(FindIn(doc, {"s", "x"}, &scratch).kind, Scalar::Kind::kMissing);
    EXPECT_EQ(FindIn(doc, {}, &scratch).kind, Scalar::Kind::kObject);
    EXPECT_EQ(Find(doc, *Path::FromPointer("/a b~1~0"), &scratch).text, "esc");
    EXPECT_EQ(Path::FromPointer("/a b~1~0")->ToPointer(), "/a b~1~0");
    EXPECT_FALSE(Path::FromPointer("a").ok());
}

TEST(JsonFind, WalksArrays) {
    ArrayCursor cursor(R"([ 1 , "a\n", [2], {"x":[]} , null])");
    Scalar element;
    std::string kinds;
    while (cursor.Next(&element)) {
        kinds += std::to_string(static_cast<int>(element.kind)) + " ";
    }
    EXPECT_EQ(kinds, "3 6 7 8 1 ");
    EXPECT_EQ(CountElements("[ ]"), 0u);
    EXPECT_EQ(CountElements("[1,[2,3],\"4,5\"]"), 3u);
    EXPECT_EQ(CountElements("5"), 0u);
}

Value RandomValue(std::mt19937& random, int depth) {
    switch (random() % (depth > 0 ? 8 : 6)) {
        case 0:
            return Value();
        case 1:
            return Value(random() % 2 == 0);
        case 2:
            return Value(static_cast<int64_t>(random()) - 2000000000);
        case 3:
            return Value(static_cast<double>(random()) / 7);
        case 4:
            return Value(UINT64_MAX - random());
        case 5:
            return Value(std::string(random() % 5, static_cast<char>("a\"\\\n\x01"[random() % 5])));
        case 6: {
            Value::Array elements;
            for (size_t i = random() % 4; i > 0; --i) {
                elements.push_back(RandomValue(random, depth - 1));
            }
            return Value(std::move(elements));
        }
        default: {
            Value::Object members;
            for (size_t i = random() % 4; i > 0; --i) {
                members.emplace_back("k" + std::to_string(i), RandomValue(random, depth - 1));
            }
            return Value(std::move(members));
        }
    }
}

TEST(JsonFuzz, WriteAndParseAgree) {
    std::mt19937 random(1);
    for (int i = 0; i < 5000; ++i) {
        const Value value = RandomValue(random, 4);
        const std::string text = Write(value);
        auto back = Parse(text);
        ASSERT_TRUE(back.ok()) << text;
        ASSERT_EQ(*back, value) << text;
        ASSERT_TRUE(Validate(text, false).ok());
    }
}

TEST(JsonFuzz, DamagedTextIsNeverReadOutOfBounds) {
    std::mt19937 random(2);
    for (int i = 0; i < 20000; ++i) {
        std::string text = Write(RandomValue(random, 4));
        text.resize(random() % (text.size() + 1));
        for (size_t n = random() % 3; n > 0 && !text.empty(); --n) {
            text[random() % text.size()] = static_cast<char>("{}[]\",:\\u0 1x"[random() % 13]);
        }
        // A copy without a terminator behind it, so that a sanitizer sees every stray read.
        const std::vector<char> bytes(text.begin(), text.end());
        const std::string_view view(bytes.data(), bytes.size());
        EXPECT_EQ(Parse(view).ok(), Validate(view, false).ok());
        std::string scratch;
        for (const auto& keys : std::vector<std::vector<std::string>>{
                 {}, {"k1"}, {"0"}, {"k1", "k2"}, {"k2", "1"}, {"1", "k1", "0"}}) {
            const Scalar found = Find(view, Path(keys), &scratch);
            ArrayCursor cursor(found.kind == Scalar::Kind::kArray ? found.text : view);
            Scalar element;
            while (cursor.Next(&element)) {
            }
            ObjectCursor members(found.kind == Scalar::Kind::kObject ? found.text : view);
            std::string_view key;
            while (members.Next(&key, &element)) {
            }
            CountElements(view);
        }
    }
}

TEST(Json, ObjectCursorStepsThroughMembers) {
    const auto members = [](std::string_view raw, bool* at_end) {
        ObjectCursor cursor(raw);
        std::string_view key;
        Scalar value;
        std::string seen;
        while (cursor.Next(&key, &value)) {
            seen += std::string(key) + ":" + std::to_string(static_cast<int>(value.kind)) + " ";
        }
        *at_end = cursor.at_end();
        return seen;
    };
    bool at_end = false;
    EXPECT_EQ(members(R"({"a":1, "\u0062" : "x" ,"a":{"n":[1]}, "":null})", &at_end),
              "a:3 b:6 a:8 :1 ");
    EXPECT_TRUE(at_end);
    EXPECT_EQ(members("{ }", &at_end), "");
    EXPECT_TRUE(at_end);
    EXPECT_EQ(members(R"({"a":1, "b)", &at_end), "a:3 ");
    EXPECT_FALSE(at_end);
    EXPECT_EQ(members("[1]", &at_end), "");
    EXPECT_FALSE(at_end);
}

}  // namespace
}  // namespace elanus::json
