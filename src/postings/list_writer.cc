#include "postings/list_writer.h"

#include "postings/layout.h"
#include "postings/packed_block.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <vector>

namespace elanus::postings {
namespace {

template <typename T>
void AppendArray(std::span<const T> values, std::string* out) {
    out->append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

struct Pair {
    uint8_t count;
    uint8_t length_class;
};

float ShareOf(Pair pair, const LengthClasses& classes) {
    const float norm = pair.count == simd::kAnyCount ? 0 : classes.norms[pair.length_class];
    return static_cast<float>(pair.count) / (static_cast<float>(pair.count) + norm);
}

// The pairs that no other pair of the block has at least the count and at most the length of.
std::vector<Pair> Skyline(std::span<const uint32_t> documents, std::span<const uint32_t> counts,
                          const LengthClasses& classes) {
    std::array<uint16_t, 256> shortest;
    shortest.fill(kClasses);
    uint32_t highest = 1;
    for (size_t i = 0; i < documents.size(); ++i) {
        const uint32_t count = std::min(counts[i], simd::kAnyCount);
        shortest[count] = std::min<uint16_t>(shortest[count], classes.of_document[documents[i]]);
        highest = std::max(highest, count);
    }
    std::vector<Pair> pairs;
    uint16_t best = kClasses;
    for (uint32_t count = highest; count > 0; --count) {
        if (shortest[count] < best) {
            best = shortest[count];
            pairs.push_back({static_cast<uint8_t>(count), static_cast<uint8_t>(best)});
        }
    }
    return pairs;
}

// Two neighbours become one that is at least as good as both, where that exaggerates least.
void ThinOut(const LengthClasses& classes, std::vector<Pair>* pairs) {
    while (pairs->size() > simd::kBoundPairs) {
        size_t place = 0;
        float least = 2;
        for (size_t i = 0; i + 1 < pairs->size(); ++i) {
            const Pair both{(*pairs)[i].count, (*pairs)[i + 1].length_class};
            const float excess =
                ShareOf(both, classes) -
                std::max(ShareOf((*pairs)[i], classes), ShareOf((*pairs)[i + 1], classes));
            if (excess < least) {
                least = excess;
                place = i;
            }
        }
        (*pairs)[place].length_class = (*pairs)[place + 1].length_class;
        pairs->erase(pairs->begin() + static_cast<ptrdiff_t>(place) + 1);
    }
}

// Eight bytes: four counts, then four classes.
uint64_t BoundsOf(std::span<const uint32_t> documents, std::span<const uint32_t> counts,
                  const LengthClasses& classes) {
    std::vector<Pair> pairs = Skyline(documents, counts, classes);
    ThinOut(classes, &pairs);
    uint8_t bytes[2 * simd::kBoundPairs];
    for (size_t i = 0; i < simd::kBoundPairs; ++i) {
        const Pair pair = pairs[std::min(i, pairs.size() - 1)];
        bytes[i] = pair.count;
        bytes[simd::kBoundPairs + i] = pair.length_class;
    }
    uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

void AppendBitSet(std::span<const uint32_t> documents, uint32_t first, std::string* out) {
    std::vector<uint64_t> words((documents.back() - first) / 64 + 1);
    for (const uint32_t document : documents) {
        words[(document - first) / 64] |= uint64_t{1} << ((document - first) % 64);
    }
    out->push_back(static_cast<char>(kIsBitSet));
    AppendArray<uint64_t>(words, out);
}

// `first`: one more than the last document of the block before.
void AppendDocuments(std::span<const uint32_t> documents, uint32_t first, bool may_be_bits,
                     std::string* out) {
    std::array<uint32_t, kBlock> gaps;
    uint32_t next = first;
    for (size_t i = 0; i < documents.size(); ++i) {
        gaps[i] = documents[i] - next;
        next = documents[i] + 1;
    }
    const std::span<const uint32_t> numbers(gaps.data(), documents.size());
    const size_t bit_bytes = 1 + (size_t{documents.back() - first} / 64 + 1) * sizeof(uint64_t);
    // A bit set may take half as much again: it is combined and asked without being unpacked.
    if (may_be_bits && bit_bytes * 2 <= PackedBytes(numbers) * 3) {
        AppendBitSet(documents, first, out);
    } else {
        AppendPacked(numbers, out);
    }
}

void AppendCounts(std::span<const uint32_t> counts, std::string* out) {
    std::array<uint32_t, kBlock> less;
    std::transform(counts.begin(), counts.end(), less.begin(),
                   [](uint32_t count) { return count - 1; });
    AppendPacked({less.data(), counts.size()}, out);
}

void AppendBlocks(const TermPostings& postings, const LengthClasses& classes, bool repeated,
                  std::string* out) {
    const size_t documents = postings.documents.size();
    const size_t blocks = (documents + kBlock - 1) / kBlock;
    std::vector<uint64_t> bounds;
    std::vector<uint32_t> lasts, ends, occurrences;
    std::string data;
    uint32_t first = 0;
    uint32_t before = 0;
    for (size_t block = 0; block < blocks; ++block) {
        const size_t begin = block * kBlock;
        const size_t n = std::min<size_t>(kBlock, documents - begin);
        const auto docs = postings.documents.subspan(begin, n);
        const auto counts = postings.counts.subspan(begin, n);
        AppendDocuments(docs, first, blocks > 1, &data);
        if (repeated) {
            AppendCounts(counts, &data);
        }
        first = docs.back() + 1;
        if (blocks > 1) {
            bounds.push_back(BoundsOf(docs, counts, classes));
        }
        lasts.push_back(docs.back());
        ends.push_back(static_cast<uint32_t>(data.size()));
        occurrences.push_back(before);
        before += std::accumulate(counts.begin(), counts.end(), uint32_t{0});
    }
    if (blocks > 1) {
        AppendArray<uint64_t>(bounds, out);
        AppendArray<uint32_t>(lasts, out);
        AppendArray<uint32_t>(ends, out);
        if (repeated && !postings.positions.empty()) {
            AppendArray<uint32_t>(occurrences, out);
        }
    }
    out->append(data);
}

// Blocks of 128 differences, which start anew in each document; more than one block: where each
// ends, before them.
void AppendPositions(const TermPostings& postings, std::string* out) {
    std::vector<uint32_t> steps(postings.positions.begin(), postings.positions.end());
    auto at = steps.begin();
    for (const uint32_t count : postings.counts) {
        const auto end = at + count;
        if (!std::is_sorted(at, end)) {
            std::sort(at, end);  // an analyzer that looks back
        }
        uint32_t before = 0;
        for (; at != end; ++at) {
            const uint32_t position = *at;
            *at = position - before;
            before = position;
        }
    }
    std::string data;
    std::vector<uint32_t> ends;
    for (size_t begin = 0; begin < steps.size(); begin += kBlock) {
        const size_t n = std::min<size_t>(kBlock, steps.size() - begin);
        AppendPacked(std::span<const uint32_t>(steps).subspan(begin, n), &data);
        ends.push_back(static_cast<uint32_t>(data.size()));
    }
    if (ends.size() > 1) {
        AppendArray<uint32_t>(ends, out);
    }
    out->append(data);
}

}  // namespace

Term AppendList(const TermPostings& postings, const LengthClasses& classes, std::string* lists,
                std::string* positions) {
    Term term;
    term.documents = static_cast<uint32_t>(postings.documents.size());
    term.occurrences = std::accumulate(postings.counts.begin(), postings.counts.end(), uint64_t{0});
    term.list_offset = lists->size();
    term.positions_offset = positions->size();
    if (term.documents > 1) {
        AppendBlocks(postings, classes, term.repeated(), lists);
    } else {
        term.only_document = postings.documents.front();
    }
    if (term.documents > 1 || term.occurrences > kInlineOccurrences) {
        if (!postings.positions.empty()) {
            AppendPositions(postings, positions);
        }
    } else {
        std::copy(postings.positions.begin(), postings.positions.end(), term.inline_positions);
        std::sort(term.inline_positions, term.inline_positions + postings.positions.size());
    }
    term.list_bytes = lists->size() - term.list_offset;
    term.positions_bytes = positions->size() - term.positions_offset;
    return term;
}

}  // namespace elanus::postings
