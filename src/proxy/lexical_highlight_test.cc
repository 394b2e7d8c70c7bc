// Fragments around the words of a text.
#include "proxy/lexical_highlight.h"

#include <gtest/gtest.h>

namespace elanus::proxy {
namespace {

using Pieces = std::vector<std::string>;

HighlightOptions Options(size_t offset, size_t size, size_t pieces) {
    HighlightOptions options;
    options.tags.pre = {"[", "("};
    options.tags.post = {"]", ")"};
    options.fragment_offset = offset;
    options.fragment_size = size;
    options.num_of_fragments = pieces;
    return options;
}

TEST(MakeFragments, BeginAtAWordAndEndWhereTheSizeSays) {
    const std::string_view text = "one two three two one";
    const std::vector<TextSpan> twos = {{4, 7}, {14, 17}};
    EXPECT_EQ(MakeFragments(text, {}, Options(0, 100, 5)), Pieces());
    EXPECT_EQ(MakeFragments(text, twos, Options(0, 100, 5)), Pieces({"[two] three (two) one"}));
    EXPECT_EQ(MakeFragments(text, twos, Options(100, 100, 5)),
              Pieces({"one [two] three (two) one"}));
    EXPECT_EQ(MakeFragments(text, twos, Options(0, 5, 5)), Pieces({"[two] t", "(two) o"}));
    EXPECT_EQ(MakeFragments(text, twos, Options(0, 5, 1)), Pieces({"[two] t"}));
    EXPECT_EQ(MakeFragments(text, twos, Options(0, 5, 0)), Pieces());
    // A word is never cut, and the next piece does not reach back into the one before.
    EXPECT_EQ(MakeFragments(text, twos, Options(0, 1, 5)), Pieces({"[two]", "(two)"}));
    EXPECT_EQ(MakeFragments(text, twos, Options(0, 11, 5)), Pieces({"[two] three (two)"}));
    EXPECT_EQ(MakeFragments(text, twos, Options(8, 12, 5)),
              Pieces({"one [two] thre", "e (two) one"}));
}

TEST(MakeFragments, CountCharactersNotBytes) {
    const std::string_view text = "ä ö ü ß";
    const std::vector<TextSpan> third = {{6, 8}};
    EXPECT_EQ(MakeFragments(text, third, Options(2, 3, 1)), Pieces({"ö [ü]"}));
    EXPECT_EQ(MakeFragments(text, third, Options(3, 6, 1)), Pieces({" ö [ü] ß"}));
}

TEST(MakeFragments, WordsThatOverlapAreTaggedOnce) {
    EXPECT_EQ(MakeFragments("abcdef gh", {{0, 6}, {2, 4}, {7, 9}}, Options(0, 50, 5)),
              Pieces({"[abcdef] (gh)"}));
}

}  // namespace
}  // namespace elanus::proxy
