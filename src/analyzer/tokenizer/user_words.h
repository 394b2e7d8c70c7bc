// UserWords: words of the user's own for the tokenizer lindera, from a file.
//
// A line is "surface,part of speech,reading", or "surface,left id,right id,cost,feature,.." as in
// the dictionaries of MeCab, of which the ids and the cost are not looked at: such a word is cut
// out wherever it stands, the longest one first. Threads: immutable once read.
#pragma once

#include "base/status.h"
#include "json/json.h"

#include <map>
#include <string>
#include <string_view>

namespace elanus::analyzer {

class UserWords {
  public:
    // `file` as in word_file.h. InvalidParameter for a line that is none.
    static base::Result<UserWords> Read(const json::Value& file);

    struct Word {
        size_t bytes = 0;               // 0 = there is none
        const char* feature = nullptr;  // as long as the words live
    };
    // The longest word that `text` begins with.
    Word LongestAt(std::string_view text) const;
    bool empty() const { return words_.empty(); }

  private:
    std::map<std::string, std::string, std::less<>> words_;  // the features of surfaces
    size_t bytes_max_ = 0;                                   // of a surface
};

}  // namespace elanus::analyzer
