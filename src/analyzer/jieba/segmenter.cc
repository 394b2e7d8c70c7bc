#include "analyzer/jieba/segmenter.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace elanus::analyzer::jieba {

namespace {

constexpr double kImpossible = -3.14e100;

bool IsHanOfJieba(char32_t code) {
    return code >= 0x4e00 && code <= 0x9fd5;
}
bool IsLatinOrDigit(char32_t code) {
    return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') ||
           (code >= '0' && code <= '9');
}
bool IsDigit(char32_t code) {
    return code >= '0' && code <= '9';
}
// What the dictionary's words are made of.
bool IsInBlock(char32_t code) {
    return IsHanOfJieba(code) || IsLatinOrDigit(code) || code == '+' || code == '#' ||
           code == '&' || code == '.' || code == '_' || code == '%' || code == '-';
}

// States in the order of JiebaModel.
enum State : uint8_t { kBegin, kMiddle, kEnd, kSingle };
// Which states may come before each; of equally probable ones the later in this order wins.
constexpr std::array<std::array<State, 2>, 4> kBefore = {{
    {kEnd, kSingle},    // begin
    {kBegin, kMiddle},  // middle
    {kBegin, kMiddle},  // end
    {kEnd, kSingle},    // single
}};

double Emission(const JiebaModel& model, size_t state, char32_t code) {
    const size_t i = code - model.first_code;
    return i < model.emission[state].size() ? model.emission[state][i] : kImpossible;
}

}  // namespace

void Segmenter::Cut(Codes text, std::vector<Word>* words) {
    text_ = text;
    words_ = words;
    const auto size = static_cast<uint32_t>(text.size());
    uint32_t at = 0;
    while (at < size) {
        uint32_t end = at;
        while (end < size && IsInBlock(text[end])) {
            ++end;
        }
        if (end > at) {
            CutBlock(at, end);
            at = end;
        } else {
            const bool line_end = text[at] == '\r' && at + 1 < size && text[at + 1] == '\n';
            end = at + (line_end ? 2 : 1);
            Emit(at, end);
            at = end;
        }
    }
}

void Segmenter::CutBlock(uint32_t start, uint32_t end) {
    FindRoute(start, end);
    CutByDictionary(start, end);
}

// The most probable words, from the end of the block to its start.
void Segmenter::FindRoute(uint32_t start, uint32_t end) {
    const size_t size = end - start;
    best_.assign(size + 1, 0);
    word_end_.assign(size, 0);
    const double log_total = dictionary_.log_total();
    for (size_t i = size; i-- > 0;) {
        bool any = false;
        const auto consider = [&](size_t length, uint64_t frequency) {
            const double value = std::log(static_cast<double>(std::max<uint64_t>(frequency, 1))) -
                                 log_total + best_[i + length];
            if (!any || value >= best_[i]) {
                best_[i] = value;
                word_end_[i] = static_cast<uint32_t>(start + i + length);
                any = true;
            }
        };
        dictionary_.ForPrefixes(text_.substr(start + i, size - i),
                                [&](size_t length, uint64_t frequency) {
                                    if (frequency > 0) {
                                        consider(length, frequency);
                                    }
                                });
        if (!any) {
            consider(1, 0);
        }
    }
}

void Segmenter::CutByDictionary(uint32_t start, uint32_t end) {
    uint32_t singles = start;  // characters of one-character words that wait from here on
    uint32_t at = start;
    while (at < end) {
        const uint32_t next = word_end_[at - start];
        const bool waits = next - at == 1 && (use_model_ || IsLatinOrDigit(text_[at]));
        if (!waits) {
            FlushSingles(singles, at);
            Emit(at, next);
            singles = next;
        }
        at = next;
    }
    FlushSingles(singles, end);
}

void Segmenter::FlushSingles(uint32_t start, uint32_t end) {
    if (start == end) {
        return;
    }
    if (!use_model_ || end - start == 1) {
        Emit(start, end);  // without the model these are Latin letters and digits
    } else if (dictionary_.Frequency(text_.substr(start, end - start)) == 0) {
        CutByModel(start, end);
    } else {
        for (uint32_t i = start; i < end; ++i) {
            Emit(i, i + 1);
        }
    }
}

// Letters and digits with one fraction and a percent sign: "3.14%".
uint32_t Segmenter::EndOfLatin(uint32_t start, uint32_t end) const {
    uint32_t at = start;
    while (at < end && IsLatinOrDigit(text_[at])) {
        ++at;
    }
    if (at > start && at + 1 < end && text_[at] == '.' && IsDigit(text_[at + 1])) {
        for (++at; at < end && IsDigit(text_[at]); ++at) {
        }
    }
    return at > start && at < end && text_[at] == '%' ? at + 1 : at;
}

void Segmenter::CutByModel(uint32_t start, uint32_t end) {
    uint32_t at = start;
    while (at < end) {
        uint32_t next = at;
        while (next < end && IsHanOfJieba(text_[next])) {
            ++next;
        }
        if (next > at) {
            CutHanByModel(at, next);
            at = next;
            continue;
        }
        next = EndOfLatin(at, end);
        if (next == at) {  // a run of signs
            while (next < end && !IsHanOfJieba(text_[next]) && !IsLatinOrDigit(text_[next])) {
                ++next;
            }
        }
        Emit(at, next);
        at = next;
    }
}

// Viterbi's algorithm over the states of the characters.
void Segmenter::CutHanByModel(uint32_t start, uint32_t end) {
    static const JiebaModel kModel = EmbeddedJiebaModel();
    const size_t size = end - start;
    std::array<double, 4> value{};
    for (size_t state = 0; state < 4; ++state) {
        value[state] = kModel.start[state] + Emission(kModel, state, text_[start]);
    }
    came_from_.assign(size * 4, 0);
    for (size_t i = 1; i < size; ++i) {
        std::array<double, 4> next{};
        for (size_t state = 0; state < 4; ++state) {
            const double emission = Emission(kModel, state, text_[start + i]);
            const auto through = [&](State before) {
                return value[before] + kModel.transition[before * 4 + state] + emission;
            };
            const double first = through(kBefore[state][0]);
            const double second = through(kBefore[state][1]);
            next[state] = std::max(first, second);
            came_from_[i * 4 + state] = kBefore[state][second >= first ? 1 : 0];
        }
        value = next;
    }
    uint8_t state = value[kSingle] >= value[kEnd] ? kSingle : kEnd;
    std::vector<uint8_t>& states = came_from_;
    for (size_t i = size; i-- > 0;) {
        const uint8_t before = states[i * 4 + state];
        states[i * 4] = state;
        state = before;
    }
    uint32_t word = start;
    for (size_t i = 0; i < size; ++i) {
        const uint8_t of_char = states[i * 4];
        const auto at = static_cast<uint32_t>(start + i);
        if (of_char == kBegin) {
            word = at;
        } else if (of_char == kEnd) {
            Emit(word, at + 1);
            word = at + 1;
        } else if (of_char == kSingle) {
            Emit(at, at + 1);
            word = at + 1;
        }
    }
    if (word < end) {
        Emit(word, end);
    }
}

void Segmenter::Emit(uint32_t start, uint32_t end) {
    for (uint32_t length = 2; mode_ == Mode::kSearch && length <= 3 && length < end - start;
         ++length) {
        for (uint32_t i = start; i + length <= end; ++i) {
            if (dictionary_.Frequency(text_.substr(i, length)) > 0) {
                words_->push_back({i, i + length});
            }
        }
    }
    words_->push_back({start, end});
}

}  // namespace elanus::analyzer::jieba
