#include "base/archive.h"

#include <gtest/gtest.h>

namespace elanus::base {
namespace {

struct Inner {
    int32_t number = 7;
    std::string text;
    template <typename A>
    void Visit(A& a) {
        a(number, text);
    }
};

struct Outer {
    bool flag = false;
    std::vector<Inner> items;
    std::map<std::string, int64_t> counts;
    std::optional<double> ratio;
    std::variant<std::monostate, int64_t, std::string> value;
    std::vector<float> vector;
    template <typename A>
    void Visit(A& a) {
        a(flag, items, counts, ratio, value, vector);
    }
};

struct ShortOuter {
    bool flag = false;
    template <typename A>
    void Visit(A& a) {
        a(flag);
    }
};

Outer Sample() {
    Outer outer;
    outer.flag = true;
    outer.items = {{-1, "one"}, {1 << 30, ""}};
    outer.counts = {{"a", INT64_MIN}, {"b", INT64_MAX}};
    outer.ratio = 0.25;
    outer.value = std::string("text");
    outer.vector = {1.5f, -2.5f};
    return outer;
}

TEST(ArchiveTest, ReturnsWhatWasWritten) {
    const auto back = Decode<Outer>(Encode(Sample()));
    ASSERT_TRUE(back.ok());
    EXPECT_TRUE(back->flag);
    ASSERT_EQ(back->items.size(), 2u);
    EXPECT_EQ(back->items[0].number, -1);
    EXPECT_EQ(back->items[0].text, "one");
    EXPECT_EQ(back->counts.at("a"), INT64_MIN);
    EXPECT_EQ(back->ratio, 0.25);
    EXPECT_EQ(std::get<std::string>(back->value), "text");
    EXPECT_EQ(back->vector, (std::vector<float>{1.5f, -2.5f}));
}

TEST(ArchiveTest, TheExampleOfTheFormatPageIsWhatIsWritten) {
    struct Holder {
        Inner inner{-1, "one"};
        void Visit(Encoder& a) { a(inner); }
    };
    EXPECT_EQ(Encode(Holder()), std::string("\x05\x01\x03one"));
}

TEST(ArchiveTest, OlderAndNewerFormsReadEachOther) {
    const auto older = Decode<ShortOuter>(Encode(Sample()));
    ASSERT_TRUE(older.ok());
    EXPECT_TRUE(older->flag);
    ShortOuter written;
    written.flag = true;
    const auto newer = Decode<Outer>(Encode(written));
    ASSERT_TRUE(newer.ok());
    EXPECT_TRUE(newer->flag);
    EXPECT_FALSE(newer->ratio.has_value());
}

TEST(ArchiveTest, EveryCutOrFlippedByteIsSurvived) {
    const std::string bytes = Encode(Sample());
    for (size_t i = 0; i < bytes.size(); ++i) {
        (void)Decode<Outer>(std::string_view(bytes).substr(0, i));
        for (int bit = 0; bit < 8; ++bit) {
            std::string damaged = bytes;
            damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
            (void)Decode<Outer>(damaged);
        }
    }
}

}  // namespace
}  // namespace elanus::base
