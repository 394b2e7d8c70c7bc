// For tests: small block graphs with the router that large ones have.
#pragma once

#include "codec/envelope.h"
#include "vindex/block_graph.h"
#include "vindex/graph_router.h"

#include <cstring>
#include <map>
#include <string>
#include <string_view>

namespace elanus::vindex {

inline constexpr uint32_t kBlockGraphVersion = 5;    // of the fast form
inline constexpr uint32_t kCompactGraphVersion = 6;  // of the compact form

inline constexpr codec::SectionId kGraphMeta{1, 0}, kGraphRouter{4, 0};
// Where the description has them.
inline constexpr size_t kDimAt = 8, kSampledAt = 24, kFlagsAt = 28, kMeansAt = 40;

inline codec::EnvelopeReader ReadGraph(const std::string& file) {
    return *codec::EnvelopeReader::Open(base::Buffer::FromString(file), kBlockGraphFormat,
                                        kCompactGraphVersion);
}

// The file as one of `version`, with other bytes in some sections. Checksums are right.
inline std::string Rewritten(const std::string& file, uint32_t version,
                             const std::map<codec::SectionId, std::string_view>& sections) {
    const codec::EnvelopeReader reader = ReadGraph(file);
    codec::StringSink sink;
    codec::EnvelopeWriter writer(sink, kBlockGraphFormat, version);
    for (const codec::SectionEntry& entry : reader.sections()) {
        const auto other = sections.find(entry.id);
        writer.AddSection(
            entry.id, other != sections.end() ? other->second : reader.Section(entry.id)->view());
    }
    return writer.Finish().ok() ? sink.Take() : std::string();
}

// A file of the fast form with another router, as the version that has such ones.
inline std::string WithRouter(const std::string& file, const GraphRouter::Shape& shape,
                              std::string_view router) {
    std::string meta(ReadGraph(file).Section(kGraphMeta)->view());
    std::memcpy(meta.data() + kSampledAt, &shape.sampled, sizeof shape.sampled);
    std::memcpy(meta.data() + kMeansAt, &shape.means, sizeof shape.means);
    return Rewritten(file, shape.means > 0 ? kBlockGraphVersion : kBlockGraphVersion - 1,
                     {{kGraphMeta, meta}, {kGraphRouter, router}});
}

// The router of a file and its shape.
struct RouterOfFile {
    BlockLayout layout;
    GraphRouter::Shape shape;
    std::string bytes;

    explicit RouterOfFile(const std::string& file) {
        const codec::EnvelopeReader reader = ReadGraph(file);
        const std::string meta(reader.Section(kGraphMeta)->view());
        uint32_t dim = 0;
        std::memcpy(&dim, meta.data() + kDimAt, sizeof dim);
        std::memcpy(&shape.sampled, meta.data() + kSampledAt, sizeof shape.sampled);
        std::memcpy(&shape.means, meta.data() + kMeansAt, sizeof shape.means);
        layout.width = RotatedWidth(dim);
        bytes = reader.Section(kGraphRouter)->view();
    }
};

// A file whose rows to start from are scanned at once (32 times as many rows as groups of them),
// with every 32 of them behind a mean. All codes stay edges from the centre: what is nearest is not
// found by them.
inline std::string WithMeans(const std::string& file) {
    const RouterOfFile flat(file);
    const size_t group = flat.layout.group_bytes();
    const auto means = static_cast<uint32_t>(flat.bytes.size() / group);
    std::string router = flat.bytes.substr(0, group);
    for (uint32_t i = 0; i < BlockLayout::kGroup; ++i) {
        const uint32_t mean = i % means;
        std::memcpy(router.data() + flat.layout.ids_offset() + i * sizeof mean, &mean, sizeof mean);
    }
    router += flat.bytes;
    return WithRouter(file, {means * static_cast<uint32_t>(BlockLayout::kGroup), means}, router);
}

// The opposite: the first 256 rows that were behind means are scanned at once. Their
// codes stay edges from the means.
inline std::string WithoutMeans(const std::string& file) {
    constexpr size_t kGroups = 8;
    const RouterOfFile router(file);
    if (router.shape.means == 0) {
        return file;
    }
    const size_t group = router.layout.group_bytes();
    return WithRouter(file, {kGroups * BlockLayout::kGroup, 0},
                      router.bytes.substr(router.shape.MeanGroups() * group, kGroups * group));
}

}  // namespace elanus::vindex
