// Scans of text for tokens and phrases. Rows are cut into tokens as they are read; an inverted
// index answers the same questions without reading the rows.
#include "analyzer/text_analyzer.h"
#include "expr/phrase_slop.h"
#include "expr/scan.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace elanus::expr::internal {

namespace {

using analyzer::TextAnalyzer;
using base::Bitmap;
using base::Status;
using schema::ColumnView;

struct TransparentHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
// Different tokens of a query, numbered in the order in which they come.
using TokenNumbers = std::unordered_map<std::string, uint32_t, TransparentHash, std::equal_to<>>;

struct PreparedTexts {
    TextAnalyzer analyzer;
    TokenNumbers numbers;
    std::vector<std::vector<uint32_t>> texts_of;  // by token: the texts that hold it
    size_t texts = 0;
};

struct PreparedPhrase {
    struct Place {
        uint32_t token;
        int64_t position;
    };
    TextAnalyzer analyzer;
    TokenNumbers numbers;
    std::vector<Place> places;  // in the order of the phrase
};

base::Result<std::shared_ptr<PreparedTexts>> PrepareTexts(const TextMatch& leaf,
                                                          const std::string& params) {
    auto prepared = std::make_shared<PreparedTexts>();
    ASSIGN_OR_RETURN(prepared->analyzer, TextAnalyzer::Create(params));
    prepared->texts = leaf.texts.size();
    for (uint32_t text = 0; text < leaf.texts.size(); ++text) {
        for (const auto& token : analyzer::Tokens(prepared->analyzer, leaf.texts[text])) {
            const auto next = static_cast<uint32_t>(prepared->numbers.size());
            const uint32_t number = prepared->numbers.emplace(token.text, next).first->second;
            prepared->texts_of.resize(prepared->numbers.size());
            auto& texts = prepared->texts_of[number];
            if (texts.empty() || texts.back() != text) {
                texts.push_back(text);
            }
        }
    }
    return prepared;
}

// Counts, row by row, how many different tokens of each text occur.
class TextMatcher {
  public:
    TextMatcher(const PreparedTexts& prepared, uint32_t least)
        : prepared_(prepared),
          least_(least),
          stream_(prepared.analyzer),
          seen_in_(prepared.numbers.size()),
          counts_(prepared.texts) {}

    bool Matches(std::string_view value) {
        ++row_;
        std::fill(counts_.begin(), counts_.end(), 0);
        stream_.Reset(value);
        analyzer::Token token;
        while (stream_.Next(&token)) {
            const auto found = prepared_.numbers.find(token.text);
            if (found == prepared_.numbers.end() || seen_in_[found->second] == row_) {
                continue;
            }
            seen_in_[found->second] = row_;
            for (const uint32_t text : prepared_.texts_of[found->second]) {
                if (++counts_[text] >= least_) {
                    return true;
                }
            }
        }
        return false;
    }

  private:
    const PreparedTexts& prepared_;
    const uint32_t least_;
    analyzer::TokenStream stream_;
    std::vector<uint64_t> seen_in_;  // by token: the last row that held it
    std::vector<uint32_t> counts_;   // by text
    uint64_t row_ = 0;
};

base::Result<std::shared_ptr<PreparedPhrase>> PreparePhrase(const PhraseMatch& leaf,
                                                            const std::string& params) {
    auto prepared = std::make_shared<PreparedPhrase>();
    ASSIGN_OR_RETURN(prepared->analyzer, TextAnalyzer::Create(params));
    for (const auto& token : analyzer::Tokens(prepared->analyzer, leaf.text)) {
        const auto next = static_cast<uint32_t>(prepared->numbers.size());
        const uint32_t number = prepared->numbers.emplace(token.text, next).first->second;
        prepared->places.push_back({number, token.position});
    }
    return prepared;
}

class PhraseMatcher {
  public:
    PhraseMatcher(const PreparedPhrase& prepared, uint32_t slop)
        : prepared_(prepared),
          slop_(slop),
          stream_(prepared.analyzer),
          positions_(prepared.numbers.size()),
          used_(prepared.numbers.size()) {}

