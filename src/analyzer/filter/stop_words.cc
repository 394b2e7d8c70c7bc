#include "analyzer/filter/stop_words.h"

namespace elanus::analyzer {

namespace {

#include "analyzer/filter/stop_words.inc"

}  // namespace

std::span<const std::string_view> StopWords(std::string_view name) {
    for (const StopList& list : kStopLists) {
        if (list.name == name) {
            return list.words;
        }
    }
    return {};
}

}  // namespace elanus::analyzer
