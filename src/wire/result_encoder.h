// ResultEncoder: answers of the proxy as bytes of Milvus' messages (proto/data.proto,
// schema.proto). Threads: free functions.
#pragma once

#include "base/status.h"
#include "proxy/api.h"

#include <string>

#include <grpcpp/support/byte_buffer.h>

namespace elanus::wire {

grpc::ByteBuffer EncodeMutation(const base::Result<proxy::MutationResult>& result);
grpc::ByteBuffer EncodeSearch(const base::Result<proxy::SearchResults>& result);
grpc::ByteBuffer EncodeQuery(const base::Result<proxy::QueryResults>& result);

// One column as milvus.proto.schema.FieldData.
std::string EncodeField(const proxy::OutputColumn& column);

}  // namespace elanus::wire