    bool Matches(std::string_view value) {
        if (prepared_.places.empty() || !FindPositions(value)) {
            return false;
        }
        int64_t start = -prepared_.places.back().position;
        while (true) {
            const std::optional<int64_t> next = TryFrom(start);
            if (!next.has_value() || *next == start) {
                return next.has_value();
            }
            start = *next;
        }
    }

  private:
    bool FindPositions(std::string_view value) {
        for (auto& positions : positions_) {
            positions.clear();
        }
        stream_.Reset(value);
        analyzer::Token token;
        while (stream_.Next(&token)) {
            const auto found = prepared_.numbers.find(token.text);
            if (found != prepared_.numbers.end()) {
                positions_[found->second].push_back(token.position);
            }
        }
        return std::none_of(positions_.begin(), positions_.end(),
                            [](const auto& positions) { return positions.empty(); });
    }

    // `start` itself when every place finds a token of its own between `start` and `start + slop`
    // from where it stands; else the next start that may do better; absent when none is left.
    // Taking the first token that serves is best, because later places of the same token start
    // later; and what it takes moves on with `start` only, so the starts jumped over fail as well.
    std::optional<int64_t> TryFrom(int64_t start) {
        std::fill(used_.begin(), used_.end(), 0);
        for (const auto& place : prepared_.places) {
            const auto& positions = positions_[place.token];
            const auto first = std::max(
                std::lower_bound(positions.begin(), positions.end(), start + place.position),
                positions.begin() + static_cast<ptrdiff_t>(used_[place.token]));
            if (first == positions.end()) {
                return std::nullopt;
            }
            if (*first - place.position > start + slop_) {
                return *first - place.position - slop_;
            }
            used_[place.token] = static_cast<size_t>(first - positions.begin()) + 1;
        }
        return start;
    }

    const PreparedPhrase& prepared_;
    const int64_t slop_;
    analyzer::TokenStream stream_;
    std::vector<std::vector<int64_t>> positions_;  // by token, ascending
    std::vector<size_t> used_;                     // by token: how many of them are taken
};

}  // namespace

Status ScanText(const TextMatch& leaf, const std::string& params, const ColumnView& view,
                Scan& scan, Bitmap* out) {
    ASSIGN_OR_RETURN(const auto prepared,
                     leaf.prepared.Get<PreparedTexts>([&] { return PrepareTexts(leaf, params); }));
    TextMatcher matcher(*prepared, std::max<uint32_t>(leaf.minimum_should_match, 1));
    return scan.ForRows(out, [&](size_t row) { return matcher.Matches(view.StringAt(row)); });
}

Status ScanText(const PhraseMatch& leaf, const std::string& params, const ColumnView& view,
                Scan& scan, Bitmap* out) {
    ASSIGN_OR_RETURN(const auto prepared, leaf.prepared.Get<PreparedPhrase>(
                                              [&] { return PreparePhrase(leaf, params); }));
    PhraseMatcher matcher(*prepared, leaf.slop);
    return scan.ForRows(out, [&](size_t row) { return matcher.Matches(view.StringAt(row)); });
}

}  // namespace elanus::expr::internal

namespace elanus::expr {

base::Result<std::vector<std::optional<uint32_t>>> LeastSlops(const std::string& analyzer_params,
                                                              const std::string& phrase,
                                                              std::span<const std::string> texts) {
    PhraseMatch leaf;
    leaf.text = phrase;
    ASSIGN_OR_RETURN(const auto prepared, internal::PreparePhrase(leaf, analyzer_params));
    std::vector<std::optional<uint32_t>> slops;
    for (const std::string& text : texts) {
        const auto matches = [&](uint32_t slop) {
            return internal::PhraseMatcher(*prepared, slop).Matches(text);
        };
        // No distance is longer than the text and the phrase together.
        auto high = static_cast<uint32_t>(
            std::min<size_t>(text.size() + phrase.size(), std::numeric_limits<int32_t>::max()));
        std::optional<uint32_t>& least = slops.emplace_back();
        if (!matches(high)) {
            continue;
        }
        uint32_t low = 0;
        while (low < high) {
            const uint32_t middle = low + (high - low) / 2;
            if (matches(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        least = low;
    }
    return slops;
}

}  // namespace elanus::expr
