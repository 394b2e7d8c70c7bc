// GraphRouter: finds the nodes of a block graph that a walk starts from.
//
// A sample of rows, coded as edges in groups of 32 as neighbours are (block_layout.h). Of few rows
// all codes are scanned, which are edges from the centre. Of many rows the sample is larger: nodes
// lie in an order in which near rows follow each other, so every 32 of the sample, in that order,
// are near each other, and are coded as edges from their mean; the means are coded as edges from
// the centre. Their codes are scanned, then the groups of the nearest few, and the best row of each
// is an entry: entries that lie apart reach what lies between clusters. A walk starts where it
// otherwise is some hops later.
// Threads: immutable once made.
#pragma once

#include "base/buffer.h"
#include "base/status.h"
#include "simd/codes.h"
#include "vindex/block_layout.h"
#include "vindex/coded_rows.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace elanus::vindex {

class GraphRouter {
  public:
    static constexpr size_t kEntries = 3;  // nodes that a walk starts from, without means
    // Means whose rows are scanned; each gives an entry. Where a hop is a read from a disk, many
    // codes can be scanned for each that is saved.
    static constexpr size_t kFollowed = 6, kFollowedOnDisk = 16;

    // As a file says it.
    struct Shape {
        uint32_t sampled = 0;  // rows
        uint32_t means = 0;    // 0: all rows are scanned

        static Shape For(uint32_t rows, BlockForm form);
        bool Plausible(uint32_t rows, BlockForm form) const;
        size_t groups() const { return MeanGroups() + RowGroups(); }
        size_t MeanGroups() const { return (means + kGroup - 1) / kGroup; }
        size_t RowGroups() const { return (sampled + kGroup - 1) / kGroup; }
    };

    // Node i is that of row order[i].
    static GraphRouter Make(const CodedRows& rows, std::span<const uint32_t> order,
                            const BlockLayout& layout, bool ip, uint64_t seed);

    GraphRouter() = default;
    // `groups` are shape.groups() of them.
    GraphRouter(const BlockLayout& layout, const Shape& shape, base::Buffer groups)
        : layout_(layout), shape_(shape), groups_(std::move(groups)) {}

    const Shape& shape() const { return shape_; }
    const base::Buffer& bytes() const { return groups_; }
    // What Enter() compares a query with, at most.
    uint64_t compared() const {
        return shape_.means == 0 ? shape_.sampled : shape_.means + followed() * kGroup;
    }
    // Leaves in `entries` pool keys of nodes. `own` is the query's squared length; 0
    // for IP. False: damaged.
    bool Enter(const simd::SignQuery& query, float own, uint32_t rows,
               std::vector<uint64_t>* entries) const;
    // kCorruption where a place names no node or group.
    base::Status Verify(uint32_t rows) const;

  private:
    static constexpr size_t kGroup = BlockLayout::kGroup;

    size_t followed() const {
        return layout_.form == BlockForm::kDisk ? kFollowedOnDisk : kFollowed;
    }
    template <size_t kMeans>
    bool EnterByMeans(const simd::SignQuery& query, float own,
                      std::vector<uint64_t>* entries) const;
    const uint8_t* Group(size_t i) const { return groups_.data() + i * layout_.group_bytes(); }
    const uint8_t* RowGroup(size_t i) const { return Group(shape_.MeanGroups() + i); }

    BlockLayout layout_;
    Shape shape_;
    base::Buffer groups_;  // of the means, then of the rows
};

}  // namespace elanus::vindex
