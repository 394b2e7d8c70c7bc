// Names for the numbers that travel between modules. Plain integers with one meaning each.
#pragma once

#include <cstdint>
#include <string>

namespace elanus::base {

using DatabaseId = int64_t;
using CollectionId = int64_t;
using PartitionId = int64_t;
using SegmentId = int64_t;
using FieldId = int64_t;
using IndexId = int64_t;
using NodeId = int64_t;
using TaskId = int64_t;
using Epoch = uint64_t;        // ownership generation of a channel
using RowOffset = uint32_t;    // row number inside one segment
using LogPosition = uint64_t;  // dense record number in one physical channel; 0 = before the first
using SchemaVersion = uint32_t;

constexpr FieldId kRowIdField = 0;
constexpr FieldId kTimestampField = 1;
constexpr FieldId kFirstUserField = 100;

}  // namespace elanus::base
