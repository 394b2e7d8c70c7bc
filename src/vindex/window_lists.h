// The parts of a window index (window_index.h): for each row its entries, and for each dimension
// the list of its rows, cut into windows of neighbouring rows.
//
// A list holds for each window a segment of entries: the row's number in the window (u16) and an
// impact (u8), the value in units of the list's largest value / 255, rounded up. Within a segment
// impacts fall, so what gives least stands last and can be left out by stopping early. Segments are
// blocks as simd/sparse_windows.h describes them. Scores come from the rows, never from impacts.
// Threads: pure.
#pragma once

#include "base/status.h"
#include "vindex/index.h"

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace elanus::vindex {

inline constexpr size_t kListSteps = 8;

// One cache line for each dimension.
struct ListHead {
    uint64_t first_segment = 0;
    uint64_t first_byte = 0;
    uint32_t segments = 0;
    uint32_t entries = 0;
    float unit = 0;  // a value is at most impact * unit
    uint32_t reserved = 0;
    // Where leaving out begins to pay: shares[i] / 65535 of the entries have impacts of at most
    // levels[i]. Both rise, the last level is the largest impact; unused steps are 0. The points
    // are the upper hull of the list's distribution.
    uint8_t levels[kListSteps] = {};
    uint16_t shares[kListSteps] = {};
    uint8_t reserved_end[8] = {};
};
static_assert(sizeof(ListHead) == 64);

struct ListSegment {
    uint32_t window = 0;
    uint32_t entries = 0;
};

// Rows as pairs of slot (place of the dimension in `dims`) and value: n slots, then n values.
struct ForwardRows {
    std::span<const uint64_t> starts;  // in bytes, one more than rows
    std::span<const uint8_t> bytes;
    uint32_t slot_bytes = 2;   // 2 or 4
    uint32_t value_bytes = 4;  // 4: f32, 2: f16

    struct Row {
        const uint8_t* slots = nullptr;
        const uint8_t* values = nullptr;
        size_t entries = 0;
    };

    // False when the row does not lie within the bytes.
    bool Find(uint64_t row, Row* out) const {
        const uint64_t begin = starts[row];
        const uint64_t end = starts[row + 1];
        if (begin > end || end > bytes.size()) {
            return false;
        }
        out->entries = (end - begin) / (slot_bytes + value_bytes);
        out->slots = bytes.data() + begin;
        out->values = out->slots + out->entries * slot_bytes;
        return true;
    }
    uint32_t SlotAt(const Row& row, size_t i) const {
        uint32_t slot = 0;  // little-endian
        std::memcpy(&slot, row.slots + i * slot_bytes, slot_bytes);
        return slot;
    }
    float ValueAt(const Row& row, size_t i) const;
};

// How rows are stored and listed.
struct WindowShape {
    uint32_t rows = 0;
    uint32_t window_rows = 0;  // 1 .. simd::kWindowRowsMax
    uint32_t value_bytes = 4;
    float least_listed = 0;  // smaller values are in no list

    uint32_t windows() const {
        return static_cast<uint32_t>((uint64_t{rows} + window_rows - 1) / window_rows);
    }
    uint32_t RowsOf(uint32_t window) const {
        const uint64_t first = uint64_t{window} * window_rows;
        return static_cast<uint32_t>(std::min<uint64_t>(window_rows, rows - first));
    }
};

// What a search reads; nothing in it has been checked but the lengths of the arrays.
struct WindowParts {
    WindowShape shape;
    std::span<const uint32_t> dims;
    std::span<const ListHead> heads;  // by slot
    std::span<const ListSegment> segments;
    std::span<const uint8_t> entries;
    ForwardRows rows;
};

struct BuiltRows {
    std::vector<uint32_t> dims;  // those that occur, rising
    std::vector<uint64_t> starts = {0};
    std::vector<uint8_t> bytes;
    uint32_t slot_bytes = 2;
};
struct BuiltLists {
    std::vector<ListHead> heads;
    std::vector<ListSegment> segments;
    std::vector<uint8_t> entries;
};

// Values of 0 are left out, as are those that value_bytes = 2 rounds to 0; those beyond the range
// of f16 become its largest. kInvalidParameter when a row is no sparse vector.
base::Result<BuiltRows> BuildForwardRows(const BuildInput& input, uint32_t value_bytes);
// The value below which a share `drop_ratio` of all values lies.
float LeastListed(const ForwardRows& rows, double drop_ratio);
// `rows` are whole and their slots below `slots`; a pure function of its arguments.
base::Result<BuiltLists> BuildWindowLists(const WindowShape& shape, const ForwardRows& rows,
                                          size_t slots,
                                          const std::function<base::Status()>& interrupt);

}  // namespace elanus::vindex
