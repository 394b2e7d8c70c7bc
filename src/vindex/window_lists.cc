#include "vindex/window_lists.h"

#include "simd/half.h"
#include "simd/sparse_windows.h"
#include "vindex/sparse.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace elanus::vindex {
namespace {

constexpr uint64_t kInterruptRows = 8192;
constexpr size_t kInterruptLists = 256;
constexpr float kHalfMax = 65504;
constexpr uint32_t kImpactMax = 255;
constexpr double kShareMax = 65535;
// Dimensions below this are looked up in an array, others in a hash table.
constexpr uint32_t kDenseDims = 1 << 24;
constexpr uint32_t kNoSlot = std::numeric_limits<uint32_t>::max();

std::string_view RowAt(const BuildInput& input, uint64_t row) {
    return std::string_view(static_cast<const char*>(input.vectors) + input.offsets[row],
                            input.offsets[row + 1] - input.offsets[row]);
}

float Stored(float value, uint32_t value_bytes) {
    return value_bytes == 4 ? value
                            : simd::FloatFromHalf(simd::HalfFromFloat(std::min(value, kHalfMax)));
}

// Numbers dimensions in their own order.
class Slots {
  public:
    void Meet(uint32_t dim) {
        if (dim >= kDenseDims) {
            sparse_.try_emplace(dim, 0);
            return;
        }
        if (dim >= dense_.size()) {
            dense_.resize(std::max<size_t>(size_t{dim} + 1, dense_.size() * 2), kNoSlot);
        }
        dense_[dim] = 0;
    }
    std::vector<uint32_t> Number() {
        std::vector<uint32_t> dims;
        for (uint32_t dim = 0; dim < dense_.size(); ++dim) {
            if (dense_[dim] != kNoSlot) {
                dense_[dim] = static_cast<uint32_t>(dims.size());
                dims.push_back(dim);
            }
        }
        const auto low = static_cast<ptrdiff_t>(dims.size());
        for (const auto& [dim, slot] : sparse_) {
            dims.push_back(dim);
        }
        std::sort(dims.begin() + low, dims.end());
        for (auto slot = static_cast<size_t>(low); slot < dims.size(); ++slot) {
            sparse_[dims[slot]] = static_cast<uint32_t>(slot);
        }
        return dims;
    }
    uint32_t Of(uint32_t dim) const {
        return dim >= kDenseDims ? sparse_.find(dim)->second : dense_[dim];
    }

  private:
    std::vector<uint32_t> dense_;
    std::unordered_map<uint32_t, uint32_t> sparse_;
};

void AppendRow(std::string_view vector, const Slots& slots, uint32_t value_bytes, BuiltRows* out) {
    const auto append = [out](const void* value, size_t bytes) {
        const auto* first = static_cast<const uint8_t*>(value);
        out->bytes.insert(out->bytes.end(), first, first + bytes);
    };
    for (size_t i = 0; i < SparseEntries(vector); ++i) {
        const SparseEntry entry = SparseAt(vector, i);
        if (Stored(entry.value, value_bytes) > 0) {
            const uint32_t slot = slots.Of(entry.index);
            append(&slot, out->slot_bytes);
        }
    }
    for (size_t i = 0; i < SparseEntries(vector); ++i) {
        const float value = SparseAt(vector, i).value;
        if (Stored(value, value_bytes) > 0) {
            const uint16_t half = simd::HalfFromFloat(std::min(value, kHalfMax));
            append(value_bytes == 4 ? static_cast<const void*>(&value) : &half, value_bytes);
        }
    }
    out->starts.push_back(out->bytes.size());
}

}  // namespace

float ForwardRows::ValueAt(const Row& row, size_t i) const {
    if (value_bytes == 4) {
        float value;
        std::memcpy(&value, row.values + i * sizeof value, sizeof value);
        return value;
    }
    uint16_t half;
    std::memcpy(&half, row.values + i * sizeof half, sizeof half);
    return simd::FloatFromHalf(half);
}

