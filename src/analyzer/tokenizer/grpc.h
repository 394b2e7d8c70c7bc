// grpc: a tokenizer in another process, Milvus' service milvus.proto.tokenizer.Tokenizer.
//   "endpoint"    http://host:port or https://host:port
//   "parameters"  [{"key": .., "values": [..]}], handed on
// A text for which no answer comes has no tokens, and the log says so.
#pragma once

#include "analyzer/pipeline.h"
#include "base/status.h"
#include "json/json.h"

#include <memory>

namespace elanus::analyzer {

base::Result<std::unique_ptr<const Tokenizer>> BuildGrpc(const json::Value& params);

}  // namespace elanus::analyzer
