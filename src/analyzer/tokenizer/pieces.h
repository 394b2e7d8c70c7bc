// PieceSource: for tokenizers that must see a text as a whole (dictionaries, word boundaries). It
// hands them one stretch of valid UTF-8 after the other and serves the pieces they cut.
#pragma once

#include "analyzer/pipeline.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace elanus::analyzer {

// Valid UTF-8 out of the text being read.
struct Stretch {
    std::string_view text;
    uint32_t start = 0;       // its first byte in the whole text
    uint32_t first_char = 0;  // how many characters come before it; a stray byte counts as one
};

class PieceSource : public TokenSource {
  public:
    void Reset(std::string_view text) final;
    bool Next(Token* token) final;

  protected:
    // A new text begins.
    virtual void Start() {}
    // Bytes [start, end) of the stretch.
    struct Piece {
        uint32_t start;
        uint32_t end;
        uint32_t position;
        uint32_t position_length = 1;
    };
    // Appends the tokens of the stretch to `pieces`. `pieces_before` counts those of the stretches
    // before it.
    virtual void Cut(const Stretch& stretch, uint32_t pieces_before,
                     std::vector<Piece>* pieces) = 0;

  private:
    bool NextStretch();

    std::string_view rest_;
    Stretch stretch_;
    uint32_t next_char_ = 0;
    uint32_t pieces_before_ = 0;
    std::vector<Piece> pieces_;
    size_t served_ = 0;
};

// How many code points valid UTF-8 holds.
uint32_t CharCount(std::string_view text);

}  // namespace elanus::analyzer
