#include "streaming/log_record.h"

#include "base/archive.h"

#include <cstring>

namespace elanus::streaming {
namespace {

constexpr uint8_t kRecordVersion = 1;
// version, kind, 6 bytes reserved, timestamp
constexpr size_t kHeaderBytes = 16;
constexpr size_t kTimestampOffset = 8;
constexpr size_t kBlobAlignment = 8;

std::string NewRecord(RecordKind kind) {
    std::string record(kHeaderBytes, '\0');
    record[0] = static_cast<char>(kRecordVersion);
    record[1] = static_cast<char>(kind);
    return record;
}

// A column without its bytes; those follow in the record, in the order of this tree.
struct ColumnShape {
    base::FieldId field_id = 0;
    schema::DataType type = schema::DataType::kNone;
    schema::DataType element_type = schema::DataType::kNone;
    uint32_t dim = 0;
    uint64_t rows = 0;
    base::Bitmap validity;
    uint64_t values_bytes = 0;
    uint64_t offsets_bytes = 0;
    std::vector<ColumnShape> children;

    template <typename A>
    void Visit(A& a) {
        a(field_id, type, element_type, dim, rows, validity, values_bytes, offsets_bytes, children);
    }
};
struct PartShape {
    std::string vchannel;
    base::CollectionId collection_id = 0;
    base::PartitionId partition_id = 0;
    uint64_t rows = 0;
    std::vector<ColumnShape> columns;
    schema::PrimaryKeys deletes;
    roles::DeleteScope delete_scope;

    template <typename A>
    void Visit(A& a) {
        a(vchannel, collection_id, partition_id, rows, columns, deletes, delete_scope);
    }
};
struct WriteShape {
    std::string pchannel;
    std::string request_id;
    base::SchemaVersion schema_version = 0;
    std::vector<PartShape> parts;

    template <typename A>
    void Visit(A& a) {
        a(pchannel, request_id, schema_version, parts);
    }
};
struct AnsweredList {
    std::vector<AnsweredRequest> answered;

    template <typename A>
    void Visit(A& a) {
        a(answered);
    }
};

size_t PaddedSize(size_t size) {
    return (size + kBlobAlignment - 1) / kBlobAlignment * kBlobAlignment;
}

ColumnShape ShapeOf(const schema::Column& column, std::vector<const base::Buffer*>* blobs) {
    ColumnShape shape{column.field_id,      column.type,           column.element_type,
                      column.dim,           column.rows,           column.validity,
                      column.values.size(), column.offsets.size(), {}};
    blobs->push_back(&column.values);
    blobs->push_back(&column.offsets);
    for (const schema::Column& child : column.children) {
        shape.children.push_back(ShapeOf(child, blobs));
    }
    return shape;
}

void AppendPadded(const void* data, size_t size, std::string* out) {
    out->append(static_cast<const char*>(data), size);
    out->append(PaddedSize(size) - size, '\0');
}

// Hands out the column bytes of a record one after the other.
class BlobReader {
  public:
    explicit BlobReader(base::Buffer bytes) : bytes_(std::move(bytes)) {}

    base::Result<base::Buffer> Take(uint64_t size) {
        const size_t left = bytes_.size() - offset_;
        if (size > left || PaddedSize(size) > left) {
            return base::Corruption("log record: column bytes are missing");
        }
        base::Buffer blob = bytes_.Slice(offset_, size);
        offset_ += PaddedSize(size);
        return blob;
    }

