// Lists of words that search may ignore, by name: _english_, _german_ ... The lists are those of
// the Snowball project as Lucene ships them, English Lucene's own, Chinese that of stopwords-iso.
#pragma once

#include <span>
#include <string_view>

namespace elanus::analyzer {

// Empty when there is no such list.
std::span<const std::string_view> StopWords(std::string_view name);

}  // namespace elanus::analyzer
