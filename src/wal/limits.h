// Limits of the log, the same for every store behind the interface: the weakest one sets them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace elanus::wal {

// A physical record with whatever a store puts around it: what a Kafka broker is set up to take.
constexpr size_t kPhysicalRecordBytesLimit = 8u << 20;
// Its payload: a kibibyte is left for the store's framing.
constexpr size_t kRecordPayloadBytesLimit = kPhysicalRecordBytesLimit - 1024;
// One append. Above kRecordPayloadBytesLimit it is split and still counts as one record. Wire
// requests end at 64 MiB, so this leaves room for the log's own coding and a whole batch of files.
constexpr size_t kPayloadBytesLimit = 256u << 20;
// Payloads waiting to be written in one channel; above it appends are refused with a retriable
// status.
constexpr size_t kPendingBytesLimit = 512u << 20;
// A commit takes no further append once it holds this much, so that one slow disk write does not
// hold back the acknowledgement of everything behind it.
constexpr size_t kGroupBytesTarget = 16u << 20;
// A channel's name: letters, digits, '.', '_' and '-', not starting with '.'.
constexpr size_t kChannelNameBytesLimit = 200;

}  // namespace elanus::wal
