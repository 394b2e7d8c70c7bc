// BoxTree: the index RTREE. The bounding boxes of a column's geometries, packed into a tree by
// sort-tile-recursive (Leutenegger, Lopez, Edgington: STR: a simple and efficient algorithm for
// R-tree packing, ICDE 1997). It gives the rows whose box meets the box of what is asked for; the
// evaluator relates the shapes.
//
// Coordinates are kept as floats rounded outwards. Level 0 has a box a geometry; box i of a higher
// level bounds boxes 16 i to 16 i + 15 of the level below, so no pointers are needed.
// Threads: immutable.
#pragma once

#include "geometry/wkb.h"
#include "scalar_index/index.h"
#include "scalar_index/layout.h"
#include "scalar_index/pause.h"
#include "schema/column.h"

#include <functional>
#include <vector>

namespace elanus::scalar_index {

struct FloatBox {
    float x_min;
    float y_min;
    float x_max;
    float y_max;

    static FloatBox Around(const geometry::Box& box);
    void Include(const FloatBox& other);
    bool Meets(const geometry::Box& other) const;
};

class BoxTree : public Index {
  public:
    static base::Result<std::shared_ptr<const Index>> Open(codec::EnvelopeReader reader,
                                                           const Meta& meta);

    Kind kind() const override { return Kind::kBoxTree; }
    uint64_t rows() const override { return meta_.rows; }
    base::FieldId field_id() const override { return meta_.field_id; }
    uint64_t file_bytes() const override { return reader_.file().size(); }

    std::optional<LeafEstimate> Estimate(const expr::Plan& leaf) const override;
    base::Result<expr::LeafBits> Answer(const expr::Plan& leaf) const override;
    base::Status Verify() const override;

  private:
    BoxTree(codec::EnvelopeReader reader, const Meta& meta)
        : reader_(std::move(reader)), meta_(meta) {}

    // The places to look at; absent when boxes cannot answer the leaf.
    std::optional<std::vector<geometry::Box>> Windows(const expr::Plan& leaf) const;
    // Visits boxes of `level` that meet the window and lie below ones that do.
    void Descend(const geometry::Box& window, size_t level,
                 const std::function<void(uint64_t box)>& visit) const;
    uint64_t CountNear(const geometry::Box& window) const;

    codec::EnvelopeReader reader_;
    Meta meta_;
    std::vector<uint64_t> level_starts_;  // by level the first of its boxes; one more
    base::Buffer boxes_;                  // FloatBox
    base::Buffer row_numbers_;            // uint32, by box of level 0
    base::Buffer odd_;                    // rows that every answer has; as in KeyIndex
};

// Writes the tree of a geometry column, all but the description, whose fields it sets.
base::Status WriteBoxTree(const schema::ColumnView& column, Pause& pause,
                          codec::EnvelopeWriter& writer, Meta* meta);

}  // namespace elanus::scalar_index
