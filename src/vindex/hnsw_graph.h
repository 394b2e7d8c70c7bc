// HnswGraph: the layered neighbour lists, in the layout of the file. The same arrays serve a graph
// just built and one mapped from disk.
//
//   links0       rows x (1 + 2M) u32: count, then neighbours on the bottom level
//   upper_start  (rows + 1) u32: row r has upper_start[r + 1] - upper_start[r] levels above the
//                bottom; its list on level l is block upper_start[r] + l - 1 of upper_links
//   upper_links  blocks x (1 + M) u32: count, then neighbours
//
// A mapped graph is not read when it is opened; every count, block and row number is checked where
// it is used instead (one well-predicted comparison each), so that opening costs nothing and damage
// can neither crash nor trap a walk. Format: docs/formats/hnsw.md
#pragma once

#include "base/buffer.h"
#include "base/status.h"
#include "codec/envelope.h"

#include <cstdint>
#include <span>
#include <vector>

namespace elanus::vindex {

// Level numbers above this need more rows than fit; a file that claims more is damaged.
inline constexpr uint32_t kLevelsMax = 32;

struct HnswGraph {
    uint32_t rows = 0;
    uint32_t m = 0;
    uint32_t entry = 0;  // the row with the highest level
    uint32_t level_max = 0;
    std::span<const uint32_t> links0;
    std::span<const uint32_t> upper_start;
    std::span<const uint32_t> upper_links;

    size_t links0_stride() const { return 1 + 2 * static_cast<size_t>(m); }
    size_t upper_stride() const { return 1 + static_cast<size_t>(m); }

    // The neighbours of `row` (below rows) on `level`; false when the list is damaged. The row
    // numbers in it are unchecked.
    bool List(uint32_t row, uint32_t level, std::span<const uint32_t>* out) const {
        const uint32_t* list = nullptr;
        size_t count_max = m;
        if (level == 0) {
            list = links0.data() + row * links0_stride();
            count_max = 2 * static_cast<size_t>(m);
        } else {
            const size_t block = static_cast<size_t>(upper_start[row]) + level - 1;
            if (block >= upper_start[row + 1] ||
                (block + 1) * upper_stride() > upper_links.size()) {
                return false;
            }
            list = upper_links.data() + block * upper_stride();
        }
        *out = {list + 1, list[0]};
        return list[0] <= count_max;
    }

    // Reads all: bounds of every list and row number, and that levels fit.
    base::Status Verify() const;
};

// The finished arrays of a builder.
struct HnswArrays {
    uint32_t entry = 0;
    uint32_t level_max = 0;
    std::vector<uint32_t> links0;
    std::vector<uint32_t> upper_start;
    std::vector<uint32_t> upper_links;
};

// The arrays of a graph, in memory or mapped.
struct StoredHnswGraph {
    struct Sections {
        codec::SectionId links0;
        codec::SectionId upper_start;
        codec::SectionId upper_links;
    };
    base::Buffer links0;
    base::Buffer upper_start;
    base::Buffer upper_links;

    static StoredHnswGraph Of(HnswArrays arrays);
    // Finds the sections and checks their lengths.
    static base::Result<StoredHnswGraph> Open(const codec::EnvelopeReader& reader,
                                              const Sections& sections, uint32_t rows, uint32_t m);
    void AddTo(codec::EnvelopeWriter& writer, const Sections& sections) const;

    HnswGraph View(uint32_t rows, uint32_t m, uint32_t entry, uint32_t level_max) const;
    uint64_t bytes() const { return links0.size() + upper_start.size() + upper_links.size(); }
};

}  // namespace elanus::vindex
