// Records of a physical channel's log: what the streaming node writes before it acknowledges.
//
// A record describes itself: version, kind, timestamp, then a body by kind. A write carries every
// part of its request, so a request is atomic: its record is there or it is not. Column bytes stand
// beside the description, aligned, so that replay uses them in place and an append copies them
// once. Bytes are not trusted: lengths, counts and column invariants are checked on decode. Format:
// docs/formats/log-records.md Threads: values.
#pragma once

#include "base/ids.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "roles/streaming_node.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::streaming {

// Numbers are on disk.
enum class RecordKind : uint8_t {
    kWrite = 1,
    kCreateChannels = 2,
    kDropChannels = 3,
    kDropPartition = 4,
    kAlterSchema = 5,
    kRequestIds = 6,
    kTruncate = 7,
};

// An answered request, kept so that a repeat of it gets the first answer.
struct AnsweredRequest {
    std::string request_id;
    base::Timestamp timestamp = 0;
    template <typename A>
    void Visit(A& a) {
        a(request_id, timestamp);
    }
};

struct LogRecord {
    RecordKind kind = RecordKind::kWrite;
    base::Timestamp timestamp = 0;
    roles::AppendRequest write;             // kWrite
    roles::ChannelEvent event;              // the DDL kinds
    std::vector<AnsweredRequest> answered;  // kRequestIds
};

// The timestamp is given when the record's place in the log is known: SetRecordTimestamp.
std::string EncodeWrite(const roles::AppendRequest& request);
std::string EncodeEvent(RecordKind kind, const roles::ChannelEvent& event);
std::string EncodeRequestIds(const std::vector<AnsweredRequest>& answered);
void SetRecordTimestamp(base::Timestamp timestamp, std::string* record);

// The columns of the result own their bytes together: the payload may go. Without columns, a write
// has its request id and no parts.
base::Result<LogRecord> DecodeRecord(std::string_view payload, bool with_columns = true);

}  // namespace elanus::streaming
