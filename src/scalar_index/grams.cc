#include "scalar_index/grams.h"

#include "base/utf8.h"

#include <algorithm>

namespace elanus::scalar_index {

namespace {

// More lists narrow an answer little and cost a search each.
constexpr size_t kGramsMax = 24;

// The runs of plain bytes of a pattern, escapes undone as LikeMatcher does.
std::vector<std::string> LiteralParts(std::string_view pattern) {
    std::vector<std::string> parts(1);
    for (size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c == '%' || c == '_') {
            parts.emplace_back();
            continue;
        }
        const bool escapes =
            c == '\\' && i + 1 < pattern.size() &&
            (pattern[i + 1] == '%' || pattern[i + 1] == '_' || pattern[i + 1] == '\\');
        parts.back().push_back(escapes ? pattern[++i] : c);
    }
    return parts;
}

void AddGrams(std::string_view part, GramSizes sizes, std::vector<std::string>* grams) {
    if (!base::IsValidUtf8(part)) {
        return;
    }
    std::vector<uint32_t> starts;
    CharacterStarts(part, &starts);
    const size_t characters = starts.size() - 1;
    if (characters < sizes.min) {
        return;
    }
    const size_t size = std::min<size_t>(characters, sizes.max);
    const size_t places = characters - size + 1;
    const size_t step = (places + kGramsMax - 1) / kGramsMax;
    for (size_t first = 0; first < places; first += step) {
        const uint32_t begin = starts[first];
        grams->emplace_back(part.substr(begin, starts[first + size] - begin));
    }
}

}  // namespace

void CharacterStarts(std::string_view text, std::vector<uint32_t>* starts) {
    starts->clear();
    for (size_t i = 0; i < text.size(); ++i) {
        if ((static_cast<uint8_t>(text[i]) & 0xc0) != 0x80) {
            starts->push_back(static_cast<uint32_t>(i));
        }
    }
    starts->push_back(static_cast<uint32_t>(text.size()));
}

std::vector<std::string> GramsOfLike(expr::LikeKind kind, std::string_view text, GramSizes sizes) {
    std::vector<std::string> grams;
    if (kind == expr::LikeKind::kGeneral) {
        for (const std::string& part : LiteralParts(text)) {
            AddGrams(part, sizes, &grams);
        }
    } else {
        AddGrams(text, sizes, &grams);
    }
    std::sort(grams.begin(), grams.end());
    grams.erase(std::unique(grams.begin(), grams.end()), grams.end());
    if (grams.size() > kGramsMax) {
        grams.resize(kGramsMax);
    }
    return grams;
}

}  // namespace elanus::scalar_index
