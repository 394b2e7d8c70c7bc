#include "base/utf8.h"

#include <gtest/gtest.h>

namespace elanus::base {
namespace {

TEST(Utf8Test, WellFormedTextPasses) {
    EXPECT_TRUE(IsValidUtf8(""));
    EXPECT_TRUE(IsValidUtf8("plain text of more than eight bytes"));
    EXPECT_TRUE(IsValidUtf8("gr\xc3\xbc\xc3\x9f \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80"));
}

TEST(Utf8Test, EveryKindOfDamageIsFound) {
    EXPECT_FALSE(IsValidUtf8("\x80"));              // continuation without a start
    EXPECT_FALSE(IsValidUtf8("12345678\xc3"));      // cut
    EXPECT_FALSE(IsValidUtf8("\xc0\xaf"));          // overlong
    EXPECT_FALSE(IsValidUtf8("\xe0\x80\x80"));      // overlong
    EXPECT_FALSE(IsValidUtf8("\xed\xa0\x80"));      // surrogate
    EXPECT_FALSE(IsValidUtf8("\xf4\x90\x80\x80"));  // above U+10FFFF
    EXPECT_FALSE(IsValidUtf8("\xff"));
}

}  // namespace
}  // namespace elanus::base
