// IdentifyLanguage: which language a text is in. The script decides first; where several languages
// share it, trigrams do: naive Bayes over the commonest trigrams of each (W. B. Cavnar and
// J. M. Trenkle, "N-Gram-Based Text Categorization", 1994, with probabilities instead of ranks),
// counted in the Universal Declaration of Human Rights.
// Threads: a pure function; its tables are built on first use.
#pragma once

#include <string_view>

namespace elanus::analyzer {

struct Identification {
    std::string_view language;  // as whatlang names it: English, Mandarin ...; empty: no letters
    double confidence = 0;      // the language's share of the probability, 0 to 1
};
Identification IdentifyLanguage(std::string_view text);

}  // namespace elanus::analyzer
