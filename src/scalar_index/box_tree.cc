#include "scalar_index/box_tree.h"

#include "scalar_index/section_stream.h"
#include "scalar_index/sort_pieces.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace elanus::scalar_index {

namespace {

using geometry::Box;
using geometry::Relation;

constexpr uint64_t kFanout = 16;

// The nearest float that is not above, or not below.
float RoundDown(double value) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    if (value > std::numeric_limits<float>::max()) {
        return std::isinf(value) ? kInfinity : std::numeric_limits<float>::max();
    }
    if (value < -double{std::numeric_limits<float>::max()}) {
        return -kInfinity;
    }
    const auto rounded = static_cast<float>(value);
    return double{rounded} > value ? std::nextafter(rounded, -kInfinity) : rounded;
}
float RoundUp(double value) {
    return -RoundDown(-value);
}

bool IsNumber(const Box& box) {
    return !std::isnan(box.x_min) && !std::isnan(box.y_min) && !std::isnan(box.x_max) &&
           !std::isnan(box.y_max);
}

// By level the number of the first box; the last level has at most kFanout.
std::vector<uint64_t> LevelStarts(uint64_t leaves) {
    std::vector<uint64_t> starts{0, leaves};
    for (uint64_t count = leaves; count > kFanout;) {
        count = (count + kFanout - 1) / kFanout;
        starts.push_back(starts.back() + count);
    }
    return starts;
}

bool IsOnGlobe(const Box& box) {
    return box.x_min >= -180 && box.x_max <= 180 && box.y_min >= -90 && box.y_max <= 90;
}

// Boxes that hold every place on the globe within the distance: a circle's bounds in degrees, on
// both sides of the date line, a little widened because distances are computed with rounding.
std::vector<Box> WindowsAround(double x, double y, double meters) {
    constexpr double kMetersPerDegree = 6371008.8 * std::numbers::pi / 180;
    constexpr double kMarginDegrees = 1e-6;
    constexpr double kPolarDegrees = 89;
    const double radius = meters / kMetersPerDegree * (1 + 1e-9) + kMarginDegrees;
    const double y_min = y - radius;
    const double y_max = y + radius;
    if (!(std::max(std::fabs(y_min), std::fabs(y_max)) < kPolarDegrees)) {
        return {Box{false, -180, y_min, 180, y_max}};
    }
    constexpr double kRadians = std::numbers::pi / 180;
    const double sine = std::sin(radius * kRadians) / std::cos(y * kRadians);
    const double width = std::asin(std::min(1.0, sine)) / kRadians + kMarginDegrees;
    std::vector<Box> windows;
    for (const double turn : {-360.0, 0.0, 360.0}) {
        windows.push_back(Box{false, x - width + turn, y_min, x + width + turn, y_max});
    }
    return windows;
}

struct Leaf {
    FloatBox box;
    uint32_t row;

    float x() const { return box.x_min / 2 + box.x_max / 2; }
    float y() const { return box.y_min / 2 + box.y_max / 2; }
};

// Halves of opposite infinities are no number, which has no place in an order.
bool Precedes(float a, float b, const Leaf& first, const Leaf& second) {
    const float left = std::isnan(a) ? 0 : a;
    const float right = std::isnan(b) ? 0 : b;
    return left != right ? left < right : first.row < second.row;
}

base::Status Tile(std::span<Leaf> leaves, Pause& pause) {
    const auto by_x = [](const Leaf& a, const Leaf& b) { return Precedes(a.x(), b.x(), a, b); };
    const auto by_y = [](const Leaf& a, const Leaf& b) { return Precedes(a.y(), b.y(), a, b); };
    RETURN_IF_ERROR(SortPieces(leaves, by_x, pause));
    const auto slabs = static_cast<size_t>(
        std::ceil(std::sqrt(static_cast<double>(leaves.size()) / double{kFanout})));
    const size_t slab = std::max<size_t>(1, slabs) * kFanout;
    for (size_t begin = 0; begin < leaves.size(); begin += slab) {
        const auto part = leaves.subspan(begin, std::min(slab, leaves.size() - begin));
        RETURN_IF_ERROR(SortPieces(part, by_y, pause));
    }
    return base::Status();
}

