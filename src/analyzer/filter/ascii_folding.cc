#include "analyzer/filter/ascii_folding.h"

#include <algorithm>
#include <iterator>

namespace elanus::analyzer {

namespace {

struct Folding {
    uint32_t code;
    std::string_view ascii;
};
#include "analyzer/filter/ascii_folding.inc"

}  // namespace

std::string_view AsciiFoldingOf(uint32_t code) {
    const Folding* found = std::lower_bound(
        std::begin(kFoldings), std::end(kFoldings), code,
        [](const Folding& folding, uint32_t wanted) { return folding.code < wanted; });
    return found != std::end(kFoldings) && found->code == code ? found->ascii : std::string_view();
}

}  // namespace elanus::analyzer
