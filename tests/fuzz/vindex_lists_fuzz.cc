// Files of indexes over lists of vectors. The form: u32 bytes of the description, the description,
// one byte for the format of the index inside, and that index as sections (sections.h).
#include "codec/envelope.h"
#include "codec/sink.h"
#include "index_searches.h"
#include "sections.h"
#include "target.h"
#include "vindex/block_graph.h"
#include "vindex/flat.h"
#include "vindex/hnsw.h"
#include "vindex/ivf_index.h"
#include "vindex/list_index.h"

#include <algorithm>
#include <cstring>

using namespace elanus;

namespace {

constexpr uint32_t kVersion = 1;
constexpr codec::SectionId kMeta{1, 0};
constexpr codec::SectionId kCandidates{2, 0};
constexpr std::string_view kInner[] = {vindex::kFlatFormat, vindex::kHnswFormat, vindex::kIvfFormat,
                                       vindex::kBlockGraphFormat, vindex::kListFormat};

std::string FormOf(const std::string& file) {
    const auto reader =
        codec::EnvelopeReader::Open(base::Buffer::FromString(file), vindex::kListFormat, kVersion);
    FUZZ_EXPECT(reader.ok());
    const auto meta = reader->Section(kMeta);
    FUZZ_EXPECT(meta.ok());
    const auto bytes = static_cast<uint32_t>(meta->size());
    std::string form(reinterpret_cast<const char*>(&bytes), sizeof bytes);
    form += meta->view();
    const auto inner = reader->Section(kCandidates);
    if (inner.ok() && !inner->empty()) {
        const auto format = codec::EnvelopeReader::FormatOf(*inner);
        FUZZ_EXPECT(format.ok());
        const auto* found = std::find(std::begin(kInner), std::end(kInner), *format);
        FUZZ_EXPECT(found != std::end(kInner));
        form.push_back(static_cast<char>(found - std::begin(kInner)));
        form += fuzz::SectionsOf(*format, std::string(inner->view()));
    }
    return form;
}

base::Buffer FileOf(std::string_view form) {
    uint32_t meta_bytes = 0;
    std::memcpy(&meta_bytes, form.data(), std::min(form.size(), sizeof meta_bytes));
    form.remove_prefix(std::min(form.size(), sizeof meta_bytes));
    codec::StringSink sink;
    codec::EnvelopeWriter writer(sink, vindex::kListFormat, kVersion);
    const std::string_view meta = form.substr(0, meta_bytes);
    writer.AddSection(kMeta, meta);
    form.remove_prefix(meta.size());
    if (!form.empty()) {
        const std::string_view format =
            kInner[static_cast<uint8_t>(form.front()) % std::size(kInner)];
        writer.AddSection(kCandidates, fuzz::EnvelopeOf(format, form.substr(1)).view());
    }
    FUZZ_EXPECT(writer.Finish().ok());
    return base::Buffer::FromString(sink.Take());
}

}  // namespace

ELANUS_FUZZ_SEEDS {
    using vindex::Metric;
    using vindex::VectorType;
    const vindex::ParamMap graph = {{"M", "4"}, {"efConstruction", "16"}};
    vindex::ParamMap encoded = graph;
    encoded["emb_list_strategy"] = "muvera";
    encoded["muvera_num_projections"] = "1";
    encoded["muvera_num_repeats"] = "1";
    return {
        FormOf(fuzz::ListIndexFile("FLAT", Metric::kMaxSimL2, VectorType::kFloat, {})),
        FormOf(fuzz::ListIndexFile("BIN_FLAT", Metric::kMaxSimHamming, VectorType::kBinary, {})),
        FormOf(fuzz::ListIndexFile("HNSW", Metric::kMaxSim, VectorType::kFloat, graph)),
        FormOf(fuzz::ListIndexFile("HNSW", Metric::kMaxSimIp, VectorType::kInt8, graph)),
        FormOf(fuzz::ListIndexFile("HNSW", Metric::kMaxSimIp, VectorType::kFloat, encoded)),
        FormOf(fuzz::ListIndexFile("IVF_FLAT", Metric::kMaxSimL2, VectorType::kFloat16,
                                   {{"nlist", "4"}})),
    };
}

ELANUS_FUZZ_TARGET(vindex_lists) {
    constexpr uint32_t kRowsMax = 1 << 16;  // vectors are made for it, whatever the file says
    const auto index = vindex::OpenIndex(FileOf(bytes));
    if (!index.ok()) {
        return;
    }
    const auto& lists = static_cast<const vindex::ListIndex&>(**index);
    if (lists.size() > kRowsMax ||
        uint64_t{lists.vectors()} * vindex::RowBytes(lists.vector_type(), lists.dim()) >
            16 * kRowsMax) {
        return;
    }
    fuzz::SearchListIndex(lists);
}
