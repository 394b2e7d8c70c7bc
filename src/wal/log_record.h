// The layer that all stores share: how one logical record becomes physical ones and comes back.
//
// A payload up to kRecordPayloadBytesLimit is one kData record. A larger one is kBegin (its length,
// checksum and part count), kPart ..., kCommit, all with the same position and epoch, one after
// another. A kEpoch record carries the position of the next logical record and does not use it up.
// Threads: values.
#pragma once

#include "base/ids.h"
#include "base/status.h"
#include "wal/log.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace elanus::wal {

// The numbers are on disk.
enum class RecordType : uint8_t { kData = 1, kEpoch = 2, kBegin = 3, kPart = 4, kCommit = 5 };

struct PhysicalRecord {
    RecordType type = RecordType::kData;
    base::Epoch epoch = 0;
    base::LogPosition position = 0;
    std::string_view payload;
};

using RecordSink = std::function<base::Status(const PhysicalRecord&)>;

// Hands the physical records of one logical record to `sink`, in order.
base::Status SplitPayload(base::Epoch epoch, base::LogPosition position, std::string_view payload,
                          const RecordSink& sink);
// How many there will be.
size_t PhysicalRecordCount(size_t payload_bytes);

// Turns physical records back into logical ones, dropping those of fenced writers and batches
// without their commit.
class RecordAssembler {
  public:
    // `epoch` and `next_position`: what holds before the first record given to Accept.
    RecordAssembler(base::Epoch epoch, base::LogPosition next_position)
        : epoch_(epoch), next_position_(next_position) {}

    // Calls `visitor` when `record` completes a logical one. kDataCorruption when the record cannot
    // stand here.
    base::Status Accept(const PhysicalRecord& record, const RecordVisitor& visitor);

    base::Epoch epoch() const { return epoch_; }
    base::LogPosition next_position() const { return next_position_; }
    bool in_batch() const { return in_batch_; }

  private:
    base::Status Begin(const PhysicalRecord& record);
    base::Status AddPart(const PhysicalRecord& record);
    base::Status Commit(const RecordVisitor& visitor);
    void DropBatch();

    base::Epoch epoch_;
    base::LogPosition next_position_;
    bool in_batch_ = false;
    uint64_t batch_bytes_ = 0;
    uint32_t batch_crc_ = 0;
    uint32_t parts_left_ = 0;
    std::string batch_;
};

}  // namespace elanus::wal
