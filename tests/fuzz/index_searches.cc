#include "index_searches.h"

#include "codec/envelope.h"
#include "codec/sink.h"
#include "postings/layout.h"
#include "sections.h"
#include "sys/sim_file_system.h"
#include "target.h"
#include "vindex/block_graph.h"
#include "vindex/bm25.h"
#include "vindex/graph_router_testing.h"
#include "vindex/lean_index.h"
#include "vindex/list_index.h"
#include "vindex/row_iterator.h"
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

std::string Saved(const vindex::BuildParams& params, const vindex::BuildInput& input) {
    const auto index = vindex::BuildIndex(params, input);
    FUZZ_EXPECT(index.ok());
    codec::StringSink sink;
    FUZZ_EXPECT((*index)->Save(sink).ok());
    return sink.Take();
}

std::string SavedIndex(const vindex::BuildParams& params, uint32_t rows) {
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
    return Saved(params, input);
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

// Some hundred rows from near to far: each once, unless the file is damaged.
void Iterate(const vindex::Index& index, std::string_view query,
             const vindex::SearchParams& params) {
    const bool whole = index.Verify().ok();
    const auto iterator = index.NewIterator(query, params);
    if (!iterator.ok()) {
        return;
    }
    base::Bitmap met(index.size());
    vindex::Neighbors found;
    for (const size_t count : {1, 7, 100, 300}) {
        if (!(*iterator)->Next(count, {}, &found).ok()) {
            return;
        }
        FUZZ_EXPECT(found.rows.size() == found.scores.size() && found.rows.size() <= count);
        for (const uint32_t row : found.rows) {
            FUZZ_EXPECT(row < index.size() && params.filter.Test(row));
            FUZZ_EXPECT(!whole || !met.Test(row));
            met.Set(row);
        }
        static_cast<void>((*iterator)->memory_bytes());
    }
}

void SearchIndex(const vindex::Index& index, std::string_view query, vindex::VectorLists lists) {
    vindex::SearchParams params;
    params.lists = lists;
    params.k = 3;
    Search(index, query, params);
    Iterate(index, query, params);
    params.params = {{"ef", "20"},      {"drop_ratio_search", "0.4"},
                     {"nprobe", "2"},   {"mh_search_with_jaccard", "true"},
                     {"refine_k", "2"}, {"search_list", "20"},
                     {"beamwidth", "2"}};
    base::Bitmap some(index.size());
    for (size_t row = 0; row < some.size(); row += 1 + row % 3) {
        some.Set(row);
    }
    params.filter = some;
    Search(index, query, params);
    Iterate(index, query, params);
    params.radius = vindex::LargerIsBetter(index.metric()) ? -1.0F : 100.0F;
    params.range_filter = vindex::LargerIsBetter(index.metric()) ? 100.0F : 0.0F;
    Search(index, query, params);
    params.filter = {};
    params.k = 1000;
    Search(index, query, params);
}

std::vector<std::string> GraphSeeds(std::string_view format, const std::string& form, uint32_t rows,
                                    uint32_t dim = vindex::BlockGraphIndex::kDimMin) {
    std::vector<std::string> seeds;
    for (const vindex::Metric metric :
         {vindex::Metric::kL2, vindex::Metric::kIp, vindex::Metric::kCosine}) {
        vindex::BuildParams params;
        params.index_type = "HNSW";
        params.metric = metric;
        params.dim = dim;
        params.params = {{"M", "4"}, {"efConstruction", "16"}, {"form", form}};
        seeds.push_back(SectionsOf(format, SavedIndex(params, rows)));
    }
    return seeds;
}

}  // namespace

std::vector<std::string> IndexSeeds(std::string_view index_type, std::string_view format,
                                    const vindex::ParamMap& build_params, uint32_t rows,
                                    uint32_t dim) {
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
                                                                : dim;
            params.params = build_params;
            const std::string file = SavedIndex(params, rows);
            const auto own = codec::EnvelopeReader::FormatOf(base::Buffer::FromString(file));
            FUZZ_EXPECT(own.ok());
            if (*own == format) {
                seeds.push_back(SectionsOf(format, file));
            }
        }
    }
    return seeds;
}

std::vector<std::string> IndexSeedsOf(
    const std::vector<std::pair<std::string_view, vindex::ParamMap>>& families,
    std::string_view format, const vindex::ParamMap& common, uint32_t rows) {
    std::vector<std::string> seeds;
    for (auto [family, params] : families) {
        params.insert(common.begin(), common.end());
        for (std::string& seed : IndexSeeds(family, format, params, rows)) {
            seeds.push_back(std::move(seed));
        }
    }
    return seeds;
}

