// RowDecoder: Insert and Upsert requests, straight from the bytes of the wire into columns.
//
// Why: generated messages would hold every float and string once more before a column sees it. Here
// the bytes go from gRPC's buffers into the memory that the column keeps; floats are copied once.
// Follows milvus.proto.milvus.InsertRequest / UpsertRequest and milvus.proto.schema.FieldData
// (field numbers in proto/). Unknown fields are skipped, repeated scalars are read packed or not.
// Bytes are not trusted: lengths are bounded by what is left, nesting by the depth of the schema.
// Threads: free functions.
#pragma once

#include "base/status.h"
#include "proxy/api.h"

#include <string>

#include <grpcpp/support/byte_buffer.h>

namespace elanus::wire {

base::Result<proxy::InsertRequest> DecodeInsert(const grpc::ByteBuffer& bytes);
base::Result<proxy::InsertRequest> DecodeUpsert(const grpc::ByteBuffer& bytes);

}  // namespace elanus::wire
