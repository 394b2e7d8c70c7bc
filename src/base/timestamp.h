// Hybrid timestamps: physical milliseconds << 18 | logical counter (Milvus' TSO layout).
#pragma once

#include <cstdint>

namespace elanus::base {

using Timestamp = uint64_t;

constexpr int kLogicalBits = 18;
constexpr Timestamp kMaxTimestamp = ~Timestamp{0};

constexpr Timestamp ComposeTimestamp(int64_t physical_ms, int64_t logical = 0) {
    return (static_cast<Timestamp>(physical_ms) << kLogicalBits) | static_cast<Timestamp>(logical);
}
constexpr int64_t PhysicalMs(Timestamp ts) {
    return static_cast<int64_t>(ts >> kLogicalBits);
}

}  // namespace elanus::base
