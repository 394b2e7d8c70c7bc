// Payloads of a channel's log: the writes and events that replay takes in.
#include "rows.h"
#include "streaming/log_record.h"
#include "target.h"

using namespace elanus;

ELANUS_FUZZ_SEEDS {
    roles::AppendRequest write;
    write.pchannel = "dml_0";
    write.request_id = "r1";
    write.parts.push_back({"dml_0_1v0", 1, 5, fuzz::EveryTypeRows(), {}});
    schema::PrimaryKeys keys;
    keys.ints = {1, 2};
    write.parts.push_back({"dml_0_1v1", 1, roles::kAllPartitions, {}, keys});
    roles::ChannelEvent event;
    event.collection = fuzz::EveryType();
    event.collection.vchannels = {"dml_0_1v0"};
    return {streaming::EncodeWrite(write),
            streaming::EncodeEvent(streaming::RecordKind::kCreateChannels, event),
            streaming::EncodeEvent(streaming::RecordKind::kTruncate, event),
            streaming::EncodeRequestIds({{"a", 1}, {"b", 2}})};
}

ELANUS_FUZZ_TARGET(log_record) {
    const auto record = streaming::DecodeRecord(bytes);
    const auto brief = streaming::DecodeRecord(bytes, /*with_columns=*/false);
    FUZZ_EXPECT(!record.ok() || brief.ok());
    if (!record.ok()) {
        return;
    }
    for (const roles::WritePart& part : record->write.parts) {
        FUZZ_EXPECT(part.rows.Verify().ok());
        // Every value is read once, as an append does.
        std::vector<uint32_t> rows;
        for (uint32_t row = 0; row < part.rows.rows && row < 64; ++row) {
            rows.push_back(row);
        }
        FUZZ_EXPECT(schema::Gather(part.rows, rows).rows == rows.size());
    }
}