base::Result<BuiltRows> BuildForwardRows(const BuildInput& input, uint32_t value_bytes) {
    Slots slots;
    size_t entries = 0;
    for (uint64_t row = 0; row < input.rows; ++row) {
        const std::string_view vector = RowAt(input, row);
        RETURN_IF_ERROR(CheckSparseVector(vector));
        if (row % kInterruptRows == 0 && input.interrupt) {
            RETURN_IF_ERROR(input.interrupt());
        }
        for (size_t i = 0; i < SparseEntries(vector); ++i) {
            const SparseEntry entry = SparseAt(vector, i);
            if (Stored(entry.value, value_bytes) > 0) {
                slots.Meet(entry.index);
                ++entries;
            }
        }
    }
    BuiltRows out;
    out.dims = slots.Number();
    out.slot_bytes = out.dims.size() <= std::numeric_limits<uint16_t>::max() + size_t{1} ? 2 : 4;
    out.starts.reserve(input.rows + 1);
    out.bytes.reserve(entries * (out.slot_bytes + value_bytes));
    for (uint64_t row = 0; row < input.rows; ++row) {
        if (row % kInterruptRows == 0 && input.interrupt) {
            RETURN_IF_ERROR(input.interrupt());
        }
        AppendRow(RowAt(input, row), slots, value_bytes, &out);
    }
    return out;
}

float LeastListed(const ForwardRows& rows, double drop_ratio) {
    std::vector<float> values;
    ForwardRows::Row row;
    for (size_t i = 0; i + 1 < rows.starts.size() && rows.Find(i, &row); ++i) {
        for (size_t j = 0; j < row.entries; ++j) {
            values.push_back(rows.ValueAt(row, j));
        }
    }
    const auto dropped = static_cast<size_t>(drop_ratio * static_cast<double>(values.size()));
    if (dropped == 0) {
        return 0;
    }
    const auto least = values.begin() + static_cast<ptrdiff_t>(dropped);
    std::nth_element(values.begin(), least, values.end());
    return *least;
}

namespace {

using Histogram = std::array<uint32_t, kImpactMax + 1>;

// The smallest unit of which 255 are not less than `most`.
float UnitOf(float most) {
    float unit = most / static_cast<float>(kImpactMax);
    while (static_cast<double>(unit) * kImpactMax < static_cast<double>(most)) {
        unit = std::nextafter(unit, std::numeric_limits<float>::infinity());
    }
    return unit;
}

uint8_t ImpactOf(float value, float unit) {
    const double units = std::ceil(static_cast<double>(value) / static_cast<double>(unit));
    auto impact = static_cast<uint32_t>(std::clamp(units, 1.0, static_cast<double>(kImpactMax)));
    while (impact < kImpactMax && static_cast<double>(unit) * impact < static_cast<double>(value)) {
        ++impact;
    }
    return static_cast<uint8_t>(impact);
}

// Where cutting the list pays most: of the impacts that its eighths end with, those on the upper
// hull of (impact, entries up to it).
void FillSteps(const Histogram& histogram, ListHead* head) {
    struct Point {
        uint32_t impact;
        uint64_t entries;
    };
    std::vector<Point> points;
    uint64_t sum = 0;
    for (uint32_t impact = 1; impact <= kImpactMax; ++impact) {
        const uint64_t before = sum * kListSteps / head->entries;
        sum += histogram[impact];
        if (sum * kListSteps / head->entries > before) {
            points.push_back({impact, sum});
        }
    }
    size_t step = 0;
    Point from{0, 0};
    for (size_t at = 0; at < points.size();) {
        size_t best = at;
        for (size_t i = at; i < points.size(); ++i) {
            // entries a unit of impact, compared without division
            best = (points[i].entries - from.entries) * (points[best].impact - from.impact) >
                           (points[best].entries - from.entries) * (points[i].impact - from.impact)
                       ? i
                       : best;
        }
        from = points[best];
        head->levels[step] = static_cast<uint8_t>(from.impact);
        head->shares[step++] = static_cast<uint16_t>(kShareMax * static_cast<double>(from.entries) /
                                                     static_cast<double>(head->entries));
        at = best + 1;
    }
}

// All entries by list, rows rising, before they are cut into windows.
struct RawLists {
    std::vector<uint64_t> starts;
    std::vector<uint32_t> rows;
    std::vector<uint8_t> impacts;
};

class ListBuilder {
  public:
    ListBuilder(const WindowShape& shape, const ForwardRows& rows, size_t slots,
                const std::function<base::Status()>& interrupt)
        : shape_(shape), rows_(rows), interrupt_(interrupt) {
        out_.heads.resize(slots);
    }

    base::Result<BuiltLists> Run() {
        RETURN_IF_ERROR(Measure());
        RETURN_IF_ERROR(Gather());
        out_.entries.reserve(raw_.rows.size() * simd::kWindowEntryBytes);
        for (size_t slot = 0; slot < out_.heads.size(); ++slot) {
            if (slot % kInterruptLists == 0 && interrupt_) {
                RETURN_IF_ERROR(interrupt_());
            }
            WriteList(slot);
        }
        return std::move(out_);
    }

