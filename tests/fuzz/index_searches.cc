#include "index_searches.h"

#include "codec/envelope.h"
#include "codec/sink.h"
#include "sections.h"
#include "target.h"
#include "vindex/block_graph.h"
#include "vindex/lean_index.h"
#include "vindex/sparse.h"
#include "vindex/window_index.h"

#include <cmath>

namespace elanus::fuzz {
namespace {

using vindex::VectorType;

constexpr uint32_t kRows = 24;

// Bytes of a vector that is a vector whatever the type: no half of these bytes is infinite.
std::string Vector(size_t row_bytes, uint32_t row) {
    std::string bytes(row_bytes, '\0');
    for (size_t i = 0; i < row_bytes; ++i) {
        bytes[i] = static_cast<char>((i * 37 + row * 11) % 0x3B);
    }
    return bytes;
}

std::string SparseVector(uint32_t row) {
    std::string bytes;
    for (uint32_t i = 0; i < row % 4; ++i) {
        const vindex::SparseEntry entry{row % 5 + i * 3, 0.5F + static_cast<float>(i)};
        bytes.append(reinterpret_cast<const char*>(&entry), sizeof entry);
    }
    return bytes;
}

std::string SavedIndex(const vindex::BuildParams& params, uint32_t rows = kRows) {
    std::string vectors;
    std::vector<uint32_t> offsets{0};
    for (uint32_t row = 0; row < rows; ++row) {
        vectors += params.vector_type == VectorType::kSparseFloat
                       ? SparseVector(row)
                       : Vector(vindex::RowBytes(params.vector_type, params.dim), row);
        offsets.push_back(static_cast<uint32_t>(vectors.size()));
    }
    vindex::BuildInput input;
    input.vectors = vectors.data();
    input.offsets = offsets.data();
    input.rows = rows;
    const auto index = vindex::BuildIndex(params, input);
    FUZZ_EXPECT(index.ok());
    codec::StringSink sink;
    FUZZ_EXPECT((*index)->Save(sink).ok());
    return sink.Take();
}

void Search(const vindex::Index& index, std::string_view query,
            const vindex::SearchParams& params) {
    vindex::Neighbors found;
    if (!index.Search(query, params, &found).ok()) {
        return;
    }
    FUZZ_EXPECT(found.rows.size() == found.scores.size());
    FUZZ_EXPECT(found.rows.size() <= params.k);
    for (const uint32_t row : found.rows) {
        FUZZ_EXPECT(row < index.size());
        FUZZ_EXPECT(params.filter.Test(row));
    }
}

void SearchIndex(const vindex::Index& index, std::string_view query) {
    vindex::SearchParams params;
    params.k = 3;
    Search(index, query, params);
    params.params = {{"ef", "20"}, {"drop_ratio_search", "0.4"}};
    base::Bitmap some(index.size());
    for (size_t row = 0; row < some.size(); row += 1 + row % 3) {
        some.Set(row);
    }
    params.filter = some;
    Search(index, query, params);
    params.radius = vindex::LargerIsBetter(index.metric()) ? -1.0F : 100.0F;
    params.range_filter = vindex::LargerIsBetter(index.metric()) ? 100.0F : 0.0F;
    Search(index, query, params);
    params.filter = {};
    params.k = 1000;
    Search(index, query, params);
}

std::vector<std::string> GraphSeeds(std::string_view format, const std::string& form) {
    constexpr uint32_t kEnoughToWalk = 160;  // fewer are scanned
    std::vector<std::string> seeds;
    for (const vindex::Metric metric :
         {vindex::Metric::kL2, vindex::Metric::kIp, vindex::Metric::kCosine}) {
        vindex::BuildParams params;
        params.index_type = "HNSW";
        params.metric = metric;
        params.dim = vindex::BlockGraphIndex::kDimMin;
        params.params = {{"M", "4"}, {"efConstruction", "16"}, {"form", form}};
        seeds.push_back(SectionsOf(format, SavedIndex(params, kEnoughToWalk)));
    }
    return seeds;
}

}  // namespace

std::vector<std::string> IndexSeeds(std::string_view index_type, std::string_view format) {
    std::vector<std::string> seeds;
    const vindex::Family* family = vindex::FindFamily(index_type);
    FUZZ_EXPECT(family != nullptr);
    for (const vindex::TypeMetrics& types : family->types) {
        for (const vindex::Metric metric : types.metrics) {
            vindex::BuildParams params;
            params.index_type = index_type;
            params.vector_type = types.type;
            params.metric = metric;
            params.dim = types.type == VectorType::kSparseFloat ? 0
                         : types.type == VectorType::kBinary    ? 16
                                                                : 4;
            if (index_type == "HNSW") {
                params.params = {{"M", "4"}, {"efConstruction", "16"}};
            }
            const std::string file = SavedIndex(params);
            const auto own = codec::EnvelopeReader::FormatOf(base::Buffer::FromString(file));
            FUZZ_EXPECT(own.ok());
            if (*own == format) {
                seeds.push_back(SectionsOf(format, file));
            }
        }
    }
    return seeds;
}

std::vector<std::string> WindowSeeds() {
    constexpr uint32_t kTwoWindows = 1100;
    std::vector<std::string> seeds;
    for (const auto& [rows, quant_type] :
         {std::pair(kRows, "fp16"), std::pair(kTwoWindows, "fp32")}) {
        vindex::BuildParams params;
        params.index_type = "SPARSE_INVERTED_INDEX";
        params.vector_type = VectorType::kSparseFloat;
        params.metric = vindex::Metric::kIp;
        params.params = {{"quant_type", quant_type}, {"sindi_window_size", "1024"}};
        seeds.push_back(SectionsOf(vindex::kWindowFormat, SavedIndex(params, rows)));
    }
    return seeds;
}

std::vector<std::string> BlockGraphSeeds() {
    return GraphSeeds(vindex::kBlockGraphFormat, "fast");
}

std::vector<std::string> LeanGraphSeeds() {
    return GraphSeeds(vindex::kLeanGraphFormat, "lean");
}

void SearchIndexFile(std::string_view format, std::string_view bytes) {
    const auto index = vindex::OpenIndex(EnvelopeOf(format, bytes));
    if (!index.ok()) {
        return;
    }
    static_cast<void>((*index)->memory_bytes());
    for (const uint32_t row : {0U, 7U}) {
        SearchIndex(**index,
                    (*index)->vector_type() == VectorType::kSparseFloat
                        ? SparseVector(row)
                        : Vector(vindex::RowBytes((*index)->vector_type(), (*index)->dim()), row));
    }
    static_cast<void>((*index)->Verify());
    codec::StringSink sink;
    static_cast<void>((*index)->Save(sink));
}

}  // namespace elanus::fuzz