  private:
    base::Buffer bytes_;
    size_t offset_ = 0;
};

base::Result<schema::Column> ColumnOf(ColumnShape shape, BlobReader& blobs) {
    schema::Column column;
    column.field_id = shape.field_id;
    column.type = shape.type;
    column.element_type = shape.element_type;
    column.dim = shape.dim;
    column.rows = shape.rows;
    column.validity = std::move(shape.validity);
    ASSIGN_OR_RETURN(column.values, blobs.Take(shape.values_bytes));
    ASSIGN_OR_RETURN(column.offsets, blobs.Take(shape.offsets_bytes));
    for (ColumnShape& child : shape.children) {
        ASSIGN_OR_RETURN(schema::Column child_column, ColumnOf(std::move(child), blobs));
        column.children.push_back(std::move(child_column));
    }
    return column;
}

base::Result<roles::WritePart> PartOf(PartShape shape, BlobReader& blobs) {
    roles::WritePart part;
    part.vchannel = std::move(shape.vchannel);
    part.collection_id = shape.collection_id;
    part.partition_id = shape.partition_id;
    part.deletes = std::move(shape.deletes);
    part.delete_scope = std::move(shape.delete_scope);
    part.rows.rows = shape.rows;
    for (ColumnShape& column_shape : shape.columns) {
        ASSIGN_OR_RETURN(schema::Column column, ColumnOf(std::move(column_shape), blobs));
        part.rows.columns.push_back(std::move(column));
    }
    RETURN_IF_ERROR(part.rows.Verify());
    return part;
}

base::Result<roles::AppendRequest> DecodeWrite(std::string_view body, bool with_columns) {
    uint64_t shape_bytes = 0;
    if (body.size() < sizeof shape_bytes) {
        return base::Corruption("log record: cut write");
    }
    std::memcpy(&shape_bytes, body.data(), sizeof shape_bytes);
    body.remove_prefix(sizeof shape_bytes);
    if (shape_bytes > body.size() || PaddedSize(shape_bytes) > body.size()) {
        return base::Corruption("log record: cut write");
    }
    ASSIGN_OR_RETURN(WriteShape shape, base::Decode<WriteShape>(body.substr(0, shape_bytes)));
    roles::AppendRequest request;
    request.pchannel = std::move(shape.pchannel);
    request.request_id = std::move(shape.request_id);
    request.schema_version = shape.schema_version;
    if (!with_columns) {
        return request;
    }
    BlobReader blobs(base::Buffer::FromString(std::string(body.substr(PaddedSize(shape_bytes)))));
    for (PartShape& part_shape : shape.parts) {
        ASSIGN_OR_RETURN(roles::WritePart part, PartOf(std::move(part_shape), blobs));
        request.parts.push_back(std::move(part));
    }
    return request;
}

// Kind and timestamp.
base::Result<LogRecord> DecodeHeader(std::string_view payload) {
    if (payload.size() < kHeaderBytes) {
        return base::Corruption("log record: shorter than its header");
    }
    if (static_cast<uint8_t>(payload[0]) != kRecordVersion) {
        return base::Corruption("log record: version " +
                                std::to_string(static_cast<uint8_t>(payload[0])) +
                                " is newer than this program");
    }
    LogRecord record;
    record.kind = static_cast<RecordKind>(payload[1]);
    std::memcpy(&record.timestamp, payload.data() + kTimestampOffset, sizeof record.timestamp);
    return record;
}

}  // namespace

std::string EncodeWrite(const roles::AppendRequest& request) {
    WriteShape shape{request.pchannel, request.request_id, request.schema_version, {}};
    std::vector<const base::Buffer*> blobs;
    for (const roles::WritePart& part : request.parts) {
        PartShape part_shape{
            part.vchannel, part.collection_id, part.partition_id, part.rows.rows, {},
            part.deletes,  part.delete_scope};
        for (const schema::Column& column : part.rows.columns) {
            part_shape.columns.push_back(ShapeOf(column, &blobs));
        }
        shape.parts.push_back(std::move(part_shape));
    }
    const std::string shape_bytes = base::Encode(shape);
    const uint64_t shape_size = shape_bytes.size();
    size_t total = kHeaderBytes + sizeof shape_size + PaddedSize(shape_bytes.size());
    for (const base::Buffer* blob : blobs) {
        total += PaddedSize(blob->size());
    }
    std::string record = NewRecord(RecordKind::kWrite);
    record.reserve(total);
    record.append(reinterpret_cast<const char*>(&shape_size), sizeof shape_size);
    AppendPadded(shape_bytes.data(), shape_bytes.size(), &record);
    for (const base::Buffer* blob : blobs) {
        AppendPadded(blob->data(), blob->size(), &record);
    }
    return record;
}

std::string EncodeEvent(RecordKind kind, const roles::ChannelEvent& event) {
    return NewRecord(kind) + base::Encode(event);
}

std::string EncodeRequestIds(const std::vector<AnsweredRequest>& answered) {
    return NewRecord(RecordKind::kRequestIds) + base::Encode(AnsweredList{answered});
}

void SetRecordTimestamp(base::Timestamp timestamp, std::string* record) {
    CHECK(record->size() >= kHeaderBytes, "a record has a header");
    std::memcpy(record->data() + kTimestampOffset, &timestamp, sizeof timestamp);
}

base::Result<LogRecord> DecodeRecord(std::string_view payload, bool with_columns) {
    ASSIGN_OR_RETURN(LogRecord record, DecodeHeader(payload));
    const std::string_view body = payload.substr(kHeaderBytes);
    switch (record.kind) {
        case RecordKind::kWrite: {
            ASSIGN_OR_RETURN(record.write, DecodeWrite(body, with_columns));
            return record;
        }
        case RecordKind::kCreateChannels:
        case RecordKind::kDropChannels:
        case RecordKind::kDropPartition:
        case RecordKind::kAlterSchema:
        case RecordKind::kTruncate: {
            ASSIGN_OR_RETURN(record.event, base::Decode<roles::ChannelEvent>(body));
            record.write.request_id = record.event.request_id;
            return record;
        }
        case RecordKind::kRequestIds: {
            ASSIGN_OR_RETURN(AnsweredList list, base::Decode<AnsweredList>(body));
            record.answered = std::move(list.answered);
            return record;
        }
    }
    return base::Corruption("log record: unknown kind " +
                            std::to_string(static_cast<uint8_t>(payload[1])));
}

}  // namespace elanus::streaming