std::vector<FloatBox> BoxesOf(const std::vector<Leaf>& leaves) {
    std::vector<FloatBox> boxes;
    const std::vector<uint64_t> starts = LevelStarts(leaves.size());
    boxes.reserve(starts.back());
    for (const Leaf& leaf : leaves) {
        boxes.push_back(leaf.box);
    }
    for (size_t level = 1; level + 1 < starts.size(); ++level) {
        for (uint64_t i = starts[level - 1]; i < starts[level]; i += kFanout) {
            FloatBox bounds = boxes[i];
            for (uint64_t j = i + 1; j < std::min(i + kFanout, starts[level]); ++j) {
                bounds.Include(boxes[j]);
            }
            boxes.push_back(bounds);
        }
    }
    return boxes;
}

}  // namespace

FloatBox FloatBox::Around(const Box& box) {
    return {RoundDown(box.x_min), RoundDown(box.y_min), RoundUp(box.x_max), RoundUp(box.y_max)};
}

void FloatBox::Include(const FloatBox& other) {
    x_min = std::min(x_min, other.x_min);
    y_min = std::min(y_min, other.y_min);
    x_max = std::max(x_max, other.x_max);
    y_max = std::max(y_max, other.y_max);
}

bool FloatBox::Meets(const Box& other) const {
    return x_min <= other.x_max && other.x_min <= x_max && y_min <= other.y_max &&
           other.y_min <= y_max;
}

base::Status WriteBoxTree(const schema::ColumnView& column, Pause& pause,
                          codec::EnvelopeWriter& writer, Meta* meta) {
    std::vector<Leaf> leaves;
    base::Bitmap odd(column.rows);
    for (size_t row = 0; row < column.rows; ++row) {
        RETURN_IF_ERROR(pause.After(1));
        const auto shape = column.IsValid(row) ? geometry::ScanWkb(column.StringAt(row))
                                               : std::optional<geometry::WkbShape>();
        if (!shape.has_value() || shape->box.empty) {
            continue;
        }
        if (!IsNumber(shape->box)) {
            odd.Set(row);
            continue;
        }
        meta->flags |= IsOnGlobe(shape->box) ? 0 : kFlagPlanar;
        leaves.push_back({FloatBox::Around(shape->box), static_cast<uint32_t>(row)});
    }
    RETURN_IF_ERROR(Tile(leaves, pause));
    const std::vector<FloatBox> boxes = BoxesOf(leaves);
    writer.AddArray<FloatBox>(kBoxesSection, boxes);
    {
        SectionStream<uint32_t> rows(writer, kRowsSection);
        for (const Leaf& leaf : leaves) {
            rows.Push(leaf.row);
        }
    }
    meta->odd_rows = odd.Count();
    if (meta->odd_rows > 0) {
        writer.AddArray<uint64_t>(kOddRowsSection, odd.words());
    }
    meta->entries = leaves.size();
    meta->keys = boxes.size();
    return base::Status();
}

base::Result<std::shared_ptr<const Index>> BoxTree::Open(codec::EnvelopeReader reader,
                                                         const Meta& meta) {
    if (meta.entries > meta.rows || meta.odd_rows > meta.rows ||
        LevelStarts(meta.entries).back() != meta.keys) {
        return DamagedIndex("impossible description");
    }
    std::shared_ptr<BoxTree> tree(new BoxTree(std::move(reader), meta));
    tree->level_starts_ = LevelStarts(meta.entries);
    ASSIGN_OR_RETURN(tree->boxes_, tree->reader_.Array<FloatBox>(kBoxesSection, meta.keys));
    ASSIGN_OR_RETURN(tree->row_numbers_, tree->reader_.Array<uint32_t>(kRowsSection, meta.entries));
    if (meta.odd_rows > 0) {
        ASSIGN_OR_RETURN(tree->odd_,
                         tree->reader_.Array<uint64_t>(kOddRowsSection, (meta.rows + 63) / 64));
    }
    return std::shared_ptr<const Index>(std::move(tree));
}

std::optional<std::vector<Box>> BoxTree::Windows(const expr::Plan& leaf) const {
    const auto* spatial = std::get_if<expr::Spatial>(&leaf.node);
    if (spatial == nullptr || spatial->column.field_id != meta_.field_id ||
        spatial->column.type != schema::DataType::kGeometry || spatial->column.sub_field >= 0 ||
        spatial->relation >= Relation::kValid) {
        return std::nullopt;
    }
    const auto shape = geometry::ScanWkb(spatial->wkb);
    if (!shape.has_value() || !IsNumber(shape->box)) {
        return std::nullopt;
    }
    const Box& box = shape->box;
    if (spatial->relation == Relation::kDistance) {
        if (shape->type != 1 || box.empty || !(spatial->meters >= 0) || !IsOnGlobe(box) ||
            (meta_.flags & kFlagPlanar) != 0) {
            return std::nullopt;
        }
        return WindowsAround(box.x_min, box.y_min, spatial->meters);
    }
    if (!box.empty) {
        return std::vector<Box>{box};
    }
    // Only empty shapes, which have no box, equal an empty one.
    return spatial->relation == Relation::kEquals ? std::nullopt
                                                  : std::optional(std::vector<Box>());
}

