// PhraseSearch: documents in which a phrase occurs, and how often.
//
// A phrase begins at `start` when each of its places finds a token of its own between start and
// start + slop from where it stands. Taking the first token that serves is best, because later
// places of the same token start later; and what is taken moves on with `start` only, so starts
// that are jumped over fail as well.
// Threads: one search; a thread keeps one and uses it again.
#pragma once

#include "postings/conjunction.h"
#include "postings/index.h"

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace elanus::postings {

class PhraseSearch {
  public:
    base::Status Open(const Index& index, const Phrase& phrase);
    // The next documents that have all tokens; their phrases are to be looked at one by one.
    bool NextBatch() { return documents_.NextBatch(); }
    std::span<const uint32_t> batch() const { return documents_.batch(); }
    // How often the phrase can occur at most in each of them; room for 128.
    void AtMost(uint32_t* counts);
    // Whether it occurs, and how often.
    bool Occurs(size_t d);
    uint32_t Count(size_t d);
    bool damaged() const { return documents_.damaged(); }

  private:
    struct Place {
        uint32_t list = 0;
        int64_t position = 0;
    };

    const std::vector<uint32_t>& PositionsOf(size_t list, size_t d);
    void ReadPositions(size_t d);
    // Without slop: the starts at which each place has its token.
    size_t ExactStarts(size_t d);
    // `start` itself, the next start that may do, or kNone.
    int64_t TryFrom(int64_t start);
    static constexpr int64_t kNone = INT64_MAX;

    Conjunction documents_;
    int64_t slop_ = 0;
    bool exact_ = false;  // no slop, and no two places want the same token at the same position
    std::vector<std::string_view> keys_;  // different ones
    std::vector<Place> places_;
    std::vector<std::vector<uint32_t>> positions_;  // by list
    std::vector<size_t> used_;                      // by list: how many of them are taken
    std::vector<uint32_t> starts_;
};

}  // namespace elanus::postings