std::string ListIndexFile(std::string_view index_type, vindex::Metric metric, VectorType type,
                          const vindex::ParamMap& build_params) {
    vindex::BuildParams params;
    params.index_type = index_type;
    params.vector_type = type;
    params.metric = metric;
    params.dim = 16;
    params.params = build_params;
    std::string vectors;
    std::vector<uint32_t> offsets{0};
    for (uint32_t list = 0; list < kRows; ++list) {
        offsets.push_back(offsets.back() + list % 4);
    }
    for (uint32_t row = 0; row < offsets.back(); ++row) {
        vectors += Vector(vindex::RowBytes(type, params.dim), row);
    }
    vindex::BuildInput input;
    input.vectors = vectors.data();
    input.offsets = offsets.data();
    input.rows = kRows;
    return Saved(params, input);
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

std::vector<std::string> TermSeeds() {
    constexpr uint32_t kThreeBlocks = 300;
    std::string entries;
    std::vector<uint32_t> offsets{0};
    for (uint32_t row = 0; row < kThreeBlocks; ++row) {
        for (uint32_t i = 0; i < row % 4; ++i) {
            const vindex::SparseEntry entry{row % 5 + i * 3, static_cast<float>(1 + row % 3)};
            entries.append(reinterpret_cast<const char*>(&entry), sizeof entry);
        }
        offsets.push_back(static_cast<uint32_t>(entries.size()));
    }
    vindex::BuildParams params;
    params.index_type = "SPARSE_INVERTED_INDEX";
    params.vector_type = VectorType::kSparseFloat;
    params.metric = vindex::Metric::kBm25;
    vindex::BuildInput input;
    input.vectors = entries.data();
    input.offsets = offsets.data();
    std::vector<std::string> seeds;
    for (const uint32_t rows : {kRows, kThreeBlocks}) {
        input.rows = rows;
        seeds.push_back(SectionsOf(postings::kFormat, Saved(params, input)));
    }
    return seeds;
}

std::vector<std::string> BlockGraphSeeds() {
    constexpr uint32_t kEnoughForAll = 700;  // are walked; those that pass are scanned by signs
    std::vector<std::string> seeds = GraphSeeds(vindex::kBlockGraphFormat, "fast", kEnoughForAll);
    const base::Buffer file = EnvelopeOf(vindex::kBlockGraphFormat, seeds[0]);
    const std::string with_means = vindex::WithMeans(std::string(file.view()));
    FUZZ_EXPECT(vindex::OpenIndex(base::Buffer::FromString(with_means)).ok());
    seeds.push_back(SectionsOf(vindex::kBlockGraphFormat, with_means));
    constexpr uint32_t kEnoughToWalk = 200;  // fewer of so wide ones are scanned
    constexpr uint32_t kWide = 320;          // the least dimensions of the compact form
    const std::vector<std::string> compact =
        GraphSeeds(vindex::kBlockGraphFormat, "compact", kEnoughToWalk, kWide);
    seeds.insert(seeds.end(), compact.begin(), compact.end());
    return seeds;
}

std::vector<std::string> LeanGraphSeeds() {
    constexpr uint32_t kEnoughToWalk = 160;  // fewer are scanned
    return GraphSeeds(vindex::kLeanGraphFormat, "lean", kEnoughToWalk);
}

void SearchOpened(const vindex::Index& index) {
    static_cast<void>(index.memory_bytes());
    const uint32_t terms[] = {0, 3, 4};
    vindex::TermStatistics statistics;
    static_cast<void>(index.AddTermStatistics(terms, &statistics));
    for (const uint32_t row : {0U, 7U}) {
        SearchIndex(index,
                    index.vector_type() == VectorType::kSparseFloat
                        ? SparseVector(row)
                        : Vector(vindex::RowBytes(index.vector_type(), index.dim()), row),
                    {});
    }
    static_cast<void>(index.Verify());
    codec::StringSink sink;
    static_cast<void>(index.Save(sink));
}

void SearchIndexFile(std::string_view format, std::string_view bytes) {
    const auto index = vindex::OpenIndex(EnvelopeOf(format, bytes));
    if (index.ok()) {
        SearchOpened(**index);
    }
}

void SearchIndexOnDisk(std::string_view format, std::string_view bytes) {
    const base::Buffer file = EnvelopeOf(format, bytes);
    sys::SimFileSystem files;
    const auto written = files.Open("/index", sys::OpenMode::kCreateNew);
    FUZZ_EXPECT(written.ok() && (*written)->WriteAt(0, file.view()).ok());
    const auto index = vindex::OpenIndex(
        file, [&files] { return files.Open("/index", sys::OpenMode::kReadDirect); });
    if (index.ok()) {
        SearchOpened(**index);
    }
}

void SearchListIndex(const vindex::ListIndex& index) {
    const size_t row_bytes = vindex::RowBytes(index.vector_type(), index.dim());
    std::string vectors;
    for (uint32_t row = 0; row < index.vectors(); ++row) {
        vectors += Vector(row_bytes, row);
    }
    // The vectors spread over the lists, so that some have none.
    std::vector<uint32_t> offsets;
    for (uint64_t list = 0; list <= index.size(); ++list) {
        offsets.push_back(
            static_cast<uint32_t>(index.size() == 0 ? 0 : list * index.vectors() / index.size()));
    }
    const vindex::VectorLists lists{reinterpret_cast<const uint8_t*>(vectors.data()),
                                    offsets.data()};
    SearchIndex(index, Vector(row_bytes, 3), lists);
    SearchIndex(index, Vector(row_bytes, 1) + Vector(row_bytes, 8), lists);
    static_cast<void>(index.Verify());
    codec::StringSink sink;
    static_cast<void>(index.Save(sink));
}

}  // namespace elanus::fuzz
