#include "vindex/graph_router.h"

#include "base/hash.h"
#include "sys/huge_memory.h"
#include "vindex/graph_index.h"
#include "vindex/top_k.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <memory>

namespace elanus::vindex {
namespace {

constexpr uint32_t kFlatMax = 256;  // rows that are scanned without means
// More of them shorten walks by less than they cost.
constexpr uint32_t SampledMax(BlockForm form) {
    return form == BlockForm::kDisk ? 65536 : 8192;
}
constexpr uint32_t kRowsPerSampled = 8;  // at least, in a sample with means

// The `kCount` least of the keys that are offered, sorted.
template <size_t kCount>
class Least {
  public:
    void Offer(uint64_t key) {
        size_t place = count_ < kCount ? count_++ : kCount;
        for (; place > 0 && key < keys_[place - 1]; --place) {
            if (place < kCount) {
                keys_[place] = keys_[place - 1];
            }
        }
        if (place < kCount) {
            keys_[place] = key;
        }
    }
    // Only what costs less can still be among them.
    float limit() const {
        return count_ < kCount ? std::numeric_limits<float>::infinity() : KeyCost(keys_.back());
    }
    std::span<const uint64_t> keys() const { return std::span(keys_).first(count_); }

  private:
    std::array<uint64_t, kCount> keys_{};
    size_t count_ = 0;
};

template <size_t kCount>
void ScanGroup(const BlockLayout& layout, const simd::SignQuery& query, const uint8_t* group,
               float own, const uint8_t* next, Least<kCount>* least) {
    float costs[simd::kGroupVectors];
    const size_t next_bytes = next == nullptr ? 0 : layout.group_bytes();
    uint32_t below = layout.scan()(query, group, own, least->limit(), next, next_bytes, costs);
    const uint32_t* ids = GroupIds(layout, group);
    for (; below != 0; below &= below - 1) {
        const int i = std::countr_zero(below);
        least->Offer(PoolKey(costs[i], ids[i] & 0x7fffffff));
    }
}

// Puts rows into groups, in their order; places that are left stay free.
class GroupWriter {
  public:
    GroupWriter(const BlockLayout& layout, bool ip, size_t groups)
        : layout_(layout),
          ip_(ip),
          bytes_(groups * layout.group_bytes()),
          memory_(sys::AllocateHuge(bytes_)) {
        for (size_t place = 0; place < groups * BlockLayout::kGroup; ++place) {
            PutNoEdge(layout_, place % BlockLayout::kGroup, GroupOf(place));
        }
    }
    void Put(size_t place, const EdgeEnd& end, const float* start) {
        PutEdge(layout_, end, start, ip_, place % BlockLayout::kGroup, GroupOf(place));
    }
    base::Buffer Take() { return base::Buffer(memory_.get(), bytes_, memory_); }

  private:
    uint8_t* GroupOf(size_t place) {
        return memory_.get() + place / BlockLayout::kGroup * layout_.group_bytes();
    }

