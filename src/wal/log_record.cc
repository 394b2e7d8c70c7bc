#include "wal/log_record.h"

#include "base/crc32c.h"
#include "wal/limits.h"

#include <algorithm>
#include <cstring>

namespace elanus::wal {

using base::Corruption;
using base::Status;

namespace {

// The payload of a kBegin record.
struct BatchHead {
    uint64_t bytes = 0;
    uint32_t crc = 0;
    uint32_t parts = 0;
};
static_assert(sizeof(BatchHead) == 16);

bool IsNameByte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

uint32_t PartCount(size_t payload_bytes) {
    return static_cast<uint32_t>((payload_bytes + kRecordPayloadBytesLimit - 1) /
                                 kRecordPayloadBytesLimit);
}

}  // namespace

Status CheckChannelName(std::string_view name) {
    if (name.empty() || name.size() > kChannelNameBytesLimit || name.front() == '.' ||
        !std::all_of(name.begin(), name.end(), IsNameByte)) {
        return base::InvalidParameter("bad channel name '" + std::string(name) + "'");
    }
    return Status();
}

size_t PhysicalRecordCount(size_t payload_bytes) {
    return payload_bytes <= kRecordPayloadBytesLimit ? 1 : PartCount(payload_bytes) + 2;
}

Status SplitPayload(base::Epoch epoch, base::LogPosition position, std::string_view payload,
                    const RecordSink& sink) {
    if (payload.size() <= kRecordPayloadBytesLimit) {
        return sink({RecordType::kData, epoch, position, payload});
    }
    const BatchHead head{payload.size(), base::Crc32c(payload), PartCount(payload.size())};
    char bytes[sizeof head];
    std::memcpy(bytes, &head, sizeof head);
    RETURN_IF_ERROR(sink({RecordType::kBegin, epoch, position, {bytes, sizeof bytes}}));
    for (size_t at = 0; at < payload.size(); at += kRecordPayloadBytesLimit) {
        const std::string_view part = payload.substr(at, kRecordPayloadBytesLimit);
        RETURN_IF_ERROR(sink({RecordType::kPart, epoch, position, part}));
    }
    return sink({RecordType::kCommit, epoch, position, {}});
}

Status RecordAssembler::Accept(const PhysicalRecord& record, const RecordVisitor& visitor) {
    if (record.type == RecordType::kEpoch) {
        if (record.epoch > epoch_) {  // an equal or older one lost the race for the channel
            epoch_ = record.epoch;
            DropBatch();
        }
        return Status();
    }
    if (record.epoch < epoch_) {
        return Status();  // written by an owner that was fenced before
    }
    if (record.epoch > epoch_) {
        return Corruption("a record of an epoch that was never acquired");
    }
    if (record.position != next_position_) {
        return Corruption("position " + std::to_string(record.position) + " where " +
                          std::to_string(next_position_) + " belongs");
    }
    switch (record.type) {
        case RecordType::kData: {
            DropBatch();
            return visitor(next_position_++, record.payload);
        }
        case RecordType::kBegin:
            return Begin(record);
        case RecordType::kPart:
            return AddPart(record);
        case RecordType::kCommit:
            return Commit(visitor);
        case RecordType::kEpoch:
            break;
    }
    return Corruption("unknown record type");
}

Status RecordAssembler::Begin(const PhysicalRecord& record) {
    BatchHead head;
    if (record.payload.size() != sizeof head) {
        return Corruption("bad begin record");
    }
    std::memcpy(&head, record.payload.data(), sizeof head);
    if (head.bytes > kPayloadBytesLimit || head.parts != PartCount(head.bytes)) {
        return Corruption("bad begin record");
    }
    DropBatch();
    in_batch_ = true;
    batch_bytes_ = head.bytes;
    batch_crc_ = head.crc;
    parts_left_ = head.parts;
    return Status();
}

Status RecordAssembler::AddPart(const PhysicalRecord& record) {
    if (!in_batch_ || parts_left_ == 0 || batch_.size() + record.payload.size() > batch_bytes_) {
        return Corruption("a part outside a batch");
    }
    --parts_left_;
    batch_.append(record.payload);
    return Status();
}

Status RecordAssembler::Commit(const RecordVisitor& visitor) {
    if (!in_batch_ || parts_left_ != 0 || batch_.size() != batch_bytes_ ||
        base::Crc32c(batch_) != batch_crc_) {
        return Corruption("a commit without its whole batch");
    }
    const std::string payload = std::move(batch_);
    DropBatch();
    return visitor(next_position_++, payload);
}

void RecordAssembler::DropBatch() {
    in_batch_ = false;
    batch_ = std::string();
}

}  // namespace elanus::wal
