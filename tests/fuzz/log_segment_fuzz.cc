// Segment files of the local log, twice: the bytes as a whole file, and the bytes as a list of
// records that are written with right checksums, so that the assembling of batches is reached.
// A record of the list: type, epoch, position (a byte each), length u16, payload.
#include "base/crc32c.h"
#include "target.h"
#include "wal/local_segment.h"

#include <algorithm>
#include <cstring>

using namespace elanus;

namespace {

class MemoryFile : public sys::File {
  public:
    explicit MemoryFile(std::string bytes) : bytes_(std::move(bytes)) {}

    base::Result<std::string> ReadAt(uint64_t offset, size_t size) override {
        return offset > bytes_.size() ? std::string() : bytes_.substr(offset, size);
    }
    base::Result<uint64_t> Size() override { return bytes_.size(); }
    base::Result<base::Buffer> Map() override { return base::Buffer::FromString(bytes_); }
    base::Status WriteAt(uint64_t, std::string_view) override { return ReadOnly(); }
    base::Status Truncate(uint64_t) override { return ReadOnly(); }
    base::Status Preallocate(uint64_t) override { return ReadOnly(); }
    base::Status DataSync() override { return ReadOnly(); }

  private:
    static base::Status ReadOnly() { return base::Status::Error(base::Code::kIoFailed); }

    std::string bytes_;
};

void ReadAll(const std::string& bytes, const wal::SegmentHeader& header) {
    MemoryFile file(bytes);
    const auto tail = wal::FindTail(file, header, "fuzz.wal");
    FUZZ_EXPECT(!tail.ok() ||
                tail->end <= std::max<uint64_t>(bytes.size(), wal::kSegmentHeaderBytes));
    wal::RecordScanner scanner(file, wal::kSegmentHeaderBytes, bytes.size(), header);
    wal::RecordAssembler assembler(header.epoch, header.first_position);
    base::LogPosition last = 0;
    while (true) {
        const auto found = scanner.Next();
        if (!found.ok() || !*found) {
            break;
        }
        const auto accepted = assembler.Accept(
            scanner.record(), [&last](base::LogPosition position, std::string_view payload) {
                FUZZ_EXPECT(position > last);
                last = position;
                return std::string(payload).size() == payload.size()
                           ? base::Status()
                           : base::Status::Error(base::Code::kIoFailed);
            });
        if (!accepted.ok()) {
            break;
        }
    }
}

std::string FileOf(std::string_view records, const wal::SegmentHeader& header) {
    constexpr size_t kHeadBytes = 5;
    std::string file = wal::EncodeSegmentHeader(header);
    file.resize(wal::kSegmentHeaderBytes);
    uint32_t chain = header.chain();
    while (records.size() >= kHeadBytes) {
        wal::PhysicalRecord record;
        record.type = static_cast<wal::RecordType>(static_cast<uint8_t>(records[0]));
        record.epoch = static_cast<uint8_t>(records[1]);
        record.position = static_cast<uint8_t>(records[2]);
        uint16_t length = 0;
        std::memcpy(&length, records.data() + 3, sizeof length);
        records.remove_prefix(kHeadBytes);
        record.payload = records.substr(0, length);
        records.remove_prefix(record.payload.size());
        chain = wal::EncodeRecord(record, wal::kSegmentHeaderBytes, chain, header.salt, &file);
    }
    return file;
}

void AppendToList(const wal::PhysicalRecord& record, std::string* list) {
    list->push_back(static_cast<char>(record.type));
    list->push_back(static_cast<char>(record.epoch));
    list->push_back(static_cast<char>(record.position));
    const auto length = static_cast<uint16_t>(record.payload.size());
    list->append(reinterpret_cast<const char*>(&length), sizeof length);
    list->append(record.payload);
}

wal::SegmentHeader Header() {
    wal::SegmentHeader header;
    header.channel = std::string("c");
    header.sequence = 1;
    header.salt = 12345;
    return header;
}

}  // namespace

ELANUS_FUZZ_SEEDS {
    std::string list;
    AppendToList({wal::RecordType::kEpoch, 1, 1, ""}, &list);
    AppendToList({wal::RecordType::kData, 1, 1, "first"}, &list);
    AppendToList({wal::RecordType::kData, 1, 2, ""}, &list);
    std::string batch = list;
    // A batch as SplitPayload writes it, made small: length u64, checksum u32, parts u32.
    std::string head("\4\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0", 16);
    const uint32_t crc = base::Crc32c("part");
    std::memcpy(head.data() + 8, &crc, sizeof crc);
    AppendToList({wal::RecordType::kBegin, 1, 3, head}, &batch);
    AppendToList({wal::RecordType::kPart, 1, 3, "part"}, &batch);
    AppendToList({wal::RecordType::kCommit, 1, 3, ""}, &batch);
    AppendToList({wal::RecordType::kEpoch, 2, 4, ""}, &batch);
    AppendToList({wal::RecordType::kData, 1, 4, "fenced"}, &batch);
    return {list, batch, FileOf(batch, Header()).substr(0, 64)};
}

ELANUS_FUZZ_TARGET(log_segment) {
    const auto header = wal::DecodeSegmentHeader(bytes);
    if (header.ok()) {
        ReadAll(std::string(bytes), *header);
    }
    std::string whole = wal::EncodeSegmentHeader(Header());
    whole.resize(wal::kSegmentHeaderBytes);
    ReadAll(whole.append(bytes), Header());
    ReadAll(FileOf(bytes, Header()), Header());
}
