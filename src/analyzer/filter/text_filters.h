// Filters that rewrite or drop single tokens.
//   lowercase             simple lower case of every script
//   asciifolding          letters to their ASCII look-alikes, as Lucene's ASCIIFoldingFilter
//   decimaldigit          decimal digits of every script to 0-9
//   arabic_normalization  alef and yeh forms, teh marbuta; removes harakat and tatweel
//   alphanumonly          keeps tokens of ASCII letters and digits
//   cnalphanumonly        keeps tokens with a Han character, ASCII letter or digit
//   cncharonly            keeps tokens with a Han character
//   removepunct           drops tokens of nothing but punctuation and white space
//   length                keeps tokens of at most "max" bytes
//   stop                  drops the words of "stop_words"
#pragma once

#include "analyzer/pipeline.h"
#include "base/status.h"
#include "json/json.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::analyzer {

// The filters without parameters; null when `name` is none of them.
std::unique_ptr<const Filter> SimpleFilter(std::string_view name);

base::Result<std::unique_ptr<const Filter>> BuildLength(const json::Value& params);
base::Result<std::unique_ptr<const Filter>> BuildStop(const json::Value& params);
// `words` may name built-in lists, "_english_". A name that is no list is a word.
std::unique_ptr<const Filter> StopFilter(const std::vector<std::string>& words);

}  // namespace elanus::analyzer