    const BlockLayout& layout_;
    const bool ip_;
    const size_t bytes_;
    std::shared_ptr<uint8_t> memory_;
};

EdgeEnd EndOf(const CodedRows& rows, uint32_t row, uint32_t node) {
    return {rows.Scale(row), rows.Values(row), node};
}

std::vector<float> MeanOf(const CodedRows& rows, std::span<const uint32_t> some) {
    std::vector<float> mean(rows.width());
    for (const uint32_t row : some) {
        const float part = rows.Scale(row) / static_cast<float>(some.size());
        for (size_t d = 0; d < mean.size(); ++d) {
            mean[d] += part * static_cast<float>(rows.Values(row)[d]);
        }
    }
    return mean;
}

void PutRows(const CodedRows& rows, std::span<const uint32_t> order, uint32_t sampled,
             uint64_t seed, GroupWriter& out) {
    const auto count = static_cast<uint32_t>(order.size());
    std::vector<uint32_t> nodes(count);
    for (uint32_t node = 0; node < count; ++node) {
        nodes[order[node]] = node;
    }
    const std::vector<float> centre(rows.width(), 0.0f);
    for (uint32_t i = 0; i < sampled; ++i) {
        const uint32_t row =
            count <= sampled ? i : static_cast<uint32_t>(base::Hash64(seed + i) % count);
        out.Put(i, EndOf(rows, row, nodes[row]), centre.data());
    }
}

void PutRowsBehindMeans(const CodedRows& rows, std::span<const uint32_t> order,
                        const GraphRouter::Shape& shape, GroupWriter& out) {
    constexpr size_t kGroup = BlockLayout::kGroup;
    const std::vector<float> centre(rows.width(), 0.0f);
    std::vector<int8_t> values(rows.width());
    for (uint32_t mean = 0; mean < shape.means; ++mean) {
        uint32_t nodes[kGroup], some[kGroup];
        for (size_t i = 0; i < kGroup; ++i) {
            nodes[i] = static_cast<uint32_t>((mean * kGroup + i) * order.size() / shape.sampled);
            some[i] = order[nodes[i]];
        }
        const std::vector<float> start = MeanOf(rows, some);
        const float scale = simd::Codes().encode(start.data(), start.size(), values.data());
        out.Put(mean, {scale, values.data(), mean}, centre.data());
        for (size_t i = 0; i < kGroup; ++i) {
            out.Put((shape.MeanGroups() + mean) * kGroup + i, EndOf(rows, some[i], nodes[i]),
                    start.data());
        }
    }
}

}  // namespace

GraphRouter::Shape GraphRouter::Shape::For(uint32_t rows, BlockForm form) {
    constexpr auto kOfAMean = static_cast<uint32_t>(kGroup);
    const uint32_t means = std::min(rows / kRowsPerSampled, SampledMax(form)) / kOfAMean;
    if (means * kOfAMean <= kFlatMax) {
        return {std::min(rows, kFlatMax), 0};
    }
    return {means * kOfAMean, means};
}

bool GraphRouter::Shape::Plausible(uint32_t rows, BlockForm form) const {
    return means == 0 ? sampled == std::min(rows, kFlatMax)
                      : sampled == means * uint64_t{kGroup} && sampled <= SampledMax(form) &&
                            sampled <= rows;
}

GraphRouter GraphRouter::Make(const CodedRows& rows, std::span<const uint32_t> order,
                              const BlockLayout& layout, bool ip, uint64_t seed) {
    const Shape shape = Shape::For(static_cast<uint32_t>(order.size()), layout.form);
    GroupWriter out(layout, ip, shape.groups());
    if (shape.means == 0) {
        PutRows(rows, order, shape.sampled, seed, out);
    } else {
        PutRowsBehindMeans(rows, order, shape, out);
    }
    return GraphRouter(layout, shape, out.Take());
}

template <size_t kMeans>
bool GraphRouter::EnterByMeans(const simd::SignQuery& query, float own,
                               std::vector<uint64_t>* entries) const {
    Least<kMeans> means;
    for (size_t g = 0; g < shape_.MeanGroups(); ++g) {
        ScanGroup(layout_, query, Group(g), own, nullptr, &means);
    }
    const std::span<const uint64_t> keys = means.keys();
    const auto damaged = [this](uint64_t key) { return PoolRow(key) >= shape_.means; };
    if (std::any_of(keys.begin(), keys.end(), damaged)) {
        return false;
    }
    for (size_t i = 0; i < keys.size(); ++i) {
        const uint8_t* next = i + 1 < keys.size() ? RowGroup(PoolRow(keys[i + 1])) : nullptr;
        Least<1> nearest;
        ScanGroup(layout_, query, RowGroup(PoolRow(keys[i])), KeyCost(keys[i]), next, &nearest);
        entries->insert(entries->end(), nearest.keys().begin(), nearest.keys().end());
    }
    return true;
}

bool GraphRouter::Enter(const simd::SignQuery& query, float own, uint32_t rows,
                        std::vector<uint64_t>* entries) const {
    entries->clear();
    if (shape_.means > 0) {
        const bool sound = layout_.form == BlockForm::kDisk
                               ? EnterByMeans<kFollowedOnDisk>(query, own, entries)
                               : EnterByMeans<kFollowed>(query, own, entries);
        if (!sound) {
            return false;
        }
    } else {
        Least<kEntries> nearest;
        for (size_t g = 0; g < shape_.RowGroups(); ++g) {
            ScanGroup(layout_, query, RowGroup(g), own, nullptr, &nearest);
        }
        entries->assign(nearest.keys().begin(), nearest.keys().end());
    }
    return std::all_of(entries->begin(), entries->end(),
                       [rows](uint64_t key) { return PoolRow(key) < rows; });
}

base::Status GraphRouter::Verify(uint32_t rows) const {
    for (size_t g = 0; g < shape_.groups(); ++g) {
        const uint32_t limit = g < shape_.MeanGroups() ? shape_.means : rows;
        if (!GroupIdsBelow(layout_, Group(g), limit)) {
            return base::Corruption("block graph: bad rows to start from");
        }
    }
    return base::Status();
}

}  // namespace elanus::vindex
