// WordTrie: a dictionary of jieba that is read from a file at run time, in the layout of the
// built-in one (embedded_data.h).
//
// jieba's large dictionary, `_extend_default_`, has nearly twice the words of the built-in one,
// traditional characters among them, and would add 10 MB to every binary: it is a file that the
// operator provides, jieba/dict.txt.big in function.analyzer.local_resource_path, as jieba's
// repository has it. It is read once and kept. Threads: immutable once made.
#pragma once

#include "analyzer/embedded_data.h"
#include "base/status.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace elanus::analyzer::jieba {

class WordTrie {
  public:
    // A word's last frequency counts; the total is of all. Words with characters beyond U+FFFF are
    // left out.
    explicit WordTrie(std::vector<std::pair<std::u32string, uint32_t>> words);

    JiebaTrie View() const { return {first_child_, label_, frequency_, total_}; }

  private:
    std::vector<uint32_t> first_child_;
    std::vector<uint16_t> label_;
    std::vector<uint32_t> frequency_;
    uint64_t total_ = 0;
};

// Lines "word frequency" or "word frequency tag". InvalidParameter where there is no such file or
// it has another form.
base::Result<std::shared_ptr<const WordTrie>> ExtendedDictionary();

}  // namespace elanus::analyzer::jieba
