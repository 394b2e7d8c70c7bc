// Bytes of a segment file of the local log: one header block, then records (docs/formats/wal.md).
//
// Every checksum is seeded with the file's own random salt, so bytes of another file, of an older
// use of the disk blocks, or made to look like a record by a client cannot pass for a record here.
// Threads: values.
#pragma once

#include "base/status.h"
#include "wal/log_record.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace elanus::wal {

// Records start here: the header's page is never written again once records follow it.
constexpr uint64_t kSegmentHeaderBytes = 4096;
constexpr uint64_t kRecordHeaderBytes = 48;
constexpr uint64_t kRecordAlignment = 8;

struct SegmentHeader {
    std::string channel;
    uint64_t sequence = 0;  // number of the file, 1 for the first
    uint32_t salt = 0;
    base::LogPosition first_position = 1;  // of the first logical record that begins here or later
    base::Epoch epoch = 0;                 // what held when the file was made
    // Where the file before this one ends, and its last checksum: it was complete when this was
    // made.
    uint64_t previous_end = 0;
    uint32_t previous_chain = 0;

    // The chain starts from here.
    uint32_t chain() const { return salt; }
};

std::string EncodeSegmentHeader(const SegmentHeader& header);
base::Result<SegmentHeader> DecodeSegmentHeader(std::string_view block);

struct RecordHeader {
    uint32_t crc = 0;  // of the rest of the header; the next record's `chain`
    uint32_t payload_crc = 0;
    uint32_t payload_bytes = 0;
    RecordType type = RecordType::kData;
    base::Epoch epoch = 0;
    base::LogPosition position = 0;
    // Everything in the file below this offset was durable when the record was written.
    uint64_t synced_end = 0;
    uint32_t chain = 0;  // crc of the record before

    uint64_t total_bytes() const { return RecordBytes(payload_bytes); }
    static uint64_t RecordBytes(uint64_t payload_bytes) {
        return (kRecordHeaderBytes + payload_bytes + kRecordAlignment - 1) / kRecordAlignment *
               kRecordAlignment;
    }
};

// Appends the record to `out` and returns its crc.
uint32_t EncodeRecord(const PhysicalRecord& record, uint64_t synced_end, uint32_t chain,
                      uint32_t salt, std::string* out);
// Empty unless the bytes at `bytes` are a header written for `offset` of the file with this salt.
// Says nothing about the payload.
std::optional<RecordHeader> DecodeRecordHeader(std::string_view bytes, uint64_t offset,
                                               uint32_t salt);
bool PayloadMatches(const RecordHeader& header, std::string_view payload, uint32_t salt);

}  // namespace elanus::wal
