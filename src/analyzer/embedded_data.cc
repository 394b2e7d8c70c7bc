#include "analyzer/embedded_data.h"

#include "base/check.h"

#include <cstring>

// The blob itself: an array in the read-only segment, placed by the assembler.
extern "C" const unsigned char elanus_analyzer_data[];

namespace elanus::analyzer {

namespace {

// Written by tools/make_analyzer_data.py, which must agree. All offsets are bytes from the start
// and multiples of 8.
struct Header {
    uint32_t magic;
    uint32_t node_count;
    uint64_t frequency_total;
    uint32_t emission_first_code;
    uint32_t emission_count;
    uint32_t pinyin_first_code;
    uint32_t pinyin_count;
    uint32_t syllable_count;
    uint32_t reserved;
    uint64_t first_child_offset;
    uint64_t label_offset;
    uint64_t frequency_offset;
    uint64_t emission_offset;
    uint64_t start_offset;
    uint64_t transition_offset;
    uint64_t pinyin_offset;
    uint64_t syllable_offset;
    uint64_t syllable_text_offset;
};
constexpr uint32_t kMagic = 0x31444145;  // "EAD1"

const Header& BlobHeader() {
    static const Header header = [] {
        Header copy;
        std::memcpy(&copy, elanus_analyzer_data, sizeof copy);
        CHECK(copy.magic == kMagic, "the analyzers' data was built by another version");
        return copy;
    }();
    return header;
}

template <typename T>
std::span<const T> ArrayAt(uint64_t offset, size_t count) {
    return {reinterpret_cast<const T*>(elanus_analyzer_data + offset), count};
}

}  // namespace

JiebaTrie EmbeddedJiebaTrie() {
    const Header& header = BlobHeader();
    return {ArrayAt<uint32_t>(header.first_child_offset, header.node_count + 1),
            ArrayAt<uint16_t>(header.label_offset, header.node_count),
            ArrayAt<uint32_t>(header.frequency_offset, header.node_count), header.frequency_total};
}

JiebaModel EmbeddedJiebaModel() {
    const Header& header = BlobHeader();
    JiebaModel model;
    model.first_code = header.emission_first_code;
    const size_t count = header.emission_count;
    const auto all = ArrayAt<double>(header.emission_offset, count * JiebaModel::kStates);
    for (size_t state = 0; state < JiebaModel::kStates; ++state) {
        model.emission[state] = all.subspan(state * count, count);
    }
    model.start = ArrayAt<double>(header.start_offset, JiebaModel::kStates);
    model.transition =
        ArrayAt<double>(header.transition_offset, JiebaModel::kStates * JiebaModel::kStates);
    return model;
}

PinyinTable EmbeddedPinyin() {
    const Header& header = BlobHeader();
    return {header.pinyin_first_code, ArrayAt<uint16_t>(header.pinyin_offset, header.pinyin_count),
            ArrayAt<uint32_t>(header.syllable_offset, header.syllable_count + 1),
            reinterpret_cast<const char*>(elanus_analyzer_data + header.syllable_text_offset)};
}

}  // namespace elanus::analyzer
