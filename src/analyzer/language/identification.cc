#include "analyzer/language/identification.h"

#include "analyzer/unicode.h"
#include "analyzer/unicode_properties.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace elanus::analyzer {

namespace {

constexpr size_t kTrigramsMax = 500;

struct Profile {
    Script script;
    std::string_view language;
    std::string_view trigrams;
    uint16_t counts[kTrigramsMax];
    uint32_t total;
};
#include "analyzer/language/profiles.inc"
constexpr size_t kProfileCount = std::size(kProfiles);

// The language of a script that only one of ours uses; empty for the others.
std::string_view OnlyLanguageOf(Script script) {
    switch (script) {
        case Script::kGreek:
            return "Greek";
        case Script::kGeorgian:
            return "Georgian";
        case Script::kArmenian:
            return "Armenian";
        case Script::kBengali:
            return "Bengali";
        case Script::kGujarati:
            return "Gujarati";
        case Script::kGurmukhi:
            return "Punjabi";
        case Script::kOriya:
            return "Oriya";
        case Script::kTamil:
            return "Tamil";
        case Script::kTelugu:
            return "Telugu";
        case Script::kKannada:
            return "Kannada";
        case Script::kMalayalam:
            return "Malayalam";
        case Script::kSinhala:
            return "Sinhalese";
        case Script::kThai:
            return "Thai";
        case Script::kKhmer:
            return "Khmer";
        case Script::kMyanmar:
            return "Burmese";
        case Script::kEthiopic:
            return "Amharic";
        case Script::kHangul:
            return "Korean";
        case Script::kHan:
            return "Mandarin";
        case Script::kKana:
            return "Japanese";
        default:
            return {};
    }
}

uint64_t Pack(uint32_t a, uint32_t b, uint32_t c) {
    return (uint64_t{a} << 42) | (uint64_t{b} << 21) | c;
}

// For each trigram the languages that have it, with the logarithm of its probability there.
class TrigramTable {
  public:
    struct Entry {
        uint16_t profile;
        float log_probability;
    };

    TrigramTable() {
        for (size_t i = 0; i < kProfileCount; ++i) {
            const Profile& profile = kProfiles[i];
            const double total = profile.total;
            size_t number = 0;
            for (std::string_view rest = profile.trigrams; !rest.empty(); ++number) {
                std::array<uint32_t, 3> codes{};
                for (uint32_t& code : codes) {
                    const CodePoint first = FirstCodePoint(rest);
                    code = first.value;
                    rest.remove_prefix(first.length);
                }
                entries_[Pack(codes[0], codes[1], codes[2])].push_back(
                    {static_cast<uint16_t>(i),
                     static_cast<float>(std::log(profile.counts[number] / total))});
            }
        }
    }

    std::span<const Entry> Find(uint64_t trigram) const {
        const auto found = entries_.find(trigram);
        return found == entries_.end() ? std::span<const Entry>() : found->second;
    }

  private:
    std::unordered_map<uint64_t, std::vector<Entry>> entries_;
};

// Of a trigram that is not among a language's common ones.
constexpr double kRareLogProbability = -8;  // one in 3,000

// Scores the languages of one script, trigram by trigram.
class Scores {
  public:
    explicit Scores(Script script) : script_(script) {}

    void Add(uint64_t trigram) {
        static const TrigramTable* table = new TrigramTable;
        for (const TrigramTable::Entry& entry : table->Find(trigram)) {
            score_[entry.profile] += entry.log_probability - kRareLogProbability;
        }
    }

    Identification Best() const {
        size_t best = kProfileCount;
        for (size_t i = 0; i < kProfileCount; ++i) {
            if (kProfiles[i].script == script_ &&
                (best == kProfileCount || score_[i] > score_[best])) {
                best = i;
            }
        }
        if (best == kProfileCount) {
            return {};
        }
        // A letter is in three trigrams, so they are worth a third of independent ones.
        double sum = 0;
        for (size_t i = 0; i < kProfileCount; ++i) {
            if (kProfiles[i].script == script_) {
                sum += std::exp((score_[i] - score_[best]) / 3);
            }
        }
        return {kProfiles[best].language, 1 / sum};
    }

  private:
    Script script_;
    std::array<double, kProfileCount> score_{};
};

// Longer texts are judged by their beginning.
constexpr size_t kBytesMax = 4096;

std::vector<uint32_t> LowerLetters(std::string_view text) {
    std::vector<uint32_t> codes = {' '};
    for (std::string_view rest = text.substr(0, kBytesMax); !rest.empty();) {
        const CodePoint code = FirstCodePoint(rest);
        rest.remove_prefix(code.length);
        const bool is_mark = (code.value >= 0x300 && code.value <= 0x36f) ||
                             (code.value >= 0x64b && code.value <= 0x65f);
        if (code.valid && is_mark) {
            continue;
        }
        if (code.valid && IsLetter(code.value)) {
            codes.push_back(LowerCase(code.value));
        } else if (codes.back() != ' ') {
            codes.push_back(' ');
        }
    }
    if (codes.back() != ' ') {
        codes.push_back(' ');
    }
    return codes;
}

// The script of most letters. Japanese is written in Han and kana: a twentieth of kana is enough.
Script MainScript(const std::vector<uint32_t>& codes) {
    std::array<size_t, kScripts> counts{};
    for (const uint32_t code : codes) {
        ++counts[static_cast<size_t>(ScriptOf(code))];
    }
    counts[static_cast<size_t>(Script::kOther)] = 0;
    size_t& han = counts[static_cast<size_t>(Script::kHan)];
    size_t& kana = counts[static_cast<size_t>(Script::kKana)];
    if (kana * 20 >= han + kana && kana > 0) {
        kana += han;
        han = 0;
    }
    const auto most = std::max_element(counts.begin(), counts.end());
    return *most == 0 ? Script::kOther : static_cast<Script>(most - counts.begin());
}

}  // namespace

Identification IdentifyLanguage(std::string_view text) {
    const std::vector<uint32_t> codes = LowerLetters(text);
    const Script script = MainScript(codes);
    if (script == Script::kOther) {
        return {};
    }
    if (const std::string_view only = OnlyLanguageOf(script); !only.empty()) {
        return {only, 1};
    }
    Scores scores(script);
    for (size_t i = 0; i + 2 < codes.size(); ++i) {
        if (codes[i + 1] != ' ') {
            scores.Add(Pack(codes[i], codes[i + 1], codes[i + 2]));
        }
    }
    return scores.Best();
}

}  // namespace elanus::analyzer