  private:
    template <typename Visit>
    base::Status ForEachEntry(Visit visit) const {
        ForwardRows::Row row;
        for (uint32_t i = 0; i < shape_.rows && rows_.Find(i, &row); ++i) {
            if (i % kInterruptRows == 0 && interrupt_) {
                RETURN_IF_ERROR(interrupt_());
            }
            for (size_t j = 0; j < row.entries; ++j) {
                const float value = rows_.ValueAt(row, j);
                if (value >= shape_.least_listed) {
                    visit(i, rows_.SlotAt(row, j), value);
                }
            }
        }
        return base::Status();
    }

    base::Status Measure() {
        std::vector<float> most(out_.heads.size(), 0);
        RETURN_IF_ERROR(ForEachEntry([&](uint32_t, uint32_t slot, float value) {
            ++out_.heads[slot].entries;
            most[slot] = std::max(most[slot], value);
        }));
        raw_.starts.assign(1, 0);
        for (size_t slot = 0; slot < most.size(); ++slot) {
            out_.heads[slot].unit = UnitOf(most[slot]);
            raw_.starts.push_back(raw_.starts.back() + out_.heads[slot].entries);
        }
        return base::Status();
    }

    base::Status Gather() {
        raw_.rows.resize(raw_.starts.back());
        raw_.impacts.resize(raw_.starts.back());
        std::vector<uint64_t> next(raw_.starts.begin(), raw_.starts.end() - 1);
        return ForEachEntry([&](uint32_t row, uint32_t slot, float value) {
            raw_.rows[next[slot]] = row;
            raw_.impacts[next[slot]++] = ImpactOf(value, out_.heads[slot].unit);
        });
    }

    void WriteList(size_t slot) {
        ListHead& head = out_.heads[slot];
        head.first_segment = out_.segments.size();
        head.first_byte = out_.entries.size();
        Histogram all{};
        for (uint64_t at = raw_.starts[slot]; at < raw_.starts[slot + 1];) {
            const uint32_t window = raw_.rows[at] / shape_.window_rows;
            Histogram histogram{};
            uint64_t end = at;
            for (; end < raw_.starts[slot + 1] && raw_.rows[end] / shape_.window_rows == window;
                 ++end) {
                ++histogram[raw_.impacts[end]];
            }
            for (size_t i = 0; i < all.size(); ++i) {
                all[i] += histogram[i];
            }
            WriteSegment(window, at, end, histogram);
            at = end;
        }
        head.segments = static_cast<uint32_t>(out_.segments.size() - head.first_segment);
        if (head.entries > 0) {
            FillSteps(all, &head);
        }
    }

    void WriteSegment(uint32_t window, uint64_t begin, uint64_t end, const Histogram& histogram) {
        std::array<uint32_t, kImpactMax + 1> places{};  // of the next entry of each impact
        uint32_t sum = 0;
        for (uint32_t impact = kImpactMax + 1; impact-- > 0;) {
            places[impact] = sum;
            sum += histogram[impact];
        }
        sorted_rows_.resize(end - begin);
        sorted_impacts_.resize(end - begin);
        for (uint64_t i = begin; i < end; ++i) {
            const uint32_t place = places[raw_.impacts[i]]++;
            sorted_rows_[place] = static_cast<uint16_t>(raw_.rows[i] % shape_.window_rows);
            sorted_impacts_[place] = raw_.impacts[i];
        }
        out_.segments.push_back({window, static_cast<uint32_t>(end - begin)});
        for (size_t first = 0; first < sorted_rows_.size(); first += simd::kWindowBlock) {
            const size_t n = std::min(simd::kWindowBlock, sorted_rows_.size() - first);
            const auto* rows = reinterpret_cast<const uint8_t*>(sorted_rows_.data() + first);
            const uint8_t* impacts = sorted_impacts_.data() + first;
            out_.entries.insert(out_.entries.end(), rows, rows + n * sizeof(uint16_t));
            out_.entries.insert(out_.entries.end(), impacts, impacts + n);
        }
    }

    const WindowShape& shape_;
    const ForwardRows& rows_;
    const std::function<base::Status()>& interrupt_;
    RawLists raw_;
    BuiltLists out_;
    std::vector<uint16_t> sorted_rows_;
    std::vector<uint8_t> sorted_impacts_;
};

}  // namespace

base::Result<BuiltLists> BuildWindowLists(const WindowShape& shape, const ForwardRows& rows,
                                          size_t slots,
                                          const std::function<base::Status()>& interrupt) {
    return ListBuilder(shape, rows, slots, interrupt).Run();
}

}  // namespace elanus::vindex
