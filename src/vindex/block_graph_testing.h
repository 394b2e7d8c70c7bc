// Files of block graphs for tests: what is in them, with other bytes in a section, and as earlier
// versions wrote them.
#pragma once

#include "codec/envelope.h"
#include "vindex/block_graph.h"
#include "vindex/graph_router_testing.h"
#include "vindex/rotation.h"

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::vindex {

inline constexpr codec::SectionId kGraphBlocks{2, 0}, kGraphSigns{7, 0}, kGraphReach{8, 0},
    kGraphNodes{9, 0};

// Where a section lies in a file.
inline codec::SectionEntry EntryOf(const std::string& file, codec::SectionId id) {
    const codec::EnvelopeReader reader = ReadGraph(file);
    for (const codec::SectionEntry& entry : reader.sections()) {
        if (entry.id == id) {
            return entry;
        }
    }
    ADD_FAILURE() << "no section " << id.kind;
    return {};
}

// The node of each row.
inline std::vector<uint32_t> NodesIn(const std::string& file) {
    const base::Buffer bytes = *ReadGraph(file).Section(kGraphNodes);
    std::vector<uint32_t> nodes(bytes.size() / sizeof(uint32_t));
    std::memcpy(nodes.data(), bytes.data(), bytes.size());
    return nodes;
}

// The file with other bytes in a section, and checksums that are right.
inline std::string WithSection(const std::string& file, codec::SectionId id,
                               std::string_view bytes) {
    return Rewritten(file, ReadGraph(file).format_version(), {{id, bytes}});
}

class OldBlockGraph {
  public:
    // `file` is of a version from 4 on, over vectors of `dim` dimensions.
    OldBlockGraph(const std::string& file, uint32_t dim)
        : reader_(ReadGraph(WithoutMeans(file))), nodes_(NodesIn(file)) {
        layout_.width = RotatedWidth(dim);
        const size_t rows = nodes_.size();
        block_bytes_ = Section(kGraphBlocks).size() / rows;
        while (layout_.block_bytes() < block_bytes_) {
            layout_.degree += 32;
        }
        rows_.resize(rows);
        for (uint32_t row = 0; row < rows; ++row) {
            rows_[nodes_[row]] = row;
        }
    }

    // The same graph in the form of `version`, 1 to 3. Where the file has means walks of this one
    // start from other rows.
    std::string Write(uint32_t version) const {
        codec::StringSink sink;
        codec::EnvelopeWriter writer(sink, kBlockGraphFormat, version);
        for (const codec::SectionEntry& entry : reader_.sections()) {
            std::string bytes(Section(entry.id));
            if (entry.id == kGraphNodes || (entry.id == kGraphReach && version < 3) ||
                (entry.id == kGraphSigns && version < 2)) {
                continue;
            }
            if (entry.id == kGraphBlocks) {
                bytes = BlocksByRow(bytes);
            } else if (entry.id == kGraphRouter) {
                NumberByRow(bytes, 0, bytes.size() / layout_.group_bytes());
            }
            writer.AddSection(entry.id, bytes);
        }
        EXPECT_TRUE(writer.Finish().ok());
        return sink.Take();
    }

  private:
    std::string_view Section(codec::SectionId id) const { return reader_.Section(id)->view(); }
    std::string BlocksByRow(const std::string& blocks) const {
        std::string out;
        for (const uint32_t node : nodes_) {
            std::string block = blocks.substr(node * block_bytes_, block_bytes_);
            std::memset(block.data() + offsetof(BlockLayout::Own, row), 0, 2 * sizeof(uint32_t));
            NumberByRow(block, layout_.own_bytes(), layout_.groups());
            out += block;
        }
        return out;
    }
    void NumberByRow(std::string& bytes, size_t at, size_t groups) const {
        for (size_t g = 0; g < groups; ++g, at += layout_.group_bytes()) {
            uint32_t ids[BlockLayout::kGroup];
            std::memcpy(ids, bytes.data() + at + layout_.ids_offset(), sizeof ids);
            for (uint32_t& id : ids) {
                id = rows_[id];
            }
            std::memcpy(bytes.data() + at + layout_.ids_offset(), ids, sizeof ids);
        }
    }

    const codec::EnvelopeReader reader_;
    BlockLayout layout_;
    size_t block_bytes_ = 0;
    std::vector<uint32_t> nodes_;  // of each row
    std::vector<uint32_t> rows_;   // of each node
};

}  // namespace elanus::vindex
