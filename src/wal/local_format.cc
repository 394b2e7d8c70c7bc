#include "wal/local_format.h"

#include "base/crc32c.h"
#include "wal/limits.h"

#include <bit>
#include <cstring>

namespace elanus::wal {

using base::Corruption;
using base::Result;

static_assert(std::endian::native == std::endian::little, "files are little-endian");

namespace {

constexpr char kMagic[9] = "ELANWAL1";
constexpr uint32_t kVersion = 1;

// Offsets in the header block.
constexpr size_t kVersionAt = 8;
constexpr size_t kSaltAt = 12;
constexpr size_t kSequenceAt = 16;
constexpr size_t kFirstPositionAt = 24;
constexpr size_t kEpochAt = 32;
constexpr size_t kPreviousEndAt = 40;
constexpr size_t kPreviousChainAt = 48;
constexpr size_t kNameBytesAt = 52;
constexpr size_t kNameAt = 56;
constexpr size_t kBlockCrcAt = kSegmentHeaderBytes - 4;

// Offsets in a record.
constexpr size_t kPayloadCrcAt = 4;
constexpr size_t kPayloadBytesAt = 8;
constexpr size_t kTypeAt = 12;
constexpr size_t kRecordEpochAt = 16;
constexpr size_t kPositionAt = 24;
constexpr size_t kSyncedEndAt = 32;
constexpr size_t kChainAt = 40;
constexpr size_t kReservedAt = 44;

template <typename T>
void Put(char* block, size_t at, T value) {
    std::memcpy(block + at, &value, sizeof value);
}

template <typename T>
T Get(std::string_view bytes, size_t at) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

uint32_t HeaderCrc(std::string_view header, uint32_t salt) {
    return base::Crc32c(salt, header.data() + kPayloadCrcAt, kRecordHeaderBytes - kPayloadCrcAt);
}

bool IsRecordType(uint32_t type) {
    return type >= static_cast<uint32_t>(RecordType::kData) &&
           type <= static_cast<uint32_t>(RecordType::kCommit);
}

}  // namespace

std::string EncodeSegmentHeader(const SegmentHeader& header) {
    std::string block(kSegmentHeaderBytes, '\0');
    char* bytes = block.data();
    std::memcpy(bytes, kMagic, 8);
    Put(bytes, kVersionAt, kVersion);
    Put(bytes, kSaltAt, header.salt);
    Put(bytes, kSequenceAt, header.sequence);
    Put(bytes, kFirstPositionAt, header.first_position);
    Put(bytes, kEpochAt, header.epoch);
    Put(bytes, kPreviousEndAt, header.previous_end);
    Put(bytes, kPreviousChainAt, header.previous_chain);
    Put(bytes, kNameBytesAt, static_cast<uint32_t>(header.channel.size()));
    std::memcpy(bytes + kNameAt, header.channel.data(), header.channel.size());
    Put(bytes, kBlockCrcAt, base::Crc32c({bytes, kBlockCrcAt}));
    return block;
}

Result<SegmentHeader> DecodeSegmentHeader(std::string_view block) {
    if (block.size() < kSegmentHeaderBytes || std::memcmp(block.data(), kMagic, 8) != 0) {
        return Corruption("not a log segment");
    }
    if (Get<uint32_t>(block, kBlockCrcAt) != base::Crc32c(block.substr(0, kBlockCrcAt))) {
        return Corruption("damaged segment header");
    }
    if (Get<uint32_t>(block, kVersionAt) != kVersion) {
        return Corruption("log segment of version " +
                          std::to_string(Get<uint32_t>(block, kVersionAt)) +
                          ", this program reads version " + std::to_string(kVersion));
    }
    const auto name_bytes = Get<uint32_t>(block, kNameBytesAt);
    if (name_bytes > kChannelNameBytesLimit) {
        return Corruption("damaged segment header");
    }
    SegmentHeader header;
    header.channel = block.substr(kNameAt, name_bytes);
    header.salt = Get<uint32_t>(block, kSaltAt);
    header.sequence = Get<uint64_t>(block, kSequenceAt);
    header.first_position = Get<uint64_t>(block, kFirstPositionAt);
    header.epoch = Get<uint64_t>(block, kEpochAt);
    header.previous_end = Get<uint64_t>(block, kPreviousEndAt);
    header.previous_chain = Get<uint32_t>(block, kPreviousChainAt);
    return header;
}

uint32_t EncodeRecord(const PhysicalRecord& record, uint64_t synced_end, uint32_t chain,
                      uint32_t salt, std::string* out) {
    char header[kRecordHeaderBytes] = {};
    Put(header, kPayloadCrcAt, base::Crc32c(salt, record.payload.data(), record.payload.size()));
    Put(header, kPayloadBytesAt, static_cast<uint32_t>(record.payload.size()));
    Put(header, kTypeAt, static_cast<uint32_t>(record.type));
    Put(header, kRecordEpochAt, record.epoch);
    Put(header, kPositionAt, record.position);
    Put(header, kSyncedEndAt, synced_end);
    Put(header, kChainAt, chain);
    const uint32_t crc = HeaderCrc({header, sizeof header}, salt);
    Put(header, 0, crc);
    const size_t end = out->size() + RecordHeader::RecordBytes(record.payload.size());
    out->append(header, sizeof header);
    out->append(record.payload);
    out->resize(end, '\0');
    return crc;
}

std::optional<RecordHeader> DecodeRecordHeader(std::string_view bytes, uint64_t offset,
                                               uint32_t salt) {
    if (bytes.size() < kRecordHeaderBytes) {
        return std::nullopt;
    }
    const auto type = Get<uint32_t>(bytes, kTypeAt);
    if (!IsRecordType(type) || Get<uint32_t>(bytes, kReservedAt) != 0) {
        return std::nullopt;  // most bytes that are no record, zeros among them, end here
    }
    RecordHeader header;
    header.crc = Get<uint32_t>(bytes, 0);
    header.payload_crc = Get<uint32_t>(bytes, kPayloadCrcAt);
    header.payload_bytes = Get<uint32_t>(bytes, kPayloadBytesAt);
    header.type = static_cast<RecordType>(type);
    header.epoch = Get<uint64_t>(bytes, kRecordEpochAt);
    header.position = Get<uint64_t>(bytes, kPositionAt);
    header.synced_end = Get<uint64_t>(bytes, kSyncedEndAt);
    header.chain = Get<uint32_t>(bytes, kChainAt);
    if (header.payload_bytes > kRecordPayloadBytesLimit || header.synced_end > offset ||
        header.synced_end < kSegmentHeaderBytes || header.crc != HeaderCrc(bytes, salt)) {
        return std::nullopt;
    }
    return header;
}

bool PayloadMatches(const RecordHeader& header, std::string_view payload, uint32_t salt) {
    return base::Crc32c(salt, payload.data(), payload.size()) == header.payload_crc;
}

}  // namespace elanus::wal
