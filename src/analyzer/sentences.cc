#include "analyzer/sentences.h"

#include "base/check.h"

#include <memory>

#include <unicode/ubrk.h>
#include <unicode/utext.h>

namespace elanus::analyzer {

namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n\f\v";

struct CloseBreaks {
    void operator()(UBreakIterator* breaks) const { ubrk_close(breaks); }
};

}  // namespace

std::vector<TextRange> Sentences(std::string_view text) {
    UErrorCode error = U_ZERO_ERROR;
    const std::unique_ptr<UBreakIterator, CloseBreaks> breaks(
        ubrk_open(UBRK_SENTENCE, "", nullptr, 0, &error));
    CHECK(U_SUCCESS(error) != 0, "ICU's data has no sentence rules");
    UText source = UTEXT_INITIALIZER;
    utext_openUTF8(&source, text.data(), static_cast<int64_t>(text.size()), &error);
    ubrk_setUText(breaks.get(), &source, &error);
    CHECK(U_SUCCESS(error) != 0, "ICU is out of memory");
    std::vector<TextRange> sentences;
    auto start = static_cast<size_t>(ubrk_first(breaks.get()));
    for (int32_t next = ubrk_next(breaks.get()); next != UBRK_DONE;
         next = ubrk_next(breaks.get())) {
        const auto end = static_cast<size_t>(next);
        const std::string_view sentence = text.substr(start, end - start);
        const size_t first = sentence.find_first_not_of(kWhiteSpace);
        if (first != std::string_view::npos) {
            sentences.push_back(
                {start + first, start + sentence.find_last_not_of(kWhiteSpace) + 1});
        }
        start = end;
    }
    utext_close(&source);
    return sentences;
}

}  // namespace elanus::analyzer
