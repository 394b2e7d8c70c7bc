#include "analyzer/unicode_forms.h"

#include "analyzer/unicode.h"
#include "base/check.h"

#include <vector>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

namespace elanus::analyzer {
namespace {

int8_t CategoryOf(uint32_t code) {
    return u_charType(static_cast<UChar32>(code));
}

bool IsAscii(std::string_view text) {
    for (const char c : text) {
        if (static_cast<uint8_t>(c) >= 0x80) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool IsControl(uint32_t code) {
    return CategoryOf(code) == U_CONTROL_CHAR;
}

bool IsFormat(uint32_t code) {
    return CategoryOf(code) == U_FORMAT_CHAR;
}

bool IsPrivateUse(uint32_t code) {
    return CategoryOf(code) == U_PRIVATE_USE_CHAR;
}

bool IsNonspacingMark(uint32_t code) {
    return CategoryOf(code) == U_NON_SPACING_MARK;
}

int AgeOf(uint32_t code) {
    UVersionInfo version;
    u_charAge(static_cast<UChar32>(code), version);
    return version[0] * 10 + version[1];
}

std::string Decomposed(std::string_view text) {
    if (IsAscii(text)) {
        return std::string(text);
    }
    UErrorCode error = U_ZERO_ERROR;
    const UNormalizer2* form = unorm2_getNFDInstance(&error);
    CHECK(U_SUCCESS(error) != 0, "ICU has no NFD");
    std::vector<UChar> wide(text.size());
    int32_t size = 0;
    u_strFromUTF8(wide.data(), static_cast<int32_t>(wide.size()), &size, text.data(),
                  static_cast<int32_t>(text.size()), &error);
    // A character has four parts at most.
    std::vector<UChar> apart(static_cast<size_t>(size) * 4 + 1);
    const int32_t parts = unorm2_normalize(form, wide.data(), size, apart.data(),
                                           static_cast<int32_t>(apart.size()), &error);
    std::string out(static_cast<size_t>(parts) * 3 + 1, '\0');
    int32_t bytes = 0;
    u_strToUTF8(out.data(), static_cast<int32_t>(out.size()), &bytes, apart.data(), parts, &error);
    CHECK(U_SUCCESS(error) != 0, "valid UTF-8 could not be decomposed");
    out.resize(static_cast<size_t>(bytes));
    return out;
}

void AppendLowerCase(uint32_t code, std::string* out) {
    constexpr uint32_t kCapitalIWithDot = 0x130;  // the only one that becomes two
    AppendUtf8(static_cast<uint32_t>(u_tolower(static_cast<UChar32>(code))), out);
    if (code == kCapitalIWithDot) {
        AppendUtf8(0x307, out);
    }
}

}  // namespace elanus::analyzer
