// Values of the catalog (docs/formats/catalog.md) and what nodes tell each other: archives of
// records. The first byte says of which. What is read must be written and read again unchanged.
#include "base/archive.h"
#include "roles/records.h"
#include "rows.h"
#include "target.h"

using namespace elanus;

namespace {

template <typename Record>
void Read(std::string_view bytes) {
    const auto record = base::Decode<Record>(bytes);
    if (!record.ok()) {
        return;
    }
    const std::string written = base::Encode(*record);
    const auto again = base::Decode<Record>(written);
    FUZZ_EXPECT(again.ok());
    FUZZ_EXPECT(base::Encode(*again) == written);
}

}  // namespace

ELANUS_FUZZ_SEEDS {
    roles::SegmentInfo segment;
    segment.data_key = "segments/1";
    roles::IndexInfo index;
    index.params = {{"index_type", "HNSW"}, {"M", "16"}};
    const auto form = [](char kind, const std::string& bytes) { return kind + bytes; };
    return {form(0, base::Encode(fuzz::EveryType())),
            form(1, base::Encode(segment)),
            form(2, base::Encode(index)),
            form(3, base::Encode(roles::SegmentIndexInfo())),
            form(4, base::Encode(roles::DeleteFileInfo())),
            form(5, base::Encode(roles::ChannelCheckpoint())),
            form(6, base::Encode(roles::DatabaseInfo()))};
}

ELANUS_FUZZ_TARGET(catalog_values) {
    constexpr void (*kReaders[])(std::string_view) = {
        Read<roles::CollectionInfo>,   Read<roles::SegmentInfo>,    Read<roles::IndexInfo>,
        Read<roles::SegmentIndexInfo>, Read<roles::DeleteFileInfo>, Read<roles::ChannelCheckpoint>,
        Read<roles::DatabaseInfo>,
    };
    if (!bytes.empty()) {
        kReaders[static_cast<uint8_t>(bytes.front()) % std::size(kReaders)](bytes.substr(1));
    }
}