void BoxTree::Descend(const Box& window, size_t level,
                      const std::function<void(uint64_t box)>& visit) const {
    const auto boxes = boxes_.As<FloatBox>();
    struct Place {
        size_t level;
        uint64_t box;  // counted within its level
    };
    std::vector<Place> open;
    const size_t top = level_starts_.size() - 2;
    for (uint64_t i = 0; i < level_starts_[top + 1] - level_starts_[top]; ++i) {
        open.push_back({top, i});
    }
    while (!open.empty()) {
        const Place place = open.back();
        open.pop_back();
        if (!boxes[level_starts_[place.level] + place.box].Meets(window)) {
            continue;
        }
        if (place.level <= level) {
            visit(place.box);
            continue;
        }
        const uint64_t below = level_starts_[place.level] - level_starts_[place.level - 1];
        const uint64_t end = std::min((place.box + 1) * kFanout, below);
        for (uint64_t i = place.box * kFanout; i < end; ++i) {
            open.push_back({place.level - 1, i});
        }
    }
}

// Geometries below the boxes that meet the window on the lowest level of at most kCountedMax boxes.
uint64_t BoxTree::CountNear(const Box& window) const {
    constexpr uint64_t kCountedMax = 4096;
    size_t level = 0;
    uint64_t leaves_per_box = 1;
    while (level_starts_[level + 1] - level_starts_[level] > kCountedMax) {
        ++level;
        leaves_per_box *= kFanout;
    }
    uint64_t count = 0;
    Descend(window, level, [&](uint64_t) { count += leaves_per_box; });
    return std::min(count, meta_.entries);
}

std::optional<LeafEstimate> BoxTree::Estimate(const expr::Plan& leaf) const {
    const auto windows = Windows(leaf);
    if (!windows.has_value()) {
        return std::nullopt;
    }
    LeafEstimate estimate;
    for (const Box& window : *windows) {
        estimate.reads += CountNear(window);
    }
    estimate.rows = std::min(estimate.reads + meta_.odd_rows, meta_.rows);
    return estimate;
}

base::Result<expr::LeafBits> BoxTree::Answer(const expr::Plan& leaf) const {
    const auto windows = Windows(leaf);
    if (!windows.has_value()) {
        return base::Internal("the index was asked a leaf that it cannot answer");
    }
    expr::LeafBits bits;
    bits.rows = base::Bitmap(meta_.rows);
    bool damaged = false;
    const auto rows = row_numbers_.As<uint32_t>();
    for (const Box& window : *windows) {
        Descend(window, 0, [&](uint64_t box) {
            if (rows[box] < meta_.rows) {
                bits.rows.Set(rows[box]);
            } else {
                damaged = true;
            }
        });
    }
    if (damaged) {
        return DamagedIndex("a row of the tree is damaged");
    }
    const auto odd = odd_.As<uint64_t>();
    for (size_t w = 0; w < odd.size(); ++w) {
        bits.rows.words()[w] |= odd[w];
    }
    bits.rows.ClearTail();
    return bits;
}

base::Status BoxTree::Verify() const {
    RETURN_IF_ERROR(reader_.VerifyAll());
    const auto boxes = boxes_.As<FloatBox>();
    for (size_t level = 1; level + 1 < level_starts_.size(); ++level) {
        for (uint64_t i = level_starts_[level - 1]; i < level_starts_[level]; ++i) {
            const FloatBox& above =
                boxes[level_starts_[level] + (i - level_starts_[level - 1]) / kFanout];
            if (!(above.x_min <= boxes[i].x_min && above.y_min <= boxes[i].y_min &&
                  above.x_max >= boxes[i].x_max && above.y_max >= boxes[i].y_max)) {
                return DamagedIndex("a box reaches out of the one above");
            }
        }
    }
    base::Bitmap seen(meta_.rows);
    for (const uint32_t row : row_numbers_.As<uint32_t>()) {
        if (row >= meta_.rows || seen.Test(row)) {
            return DamagedIndex("a row of the tree is damaged");
        }
        seen.Set(row);
    }
    return base::Status();
}

}  // namespace elanus::scalar_index
